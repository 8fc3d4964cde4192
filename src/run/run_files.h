/* run_files.h - which files a run's folder holds, and what may be done to all of them.
 *
 * A folder may come from anybody. What has the name of a file of a run must be one: a symbolic link
 * would be read and written wherever it points to, a pipe would be waited for. So a folder is
 * checked once, as a whole, before anything in it is opened. What has another name is not the
 * run's, and is left alone. */
#ifndef AD_RUN_RUN_FILES_H
#define AD_RUN_RUN_FILES_H

#include "run/run.h"

#include <sys/stat.h>

/* Whether a step has been made there, or a part's: a checkpoint after the first, a logged number,
 * best weights. */
bool ad_run_has_begun(ad_context *ctx, const char *run_path);

/* ---- each file ---- */

typedef enum ad_run_owned {
    AD_RUN_NOT_OWNED, /* by its name */
    AD_RUN_OWN_FILE,
    AD_RUN_OWN_FOLDER, /* checkpoints, samples */
    AD_RUN_OWN_PART    /* seed-1, fold-0: a run */
} ad_run_owned;
typedef enum ad_run_place { AD_RUN_TOP, AD_RUN_CHECKPOINTS, AD_RUN_SAMPLES } ad_run_place;

typedef struct ad_run_entry {
    ad_run_place where;
    ad_run_owned kind;
    const char *name, *path; /* path: all of it */
    int folder;              /* the descriptor of what it lies in */
    struct stat about;       /* of itself where it is a link */
    bool of_part;            /* lies in a part */
} ad_run_entry;

typedef struct ad_run_walk {
    ad_context *ctx;
    ad_status (*visit)(struct ad_run_walk *walk, const ad_run_entry *entry);
    void *user;
    bool alone; /* without the parts */
} ad_run_walk;

/* Visits all that lies in a run, in what it owns: what is in a folder before the folder. What else
 * lies there is visited and not entered. AD_ERROR_NOT_FOUND: there is no such folder. */
ad_status ad_run_walk_files(ad_run_walk *walk, const char *run_path);
/* Whether it is what its name says: a plain file, a folder. */
bool ad_run_is_own(const ad_run_entry *entry);
/* The length of NAME of NAME.PID-N.tmp, which base/file.c writes to before it renames; 0: it is not
 * of that form. */
size_t ad_run_half_written(const char *name);

/* ---- run_remove.c ---- */

/* Removes what a run that has not begun left, but its lock, so that another can begin there. */
ad_status ad_run_clear(ad_context *ctx, const char *run_path);

#endif
