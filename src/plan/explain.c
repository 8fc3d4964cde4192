/* explain.c - a program printed for people: the graph before and after the passes, the kernels with
 * what they cover, and the schedule with the map of the arena. */
#include "plan/pass.h"
#include "plan/plan.h"

#include <string.h>

static void to_text(void *user, const char *bytes, size_t length)
{
    ad_text_bytes(user, bytes, length);
}

static const char *printed(ad_program *program, ad_graph *graph, ad_node *const *outputs, int n,
                           ad_format format)
{
    ad_text text;
    ad_text_init(&text, program->ctx);
    ad_status status = ad_graph_print(graph, outputs, n, format, to_text, &text);
    const char *copy = status == AD_OK && !text.failed
                           ? ad_arena_text(&program->arena, ad_text_get(&text))
                           : NULL;
    ad_text_free(&text);
    return copy;
}

bool ad_program_keep_stages(ad_program *program, ad_graph *graph, ad_node *const *outputs,
                            const struct ad_passes *passes)
{
    for (int format = AD_TEXT; format <= AD_JSON; ++format) {
        const char *before = printed(program, graph, outputs, passes->n_outputs, (ad_format)format);
        const char *after = printed(program, passes->graph, passes->outputs, passes->n_outputs,
                                    (ad_format)format);
        if (!before || !after) return false;
        program->stage[AD_STAGE_GRAPH][format] = before;
        program->stage[AD_STAGE_PASSES][format] = after;
    }
    return true;
}

/* "12.3 MB" */
static void add_bytes(ad_text *text, double bytes)
{
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB"};
    int unit = 0;
    while (bytes >= 1000 && unit < 4) bytes /= 1000, ++unit;
    ad_text_format(text, unit ? "%.1f %s" : "%.0f %s", bytes, units[unit]);
}

static void add_flops(ad_text *text, double flops)
{
    static const char *const units[] = {"", "k", "M", "G", "T"};
    int unit = 0;
    while (flops >= 1000 && unit < 4) flops /= 1000, ++unit;
    ad_text_format(text, unit ? "%.1f %sFLOP" : "%.0f %sFLOP", flops, units[unit]);
}

static void add_operand(ad_text *text, const ad_operand *operand)
{
    ad_text_format(text, "%s[", ad_dtype_name(operand->dtype));
    for (int i = 0; i < operand->rank; ++i)
        ad_text_format(text, "%s%lld", i ? "," : "", (long long)operand->dim[i]);
    ad_text_add(text, "]");
    if (ad_operand_contiguous(operand)) return;
    for (int i = 0; i < operand->rank; ++i)
        ad_text_format(text, "%s%lld", i ? "," : "/", (long long)operand->stride[i]);
}

static void add_label(ad_text *text, const ad_kernel *kernel)
{
    const char *op = kernel->problem.op == AD_OP_CHAIN ? "" : ad_ops[kernel->problem.op].name;
    bool same = !*op || !strcmp(op, kernel->solver->name);
    ad_text_format(text, "%s%s%s%s", kernel->packs ? "pack for " : "", same ? "" : op,
                   same ? "" : " ", kernel->solver->name);
    ad_text_format(text, "  %s", kernel->name);
    if (*kernel->covers) ad_text_format(text, " (with %s)", kernel->covers);
    if (kernel->again) ad_text_add(text, " (again)");
}

static void print_kernels(ad_text *text, const ad_program *program)
{
    for (int k = 0; k < program->n_kernels; ++k) {
        const ad_kernel *kernel = program->kernels[k];
        ad_text_format(text, "%4d  ", k);
        add_label(text, kernel);
        ad_text_add(text, "\n      ");
        for (int i = 0; i < kernel->problem.n_in; ++i) {
            if (i) ad_text_add(text, ", ");
            add_operand(text, &kernel->problem.in[i]);
            if (!ad_kernel_reads(kernel, i)) ad_text_add(text, " packed");
        }
        ad_text_add(text, " -> ");
        for (int o = 0; o < kernel->problem.n_out; ++o) {
            if (o) ad_text_add(text, ", ");
            add_operand(text, &kernel->problem.out[o]);
        }
        if (kernel->problem.chain && kernel->problem.chain->n_steps) {
            ad_text_add(text, "\n      ");
            ad_chain_print(text, kernel->problem.chain);
        }
        ad_text_add(text, "\n      ");
        add_flops(text, kernel->flops);
        ad_text_add(text, ", ");
        add_bytes(text, kernel->bytes);
        ad_text_format(text, ", about %.1f us\n", kernel->seconds * 1e6);
    }
}

static void add_place(ad_text *text, const ad_program *program, const ad_ref *ref)
{
    const ad_buffer *buffer = &program->buffers[ref->buffer];
    switch (buffer->place) {
    case AD_IN_ARENA: ad_text_format(text, "@%zu", buffer->offset + (size_t)ref->offset); break;
    case AD_IN_KEPT: ad_text_format(text, "kept@%zu", buffer->offset + (size_t)ref->offset); break;
    case AD_IN_CONSTANT: ad_text_add(text, "constant"); break;
    default: ad_text_add(text, buffer->name); break;
    }
}

static void print_buffers(ad_text *text, const ad_program *program)
{
    ad_text_add(text, "arena:\n");
    for (int b = 0; b < program->n_buffers; ++b) {
        const ad_buffer *buffer = &program->buffers[b];
        if (buffer->place != AD_IN_ARENA || buffer->first < 0) continue;
        int last = buffer->last < program->n_kernels ? buffer->last : program->n_kernels - 1;
        ad_text_format(text, "      [%10zu, %10zu)  steps %d-%d  %s%s%s%s\n", buffer->offset,
                       buffer->offset + buffer->bytes, buffer->first, last, buffer->name,
                       buffer->workspace ? " (workspace)" : "",
                       buffer->shares >= 0 ? " (in place)" : "", buffer->result ? " (result)" : "");
    }
}

static void print_program(ad_text *text, const ad_program *program)
{
    for (int k = 0; k < program->n_kernels; ++k) {
        const ad_kernel *kernel = program->kernels[k];
        ad_text_format(text, "%4d%s ", k, kernel->prepares ? "*" : " ");
        add_label(text, kernel);
        ad_text_add(text, ": ");
        for (int i = 0, listed = 0; i < kernel->problem.n_in; ++i) {
            if (!ad_kernel_reads(kernel, i)) continue;
            if (listed++) ad_text_add(text, ", ");
            add_place(text, program, &kernel->in[i]);
        }
        ad_text_add(text, " -> ");
        if (kernel->packs)
            ad_text_format(text, "kept@%zu", program->buffers[kernel->packed].offset);
        for (int o = 0; o < kernel->problem.n_out && ad_kernel_writes(kernel); ++o) {
            if (o) ad_text_add(text, ", ");
            add_place(text, program, &kernel->out[o]);
        }
        ad_text_add(text, "\n");
    }
    print_buffers(text, program);
    ad_program_stats stats = ad_program_get_stats(program);
    ad_text_format(text, "total: %d kernels", stats.kernels);
    if (program->n_prepare)
        ad_text_format(text, " and %d that prepare constants (*)", program->n_prepare);
    ad_text_add(text, ", ");
    add_flops(text, stats.flops);
    ad_text_add(text, ", ");
    add_bytes(text, stats.bytes);
    ad_text_add(text, " moved; arena ");
    add_bytes(text, (double)stats.arena_bytes);
    ad_text_add(text, ", packed ");
    add_bytes(text, (double)stats.packed_bytes);
    ad_text_add(text, ", constants ");
    add_bytes(text, (double)stats.constant_bytes);
    if (stats.kernels_again)
        ad_text_format(text, "; %d kernels recompute values, %.1f %% of the expected time",
                       stats.kernels_again, 100 * stats.seconds_again / stats.seconds);
    ad_text_add(text, "\n");
}

ad_status ad_explain(const ad_program *program, ad_stage stage, ad_format format, ad_sink sink,
                     void *user)
{
    ad_context *ctx = program->ctx;
    bool graph = stage == AD_STAGE_GRAPH || stage == AD_STAGE_PASSES;
    if (!graph && stage != AD_STAGE_KERNELS && stage != AD_STAGE_PROGRAM)
        return ad_fail(ctx, AD_ERROR_ARGUMENT, "there is no stage %d to explain", (int)stage);
    if (format != AD_TEXT && !(graph && (format == AD_DOT || format == AD_JSON)))
        return ad_fail(ctx, AD_ERROR_UNSUPPORTED, "this stage can only be printed as text%s",
                       graph ? ", dot or json" : "");
    if (graph) {
        const char *kept = program->stage[stage][format];
        if (!kept)
            return ad_fail(ctx, AD_ERROR_ARGUMENT,
                           "the graph stages were not kept: compile with keep_stages");
        sink(user, kept, strlen(kept));
        return AD_OK;
    }
    ad_text text;
    ad_text_init(&text, ctx);
    const ad_device *device = &program->device;
    ad_text_format(&text, "device: %s%s%s\n", device->name, device->target ? ", " : "",
                   device->target ? device->target : "");
    if (stage == AD_STAGE_KERNELS)
        print_kernels(&text, program);
    else
        print_program(&text, program);
    bool failed = text.failed;
    if (!failed) sink(user, ad_text_get(&text), text.length);
    ad_text_free(&text);
    return failed ? AD_ERROR_MEMORY : AD_OK;
}
