/* unfinished.h - the temporary files of outputs that are being written, so that a process which a
 * signal ends can take them with it.
 *
 * One list for the process, since a signal's handler knows nothing else. */
#ifndef AD_BASE_UNFINISHED_H
#define AD_BASE_UNFINISHED_H

/* Lists a file and gives its number there; `path` must stay until it is taken off. -1: the list is
 * full, and the file would stay behind. */
int ad_unfinished_add(const char *path);
void ad_unfinished_drop(int number); /* takes it off; -1 is ignored */

/* Removes all that are listed. For a handler (it is async-signal-safe) that then ends the process:
 * whoever still writes one of them waits for that. */
void ad_unfinished_remove(void);

#endif
