/* profile.c - `--profile`: the trace of a training is a trace by the rules of its format, holds
 * every kernel of the step, and adds up; the tracer sees what the profile of a program sees. */
#include "train_toy_verb.h"

#include <jansson.h>
#include <time.h>

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* ---- a program ---- */

enum { MOST = 64 };
static struct seen {
    char does[MOST][96], node[MOST][96];
    double spent[MOST], last_end;
    int64_t first_run, last_run;
    int rows, events;
} seen;

static void see(void *user, const ad_trace_event *event)
{
    struct seen *s = user;
    REQUIRE(event->kernel < MOST);
    CHECK(event->begin >= s->last_end && event->end >= event->begin);
    CHECK_INT(event->program, 1);
    CHECK(event->arithmetic == AD_F32);
    snprintf(s->does[event->kernel], sizeof s->does[0], "%s", event->does);
    snprintf(s->node[event->kernel], sizeof s->node[0], "%s", event->node);
    s->spent[event->kernel] += event->end - event->begin;
    s->last_end = event->end, s->last_run = event->run;
    if (!s->first_run) s->first_run = event->run;
    ++s->events;
}

static void compare(void *user, const ad_profile_row *row)
{
    struct seen *s = user;
    CHECK_TEXT(row->kernel, s->does[s->rows]);
    CHECK_TEXT(row->node, s->node[s->rows]);
    CHECK_NEAR(row->seconds, s->spent[s->rows] / 3, 1e-9); /* the mean of its three runs */
    ++s->rows;
}

static void tracer(void)
{
    ad_context *ctx = ad_context_new(&(ad_context_options){.threads = 1});
    ad_graph *g = ad_graph_new(ctx);
    ad_node *x = ad_input(g, "x", AD_F32, ad_shape(8, 8)), *sum;
    ad_node *h = ad_tanh(ad_matmul(x, ad_matmul(x, x)));
    ad_node *y = ad_sum(ad_softmax(h, 1), AD_ALL_AXES, false);
    ad_program *program;
    float values[64];
    for (int i = 0; i < 64; ++i) values[i] = (float)i / 64;
    ad_gradients(y, &x, 1, &sum);
    REQUIRE(!ad_compile(&program, ctx, (ad_node *[]){y, sum}, 2, NULL));
    REQUIRE(!ad_bind(program, x, values, sizeof values));
    seen = (struct seen){0};
    const ad_tracer watch = {.first = 3, .last = 5, .event = see, .user = &seen};
    ad_trace_programs(ctx, &watch);
    CHECK(!ad_run(program) && !ad_run(program));
    CHECK_INT(seen.events, 0);
    ad_profile_start(program);
    for (int i = 0; i < 3; ++i) CHECK(!ad_run(program));
    CHECK_INT(seen.first_run, 3);
    CHECK_INT(seen.last_run, 5);
    CHECK_INT(seen.events, 3 * ad_program_get_stats(program).kernels);
    ad_profile_read(program, compare, &seen);
    CHECK_INT(seen.rows, ad_program_get_stats(program).kernels);
    CHECK(!ad_run(program)); /* the sixth, of which nothing is seen */
    CHECK_INT(seen.events, 3 * seen.rows);
    ad_trace_programs(ctx, NULL);
    ad_program_free(program);
    ad_graph_free(g);
    ad_context_free(ctx);
}

/* ---- a training ---- */

enum { TRACKS = 8, RUNS = 16 };
typedef struct trace {
    int tracks, kernels[TRACKS]; /* as the tracks' names say */
    int spans[TRACKS][RUNS];
    double last_end[TRACKS], spent; /* microseconds */
} trace;

static void name_event(trace *t, const json_t *event, int track)
{
    const char *kind = json_string_value(json_object_get(event, "name"));
    const char *name = json_string_value(json_object_get(json_object_get(event, "args"), "name"));
    REQUIRE(kind && name);
    if (!strcmp(kind, "process_name")) {
        CHECK_TEXT(name, "app toy train");
        return;
    }
    CHECK_TEXT(kind, "thread_name");
    CHECK_CONTAINS(name, " kernels");
    const char *number = strrchr(name, ',');
    if (number) t->kernels[track] = atoi(number + 1);
    ++t->tracks;
}

static void complete_event(trace *t, const json_t *event, int track)
{
    static const char *const numbers[] = {"GFLOP/s", "GB/s", "roofline %"};
    const json_t *ts = json_object_get(event, "ts"), *dur = json_object_get(event, "dur"),
                 *args = json_object_get(event, "args");
    REQUIRE(json_is_number(ts) && json_is_number(dur) && json_is_object(args));
    double begin = json_number_value(ts), length = json_number_value(dur);
    int64_t run = json_integer_value(json_object_get(args, "run"));
    CHECK(begin >= 0 && length >= 0);
    if (!(begin >= t->last_end[track] - 1e-6)) /* of doubles; times have three places */
        CHECK_FAIL("track %d: %.3f begins before %.3f", track, begin, t->last_end[track]);
    t->last_end[track] = begin + length, t->spent += length;
    CHECK_CONTAINS(json_string_value(json_object_get(event, "name")), ": ");
    for (int i = 0; i < 3; ++i) {
        const json_t *number = json_object_get(args, numbers[i]);
        CHECK(json_is_number(number) && json_number_value(number) >= 0);
    }
    REQUIRE(run >= 3 && run <= 12);
    ++t->spans[track][run];
}

/* Reads it by the rules of the Trace Event Format; false (failed) if it is not a trace at all. */
static bool read_trace(const char *path, trace *t)
{
    json_error_t error;
    json_t *root = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
    json_t *events = json_object_get(root, "traceEvents");
    *t = (trace){0};
    if (!json_is_array(events)) {
        CHECK_FAIL("%s: %s", path, root ? "no traceEvents" : error.text);
        json_decref(root);
        return false;
    }
    for (size_t i = 0; i < json_array_size(events); ++i) {
        const json_t *event = json_array_get(events, i), *tid = json_object_get(event, "tid");
        const char *phase = json_string_value(json_object_get(event, "ph"));
        CHECK_INT(json_integer_value(json_object_get(event, "pid")), 1);
        int track = (int)json_integer_value(tid);
        if (!phase || !json_is_integer(tid) || track < 0 || track >= TRACKS) {
            CHECK_FAIL("event %zu has no phase or track", i);
        } else if (!strcmp(phase, "M")) {
            name_event(t, event, track);
        } else {
            CHECK_TEXT(phase, "X");
            complete_event(t, event, track);
        }
    }
    json_decref(root);
    return true;
}

static void a_training(void)
{
    static const int least[3] = {10, 20, 2};
    trace t;
    begin();
    double start = seconds();
    CHECK_INT(toy_command("--run a --profile trace.json --accumulate 2"), 0);
    double wall = seconds() - start;
    CHECK_CONTAINS(err, "the longest:");
    CHECK_CONTAINS(err, "GFLOP/s   GB/s  roofline");
    CHECK_CONTAINS(err, "matmul");
    REQUIRE(read_trace(in("trace.json"), &t));
    CHECK_INT(t.tracks, 3); /* the batches before a step's last, the step, the evaluation */
    CHECK(t.spent > 0 && t.spent < 1e6 * wall);
    for (int track = 1; track <= t.tracks; ++track) {
        CHECK(t.kernels[track] >= least[track - 1]);
        for (int run = 3; run <= (track == 3 ? 5 : 12); ++run)
            CHECK_INT(t.spans[track][run], t.kernels[track]);
    }
    end();
}

static void as_asked(void)
{
    trace t;
    begin();
    CHECK_INT(toy_command("--run plain --quiet --steps 20"), 0);
    CHECK_INT(toy_command("--run seen --quiet --steps 20 --profile trace.json"), 0);
    CHECK_TEXT(err, "");
    CHECK(same_files(in("plain/checkpoints/step-000000020.safetensors"),
                     in("seen/checkpoints/step-000000020.safetensors")));
    CHECK(same_files(in("plain/checkpoints/best.safetensors"),
                     in("seen/checkpoints/best.safetensors")));
    /* the file is replaced; machines are told nothing */
    CHECK_INT(toy_command("--resume seen --steps 22 --json --profile trace.json"), 0);
    CHECK(!strstr(err, "the longest"));
    CHECK(out[0] == '{' && !strstr(out, "roofline"));
    REQUIRE(read_trace(in("trace.json"), &t));
    CHECK_INT(t.tracks,
              1); /* two steps are none after two to warm up; there are three evaluations */
    CHECK_INT(toy_command("--resume seen --steps 22 --profile trace.json"), 0);
    CHECK_CONTAINS(err, "empty, because no program ran more than 2 times");
    end();
}

static void refusals(void)
{
    begin();
    CHECK_INT(toy_command("--run a --profile missing/trace.json"), 1);
    CHECK_CONTAINS(err, "missing/trace.json: ");
    CHECK(size_of(in("a")) < 0); /* nothing was begun */
    CHECK_INT(toy_command("--run a --profile ."), 1);
    CHECK(size_of(in("a")) < 0);
    trouble.file_limit = 3000; /* the file does not fit, the run's do */
    trouble.width = 1;
    CHECK_INT(toy_command("--run a --steps 12 --log-every 12 --profile trace.json"), 1);
    CHECK_CONTAINS(err, "trace.json: ");
    CHECK(size_of(in("trace.json")) < 0);
    end();
}

int main(int argc, char **argv)
{
    return check_main(
        argc, argv,
        (check_case[]){CASE(tracer), CASE(a_training), CASE(as_asked), CASE(refusals), {0}});
}
