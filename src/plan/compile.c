/* compile.c - from wanted nodes to a program: the passes and planning steps in their order. */
#include "plan/emit.h"
#include "plan/pass.h"
#include "plan/plan.h"

#include "base/clock.h"
#include "ops/attrs.h"

#include <string.h>

/* Sanitizer builds check every program (lowered.c). */
#if defined(__SANITIZE_ADDRESS__)
enum { VERIFIES = 1 };
#else
enum { VERIFIES = 0 };
#endif

static const ad_compile_options no_options;

/* The graph that the outputs belong to, or NULL with the error set. */
static ad_graph *common_graph(ad_context *ctx, ad_node *const *outputs, int count)
{
    ad_graph *graph = NULL;
    if (count < 1 || !outputs) {
        ad_fail(ctx, AD_ERROR_ARGUMENT, "there is nothing to compile: no outputs");
        return NULL;
    }
    for (int i = 0; i < count; ++i) {
        ad_graph *own = ad_node_graph(outputs[i]);
        if (!own) {
            ad_fail(ctx, AD_ERROR_ARGUMENT, "output %d is missing (NULL)", i);
            return NULL;
        }
        if (graph && own != graph) {
            ad_fail(ctx, AD_ERROR_ARGUMENT, "output %d, %s, belongs to another graph than output 0",
                    i, ad_node_name(outputs[i]));
            return NULL;
        }
        graph = own;
    }
    if (graph->ctx != ctx) {
        ad_fail(ctx, AD_ERROR_ARGUMENT, "the graph was made in another context");
        return NULL;
    }
    if (graph->status != AD_OK) {
        ad_fail(ctx, graph->status, "%s", graph->error);
        return NULL;
    }
    for (int i = 0; i < count; ++i) {
        if (outputs[i]->op != AD_OP_POISON) continue;
        ad_fail(ctx, AD_ERROR_ARGUMENT, "output %d is a poisoned node", i);
        return NULL;
    }
    return graph;
}

static bool list_inputs(ad_program *program, ad_node *const *nodes, int n)
{
    for (int i = 0; i < n; ++i) program->n_inputs += nodes[i]->op == AD_OP_INPUT;
    program->inputs = ad_arena_alloc(&program->arena,
                                     (size_t)(program->n_inputs + 1) * sizeof *program->inputs);
    if (!program->inputs) return false;
    for (int i = 0, at = 0; i < n; ++i) {
        if (nodes[i]->op != AD_OP_INPUT) continue;
        ad_program_input *input = &program->inputs[at++];
        input->key = nodes[i];
        input->name = ad_arena_text(&program->arena, ((const ad_attr_leaf *)nodes[i]->attr)->name);
        input->dtype = nodes[i]->dtype, input->shape = nodes[i]->shape;
        input->bytes = ad_shape_bytes(nodes[i]->shape, nodes[i]->dtype);
        if (!input->name) return false;
    }
    program->unbound = program->n_inputs;
    return true;
}

static ad_program_storage *storage_entry(ad_program *program, ad_storage *storage)
{
    for (int i = 0; i < program->n_storages; ++i)
        if (program->storages[i].storage == storage) return &program->storages[i];
    program->storages[program->n_storages] = (ad_program_storage){.storage = storage};
    return &program->storages[program->n_storages++];
}

/* Lays out the storage of every variable that the nodes mention. */
static bool list_storages(ad_program *program, ad_node *const *nodes, int n)
{
    int mentions = 0;
    for (int i = 0; i < n; ++i)
        mentions += nodes[i]->op == AD_OP_VARIABLE || nodes[i]->op == AD_OP_ASSIGN;
    program->storages = ad_arena_alloc(&program->arena,
                                       (size_t)(mentions + 1) * sizeof *program->storages);
    if (!program->storages) return false;
    for (int i = 0; i < n; ++i) {
        if (nodes[i]->op != AD_OP_VARIABLE && nodes[i]->op != AD_OP_ASSIGN) continue;
        const ad_variable *variable = ((const ad_attr_variable *)nodes[i]->attr)->variable;
        ad_storage *storage = variable->storage;
        if (storage->ready && storage->ctx != program->ctx) {
            ad_fail(program->ctx, AD_ERROR_ARGUMENT,
                    "%s is of another context's store, which is not laid out yet (ad_vars_ready)",
                    variable->name);
            return false;
        }
        if (storage->ready && storage->ready(storage) != AD_OK) return false;
        storage_entry(program, storage)->assigned |= nodes[i]->op == AD_OP_ASSIGN;
    }
    return true;
}

static bool list_outputs(ad_program *program, ad_node *const *outputs, int count)
{
    program->n_outputs = count;
    program->outputs = ad_arena_alloc(&program->arena, (size_t)count * sizeof *program->outputs);
    for (int i = 0; i < count && program->outputs; ++i) program->outputs[i].key = outputs[i];
    return program->outputs != NULL;
}

static bool plan_setup(ad_plan *plan, const ad_passes *passes)
{
    size_t n = (size_t)passes->graph->n_nodes;
    plan->graph = passes->graph;
    plan->nodes = passes->graph->nodes;
    plan->n_nodes = plan->n_values = plan->values_capacity = (int)n;
    plan->outputs = passes->outputs;
    plan->n_outputs = passes->n_outputs;
    plan->values = ad_arena_alloc(&plan->scratch, (n + 1) * sizeof *plan->values);
    plan->reachable = ad_arena_alloc(&plan->scratch, n + 1);
    int needed = 0;
    ad_node **nodes = ad_reachable(plan->graph, plan->outputs, plan->n_outputs, &needed);
    if (!plan->values || !plan->reachable || !nodes) return false;
    for (int i = 0; i < needed; ++i) plan->reachable[nodes[i]->id] = true;
    return true;
}

/* ---- the stages ---- */

static const struct {
    const char *name;
    bool (*run)(ad_plan *plan);
} stages[] = {
    {"assigns", ad_plan_check_assigns},
    {"values", ad_plan_values},
    {"groups", ad_plan_groups},
    {"variable homes", ad_plan_variable_homes},
    {"concat homes", ad_plan_concat_homes},
    {"emit", ad_plan_emit},
    {"effects", ad_plan_effects},
    {"tune", ad_plan_tune},
    {"pack", ad_plan_pack},
    {"schedule", ad_plan_schedule},
    {"workspaces", ad_plan_workspaces},
    {"place", ad_plan_place},
};
enum { STAGES = sizeof stages / sizeof *stages };
_Static_assert(STAGES + 2 <= AD_STAGE_COSTS, "a row for each stage, the passes and recomputation");

static void add_cost(ad_program *program, const char *name, double seconds, int64_t visits)
{
    int i = 0;
    while (i < program->n_costs && strcmp(program->costs[i].name, name) != 0) ++i;
    if (i == program->n_costs) program->costs[program->n_costs++].name = name;
    program->costs[i].seconds += seconds, program->costs[i].visits += visits;
}

static bool plan_once(ad_plan *plan, const ad_passes *passes)
{
    ad_program *program = plan->program;
    program->n_buffers = program->n_kernels = program->n_prepare = 0;
    program->buffers = NULL;
    plan->n_groups = plan->n_kernels = 0;
    plan->buffers_capacity = plan->kernels_capacity = 0;
    bool done = plan_setup(plan, passes);
    for (int i = 0; i < STAGES && done; ++i) {
        double begin = ad_thread_seconds();
        plan->visits = 0;
        done = stages[i].run(plan);
        add_cost(program, stages[i].name, ad_thread_seconds() - begin, plan->visits);
    }
    return done;
}

static bool recompute(ad_plan *plan, size_t *needed)
{
    double begin = ad_thread_seconds();
    bool done = ad_plan_recompute(plan, plan->options->memory_limit, needed);
    add_cost(plan->program, "recompute", ad_thread_seconds() - begin, 0);
    return done;
}

static bool fail_limit(const ad_plan *plan, size_t needed)
{
    const ad_program *program = plan->program;
    const ad_buffer *largest[3] = {0};
    ad_text text;
    char shape[192];
    for (int b = 0; b < program->n_buffers; ++b) {
        const ad_buffer *now = &program->buffers[b];
        if ((now->place != AD_IN_ARENA && now->place != AD_IN_KEPT) || now->shares >= 0 ||
            now->first < 0)
            continue;
        for (int i = 0; i < 3; ++i) {
            if (largest[i] && largest[i]->bytes >= now->bytes) continue;
            const ad_buffer *smaller = largest[i];
            largest[i] = now, now = smaller;
            if (!now) break;
        }
    }
    ad_text_init(&text, plan->ctx);
    for (int i = 0; i < 3 && largest[i]; ++i)
        ad_text_format(&text, "%s%s %s %zu bytes", i ? "; " : "", largest[i]->name,
                       largest[i]->workspace
                           ? "(workspace)"
                           : ad_shape_text(largest[i]->shape, shape, sizeof shape),
                       largest[i]->bytes);
    if (!text.failed)
        ad_fail(plan->ctx, AD_ERROR_LIMIT,
                "the program needs at least %zu bytes, the memory limit is %zu; its largest "
                "buffers: %s",
                needed, plan->options->memory_limit, ad_text_get(&text));
    ad_text_free(&text);
    return false;
}

/* Plans with workspaces for so many threads. Under a limit packed operands go first; then values
 * are made again instead of kept: the same bits. *needed: bytes, or more than the limit if it
 * cannot be kept to. */
static bool plan_for(ad_plan *plan, const ad_passes *passes, int threads, size_t *needed)
{
    size_t limit = plan->options->memory_limit;
    plan->device.machine.threads = threads;
    plan->pack = !plan->small && ad_pass_wanted(plan->options, "pack");
    for (;; plan->pack = false) {
        if (!plan_once(plan, passes)) return false;
        *needed = plan->program->block_bytes + plan->program->kept_bytes;
        if (!limit || *needed <= limit) return true;
        if (!plan->pack) break;
    }
    return !ad_pass_wanted(plan->options, "recompute") || recompute(plan, needed);
}

/* As many threads as the limit allows workspaces for; it does for one. */
static bool plan_for_most(ad_plan *plan, const ad_passes *passes)
{
    size_t limit = plan->options->memory_limit, needed = SIZE_MAX;
    for (int threads = plan->program->device.machine.threads; threads > 1; threads /= 2) {
        if (!plan_for(plan, passes, threads, &needed)) return false;
        if (needed <= limit) return true;
    }
    return needed == SIZE_MAX || plan_for(plan, passes, 1, &needed);
}

/* Where all that does not suffice for a limit, the solvers go that need much workspace, whose
 * results are other bits: so one thread decides that, however many there are. */
static bool make_program(ad_plan *plan, const ad_passes *passes)
{
    size_t limit = plan->options->memory_limit, needed, least = SIZE_MAX;
    int threads = limit ? 1 : plan->program->device.machine.threads;
    for (int attempt = 0; attempt < 2; ++attempt) {
        plan->small = attempt > 0;
        if (!plan_for(plan, passes, threads, &needed)) return false;
        if (!limit || needed <= limit)
            return (!limit || plan_for_most(plan, passes)) && ad_program_prepare(plan->program);
        if (needed < least) least = needed;
    }
    return fail_limit(plan, least);
}

static bool compile(ad_program *program, ad_graph *graph, ad_node *const *outputs, int count,
                    const ad_compile_options *options)
{
    ad_context *ctx = program->ctx;
    if (ad_device_open(&program->device, ctx, (int)options->device) != AD_OK) return false;
    int n = 0;
    ad_node **nodes = ad_reachable(graph, outputs, count, &n);
    if (!nodes || !list_inputs(program, nodes, n) || !list_storages(program, nodes, n) ||
        !list_outputs(program, outputs, count))
        return false;
    ad_passes passes = {.ctx = ctx,
                        .options = options,
                        .device = &program->device,
                        .graph = graph,
                        .outputs = (ad_node **)outputs,
                        .n_outputs = count,
                        .compile = ad_compile};
    ad_plan plan = {.ctx = ctx,
                    .program = program,
                    .arena = &program->arena,
                    .options = options,
                    .device = program->device};
    ad_arena_init(&plan.scratch, ctx);
    double begin = ad_thread_seconds();
    bool done = ad_passes_run(&passes);
    add_cost(program, "passes", ad_thread_seconds() - begin, 0);
    if (done && options->keep_stages)
        done = ad_program_keep_stages(program, graph, outputs, &passes);
    done = done && make_program(&plan, &passes);
    if (done && VERIFIES && ad_program_verify(program) != AD_OK) done = false;
    ad_arena_free(&plan.scratch);
    ad_passes_free(&passes);
    return done;
}

ad_status ad_compile(ad_program **program, ad_context *ctx, ad_node *const *outputs, int count,
                     const ad_compile_options *options)
{
    if (!options) options = &no_options;
    *program = NULL;
    ad_graph *graph = common_graph(ctx, outputs, count);
    if (!graph) return ad_error_status(ctx);
    ad_program *made = ad_zalloc(ctx, sizeof *made);
    if (!made) return AD_ERROR_MEMORY;
    made->ctx = ctx;
    made->check_finite = options->check_finite;
    ad_arena_init(&made->arena, ctx);
    if (!compile(made, graph, outputs, count, options)) {
        ad_program_free(made);
        return ad_error_status(ctx);
    }
    *program = made;
    return AD_OK;
}
