/* bert.c - BERT, DistilBERT and RoBERTa against Hugging Face's transformers (tests/oracle/bert.py):
 * tokens, what the encoder makes of them, vectors of texts, words for gaps.
 *
 * needs: zip */
#include "check.h"
#include "zoo/bert/tuned.h"

#include <jansson.h>

#define FIXTURES "tests/fixtures/bert"
enum { SHOWN = 4 }; /* numbers of each token's vector that the fixtures hold */

static ad_context *ctx;

static json_t *expected(const char *name)
{
    char path[128];
    json_error_t error;
    snprintf(path, sizeof path, FIXTURES "/%s.json", name);
    json_t *root = json_load_file(path, 0, &error);
    if (!root) CHECK_FAIL("%s: %s", path, error.text);
    return root;
}

static bert *open_model(const char *name)
{
    char path[128];
    ad_job *job;
    snprintf(path, sizeof path, FIXTURES "/%s", name);
    ad_status status = ad_trained_open(&job, ctx, &bert_system, path, NULL);
    if (!status) status = bert_open_speller((bert *)job, NULL);
    if (status) CHECK_FAIL("%s", ad_error(ctx));
    return (bert *)job;
}

/* All texts of a fixture, tokens compared. */
static void read_texts(bert *b, const json_t *rows, bert_texts *texts)
{
    *texts = (bert_texts){.ctx = ctx, .most = bert_longest(b->job.model)};
    for (size_t i = 0; i < json_array_size(rows); ++i) {
        const json_t *row = json_array_get(rows, i), *of = json_object_get(row, "texts"),
                     *ids = json_object_get(row, "ids");
        const char *text = json_string_value(json_array_get(of, 0)),
                   *pair = json_string_value(json_array_get(of, 1));
        if (bert_texts_add(texts, &b->speller, text, strlen(text), pair, pair ? strlen(pair) : 0))
            CHECK_FAIL("%s", ad_error(ctx));
        CHECK_INT(bert_texts_length(texts, (int64_t)i), json_array_size(ids));
        for (size_t k = 0; k < json_array_size(ids); ++k)
            CHECK_INT(texts->ids[texts->begin[i] + (int64_t)k],
                      json_integer_value(json_array_get(ids, k)));
    }
}

static double furthest(const float *got, int64_t stride, const json_t *want, int64_t at, int64_t n)
{
    double worst = 0;
    for (int64_t i = 0; i < n; ++i) {
        double value = json_number_value(json_array_get(want, (size_t)(at * n + i)));
        double error = fabs((double)got[at * stride + i] - value);
        if (!(error <= worst)) worst = error;
    }
    return worst;
}

/* What the encoder makes of all texts side by side, with `slack` places behind the last one. */
static void check_hidden(bert *b, const json_t *rows, const bert_texts *texts, int64_t slack)
{
    const bert_model *m = b->job.model;
    int64_t room = texts->begin[texts->count] + slack, order[16];
    int32_t tokens[256], place[256], type[256], begin[16];
    const bert_block block = {tokens, place, type, begin, room, texts->count};
    ad_vars *vars = ad_vars_new(ctx, 0);
    ad_graph *graph = ad_graph_new(ctx);
    ad_program *program = NULL;
    bert_pass pass = {.model = m, .vars = vars};
    bert_pass_inputs(&pass, graph, room, texts->count);
    ad_node *x = bert_encode(&pass);
    for (int64_t i = 0; i < texts->count; ++i) order[i] = i;
    bert_pack(m, texts, order, texts->count, &block);
    if (ad_trained_load(&b->job, vars) || ad_compile(&program, ctx, &x, 1, NULL))
        CHECK_FAIL("%s", ad_error(ctx));
    b->job.evaluation.program = program;
    if (program && (bert_bind(b, &block) || ad_run(program))) CHECK_FAIL("%s", ad_error(ctx));
    b->job.evaluation.program = NULL;
    const float *hidden = program ? ad_result(program, x) : NULL;
    for (int64_t i = 0; i < texts->count && hidden; ++i) {
        const json_t *want = json_object_get(json_array_get(rows, (size_t)i), "hidden");
        for (int64_t k = 0; k < bert_texts_length(texts, i); ++k)
            CHECK_NEAR(furthest(hidden + begin[i] * m->width, m->width, want, k, SHOWN), 0, 1e-5);
    }
    ad_program_free(program);
    ad_graph_free(graph);
    ad_vars_free(vars);
}

static void check_vectors(bert *b, const json_t *rows, const bert_texts *texts)
{
    const bert_model *m = b->job.model;
    float *vectors = calloc((size_t)(texts->count * m->width), sizeof *vectors);
    if (bert_vectors(b, texts, AD_PRECISION_F32, &(ad_watcher){0}, vectors))
        CHECK_FAIL("%s", ad_error(ctx));
    for (int64_t i = 0; i < texts->count; ++i) {
        const json_t *want = json_object_get(json_array_get(rows, (size_t)i), "vector");
        CHECK_NEAR(furthest(vectors + i * m->width, m->width, want, 0, m->width), 0, 1e-5);
    }
    free(vectors);
}

static void check_kind(const char *name)
{
    json_t *root = expected(name), *rows = json_object_get(root, "texts");
    bert_texts texts;
    bert *b = open_model(name);
    REQUIRE(b && rows);
    read_texts(b, rows, &texts);
    CHECK_INT(texts.count, 5);
    CHECK(texts.cut > 0);
    check_hidden(b, rows, &texts, 0);
    check_hidden(b, rows, &texts, 7);
    check_vectors(b, rows, &texts);
    bert_texts_free(&texts);
    ad_trained_close(&b->job);
    json_decref(root);
}

static void bert_encoder(void)
{
    check_kind("bert");
}
static void distilbert_encoder(void)
{
    check_kind("distilbert");
}
static void roberta_encoder(void)
{
    check_kind("roberta");
}
static void bare_encoder(void)
{
    check_kind("bare");
}

/* ---- batches ---- */

/* Texts of many lengths: every epoch has each of them once, and every batch fits. */
static void strata(void)
{
    enum { COUNT = 77, BATCH = 8, BATCHES = 10 };
    bert *b = open_model("bare");
    REQUIRE(b);
    bert_rows *rows = bert_rows_new(ctx, b->job.model, 24);
    rows->labels = calloc(COUNT, sizeof *rows->labels);
    for (int i = 0; i < COUNT; ++i) {
        char text[64] = "";
        for (int k = 0; k < i * 7 % 20; ++k) strcat(text, "a ");
        CHECK(!bert_texts_add(&rows->texts, &b->speller, text, strlen(text), NULL, 0));
    }
    CHECK(!bert_rows_finish(rows, BATCH));
    int64_t mean = rows->texts.begin[COUNT] / BATCHES;
    CHECK(rows->room <= mean + 2 * rows->texts.longest);
    int64_t before[COUNT] = {0};
    for (int epoch = 0; epoch < 3; ++epoch) {
        int64_t index[COUNT];
        bool seen[COUNT] = {false};
        int same = 0;
        for (int i = 0; i < COUNT; ++i) index[i] = i;
        rows->samples.order(rows, 5, epoch, index, COUNT);
        for (int i = 0; i < COUNT; ++i) seen[index[i]] = true, same += index[i] == before[i];
        for (int i = 0; i < COUNT; ++i) CHECK(seen[i]);
        CHECK(same < COUNT / 2);
        for (int at = 0; at < COUNT; at += BATCH) {
            int64_t n = COUNT - at < BATCH ? COUNT - at : BATCH;
            CHECK_INT(rows->samples.fit(rows, index + at, n), n);
        }
        memcpy(before, index, sizeof index);
    }
    ad_samples_free(&rows->samples);
    ad_trained_close(&b->job);
}

/* Of 3 places in 20 each is missing once, whole words of two pieces together; 8 in 10 are the mask,
 * and all others stay. */
static void gaps(void)
{
    enum { LENGTH = 22, BATCH = 4, INSIDE = LENGTH - 2, TEXTS = 40, MISSING = 4 };
    bert *b = open_model("bert");
    REQUIRE(b);
    const bert_model *m = b->job.model;
    int32_t ids[TEXTS * INSIDE];
    unsigned char word[64] = {0};
    for (int i = 0; i < TEXTS * INSIDE; ++i) ids[i] = i % 2 ? 17 : 6; /* cat ##a */
    word[6] = 1;
    ad_samples *s = bert_gaps_new(&(bert_gaps){.length = LENGTH,
                                               .batch = BATCH,
                                               .missing = MISSING,
                                               .ids = ids,
                                               .count = TEXTS * INSIDE,
                                               .word = word,
                                               .model = m,
                                               .speller = &b->speller});
    REQUIRE(s);
    CHECK_INT(s->count, TEXTS);
    int32_t tokens[BATCH * LENGTH], place[BATCH * LENGTH], type[BATCH * LENGTH], begin[BATCH + 1];
    int32_t missing[BATCH * MISSING], lost[BATCH * MISSING], scratch[2 * LENGTH];
    int masks = 0, kept = 0, all = 0;
    for (uint64_t number = 0; number < 200; ++number) {
        const int64_t index[BATCH] = {1, 5, 7, 39};
        void *block[] = {tokens, place, type, begin, missing, lost, scratch};
        s->fill_batch(s->user, index, BATCH - 1, &(ad_draws){9, number * BATCH, number, 0}, block);
        CHECK_INT(begin[3], 3 * LENGTH);
        CHECK_INT(begin[4], 3 * LENGTH);
        for (int i = 0; i < (BATCH - 1) * MISSING; i += 2) {
            CHECK_INT(lost[i], 6);
            CHECK_INT(lost[i + 1], 17);
            CHECK_INT(missing[i] + 1, missing[i + 1]);
            for (int k = i; k < i + 2; ++k, ++all)
                masks += tokens[missing[k]] == b->speller.mask,
                    kept += tokens[missing[k]] == lost[k];
        }
        for (int i = (BATCH - 1) * MISSING; i < BATCH * MISSING; ++i) CHECK_INT(lost[i], -1);
        int changed = 0;
        for (int i = 0; i < 3 * LENGTH; ++i)
            changed += i % LENGTH && i % LENGTH < LENGTH - 1 &&
                       tokens[i] != (i % LENGTH % 2 ? 6 : 17);
        CHECK(changed <= 3 * MISSING);
    }
    CHECK_NEAR((double)masks / all, 0.8, 0.03);
    CHECK_NEAR((double)kept / all, 0.1, 0.03);
    ad_samples_free(s);
    ad_trained_close(&b->job);
}

int main(int argc, char **argv)
{
    ctx = ad_context_new(NULL);
    int status = check_main(argc, argv,
                            (check_case[]){CASE(bert_encoder),
                                           CASE(distilbert_encoder),
                                           CASE(roberta_encoder),
                                           CASE(bare_encoder),
                                           CASE(strata),
                                           CASE(gaps),
                                           {0}});
    ad_context_free(ctx);
    return status;
}
