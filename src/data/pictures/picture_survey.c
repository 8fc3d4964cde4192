/* picture_survey.c - what the headers of a set's pictures say, what the set is then made of, and
 * what is told of it. */
#include "data/pictures/picture_reading.h"

#include <stdio.h>

/* ---- headers ---- */

static ad_status probe(const ad_picture_reading *r, ad_context *ctx, int64_t i, const char *title,
                       const ad_content *content)
{
    return ad_image_probe_memory(ctx, title, content->bytes, content->size, &r->info[i]);
}

static void note_size(int64_t size[2], const ad_image_info *info, bool largest)
{
    double pixels = (double)info->width * (double)info->height,
           most = (double)size[0] * (double)size[1];
    if (size[0] && (largest ? pixels <= most : pixels >= most)) return;
    size[0] = info->width, size[1] = info->height;
}

static void count_header(ad_image_survey *s, const ad_image_info *info)
{
    ++s->pictures;
    ++*(info->channels < 3 ? &s->grey : &s->colour);
    s->alpha += info->channels == 2 || info->channels == 4;
    s->deep += info->bit_depth > 8;
    s->cmyk += info->is_cmyk;
    s->profiled += info->has_icc;
    s->animated += info->is_animated;
    note_size(s->smallest, info, false);
    note_size(s->largest, info, true);
}

/* ---- the set's size ---- */

static ad_status one_size(const ad_picture_reading *r, int64_t first)
{
    const ad_image_info *a = &r->info[first];
    for (int64_t i = first; i < r->list->count; ++i) {
        const ad_image_info *b = &r->info[i];
        char title[512];
        if (r->status[i] || (a->width == b->width && a->height == b->height)) continue;
        ad_source_title(r->list->source, r->list->pictures[i].entry, title, sizeof title);
        return ad_fail(r->set->ctx, AD_ERROR_SHAPE,
                       "%s: is %lld x %lld, the first picture %lld x %lld; --size makes all equal",
                       title, (long long)b->width, (long long)b->height, (long long)a->width,
                       (long long)a->height);
    }
    return AD_OK;
}

static void count_resized(ad_image_set *set, const ad_image_info *info)
{
    if (info->width == set->width && info->height == set->height) return;
    ++set->survey.resized;
    /* by more than rounding to whole pixels would */
    double height = (double)info->height * (double)set->width / (double)info->width;
    double off = height - (double)set->height;
    set->survey.stretched += off > 1 || off < -1;
}

ad_status ad_survey_pictures(ad_picture_reading *r)
{
    ad_image_set *set = r->set;
    const ad_image_set_options *o = r->list->options;
    ad_status status = ad_picture_reading_each(r, probe);
    if (status) return status;
    int64_t first = -1;
    for (int64_t i = r->list->count; i-- > 0;) {
        if (r->status[i]) continue;
        count_header(&set->survey, &r->info[i]);
        first = i;
    }
    if (first < 0)
        return ad_fail(set->ctx, AD_ERROR_FORMAT, "%s: no picture can be read; the first: %s",
                       r->list->path, ad_picture_reading_skipped(r));
    if (!o->height || !o->width) status = one_size(r, first);
    set->height = o->height ? o->height : r->info[first].height;
    set->width = o->width ? o->width : r->info[first].width;
    set->survey.centred = o->short_side > 0;
    set->channels = o->channels ? o->channels : set->survey.colour ? 3 : 1;
    for (int64_t i = 0; i < r->list->count; ++i)
        if (!r->status[i]) count_resized(set, &r->info[i]);
    return status;
}

/* ---- what is told ---- */

static void tell_resized(const ad_image_set *set, const char *name, const ad_watcher *watcher)
{
    const ad_image_survey *s = &set->survey;
    char sizes[96];
    bool alike = s->smallest[0] == s->largest[0] && s->smallest[1] == s->largest[1];
    snprintf(sizes, sizeof sizes, alike ? "%lld x %lld" : "%lld x %lld to %lld x %lld",
             (long long)s->smallest[0], (long long)s->smallest[1], (long long)s->largest[0],
             (long long)s->largest[1]);
    if (s->centred)
        return ad_watch_note(watcher, "%s: of %lld pictures the centre of %lld x %lld was taken",
                             name, (long long)s->pictures, (long long)set->width,
                             (long long)set->height);
    ad_watch_note(watcher, "%s: %lld of %lld pictures %s resized to %lld x %lld (from %s%s)", name,
                  (long long)s->resized, (long long)s->pictures, s->resized == 1 ? "was" : "were",
                  (long long)set->width, (long long)set->height, sizes,
                  s->stretched ? ", without keeping their proportions" : "");
}

void ad_image_set_tell(const ad_image_set *set, const char *name, const ad_watcher *watcher)
{
    const ad_image_survey *s = &set->survey;
    const struct {
        int64_t count;
        const char *one, *many;
    } facts[] = {
        {set->channels == 3 ? s->grey : 0, "is grey and was widened to colour",
         "are grey and were widened to colour"},
        {set->channels == 1 ? s->colour : 0, "is in colour and was made grey",
         "are in colour and were made grey"},
        {s->alpha, "has transparency and was laid on white",
         "have transparency and were laid on white"},
        {s->deep, "has more than 8 bits a sample, of which 8 were kept",
         "have more than 8 bits a sample, of which 8 were kept"},
        {s->cmyk, "is in CMYK and was converted without a profile",
         "are in CMYK and were converted without a profile"},
        {s->profiled, "has a colour profile other than sRGB, which was ignored",
         "have a colour profile other than sRGB, which was ignored"},
        {s->animated, "is animated: its first frame was taken",
         "are animated: their first frames were taken"},
    };
    for (size_t i = 0; i < sizeof facts / sizeof *facts; ++i)
        if (facts[i].count)
            ad_watch_note(watcher, "%s: %lld of %lld pictures %s", name, (long long)facts[i].count,
                          (long long)s->pictures,
                          facts[i].count == 1 ? facts[i].one : facts[i].many);
    if (s->resized) tell_resized(set, name, watcher);
    if (s->unlabelled)
        ad_watch_note(watcher,
                      "%s: left out: %lld picture%s that the table of labels does not name", name,
                      (long long)s->unlabelled, s->unlabelled == 1 ? "" : "s");
    if (*s->unread_text) ad_watch_note(watcher, "%s: left out: %s", name, s->unread_text);
    if (set->skipped)
        ad_watch_note(watcher, "%s: %lld broken picture%s left out%s: %s", name,
                      (long long)set->skipped, set->skipped == 1 ? " was" : "s were",
                      set->skipped == 1 ? "" : ", the first", s->skipped);
}
