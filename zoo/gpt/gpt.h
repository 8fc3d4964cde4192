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
 *   model.c      what a network is built from; published.c the same of Hugging Face and llama2.c,
 *                llamacpp.c of llama.cpp, nanogpt.c of nanoGPT; publish.c for others
 *   load.c       weights and tokenizer of a model that was opened, or that training starts from
 *   generate.c   token by token with a cache; choose.c which token
 *   converse.c   a text in turns, by a person and a model
 *   corpus.c     a text as tokens; score.c its loss under a model; writer.c a text from a model
 *   train.c, sample.c, eval.c, explain.c   the commands */
#ifndef ZOO_GPT_GPT_H
#define ZOO_GPT_GPT_H

#include <autodidact/system.h>
#include <autodidact/tokenizer.h>

enum { GPT_GPT2, GPT_LLAMA };
enum { GPT_GELU_TANH, GPT_GELU_ERF }; /* its approximation in GPT-2, or as it is */

typedef struct gpt_config {
    int arch;
    int64_t layers, heads, kv_heads, width; /* kv_heads: as heads in GPT-2 */
    int64_t hidden;                         /* of the mlp */
    int64_t block, vocab;                   /* most positions; tokens */
    double eps, rope_theta;
    bool untied;     /* the output has a matrix of its own, lm_head.weight */
    bool biasless;   /* GPT-2's layers without any bias, as nanoGPT trains them */
    int gelu;        /* GPT_GELU_TANH or GPT_GELU_ERF */
    char *tokenizer; /* as text (ad_tokenizer_to_text), or NULL: it lies beside the weights */
} gpt_config;
extern const ad_record gpt_model_record;
/* Sets kv_heads and hidden where they are 0. */
void gpt_config_complete(gpt_config *config);
/* An ad_system's `recognise`. */
ad_status gpt_recognise(ad_context *ctx, ad_file *file, const char *config, void *model,
                        bool *known);

ad_status gpt_publish(ad_job *job, ad_publication *out); /* an ad_system's `publish` */
/* The same of a GGUF file, which says it all itself. */
ad_status gpt_read_gguf(ad_context *ctx, const ad_file *file, gpt_config *config);
/* The same of GPT-2's weights by what nanoGPT says beside them, or by their names and shapes alone.
 */
ad_status gpt_read_tensors(ad_context *ctx, ad_file *file, gpt_config *config, bool *known);
/* Whether GPT-2's tensors are there without a single bias. */
bool gpt_lacks_biases(const ad_file *file);
/* An ad_system's `adapt`: turns the matrices of nanoGPT, which lie as [out, in]. */
ad_status gpt_adapt(const ad_job *job, ad_file *file);

/* One way through the network. */
typedef struct gpt_pass {
    const gpt_config *config;
    ad_vars *vars;
    ad_node *tokens; /* i32 [batch, time] */
    ad_mode *mode;   /* NULL: evaluation form */
    /* With a cache: batch is 1, and keys and values of `block` positions lie in variables of this
     * store; the tokens' positions begin at `offset` (i32 [1]). */
    ad_vars *cache;
    ad_node *offset;
    ad_node **stores; /* out: the assigns to the cache, 2 per layer */
    int n_stores;
    ad_node *cosine, *sine;     /* rotary angles, made once: [time, 1, dim / 2] */
    ad_dtype matrices;          /* of those that `vars` has not got yet */
    const ad_quantized *blocks; /* likewise, where `in` is whole blocks; NULL: not quantised */
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
/* The same with quantised matrices, but for those whose sums are no whole blocks of 32, and the
 * table of positions: these are f32. */
ad_status gpt_declare_quantized(ad_vars *vars, const gpt_config *config, ad_quantized form);
int64_t gpt_parameters(const ad_vars *vars);

/* The layers: x [batch, time, width] -> the same. */
ad_node *gpt2_layer(gpt_pass *pass, int64_t layer, ad_node *x);
ad_node *llama_layer(gpt_pass *pass, int64_t layer, ad_node *x);
ad_node *llama_norm(const gpt_pass *pass, const char *name, ad_node *x);
/* For them: the product of x [..., in] with a matrix -> [..., out], however that is kept; x with
 * dropout; attention over the cache if there is one. */
typedef struct gpt_matrix {
    const char *name;
    int64_t out;
    bool in_first;    /* files have it as [in, out] instead of [out, in] */
    double deviation; /* of its first values, N(0, deviation) */
} gpt_matrix;
ad_node *gpt_product(const gpt_pass *pass, ad_node *x, gpt_matrix matrix);
ad_node *gpt_dropout(const gpt_pass *pass, ad_node *x);
ad_node *gpt_attend(gpt_pass *pass, int64_t layer, ad_node *q, ad_node *k, ad_node *v);
ad_node *gpt2_norm(const gpt_pass *pass, const char *name, ad_node *x);
double gpt_residual_deviation(const gpt_config *config);
ad_node *gpt_positions(const gpt_pass *pass); /* i32 [time] */

/* ---- the system ---- */

/* What a step is made of, beside the sizes. */
typedef struct gpt_step {
    int64_t batch;
    double dropout;
    int64_t vocab; /* of a bpe that is learnt */
} gpt_step;
extern const ad_record gpt_step_record;

/* The text, and what is looked at on the way. */
typedef struct gpt_text {
    char *data, *tokenizer, *init;
    int64_t eval_batches, sample_tokens;
} gpt_text;
extern const ad_record gpt_text_record;

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
/* Number `index` of the draws of sample `sample`; -1: the logits give no probabilities (one is NaN
 * or +infinity, or all are -infinity, which masks a token). */
int32_t gpt_choose(gpt_chooser *chooser, const gpt_choice *how, const float *logits,
                   uint64_t sample, uint64_t index);

/* Of the products with weights of that type: bf16 with bf16's where the processor is faster so
 * (what meets them is then rounded like them), else f32. */
ad_precision gpt_precision_with(ad_context *ctx, ad_dtype weights);

typedef struct gpt_generator gpt_generator;
ad_status gpt_generator_new(gpt_generator **out, ad_context *ctx, const gpt_config *config,
                            ad_vars *vars, ad_precision precision);
void gpt_generator_free(gpt_generator *generator);
void gpt_generator_reset(gpt_generator *generator);
/* Feeds tokens; *logits (vocab of them, all finite, or it is an error) are those after the last.
 * When the cache is full, its newer half is read again and the rest forgotten. */
ad_status gpt_generator_feed(gpt_generator *generator, const int32_t *tokens, int64_t count,
                             const float **logits);

/* ---- texts ---- */

/* A text as tokens; the last tenth of its characters is for validation. */
typedef struct gpt_corpus {
    ad_tokens training, validation;
    size_t bytes; /* of the text */
    uint64_t fingerprint;
} gpt_corpus;
void gpt_corpus_free(gpt_corpus *corpus);

/* Where a text goes as it is written: whole characters of UTF-8. False: it takes no more. */
typedef struct gpt_stream {
    bool (*put)(void *user, const char *text, size_t length);
    void *user;
} gpt_stream;

/* A text that grows; ends with a NUL. A `put` whose user it is: gpt_page_put. */
typedef struct gpt_page {
    char *text; /* NULL: nothing was put; owned */
    size_t length, capacity;
    bool failed; /* memory was refused */
} gpt_page;
bool gpt_page_put(void *page, const char *text, size_t length);
void gpt_page_free(gpt_page *page);

/* What was read and written, and how long that took; of several texts, all together. */
typedef struct gpt_pace {
    int64_t read, made; /* tokens of prompts; new ones */
    double read_seconds, made_seconds;
} gpt_pace;

/* Continues a text. What it has read and written stays in the cache until another begins. */
typedef struct gpt_writer {
    ad_context *ctx;
    ad_tokenizer *tokenizer;
    gpt_generator *generator;
    gpt_chooser *chooser;
    int64_t block;
    int32_t end[2]; /* tokens that end a text, or -1 */
    /* The text: */
    uint64_t sample, drawn; /* number of the text among those of a seed; choices made */
    const float *logits;    /* after what was read; NULL: nothing was */
    int32_t unread;         /* the last token that was written, if it was not read yet, or -1 */
    bool ended;             /* by the model; nothing can follow */
    bool closed;            /* the stream takes no more */
    ad_decoder decoder;
    gpt_pace pace;
} gpt_writer;
ad_status gpt_writer_new(gpt_writer *writer, ad_context *ctx, const gpt_config *config,
                         ad_vars *vars, ad_precision precision, ad_tokenizer *tokenizer);
void gpt_writer_free(gpt_writer *writer); /* a zeroed one is ignored */
/* Forgets the text: the next is number `sample` of those that a seed gives. */
void gpt_writer_begin(gpt_writer *writer, uint64_t sample);
/* The tokens of a prompt. Where it begins a text, with what goes in front of it; an empty one is
 * then only that. */
ad_status gpt_prompt(gpt_writer *writer, const char *text, size_t length, ad_tokens *tokens);
/* Reads a prompt: the text goes on with it. Shows it on the stream, unless that is NULL. */
ad_status gpt_writer_read(gpt_writer *writer, const ad_tokens *prompt, gpt_stream *stream);
/* Writes up to `count` tokens to the stream. Stops where the watcher or the stream says so. */
ad_status gpt_write(gpt_writer *writer, const ad_watcher *watcher, int64_t count,
                    const gpt_choice *how, gpt_stream *stream);

/* ---- one model, in training or opened ---- */

typedef struct gpt {
    ad_job job;
    int64_t block; /* tokens of a window; 0: the model's */
    ad_tokenizer *tokenizer;
    gpt_corpus corpus;
    ad_vars *weights; /* of gpt_load; else NULL: those of the job */
    gpt_writer writer;
} gpt;
extern const ad_system gpt_system;

/* The system's `read`: the text as tokens and windows, and with --init the model it starts from. */
ad_status gpt_read(ad_job *job);

/* From the file or folder `path` if that is not NULL, else the model's own, else from beside the
 * weights; into g->tokenizer. */
ad_status gpt_open_tokenizer(gpt *g, const char *path);
/* The weights of an opened model into g->weights: see gpt_declare. Once for a model. */
ad_status gpt_load(gpt *g, ad_dtype matrices);
/* Whether an option's choice is the name of one. */
bool gpt_quantized_form(const char *choice, ad_quantized *form);
/* See gpt_declare_quantized. Says which matrices are not. */
ad_status gpt_load_quantized(gpt *g, ad_quantized form);
/* Sizes, block and tokenizer of the model that training starts from. */
ad_status gpt_start_from(gpt *g, const gpt_text *text);

/* Mean loss in nats of the evaluation form over the loader's windows; each label counts that is not
 * -1. *counted: tokens. Says how far it is, and stops where the watcher says so (NULL: neither). */
ad_status gpt_score(gpt *g, ad_loader *loader, const ad_watcher *watcher, double *loss,
                    int64_t *counted);
/* The same over the tokens of `text` but the first, in windows that begin `stride` apart (0: the
 * block); each token counts once, in the first window that has it. */
ad_status gpt_score_text(gpt *g, const ad_tokens *text, int64_t stride, const ad_watcher *watcher,
                         double *loss, int64_t *counted);

/* ---- the commands ---- */

/* `gpt sample --interactive`: reads lines from standard input and continues each, in one text. The
 * prompt begins it. */
ad_status gpt_converse(ad_command *cmd, gpt *g, const ad_tokens *prompt, int64_t count,
                       const gpt_choice *how);
/* Reads the tokens, shows them if `shown`, and writes up to `count` more: to the terminal, or as
 * one object of JSON. */
ad_status gpt_continue(ad_command *cmd, gpt *g, const ad_tokens *tokens, int64_t count,
                       const gpt_choice *how, bool shown);

extern const ad_verb gpt_train_verb, gpt_sample_verb, gpt_eval_verb, gpt_explain_verb;

#endif
