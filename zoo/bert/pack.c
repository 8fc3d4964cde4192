/* pack.c - texts side by side as the inputs of one batch. */
#include "zoo/bert/bert.h"

#include <string.h>

ad_status bert_bind(const bert *b, const bert_block *k)
{
    ad_program *program = b->job.evaluation.program;
    const size_t bytes = (size_t)k->room * sizeof *k->tokens;
    ad_status status = ad_bind_name(program, "tokens", k->tokens, bytes);
    if (!status) status = ad_bind_name(program, "place", k->place, bytes);
    if (!status && ((const bert_model *)b->job.model)->types)
        status = ad_bind_name(program, "type", k->type, bytes);
    if (status) return status;
    return ad_bind_name(program, "begin", k->begin, (size_t)(k->texts + 1) * sizeof *k->begin);
}

int64_t bert_pack_fit(const bert_texts *t, const int64_t *index, int64_t count, int64_t room)
{
    int64_t used = 0, fit = 0;
    while (fit < count && (used += bert_texts_length(t, index[fit])) <= room) ++fit;
    return fit;
}

/* Tokens of text `i` from place `at` on; returns where the next one begins. */
static int64_t put(const bert_model *m, const bert_texts *t, int64_t i, const bert_block *b,
                   int64_t at)
{
    int64_t length = bert_texts_length(t, i);
    int64_t first = m->kind == BERT_ROBERTA ? m->padding + 1 : 0; /* place */
    memcpy(b->tokens + at, t->ids + t->begin[i], (size_t)length * sizeof *b->tokens);
    for (int64_t k = 0; k < length; ++k) {
        b->place[at + k] = (int32_t)(first + k);
        b->type[at + k] = m->types > 1 && k >= t->second[i];
    }
    return at + length;
}

void bert_pack(const bert_model *m, const bert_texts *t, const int64_t *index, int64_t count,
               const bert_block *b)
{
    int64_t at = 0;
    for (int64_t i = 0; i < b->texts; ++i) {
        b->begin[i] = (int32_t)at;
        if (i < count) at = put(m, t, index[i], b, at);
    }
    b->begin[b->texts] = (int32_t)at;
    for (; at < b->room; ++at) {
        b->tokens[at] = (int32_t)m->padding;
        b->place[at] = b->type[at] = 0;
    }
}
