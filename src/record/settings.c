/* settings.c - several records as one. */
#include "record/option_value.h"
#include "base/context.h"
#include "base/nearest.h"

#include <string.h>

ad_status ad_settings_new(ad_settings **out, ad_context *ctx, const ad_record *const *records,
                          const ad_default *defaults)
{
    int count = 0;
    *out = NULL;
    while (records[count]) ++count;
    ad_settings *s = ad_zalloc(ctx, sizeof *s);
    ad_settings_part *part = ad_zalloc(ctx, (size_t)(count + 1) * sizeof *part);
    if (!s || !part) {
        ad_free(ctx, s, sizeof *s);
        ad_free(ctx, part, (size_t)(count + 1) * sizeof *part);
        return AD_ERROR_MEMORY;
    }
    *s = (ad_settings){.ctx = ctx, .part = part, .count = count, .defaults = defaults};
    ad_status status = AD_OK;
    for (int i = 0; i < count && !status; ++i) {
        part[i].record = records[i];
        if (!(part[i].value = ad_zalloc(ctx, records[i]->size)))
            status = AD_ERROR_MEMORY;
        else
            status = ad_record_init(records[i], ctx, part[i].value, defaults);
    }
    if (status)
        ad_settings_free(s);
    else
        *out = s;
    return status;
}

void ad_settings_free(ad_settings *s)
{
    if (!s) return;
    for (int i = 0; i < s->count && s->part[i].value; ++i) {
        ad_record_free(s->part[i].record, s->ctx, s->part[i].value);
        ad_free(s->ctx, s->part[i].value, s->part[i].record->size);
    }
    ad_free(s->ctx, s->part, (size_t)(s->count + 1) * sizeof *s->part);
    ad_free(s->ctx, s, sizeof *s);
}

void *ad_settings_value(const ad_settings *s, const ad_record *record)
{
    for (int i = 0; i < s->count; ++i)
        if (s->part[i].record == record) return s->part[i].value;
    return NULL;
}

const ad_option *ad_settings_find(const ad_settings *s, const char *name, ad_settings_part *part)
{
    for (int i = 0; i < s->count; ++i) {
        const ad_option *o = ad_record_find(s->part[i].record, name);
        if (!o) continue;
        if (part) *part = s->part[i];
        return o;
    }
    return NULL;
}

static ad_status unknown(const ad_settings *s, const char *name)
{
    const char *nearest = NULL;
    for (int i = 0; i < s->count; ++i) {
        const char *two[] = {ad_record_nearest(s->part[i].record, name), nearest};
        if (two[0]) nearest = ad_nearest(name, two, nearest ? 2 : 1);
    }
    return ad_record_unknown(s->ctx, name, nearest);
}

ad_status ad_settings_set(ad_settings *s, const char *name, const char *text)
{
    ad_settings_part part;
    if (!ad_settings_find(s, name, &part)) return unknown(s, name);
    return ad_record_set(part.record, s->ctx, part.value, name, text);
}

ad_status ad_settings_get(const ad_settings *s, const char *name, char **text)
{
    ad_settings_part part;
    *text = NULL;
    if (!ad_settings_find(s, name, &part)) return unknown(s, name);
    return ad_record_get(part.record, s->ctx, part.value, name, text);
}
