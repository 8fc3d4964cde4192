/* train_verb.c - what the verb `train` adds to a session: options and files of options, what may
 * not change, exit statuses, what is printed for people and for programs. */
#include "train_toy_verb.h"

static void what_is_printed(void)
{
    begin();
    CHECK_INT(toy_command("--run a"), 0);
    CHECK_CONTAINS(out, "test_error               0.");
    CHECK_CONTAINS(out, "run                      a\n");
    CHECK_INT(toy_command("--resume a"), 0);
    CHECK_CONTAINS(err, "a is finished; nothing is left to do");
    CHECK_CONTAINS(out, "test_error");
    CHECK_INT(toy_command("--resume a --json --quiet"), 0);
    CHECK_TEXT(err, "");
    CHECK(strstr(out, "{\"event\":\"result\",\"run\":\"a\",\"test_error\":") == out);
    CHECK_INT(toy_command("--run b --seeds 2 --folds 2 --seed 3 --json"), 0);
    const char *last = strstr(out, "{\"event\":\"result\"");
    REQUIRE(last);
    CHECK_CONTAINS(last, "\"test_error_std\":");
    CHECK_CONTAINS(last, "\"std\":");
    CHECK_CONTAINS(last, "\"parts\":4");
    CHECK_INT(toy_command("--run c --seeds 2 --steps 10 --quiet"), 0);
    CHECK_CONTAINS(out, " +- ");
    CHECK_INT(toy_command("--run"), 2);
    CHECK_INT(toy_command("--run c --steps 10"), 1);
    CHECK_CONTAINS(err, "already holds a run");
    end();
}

static void stopped_by_a_signal(void)
{
    begin();
    trouble.stop_at = 30;
    CHECK_INT(toy_command("--run a"), 1);
    CHECK_CONTAINS(err, "stopped and saved; resume with: app toy train --resume a");
    trouble.stop_at = 60;
    CHECK_INT(toy_command("--resume a --json"), 1);
    CHECK_CONTAINS(out, "{\"event\":\"interrupted\",\"run\":\"a\"}");
    trouble.stop_at = -1;
    CHECK_INT(toy_command("--resume a"), 0);
    CHECK_CONTAINS(err, "a: resumed from step 61 of 100");
    CHECK_INT(toy_train("run=b"), TOY_DONE); /* a session makes the same run */
    CHECK(same_files(in("a/" LAST), in("b/" LAST)));
    end();
}

/* A terminal that is closed, Ctrl-C and SIGTERM are the same, and the second ends it at once,
 * whichever it is. */
static void every_signal(void)
{
    static const int signals[] = {SIGHUP, SIGINT, SIGTERM};
    begin();
    for (int i = 0; i < 3; ++i) {
        char run[32], checkpoint[64];
        snprintf(run, sizeof run, "--run %d", i);
        snprintf(checkpoint, sizeof checkpoint, "%d/checkpoints/step-000000031.safetensors", i);
        trouble.stop_at = 30, trouble.by_signal = signals[i], trouble.then = 0;
        CHECK_INT(toy_command(run), 1);
        CHECK(size_of(in(checkpoint)) > 0);
        trouble.stop_at = 10, trouble.then = signals[(i + 1) % 3];
        snprintf(run, sizeof run, "--run again-%d", i);
        CHECK_INT(toy_command(run), -trouble.then);
    }
    end();
}

static void what_cannot_change(void)
{
    begin();
    trouble.kill_at = 55;
    CHECK_INT(toy_command("--run a --quiet"), -SIGKILL);
    trouble.kill_at = -1;
    CHECK_INT(toy_command("--resume a --lr 1"), 2);
    CHECK_CONTAINS(err, "--lr cannot change when a run is resumed: it is 0.01 in a");
    CHECK_INT(toy_command("--resume a --lr 1e-2 --seed 0 --steps 60 --quiet"), 0); /* as it is */
    CHECK_INT(toy_command("--resume a --run b"), 2);
    CHECK_CONTAINS(err, "--resume names the run; --run cannot be given with it");
    CHECK_INT(toy_command("--resume nowhere"), 1);
    CHECK_CONTAINS(err, "nowhere: is not a run: it has no config.json");
    CHECK_INT(toy_command("--resume a --steps 60 --quiet"), 0);
    /* an end takes the place of another */
    CHECK_INT(toy_command("--resume a --epochs 4 --quiet"), 0);
    CHECK_CONTAINS(contents(in("a/config.json")), "\"steps\": null");
    CHECK(size_of(in("a/checkpoints/step-000000080.safetensors")) > 0);
    CHECK_INT(toy_command("--run b --config a/config.json --steps 20 --quiet"), 0);
    CHECK(size_of(in("b/checkpoints/step-000000020.safetensors")) > 0);
    CHECK_INT(toy_command("--run c --steps 20 --minutes 1"), 2);
    CHECK_CONTAINS(err, "--steps, --epochs and --minutes: give one of them");
    CHECK_INT(toy_command("--run c --optimizer adma"), 2);
    CHECK_CONTAINS(err, "\"adma\"");
    CHECK(size_of(in("c")) < 0);
    end();
}

static void options_from_files(void)
{
    begin();
    CHECK_INT(toy_command("--run a --lr 0.02 --seed 9 --steps 100 --quiet"), 0);
    CHECK_INT(toy_command("--run b --config a/config.json --quiet"), 0);
    CHECK(same_files(in("a/" LAST), in("b/" LAST)));
    CHECK_INT(toy_command("--run c --config a/config.json --seed 10 --quiet"), 0);
    CHECK(!same_files(in("a/" LAST), in("c/" LAST)));
    write_file(in("x.json"), "{\"lr\": 0.02, \"sead\": 3}");
    CHECK_INT(toy_command("--run d --config x.json"), 2);
    CHECK_CONTAINS(err, "x.json: unknown option \"sead\"; did you mean \"seed\"?");
    CHECK(size_of(in("d")) < 0);
    write_file(in("x.json"), "{\"lr\": -1}");
    CHECK_INT(toy_command("--run d --config x.json"), 2);
    CHECK_CONTAINS(err, "--lr");
    write_file(in("x.json"), "{\"lr\": [1]}");
    CHECK_INT(toy_command("--run d --config x.json"), 2);
    CHECK_CONTAINS(err, "\"lr\" is a list");
    write_file(in("x.json"), "{\"lr\": ");
    CHECK_INT(toy_command("--run d --config x.json"), 1);
    CHECK_CONTAINS(err, "x.json: line 1");
    write_file(in("x.json"), "{\"system\": \"gpt\", \"options\": {}}");
    CHECK_INT(toy_command("--run d --config x.json"), 2);
    CHECK_CONTAINS(err, "\"gpt train\"");
    CHECK_INT(toy_command("--run d --config none.json"), 1);
    CHECK_CONTAINS(err, "none.json");
    end();
}

static void lists_from_files(void)
{
#define LONG "a-name-that-is-longer-than-a-number-can-be-and-has-to-come-through-whole"
    begin();
    write_file(in("x.json"), "{\"names\": [\"" LONG "\", \"b\", 3]}");
    CHECK_INT(toy_command("--run a --config x.json --steps 10 --quiet"), 0);
    CHECK_CONTAINS(contents(in("a/config.json")), "\"names\": \"" LONG ",b,3\"");
    write_file(in("x.json"), "{\"names\": [\"a,b\"]}");
    CHECK_INT(toy_command("--run b --config x.json --quiet"), 2);
    CHECK_CONTAINS(
        err, "x.json: \"names\" is a list, expected a list of numbers, or of texts without commas");
    end();
}

static const check_case cases[] = {CASE(what_is_printed),
                                   CASE(stopped_by_a_signal),
                                   CASE(every_signal),
                                   CASE(what_cannot_change),
                                   CASE(options_from_files),
                                   CASE(lists_from_files),
                                   {0}};

int main(int argc, char **argv)
{
    return check_main(argc, argv, cases);
}
