/* classify.c - the classifiers against PyTorch and torchvision (tests/oracle/classify.py): logits,
 * loss, gradients, running statistics, names. */
#include "fixture.h"
#include "zoo/classify/classify.h"

enum { OUTPUTS = 128 };

/* What a case needs; weights and pictures are made from names as the oracle makes them. */
typedef struct bench {
    const char *name;
    ad_context *ctx;
    fixture file;
    classify_model model;
    ad_vars *vars;
    ad_graph *graph;
    ad_tensor labels;
    ad_node *x;
    float *pixels;
} bench;

/* ---- numbers from names ---- */

static uint32_t fnv(const char *text)
{
    uint32_t h = 2166136261u;
    for (; *text; ++text) h = (h ^ (unsigned char)*text) * 16777619u;
    return h;
}

static double number(uint32_t seed, int64_t index)
{
    uint32_t x = seed + (uint32_t)index * 0x9E3779B9u;
    x = (x ^ x >> 16) * 0x7FEB352Du;
    x = (x ^ x >> 15) * 0x846CA68Bu;
    x ^= x >> 16;
    return (x >> 8) * 0x1p-24;
}

static bool ends(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);
    return n >= m && !strcmp(text + n - m, end);
}

static void fill(bench *b, ad_variable *v)
{
    const char *name = ad_variable_name(v);
    ad_shape s = ad_variable_shape(v);
    int64_t count = ad_shape_count(s);
    uint32_t seed = fnv(name);
    if (ad_variable_dtype(v) != AD_F32) return;
    float *to = malloc((size_t)count * sizeof *to);
    bool conv = ad_variable_layout(v) == AD_LAYOUT_CONV, near_one = ends(name, "weight");
    if (ends(name, "running_var")) near_one = true;
    CHECK(conv || ad_variable_layout(v) == AD_LAYOUT_SAME);
    int64_t outputs = s.dim[conv ? 3 : 0];
    for (int64_t i = 0; i < count; ++i) {
        int64_t index = i;
        if (conv) { /* [kh, kw, in, out] as [out, in, kh, kw] */
            int64_t o = i % s.dim[3], c = i / s.dim[3] % s.dim[2], k = i / s.dim[3] / s.dim[2];
            index = (o * s.dim[2] + c) * s.dim[0] * s.dim[1] + k;
        }
        double u = number(seed, index);
        if (s.rank > 1)
            u = (2 * u - 1) * sqrt(6.0 * (double)outputs / (double)count);
        else
            u = near_one ? 0.75 + 0.5 * u : 0.2 * u - 0.1;
        to[i] = (float)u;
    }
    CHECK_INT(ad_variable_set(b->vars, v, to), AD_OK);
    free(to);
}

/* ---- cases ---- */

static bool open_bench(bench *b, const char *name, classify_kind kind, int64_t height,
                       int64_t width)
{
    char text[64];
    *b = (bench){.name = name, .ctx = ad_context_new(NULL)};
    if (!fixture_open(&b->file, b->ctx, "tests/fixtures/classify.safetensors")) return false;
    int channels = kind == CLASSIFY_LENET ? 1 : 3;
    b->model = (classify_model){.kind = (int)kind,
                                .height = height,
                                .width = width,
                                .channels = channels,
                                .classes.count = 10};
    b->labels = fixture_get(&b->file, "%s.labels", name);
    b->vars = ad_vars_new(b->ctx, 1);
    b->graph = ad_graph_new(b->ctx);
    ad_shape shape = ad_shape(b->labels.shape.dim[0], height, width, channels);
    b->x = ad_input(b->graph, "image", AD_F32, shape);
    int64_t count = ad_shape_count(shape);
    b->pixels = malloc((size_t)count * sizeof *b->pixels);
    snprintf(text, sizeof text, "%s.x", name);
    for (int64_t i = 0; i < count; ++i) b->pixels[i] = (float)(4 * number(fnv(text), i) - 2);
    return b->labels.data;
}

static void close_bench(bench *b)
{
    ad_graph_free(b->graph);
    ad_vars_free(b->vars);
    fixture_close(&b->file);
    free(b->pixels);
    CHECK_INT(ad_context_memory(b->ctx), 0);
    ad_context_free(b->ctx);
}

static ad_program *compute(bench *b, ad_node *const *outputs, int count)
{
    ad_program *program = NULL;
    for (int i = 0; i < ad_vars_count(b->vars); ++i) fill(b, ad_vars_at(b->vars, i));
    ad_status status = ad_compile(&program, b->ctx, outputs, count, NULL);
    if (!status)
        status = ad_bind(program, b->x, b->pixels,
                         ad_shape_bytes(ad_node_shape(b->x), ad_node_dtype(b->x)));
    if (!status) status = ad_run(program);
    if (status) CHECK_FAIL("%s: %s", b->name, ad_error(b->ctx));
    return status ? ad_program_free(program), NULL : program;
}

static void agrees(const bench *b, const char *what, const void *got, ad_tensor want)
{
    double error = fixture_error(got, want);
    if (!(error <= 1e-5)) CHECK_FAIL("%s: %s differs by %.3g", b->name, what, error);
}

static void check_logits(bench *b)
{
    ad_node *logits = classify_network(&b->model, b->vars, b->x, NULL);
    ad_program *program = compute(b, &logits, 1);
    if (!program) return;
    agrees(b, "eval", ad_result(program, logits), fixture_get(&b->file, "%s.eval", b->name));
    ad_program_free(program);
}

/* Loss, then the gradients and statistics that the fixture holds. */
static void check_training(bench *b)
{
    ad_node *outputs[OUTPUTS], *wrt[OUTPUTS];
    const char *names[OUTPUTS];
    char prefix[64];
    int count = 0;
    ad_mode mode = {.training = true};
    ad_node *logits = classify_network(&b->model, b->vars, b->x, &mode);
    ad_node *labels = ad_constant(b->graph, AD_I32, b->labels.shape, b->labels.data);
    ad_node *loss = outputs[0] = ad_cross_entropy_loss(logits, labels);
    snprintf(prefix, sizeof prefix, "%s.grad.", b->name);
    for (int i = 0; i < ad_file_count(b->file.file); ++i) {
        const char *name = ad_file_at(b->file.file, i)->name;
        if (strncmp(name, prefix, strlen(prefix))) continue;
        ad_variable *v = ad_var_find(b->vars, name + strlen(prefix));
        REQUIRE(v && count < 16);
        names[count] = name, wrt[count++] = ad_read(b->graph, v);
    }
    ad_gradients(loss, wrt, count, outputs + 1);
    REQUIRE(1 + count + mode.update_count <= OUTPUTS);
    for (int i = 0; i < mode.update_count; ++i) outputs[1 + count + i] = mode.updates[i];
    ad_program *program = compute(b, outputs, 1 + count + mode.update_count);
    if (!program) return;
    agrees(b, "loss", ad_result_at(program, 0), fixture_get(&b->file, "%s.loss", b->name));
    for (int i = 0; i < count; ++i)
        agrees(b, names[i], ad_result_at(program, 1 + i), fixture_get(&b->file, "%s", names[i]));
    snprintf(prefix, sizeof prefix, "%s.after.", b->name);
    for (int i = 0; i < ad_file_count(b->file.file); ++i) {
        const char *name = ad_file_at(b->file.file, i)->name;
        if (strncmp(name, prefix, strlen(prefix))) continue;
        ad_variable *v = ad_var_find(b->vars, name + strlen(prefix));
        REQUIRE(v);
        agrees(b, name, ad_variable_data(b->vars, v), fixture_get(&b->file, "%s", name));
    }
    ad_program_free(program);
}

#define NETWORK_CASE(NAME, KIND, HEIGHT, WIDTH, CHECK_IT)                                          \
    static void NAME##_##CHECK_IT(void)                                                            \
    {                                                                                              \
        bench b;                                                                                   \
        REQUIRE(open_bench(&b, #NAME, KIND, HEIGHT, WIDTH));                                       \
        CHECK_IT(&b);                                                                              \
        close_bench(&b);                                                                           \
    }
NETWORK_CASE(lenet, CLASSIFY_LENET, 28, 28, check_logits)
NETWORK_CASE(lenet, CLASSIFY_LENET, 28, 28, check_training)
NETWORK_CASE(resnet20, CLASSIFY_RESNET20, 16, 16, check_logits)
NETWORK_CASE(resnet20, CLASSIFY_RESNET20, 16, 16, check_training)
NETWORK_CASE(resnet18, CLASSIFY_RESNET18, 96, 80, check_logits)
NETWORK_CASE(resnet18, CLASSIFY_RESNET18, 96, 80, check_training)
NETWORK_CASE(resnet18_small, CLASSIFY_RESNET18, 32, 32, check_logits)

/* ---- names ---- */

/* "conv1.weight:64,3,7,7" for each variable, in the order of files. */
static void describe(const ad_variable *v, char *text, size_t size)
{
    static const int plain[] = {0, 1, 2, 3}, conv[] = {3, 2, 0, 1};
    const int *axis = ad_variable_layout(v) == AD_LAYOUT_CONV ? conv : plain;
    ad_shape s = ad_variable_shape(v);
    int at = snprintf(text, size, "%s:", ad_variable_name(v));
    for (int i = 0; i < s.rank; ++i)
        at += snprintf(text + at, size - (size_t)at, "%s%lld", i ? "," : "",
                       (long long)s.dim[axis[i]]);
}

static void names_are_torchvisions(void)
{
    bench b;
    char row[256], padded[258], all[1 << 14];
    int words = 0;
    REQUIRE(open_bench(&b, "resnet18", CLASSIFY_RESNET18, 96, 80));
    classify_network(&b.model, b.vars, b.x, NULL);
    const char *list = ad_file_metadata(b.file.file, "resnet18");
    REQUIRE(list);
    snprintf(all, sizeof all, " %s ", list);
    for (const char *p = list; *p; ++p) words += *p == ' ';
    CHECK_INT(ad_vars_count(b.vars), words + 1);
    for (int i = 0; i < ad_vars_count(b.vars); ++i) {
        describe(ad_vars_at(b.vars, i), row, sizeof row);
        snprintf(padded, sizeof padded, " %s ", row);
        if (!strstr(all, padded)) CHECK_FAIL("torchvision's resnet18 has no %s", row);
    }
    close_bench(&b);
}

static const check_case cases[] = {
    CASE(lenet_check_logits),          CASE(lenet_check_training),   CASE(resnet20_check_logits),
    CASE(resnet20_check_training),     CASE(resnet18_check_logits),  CASE(resnet18_check_training),
    CASE(resnet18_small_check_logits), CASE(names_are_torchvisions), {0}};

int main(int argc, char **argv)
{
    return check_main(argc, argv, cases);
}
