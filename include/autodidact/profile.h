/* profile.h - `--profile FILE`: where the time of a verb's programs goes.
 *
 * A verb with the row AD_OPTION_PROFILE that computes between these two calls
 *
 *     ad_profile *profile;
 *     int exit = ad_profile_open(&profile, cmd);
 *     return exit ? exit : ad_profile_close(profile, make(cmd));
 *
 * writes, if asked, a trace of runs 3 to 12 of each of its programs that ui.perfetto.dev and
 * chrome://tracing show (the Trace Event Format of Chromium: complete events on one track a
 * program), and tells people which kernels were the longest. Limits are those of
 * ad_measure_peaks.
 *
 * Stability: experimental (base.h says what that means). */
#ifndef AUTODIDACT_PROFILE_H
#define AUTODIDACT_PROFILE_H

#include <autodidact/command.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ad_profile ad_profile;

/* clang-format off */
#define AD_OPTION_PROFILE {.name = "profile", .type = AD_OPTION_FILE, .process = true, .help = "write when each kernel ran, for ui.perfetto.dev or chrome://tracing"}
/* clang-format on */

/* Begins to watch the programs of the command's context. 0 with NULL where --profile is not given;
 * an exit status (reported) where the file could not be written, before anything is done. */
AD_API int ad_profile_open(ad_profile **profile, ad_command *cmd);
/* Writes the file and, without --json and --quiet, prints the ten longest kernels on standard
 * error. Frees it; NULL is ignored. Returns `status`, or AD_EXIT_FAILURE if that is 0 and the file
 * could not be written. */
AD_API int ad_profile_close(ad_profile *profile, int status);

#ifdef __cplusplus
}
#endif
#endif
