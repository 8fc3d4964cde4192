/* plain.c - what the ops compute that have no decomposition, as loops over every element in double:
 * the truth that their solvers are held against. An op with a decomposition has its meaning there
 * (tests/unit/gradients.c). */
#include "kernels.h"

#include "base/philox.h"

/* Operands are read and results written by row-major index over their dims. */
static double get(const solver_case *c, int i, int64_t index)
{
    const ad_operand *o = &c->problem.in[i];
    return get_element(c->in[i], o->dtype, offset_of(o, index));
}

static void unravel(const ad_operand *o, int64_t index, int64_t *at)
{
    for (int i = o->rank - 1; i >= 0; --i) at[i] = index % o->dim[i], index /= o->dim[i];
}

static int64_t ravel(const ad_operand *o, const int64_t *at)
{
    int64_t index = 0;
    for (int i = 0; i < o->rank; ++i) index = index * o->dim[i] + at[i];
    return index;
}

static void run_chain(const ad_chain *chain, const double *in, double *out)
{
    double reg[AD_CHAIN_REGISTERS] = {0};
    memcpy(reg, in, (size_t)chain->n_inputs * sizeof *reg);
    for (int s = 0; s < chain->n_steps; ++s) {
        const ad_chain_step *step = &chain->step[s];
        reg[step->dst] = step_value(step, reg[step->src[0]], reg[step->src[1]], reg[step->src[2]]);
    }
    for (int o = 0; o < chain->n_outputs; ++o) out[o] = reg[chain->output_register[o]];
}

/* ---- reductions ---- */

void plain_reduce(const solver_case *c, double *const *out)
{
    const ad_problem *p = &c->problem;
    const ad_operand *domain = &p->in[0], *result = &p->out[0];
    int64_t n = solve_count(domain), m = solve_count(result);
    bool max = p->op == AD_OP_MAX, min = p->op == AD_OP_MIN;
    for (int64_t k = 0; k < m; ++k) out[0][k] = max ? -INFINITY : min ? INFINITY : 0;
    for (int64_t k = 0; k < n; ++k) {
        double x[AD_CHAIN_INPUTS];
        int64_t at[AD_MAX_RANK];
        for (int i = 0; i < p->n_in; ++i) x[i] = get(c, i, k);
        if (p->chain) run_chain(p->chain, x, x);
        unravel(domain, k, at);
        for (int i = 0; i < domain->rank; ++i)
            if (result->dim[i] == 1) at[i] = 0;
        double *y = &out[0][ravel(result, at)];
        *y = max ? fmax(*y, x[0]) : min ? fmin(*y, x[0]) : *y + x[0];
    }
    for (int64_t k = 0; k < m && p->op == AD_OP_MEAN; ++k) out[0][k] *= (double)m / (double)n;
}

void plain_argmax(const solver_case *c, double *const *out)
{
    const ad_operand *x = &c->problem.in[0];
    int axis = (int)c->attr.axis.axis;
    int64_t inner = 1, length = x->dim[axis], n = solve_count(x);
    for (int i = axis + 1; i < x->rank; ++i) inner *= x->dim[i];
    for (int64_t k = 0; k < n / length; ++k) {
        int64_t first = k / inner * length * inner + k % inner, best = 0;
        for (int64_t i = 1; i < length; ++i)
            if (get(c, 0, first + i * inner) > get(c, 0, first + best * inner)) best = i;
        out[0][k] = (double)best;
    }
}

/* ---- contractions: the bare products, then the chain behind them ---- */

static void finish(const solver_case *c, double *const *out)
{
    const ad_problem *p = &c->problem;
    int64_t count = solve_count(&p->out[0]);
    for (int64_t k = 0; k < count && p->chain; ++k) {
        double x[AD_CHAIN_INPUTS] = {out[0][k]}, y[AD_CHAIN_OUTPUTS];
        for (int i = 2; i < p->n_in; ++i) x[i - 1] = get(c, i, k);
        run_chain(p->chain, x, y);
        for (int o = 0; o < p->n_out; ++o) out[o][k] = y[o];
    }
}

void plain_matmul(const solver_case *c, double *const *out)
{
    const ad_problem *p = &c->problem;
    const ad_attr_matmul *attr = p->attr;
    const ad_operand *a = &p->in[0], *y = &p->out[0];
    int rank = y->rank;
    int64_t m = y->dim[rank - 2], n = y->dim[rank - 1], count = solve_count(y);
    int64_t depth = a->dim[attr->transpose_a ? rank - 2 : rank - 1];
    for (int64_t k = 0; k < count; ++k) {
        int64_t batch = k / (m * n), row = k / n % m, column = k % n;
        out[0][k] = 0;
        for (int64_t d = 0; d < depth; ++d) {
            int64_t i = attr->transpose_a ? d * m + row : row * depth + d;
            int64_t j = attr->transpose_b ? column * depth + d : d * n + column;
            out[0][k] += get(c, 0, batch * m * depth + i) * get(c, 1, batch * depth * n + j);
        }
    }
    finish(c, out);
}

/* Number i of a row of quantised blocks. */
static double number_in(const solver_case *c, int input, int64_t row, int64_t i)
{
    const ad_operand *o = &c->problem.in[input];
    bool bytes = c->attr.quantized.form == AD_Q8_0;
    int64_t block = row * o->dim[1] + i / 32 * (bytes ? 34 : 18), at = i % 32;
    double d = ad_f16_to_f32((uint16_t)(get(c, input, block) + 256 * get(c, input, block + 1)));
    int byte = (int)get(c, input, block + 2 + (bytes ? at : at % 16));
    return d * (bytes ? (byte < 128 ? byte : byte - 256) : (at < 16 ? byte % 16 : byte / 16) - 8);
}

void plain_dequantize(const solver_case *c, double *const *out)
{
    int64_t k = c->problem.out[0].dim[1];
    for (int64_t i = 0; i < solve_count(&c->problem.out[0]); ++i)
        out[0][i] = number_in(c, 0, i / k, i % k);
}

void plain_quantized(const solver_case *c, double *const *out)
{
    const ad_operand *y = &c->problem.out[0];
    int64_t k = c->problem.in[0].dim[1], n = y->dim[1];
    for (int64_t i = 0; i < solve_count(y); ++i) {
        out[0][i] = 0;
        for (int64_t d = 0; d < k; ++d)
            out[0][i] += get(c, 0, i / n * k + d) * number_in(c, 1, i % n, d);
    }
    finish(c, out);
}

/* Every product of x [n, h, w, c], weight [kh, kw, c / groups, k] and y [n, oh, ow, k], two of them
 * the operands and the third the result. */
void plain_conv(const solver_case *c, double *const *out)
{
    const ad_problem *p = &c->problem;
    const ad_attr_conv *attr = p->attr;
    bool input = p->op == AD_OP_CONV2D_INPUT_GRAD, weight = p->op == AD_OP_CONV2D_WEIGHT_GRAD;
    const ad_operand *x = input ? &p->out[0] : &p->in[0], *w = weight ? &p->out[0] : &p->in[1];
    const ad_operand *y = input ? &p->in[0] : weight ? &p->in[1] : &p->out[0];
    int64_t channels = w->dim[2], filters = y->dim[3] / attr->groups, at[4];
    memset(out[0], 0, (size_t)solve_count(&p->out[0]) * sizeof **out);
    for (int64_t cell = 0; cell < solve_count(y) / y->dim[3]; ++cell)
        for (int64_t tap = 0; tap < w->dim[0] * w->dim[1]; ++tap) {
            unravel(y, cell * y->dim[3], at);
            int64_t i = at[1] * attr->stride[0] - attr->pad[0] +
                        tap / w->dim[1] * attr->dilation[0];
            int64_t j = at[2] * attr->stride[1] - attr->pad[1] +
                        tap % w->dim[1] * attr->dilation[1];
            if (i < 0 || i >= x->dim[1] || j < 0 || j >= x->dim[2]) continue;
            for (int64_t k = 0; k < y->dim[3]; ++k)
                for (int64_t ch = 0; ch < channels; ++ch) {
                    int64_t xi = ((at[0] * x->dim[1] + i) * x->dim[2] + j) * x->dim[3] +
                                 k / filters * channels + ch;
                    int64_t wi = (tap * channels + ch) * y->dim[3] + k, yi = cell * y->dim[3] + k;
                    double product = get(c, 0, input ? yi : xi) * get(c, 1, weight ? yi : wi);
                    out[0][input ? xi : weight ? wi : yi] += product;
                }
        }
    finish(c, out);
}

/* ---- moves ---- */

void plain_pad(const solver_case *c, double *const *out)
{
    const ad_operand *x = &c->problem.in[0], *y = &c->problem.out[0];
    const ad_attr_pad *a = c->problem.attr;
    for (int64_t k = 0; k < solve_count(y); ++k) {
        int64_t at[AD_MAX_RANK];
        bool inside = true;
        unravel(y, k, at);
        for (int i = 0; i < y->rank; ++i) {
            int64_t from = at[i] - a->before[i], gap = a->interior[i] + 1;
            inside &= from >= 0 && from % gap == 0 && from / gap < x->dim[i];
            at[i] = from / gap;
        }
        out[0][k] = inside ? get(c, 0, ravel(x, at)) : a->value;
    }
}

/* Rows of the table; 0 where an index is out of range. */
void plain_gather(const solver_case *c, double *const *out)
{
    int64_t rows = c->problem.in[0].dim[0], width = c->problem.in[0].dim[1];
    for (int64_t k = 0; k < solve_count(&c->problem.out[0]); ++k) {
        double row = get(c, 1, k / width);
        out[0][k] = row >= 0 && row < (double)rows ? get(c, 0, (int64_t)row * width + k % width)
                                                   : 0;
    }
}

void plain_scatter_add(const solver_case *c, double *const *out)
{
    int64_t rows = c->problem.out[0].dim[0], width = c->problem.out[0].dim[1];
    for (int64_t k = 0; k < rows * width; ++k) out[0][k] = c->problem.n_in > 2 ? get(c, 2, k) : 0;
    for (int64_t k = 0; k < solve_count(&c->problem.in[1]); ++k) {
        double row = get(c, 0, k / width);
        if (row >= 0 && row < (double)rows)
            out[0][(int64_t)row * width + k % width] += get(c, 1, k);
    }
}

/* Of each row's entries; 0 where there are none. */
void plain_segment_max(const solver_case *c, double *const *out)
{
    int64_t width = c->problem.out[0].dim[1];
    for (int64_t k = 0; k < solve_count(&c->problem.out[0]); ++k) {
        int64_t begin = (int64_t)get(c, 0, k / width), end = (int64_t)get(c, 0, k / width + 1);
        out[0][k] = begin < end ? -INFINITY : 0;
        for (int64_t e = begin; e < end; ++e)
            out[0][k] = fmax(out[0][k], get(c, 5, e * width + k % width));
    }
}

/* ---- windows ---- */

static int64_t cell_of(const ad_operand *x, int64_t n, int64_t i, int64_t j, int64_t k)
{
    return ((n * x->dim[1] + i) * x->dim[2] + j) * x->dim[3] + k;
}

/* Each cell of a pooled picture and each element of the other one that it covers: the forward pass
 * gathers from them, the gradient spreads to them. */
void plain_pool(const solver_case *c, double *const *out)
{
    const ad_problem *p = &c->problem;
    const ad_attr_pool *a = p->attr;
    bool back = p->op == AD_OP_MAX_POOL2D_GRAD || p->op == AD_OP_AVG_POOL2D_GRAD;
    bool average = p->op == AD_OP_AVG_POOL2D || p->op == AD_OP_AVG_POOL2D_GRAD;
    const ad_operand *x = back ? &p->out[0] : &p->in[0];
    const ad_operand *y = back ? &p->in[p->n_in - 1] : &p->out[0];
    memset(out[0], 0, (size_t)solve_count(&p->out[0]) * sizeof **out);
    for (int64_t cell = 0; cell < solve_count(y); ++cell) {
        int64_t at[4], top, bottom, left, right, best = -1;
        unravel(y, cell, at);
        ad_pool_range(a, 0, x->dim[1], at[1], &top, &bottom);
        ad_pool_range(a, 1, x->dim[2], at[2], &left, &right);
        double share = 1 / (double)(ad_pool_divisor(a, 0, x->dim[1], at[1]) *
                                    ad_pool_divisor(a, 1, x->dim[2], at[2]));
        for (int64_t i = top; i < bottom; ++i)
            for (int64_t j = left; j < right; ++j) {
                int64_t from = cell_of(x, at[0], i, j, at[3]);
                if (!average && (best < 0 || get(c, 0, from) > get(c, 0, best))) best = from;
                if (average && back) out[0][from] += share * get(c, 0, cell);
                if (average && !back) out[0][cell] += share * get(c, 0, from);
            }
        if (p->op == AD_OP_MAX_POOL2D) out[0][cell] = get(c, 0, best);
        if (p->op == AD_OP_MAX_POOL2D_SELECT) out[0][cell] = get(c, 1, best);
        if (p->op == AD_OP_MAX_POOL2D_GRAD) out[0][best] += get(c, 1, cell);
    }
}

void plain_resize(const solver_case *c, double *const *out)
{
    const ad_problem *p = &c->problem;
    bool back = p->op == AD_OP_RESIZE2D_GRAD;
    const ad_operand *x = back ? &p->out[0] : &p->in[0], *y = back ? &p->in[0] : &p->out[0];
    int mode = (int)c->attr.resize.mode;
    memset(out[0], 0, (size_t)solve_count(&p->out[0]) * sizeof **out);
    for (int64_t cell = 0; cell < solve_count(y); ++cell) {
        int64_t at[4], down[4], across[4];
        double wd[4], wa[4];
        unravel(y, cell, at);
        int nd = ad_resize_taps(mode, x->dim[1], y->dim[1], at[1], down, wd);
        int na = ad_resize_taps(mode, x->dim[2], y->dim[2], at[2], across, wa);
        for (int t = 0; t < nd * na; ++t) {
            int64_t from = cell_of(x, at[0], down[t / na], across[t % na], at[3]);
            double weight = wd[t / na] * wa[t % na];
            out[0][back ? from : cell] += weight * get(c, 0, back ? cell : from);
        }
    }
}

/* ---- numbers from nothing ---- */

/* As ops/attrs.h says. */
void plain_noise(const solver_case *c, double *const *out)
{
    int64_t seed = ((const int64_t *)c->in[0])[0], step = ((const int64_t *)c->in[0])[1];
    uint64_t high = (uint64_t)step << 20 ^ (uint64_t)c->attr.leaf.stream;
    for (int64_t k = 0; k < solve_count(&c->problem.out[0]); ++k) {
        ad_philox block = ad_philox_block((uint64_t)seed, (uint64_t)k / 4, high);
        float pair[2];
        ad_philox_normal(block.v[k % 4 / 2 * 2], block.v[k % 4 / 2 * 2 + 1], &pair[0], &pair[1]);
        out[0][k] = c->problem.op == AD_OP_RANDOM_UNIFORM ? ad_philox_uniform(block.v[k % 4])
                                                          : pair[k % 2];
    }
}

void plain_iota(const solver_case *c, double *const *out)
{
    for (int64_t k = 0; k < solve_count(&c->problem.out[0]); ++k) {
        int64_t at[AD_MAX_RANK] = {0};
        unravel(&c->problem.out[0], k, at);
        out[0][k] = (double)at[c->attr.leaf.axis];
    }
}
