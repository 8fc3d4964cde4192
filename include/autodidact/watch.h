/* watch.h - who follows long work: a command on a terminal, a page, a test, another program.
 *
 * Stability: experimental (base.h says what that means). */
#ifndef AUTODIDACT_WATCH_H
#define AUTODIDACT_WATCH_H

#include <autodidact/metrics.h>

#ifdef __cplusplus
extern "C" {
#endif

/* How far it is. Work in parts of unequal cost (the sizes of a picture, one after the other) says
 * what part it is in, and how much of all the work is done in units of its own (pixels times
 * steps): the time left follows from that. */
typedef struct ad_progress {
    int64_t step, steps; /* steps 0: unknown */
    const char *counted; /* what a step is: "frames"; NULL: steps */
    const ad_metric *metrics;
    int count;
    const char *unit;    /* of the rate: "tokens"; NULL: steps */
    double rate;         /* units per second; 0: unknown */
    double seconds_left; /* negative: unknown; where `whole` is given it is not looked at */
    double done, whole;  /* of the work; whole 0: not known */
    const char *part;    /* "256 x 256, 2 of 3"; NULL: there is one */
    size_t memory;       /* bytes; 0: unknown */
    bool notable;        /* worth a line where there is no live one */
} ad_progress;

/* Every member may be NULL. Called by the thread that does the work. */
typedef struct ad_watcher {
    void (*start)(void *user); /* the clock of the work starts */
    void (*progress)(void *user, const ad_progress *progress);
    void (*note)(void *user, const char *sentence); /* what a person should know */
    bool (*interrupted)(void *user);                /* true: stop, and save what there is */
    void *user;
} ad_watcher;

AD_API void ad_watch_note(const ad_watcher *watcher, const char *format, ...) AD_PRINTF(2, 3);
AD_API bool ad_watch_interrupted(const ad_watcher *watcher);

#ifdef __cplusplus
}
#endif
#endif
