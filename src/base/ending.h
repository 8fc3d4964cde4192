/* ending.h - what a file's name ends in. */
#ifndef AD_BASE_ENDING_H
#define AD_BASE_ENDING_H

#include <stdbool.h>
#include <string.h>
#include <strings.h>

/* Whether something stands before `ending` (".npy"). */
static inline bool ad_ends_with(const char *name, const char *ending)
{
    size_t length = strlen(name), wanted = strlen(ending);
    return length > wanted && !strcmp(name + length - wanted, ending);
}

/* The same for what people name: .CSV is .csv. */
static inline bool ad_ends_with_any_case(const char *name, const char *ending)
{
    size_t length = strlen(name), wanted = strlen(ending);
    return length > wanted && !strcasecmp(name + length - wanted, ending);
}

#endif
