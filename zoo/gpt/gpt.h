/* gpt.h - language models of the GPT family: the next token from those before it.
 *
 *     x = wte[token] + wpe[position]
 *     x = x + attention(norm(x)),  x = x + mlp(norm(x))        for each of the layers
 *     p(next) = softmax(norm(x) wte^T)
 *
 * in two architectures: GPT-2 (Radford et al. 2019: layer norm, learned positions, gelu), with the
 * names of Hugging Face's `gpt2`, and Llama's (Touvron et al. 2023: RMS norm, rotary positions,
 * SwiGLU, grouped queries), with the names of its `llama`. Training and sampling follow nanoGPT.
 *
 *   network.c    tokens to logits, as graph; layers_gpt2.c, layers_llama.c the two kinds of layers
 *   config.c     sizes, as a checkpoint's metadata and as a config.json keep them
 *   load.c       a model from a run, a folder or a file; llama2c.c the format of llama2.c
 *   generate.c   token by token with a cache; choose.c which token
 *   corpus.c     a text as tokens; score.c its loss under a model; writer.c a text from a model
 *   train.c, sample.c, eval.c, explain.c   the commands */
#ifndef ZOO_GPT_GPT_H
#define ZOO_GPT_GPT_H

#include <autodidact/command.h>
#include <autodidact/nn.h>
#include <autodidact/program.h>
#include <autodidact/tokenizer.h>
#include <autodidact/train.h>

typedef enum gpt_arch { GPT_GPT2, GPT_LLAMA } gpt_arch;

typedef struct gpt_config {
    gpt_arch arch;
    int64_t layers, heads, kv_heads, width; /* kv_heads: as heads in GPT-2 */
    int64_t hidden;                         /* of the mlp */
    int64_t block, vocab;                   /* most positions; tokens */
    double eps, rope_theta;
    bool untied; /* Llama: the output has a matrix of its own, lm_head.weight */
} gpt_config;

/* The context's error unless the sizes go together. */
ad_status gpt_config_check(ad_context *ctx, const char *where, const gpt_config *config);
/* As metadata, at most GPT_METADATA pairs, beside the "system" that training adds; values live in
 * `text`. Returns how many. */
enum { GPT_METADATA = 12, GPT_VALUE = 32 };
typedef struct gpt_config_text {
    char value[GPT_METADATA][GPT_VALUE];
    ad_metadata pair[GPT_METADATA];
} gpt_config_text;
int gpt_config_write(const gpt_config *config, gpt_config_text *text);
/* From a checkpoint's metadata; `known` false: it is none of a gpt. */
ad_status gpt_config_read(gpt_config *config, const ad_file *file, ad_context *ctx, bool *known);
/* From Hugging Face's config.json. */
ad_status gpt_config_json(gpt_config *config, ad_context *ctx, const char *path, const char *text,
                          size_t length);
/* From the names and shapes of GPT-2's tensors alone; heads are 64 wide, as in all that were
 * published. `known` false: they are not GPT-2's. */
void gpt_config_guess(gpt_config *config, const ad_file *file, bool *known);

/* One way through the network. */
typedef struct gpt_pass {
    const gpt_config *config;
    ad_vars *vars;
    ad_node *tokens; /* i32 [batch, time] */
    double dropout;  /* with `rng`; 0: none */
    ad_node *rng;
    /* With a cache: batch is 1, and keys and values of `block` positions lie in variables of this
     * store; the tokens' positions begin at `offset` (i32 [1]). */
    ad_vars *cache;
    ad_node *offset;
    ad_node **stores; /* out: the assigns to the cache, 2 per layer */
    int n_stores;
    ad_node *cosine, *sine; /* rotary angles, made once: [time, 1, dim / 2] */
    ad_dtype matrices;      /* of those that `vars` has not got yet */
} gpt_pass;

/* [batch * time, width]: the last layer's output, normalised. */
ad_node *gpt_network(gpt_pass *pass);
/* x [n, width] -> [n, vocab]. */
ad_node *gpt_logits(const gpt_pass *pass, ad_node *x);
/* Mean cross-entropy with labels i32 [batch, time]; -1: not counted (but divided by). */
ad_node *gpt_loss(gpt_pass *pass, ad_node *labels);
/* Declares the parameters without keeping a graph. Matrices are kept as `matrices`, AD_F32 or, for
 * a model that is not trained, AD_BF16: half the memory to hold and to read for each token. */
ad_status gpt_declare(ad_vars *vars, const gpt_config *config, ad_dtype matrices);
int64_t gpt_parameters(const ad_vars *vars);

/* The layers: x [batch, time, width] -> the same. */
ad_node *gpt2_layer(gpt_pass *pass, int64_t layer, ad_node *x);
ad_node *llama_layer(gpt_pass *pass, int64_t layer, ad_node *x);
ad_node *llama_norm(const gpt_pass *pass, const char *name, ad_node *x);
/* For them: a matrix N(0, deviation) by this name, as f32; x with dropout; attention over the cache
 * if there is one. */
ad_node *gpt_matrix(const gpt_pass *pass, const char *name, int64_t rows, int64_t columns,
                    double deviation);
ad_node *gpt_dropout(const gpt_pass *pass, ad_node *x);
ad_node *gpt_attend(gpt_pass *pass, int64_t layer, ad_node *q, ad_node *k, ad_node *v);
double gpt_residual_deviation(const gpt_config *config);
ad_node *gpt_positions(const gpt_pass *pass); /* i32 [time] */

/* ---- models in files ---- */

typedef struct gpt_model {
    gpt_config config;
    ad_dtype matrices;
    ad_vars *vars;
    char weights[4096]; /* the file that they came from */
    char folder[4096];  /* where a tokenizer may lie beside it */
    char *tokenizer;    /* of the checkpoint's metadata, or NULL; owned */
    char note[256];     /* what a person should know, or "" */
} gpt_model;

/* A run, a folder of Hugging Face's form, a checkpoint of ours, Hugging Face's weights with a
 * config.json beside them, or a file of llama2.c. `matrices`: see gpt_declare. */
ad_status gpt_open(gpt_model *model, ad_context *ctx, const char *path, ad_dtype matrices);
void gpt_close(gpt_model *model);
/* From the file or folder `path` if that is not NULL, else the checkpoint's own, else from beside
 * the weights. */
ad_status gpt_open_tokenizer(ad_tokenizer **out, ad_context *ctx, const gpt_model *model,
                             const char *path);
/* Files of llama2.c (the "legacy" form: seven numbers, then the tensors). */
bool gpt_is_llama2c(ad_context *ctx, const char *path);
ad_status gpt_llama2c(gpt_model *model, ad_context *ctx, const char *path);
ad_status gpt_llama2c_memory(gpt_model *model, ad_context *ctx, const char *name, const void *bytes,
                             size_t size);

/* ---- generation ---- */

typedef struct gpt_choice {
    double temperature; /* 0: the likeliest */
    int64_t top_k;      /* 0: all */
    double top_p;       /* 1: all */
    double penalty;     /* of tokens that were there before (Keskar et al. 2019); 1: none */
    uint64_t seed;
} gpt_choice;

typedef struct gpt_chooser gpt_chooser; /* working memory */
gpt_chooser *gpt_chooser_new(int64_t vocab);
void gpt_chooser_free(gpt_chooser *chooser);
/* Marks a token as having been there. */
void gpt_chooser_see(gpt_chooser *chooser, int32_t token);
void gpt_chooser_forget(gpt_chooser *chooser);
/* Number `index` of the draws of sample `sample`. */
int32_t gpt_choose(gpt_chooser *chooser, const gpt_choice *how, const float *logits,
                   uint64_t sample, uint64_t index);

typedef struct gpt_generator gpt_generator;
ad_status gpt_generator_new(gpt_generator **out, ad_context *ctx, const gpt_config *config,
                            ad_vars *vars, ad_precision precision);
void gpt_generator_free(gpt_generator *generator);
void gpt_generator_reset(gpt_generator *generator);
/* Feeds tokens; *logits (vocab of them) are those after the last. When the cache is full, its newer
 * half is read again and the rest forgotten. */
ad_status gpt_generator_feed(gpt_generator *generator, const int32_t *tokens, int64_t count,
                             const float **logits);

/* Where a text goes as it is written: whole characters of UTF-8. */
typedef struct gpt_stream {
    void (*put)(void *user, const char *text, size_t length);
    void *user;
} gpt_stream;

/* ---- texts ---- */

/* A text as tokens; the last tenth of its characters is for validation. */
typedef struct gpt_corpus {
    ad_tokens training, validation;
    size_t bytes; /* of the text */
    uint64_t fingerprint;
} gpt_corpus;
/* Reads the text of `path` with *tokenizer; where that is NULL, it is made as `kind` says: "char",
 * "byte", "bpe" with `vocab` ids (learnt from the training part), or a file or folder. */
ad_status gpt_corpus_read(gpt_corpus *corpus, ad_context *ctx, const char *path,
                          ad_tokenizer **tokenizer, const char *kind, int64_t vocab);
void gpt_corpus_free(gpt_corpus *corpus);

/* The loss of texts under a model. */
typedef struct gpt_scorer {
    ad_context *ctx;
    int64_t batch, block;
    ad_graph *graph;
    ad_node *loss;
    ad_program *program;
} gpt_scorer;
ad_status gpt_scorer_new(gpt_scorer *scorer, ad_context *ctx, const gpt_config *config,
                         ad_vars *vars, int64_t batch, int64_t block, size_t memory_limit);
void gpt_scorer_free(gpt_scorer *scorer);
/* Mean loss in nats over the tokens of `ids` but the first, in windows of `block` that begin
 * `stride` apart; each token counts once, in the first window that has it. `windows` > 0: no more
 * than that many, spread evenly. *counted: tokens. Stops at an interruption of `cmd`, if given. */
ad_status gpt_score(gpt_scorer *scorer, ad_command *cmd, const int32_t *ids, int64_t count,
                    int64_t stride, int64_t windows, double *loss, int64_t *counted);

/* Continues a text. */
typedef struct gpt_writer {
    ad_context *ctx;
    ad_tokenizer *tokenizer;
    gpt_generator *generator;
    gpt_chooser *chooser;
    int32_t end[2]; /* tokens that end a text, or -1 */
} gpt_writer;
ad_status gpt_writer_new(gpt_writer *writer, ad_context *ctx, const gpt_config *config,
                         ad_vars *vars, ad_precision precision, ad_tokenizer *tokenizer);
void gpt_writer_free(gpt_writer *writer);
/* The tokens of a prompt, with what goes in front of it; an empty one begins a text. */
ad_status gpt_prompt(gpt_writer *writer, const char *text, size_t length, ad_tokens *tokens);
/* Writes the prompt and up to `count` tokens behind it to the stream. Sample number `sample` of the
 * seed. *made: new tokens. Stops at an interruption of `cmd`, if given. */
ad_status gpt_write(gpt_writer *writer, ad_command *cmd, const ad_tokens *prompt, int64_t count,
                    const gpt_choice *how, uint64_t sample, gpt_stream *stream, int64_t *made);

extern const ad_verb gpt_train_verb, gpt_sample_verb, gpt_eval_verb, gpt_explain_verb;

#endif
