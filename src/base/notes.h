/* notes.h - what a reader left out or guessed, told to whoever uses the context. */
#ifndef AD_BASE_NOTES_H
#define AD_BASE_NOTES_H

#include "base/context.h"

/* One sentence that names the file, as an error would. The same one is told once. */
void ad_note(ad_context *ctx, const char *format, ...) AD_PRINTF(2, 3);
/* NULL: nobody is told, which is how a context begins. */
void ad_context_set_notes(ad_context *ctx, void (*note)(void *user, const char *sentence),
                          void *user);

#endif
