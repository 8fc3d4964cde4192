/* apply_files.c - which pictures are painted, and where they go; films. */
#include "zoo/style/apply.h"

#include <autodidact/data.h>
#include <autodidact/run.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct works {
    ad_texts from;
    char **to; /* [from.count], NULL behind those that are known */
} works;

static ad_status take_name(style_apply *a, works *w, int64_t index, const char *path)
{
    w->to[index] = strdup(path);
    return w->to[index] ? AD_OK : ad_error_set(a->ctx, AD_ERROR_MEMORY, "out of memory for names");
}

static const char *base(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* FOLDER/NAME, in a format that is written: what cannot be becomes .png. */
static ad_status name_output(style_apply *a, const char *folder, works *w, int64_t index)
{
    char to[4096];
    const char *path = w->from.at[index], *name = base(path), *dot = strrchr(name, '.'),
               *slash = "/";
    static const char *const written[] = {".png", ".jpg", ".jpeg", ".webp"};
    bool keeps = false;
    for (int i = 0; i < 4; ++i) keeps = keeps || (dot && !strcasecmp(dot, written[i]));
    int stem = dot && !keeps ? (int)(dot - name) : (int)strlen(name);
    if (folder[strlen(folder) - 1] == '/') slash = "";
    if (snprintf(to, sizeof to, "%s%s%.*s%s", folder, slash, stem, name, keeps ? "" : ".png") >=
        (int)sizeof to)
        return ad_error_set(a->ctx, AD_ERROR_ARGUMENT, "%.64s...: the path is too long", folder);
    for (int64_t i = 0; i < index; ++i)
        if (!strcmp(w->to[i], to))
            return ad_error_set(a->ctx, AD_ERROR_ARGUMENT,
                                "%s and %s would both become %s: paint them apart", w->from.at[i],
                                path, to);
    if (!access(to, F_OK))
        return ad_error_set(a->ctx, AD_ERROR_ARGUMENT,
                            "%s: is there already; --output takes a folder without it", to);
    return take_name(a, w, index, to);
}

/* ---- standard input and output, called "-" ---- */

static bool streams(const char *path)
{
    return !strcmp(path, "-");
}

const char *style_apply_input(ad_command *cmd, int index)
{
    const char *path = ad_command_operand(cmd, index);
    return streams(path) ? "/dev/stdin" : path;
}

static int check_stream(style_apply *a, bool folder)
{
    if (a->inputs > 1 || folder)
        return ad_command_usage(a->cmd, "--output -: one picture is written to standard output");
    if (ad_command_json(a->cmd))
        return ad_command_usage(a->cmd, "--output - and --json would both be standard output");
    if (isatty(STDOUT_FILENO))
        return ad_command_usage(a->cmd, "--output -: standard output is a terminal; a picture is "
                                        "for a pipe or a file");
    return AD_EXIT_OK;
}

static ad_status write_stream(style_apply *a, const ad_image *image)
{
    unsigned char *bytes;
    size_t size;
    ad_status status = ad_image_encode(a->ctx, ".png", image, NULL, &bytes, &size);
    if (status) return status;
    (void)ad_command_write(a->cmd, (const char *)bytes, size); /* the command's end says it */
    free(bytes);
    return AD_OK;
}

static int list(style_apply *a, works *w)
{
    ad_watcher watcher = ad_command_watcher(a->cmd);
    const char *output = ad_command_text(a->cmd, "output"), *mask = ad_command_text(a->cmd, "mask");
    ad_status status = AD_OK;
    for (int i = 1; i <= a->inputs && !status; ++i)
        status = ad_image_files(a->ctx, style_apply_input(a->cmd, i), &w->from, &watcher);
    if (!status && !(w->to = calloc((size_t)w->from.count + 1, sizeof *w->to)))
        status = ad_error_set(a->ctx, AD_ERROR_MEMORY, "out of memory for names");
    if (status) return ad_command_check(a->cmd, status);
    struct stat about;
    bool folder = !stat(ad_command_operand(a->cmd, 1), &about) && S_ISDIR(about.st_mode);
    if (streams(output)) {
        int code = check_stream(a, folder);
        return code ? code : ad_command_check(a->cmd, take_name(a, w, 0, output));
    }
    if (a->inputs == 1 && !folder) {
        int code = vision_check_output(a->cmd, &mask, 1);
        return code ? code : ad_command_check(a->cmd, take_name(a, w, 0, output));
    }
    bool is = !stat(output, &about), is_folder = is && S_ISDIR(about.st_mode);
    if (!is_folder && (film_named(output) || (!is && !ad_image_can_write(a->ctx, output))))
        return ad_command_fail(a->cmd,
                               "%s: is the name of one picture or film, and several pictures want "
                               "a folder",
                               output);
    if (is && !is_folder)
        return ad_command_fail(a->cmd, "%s: is no folder, and several pictures want one", output);
    for (int64_t i = 0; i < w->from.count && !status; ++i) status = name_output(a, output, w, i);
    if (!status) status = ad_run_make_folder(a->ctx, output);
    return ad_command_check(a->cmd, status);
}

static ad_status one(style_apply *a, const char *path, const char *output)
{
    ad_image *image;
    ad_status status = ad_image_read(a->ctx, path, &(ad_image_read_options){.channels = 3}, &image);
    if (status) return status;
    if (image->note[0]) ad_command_note(a->cmd, "%s: %s", path, image->note);
    status = style_apply_paint(a, &image, path);
    if (!status)
        status = streams(output) ? write_stream(a, image)
                                 : ad_image_write(a->ctx, output, image, NULL);
    ad_image_free(image);
    return status;
}

static ad_status paint_all(style_apply *a, const works *w, int64_t *done)
{
    ad_status status = AD_OK;
    for (*done = 0; *done < w->from.count && !status;) {
        status = one(a, w->from.at[*done], w->to[*done]);
        if (status) break;
        ++*done;
        if (w->from.count > 1)
            ad_command_progress(a->cmd, &(ad_progress){.step = *done,
                                                       .steps = w->from.count,
                                                       .part = base(w->from.at[*done - 1])});
        if (ad_command_interrupted(a->cmd)) break;
    }
    return status;
}

static void say_end(style_apply *a, const works *w, int64_t done)
{
    const char *output = ad_command_text(a->cmd, "output");
    double seconds = ad_command_seconds(a->cmd);
    if (ad_command_json(a->cmd)) {
        ad_json_begin(a->cmd, "done");
        ad_json_text(a->cmd, "output", output);
        ad_json_int(a->cmd, "pictures", done);
        ad_json_real(a->cmd, "seconds", seconds);
        ad_json_end(a->cmd);
    } else if (w->from.count == 1)
        ad_command_note(a->cmd, "%s: %.2f s", streams(output) ? "standard output" : output,
                        seconds);
    else
        ad_command_note(a->cmd, "%s: %lld of %lld pictures, %.1f s, %.2f a second", output,
                        (long long)done, (long long)w->from.count, seconds,
                        seconds > 0 ? (double)done / seconds : 0);
}

/* Options of films given for pictures would do nothing. */
static int refuse_film_options(style_apply *a)
{
    static const char *const names[] = {"steady", "from", "to", "fps", "crf", "no-sound"};
    for (size_t i = 0; i < sizeof names / sizeof *names; ++i)
        if (ad_command_given(a->cmd, names[i]))
            return ad_command_usage(a->cmd, "--%s is for films, and %s is none", names[i],
                                    ad_command_operand(a->cmd, 1));
    return AD_EXIT_OK;
}

int style_apply_pictures(style_apply *a)
{
    works w = {0};
    int64_t done = 0;
    int code = refuse_film_options(a);
    if (!code) code = list(a, &w);
    if (!code) {
        (void)ad_command_interrupted(a->cmd); /* from here on Ctrl-C ends after a picture */
        ad_command_start(a->cmd);
        code = ad_command_check(a->cmd, paint_all(a, &w, &done));
        if (!code || done) say_end(a, &w, done);
    }
    for (int64_t i = 0; w.to && i < w.from.count; ++i) free(w.to[i]);
    free(w.to);
    ad_texts_free(a->ctx, &w.from);
    return code;
}

/* ---- films ---- */

static ad_status paint_frame(void *user, ad_image **image)
{
    style_apply *a = user;
    return style_apply_paint(a, image, ad_command_operand(a->cmd, 1));
}

static int begin_film(void *user, const ad_film_info *info)
{
    return film_masks_begin(((style_apply *)user)->masks, info);
}

int style_apply_film(style_apply *a)
{
    const char *mask = ad_command_text(a->cmd, "mask");
    int code = vision_check_not_input(a->cmd, &mask, 1);
    if (!code && ad_command_real(a->cmd, "steady") > 0)
        code = ad_command_check(a->cmd, film_follow_new(&a->follow, a->ctx, NULL));
    if (code) return code;
    code = film_frames(a->cmd, style_apply_input(a->cmd, 1), ad_command_text(a->cmd, "output"),
                       &(film_work){.begin = begin_film, .frame = paint_frame, .user = a});
    return code ? code : ad_command_check(a->cmd, film_masks_end(a->masks));
}
