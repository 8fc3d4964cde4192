/* runs_film.c - `autodidact runs film RUN`: the pictures that a run left at its evaluations, as a
 * film of its training, or side by side. */
#include "cli/runs.h"
#include "cli/verbs.h"
#include "zoo/film/of_pictures.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    SHEET_WIDTH = 320, /* of a picture of a sheet, at most, if nobody says */
    OF_SHEET = 12,     /* pictures; likewise */
    SHEET_MOST = 1024,
    FRAMES_KEPT = 24, /* of a GIF: it is made smaller instead */
    ENLARGED = 224,   /* pixels to which smaller pictures are enlarged */
    CAPTION = 48,
};
static const double last_seconds = 2;

typedef struct training {
    ad_command *cmd;
    ad_context *ctx;
    const char *run, *output;
    ad_run_samples samples;
    const ad_run_sample *at;           /* the series, */
    int *chosen, count;                /*   and of it those that are shown */
    int64_t width, height;             /* to which pictures are fitted; 0: as they are */
    int64_t inner_width, inner_height; /* of the last one as it is */
    int other_sizes;
} training;

/* ---- which pictures ---- */

static bool pictures_at(const training *t, int from)
{
    return t->samples.at[from].kind == AD_RUN_PICTURE && t->samples.at[from].step >= 0;
}

/* "made (12), mistaken (3)" */
static void list_series(const training *t, char *text, size_t size)
{
    size_t used = 0;
    text[0] = 0;
    for (int from = 0, next; from < t->samples.count && used < size; from = next) {
        next = ad_run_samples_next(&t->samples, from);
        if (pictures_at(t, from))
            used += (size_t)snprintf(text + used, size - used, "%s%s (%d)", used ? ", " : "",
                                     t->samples.at[from].name, next - from);
    }
}

static int no_pictures(const training *t, const ad_run_info *info)
{
    if (info->part_count)
        return ad_command_fail(t->cmd, "%s: has parts, whose pictures are theirs: runs film %s",
                               t->run, info->parts[0]->path);
    return ad_command_fail(
        t->cmd,
        "%s: its samples/ hold no pictures; `%s %s` leaves none, or has not come "
        "to an evaluation",
        t->run, info->system, info->verb);
}

/* The series that --name says, or the only one. */
static int find_series(training *t, const ad_run_info *info)
{
    const char *wanted = ad_command_text(t->cmd, "name");
    char list[1024];
    int series = 0, count = 0;
    for (int from = 0, next; from < t->samples.count; from = next) {
        next = ad_run_samples_next(&t->samples, from);
        if (!pictures_at(t, from)) continue;
        ++series;
        if (wanted && strcmp(wanted, t->samples.at[from].name) != 0) continue;
        t->at = &t->samples.at[from], count = next - from;
    }
    if (!series) return no_pictures(t, info);
    list_series(t, list, sizeof list);
    if (!t->at) return ad_command_fail(t->cmd, "--name %s: %s has %s", wanted, t->run, list);
    if (!wanted && series > 1)
        return ad_command_usage(t->cmd, "%s: has pictures of several names; --name says which: %s",
                                t->run, list);
    t->count = count;
    return AD_EXIT_OK;
}

/* Each of --every, or of a sheet so many that it can be looked at; the last in any case. */
static int choose(training *t, bool sheet)
{
    int all = t->count, shown = 0;
    int64_t every = ad_command_int(t->cmd, "every");
    t->chosen = malloc((size_t)all * sizeof *t->chosen);
    if (!t->chosen) return ad_command_fail(t->cmd, "out of memory");
    if (!every && sheet && all > OF_SHEET) {
        for (; shown < OF_SHEET; ++shown)
            t->chosen[shown] = (int)((int64_t)shown * (all - 1) / (OF_SHEET - 1));
        ad_command_note(t->cmd, "%d of %d pictures; --every says otherwise", shown, all);
    } else {
        for (int64_t i = 0; i < all - 1; i += every ? every : 1) t->chosen[shown++] = (int)i;
        t->chosen[shown++] = all - 1;
    }
    t->count = shown;
    if (!sheet || shown <= SHEET_MOST) return AD_EXIT_OK;
    return ad_command_usage(t->cmd, "--every: %d pictures, and a sheet takes %d", shown,
                            (int)SHEET_MOST);
}

static const ad_run_sample *chosen(const training *t, int64_t i)
{
    return &t->at[t->chosen[i]];
}

/* ---- their size ---- */

/* What is shown is as large as the last picture, or as --width says. */
static ad_status find_size(training *t, bool sheet)
{
    char path[PATH_MAX];
    ad_image_info info;
    int64_t width = ad_command_int(t->cmd, "width");
    ad_status status = AD_OK;
    for (int i = t->count - 1; i >= 0 && !status; --i) {
        ad_run_sample_path(t->run, chosen(t, i), path, sizeof path);
        status = ad_image_probe(t->ctx, path, &info);
        if (status) break;
        if (i == t->count - 1) t->inner_width = info.width, t->inner_height = info.height;
        t->other_sizes += info.width != t->inner_width || info.height != t->inner_height;
    }
    if (status) return status;
    if (!width && sheet && t->inner_width > SHEET_WIDTH) width = SHEET_WIDTH;
    t->width = width ? width : t->inner_width;
    t->height = width ? llround((double)t->inner_height * (double)width / (double)t->inner_width)
                      : t->inner_height;
    if (t->height < 1) t->height = 1;
    if (t->other_sizes)
        ad_command_note(
            t->cmd, "%d of %d pictures are not of %lld x %lld, and are fitted into that",
            t->other_sizes, t->count, (long long)t->inner_width, (long long)t->inner_height);
    return AD_OK;
}

/* *image in the middle of a white one. */
static ad_status put_on_white(ad_image **image, int64_t width, int64_t height)
{
    const ad_image *from = *image;
    ad_image *to;
    ad_status status = ad_image_new(from->ctx, width, height, from->channels, &to);
    if (status) return status;
    int64_t left = (width - from->width) / 2, top = (height - from->height) / 2,
            row = from->width * from->channels;
    for (int64_t i = 0; i < width * height * from->channels; ++i) to->data[i] = 1;
    for (int64_t y = 0; y < from->height; ++y)
        memcpy(to->data + ((top + y) * width + left) * from->channels, from->data + y * row,
               (size_t)row * sizeof *to->data);
    ad_image_free(*image);
    *image = to;
    return AD_OK;
}

static ad_status fit(const training *t, ad_image **image)
{
    double across = (double)t->width / (double)(*image)->width,
           down = (double)t->height / (double)(*image)->height, scale = fmin(across, down);
    int64_t width = llround((double)(*image)->width * scale),
            height = llround((double)(*image)->height * scale);
    const ad_image_resize_options how = {.filter = scale > 1 ? AD_IMAGE_NEAREST : AD_IMAGE_LANCZOS};
    ad_image *resized;
    if (width == t->width && height == t->height && scale == 1) return AD_OK;
    ad_status status = ad_image_resize(t->ctx, *image, width > 0 ? width : 1,
                                       height > 0 ? height : 1, &how, &resized);
    if (status) return status;
    ad_image_free(*image);
    *image = resized;
    return put_on_white(image, t->width, t->height);
}

/* ---- frames ---- */

static void name_step(const training *t, int64_t i, char text[CAPTION])
{
    snprintf(text, CAPTION, "step %lld", (long long)chosen(t, i)->step);
}

/* Pictures of a series may be grey in part. */
static ad_status read_picture(const training *t, int64_t i, ad_image **image)
{
    char path[PATH_MAX];
    ad_run_sample_path(t->run, chosen(t, i), path, sizeof path);
    ad_status status = ad_image_read(t->ctx, path, &(ad_image_read_options){.channels = 3}, image);
    return status ? status : fit(t, image);
}

static double caption_size(const training *t)
{
    return fmin(18, fmax(11, (double)t->width / 28));
}

static ad_status frame(void *user, int64_t i, ad_image **image)
{
    const training *t = user;
    char text[CAPTION];
    const char *caption = text;
    bool plain = ad_command_flag(t->cmd, "plain");
    ad_image *picture;
    ad_status status = read_picture(t, i, &picture);
    if (status) return status;
    const ad_sheet_options look = {.columns = 1,
                                   .gap = plain ? -1 : 4,
                                   .side = ad_command_given(t->cmd, "width") ? 0 : ENLARGED,
                                   .captions = plain ? NULL : &caption,
                                   .caption_size = caption_size(t)};
    name_step(t, i, text);
    status = ad_image_sheet(t->ctx, (const ad_image *const *)&picture, 1, &look, image);
    ad_image_free(picture);
    if (status || !((*image)->width % 2 || (*image)->height % 2)) return status;
    return put_on_white(image, (*image)->width + (*image)->width % 2, /* as films want them */
                        (*image)->height + (*image)->height % 2);
}

static ad_status make_film(training *t)
{
    return film_of_pictures(t->cmd, t->output,
                            &(film_pictures){.count = t->count,
                                             .picture = frame,
                                             .user = t,
                                             .fps = ad_command_real(t->cmd, "fps"),
                                             .last_seconds = last_seconds,
                                             .most = ad_command_size(t->cmd, "most"),
                                             .frames_kept = FRAMES_KEPT});
}

/* ---- a sheet ---- */

static ad_status write_sheet(training *t, ad_image **picture, const char **caption,
                             char (*text)[CAPTION])
{
    ad_image *sheet = NULL;
    ad_status status = AD_OK;
    bool plain = ad_command_flag(t->cmd, "plain");
    for (int i = 0; i < t->count && !status; ++i) {
        name_step(t, i, text[i]);
        caption[i] = text[i];
        status = read_picture(t, i, &picture[i]);
    }
    const ad_sheet_options look = {
        .gap = 6, .captions = plain ? NULL : caption, .caption_size = caption_size(t)};
    if (!status)
        status = ad_image_sheet(t->ctx, (const ad_image *const *)picture, t->count, &look, &sheet);
    if (!status) status = ad_image_write(t->ctx, t->output, sheet, NULL);
    ad_image_free(sheet);
    for (int i = 0; i < t->count; ++i) ad_image_free(picture[i]);
    return status;
}

static int make_sheet(training *t)
{
    size_t count = (size_t)t->count;
    ad_image **picture = calloc(count, sizeof(ad_image *));
    const char **caption = calloc(count, sizeof *caption);
    char(*text)[CAPTION] = calloc(count, sizeof *text);
    int code = picture && caption && text
                   ? ad_command_check(t->cmd, write_sheet(t, picture, caption, text))
                   : ad_command_fail(t->cmd, "out of memory");
    free(picture);
    free(caption);
    free(text);
    if (!code) ad_command_note(t->cmd, "%s: %d pictures", t->output, t->count);
    return code;
}

/* ---- the verb ---- */

static int check_usage(training *t, bool sheet)
{
    static const char *const of_films[] = {"fps", "most"};
    for (int i = 0; i < 2 && sheet; ++i)
        if (ad_command_given(t->cmd, of_films[i]))
            return ad_command_usage(t->cmd, "--%s is of a film, and %s a sheet of pictures",
                                    of_films[i], t->output);
    int code = ad_cli_check_output(t->cmd, t->run, t->output);
    if (code) return code;
    return ad_command_check(t->cmd, sheet ? ad_image_can_write(t->ctx, t->output)
                                          : ad_film_can_write(t->ctx, t->output));
}

static int run(ad_command *cmd)
{
    training t = {.cmd = cmd,
                  .ctx = ad_command_context(cmd),
                  .run = ad_command_operand(cmd, 0),
                  .output = ad_command_text(cmd, "output")};
    ad_run_info *info = NULL;
    if (!t.ctx) return AD_EXIT_FAILURE;
    bool sheet = ad_image_ending_known(t.output);
    int code = check_usage(&t, sheet);
    if (!code) code = ad_command_check(cmd, ad_run_info_open(&info, t.ctx, t.run));
    if (!code) code = ad_command_check(cmd, ad_run_samples_list(&t.samples, t.ctx, t.run));
    if (!code) code = find_series(&t, info);
    if (!code) code = choose(&t, sheet);
    if (!code) code = ad_command_check(cmd, find_size(&t, sheet));
    if (!code) code = sheet ? make_sheet(&t) : ad_command_check(cmd, make_film(&t));
    if (t.samples.ctx) ad_run_samples_free(&t.samples);
    ad_run_info_close(info);
    free(t.chosen);
    return code;
}

static const ad_option options[] = {
    {AD_LETTER_ROW("output", 'o', FILE), .initial = "film.gif",
     .help = "a film (.gif, .mp4, .webm, .apng, frames/), or a sheet (.png, .jpg, .webp)"},
    {AD_ROW("name", TEXT), .unit = "SERIES",
     .help = "which pictures, of a run with several: what stands before the step in the names of "
             "samples/",
     .otherwise = "the only ones"},
    {AD_ROW("every", INT), .min = 1, .max = 1e6, .help = "take every N-th picture, and the last",
     .otherwise = "all; of a sheet 12"},
    {AD_ROW("width", INT), .min = 16, .max = 8192, .unit = "PIXELS", .help = "of the pictures",
     .otherwise = "as they are; of a sheet 320 at most"},
    {AD_ROW("fps", REAL), .initial = "8", .min = 0.1, .max = 50, .help = "pictures a second"},
    {AD_ROW("plain", FLAG), .help = "without the step's number below"},
    FILM_OPTION_MOST,
    AD_COMMON_OPTIONS,
    {0},
};

const ad_verb ad_cli_runs_film = {
    AD_VERB("runs", "film", "RUN", options, run, "a film of training, from a run's pictures"),
    .description =
        "RUN is a run that leaves pictures at its evaluations: what a generator makes of the same "
        "noise, what is left of reconstructed pictures, what a network paints. Each is shown with "
        "its step, the last one for two seconds. A run that is still training is shown as far as "
        "it is.\n\n"
        "  autodidact runs film runs/gan-20260101-1\n"
        "  autodidact runs film runs/gan-20260101-1 -o film.mp4 --fps 12\n"
        "  autodidact runs film runs/gan-20260101-1 -o steps.png --every 4"};
