/* bleu.c - BLEU of a corpus (Papineni et al. 2002), as sacrebleu computes it.
 *
 *     bleu = min(1, exp(1 - r / h)) (p1 p2 p3 p4)^1/4
 *
 * with p_n the share of the runs of n words that the reference has, too, h and r the words of text
 * and reference. Where p_n is 0, it is taken as 1 / (2^k total) for the k-th such order.
 *
 * The words are those of mteval-v13a.pl: four substitutions, one after the other, which are written
 * out here as passes over bytes. They look at ASCII characters and at what is next to them, so that
 * a byte of a longer character stands for all of it. */
#include "score/ngrams.h"
#include "base/context.h"
#include "base/text.h"
#include "base/utf8.h"

#include <autodidact/scores.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- words ---- */

static bool digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool point(char c)
{
    return c == '.' || c == ',';
}

/* Of ASCII's symbols all but ' , - . */
static bool symbol(char c)
{
    return (c >= ' ' && c <= '&') || (c >= '(' && c <= '+') || c == '/' || (c >= ':' && c <= '@') ||
           (c >= '[' && c <= '`') || (c >= '{' && c <= '~');
}

static void replace(ad_text *text, const char *what, char by)
{
    size_t length = strlen(what), to = 0;
    for (size_t at = 0; at < text->length;) {
        if (text->length - at >= length && !memcmp(text->data + at, what, length)) {
            if (by) text->data[to++] = by;
            at += length;
        } else {
            text->data[to++] = text->data[at++];
        }
    }
    text->length = to;
}

/* One pass: where `fits` holds of a character and the next, they are set apart by spaces, before
 * (1), between (2) and behind (4). */
typedef struct pass {
    bool (*fits)(char a, char b);
    int width, spaces;
} pass;

static bool is_symbol(char a, char b)
{
    (void)b;
    return symbol(a);
}

static bool point_behind(char a, char b)
{
    return !digit(a) && point(b);
}

static bool point_before(char a, char b)
{
    return point(a) && !digit(b);
}

static bool dash_behind(char a, char b)
{
    return digit(a) && b == '-';
}

static const pass passes[] = {{is_symbol, 1, 1 | 4},
                              {point_behind, 2, 2 | 4},
                              {point_before, 2, 1 | 2},
                              {dash_behind, 2, 2 | 4}};

static void separate(const ad_text *from, ad_text *to, const pass *p)
{
    size_t width = (size_t)p->width;
    to->length = 0;
    for (size_t at = 0; at < from->length;) {
        const char *c = from->data + at;
        if (from->length - at < width || !p->fits(c[0], width > 1 ? c[1] : 0)) {
            ad_text_bytes(to, c, 1);
            ++at;
            continue;
        }
        if (p->spaces & 1) ad_text_bytes(to, " ", 1);
        ad_text_bytes(to, c, 1);
        if (p->spaces & 2) ad_text_bytes(to, " ", 1);
        if (width > 1) ad_text_bytes(to, c + 1, 1);
        if (p->spaces & 4) ad_text_bytes(to, " ", 1);
        at += width;
    }
}

static void tokenize(ad_context *ctx, ad_text *out, const char *line, size_t length)
{
    static const struct {
        const char *what;
        char by;
    } marks[] = {{"<skipped>", 0}, {"&quot;", '"'}, {"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}};
    ad_text text, *from = &text, *to = out;
    ad_text_init(&text, ctx);
    ad_text_bytes(&text, " ", 1);
    ad_text_bytes(&text, line, length);
    for (size_t i = 0; i < sizeof marks / sizeof *marks; ++i)
        replace(&text, marks[i].what, marks[i].by);
    ad_text_bytes(&text, " ", 1);
    for (size_t i = 0; i < sizeof passes / sizeof *passes; ++i) {
        separate(from, to, &passes[i]);
        ad_text *other = from;
        from = to, to = other;
    }
    if (from == &text) { /* what the last pass wrote */
        ad_text spare = *out;
        *out = text, text = spare;
    }
    out->failed |= text.failed;
    ad_text_free(&text);
}

typedef struct word {
    const char *text;
    size_t length;
    int64_t at; /* among the words of text and reference */
} word;

typedef struct word_list {
    word *at;
    int64_t count, capacity;
} word_list;

/* Adds those of a line. False: no memory. */
static bool cut(ad_context *ctx, const ad_text *line, word_list *words)
{
    const char *text = ad_text_get(line);
    size_t begin = 0;
    for (size_t at = 0, size; at <= line->length; at += size) {
        int32_t code = ' '; /* what ends the line ends a word */
        size = at < line->length ? (size_t)ad_utf8_next(text + at, line->length - at, &code) : 1;
        if (!size) size = 1, code = 0xFFFD;
        if (!ad_score_space(code)) continue;
        if (at > begin) {
            word *grown = ad_grow(ctx, words->at, &words->capacity, words->count + 1,
                                  sizeof *grown);
            if (!grown) return false;
            words->at = grown;
            grown[words->count] = (word){text + begin, at - begin, words->count};
            ++words->count;
        }
        begin = at + size;
    }
    return true;
}

static int by_text(const void *a, const void *b)
{
    const word *x = a, *y = b;
    size_t shared = x->length < y->length ? x->length : y->length;
    int order = memcmp(x->text, y->text, shared);
    return order ? order : (x->length > y->length) - (x->length < y->length);
}

/* The first `mine` words are the text's; they are sorted here. */
static ad_status count(ad_context *ctx, ad_bleu_counts *counts, word_list *words, int64_t mine)
{
    int64_t all = words->count, unused[AD_BLEU_ORDERS] = {0};
    size_t bytes = ad_bytes(all + 1, sizeof(int32_t));
    int32_t *symbols = ad_alloc(ctx, bytes);
    if (!symbols) return AD_ERROR_MEMORY;
    if (all) qsort(words->at, (size_t)all, sizeof *words->at, by_text);
    for (int64_t i = 0, end; i < all; i = end)
        for (end = i; end < all && !by_text(&words->at[i], &words->at[end]); ++end)
            symbols[words->at[end].at] = (int32_t)i;
    ad_status status = ad_count_ngrams(ctx, symbols, mine, all - mine, AD_BLEU_ORDERS,
                                       counts->total, unused, counts->correct);
    counts->length += mine, counts->reference_length += all - mine;
    ad_free(ctx, symbols, bytes);
    return status;
}

ad_status ad_bleu_add(ad_context *ctx, ad_bleu_counts *counts, ad_bleu_words kind, const char *text,
                      size_t length, const char *reference, size_t reference_length)
{
    const char *given[2] = {text, reference};
    const size_t given_length[2] = {length, reference_length};
    word_list words = {0};
    ad_text line[2];
    int64_t mine = 0;
    bool whole = true;
    for (int i = 0; i < 2; ++i) {
        mine = words.count;
        ad_text_init(&line[i], ctx);
        if (kind == AD_BLEU_13A)
            tokenize(ctx, &line[i], given[i], given_length[i]);
        else
            ad_text_bytes(&line[i], given[i], given_length[i]);
        whole = whole && !line[i].failed && cut(ctx, &line[i], &words);
    }
    ad_status status = whole ? count(ctx, counts, &words, mine)
                             : ad_fail(ctx, AD_ERROR_MEMORY, "no memory for a line's words");
    if (words.at) ad_free(ctx, words.at, ad_bytes(words.capacity, sizeof *words.at));
    for (int i = 0; i < 2; ++i) ad_text_free(&line[i]);
    return status;
}

/* ---- the score ---- */

double ad_bleu_score(const ad_bleu_counts *c)
{
    double sum = 0, guess = 1, brevity = 1;
    bool any = false;
    for (int n = 0; n < AD_BLEU_ORDERS; ++n) any |= c->correct[n] > 0;
    if (!any) return 0;
    if (c->length < c->reference_length)
        brevity = exp(1 - (double)c->reference_length / (double)c->length);
    for (int n = 0; n < AD_BLEU_ORDERS; ++n) {
        if (!c->total[n]) return 0; /* no line is that long: the log of no precision */
        double total = (double)c->total[n], correct = (double)c->correct[n];
        if (!c->correct[n]) guess *= 2;
        sum += log(100 * (c->correct[n] ? correct : 1 / guess) / total);
    }
    return brevity * exp(sum / AD_BLEU_ORDERS);
}

void ad_bleu_signature(ad_bleu_words words, bool lower, char out[AD_BLEU_SIGNATURE_BYTES])
{
    snprintf(out, AD_BLEU_SIGNATURE_BYTES, "nrefs:1|case:%s|eff:no|tok:%s|smooth:exp|version:2.6.0",
             lower ? "lc" : "mixed", words == AD_BLEU_13A ? "13a" : "none");
}
