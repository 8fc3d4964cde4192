/* film.h - films in the verbs that belong to no system. */
#ifndef AD_CLI_FILM_H
#define AD_CLI_FILM_H

#include <autodidact/command.h>
#include <autodidact/film.h>

extern const ad_verb ad_cli_film_convert, ad_cli_film_flicker, ad_cli_film_flow;

/* Of info: what a film holds, after a look through the whole file. */
int ad_cli_info_film(ad_command *cmd, ad_context *ctx, const char *path);

#endif
