/* train_session.c - training without a command line, in this process: settings by name, a watcher
 * or none, results; and with memory that runs out at each allocation in turn. */
#define GAME_RING 1024 /* many runs are made */
#include "sparing.h"
#include "train_game.h"

static ad_context *ctx;

static void open_context(void)
{
    begin_game();
    ctx = ad_context_new(&(ad_context_options){.threads = 2});
}

/* Checks that nothing stays allocated. */
static void close_context(void)
{
    CHECK_INT(ad_context_memory(ctx), 0);
    ad_context_free(ctx);
    end();
}

static void no_command_line(void)
{
    static const ad_record *const records[] = {&ad_train_record, NULL};
    open_context();
    ad_settings *settings;
    ad_outcome outcome;
    REQUIRE(!ad_settings_new(&settings, ctx, records, NULL));
    CHECK(!ad_settings_set(settings, "steps", "40"));
    CHECK(!ad_settings_set(settings, "log_every", "10"));
    const ad_session session = {.app = "test",
                                .system = "game",
                                .verb = "train",
                                .settings = settings,
                                .folder = "a",
                                .once = game_once};
    CHECK_INT(ad_session_run(&session, &outcome), AD_OK); /* nobody watches */
    CHECK_TEXT(outcome.folder, "a");
    CHECK(!outcome.interrupted && !outcome.was_finished);
    CHECK_INT(outcome.parts, 1);
    CHECK_NEAR(ad_metrics_get(&outcome.mean, "steps"), 40, 0);
    CHECK(isfinite(ad_metrics_get(&outcome.mean, "test_mean")));
    ad_outcome_free(&outcome);
    CHECK(size_of(in("a/checkpoints/step-000000040.safetensors")) > 0);
    CHECK(size_of(in("a/report.html")) > 0);
    /* a folder of its own name */
    ad_session unnamed = session;
    unnamed.folder = NULL;
    CHECK_INT(ad_session_run(&unnamed, &outcome), AD_OK);
    CHECK(!strncmp(outcome.folder, "runs/game-", 10));
    ad_outcome_free(&outcome);
    ad_settings_free(settings);
    close_context();
}

/* ---- who watches ---- */

typedef struct seen {
    int starts, notes, progress, asked, notable;
    int64_t last, steps;
    double rate;
    char note[256];
} seen;

static void see_start(void *user)
{
    ++((seen *)user)->starts;
}
static void see_note(void *user, const char *sentence)
{
    seen *s = user;
    ++s->notes;
    snprintf(s->note, sizeof s->note, "%s", sentence);
}
static void see_progress(void *user, const ad_progress *p)
{
    seen *s = user;
    ++s->progress;
    s->notable += p->notable;
    CHECK(p->step > s->last);
    CHECK(!p->counted && p->memory > 0 && p->count >= 1);
    s->last = p->step, s->steps = p->steps, s->rate = p->rate;
}
static bool see_interrupted(void *user)
{
    return ++((seen *)user)->asked > 20;
}

static void a_watcher(void)
{
    open_context();
    ad_outcome outcome;
    seen s = {0};
    ad_watcher watcher = {see_start, see_progress, see_note, NULL, &s};
    CHECK_INT(toy_session(ctx, "run=a steps=30 eval-every=10", watcher, &outcome), AD_OK);
    ad_outcome_free(&outcome);
    CHECK_INT(s.starts, 1);
    CHECK_INT(s.progress, 30);
    CHECK_INT(s.notable, 3);
    CHECK_INT(s.last, 30);
    CHECK_INT(s.steps, 30);
    CHECK_INT(s.notes, 1); /* what begins */
    s = (seen){0};
    watcher.interrupted = see_interrupted;
    CHECK_INT(toy_session(ctx, "run=b steps=30 eval-every=10", watcher, &outcome), AD_OK);
    CHECK(outcome.interrupted && outcome.mean.count == 0);
    ad_outcome_free(&outcome);
    CHECK_INT(s.progress, 20);
    CHECK(size_of(in("b/checkpoints/step-000000020.safetensors")) > 0);
    s = (seen){0};
    watcher.interrupted = NULL;
    CHECK_INT(toy_session(ctx, "resume=b", watcher, &outcome), AD_OK);
    CHECK(!outcome.interrupted);
    ad_outcome_free(&outcome);
    CHECK_TEXT(s.note, "b: resumed from step 20 of 30");
    CHECK(same_files(in("a/checkpoints/step-000000030.safetensors"),
                     in("b/checkpoints/step-000000030.safetensors")));
    CHECK_INT(toy_session(ctx, "resume=b", watcher, &outcome), AD_OK);
    CHECK(outcome.was_finished && outcome.mean.count > 3);
    ad_outcome_free(&outcome);
    close_context();
}

/* ---- results ---- */

/* As many as there are come through: the outcome, the files, the means over parts. */
static void long_lists(void)
{
    open_context();
    ad_outcome outcome;
    ad_run_info *info;
    rules.metrics = 40;
    CHECK_INT(toy_session(ctx, "run=a steps=20 seeds=2", (ad_watcher){0}, &outcome), AD_OK);
    CHECK_INT(outcome.parts, 2);
    CHECK_INT(outcome.mean.count, 2 * 41 + 3);
    CHECK_INT(outcome.deviation.count, outcome.mean.count);
    CHECK_NEAR(ad_metrics_get(&outcome.mean, "test_further-39"), 39.5, 0);
    CHECK_NEAR(ad_metrics_get(&outcome.mean, "validation_further-17"), 17.5, 0);
    CHECK_NEAR(ad_metrics_get(&outcome.deviation, "test_further-39"), 0, 0);
    CHECK(ad_metrics_get(&outcome.deviation, "test_mean") > 0);
    ad_outcome_free(&outcome);
    REQUIRE(!ad_run_info_open(&info, ctx, "a"));
    CHECK_INT(info->result.count, 2 * 41 + 3);
    CHECK_NEAR(ad_metrics_get(&info->result, "test_further-39"), 39.5, 0);
    CHECK_INT(info->part_count, 2);
    CHECK_NEAR(ad_metrics_get(&info->parts[1]->result, "test_further-39"), 39.5, 0);
    bool logged = false;
    for (int i = 0; i < info->parts[0]->series_count; ++i)
        logged |= !strcmp(info->parts[0]->series[i].name, "validation/further-39");
    CHECK(logged);
    ad_run_info_close(info);
    close_context();
}

static void a_failure(void)
{
    open_context();
    ad_outcome outcome;
    ad_run_info *info;
    rules.nan_at = 3;
    CHECK_INT(toy_session(ctx, "run=a", (ad_watcher){0}, &outcome), AD_ERROR_NUMERIC);
    CHECK_CONTAINS(ad_error(ctx), "the generator/loss is nan at step 7: ");
    CHECK_TEXT(outcome.folder, "a");
    ad_outcome_free(&outcome);
    REQUIRE(!ad_run_info_open(&info, ctx, "a"));
    CHECK_INT(info->state, AD_RUN_FAILED);
    CHECK_CONTAINS(info->error, "the generator/loss is nan at step 7: ");
    ad_run_info_close(info);
    CHECK_CONTAINS(contents(in("a/log.txt")), "failed: the generator/loss is nan at step 7: ");
    CHECK_INT(toy_session(ctx, "resume=nowhere", (ad_watcher){0}, &outcome), AD_ERROR_NOT_FOUND);
    ad_outcome_free(&outcome);
    CHECK_INT(toy_session(ctx, "run=b steps=10 minutes=1", (ad_watcher){0}, &outcome),
              AD_ERROR_ARGUMENT);
    ad_outcome_free(&outcome);
    CHECK(size_of(in("b")) < 0);
    /* settings without those of training */
    static const ad_record *const records[] = {&toy_record, NULL};
    ad_settings *settings;
    REQUIRE(!ad_settings_new(&settings, ctx, records, NULL));
    const ad_session session = {.system = "game", .settings = settings, .once = game_once};
    CHECK_INT(ad_session_run(&session, &outcome), AD_ERROR_ARGUMENT);
    CHECK_TEXT(ad_error(ctx), "the session has no settings of training");
    ad_outcome_free(&outcome);
    ad_settings_free(settings);
    close_context();
}

/* ---- memory that runs out ---- */

/* A run of its own each time. */
static ad_status begin_poor(ad_context *poor)
{
    ad_outcome outcome;
    CHECK_INT(system("rm -rf a"), 0);
    ad_status status = toy_session(poor, "run=a steps=2 ema=0.5", (ad_watcher){0}, &outcome);
    ad_outcome_free(&outcome);
    return status;
}

/* The same run, which goes as far as memory allows. */
static ad_status resume_poor(ad_context *poor)
{
    ad_outcome outcome;
    ad_status status = toy_session(poor, "resume=parts checkpoint-every=1", (ad_watcher){0},
                                   &outcome);
    ad_outcome_free(&outcome);
    return status;
}

static bool at_once(void *user)
{
    (void)user;
    return true;
}

/* Stopped while it is measured. */
static ad_status measure_poor(ad_context *poor)
{
    ad_outcome outcome;
    CHECK_INT(system("rm -rf a"), 0);
    ad_status status = toy_session(poor, "run=a minutes=10", (ad_watcher){.interrupted = at_once},
                                   &outcome);
    if (!status) CHECK(outcome.interrupted);
    ad_outcome_free(&outcome);
    return status;
}

static ad_status read_poor(ad_context *poor)
{
    ad_run_info *info;
    ad_status status = ad_run_info_open(&info, poor, "whole");
    CHECK(!status == !!info);
    if (info) {
        CHECK(info->part_count == 2 && info->result.count > 3);
        CHECK(info->parts[1]->series_count > 3 && info->parts[1]->result.count > 3);
    }
    ad_run_info_close(info);
    return status;
}

static ad_status report_poor(ad_context *poor)
{
    return ad_run_report(poor, "whole");
}

static void poor_training(void)
{
    begin_game();
    sparing_check(begin_poor);
    sparing_check(measure_poor);
    end();
}

/* Each allocation of a run and its parts was refused once, and it ends in the same bytes. */
static void poor_resuming(void)
{
    begin_game();
    CHECK_INT(toy_train("run=whole steps=20 seeds=2"), TOY_DONE);
    CHECK_INT(toy_train("run=parts steps=20 seeds=2"), TOY_DONE);
    CHECK_INT(system("rm parts/result.json parts/seed-?/result.json parts/seed-?/checkpoints/* "
                     "parts/seed-?/metrics.jsonl"),
              0);
    sparing_check(resume_poor);
    for (int seed = 0; seed < 2; ++seed) {
        char whole[128], parts[128];
        snprintf(whole, sizeof whole, "whole/seed-%d/checkpoints/step-000000020.safetensors", seed);
        snprintf(parts, sizeof parts, "parts/seed-%d/checkpoints/step-000000020.safetensors", seed);
        CHECK(same_files(in(whole), in(parts)));
    }
    sparing_check(read_poor);
    sparing_check(report_poor);
    end();
}

/* Steps per second of training: what evaluations take is left out. */
static void a_rate_of_training(void)
{
    open_context();
    ad_outcome outcome;
    seen s = {0};
    const ad_watcher watcher = {.progress = see_progress, .user = &s};
    ad_status (*before)(void *, ad_run_folder *, ad_run_part, ad_train_result *) = toy_once;
    toy_once = once;
    trouble.evaluation_ms = 250;
    double began = ad_seconds();
    CHECK_INT(
        toy_session(ctx, "run=a steps=6000 eval-every=1500 log-every=1500", watcher, &outcome),
        AD_OK);
    double all = ad_seconds() - began;
    ad_outcome_free(&outcome);
    if (all - 6 * 0.25 > 1) CHECK(s.rate > 1.2 * 6000 / all);
    toy_once = before;
    close_context();
}

static const check_case cases[] = {
    CASE(no_command_line), CASE(a_watcher),     CASE(a_rate_of_training), CASE(long_lists),
    CASE(a_failure),       CASE(poor_training), CASE(poor_resuming),      {0}};

int main(int argc, char **argv)
{
    return check_main(argc, argv, cases);
}
