/* fill.c - `bert fill`: the words that a text may have where [MASK] stands. */
#include "zoo/bert/bert.h"

#include <autodidact/scores.h>
#include <autodidact/table.h>
#include <stdlib.h>
#include <string.h>

static const ad_option options[] = {
    {"top", 'k', AD_OPTION_INT, .initial = "5", .min = 1, .max = 1000,
     .help = "words for each place, the likeliest first"},
    {"tokenizer", 0, AD_OPTION_FILE,
     .help = "its file or folder, if it does not come with the model"},
    AD_COMMON_OPTIONS,
    {0},
};

typedef struct filling {
    ad_command *cmd;
    bert *b;
    bert_texts text; /* the one */
    int32_t *missing;
    bert_block block;
    double *chance; /* [vocab] */
    int *best;      /* [top] */
    ad_table *table;
} filling;

static void filling_free(filling *f)
{
    bert_texts_free(&f->text);
    free(f->missing);
    free(f->block.tokens);
    free(f->chance);
    free(f->best);
    ad_table_free(f->table);
}

static ad_status check_model(const filling *f)
{
    const bert_model *m = f->b->job.model;
    ad_context *ctx = f->b->job.ctx;
    if (!m->masked)
        return ad_error_set(ctx, AD_ERROR_NOT_FOUND,
                            "%s: has no layers that fill in words (%s.weight): it is the bare "
                            "encoder",
                            ad_trained_path(&f->b->job), bert_names_of(m->kind)->mask_dense);
    if (f->b->speller.mask < 0)
        return ad_error_set(ctx, AD_ERROR_FORMAT,
                            "%s: the tokenizer has no token for a masked word",
                            ad_trained_folder(&f->b->job));
    return AD_OK;
}

/* The text with the model's own mask for each of [MASK] and <mask>; of malloc. */
static char *with_mask(const bert *b, const char *text)
{
    static const char *const known[] = {"[MASK]", "<mask>"};
    size_t length, room = strlen(text) + 1;
    const char *mask = ad_tokenizer_piece(b->speller.tokenizer, b->speller.mask, &length);
    char *out = malloc(room * (length + 1)), *to = out;
    for (const char *at = text; out && *at;) {
        bool found = !strncmp(at, known[0], 6) || !strncmp(at, known[1], 6);
        memcpy(to, found ? mask : at, found ? length : 1);
        to += found ? length : 1;
        at += found ? 6 : 1;
    }
    if (out) *to = 0;
    return out;
}

static ad_status read_text(filling *f, const char *given)
{
    char *text = with_mask(f->b, given);
    if (!text) return bert_no_memory(f->b->job.ctx, "the text");
    ad_status status = bert_texts_add(&f->text, &f->b->speller, text, strlen(text), NULL, 0);
    free(text);
    if (!status) bert_texts_note(&f->text, &f->b->job.watcher);
    return status;
}

/* Where the mask stands, into f->missing. */
static ad_status find_missing(filling *f)
{
    const bert_texts *t = &f->text;
    bert *b = f->b;
    size_t length;
    const char *mask = ad_tokenizer_piece(b->speller.tokenizer, b->speller.mask, &length);
    f->missing = calloc((size_t)t->longest, sizeof *f->missing);
    if (!f->missing) return bert_no_memory(f->b->job.ctx, "the words");
    for (int64_t i = 0; i < t->longest; ++i)
        if (t->ids[i] == b->speller.mask) f->missing[b->missing++] = (int32_t)i;
    if (b->missing) return AD_OK;
    return ad_error_set(b->job.ctx, AD_ERROR_ARGUMENT,
                        "there is no %.*s within the first %lld tokens", (int)length, mask,
                        (long long)t->most);
}

static ad_status run_network(filling *f)
{
    bert *b = f->b;
    bert_block *k = &f->block;
    *k = (bert_block){.room = f->text.longest, .texts = 1};
    k->tokens = calloc((size_t)(3 * k->room + 2), sizeof *k->tokens);
    if (!k->tokens) return bert_no_memory(f->b->job.ctx, "the words");
    k->place = k->tokens + k->room, k->type = k->place + k->room, k->begin = k->type + k->room;
    bert_pack(b->job.model, &f->text, &(int64_t){0}, 1, k);
    b->use = BERT_FILL, b->room = k->room;
    ad_status status = ad_trained_build(&b->job, 1, NULL);
    if (!status) status = bert_bind(b, k);
    if (!status)
        status = ad_bind_name(b->job.evaluation.program, "missing", f->missing,
                              (size_t)b->missing * sizeof *f->missing);
    if (!status) status = ad_run(b->job.evaluation.program);
    if (status) return status;
    return ad_result_finite(b->job.evaluation.program, b->job.evaluation.result,
                            ad_trained_path(&b->job));
}

static ad_status say_place(filling *f, int64_t place, int top)
{
    const bert *b = f->b;
    const int64_t vocab = ((const bert_model *)b->job.model)->vocab;
    const float *logits = ad_result(b->job.evaluation.program, b->job.evaluation.result);
    ad_softmax_row(logits + place * vocab, (int)vocab, f->chance);
    int count = ad_top_classes(f->chance, (int)vocab, top, f->best);
    for (int i = 0; i < count; ++i) {
        const char *word;
        size_t length;
        const int32_t id = f->best[i];
        ad_status status = ad_tokenizer_decode(b->speller.tokenizer, &id, 1, &word, &length);
        if (status) return status;
        ad_table_row(f->table);
        ad_table_int(f->table, place + 1);
        ad_table_text(f->table, word + (*word == ' '));
        ad_table_real(f->table, f->chance[id]);
        ad_table_int(f->table, id);
    }
    return AD_OK;
}

static ad_status say(filling *f)
{
    static const ad_column columns[] = {
        {"place", .kind = AD_COLUMN_INT},
        {"word", .kind = AD_COLUMN_TEXT},
        {"probability", .kind = AD_COLUMN_REAL, .digits = 4},
        {"token", .kind = AD_COLUMN_INT, .where = AD_COLUMN_IN_JSON},
    };
    int top = (int)ad_command_int(f->cmd, "top");
    const int64_t vocab = ((const bert_model *)f->b->job.model)->vocab;
    ad_status status = ad_table_new(&f->table, f->b->job.ctx, columns, 4);
    f->chance = calloc((size_t)vocab, sizeof *f->chance);
    f->best = calloc((size_t)top, sizeof *f->best);
    if (!f->chance || !f->best) return bert_no_memory(f->b->job.ctx, "the words");
    for (int64_t i = 0; i < f->b->missing && !status; ++i) status = say_place(f, i, top);
    return status ? status : ad_table_print(f->table, f->cmd, "word");
}

static ad_status fill(ad_command *cmd, ad_job *job)
{
    filling f = {.cmd = cmd, .b = (bert *)job};
    f.text = (bert_texts){.ctx = job->ctx, .most = bert_longest(job->model)};
    ad_status status = bert_open_speller(f.b, ad_command_text(cmd, "tokenizer"));
    if (!status) status = check_model(&f);
    if (!status) status = read_text(&f, ad_command_operand(cmd, 1));
    if (!status) status = find_missing(&f);
    if (!status) status = run_network(&f);
    if (!status) status = say(&f);
    filling_free(&f);
    return status;
}

static int run(ad_command *cmd)
{
    const char *text = ad_command_operand(cmd, 1);
    if (!strstr(text, "[MASK]") && !strstr(text, "<mask>"))
        return ad_command_usage(cmd, "TEXT has no [MASK] where a word is to be filled in");
    return ad_command_with_trained(cmd, &bert_system, fill);
}

const ad_verb bert_fill_verb = {
    AD_VERB("bert", "fill", "MODEL TEXT", options, run, "words for the gaps of a text"),
    .description =
        "MODEL is what `bert embed` takes, with what a masked language model was trained "
        "with (BertForMaskedLM and the like). Of each gap the likeliest words are "
        "listed; gaps are filled in independently of each other.\n"
        "\n"
        "  autodidact bert fill bert-base-uncased/ 'have a [MASK] day'"};
