/* gpt_files.c - models of the GPT family in all the forms they come in: of other programs, of
 * former versions, and trained here without a command line. */
#include "check.h"
#include "folder.h"
#include "zoo/gpt/gpt.h"

#include <sys/stat.h>
#include <unistd.h>

#define GPT2 "tests/fixtures/gpt2_tiny"

enum { TENSORS_MOST = 64 };

static ad_context *ctx;
static char notes[8192];

static void copy_file(const char *from, const char *name)
{
    static char text[1 << 16];
    FILE *file = fopen(from, "rb");
    size_t length = file ? fread(text, 1, sizeof text - 1, file) : 0;
    if (file) fclose(file);
    text[length] = 0;
    write_text(name, text);
}

/* ---- a published model, and the same in other forms ---- */

typedef struct published {
    ad_file *file;
    ad_named_tensor tensors[TENSORS_MOST];
    int count;
} published;

static bool open_published(published *p)
{
    *p = (published){0};
    if (ad_file_open(&p->file, ctx, GPT2 "/model.safetensors")) return false;
    for (; p->count < ad_file_count(p->file) && p->count < TENSORS_MOST; ++p->count) {
        const ad_file_entry *e = ad_file_at(p->file, p->count);
        size_t bytes = (size_t)ad_shape_count(e->shape) * sizeof(float);
        void *data = malloc(bytes);
        if (ad_file_read(p->file, p->count, AD_F32, data, bytes)) CHECK_FAIL("%s", ad_error(ctx));
        p->tensors[p->count] = (ad_named_tensor){e->name, {AD_F32, e->shape, data}};
    }
    return true;
}

static void close_published(published *p)
{
    for (int i = 0; i < p->count; ++i) free((void *)p->tensors[i].tensor.data);
    ad_file_close(p->file);
}

static void keep_note(void *user, const char *sentence)
{
    size_t used = strlen(notes);
    (void)user;
    snprintf(notes + used, sizeof notes - used, "%s\n", sentence);
}

/* The weights of `path` are those of the published model. */
static void check_same(const char *path)
{
    const ad_trained_options options = {.watcher = {.note = keep_note}};
    ad_job *job;
    published p;
    notes[0] = 0;
    if (ad_trained_open(&job, ctx, &gpt_system, path, &options)) {
        CHECK_FAIL("%s", ad_error(ctx));
        return;
    }
    const gpt_config *c = job->model;
    CHECK(c->arch == GPT_GPT2 && c->layers == 2 && c->heads == 4 && c->kv_heads == 4 &&
          c->width == 32 && c->block == 24 && c->vocab == 100);
    REQUIRE(open_published(&p));
    if (gpt_load((gpt *)job, AD_F32)) CHECK_FAIL("%s", ad_error(ctx));
    ad_vars *vars = ((gpt *)job)->weights;
    for (int i = 0; vars && i < ad_vars_count(vars); ++i) {
        ad_variable *v = ad_vars_at(vars, i);
        int at = ad_file_find(p.file, ad_variable_name(v));
        CHECK(at >= 0 && !memcmp(ad_variable_data(vars, v), p.tensors[at].tensor.data,
                                 (size_t)ad_shape_count(ad_variable_shape(v)) * sizeof(float)));
    }
    ad_trained_close(job);
    close_published(&p);
}

/* Hugging Face's large models: an index and several files, beside a config.json. */
static void several_files_are_one_model(void)
{
    published p;
    char index[8192], *end = index;
    REQUIRE(open_published(&p) && !mkdir(in_folder("sharded"), 0700));
    int half = p.count / 2;
    CHECK(!ad_safetensors_write(ctx, in_folder("sharded/model-00001-of-00002.safetensors"),
                                p.tensors, half, NULL, 0));
    CHECK(!ad_safetensors_write(ctx, in_folder("sharded/model-00002-of-00002.safetensors"),
                                p.tensors + half, p.count - half, NULL, 0));
    end += sprintf(end, "{\"weight_map\": {");
    for (int i = 0; i < p.count; ++i)
        end += sprintf(end, "%s\"%s\": \"model-0000%d-of-00002.safetensors\"", i ? ", " : "",
                       p.tensors[i].name, 1 + (i >= half));
    sprintf(end, "}}");
    write_text("sharded/model.safetensors.index.json", index);
    copy_file(GPT2 "/config.json", "sharded/config.json");
    check_same(in_folder("sharded"));
    check_same(in_folder("sharded/model.safetensors.index.json"));
    CHECK(!unlink(in_folder("sharded/model-00002-of-00002.safetensors")));
    ad_job *job;
    CHECK_INT(ad_trained_open(&job, ctx, &gpt_system, in_folder("sharded"), NULL),
              AD_ERROR_NOT_FOUND);
    CHECK(!job);
    CHECK_CONTAINS(ad_error(ctx), "model-00002-of-00002.safetensors");
    close_published(&p);
}

/* As GPT2Model saves it, without its output: names lack "transformer."; masks are told. */
static void names_of_the_bare_network(void)
{
    static float mask[4];
    published p;
    REQUIRE(open_published(&p) && !mkdir(in_folder("bare"), 0700));
    for (int i = 0; i < p.count; ++i)
        if (!strncmp(p.tensors[i].name, "transformer.", 12)) p.tensors[i].name += 12;
    p.tensors[p.count] = (ad_named_tensor){"h.0.attn.mask", {AD_F32, {1, {4}}, mask}};
    CHECK(!ad_safetensors_write(ctx, in_folder("bare/model.safetensors"), p.tensors, p.count + 1,
                                NULL, 0));
    copy_file(GPT2 "/config.json", "bare/config.json");
    close_published(&p);
    check_same(in_folder("bare"));
    CHECK_CONTAINS(notes, "are not used by the network");
    CHECK_CONTAINS(notes, "h.0.attn.mask");
}

/* Without a config.json, GPT-2's sizes follow from its tensors; heads are 64 wide. */
static void sizes_are_guessed_from_tensors(void)
{
    static float data[128 * 256];
    const ad_named_tensor tensors[] = {
        {"wte.weight", {AD_F32, {2, {50, 128}}, data}},
        {"wpe.weight", {AD_F32, {2, {16, 128}}, data}},
        {"h.0.mlp.c_fc.weight", {AD_F32, {2, {128, 256}}, data}},
        {"h.0.ln_1.weight", {AD_F32, {1, {128}}, data}},
        {"h.1.ln_1.weight", {AD_F32, {1, {128}}, data}},
    };
    ad_job *job;
    CHECK(!ad_safetensors_write(ctx, in_folder("guess.safetensors"), tensors, 5, NULL, 0));
    if (ad_trained_open(&job, ctx, &gpt_system, in_folder("guess.safetensors"), NULL)) {
        CHECK_FAIL("%s", ad_error(ctx));
        return;
    }
    const gpt_config *c = job->model;
    CHECK(c->arch == GPT_GPT2 && c->layers == 2 && c->heads == 2 && c->kv_heads == 2 &&
          c->width == 128 && c->hidden == 256 && c->block == 16 && c->vocab == 50);
    CHECK_NEAR(c->eps, 1e-5, 0);
    ad_trained_close(job);
    CHECK(ad_trained_open(&job, ctx, &gpt_system, "tests/fixtures/lbfgs.safetensors", NULL) &&
          !job);
    CHECK_CONTAINS(ad_error(ctx), "does not say which network it holds");
}

static void refused(const char *config, const char *sentence)
{
    ad_job *job;
    write_text("bare/config.json", config);
    CHECK(ad_trained_open(&job, ctx, &gpt_system, in_folder("bare"), NULL) && !job);
    CHECK_CONTAINS(ad_error(ctx), sentence);
}

static void what_is_not_here_is_refused(void)
{
#define GPT2_WITH(more)                                                                            \
    "{\"model_type\": \"gpt2\", \"vocab_size\": 100, \"n_layer\": 2, \"n_head\": 4, \"n_embd\": "  \
    "32" more "}"
#define LLAMA_WITH(more)                                                                           \
    "{\"model_type\": \"llama\", \"vocab_size\": 100, \"num_hidden_layers\": 2, "                  \
    "\"num_attention_heads\": 4, \"hidden_size\": 32, \"intermediate_size\": 64" more "}"
    refused(GPT2_WITH(", \"activation_function\": \"relu\""), "this activation_function is not");
    refused(GPT2_WITH(", \"n_inner\": 1.5"), "n_inner is not a whole number");
    refused(GPT2_WITH(", \"layer_norm_epsilon\": 0"), "eps is 0");
    refused("{\"model_type\": \"gpt2\", \"vocab_size\": 100}", "there is no n_layer");
    refused(GPT2_WITH(", \"n_positions\": 999999999999"), "block is 1e+12");
    refused(LLAMA_WITH(", \"rope_scaling\": {\"rope_type\": \"yarn\"}"), "rope_scaling");
    refused(LLAMA_WITH(", \"attention_bias\": true"), "attention_bias");
    refused(LLAMA_WITH(", \"head_dim\": 16"), "head_dim");
    refused(LLAMA_WITH(", \"num_key_value_heads\": 3"), "cannot be shared by 4 heads (3 of keys)");
    refused(LLAMA_WITH(", \"num_key_value_heads\": 0"), "kv_heads");
    refused("{\"model_type\": \"gpt2\", \"vocab_size\": 100, \"n_layer\": 2, \"n_head\": 4, "
            "\"n_embd\": 4611686018427387904}",
            "width is");
}

static void fewer_layers_than_the_file(void)
{
    ad_job *job;
    published p;
    REQUIRE(open_published(&p));
    CHECK(!ad_safetensors_write(ctx, in_folder("bare/model.safetensors"), p.tensors, p.count, NULL,
                                0));
    close_published(&p);
    write_text("bare/config.json",
               "{\"model_type\": \"gpt2\", \"vocab_size\": 100, \"n_layer\": 1, \"n_head\": 4, "
               "\"n_embd\": 32, \"n_inner\": 64, \"n_positions\": 24}");
    if (ad_trained_open(&job, ctx, &gpt_system, in_folder("bare"), NULL)) {
        CHECK_FAIL("%s", ad_error(ctx));
        return;
    }
    CHECK_INT(gpt_load((gpt *)job, AD_F32), AD_ERROR_SHAPE);
    CHECK_CONTAINS(ad_error(ctx), "transformer.h.1.attn.c_attn.bias: it would be built smaller");
    ad_trained_close(job);
}

/* ---- what former versions wrote ---- */

static void former_metadata_are_read(void)
{
    static float data[4];
    const ad_named_tensor tensor = {"lm_head.weight", {AD_F32, {1, {4}}, data}};
    ad_metadata metadata[] = {{"system", "gpt"},
                              {"arch", "llama"},
                              {"untied", "1"},
                              {"layers", "3"},
                              {"heads", "4"},
                              {"kv_heads", "2"},
                              {"width", "32"},
                              {"hidden", "96"},
                              {"block", "16"},
                              {"vocab", "65"},
                              {"eps", "1.0000000000000001e-05"},
                              {"rope_theta", "50000"}};
    const int count = sizeof metadata / sizeof *metadata;
    ad_job *job;
    CHECK(!ad_safetensors_write(ctx, in_folder("former.safetensors"), &tensor, 1, metadata, count));
    REQUIRE(!ad_trained_open(&job, ctx, &gpt_system, in_folder("former.safetensors"), NULL));
    const gpt_config *c = job->model;
    CHECK(c->arch == GPT_LLAMA && c->untied && c->layers == 3 && c->heads == 4 &&
          c->kv_heads == 2 && c->width == 32 && c->hidden == 96 && c->block == 16 &&
          c->vocab == 65);
    CHECK_NEAR(c->eps, 1e-5, 0);
    CHECK_NEAR(c->rope_theta, 50000, 0);
    CHECK(!c->tokenizer);
    ad_trained_close(job);
    for (int i = 1; i < count; ++i) { /* each of them spoilt */
        ad_metadata kept = metadata[i];
        metadata[i].value = "-1e99 of it";
        CHECK(!ad_safetensors_write(ctx, in_folder("former.safetensors"), &tensor, 1, metadata,
                                    count));
        CHECK(ad_trained_open(&job, ctx, &gpt_system, in_folder("former.safetensors"), NULL) &&
              !job);
        CHECK_CONTAINS(ad_error(ctx), kept.key);
        metadata[i] = kept;
    }
}

/* ---- training ---- */

static void set(ad_settings *settings, const char *name, const char *value)
{
    if (ad_settings_set(settings, name, value)) CHECK_FAIL("%s", ad_error(ctx));
}

static ad_settings *small_settings(void)
{
    static const char *const values[][2] = {
        {"layers", "2"},    {"heads", "2"},        {"width", "16"},       {"block", "16"},
        {"batch", "4"},     {"steps", "20"},       {"eval_every", "10"},  {"lr", "3e-3"},
        {"dropout", "0.1"}, {"eval_batches", "2"}, {"sample_tokens", "8"}};
    ad_settings *settings;
    if (ad_settings_new(&settings, ctx, gpt_system.records, gpt_system.defaults)) return NULL;
    set(settings, "data", in_folder("text.txt"));
    for (size_t i = 0; i < sizeof values / sizeof *values; ++i)
        set(settings, values[i][0], values[i][1]);
    return settings;
}

static ad_status train(ad_settings *settings, const char *run, ad_outcome *outcome)
{
    const ad_session session = {.app = "test",
                                .system = "gpt",
                                .verb = "train",
                                .settings = settings,
                                .folder = run,
                                .watcher = {.note = keep_note},
                                .once = ad_system_once,
                                .user = (void *)&gpt_system};
    notes[0] = 0;
    return ad_session_run(&session, outcome);
}

/* Loss of the validation part under what a run leaves. */
static double loss_of(const char *run)
{
    double loss = NAN;
    int64_t counted = 0;
    ad_job *job;
    ad_text_file text;
    ad_tokens tokens = {0};
    if (ad_trained_open(&job, ctx, &gpt_system, run, NULL)) {
        CHECK_FAIL("%s", ad_error(ctx));
        return NAN;
    }
    gpt *g = (gpt *)job;
    CHECK(!gpt_open_tokenizer(g, NULL) && !ad_trained_build(job, 3, NULL));
    CHECK(!ad_text_file_read(&text, ctx, in_folder("text.txt")));
    size_t from = ad_text_split(text.text, text.length, 0.1);
    CHECK(!ad_tokenizer_encode(g->tokenizer, text.text + from, text.length - from, 0, &tokens));
    if (gpt_score_text(g, &tokens, 0, NULL, &loss, &counted)) CHECK_FAIL("%s", ad_error(ctx));
    CHECK_INT(counted, tokens.count - 1);
    ad_tokens_free(&tokens);
    ad_text_file_free(&text);
    ad_trained_close(job);
    return loss;
}

static void trains_without_a_command_line(void)
{
    ad_outcome outcome;
    ad_settings *settings = small_settings();
    REQUIRE(settings);
    if (train(settings, in_folder("run"), &outcome)) CHECK_FAIL("%s", ad_error(ctx));
    CHECK_NEAR(ad_metrics_get(&outcome.mean, "steps"), 20, 0);
    double whole = ad_metrics_get(&outcome.mean, "whole_validation_loss");
    CHECK(whole > 1 && whole < 4);
    CHECK_NEAR(loss_of(in_folder("run")), whole, 1e-6);
    CHECK(!access(in_folder("run/samples/sample-000000020.txt"), R_OK));
    CHECK_CONTAINS(notes, "parameters; ");
    ad_outcome_free(&outcome);
    set(settings, "data", NULL);
    CHECK_INT(train(settings, in_folder("nothing"), &outcome), AD_ERROR_ARGUMENT);
    CHECK_CONTAINS(ad_error(ctx), "--data is missing");
    ad_outcome_free(&outcome);
    ad_settings_free(settings);
}

/* Each part of a run starts from the model, whose sizes are not those of the settings. */
static void starts_from_a_model(void)
{
    ad_outcome outcome;
    ad_settings *settings;
    REQUIRE(!ad_settings_new(&settings, ctx, gpt_system.records, gpt_system.defaults));
    set(settings, "data", in_folder("text.txt"));
    set(settings, "init", in_folder("run"));
    set(settings, "block", "8");
    set(settings, "batch", "2");
    set(settings, "steps", "1");
    set(settings, "lr", "0");
    set(settings, "seeds", "2");
    set(settings, "sample_tokens", "0");
    if (train(settings, in_folder("tuned"), &outcome)) CHECK_FAIL("%s", ad_error(ctx));
    CHECK_CONTAINS(notes, "28 of 28 tensors start from");
    CHECK_INT(outcome.parts, 2);
    ad_outcome_free(&outcome);
    CHECK_NEAR(loss_of(in_folder("tuned/seed-1")), loss_of(in_folder("run")), 0);
    set(settings, "layers", "3");
    CHECK_INT(train(settings, in_folder("x"), &outcome), AD_ERROR_ARGUMENT);
    CHECK_CONTAINS(ad_error(ctx), "--layers: the sizes are those of --init");
    ad_outcome_free(&outcome);
    set(settings, "layers", "4");
    set(settings, "block", "17");
    CHECK_INT(train(settings, in_folder("x2"), &outcome), AD_ERROR_ARGUMENT);
    CHECK_CONTAINS(ad_error(ctx), "has 16 positions");
    ad_outcome_free(&outcome);
    ad_settings_free(settings);
}

/* ---- sizes that a file of llama.cpp says ---- */

/* The bytes of the fixture, with the u32 behind a key replaced. */
static bool write_with(const char *key, uint32_t value)
{
    static char bytes[1 << 20];
    FILE *file = fopen("tests/fixtures/gguf/llama_tiny.gguf", "rb");
    size_t length = file ? fread(bytes, 1, sizeof bytes, file) : 0, at = 0,
           key_length = strlen(key);
    if (file) fclose(file);
    while (at + key_length + 8 <= length && memcmp(bytes + at, key, key_length) != 0) ++at;
    if (at + key_length + 8 > length) return false;
    memcpy(bytes + at + key_length + 4, &value, sizeof value); /* behind the type */
    write_bytes("sizes.gguf", bytes, length);
    return true;
}

static void sizes_that_fit_nothing_are_refused(void)
{
    static const char *const keys[] = {
        "llama.block_count",         "llama.embedding_length",     "llama.context_length",
        "llama.feed_forward_length", "llama.attention.head_count", "llama.attention.head_count_kv",
    };
    static const uint32_t sizes[] = {0, 7, UINT32_MAX};
    for (size_t k = 0; k < sizeof keys / sizeof *keys; ++k)
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; ++i) {
            bool may = sizes[i] == 7 && strstr(keys[k], "context"); /* a shorter one */
            ad_job *job;
            REQUIRE(write_with(keys[k], sizes[i]));
            ad_status status = ad_trained_open(&job, ctx, &gpt_system, in_folder("sizes.gguf"),
                                               NULL);
            if (!status) status = ad_trained_build(job, 1, NULL);
            if (!status != may) CHECK_FAIL("%s = %u: status %d", keys[k], sizes[i], status);
            if (status) CHECK_CONTAINS(ad_error(ctx), "sizes.gguf");
            ad_trained_close(job);
        }
}

static void write_rhyme(void)
{
    char text[8192], *end = text;
    for (int i = 0; i < 60; ++i)
        end += sprintf(end, "%d bottles of beer on the wall, %d bottles of beer.\n", i, i);
    write_text("text.txt", text);
}

int main(int argc, char **argv)
{
    ctx = ad_context_new(&(ad_context_options){.threads = 2});
    if (!ctx || !folder_make()) return 1;
    write_rhyme();
    int failed = check_main(argc, argv,
                            (check_case[]){CASE(several_files_are_one_model),
                                           CASE(names_of_the_bare_network),
                                           CASE(sizes_are_guessed_from_tensors),
                                           CASE(what_is_not_here_is_refused),
                                           CASE(fewer_layers_than_the_file),
                                           CASE(former_metadata_are_read),
                                           CASE(sizes_that_fit_nothing_are_refused),
                                           CASE(trains_without_a_command_line),
                                           CASE(starts_from_a_model),
                                           {0}});
    if (ad_context_memory(ctx) || !folder_remove()) failed = 1;
    ad_context_free(ctx);
    return failed;
}
