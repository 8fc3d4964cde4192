/* train_run.c - runs of a toy system: killed and resumed they end in the same bytes; broken
 * checkpoints, other architectures, other data, numbers that end, parts. */
#include "train_toy.h"

static void a_run_is_a_folder(void)
{
    begin();
    CHECK_INT(toy_train("run=a"), 0);
    CHECK_CONTAINS(out, "test_error");
    CHECK_CONTAINS(out, "best_step");
    static const char *const names[] = {"config.json", "metrics.jsonl",
                                        "log.txt",     "result.json",
                                        LAST,          "checkpoints/best.safetensors"};
    for (size_t i = 0; i < sizeof names / sizeof *names; ++i) {
        char path[300];
        snprintf(path, sizeof path, "a/%s", names[i]);
        if (size_of(in(path)) <= 0) CHECK_FAIL("%s is missing or empty", names[i]);
    }
    CHECK_INT(toy_train("run=a"), TOY_FAILED);
    CHECK_CONTAINS(err, "already holds a run");
    CHECK_INT(toy_train("resume=a"), TOY_DONE);
    CHECK_CONTAINS(err, "was finished");
    CHECK_CONTAINS(out, "test_error");
    CHECK_INT(toy_train("run=deep/down/b"), 0);
    CHECK(size_of(in("deep/down/b/" LAST)) > 0);
    end();
}

/* Killed at several moments, stopped at others, with other numbers of threads. */
static void the_same_bytes(void)
{
    static const char *const variants[] = {
        "keep=1", "ema=0.99 keep=3", "accumulate=3 clip=0.5", "optimizer=sgd",
        "optimizer=rmsprop weight-decay=0 schedule=one-cycle seed=5"};
    for (size_t v = 0; v < sizeof variants / sizeof *variants; ++v) {
        char command[256];
        begin();
        snprintf(command, sizeof command, "run=whole threads=1 checkpoint-every=7 %s", variants[v]);
        CHECK_INT(toy_train(command), 0);
        snprintf(command, sizeof command, "run=parts threads=2 checkpoint-every=7 %s", variants[v]);
        trouble.kill_at = 3;
        CHECK_INT(toy_train(command), -SIGKILL);
        static const int64_t kills[] = {30, 31, 64, 65, 96};
        for (int i = 0; i < 5; ++i) {
            trouble.kill_at = i % 2 ? -1 : kills[i], trouble.stop_at = i % 2 ? kills[i] : -1;
            int status = toy_train(i % 3 ? "resume=parts threads=3" : "resume=parts");
            CHECK_INT(status, i % 2 ? TOY_STOPPED : -SIGKILL);
        }
        trouble.kill_at = trouble.stop_at = -1;
        CHECK_INT(toy_train("resume=parts"), 0);
        CHECK(same_files(in("whole/" LAST), in("parts/" LAST)));
        CHECK(same_files(in("whole/checkpoints/best.safetensors"),
                         in("parts/checkpoints/best.safetensors")));
        CHECK_INT(lines_of(in("parts/metrics.jsonl")), lines_of(in("whole/metrics.jsonl")));
        end();
    }
}

static void a_truncated_checkpoint(void)
{
    begin();
    trouble.kill_at = 55;
    CHECK_INT(toy_train("run=a checkpoint-every=10"), -SIGKILL);
    CHECK(size_of(in("a/checkpoints/step-000000050.safetensors")) > 0);
    CHECK_INT(truncate(in("a/checkpoints/step-000000050.safetensors"), 900), 0);
    trouble.kill_at = -1;
    CHECK_INT(toy_train("resume=a"), 0);
    CHECK_CONTAINS(err, "step-000000050.safetensors");
    CHECK_CONTAINS(err, "resuming from step 40");
    CHECK_INT(toy_train("run=b checkpoint-every=10"), 0);
    CHECK(same_files(in("a/" LAST), in("b/" LAST)));
    /* none is whole */
    trouble.kill_at = 15;
    CHECK_INT(toy_train("run=c checkpoint-every=10"), -SIGKILL);
    CHECK_INT(truncate(in("c/checkpoints/step-000000010.safetensors"), 20), 0);
    CHECK_INT(truncate(in("c/checkpoints/step-000000000.safetensors"), 20), 0);
    CHECK_INT(toy_train("resume=c"), 1);
    CHECK_CONTAINS(err, "step-000000000.safetensors");
    end();
}

static void what_does_not_fit(void)
{
    begin();
    trouble.kill_at = 55;
    CHECK_INT(toy_train("run=a"), -SIGKILL);
    trouble.kill_at = -1, trouble.width = 9;
    CHECK_INT(toy_train("resume=a"), 1);
    CHECK_CONTAINS(err, "a.weight is [8, 1], the network expects [9, 1]");
    trouble.width = 8, trouble.fingerprint = 8;
    CHECK_INT(toy_train("resume=a"), 1);
    CHECK_CONTAINS(err, "the data are not those");
    trouble.fingerprint = 7;
    CHECK_INT(toy_train("resume=a lr=1"), 1);
    CHECK_CONTAINS(err, "--lr cannot change when a run is resumed: it is 0.01 in a");
    CHECK_INT(toy_train("resume=a ema=0.5"), 1);
    CHECK_CONTAINS(err, "--ema cannot change");
    CHECK_INT(toy_train("resume=nowhere"), 1);
    CHECK_CONTAINS(err, "nowhere: is not a run");
    CHECK_INT(toy_train("resume=a"), 0);
    CHECK_INT(toy_train("resume=a steps=120"), 0);
    CHECK(size_of(in("a/checkpoints/step-000000120.safetensors")) > 0);
    end();
}

static void numbers_that_end(void)
{
    begin();
    trouble.nan_at = 47;
    CHECK_INT(toy_train("run=a checkpoint-every=20"), 1);
    CHECK_CONTAINS(err, "step 47");
    CHECK_CONTAINS(err, "step 40 is intact");
    CHECK(size_of(in("a/checkpoints/step-000000040.safetensors")) > 0);
    CHECK_INT(toy_train("run=a"), TOY_FAILED); /* that it failed is no reason to write over it */
    CHECK_CONTAINS(err, "already holds a run");
    trouble.nan_at = -1;
    CHECK_INT(toy_train("resume=a"), 0);
    CHECK_INT(toy_train("run=b"), 0);
    CHECK(same_files(in("a/" LAST), in("b/" LAST)));
    end();
}

static void checkpoints_that_are_kept(void)
{
    begin();
    CHECK_INT(toy_train("run=a checkpoint-every=10 keep=3"), 0);
    CHECK(size_of(in("a/checkpoints/step-000000070.safetensors")) < 0);
    CHECK(size_of(in("a/checkpoints/step-000000080.safetensors")) > 0);
    CHECK(size_of(in("a/checkpoints/step-000000090.safetensors")) > 0);
    end();
}

static void patience(void)
{
    begin();
    CHECK_INT(toy_train("run=a eval-every=1 lr=0 patience=5"), 0);
    CHECK_CONTAINS(out, "\nsteps 6 "); /* one that is best, five that are no better */
    CHECK_CONTAINS(out, "\nbest_step 1 ");
    end();
}

static void parts(void)
{
    begin();
    CHECK_INT(toy_train("run=b seeds=2 folds=2 seed=3"), 0);
    CHECK_CONTAINS(err, "part 4 of 4: b/seed-4-fold-1");
    double mean = 0, deviation = 0;
    const char *error = strstr(out, "test_error ");
    REQUIRE(error);
    CHECK_INT(sscanf(error, "test_error %lf +- %lf", &mean, &deviation), 2);
    CHECK(mean > 0 && mean < 1 && deviation > 0 && deviation < mean);
    CHECK_CONTAINS(out, "\nsteps 100 +- 0\n");
    CHECK(size_of(in("b/seed-3-fold-0/" LAST)) > 0 && size_of(in("b/seed-4-fold-1/" LAST)) > 0);
    CHECK(same_files(in("b/seed-3-fold-0/" LAST), in("b/seed-3-fold-1/" LAST)));
    CHECK(!same_files(in("b/seed-3-fold-0/" LAST), in("b/seed-4-fold-0/" LAST)));
    /* a part on its own is that part */
    CHECK_INT(toy_train("run=c seed=4"), 0);
    CHECK(same_files(in("c/" LAST), in("b/seed-4-fold-0/" LAST)));
    /* killed in its second part, it resumes there */
    trouble.kill_at = 50;
    CHECK_INT(toy_train("run=d seed=3 seeds=2"), -SIGKILL);
    trouble.kill_at = -1;
    CHECK_INT(toy_train("resume=d"), 0);
    CHECK(same_files(in("d/seed-3/" LAST), in("b/seed-3-fold-0/" LAST)));
    CHECK(same_files(in("d/seed-4/" LAST), in("b/seed-4-fold-0/" LAST)));
    CHECK_INT(toy_train("resume=d"), 0);
    CHECK_CONTAINS(err, "was finished");
    CHECK_CONTAINS(out, "test_error ");
    end();
}

/* What the text of an optimizer leaves open is the settings', or its own default. */
static void texts_of_optimizers(void)
{
    static const char *const same[][2] = {
        {"optimizer=adam beta2=0.9 weight-decay=0.01",
         "optimizer=adam:beta2=0.9,weight-decay=0.01"},
        {"optimizer=adam:lr=0.05 lr=0.05", "optimizer=adam lr=0.05"},
        {"optimizer=sgd", "optimizer=sgd:momentum=0.9,nesterov=yes"},
        {"optimizer=sgd momentum=0", "optimizer=sgd:momentum=0"},
        {"optimizer=lion lr=1e-3", "optimizer=lion:beta2=0.99 lr=1e-3"},
        {"optimizer=sgd:dampening=0.5", "optimizer=sgd:dampening=0.5,nesterov=no"},
    };
    static const char *const other[][2] = {
        {"optimizer=lion lr=1e-3", "optimizer=lion:beta2=0.999 lr=1e-3"},
        {"optimizer=sgd", "optimizer=sgd:nesterov=no"},
        {"optimizer=adam", "optimizer=adam:beta1=0.5"},
    };
    enum { SAME = sizeof same / sizeof *same, OTHER = sizeof other / sizeof *other };
    begin();
    for (int i = 0; i < SAME + OTHER; ++i) {
        const char *const *pair = i < SAME ? same[i] : other[i - SAME];
        char told[256], last[2][128];
        for (int k = 0; k < 2; ++k) {
            snprintf(told, sizeof told, "run=%c%d steps=10 %s", "ab"[k], i, pair[k]);
            CHECK_INT(toy_train(told), TOY_DONE);
            snprintf(last[k], sizeof last[k], "%c%d/checkpoints/best.safetensors", "ab"[k], i);
        }
        if (same_files(in(last[0]), in(last[1])) != (i < SAME))
            CHECK_FAIL("%s, %s: %s", pair[0], pair[1], i < SAME ? "differ" : "are the same");
    }
    CHECK_INT(toy_train("run=c optimizer=sgd:nesterov=yes,momentum=0"), TOY_FAILED);
    CHECK_CONTAINS(err, "nesterov needs a momentum");
    end();
}

/* What is set and comes to nothing is said; what is as it always is, is not. */
static void settings_that_are_not_used(void)
{
    static const char *const told[][2] = {
        {"optimizer=adam momentum=0.5", "--momentum is not used; the optimizer is adam\n"},
        {"optimizer=sgd beta2=0.5", "--beta2 is not used; the optimizer is sgd\n"},
        {"optimizer=adam:lr=0.05 lr=0.04", "--lr is not used; the optimizer is adam:lr=0.05\n"},
        {"optimizer=sgd momentum=0.5 weight-decay=0.1", NULL},
        {"optimizer=adam:beta1=0.5 beta2=0.5 lr=0.04", NULL},
        {"optimizer=lion momentum=0.9", NULL},
    };
    begin();
    for (size_t i = 0; i < sizeof told / sizeof *told; ++i) {
        char settings[256];
        snprintf(settings, sizeof settings, "run=%c steps=2 %s", 'a' + (int)i, told[i][0]);
        CHECK_INT(toy_train(settings), TOY_DONE);
        if (told[i][1])
            CHECK_CONTAINS(err, told[i][1]);
        else if (strstr(err, "is not used"))
            CHECK_FAIL("%s: %s", settings, err);
    }
    end();
}

static void two_processes(void)
{
    begin();
    trouble.kill_at = 30;
    CHECK_INT(toy_train("run=a"), -SIGKILL);
    trouble.kill_at = -1;
    FILE *lock = fopen(in("a/run.lock"), "r+");
    REQUIRE(lock);
    char command[64];
    snprintf(command, sizeof command, "flock -n -x %d", fileno(lock));
    if (!system(command)) {
        CHECK_INT(toy_train("resume=a"), 1);
        CHECK_CONTAINS(err, "another process is training this run");
    }
    fclose(lock);
    end();
}

static void a_folder_that_takes_nothing(void)
{
    if (!geteuid()) return; /* root may write everywhere */
    begin();
    CHECK_INT(mkdir(in("a"), 0555), 0);
    CHECK_INT(toy_train("run=a"), 1);
    CHECK_CONTAINS(err, "a/checkpoints");
    end();
}

static const check_case cases[] = {CASE(a_run_is_a_folder),
                                   CASE(the_same_bytes),
                                   CASE(a_truncated_checkpoint),
                                   CASE(what_does_not_fit),
                                   CASE(numbers_that_end),
                                   CASE(checkpoints_that_are_kept),
                                   CASE(patience),
                                   CASE(parts),
                                   CASE(texts_of_optimizers),
                                   CASE(settings_that_are_not_used),
                                   CASE(two_processes),
                                   CASE(a_folder_that_takes_nothing),
                                   {0}};

int main(int argc, char **argv)
{
    return check_main(argc, argv, cases);
}
