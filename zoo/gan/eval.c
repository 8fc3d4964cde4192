/* eval.c - `gan eval`: the figures of measure.c. */
#include "zoo/gan/measure.h"

#include "zoo/vision/picture.h"

#include <math.h>

static const ad_option options[] = {
    {AD_ROW("features", FILE), .unit = "NETWORK",
     .help = "what looks at pictures: backbone (the network inside of this program), a run of "
             "`classify train`, or weights of an image network (.pth, .safetensors, .npz, .onnx)",
     .otherwise = "the --classifier, else the backbone"},
    {AD_ROW("layer", TEXT), .help = "of an image network: whose means over places are the features",
     .otherwise = "the last in front of its classes"},
    {AD_ROW("classifier", FILE),
     .help = "a run of `classify train`, which says what is seen: for label accuracy and the share "
             "of each class"},
    VISION_OPTION_PIXELS,
    {AD_ROW("split", CHOICE), .initial = "train", .choices = "train|validation|test",
     .help = "which pictures of the data"},
    {AD_LETTER_ROW("count", 'n', INT), .min = GAN_MEASURED_LEAST, .max = 1e6,
     .help = "pictures made, and real ones beside them",
     .otherwise = "as many as there are real ones, 5000 at most"},
    {AD_ROW("neighbours", INT), .initial = "5", .min = 1, .max = AD_NEIGHBOURS_MOST,
     .help = "how many a ball around a picture reaches, for precision, recall, density, coverage"},
    {AD_LETTER_ROW("output", 'o', FILE),
     .help = "a sheet of the samples that are the most like a training picture, beside it (.png, "
             ".jpg, .webp)"},
    {AD_ROW("seed", INT), .initial = "0", .max = 9e15, .help = "of the noise"},
    {AD_ROW("truncation", REAL), .min = 0.01, .max = 100, .help = "as for sample"},
    {AD_ROW("cache", FILE),
     .help = "the folder that keeps features of real pictures for the next time; none: nowhere",
     .otherwise = "the user's cache"},
    AD_COMMON_OPTIONS,
    {0},
};

/* ---- what is said ---- */

/* Of the classes of the generator where it has some, else of the judge. */
static ad_status print_classes(ad_command *cmd, const gan_measure *e)
{
    static const ad_column columns[] = {{"class", .most = 40},
                                        {"real", .kind = AD_COLUMN_PERCENT},
                                        {"made", .kind = AD_COLUMN_PERCENT},
                                        {"right", .kind = AD_COLUMN_PERCENT},
                                        {"frechet", .kind = AD_COLUMN_REAL}};
    const gan_model *m = e->job->model;
    const ad_texts *own = &m->classes, *judged = e->judge ? e->judge->classes : NULL;
    const ad_texts *list = own->count ? own : judged;
    ad_table *t;
    if (!list) return AD_OK;
    ad_status status = ad_table_new(&t, e->job->ctx, columns, own->count ? 5 : 3);
    for (int64_t i = 0; i < list->count; ++i) {
        int64_t class = judged ? gan_find_name(judged, list->at[i]) : -1;
        ad_table_row(t);
        ad_table_text(t, list->at[i]);
        ad_table_real(t, class < 0 ? NAN : gan_share_taken(&e->real, (int32_t) class));
        ad_table_real(t, class < 0 ? NAN : gan_share_taken(&e->made, (int32_t) class));
        if (!own->count) continue;
        ad_table_real(t, class < 0 ? NAN : gan_share_right(&e->made, (int32_t) class));
        ad_table_real(t, e->classes.own[i]);
    }
    if (!status) status = ad_table_print(t, cmd, "class");
    ad_table_free(t);
    return status;
}

static void print_classes_apart(ad_command *cmd, const gan_measure *e)
{
    const gan_class_distances *c = &e->classes;
    if (!e->made.class || isnan(c->least)) return;
    ad_command_print(cmd, "\n");
    ad_command_print(cmd,
                     "real pictures of two classes are %.4g apart at least, %.4g in the middle; "
                     "the worst of what is made is %.3f of the least\n",
                     c->least, c->median, c->worst / c->least);
}

static void print_memory(ad_command *cmd, const gan_measure *e, const char *by,
                         const gan_memory *memory)
{
    if (isnan(memory->share)) return;
    ad_command_print(cmd,
                     "%.2f %% of the samples are nearer to one of %lld training pictures%s, by %s, "
                     "than that one's own nearest neighbour is\n",
                     100 * memory->share, (long long)memory->count,
                     memory->count < e->training->count ? " that were looked at" : "", by);
}

static void print_scores(ad_command *cmd, const gan_measure *e, const ad_metrics *metrics)
{
    const gan_looker *l = &e->looker;
    if (!ad_command_json(cmd)) {
        print_classes_apart(cmd, e);
        ad_command_print(cmd, "\n");
        ad_command_print_metrics(cmd, "", metrics, NULL);
        ad_command_print(cmd, "\n");
        ad_command_print(cmd,
                         "%lld samples beside %lld real pictures, in %lld features of %s: %s\n",
                         (long long)e->made.count, (long long)e->real.count, (long long)l->width,
                         l->name, l->layer);
        print_memory(cmd, e, "pixels", &e->by_pixels);
        print_memory(cmd, e, "features", &e->by_features);
        if (e->of_unseen.count)
            ad_command_print(cmd, "of test pictures, by pixels, %.2f %% are\n",
                             100 * e->of_unseen.share);
        if (e->of_halves.count)
            ad_command_print(
                cmd, "of one half of the training pictures, beside the other, %.2f %% are\n",
                100 * e->of_halves.share);
        return;
    }
    ad_json_begin(cmd, "result");
    for (int i = 0; i < metrics->count; ++i)
        ad_json_real(cmd, metrics->at[i].name, metrics->at[i].value);
    if (e->made.class) ad_json_real(cmd, "classes_apart_median", e->classes.median);
    ad_json_int(cmd, "made", e->made.count);
    ad_json_int(cmd, "real", e->real.count);
    ad_json_int(cmd, "training_pictures", e->training->count);
    ad_json_text(cmd, "features", l->name);
    ad_json_text(cmd, "layer", l->layer);
    ad_json_int(cmd, "width", l->width);
    const int64_t seen[3] = {l->to[1], l->to[0], l->to[2]};
    ad_json_ints(cmd, "seen_as", seen, 3);
    ad_json_end(cmd);
}

/* ---- the verb ---- */

static ad_status work(ad_command *cmd, ad_job *job)
{
    gan_measure e = {.job = job,
                     .watcher = job->watcher,
                     .classifier = ad_command_text(cmd, "classifier"),
                     .features = ad_command_text(cmd, "features"),
                     .layer = ad_command_text(cmd, "layer"),
                     .pixels = ad_command_choice(cmd, "pixels"),
                     .cache = ad_command_text(cmd, "cache"),
                     .split = (ad_split)ad_command_choice(cmd, "split"),
                     .count = ad_command_int(cmd, "count"),
                     .seed = (uint64_t)ad_command_int(cmd, "seed"),
                     .truncation = ad_command_real(cmd, "truncation"),
                     .neighbours = (int)ad_command_int(cmd, "neighbours")};
    const char *output = ad_command_text(cmd, "output");
    ad_metrics metrics = ad_metrics_new(job->ctx);
    ad_status status = output ? ad_image_can_write(job->ctx, output) : AD_OK;
    if (!status) status = gan_paint_begin(job);
    if (!status) status = gan_measure_run(&e, &metrics);
    if (!status && output) status = gan_write_memorised(&e, output);
    if (!status) status = print_classes(cmd, &e);
    if (!status) print_scores(cmd, &e, &metrics);
    if (!status && output)
        ad_command_note(cmd, "%s: samples that are the most like a training picture", output);
    ad_metrics_free(&metrics);
    gan_measure_free(&e);
    return status;
}

static int run(ad_command *cmd)
{
    const char *features = ad_command_text(cmd, "features");
    if (ad_command_given(cmd, "pixels") && !(features && ad_onnx_ending(features)))
        return ad_command_usage(cmd, "--pixels is of ONNX files: all others are known here");
    if (ad_command_given(cmd, "layer") && !features && ad_command_text(cmd, "classifier"))
        return ad_command_usage(cmd, "--layer is of an image network: --features names one");
    const char *read[] = {features, ad_command_text(cmd, "classifier")};
    int code = ad_command_text(cmd, "output") ? vision_check_not_input(cmd, read, 2) : AD_EXIT_OK;
    return code ? code : ad_command_with_trained(cmd, &gan_system, work);
}

static const ad_record *const records[] = {&gan_data_record, NULL};
const ad_verb gan_eval_verb = {
    AD_VERB("gan", "eval", "MODEL", options, run, "measure what a generator makes"),
    .records = records, .of_run = true,
    .description =
        "Samples are compared with the pictures that it was trained on (or those of --data), in "
        "the features that a network sees in both: the Frechet and the kernel distance (less is "
        "better), precision and recall, density and coverage. With a classifier it says how often "
        "pictures are taken for each class, and of a network with classes how often they are what "
        "was asked for; each class has a distance of its own. A sample that is nearer to a "
        "training picture than any other training picture is may be known by heart: memorised is "
        "the share of these. Figures of two runs can be compared where network, count and data are "
        "the same.\n\n"
        "  autodidact classify train --data mnist/ --run judge\n"
        "  autodidact gan eval runs/gan-20260101-1 --classifier judge -n 10000 -o sheet.png\n"
        "  autodidact gan eval runs/gan-20260101-1 --features inception_v3.pth"};
