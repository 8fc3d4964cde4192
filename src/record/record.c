/* record.c - structs by the names of their members. */
#include "record/option_value.h"
#include "base/context.h"
#include "base/nearest.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- memory ---- */

void ad_record_text_free(ad_context *ctx, char *text)
{
    ad_string_free(ctx, text);
}

void ad_texts_free(ad_context *ctx, ad_texts *texts)
{
    for (int64_t i = 0; i < texts->count; ++i) ad_record_text_free(ctx, texts->at[i]);
    ad_free(ctx, texts->at, (size_t)texts->count * sizeof *texts->at);
    *texts = (ad_texts){0};
}

static void free_member(ad_context *ctx, const ad_option *o, void *member)
{
    ad_reals *reals = member;
    switch (o->type) {
    case AD_OPTION_TEXT:
    case AD_OPTION_FILE:
        ad_record_text_free(ctx, *(char **)member);
        *(char **)member = NULL;
        break;
    case AD_OPTION_TEXTS: ad_texts_free(ctx, member); break;
    case AD_OPTION_REALS:
        ad_free(ctx, reals->at, (size_t)reals->count * sizeof *reals->at);
        *reals = (ad_reals){0};
        break;
    default: break;
    }
}

void ad_record_free(const ad_record *record, ad_context *ctx, void *value)
{
    for (const ad_option *o = record->options; o->name; ++o)
        free_member(ctx, o, (char *)value + o->at);
    memset(value, 0, record->size);
}

/* ---- text to member ---- */

static int64_t count_items(const char *text)
{
    int64_t count = 1;
    for (; *text; ++text) count += *text == ',';
    return count;
}

static ad_status set_texts(ad_context *ctx, ad_texts *list, const char *text)
{
    int64_t count = count_items(text);
    char **at = ad_zalloc(ctx, (size_t)count * sizeof *at);
    ad_status status = at ? AD_OK : AD_ERROR_MEMORY;
    *list = (ad_texts){at, at ? count : 0};
    for (int64_t i = 0; i < list->count && !status; ++i) {
        size_t length = strcspn(text, ",");
        at[i] = ad_string_cut(ctx, text, length);
        if (!at[i]) status = AD_ERROR_MEMORY;
        text += length + 1;
    }
    if (status) ad_texts_free(ctx, list);
    return status;
}

static ad_status set_reals(ad_context *ctx, ad_reals *list, const char *text)
{
    int64_t count = count_items(text);
    double *at = ad_alloc(ctx, (size_t)count * sizeof *at);
    if (!at) return AD_ERROR_MEMORY;
    for (int64_t i = 0; i < count; ++i) {
        char *end;
        at[i] = strtod(text, &end);
        text = end + 1;
    }
    *list = (ad_reals){at, count};
    return AD_OK;
}

/* `text` is accepted, or NULL. What the member held has been freed. */
static ad_status set_member(ad_context *ctx, const ad_option *o, void *member, const char *text)
{
    int64_t size = 0;
    switch (o->type) {
    case AD_OPTION_FLAG: *(bool *)member = text && !strcmp(text, "yes"); break;
    case AD_OPTION_INT: *(int64_t *)member = text ? strtoll(text, NULL, 10) : 0; break;
    case AD_OPTION_REAL: *(double *)member = text ? strtod(text, NULL) : 0; break;
    case AD_OPTION_SIZE:
        if (text) (void)ad_parse_size(text, &size);
        *(int64_t *)member = size;
        break;
    case AD_OPTION_CHOICE: *(int *)member = text ? ad_parse_choice(o->choices, text) : -1; break;
    case AD_OPTION_TEXT:
    case AD_OPTION_FILE:
        *(char **)member = text ? ad_string_copy(ctx, text) : NULL;
        return text && !*(char **)member ? AD_ERROR_MEMORY : AD_OK;
    case AD_OPTION_TEXTS: return text && *text ? set_texts(ctx, member, text) : AD_OK;
    case AD_OPTION_REALS: return text && *text ? set_reals(ctx, member, text) : AD_OK;
    }
    return AD_OK;
}

ad_status ad_record_init(const ad_record *record, ad_context *ctx, void *value,
                         const ad_default *defaults)
{
    ad_status status = AD_OK;
    memset(value, 0, record->size);
    for (const ad_option *o = record->options; o->name && !status; ++o)
        status = set_member(ctx, o, (char *)value + o->at, ad_option_initial(o, defaults));
    if (status) ad_record_free(record, ctx, value);
    return status;
}

const char *ad_record_nearest(const ad_record *record, const char *name)
{
    const char *best = NULL;
    for (const ad_option *o = record->options; o->name; ++o) {
        const char *two[] = {o->name, best};
        best = ad_nearest(name, two, best ? 2 : 1);
    }
    return best;
}

ad_status ad_record_unknown(ad_context *ctx, const char *name, const char *nearest)
{
    if (nearest)
        return ad_fail(ctx, AD_ERROR_NOT_FOUND, "unknown option \"%.60s\"; did you mean \"%s\"?",
                       name, nearest);
    return ad_fail(ctx, AD_ERROR_NOT_FOUND, "unknown option \"%.60s\"", name);
}

static ad_status unknown(const ad_record *record, ad_context *ctx, const char *name)
{
    return ad_record_unknown(ctx, name, ad_record_nearest(record, name));
}

ad_status ad_record_set(const ad_record *record, ad_context *ctx, void *value, const char *name,
                        const char *text)
{
    const ad_option *o = ad_record_find(record, name);
    char expected[AD_EXPECTED_BYTES];
    if (!o) return unknown(record, ctx, name);
    if (text && !ad_option_accepts(o, text))
        return ad_fail(ctx, AD_ERROR_ARGUMENT, "--%s: \"%.80s\" is not %s", o->name, text,
                       ad_option_expected(o, expected));
    free_member(ctx, o, (char *)value + o->at);
    return set_member(ctx, o, (char *)value + o->at, text);
}

/* ---- member to text ---- */

static void list_text(const ad_option *o, const void *member, ad_text *text)
{
    const ad_texts *texts = member;
    const ad_reals *reals = member;
    char number[40];
    int64_t count = o->type == AD_OPTION_TEXTS ? texts->count : reals->count;
    for (int64_t i = 0; i < count; ++i) {
        if (i) ad_text_add(text, ",");
        if (o->type == AD_OPTION_REALS) ad_real_text(reals->at[i], number, sizeof number);
        ad_text_add(text, o->type == AD_OPTION_TEXTS ? texts->at[i] : number);
    }
}

static int count_choices(const char *choices)
{
    int count = 1;
    for (; *choices; ++choices) count += *choices == '|';
    return count;
}

/* False: there is no such choice. */
static bool choice_text(const char *choices, int which, ad_text *text)
{
    if (which < 0 || which >= count_choices(choices)) return false;
    for (; which > 0; --which) choices += strcspn(choices, "|") + 1;
    ad_text_bytes(text, choices, strcspn(choices, "|"));
    return true;
}

/* A number of 0 in a row without a default stands for one that is not set. */
static bool may_be_unset(const ad_option *o)
{
    return !o->initial && !o->derived;
}

/* False: it is unset. */
static bool member_text(const ad_option *o, const void *member, ad_text *text)
{
    char number[40];
    switch (o->type) {
    case AD_OPTION_FLAG: ad_text_add(text, *(const bool *)member ? "yes" : "no"); return true;
    case AD_OPTION_INT:
    case AD_OPTION_SIZE:
        if (!*(const int64_t *)member && may_be_unset(o)) return false;
        ad_text_format(text, "%lld", (long long)*(const int64_t *)member);
        return true;
    case AD_OPTION_REAL:
        if (*(const double *)member == 0 && may_be_unset(o)) return false;
        ad_real_text(*(const double *)member, number, sizeof number);
        ad_text_add(text, number);
        return true;
    case AD_OPTION_CHOICE: return choice_text(o->choices, *(const int *)member, text);
    case AD_OPTION_TEXT:
    case AD_OPTION_FILE:
        if (!*(char *const *)member) return false;
        ad_text_add(text, *(char *const *)member);
        return true;
    case AD_OPTION_TEXTS: list_text(o, member, text); return ((const ad_texts *)member)->count > 0;
    case AD_OPTION_REALS: list_text(o, member, text); return ((const ad_reals *)member)->count > 0;
    }
    return false;
}

ad_status ad_record_get(const ad_record *record, ad_context *ctx, const void *value,
                        const char *name, char **out)
{
    const ad_option *o = ad_record_find(record, name);
    ad_text text;
    *out = NULL;
    if (!o) return unknown(record, ctx, name);
    ad_text_init(&text, ctx);
    bool set = member_text(o, (const char *)value + o->at, &text);
    ad_status status = text.failed ? AD_ERROR_MEMORY : AD_OK;
    if (set && !status) {
        *out = ad_string_cut(ctx, ad_text_get(&text), text.length);
        if (!*out) status = AD_ERROR_MEMORY;
    }
    ad_text_free(&text);
    return status;
}

/* ---- copying and checking ---- */

static ad_status copy_texts(ad_context *ctx, ad_texts *to, const ad_texts *from)
{
    ad_status status = AD_OK;
    *to = (ad_texts){0};
    if (!from->count) return AD_OK;
    if (!(to->at = ad_zalloc(ctx, (size_t)from->count * sizeof *to->at))) return AD_ERROR_MEMORY;
    to->count = from->count;
    for (int64_t i = 0; i < from->count && !status; ++i)
        if (!(to->at[i] = ad_string_copy(ctx, from->at[i]))) status = AD_ERROR_MEMORY;
    return status;
}

ad_status ad_texts_copy(ad_context *ctx, ad_texts *list, char *const *names, int64_t count)
{
    const ad_texts from = {(char **)names, count};
    ad_texts_free(ctx, list);
    ad_status status = copy_texts(ctx, list, &from);
    if (status) ad_texts_free(ctx, list);
    return status;
}

static ad_status copy_reals(ad_context *ctx, ad_reals *to, const ad_reals *from)
{
    *to = (ad_reals){0};
    if (!from->count) return AD_OK;
    if (!(to->at = ad_alloc(ctx, (size_t)from->count * sizeof *to->at))) return AD_ERROR_MEMORY;
    to->count = from->count;
    memcpy(to->at, from->at, (size_t)from->count * sizeof *to->at);
    return AD_OK;
}

ad_status ad_reals_copy(ad_context *ctx, ad_reals *list, const double *values, int64_t count)
{
    const ad_reals from = {(double *)values, count};
    ad_reals old = *list;
    ad_status status = copy_reals(ctx, list, &from);
    ad_free(ctx, old.at, (size_t)old.count * sizeof *old.at);
    return status;
}

/* Members of `to` hold what `from` holds, bytes and pointers alike; now they own it. */
static ad_status own_member(ad_context *ctx, const ad_option *o, void *to, const void *from)
{
    char *text = NULL;
    switch (o->type) {
    case AD_OPTION_TEXT:
    case AD_OPTION_FILE:
        text = *(char *const *)from;
        *(char **)to = text ? ad_string_copy(ctx, text) : NULL;
        return text && !*(char **)to ? AD_ERROR_MEMORY : AD_OK;
    case AD_OPTION_TEXTS: return copy_texts(ctx, to, from);
    case AD_OPTION_REALS: return copy_reals(ctx, to, from);
    default: return AD_OK;
    }
}

static void disown_member(const ad_option *o, void *member)
{
    if (o->type == AD_OPTION_TEXT || o->type == AD_OPTION_FILE) *(char **)member = NULL;
    if (o->type == AD_OPTION_TEXTS) *(ad_texts *)member = (ad_texts){0};
    if (o->type == AD_OPTION_REALS) *(ad_reals *)member = (ad_reals){0};
}

ad_status ad_record_copy(const ad_record *record, ad_context *ctx, void *to, const void *from)
{
    ad_status status = AD_OK;
    memcpy(to, from, record->size);
    for (const ad_option *o = record->options; o->name; ++o) disown_member(o, (char *)to + o->at);
    for (const ad_option *o = record->options; o->name && !status; ++o)
        status = own_member(ctx, o, (char *)to + o->at, (const char *)from + o->at);
    if (status) ad_record_free(record, ctx, to);
    return status;
}

static ad_status check_number(ad_context *ctx, const char *where, const ad_option *o, double value)
{
    char expected[AD_EXPECTED_BYTES];
    /* !(x) also refuses NaN */
    if (ad_option_in_range(o, value)) return AD_OK;
    return ad_fail(ctx, AD_ERROR_ARGUMENT, "%s: %s is %.10g, expected %s", where, o->name, value,
                   ad_option_expected(o, expected));
}

static ad_status check_choice(ad_context *ctx, const char *where, const ad_option *o, int which)
{
    char expected[AD_EXPECTED_BYTES];
    int count = count_choices(o->choices);
    if (which >= (o->initial ? 0 : -1) && which < count) return AD_OK;
    return ad_fail(ctx, AD_ERROR_ARGUMENT, "%s: %s is choice %d of %d, expected %s", where, o->name,
                   which, count, ad_option_expected(o, expected));
}

static ad_status check_member(ad_context *ctx, const char *where, const ad_option *o,
                              const void *member)
{
    const ad_reals *reals = member;
    ad_status status = AD_OK;
    switch (o->type) {
    case AD_OPTION_INT:
    case AD_OPTION_SIZE:
        if (!*(const int64_t *)member && may_be_unset(o)) return AD_OK;
        return check_number(ctx, where, o, (double)*(const int64_t *)member);
    case AD_OPTION_REAL:
        if (*(const double *)member == 0 && may_be_unset(o)) return AD_OK;
        return check_number(ctx, where, o, *(const double *)member);
    case AD_OPTION_REALS:
        for (int64_t i = 0; i < reals->count && !status; ++i)
            status = check_number(ctx, where, o, reals->at[i]);
        return status;
    case AD_OPTION_CHOICE: return check_choice(ctx, where, o, *(const int *)member);
    default: return AD_OK;
    }
}

ad_status ad_record_check(const ad_record *record, ad_context *ctx, const char *where,
                          const void *value)
{
    ad_status status = AD_OK;
    for (const ad_option *o = record->options; o->name && !status; ++o)
        status = check_member(ctx, where, o, (const char *)value + o->at);
    if (!status && record->check) status = record->check(ctx, where, value);
    return status;
}
