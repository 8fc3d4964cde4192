/* shell.h - words of a command that a person is shown, to be copied into a shell. */
#ifndef AD_BASE_SHELL_H
#define AD_BASE_SHELL_H

#include "base/text.h"

/* `word` as it is where a shell reads it as one word, else in quotes: 'my run', and $'a\033b'
 * (bash, zsh, POSIX 2024) where it holds what is not printable. */
void ad_text_shell(ad_text *text, const char *word);

#endif
