/* train.c - `graph train`: a network on one graph, on many, or for whole graphs. */
#include "zoo/graph/drawing.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const ad_option options[] = {
    GRAPH_DATA_OPTIONS,
    {"model", 0, AD_OPTION_CHOICE, .initial = "gat", .choices = GRAPH_MODELS,
     .help = "the network"},
    {"layers", 0, AD_OPTION_INT, .initial = "2", .min = 1, .max = GRAPH_LAYERS, .help = "layers"},
    {"heads", 0, AD_OPTION_INT, .initial = "8", .min = 1, .max = 1024,
     .help = "attention heads of the hidden layers"},
    {"out-heads", 0, AD_OPTION_INT, .initial = "1", .min = 1, .max = 1024,
     .help = "of the last layer, averaged"},
    {"width", 0, AD_OPTION_INT, .initial = "8", .min = 1, .max = 65536,
     .help = "values of a head (without heads: of a node)"},
    {"skip", 0, AD_OPTION_FLAG, .help = "add each layer's input to its result"},
    {"dropout", 0, AD_OPTION_REAL, .initial = "0.6", .min = 0, .max = 0.95,
     .help = "of features, projections and attention"},
    {"readout", 0, AD_OPTION_CHOICE, .initial = "sum", .choices = "sum|mean|max",
     .help = "how a graph is made of its nodes"},
    {"batch", 0, AD_OPTION_INT, .initial = "32", .min = 1, .max = 1 << 24,
     .help = "graphs in a step"},
    {"folds", 0, AD_OPTION_INT, .initial = "0", .min = 0, .max = 1000,
     .help = "stratified cross-validation: train this many networks, each tested on its own part"},
    {"val", 0, AD_OPTION_REAL, .initial = "0.1", .min = 0, .max = 0.5,
     .help = "with --folds: share of the rest that validates"},
    AD_TRAIN_OPTIONS_PATIENT("5e-3", "adam", "5e-4", "constant", "100"),
    AD_COMMON_OPTIONS,
    {0},
};

typedef struct trainer {
    ad_command *cmd;
    ad_context *ctx;
    ad_run_folder *run;
    ad_graph_set *set;
    graph_model model;
    graph_text text;
    uint64_t seed;
    ad_vars *vars;
    ad_graph *graph, *eval_graph;
    ad_node *logits;
    ad_program *eval;
    ad_samples *samples[4]; /* by split: graphs with items of it */
    ad_loader *loader[4];
    int64_t *index; /* of the graphs of one split */
    int64_t count[4], per_step;
    graph_scores scores;
    const ad_samples *scored; /* those that `scores` are of */
} trainer;

/* ---- batches ---- */

static ad_status count_graphs(trainer *t)
{
    if (!(t->index = calloc((size_t)t->set->graphs, sizeof *t->index)))
        return ad_error_set(t->ctx, AD_ERROR_MEMORY, "out of memory");
    for (int s = AD_GRAPH_TRAIN; s <= AD_GRAPH_TEST; ++s)
        t->count[s] = graph_list(t->set, (ad_graph_split)s, t->index);
    if (!t->count[AD_GRAPH_TRAIN])
        return ad_error_set(t->ctx, AD_ERROR_FORMAT, "%s: there is nothing to train on",
                            ad_command_text(t->cmd, "data"));
    return AD_OK;
}

static ad_status make_loader(trainer *t, ad_graph_split split, graph_sizes room, bool loops)
{
    if (!t->count[split]) return AD_OK;
    bool training = split == AD_GRAPH_TRAIN;
    graph_list(t->set, split, t->index);
    ad_status status = graph_samples_new(&t->samples[split], t->set, room, loops, split);
    if (status) return status;
    return ad_loader_new(&t->loader[split], t->ctx, t->samples[split],
                         &(ad_loader_options){.batch = training ? t->per_step : room.graphs,
                                              .index = t->index,
                                              .count = t->count[split],
                                              .shuffle = training,
                                              .keep_last = true,
                                              .seed = t->seed,
                                              .ahead = 1});
}

static ad_status bind_batch(void *user, ad_program *program, int64_t number)
{
    trainer *t = user;
    ad_batch batch;
    return ad_loader_bind(t->loader[AD_GRAPH_TRAIN], number, program, &batch);
}

/* ---- evaluation ---- */

static ad_status score(void *user, ad_program *program, const ad_batch *batch)
{
    trainer *t = user;
    graph_batch view;
    graph_batch_view(&view, t->scored, batch);
    return graph_scores_add(&t->scores, &view, ad_result(program, t->logits));
}

static ad_status evaluate(void *user, const char *split, ad_metric *metrics, int *count)
{
    trainer *t = user;
    bool test = !strcmp(split, "test");
    ad_graph_split which = test ? AD_GRAPH_TEST : AD_GRAPH_VALIDATION;
    graph_result result = {.name = "accuracy"};
    if (!t->count[which]) return AD_OK;
    graph_scores_clear(&t->scores);
    t->scored = t->samples[which];
    ad_status status = ad_evaluate(t->eval, t->loader[which], score, t);
    if (!status) status = graph_scores_result(&t->scores, &result);
    metrics[(*count)++] = (ad_metric){result.name, result.value};
    metrics[(*count)++] = (ad_metric){"loss", result.loss};
    const int64_t *confusion = t->scores.one ? ad_class_scores_confusion(t->scores.one) : NULL;
    if (!status && test && confusion)
        status = ad_run_confusion(t->run, confusion, t->model.classes,
                                  (const char *const *)t->model.class_names);
    return status;
}

/* ---- building ---- */

static ad_status describe(trainer *t)
{
    ad_command *cmd = t->cmd;
    const ad_graph_set *set = t->set;
    graph_model *m = &t->model;
    snprintf(m->kind, sizeof m->kind, "%s", ad_command_text(cmd, "model"));
    snprintf(m->readout, sizeof m->readout, "%s", ad_command_text(cmd, "readout"));
    bool attention = !strcmp(m->kind, "gat");
    m->layers = (int)ad_command_int(cmd, "layers");
    m->skip = ad_command_flag(cmd, "skip"), m->bias = true;
    m->of_graphs = set->of_graphs, m->several = set->targets != NULL;
    m->features = set->features, m->raw = ad_command_flag(cmd, "raw");
    for (int i = 0; i < m->layers; ++i) {
        bool last = i == m->layers - 1 && !m->of_graphs;
        m->heads[i] = !attention           ? 1
                      : i == m->layers - 1 ? (int)ad_command_int(cmd, "out-heads")
                                           : (int)ad_command_int(cmd, "heads");
        m->width[i] = last ? set->classes : (int)ad_command_int(cmd, "width");
    }
    if (!strcmp(m->kind, "gin") && !m->of_graphs)
        return ad_error_set(t->ctx, AD_ERROR_ARGUMENT,
                            "--model gin classifies graphs; these data label nodes");
    ad_status status = graph_model_names(t->ctx, m, set->class_names, set->classes);
    return status ? status : graph_model_describe(t->ctx, m, &t->text);
}

static ad_status build_eval(trainer *t, bool loops)
{
    graph_sizes room = graph_room(t->set, t->set->graphs == 1 ? 1 : 4 * t->per_step, loops);
    if (!(t->eval_graph = ad_graph_new(t->ctx))) return ad_error_status(t->ctx);
    graph_inputs in = graph_declare_inputs(t->eval_graph, &t->model, room);
    t->logits = graph_network(&t->model, t->vars, &in, NULL, NULL);
    ad_status status = ad_compile(
        &t->eval, t->ctx, &t->logits, 1,
        &(ad_compile_options){.memory_limit = (size_t)ad_command_size(t->cmd, "memory-limit")});
    if (!status) status = make_loader(t, AD_GRAPH_VALIDATION, room, loops);
    return status ? status : make_loader(t, AD_GRAPH_TEST, room, loops);
}

/* Pictures of what it learnt, where all is one graph. */
static ad_status draw(trainer *t, bool loops)
{
    graph_batch batch = {0};
    ad_status status = graph_batch_new(&batch, t->set, graph_room(t->set, 1, loops), loops);
    if (!status) status = graph_report(t->ctx, t->run, &t->model, t->vars, &batch);
    graph_batch_free(&batch);
    return status;
}

static ad_status train(trainer *t, ad_train_result *result)
{
    const graph_model *m = &t->model;
    bool loops = strcmp(m->kind, "gin") != 0;
    graph_training form = {.dropout = ad_command_real(t->cmd, "dropout")};
    int64_t n = t->count[AD_GRAPH_TRAIN];
    t->per_step = ad_command_int(t->cmd, "batch") < n ? ad_command_int(t->cmd, "batch") : n;
    graph_sizes room = graph_room(t->set, t->per_step, loops);
    t->vars = ad_vars_new(t->ctx, t->seed), t->graph = ad_graph_new(t->ctx);
    if (!t->vars || !t->graph) return ad_error_status(t->ctx);
    form.rng = ad_rng(t->graph, t->vars);
    graph_inputs in = graph_declare_inputs(t->graph, m, room);
    ad_node *loss = graph_loss(m, graph_network(m, t->vars, &in, &form, NULL));
    if (form.count < GRAPH_UPDATES) form.update[form.count++] = ad_rng_advance(t->graph, t->vars);
    ad_status status = ad_graph_status(t->graph);
    if (status) return ad_error_set(t->ctx, status, "%s", ad_graph_error(t->graph));
    status = graph_scores_new(t->ctx, &t->scores, m);
    if (!status) status = make_loader(t, AD_GRAPH_TRAIN, room, loops);
    if (!status) status = build_eval(t, loops);
    if (status) return status;
    int64_t per_pass = ad_loader_batches(t->loader[AD_GRAPH_TRAIN]);
    ad_training training = {
        .vars = t->vars,
        .loss = loss,
        .updates = form.update,
        .update_count = form.count,
        .decay_all = true,
        .metadata = t->text.row,
        .metadata_count = t->text.count,
        .batch = bind_batch,
        .batches_per_epoch = per_pass,
        .default_steps = t->set->graphs == 1 ? 10000 : 200 * per_pass,
        .unit = "graphs",
        .units_per_batch = (double)t->per_step,
        .evaluate = evaluate,
        .monitor = t->count[AD_GRAPH_VALIDATION] ? m->several ? "micro_f1" : "accuracy" : NULL,
        .monitor_too = t->count[AD_GRAPH_VALIDATION] ? "loss" : NULL,
        .monitor_too_low = true,
        .user = t,
    };
    status = ad_train(t->run, &training, result);
    /* pictures for a run of its own, not for each of many */
    bool draws = t->set->graphs == 1 && !m->several && ad_command_int(t->cmd, "seeds") == 1;
    return !status && !result->interrupted && draws ? draw(t, loops) : status;
}

static ad_status once(ad_command *cmd, ad_run_folder *run, ad_train_part part,
                      ad_train_result *result)
{
    trainer t = {.cmd = cmd, .ctx = ad_command_context(cmd), .run = run, .seed = part.seed};
    char summary[160];
    graph_part fold = {part.fold, part.folds, ad_command_real(cmd, "val")};
    ad_status status = graph_read(cmd, fold, NULL, &t.set);
    if (!status) {
        graph_summary(t.set, summary, sizeof summary);
        status = ad_run_data(run, ad_command_text(cmd, "data"), t.set->fingerprint, summary);
        if (!ad_command_flag(cmd, "raw")) ad_graph_set_normalise(t.set);
    }
    if (!status) status = describe(&t);
    if (!status) status = count_graphs(&t);
    if (!status) status = train(&t, result);
    ad_program_free(t.eval);
    ad_graph_free(t.eval_graph);
    ad_graph_free(t.graph);
    ad_vars_free(t.vars);
    for (int i = 0; i < 4; ++i) ad_loader_free(t.loader[i]), ad_samples_free(t.samples[i]);
    free(t.index);
    graph_scores_free(&t.scores);
    graph_text_free(&t.text);
    graph_model_free(&t.model);
    ad_graph_set_free(t.set);
    return status;
}

static int run(ad_command *cmd)
{
    return ad_train_main(cmd, once);
}

const ad_verb graph_train_verb = {
    .system = "graph",
    .name = "train",
    .operands = "",
    .options = options,
    .run = run,
    .summary = "train a network on the nodes of a graph, or to tell graphs apart",
    .description =
        "The data are Planetoid's files (ind.NAME.*), an .npz file with CSR arrays, a folder with "
        "nodes.csv (id,label[,split][,features]) and edges.csv (source,target), or many graphs as "
        "text. The defaults are those of the paper for Cora.\n\n"
        "  autodidact graph train --data planetoid/ --dataset cora --seeds 10\n"
        "  autodidact graph train --data tu/ --dataset MUTAG --model gin --layers 5 --width 32 "
        "--folds 10",
};
