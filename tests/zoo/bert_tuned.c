/* bert_tuned.c - tuning against PyTorch (tests/oracle/bert_tuned.py): words and labels as the loss
 * takes them, gradients, learning rates by layer; entities against seqeval
 * (tests/oracle/bert_entities.py).
 *
 * needs: jansson */
#include "case.h"
#include "zoo/bert/tuned.h"

#define FIXTURES "tests/fixtures/bert"

static json_t *expected(const char *name)
{
    char path[128];
    json_error_t error;
    snprintf(path, sizeof path, FIXTURES "/%s", name);
    json_t *root = json_load_file(path, 0, &error);
    if (!root) CHECK_FAIL("%s: %s", path, error.text);
    return root;
}

/* ---- two steps of SGD ---- */

/* Sets "NAME=VALUE ..." */
static ad_status set_all(ad_settings *settings, char *text)
{
    ad_status status = AD_OK;
    for (char *word = strtok(text, " "); !status && word; word = strtok(NULL, " ")) {
        char *value = strchr(word, '=');
        *value = 0;
        status = ad_settings_set(settings, word, value + 1);
    }
    return status;
}

static ad_status train(const char *model, const char *table, const char *more, const json_t *how)
{
    ad_settings *settings;
    char text[1024];
    ad_outcome outcome = {0};
    snprintf(text, sizeof text,
             "init=" FIXTURES "/%s data=%s steps=%d lr=%g layer-decay=%g optimizer=sgd momentum=0 "
             "weight-decay=0 clip=0 warmup=0 schedule=constant dropout=0 batch=8 %s",
             model, in_folder(table), (int)json_integer_value(json_object_get(how, "steps")),
             json_real_value(json_object_get(how, "rate")),
             json_real_value(json_object_get(how, "decay")), more);
    ad_status status = ad_settings_new(&settings, ctx, bert_tune_verb.records,
                                       bert_tune_verb.defaults);
    if (!status) status = set_all(settings, text);
    const ad_session session = {.app = "test",
                                .system = "bert",
                                .verb = "tune",
                                .settings = settings,
                                .folder = in_folder("run"),
                                .once = ad_system_once,
                                .user = (void *)&bert_system};
    if (!status) status = ad_session_run(&session, &outcome);
    ad_outcome_free(&outcome);
    ad_settings_free(settings);
    return status;
}

/* The last four numbers of each parameter of the run. */
static void check_parameters(const json_t *parameters)
{
    char path[512];
    const char *name;
    json_t *want;
    ad_file *file;
    int checked = 0;
    CHECK_INT(ad_run_weights(ctx, in_folder("run"), path, sizeof path, NULL, 0), AD_OK);
    if (ad_file_open(&file, ctx, path)) {
        CHECK_FAIL("%s", ad_error(ctx));
        return;
    }
    json_object_foreach((json_t *)(size_t)parameters, name, want)
    {
        static float data[1024];
        int at = ad_file_find(file, name);
        if (at < 0) { /* BERT's pooler is none of a network that tags */
            CHECK_FAIL("there is no %s", name);
            continue;
        }
        int64_t count = ad_shape_count(ad_file_at(file, at)->shape), n = json_array_size(want);
        CHECK_INT(ad_file_read(file, at, AD_F32, data, (size_t)count * sizeof *data), AD_OK);
        for (int64_t i = 0; i < n; ++i) {
            double value = json_number_value(json_array_get(want, (size_t)i));
            CHECK_NEAR((double)data[count - n + i], value, 2e-5);
        }
        ++checked;
    }
    CHECK(checked > 30);
    ad_file_close(file);
}

static void check_tuning(const char *model, const char *more)
{
    begin();
    json_t *root = expected("tuned.json"), *of = json_object_get(root, model);
    write_text("table.tsv", json_string_value(json_object_get(of, "table")));
    if (train(model, "table.tsv", more, root)) CHECK_FAIL("%s", ad_error(ctx));
    check_parameters(json_object_get(of, "parameters"));
    json_decref(root);
    end();
}

static void tags_as_torch_learns_them(void)
{
    check_tuning("tags", "task=tags");
}
static void labels_as_torch_learns_them(void)
{
    check_tuning("labels", "task=labels text=1 label=2 pooling=cls");
}

/* ---- entities ---- */

static int64_t read_tags(const json_t *array, int32_t *to)
{
    for (size_t i = 0; i < json_array_size(array); ++i)
        to[i] = (int32_t)json_integer_value(json_array_get(array, i));
    return (int64_t)json_array_size(array);
}

static void check_score(bert_entity_score s, const json_t *want)
{
    CHECK_INT(s.there, json_integer_value(json_object_get(want, "there")));
    CHECK_NEAR(s.precision, json_number_value(json_object_get(want, "precision")), 1e-12);
    CHECK_NEAR(s.recall, json_number_value(json_object_get(want, "recall")), 1e-12);
    CHECK_NEAR(s.f1, json_number_value(json_object_get(want, "f1")), 1e-12);
}

static void entities_as_seqeval_counts_them(void)
{
    begin();
    json_t *root = expected("entities.json"), *names = json_object_get(root, "tags"),
           *sentences = json_object_get(root, "sentences"), *types = json_object_get(root, "types");
    char *at[16];
    ad_texts tags = {.at = at, .count = (int64_t)json_array_size(names)};
    for (size_t i = 0; i < json_array_size(names); ++i)
        at[i] = (char *)(size_t)json_string_value(json_array_get(names, i));
    bert_entities *e;
    REQUIRE(!bert_entities_new(&e, ctx, &tags));
    for (size_t i = 0; i < json_array_size(sentences); ++i) {
        const json_t *s = json_array_get(sentences, i);
        int32_t there[64], said[64];
        int64_t count = read_tags(json_object_get(s, "there"), there);
        CHECK_INT(read_tags(json_object_get(s, "said"), said), count);
        bert_entities_add(e, there, said, count);
    }
    check_score(bert_entities_score(e, -1), json_object_get(root, "all"));
    CHECK_INT(bert_entities_types(e), json_object_size(types));
    for (int i = 0; i < bert_entities_types(e); ++i) {
        bert_entity_score s = bert_entities_score(e, i);
        check_score(s, json_object_get(types, s.type));
    }
    bert_entities_free(e);
    json_decref(root);
    end();
}

/* Tags that are none of entities: each word is one, and F1 is the share that is right. */
static void parts_of_speech(void)
{
    begin();
    char *at[] = {"NOUN", "VERB", "B", "I"};
    ad_texts tags = {.at = at, .count = 4};
    bert_entities *e;
    REQUIRE(!bert_entities_new(&e, ctx, &tags));
    bert_entities_add(e, (int32_t[]){0, 0, 1, 0}, (int32_t[]){0, 0, 0, 0}, 4);
    bert_entity_score s = bert_entities_score(e, -1);
    CHECK_INT(s.there, 4);
    CHECK_NEAR(s.f1, 0.75, 1e-12);
    /* "B I" is one entity, of the type "" */
    bert_entities_add(e, (int32_t[]){2, 3}, (int32_t[]){2, 3}, 2);
    CHECK_INT(bert_entities_score(e, -1).there, 5);
    bert_entities_free(e);
    end();
}

/* ---- sentences ---- */

/* A sentence that is too long becomes several texts; each word has its place, one without a piece
 * too, and one that is too long by itself is cut. */
static void divided_sentences(void)
{
    begin();
    ad_job *job;
    REQUIRE(!ad_trained_open(&job, ctx, &bert_system, FIXTURES "/bare", NULL));
    bert *b = (bert *)job;
    CHECK_INT(bert_open_speller(b, NULL), AD_OK);
    bert_texts texts = {.ctx = ctx, .most = 6};
    bert_marks marks = {0};
    bert_sentence s = {.ctx = ctx};
    static const char *const words[] = {"cats", "the", "hata", "\xe2\x80\x8b", ",,,,,,,", "mat"};
    for (int i = 0; i < 6; ++i)
        CHECK_INT(bert_sentence_add(&s, words[i], strlen(words[i]), i), AD_OK);
    CHECK_INT(bert_sentence_spell(&s, &b->speller, &texts, &marks), AD_OK);
    static const int32_t places[] = {1, 3, 1, 3, 1, 1};
    static const int64_t begins[] = {0, 2, 4, 5, 6};
    CHECK_INT(marks.texts, 4);
    CHECK_INT(texts.count, 4);
    CHECK_INT(marks.count, 6);
    CHECK_INT(marks.divided, 1);
    for (int i = 0; i < 6 && marks.count == 6; ++i) {
        CHECK_INT(marks.place[i], places[i]);
        CHECK_INT(marks.label[i], i);
    }
    for (int i = 0; i < 5 && marks.texts == 4; ++i) CHECK_INT(marks.begin[i], begins[i]);
    for (int i = 0; i < 4 && marks.texts == 4; ++i) CHECK_INT(marks.goes_on[i], i > 0);
    for (int i = 0; i < 4 && texts.count == 4; ++i) CHECK(bert_texts_length(&texts, i) <= 6);
    bert_sentence_free(&s);
    bert_marks_free(&marks);
    bert_texts_free(&texts);
    ad_trained_close(job);
    end();
}

int main(int argc, char **argv)
{
    return check_main(argc, argv,
                      (check_case[]){CASE(tags_as_torch_learns_them),
                                     CASE(labels_as_torch_learns_them),
                                     CASE(entities_as_seqeval_counts_them),
                                     CASE(parts_of_speech),
                                     CASE(divided_sentences),
                                     {0}});
}
