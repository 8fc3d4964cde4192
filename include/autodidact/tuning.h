/* tuning.h - `--tune` and `--wisdom FILE`: kernels by measurement instead of estimates.
 *
 * A verb with the rows AD_OPTION_TUNE that computes between these two calls
 *
 *     ad_tuning *tuning;
 *     int exit = ad_tuning_open(&tuning, cmd);
 *     return exit ? exit : ad_tuning_close(tuning, make(cmd));
 *
 * compiles its programs with wisdom (wisdom.h). --tune: with the winners that the file knows, and
 * what it does not know is measured and remembered in it. --wisdom alone: the file is read and
 * nothing is measured. Neither: no file is read, so that the same command computes the same bits
 * every time. The file is --wisdom's, else $XDG_CACHE_HOME/autodidact/wisdom, else
 * ~/.cache/autodidact/wisdom.
 *
 * Stability: experimental (base.h says what that means). */
#ifndef AUTODIDACT_TUNING_H
#define AUTODIDACT_TUNING_H

#include <autodidact/command.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ad_tuning ad_tuning;

/* clang-format off */
#define AD_OPTION_TUNE \
    {.name = "tune", .type = AD_OPTION_FLAG, .process = true, .help = "measure which kernels are the fastest, and remember it"}, \
    {.name = "wisdom", .type = AD_OPTION_FILE, .process = true, .help = "where that is remembered, else the user's cache; without --tune it is only read"}
/* clang-format on */

/* 0, with NULL where neither option is given; else an exit status (reported). */
AD_API int ad_tuning_open(ad_tuning **tuning, ad_command *cmd);
/* Writes what was measured into the file and, without --quiet, says how much that was. Frees it;
 * NULL is ignored. Returns `status`, or AD_EXIT_FAILURE if that is 0 and the file could not be
 * written. */
AD_API int ad_tuning_close(ad_tuning *tuning, int status);
/* `work` between these two, and between those of profile.h: of a verb that has AD_OPTION_PROFILE
 * and AD_OPTION_TUNE. Returns its exit status, or that of what failed. */
AD_API int ad_tuning_run(ad_command *cmd, int (*work)(ad_command *cmd));

#ifdef __cplusplus
}
#endif
#endif
