/* info_film.c - `autodidact info FILM`: size, rate, length, codec, colours and sound of a video
 * file or an animation, counted. */
#include "cli/film.h"

#include <autodidact/table.h>

static double rate_of(const ad_film_info *info)
{
    return (double)info->fps_num / (double)info->fps_den;
}

static void print_json(ad_command *cmd, const char *path, const ad_film_info *info)
{
    ad_json_begin(cmd, "film");
    ad_json_text(cmd, "file", path);
    ad_json_text(cmd, "format", info->format);
    ad_json_text(cmd, "codec", info->codec);
    ad_json_text(cmd, "pixels", info->pixels);
    ad_json_int(cmd, "bit_depth", info->bit_depth);
    ad_json_int(cmd, "width", info->width);
    ad_json_int(cmd, "height", info->height);
    ad_json_int(cmd, "rotation", info->rotation);
    ad_json_bool(cmd, "mirrored", info->mirrored);
    ad_json_text(cmd, "colours", info->colours);
    ad_json_bool(cmd, "colours_guessed", info->colours_guessed);
    ad_json_bool(cmd, "full_range", info->full_range);
    ad_json_bool(cmd, "alpha", info->alpha);
    ad_json_real(cmd, "fps", rate_of(info));
    ad_json_ints(cmd, "rate", (const int64_t[]){info->fps_num, info->fps_den}, 2);
    ad_json_bool(cmd, "variable_rate", info->variable_rate);
    ad_json_int(cmd, "frames", info->frames);
    ad_json_real(cmd, "seconds", info->seconds);
    ad_json_bool(cmd, "counted", info->counted);
    ad_json_text(cmd, "audio", info->audio);
    ad_json_int(cmd, "audio_rate", info->audio_rate);
    ad_json_int(cmd, "audio_channels", info->audio_channels);
    ad_json_end(cmd);
}

static void print_text(ad_command *cmd, const char *path, const ad_film_info *info)
{
    char seconds[32], rate[32], text[32];
    ad_command_print(cmd, "%s: %s, %lld x %lld, %lld frame%s, %s\n", path, info->format,
                     (long long)info->width, (long long)info->height, (long long)info->frames,
                     info->frames == 1 ? "" : "s",
                     ad_seconds_text(info->seconds, seconds, sizeof seconds));
    ad_command_print(cmd, "  pictures: %s, %s, %d bit, %s%s, %s\n", info->codec, info->pixels,
                     info->bit_depth, info->colours, info->colours_guessed ? " (guessed)" : "",
                     info->full_range ? "full range" : "limited range");
    if (info->fps_den == 1 || info->variable_rate)
        ad_number_text(rate_of(info), 5, rate, sizeof rate);
    else
        snprintf(rate, sizeof rate, "%s (%lld/%lld)",
                 ad_number_text(rate_of(info), 5, text, sizeof text), (long long)info->fps_num,
                 (long long)info->fps_den);
    ad_command_print(cmd, "  %s frames a second%s\n", rate,
                     info->variable_rate ? " in the mean: they are not equally far apart" : "");
    if (info->rotation || info->mirrored)
        ad_command_print(cmd, "  turned by %d degrees%s (the size above is as shown)\n",
                         info->rotation, info->mirrored ? " and mirrored" : "");
    if (info->alpha) ad_command_print(cmd, "  its pixels may be transparent\n");
    if (info->audio[0])
        ad_command_print(cmd, "  sound: %s, %d Hz, %d channel%s\n", info->audio, info->audio_rate,
                         info->audio_channels, info->audio_channels == 1 ? "" : "s");
    else
        ad_command_print(cmd, "  no sound\n");
    if (!info->counted)
        ad_command_print(cmd, "  frames and length are estimates: they cannot be counted\n");
}

int ad_cli_info_film(ad_command *cmd, ad_context *ctx, const char *path)
{
    ad_film *film;
    ad_status status = ad_film_open(ctx, path, &(ad_film_options){.count = true, .ahead = 1},
                                    &film);
    if (status) return ad_command_check(cmd, status);
    if (ad_command_json(cmd))
        print_json(cmd, path, ad_film_get_info(film));
    else
        print_text(cmd, path, ad_film_get_info(film));
    ad_film_free(film);
    return AD_EXIT_OK;
}
