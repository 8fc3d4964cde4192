/* show.c - `translate show`: pictures of what a network looks at, how it is told where a word
 * stands, and how fast it learnt. */
#include "zoo/translate/translate.h"

#include <autodidact/plot.h>
#include <autodidact/run.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TOKENS_MOST = 64, PLACES_SHOWN = 64, NUMBERS_SHOWN = 512, PATH_BYTES = 4096 };

static const ad_option options[] = {
    {AD_LETTER_ROW("output", 'o', FILE), .initial = "attention", .unit = "FOLDER",
     .help = "where the pictures go"},
    {AD_ROW("translation", TEXT), .unit = "TEXT",
     .help = "what TEXT is translated by; else what the network says with four hypotheses"},
    {AD_ROW("format", CHOICE), .initial = "svg", .choices = "svg|png", .help = "of the pictures"},
    TRANSLATE_AVERAGE_OPTION,
    AD_OPTION_THREADS,
    AD_OPTION_QUIET,
    {0},
};

/* Frees the drawing. */
static ad_status write(ad_command *cmd, ad_context *ctx, const char *name, ad_status status,
                       ad_drawing *d)
{
    char path[PATH_BYTES];
    const char *folder = ad_command_text(cmd, "output"), *ending = ad_command_text(cmd, "format");
    int length = snprintf(path, sizeof path, "%s/%s.%s", folder, name, ending);
    if (!status && length >= PATH_BYTES)
        status = ad_error_set(ctx, AD_ERROR_ARGUMENT, "%s: the path is too long", folder);
    if (!status) status = ad_drawing_write(d, path);
    if (!status) ad_command_note(cmd, "wrote %s", path);
    ad_drawing_free(d);
    return status;
}

/* ---- positions ---- */

/* The numbers that are added to the vectors of the first places, or by which they are turned. */
static ad_status draw_positions(ad_command *cmd, ad_context *ctx, const translate_model *m,
                                ad_vars *vars)
{
    static const char *const titles[] = {"Sinusoidal positions", "Learned positions (decoder)",
                                         "Rotary positions: cosines",
                                         "Sinusoidal positions, sines before cosines"};
    int64_t places = m->longest < PLACES_SHOWN ? m->longest : PLACES_SHOWN;
    ad_graph *graph = ad_graph_new(ctx);
    ad_program *program = NULL;
    ad_drawing *d = NULL;
    if (!graph) return ad_error_status(ctx);
    translate_pass pass = {.model = m, .vars = vars, .graph = graph};
    ad_node *table = translate_places(&pass, true);
    int64_t all = ad_node_poisoned(table) ? 1 : ad_node_shape(table).dim[1];
    int64_t numbers = all < NUMBERS_SHOWN ? all : NUMBERS_SHOWN;
    double *value = malloc((size_t)(places * numbers) * sizeof *value);
    ad_status status = value ? ad_compile(&program, ctx, &table, 1, NULL)
                             : ad_error_set(ctx, AD_ERROR_MEMORY, "out of memory");
    if (!status) status = ad_run(program);
    if (!status) status = ad_result_finite(program, table, "the table of positions");
    if (!status) {
        const float *row = ad_result(program, table);
        for (int64_t p = 0; p < places; ++p)
            for (int64_t i = 0; i < numbers; ++i) value[p * numbers + i] = (double)row[p * all + i];
        const ad_heat_map map = {.title = titles[m->positions],
                                 .row_label = "place",
                                 .column_label = "number of the vector",
                                 .rows = (int)places,
                                 .columns = (int)numbers,
                                 .value = value};
        status = ad_heat_map_new(&d, ctx, &map);
    }
    status = write(cmd, ctx, "positions", status, d);
    free(value);
    ad_program_free(program);
    ad_graph_free(graph);
    return status;
}

/* ---- the schedule ---- */

static const ad_run_series *find_series(const ad_run_info *info, const char *name)
{
    for (int i = 0; i < info->series_count; ++i)
        if (!strcmp(info->series[i].name, name)) return &info->series[i];
    return NULL;
}

/* The learning rate of a run's steps, as they were logged. What is no run has none. */
static ad_status draw_schedule(ad_command *cmd, ad_context *ctx)
{
    const char *path = ad_command_operand(cmd, 0);
    ad_run_info *info = NULL;
    ad_drawing *d = NULL;
    if (!ad_run_is(path)) return AD_OK;
    ad_status status = ad_run_info_open(&info, ctx, path);
    if (status) return status;
    const ad_run_info *part = info->part_count ? info->parts[0] : info; /* they learn alike */
    const ad_run_series *rate = find_series(part, "lr");
    if (rate) {
        const ad_series line = {.x = rate->step, .y = rate->value, .count = rate->count};
        const ad_plot plot = {.title = "Learning rate",
                              .x = {.label = "step"},
                              .series = &line,
                              .count = 1,
                              .no_legend = true};
        status = ad_plot_new(&d, ctx, &plot);
        status = write(cmd, ctx, "schedule", status, d);
    }
    ad_run_info_close(info);
    return status;
}

/* ---- the verb ---- */

/* The tokens of the translation that is given, or of the network's own. */
static ad_status take_target(ad_command *cmd, translate *t, translate_line line, ad_tokens *target)
{
    const char *given = ad_command_text(cmd, "translation");
    const translate_how how = translate_how_of(t->job.model);
    translate_result result = {0};
    bool whole = true;
    ad_status status = AD_OK;
    if (!given) {
        status = translate_lines(&t->translator, &line, 1, &how, 1, NULL, &result, &whole);
        if (!status) given = result.text[0];
        if (!status) ad_command_note(cmd, "translation: %s", given);
    }
    if (!status)
        status = translate_line_tokens(&t->vocabulary, true, (translate_line){given, strlen(given)},
                                       target);
    translate_results_free(&result, 1);
    return status;
}

static ad_status check_lengths(ad_context *ctx, const translate_model *m, const ad_tokens *source,
                               const ad_tokens *target)
{
    int64_t most = m->longest < TOKENS_MOST ? m->longest : TOKENS_MOST;
    if (source->count <= most && target->count <= most) return AD_OK;
    return ad_error_set(ctx, AD_ERROR_ARGUMENT,
                        "a sentence of %lld and %lld tokens is too long to be drawn: %lld at most",
                        (long long)source->count, (long long)target->count, (long long)most);
}

static ad_status draw_all(ad_command *cmd, ad_context *ctx, const translate_seen *seen)
{
    ad_status status = ad_run_make_folder(ctx, ad_command_text(cmd, "output"));
    for (int64_t i = 0; i < seen->look.maps && !status; ++i) {
        char name[TRANSLATE_NAME_BYTES];
        ad_drawing *d = NULL;
        status = translate_draw(&d, ctx, seen, i, name);
        status = write(cmd, ctx, name, status, d);
    }
    return status;
}

static ad_status draw(ad_command *cmd, translate *t)
{
    ad_context *ctx = t->job.ctx;
    const translate_model *m = t->job.model;
    const char *text = ad_command_operand(cmd, 1);
    translate_line line = {text, strlen(text)};
    ad_tokens source = {0}, target = {0};
    translate_seen seen = {.model = m};
    ad_status status = translate_line_tokens(&t->vocabulary, false, line, &source);
    if (!status && source.count > m->longest) status = check_lengths(ctx, m, &source, &target);
    if (!status) status = take_target(cmd, t, line, &target);
    if (!status) status = check_lengths(ctx, m, &source, &target);
    if (!status) status = translate_see(&seen, m, t->job.vars, &t->vocabulary, &source, &target);
    if (!status) status = draw_all(cmd, ctx, &seen);
    translate_seen_free(&seen);
    ad_tokens_free(&source);
    ad_tokens_free(&target);
    return status;
}

static ad_status work(ad_command *cmd, ad_job *job)
{
    translate *t = (translate *)job;
    const char *text = ad_command_operand(cmd, 1);
    if (!*text || ad_text_valid(text, strlen(text)) < strlen(text))
        return ad_error_set(job->ctx, AD_ERROR_ARGUMENT, "TEXT is %s",
                            *text ? "not UTF-8" : "empty");
    const translate_model *m = job->model;
    ad_status status = translate_vocabulary_open(&t->vocabulary, job);
    if (!status) status = ad_trained_build(job, 1, NULL);
    if (!status) status = translate_average(job, job->vars, ad_command_int(cmd, "average"));
    if (!status)
        status = translate_translator_new(&t->translator, job->ctx, job->model, job->vars,
                                          &t->vocabulary);
    if (!status) status = draw(cmd, t);
    if (!status) status = draw_positions(cmd, job->ctx, m, job->vars);
    if (!status && !m->told.there) status = draw_schedule(cmd, job->ctx);
    return status;
}

static int run(ad_command *cmd)
{
    return ad_command_with_trained(cmd, &translate_system, work);
}

const ad_verb translate_show_verb = {
    AD_VERB("translate", "show", "MODEL TEXT", options, run,
            "draw what each word of a sentence and its translation looks at"),
    .description =
        "Writes a picture for each layer, with all of its heads: encoder-N of the source's words, "
        "decoder-N of the written ones, source-N of these to the source; positions, what a word's "
        "place adds to its vector; and, where MODEL is a run, schedule, its learning rate.\n"
        "\n"
        "  autodidact translate show runs/translate-20260101-1 \"A man sleeps on a bench.\" "
        "-o bench/"};
