/* nanogpt.c - checkpoints of nanoGPT: read as torch.save wrote them, their logits held to plain
 * loops over nanoGPT's own formulas (model.py), and what can be missing. */
#include "context.h"
#include "folder.h"
#include "zoo/gpt/gpt.h"

#include <sys/stat.h>

enum { LAYERS = 2, HEADS = 2, WIDTH = 8, HIDDEN = 4 * WIDTH, BLOCK = 6, VOCAB = 7, TENSORS = 32 };

/* ---- a model: tensors by nanoGPT's names, matrices [out, in] ---- */

typedef struct tensor {
    char name[64];
    int rows, columns; /* columns 0: a vector */
    float data[HIDDEN * WIDTH];
} tensor;

typedef struct network {
    tensor at[TENSORS];
    int count;
    bool tanh_gelu;
} network;

static int elements(const tensor *t)
{
    return t->rows * (t->columns ? t->columns : 1);
}

static void add(network *n, const char *name, int rows, int columns, double middle)
{
    tensor *t = &n->at[n->count];
    snprintf(t->name, sizeof t->name, "%s", name);
    t->rows = rows, t->columns = columns;
    for (int i = 0; i < elements(t); ++i)
        t->data[i] = (float)(middle + ad_random_unit(3, (uint64_t)n->count, (uint64_t)i) - 0.5);
    ++n->count;
}

static void add_part(network *n, int layer, const char *part, int rows, int columns, bool bias)
{
    char name[64];
    snprintf(name, sizeof name, "transformer.h.%d.%s.weight", layer, part);
    add(n, name, rows, columns, columns ? 0 : 1);
    snprintf(name, sizeof name, "transformer.h.%d.%s.bias", layer, part);
    if (bias) add(n, name, rows, 0, 0);
}

static void make(network *n, bool bias)
{
    *n = (network){0};
    add(n, "transformer.wte.weight", VOCAB, WIDTH, 0);
    add(n, "transformer.wpe.weight", BLOCK, WIDTH, 0);
    for (int l = 0; l < LAYERS; ++l) {
        add_part(n, l, "ln_1", WIDTH, 0, bias);
        add_part(n, l, "attn.c_attn", 3 * WIDTH, WIDTH, bias);
        add_part(n, l, "attn.c_proj", WIDTH, WIDTH, bias);
        add_part(n, l, "ln_2", WIDTH, 0, bias);
        add_part(n, l, "mlp.c_fc", HIDDEN, WIDTH, bias);
        add_part(n, l, "mlp.c_proj", WIDTH, HIDDEN, bias);
    }
    add(n, "transformer.ln_f.weight", WIDTH, 0, 1);
    if (bias) add(n, "transformer.ln_f.bias", WIDTH, 0, 0);
    tensor *output = &n->at[n->count++]; /* the same storage there */
    *output = n->at[0];
    snprintf(output->name, sizeof output->name, "lm_head.weight");
}

/* ---- what it computes ---- */

static const float *find(const network *n, int layer, const char *part, const char *kind)
{
    char name[64];
    if (layer < 0)
        snprintf(name, sizeof name, "%s.%s", part, kind);
    else
        snprintf(name, sizeof name, "transformer.h.%d.%s.%s", layer, part, kind);
    for (int i = 0; i < n->count; ++i)
        if (!strcmp(n->at[i].name, name)) return n->at[i].data;
    return NULL;
}

static void linear(const network *n, int layer, const char *part, const double *x, double *y,
                   int in, int out)
{
    const float *w = find(n, layer, part, "weight"), *b = find(n, layer, part, "bias");
    for (int o = 0; o < out; ++o) {
        y[o] = b ? (double)b[o] : 0;
        for (int i = 0; i < in; ++i) y[o] += (double)w[o * in + i] * x[i];
    }
}

static void norm(const network *n, int layer, const char *part, const double *x, double *y)
{
    const float *w = find(n, layer, part, "weight"), *b = find(n, layer, part, "bias");
    double mean = 0, variance = 0;
    for (int i = 0; i < WIDTH; ++i) mean += x[i] / WIDTH;
    for (int i = 0; i < WIDTH; ++i) variance += (x[i] - mean) * (x[i] - mean) / WIDTH;
    for (int i = 0; i < WIDTH; ++i)
        y[i] = (x[i] - mean) / sqrt(variance + 1e-5) * (double)w[i] + (b ? (double)b[i] : 0);
}

static double gelu(const network *n, double x)
{
    if (!n->tanh_gelu) return x / 2 * (1 + erf(x / sqrt(2)));
    return x / 2 * (1 + tanh(sqrt(2 / acos(-1)) * (x + 0.044715 * x * x * x)));
}

/* y of position t from the queries, keys and values of all: [BLOCK][3 WIDTH] */
static void attend(double qkv[BLOCK][3 * WIDTH], int t, double *y)
{
    enum { DIM = WIDTH / HEADS };
    for (int h = 0; h < HEADS; ++h) {
        double share[BLOCK], sum = 0;
        for (int s = 0; s <= t; ++s) {
            double dot = 0;
            for (int i = 0; i < DIM; ++i) dot += qkv[t][h * DIM + i] * qkv[s][WIDTH + h * DIM + i];
            sum += share[s] = exp(dot / sqrt(DIM));
        }
        for (int i = 0; i < DIM; ++i) {
            y[h * DIM + i] = 0;
            for (int s = 0; s <= t; ++s)
                y[h * DIM + i] += share[s] / sum * qkv[s][2 * WIDTH + h * DIM + i];
        }
    }
}

static void add_to(double *x, const double *y)
{
    for (int i = 0; i < WIDTH; ++i) x[i] += y[i];
}

static void logits_of(const network *n, const int32_t *tokens, double logits[BLOCK][VOCAB])
{
    double x[BLOCK][WIDTH], qkv[BLOCK][3 * WIDTH], y[WIDTH], z[WIDTH], wide[HIDDEN];
    const float *wte = find(n, -1, "transformer.wte", "weight"),
                *wpe = find(n, -1, "transformer.wpe", "weight");
    for (int t = 0; t < BLOCK; ++t)
        for (int i = 0; i < WIDTH; ++i)
            x[t][i] = (double)wte[tokens[t] * WIDTH + i] + (double)wpe[t * WIDTH + i];
    for (int l = 0; l < LAYERS; ++l) {
        for (int t = 0; t < BLOCK; ++t) {
            norm(n, l, "ln_1", x[t], y);
            linear(n, l, "attn.c_attn", y, qkv[t], WIDTH, 3 * WIDTH);
        }
        for (int t = 0; t < BLOCK; ++t) {
            attend(qkv, t, y);
            linear(n, l, "attn.c_proj", y, z, WIDTH, WIDTH);
            add_to(x[t], z);
            norm(n, l, "ln_2", x[t], y);
            linear(n, l, "mlp.c_fc", y, wide, WIDTH, HIDDEN);
            for (int i = 0; i < HIDDEN; ++i) wide[i] = gelu(n, wide[i]);
            linear(n, l, "mlp.c_proj", wide, z, HIDDEN, WIDTH);
            add_to(x[t], z);
        }
    }
    for (int t = 0; t < BLOCK; ++t) {
        norm(n, -1, "transformer.ln_f", x[t], y);
        linear(n, -1, "lm_head", y, logits[t], WIDTH, VOCAB);
    }
}

/* ---- files ---- */

/* A checkpoint as torch.save wrote it before 1.6, pickled by hand: {"model": {...}, "model_args":
 * {...}, ...}. */
static void put_text(FILE *f, const char *text)
{
    fprintf(f, "X%c%c%c%c%s", (int)strlen(text), 0, 0, 0, text);
}

static void put_number(FILE *f, int value)
{
    fprintf(f, "K%c", value);
}

static void put_tensor(FILE *f, const tensor *t, int number)
{
    char key[8];
    snprintf(key, sizeof key, "%d", number);
    fputs("ctorch._utils\n_rebuild_tensor_v2\n((", f);
    put_text(f, "storage");
    fputs("ctorch\nFloatStorage\n", f);
    put_text(f, key);
    put_text(f, "cpu");
    fprintf(f, "M%c%cNtQ", elements(t) & 255, elements(t) >> 8);
    put_number(f, 0);
    fputc('(', f);
    put_number(f, t->rows);
    if (t->columns) put_number(f, t->columns);
    fputs("t(", f);
    put_number(f, t->columns ? t->columns : 1);
    if (t->columns) put_number(f, 1);
    fputs("t\x89"
          "ccollections\nOrderedDict\n)RtR",
          f);
}

static void put_arguments(FILE *f, const char *bias)
{
    static const struct {
        const char *name;
        int value;
    } arguments[] = {{"n_layer", LAYERS},   {"n_head", HEADS},     {"n_embd", WIDTH},
                     {"block_size", BLOCK}, {"vocab_size", VOCAB}, {"dropout", 0}};
    put_text(f, "model_args");
    fputs("}(", f);
    for (int i = 0; i < 6; ++i) put_text(f, arguments[i].name), put_number(f, arguments[i].value);
    if (*bias) put_text(f, "bias"), fputs(bias, f);
    fputc('u', f);
}

/* `bias`: the opcode of true or false, or "" for a version without that argument. */
static void write_checkpoint(const network *n, const char *name, const char *before,
                             const char *bias)
{
    char text[96];
    FILE *f = fopen(in_folder(name), "wb");
    REQUIRE(f);
    fwrite("\x80\x02\x8a\x0al\xfc\x9c"
           "F\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.\x80\x02}.",
           1, 25, f);
    fputs("\x80\x02}(", f);
    put_text(f, "model");
    fputs("}(", f);
    for (int i = 0; i < n->count; ++i) {
        snprintf(text, sizeof text, "%s%s", before, n->at[i].name);
        put_text(f, text);
        put_tensor(f, &n->at[i], i);
    }
    fputc('u', f);
    put_arguments(f, bias);
    put_text(f, "iter_num"), put_number(f, 5);
    put_text(f, "config"), fputs("}(", f), put_text(f, "dataset"), put_text(f, "tiny");
    fputs("uu.\x80\x02](", f);
    for (int i = 0; i < n->count; ++i) snprintf(text, sizeof text, "%d", i), put_text(f, text);
    fputs("e.", f);
    for (int i = 0; i < n->count; ++i) {
        fwrite(&(int64_t){elements(&n->at[i])}, 8, 1, f);
        fwrite(n->at[i].data, sizeof(float), (size_t)elements(&n->at[i]), f);
    }
    fclose(f);
}

/* The bare state_dict. */
static void write_tensors(const network *n, const char *name)
{
    ad_named_tensor tensors[TENSORS];
    for (int i = 0; i < n->count; ++i) {
        const tensor *t = &n->at[i];
        ad_shape shape = t->columns ? ad_shape(t->rows, t->columns) : ad_shape(t->rows);
        tensors[i] = (ad_named_tensor){t->name, {AD_F32, shape, (void *)t->data}};
    }
    CHECK(!ad_safetensors_write(ctx, in_folder(name), tensors, n->count, NULL, 0));
}

/* ---- the cases ---- */

static void check_logits(const network *n, const char *name)
{
    static const int32_t tokens[BLOCK] = {3, 0, 6, 6, 1, 5};
    double want[BLOCK][VOCAB];
    const float *got;
    ad_job *job;
    gpt_generator *g = NULL;
    if (ad_trained_open(&job, ctx, &gpt_system, in_folder(name), NULL) ||
        gpt_load((gpt *)job, AD_F32) ||
        gpt_generator_new(&g, ctx, job->model, ((gpt *)job)->weights, AD_PRECISION_F32))
        CHECK_FAIL("%s: %s", name, ad_error(ctx));
    logits_of(n, tokens, want);
    for (int t = 0; t < BLOCK && g; ++t) {
        CHECK_INT(gpt_generator_feed(g, tokens + t, 1, &got), AD_OK);
        for (int i = 0; i < VOCAB; ++i) CHECK_NEAR(got[i], want[t][i], 1e-5);
    }
    gpt_generator_free(g);
    ad_trained_close(job);
}

static void checkpoints_have_the_logits_of_its_formulas(void)
{
    network n;
    make(&n, false);
    write_checkpoint(&n, "ckpt.pt", "", "\x89");
    check_logits(&n, "ckpt.pt");
    make(&n, true);
    write_checkpoint(&n, "ckpt.pt", "", "\x88");
    check_logits(&n, "ckpt.pt");
    n.tanh_gelu = true; /* before there was a choice of biases, gelu was approximated */
    write_checkpoint(&n, "old.pt", "", "");
    check_logits(&n, "old.pt");
}

/* PyTorch's compiler wraps what it compiled. */
static void names_of_a_compiled_network_are_found(void)
{
    network n;
    make(&n, false);
    write_checkpoint(&n, "compiled.pt", "_orig_mod.", "\x89");
    check_logits(&n, "compiled.pt");
}

static void an_output_of_its_own_is_used(void)
{
    network n;
    make(&n, false);
    n.at[n.count - 1].data[0] += 1;
    write_checkpoint(&n, "untied.pt", "", "\x89");
    check_logits(&n, "untied.pt");
}

/* A file that was cut by layers is no smaller network. */
static void sizes_are_those_of_the_arguments(void)
{
    network n;
    ad_job *job;
    int kept = 0;
    make(&n, false);
    for (int i = 0; i < n.count; ++i)
        if (strncmp(n.at[i].name, "transformer.h.1.", 16) != 0) n.at[kept++] = n.at[i];
    n.count = kept;
    write_checkpoint(&n, "cut.pt", "", "\x89");
    CHECK_INT(ad_trained_open(&job, ctx, &gpt_system, in_folder("cut.pt"), NULL), AD_ERROR_FORMAT);
    CHECK_CONTAINS(ad_error(ctx),
                   "cut.pt: its model_args say that n_layer is 2, its tensors that it is 1");
}

static void heads_are_never_guessed(void)
{
    network n;
    ad_job *job;
    make(&n, false);
    write_tensors(&n, "state_dict.safetensors");
    CHECK_INT(ad_trained_open(&job, ctx, &gpt_system, in_folder("state_dict.safetensors"), NULL),
              AD_ERROR_FORMAT);
    CHECK_CONTAINS(ad_error(ctx),
                   "state_dict.safetensors: holds GPT-2's tensors in nanoGPT's order,"
                   " without its model_args");
    const char *config = strchr(ad_error(ctx), '{');
    REQUIRE(config);
    char text[512];
    const char *heads = strstr(config, "HEADS");
    REQUIRE(heads);
    snprintf(text, sizeof text, "%.*s%d%s", (int)(heads - config), config, HEADS, heads + 5);
    write_text("config.json", text); /* what the sentence asks for */
    check_logits(&n, "state_dict.safetensors");
    unlink(in_folder("config.json"));
}

static void write_meta(const char *name)
{
    static const char pickle[] = "\x80\x04}(\x8c\x04stoi}(\x8c\x01"
                                 "aK\x01\x8c\x01 K\x00\x8c\x01"
                                 "bK\x02\x8c\x01"
                                 "cK\x03\x8c\x01"
                                 "dK\x04\x8c\x01"
                                 "eK\x05\x8c\x02\xc3\xa4K\x06uu.";
    write_bytes(name, pickle, sizeof pickle - 1);
}

static void llamas_of_meta_are_refused_by_name(void)
{
    network n = {0};
    ad_job *job;
    add(&n, "tok_embeddings.weight", 4, 4, 0);
    add(&n, "layers.0.attention.wq.weight", 4, 4, 0);
    write_tensors(&n, "meta.safetensors");
    CHECK_INT(ad_trained_open(&job, ctx, &gpt_system, in_folder("meta.safetensors"), NULL),
              AD_ERROR_UNSUPPORTED);
    CHECK_CONTAINS(ad_error(ctx), "a Llama by Meta's names");
}

/* Training goes on from the same function, and writes the order of the published GPT-2. */
static void training_starts_from_it(void)
{
    static const char *const values[][2] = {
        {"steps", "1"}, {"lr", "0"}, {"batch", "2"}, {"sample_tokens", "0"}, {"block", "6"}};
    network n;
    ad_settings *settings;
    ad_outcome outcome;
    make(&n, false);
    write_checkpoint(&n, "ckpt.pt", "", "\x89");
    write_meta("meta.pkl");
    char text[400] = "";
    while (strlen(text) < 300) strcat(text, "abc de \xc3\xa4");
    write_text("text.txt", text);
    REQUIRE(!ad_settings_new(&settings, ctx, gpt_system.records, gpt_system.defaults));
    CHECK(!ad_settings_set(settings, "data", in_folder("text.txt")));
    CHECK(!ad_settings_set(settings, "init", in_folder("ckpt.pt")));
    for (int i = 0; i < 5; ++i) CHECK(!ad_settings_set(settings, values[i][0], values[i][1]));
    const ad_session session = {.app = "test",
                                .system = "gpt",
                                .verb = "train",
                                .settings = settings,
                                .folder = in_folder("run"),
                                .once = ad_system_once,
                                .user = (void *)&gpt_system};
    if (ad_session_run(&session, &outcome)) CHECK_FAIL("%s", ad_error(ctx));
    ad_outcome_free(&outcome);
    ad_settings_free(settings);
    check_logits(&n, "run");
}

/* nanoGPT writes out-NAME/ckpt.pt, and the characters of its data set NAME to data/NAME/meta.pkl.
 */
static void characters_are_found_with_the_data(void)
{
    network n;
    ad_job *job;
    make(&n, false);
    CHECK(!mkdir(in_folder("out-tiny"), 0700) && !mkdir(in_folder("data"), 0700));
    CHECK(!mkdir(in_folder("data/tiny"), 0700));
    write_checkpoint(&n, "out-tiny/ckpt.pt", "", "\x89");
    REQUIRE(!ad_trained_open(&job, ctx, &gpt_system, in_folder("out-tiny"), NULL));
    CHECK_INT(gpt_open_tokenizer((gpt *)job, NULL), AD_ERROR_NOT_FOUND);
    CHECK_CONTAINS(ad_error(ctx), "name one with --tokenizer");
    write_meta("data/tiny/meta.pkl");
    if (gpt_open_tokenizer((gpt *)job, NULL)) CHECK_FAIL("%s", ad_error(ctx));
    CHECK_INT(ad_tokenizer_count(((gpt *)job)->tokenizer), VOCAB);
    ad_trained_close(job);
}

static void refused(const char *pickle, size_t length, const char *sentence)
{
    ad_tokenizer *t;
    write_bytes("bad.pkl", pickle, length);
    CHECK_INT(ad_tokenizer_open(&t, ctx, in_folder("bad.pkl")), AD_ERROR_FORMAT);
    CHECK(!t);
    CHECK_CONTAINS(ad_error(ctx), "bad.pkl: ");
    CHECK_CONTAINS(ad_error(ctx), sentence);
}

static void characters_are_read_from_meta(void)
{
    ad_tokenizer *t;
    ad_tokens tokens = {0};
    write_meta("meta.pkl");
    if (ad_tokenizer_open(&t, ctx, in_folder("meta.pkl"))) CHECK_FAIL("%s", ad_error(ctx));
    REQUIRE(t);
    CHECK_INT(ad_tokenizer_get_kind(t), AD_TOKENIZER_CHARACTER);
    CHECK_INT(ad_tokenizer_count(t), VOCAB);
    CHECK(!ad_tokenizer_encode(t, "a \xc3\xa4", 4, 0, &tokens));
    CHECK(tokens.count == 3 && tokens.ids[0] == 1 && tokens.ids[1] == 0 && tokens.ids[2] == 6);
    ad_tokens_free(&tokens);
    ad_tokenizer_free(t);
#define REFUSED(text, sentence) refused(text, sizeof text - 1, sentence)
    REFUSED("\x80\x04}.", "without stoi");
    REFUSED("\x80\x04K\x01.", "without stoi");
    REFUSED("\x80\x04}\x8c\x04stoiK\x01s.", "without stoi");
    REFUSED("\x80\x04}\x8c\x04stoi}s.", "without stoi");
    REFUSED("\x80\x04}\x8c\x04stoi}\x8c\x02"
            "abK\x00ss.",
            "is not one character");
    REFUSED("\x80\x04}\x8c\x04stoi}K\x00K\x00ss.", "is not one character");
    REFUSED("\x80\x04}\x8c\x04stoi}\x8c\x01"
            "aK\x01ss.",
            "are not the numbers from 0 to 0");
    REFUSED("\x80\x04}\x8c\x04stoi}\x8c\x01"
            "a\x8c\x01"
            "0ss.",
            "are not the numbers");
    REFUSED("\x80\x04}\x8c\x04stoi}(\x8c\x01"
            "aK\x00\x8c\x01"
            "bK\x00us.",
            "are not the numbers");
    REFUSED("\x80\x04}\x8c\x04st", "pickle");
}

int main(int argc, char **argv)
{
    if (!folder_make()) return 1;
    int failed = check_in_context(argc, argv,
                                  (check_case[]){CASE(checkpoints_have_the_logits_of_its_formulas),
                                                 CASE(names_of_a_compiled_network_are_found),
                                                 CASE(an_output_of_its_own_is_used),
                                                 CASE(sizes_are_those_of_the_arguments),
                                                 CASE(heads_are_never_guessed),
                                                 CASE(llamas_of_meta_are_refused_by_name),
                                                 CASE(training_starts_from_it),
                                                 CASE(characters_are_found_with_the_data),
                                                 CASE(characters_are_read_from_meta),
                                                 {0}});
    return !folder_remove() || failed;
}
