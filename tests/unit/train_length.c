/* train_length.c - how long: counted in frames instead of steps, and in minutes, which become a
 * number of steps that the same run can be made with again. */
#include "train_game.h"

static void frames(void)
{
    begin_game();
    rules.counted = true;
    /* a step makes 3 or 7 frames, so that multiples are jumped over */
    CHECK_INT(
        toy_train("run=whole steps=500 eval-every=100 log-every=50 checkpoint-every=100 keep=9"),
        TOY_DONE);
    CHECK_CONTAINS(out, "500 of 500: ");
    CHECK_CONTAINS(out, "\nframes 500 ");
    CHECK_CONTAINS(out, "\nsteps 100 ");
    CHECK_INT(lines_of(in("whole/metrics.jsonl")), 10 + 5);
    CHECK_CONTAINS(contents(in("whole/metrics.jsonl")), "{\"step\":500,");
    CHECK(!strstr(contents(in("whole/metrics.jsonl")), "epoch"));
    for (int step = 20; step <= 100; step += 20) { /* of the loop: 20 make 100 frames */
        char path[128];
        snprintf(path, sizeof path, "whole/checkpoints/step-%09d.safetensors", step);
        if (size_of(in(path)) < 0) CHECK_FAIL("%s is missing", path);
    }
    rules.kill_at = 53;
    CHECK_INT(toy_train("run=parts steps=500 eval-every=100 log-every=50 checkpoint-every=100"),
              -SIGKILL);
    rules.kill_at = -1;
    CHECK_INT(toy_train("resume=parts threads=2"), TOY_DONE);
    CHECK_CONTAINS(err, "parts: resumed from step 200 of 500");
    CHECK(same_files(in("whole/" LAST), in("parts/" LAST)));
    CHECK_INT(lines_of(in("parts/metrics.jsonl")), 10 + 5);
    CHECK_INT(toy_train("resume=parts steps=490"), TOY_FAILED);
    CHECK_CONTAINS(err, "parts: is already at step 500, beyond the 490 asked for");
    end();
}

/* Multiples that no step ends on. */
static void frames_that_jump(void)
{
    begin_game();
    rules.counted = true;
    CHECK_INT(toy_train("run=a steps=101 eval-every=6 log-every=11"), TOY_DONE);
    CHECK_CONTAINS(out, "\nframes 103 "); /* the first that is not less */
    /* evaluations: 6 (10), 12 (13), 18 (20), ..., and the end; each is due once */
    int evaluations = 0;
    for (const char *at = out; (at = strstr(at, " of 101: ")); ++at) ++evaluations;
    int64_t expected = 0, frames_ = 0;
    for (int64_t step = 0, before = 0; frames_ < 101; ++step, before = frames_) {
        frames_ += step % 2 ? 7 : 3;
        expected += frames_ / 6 > before / 6 || frames_ >= 101;
    }
    CHECK_INT(evaluations, expected);
    end();
}

static void what_is_not_said(void)
{
    begin_game();
    rules.endless = true;
    CHECK_INT(toy_train("run=a"), TOY_FAILED);
    CHECK_CONTAINS(err, "how long is not said; give --steps or --minutes");
    CHECK_INT(toy_train("run=b epochs=1"), TOY_FAILED);
    CHECK_CONTAINS(err, "--epochs: there are none here; give --steps");
    CHECK_INT(toy_train("run=c steps=10"), TOY_DONE);
    end();
}

/* ---- minutes ---- */

static int64_t steps_of(const char *run)
{
    char path[64];
    snprintf(path, sizeof path, "%s/config.json", run);
    const char *steps = strstr(contents(in(path)), "\"steps\": ");
    return steps ? strtoll(steps + 9, NULL, 10) : -1;
}

static bool same_last(const char *a, const char *b, int64_t steps)
{
    char x[128], y[128];
    bool same = true;
    static const char *const names[] = {"step-%09lld.safetensors", "step-%09lld.ring.state"};
    for (int i = 0; i < 2; ++i) {
        char name[64];
        snprintf(name, sizeof name, names[i], (long long)steps);
        snprintf(x, sizeof x, "%s/checkpoints/%s", a, name);
        snprintf(y, sizeof y, "%s/checkpoints/%s", b, name);
        same &= same_files(in(x), in(y));
    }
    return same;
}

static void minutes(void)
{
    char told[128];
    begin_game();
    rules.endless = true;
    CHECK_INT(toy_train("run=a minutes=0.02 schedule=cosine eval-every=1000 log-every=100"),
              TOY_DONE);
    CHECK_CONTAINS(err, "0.02 minutes: ");
    const char *config = contents(in("a/config.json"));
    int64_t steps = steps_of("a");
    CHECK(steps > 10);
    CHECK_CONTAINS(config, "\"minutes\": null");
    CHECK_CONTAINS(config, "\"minutes\": 0.02"); /* what the steps were chosen for */
    /* the same run, made with those steps; measuring has left nothing behind */
    snprintf(told, sizeof told, "run=b steps=%lld schedule=cosine eval-every=1000 log-every=100",
             (long long)steps);
    CHECK_INT(toy_train(told), TOY_DONE);
    CHECK(same_last("a", "b", steps));
    CHECK(same_files(in("a/checkpoints/best.safetensors"), in("b/checkpoints/best.safetensors")));
    CHECK_INT(lines_of(in("a/metrics.jsonl")), lines_of(in("b/metrics.jsonl")));
    /* resumed, it ends where it was to end */
    rules.kill_noted = 300;
    CHECK_INT(toy_train("run=c minutes=0.02 schedule=cosine eval-every=1000 checkpoint-every=200"),
              -SIGKILL);
    rules.kill_noted = 0;
    int64_t fixed = steps_of("c");
    CHECK(fixed > 300);
    CHECK_INT(toy_train("resume=c checkpoint-every="), TOY_DONE);
    CHECK_CONTAINS(err, "c: resumed from step 200 of ");
    CHECK(!strstr(err, "minutes: "));
    CHECK_INT(steps_of("c"), fixed);
    CHECK_CONTAINS(contents(in("c/config.json")), "\"minutes\": 0.02");
    snprintf(told, sizeof told, "run=d steps=%lld schedule=cosine eval-every=1000",
             (long long)fixed);
    CHECK_INT(toy_train(told), TOY_DONE);
    CHECK(same_last("c", "d", fixed));
    end();
}

/* Killed or stopped while it is measured, the minutes stay minutes. */
static void measured_anew(void)
{
    begin_game();
    rules.kill_at = 3;
    CHECK_INT(toy_train("run=a minutes=0.02"), -SIGKILL);
    CHECK_INT(steps_of("a"), 0); /* null */
    rules.kill_at = -1;
    CHECK_INT(toy_train("resume=a"), TOY_DONE);
    CHECK_CONTAINS(err, "0.02 minutes: ");
    CHECK(steps_of("a") > 10);
    rules.stop_at = 3;
    CHECK_INT(toy_train("run=b minutes=0.02"), TOY_STOPPED);
    CHECK(!strstr(err, "0.02 minutes: "));
    CHECK_INT(steps_of("b"), 0);
    rules.stop_at = -1;
    CHECK_INT(toy_train("resume=b"), TOY_DONE);
    CHECK(steps_of("b") > 10);
    end();
}

/* Minutes that a run is given later count what it has trained already, and measuring leaves its
 * sums since the last line as they were. */
static void minutes_when_resumed(void)
{
    char told[128];
    begin_game();
    rules.stop_at = 54;
    CHECK_INT(toy_train("run=a steps=1000 log-every=10 schedule=constant eval-every=1000"),
              TOY_STOPPED);
    rules.stop_at = -1;
    CHECK_INT(toy_train("resume=a steps= minutes=0.02"), TOY_DONE);
    CHECK_CONTAINS(err, "a: resumed from step 55\n");
    int64_t steps = steps_of("a");
    CHECK(steps > 55);
    snprintf(told, sizeof told, "run=b steps=%lld log-every=10 schedule=constant eval-every=1000",
             (long long)steps);
    CHECK_INT(toy_train(told), TOY_DONE);
    CHECK(same_last("a", "b", steps));
    CHECK(same_numbers("a", "b"));
    /* where no time is left, a step more is made */
    CHECK_INT(toy_train("resume=b steps= minutes=0.01"), TOY_DONE);
    CHECK(steps_of("b") > steps);
    end();
}

static void minutes_in_frames(void)
{
    begin_game();
    rules.counted = true;
    CHECK_INT(toy_train("run=a minutes=0.02 eval-every=100000"), TOY_DONE);
    CHECK_CONTAINS(err, " frames\n");
    int64_t frames_ = steps_of("a");
    const char *got = strstr(out, "\nframes "), *steps = strstr(out, "\nsteps ");
    REQUIRE(got && steps);
    CHECK(strtod(got + 8, NULL) >= (double)frames_ && strtod(got + 8, NULL) < (double)frames_ + 7);
    CHECK_NEAR(strtod(got + 8, NULL) / strtod(steps + 7, NULL), 5, 0.1);
    end();
}

static const check_case cases[] = {
    CASE(frames),        CASE(frames_that_jump),     CASE(what_is_not_said),  CASE(minutes),
    CASE(measured_anew), CASE(minutes_when_resumed), CASE(minutes_in_frames), {0}};

int main(int argc, char **argv)
{
    return check_main(argc, argv, cases);
}
