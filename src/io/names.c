/* names.c - the sorted list of a file's tensor names: finding one, and seeing that none occurs
 * twice. */
#include "io/weights.h"

#include <stdlib.h>
#include <string.h>

static int compare(const void *a, const void *b)
{
    const ad_name_row *x = a, *y = b;
    int order = strcmp(x->name, y->name);
    return order ? order : (x->index > y->index) - (x->index < y->index);
}

const char *ad_names_sort(ad_name_row *rows, int count)
{
    if (count > 1) qsort(rows, (size_t)count, sizeof *rows, compare);
    for (int i = 1; i < count; ++i)
        if (!strcmp(rows[i - 1].name, rows[i].name)) return rows[i].name;
    return NULL;
}

int ad_names_find(const ad_name_row *rows, int count, const char *name)
{
    int low = 0, high = count;
    while (low < high) {
        int middle = low + (high - low) / 2, order = strcmp(rows[middle].name, name);
        if (!order) return rows[middle].index;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return -1;
}
