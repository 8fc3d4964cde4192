/* chain.c - the chain interpreter against one-element-at-a-time evaluation in double: random
 * programs, types, layouts and tails on every instruction set; aliasing; several outputs; thread
 * counts. */
#include "problems.h"

/* One element through the chain: its outputs, and bounds of their errors in f32. */
static void evaluate(const ad_chain *chain, const double *in, double *out, double *error)
{
    double reg[AD_CHAIN_REGISTERS] = {0};
    for (int i = 0; i < chain->n_inputs; ++i) reg[i] = in[i];
    for (int s = 0; s < chain->n_steps; ++s) {
        const ad_chain_step *step = &chain->step[s];
        reg[step->dst] = step_value(step, reg[step->src[0]], reg[step->src[1]], reg[step->src[2]]);
    }
    for (int o = 0; o < chain->n_outputs; ++o) out[o] = reg[chain->output_register[o]];
    chain_error(chain, in, error);
}

/* Of what is kept as such. */
static double roundoff(ad_dtype memory, double value)
{
    double smallest = memory == AD_F16 ? 0x1p-25 : 0;
    return ad_dtype_is_float(memory) ? fmax(rounding(memory) * fabs(value), smallest) : 0;
}

/* A dense operand of a random axis order, or with some axes broadcast (inputs). Returns its
 * elements. */
static int64_t random_layout(ad_operand *o, ad_dtype dtype, int rank, const int64_t *dim,
                             bool input)
{
    int order[AD_MAX_RANK];
    int64_t stride = solve_below(4) ? 1 : 2; /* at times every second element */
    *o = (ad_operand){.dtype = dtype, .rank = rank};
    for (int i = 0; i < rank; ++i) order[i] = rank - 1 - i, o->dim[i] = dim[i];
    if (rank && solve_below(3) == 0) {
        for (int i = 0; i < rank; ++i) {
            int j = (int)solve_below(rank), t = order[i];
            order[i] = order[j], order[j] = t;
        }
    }
    for (int i = 0; i < rank; ++i) {
        if (input && solve_below(5) == 0) continue; /* stride 0 */
        o->stride[order[i]] = stride;
        stride *= dim[order[i]];
    }
    return stride;
}

static void compare(solve_device *d, const ad_chain *chain, int rank, const int64_t *dim)
{
    ad_problem p = {.op = AD_OP_CHAIN,
                    .n_in = chain->n_inputs,
                    .n_out = chain->n_outputs,
                    .chain = chain,
                    .threads = 2};
    void *in[AD_CHAIN_INPUTS], *out[AD_CHAIN_OUTPUTS];
    int64_t n = 1;
    for (int i = 0; i < rank; ++i) n *= dim[i];
    for (int i = 0; i < p.n_in; ++i) {
        in[i] = solve_random(chain->input[i],
                             random_layout(&p.in[i], chain->input[i], rank, dim, true), -4, 5);
    }
    for (int o = 0; o < p.n_out; ++o) {
        out[o] = solve_memory(chain->output[o],
                              random_layout(&p.out[o], chain->output[o], rank, dim, false));
    }
    CHECK(solve_run(d, &p, in, out));
    int bad = 0;
    for (int64_t k = 0; k < n; ++k) {
        double x[AD_CHAIN_INPUTS], want[AD_CHAIN_OUTPUTS], error[AD_CHAIN_OUTPUTS];
        for (int i = 0; i < p.n_in; ++i) x[i] = solve_get(&p.in[i], in[i], k);
        evaluate(chain, x, want, error);
        for (int o = 0; o < p.n_out; ++o) {
            double got = solve_get(&p.out[o], out[o], k);
            double allowed = 2 * error[o] + roundoff(chain->output[o], want[o]);
            if (chain->output[o] == AD_F16 && fabs(want[o]) > 60000) continue;
            if (error[o] == INFINITY || (got != got && want[o] != want[o])) continue;
            if (!(fabs(got - want[o]) <= allowed) && ++bad < 3) {
                CHECK_FAIL("%s output %d element %lld of %lld (%d steps): %g, expected %g",
                           ad_dtype_name(chain->output[o]), o, (long long)k, (long long)n,
                           chain->n_steps, got, want[o]);
            }
        }
    }
    for (int i = 0; i < p.n_in; ++i) solve_free(in[i]);
    for (int o = 0; o < p.n_out; ++o) solve_free(out[o]);
}

static void random_programs(void)
{
    const ad_dtype floats[] = {AD_F32, AD_F32, AD_BF16, AD_F16};
    const int64_t sizes[] = {1, 2, 3, 5, 16, 17, 33, 64, 100, 255, 256, 257, 700};
    solve_device d;
    for (int isa = 0; solve_open(&d, isa, 2); solve_close(&d), ++isa) {
        for (int trial = 0; trial < 1000; ++trial) {
            ad_chain chain;
            int64_t dim[AD_MAX_RANK], total = 1;
            int rank = (int)solve_below(5), kind = trial % 4;
            for (int i = 0; i < rank; ++i) {
                do dim[i] = sizes[solve_below(13)];
                while (total * dim[i] > 20000);
                total *= dim[i];
            }
            if (kind == 0) random_chain(&chain, AD_F32, floats, 1);
            if (kind == 1) random_chain(&chain, AD_F32, floats, 4);
            if (kind == 2) random_chain(&chain, AD_F64, (ad_dtype[]){AD_F64}, 1);
            if (kind == 3) random_chain(&chain, AD_I32, (ad_dtype[]){AD_I32}, 1);
            compare(&d, &chain, rank, dim);
        }
    }
}

static void casts(void)
{
    solve_device d;
    for (int isa = 0; solve_open(&d, isa, 1); solve_close(&d), ++isa) {
        for (int from = 0; from < AD_DTYPES; ++from) {
            for (int to = 0; to < AD_DTYPES; ++to) {
                ad_dtype type = from == AD_BF16 || from == AD_F16 ? AD_F32
                                : from == AD_BOOL                 ? AD_U8
                                                                  : (ad_dtype)from;
                ad_chain chain = {.n_inputs = 1, .n_steps = 1, .n_outputs = 1, .n_registers = 2};
                int64_t n = 301;
                chain.input[0] = (ad_dtype)from, chain.output[0] = (ad_dtype)to,
                chain.output_register[0] = 1;
                chain.step[0] = (ad_chain_step){.op = AD_OP_CAST,
                                                .type = (uint8_t)type,
                                                .to = (uint8_t)to,
                                                .dst = 1,
                                                .n_src = 1};
                ad_problem p = {.op = AD_OP_CHAIN, .n_in = 1, .n_out = 1, .chain = &chain};
                p.in[0] = solve_dense((ad_dtype)from, 1, &n),
                p.out[0] = solve_dense((ad_dtype)to, 1, &n);
                void *x = solve_random((ad_dtype)from, n, -300, 300),
                     *y = solve_memory((ad_dtype)to, n);
                void *want = solve_memory((ad_dtype)to, n);
                if (from == AD_F32)
                    ((float *)x)[0] = NAN, ((float *)x)[1] = 3e30f, ((float *)x)[2] = -INFINITY;
                CHECK(solve_run(&d, &p, &x, &y));
                ad_convert(want, (ad_dtype)to, x, (ad_dtype)from, n);
                if (memcmp(y, want, (size_t)n * ad_dtype_size((ad_dtype)to))) {
                    CHECK_FAIL("cast %s to %s in build %d", ad_dtype_name((ad_dtype)from),
                               ad_dtype_name((ad_dtype)to), isa);
                }
                solve_free(x), solve_free(y), solve_free(want);
            }
        }
    }
}

/* An update in place, as optimizers do: m' = 0.9 m + 0.1 g; w' = w - m' where m' and w' lie over m
 * and w. */
static void in_place(void)
{
    solve_device d;
    for (int isa = 0; solve_open(&d, isa, 2); solve_close(&d), ++isa) {
        for (int64_t n = 1; n < 100000; n = n * 3 + 1) {
            ad_chain chain = {.n_inputs = 3,
                              .n_steps = 5,
                              .n_outputs = 2,
                              .n_registers = 7,
                              .output_register = {5, 3}};
            chain.step[0] = (ad_chain_step){.op = AD_OP_FILL, .to = AD_F32, .dst = 3, .a = 0.5};
            chain.step[1] = (ad_chain_step){.op = AD_OP_MUL, .dst = 4, .src = {0, 3}, .n_src = 2};
            chain.step[2] = (ad_chain_step){.op = AD_OP_ADD, .dst = 5, .src = {4, 1}, .n_src = 2};
            chain.step[3] = (ad_chain_step){
                .op = AD_OP_ADD, .dst = 6, .src = {5, 0}, .n_src = 2}; /* reads m again */
            chain.step[4] = (ad_chain_step){.op = AD_OP_SUB, .dst = 3, .src = {2, 6}, .n_src = 2};
            ad_problem p = {.op = AD_OP_CHAIN, .n_in = 3, .n_out = 2, .chain = &chain};
            for (int i = 0; i < 3; ++i) p.in[i] = solve_dense(AD_F32, 1, &n);
            p.out[0] = p.out[1] = p.in[0];
            float *m = solve_random(AD_F32, n, -1, 1), *g = solve_random(AD_F32, n, -1, 1);
            float *w = solve_random(AD_F32, n, -1, 1), *want = malloc((size_t)n * 8);
            for (int64_t i = 0; i < n; ++i) {
                want[2 * i] = m[i] * 0.5f + g[i];
                want[2 * i + 1] = w[i] - (want[2 * i] + m[i]);
            }
            CHECK(solve_run(&d, &p, (void *[]){m, g, w}, (void *[]){m, w}));
            int64_t bad = 0;
            for (int64_t i = 0; i < n; ++i) bad += m[i] != want[2 * i] || w[i] != want[2 * i + 1];
            CHECK_INT(bad, 0);
            solve_free(m), solve_free(g), solve_free(w), free(want);
        }
    }
}

static void threads_do_not_matter(void)
{
    ad_chain chain = {
        .n_inputs = 2, .n_steps = 3, .n_outputs = 1, .n_registers = 5, .output_register = {4}};
    int64_t dim[] = {7, 91, 333};
    chain.step[0] = (ad_chain_step){.op = AD_OP_ADD, .dst = 2, .src = {0, 1}, .n_src = 2};
    chain.step[1] = (ad_chain_step){.op = AD_OP_GELU, .dst = 3, .src = {2}, .n_src = 1};
    chain.step[2] = (ad_chain_step){.op = AD_OP_EXP, .dst = 4, .src = {3}, .n_src = 1};
    ad_problem p = {.op = AD_OP_CHAIN, .n_in = 2, .n_out = 1, .chain = &chain};
    p.in[0] = p.in[1] = p.out[0] = solve_dense(AD_F32, 3, dim);
    p.in[1].stride[0] = p.in[1].stride[1] = 0;
    int64_t n = solve_count(&p.in[0]);
    void *in[] = {solve_random(AD_F32, n, -3, 3), solve_random(AD_F32, 333, -3, 3)};
    solve_device d;
    for (int isa = 0; isa <= (int)ad_cpu_get()->isa; ++isa) {
        float *first = NULL;
        for (int threads = 1; threads <= 7; threads += threads < 3 ? 1 : 4) {
            float *y = solve_memory(AD_F32, n);
            REQUIRE(solve_open(&d, isa, threads));
            CHECK(solve_run(&d, &p, in, (void *[]){y}));
            solve_close(&d);
            if (!first) {
                first = y;
                continue;
            }
            CHECK(!memcmp(first, y, (size_t)n * 4));
            solve_free(y);
        }
        solve_free(first);
    }
    solve_free(in[0]), solve_free(in[1]);
}

/* The same element gives the same bits at any place in a tile. */
static void position_does_not_matter(void)
{
    solve_device d;
    ad_chain chain = {
        .n_inputs = 1, .n_steps = 1, .n_outputs = 1, .n_registers = 2, .output_register = {1}};
    const int ops[] = {AD_OP_EXP, AD_OP_TANH, AD_OP_ERF, AD_OP_LOG, AD_OP_SIN, AD_OP_POW};
    for (int isa = 0; solve_open(&d, isa, 1); solve_close(&d), ++isa) {
        for (int k = 0; k < 5; ++k) {
            float x[300], whole[300], part[300];
            int64_t n = 300;
            chain.step[0] = (ad_chain_step){.op = (uint16_t)ops[k], .dst = 1, .n_src = 1};
            for (int i = 0; i < 300; ++i) x[i] = (float)solve_uniform(0.1, 3);
            ad_problem p = {.op = AD_OP_CHAIN, .n_in = 1, .n_out = 1, .chain = &chain};
            p.in[0] = p.out[0] = solve_dense(AD_F32, 1, &n);
            CHECK(solve_run(&d, &p, (void *[]){x}, (void *[]){whole}));
            for (int64_t begin = 1; begin < 20; ++begin) {
                n = 300 - 2 * begin;
                p.in[0] = p.out[0] = solve_dense(AD_F32, 1, &n);
                CHECK(solve_run(&d, &p, (void *[]){x + begin}, (void *[]){part}));
                CHECK(!memcmp(part, whole + begin, (size_t)n * 4));
            }
        }
    }
}

int main(int argc, char **argv)
{
    return check_main(argc, argv,
                      (check_case[]){CASE(random_programs),
                                     CASE(casts),
                                     CASE(in_place),
                                     CASE(threads_do_not_matter),
                                     CASE(position_does_not_matter),
                                     {0}});
}
