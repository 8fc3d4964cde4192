/* morph.c - `gan morph`: the way from one picture to the next, through what lies between, or the
 * field between four. */
#include "zoo/film/of_pictures.h"
#include "zoo/gan/gan.h"
#include "zoo/vision/picture.h"

#include <stdlib.h>

enum { PICTURES_MOST = 4096, FILM_SIDE = 224, OF_STRIP = 9, OF_FILM = 40, CORNERS = 4 };

static const ad_option options[] = {
    {AD_LETTER_ROW("output", 'o', FILE), .required = true,
     .help = "a sheet with a row for each way (.png, .jpg, .webp), or a film (.gif, .mp4, .webm, "
             ".apng, frames/)"},
    {AD_ROW("seed", INT), .initial = "0", .max = 9e15, .help = "of numbered samples"},
    {AD_ROW("label", TEXT), .unit = "CLASS", .help = "the class of points that do not say theirs"},
    {AD_ROW("path", CHOICE), .initial = "slerp", .choices = "slerp|lerp",
     .help = "along the arc, on which noise has its length, or on a line"},
    {AD_ROW("frames", INT), .min = 2, .max = 1000,
     .help = "of each way, ends included; a side of the grid", .otherwise = "9; of a film 40"},
    {AD_ROW("grid", FLAG), .help = "four points are the corners of a sheet of all between them"},
    {AD_ROW("loop", FLAG), .help = "end where it began"},
    {AD_ROW("fps", REAL), .initial = "25", .min = 0.1, .max = 50,
     .help = "of a film: frames a second"},
    FILM_OPTION_MOST,
    AD_COMMON_OPTIONS,
    {0},
};

typedef struct morph {
    ad_command *cmd;
    ad_job *job;
    const gan_model *model;
    const char *output;
    bool film, grid;
    int64_t stops, ways, frames;
    gan_points stop, way; /* [ways * frames] */
    ad_image *made[GAN_ROWS];
    int64_t made_from, made_count; /* which of them these are */
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

typedef void between(const float *a, const float *b, double share, float *z, int64_t count);

static between *path_of(const morph *m)
{
    return ad_command_choice(m->cmd, "path") ? gan_lerp : gan_slerp;
}

/* Of a film that goes slowly where it turns: 3 t^2 - 2 t^3. */
static double share_of(const morph *m, int64_t i)
{
    double t = (double)(i % m->frames) / (double)(m->frames - 1);
    return m->film ? t * t * (3 - 2 * t) : t;
}

static void lay_ways(morph *m)
{
    int64_t latent = m->model->latent, classes = m->model->classes.count;
    between *step = path_of(m);
    for (int64_t i = 0; i < m->way.count; ++i) {
        int64_t from = i / m->frames, to = (from + 1) % m->stops;
        double share = share_of(m, i);
        step(m->stop.z + from * latent, m->stop.z + to * latent, share, m->way.z + i * latent,
             latent);
        if (classes)
            gan_lerp(m->stop.class + from * classes, m->stop.class + to * classes, share,
                     m->way.class + i * classes, classes);
    }
}

/* `count` numbers between the corners a b
 *                                    c d. */
static void lay_cell(between *step, const float *corner, double across, double down, float *z,
                     float *room, int64_t count)
{
    step(corner, corner + count, across, room, count);
    step(corner + 2 * count, corner + 3 * count, across, room + count, count);
    step(room, room + count, down, z, count);
}

static ad_status lay_grid(morph *m)
{
    int64_t latent = m->model->latent, classes = m->model->classes.count,
            most = latent > classes ? latent : classes;
    float *room = ad_job_array(m->job, 2 * most, sizeof *room);
    if (!room) return AD_ERROR_MEMORY;
    for (int64_t i = 0; i < m->way.count; ++i) {
        int64_t row = i / m->frames, column = i % m->frames, last = m->frames - 1;
        double across = (double)column / (double)last, down = (double)row / (double)last;
        lay_cell(path_of(m), m->stop.z, across, down, m->way.z + i * latent, room, latent);
        if (classes)
            lay_cell(gan_lerp, m->stop.class, across, down, m->way.class + i * classes, room,
                     classes);
    }
    return AD_OK;
}

static ad_status lay(morph *m)
{
    ad_status status = gan_points_new(m->job, m->ways * m->frames, &m->way);
    if (status) return status;
    if (m->grid) return lay_grid(m);
    lay_ways(m);
    return AD_OK;
}

/* ---- a film ---- */

static void forget(morph *m)
{
    for (int64_t i = 0; i < m->made_count; ++i) ad_image_free(m->made[i]);
    m->made_count = 0;
}

/* Where a way begins, its first frame is the last of the way before; a loop's very last is its
 * first: of each way that is passed, one point is not shown. */
static int64_t point_of_frame(const morph *m, int64_t frame)
{
    int64_t each = m->frames - 1;
    return frame ? frame + (frame - 1) / each : 0;
}

static int64_t frames_of_film(const morph *m)
{
    bool looped = m->ways == m->stops;
    return m->ways * (m->frames - 1) + !looped;
}

/* Pictures are made so many at a time. */
static ad_status make_frame(void *user, int64_t frame, ad_image **image)
{
    morph *m = user;
    const ad_sheet_options large = {.columns = 1, .gap = -1, .side = FILM_SIDE};
    int64_t point = point_of_frame(m, frame), block = point / GAN_ROWS * GAN_ROWS;
    ad_status status = AD_OK;
    if (!m->made_count || block != m->made_from) {
        int64_t left = m->way.count - block, count = left < GAN_ROWS ? left : GAN_ROWS;
        forget(m);
        status = gan_paint(m->job, &m->way, block, count, m->made);
        if (!status) m->made_from = block, m->made_count = count;
    }
    if (status) return status;
    return ad_image_sheet(m->job->ctx, (const ad_image *const *)&m->made[point - block], 1, &large,
                          image);
}

static ad_status make_film(morph *m)
{
    int64_t count = frames_of_film(m);
    ad_status status = film_of_pictures(m->cmd, m->output,
                                        &(film_pictures){.count = count,
                                                         .picture = make_frame,
                                                         .user = m,
                                                         .fps = ad_command_real(m->cmd, "fps"),
                                                         .most = ad_command_size(m->cmd, "most"),
                                                         .frames_kept = count});
    forget(m);
    return status;
}

/* ---- the verb ---- */

static ad_status write_sheet(morph *m)
{
    ad_status status = gan_paint_sheet(m->job, &m->way, (int)m->frames, NULL, m->output);
    if (status) return status;
    if (m->grid)
        ad_command_note(m->cmd, "%s: %lld x %lld pictures", m->output, (long long)m->frames,
                        (long long)m->frames);
    else
        ad_command_note(m->cmd, "%s: %lld way%s of %lld pictures", m->output, (long long)m->ways,
                        m->ways == 1 ? "" : "s", (long long)m->frames);
    return AD_OK;
}

static ad_status work(ad_command *cmd, ad_job *job)
{
    morph m = {.cmd = cmd,
               .job = job,
               .model = job->model,
               .output = ad_command_text(cmd, "output"),
               .grid = ad_command_flag(cmd, "grid"),
               .stops = ad_command_operands(cmd) - 1,
               .frames = ad_command_int(cmd, "frames")};
    m.film = !ad_image_ending_known(m.output);
    if (!m.frames) m.frames = m.film ? OF_FILM : OF_STRIP;
    m.ways = m.grid ? m.frames : m.stops - !ad_command_flag(cmd, "loop");
    ad_status status = m.film ? ad_film_can_write(job->ctx, m.output)
                              : ad_image_can_write(job->ctx, m.output);
    if (!status && m.ways * m.frames > PICTURES_MOST && !m.film)
        status = ad_error_set(job->ctx, AD_ERROR_ARGUMENT, "%lld pictures: a sheet takes %d",
                              (long long)(m.ways * m.frames), PICTURES_MOST);
    if (!status) status = read_stops(&m);
    if (!status) status = lay(&m);
    if (!status) status = gan_paint_begin(job);
    if (status) return status;
    return m.film ? make_film(&m) : write_sheet(&m);
}

static int check_usage(ad_command *cmd)
{
    const char *output = ad_command_text(cmd, "output");
    int points = ad_command_operands(cmd) - 1;
    bool film = !ad_image_ending_known(output), grid = ad_command_flag(cmd, "grid");
    static const char *const of_films[] = {"fps", "most"};
    if (points < 2)
        return ad_command_usage(cmd, "a way is from one POINT to another: two at least");
    if (grid && points != CORNERS)
        return ad_command_usage(cmd, "--grid: a POINT for each corner, and here are %d", points);
    if (grid && ad_command_flag(cmd, "loop"))
        return ad_command_usage(cmd, "--loop is of ways, and --grid has none");
    if (grid && film)
        return ad_command_usage(cmd, "--grid: a sheet (.png, .jpg, .webp), and %s is a film",
                                output);
    for (int i = 0; i < 2 && !film; ++i)
        if (ad_command_given(cmd, of_films[i]))
            return ad_command_usage(cmd, "--%s is of a film, and %s a sheet", of_films[i], output);
    return AD_EXIT_OK;
}

static int run(ad_command *cmd)
{
    int code = check_usage(cmd);
    if (!code) code = vision_check_not_input(cmd, NULL, 0);
    return code ? code : ad_command_with_trained(cmd, &gan_system, work);
}

const ad_verb gan_morph_verb = {
    AD_VERB("gan", "morph", "MODEL POINT...", options, run, "walk from one picture to the next"),
    .description =
        "A POINT is the number of a sample, as `gan sample --numbered` with the same --seed shows "
        "it, or noise of a file (.npy), as `gan mix --latent` writes it; of those that `gan sample "
        "--latents` writes together, noise.npy@3 is the third. Of a conditional network its class "
        "may follow, 7:CLASS; on a way from one class to another they are mixed.\n\n"
        "  autodidact gan morph digits 3 17 4 -o ways.png\n"
        "  autodidact gan morph digits 1:3 1:8 --loop -o morph.gif\n"
        "  autodidact gan morph runs/gan-20260101-1 1 2 3 4 --grid -o field.png"};
