/* project.c - `gan project`: the noise whose sample is nearest to a picture. */
#include "zoo/gan/project.h"

#include "zoo/vision/picture.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const ad_option options[] = {
    {AD_LETTER_ROW("output", 'o', FILE),
     .help = "a sheet of the picture, the nearest of the samples that were tried, and what was "
             "found (.png, .jpg, .webp)"},
    {AD_ROW("latent", FILE), .help = "the noise that was found, for morph (.npy)"},
    {AD_ROW("label", TEXT), .unit = "CLASS", .help = "the class that the picture is of",
     .otherwise = "the one whose samples come nearest"},
    {AD_ROW("steps", INT), .initial = "200", .min = 1, .max = 100000, .help = "of the descent"},
    {AD_ROW("starts", INT), .initial = "8", .min = 1, .max = GAN_ROWS,
     .help = "descents, from near samples: the best is kept"},
    {AD_ROW("tries", INT), .initial = "1000", .min = 1, .max = 1e6,
     .help = "samples of which these are the nearest"},
    {AD_ROW("rate", REAL), .initial = "0.1", .min = 1e-6, .max = 10,
     .help = "of Adam, in the beginning"},
    {AD_ROW("perceptual", REAL), .initial = "0.02", .min = 0, .max = 1000,
     .help = "weight of the perceptual distance beside the squared error of pixels"},
    {AD_ROW("prior", REAL), .initial = "1e-4", .min = 0, .max = 1000,
     .help = "weight of the noise's mean square, which keeps it where noise is"},
    {AD_ROW("seed", INT), .initial = "0", .max = 9e15, .help = "of the samples that are tried"},
    AD_COMMON_OPTIONS,
    {0},
};

typedef struct project {
    ad_command *cmd;
    ad_job *job;
    const gan_model *model;
    const char *path, *output, *latent;
    ad_image *picture; /* in the network's size and channels; owned */
    gan_projection with;
} project;

/* ---- the picture ---- */

/* Of a generator of squares the centre, else all of it, whatever its proportions. */
static ad_status fit(const project *p, const ad_image *whole, ad_image **picture)
{
    const gan_model *m = p->model;
    const char *how = "resized to";
    ad_status status;
    if (whole->width * m->height != whole->height * m->breadth && m->height == m->breadth) {
        how = "its centre is resized to";
        status = ad_image_centre(p->job->ctx, whole, m->height, m->breadth, m->height, NULL,
                                 picture);
    } else {
        if (whole->width * m->height != whole->height * m->breadth)
            how = "without its proportions resized to";
        status = ad_image_resize(p->job->ctx, whole, m->breadth, m->height, NULL, picture);
    }
    if (!status && (whole->width != m->breadth || whole->height != m->height))
        ad_command_note(p->cmd, "%s: %lld x %lld, %s %lld x %lld", p->path, (long long)whole->width,
                        (long long)whole->height, how, (long long)m->breadth, (long long)m->height);
    return status;
}

static void say_colours(const project *p, const ad_image *whole)
{
    int channels = whole->source.channels, wanted = (int)p->model->channels;
    if (channels < 3 && wanted == 3)
        ad_command_note(p->cmd, "%s: is grey, and the network makes colours: widened", p->path);
    if (channels >= 3 && wanted == 1)
        ad_command_note(p->cmd, "%s: is in colour, and the network makes grey pictures: made grey",
                        p->path);
    if (channels == 2 || channels == 4)
        ad_command_note(p->cmd, "%s: is transparent: laid on white", p->path);
    if (*whole->note) ad_command_note(p->cmd, "%s: %s", p->path, whole->note);
}

static ad_status read_picture(project *p)
{
    const ad_image_read_options wanted = {.channels = (int)p->model->channels};
    ad_image *whole = NULL;
    ad_status status = ad_image_read(p->job->ctx, p->path, &wanted, &whole);
    if (status) return status;
    say_colours(p, whole);
    status = fit(p, whole, &p->picture);
    ad_image_free(whole);
    if (!status) p->with.wanted = p->picture->data;
    return status;
}

/* ---- what was found ---- */

static ad_status write_sheet(const project *p)
{
    static const char *const captions[] = {"picture", "nearest sample", "projection"};
    const ad_sheet_options look = {
        .columns = 3, .side = 2 * GAN_LOOKED_AT, .gap = 4, .captions = captions};
    ad_image *found[2] = {NULL, NULL}, *sheet = NULL;
    ad_status status = gan_paint(p->job, &p->with.found, 0, 2, found);
    const ad_image *const pictures[3] = {p->picture, found[0], found[1]};
    if (!status) {
        status = ad_image_sheet(p->job->ctx, pictures, 3, &look, &sheet);
        ad_image_free(found[0]), ad_image_free(found[1]);
    }
    if (!status) status = ad_image_write(p->job->ctx, p->output, sheet, NULL);
    ad_image_free(sheet);
    return status;
}

static ad_status write_latent(const project *p)
{
    const ad_named_tensor z = {
        "z", {AD_F32, ad_shape(p->model->latent), p->with.found.z + p->model->latent}};
    return ad_file_write(p->job->ctx, p->latent, &z, 1, NULL, 0);
}

/* The class that was asked for or found; NULL: there are none. */
static const char *class_of(const project *p)
{
    const ad_texts *classes = &p->model->classes;
    for (int64_t i = 0; i < classes->count; ++i)
        if (p->with.found.class[classes->count + i] > 0) return classes->at[i];
    return NULL;
}

static ad_status print_table(const project *p)
{
    static const ad_column columns[] = {{"", .key = "which"},
                                        {"pixels", .kind = AD_COLUMN_REAL, .digits = 5},
                                        {"perceptual", .kind = AD_COLUMN_REAL, .digits = 4}};
    const gan_distance *rows[3] = {&p->with.distance[1], &p->with.distance[0], &p->with.middle};
    static const char *const names[3] = {"projection", "nearest sample", "sample in the middle"};
    ad_table *t;
    ad_status status = ad_table_new(&t, p->job->ctx, columns, 3);
    for (int i = 0; i < 3; ++i) {
        ad_table_row(t);
        ad_table_text(t, names[i]);
        ad_table_real(t, rows[i]->pixels), ad_table_real(t, rows[i]->perceptual);
    }
    if (!status) status = ad_table_print(t, p->cmd, "distance");
    ad_table_free(t);
    return status;
}

static void say_found(const project *p)
{
    const gan_projection *w = &p->with;
    const char *class = class_of(p), *colon = class && p->latent ? ":" : "";
    if (ad_command_json(p->cmd)) {
        ad_json_begin(p->cmd, "result");
        ad_json_real(p->cmd, "pixels", w->distance[1].pixels);
        ad_json_real(p->cmd, "perceptual", w->distance[1].perceptual);
        ad_json_real(p->cmd, "nearest_pixels", w->distance[0].pixels);
        ad_json_real(p->cmd, "nearest_perceptual", w->distance[0].perceptual);
        if (class) ad_json_text(p->cmd, "class", class);
        ad_json_int(p->cmd, "steps", w->done);
        if (p->output) ad_json_text(p->cmd, "output", p->output);
        if (p->latent) ad_json_text(p->cmd, "latent", p->latent);
        ad_json_end(p->cmd);
        return;
    }
    if (class) ad_command_print(p->cmd, "class %s\n", class);
    if (p->output)
        ad_command_note(p->cmd, "%s: the picture, the nearest sample, the projection", p->output);
    if (p->latent)
        ad_command_note(p->cmd, "%s: the noise, for `gan morph` as %s%s%s", p->latent, p->latent,
                        colon, *colon ? class : "");
}

/* ---- the verb ---- */

static ad_status find(project *p)
{
    const char *label = ad_command_text(p->cmd, "label");
    ad_status status = label ? gan_find_class(p->job, "--label", label, &p->with.label) : AD_OK;
    if (!status && p->output) status = ad_image_can_write(p->job->ctx, p->output);
    if (!status && p->latent) status = ad_file_can_write(p->job->ctx, p->latent);
    if (!status) status = read_picture(p);
    if (!status) status = gan_paint_begin(p->job);
    if (!status) status = gan_search(&p->with);
    if (!status && p->with.done < p->with.steps)
        ad_command_note(p->cmd, "stopped after %lld of %lld steps: what was found so far is kept",
                        (long long)p->with.done, (long long)p->with.steps);
    if (!status && p->output) status = write_sheet(p);
    if (!status && p->latent) status = write_latent(p);
    if (!status) status = print_table(p);
    if (!status) say_found(p);
    return status;
}

static ad_status work(ad_command *cmd, ad_job *job)
{
    project p = {
        .cmd = cmd,
        .job = job,
        .model = job->model,
        .path = ad_command_operand(cmd, 1),
        .output = ad_command_text(cmd, "output"),
        .latent = ad_command_text(cmd, "latent"),
        .with = {.job = job,
                 .watcher = job->watcher,
                 .weights = {ad_command_real(cmd, "perceptual"), ad_command_real(cmd, "prior")},
                 .label = -1,
                 .tries = ad_command_int(cmd, "tries"),
                 .starts = ad_command_int(cmd, "starts"),
                 .steps = ad_command_int(cmd, "steps"),
                 .rate = ad_command_real(cmd, "rate"),
                 .seed = (uint64_t)ad_command_int(cmd, "seed")}};
    ad_status status = find(&p);
    ad_image_free(p.picture);
    return status;
}

static int run(ad_command *cmd)
{
    const char *output = ad_command_text(cmd, "output"), *latent = ad_command_text(cmd, "latent");
    if (ad_command_int(cmd, "starts") > ad_command_int(cmd, "tries"))
        return ad_command_usage(cmd, "--starts %lld: they are the nearest of --tries %lld",
                                (long long)ad_command_int(cmd, "starts"),
                                (long long)ad_command_int(cmd, "tries"));
    if (latent && ad_command_is_operand(cmd, latent))
        return ad_command_usage(cmd, "%s is also an input: choose another name", latent);
    int code = output ? vision_check_not_input(cmd, NULL, 0) : AD_EXIT_OK;
    return code ? code : ad_command_with_trained(cmd, &gan_system, work);
}

const ad_verb gan_project_verb = {
    AD_VERB("gan", "project", "MODEL PICTURE", options, run, "find the noise of a given picture"),
    .description =
        "Looks for the noise whose sample is nearest to PICTURE, by gradients through the "
        "generator: "
        "of several descents, each from one of the nearest of many samples, the best. Nearness is "
        "the "
        "squared error of pixels and the perceptual distance of the network inside of this "
        "program. "
        "What a generator never makes it does not find: the sheet shows how near it comes.\n\n"
        "  autodidact gan project runs/gan-20260101-1 me.jpg -o found.png --latent me.npy\n"
        "  autodidact gan morph runs/gan-20260101-1 me.npy 7 -o way.gif"};
