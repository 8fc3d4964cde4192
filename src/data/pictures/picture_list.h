/* picture_list.h - which picture files a set has and what they show, before they are decoded. */
#ifndef AD_DATA_PICTURES_PICTURE_LIST_H
#define AD_DATA_PICTURES_PICTURE_LIST_H

#include "base/name_table.h"
#include "data/pictures/image_set.h"
#include "data/pictures/unread.h"

typedef struct ad_picture {
    int64_t entry;        /* in the source */
    int32_t label, group; /* numbers in the tables below */
} ad_picture;

typedef struct ad_picture_list {
    ad_context *ctx;
    const ad_source *source;
    const char *path; /* the source's, for errors */
    const ad_image_set_options *options;
    ad_picture *pictures; /* room for one per entry of the source */
    int64_t count, skipped;
    char first_skipped[256];       /* why the first was; "" if none was */
    int64_t unlabelled;            /* pictures that no row of the table names */
    ad_unread unread;              /* pictures in the places where it looked */
    ad_name_table classes, groups; /* no groups: none are known */
} ad_picture_list;

/* [SPLIT/]CLASS/.../PICTURE, below whatever folders all pictures share. */
ad_status ad_list_class_folders(ad_picture_list *list);
/* All pictures of the source as one class, where there are no class folders. */
ad_status ad_list_loose_pictures(ad_picture_list *list);
/* Whether it is called as tables are: .csv, .tsv. */
bool ad_is_table(const char *name);
/* The table of labels, an entry of the source; -1: there is none, or several and none by name. */
int64_t ad_find_label_table(const ad_source *source);
int64_t ad_count_tables(const ad_source *source);
ad_status ad_list_label_table(ad_picture_list *list, int64_t table);

#endif
