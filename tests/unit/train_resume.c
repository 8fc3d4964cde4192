/* train_resume.c - resuming runs that are damaged, extended, parts of others, or spoiled by
 * numbers that end: nothing is lost silently, and each error says what is missing. */
#include "train_toy.h"

static void killed_at_55(const char *arguments)
{
    trouble.kill_at = 55;
    CHECK_INT(toy_train(arguments), -SIGKILL);
    trouble.kill_at = -1;
}

static void what_is_half_written_goes(void)
{
    static const char *const left[] = {"a/config.json.123-0.tmp",
                                       "a/checkpoints/step-000000060.safetensors.9-1.tmp",
                                       "a/samples/text-000000020.txt.77-0.tmp"};
    static const char *const others[] = {"a/samples/notes.tmp", "a/.hidden.1-0.tmp"};
    begin();
    killed_at_55("run=a checkpoint-every=20");
    for (int i = 0; i < 3; ++i) write_file(in(left[i]), "half");
    for (int i = 0; i < 2; ++i) write_file(in(others[i]), "somebody's");
    CHECK_INT(toy_train("resume=a"), 0);
    CHECK_CONTAINS(err, "a: resumed from step 40 of 100");
    for (int i = 0; i < 3; ++i) CHECK(size_of(in(left[i])) < 0);
    for (int i = 0; i < 2; ++i) CHECK(size_of(in(others[i])) > 0);
    end();
}

static void what_is_left_of_a_run_is_not_written_over(void)
{
    begin();
    killed_at_55("run=a checkpoint-every=20");
    CHECK_INT(unlink(in("a/config.json")), 0);
    CHECK_INT(toy_train("run=a"), 1);
    CHECK_CONTAINS(err, "a: already holds a run");
    CHECK_INT(toy_train("resume=a"), 1);
    CHECK_CONTAINS(err, "a: is not a run: it has no config.json");
    CHECK(size_of(in("a/checkpoints/step-000000040.safetensors")) > 0);
    /* a folder with something else in it is as good as an empty one */
    CHECK_INT(mkdir(in("b"), 0777), 0);
    write_file(in("b/notes.txt"), "mine");
    CHECK_INT(toy_train("run=b"), 0);
    CHECK_TEXT(contents(in("b/notes.txt")), "mine");
    end();
}

static void a_run_without_its_checkpoints(void)
{
    begin();
    killed_at_55("run=a checkpoint-every=20");
    CHECK_INT(system("rm a/checkpoints/*"), 0);
    long numbers = size_of(in("a/metrics.jsonl"));
    CHECK_INT(toy_train("resume=a"), 1);
    CHECK_CONTAINS(err, "a/checkpoints: holds no checkpoint, though the run has begun");
    CHECK_INT(size_of(in("a/metrics.jsonl")), numbers);
    /* killed before its first checkpoint it starts */
    CHECK_INT(unlink(in("a/metrics.jsonl")), 0);
    CHECK_INT(toy_train("resume=a"), 0);
    CHECK(size_of(in("a/" LAST)) > 0);
    end();
}

/* The best weights' file is broken, or is gone: the run resumes, and says so. */
static void a_run_without_its_best(void)
{
    begin();
    CHECK_INT(toy_train("run=whole checkpoint-every=20"), 0);
    for (int gone = 0; gone < 2; ++gone) {
        const char *run = gone ? "gone" : "broken";
        char command[128], best[64];
        snprintf(command, sizeof command, "run=%s checkpoint-every=20", run);
        killed_at_55(command);
        snprintf(best, sizeof best, "%s/checkpoints/best.safetensors", run);
        CHECK_INT(gone ? unlink(in(best)) : truncate(in(best), 100), 0);
        snprintf(command, sizeof command, "resume=%s", run);
        CHECK_INT(toy_train(command), 0);
        CHECK_CONTAINS(err, best);
        CHECK_CONTAINS(err, "the search for the best weights starts over");
        CHECK(same_files(in("whole/checkpoints/best.safetensors"), in(best)));
    }
    end();
}

/* Names that only look like a checkpoint's. */
static void names_of_others(void)
{
    static const char *const names[] = {"step-99.safetensors",
                                        "step-+00000099.safetensors",
                                        "step-000000099.safetensors.bak",
                                        "step--00000099.safetensors",
                                        "step-99999999999999999999.safetensors",
                                        "step- 00000099.safetensors"};
    begin();
    killed_at_55("run=a checkpoint-every=20");
    for (size_t i = 0; i < sizeof names / sizeof *names; ++i) {
        char path[128];
        snprintf(path, sizeof path, "a/checkpoints/%s", names[i]);
        write_file(in(path), "not ours");
    }
    CHECK_INT(toy_train("resume=a"), 0);
    CHECK_CONTAINS(err, "resumed from step 40 of 100");
    CHECK_TEXT(contents(in("a/checkpoints/step-99.safetensors")), "not ours");
    end();
}

static void a_longer_run_stays_longer(void)
{
    begin();
    CHECK_INT(toy_train("run=a steps=60"), 0);
    trouble.kill_at = 90;
    CHECK_INT(toy_train("resume=a steps=120 checkpoint-every=10"), -SIGKILL);
    trouble.kill_at = -1;
    CHECK_INT(toy_train("resume=a steps=70"), 1);
    CHECK_CONTAINS(err, "a: is already at step 90, beyond the 70 asked for");
    CHECK_INT(toy_train("resume=a"), 0);
    CHECK_CONTAINS(err, "resumed from step 90 of 120");
    CHECK(size_of(in("a/checkpoints/step-000000120.safetensors")) > 0);
    /* in epochs, of 20 steps: they take the place of the steps */
    CHECK_INT(toy_train("resume=a steps= epochs=7"), 0);
    CHECK(size_of(in("a/checkpoints/step-000000140.safetensors")) > 0);
    CHECK_CONTAINS(contents(in("a/config.json")), "\"epochs\": 7");
    CHECK_CONTAINS(contents(in("a/config.json")), "\"steps\": null");
    CHECK_INT(toy_train("run=c epochs=1 steps=20"), 1);
    CHECK_CONTAINS(err, "--steps, --epochs and --minutes: give one of them");
    end();
}

/* As versions before wrote it: with options about the process, without those that are new. */
static void an_older_config(void)
{
    begin();
    killed_at_55("run=a checkpoint-every=20");
    CHECK_INT(
        system("sed -i 's/\"options\": {/&\"tune\": true, \"wisdom\": \"w\", \"gone\": null, /;"
               "/\"minutes\"/d' a/config.json"),
        0);
    CHECK_CONTAINS(contents(in("a/config.json")), "\"gone\": null");
    CHECK(!strstr(contents(in("a/config.json")), "\"minutes\""));
    CHECK_INT(toy_train("resume=a"), TOY_DONE);
    CHECK_CONTAINS(err, "a: resumed from step 40 of 100");
    CHECK_INT(system("sed -i 's/\"gone\": null/\"gone\": 1/' a/config.json"), 0);
    CHECK_INT(toy_train("resume=a steps=120"), TOY_FAILED);
    CHECK_CONTAINS(err, "a/config.json: unknown option \"gone\"");
    end();
}

static void longer_parts_stay_longer(void)
{
    begin();
    CHECK_INT(toy_train("run=a seeds=2 steps=20"), 0);
    trouble.kill_at = 30;
    CHECK_INT(toy_train("resume=a steps=40"), -SIGKILL);
    trouble.kill_at = -1;
    CHECK_INT(toy_train("resume=a"), 0);
    CHECK(size_of(in("a/seed-0/checkpoints/step-000000040.safetensors")) > 0);
    CHECK(size_of(in("a/seed-1/checkpoints/step-000000040.safetensors")) > 0);
    end();
}

static void a_fold_resumes_with_its_run(void)
{
    begin();
    killed_at_55("run=a folds=3");
    CHECK_INT(toy_train("resume=a/fold-0"), 1);
    CHECK_CONTAINS(err, "a/fold-0: is one fold of a run; resume the folder that holds its folds");
    CHECK_INT(toy_train("resume=a"), 0);
    CHECK(size_of(in("a/fold-2/" LAST)) > 0);
    end();
}

/* The loss of the step is finite, the parameters after it are not. */
static void a_gradient_that_ends(void)
{
    begin();
    trouble.slope_at = 47;
    CHECK_INT(toy_train("run=a checkpoint-every=10 eval-every=1"), 1);
    CHECK_CONTAINS(err, "the update makes parameters that are not finite at step 47: ");
    CHECK_CONTAINS(err, "the checkpoint of step 40 is intact");
    CHECK_INT(toy_train("run=b checkpoint-every=48 eval-every=100"), 1);
    CHECK_CONTAINS(err, "not finite at step 47: ");
    CHECK_CONTAINS(err, "the checkpoint of step 0 is intact");
    CHECK(size_of(in("b/checkpoints/step-000000048.safetensors")) < 0);
    trouble.slope_at = -1; /* never, with the same network */
    CHECK_INT(toy_train("resume=a"), 0);
    CHECK_INT(toy_train("run=c eval-every=1"), 0);
    CHECK(same_files(in("a/" LAST), in("c/" LAST)));
    end();
}

static void options_that_no_json_holds(void)
{
    begin();
    CHECK_INT(toy_train("run=a data=x\xff.txt"), 1);
    CHECK_CONTAINS(err, "--data: holds bytes that are not UTF-8");
    CHECK(size_of(in("a/config.json")) < 0);
    CHECK_INT(toy_train("run=b lr=0.1 ema=0.3"), 0);
    CHECK_CONTAINS(contents(in("b/config.json")), "\"lr\": 0.1,");
    CHECK_INT(toy_train("run=c lr=0.10000000000000002"), 0);
    CHECK_CONTAINS(contents(in("c/config.json")), "\"lr\": 0.10000000000000002,");
    end();
}

static const check_case cases[] = {CASE(what_is_half_written_goes),
                                   CASE(what_is_left_of_a_run_is_not_written_over),
                                   CASE(a_run_without_its_checkpoints),
                                   CASE(a_run_without_its_best),
                                   CASE(names_of_others),
                                   CASE(a_longer_run_stays_longer),
                                   CASE(an_older_config),
                                   CASE(longer_parts_stay_longer),
                                   CASE(a_fold_resumes_with_its_run),
                                   CASE(a_gradient_that_ends),
                                   CASE(options_that_no_json_holds),
                                   {0}};

int main(int argc, char **argv)
{
    return check_main(argc, argv, cases);
}
