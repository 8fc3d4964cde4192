/* predict.c - `graph predict`: what a trained network takes nodes, or graphs, for. */
#include "zoo/graph/graph.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TOP_MOST = 1000 };

static const ad_option options[] = {
    {"split", 0, AD_OPTION_CHOICE, .initial = "test", .choices = "test|validation|train|all",
     .help = "which nodes or graphs"},
    {"top", 0, AD_OPTION_INT, .initial = "2", .min = 1, .max = TOP_MOST,
     .help = "classes shown for each"},
    {"score", 0, AD_OPTION_FLAG, .help = "only how many are right"},
    {"node", 0, AD_OPTION_TEXT, .unit = "NAME",
     .help = "only this node, by its name, or its number where the data have no names"},
    AD_COMMON_OPTIONS,
    {0},
};

typedef struct predict {
    ad_command *cmd;
    graph_job *net;
    const graph_model *model;
    const ad_graph_set *set;
    ad_samples *samples;
    ad_graph_split split; /* AD_GRAPH_NO_SPLIT: all */
    int64_t node;         /* the only one wanted, or -1 */
    double *probability;  /* [classes] */
    int top, *order;      /* the best of them */
    ad_table *table;
} predict;

/* A column for the item, two for each class shown, one for what it is where that is another. */
static ad_status make_table(predict *p)
{
    int count = 2 * p->top + 2;
    ad_column *columns = calloc((size_t)count, sizeof *columns);
    if (!columns) return ad_error_set(p->net->job.ctx, AD_ERROR_MEMORY, "out of memory");
    columns[0] = (ad_column){p->set->of_graphs ? "graph" : "node", .most = 40};
    for (int i = 0; i < p->top; ++i) {
        columns[2 * i + 1] = (ad_column){i ? "" : "taken for", .kind = AD_COLUMN_PERCENT};
        columns[2 * i + 2] = (ad_column){.name = "", .most = 40};
    }
    columns[count - 1] = (ad_column){"is", .most = 40};
    ad_status status = ad_table_new(&p->table, p->net->job.ctx, columns, count);
    free(columns);
    return status;
}

/* The likeliest in their order. */
static void json_classes(const predict *p)
{
    const char *class[TOP_MOST];
    double probability[TOP_MOST];
    for (int i = 0; i < p->top; ++i) {
        class[i] = p->model->class_names.at[p->order[i]];
        probability[i] = p->probability[p->order[i]];
    }
    ad_json_texts(p->cmd, "classes", class, p->top);
    ad_json_reals(p->cmd, "probabilities", probability, p->top);
}

static void print_item(predict *p, int32_t item)
{
    const graph_model *m = p->model;
    const ad_graph_set *set = p->set;
    int label = set->labels ? set->labels[item] : -1;
    const char *name = !set->of_graphs && set->node_names ? set->node_names[item] : NULL;
    char number[24];
    snprintf(number, sizeof number, "%d", (int)item);
    ad_top_classes(p->probability, m->classes, p->top, p->order);
    if (ad_command_json(p->cmd)) {
        ad_json_begin(p->cmd, "prediction");
        ad_json_text(p->cmd, set->of_graphs ? "graph" : "node", name ? name : number);
        ad_json_text(p->cmd, "class", m->class_names.at[p->order[0]]);
        if (!m->several && label >= 0) ad_json_text(p->cmd, "label", m->class_names.at[label]);
        json_classes(p);
        ad_json_end(p->cmd);
        return;
    }
    ad_table_row(p->table);
    ad_table_text(p->table, name ? name : number);
    for (int i = 0; i < p->top; ++i) {
        ad_table_real(p->table, p->probability[p->order[i]]);
        ad_table_text(p->table, m->class_names.at[p->order[i]]);
    }
    if (!m->several && label >= 0 && label != p->order[0])
        ad_table_text(p->table, m->class_names.at[label]);
}

static bool wanted(const predict *p, int32_t item)
{
    if (p->node >= 0) return item == p->node;
    return p->split == AD_GRAPH_NO_SPLIT || p->set->split[item] == p->split;
}

static ad_status predict_batch(void *user, ad_program *program, const ad_batch *batch)
{
    predict *p = user;
    const graph_model *m = p->model;
    const float *logits = ad_result(program, p->net->job.evaluation.result);
    graph_batch view;
    graph_batch_view(&view, p->samples, batch);
    ad_status status = ad_result_finite(program, p->net->job.evaluation.result,
                                        "the array of logits");
    if (status) return status;
    status = graph_scores_add(&p->net->scores, &view, logits);
    for (int64_t i = 0; i < view.items && !ad_command_flag(p->cmd, "score"); ++i) {
        int32_t item = view.item[i];
        if (item < 0 || !wanted(p, item)) continue;
        (m->several ? ad_sigmoid_row : ad_softmax_row)(logits + i * m->classes, m->classes,
                                                       p->probability);
        print_item(p, item);
    }
    return status ? status : ad_table_print(p->table, p->cmd, "prediction");
}

/* All graphs, some at a time: what an item is said to be does not depend on the split. */
static ad_status predict_all(predict *p)
{
    ad_job *job = &p->net->job;
    bool loops = graph_has_loops(p->model);
    int64_t rows = p->set->of_graphs && p->set->graphs > 64 ? 64 : p->set->graphs;
    ad_loader *loader = NULL;
    ad_status status = ad_trained_build(job, rows, NULL);
    if (!status)
        status = graph_samples_new(&p->samples, p->set, graph_room(p->set, rows, loops), loops,
                                   p->split);
    if (!status)
        status = ad_loader_new(&loader, job->ctx, p->samples,
                               &(ad_loader_options){.batch = rows, .keep_last = true});
    if (!status) status = ad_evaluate(job->evaluation.program, loader, predict_batch, p);
    ad_loader_free(loader);
    ad_samples_free(p->samples);
    return status;
}

static ad_status print_score(predict *p)
{
    graph_result r;
    ad_status status = graph_scores_result(&p->net->scores, &r);
    if (status || p->node >= 0) return status;
    if (!r.items && ad_command_flag(p->cmd, "score"))
        return ad_error_set(p->net->job.ctx, AD_ERROR_NOT_FOUND,
                            "no %s of the split \"%s\" has a label (--split)",
                            p->set->of_graphs ? "graph" : "node", ad_command_text(p->cmd, "split"));
    if (!r.items) return AD_OK;
    if (ad_command_json(p->cmd)) {
        ad_json_begin(p->cmd, "result");
        ad_json_text(p->cmd, "split", ad_command_text(p->cmd, "split"));
        ad_json_int(p->cmd, "items", r.items);
        ad_json_real(p->cmd, r.name, r.value);
        ad_json_real(p->cmd, "loss", r.loss);
        ad_json_end(p->cmd);
        return AD_OK;
    }
    ad_command_print(p->cmd, "%s %.4f on %lld %s (%s)\n", r.name, r.value, (long long)r.items,
                     p->set->of_graphs ? "graphs" : "nodes", ad_command_text(p->cmd, "split"));
    return AD_OK;
}

static ad_status prepare(predict *p)
{
    int classes = p->model->classes, top = (int)ad_command_int(p->cmd, "top");
    p->top = top < classes ? top : classes;
    p->probability = malloc((size_t)classes * sizeof *p->probability);
    p->order = malloc((size_t)classes * sizeof *p->order);
    return p->probability && p->order
               ? make_table(p)
               : ad_error_set(p->net->job.ctx, AD_ERROR_MEMORY, "out of memory");
}

/* Which items the options mean. */
static ad_status choose_items(predict *p)
{
    const char *node = ad_command_text(p->cmd, "node");
    const graph_source *source = ad_job_value(&p->net->job, &graph_source_record);
    p->node = -1;
    if (node && p->set->of_graphs)
        return ad_error_set(p->net->job.ctx, AD_ERROR_ARGUMENT,
                            "--node: these data label graphs, not nodes");
    if (node && ad_command_flag(p->cmd, "score"))
        return ad_error_set(p->net->job.ctx, AD_ERROR_ARGUMENT,
                            "--node and --score: one node has no score; give one of them");
    if (node) return graph_find_node(p->net, node, &p->node);
    if (!ad_trained_of_run(&p->net->job) && !p->set->has_splits && p->split)
        ad_command_note(p->cmd,
                        "%s: has no splits, and the weights do not say which %s they were trained "
                        "on: they are drawn with --split-seed %lld and --per-class %lld",
                        source->path, p->set->of_graphs ? "graphs" : "nodes",
                        (long long)source->split_seed, (long long)source->per_class);
    return AD_OK;
}

static ad_status answer(ad_command *cmd, ad_job *job)
{
    static const ad_graph_split splits[] = {AD_GRAPH_TEST, AD_GRAPH_VALIDATION, AD_GRAPH_TRAIN,
                                            AD_GRAPH_NO_SPLIT};
    predict p = {.cmd = cmd,
                 .net = (graph_job *)job,
                 .model = job->model,
                 .split = splits[ad_command_choice(cmd, "split")]};
    ad_status status = graph_attach(p.net, ad_command_operand(cmd, 0));
    if (status) return status;
    p.set = p.net->set;
    status = choose_items(&p);
    if (!status) status = prepare(&p);
    if (!status) status = predict_all(&p);
    if (!status) status = print_score(&p);
    free(p.probability), free(p.order);
    ad_table_free(p.table);
    return status;
}

static int run(ad_command *cmd)
{
    return ad_command_with_trained(cmd, &graph_system, answer);
}

static const ad_record *const records[] = {&graph_source_record, NULL};

const ad_verb graph_predict_verb = {
    AD_VERB("graph", "predict", "MODEL", options, run, "say what nodes or graphs are"),
    .records = records, .of_run = true,
    .description =
        "MODEL is a run's folder, an exported weights file, or PyTorch's file of a graph "
        "attention network. Of a run the data, and how they are divided, are those that it was "
        "trained with, unless options say otherwise.\n\n"
        "  autodidact graph predict runs/graph-20260101-1 --score\n"
        "  autodidact graph predict runs/graph-20260101-1 --node 1057\n"
        "  autodidact graph predict gat.pth --data planetoid/ --dataset cora --score"};
