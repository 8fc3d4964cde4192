/* eval.c - `gan eval`: the figures of measure.c. */
#include "zoo/gan/gan.h"

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

/* ---- what is said ---- */

static ad_status print_classes(ad_command *cmd, const gan_measure *e)
{
    static const ad_column columns[] = {{"class", .most = 40},
                                        {"real", .kind = AD_COLUMN_PERCENT},
                                        {"made", .kind = AD_COLUMN_PERCENT},
                                        {"right", .kind = AD_COLUMN_PERCENT}};
    const gan_model *m = e->job->model;
    bool asked = m->classes.count > 0;
    ad_table *t;
    ad_status status = ad_table_new(&t, e->job->ctx, columns, asked ? 4 : 3);
    for (int32_t i = 0; i < e->looker.classes->count; ++i) {
        ad_table_row(t);
        ad_table_text(t, e->looker.classes->at[i]);
        ad_table_real(t, gan_share_taken(&e->real, i)),
            ad_table_real(t, gan_share_taken(&e->made, i));
        if (asked) ad_table_real(t, gan_share_right(&e->made, i));
    }
    if (!status) status = ad_table_print(t, cmd, "class");
    ad_table_free(t);
    return status;
}

static void print_scores(ad_command *cmd, const gan_measure *e, const ad_metrics *metrics)
{
    if (!ad_command_json(cmd)) {
        ad_command_print(cmd, "\n");
        ad_command_print_metrics(cmd, "", metrics, NULL);
        return;
    }
    ad_json_begin(cmd, "result");
    for (int i = 0; i < metrics->count; ++i)
        ad_json_real(cmd, metrics->at[i].name, metrics->at[i].value);
    ad_json_int(cmd, "made", e->made.count);
    ad_json_int(cmd, "real", e->real.count);
    ad_json_end(cmd);
}

/* ---- the verb ---- */

static ad_status work(ad_command *cmd, ad_job *job)
{
    gan_measure e = {.job = job,
                     .watcher = job->watcher,
                     .classifier = ad_command_text(cmd, "classifier"),
                     .split = (ad_split)ad_command_choice(cmd, "split"),
                     .count = ad_command_int(cmd, "count"),
                     .seed = (uint64_t)ad_command_int(cmd, "seed"),
                     .truncation = ad_command_real(cmd, "truncation"),
                     .neighbours = (int)ad_command_int(cmd, "neighbours")};
    ad_metrics metrics = ad_metrics_new(job->ctx);
    ad_status status = gan_paint_begin(job);
    if (!status) status = gan_measure_run(&e, &metrics);
    if (!status) status = print_classes(cmd, &e);
    if (!status) print_scores(cmd, &e, &metrics);
    ad_metrics_free(&metrics);
    gan_measure_free(&e);
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
