/* eval.c - `gan eval`: how like the real pictures the made ones are, in the features of a
 * classifier, and whether they show what was asked for. */
#include "zoo/gan/gan.h"

#include <math.h>
#include <string.h>

static const ad_option options[] = {
    {AD_ROW("classifier", FILE), .required = true,
     .help = "a run of `classify train` on such pictures, which looks at them"},
    {AD_ROW("split", CHOICE), .initial = "train", .choices = "train|validation|test",
     .help = "which pictures of the data"},
    {AD_LETTER_ROW("count", 'n', INT), .initial = "5000", .min = 16, .max = 1e6,
     .help = "pictures made, and real ones beside them"},
    {AD_ROW("neighbours", INT), .initial = "5", .min = 1, .max = AD_NEIGHBOURS_MOST,
     .help = "how many a ball around a picture reaches, for precision, recall, density, coverage"},
    {AD_ROW("seed", INT), .initial = "0", .max = 9e15, .help = "of the noise"},
    {AD_ROW("truncation", REAL), .min = 0.01, .max = 100, .help = "as for sample"},
    AD_COMMON_OPTIONS,
    {0},
};

typedef struct looked_at {
    int64_t count;
    float *features; /* [count, width] */
    int32_t *taken;  /* [count]: the classifier's class */
    int32_t *asked;  /* [count]: what they are, as the classifier's class; -1: it has no such */
} looked_at;

typedef struct evaluation {
    ad_command *cmd;
    ad_job *job;
    const gan_model *model;
    gan_looker looker;
    ad_image_set *set;
    looked_at real, made;
} evaluation;

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* ---- looking ---- */

static ad_status make_room(evaluation *e, looked_at *l, int64_t count)
{
    l->count = count;
    l->features = ad_job_array(e->job, count * e->looker.width, sizeof *l->features);
    l->taken = ad_job_array(e->job, count, sizeof *l->taken);
    l->asked = ad_job_array(e->job, count, sizeof *l->asked);
    return l->features && l->taken && l->asked ? AD_OK : AD_ERROR_MEMORY;
}

/* The classifier's class of that name, or -1. */
static int32_t class_of(const evaluation *e, const char *name)
{
    const ad_texts *classes = e->looker.classes;
    for (int64_t i = 0; i < classes->count; ++i)
        if (!strcmp(classes->at[i], name)) return (int32_t)i;
    return -1;
}

static ad_status look(evaluation *e, looked_at *l, int64_t at, int64_t count)
{
    ad_status status = gan_look(&e->looker, count, l->features + at * e->looker.width,
                                l->taken + at);
    ad_command_step(e->cmd, (l == &e->made ? e->real.count : 0) + at + count,
                    e->real.count + e->made.count, NULL, 0);
    if (!status && ad_command_interrupted(e->cmd))
        status = ad_error_set(e->job->ctx, AD_ERROR_ARGUMENT, "stopped before all were looked at");
    return status;
}

/* Of all pictures evenly. */
static ad_status look_at_real(evaluation *e)
{
    const ad_image_set *set = e->set;
    int64_t values = e->looker.values;
    ad_status status = AD_OK;
    for (int64_t at = 0; at < e->real.count && !status; at += GAN_ROWS) {
        int64_t count = least(GAN_ROWS, e->real.count - at);
        for (int64_t i = 0; i < count; ++i) {
            int64_t which = (at + i) * set->count / e->real.count;
            const unsigned char *bytes = set->pixels + which * values;
            for (int64_t v = 0; v < values; ++v)
                e->looker.input[i * values + v] = (float)bytes[v] / 255;
            e->real.asked[at + i] = class_of(e, set->class_names[set->labels[which]]);
        }
        status = look(e, &e->real, at, count);
    }
    return status;
}

static ad_status look_at_made(evaluation *e)
{
    int64_t classes = e->model->classes.count, latent = e->model->latent;
    uint64_t seed = (uint64_t)ad_command_int(e->cmd, "seed");
    double truncation = ad_command_real(e->cmd, "truncation");
    gan_points points;
    const float *rows;
    ad_status status = gan_points_new(e->job, GAN_ROWS, &points);
    for (int64_t at = 0; at < e->made.count && !status; at += GAN_ROWS) {
        int64_t count = least(GAN_ROWS, e->made.count - at);
        if (classes) memset(points.class, 0, (size_t)(GAN_ROWS * classes) * sizeof(float));
        for (int64_t i = 0; i < count; ++i) {
            gan_latent(seed, at + i + 1, truncation, points.z + i * latent, latent);
            if (!classes) continue;
            points.class[i * classes + (at + i) % classes] = 1;
            e->made.asked[at + i] = class_of(e, e->model->classes.at[(at + i) % classes]);
        }
        status = gan_make(e->job, &points, 0, count, &rows);
        if (status) break;
        memcpy(e->looker.input, rows, (size_t)(count * e->looker.values) * sizeof *rows);
        status = look(e, &e->made, at, count);
    }
    return status;
}

/* ---- scores ---- */

/* Share of those whose class the classifier has that it takes for that class; NaN: none. */
static double share_right(const looked_at *l, int32_t class)
{
    int64_t right = 0, all = 0;
    for (int64_t i = 0; i < l->count; ++i) {
        if (l->asked[i] < 0 || (class >= 0 && l->asked[i] != class)) continue;
        right += l->taken[i] == l->asked[i], ++all;
    }
    return all ? (double)right / (double)all : NAN;
}

static double share_taken(const looked_at *l, int32_t class)
{
    int64_t taken = 0;
    for (int64_t i = 0; i < l->count; ++i) taken += l->taken[i] == class;
    return (double)taken / (double)l->count;
}

static ad_status score(evaluation *e, ad_metrics *metrics)
{
    ad_context *ctx = e->job->ctx;
    const looked_at *r = &e->real, *m = &e->made;
    int64_t width = e->looker.width;
    ad_neighbour_result n;
    double frechet;
    ad_status status = ad_frechet_distance(ctx, r->features, r->count, m->features, m->count, width,
                                           &frechet);
    if (!status)
        status = ad_neighbour_scores(ctx, r->features, r->count, m->features, m->count, width,
                                     (int)ad_command_int(e->cmd, "neighbours"), &n);
    if (status) return status;
    ad_metrics_add(metrics, "frechet", frechet);
    ad_metrics_add(metrics, "precision", n.precision);
    ad_metrics_add(metrics, "recall", n.recall);
    ad_metrics_add(metrics, "density", n.density);
    ad_metrics_add(metrics, "coverage", n.coverage);
    if (e->model->classes.count)
        ad_metrics_add(metrics, "label_accuracy", share_right(&e->made, -1));
    ad_metrics_add(metrics, "real_accuracy", share_right(&e->real, -1));
    return ad_metrics_status(metrics);
}

/* ---- what is said ---- */

static ad_status print_classes(const evaluation *e)
{
    static const ad_column columns[] = {{"taken for", .key = "class", .most = 40},
                                        {"real", .kind = AD_COLUMN_PERCENT},
                                        {"made", .kind = AD_COLUMN_PERCENT},
                                        {"right", .kind = AD_COLUMN_PERCENT}};
    bool asked = e->model->classes.count > 0;
    ad_table *t;
    ad_status status = ad_table_new(&t, e->job->ctx, columns, asked ? 4 : 3);
    for (int32_t i = 0; i < e->looker.classes->count; ++i) {
        ad_table_row(t);
        ad_table_text(t, e->looker.classes->at[i]);
        ad_table_real(t, share_taken(&e->real, i)), ad_table_real(t, share_taken(&e->made, i));
        if (asked) ad_table_real(t, share_right(&e->made, i));
    }
    if (!status) status = ad_table_print(t, e->cmd, "class");
    ad_table_free(t);
    return status;
}

static void print_scores(const evaluation *e, const ad_metrics *metrics)
{
    if (!ad_command_json(e->cmd)) {
        ad_command_print(e->cmd, "\n");
        ad_command_print_metrics(e->cmd, "", metrics, NULL);
        return;
    }
    ad_json_begin(e->cmd, "result");
    for (int i = 0; i < metrics->count; ++i)
        ad_json_real(e->cmd, metrics->at[i].name, metrics->at[i].value);
    ad_json_int(e->cmd, "made", e->made.count);
    ad_json_int(e->cmd, "real", e->real.count);
    ad_json_end(e->cmd);
}

/* ---- the verb ---- */

static ad_status read_set(evaluation *e)
{
    const gan_model *m = e->model;
    const gan_data *data = ad_job_value(e->job, &gan_data_record);
    const char *split = ad_command_text(e->cmd, "split");
    const ad_image_set_options like = {.split = split,
                                       .height = m->height,
                                       .width = m->breadth,
                                       .channels = (int)m->channels,
                                       .skip_bad = data->skip_bad,
                                       .watcher = &e->job->watcher};
    ad_status status = ad_image_set_read(&e->set, e->job->ctx, data->path, &like);
    if (status) return status;
    if (!e->set->count)
        return ad_error_set(e->job->ctx, AD_ERROR_NOT_FOUND, "%s: has no %s pictures", data->path,
                            split);
    if (e->set->height != m->height || e->set->width != m->breadth ||
        e->set->channels != m->channels)
        return ad_error_set(e->job->ctx, AD_ERROR_SHAPE,
                            "%s: pictures of %lld x %lld with %d channels; the generator makes "
                            "%lld x %lld with %lld",
                            data->path, (long long)e->set->width, (long long)e->set->height,
                            e->set->channels, (long long)m->breadth, (long long)m->height,
                            (long long)m->channels);
    return AD_OK;
}

static ad_status measure(evaluation *e, ad_metrics *metrics)
{
    int64_t count = ad_command_int(e->cmd, "count");
    ad_status status = gan_look_open(&e->looker, e->job->ctx, ad_command_text(e->cmd, "classifier"),
                                     e->model, &e->job->watcher);
    if (!status) status = read_set(e);
    if (!status) status = gan_paint_begin(e->job);
    if (!status) status = make_room(e, &e->real, least(count, e->set->count));
    if (!status) status = make_room(e, &e->made, count);
    if (!status) status = look_at_real(e);
    if (!status) status = look_at_made(e);
    return status ? status : score(e, metrics);
}

static ad_status work(ad_command *cmd, ad_job *job)
{
    evaluation e = {.cmd = cmd, .job = job, .model = job->model};
    ad_metrics metrics = ad_metrics_new(job->ctx);
    ad_status status = measure(&e, &metrics);
    if (!status) status = print_classes(&e);
    if (!status) print_scores(&e, &metrics);
    ad_metrics_free(&metrics);
    gan_look_close(&e.looker);
    ad_image_set_free(e.set);
    return status;
}

static int run(ad_command *cmd)
{
    return ad_command_with_trained(cmd, &gan_system, work);
}

static const ad_record *const records[] = {&gan_data_record, NULL};
const ad_verb gan_eval_verb = {
    AD_VERB("gan", "eval", "MODEL", options, run, "measure what a generator makes"),
    .records = records, .of_run = true,
    .description =
        "Samples are compared with the pictures that it was trained on (or those of --data), in "
        "the features that the classifier's last layer reads: the Frechet distance (less is "
        "better), precision and recall, density and coverage. Of each class it says how often "
        "pictures are taken for it, and of a conditional network how often they are what was asked "
        "for. Figures of two runs can be compared where classifier, count and data are the "
        "same.\n\n"
        "  autodidact classify train --data mnist/ --run judge\n"
        "  autodidact gan eval runs/gan-20260101-1 --classifier judge -n 10000"};
