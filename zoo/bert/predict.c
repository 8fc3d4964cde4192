/* predict.c - `bert predict`: what a tuned model says of the lines of a text. */
#include "zoo/bert/tuned.h"

#include <stdlib.h>
#include <string.h>

static const ad_option options[] = {
    {"length", 0, AD_OPTION_INT, .min = 4, .max = 1 << 24, .unit = "TOKENS",
     .help = "longer texts are cut; else as it was tuned, else what the model says, else its "
             "places"},
    AD_COMMON_OPTIONS,
    {0},
};

typedef struct prediction {
    ad_command *cmd;
    bert *b;
    const bert_model *m;
    const char *path; /* for people */
    ad_text_file file;
    bert_texts texts;
    bert_sentence sentence; /* the line's words, of tags */
    bert_marks marks;       /* of all words */
    int64_t *first;         /* [lines + 1]: the first word of each line, of tags */
    int64_t lines, capacity;
    float *said; /* [texts or words, outputs]: logits, or the number */
    double *chance;
    const char **names; /* [outputs or words] of a line */
} prediction;

static void prediction_free(prediction *p)
{
    ad_text_file_free(&p->file);
    bert_texts_free(&p->texts);
    bert_sentence_free(&p->sentence);
    bert_marks_free(&p->marks);
    free(p->first);
    free(p->said);
    free(p->chance);
    free(p->names);
}

static ad_status out_of_memory(const prediction *p)
{
    return bert_no_memory(p->b->job.ctx, "the lines");
}

/* ---- reading ---- */

/* "TEXT TAB PAIR", where the model was tuned on pairs. */
static ad_status add_text(prediction *p, const bert_lines *l)
{
    const char *tab = p->m->paired ? memchr(l->line, '\t', l->length) : NULL;
    if (p->m->paired && !tab)
        return ad_error_set(
            p->b->job.ctx, AD_ERROR_FORMAT,
            "%s:%lld: has one column; the model was tuned on pairs, and expects two "
            "texts with a tab between them",
            p->path, (long long)l->number);
    size_t first = tab ? (size_t)(tab - l->line) : l->length;
    return bert_texts_add(&p->texts, &p->b->speller, l->line, first, tab ? tab + 1 : NULL,
                          tab ? l->length - first - 1 : 0);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Words of a line are what stands between blanks. */
static ad_status split_words(bert_sentence *s, const char *line, size_t length)
{
    ad_status status = AD_OK;
    bert_sentence_clear(s);
    for (size_t at = 0, end; at < length && !status; at = end + 1) {
        for (end = at; end < length && !is_blank(line[end]);) ++end;
        if (end > at) status = bert_sentence_add(s, line + at, end - at, 0);
    }
    return status;
}

static ad_status add_words(prediction *p, const bert_lines *l)
{
    if (p->lines + 1 >= p->capacity) {
        p->capacity = 2 * p->capacity + 256;
        int64_t *grown = realloc(p->first, (size_t)p->capacity * sizeof *grown);
        if (!grown) return out_of_memory(p);
        p->first = grown;
    }
    p->first[p->lines] = p->marks.count;
    ad_status status = split_words(&p->sentence, l->line, l->length);
    if (!status) status = bert_sentence_spell(&p->sentence, &p->b->speller, &p->texts, &p->marks);
    p->first[p->lines + 1] = p->marks.count;
    return status;
}

/* As the run was tuned and measured, if nothing else is asked for. */
static ad_status choose_length(prediction *p)
{
    const bert_columns *c = ad_job_value(&p->b->job, &bert_columns_record);
    ad_status status = bert_choose_length(p->cmd, p->b, &p->texts.most);
    bool tuned = c->length && c->length <= bert_longest(p->m);
    if (tuned && !ad_command_given(p->cmd, "length")) p->texts.most = c->length;
    return status;
}

static ad_status read_lines(prediction *p)
{
    const char *path = ad_command_operand(p->cmd, 1);
    bool standard = !strcmp(path, "-"), tags = p->m->task == BERT_TAGS_TASK;
    p->path = standard ? "standard input" : path;
    ad_status status = choose_length(p);
    if (!status)
        status = ad_text_file_read(&p->file, p->b->job.ctx, standard ? "/dev/stdin" : path);
    if (status) return status;
    bert_lines lines = {.at = p->file.text, .end = p->file.text + p->file.length};
    while (!status && bert_next_line(&lines)) {
        status = tags ? add_words(p, &lines) : add_text(p, &lines);
        ++p->lines;
    }
    if (!status && !p->lines)
        status = ad_error_set(p->b->job.ctx, AD_ERROR_FORMAT, "%s: the text is empty", p->path);
    bert_texts_note(&p->texts, &p->b->job.watcher);
    bert_marks_note(&p->marks, &p->texts, &p->b->job.watcher);
    return status;
}

/* ---- the network ---- */

static ad_status take_texts(void *user, const bert_block *block, const int64_t *index,
                            int64_t count, const float *result)
{
    prediction *p = user;
    const int64_t n = bert_outputs(p->m);
    (void)block;
    for (int64_t i = 0; i < count; ++i)
        memcpy(p->said + index[i] * n, result + i * n, (size_t)n * sizeof *result);
    return AD_OK;
}

static ad_status take_words(void *user, const bert_block *block, const int64_t *index,
                            int64_t count, const float *result)
{
    prediction *p = user;
    const bert_marks *m = &p->marks;
    const int64_t n = bert_outputs(p->m);
    for (int64_t i = 0; i < count; ++i)
        for (int64_t k = m->begin[index[i]]; k < m->begin[index[i] + 1]; ++k)
            memcpy(p->said + k * n, result + (block->begin[i] + m->place[k]) * n,
                   (size_t)n * sizeof *result);
    return AD_OK;
}

static ad_status run_network(prediction *p)
{
    ad_watcher watcher = ad_command_watcher(p->cmd);
    bool tags = p->m->task == BERT_TAGS_TASK;
    const int64_t n = bert_outputs(p->m), rows = tags ? p->marks.count : p->texts.count;
    const int64_t most = n > rows ? n : rows; /* of a line: labels, or words */
    p->said = calloc((size_t)(rows * n) + 1, sizeof *p->said);
    p->chance = calloc((size_t)most + 1, sizeof *p->chance);
    p->names = calloc((size_t)most + 1, sizeof *p->names);
    if (!p->said || !p->chance || !p->names) return out_of_memory(p);
    p->b->use = BERT_CLASSES;
    return bert_run_texts(p->b, &p->texts, AD_PRECISION_F32, &watcher,
                          tags ? take_words : take_texts, p);
}

/* ---- saying ---- */

/* A name as a column of a line: its own tabs and ends of lines would be more of them. */
static void put_name(ad_command *cmd, const char *name)
{
    for (const char *at = name; *at;) {
        size_t plain = strcspn(at, "\t\n\r");
        ad_command_print_text(cmd, at, plain);
        at += plain;
        if (*at) ad_command_print_text(cmd, " ", 1), ++at;
    }
}

static void put_pair(ad_command *cmd, const char *name, double chance, bool first)
{
    char number[32];
    int length = snprintf(number, sizeof number, "\t%.4f", chance);
    if (!first) ad_command_print_text(cmd, "\t", 1);
    put_name(cmd, name);
    ad_command_print_text(cmd, number, (size_t)length);
}

static void begin(const prediction *p, int64_t line)
{
    ad_json_begin(p->cmd, "prediction");
    ad_json_int(p->cmd, "line", line + 1);
}

static void say_class(prediction *p, int64_t line)
{
    const int n = (int)bert_outputs(p->m);
    const float *logits = p->said + line * n;
    const int best = ad_best_class(logits, n);
    ad_softmax_row(logits, n, p->chance);
    begin(p, line);
    ad_json_text(p->cmd, "class", p->m->classes.at[best]);
    ad_json_real(p->cmd, "probability", p->chance[best]);
    ad_json_end(p->cmd);
    if (ad_command_json(p->cmd)) return;
    put_pair(p->cmd, p->m->classes.at[best], p->chance[best], true);
    ad_command_print_text(p->cmd, "\n", 1);
}

static void say_number(prediction *p, int64_t line)
{
    begin(p, line);
    ad_json_real(p->cmd, "number", (double)p->said[line]);
    ad_json_end(p->cmd);
    if (!ad_command_json(p->cmd)) ad_command_print(p->cmd, "%.6g\n", (double)p->said[line]);
}

/* The labels above a half, in the model's order; none: an empty line. */
static void say_labels(prediction *p, int64_t line)
{
    const int n = (int)bert_outputs(p->m);
    int count = 0;
    ad_sigmoid_row(p->said + line * n, n, p->chance);
    for (int i = 0; i < n; ++i) {
        if (!(p->chance[i] > 0.5)) continue;
        p->names[count] = p->m->classes.at[i];
        p->chance[count++] = p->chance[i];
    }
    begin(p, line);
    ad_json_texts(p->cmd, "labels", p->names, count);
    ad_json_reals(p->cmd, "probabilities", p->chance, count);
    ad_json_end(p->cmd);
    if (ad_command_json(p->cmd)) return;
    for (int i = 0; i < count; ++i) put_pair(p->cmd, p->names[i], p->chance[i], !i);
    ad_command_print_text(p->cmd, "\n", 1);
}

/* Probability of the best tag of word `k`; *tag: its name. */
static double best_tag(const prediction *p, int64_t k, double *chance, const char **tag)
{
    const int n = (int)bert_outputs(p->m);
    const float *logits = p->said + k * n;
    const int best = ad_best_class(logits, n);
    ad_softmax_row(logits, n, chance);
    *tag = p->m->classes.at[best];
    return chance[best];
}

static void say_json_tags(prediction *p, int64_t line, double *chance)
{
    const int64_t at = p->first[line];
    const int count = (int)p->sentence.count;
    begin(p, line);
    for (int i = 0; i < count; ++i) p->names[i] = p->sentence.text + p->sentence.word[i];
    ad_json_texts(p->cmd, "words", p->names, count);
    for (int i = 0; i < count; ++i) p->chance[i] = best_tag(p, at + i, chance, &p->names[i]);
    ad_json_texts(p->cmd, "tags", p->names, count);
    ad_json_reals(p->cmd, "probabilities", p->chance, count);
    ad_json_end(p->cmd);
}

/* A line of each word, and an empty one behind a sentence. */
static void say_tags(prediction *p, int64_t line, double *chance)
{
    for (int64_t i = 0; i < p->sentence.count; ++i) {
        const char *word = p->sentence.text + p->sentence.word[i], *tag;
        double best = best_tag(p, p->first[line] + i, chance, &tag);
        ad_command_print_text(p->cmd, word, strlen(word));
        put_pair(p->cmd, tag, best, false);
        ad_command_print_text(p->cmd, "\n", 1);
    }
    ad_command_print_text(p->cmd, "\n", 1);
}

static ad_status say_all_tags(prediction *p)
{
    bert_lines lines = {.at = p->file.text, .end = p->file.text + p->file.length};
    double *chance = calloc((size_t)bert_outputs(p->m), sizeof *chance);
    ad_status status = chance ? AD_OK : out_of_memory(p);
    for (int64_t i = 0; !status && bert_next_line(&lines); ++i) {
        status = split_words(&p->sentence, lines.line, lines.length);
        if (status) break;
        (ad_command_json(p->cmd) ? say_json_tags : say_tags)(p, i, chance);
    }
    free(chance);
    return status;
}

static ad_status say(prediction *p)
{
    if (p->m->task == BERT_TAGS_TASK) return say_all_tags(p);
    for (int64_t i = 0; i < p->lines; ++i) {
        if (p->m->task == BERT_NUMBERS_TASK)
            say_number(p, i);
        else if (p->m->task == BERT_LABELS_TASK)
            say_labels(p, i);
        else
            say_class(p, i);
    }
    return AD_OK;
}

/* ---- the verb ---- */

static ad_status predict(ad_command *cmd, ad_job *job)
{
    prediction p = {.cmd = cmd, .b = (bert *)job, .m = job->model};
    p.texts.ctx = p.sentence.ctx = job->ctx;
    ad_status status = AD_OK;
    if (!bert_outputs(p.m))
        status = ad_error_set(job->ctx, AD_ERROR_ARGUMENT,
                              "%s: was not tuned; `bert tune` makes such a model",
                              ad_trained_path(job));
    if (!status) status = bert_open_speller(p.b, NULL);
    if (!status) status = read_lines(&p);
    if (!status) status = run_network(&p);
    if (!status) status = say(&p);
    prediction_free(&p);
    return status;
}

static int run(ad_command *cmd)
{
    return ad_command_with_trained(cmd, &bert_system, predict);
}

const ad_verb bert_predict_verb = {
    AD_VERB("bert", "predict", "MODEL FILE", options, run, "what a tuned model says of lines"),
    .description =
        "MODEL is a run of `bert tune`, or one of its checkpoints; FILE a text in UTF-8, - for "
        "standard input. Of every line, an empty one too, a line is written: the class and its "
        "probability, with a tab between them; the number; or the labels that are more likely than "
        "not, each with its probability (an empty line where there is none). Of a model of tags a "
        "line's words stand between blanks, and each of them becomes a line with its tag and the "
        "tag's probability, with an empty line behind the last. A model of pairs expects two texts "
        "with a tab between them.\n"
        "\n"
        "  autodidact bert predict films/ reviews.txt\n"
        "  echo 'a dull film' | autodidact bert predict films/ - --json"};
