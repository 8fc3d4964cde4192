/* split_name.c - the splits' names as people write them. */
#include "data/pictures/split_name.h"

#include <string.h>
#include <strings.h>

ad_split ad_split_of(const char *name, size_t length)
{
    static const struct {
        const char *name;
        ad_split split;
    } splits[] = {
        {"train", AD_SPLIT_TRAIN},    {"training", AD_SPLIT_TRAIN},
        {"test", AD_SPLIT_TEST},      {"testing", AD_SPLIT_TEST},
        {"val", AD_SPLIT_VALIDATION}, {"valid", AD_SPLIT_VALIDATION},
        {"dev", AD_SPLIT_VALIDATION}, {"validation", AD_SPLIT_VALIDATION},
    };
    for (size_t i = 0; i < sizeof splits / sizeof *splits; ++i)
        if (strlen(splits[i].name) == length && !strncasecmp(name, splits[i].name, length))
            return splits[i].split;
    return AD_SPLIT_NONE;
}

ad_split ad_split_wanted(const ad_image_set_options *options)
{
    return options->split ? ad_split_of(options->split, strlen(options->split)) : AD_SPLIT_TRAIN;
}
