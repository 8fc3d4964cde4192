/* profile.c - `--profile FILE`: gathers what the tracer of the context sees, writes it as a trace,
 * and prints the longest kernels.
 *
 * The file is JSON in Chromium's Trace Event Format (docs.google.com/document/d/
 * 1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU). Times are whole nanoseconds until they are
 * written, so that events that do not overlap do not overlap by rounding either. */
#include <autodidact/profile.h>

#include "page/page.h"
#include "base/file.h"
#include "run/run.h"
#include "train/train_loop.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    FIRST_RUN = 3,
    LAST_RUN = 12,
    MOST_EVENTS = 80000, /* some 250 bytes each: 20 MB */
    LONGEST = 10,
    TEXT = 96,
};

typedef struct kernel_row {
    char does[TEXT], node[TEXT];
    double flops, bytes, least; /* least: seconds that the machine's limits allow */
    int program, runs;
    int64_t nanoseconds;
} kernel_row;

typedef struct program_row {
    char name[TEXT];
    int first, kernels; /* its rows */
    int64_t runs, last_run;
} program_row;

typedef struct span {
    int row;
    int32_t run;
    int64_t begin, end; /* nanoseconds since `epoch` */
} span;

struct ad_profile {
    ad_command *cmd;
    ad_context *ctx;
    const char *path;
    ad_tracer tracer;
    ad_peaks peaks;
    double epoch;
    program_row *programs;
    kernel_row *kernels;
    span *spans;
    int n_programs, n_kernels, n_spans;
    int program_room, kernel_room, span_room;
    int64_t left_out; /* events beyond the limit, or of memory */
};

/* ---- gathering ---- */

/* The array with room for `count` items, or NULL: then it is as it was. */
static void *grow(ad_profile *p, void *array, int *room, int count, size_t size)
{
    if (count <= *room) return array;
    int wanted = 2 * count + 64;
    void *grown = ad_realloc(p->ctx, array, (size_t)*room * size, (size_t)wanted * size);
    if (grown)
        *room = wanted;
    else
        ad_error_clear(p->ctx); /* what is computed is no worse for it */
    return grown;
}

static double least_seconds(const ad_peaks *peaks, const ad_trace_event *event)
{
    double peak = event->arithmetic == AD_BF16 && peaks->flops_bf16 > peaks->flops_f32
                      ? peaks->flops_bf16
                      : peaks->flops_f32;
    if (event->arithmetic == AD_F64) peak /= 2; /* half as many to a register */
    return fmax(event->flops / peak, event->bytes / peaks->bandwidth);
}

static bool new_program(ad_profile *p, const ad_trace_event *event)
{
    void *programs = grow(p, p->programs, &p->program_room, event->program, sizeof *p->programs);
    if (programs) p->programs = programs;
    void *kernels = grow(p, p->kernels, &p->kernel_room, p->n_kernels + event->kernels,
                         sizeof *p->kernels);
    if (kernels) p->kernels = kernels;
    if (!programs || !kernels) return false;
    program_row *row = &p->programs[p->n_programs++];
    *row = (program_row){.first = p->n_kernels, .kernels = event->kernels};
    snprintf(row->name, sizeof row->name, "%s", event->name);
    memset(p->kernels + p->n_kernels, 0, (size_t)event->kernels * sizeof *p->kernels);
    p->n_kernels += event->kernels;
    return true;
}

static void take(void *user, const ad_trace_event *event)
{
    ad_profile *p = user;
    bool fits = event->program <= p->n_programs ||
                (event->program == p->n_programs + 1 && new_program(p, event));
    void *spans = NULL;
    if (fits && p->n_spans < MOST_EVENTS)
        spans = grow(p, p->spans, &p->span_room, p->n_spans + 1, sizeof *p->spans);
    if (!spans) {
        ++p->left_out;
        return;
    }
    p->spans = spans;
    program_row *program = &p->programs[event->program - 1];
    kernel_row *row = &p->kernels[program->first + event->kernel];
    span *s = &p->spans[p->n_spans++];
    if (!row->runs) {
        snprintf(row->does, sizeof row->does, "%s", event->does);
        snprintf(row->node, sizeof row->node, "%s", event->node);
        row->flops = event->flops;
        row->bytes = event->bytes;
        row->program = event->program;
        row->least = least_seconds(&p->peaks, event);
    }
    program->runs += event->run != program->last_run;
    program->last_run = event->run;
    *s = (span){.row = program->first + event->kernel,
                .run = (int32_t)event->run,
                .begin = (int64_t)((event->begin - p->epoch) * 1e9),
                .end = (int64_t)((event->end - p->epoch) * 1e9)};
    row->nanoseconds += s->end - s->begin;
    ++row->runs;
}

/* ---- the file ---- */

static void add_microseconds(ad_text *to, const char *name, int64_t nanoseconds)
{
    ad_text_format(to, ",\"%s\":%lld.%03d", name, (long long)(nanoseconds / 1000),
                   (int)(nanoseconds % 1000));
}

/* A metadata event: the name of a process or of a track. */
static void add_name(ad_text *to, const char *kind, int track, const char *name)
{
    ad_text_format(
        to, "{\"ph\":\"M\",\"pid\":1,\"tid\":%d,\"name\":\"%s\",\"args\":{\"name\":", track, kind);
    ad_page_json(to, name);
    ad_text_add(to, "}},\n");
}

static double rate(double amount, double seconds)
{
    return seconds > 0 ? amount / seconds : 0;
}

static void add_span(ad_text *to, const ad_profile *p, const span *s)
{
    const kernel_row *row = &p->kernels[s->row];
    char name[2 * TEXT + 2];
    double seconds = 1e-9 * (double)(s->end - s->begin);
    snprintf(name, sizeof name, "%s: %s", row->does, row->node);
    ad_text_format(to,
                   "{\"ph\":\"X\",\"cat\":\"kernel\",\"pid\":1,\"tid\":%d,\"name\":", row->program);
    ad_page_json(to, name);
    add_microseconds(to, "ts", s->begin);
    add_microseconds(to, "dur", s->end - s->begin);
    ad_text_format(to,
                   ",\"args\":{\"run\":%d,\"GFLOP/s\":%.4g,\"GB/s\":%.4g,\"roofline %%\":%.4g}}",
                   (int)s->run, 1e-9 * rate(row->flops, seconds), 1e-9 * rate(row->bytes, seconds),
                   100 * rate(row->least, seconds));
}

static ad_status write_file(const ad_profile *p)
{
    ad_text to;
    char name[2 * TEXT];
    const ad_verb *verb = ad_command_verb(p->cmd);
    ad_text_init(&to, p->ctx);
    ad_text_add(&to, "{\"displayTimeUnit\":\"ms\",\"otherData\":{\"cpu\":");
    ad_page_json(&to, ad_context_cpu(p->ctx));
    ad_text_format(
        &to,
        ",\"threads\":\"%d\",\"peak GFLOP/s f32\":\"%.4g\",\"peak GFLOP/s bf16\":\"%.4g\","
        "\"peak GB/s\":\"%.4g\",\"events left out\":\"%lld\"},\n\"traceEvents\":[\n",
        ad_context_threads(p->ctx), p->peaks.flops_f32 * 1e-9, p->peaks.flops_bf16 * 1e-9,
        p->peaks.bandwidth * 1e-9, (long long)p->left_out);
    for (int i = 0; i < p->n_programs; ++i) {
        snprintf(name, sizeof name, "program %d: %s, %d kernels", i + 1, p->programs[i].name,
                 p->programs[i].kernels);
        add_name(&to, "thread_name", i + 1, name);
    }
    for (int i = 0; i < p->n_spans; ++i) {
        add_span(&to, p, &p->spans[i]);
        ad_text_add(&to, ",\n");
    }
    snprintf(name, sizeof name, "%s %s %s", ad_command_app(p->cmd)->name,
             verb->system ? verb->system : "", verb->name);
    add_name(&to, "process_name", 0, name);
    to.length -= to.length > 2 ? 2 : 0; /* the last comma */
    if (to.data) to.data[to.length] = 0;
    ad_text_add(&to, "\n]}\n");
    ad_status status = to.failed ? ad_fail(p->ctx, AD_ERROR_MEMORY, "%s: out of memory", p->path)
                                 : ad_run_write(p->ctx, p->path, ad_text_get(&to));
    ad_text_free(&to);
    return status;
}

/* ---- the table ---- */

static int longest_first(const void *a, const void *b)
{
    const kernel_row *x = *(kernel_row *const *)a, *y = *(kernel_row *const *)b;
    if (x->nanoseconds != y->nanoseconds) return x->nanoseconds < y->nanoseconds ? 1 : -1;
    return x < y ? -1 : x > y;
}

static void print_table(const ad_profile *p)
{
    kernel_row **order = ad_alloc(p->ctx, (size_t)(p->n_kernels + 1) * sizeof *order);
    int64_t total = 0, runs = 0;
    if (!order) return;
    for (int i = 0; i < p->n_kernels; ++i) {
        order[i] = &p->kernels[i];
        total += p->kernels[i].nanoseconds;
    }
    for (int i = 0; i < p->n_programs; ++i) runs += p->programs[i].runs;
    qsort(order, (size_t)p->n_kernels, sizeof *order, longest_first);
    ad_command_note(p->cmd,
                    "%s: %lld runs of %d programs, %.3f s in kernels; the longest:", p->path,
                    (long long)runs, p->n_programs, 1e-9 * (double)total);
    if (p->n_kernels)
        ad_command_note(p->cmd,
                        "   share       a run  GFLOP/s   GB/s  roofline  kernel: node (program)");
    for (int i = 0; i < LONGEST && i < p->n_kernels && order[i]->runs; ++i) {
        const kernel_row *row = order[i];
        double seconds = 1e-9 * (double)row->nanoseconds / row->runs;
        ad_command_note(p->cmd, "  %5.1f %%  %7.1f us  %7.1f %6.1f  %6.1f %%  %s: %s (%d)",
                        100 * rate((double)row->nanoseconds, (double)total), 1e6 * seconds,
                        1e-9 * rate(row->flops, seconds), 1e-9 * rate(row->bytes, seconds),
                        100 * rate(row->least, seconds), row->does, row->node, row->program);
    }
    if (p->left_out)
        ad_command_note(p->cmd, "%s: %lld later events are left out", p->path,
                        (long long)p->left_out);
    if (!p->n_spans)
        ad_command_note(p->cmd, "%s: empty, because no program ran more than %d times", p->path,
                        FIRST_RUN - 1);
    ad_free(p->ctx, order, (size_t)(p->n_kernels + 1) * sizeof *order);
}

/* ---- open, close ---- */

static const char *asked_for(ad_command *cmd)
{
    for (const ad_option *o = ad_command_verb(cmd)->options; o && o->name; ++o)
        if (!strcmp(o->name, "profile")) return ad_command_text(cmd, "profile");
    return NULL;
}

int ad_profile_open(ad_profile **profile, ad_command *cmd)
{
    const char *path = asked_for(cmd);
    ad_context *ctx = path ? ad_command_context(cmd) : NULL;
    *profile = NULL;
    if (!path) return AD_EXIT_OK;
    if (!ctx) return AD_EXIT_FAILURE;
    ad_profile *p = NULL;
    if (ad_output_check(ctx, path) || !(p = ad_zalloc(ctx, sizeof *p)) ||
        ad_measure_peaks(ctx, &p->peaks)) {
        ad_free(ctx, p, sizeof *p);
        return ad_command_fail(cmd, "%s", ad_error(ctx));
    }
    p->cmd = cmd;
    p->ctx = ctx;
    p->path = path;
    p->epoch = ad_seconds();
    p->tracer = (ad_tracer){.first = FIRST_RUN, .last = LAST_RUN, .event = take, .user = p};
    ad_trace_programs(ctx, &p->tracer);
    *profile = p;
    return AD_EXIT_OK;
}

int ad_profile_close(ad_profile *p, int status)
{
    if (!p) return status;
    ad_trace_programs(p->ctx, NULL);
    if (write_file(p)) {
        int failed = ad_command_fail(p->cmd, "%s", ad_error(p->ctx));
        if (!status) status = failed;
    } else if (!ad_command_json(p->cmd)) {
        print_table(p);
    }
    ad_free(p->ctx, p->programs, (size_t)p->program_room * sizeof *p->programs);
    ad_free(p->ctx, p->kernels, (size_t)p->kernel_room * sizeof *p->kernels);
    ad_free(p->ctx, p->spans, (size_t)p->span_room * sizeof *p->spans);
    ad_free(p->ctx, p, sizeof *p);
    return status;
}
