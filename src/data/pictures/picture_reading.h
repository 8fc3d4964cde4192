/* picture_reading.h - all threads read the pictures of a list, each with a context of its own
 * (whose memory is not that of the caller's allocator, which belongs to one thread).
 *
 * What goes wrong is kept as it was met: of the failures the one of the first picture is told,
 * whichever thread met it, and nothing is done again to learn it. */
#ifndef AD_DATA_PICTURES_PICTURE_READING_H
#define AD_DATA_PICTURES_PICTURE_READING_H

#include "data/pictures/picture_list.h"

typedef struct ad_picture_failure {
    int64_t picture;  /* its place in the list */
    ad_status status; /* AD_OK: there is none */
    char sentence[1024];
} ad_picture_failure;

typedef struct ad_picture_reader { /* a thread */
    ad_context *ctx;
    ad_picture_failure stop, skip; /* what ends the reading, and what is left out (skip_bad) */
} ad_picture_reader;

typedef struct ad_picture_reading {
    ad_image_set *set;
    ad_picture_list *list;
    ad_image_info *info;   /* per picture, its header */
    unsigned char *status; /* per picture, an ad_status */
    ad_picture_reader *reader;
    int readers;
} ad_picture_reading;

/* Does something with the picture `index`, called `title`, whose file is `content`. */
typedef ad_status (*ad_picture_work)(const ad_picture_reading *reading, ad_context *ctx,
                                     int64_t index, const char *title, const ad_content *content);

/* Free in any case. */
ad_status ad_picture_reading_init(ad_picture_reading *reading, ad_image_set *set,
                                  ad_picture_list *list);
void ad_picture_reading_free(ad_picture_reading *reading);
/* For every picture that did not fail before. Neither memory that is refused nor a wrong size
 * (AD_ERROR_SHAPE) makes a picture a broken one, which skip_bad leaves out. */
ad_status ad_picture_reading_each(ad_picture_reading *reading, ad_picture_work work);
/* Why the first of those that were left out was; NULL: none was. */
const char *ad_picture_reading_skipped(const ad_picture_reading *reading);

/* ---- picture_survey.c ---- */

/* Reads the headers, counts what they say into set->survey, and decides the set's size and
 * channels. */
ad_status ad_survey_pictures(ad_picture_reading *reading);

#endif
