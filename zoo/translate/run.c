/* run.c - `translate run`: lines in, lines out. */
#include "zoo/gpt/gpt.h"
#include "zoo/translate/translate.h"

#include <autodidact/profile.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LINES_AT_ONCE = 4096, PIPE_BYTES = 1 << 16 };

static const ad_option options[] = {
    {AD_LETTER_ROW("input", 'i', FILE),
     .help = "lines to translate (UTF-8; .gz, .xz, .bz2, .zst are expanded), else standard input"},
    {AD_LETTER_ROW("output", 'o', FILE), .help = "where they go, else standard output"},
    TRANSLATE_HOW_OPTIONS,
    {AD_ROW("n-best", INT), .min = 1, .max = TRANSLATE_BEAM_MOST,
     .help = "print so many of them, each as LINE ||| TEXT ||| SCORE"},
    {AD_ROW("sample", FLAG), .help = "draw the words instead"},
    {AD_ROW("temperature", REAL), .initial = "1", .min = 0.01, .max = 100,
     .help = "of --sample: below 1 bolder choices are rarer"},
    {AD_ROW("top-k", INT), .initial = "0", .min = 0, .max = 1e9,
     .help = "of --sample: among this many likeliest words; 0: all"},
    {AD_ROW("seed", INT), .initial = "0", .help = "of --sample"},
    {AD_ROW("align", FLAG),
     .help = "say which word each word looks at: TEXT ||| SOURCE-TARGET ..., from 0"},
    TRANSLATE_AVERAGE_OPTION,
    AD_OPTION_PROFILE,
    AD_COMMON_OPTIONS,
    {0},
};

typedef struct running {
    ad_command *cmd;
    ad_context *ctx;
    translate_translator t;
    ad_vars *vars;
    translate_how how;
    int64_t n_best;
    bool align;
    int64_t lines, cut;
    gpt_page *page; /* of --output; NULL: standard output */
    bool closed;    /* which is read no further */
} running;

/* ---- out ---- */

static ad_status put(running *r, const char *text)
{
    if (!r->page) {
        r->closed |= !ad_command_write(r->cmd, text, strlen(text));
        return AD_OK;
    }
    return gpt_page_put(r->page, text, strlen(text))
               ? AD_OK
               : ad_error_set(r->ctx, AD_ERROR_MEMORY, "no memory for the translations");
}

static void print_json(running *r, const translate_result *result, const int64_t *pairs,
                       int64_t count)
{
    ad_json_begin(r->cmd, "translation");
    ad_json_int(r->cmd, "line", r->lines + 1);
    ad_json_text(r->cmd, "text", result->text[0]);
    ad_json_real(r->cmd, "score", result->score[0]);
    ad_json_bool(r->cmd, "cut", result->cut);
    if (r->align) ad_json_ints(r->cmd, "alignment", pairs, (int)(2 * count));
    if (r->n_best) {
        ad_json_texts(r->cmd, "n_best", (const char *const *)result->text, (int)result->count);
        ad_json_reals(r->cmd, "scores", result->score, (int)result->count);
    }
    ad_json_end(r->cmd);
}

static ad_status print_text(running *r, const translate_result *result, const int64_t *pairs,
                            int64_t count)
{
    char number[64];
    ad_status status = AD_OK;
    for (int64_t n = 0; n < result->count && !status; ++n) {
        snprintf(number, sizeof number, "%lld ||| ", (long long)r->lines);
        if (r->n_best) status = put(r, number);
        if (!status) status = put(r, result->text[n]);
        snprintf(number, sizeof number, " ||| %.6f", result->score[n]);
        if (!status && r->n_best) status = put(r, number);
        if (!status && r->align && !n) status = put(r, " |||");
        for (int64_t i = 0; i < count && !n && !status; ++i) {
            snprintf(number, sizeof number, " %lld-%lld", (long long)pairs[2 * i],
                     (long long)pairs[2 * i + 1]);
            status = put(r, number);
        }
        if (!status) status = put(r, "\n");
    }
    return status;
}

static ad_status print(running *r, translate_line line, const translate_result *result)
{
    int64_t *pairs = NULL, count = 0;
    ad_status status = AD_OK;
    if (r->align && *result->text[0])
        status = translate_align(&r->t, r->vars, line, result->text[0], &pairs, &count);
    if (!status && ad_command_json(r->cmd))
        print_json(r, result, pairs, count);
    else if (!status)
        status = print_text(r, result, pairs, count);
    free(pairs);
    r->cut += result->cut;
    ++r->lines;
    return status;
}

/* ---- in ---- */

static ad_status translate_some(running *r, const translate_line *lines, int64_t count)
{
    ad_watcher watcher = ad_command_watcher(r->cmd);
    translate_result *results = calloc((size_t)count + 1, sizeof *results);
    bool whole;
    if (!results) return ad_error_set(r->ctx, AD_ERROR_MEMORY, "out of memory");
    if (count < LINES_AT_ONCE) watcher.progress = NULL; /* it is over before it could be read */
    ad_status status = translate_lines(&r->t, lines, count, &r->how, r->n_best ? r->n_best : 1,
                                       &watcher, results, &whole);
    for (int64_t i = 0; i < count && whole && !status && !r->closed; ++i)
        status = print(r, lines[i], &results[i]);
    translate_results_free(results, count);
    free(results);
    return status;
}

static bool stopped(running *r)
{
    return r->closed || ad_command_interrupted(r->cmd);
}

static ad_status translate_text_of(running *r, const char *text, size_t length)
{
    int64_t count;
    translate_line *lines = translate_cut(text, length, &count);
    ad_status status = lines ? AD_OK : ad_error_set(r->ctx, AD_ERROR_MEMORY, "out of memory");
    for (int64_t i = 0; i < count && !status && !stopped(r); i += LINES_AT_ONCE)
        status = translate_some(r, lines + i,
                                count - i < LINES_AT_ONCE ? count - i : LINES_AT_ONCE);
    free(lines);
    return status;
}

/* Lines of a pipe as they come: whoever waits for an answer gets it. */
static ad_status translate_pipe(running *r)
{
    gpt_page held = {0};
    char bytes[PIPE_BYTES];
    ad_status status = AD_OK;
    while (!status && !stopped(r)) {
        ssize_t got = read(STDIN_FILENO, bytes, sizeof bytes);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0)
            status = ad_error_set(r->ctx, AD_ERROR_IO, "standard input: %s", strerror(errno));
        if (got > 0 && !gpt_page_put(&held, bytes, (size_t)got))
            status = ad_error_set(r->ctx, AD_ERROR_MEMORY, "out of memory");
        size_t whole = held.length;
        /* what has no end yet waits for it, but at the end of all */
        while (got > 0 && whole && held.text[whole - 1] != '\n') --whole;
        size_t right = whole ? ad_text_valid(held.text, whole) : 0;
        if (!status && right < whole) {
            int64_t line = 0;
            for (size_t i = 0; i < right; ++i) line += held.text[i] == '\n';
            status = ad_error_set(r->ctx, AD_ERROR_FORMAT, "standard input: line %lld is not UTF-8",
                                  (long long)(r->lines + line + 1));
        }
        if (!status && whole) status = translate_text_of(r, held.text, whole);
        if (got <= 0) break;
        if (whole) memmove(held.text, held.text + whole, held.length - whole);
        held.length -= whole;
    }
    gpt_page_free(&held);
    return status;
}

static ad_status translate_input_of(running *r)
{
    const char *given = ad_command_operand(r->cmd, 1), *path = ad_command_text(r->cmd, "input");
    ad_text_file file;
    if (given && strcmp(given, "-")) {
        if (ad_text_valid(given, strlen(given)) < strlen(given))
            return ad_error_set(r->ctx, AD_ERROR_FORMAT, "TEXT is not UTF-8");
        return translate_text_of(r, given, strlen(given));
    }
    if (!path || !strcmp(path, "-")) return translate_pipe(r);
    ad_status status = ad_text_file_read(&file, r->ctx, path);
    if (status) return status;
    status = translate_text_of(r, file.text, file.length);
    ad_text_file_free(&file);
    return status;
}

/* ---- the verb ---- */

static ad_status load(running *r, ad_job *job, translate_vocabulary *v)
{
    const translate_model *m = job->model;
    ad_status status = translate_vocabulary_open(v, job);
    if (!status && !(r->vars = ad_vars_new(job->ctx, 0))) status = ad_error_status(job->ctx);
    if (!status) status = translate_declare(r->vars, m);
    if (!status) status = ad_trained_load(job, r->vars);
    if (!status) status = translate_average(job, r->vars, ad_command_int(r->cmd, "average"));
    if (!status) status = translate_translator_new(&r->t, job->ctx, m, r->vars, v);
    return status;
}

static ad_status work(ad_command *cmd, ad_job *job)
{
    const char *output = ad_command_text(cmd, "output");
    gpt_page page = {0};
    translate_vocabulary v = {0};
    running r = {.cmd = cmd, .ctx = job->ctx, .page = output ? &page : NULL};
    r.how = translate_how_asked(cmd, job->model);
    r.how.sampled = ad_command_flag(cmd, "sample");
    r.how.temperature = ad_command_real(cmd, "temperature");
    r.how.top_k = ad_command_int(cmd, "top-k");
    r.how.seed = (uint64_t)ad_command_int(cmd, "seed");
    r.n_best = ad_command_int(cmd, "n-best"), r.align = ad_command_flag(cmd, "align");
    if (r.how.sampled) r.how.beam = 1;
    if (r.n_best > r.how.beam) /* as many as the model's files say */
        return ad_error_set(job->ctx, AD_ERROR_ARGUMENT,
                            "--n-best %lld: there are %lld hypotheses (--beam)",
                            (long long)r.n_best, (long long)r.how.beam);
    ad_status status = output ? ad_text_file_can_write(job->ctx, output) : AD_OK;
    if (!status) status = load(&r, job, &v);
    double start = ad_seconds();
    if (!status) status = translate_input_of(&r);
    double seconds = ad_seconds() - start;
    bool stop = ad_command_interrupted(cmd);
    if (!status && output && !stop)
        status = ad_text_file_write(job->ctx, output, page.text ? page.text : "", page.length);
    if (!status && r.t.split)
        ad_command_note(cmd,
                        "%lld lines were longer than %lld tokens, which the network has learnt, "
                        "and were cut",
                        (long long)r.t.split, (long long)r.t.model->longest);
    if (!status && r.cut)
        ad_command_note(cmd, "%lld translations had no end and were stopped", (long long)r.cut);
    if (!status && r.lines > 1)
        ad_command_note(cmd, "%lld lines in %.1f s, %.1f lines/s, %.0f tokens/s",
                        (long long)r.lines, seconds, (double)r.lines / seconds,
                        (double)r.t.words / seconds);
    translate_translator_free(&r.t);
    translate_vocabulary_free(&v);
    ad_vars_free(r.vars);
    gpt_page_free(&page);
    return status;
}

static int run(ad_command *cmd)
{
    const char *given = ad_command_operand(cmd, 1);
    int64_t n_best = ad_command_int(cmd, "n-best");
    if (given && strcmp(given, "-") && ad_command_given(cmd, "input"))
        return ad_command_usage(cmd, "TEXT is instead of --input, not beside it");
    if (n_best && ad_command_flag(cmd, "align") && !ad_command_json(cmd))
        return ad_command_usage(cmd, "--align and --n-best: give one of them, or --json");
    ad_profile *profile;
    int exit = ad_profile_open(&profile, cmd);
    if (exit) return exit;
    return ad_profile_close(profile, ad_command_with_trained(cmd, &translate_system, work));
}

const ad_verb translate_run_verb = {
    AD_VERB("translate", "run", "MODEL [TEXT]", options, run, "translate text, line by line"),
    .description =
        "Without TEXT and --input, or with - for one, lines are read from standard input and "
        "translated as they come. An empty line stays an empty line. Lines that are longer than "
        "the sentences that the network was trained with are cut where a sentence, a clause or a "
        "word ends.\n"
        "\n"
        "  autodidact translate run runs/translate-20260101-1 \"A man sleeps on a bench.\"\n"
        "  autodidact translate run runs/translate-20260101-1 -i test.en -o test.de\n"
        "  autodidact translate run runs/translate-20260101-1 -i test.en --beam 8 --n-best 8"};
