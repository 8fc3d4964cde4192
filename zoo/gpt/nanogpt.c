/* nanogpt.c - GPT-2's weights without a config.json: checkpoints of nanoGPT (Karpathy 2022), which
 * say beside the tensors what they are of, and others by names and shapes.
 *
 * nanoGPT's matrices lie as [out, in], those of the published GPT-2 as [in, out]; the projection to
 * queries, keys and values, three times as wide as it is high, tells which. Its gelu is the
 * approximation of GPT-2 in versions before 2023, which have no `bias` among their arguments. */
#include "zoo/gpt/gpt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME = 96 };

/* ---- tensors ---- */

/* The index of a tensor of GPT-2's; bare networks have names without "transformer.". */
static int find(const ad_file *file, const char *name)
{
    char full[NAME];
    snprintf(full, sizeof full, "transformer.%s", name);
    int at = ad_file_find(file, full);
    return at >= 0 ? at : ad_file_find(file, name);
}

static int find_in_layer(const ad_file *file, int64_t layer, const char *part)
{
    char name[NAME - 16];
    snprintf(name, sizeof name, "h.%lld.%s", (long long)layer, part);
    return find(file, name);
}

static bool matrix(const ad_file *file, int at, ad_shape *shape)
{
    if (at >= 0) *shape = ad_file_at(file, at)->shape;
    return at >= 0 && shape->rank == 2;
}

static bool lies_turned(const ad_file *file)
{
    ad_shape shape;
    return matrix(file, find_in_layer(file, 0, "attn.c_attn.weight"), &shape) &&
           shape.dim[0] / 3 == shape.dim[1] && shape.dim[0] % 3 == 0;
}

ad_status gpt_adapt(const ad_job *job, ad_file *file)
{
    static const char *const parts[] = {"attn.c_attn.weight", "attn.c_proj.weight",
                                        "mlp.c_fc.weight", "mlp.c_proj.weight"};
    ad_shape shape;
    ad_status status = AD_OK;
    (void)job;
    if (!lies_turned(file)) return AD_OK;
    for (int64_t layer = 0; find_in_layer(file, layer, "ln_1.weight") >= 0; ++layer)
        for (size_t i = 0; i < sizeof parts / sizeof *parts && !status; ++i) {
            int at = find_in_layer(file, layer, parts[i]);
            if (matrix(file, at, &shape)) status = ad_file_transpose(file, at);
        }
    return status;
}

bool gpt_lacks_biases(const ad_file *file)
{
    return find_in_layer(file, 0, "attn.c_attn.weight") >= 0 && find(file, "ln_f.bias") < 0 &&
           find_in_layer(file, 0, "ln_1.bias") < 0 &&
           find_in_layer(file, 0, "attn.c_attn.bias") < 0 &&
           find_in_layer(file, 0, "mlp.c_fc.bias") < 0;
}

/* Whether the output is another matrix than the table of tokens, which files often repeat. */
static ad_status see_output(ad_context *ctx, ad_file *file, gpt_config *c)
{
    int output = ad_file_find(file, "lm_head.weight"), table = find(file, "wte.weight");
    if (output < 0) return AD_OK;
    size_t bytes = (size_t)(c->vocab * c->width) * sizeof(float);
    c->untied = !ad_shape_equal(ad_file_at(file, output)->shape, ad_file_at(file, table)->shape);
    if (c->untied) return AD_OK; /* loading says what is wrong */
    float *a = malloc(bytes + 1), *b = malloc(bytes + 1);
    ad_status status = a && b ? AD_OK : ad_error_set(ctx, AD_ERROR_MEMORY, "out of memory");
    if (!status) status = ad_file_read(file, output, AD_F32, a, bytes);
    if (!status) status = ad_file_read(file, table, AD_F32, b, bytes);
    c->untied = !status && memcmp(a, b, bytes) != 0;
    free(a), free(b);
    return status;
}

/* ---- what else there is to know ---- */

/* A number of nanoGPT's model_args; 0: it is not there. */
static int64_t argument(const ad_file *file, const char *name)
{
    char key[NAME];
    snprintf(key, sizeof key, "model_args.%s", name);
    const char *text = ad_file_metadata(file, key);
    return text ? strtoll(text, NULL, 10) : 0;
}

/* Where the checkpoint says its sizes, its tensors are of these: none is missing, none left out. */
static ad_status check_arguments(ad_context *ctx, const ad_file *file, const gpt_config *c)
{
    const struct {
        const char *name;
        int64_t size;
    } rows[] = {{"n_layer", c->layers},
                {"n_embd", c->width},
                {"block_size", c->block},
                {"vocab_size", c->vocab}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; ++i) {
        int64_t said = argument(file, rows[i].name);
        if (said && said != rows[i].size)
            return ad_error_set(ctx, AD_ERROR_FORMAT,
                                "%s: its model_args say that %s is %lld, its tensors that it is "
                                "%lld",
                                ad_file_path(file), rows[i].name, (long long)said,
                                (long long)rows[i].size);
    }
    return AD_OK;
}

static ad_status fail_without_heads(ad_context *ctx, const ad_file *file, const gpt_config *c)
{
    bool turned = lies_turned(file);
    return ad_error_set(
        ctx, AD_ERROR_FORMAT,
        "%s: holds GPT-2's tensors%s, but nothing says how many heads they are for; %s a "
        "config.json beside it: {\"model_type\": \"gpt2\", \"n_head\": HEADS, \"n_layer\": %lld, "
        "\"n_embd\": %lld, \"n_inner\": %lld, \"n_positions\": %lld, \"vocab_size\": %lld%s}",
        ad_file_path(file), turned ? " in nanoGPT's order, without its model_args" : "",
        turned ? "take the whole ckpt.pt that nanoGPT wrote, or put" : "put", (long long)c->layers,
        (long long)c->width, (long long)c->hidden, (long long)c->block, (long long)c->vocab,
        turned ? ", \"activation_function\": \"gelu\"" : "");
}

ad_status gpt_read_tensors(ad_context *ctx, ad_file *file, gpt_config *c, bool *known)
{
    ad_shape tokens, places, wide;
    bool turned = lies_turned(file);
    *known = matrix(file, find(file, "wte.weight"), &tokens) &&
             matrix(file, find(file, "wpe.weight"), &places) &&
             matrix(file, find_in_layer(file, 0, "mlp.c_fc.weight"), &wide);
    if (!*known) return AD_OK;
    *c = (gpt_config){.vocab = tokens.dim[0],
                      .width = tokens.dim[1],
                      .block = places.dim[0],
                      .hidden = wide.dim[turned ? 0 : 1],
                      .heads = argument(file, "n_head"),
                      .eps = 1e-5,
                      .biasless = gpt_lacks_biases(file)};
    while (find_in_layer(file, c->layers, "ln_1.weight") >= 0) ++c->layers;
    if (turned && (ad_file_metadata(file, "model_args.bias") || !c->heads)) c->gelu = GPT_GELU_ERF;
    if (!c->heads && !turned && c->width % 64 == 0) c->heads = c->width / 64; /* all that exist */
    c->kv_heads = c->heads;
    ad_status status = c->heads ? check_arguments(ctx, file, c) : fail_without_heads(ctx, file, c);
    return status ? status : see_output(ctx, file, c);
}
