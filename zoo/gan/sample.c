/* sample.c - `gan sample`: pictures that a trained generator makes of noise. */
#include "zoo/gan/gan.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { SHEET_MOST = 4096, CAPTION = 24, COLUMNS_MOST = 32 };

static const ad_option options[] = {
    {AD_LETTER_ROW("output", 'o', FILE), .required = true,
     .help = "a folder for numbered PNGs (made/), or a sheet of all (.png, .jpg, .webp)"},
    {AD_LETTER_ROW("count", 'n', INT), .min = 1, .max = 1e6, .help = "pictures",
     .otherwise = "64; of a sheet of all classes 8 of each"},
    {AD_ROW("label", TEXT), .unit = "CLASS", .help = "the class that all are of",
     .otherwise = "one class after the other"},
    {AD_ROW("seed", INT), .initial = "0", .max = 9e15, .help = "of the noise"},
    {AD_ROW("truncation", REAL), .min = 0.01, .max = 100,
     .help = "draw noise beyond this again: less makes pictures that are better and more alike"},
    {AD_ROW("numbered", FLAG),
     .help =
         "on a sheet: write each picture's number (NUMBER:CLASS) below it, which `gan morph` and "
         "`gan mix` take"},
    {AD_ROW("columns", INT), .min = 1, .max = SHEET_MOST, .help = "of the sheet",
     .otherwise = "the classes, or so many that it is about square"},
    {AD_ROW("latents", FILE), .help = "also write the noise, [pictures, latent] (.npy)"},
    AD_COMMON_OPTIONS,
    {0},
};

typedef struct sampling {
    ad_command *cmd;
    ad_job *job;
    const gan_model *model;
    const char *output, *latents;
    bool folder;
    int64_t label, count, done; /* label -1: in turn; pictures */
    gan_points points;
} sampling;

static void draw(const sampling *s)
{
    int64_t classes = s->model->classes.count, latent = s->model->latent;
    uint64_t seed = (uint64_t)ad_command_int(s->cmd, "seed");
    double truncation = ad_command_real(s->cmd, "truncation");
    for (int64_t i = 0; i < s->points.count; ++i) {
        gan_latent(seed, i + 1, truncation, s->points.z + i * latent, latent);
        if (classes) s->points.class[i * classes + (s->label < 0 ? i % classes : s->label)] = 1;
    }
}

/* ---- a folder of pictures ---- */

static bool ends_in_slash(const char *path)
{
    size_t length = strlen(path);
    return length && path[length - 1] == '/';
}

static ad_status begin_folder(const sampling *s)
{
    ad_context *ctx = s->job->ctx;
    ad_status status = ad_run_make_folder(ctx, s->output);
    DIR *folder = status ? NULL : opendir(s->output);
    bool used = false;
    for (struct dirent *e; folder && !used && (e = readdir(folder));)
        used = strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
    if (folder) closedir(folder);
    if (status || (folder && !used)) return status;
    return ad_error_set(ctx, AD_ERROR_IO, "%s: %s", s->output,
                        used ? "holds files already; the pictures want an empty folder"
                             : "cannot read the folder");
}

static ad_status write_picture(const sampling *s, int64_t number, const ad_image *picture)
{
    char path[4096];
    int length = snprintf(path, sizeof path, "%s%s%05lld.png", s->output,
                          ends_in_slash(s->output) ? "" : "/", (long long)number);
    if (length >= (int)sizeof path)
        return ad_error_set(s->job->ctx, AD_ERROR_IO, "%.64s...: the path is too long", path);
    return ad_image_write(s->job->ctx, path, picture, NULL);
}

/* Of the points behind those that are done. */
static ad_status write_pictures(sampling *s, int64_t count)
{
    ad_image *picture[GAN_ROWS];
    ad_status status = gan_paint(s->job, &s->points, s->done, count, picture);
    if (status) return status;
    for (int64_t i = 0; i < count; ++i) {
        if (!status) status = write_picture(s, s->done + 1, picture[i]);
        if (!status) ++s->done;
        ad_image_free(picture[i]);
    }
    return status;
}

static ad_status make_folder(sampling *s)
{
    ad_status status = begin_folder(s);
    while (!status && s->done < s->points.count && !ad_command_interrupted(s->cmd)) {
        int64_t left = s->points.count - s->done;
        status = write_pictures(s, left < GAN_ROWS ? left : GAN_ROWS);
        ad_command_step(s->cmd, s->done, s->points.count, NULL, 0);
    }
    return status;
}

/* ---- a sheet ---- */

static ad_status make_sheet(sampling *s)
{
    int64_t count = s->points.count, classes = s->label < 0 ? s->model->classes.count : 0;
    int columns = (int)ad_command_int(s->cmd, "columns");
    char(*text)[CAPTION] = malloc((size_t)count * sizeof *text);
    const char **captions = malloc((size_t)count * sizeof *captions);
    ad_status status = AD_OK;
    if (!text || !captions)
        status = ad_error_set(s->job->ctx, AD_ERROR_MEMORY, "out of memory for captions");
    for (int64_t i = 0; i < count && !status; ++i) {
        const ad_texts *all = &s->model->classes;
        int64_t class = all->count ? (s->label < 0 ? i % all->count : s->label) : -1;
        snprintf(text[i], CAPTION, "%lld%s%s", (long long)(i + 1), class < 0 ? "" : ":",
                 class < 0 ? "" : all->at[class]);
        captions[i] = text[i];
    }
    if (!columns && classes <= COLUMNS_MOST && count >= classes) columns = (int)classes;
    if (!status)
        status = gan_paint_sheet(s->job, &s->points, columns,
                                 ad_command_flag(s->cmd, "numbered") ? captions : NULL, s->output);
    if (!status) s->done = count;
    free(text), free(captions);
    return status;
}

/* ---- the verb ---- */

static bool is_folder(const char *path)
{
    struct stat there;
    return ends_in_slash(path) || (!stat(path, &there) && S_ISDIR(there.st_mode));
}

static int check_usage(ad_command *cmd)
{
    static const char *const of_sheets[] = {"numbered", "columns"};
    const char *output = ad_command_text(cmd, "output"), *latents = ad_command_text(cmd, "latents");
    int64_t count = ad_command_int(cmd, "count");
    bool folder = is_folder(output);
    for (int i = 0; i < 2 && folder; ++i)
        if (ad_command_given(cmd, of_sheets[i]))
            return ad_command_usage(cmd, "--%s is of a sheet, and --output %s a folder",
                                    of_sheets[i], output);
    if (!folder && count > SHEET_MOST)
        return ad_command_usage(cmd, "--count %lld: a sheet takes %d, a folder (made/) all",
                                (long long)count, SHEET_MOST);
    if (latents && ad_command_same_file(output, latents))
        return ad_command_usage(cmd, "--latents %s is --output, too", latents);
    const char *const written[] = {output, latents};
    for (int i = 0; i < 2; ++i)
        if (ad_command_is_operand(cmd, written[i]))
            return ad_command_usage(cmd, "%s is also an input: choose another name", written[i]);
    return AD_EXIT_OK;
}

/* The sheet of all classes has whole rows. */
static void choose_count(sampling *s)
{
    int64_t classes = s->label < 0 && !s->folder ? s->model->classes.count : 0;
    s->count = ad_command_int(s->cmd, "count");
    if (!s->count) s->count = classes && classes <= COLUMNS_MOST ? 8 * classes : 64;
}

/* What can be refused is, before anything is made. */
static ad_status prepare(sampling *s)
{
    const char *label = ad_command_text(s->cmd, "label");
    ad_context *ctx = s->job->ctx;
    ad_status status = label ? gan_find_class(s->job, "--label", label, &s->label) : AD_OK;
    if (!status && !s->folder) status = ad_image_can_write(ctx, s->output);
    if (!status && s->latents) status = ad_file_can_write(ctx, s->latents);
    choose_count(s);
    if (!status) status = gan_points_new(s->job, s->count, &s->points);
    return status ? status : gan_paint_begin(s->job);
}

static ad_status write_latents(const sampling *s)
{
    int64_t count = s->points.count, latent = s->model->latent;
    const ad_tensor noise = {AD_F32, count > 1 ? ad_shape(count, latent) : ad_shape(latent),
                             s->points.z};
    return ad_npy_write(s->job->ctx, s->latents, &noise);
}

static void say_done(const sampling *s)
{
    if (!ad_command_json(s->cmd)) {
        ad_command_note(s->cmd, "%s: %lld picture%s of %lld x %lld", s->output, (long long)s->done,
                        s->done == 1 ? "" : "s", (long long)s->model->breadth,
                        (long long)s->model->height);
        return;
    }
    ad_json_begin(s->cmd, "done");
    ad_json_text(s->cmd, "output", s->output);
    ad_json_int(s->cmd, "pictures", s->done);
    ad_json_int(s->cmd, "width", s->model->breadth);
    ad_json_int(s->cmd, "height", s->model->height);
    ad_json_end(s->cmd);
}

static ad_status work(ad_command *cmd, ad_job *job)
{
    sampling s = {.cmd = cmd,
                  .job = job,
                  .model = job->model,
                  .output = ad_command_text(cmd, "output"),
                  .latents = ad_command_text(cmd, "latents"),
                  .label = -1};
    s.folder = is_folder(s.output);
    ad_status status = prepare(&s);
    if (status) return status;
    draw(&s);
    status = s.folder ? make_folder(&s) : make_sheet(&s);
    if (!status && s.latents) status = write_latents(&s);
    if (!status) say_done(&s);
    return status;
}

static int run(ad_command *cmd)
{
    int code = check_usage(cmd);
    return code ? code : ad_command_with_trained(cmd, &gan_system, work);
}

const ad_verb gan_sample_verb = {
    AD_VERB("gan", "sample", "MODEL", options, run, "make pictures of noise"),
    .description =
        "MODEL is a run's folder, an exported weights file, or a name: of a file in models/ "
        "(models/NAME.safetensors), or digits, which is built in. Picture number i of a seed is "
        "the "
        "same however many are made, and files of a folder are called by these numbers. A "
        "conditional network makes the classes in turn, or all of one --label.\n\n"
        "  autodidact gan sample digits --label 7 -o sevens.png\n"
        "  autodidact gan sample runs/gan-20260101-1 -o sheet.png --numbered\n"
        "  autodidact gan sample runs/gan-20260101-1 -n 200 --label 7 --seed 1 -o sevens/"};
