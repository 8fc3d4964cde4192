/* beam.c - the likeliest sentence is looked for with several hypotheses at a time: each step takes,
 * of all words behind all hypotheses, the likeliest; those that end are put aside, ranked by
 *
 *     log p / ((5 + words) / 6)^penalty                     (Wu et al. 2016, equation 14)
 *
 * or, as transformers' `generate` does, by log p / words^penalty. A sentence is done when as many
 * have ended as there are hypotheses and none that goes on is ranked above the last of them, at its
 * length so far (transformers' early_stopping: as many have ended; `never`: at the length that is
 * best for it). Where a translation has to stop, transformers ranks what it has; told to, it makes
 * the end its last word, at no cost. One hypothesis: the greedy choice, or one
 * that is drawn. Of equal ones the first hypothesis and the smallest word are taken. */
#include "zoo/gpt/gpt.h"
#include "zoo/translate/search.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct candidate {
    double log_p;
    int32_t from, word; /* the hypothesis of the sentence that it goes on */
} candidate;

/* What one sentence has. */
typedef struct searched {
    double *log_p;               /* [beam]; -infinity: no hypothesis */
    int32_t *words, *other;      /* [beam, steps] */
    translate_hypothesis *ended; /* [beam], the best first */
    int64_t ended_count;
    bool done;
} searched;

typedef struct search {
    const translate_how *how;
    const int64_t *numbers;
    int64_t count, beam, vocab, steps;
    int32_t end;
    searched *of;
    candidate *candidates; /* [2 beam] */
    int32_t *last, *parents;
    gpt_chooser *chooser;
    float *masked; /* [vocab], where words are drawn and one is never written */
} search;

static double ranked(const translate_how *how, double log_p, int64_t words)
{
    double length = how->ranking == TRANSLATE_POWER ? (double)words : (5 + (double)words) / 6;
    return log_p / pow(length, how->length_penalty);
}

/* ---- hypotheses that ended ---- */

/* Keeps the `beam` best; false: no memory. */
static bool put_aside(const search *s, searched *of, const int32_t *words, int64_t count,
                      int64_t length, double log_p, bool cut)
{
    double score = ranked(s->how, log_p, length);
    int64_t at = of->ended_count;
    while (at > 0 && of->ended[at - 1].score < score) --at;
    if (at == s->beam) return true;
    int32_t *copy = malloc((size_t)(count + 1) * sizeof *copy);
    if (!copy) return false;
    memcpy(copy, words, (size_t)count * sizeof *copy);
    if (of->ended_count == s->beam) free(of->ended[--of->ended_count].words);
    memmove(&of->ended[at + 1], &of->ended[at], (size_t)(of->ended_count - at) * sizeof *of->ended);
    of->ended[at] = (translate_hypothesis){copy, count, score, log_p, cut};
    ++of->ended_count;
    return true;
}

/* ---- a step of one sentence ---- */

/* Candidates fall; equal ones stay in the order in which they come. Returns how many there are. */
static int64_t put_candidate(candidate *list, int64_t count, int64_t most, candidate c)
{
    if (count == most && !(c.log_p > list[count - 1].log_p)) return count;
    int64_t at = count < most ? count++ : count - 1;
    for (; at > 0 && list[at - 1].log_p < c.log_p; --at) list[at] = list[at - 1];
    list[at] = c;
    return count;
}

/* The logarithm of the sum over all words that may be written. */
static double total(const search *s, const float *row, float sum)
{
    if (!s->how->renormalized || !s->how->forbids) return (double)sum;
    return (double)sum + log1p(-exp((double)row[s->how->never] - (double)sum));
}

static int64_t likeliest(const search *s, int64_t sentence, const float *logits, const float *sums)
{
    const searched *of = &s->of[sentence];
    int64_t count = 0, most = 2 * s->beam, never = s->how->forbids ? s->how->never : -1;
    for (int32_t h = 0; h < s->beam; ++h) {
        const float *row = logits + (sentence * s->beam + h) * s->vocab;
        double base = of->log_p[h] - total(s, row, sums[sentence * s->beam + h]);
        if (!isfinite(base)) continue;
        double least = count == most ? s->candidates[count - 1].log_p : -INFINITY;
        for (int64_t w = 0; w < s->vocab; ++w) {
            double log_p = base + (double)row[w];
            if (!(log_p > least) || w == never) continue;
            count = put_candidate(s->candidates, count, most, (candidate){log_p, h, (int32_t)w});
            if (count == most) least = s->candidates[count - 1].log_p;
        }
    }
    return count;
}

/* Every hypothesis ends here. */
static int64_t ending(const search *s, int64_t sentence)
{
    int64_t count = 0;
    for (int32_t h = 0; h < s->beam; ++h)
        if (isfinite(s->of[sentence].log_p[h]))
            count = put_candidate(s->candidates, count, 2 * s->beam,
                                  (candidate){s->of[sentence].log_p[h], h, s->end});
    return count;
}

static int64_t drawn(const search *s, int64_t sentence, int64_t step, const float *logits,
                     const float *sums)
{
    const gpt_choice choice = {.temperature = s->how->temperature,
                               .top_k = s->how->top_k,
                               .top_p = 1,
                               .penalty = 1,
                               .seed = s->how->seed};
    const float *row = logits + sentence * s->vocab;
    if (s->masked) {
        memcpy(s->masked, row, (size_t)s->vocab * sizeof *row);
        s->masked[s->how->never] = -INFINITY;
        row = s->masked;
    }
    int32_t word = gpt_choose(s->chooser, &choice, row, (uint64_t)s->numbers[sentence],
                              (uint64_t)step);
    if (word < 0) return 0;
    double log_p = s->of[sentence].log_p[0] + (double)row[word] - (double)sums[sentence];
    s->candidates[0] = (candidate){log_p, 0, word};
    return 1;
}

/* As it is, with its last word. */
static bool put_cut(const search *s, searched *of, const candidate *c, int64_t step)
{
    int32_t *words = of->other; /* room for one */
    memcpy(words, of->words + c->from * s->steps, (size_t)step * sizeof *words);
    words[step] = c->word;
    return put_aside(s, of, words, step + 1, step + 1, c->log_p, true);
}

/* The best that a hypothesis can still become is not ranked above those that ended. */
static bool is_hopeless(const search *s, const searched *of, int64_t words)
{
    const translate_how *how = s->how;
    if (of->ended_count < s->beam) return false;
    if (how->early == TRANSLATE_EARLY) return true;
    if (how->early == TRANSLATE_NEVER_EARLY && how->length_penalty > 0) words = s->steps;
    return ranked(how, of->log_p[0], words) <= of->ended[s->beam - 1].score;
}

/* The hypotheses of the next step. False: no memory. */
static bool advance(const search *s, int64_t sentence, int64_t step, int64_t candidates)
{
    searched *of = &s->of[sentence];
    int64_t next = 0;
    double log_p[TRANSLATE_BEAM_MOST];
    bool stops = s->how->ranking == TRANSLATE_POWER && step + 1 == s->steps;
    for (int64_t i = 0; i < candidates && next < s->beam; ++i) {
        const candidate *c = &s->candidates[i];
        const int32_t *words = of->words + c->from * s->steps;
        bool end = c->word == s->end;
        if (!end && i < s->beam && stops && !put_cut(s, of, c, step)) return false;
        if (end && i < s->beam && !put_aside(s, of, words, step, step + 1, c->log_p, false))
            return false;
        if (end) continue;
        int32_t *to = of->other + next * s->steps;
        memcpy(to, words, (size_t)step * sizeof *to);
        to[step] = c->word;
        s->last[sentence * s->beam + next] = c->word;
        s->parents[sentence * s->beam + next] = (int32_t)(sentence * s->beam + c->from);
        log_p[next++] = c->log_p;
    }
    for (int64_t h = 0; h < s->beam; ++h) of->log_p[h] = h < next ? log_p[h] : -INFINITY;
    int32_t *words = of->words;
    of->words = of->other, of->other = words;
    of->done = !next || stops || is_hopeless(s, of, step + 1);
    if (s->how->sampled || s->beam == 1) of->done = of->ended_count > 0;
    return true;
}

/* ---- the whole ---- */

static ad_status run(search *s, translate_decoder *d, ad_context *ctx)
{
    for (int64_t step = 0; step < s->steps; ++step) {
        const float *logits, *sums;
        bool all = true;
        ad_status status = translate_decoder_next(d, s->last, step ? s->parents : NULL, &logits,
                                                  &sums);
        if (status) return status;
        for (int64_t i = 0; i < s->count; ++i) {
            if (s->of[i].done) continue;
            bool last = s->how->forced_end && step + 1 == s->steps;
            int64_t n = last              ? ending(s, i)
                        : s->how->sampled ? drawn(s, i, step, logits, sums)
                                          : likeliest(s, i, logits, sums);
            if (!n) return ad_error_set(ctx, AD_ERROR_NUMERIC, "the logits give no probabilities");
            if (!advance(s, i, step, n)) return ad_error_set(ctx, AD_ERROR_MEMORY, "out of memory");
            all &= s->of[i].done;
        }
        if (all) return AD_OK;
    }
    for (int64_t i = 0; i < s->count; ++i) /* what has no end yet */
        for (int64_t h = 0; h < s->beam && !s->of[i].done; ++h)
            if (isfinite(s->of[i].log_p[h]) &&
                !put_aside(s, &s->of[i], s->of[i].words + h * s->steps, s->steps, s->steps,
                           s->of[i].log_p[h], true))
                return ad_error_set(ctx, AD_ERROR_MEMORY, "out of memory");
    return AD_OK;
}

static void free_search(search *s)
{
    for (int64_t i = 0; i < s->count && s->of; ++i) {
        free(s->of[i].log_p);
        free(s->of[i].words);
        free(s->of[i].other);
    }
    free(s->of);
    free(s->candidates);
    free(s->last);
    free(s->parents);
    free(s->masked);
    gpt_chooser_free(s->chooser);
}

static bool make_search(search *s, int32_t begin, translate_hypothesis *out)
{
    size_t rows = (size_t)(s->count * s->beam), places = (size_t)(s->beam * s->steps);
    s->of = calloc((size_t)s->count, sizeof *s->of);
    s->candidates = calloc((size_t)(2 * s->beam), sizeof *s->candidates);
    s->last = calloc(rows, sizeof *s->last);
    s->parents = calloc(rows, sizeof *s->parents);
    s->chooser = s->how->sampled ? gpt_chooser_new(s->vocab) : NULL;
    bool masks = s->how->sampled && s->how->forbids;
    s->masked = masks ? malloc((size_t)s->vocab * sizeof *s->masked) : NULL;
    if (masks && !s->masked) return false;
    if (!s->of || !s->candidates || !s->last || !s->parents || (s->how->sampled && !s->chooser))
        return false;
    for (size_t i = 0; i < rows; ++i) s->last[i] = begin, s->parents[i] = (int32_t)i;
    for (int64_t i = 0; i < s->count; ++i) {
        searched *of = &s->of[i];
        of->log_p = malloc((size_t)s->beam * sizeof *of->log_p);
        of->words = malloc(places * sizeof *of->words);
        of->other = malloc(places * sizeof *of->other);
        of->ended = out + i * s->beam;
        if (!of->log_p || !of->words || !of->other) return false;
        for (int64_t h = 0; h < s->beam; ++h) of->log_p[h] = h ? -INFINITY : 0; /* all the same */
    }
    return true;
}

ad_status translate_search(translate_decoder *decoder, ad_context *ctx,
                           const translate_model *model, int32_t begin, int32_t end,
                           const int32_t *const *sentences, const int64_t *lengths,
                           const int64_t *numbers, int64_t count, const translate_how *how,
                           translate_hypothesis *out)
{
    search s = {.how = how,
                .numbers = numbers,
                .count = count,
                .vocab = model->target_vocab,
                .beam = how->sampled ? 1 : how->beam,
                .end = end};
    memset(out, 0, (size_t)(count * s.beam) * sizeof *out);
    ad_status status = translate_decoder_read(decoder, sentences, lengths, count, s.beam);
    if (status) return status;
    s.steps = translate_decoder_steps(decoder);
    if (how->most && how->most < s.steps) s.steps = how->most;
    status = make_search(&s, begin, out) ? run(&s, decoder, ctx)
                                         : ad_error_set(ctx, AD_ERROR_MEMORY,
                                                        "no memory for %lld sentences with %lld "
                                                        "hypotheses each",
                                                        (long long)count, (long long)s.beam);
    free_search(&s);
    return status;
}

void translate_hypotheses_free(translate_hypothesis *h, int64_t count)
{
    for (int64_t i = 0; i < count; ++i) free(h[i].words);
}
