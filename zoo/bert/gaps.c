/* gaps.c - texts with words missing (Devlin et al. 2019, section 3.1, Task #1): words of a text are
 * drawn until so many of its tokens are; a word that would be too much is passed over. Of the drawn
 * tokens 8 in 10 become the mask, one another token, and one stays. Drawn anew whenever the text is
 * met: from the seed and the text's place in training alone. */
#include "zoo/bert/bert.h"

#include <stdlib.h>
#include <string.h>

enum { TOKENS, PLACE, TYPE, BEGIN, MISSING, WORD, FIELDS };

typedef struct gap_samples {
    ad_samples samples;
    ad_sample_field fields[FIELDS];
    bert_gaps g;
} gap_samples;

/* Words of the text in `tokens`, special ones left out: where each begins, and the end. */
static int64_t find_words(const bert_gaps *g, const int32_t *tokens, int32_t *begin)
{
    int64_t count = 0, end = g->length - 1;
    for (int64_t i = 1; i < end; ++i)
        if (i == 1 || !g->word || g->word[tokens[i]]) begin[count++] = (int32_t)i;
    begin[count] = (int32_t)end;
    return count;
}

/* Draw number `at` for one of the text's words: which of those from `at` on comes next. */
static int64_t draw_word(const ad_draws *draws, int64_t at, int64_t count)
{
    return at + ad_draws_below(draws, (uint64_t)at, count - at);
}

static int32_t replaced(const bert_gaps *g, const ad_draws *draws, int64_t place, int32_t id)
{
    /* behind the draws of words */
    uint64_t number = (uint64_t)(g->length + 2 * place);
    double kind = ad_draws_unit(draws, number);
    if (kind < 0.8) return g->speller->mask;
    return kind < 0.9 ? (int32_t)ad_draws_below(draws, number + 1, g->model->vocab) : id;
}

/* Takes words out of the text whose first token is number `first` of the batch. */
static void take_words(const bert_gaps *g, const ad_draws *draws, int32_t *tokens, int32_t first,
                       int32_t *missing, int32_t *word, int32_t *begin)
{
    int64_t words = find_words(g, tokens, begin), taken = 0;
    int32_t *order = begin + g->length;
    for (int64_t i = 0; i < words; ++i) order[i] = (int32_t)i;
    for (int64_t i = 0; i < words && taken < g->missing; ++i) {
        int64_t other = draw_word(draws, i, words);
        int32_t chosen = order[other];
        order[other] = order[i];
        if (begin[chosen + 1] - begin[chosen] > g->missing - taken) continue;
        for (int32_t at = begin[chosen]; at < begin[chosen + 1]; ++at, ++taken) {
            missing[taken] = first + at;
            word[taken] = tokens[at];
            tokens[at] = replaced(g, draws, at, tokens[at]);
        }
    }
}

static void fill_text(const bert_gaps *g, int64_t number, int32_t *tokens, int32_t *place)
{
    int64_t inside = g->length - 2;
    int32_t from = g->model->kind == BERT_ROBERTA ? (int32_t)g->model->padding + 1 : 0;
    tokens[0] = g->speller->first;
    memcpy(tokens + 1, g->ids + number * inside, (size_t)inside * sizeof *tokens);
    tokens[g->length - 1] = g->speller->last;
    for (int64_t i = 0; i < g->length; ++i) place[i] = from + (int32_t)i;
}

static void fill(void *user, const int64_t *index, int64_t count, const ad_draws *draws,
                 void *const *block)
{
    const bert_gaps *g = &((const gap_samples *)user)->g;
    int32_t *tokens = block[TOKENS], *place = block[PLACE], *begin = block[BEGIN];
    int32_t *missing = block[MISSING], *word = block[WORD];
    int64_t room = g->batch * g->length;
    for (int64_t i = 0; i < room; ++i) tokens[i] = (int32_t)g->model->padding, place[i] = 0;
    memset(block[TYPE], 0, (size_t)room * sizeof(int32_t));
    for (int64_t i = 0; i < g->batch * g->missing; ++i) missing[i] = word[i] = -1;
    for (int64_t i = 0; i <= g->batch; ++i)
        begin[i] = (int32_t)((i < count ? i : count) * g->length);
    for (int64_t i = 0; i < count; ++i) {
        ad_draws own = *draws;
        own.position += (uint64_t)i, own.row += (uint64_t)i;
        fill_text(g, index[i], tokens + i * g->length, place + i * g->length);
        take_words(g, &own, tokens + i * g->length, begin[i], missing + i * g->missing,
                   word + i * g->missing, block[FIELDS]);
    }
}

static void release(ad_samples *samples)
{
    free(samples->user);
}

ad_samples *bert_gaps_new(const bert_gaps *gaps)
{
    static const char *const names[] = {"tokens", "place", "type", "begin", "missing", "word"};
    gap_samples *s = calloc(1, sizeof *s);
    if (!s) return NULL;
    s->g = *gaps;
    const int64_t room = gaps->batch * gaps->length, missing = gaps->batch * gaps->missing;
    const int64_t sizes[] = {room, room, room, gaps->batch + 1, missing, missing};
    for (int i = 0; i < FIELDS; ++i)
        s->fields[i] = (ad_sample_field){
            .name = names[i], .dtype = AD_I32, .shape = ad_shape(sizes[i]), .whole = true};
    s->samples = (ad_samples){.count = gaps->count / (gaps->length - 2),
                              .fields = s->fields,
                              .field_count = FIELDS,
                              .scratch = (size_t)(2 * gaps->length) * sizeof(int32_t),
                              .fill_batch = fill,
                              .user = s,
                              .release = release};
    return &s->samples;
}
