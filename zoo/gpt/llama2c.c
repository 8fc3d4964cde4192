/* llama2c.c - the "legacy" file of llama2.c: seven 32-bit numbers, then all tensors in f32, those
 * of a kind for all layers together. Rotary pairs are neighbours there and halves here, so the rows
 * of wq and wk change places. */
#include "zoo/gpt/gpt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HEADER = 7 };

/* Sizes from the header; false: they are none. */
static bool header(const int32_t *h, gpt_config *c)
{
    *c = (gpt_config){.arch = GPT_LLAMA,
                      .width = h[0],
                      .hidden = h[1],
                      .layers = h[2],
                      .heads = h[3],
                      .kv_heads = h[4],
                      .vocab = h[5] < 0 ? -(int64_t)h[5] : h[5],
                      .block = h[6],
                      .eps = 1e-5,
                      .rope_theta = 10000,
                      .untied = h[5] < 0};
    for (int i = 0; i < HEADER; ++i)
        if (h[i] < 1 && i != 5) return false;
    return c->vocab > 0 && c->width <= 1 << 16 && c->hidden <= 1 << 18 && c->layers <= 1024 &&
           c->heads <= c->width && c->kv_heads <= c->heads && c->block <= 1 << 20 &&
           c->vocab <= 1 << 22 && c->width % c->heads == 0 && c->heads % c->kv_heads == 0 &&
           c->width / c->heads % 2 == 0;
}

static int64_t floats(const gpt_config *c)
{
    int64_t dim = c->width / c->heads, w = c->width, kv = c->kv_heads * dim;
    int64_t layer = 2 * w + 2 * w * w + 2 * w * kv + 3 * w * c->hidden;
    return c->vocab * w * (c->untied ? 2 : 1) + c->layers * layer + w + c->block * dim;
}

bool gpt_is_llama2c(ad_context *ctx, const char *path)
{
    int32_t numbers[HEADER];
    gpt_config c;
    FILE *file = fopen(path, "rb");
    (void)ctx;
    if (!file) return false;
    bool good = fread(numbers, sizeof numbers, 1, file) == 1 && header(numbers, &c) &&
                !fseek(file, 0, SEEK_END) && ftell(file) == (long)(sizeof numbers) + 4 * floats(&c);
    fclose(file);
    return good;
}

typedef struct reader {
    gpt_model *model;
    const char *next;
    float *turned;    /* room for a matrix */
    uint16_t *narrow; /* and for it in bf16 */
    ad_status status;
} reader;

/* Takes the next rows x columns of the file for the variable. `heads` > 0: rows are turned. */
static void take(reader *r, const char *name, int64_t rows, int64_t columns, int64_t heads)
{
    ad_variable *variable = ad_var_find(r->model->vars, name);
    const char *from = r->next;
    size_t row = (size_t)columns * sizeof(float);
    r->next += (size_t)rows * row;
    if (r->status) return;
    int64_t dim = heads ? rows / heads : rows;
    for (int64_t i = 0; i < rows; ++i) {
        int64_t in = i % dim, to = heads ? i - in + in / 2 + in % 2 * (dim / 2) : i;
        memcpy(r->turned + to * columns, from + (size_t)i * row, row);
    }
    if (ad_variable_dtype(variable) == AD_BF16)
        ad_convert(r->narrow, AD_BF16, r->turned, AD_F32, rows * columns);
    r->status = ad_variable_set(r->model->vars, variable,
                                ad_variable_dtype(variable) == AD_BF16 ? (void *)r->narrow
                                                                       : r->turned);
}

static void take_all(reader *r, const char *part, int64_t rows, int64_t columns, int64_t heads)
{
    char name[96];
    for (int64_t layer = 0; layer < r->model->config.layers; ++layer) {
        snprintf(name, sizeof name, "model.layers.%lld.%s.weight", (long long)layer, part);
        take(r, name, rows, columns, heads);
    }
}

ad_status gpt_llama2c_memory(gpt_model *model, ad_context *ctx, const char *name, const void *bytes,
                             size_t size)
{
    int32_t numbers[HEADER];
    gpt_config *c = &model->config;
    if (size < sizeof numbers)
        return ad_error_set(ctx, AD_ERROR_FORMAT, "%s: %zu bytes are no model of llama2.c", name,
                            size);
    memcpy(numbers, bytes, sizeof numbers);
    if (!header(numbers, c) || size != sizeof numbers + 4 * (size_t)floats(c))
        return ad_error_set(ctx, AD_ERROR_FORMAT,
                            "%s: the file's header and size are not those of a model of llama2.c",
                            name);
    int64_t w = c->width, dim = w / c->heads, kv = c->kv_heads * dim;
    int64_t most = (c->vocab > c->hidden ? c->vocab : c->hidden) * w;
    reader r = {.model = model, .next = (const char *)bytes + sizeof numbers};
    model->vars = ad_vars_new(ctx, 0);
    size_t room = (size_t)(most > w * w ? most : w * w);
    r.turned = malloc(room * (sizeof *r.turned + sizeof *r.narrow));
    r.narrow = (uint16_t *)(r.turned ? r.turned + room : NULL);
    r.status = model->vars && r.turned ? gpt_declare(model->vars, c, model->matrices)
                                       : ad_error_set(ctx, AD_ERROR_MEMORY, "out of memory");
    take(&r, "model.embed_tokens.weight", c->vocab, w, 0);
    take_all(&r, "input_layernorm", 1, w, 0);
    take_all(&r, "self_attn.q_proj", w, w, c->heads);
    take_all(&r, "self_attn.k_proj", kv, w, c->kv_heads);
    take_all(&r, "self_attn.v_proj", kv, w, 0);
    take_all(&r, "self_attn.o_proj", w, w, 0);
    take_all(&r, "post_attention_layernorm", 1, w, 0);
    take_all(&r, "mlp.gate_proj", c->hidden, w, 0);
    take_all(&r, "mlp.down_proj", w, c->hidden, 0);
    take_all(&r, "mlp.up_proj", c->hidden, w, 0);
    take(&r, "model.norm.weight", 1, w, 0);
    r.next += (size_t)(c->block * dim) * sizeof(float); /* tables of angles */
    if (c->untied) take(&r, "lm_head.weight", c->vocab, w, 0);
    free(r.turned);
    return r.status;
}

ad_status gpt_llama2c(gpt_model *model, ad_context *ctx, const char *path)
{
    FILE *file = fopen(path, "rb");
    long size = file && !fseek(file, 0, SEEK_END) ? ftell(file) : -1;
    char *bytes = size > 0 ? malloc((size_t)size) : NULL;
    ad_status status = AD_OK;
    if (file) rewind(file);
    if (!bytes || fread(bytes, 1, (size_t)size, file) != (size_t)size)
        status = ad_error_set(ctx, AD_ERROR_IO, "%s: cannot be read", path);
    else
        status = gpt_llama2c_memory(model, ctx, path, bytes, (size_t)size);
    free(bytes);
    if (file) fclose(file);
    return status;
}
