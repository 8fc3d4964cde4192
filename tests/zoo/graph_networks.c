/* graph_networks.c - networks on graphs against PyTorch's dense form of them
 * (tests/oracle/graph.py): logits, loss, gradients, running statistics, micro-F1; in batches just
 * large enough, and larger.
 */
#include "fixture.h"
#include "zoo/graph/graph.h"

enum { GRADIENTS = 32, UPDATES = 32 };

typedef struct bench {
    const char *name;
    ad_context *ctx;
    fixture file;
    ad_graph_set set;
    graph_model model;
    ad_vars *vars;
    ad_graph *graph;
} bench;

static ad_tensor of(bench *b, const char *what)
{
    return fixture_get(&b->file, "%s.%s", b->name, what);
}

/* The fixture's dense arrays as a set. */
static bool make_set(bench *b)
{
    char targets[64], split[64];
    ad_graph_set *s = &b->set;
    ad_tensor start = of(b, "graph_start"), target = of(b, "target"), source = of(b, "source");
    ad_tensor x = of(b, "x"), logits = of(b, "logits");
    if (!start.data || !target.data || !source.data || !x.data || !logits.data) return false;
    int64_t nodes = x.shape.dim[0], features = x.shape.dim[1], values = 0;
    snprintf(targets, sizeof targets, "%s.targets", b->name);
    snprintf(split, sizeof split, "%s.split", b->name);
    *s = (ad_graph_set){.ctx = b->ctx,
                        .nodes = nodes,
                        .graphs = start.shape.dim[0] - 1,
                        .graph_start = start.data,
                        .edges = target.shape.dim[0],
                        .source = source.data,
                        .features = features,
                        .items = logits.shape.dim[0],
                        .of_graphs = logits.shape.dim[0] != nodes,
                        .classes = (int)logits.shape.dim[1]};
    if (fixture_has(&b->file, targets))
        s->targets = of(b, "targets").data;
    else
        s->labels = of(b, "labels").data;
    s->edge_start = calloc((size_t)nodes + 1, sizeof *s->edge_start);
    s->value_start = calloc((size_t)nodes + 1, sizeof *s->value_start);
    s->feature = calloc((size_t)(nodes * features), sizeof *s->feature);
    s->value = calloc((size_t)(nodes * features), sizeof *s->value);
    s->split = calloc((size_t)s->items, 1);
    if (!s->edge_start || !s->value_start || !s->feature || !s->value || !s->split) return false;
    for (int64_t e = 0; e < s->edges; ++e) ++s->edge_start[((int32_t *)target.data)[e] + 1];
    for (int64_t i = 0; i < nodes; ++i) {
        s->edge_start[i + 1] += s->edge_start[i];
        for (int64_t f = 0; f < features; ++f) {
            float value = ((float *)x.data)[i * features + f];
            if (value == 0) continue;
            s->feature[values] = (int32_t)f, s->value[values++] = value;
        }
        s->value_start[i + 1] = (int32_t)values;
    }
    s->values = values;
    for (int64_t i = 0; i < s->items; ++i)
        s->split[i] = (unsigned char)((int32_t *)of(b, "split").data)[i];
    return true;
}

static bool open_bench(bench *b, const char *name, graph_model model)
{
    *b = (bench){.name = name, .ctx = ad_context_new(NULL), .model = model};
    if (!fixture_open(&b->file, b->ctx, "tests/fixtures/graph.safetensors")) return false;
    if (!make_set(b)) return false;
    b->model.of_graphs = b->set.of_graphs, b->model.several = b->set.targets != NULL;
    b->model.features = b->set.features, b->model.classes = b->set.classes;
    b->vars = ad_vars_new(b->ctx, 1);
    b->graph = ad_graph_new(b->ctx);
    return true;
}

static void close_bench(bench *b)
{
    ad_graph_free(b->graph);
    ad_vars_free(b->vars);
    free(b->set.edge_start), free(b->set.value_start), free(b->set.feature);
    free(b->set.value), free(b->set.split);
    fixture_close(&b->file);
    CHECK_INT(ad_context_memory(b->ctx), 0);
    ad_context_free(b->ctx);
}

static ad_program *compute(bench *b, const graph_batch *batch, ad_node *const *outputs, int count)
{
    ad_program *program = NULL;
    char prefix[64];
    snprintf(prefix, sizeof prefix, "%s.net.", b->name);
    ad_load_options options = {.strip = prefix, .allow_unused = true, .allow_missing = true};
    ad_status status = ad_vars_load_file(b->vars, b->file.file, options);
    if (!status) status = ad_compile(&program, b->ctx, outputs, count, NULL);
    if (!status) status = graph_batch_bind(batch, program);
    if (!status) status = ad_run(program);
    if (status) CHECK_FAIL("%s: %s", b->name, ad_error(b->ctx));
    return status ? ad_program_free(program), NULL : program;
}

/* Rows behind those of `want` belong to free places of the batch. */
static void agrees(const bench *b, const char *what, const void *got, ad_tensor want)
{
    double error = fixture_error(got, want);
    if (!(error <= 1e-5)) CHECK_FAIL("%s: %s differs by %.3g", b->name, what, error);
}

/* Matrices lie in files by output. A bias before batch norm has no gradient but for rounding. */
static void gradient_agrees(bench *b, const ad_variable *v, const float *got)
{
    ad_tensor want = fixture_get(&b->file, "%s.grad.%s", b->name, ad_variable_name(v));
    ad_shape s = ad_variable_shape(v);
    int64_t count = ad_shape_count(s), columns = s.rank == 2 ? s.dim[1] : 1;
    if (!want.data || ad_shape_count(want.shape) != count) {
        CHECK_FAIL("%s: another shape of %s", b->name, ad_variable_name(v));
        return;
    }
    float *turned = malloc((size_t)count * sizeof *turned);
    REQUIRE(turned);
    bool turn = ad_variable_layout(v) == AD_LAYOUT_MATRIX;
    bool zero = strstr(ad_variable_name(v), "mlps.") && strstr(ad_variable_name(v), ".linears.") &&
                strstr(ad_variable_name(v), ".bias");
    for (int64_t i = 0; i < count; ++i)
        turned[turn ? i % columns * (count / columns) + i / columns : i] = got[i];
    for (int64_t i = 0; zero && i < count; ++i) CHECK(fabsf(turned[i]) < 1e-5f);
    if (!zero) agrees(b, ad_variable_name(v), turned, want);
    free(turned);
}

static int all_graphs(const bench *b, int64_t *index)
{
    for (int64_t i = 0; i < b->set.graphs; ++i) index[i] = i;
    return (int)b->set.graphs;
}

static void check_batch(bench *b, graph_batch *batch)
{
    int64_t index[8];
    ad_node *outputs[2 + GRADIENTS + UPDATES], *wrt[GRADIENTS];
    ad_variable *variable[GRADIENTS];
    ad_mode form = {.training = true};
    int count = 0;
    CHECK_INT(graph_batch_fill(batch, index, all_graphs(b, index), AD_GRAPH_TRAIN), b->set.graphs);
    graph_inputs in = graph_declare_inputs(b->graph, &b->model, batch->room);
    outputs[0] = graph_network(&b->model, b->vars, &in, &form, NULL);
    outputs[1] = graph_loss(&b->model, outputs[0]);
    for (int i = 0; i < ad_vars_count(b->vars); ++i) {
        ad_variable *v = ad_vars_at(b->vars, i);
        if (strstr(ad_variable_name(v), "running_")) continue;
        REQUIRE(count < GRADIENTS);
        variable[count] = v, wrt[count++] = ad_read(b->graph, v);
    }
    CHECK(count >= 4);
    ad_gradients(outputs[1], wrt, count, outputs + 2);
    for (int i = 0; i < form.update_count; ++i) outputs[2 + count + i] = form.updates[i];
    ad_program *program = compute(b, batch, outputs, 2 + count + form.update_count);
    if (!program) return;
    agrees(b, "logits", ad_result_at(program, 0), of(b, "logits"));
    agrees(b, "loss", ad_result_at(program, 1), of(b, "loss"));
    for (int i = 0; i < count; ++i) gradient_agrees(b, variable[i], ad_result_at(program, 2 + i));
    for (int i = 0; i < ad_vars_count(b->vars); ++i) {
        ad_variable *v = ad_vars_at(b->vars, i);
        if (strstr(ad_variable_name(v), "running_"))
            agrees(b, ad_variable_name(v), ad_variable_data(b->vars, v),
                   fixture_get(&b->file, "%s.after.%s", b->name, ad_variable_name(v)));
    }
    ad_program_free(program);
}

static void check_network(const char *name, graph_model model)
{
    for (int spare = 0; spare < 2; ++spare) {
        bench b;
        graph_batch batch = {0};
        REQUIRE(open_bench(&b, name, model));
        bool loops = graph_has_loops(&model);
        graph_sizes room = graph_room(&b.set, b.set.graphs, loops);
        if (spare) room.nodes += 3, room.edges += 7, room.values += 5, room.graphs += 2;
        CHECK_INT(graph_batch_new(&batch, &b.set, room, loops), AD_OK);
        check_batch(&b, &batch);
        graph_batch_free(&batch);
        close_bench(&b);
    }
}

static const graph_model deep = {.kind = GRAPH_GAT,
                                 .layers = 3,
                                 .heads = {3, 2, 2},
                                 .width = {4, 5, 3},
                                 .skip = true,
                                 .bias = true};
static const graph_model two_layers = {
    .kind = GRAPH_GAT, .layers = 2, .heads = {2, 3}, .width = {4, 5}, .bias = true};

static void attention_with_skips(void)
{
    check_network("gat", deep);
}

static void attention_several_labels(void)
{
    check_network("several", two_layers);
}

static void convolution(void)
{
    check_network("gcn",
                  (graph_model){.kind = GRAPH_GCN, .layers = 2, .heads = {1, 1}, .width = {6, 4}});
}

static void isomorphism(void)
{
    check_network("gin", (graph_model){.kind = GRAPH_GIN,
                                       .layers = 2,
                                       .heads = {1, 1},
                                       .width = {4, 4},
                                       .readout = GRAPH_SUM});
}

/* What a loader packs is what graph_batch_fill does; behind the last graph is no item. */
static void packed_by_a_loader(const char *name)
{
    bench b;
    graph_batch batch = {0};
    ad_sample_field fields[GRAPH_FIELDS];
    ad_samples *samples = NULL;
    ad_loader *loader = NULL;
    REQUIRE(open_bench(&b, name, two_layers));
    graph_sizes room = graph_room(&b.set, b.set.graphs, true);
    int count = graph_batch_fields(&b.set, room, fields);
    ad_loader_options options = {.batch = 2, .keep_last = true};
    int64_t next = 0;
    REQUIRE(!graph_batch_new(&batch, &b.set, room, true) &&
            !graph_samples_new(&samples, &b.set, room, true, AD_GRAPH_TRAIN) &&
            !ad_loader_new(&loader, b.ctx, samples, &options));
    for (int64_t n = 0; n < ad_loader_batches(loader); ++n) {
        ad_batch got;
        graph_batch view;
        REQUIRE(!ad_loader_batch(loader, n, &got));
        graph_batch_view(&view, samples, &got);
        CHECK_INT(graph_batch_fill(&batch, got.index, got.size, AD_GRAPH_TRAIN), got.size);
        for (int f = 0; f < count; ++f)
            if (memcmp(batch.owned[f], got.field[f],
                       ad_shape_bytes(fields[f].shape, fields[f].dtype)))
                CHECK_FAIL("%s: batch %d differs in %s", name, (int)n, fields[f].name);
        for (int64_t i = 0; i < view.items; ++i)
            CHECK_INT(view.item[i], i < (b.set.of_graphs ? batch.filled.graphs : batch.filled.nodes)
                                        ? next++
                                        : -1);
    }
    CHECK_INT(next, b.set.items);
    ad_loader_free(loader);
    ad_samples_free(samples);
    graph_batch_free(&batch);
    close_bench(&b);
}

static void loaders(void)
{
    packed_by_a_loader("gin");
    packed_by_a_loader("several");
    packed_by_a_loader("gcn");
}

/* A network that was trained on one graph, on another: micro-F1 of that one alone. */
static void micro_f1_of_unseen_graph(void)
{
    bench b;
    graph_batch batch = {0};
    int64_t unseen = 1;
    REQUIRE(open_bench(&b, "several", two_layers));
    CHECK_INT(graph_batch_new(&batch, &b.set, graph_room(&b.set, 1, true), true), AD_OK);
    CHECK_INT(graph_batch_fill(&batch, &unseen, 1, AD_GRAPH_VALIDATION), 1);
    graph_inputs in = graph_declare_inputs(b.graph, &b.model, batch.room);
    ad_node *logits = graph_network(&b.model, b.vars, &in, NULL, NULL);
    ad_program *program = compute(&b, &batch, &logits, 1);
    if (program) {
        graph_scores scores;
        graph_result result;
        REQUIRE(!graph_scores_new(b.ctx, &scores, &b.model));
        CHECK_INT(graph_scores_add(&scores, &batch, ad_result(program, logits)), AD_OK);
        CHECK_INT(graph_scores_result(&scores, &result), AD_OK);
        graph_scores_free(&scores);
        CHECK_INT(result.items, 14);
        float f1 = (float)result.value;
        agrees(&b, "micro-F1", &f1, of(&b, "micro_f1"));
    }
    ad_program_free(program);
    graph_batch_free(&batch);
    close_bench(&b);
}

static const check_case cases[] = {CASE(attention_with_skips),
                                   CASE(attention_several_labels),
                                   CASE(convolution),
                                   CASE(isomorphism),
                                   CASE(loaders),
                                   CASE(micro_f1_of_unseen_graph),
                                   {0}};

int main(int argc, char **argv)
{
    return check_main(argc, argv, cases);
}
