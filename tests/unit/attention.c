/* attention.c - the f32 kernels of attention and of its gradient against the plain form in f64, on
 * every instruction set: tails, grouped heads, masks, offsets, strided operands, threads, memory.
 */
#include <autodidact/ops.h>
#include <autodidact/program.h>

#include "check.h"

static const char *const isas[] = {"scalar", "avx2", "avx512", NULL};
enum { ISAS = 4, RESULTS = 4 };

typedef struct setting {
    int64_t batch, time, keys, heads, kv_heads, dim;
    bool causal, packed, offset, turned; /* turned: heads before time in memory */
    double tolerance;                    /* of the largest element; 0: 3e-6 */
    int32_t begins[6];                   /* of sequences; 0 at the end: there are none */
    int32_t key_begins[6];               /* likewise of the keys' own */
} setting;

static uint64_t state;
static double uniform(void)
{
    state += 0x9e3779b97f4a7c15u;
    uint64_t x = (state ^ (state >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return (double)((x ^ (x >> 31)) >> 11) * 0x1p-52 - 1;
}

static ad_node *input(ad_graph *g, const char *name, ad_dtype dtype, ad_shape shape, bool turned)
{
    if (!turned) return ad_input(g, name, dtype, shape);
    ad_shape there = ad_shape(shape.dim[0], shape.dim[2], shape.dim[1], shape.dim[3]);
    return ad_permute(ad_input(g, name, dtype, there), (int[]){0, 2, 1, 3});
}

/* Records it; out[0] the result, then the gradients of sum(w result^2) to the inputs. Returns how
 * many. */
static int record(ad_graph *g, const setting *s, ad_dtype dtype, ad_node **out)
{
    ad_node *x[3], *y;
    ad_attention_options options = {.causal = s->causal};
    int inputs = s->packed ? 1 : 3;
    if (s->packed) {
        int64_t width = (s->heads + 2 * s->kv_heads) * s->dim;
        x[0] = ad_input(g, "q", dtype, ad_shape(s->batch, s->time, width));
        y = ad_self_attention(x[0], (int)s->heads, (int)s->kv_heads, options);
    } else {
        ad_shape q = ad_shape(s->batch, s->time, s->heads, s->dim);
        ad_shape k = ad_shape(s->batch, s->keys, s->kv_heads, s->dim);
        x[0] = input(g, "q", dtype, q, s->turned);
        x[1] = input(g, "k", dtype, k, s->turned);
        x[2] = input(g, "v", dtype, k, s->turned);
        if (s->offset) options.offset = ad_input(g, "offset", AD_I32, ad_shape(1));
        if (s->begins[5]) options.sequences = ad_input(g, "sequences", AD_I32, ad_shape(6));
        if (s->key_begins[5])
            options.key_sequences = ad_input(g, "key_sequences", AD_I32, ad_shape(6));
        y = ad_attention(x[0], x[1], x[2], options);
    }
    ad_node *w = ad_input(g, "w", dtype, ad_node_shape(y));
    out[0] = y;
    if (s->offset) return 1; /* only looked at, never trained */
    ad_gradients(ad_sum(ad_mul(w, ad_square(y)), AD_ALL_AXES, false), x, inputs, out + 1);
    return 1 + inputs;
}

enum { LARGEST = 1 << 20 };
static double operands[4][LARGEST];

/* Runs it and hands back the results, as doubles, for the caller to free. */
static int results(const setting *s, ad_dtype dtype, const char *isa, int threads, double **values,
                   int64_t *counts)
{
    ad_context *ctx = ad_context_new(&(ad_context_options){.threads = threads, .isa = isa});
    if (!ctx) return 0;
    ad_graph *g = ad_graph_new(ctx);
    ad_program *program = NULL;
    ad_node *out[RESULTS];
    int n = record(g, s, dtype, out);
    if (ad_compile(&program, ctx, out, n, NULL)) {
        CHECK_FAIL("%s", ad_error(ctx));
        n = 0;
    }
    int64_t q = s->batch * s->time * s->heads * s->dim,
            k = s->batch * s->keys * s->kv_heads * s->dim;
    const char *names[4] = {"q", "k", "v", "w"};
    int64_t sizes[4] = {s->packed ? q + 2 * k : q, k, k, q};
    float *narrow[4];
    int32_t offset = 3;
    for (int i = 0; i < 4; ++i) {
        narrow[i] = malloc((size_t)sizes[i] * sizeof(float));
        for (int64_t j = 0; j < sizes[i]; ++j) narrow[i][j] = (float)operands[i][j];
        if (n)
            ad_bind_name(program, names[i], dtype == AD_F64 ? (void *)operands[i] : narrow[i],
                         (size_t)sizes[i] * ad_dtype_size(dtype));
    }
    if (n && s->offset) ad_bind_name(program, "offset", &offset, sizeof offset);
    if (n && s->begins[5]) ad_bind_name(program, "sequences", s->begins, sizeof s->begins);
    if (n && s->key_begins[5])
        ad_bind_name(program, "key_sequences", s->key_begins, sizeof s->key_begins);
    ad_error_clear(ctx);
    if (n && ad_run(program)) {
        CHECK_FAIL("%s", ad_error(ctx));
        n = 0;
    }
    for (int i = 0; i < n; ++i) {
        counts[i] = ad_shape_count(ad_node_shape(out[i]));
        values[i] = malloc((size_t)counts[i] * sizeof(double));
        ad_convert(values[i], AD_F64, ad_result_at(program, i), dtype, counts[i]);
    }
    for (int i = 0; i < 4; ++i) free(narrow[i]);
    ad_program_free(program);
    ad_graph_free(g);
    ad_context_free(ctx);
    return n;
}

static void compare(const setting *s)
{
    double *want[RESULTS], *got[RESULTS], *again[RESULTS];
    int64_t counts[RESULTS];
    int n = results(s, AD_F64, NULL, 1, want, counts);
    for (int isa = 0; isa < ISAS && n; ++isa) {
        if (!results(s, AD_F32, isas[isa], 1, got, counts)) continue; /* not on this machine */
        for (int i = 0; i < n; ++i) {
            double scale = 0, worst = 0;
            for (int64_t j = 0; j < counts[i]; ++j) scale = fmax(scale, fabs(want[i][j]));
            for (int64_t j = 0; j < counts[i]; ++j) {
                double error = fabs(got[i][j] - want[i][j]);
                if (!(error <= worst)) worst = error;
            }
            if (!(worst <= (s->tolerance > 0 ? s->tolerance : 3e-6) * (scale + 1e-3)))
                CHECK_FAIL("%s: [%d, %d of %d, %d of %d, %d]%s%s%s: result %d is off by %g of %g",
                           isas[isa] ? isas[isa] : "best", (int)s->batch, (int)s->time,
                           (int)s->keys, (int)s->heads, (int)s->kv_heads, (int)s->dim,
                           s->causal ? " causal" : "", s->packed ? " packed" : "",
                           s->turned ? " turned" : "", i, worst, scale);
        }
        for (int threads = 2; threads < 6; threads += 3) {
            results(s, AD_F32, isas[isa], threads, again, counts);
            for (int i = 0; i < n; ++i) {
                if (memcmp(got[i], again[i], (size_t)counts[i] * sizeof(double)))
                    CHECK_FAIL("%d threads give other bits", threads);
                free(again[i]);
            }
        }
        for (int i = 0; i < n; ++i) free(got[i]);
    }
    for (int i = 0; i < n; ++i) free(want[i]);
}

static void fill(void)
{
    state = 1;
    for (int i = 0; i < 4; ++i)
        for (int j = 0; j < LARGEST; ++j) operands[i][j] = (float)(2 * uniform());
}

static void shapes(void)
{
    static const int64_t dims[] = {1, 3, 8, 16, 17, 32, 40, 64, 100, 128};
    static const int64_t times[] = {1, 2, 3, 7, 8, 16, 33, 63, 64, 65, 127, 128, 130, 200};
    fill();
    for (int trial = 0; trial < 60; ++trial) {
        state = (uint64_t)trial * 77;
        setting s = {.batch = 1 + trial % 3, .causal = trial & 1};
        s.dim = dims[(int)((uniform() + 1) * 5)];
        s.time = times[(int)((uniform() + 1) * 7)];
        s.kv_heads = 1 + trial / 2 % 3;
        s.heads = s.kv_heads * (1 + trial / 3 % 2);
        s.packed = trial % 5 < 2;
        s.turned = trial % 5 == 2;
        s.keys = s.packed ? s.time : s.time + times[(int)((uniform() + 1) * 7)] - 1;
        if (!s.packed && !s.causal && trial % 7 < 3) s.keys = 1 + s.keys / 3;
        compare(&s);
    }
}

static void offsets(void)
{
    fill();
    compare(&(setting){1, 1, 20, 4, 2, 32, .causal = true, .offset = true});
    compare(&(setting){2, 2, 200, 2, 1, 8, .causal = true, .offset = true});
    compare(&(setting){1, 40, 150, 4, 4, 16, .causal = true, .offset = true});
}

/* Sequences of many lengths one behind the other, an empty one among them; places in front, behind
 * or both that are in none; and places beyond the operands, which are brought back. */
static void sequences(void)
{
    fill();
    compare(&(setting){1, 150, 150, 4, 2, 32, .begins = {0, 20, 37, 37, 149, 150}});
    compare(&(setting){1, 300, 300, 2, 2, 17, .begins = {5, 6, 140, 144, 280, 290}});
    compare(&(setting){1, 40, 40, 3, 3, 8, .turned = true, .begins = {0, 1, 2, 3, 20, 33}});
    compare(&(setting){1, 90, 90, 2, 1, 16, .causal = true, .begins = {0, 64, 66, 80, 80, 90}});
    compare(&(setting){1, 30, 30, 1, 1, 4, .begins = {-3, 10, 20, 25, 26, 99}});
}

/* Queries of each sequence see the keys of another text: more of them or fewer, some without
 * queries, some without keys, both or neither, and places in front and behind. */
static void crossed(void)
{
    fill();
    compare(&(setting){1, 90, 90, 4, 4, 32, .begins = {0, 20, 37, 37, 60, 90},
                       .key_begins = {0, 7, 30, 55, 70, 90}});
    compare(&(setting){1, 150, 220, 4, 2, 17, .begins = {0, 70, 70, 71, 140, 150},
                       .key_begins = {0, 3, 9, 9, 200, 220}});
    compare(&(setting){1, 100, 5, 2, 1, 8, .begins = {3, 20, 70, 70, 71, 90},
                       .key_begins = {0, 0, 3, 3, 5, 5}});
    compare(&(setting){1, 2, 150, 3, 3, 40, .turned = true, .begins = {0, 0, 1, 1, 2, 2},
                       .key_begins = {1, 5, 70, 140, 141, 149}, .tolerance = 1e-5});
    compare(&(setting){1, 30, 40, 1, 1, 4, .begins = {-3, 10, 20, 25, 26, 99},
                       .key_begins = {-9, 5, 5, 9, 30, 77}});
    compare(&(setting){1, 5, 5, 1, 1, 4, .begins = {0, 5, 5, 5, 5, 5},
                       .key_begins = {0, 0, 5, 5, 5, 5}});
}

/* Scores up to a thousand: the running maximum moves, and no exponential overflows. Their own
 * rounding is 1e-4 then, and so is the weights'. */
static void large_scores(void)
{
    fill();
    for (int i = 0; i < 2; ++i)
        for (int j = 0; j < LARGEST; ++j) operands[i][j] *= 12;
    compare(&(setting){1, 150, 200, 1, 1, 16, .tolerance = 2e-4});
    compare(&(setting){1, 150, 150, 1, 1, 16, .causal = true, .tolerance = 2e-4});
}

/* A NaN reaches the queries that see it, and no others. */
static void not_a_number(void)
{
    enum { TIME = 70, AT = 66, DIM = 4 };
    ad_context *ctx = ad_context_new(NULL);
    ad_graph *g = ad_graph_new(ctx);
    ad_program *program = NULL;
    ad_node *x = ad_input(g, "x", AD_F32, ad_shape(1, TIME, 3 * DIM));
    ad_node *y = ad_self_attention(x, 1, 0, (ad_attention_options){.causal = true});
    float data[TIME * 3 * DIM];
    for (int i = 0; i < TIME * 3 * DIM; ++i) data[i] = 0.5f;
    data[AT * 3 * DIM + DIM] = NAN; /* in a key */
    CHECK_INT(ad_compile(&program, ctx, &y, 1, NULL), AD_OK);
    REQUIRE(program);
    CHECK_INT(ad_bind(program, x, data, sizeof data), AD_OK);
    CHECK_INT(ad_run(program), AD_OK);
    const float *out = ad_result(program, y);
    for (int t = 0; t < TIME; ++t) CHECK(isnan(out[t * DIM]) == (t >= AT));
    ad_program_free(program);
    ad_graph_free(g);
    ad_context_free(ctx);
}

static void memory(void)
{
    ad_context *ctx = ad_context_new(&(ad_context_options){.threads = 2});
    ad_graph *g = ad_graph_new(ctx);
    ad_program *program = NULL;
    ad_node *x = ad_input(g, "x", AD_F32, ad_shape(1, 4096, 3 * 64)), *grad;
    ad_node *y = ad_self_attention(x, 1, 0, (ad_attention_options){.causal = true});
    ad_gradients(ad_sum(ad_square(y), AD_ALL_AXES, false), &x, 1, &grad);
    CHECK_INT(ad_compile(&program, ctx, &grad, 1, NULL), AD_OK);
    /* one matrix of weights would be 64 MB */
    if (program) CHECK(ad_program_get_stats(program).arena_bytes < 16 << 20);
    ad_program_free(program);
    ad_graph_free(g);
    ad_context_free(ctx);
}

static void refusals(void)
{
    static const struct {
        ad_shape q, k, v;
        bool causal;
        const char *says;
    } wrong[] = {
        {{4, {1, 3, 4, 8}}, {4, {1, 3, 3, 8}}, {4, {1, 3, 3, 8}}, false, "4 query heads"},
        {{4, {1, 3, 4, 8}}, {4, {1, 3, 4, 8}}, {4, {1, 4, 4, 8}}, false, "different shapes"},
        {{4, {1, 3, 4, 8}}, {4, {1, 3, 4, 6}}, {4, {1, 3, 4, 6}}, false, "batch or head_dim"},
        {{4, {1, 3, 4, 8}}, {4, {1, 2, 4, 8}}, {4, {1, 2, 4, 8}}, true, "see none of 2 keys"},
        {{3, {3, 4, 8}}, {4, {1, 3, 4, 8}}, {4, {1, 3, 4, 8}}, false, "0 query heads"},
    };
    ad_context *ctx = ad_context_new(NULL);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; ++i) {
        ad_graph *g = ad_graph_new(ctx);
        ad_node *y = ad_attention(ad_input(g, "q", AD_F32, wrong[i].q),
                                  ad_input(g, "k", AD_F32, wrong[i].k),
                                  ad_input(g, "v", AD_F32, wrong[i].v),
                                  (ad_attention_options){.causal = wrong[i].causal});
        CHECK(ad_node_poisoned(y));
        CHECK_CONTAINS(ad_graph_error(g), wrong[i].says);
        ad_graph_free(g);
    }
    ad_graph *g = ad_graph_new(ctx);
    CHECK(ad_node_poisoned(ad_self_attention(ad_input(g, "x", AD_F32, ad_shape(2, 3, 10)), 2, 1,
                                             (ad_attention_options){0})));
    CHECK_CONTAINS(ad_graph_error(g), "cannot be shared by 2 + 2 x 1 heads");
    ad_graph_free(g);
    g = ad_graph_new(ctx);
    ad_node *two = ad_input(g, "x", AD_F32, ad_shape(2, 4, 1, 3));
    ad_node *begins = ad_input(g, "begins", AD_I32, ad_shape(3));
    CHECK(
        ad_node_poisoned(ad_attention(two, two, two, (ad_attention_options){.sequences = begins})));
    CHECK_CONTAINS(ad_graph_error(g), "want a batch of 1");
    ad_graph_free(g);
    static const struct {
        int64_t queries, keys; /* sequences; 0: none are given */
        bool causal;
        const char *says;
    } crossing[] = {{3, 4, false, "3 sequences of queries and 4 of keys"},
                    {3, 3, true, "a causal mask wants keys in the sequences of the queries"},
                    {0, 3, false, "sequences of keys want those of the queries"},
                    {3, 0, false, "as many keys as queries"}};
    for (size_t i = 0; i < sizeof crossing / sizeof *crossing; ++i) {
        g = ad_graph_new(ctx);
        int64_t n[2] = {crossing[i].queries, crossing[i].keys};
        ad_node *q = ad_input(g, "q", AD_F32, ad_shape(1, 4, 1, 3));
        ad_node *k = ad_input(g, "k", AD_F32, ad_shape(1, 6, 1, 3)), *begin[2];
        for (int j = 0; j < 2; ++j)
            begin[j] = n[j] ? ad_input(g, j ? "b" : "a", AD_I32, ad_shape(n[j] + 1)) : NULL;
        CHECK(ad_node_poisoned(ad_attention(q, k, k,
                                            (ad_attention_options){.causal = crossing[i].causal,
                                                                   .sequences = begin[0],
                                                                   .key_sequences = begin[1]})));
        CHECK_CONTAINS(ad_graph_error(g), crossing[i].says);
        ad_graph_free(g);
    }
    ad_context_free(ctx);
}

int main(int argc, char **argv)
{
    return check_main(argc, argv,
                      (check_case[]){CASE(shapes),
                                     CASE(offsets),
                                     CASE(sequences),
                                     CASE(crossed),
                                     CASE(large_scores),
                                     CASE(not_a_number),
                                     CASE(memory),
                                     CASE(refusals),
                                     {0}});
}
