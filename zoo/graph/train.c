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
    ad_program *eval, *bound; /* bound: whose inputs are the training batch's */
    graph_batch batch, eval_batch;
    int32_t *index[4]; /* graphs with items of each split */
    int64_t count[4];
    int32_t *order; /* of the training graphs, in pass number `pass` */
    int64_t per_step, pass;
    ad_graph_split filled; /* of eval_batch, where all graphs fit at once */
    graph_scores scores;
} trainer;

/* ---- batches ---- */

static bool has_item(const ad_graph_set *set, int64_t graph, ad_graph_split split)
{
    if (set->of_graphs) return set->split[graph] == split;
    for (int32_t i = set->graph_start[graph]; i < set->graph_start[graph + 1]; ++i)
        if (set->split[i] == split) return true;
    return false;
}

static ad_status list_graphs(trainer *t)
{
    const ad_graph_set *set = t->set;
    for (int s = AD_GRAPH_TRAIN; s <= AD_GRAPH_TEST; ++s) {
        if (!(t->index[s] = calloc((size_t)set->graphs, sizeof *t->index[s])))
            return ad_error_set(t->ctx, AD_ERROR_MEMORY, "out of memory");
        for (int64_t g = 0; g < set->graphs; ++g)
            if (has_item(set, g, (ad_graph_split)s)) t->index[s][t->count[s]++] = (int32_t)g;
    }
    if (!(t->order = calloc((size_t)set->graphs, sizeof *t->order)))
        return ad_error_set(t->ctx, AD_ERROR_MEMORY, "out of memory");
    if (!t->count[AD_GRAPH_TRAIN])
        return ad_error_set(t->ctx, AD_ERROR_FORMAT, "%s: there is nothing to train on",
                            ad_command_text(t->cmd, "data"));
    t->pass = -1;
    return AD_OK;
}

static void shuffle(trainer *t, int64_t pass)
{
    int64_t n = t->count[AD_GRAPH_TRAIN];
    if (t->pass == pass) return;
    t->pass = pass;
    memcpy(t->order, t->index[AD_GRAPH_TRAIN], (size_t)n * sizeof *t->order);
    for (int64_t i = n - 1; i > 0; --i) {
        int64_t j = ad_random_below(t->seed, (uint64_t)pass, (uint64_t)i, i + 1);
        int32_t swap = t->order[i];
        t->order[i] = t->order[j], t->order[j] = swap;
    }
}

static ad_status bind_batch(void *user, ad_program *program, int64_t number)
{
    trainer *t = user;
    int64_t n = t->count[AD_GRAPH_TRAIN], per_pass = (n + t->per_step - 1) / t->per_step;
    if (t->set->graphs == 1) { /* always the same */
        if (t->bound == program) return AD_OK;
        if (!t->bound) graph_batch_fill(&t->batch, t->index[AD_GRAPH_TRAIN], 1, AD_GRAPH_TRAIN);
        t->bound = program;
        return graph_batch_bind(&t->batch, program);
    }
    shuffle(t, number / per_pass);
    int64_t first = number % per_pass * t->per_step;
    int64_t count = n - first < t->per_step ? n - first : t->per_step;
    graph_batch_fill(&t->batch, t->order + first, count, AD_GRAPH_TRAIN);
    if (t->bound == program) return AD_OK; /* the memory is the same */
    t->bound = program;
    return graph_batch_bind(&t->batch, program);
}

/* ---- evaluation ---- */

static ad_status score(trainer *t, ad_graph_split split)
{
    ad_status status = AD_OK;
    graph_scores_clear(&t->scores);
    for (int64_t at = 0; !status && at < t->count[split];) {
        if (t->set->graphs > 1 || t->filled != split) {
            at += graph_batch_fill(&t->eval_batch, t->index[split] + at, t->count[split] - at,
                                   split);
            t->filled = split;
        } else {
            ++at;
        }
        status = ad_run(t->eval);
        if (!status)
            status = graph_scores_add(&t->scores, &t->eval_batch, ad_result(t->eval, t->logits));
    }
    return status;
}

static ad_status evaluate(void *user, const char *split, ad_metric *metrics, int *count)
{
    trainer *t = user;
    bool test = !strcmp(split, "test");
    ad_graph_split which = test ? AD_GRAPH_TEST : AD_GRAPH_VALIDATION;
    graph_result result = {.name = "accuracy"};
    if (!t->count[which]) return AD_OK;
    ad_status status = score(t, which);
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
    if (!status) status = graph_batch_new(&t->eval_batch, t->set, room, loops);
    return status ? status : graph_batch_bind(&t->eval_batch, t->eval);
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
    if (!status) status = graph_batch_new(&t->batch, t->set, room, loops);
    if (!status) status = build_eval(t, loops);
    if (status) return status;
    int64_t per_pass = (n + t->per_step - 1) / t->per_step;
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
    if (!status && !result->interrupted && draws)
        status = graph_report(t->ctx, t->run, m, t->vars, &t->eval_batch);
    return status;
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
    if (!status) status = list_graphs(&t);
    if (!status) status = train(&t, result);
    ad_program_free(t.eval);
    ad_graph_free(t.eval_graph);
    ad_graph_free(t.graph);
    ad_vars_free(t.vars);
    graph_batch_free(&t.batch), graph_batch_free(&t.eval_batch);
    for (int i = 0; i < 4; ++i) free(t.index[i]);
    free(t.order);
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
