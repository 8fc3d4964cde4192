/* graph_classes.c - classes by name: those that a file has, in an order that does not depend on
 * where they stand in it. */
#include "data/graphs/graph_set.h"

#include <stdlib.h>
#include <string.h>

static bool whole_number(const char *text, long *number)
{
    char *end;
    size_t length = strlen(text);
    *number = length && length <= 9 ? strtol(text, &end, 10) : 0;
    return length && length <= 9 && !*end;
}

/* Numbers by size, other names by their bytes. */
static int by_name(const void *a, const void *b)
{
    const char *x = *(const char *const *)a, *y = *(const char *const *)b;
    long i, j;
    if (whole_number(x, &i) && whole_number(y, &j)) return (i > j) - (i < j);
    return strcmp(x, y);
}

static ad_status sort_classes(ad_graph_set *set, const ad_name_table *met)
{
    int count = (int)met->count;
    const char **sorted = ad_alloc(set->ctx, ad_bytes(count, sizeof *sorted));
    if (!sorted) return AD_ERROR_MEMORY;
    for (int i = 0; i < count; ++i) sorted[i] = ad_name_text(met, i);
    qsort(sorted, (size_t)count, sizeof *sorted, by_name);
    ad_status status = ad_graph_set_classes(set, sorted, count);
    ad_free(set->ctx, sorted, ad_bytes(count, sizeof *sorted));
    return status;
}

static ad_status add_name(ad_name_table *names, const char *text)
{
    return ad_name_add(names, text, strlen(text)) < 0 ? ad_error_status(names->ctx) : AD_OK;
}

ad_status ad_graph_name_classes(ad_graph_set *set, ad_name_table *met, const char *path,
                                const ad_graph_set *like)
{
    ad_name_table ordered;
    ad_status status = like ? ad_graph_set_classes(set, (const char *const *)like->class_names,
                                                   like->classes)
                            : sort_classes(set, met);
    ad_name_table_init(&ordered, set->ctx);
    for (int i = 0; !status && i < set->classes; ++i)
        status = add_name(&ordered, set->class_names[i]);
    for (int64_t i = 0; !status && i < met->count; ++i) {
        const char *name = ad_name_text(met, i);
        if (ad_name_find(&ordered, name, strlen(name)) < 0)
            status = ad_fail(set->ctx, AD_ERROR_FORMAT, "%s: class %.60s is not a known one", path,
                             name);
    }
    ad_name_table_free(met);
    *met = ordered;
    return status;
}
