/* train_run.c - runs of a toy system: killed and gone on with they end in the same bytes; broken
 * checkpoints, other architectures, other data, numbers that end, options from files. */
#include "train_toy.h"

static void a_run_is_a_folder(void)
{
    begin();
    CHECK_INT(toy_train("--run a --quiet"), 0);
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
    CHECK_INT(toy_train("--run a"), 1);
    CHECK_CONTAINS(err, "holds a run already");
    CHECK_INT(toy_train("--resume a"), 0);
    CHECK_CONTAINS(err, "finished");
    CHECK_INT(toy_train("--run deep/down/b --quiet"), 0);
    CHECK(size_of(in("deep/down/b/" LAST)) > 0);
    end();
}

/* Killed at several moments, stopped at others, with other numbers of threads. */
static void the_same_bytes(void)
{
    static const char *const variants[] = {
        "--keep 1", "--ema 0.99 --keep 3", "--accumulate 3 --clip 0.5", "--optimizer sgd",
        "--optimizer rmsprop --weight-decay 0 --schedule one-cycle --seed 5"};
    for (size_t v = 0; v < sizeof variants / sizeof *variants; ++v) {
        char command[256];
        begin();
        snprintf(command, sizeof command, "--run whole --quiet --threads 1 --checkpoint-every 7 %s",
                 variants[v]);
        CHECK_INT(toy_train(command), 0);
        snprintf(command, sizeof command, "--run parts --quiet --threads 2 --checkpoint-every 7 %s",
                 variants[v]);
        trouble.kill_at = 3;
        CHECK_INT(toy_train(command), -SIGKILL);
        static const int64_t kills[] = {30, 31, 64, 65, 96};
        for (int i = 0; i < 5; ++i) {
            trouble.kill_at = i % 2 ? -1 : kills[i], trouble.stop_at = i % 2 ? kills[i] : -1;
            int status = toy_train(i % 3 ? "--resume parts --threads 3" : "--resume parts --quiet");
            CHECK_INT(status, i % 2 ? 1 : -SIGKILL);
            if (i % 2) CHECK_CONTAINS(err, "--resume parts");
        }
        trouble.kill_at = trouble.stop_at = -1;
        CHECK_INT(toy_train("--resume parts --quiet"), 0);
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
    CHECK_INT(toy_train("--run a --checkpoint-every 10 --quiet"), -SIGKILL);
    CHECK(size_of(in("a/checkpoints/step-000000050.safetensors")) > 0);
    CHECK_INT(truncate(in("a/checkpoints/step-000000050.safetensors"), 900), 0);
    trouble.kill_at = -1;
    CHECK_INT(toy_train("--resume a"), 0);
    CHECK_CONTAINS(err, "step-000000050.safetensors");
    CHECK_CONTAINS(err, "going on from step 40");
    CHECK_INT(toy_train("--run b --checkpoint-every 10 --quiet"), 0);
    CHECK(same_files(in("a/" LAST), in("b/" LAST)));
    /* none is whole */
    trouble.kill_at = 15;
    CHECK_INT(toy_train("--run c --checkpoint-every 10 --quiet"), -SIGKILL);
    CHECK_INT(truncate(in("c/checkpoints/step-000000010.safetensors"), 20), 0);
    CHECK_INT(truncate(in("c/checkpoints/step-000000000.safetensors"), 20), 0);
    CHECK_INT(toy_train("--resume c"), 1);
    CHECK_CONTAINS(err, "step-000000000.safetensors");
    end();
}

static void what_does_not_fit(void)
{
    begin();
    trouble.kill_at = 55;
    CHECK_INT(toy_train("--run a --quiet"), -SIGKILL);
    trouble.kill_at = -1, trouble.width = 9;
    CHECK_INT(toy_train("--resume a"), 1);
    CHECK_CONTAINS(err, "a.weight is [8, 1], the network expects [9, 1]");
    trouble.width = 8, trouble.fingerprint = 8;
    CHECK_INT(toy_train("--resume a"), 1);
    CHECK_CONTAINS(err, "the data are not those");
    trouble.fingerprint = 7;
    CHECK_INT(toy_train("--resume a --lr 1"), 2);
    CHECK_CONTAINS(err, "--lr cannot change");
    CHECK_INT(toy_train("--resume nowhere"), 1);
    CHECK_CONTAINS(err, "nowhere: is no run");
    CHECK_INT(toy_train("--resume a --run b"), 2);
    CHECK_INT(toy_train("--resume a --quiet"), 0);
    CHECK_INT(toy_train("--resume a --steps 120 --quiet"), 0);
    CHECK(size_of(in("a/checkpoints/step-000000120.safetensors")) > 0);
    end();
}

static void numbers_that_end(void)
{
    begin();
    trouble.nan_at = 47;
    CHECK_INT(toy_train("--run a --checkpoint-every 20"), 1);
    CHECK_CONTAINS(err, "step 47");
    CHECK_CONTAINS(err, "step 40 is whole");
    CHECK(size_of(in("a/checkpoints/step-000000040.safetensors")) > 0);
    trouble.nan_at = -1;
    CHECK_INT(toy_train("--resume a --quiet"), 0);
    CHECK_INT(toy_train("--run b --quiet"), 0);
    CHECK(same_files(in("a/" LAST), in("b/" LAST)));
    end();
}

static void checkpoints_that_are_kept(void)
{
    begin();
    CHECK_INT(toy_train("--run a --checkpoint-every 10 --keep 3 --quiet"), 0);
    CHECK(size_of(in("a/checkpoints/step-000000070.safetensors")) < 0);
    CHECK(size_of(in("a/checkpoints/step-000000080.safetensors")) > 0);
    CHECK(size_of(in("a/checkpoints/step-000000090.safetensors")) > 0);
    end();
}

static void patience_and_parts(void)
{
    begin();
    CHECK_INT(toy_train("--run a --eval-every 1 --lr 0 --patience 5 --json"), 0);
    CHECK_CONTAINS(out, "\"steps\":6"); /* one that is best, five that are no better */
    CHECK_INT(toy_train("--run b --seeds 2 --folds 2 --seed 3 --json"), 0);
    const char *last = strstr(out, "{\"event\":\"result\"");
    REQUIRE(last);
    CHECK_CONTAINS(last, "\"test_error_std\":");
    CHECK_CONTAINS(last, "\"std\":");
    CHECK_CONTAINS(last, "\"parts\":4");
    CHECK(size_of(in("b/seed-3-fold-0/" LAST)) > 0 && size_of(in("b/seed-4-fold-1/" LAST)) > 0);
    CHECK(same_files(in("b/seed-3-fold-0/" LAST), in("b/seed-3-fold-1/" LAST)));
    CHECK(!same_files(in("b/seed-3-fold-0/" LAST), in("b/seed-4-fold-0/" LAST)));
    /* a part on its own is that part */
    CHECK_INT(toy_train("--run c --seed 4 --quiet"), 0);
    CHECK(same_files(in("c/" LAST), in("b/seed-4-fold-0/" LAST)));
    /* killed in its second part, it goes on there */
    trouble.kill_at = 50;
    CHECK_INT(toy_train("--run d --seeds 2 --quiet"), -SIGKILL);
    trouble.kill_at = -1;
    CHECK_INT(toy_train("--resume d --quiet"), 0);
    CHECK(same_files(in("d/seed-0/" LAST), in("a/" LAST)) == false);
    CHECK(size_of(in("d/seed-1/" LAST)) > 0);
    end();
}

static void options_from_files(void)
{
    begin();
    CHECK_INT(toy_train("--run a --lr 0.02 --seed 9 --steps 100 --quiet"), 0);
    CHECK_INT(toy_train("--run b --config a/config.json --quiet"), 0);
    CHECK(same_files(in("a/" LAST), in("b/" LAST)));
    CHECK_INT(toy_train("--run c --config a/config.json --seed 10 --quiet"), 0);
    CHECK(!same_files(in("a/" LAST), in("c/" LAST)));
    write_file(in("x.json"), "{\"lr\": 0.02, \"sead\": 3}");
    CHECK_INT(toy_train("--run d --config x.json"), 2);
    CHECK_CONTAINS(err, "x.json: unknown option \"sead\"; did you mean \"seed\"?");
    CHECK(size_of(in("d")) < 0);
    write_file(in("x.json"), "{\"lr\": -1}");
    CHECK_INT(toy_train("--run d --config x.json"), 2);
    CHECK_CONTAINS(err, "--lr");
    write_file(in("x.json"), "{\"lr\": [1]}");
    CHECK_INT(toy_train("--run d --config x.json"), 2);
    CHECK_CONTAINS(err, "\"lr\" is a list");
    write_file(in("x.json"), "{\"lr\": ");
    CHECK_INT(toy_train("--run d --config x.json"), 1);
    CHECK_CONTAINS(err, "x.json: line 1");
    write_file(in("x.json"), "{\"system\": \"gpt\", \"options\": {}}");
    CHECK_INT(toy_train("--run d --config x.json"), 2);
    CHECK_CONTAINS(err, "\"gpt train\"");
    CHECK_INT(toy_train("--run d --config none.json"), 1);
    CHECK_CONTAINS(err, "none.json");
    end();
}

static void two_processes(void)
{
    begin();
    trouble.kill_at = 30;
    CHECK_INT(toy_train("--run a --quiet"), -SIGKILL);
    trouble.kill_at = -1;
    FILE *lock = fopen(in("a/run.lock"), "r+");
    REQUIRE(lock);
    char command[64];
    snprintf(command, sizeof command, "flock -n -x %d", fileno(lock));
    if (!system(command)) {
        CHECK_INT(toy_train("--resume a"), 1);
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
    CHECK_INT(toy_train("--run a"), 1);
    CHECK_CONTAINS(err, "a/checkpoints");
    end();
}

static const check_case cases[] = {CASE(a_run_is_a_folder),
                                   CASE(the_same_bytes),
                                   CASE(a_truncated_checkpoint),
                                   CASE(what_does_not_fit),
                                   CASE(numbers_that_end),
                                   CASE(checkpoints_that_are_kept),
                                   CASE(patience_and_parts),
                                   CASE(options_from_files),
                                   CASE(two_processes),
                                   CASE(a_folder_that_takes_nothing),
                                   {0}};

int main(int argc, char **argv)
{
    return check_main(argc, argv, cases);
}
