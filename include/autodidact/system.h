/* system.h - a system by what is its own: fields, data, a network with its loss, scores, samples.
 *
 * All else is made of that: options and help, the run's folder, loaders, the loop, evaluation,
 * checkpoints, the report, opening what was trained, explaining a step. A system whose training is
 * of another kind (it plays, it has no data) writes its own `once` around ad_train (train.h) and
 * shares the rest.
 *
 *     typedef struct code { ad_job job; ... } code;      the job first, then the system's own
 *     static ad_status read(ad_job *job) { ... }         data -> job->split[...], derived fields
 *     static void network(ad_job *job, ad_forward *f)    graph: f->loss, f->result
 *     {
 *         ad_node *x = ad_input(f->graph, "image", AD_F32, ad_shape(f->rows, 28, 28, 1));
 *         ...
 *     }
 *     static const ad_system code_system = {
 *         AD_SYSTEM("code", "images", code, records, &model_record, defaults,
 *                   .read = read, .network = network)};
 *     const ad_verb code_train_verb = {
 *         AD_TRAIN_VERB("code", &code_system, records, defaults, "train an autoencoder")};
 *
 * Stability: experimental (base.h says what that means). */
#ifndef AUTODIDACT_SYSTEM_H
#define AUTODIDACT_SYSTEM_H

#include <autodidact/data.h>
#include <autodidact/plot.h>
#include <autodidact/samples.h>
#include <autodidact/train.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ad_system ad_system;

typedef enum ad_split {
    AD_SPLIT_TRAIN = 0,
    AD_SPLIT_VALIDATION,
    AD_SPLIT_TEST,
    AD_SPLITS
} ad_split;
AD_API const char *ad_split_name(ad_split split); /* "train", "validation", "test" */

/* The rows of a split, which `read` says. */
typedef struct ad_split_data {
    ad_samples *samples; /* NULL: there is no such split; freed with the job (unless another split
                            has the same) */
    int64_t *index;      /* which rows; NULL: all. Of ad_job_index, or the system's own */
    int64_t count;       /* of index, where there is one; then 0 is an error */
} ad_split_data;

/* One form of the network as graph and program. */
typedef struct ad_forward {
    ad_graph *graph;
    ad_vars *vars;
    ad_mode *mode; /* its training form, whose rng is set and whose dropout is for `network` to
                      set; NULL: evaluation form */
    int64_t rows;  /* in a batch: job->batch, or fewer if there are not so many; job->eval_batch */
    /* What `network` says: */
    ad_node *loss;     /* of training form */
    ad_node *result;   /* of evaluation form: what scores read (logits, a picture). Inputs that it
                          does not need (a target) are none of its program's */
    ad_node *row_loss; /* of evaluation form, [rows] f32: its mean over a split is that split's
                          "loss", where the system has no `evaluate`. May be NULL */
    ad_node **also;    /* further outputs of evaluation form (attention maps); of the graph's or the
                          system's memory */
    int also_count;
    const ad_train_metric *metrics; /* of training form; memory as above */
    int metric_count;
    /* Instead of `loss` and `metrics`, where several are trained; memory as above. Updates of the
     * mode (ad_mode_batch_norm's) may be a player's; what is nobody's, and that the random numbers
     * move on, is done by the first of those who are trained the most often. */
    const ad_player *players;
    int player_count;
    ad_program *program; /* of evaluation form, once compiled */
} ad_forward;

/* One training, or one trained network that was opened. A system's own struct begins with it. */
struct ad_publication;

typedef struct ad_job {
    ad_context *ctx;
    const ad_system *system;
    const ad_settings *settings; /* of all the system's records */
    void *model; /* the struct of system->model; `read` may change it, not those in the settings */
    ad_run_part part;
    ad_run_folder *run; /* NULL where nothing is trained */
    ad_watcher watcher;
    /* What `read` says of the data: */
    ad_split_data split[AD_SPLITS];
    const char *data; /* the path, for people; lives as long as the job */
    uint64_t fingerprint;
    char summary[160];         /* "60000 pictures of 28 x 28 in 10 classes" */
    int64_t batch, eval_batch; /* rows of a step; of evaluation, 0: 256 */
    double units_per_row;      /* tokens of a window; 0: 1 */
    /* Where nothing says how long; steps come first, 0: not these. As the system's defaults say
     * (AD_OTHERWISE("steps", "2000")), which help shows; `read` may choose between them. */
    double default_epochs;
    int64_t default_steps;
    bool in_order;        /* rows of training come in their order instead of shuffled */
    bool keep_last;       /* an epoch's short last batch is a step, too */
    const char *ignore;   /* what is opened: tensors of its file that begin so are none of the
                             network's (what only training needs); NULL: "train." */
    bool decay_all;       /* weight decay on vectors, too (train.h) */
    const ad_rate *rates; /* [rate_count] learning rates of parts of the network (optim.h), where
                             one loss is trained; of ad_job_array. `prepare` may set them */
    int rate_count;
    const char *monitor, *monitor_too; /* metrics of validation; NULL: none */
    bool monitor_low, monitor_too_low;
    /* Made by the house: */
    ad_vars *vars;
    ad_forward training, evaluation;
    ad_loader *loader[AD_SPLITS];
    struct ad_job_inside *inside;
} ad_job;

/* The struct of one of the records, as set; of the model job->model. */
AD_API const void *ad_job_value(const ad_job *job, const ad_record *record);

struct ad_system {
    const char *name, *unit;         /* "classify"; of a row: "images" */
    const ad_record *const *records; /* of its verb `train`; ends with NULL */
    const ad_record *model; /* one of them: what a network is built from again, kept in its files */
    const ad_default *defaults; /* of the records; ends with {0}; may be NULL */
    size_t size;                /* of its own struct, which begins with an ad_job */

    /* Reads the data: splits, summary, the model's derived fields. */
    ad_status (*read)(ad_job *job);
    /* Builds one form of the network; need not check anything. */
    void (*network)(ad_job *job, ad_forward *forward);
    /* After the weights are there (declared, and loaded where --init says so), before the first
     * step: to freeze, to copy. May be NULL. */
    ad_status (*prepare)(ad_job *job);
    /* Measures a split; usually ad_job_score, and what its scores say. NULL: the evaluation form's
     * row_loss, where it has one, is all there is. */
    ad_status (*evaluate)(ad_job *job, ad_split split, ad_metrics *metrics);
    /* Into job->run, after each evaluation of the validation split (where there is none, all the
     * same), whose last batch job->evaluation.program still holds. May be NULL. */
    ad_status (*sample)(ad_job *job, int64_t step);
    /* With the weights that are kept, after the test and then the validation split were measured
     * with them; adds to the result. May be NULL. */
    ad_status (*finish)(ad_job *job, ad_metrics *result);
    void (*free)(ad_job *job); /* what the system's own struct owns; may be NULL */

    /* Instead of data, for `explain`: the model's derived fields and job->batch. */
    ad_status (*sketch)(ad_job *job);
    /* Weights that do not say what they are (of other programs): fills the model and sets *known,
     * or leaves it false. `config` is the text of the config.json beside them, or NULL. May be
     * NULL. */
    ad_status (*recognise)(ad_context *ctx, ad_file *file, const char *config, void *model,
                           bool *known);
    /* Instead of that, networks that are no weights files (onnx.h): fills the model and job->vars,
     * which then holds all weights, and sets *mine, or leaves it false. May be NULL. */
    ad_status (*open)(ad_job *job, const char *path, bool *mine);
    /* Files of other programs: brings their tensors into the order and under the names that those
     * of the job's network have (ad_file_transpose, ad_file_rename), before any are loaded. May be
     * called again. May be NULL. */
    ad_status (*adapt)(const ad_job *job, ad_file *file);
    /* Of what was opened, for ad_trained_export: what other programs want, and into the model's
     * record what lies beside the weights (a tokenizer). May be NULL. */
    ad_status (*publish)(ad_job *job, struct ad_publication *out);
    /* Networks that are opened by a name alone; ends with {0}; NULL: none. */
    const struct ad_built_in *built_in;
};

/* A network that comes with the program. */
typedef struct ad_built_in {
    const char *name;
    ad_status (*open)(ad_file **file, ad_context *ctx, const char *called);
} ad_built_in;

/* The members of a system: `struct_` is the type of its own struct, and its functions follow by
 * name. */
#define AD_SYSTEM(name_, unit_, struct_, records_, model_, defaults_, ...)                         \
    .name = (name_), .unit = (unit_), .records = (records_), .model = (model_),                    \
    .defaults = (defaults_), .size = sizeof(struct_), __VA_ARGS__

/* Runs the evaluation form over a split and gives each batch's results to `score`; where there is
 * no such split, *done is false and nothing happens. */
AD_API ad_status ad_job_score(ad_job *job, ad_split split, bool *done,
                              ad_status (*score)(ad_job *job, ad_split split,
                                                 const ad_batch *batch));
/* The pictures of `path` as the rows of a split (fields "image" and "label"), owned by the job;
 * *set, to look at. A split that the data do not have stays empty. `options` but for their split,
 * and `augment`, may be NULL; the first set's path, fingerprint and summary become the job's. */
AD_API ad_status ad_job_read_pictures(ad_job *job, ad_split split, const char *path,
                                      const ad_image_set_options *options,
                                      const ad_augment *augment, const ad_image_set **set);
/* Zeroed memory of the job's context for `count` elements, freed with the job; NULL: the context
 * has the error. */
AD_API void *ad_job_array(ad_job *job, int64_t count, size_t size);
/* job->split[split].index becomes room for `count` rows, for the system to fill in, and its count
 * is set, which may be lowered. */
AD_API ad_status ad_job_index(ad_job *job, ad_split split, int64_t count);
/* All splits of one source: its rows in an order that follows from the part's seed, these shares of
 * them (0 to 1; one row at least, unless 0) to validate with and to test with, the others to train
 * with. With several folds the part's fold is tested, whatever `test` says. The job frees
 * `samples`, also on the error that nothing is left to train with. */
AD_API ad_status ad_job_split_rows(ad_job *job, ad_samples *samples, double validation,
                                   double test);
/* Draws a plot as the run's figure of that name (ad_run_figure), which the report shows. */
AD_API ad_status ad_job_plot(ad_job *job, const char *name, const ad_plot *plot);

/* ---- verbs ---- */

/* `.run` of a verb whose `.user` is the ad_system: `train`, with ad_train_rows; a record with a
 * FILE row "init" makes it start from those weights where they fit, and says what did not. */
AD_API int ad_system_train(ad_command *cmd);
/* The members of that verb of a system that has no further options; `system_` points to it. */
#define AD_TRAIN_VERB(name_, system_, records_, defaults_, summary_)                               \
    AD_VERB(name_, "train", "", ad_train_rows, ad_system_train, summary_),                         \
        .records = (records_), .defaults = (defaults_), .user = (system_)
/* The same without a command line: trains one part into a folder that is open; an ad_session's
 * `once`, with the system as `user`. */
AD_API ad_status ad_system_once(void *system, ad_run_folder *run, ad_run_part part,
                                ad_train_result *result);

/* `explain NAME`: `.user` is the ad_system, `.records` what `sketch` reads, `.options`
 * ad_explain_rows. */
/* clang-format off */
#define AD_OPTION_STAGE  {.name = "stage", .type = AD_OPTION_CHOICE, .initial = "program", .choices = "graph|passes|kernels|program", .help = "as recorded; after the graph passes; as kernels; as scheduled, with memory"}
#define AD_OPTION_FORMAT {.name = "format", .type = AD_OPTION_CHOICE, .initial = "text", .choices = "text|dot|json", .help = "text; for graph and passes also dot (Graphviz) and json"}
#define AD_EXPLAIN_OPTIONS AD_OPTION_STAGE, AD_OPTION_FORMAT, AD_OPTION_MEMORY_LIMIT(""), AD_OPTION_THREADS
/* clang-format on */
AD_API extern const ad_option ad_explain_rows[]; /* these and no others */
AD_API int ad_system_explain(ad_command *cmd);
/* For systems without that form: plans the outputs as the options say and prints the stage. */
AD_API int ad_explain_outputs(ad_command *cmd, ad_node *const *outputs, int count);
/* The same planned otherwise than --memory-limit says; of the options only "stage" and "format". */
AD_API int ad_explain_planned(ad_command *cmd, ad_node *const *outputs, int count,
                              const ad_compile_options *planning);

/* ---- what was trained ---- */

typedef struct ad_trained_options {
    /* Read before the model is. NULL: the system's other records are as in the run in whose folder
     * the weights lie, and elsewhere have their defaults. */
    const ad_settings *settings;
    ad_watcher watcher; /* is told what was passed over and what is not used */
} ad_trained_options;

/* What `name` stands for where a trained network is asked for, as `path` (of `size` bytes): a path
 * where something lies, or that is no bare name (it has a slash or a dot), is itself; else it is
 * models/NAME.safetensors; else the built-in network of that name, whose place among `built_in` is
 * *which (-1: it is a path). AD_ERROR_NOT_FOUND, which lists them and suggests one; where `count`
 * is 0 the name is taken for a path. */
AD_API ad_status ad_model_find(ad_context *ctx, const char *name, const char *const *built_in,
                               int count, char *path, size_t size, int *which);

/* Opens what `path` stands for: a run's folder (its best weights, else its newest), a checkpoint or
 * exported file, a file that the system recognises, or a folder of Hugging Face's form (config.json
 * beside model.safetensors or its shards) or nanoGPT's (ckpt.pt), or the name of a network
 * (ad_model_find). The model's record is read and checked; weights are not loaded yet. On failure
 * *job is NULL. */
AD_API ad_status ad_trained_open(ad_job **job, ad_context *ctx, const ad_system *system,
                                 const char *path, const ad_trained_options *options);
/* Builds the evaluation form for `rows` rows at a time, loads the weights, compiles. `compile` may
 * be NULL. */
AD_API ad_status ad_trained_build(ad_job *job, int64_t rows, const ad_compile_options *compile);
/* Or only loads the weights into a store of the caller's. Tensors of the file that it has no
 * variable for are told the watcher; missing ones are an error. */
AD_API ad_status ad_trained_load(ad_job *job, ad_vars *vars);
AD_API void ad_trained_close(ad_job *job); /* NULL is ignored */
/* The file that the weights come from (NULL: of ad_system.open), its path (of a built-in network
 * its name), and the folder that holds it (for a tokenizer beside it; "": none does). */
AD_API const ad_file *ad_trained_file(const ad_job *job);
AD_API const char *ad_trained_path(const ad_job *job);
AD_API const char *ad_trained_folder(const ad_job *job);
/* Whether settings, and which part of a run it is (job->part), are those of a run. */
AD_API bool ad_trained_of_run(const ad_job *job);
/* A network for other programs. */
typedef struct ad_published_file {
    const char *name; /* "config.json" */
    char *text;       /* of malloc */
} ad_published_file;

typedef struct ad_publication {
    bool for_llamacpp;      /* given: a .gguf is what is written */
    const char *dtype;      /* given: of its matrices, in the words of transformers, "float16" */
    ad_gguf_values *values; /* given: for gguf.values */
    ad_gguf_model gguf;     /* .architecture NULL: llama.cpp does not know such a network */
    ad_published_file files[4]; /* that transformers wants beside model.safetensors */
    int file_count;
    const char *prefix; /* that names of the file lack, or NULL */
} ad_publication;

/* Whether a checkpoint has the tensor of this name for training alone. */
AD_API bool ad_trained_of_training(const char *tensor);

typedef struct ad_export_options {
    const ad_dtype *floats; /* as in ad_file_convert_options */
    bool q8_0, raw_names;
    const char *const *keep; /* [keep_count] tensors whose names begin with one of these alone; as
                                in ad_file_convert_options */
    int keep_count;
    bool weights_asked; /* the weights alone are asked for: that others are left out is no news */
} ad_export_options;

/* Writes the weights of what was opened, without what training keeps beside them. The ending of
 * `path` chooses the form: .safetensors, .npz and .gguf hold the model's record (its sizes, its
 * tokenizer) as well, and of a run how it was trained ("trained.with" and the like), .gguf so that
 * llama.cpp reads it where it knows such a network; .npy holds a tensor. An existing folder, or a
 * path that ends in '/', becomes one of Hugging Face's form. The job's watcher is told what changes
 * on the way. */
AD_API ad_status ad_trained_export(ad_job *job, const char *path, const ad_export_options *options);
/* The same for a verb: opens, reports errors, and notes what a person should know. Rows of its
 * records that the system has are as given on the command line, else those of the run, else their
 * defaults; a required one that nothing says is wrong usage. 0 or an exit status. */
AD_API int ad_command_trained(ad_command *cmd, ad_job **job, const ad_system *system,
                              const char *path);
/* All of a verb whose first operand is what was trained: opens it, calls `work`, reports its error,
 * closes. Returns the exit status. */
AD_API int ad_command_with_trained(ad_command *cmd, const ad_system *system,
                                   ad_status (*work)(ad_command *cmd, ad_job *job));

#ifdef __cplusplus
}
#endif
#endif
