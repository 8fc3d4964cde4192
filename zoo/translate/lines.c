/* lines.c - many lines: as sentences of tokens, longer ones cut, sorted by length, so that those
 * that are read together are alike, and given back in their order.
 *
 * A line that is longer than the network has learnt is cut behind a full stop, else behind a comma,
 * else between words, else anywhere; its parts' translations stand side by side. */
#include "zoo/gpt/gpt.h"
#include "zoo/translate/search.h"

#include <stdlib.h>
#include <string.h>

/* A line, or a part of one. */
typedef struct part {
    int64_t line, number; /* number: among all parts, in order */
    int64_t begin, count; /* its tokens */
} part;

typedef struct work {
    translate_translator *t;
    part *parts;
    int64_t count, capacity;
    ad_tokens tokens;
    translate_hypothesis *found; /* [count, beam], by number */
} work;

static ad_status no_memory(const work *w)
{
    return ad_error_set(w->t->ctx, AD_ERROR_MEMORY, "no memory for the lines");
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t';
}

/* ---- cutting ---- */

static ad_status add_part(work *w, int64_t line, int64_t begin)
{
    if (w->count == w->capacity) {
        int64_t capacity = 2 * w->capacity + 64;
        part *grown = realloc(w->parts, (size_t)capacity * sizeof *grown);
        if (!grown) return no_memory(w);
        w->parts = grown, w->capacity = capacity;
    }
    w->parts[w->count] = (part){line, w->count, begin, w->tokens.count - begin};
    ++w->count;
    return AD_OK;
}

/* How good a place to cut is behind this byte: 3 a sentence's end, 2 a clause's, 1 a word's. */
static int worth(translate_line line, size_t at)
{
    if (at >= line.length || !is_space(line.text[at])) return 0;
    char before = at ? line.text[at - 1] : ' ';
    return strchr(".!?", before) ? 3 : strchr(",;:", before) ? 2 : 1;
}

/* The last of the best places in the first `most` bytes and not in their first quarter; without
 * one, the first byte of a character. */
static size_t place_to_cut(translate_line line, size_t most)
{
    size_t best = 0;
    int most_worth = 0;
    for (size_t at = most / 4 + 1; at <= most; ++at)
        if (worth(line, at) >= most_worth && worth(line, at))
            best = at, most_worth = worth(line, at);
    if (best) return best;
    best = most > 1 ? most : 1;
    while (best > 1 && best < line.length && ((unsigned char)line.text[best] & 0xC0) == 0x80)
        --best;
    return best;
}

/* The tokens from `begin` on are those of a piece. A line's code says of all its pieces what to
 * translate them to. */
static ad_status put_piece(work *w, int64_t begin, int32_t code, translate_line piece)
{
    w->tokens.count = begin;
    ad_status status = code < 0 ? AD_OK : ad_tokens_append(&w->tokens, w->t->ctx, code);
    return status ? status : translate_line_tokens(w->t->vocabulary, false, piece, &w->tokens);
}

/* A line's tokens, cut until each part fits. */
static ad_status take(work *w, int64_t number, translate_line line)
{
    int64_t longest = w->t->model->longest;
    int32_t code = -1; /* in front of the first piece stands the text's own */
    bool cut = false;
    while (!translate_is_blank(line)) {
        while (is_space(*line.text)) ++line.text, --line.length;
        int64_t begin = w->tokens.count;
        translate_line piece = line;
        /* no token is shorter than a byte or longer than a hundred: try no more than can fit */
        size_t sure = (size_t)longest * 100;
        if (piece.length > sure) piece.length = place_to_cut(line, sure);
        ad_status status = put_piece(w, begin, code, piece);
        while (!status && w->tokens.count - begin > longest && piece.length > 1) {
            double share = (double)longest / (double)(w->tokens.count - begin);
            size_t most = (size_t)((double)piece.length * share);
            if (most >= piece.length) most = piece.length - 1;
            piece.length = place_to_cut(line, most ? most : 1);
            status = put_piece(w, begin, code, piece);
        }
        if (!status && w->tokens.count - begin > longest)
            w->tokens.count = begin; /* a single byte that no sentence has room for */
        else if (!status)
            status = add_part(w, number, begin);
        if (status) return status;
        size_t bytes;
        if (!cut) code = translate_line_code(w->t->vocabulary, false, line, &bytes);
        cut |= piece.length < line.length;
        line.text += piece.length, line.length -= piece.length;
    }
    w->t->split += cut;
    return AD_OK;
}

/* ---- translating ---- */

static int longer_first(const void *a, const void *b)
{
    const part *x = a, *y = b;
    if (x->count != y->count) return x->count > y->count ? -1 : 1;
    return (x->number > y->number) - (x->number < y->number);
}

static int in_order(const void *a, const void *b)
{
    const part *x = a, *y = b;
    return (x->number > y->number) - (x->number < y->number);
}

/* Parts from `first` on, as many as are read at once. */
static ad_status search(work *w, int64_t first, int64_t count, const translate_how *how,
                        translate_hypothesis *found)
{
    translate_translator *t = w->t;
    const int32_t **sentences = malloc((size_t)count * sizeof *sentences);
    int64_t *lengths = malloc((size_t)count * 2 * sizeof *lengths), *numbers = lengths + count;
    ad_status status = sentences && lengths ? AD_OK : no_memory(w);
    for (int64_t i = 0; i < count && !status; ++i) {
        const part *p = &w->parts[first + i];
        sentences[i] = w->tokens.ids + p->begin;
        lengths[i] = p->count, numbers[i] = p->number;
    }
    if (!status)
        status = translate_search(t->decoder, t->ctx, t->model, t->vocabulary->begin,
                                  t->vocabulary->end[1], sentences, lengths, numbers, count, how,
                                  found);
    for (int64_t i = 0; i < count && !status; ++i) {
        const translate_hypothesis *best = &found[i * how->beam];
        memcpy(w->found + w->parts[first + i].number * how->beam, best,
               (size_t)how->beam * sizeof *best);
        t->words += best->count;
    }
    free(sentences);
    free(lengths);
    return status;
}

static void say(const ad_watcher *watcher, int64_t done, int64_t count)
{
    const ad_progress progress = {.step = done,
                                  .steps = count,
                                  .counted = "sentences",
                                  .seconds_left = -1,
                                  .done = (double)done,
                                  .whole = (double)count};
    if (watcher && watcher->progress) watcher->progress(watcher->user, &progress);
}

static ad_status search_all(work *w, const translate_how *how, const ad_watcher *watcher,
                            bool *whole)
{
    ad_status status = AD_OK;
    int64_t done = 0;
    if (w->count) qsort(w->parts, (size_t)w->count, sizeof *w->parts, longer_first);
    while (done < w->count && !status) {
        int64_t count = translate_decoder_room(w->t->decoder, w->parts[done].count, how->beam);
        if (count > w->count - done) count = w->count - done;
        if (watcher && ad_watch_interrupted(watcher)) break;
        translate_hypothesis *found = calloc((size_t)(count * how->beam), sizeof *found);
        status = found ? search(w, done, count, how, found) : no_memory(w);
        if (status && found) translate_hypotheses_free(found, count * how->beam);
        free(found);
        done += count;
        if (!status) say(watcher, done, w->count);
    }
    *whole = done == w->count;
    return status;
}

/* ---- texts ---- */

/* No text: the end, or one that the network has beyond its vocabulary's files. */
static bool is_silent(const translate_vocabulary *v, bool target, int32_t word)
{
    return word == v->end[target] || word == v->silent[0] || word == v->silent[1] ||
           word >= ad_tokenizer_count(target ? v->target : v->source);
}

char *translate_text(translate_vocabulary *v, bool target, const int32_t *words, int64_t count)
{
    ad_decoder decoder = {.tokenizer = target ? v->target : v->source};
    gpt_page page = {0};
    const char *text;
    size_t length;
    ad_status status = AD_OK;
    gpt_page_put(&page, "", 0);
    for (int64_t i = 0; i < count && !status; ++i) {
        if (is_silent(v, target, words[i])) continue;
        status = ad_decoder_next(&decoder, words[i], &text, &length);
        if (!status) gpt_page_put(&page, text, length);
    }
    ad_decoder_end(&decoder, &text, &length);
    gpt_page_put(&page, text, length);
    if (status || page.failed) {
        gpt_page_free(&page);
        if (!status) ad_error_set(v->ctx, AD_ERROR_MEMORY, "no memory for a text");
        return NULL;
    }
    size_t space = strspn(page.text, " ");
    memmove(page.text, page.text + space, page.length - space + 1);
    for (char *c = page.text; *c; ++c) /* a line stays one */
        if (*c == '\n' || *c == '\r') *c = ' ';
    return page.text;
}

/* The parts of a line as its results. */
static ad_status join(work *w, const part *parts, int64_t count, const translate_how *how,
                      int64_t n_best, translate_result *out)
{
    const translate_hypothesis *first = count ? w->found + parts[0].number * how->beam : NULL;
    int64_t wanted = count == 1 ? n_best : 1;
    out->text = calloc((size_t)wanted, sizeof *out->text);
    out->score = calloc((size_t)wanted, sizeof *out->score);
    if (!out->text || !out->score) return no_memory(w);
    for (int64_t n = 0; n < wanted; ++n) {
        if (n && !first[n].words) break; /* fewer sentences than hypotheses ended */
        gpt_page page = {0};
        bool whole = true;
        gpt_page_put(&page, "", 0);
        for (int64_t i = 0; i < count && whole; ++i) {
            const translate_hypothesis *h = w->found + parts[i].number * how->beam + n;
            char *text = translate_text(w->t->vocabulary, true, h->words, h->count);
            whole &= text != NULL;
            if (i) gpt_page_put(&page, " ", 1);
            if (text) gpt_page_put(&page, text, strlen(text));
            free(text);
            out->score[n] += h->score;
            out->cut |= h->cut;
        }
        out->text[n] = page.text, out->count = n + 1;
        if (!whole) return ad_error_status(w->t->ctx);
        if (page.failed) return no_memory(w);
    }
    return AD_OK;
}

static ad_status join_all(work *w, int64_t lines, const translate_how *how, int64_t n_best,
                          translate_result *out)
{
    ad_status status = AD_OK;
    if (w->count) qsort(w->parts, (size_t)w->count, sizeof *w->parts, in_order);
    for (int64_t i = 0, at = 0, end; i < lines && !status; ++i, at = end) {
        for (end = at; end < w->count && w->parts[end].line == i;) ++end;
        status = join(w, w->parts + at, end - at, how, n_best, &out[i]);
    }
    return status;
}

ad_status translate_lines(translate_translator *t, const translate_line *lines, int64_t count,
                          const translate_how *how, int64_t n_best, const ad_watcher *watcher,
                          translate_result *out, bool *whole)
{
    work w = {.t = t};
    ad_status status = AD_OK;
    *whole = false;
    for (int64_t i = 0; i < count; ++i) out[i] = (translate_result){0};
    for (int64_t i = 0; i < count && !status; ++i) status = take(&w, i, lines[i]);
    if (!status) {
        w.found = calloc((size_t)(w.count * how->beam + 1), sizeof *w.found);
        status = w.found ? search_all(&w, how, watcher, whole) : no_memory(&w);
    }
    if (!status && *whole) status = join_all(&w, count, how, n_best, out);
    t->sentences += w.count;
    if (w.found) translate_hypotheses_free(w.found, w.count * how->beam);
    free(w.found);
    free(w.parts);
    ad_tokens_free(&w.tokens);
    return status;
}

void translate_results_free(translate_result *results, int64_t count)
{
    for (int64_t i = 0; i < count; ++i) {
        for (int64_t n = 0; n < results[i].count; ++n) free(results[i].text[n]);
        free(results[i].text);
        free(results[i].score);
    }
}

ad_status translate_translator_new(translate_translator *t, ad_context *ctx,
                                   const translate_model *model, ad_vars *vars,
                                   translate_vocabulary *vocabulary)
{
    *t = (translate_translator){.ctx = ctx, .model = model, .vocabulary = vocabulary};
    return translate_decoder_new(&t->decoder, ctx, model, vars);
}

void translate_translator_free(translate_translator *t)
{
    translate_decoder_free(t->decoder);
    t->decoder = NULL;
}
