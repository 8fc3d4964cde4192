/* entities.c - what tags mark, and how much of it was found: precision, recall and F1 of entities
 * as conlleval has them (Tjong Kim Sang & Buchholz 2000), which seqeval computes as well. */
#include "zoo/bert/tuned.h"

#include <stdlib.h>
#include <string.h>

/* What a tag says: 'B', 'I', 'E' or 'S', and the number of its type; 'O': nothing. */
typedef struct meaning {
    char part;
    int type;
} meaning;

typedef struct counts {
    int64_t there, said, both;
} counts;

struct bert_entities {
    const ad_texts *tags;
    meaning *of;       /* [tags] */
    const char **type; /* [types]: names, within those of tags */
    counts *count;     /* [types] */
    int types;
};

void bert_entities_free(bert_entities *e)
{
    if (!e) return;
    free(e->of);
    free(e->type);
    free(e->count);
    free(e);
}

/* "B-PER" is 'B' of "PER"; "B" is that of ""; any other tag but O marks one word. */
static meaning read_tag(const char *tag, const char **type)
{
    bool parted = strchr("BIES", tag[0]) && tag[0] && (tag[1] == '-' || !tag[1]);
    *type = tag + (parted ? 1 + (tag[1] == '-') : 0);
    return (meaning){!strcmp(tag, "O") ? 'O' : parted ? tag[0] : 'S', 0};
}

static int type_number(bert_entities *e, const char *type)
{
    int i = 0;
    while (i < e->types && strcmp(e->type[i], type) != 0) ++i;
    if (i == e->types) e->type[e->types++] = type;
    return i;
}

ad_status bert_entities_new(bert_entities **out, ad_context *ctx, const ad_texts *tags)
{
    const size_t count = (size_t)tags->count;
    bert_entities *e = *out = calloc(1, sizeof *e);
    if (e) {
        e->tags = tags;
        e->of = calloc(count + 1, sizeof *e->of);
        e->type = calloc(count + 1, sizeof *e->type);
        e->count = calloc(count + 1, sizeof *e->count);
    }
    if (!e || !e->of || !e->type || !e->count) {
        bert_entities_free(e);
        *out = NULL;
        return bert_no_memory(ctx, "the entities");
    }
    for (size_t i = 0; i < count; ++i) {
        const char *type;
        e->of[i] = read_tag(tags->at[i], &type);
        if (e->of[i].part != 'O') e->of[i].type = type_number(e, type);
    }
    return AD_OK;
}

/* Whether an entity begins with word `i`. */
static bool begins(const bert_entities *e, const int32_t *tag, int64_t i)
{
    const meaning now = e->of[tag[i]], before = i ? e->of[tag[i - 1]] : (meaning){'O', 0};
    if (now.part == 'O') return false;
    return now.part == 'B' || now.part == 'S' || before.part == 'O' || before.part == 'E' ||
           before.part == 'S' || before.type != now.type;
}

/* The word behind the entity that begins with word `i`. */
static int64_t end_of(const bert_entities *e, const int32_t *tag, int64_t count, int64_t i)
{
    for (++i; i < count && e->of[tag[i]].part != 'O' && !begins(e, tag, i);) ++i;
    return i;
}

void bert_entities_add(bert_entities *e, const int32_t *there, const int32_t *said, int64_t count)
{
    for (int64_t i = 0; i < count; ++i) {
        bool is = begins(e, there, i), told = begins(e, said, i);
        int type = e->of[there[i]].type;
        if (is) ++e->count[type].there;
        if (told) ++e->count[e->of[said[i]].type].said;
        if (is && told && type == e->of[said[i]].type &&
            end_of(e, there, count, i) == end_of(e, said, count, i))
            ++e->count[type].both;
    }
}

int bert_entities_types(const bert_entities *e)
{
    return e->types;
}

static double ratio(double part, double whole)
{
    return whole > 0 ? part / whole : 0;
}

bert_entity_score bert_entities_score(const bert_entities *e, int type)
{
    bert_entity_score s = {.type = type < 0 ? NULL : e->type[type]};
    for (int i = type < 0 ? 0 : type; i < (type < 0 ? e->types : type + 1); ++i) {
        s.there += e->count[i].there;
        s.said += e->count[i].said;
        s.both += e->count[i].both;
    }
    s.precision = ratio((double)s.both, (double)s.said);
    s.recall = ratio((double)s.both, (double)s.there);
    s.f1 = ratio(2 * (double)s.both, (double)(s.said + s.there));
    return s;
}
