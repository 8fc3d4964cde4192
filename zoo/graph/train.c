/* train.c - `graph train`: a network on one graph, on many, or for whole graphs. */
#include "zoo/graph/drawing.h"

/* ---- data ---- */

static const ad_graph_split split_of[AD_SPLITS] = {AD_GRAPH_TRAIN, AD_GRAPH_VALIDATION,
                                                   AD_GRAPH_TEST};

/* Graphs with items of a split, as rows; those to train on come in smaller batches. */
static ad_status list_split(graph_job *g, ad_split split)
{
    ad_job *job = &g->job;
    ad_split_data *data = &job->split[split];
    ad_status status = ad_job_index(job, split, g->set->graphs);
    if (status) return status;
    data->count = graph_list(g->set, split_of[split], data->index);
    if (split == AD_SPLIT_TRAIN && data->count) {
        const graph_choice *c = ad_job_value(job, &graph_choice_record);
        job->batch = c->batch < data->count ? c->batch : data->count;
        job->eval_batch = g->set->graphs == 1 ? 1 : 4 * job->batch;
    }
    bool loops = graph_has_loops(job->model);
    graph_sizes room = graph_room(g->set, split == AD_SPLIT_TRAIN ? job->batch : job->eval_batch,
                                  loops);
    return data->count ? graph_samples_new(&data->samples, g->set, room, loops, split_of[split])
                       : AD_OK;
}

static ad_status read(ad_job *job)
{
    graph_job *g = (graph_job *)job;
    const graph_source *source = ad_job_value(job, &graph_source_record);
    const graph_choice *c = ad_job_value(job, &graph_choice_record);
    const graph_model *m = job->model;
    const ad_train_settings *s = ad_job_value(job, &ad_train_record);
    graph_reading how = {.part = {job->part.fold, job->part.folds, c->validation}};
    /* what is to be said of the data is said once, not for each seed and fold */
    if (!s || (job->part.fold == 0 && job->part.seed == (uint64_t)s->seed))
        how.watcher = job->watcher;
    ad_status status = graph_read(job->ctx, source, &how, &g->set);
    if (status) return status;
    job->data = source->path, job->fingerprint = g->set->fingerprint;
    graph_summary(g->set, job->summary, sizeof job->summary);
    status = graph_choose(g);
    if (!status) status = graph_check_weights(g);
    for (int i = 0; i < AD_SPLITS && !status; ++i) status = list_split(g, (ad_split)i);
    if (!status) status = graph_scores_new(job->ctx, &g->scores, m);
    job->keep_last = job->decay_all = true;
    if (g->set->graphs > 1) job->default_steps = 0; /* but epochs */
    if (!job->split[AD_SPLIT_VALIDATION].count) return status;
    job->monitor = m->several ? "micro_f1" : "accuracy";
    job->monitor_too = "loss", job->monitor_too_low = true;
    return status;
}

static void release(ad_job *job)
{
    graph_job *g = (graph_job *)job;
    graph_scores_free(&g->scores);
    ad_graph_set_free(g->set);
}

/* ---- the network ---- */

static void network(ad_job *job, ad_forward *f)
{
    const graph_job *g = (graph_job *)job;
    const graph_model *m = job->model;
    const graph_choice *c = ad_job_value(job, &graph_choice_record);
    graph_inputs in = graph_declare_inputs(f->graph, m,
                                           graph_room(g->set, f->rows, graph_has_loops(m)));
    if (f->mode) f->mode->dropout = c->dropout;
    f->result = graph_network(m, f->vars, &in, f->mode, NULL);
    if (f->mode) f->loss = graph_loss(m, f->result);
}

/* ---- scores ---- */

static ad_status score(ad_job *job, ad_split split, const ad_batch *batch)
{
    graph_job *g = (graph_job *)job;
    graph_batch view;
    graph_batch_view(&view, job->split[split].samples, batch);
    return graph_scores_add(&g->scores, &view,
                            ad_result(job->evaluation.program, job->evaluation.result));
}

static ad_status evaluate(ad_job *job, ad_split split, ad_metrics *metrics)
{
    graph_job *g = (graph_job *)job;
    const graph_model *m = job->model;
    graph_result result;
    bool done;
    graph_scores_clear(&g->scores);
    ad_status status = ad_job_score(job, split, &done, score);
    if (status || !done) return status;
    status = graph_scores_result(&g->scores, &result);
    ad_metrics_add(metrics, result.name, result.value);
    ad_metrics_add(metrics, "loss", result.loss);
    const int64_t *confusion = g->scores.one ? ad_class_scores_confusion(g->scores.one) : NULL;
    if (status || split != AD_SPLIT_TEST || !confusion) return status;
    return ad_run_confusion(job->run, confusion, m->classes,
                            (const char *const *)m->class_names.at);
}

/* Pictures of what it learnt, where all is one graph: for a run of its own, not each of many. */
static ad_status finish(ad_job *job, ad_metrics *result)
{
    const graph_job *g = (graph_job *)job;
    const graph_model *m = job->model;
    const ad_train_settings *s = ad_job_value(job, &ad_train_record);
    (void)result;
    if (g->set->graphs > 1 || m->several || s->seeds > 1) return AD_OK;
    return graph_report(job->run, m, job->vars, g->set);
}

/* A step on all of the data at once. */
static ad_status sketch(ad_job *job)
{
    ad_status status = read(job);
    if (!status) job->batch = ((graph_job *)job)->set->graphs;
    return status;
}

/* ---- the system ---- */

static const ad_record *const records[] = {&graph_source_record, &graph_model_record,
                                           &graph_choice_record, &ad_train_record, NULL};
static const ad_default defaults[] = {{"lr", "5e-3"},
                                      {"weight-decay", "5e-4"},
                                      {"patience", "100"},
                                      AD_OTHERWISE("steps", "10000 for one graph"),
                                      AD_OTHERWISE("epochs", "200 for many graphs"),
                                      {0}};

const ad_system graph_system = {
    AD_SYSTEM("graph", "graphs", graph_job, records, &graph_model_record, defaults, .read = read,
              .network = network, .evaluate = evaluate, .finish = finish, .free = release,
              .sketch = sketch, .recognise = graph_recognise)};

const ad_verb graph_train_verb = {
    AD_TRAIN_VERB("graph", &graph_system, records, defaults,
                  "train a network on the nodes of a graph, or to tell graphs apart"),
    .description =
        "The data are Planetoid's files (ind.NAME.*), an .npz file with CSR arrays, a folder with "
        "nodes.csv (id,label[,split][,features]) and edges.csv (source,target[,weight]), a .gml "
        "file, or many graphs as text. The defaults are those of the paper for Cora.\n\n"
        "  autodidact graph train --data planetoid/ --dataset cora --seeds 10\n"
        "  autodidact graph train --data tu/ --dataset MUTAG --model gin --layers 5 --width 32 "
        "--folds 10"};

static const ad_record *const sketched[] = {&graph_source_record, &graph_model_record,
                                            &graph_choice_record, NULL};

const ad_verb graph_explain_verb = {AD_VERB("explain", "graph", "", ad_explain_rows,
                                            ad_system_explain,
                                            "how one training step of a graph network is planned"),
                                    .records = sketched, .user = &graph_system};
