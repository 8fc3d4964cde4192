/* code.c - the tokens of sentence pairs, one pair behind the other. */
#include "zoo/translate/pairs.h"

#include <stdlib.h>

/* Appends a pair; nothing but space is no sentence. */
static ad_status add_pair(translate_coded *out, translate_vocabulary *v,
                          const translate_pairs *pairs, int64_t i, const translate_coding *how)
{
    for (int s = 0; s < 2; ++s) {
        translate_line line = pairs->side[s][i];
        int64_t begin = out->begin[s][out->count];
        ad_status status = translate_line_spelled(v, s, line, how->dropout, &out->side[s]);
        if (!status && how->dropout && out->side[s].count - begin > how->most) {
            out->side[s].count = begin;
            status = translate_line_tokens(v, s, line, &out->side[s]);
        }
        if (status) {
            int64_t number;
            const char *path = translate_pairs_file(pairs, i, s, &number);
            return ad_error_set(v->ctx, status, "%s: line %lld: %s", path, (long long)number,
                                ad_error(v->ctx));
        }
        if (translate_is_blank(line)) out->side[s].count = begin;
        out->begin[s][out->count + 1] = out->side[s].count;
    }
    ++out->count;
    return AD_OK;
}

static int64_t times(const translate_pairs *pairs, int64_t i, const translate_coding *how)
{
    bool divided = how->step && i % how->step == 0;
    if (divided != how->held) return 0;
    return pairs->weight && !how->held ? pairs->weight[i] : 1;
}

ad_status translate_code(translate_coded *out, translate_vocabulary *v,
                         const translate_pairs *pairs, const translate_coding *how)
{
    int64_t count = 0;
    *out = (translate_coded){0};
    for (int64_t i = 0; i < pairs->count; ++i) count += times(pairs, i, how);
    for (int s = 0; s < 2; ++s) {
        out->begin[s] = calloc((size_t)(count + 1), sizeof *out->begin[s]);
        if (!out->begin[s])
            return ad_error_set(v->ctx, AD_ERROR_MEMORY, "no memory for the tokens of the data");
    }
    for (int64_t i = 0; i < pairs->count; ++i)
        for (int64_t n = times(pairs, i, how); n > 0; --n) {
            ad_status status = add_pair(out, v, pairs, i, how);
            if (status) return status;
        }
    return AD_OK;
}

void translate_coded_free(translate_coded *coded)
{
    for (int s = 0; s < 2; ++s) {
        ad_tokens_free(&coded->side[s]);
        free(coded->begin[s]);
    }
    *coded = (translate_coded){0};
}
