/* Products with quantised matrices against sums in double, on every instruction set; what is
 * refused; and variables that are kept so, from files and to files. */
#include "folder.h"
#include "io/blocks.h"
#include "nn/file_axes.h"
#include "solve.h"

#include <autodidact/nn.h>
#include <autodidact/ops.h>

static const ad_block_type *const types[] = {
    [AD_Q8_0] = &ad_block_q8_0, [AD_Q4_0] = &ad_block_q4_0};

typedef struct product {
    ad_quantized form;
    int64_t m, n, k;
    float *x, *numbers; /* [m, k], [n, k] as they are after rounding */
    unsigned char *blocks;
} product;

static float *random_floats(int64_t n)
{
    float *p = malloc((size_t)n * sizeof *p);
    for (int64_t i = 0; i < n; ++i) p[i] = (float)solve_uniform(-1, 1);
    return p;
}

static product make_product(ad_quantized form, int64_t m, int64_t n, int64_t k)
{
    product p = {form, m, n, k, random_floats(m * k), random_floats(n * k), NULL};
    p.blocks = malloc((size_t)(n * ad_quantized_bytes(form, k)));
    ad_blocks_pack(types[form], p.numbers, n * k, p.blocks);
    ad_blocks_unpack(types[form], p.blocks, n * k, p.numbers);
    return p;
}

static void free_product(product *p)
{
    free(p->x), free(p->numbers), free(p->blocks);
}

/* Blocks of a few rows of x are rounded to 15 bits and a sign: what that changes at most. */
static double rounding(const product *p, const float *x, const float *w)
{
    double most = 0;
    if (p->m > 4) return 0;
    for (int64_t begin = 0; begin < p->k; begin += AD_BLOCK) {
        double largest = 0, sum = 0;
        for (int64_t k = begin; k < begin + AD_BLOCK; ++k) {
            largest = fmax(largest, fabs((double)x[k])), sum += fabs((double)w[k]);
        }
        most += largest / 65534 * sum;
    }
    return most;
}

static void check_product(const product *p, const float *y, const char *isa)
{
    for (int64_t i = 0; i < p->m * p->n; ++i) {
        const float *x = p->x + i / p->n * p->k, *w = p->numbers + i % p->n * p->k;
        double sum = 0, magnitude = 0;
        for (int64_t k = 0; k < p->k; ++k) {
            sum += (double)x[k] * (double)w[k];
            magnitude += fabs((double)x[k] * (double)w[k]);
        }
        if (fabs((double)y[i] - sum) <= 1e-6 * magnitude + rounding(p, x, w)) continue;
        CHECK_FAIL("%s, %s, %d x %d x %d: element %d is %.9g, expected %.9g", isa,
                   ad_quantized_name(p->form), (int)p->m, (int)p->n, (int)p->k, (int)i,
                   (double)y[i], sum);
        return;
    }
}

/* On every instruction set; the bits are the same with two threads. */
static void run_product(const product *p)
{
    ad_attr_quantized attr = {p->form};
    solve_device d;
    float *y[2];
    for (int t = 0; t < 2; ++t) y[t] = solve_memory(AD_F32, p->m * p->n);
    for (int isa = 0; isa < AD_ISAS; ++isa) {
        const char *name = NULL;
        for (int t = 0; t < 2 && solve_open(&d, isa, t + 1); ++t, solve_close(&d)) {
            name = d.device.target;
            ad_problem problem = {.op = AD_OP_QUANTIZED_LINEAR,
                                  .attr = &attr,
                                  .n_in = 2,
                                  .n_out = 1,
                                  .threads = t + 1};
            problem.in[0] = DENSE(AD_F32, p->m, p->k);
            problem.in[1] = DENSE(AD_U8, p->n, ad_quantized_bytes(p->form, p->k));
            problem.out[0] = DENSE(AD_F32, p->m, p->n);
            void *in[] = {p->x, p->blocks}, *out[] = {y[t]};
            CHECK(solve_run(&d, &problem, in, out));
        }
        if (!name) continue;
        check_product(p, y[0], name);
        CHECK(!memcmp(y[0], y[1], (size_t)(p->m * p->n) * sizeof **y));
    }
    solve_free(y[0]), solve_free(y[1]);
}

static void products(void)
{
    static const int64_t rows[] = {1, 2, 3, 4, 5, 33, 70}, depth[] = {32, 96, 4096};
    static const int64_t columns[] = {1, 7, 101};
    for (int form = 0; form < AD_QUANTIZED_FORMS; ++form)
        for (int i = 0; i < 7; ++i)
            for (int j = 0; j < 3; ++j)
                for (int k = 0; k < 3; ++k) {
                    product p = make_product((ad_quantized)form, rows[i], columns[j], depth[k]);
                    run_product(&p);
                    free_product(&p);
                }
}

/* ---- what is refused ---- */

static void refused(ad_dtype x, ad_shape x_shape, ad_dtype blocks, ad_shape blocks_shape, int form,
                    const char *sentence)
{
    ad_context *ctx = ad_context_new(NULL);
    ad_graph *g = ad_graph_new(ctx);
    ad_node *y = ad_quantized_linear(ad_input(g, "x", x, x_shape),
                                     ad_input(g, "blocks", blocks, blocks_shape),
                                     (ad_quantized)form);
    CHECK(ad_node_poisoned(y));
    CHECK_CONTAINS(ad_graph_error(g), sentence);
    ad_graph_free(g);
    ad_context_free(ctx);
}

static void misfits(void)
{
    ad_shape x = ad_shape(2, 64), w = ad_shape(3, 68);
    refused(AD_F32, ad_shape(2, 63), AD_U8, w, AD_Q8_0, "x has 63 columns, no whole blocks of 32");
    refused(AD_F32, ad_shape(2, 0), AD_U8, w, AD_Q8_0, "x has 0 columns, no whole blocks of 32");
    refused(AD_F32, x, AD_U8, w, AD_Q4_0,
            "x has 64 columns, whose weights are 36 bytes as q4_0, a row of the blocks has 68");
    refused(AD_F32, x, AD_I32, w, AD_Q8_0, "blocks are i32, expected u8");
    refused(AD_I32, x, AD_U8, w, AD_Q8_0, "takes floats, input 0 is i32");
    refused(AD_F32, x, AD_U8, ad_shape(204), AD_Q8_0,
            "input 1 has 1 axes, expected 2: rows, bytes");
    refused(AD_F32, x, AD_U8, w, AD_QUANTIZED_FORMS, "no such quantised form: 2");
    ad_context *ctx = ad_context_new(NULL);
    ad_graph *g = ad_graph_new(ctx);
    CHECK(ad_node_poisoned(ad_dequantize(ad_input(g, "b", AD_U8, ad_shape(2, 35)), AD_Q8_0)));
    CHECK_CONTAINS(ad_graph_error(g), "rows of 35 bytes are not whole blocks of q8_0, of 34 bytes");
    ad_graph_free(g);
    ad_context_free(ctx);
}

/* ---- rounding ---- */

/* q4_0 by hand: -8 is the largest magnitude, so d is 1 and 7.6 becomes 7. */
static void q4_0_is_packed_as_ggml_packs_it(void)
{
    float values[AD_BLOCK] = {-8, 7.6F, 0.4F, 0.5F, -0.5F, 1}, again[AD_BLOCK];
    static const float want[] = {-8, 7, 0, 1, 0, 1};
    unsigned char block[18];
    ad_blocks_pack(&ad_block_q4_0, values, AD_BLOCK, block);
    ad_blocks_unpack(&ad_block_q4_0, block, AD_BLOCK, again);
    for (int i = 0; i < 6; ++i) CHECK_NEAR(again[i], want[i], 0);
    CHECK(ad_blocks_cannot_hold(&ad_block_q4_0, values, AD_BLOCK) < 0);
    values[3] = NAN;
    CHECK_INT(ad_blocks_cannot_hold(&ad_block_q4_0, values, AD_BLOCK), 3);
}

/* ---- variables ---- */

enum { N = 5, K = 64 };

static ad_variable *declare(ad_vars *vars, ad_file_layout layout)
{
    ad_quantized form = ad_layout_blocks(layout) == &ad_block_q8_0 ? AD_Q8_0 : AD_Q4_0;
    return ad_var(vars, "w", ad_shape(N, ad_quantized_bytes(form, K)),
                  (ad_var_options){.init = {.kind = AD_INIT_NORMAL, .a = 0.1},
                                   .dtype = AD_U8,
                                   .layout = layout});
}

/* A file of f32 gives the nearest blocks, by row or by column; saved they are f32 again. */
static void files_are_rounded(void)
{
    ad_context *ctx = ad_context_new(NULL);
    for (int layout = AD_LAYOUT_Q8_0; layout <= AD_LAYOUT_Q4_0_TURNED; ++layout) {
        bool turned = ad_layout_turned(layout);
        ad_shape shape = turned ? ad_shape(K, N) : ad_shape(N, K);
        ad_vars *wide = ad_vars_new(ctx, 1), *vars = ad_vars_new(ctx, 1),
                *same = ad_vars_new(ctx, 1);
        ad_var_options options = {.init = {.kind = AD_INIT_NORMAL, .a = 0.1}};
        ad_variable *w = ad_var(wide, "w", shape, options);
        ad_variable *v = declare(vars, (ad_file_layout)layout);
        ad_variable *s = declare(same, (ad_file_layout)layout);
        float again[N * K];
        CHECK_INT(ad_vars_save(wide, in_folder("w.safetensors")), AD_OK);
        CHECK_INT(ad_vars_load(vars, in_folder("w.safetensors"), (ad_load_options){0}), AD_OK);
        /* first values are those of f32, rounded */
        const unsigned char *ours = ad_variable_data(vars, v);
        CHECK(!memcmp(ours, ad_variable_data(same, s), ad_variable_bytes(v)));
        ad_file_dequantise(v, ours, again);
        const float *was = ad_variable_data(wide, w);
        double most = 0;
        for (int i = 0; i < N * K; ++i) most = fmax(most, fabs((double)was[i]));
        for (int i = 0; i < N * K; ++i)
            CHECK_NEAR(again[i], was[i], most / (ad_layout_blocks(layout)->bytes == 34 ? 220 : 7));
        CHECK_INT(ad_vars_save(vars, in_folder("v.safetensors")), AD_OK);
        CHECK_INT(ad_vars_load(wide, in_folder("v.safetensors"), (ad_load_options){0}), AD_OK);
        CHECK(!memcmp(ad_variable_data(wide, w), again, sizeof again));
        ad_vars_free(wide), ad_vars_free(vars), ad_vars_free(same);
    }
    ad_context_free(ctx);
}

/* A matrix of a GGUF file in the form that is wanted: its very numbers. */
static void blocks_of_a_file_are_taken(void)
{
    static const char *const names[] = {[AD_Q8_0] = "Q8_0", [AD_Q4_0] = "Q4_0"};
    ad_context *ctx = ad_context_new(NULL);
    ad_file *file;
    REQUIRE(ad_file_open(&file, ctx, "tests/fixtures/gguf/types.gguf") == AD_OK);
    for (int form = 0; form < AD_QUANTIZED_FORMS; ++form) {
        int index = ad_file_find(file, names[form]);
        REQUIRE(index >= 0);
        ad_shape shape = ad_file_at(file, index)->shape;
        int64_t count = ad_shape_count(shape),
                row = ad_quantized_bytes((ad_quantized)form, shape.dim[1]);
        ad_vars *vars = ad_vars_new(ctx, 0);
        ad_variable *v = ad_var(
            vars, names[form], ad_shape(shape.dim[0], row),
            (ad_var_options){.dtype = AD_U8, .layout = form ? AD_LAYOUT_Q4_0 : AD_LAYOUT_Q8_0});
        float *want = malloc((size_t)count * 4), *got = malloc((size_t)count * 4);
        CHECK_INT(ad_vars_load_file(vars, file, (ad_load_options){.allow_unused = true}), AD_OK);
        CHECK_INT(ad_file_read(file, index, AD_F32, want, (size_t)count * 4), AD_OK);
        ad_file_dequantise(v, ad_variable_data(vars, v), got);
        CHECK(!memcmp(want, got, (size_t)count * 4));
        free(want), free(got);
        ad_vars_free(vars);
    }
    ad_file_close(file);
    ad_context_free(ctx);
}

static void numbers_that_do_not_fit(void)
{
    ad_context *ctx = ad_context_new(NULL);
    float values[N * K] = {0};
    const ad_named_tensor tensor = {"w", {AD_F32, ad_shape(N, K), values}};
    for (int i = 0; i < 2; ++i) {
        ad_vars *vars = ad_vars_new(ctx, 1);
        values[70] = i ? NAN : 1e8F;
        declare(vars, AD_LAYOUT_Q4_0);
        CHECK_INT(ad_safetensors_write(ctx, in_folder("w.safetensors"), &tensor, 1, NULL, 0),
                  AD_OK);
        CHECK_INT(ad_vars_load(vars, in_folder("w.safetensors"), (ad_load_options){0}),
                  AD_ERROR_NUMERIC);
        CHECK_CONTAINS(ad_error(ctx), i ? "tensor w is not finite: element 70"
                                        : "tensor w holds 1e+08, which Q4_0 cannot");
        ad_vars_free(vars);
    }
    ad_vars *vars = ad_vars_new(ctx, 1);
    CHECK(!ad_var(vars, "w", ad_shape(2, 33),
                  (ad_var_options){.dtype = AD_U8, .layout = AD_LAYOUT_Q8_0}));
    CHECK_CONTAINS(ad_error(ctx), "quantised rows are u8 [rows, bytes of whole blocks]");
    ad_vars_free(vars);
    ad_context_free(ctx);
}

int main(int argc, char **argv)
{
    if (!folder_make()) return 1;
    int code = check_main(argc, argv,
                          (check_case[]){CASE(products),
                                         CASE(misfits),
                                         CASE(q4_0_is_packed_as_ggml_packs_it),
                                         CASE(files_are_rounded),
                                         CASE(blocks_of_a_file_are_taken),
                                         CASE(numbers_that_do_not_fit),
                                         {0}});
    return folder_remove() ? code : 1;
}
