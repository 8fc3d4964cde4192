/* passages.c - a text as passages to search among: paragraphs, which blank lines part. A short one,
 * as a heading is, goes with what follows it; a long one is cut behind a line. */
#include "zoo/bert/bert.h"

#include <stdlib.h>
#include <string.h>

enum { SHORT = 60, LONG = 900 }; /* bytes */

void bert_passages_free(bert_passages *p)
{
    free(p->at);
    *p = (bert_passages){0};
}

static bool add(bert_passages *p, bert_passage passage)
{
    if (p->count == p->capacity) {
        int64_t capacity = 2 * p->capacity + 64;
        bert_passage *grown = realloc(p->at, (size_t)capacity * sizeof *grown);
        if (!grown) return false;
        p->at = grown, p->capacity = capacity;
    }
    p->at[p->count++] = passage;
    return true;
}

static bool is_blank(const char *line, int64_t length)
{
    for (int64_t i = 0; i < length; ++i)
        if (line[i] != ' ' && line[i] != '\t' && line[i] != '\r') return false;
    return true;
}

bool bert_passages_cut(bert_passages *p, int32_t file, const char *text, int64_t length)
{
    bert_passage open = {.file = file}; /* of length 0: there is none */
    int64_t number = 1;
    for (int64_t at = 0; at < length; ++number) {
        const char *stop = memchr(text + at, '\n', (size_t)(length - at));
        int64_t end = stop ? stop - text : length;
        bool blank = is_blank(text + at, end - at);
        if (!blank && !open.length) open.begin = at, open.line = number;
        if (!blank) open.length = end - open.begin;
        if (open.length > (blank ? SHORT : LONG)) {
            if (!add(p, open)) return false;
            open.length = 0;
        }
        at = end + 1;
    }
    return !open.length || add(p, open);
}
