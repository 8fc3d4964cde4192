/* init.c - first values of variables.
 *
 * The numbers are Philox blocks of key `seed` with the hash of the variable's name in the upper
 * half of the counter, so a variable's first value depends on the seed and its name and on nothing
 * else: neither the order of declaration nor other variables. Bounds and deviations are PyTorch's
 * (torch.nn.init; Glorot & Bengio 2010, He et al. 2015, Saxe et al. 2013); the numbers are not. */
#include "nn/file_axes.h"

#include "base/philox.h"

#include <math.h>
#include <string.h>

enum { CHUNK = 256 };

/* Connections into and out of one unit. [out, in, ...] as PyTorch counts them; our convolution
 * weights are [kh, kw, in, out] ([kh, kw, out, in] when transposed, where PyTorch takes the second
 * of its axes, out, for the fan in: the same place here). */
static void fans(ad_shape shape, ad_file_layout layout, int64_t *fan_in, int64_t *fan_out)
{
    *fan_in = *fan_out = 0;
    if (shape.rank < 2 || !ad_shape_count(shape)) return;
    if (layout != AD_LAYOUT_SAME) {
        int64_t window = shape.rank == 4 ? shape.dim[0] * shape.dim[1] : 1;
        *fan_in = window * shape.dim[shape.rank - 2];
        *fan_out = window * shape.dim[shape.rank - 1];
        return;
    }
    int64_t window = 1;
    for (int i = 2; i < shape.rank; ++i) window *= shape.dim[i];
    *fan_in = window * shape.dim[1];
    *fan_out = window * shape.dim[0];
}

static bool needs_fan(ad_init_kind kind)
{
    return kind >= AD_INIT_KAIMING_UNIFORM && kind <= AD_INIT_XAVIER_NORMAL;
}

const char *ad_init_check(ad_shape shape, ad_dtype dtype, ad_file_layout layout, ad_init init)
{
    int64_t fan_in, fan_out;
    if ((unsigned)layout > AD_LAYOUT_Q4_0_TURNED) return "there is no such file layout";
    const ad_block_type *blocks = ad_layout_blocks(layout);
    if (blocks && (dtype != AD_U8 || shape.rank != 2 || shape.dim[1] % (int64_t)blocks->bytes))
        return "quantised rows are u8 [rows, bytes of whole blocks]";
    if (blocks)
        return ad_init_check(ad_layout_file_shape(shape, layout), AD_F32, AD_LAYOUT_SAME, init);
    if ((unsigned)init.kind > AD_INIT_ORTHOGONAL) return "there is no such initialisation";
    if (layout == AD_LAYOUT_MATRIX && shape.rank != 2) return "a matrix has 2 axes";
    if (layout != AD_LAYOUT_SAME && layout != AD_LAYOUT_MATRIX && shape.rank != 4)
        return "a convolution's weight has 4 axes";
    if (!isfinite(init.a)) return "the initialisation's number is not finite";
    if (init.kind > AD_INIT_CONSTANT && !ad_dtype_is_float(dtype))
        return "random initial values need a float type";
    if (init.kind == AD_INIT_ORTHOGONAL && shape.rank < 2)
        return "an orthogonal initial value needs 2 axes or more";
    fans(shape, layout, &fan_in, &fan_out);
    if (init.fan_in) fan_in = init.fan_in;
    if (init.fan_out) fan_out = init.fan_out;
    bool xavier = init.kind == AD_INIT_XAVIER_UNIFORM || init.kind == AD_INIT_XAVIER_NORMAL;
    if (needs_fan(init.kind) && ad_shape_count(shape) && (fan_in <= 0 || (xavier && fan_out <= 0)))
        return "its fan cannot be determined from the shape";
    return NULL;
}

/* Half width of the uniform or deviation of the normal distribution. */
static double scale(const ad_variable *variable, ad_init init)
{
    int64_t fan_in, fan_out;
    fans(variable->shape, (ad_file_layout)variable->layout, &fan_in, &fan_out);
    if (init.fan_in) fan_in = init.fan_in;
    if (init.fan_out) fan_out = init.fan_out;
    double gain = init.a ? init.a : 1, both = (double)fan_in + (double)fan_out;
    switch (init.kind) {
    case AD_INIT_KAIMING_UNIFORM: return sqrt(6 / ((1 + init.a * init.a) * (double)fan_in));
    case AD_INIT_KAIMING_NORMAL: return sqrt(2 / ((1 + init.a * init.a) * (double)fan_in));
    case AD_INIT_XAVIER_UNIFORM: return gain * sqrt(6 / both);
    case AD_INIT_XAVIER_NORMAL: return gain * sqrt(2 / both);
    default: return init.a;
    }
}

static bool is_normal(ad_init_kind kind)
{
    return kind == AD_INIT_NORMAL || kind == AD_INIT_KAIMING_NORMAL ||
           kind == AD_INIT_XAVIER_NORMAL;
}

/* Numbers 4 block .. 4 block + 3 of the variable's stream. */
static void draw(uint64_t seed, uint64_t stream, uint64_t block, bool normal, double a,
                 double out[4])
{
    ad_philox bits = ad_philox_block(seed, block, stream);
    if (normal) {
        float n[4];
        ad_philox_normal(bits.v[0], bits.v[1], &n[0], &n[1]);
        ad_philox_normal(bits.v[2], bits.v[3], &n[2], &n[3]);
        for (int i = 0; i < 4; ++i) out[i] = a * (double)n[i];
    } else {
        for (int i = 0; i < 4; ++i) out[i] = a * (2 * (double)ad_philox_uniform(bits.v[i]) - 1);
    }
}

static void fill_random(uint64_t seed, const ad_var_entry *entry, char *data, int64_t count)
{
    const ad_variable *variable = &entry->variable;
    bool normal = is_normal(entry->init.kind);
    double a = scale(variable, entry->init), values[CHUNK];
    size_t size = ad_dtype_size(variable->dtype);
    for (int64_t at = 0; at < count; at += CHUNK) {
        int64_t n = count - at < CHUNK ? count - at : CHUNK;
        for (int64_t i = 0; i < n; i += 4)
            draw(seed, entry->hash, (uint64_t)(at + i) / 4, normal, a, values + i);
        ad_convert(data + (size_t)at * size, variable->dtype, values, AD_F64, n);
    }
}

static void fill_constant(const ad_variable *variable, double value, char *data, int64_t count)
{
    double values[CHUNK];
    size_t size = ad_dtype_size(variable->dtype);
    for (int i = 0; i < CHUNK; ++i) values[i] = value;
    for (int64_t at = 0; at < count; at += CHUNK)
        ad_convert(data + (size_t)at * size, variable->dtype, values, AD_F64,
                   count - at < CHUNK ? count - at : CHUNK);
}

/* Makes the rows of q [rows, length] orthonormal: Gram-Schmidt, each row twice, which leaves errors
 * at rounding level (Kahan's "twice is enough"). */
static void orthonormalize(double *q, int64_t rows, int64_t length)
{
    for (int64_t i = 0; i < rows; ++i) {
        double *row = q + i * length, norm = 0;
        for (int pass = 0; pass < 2; ++pass) {
            for (int64_t j = 0; j < i; ++j) {
                const double *other = q + j * length;
                double dot = 0;
                for (int64_t k = 0; k < length; ++k) dot += row[k] * other[k];
                for (int64_t k = 0; k < length; ++k) row[k] -= dot * other[k];
            }
        }
        for (int64_t k = 0; k < length; ++k) norm += row[k] * row[k];
        norm = norm > 0 ? 1 / sqrt(norm) : 0;
        for (int64_t k = 0; k < length; ++k) row[k] *= norm;
    }
}

/* The weight seen as a matrix [out, everything else] has orthonormal rows or columns, times the
 * gain. The orthogonal factor of a normal matrix is uniformly distributed (Mezzadri 2007). */
static ad_status fill_orthogonal(ad_context *ctx, uint64_t seed, const ad_var_entry *entry,
                                 char *data, int64_t count)
{
    const ad_variable *variable = &entry->variable;
    bool conv = variable->layout !=
                AD_LAYOUT_SAME; /* there the last axis counts units, else the first */
    int64_t units = variable->shape.dim[conv ? variable->shape.rank - 1 : 0];
    int64_t others = units ? count / units : 0;
    int64_t rows = units < others ? units : others, length = units < others ? others : units;
    size_t bytes = ad_bytes(count, sizeof(double));
    double *q = ad_alloc(ctx, bytes), four[4];
    if (!q) return AD_ERROR_MEMORY;
    for (int64_t i = 0; i < count; ++i) {
        if (i % 4 == 0) draw(seed, entry->hash, (uint64_t)i / 4, true, 1, four);
        q[i] = four[i % 4];
    }
    orthonormalize(q, rows, length);
    double gain = entry->init.a ? entry->init.a : 1;
    size_t size = ad_dtype_size(variable->dtype);
    for (int64_t i = 0; i < count; ++i) {
        int64_t unit = conv ? i % units : i / others, other = conv ? i / units : i % others;
        double value = gain *
                       (units <= others ? q[unit * length + other] : q[other * length + unit]);
        ad_convert(data + (size_t)i * size, variable->dtype, &value, AD_F64, 1);
    }
    ad_free(ctx, q, bytes);
    return AD_OK;
}

/* What the numbers would be as f32 in the file's order, rounded. */
static ad_status fill_quantised(ad_context *ctx, uint64_t seed, const ad_var_entry *entry,
                                void *data)
{
    ad_var_entry wide = *entry;
    wide.variable.shape = ad_file_shape(&entry->variable);
    wide.variable.dtype = AD_F32;
    wide.variable.layout = AD_LAYOUT_SAME;
    size_t bytes = ad_shape_bytes(wide.variable.shape, AD_F32);
    float *values = ad_alloc(ctx, bytes);
    if (!values) return AD_ERROR_MEMORY;
    ad_status status = ad_init_fill(ctx, seed, &wide, values);
    if (!status) ad_file_quantise(&entry->variable, values, data);
    ad_free(ctx, values, bytes);
    return status;
}

ad_status ad_init_fill(ad_context *ctx, uint64_t seed, const ad_var_entry *entry, void *data)
{
    const ad_variable *variable = &entry->variable;
    int64_t count = ad_shape_count(variable->shape);
    if (!count) return AD_OK;
    if (ad_layout_blocks(variable->layout) && !entry->initial && entry->init.kind)
        return fill_quantised(ctx, seed, entry, data);
    if (entry->initial) {
        memcpy(data, entry->initial, (size_t)count * ad_dtype_size(variable->dtype));
        return AD_OK;
    }
    switch (entry->init.kind) {
    case AD_INIT_ZEROS:
        memset(data, 0, (size_t)count * ad_dtype_size(variable->dtype));
        return AD_OK;
    case AD_INIT_CONSTANT: fill_constant(variable, entry->init.a, data, count); return AD_OK;
    case AD_INIT_ORTHOGONAL: return fill_orthogonal(ctx, seed, entry, data, count);
    default: fill_random(seed, entry, data, count); return AD_OK;
    }
}
