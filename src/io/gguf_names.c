/* gguf_names.c - names of tensors by architecture: a stem, within a layer or not, and ".weight" or
 * ".bias" behind it. */
#include "io/gguf_names.h"

#include <ctype.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

typedef struct stem {
    const char *here, *published;
    ad_gguf_order weight; /* of the matrix; a bias lies the same way everywhere */
} stem;

typedef struct family {
    const char *architecture, *layers; /* the published names of a layer begin so */
    const stem *top, *layer;           /* end with an empty row */
} family;

static const char layers_here[] = "blk.";

static const stem gpt2_top[] = {{"token_embd", "transformer.wte", AD_GGUF_SAME},
                                {"position_embd", "transformer.wpe", AD_GGUF_SAME},
                                {"output_norm", "transformer.ln_f", AD_GGUF_SAME},
                                {"output", "lm_head", AD_GGUF_SAME},
                                {NULL, NULL, 0}};
static const stem gpt2_layer[] = {{"attn_norm", "ln_1", AD_GGUF_SAME},
                                  {"attn_qkv", "attn.c_attn", AD_GGUF_TRANSPOSED},
                                  {"attn_output", "attn.c_proj", AD_GGUF_TRANSPOSED},
                                  {"ffn_norm", "ln_2", AD_GGUF_SAME},
                                  {"ffn_up", "mlp.c_fc", AD_GGUF_TRANSPOSED},
                                  {"ffn_down", "mlp.c_proj", AD_GGUF_TRANSPOSED},
                                  {NULL, NULL, 0}};
static const stem llama_top[] = {{"token_embd", "model.embed_tokens", AD_GGUF_SAME},
                                 {"output_norm", "model.norm", AD_GGUF_SAME},
                                 {"output", "lm_head", AD_GGUF_SAME},
                                 {NULL, NULL, 0}};
static const stem llama_layer[] = {{"attn_norm", "input_layernorm", AD_GGUF_SAME},
                                   {"attn_q", "self_attn.q_proj", AD_GGUF_QUERIES},
                                   {"attn_k", "self_attn.k_proj", AD_GGUF_KEYS},
                                   {"attn_v", "self_attn.v_proj", AD_GGUF_SAME},
                                   {"attn_output", "self_attn.o_proj", AD_GGUF_SAME},
                                   {"ffn_norm", "post_attention_layernorm", AD_GGUF_SAME},
                                   {"ffn_gate", "mlp.gate_proj", AD_GGUF_SAME},
                                   {"ffn_up", "mlp.up_proj", AD_GGUF_SAME},
                                   {"ffn_down", "mlp.down_proj", AD_GGUF_SAME},
                                   {NULL, NULL, 0}};
static const family families[] = {{"gpt2", "transformer.h.", gpt2_top, gpt2_layer},
                                  {"llama", "model.layers.", llama_top, llama_layer}};

static const family *find_family(const char *architecture)
{
    for (size_t i = 0; i < sizeof families / sizeof *families; ++i)
        if (!strcmp(architecture, families[i].architecture)) return &families[i];
    return NULL;
}

/* Behind "PREFIX12.", or `name` where it does not begin so. */
static const char *behind_number(const char *name, const char *prefix)
{
    size_t length = strlen(prefix);
    const char *end = name + length;
    if (strncmp(name, prefix, length) != 0) return name;
    while (isdigit((unsigned char)*end) && end - name < (ptrdiff_t)length + 9) ++end;
    return end > name + length && *end == '.' ? end + 1 : name;
}

/* From one side's names to the other's. */
static bool translate(const char *architecture, const char *name, bool to_published,
                      char out[AD_GGUF_NAME_BYTES], ad_gguf_order *order)
{
    const family *names = find_family(architecture);
    const char *end = strrchr(name, '.');
    if (!names || !end || (strcmp(end, ".weight") && strcmp(end, ".bias"))) return false;
    const char *from = to_published ? layers_here : names->layers,
               *to = to_published ? names->layers : layers_here;
    const char *part = behind_number(name, from);
    const char *number = part > name ? name + strlen(from) : name;
    if (end < part) return false;
    for (const stem *s = part > name ? names->layer : names->top; s->here; ++s) {
        const char *is = to_published ? s->here : s->published;
        if (strlen(is) != (size_t)(end - part) || strncmp(is, part, strlen(is)) != 0) continue;
        snprintf(out, AD_GGUF_NAME_BYTES, "%s%.*s%s%s", part > name ? to : "", (int)(part - number),
                 number, to_published ? s->published : s->here, end);
        *order = strcmp(end, ".bias") ? s->weight : AD_GGUF_SAME;
        return true;
    }
    return false;
}

bool ad_gguf_to_published(const char *architecture, const char *name,
                          char published[AD_GGUF_NAME_BYTES], ad_gguf_order *order)
{
    return translate(architecture, name, true, published, order);
}

bool ad_gguf_from_published(const char *architecture, const char *published,
                            char name[AD_GGUF_NAME_BYTES], ad_gguf_order *order)
{
    return translate(architecture, published, false, name, order);
}
