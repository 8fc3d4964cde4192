/* show.c - `translate show`: pictures of what a network looks at. For each layer its heads side by
 * side, words along both sides of each; and how the network is told where a word stands. */
#include "zoo/gpt/gpt.h"
#include "zoo/translate/translate.h"

#include <autodidact/plot.h>
#include <autodidact/run.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    COLUMNS = 4,
    LABEL_MOST = 84,
    TOKENS_MOST = 64,
    PLACES_SHOWN = 64,
    NUMBERS_SHOWN = 512,
    PATH_BYTES = 4096
};
static const double cell = 14, gap = 22, head_room = 40, title_room = 18, letter_size = 10;

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

/* ---- attention ---- */

typedef struct labels {
    char **text; /* [count] */
    int64_t count;
} labels;

static void free_labels(labels *l)
{
    for (int64_t i = 0; i < l->count && l->text; ++i) free(l->text[i]);
    free(l->text);
}

/* Each token as it is read; the end of a sentence is a small mark. */
static ad_status make_labels(labels *l, translate_vocabulary *v, bool target, const int32_t *tokens,
                             int64_t count)
{
    ad_decoder decoder = {.tokenizer = target ? v->target : v->source};
    *l = (labels){calloc((size_t)count, sizeof *l->text), count};
    for (int64_t i = 0; i < count && l->text; ++i) {
        const char *text = target && !i ? "(start)" : "(end)";
        size_t length = strlen(text);
        if (tokens[i] != v->end[target] && ad_decoder_next(&decoder, tokens[i], &text, &length))
            return ad_error_status(v->ctx);
        if (length == strspn(text, " ")) text = "_", length = 1; /* nothing but space */
        l->text[i] = malloc(length + 1);
        if (!l->text[i]) break;
        memcpy(l->text[i], text, length);
        l->text[i][length] = 0;
    }
    return l->text && (!count || l->text[count - 1])
               ? AD_OK
               : ad_error_set(v->ctx, AD_ERROR_MEMORY, "out of memory");
}

/* What the longest of them needs. */
static double room_of(const labels *l)
{
    double most = 0;
    for (int64_t i = 0; i < l->count; ++i) {
        double width = ad_text_width(l->text[i], letter_size, false);
        most = width > most ? width : most;
    }
    return (most < LABEL_MOST ? most : LABEL_MOST) + 8;
}

/* One head with its corner at x, y: weights [rows, columns]. */
static void draw_head(ad_drawing *d, double x, double y, const float *weights, const labels *rows,
                      const labels *columns, int64_t head)
{
    char text[64];
    snprintf(text, sizeof text, "head %lld", (long long)head + 1);
    double left = x + room_of(rows), top = y + title_room + room_of(columns);
    ad_draw_text(d, left, y + 10, text, (ad_letters){.size = 11, .bold = true});
    for (int64_t k = 0; k < columns->count; ++k)
        ad_draw_text(d, left + ((double)k + 0.75) * cell, top - 4, columns->text[k],
                     (ad_letters){.size = letter_size, .upwards = true, .most = LABEL_MOST});
    for (int64_t q = 0; q < rows->count; ++q) {
        ad_draw_text(
            d, left - 4, top + ((double)q + 0.75) * cell, rows->text[q],
            (ad_letters){.size = letter_size, .anchor = AD_ANCHOR_END, .most = LABEL_MOST});
        for (int64_t k = 0; k < columns->count; ++k) {
            double share = (double)weights[q * columns->count + k];
            ad_draw_rect(d, left + (double)k * cell, top + (double)q * cell, cell - 1, cell - 1,
                         (ad_pen){.fill = ad_colour_tint(AD_SERIES(0), share)});
        }
    }
}

static ad_status draw_layer(ad_command *cmd, ad_context *ctx, const char *name, const char *title,
                            const float *map, int64_t heads, const labels *rows,
                            const labels *columns)
{
    int64_t across = heads < COLUMNS ? heads : COLUMNS, down = (heads + across - 1) / across;
    double width = room_of(rows) + (double)columns->count * cell + gap;
    double height = title_room + room_of(columns) + (double)rows->count * cell + gap;
    double words = ad_text_width(title, 14, true) + gap, all = (double)across * width + gap;
    ad_drawing *d;
    ad_status status = ad_drawing_new(&d, ctx, words > all ? words : all,
                                      (double)down * height + head_room, title);
    if (status) return status;
    ad_draw_text(d, gap / 2, 20, title, (ad_letters){.size = 14, .bold = true});
    for (int64_t h = 0; h < heads; ++h) {
        int64_t row = h / across, column = h % across;
        draw_head(d, gap / 2 + (double)column * width, head_room + (double)row * height,
                  map + h * rows->count * columns->count, rows, columns, h);
    }
    return write(cmd, ctx, name, AD_OK, d);
}

static ad_status draw_all(ad_command *cmd, ad_context *ctx, const translate_model *m,
                          const translate_look *look, const labels *source, const labels *target)
{
    char name[64], title[96];
    ad_status status = AD_OK;
    for (int64_t i = 0; i < look->maps && !status; ++i) {
        int64_t layer = i < m->layers ? i : (i - m->layers) / 2;
        bool encoder = i < m->layers, across = !encoder && (i - m->layers) % 2;
        snprintf(name, sizeof name, "%s-%lld",
                 encoder  ? "encoder"
                 : across ? "source"
                          : "decoder",
                 (long long)layer + 1);
        snprintf(title, sizeof title, "%s, layer %lld%s", encoder ? "Encoder" : "Decoder",
                 (long long)layer + 1,
                 encoder  ? ": each word of the source (down) looks at the others"
                 : across ? ": each word written (down) looks at the source"
                          : ": each word written (down) looks at those before");
        status = draw_layer(cmd, ctx, name, title, look->map[i], m->heads,
                            encoder ? source : target, encoder || across ? source : target);
    }
    return status;
}

/* ---- positions ---- */

/* The numbers that are added to the vectors of the first places, or by which they are turned. */
static ad_status draw_positions(ad_command *cmd, ad_context *ctx, const translate_model *m,
                                ad_vars *vars)
{
    static const char *const titles[] = {"Sinusoidal positions", "Learned positions (decoder)",
                                         "Rotary positions: cosines"};
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

/* ---- the verb ---- */

/* The tokens of the translation that is given, or of the network's own. */
static ad_status take_target(ad_command *cmd, translate *t, translate_line line, ad_tokens *target)
{
    const char *given = ad_command_text(cmd, "translation");
    const translate_how how = {.beam = 4, .length_penalty = 0.6};
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

static ad_status draw(ad_command *cmd, translate *t)
{
    ad_context *ctx = t->job.ctx;
    const translate_model *m = t->job.model;
    const char *text = ad_command_operand(cmd, 1);
    translate_line line = {text, strlen(text)};
    ad_tokens source = {0}, target = {0};
    translate_look look = {0};
    labels from = {0}, to = {0};
    int32_t *behind = NULL;
    ad_status status = translate_line_tokens(&t->vocabulary, false, line, &source);
    if (!status && source.count > m->longest) status = check_lengths(ctx, m, &source, &target);
    if (!status) status = take_target(cmd, t, line, &target);
    if (!status) status = check_lengths(ctx, m, &source, &target);
    if (!status)
        status = translate_look_at(&look, ctx, m, t->job.vars, t->vocabulary.end[1], source.ids,
                                   source.count, target.ids, target.count - 1);
    if (!status) {
        behind = malloc((size_t)(target.count + 1) * sizeof *behind);
        if (!behind) status = ad_error_set(ctx, AD_ERROR_MEMORY, "out of memory");
    }
    if (!status) {
        behind[0] = t->vocabulary.end[1];
        memcpy(behind + 1, target.ids, (size_t)(target.count - 1) * sizeof *behind);
        status = make_labels(&from, &t->vocabulary, false, source.ids, source.count);
    }
    if (!status) status = make_labels(&to, &t->vocabulary, true, behind, target.count);
    if (!status) status = ad_run_make_folder(ctx, ad_command_text(cmd, "output"));
    if (!status) status = draw_all(cmd, ctx, m, &look, &from, &to);
    free(behind);
    free_labels(&from);
    free_labels(&to);
    translate_look_free(&look);
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
    ad_status status = translate_vocabulary_open(&t->vocabulary, job->ctx, ad_trained_path(job),
                                                 job->model);
    if (!status) status = ad_trained_build(job, 1, NULL);
    if (!status) status = translate_average(job, job->vars, ad_command_int(cmd, "average"));
    if (!status)
        status = translate_translator_new(&t->translator, job->ctx, job->model, job->vars,
                                          &t->vocabulary);
    if (!status) status = draw(cmd, t);
    if (!status) status = draw_positions(cmd, job->ctx, job->model, job->vars);
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
        "decoder-N of the written ones, source-N of these to the source; and positions, what a "
        "word's place adds to its vector.\n"
        "\n"
        "  autodidact translate show runs/translate-20260101-1 \"A man sleeps on a bench.\" "
        "-o bench/"};
