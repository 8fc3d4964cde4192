/* choose.c - which token comes next: penalty, temperature, the k likeliest, the nucleus (Holtzman
 * et al. 2020), in Hugging Face's order. Ties go to the smaller token.
 *
 * A logit of -infinity masks its token. NaN cannot be ranked, and beside +infinity, or where all
 * are masked, there are no probabilities: then nothing is chosen, and nothing below sees such
 * numbers. */
#include "zoo/gpt/gpt.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct candidate {
    double value; /* logit, then probability */
    int32_t token;
} candidate;

struct gpt_chooser {
    int64_t vocab;
    candidate *list;
    unsigned char *seen;
};

gpt_chooser *gpt_chooser_new(int64_t vocab)
{
    gpt_chooser *c = calloc(1, sizeof *c);
    if (!c) return NULL;
    *c = (gpt_chooser){vocab, malloc((size_t)vocab * sizeof(candidate)), calloc((size_t)vocab, 1)};
    if (c->list && c->seen) return c;
    gpt_chooser_free(c);
    return NULL;
}

void gpt_chooser_free(gpt_chooser *c)
{
    if (!c) return;
    free(c->list);
    free(c->seen);
    free(c);
}

void gpt_chooser_see(gpt_chooser *c, int32_t token)
{
    if (token >= 0 && token < c->vocab) c->seen[token] = 1;
}

void gpt_chooser_forget(gpt_chooser *c)
{
    memset(c->seen, 0, (size_t)c->vocab);
}

static int likelier(const void *a, const void *b)
{
    const candidate *x = a, *y = b;
    if (x->value != y->value) return x->value > y->value ? -1 : 1;
    return x->token < y->token ? -1 : 1;
}

/* Lets list[at] sink in a heap whose root is the unlikeliest of n. */
static void sink(candidate *list, int64_t n, int64_t at)
{
    for (int64_t child; (child = 2 * at + 1) < n; at = child) {
        if (child + 1 < n && likelier(&list[child], &list[child + 1]) < 0) ++child;
        if (likelier(&list[at], &list[child]) > 0) return;
        candidate swap = list[at];
        list[at] = list[child], list[child] = swap;
    }
}

/* Moves the k likeliest of n to the front. */
static void keep(candidate *list, int64_t n, int64_t k)
{
    for (int64_t i = k / 2; i-- > 0;) sink(list, k, i);
    for (int64_t i = k; i < n; ++i) {
        if (likelier(&list[i], &list[0]) > 0) continue;
        list[0] = list[i];
        sink(list, k, 0);
    }
}

/* The nucleus: the likeliest, sorted, whose probabilities first reach `mass`. */
static int64_t nucleus(candidate *list, int64_t n, double mass)
{
    double least = (1 - mass) / (double)n, sum = 0;
    int64_t kept = 0; /* less than this share cannot be in it, unless nothing else is */
    for (int64_t i = 0; i < n; ++i)
        if (list[i].value >= least) list[kept++] = list[i];
    qsort(list, (size_t)kept, sizeof *list, likelier);
    for (int64_t i = 0; i < kept; ++i) {
        sum += list[i].value;
        if (sum >= mass) return i + 1;
    }
    return kept;
}

/* Fills the list; the likeliest of it, or -1: nothing can be chosen. */
static int64_t rank(gpt_chooser *c, const gpt_choice *how, const float *logits)
{
    candidate *list = c->list;
    int64_t best = 0;
    for (int64_t i = 0; i < c->vocab; ++i) {
        double value = (double)logits[i];
        if (isnan(value)) return -1;
        if (how->penalty != 1 && c->seen[i])
            value = value > 0 ? value / how->penalty : value * how->penalty;
        list[i] = (candidate){value, (int32_t)i};
        if (value > list[best].value) best = i;
    }
    return isfinite(list[best].value) ? best : -1;
}

int32_t gpt_choose(gpt_chooser *c, const gpt_choice *how, const float *logits, uint64_t sample,
                   uint64_t index)
{
    candidate *list = c->list;
    int64_t n = c->vocab, best = rank(c, how, logits);
    if (best < 0 || how->temperature <= 0) return (int32_t)best;
    double top = list[best].value, sum = 0, part = 0;
    if (how->top_k > 0 && how->top_k < n) {
        keep(list, n, how->top_k);
        n = how->top_k;
        qsort(list, (size_t)n, sizeof *list, likelier);
    }
    for (int64_t i = 0; i < n; ++i)
        sum += list[i].value = exp((list[i].value - top) / how->temperature);
    if (how->top_p < 1) {
        for (int64_t i = 0; i < n; ++i) list[i].value /= sum;
        n = nucleus(list, n, how->top_p);
        sum = 0;
        for (int64_t i = 0; i < n; ++i) sum += list[i].value;
    }
    double want = ad_random_unit(how->seed, sample, index) * sum;
    for (int64_t i = 0; i < n; ++i) {
        part += list[i].value;
        if (want < part) return list[i].token;
    }
    return list[n - 1].token;
}
