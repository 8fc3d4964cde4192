/* morph.c - `gan morph`: the way from one picture to the next, through what lies between. */
#include "zoo/gan/gan.h"
#include "zoo/vision/picture.h"

#include <stdlib.h>

enum { PICTURES_MOST = 4096, FILM_SIDE = 224, OF_STRIP = 9, OF_FILM = 24 };

static const ad_option options[] = {
    {AD_LETTER_ROW("output", 'o', FILE), .required = true,
     .help = "a sheet with a row for each way (.png, .jpg, .webp), or a film (.gif, .mp4, .webm, "
             ".apng, frames/)"},
    {AD_ROW("seed", INT), .initial = "0", .max = 9e15, .help = "of numbered samples"},
    {AD_ROW("label", TEXT), .unit = "CLASS", .help = "the class of points that do not say theirs"},
    {AD_ROW("path", CHOICE), .initial = "slerp", .choices = "slerp|lerp",
     .help = "along the arc, on which noise has its length, or on a line"},
    {AD_ROW("frames", INT), .min = 2, .max = 1000, .help = "of each way, ends included",
     .otherwise = "9; of a film 24"},
    {AD_ROW("loop", FLAG), .help = "end where it began"},
    {AD_ROW("fps", REAL), .initial = "12", .min = 0.1, .max = 100,
     .help = "of a film: frames a second"},
    AD_COMMON_OPTIONS,
    {0},
};

typedef struct morph {
    ad_command *cmd;
    ad_job *job;
    const gan_model *model;
    const char *output;
    bool film;
    int64_t stops, ways, frames;
    gan_points stop, way; /* [ways * frames] */
} morph;

/* ---- the points ---- */

static ad_status read_stops(morph *m)
{
    const char *label = ad_command_text(m->cmd, "label");
    uint64_t seed = (uint64_t)ad_command_int(m->cmd, "seed");
    ad_status status = gan_points_new(m->job, m->stops, &m->stop);
    for (int64_t i = 0; i < m->stops && !status; ++i)
        status = gan_read_point(m->job, ad_command_operand(m->cmd, (int)i + 1), seed, label,
                                &m->stop, i);
    return status;
}

static ad_status lay_way(morph *m)
{
    int64_t latent = m->model->latent, classes = m->model->classes.count;
    void (*between)(const float *, const float *, double, float *,
                    int64_t) = ad_command_choice(m->cmd, "path") ? gan_lerp : gan_slerp;
    ad_status status = gan_points_new(m->job, m->ways * m->frames, &m->way);
    for (int64_t i = 0; i < m->way.count && !status; ++i) {
        int64_t from = i / m->frames, to = (from + 1) % m->stops;
        double share = (double)(i % m->frames) / (double)(m->frames - 1);
        between(m->stop.z + from * latent, m->stop.z + to * latent, share, m->way.z + i * latent,
                latent);
        if (classes)
            gan_lerp(m->stop.class + from * classes, m->stop.class + to * classes, share,
                     m->way.class + i * classes, classes);
    }
    return status;
}

/* ---- a film ---- */

static ad_status add_frame(morph *m, ad_film_writer *film, const ad_image *picture, int64_t number)
{
    const ad_sheet_options large = {.columns = 1, .gap = -1, .side = FILM_SIDE};
    double fps = ad_command_real(m->cmd, "fps");
    ad_image *frame = NULL;
    ad_status status = ad_image_sheet(m->job->ctx, &picture, 1, &large, &frame);
    if (!status) status = ad_film_add(film, frame, (double)number / fps, 1 / fps);
    ad_image_free(frame);
    return status;
}

/* Where a way begins its first frame is the last of the way before; a loop's very last is its
 * first. */
static bool repeated(const morph *m, int64_t i)
{
    bool looped = m->ways == m->stops;
    return (i && i % m->frames == 0) || (looped && i == m->way.count - 1);
}

static ad_status add_frames(morph *m, ad_film_writer *film)
{
    ad_image *picture[GAN_ROWS];
    int64_t added = 0;
    ad_status status = AD_OK;
    for (int64_t i = 0; i < m->way.count && !status; i += GAN_ROWS) {
        int64_t left = m->way.count - i, count = left < GAN_ROWS ? left : GAN_ROWS;
        if (ad_command_interrupted(m->cmd)) return ad_film_writer_stop(film);
        if ((status = gan_paint(m->job, &m->way, i, count, picture))) return status;
        for (int64_t k = 0; k < count; ++k) {
            if (!status && !repeated(m, i + k)) status = add_frame(m, film, picture[k], added++);
            ad_image_free(picture[k]);
        }
        ad_command_step(m->cmd, i + count, m->way.count, NULL, 0);
    }
    return status ? status : ad_film_finish(film);
}

static ad_status make_film(morph *m)
{
    const ad_film_write_options how = {.fps = ad_command_real(m->cmd, "fps")};
    ad_film_writer *film;
    ad_status status = ad_film_create(m->job->ctx, m->output, &how, &film);
    if (status) return status;
    status = add_frames(m, film);
    if (!status)
        ad_command_note(m->cmd, "%s: %lld frames", ad_film_writer_path(film),
                        (long long)ad_film_writer_frames(film));
    ad_film_writer_free(film);
    return status;
}

/* ---- the verb ---- */

static ad_status work(ad_command *cmd, ad_job *job)
{
    morph m = {.cmd = cmd,
               .job = job,
               .model = job->model,
               .output = ad_command_text(cmd, "output"),
               .stops = ad_command_operands(cmd) - 1,
               .frames = ad_command_int(cmd, "frames")};
    m.ways = m.stops - !ad_command_flag(cmd, "loop");
    m.film = !ad_image_ending_known(m.output);
    if (!m.frames) m.frames = m.film ? OF_FILM : OF_STRIP;
    ad_status status = m.film ? ad_film_can_write(job->ctx, m.output)
                              : ad_image_can_write(job->ctx, m.output);
    if (!status && m.ways * m.frames > PICTURES_MOST && !m.film)
        status = ad_error_set(job->ctx, AD_ERROR_ARGUMENT, "%lld pictures: a sheet takes %d",
                              (long long)(m.ways * m.frames), PICTURES_MOST);
    if (!status) status = read_stops(&m);
    if (!status) status = lay_way(&m);
    if (!status) status = gan_paint_begin(job);
    if (status) return status;
    if (m.film) return make_film(&m);
    status = gan_paint_sheet(job, &m.way, (int)m.frames, NULL, m.output);
    if (!status)
        ad_command_note(cmd, "%s: %lld way%s of %lld pictures", m.output, (long long)m.ways,
                        m.ways == 1 ? "" : "s", (long long)m.frames);
    return status;
}

static int run(ad_command *cmd)
{
    if (ad_command_operands(cmd) < 3)
        return ad_command_usage(cmd, "a way is from one POINT to another: two at least");
    int code = vision_check_not_input(cmd, NULL, 0);
    return code ? code : ad_command_with_trained(cmd, &gan_system, work);
}

const ad_verb gan_morph_verb = {
    AD_VERB("gan", "morph", "MODEL POINT...", options, run, "walk from one picture to the next"),
    .description =
        "A POINT is the number of a sample, as `gan sample --numbered` with the same --seed shows "
        "it, or a file of noise (.npy), as `gan mix --latent` writes it. Of a conditional network "
        "its class may follow, 7:CLASS; on a way from one class to another they are mixed.\n\n"
        "  autodidact gan morph runs/gan-20260101-1 3 17 4 -o ways.png\n"
        "  autodidact gan morph runs/gan-20260101-1 1:3 1:8 --loop -o morph.gif"};
