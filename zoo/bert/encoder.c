/* encoder.c - Devlin et al. 2019, section 3: a Transformer's encoder (Vaswani et al. 2017) with the
 * norm behind each sum, on texts that lie one behind the other: T tokens in all. */
#include "zoo/bert/bert.h"

#include <stdio.h>

enum { NAME = 128 };
static const double first_deviation = 0.02; /* of every matrix: N(0, 0.02) */

void bert_pass_inputs(bert_pass *pass, ad_graph *graph, int64_t room, int64_t texts)
{
    pass->tokens = ad_input(graph, "tokens", AD_I32, ad_shape(room));
    pass->place = ad_input(graph, "place", AD_I32, ad_shape(room));
    pass->type = ad_input(graph, "type", AD_I32, ad_shape(room));
    pass->begin = ad_input(graph, "begin", AD_I32, ad_shape(texts + 1));
}

/* ---- parts ---- */

static ad_node *parameter(const bert_pass *pass, const char *name, const char *part, ad_shape shape,
                          ad_init init)
{
    char full[NAME];
    snprintf(full, sizeof full, "%s.%s", name, part);
    return ad_param(ad_node_graph(pass->tokens), pass->vars, full, shape,
                    (ad_var_options){.init = init});
}

ad_node *bert_dense(const bert_pass *pass, const char *name, ad_node *x, int64_t out)
{
    ad_shape shape = ad_node_shape(x);
    if (ad_node_poisoned(x)) return x;
    ad_node *weight = parameter(pass, name, "weight", ad_shape(out, shape.dim[shape.rank - 1]),
                                (ad_init){.kind = AD_INIT_NORMAL, .a = first_deviation});
    ad_node *bias = parameter(pass, name, "bias", ad_shape(out), (ad_init){0});
    ad_node *y = ad_matmul_with(x, weight, (ad_matmul_options){.transpose_b = true});
    return ad_name(ad_add(y, bias), "%s", name);
}

static ad_node *look_up(const bert_pass *pass, const char *table, int64_t rows, ad_node *indices)
{
    char name[NAME];
    snprintf(name, sizeof name, "%sembeddings.%s", bert_names_of(pass->model->kind)->prefix, table);
    ad_node *weight = parameter(pass, name, "weight", ad_shape(rows, pass->model->width),
                                (ad_init){.kind = AD_INIT_NORMAL, .a = first_deviation});
    return ad_gather(weight, indices);
}

static ad_node *activate(const bert_model *m, ad_node *x)
{
    return m->activation == BERT_RELU        ? ad_relu(x)
           : m->activation == BERT_GELU_TANH ? ad_gelu_tanh(x)
                                             : ad_gelu(x);
}

/* ---- the network ---- */

/* [T, width] */
static ad_node *embeddings(const bert_pass *pass)
{
    const bert_model *m = pass->model;
    char name[NAME];
    ad_node *x = ad_add(look_up(pass, "word_embeddings", m->vocab, pass->tokens),
                        look_up(pass, "position_embeddings", m->places, pass->place));
    if (m->types) x = ad_add(x, look_up(pass, "token_type_embeddings", m->types, pass->type));
    snprintf(name, sizeof name, "%sembeddings.LayerNorm", bert_names_of(m->kind)->prefix);
    return ad_mode_dropout(pass->mode, ad_layer_norm_layer(pass->vars, name, x, m->eps));
}

typedef struct layer {
    const bert_pass *pass;
    int64_t number;
} layer;

static const char *part_of(const layer *l, const char *part, char name[NAME])
{
    const bert_names *names = bert_names_of(l->pass->model->kind);
    snprintf(name, NAME, "%s%s.%lld.%s", names->prefix, names->layers, (long long)l->number, part);
    return name;
}

static ad_node *dense(const layer *l, const char *part, ad_node *x, int64_t out)
{
    char name[NAME];
    return bert_dense(l->pass, part_of(l, part, name), x, out);
}

/* W x + b + 16 / r B (A x), where the model has such adapters (Hu et al. 2021, "LoRA"): W stays
 * what it was, the adapter of rank r learns, and B begins as zeros. */
static ad_node *adapted(const layer *l, const char *part, ad_node *x)
{
    const bert_model *m = l->pass->model;
    char name[NAME];
    ad_node *y = dense(l, part, x, m->width);
    if (!m->rank) return y;
    part_of(l, part, name);
    ad_node *a = parameter(l->pass, name, "lora_A.weight", ad_shape(m->rank, m->width),
                           (ad_init){.kind = AD_INIT_NORMAL, .a = first_deviation});
    ad_node *b = parameter(l->pass, name, "lora_B.weight", ad_shape(m->width, m->rank),
                           (ad_init){0});
    const ad_matmul_options turned = {.transpose_b = true};
    ad_node *low = ad_matmul_with(ad_matmul_with(x, a, turned), b, turned);
    return ad_add(y, ad_mul_scalar(low, 16.0 / (double)m->rank));
}

/* norm(x + y), y with dropout */
static ad_node *add_and_norm(const layer *l, const char *part, ad_node *x, ad_node *y)
{
    char name[NAME];
    ad_node *sum = ad_add(x, ad_mode_dropout(l->pass->mode, y));
    return ad_layer_norm_layer(l->pass->vars, part_of(l, part, name), sum, l->pass->model->eps);
}

/* Every token sees those of its own text. x [T, width] -> [T, width] */
static ad_node *attention(const layer *l, const bert_names *names, ad_node *x)
{
    const bert_model *m = l->pass->model;
    ad_shape heads = ad_shape(1, -1, m->heads, m->width / m->heads);
    ad_node *q = ad_reshape(adapted(l, names->query, x), heads);
    ad_node *k = ad_reshape(dense(l, names->key, x, m->width), heads);
    ad_node *v = ad_reshape(adapted(l, names->value, x), heads);
    ad_node *y = ad_attention(q, k, v, (ad_attention_options){.sequences = l->pass->begin});
    return dense(l, names->out, ad_reshape(y, ad_shape(-1, m->width)), m->width);
}

static ad_node *mlp(const layer *l, const bert_names *names, ad_node *x)
{
    const bert_model *m = l->pass->model;
    return dense(l, names->down, activate(m, dense(l, names->up, x, m->hidden)), m->width);
}

ad_node *bert_encode(const bert_pass *pass)
{
    const bert_model *m = pass->model;
    const bert_names *names = bert_names_of(m->kind);
    ad_graph *graph = ad_node_graph(pass->tokens);
    ad_node *x = embeddings(pass);
    for (int64_t i = 0; i < m->layers; ++i) {
        const layer l = {pass, i};
        ad_scope_push(graph, "%lld", (long long)i);
        x = add_and_norm(&l, names->norm, x, attention(&l, names, x));
        x = add_and_norm(&l, names->last_norm, x, mlp(&l, names, x));
        ad_scope_pop(graph);
    }
    return ad_name(x, "hidden");
}

/* ---- what fills in masked words: the words' own table is its matrix (section 3.1, Task #1) ----
 */

ad_node *bert_masked_words(const bert_pass *pass, ad_node *x)
{
    const bert_model *m = pass->model;
    const bert_names *names = bert_names_of(m->kind);
    char table[NAME];
    snprintf(table, sizeof table, "%sembeddings.word_embeddings", names->prefix);
    ad_node *words = parameter(pass, table, "weight", ad_shape(m->vocab, m->width),
                               (ad_init){.kind = AD_INIT_NORMAL, .a = first_deviation});
    ad_node *bias = ad_param(ad_node_graph(x), pass->vars, names->mask_bias, ad_shape(m->vocab),
                             (ad_var_options){0});
    ad_node *y = activate(m, bert_dense(pass, names->mask_dense, x, m->width));
    y = ad_layer_norm_layer(pass->vars, names->mask_norm, y, m->eps);
    y = ad_matmul_with(y, words, (ad_matmul_options){.transpose_b = true});
    return ad_name(ad_add(y, bias), "logits");
}
