/* folder_walk.h - all files below a folder. Whatever looks through folders does it here.
 *
 * Each folder is visited once, whatever symbolic links lead to it: first those that truly lie
 * there, then what links lead to. Hidden names (ad_hidden_name) are left out; so is what is neither
 * a folder nor a regular file. What else is left out is said in a note. */
#ifndef AD_IO_FOLDER_WALK_H
#define AD_IO_FOLDER_WALK_H

#include "base/context.h"

typedef struct ad_folder_walk {
    void *user;
    /* `path` can be opened; `name` is the part of it below the folder: "a/b.png" */
    ad_status (*file)(void *user, const char *path, const char *name);
    ad_status (*folder)(void *user, const char *name); /* "a/"; NULL: is not told */
    bool flat;                                         /* not the folders below it */
} ad_folder_walk;

/* In no particular order. An error of a function ends the walk. */
ad_status ad_walk_folder(ad_context *ctx, const char *path, const ad_folder_walk *walk);

/* Whether a part of the path begins with a dot, or is what systems leave beside one's own files
 * (__MACOSX, Thumbs.db, desktop.ini). In an archive as in a folder, it is none of the data. */
bool ad_hidden_name(const char *name);

#endif
