/* predict.c - `graph predict`: what a trained network takes nodes, or graphs, for. */
#include "zoo/graph/graph.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const ad_option options[] = {
    GRAPH_DATA_OPTIONS,
    {"split", 0, AD_OPTION_CHOICE, .initial = "test", .choices = "test|validation|train|all",
     .help = "which nodes or graphs"},
    {"top", 0, AD_OPTION_INT, .initial = "2", .min = 1, .max = 1000,
     .help = "classes shown for each"},
    {"score", 0, AD_OPTION_FLAG, .help = "only how many are right"},
    AD_COMMON_OPTIONS,
    {0},
};

typedef struct predict {
    ad_command *cmd;
    ad_context *ctx;
    graph_trained net;
    ad_graph_split split; /* AD_GRAPH_NO_SPLIT: all */
    graph_scores scores;
    double *probability;
    int *order;
} predict;

/* The classes by falling probability. */
static void rank(const predict *p, int top)
{
    int classes = p->net.model.classes;
    for (int c = 0; c < classes; ++c) p->order[c] = c;
    for (int i = 0; i < top && i < classes; ++i)
        for (int c = i + 1; c < classes; ++c)
            if (p->probability[p->order[c]] > p->probability[p->order[i]]) {
                int swap = p->order[i];
                p->order[i] = p->order[c], p->order[c] = swap;
            }
}

static void print_item(predict *p, int32_t item)
{
    const graph_model *m = &p->net.model;
    const ad_graph_set *set = p->net.set;
    int top = (int)ad_command_int(p->cmd, "top"), label = set->labels ? set->labels[item] : -1;
    const char *name = !set->of_graphs && set->node_names ? set->node_names[item] : NULL;
    char number[24];
    snprintf(number, sizeof number, "%d", (int)item);
    rank(p, top);
    if (ad_command_json(p->cmd)) {
        ad_json_begin(p->cmd, "prediction");
        ad_json_text(p->cmd, set->of_graphs ? "graph" : "node", name ? name : number);
        ad_json_text(p->cmd, "class", m->class_names[p->order[0]]);
        if (!m->several && label >= 0) ad_json_text(p->cmd, "label", m->class_names[label]);
        for (int i = 0; i < top && i < m->classes; ++i)
            ad_json_real(p->cmd, m->class_names[p->order[i]], p->probability[p->order[i]]);
        ad_json_end(p->cmd);
        return;
    }
    FILE *out = ad_command_out(p->cmd);
    fprintf(out, "%-12s", name ? name : number);
    for (int i = 0; i < top && i < m->classes; ++i)
        fprintf(out, "  %6.2f%% %-16.16s", 100 * p->probability[p->order[i]],
                m->class_names[p->order[i]]);
    if (!m->several && label >= 0 && label != p->order[0])
        fprintf(out, "  is %s", m->class_names[label]);
    fputc('\n', out);
}

static bool wanted(const predict *p, int32_t item)
{
    return p->split == AD_GRAPH_NO_SPLIT || p->net.set->split[item] == p->split;
}

static ad_status predict_all(predict *p)
{
    graph_trained *t = &p->net;
    const ad_graph_set *set = t->set;
    ad_status status = AD_OK;
    int32_t *index = malloc((size_t)set->graphs * sizeof *index);
    if (!index) return ad_error_set(p->ctx, AD_ERROR_MEMORY, "out of memory");
    for (int64_t i = 0; i < set->graphs; ++i) index[i] = (int32_t)i;
    for (int64_t at = 0; !status && at < set->graphs;) {
        at += graph_batch_fill(&t->batch, index + at, set->graphs - at, p->split);
        status = ad_run(t->program);
        const float *logits = status ? NULL : ad_result(t->program, t->logits);
        if (logits) graph_score(&p->scores, &t->model, &t->batch, logits, NULL);
        bool rows = logits && !ad_command_flag(p->cmd, "score");
        for (int64_t i = 0; rows && i < t->batch.items; ++i) {
            int32_t item = t->batch.item[i];
            if (item < 0 || !wanted(p, item)) continue;
            graph_probabilities(logits + i * t->model.classes, t->model.classes, t->model.several,
                                p->probability);
            print_item(p, item);
        }
    }
    free(index);
    return status;
}

static void print_score(predict *p)
{
    const char *name = p->net.model.several ? "micro_f1" : "accuracy";
    if (!p->scores.items) return;
    if (ad_command_json(p->cmd)) {
        ad_json_begin(p->cmd, "result");
        ad_json_text(p->cmd, "split", ad_command_text(p->cmd, "split"));
        ad_json_int(p->cmd, "items", p->scores.items);
        ad_json_real(p->cmd, name, graph_accuracy(&p->scores));
        ad_json_real(p->cmd, "loss", p->scores.loss / (double)p->scores.items);
        ad_json_end(p->cmd);
        return;
    }
    fprintf(ad_command_out(p->cmd), "%s %.4f on %lld %s (%s)\n", name, graph_accuracy(&p->scores),
            (long long)p->scores.items, p->net.set->of_graphs ? "graphs" : "nodes",
            ad_command_text(p->cmd, "split"));
}

static int run(ad_command *cmd)
{
    static const ad_graph_split splits[] = {AD_GRAPH_TEST, AD_GRAPH_VALIDATION, AD_GRAPH_TRAIN,
                                            AD_GRAPH_NO_SPLIT};
    predict p = {.cmd = cmd, .split = splits[ad_command_choice(cmd, "split")]};
    int code = graph_open(cmd, ad_command_operand(cmd, 0), false, &p.net);
    if (code) return code;
    p.ctx = ad_command_context(cmd);
    p.probability = malloc((size_t)p.net.model.classes * sizeof *p.probability);
    p.order = malloc((size_t)p.net.model.classes * sizeof *p.order);
    ad_status status = p.probability && p.order
                           ? predict_all(&p)
                           : ad_error_set(p.ctx, AD_ERROR_MEMORY, "out of memory");
    if (!status)
        print_score(&p);
    else
        code = ad_command_fail(cmd, "%s", ad_error(p.ctx));
    free(p.probability), free(p.order);
    graph_close(&p.net);
    return code;
}

const ad_verb graph_predict_verb = {
    .system = "graph",
    .name = "predict",
    .operands = "MODEL",
    .options = options,
    .run = run,
    .summary = "say what nodes or graphs are",
    .description =
        "MODEL is a run's folder, an exported weights file, or PyTorch's file of a graph "
        "attention network.\n\n"
        "  autodidact graph predict runs/graph-20260101-1 --data planetoid/ --dataset "
        "cora\n"
        "  autodidact graph predict gat.pth --data planetoid/ --dataset cora --score",
};
