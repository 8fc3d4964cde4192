/* class_match.c - which class of a published network a class of pictures is. People call their
 * folders by ImageNet's numbers, by its words or by its wnids; the last say nothing alone, but all
 * of them in order are the classes in order. */
#include "zoo/classify/classify.h"
#include "zoo/vision/imagenet.h"

#include <stdlib.h>
#include <string.h>

static bool is_wnid(const char *name)
{
    return strlen(name) == 9 && *name == 'n' && strspn(name + 1, "0123456789") == 8;
}

static int64_t by_word(const classify_model *m, const char *name)
{
    for (int64_t i = 0; i < m->classes.count; ++i)
        if (vision_same_word(m->classes.at[i], name)) return i;
    return -1;
}

static bool all_wnids(const ad_image_set *set, const classify_model *m)
{
    if (set->classes != m->classes.count && set->classes + 1 != m->classes.count) return false;
    for (int i = 0; i < set->classes; ++i)
        if (!is_wnid(set->class_names[i])) return false;
    return true;
}

static ad_status not_found(ad_context *ctx, const char *path, const char *name,
                           const classify_model *m)
{
    const char *nearest = ad_nearest(name, (const char *const *)m->classes.at,
                                     (int)m->classes.count);
    return ad_error_set(ctx, AD_ERROR_FORMAT,
                        "%s: the network has no class \"%s\"%s%s%s; expected numbers of 0 to %lld, "
                        "the classes' names, or all of their wnids",
                        path, name, nearest ? " (did you mean " : "", nearest ? nearest : "",
                        nearest ? "?)" : "", (long long)m->classes.count - 1);
}

ad_status classify_match(ad_context *ctx, ad_image_set *set, const char *path,
                         const classify_model *m)
{
    bool wnids = all_wnids(set, m);
    int64_t *to = malloc((size_t)set->classes * sizeof *to);
    if (!to) return ad_error_set(ctx, AD_ERROR_MEMORY, "out of memory");
    ad_status status = AD_OK;
    for (int i = 0; i < set->classes && !status; ++i) {
        const char *name = set->class_names[i];
        to[i] = wnids ? i + (m->classes.count - set->classes) : by_word(m, name);
        if (to[i] < 0) to[i] = vision_class_number(m->classes.count, name);
        if (to[i] < 0) status = not_found(ctx, path, name, m);
    }
    for (int64_t i = 0; i < set->count && !status; ++i)
        set->labels[i] = (int32_t)to[set->labels[i]];
    free(to);
    return status;
}
