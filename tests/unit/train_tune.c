/* train_tune.c - training runs with wisdom: they keep a copy of it, and resume with that. */
#include "train_toy_verb.h"

static void a_run_keeps_what_it_was_compiled_with(void)
{
    begin();
    CHECK_INT(toy_command("--run plain --quiet"), 0);
    CHECK(size_of(in("plain/wisdom")) < 0);
    CHECK_INT(toy_command("--run whole --tune --wisdom w --checkpoint-every 7"), 0);
    CHECK_CONTAINS(err, "measured in");
    CHECK_CONTAINS(contents(in("w")), "\tmatmul f32[");
    CHECK(same_files(in("w"), in("whole/wisdom")));
    /* about this process: the run's copy is what resuming goes by */
    CHECK(!strstr(contents(in("whole/config.json")), "\"tune\""));
    /* nothing is left to measure, and only reading is the same */
    CHECK_INT(toy_command("--run again --tune --wisdom w --checkpoint-every 7"), 0);
    CHECK(!strstr(err, "measured"));
    CHECK_INT(toy_command("--run reads --wisdom w --checkpoint-every 7 --threads 3"), 0);
    CHECK(same_files(in("whole/" LAST), in("again/" LAST)));
    CHECK(same_files(in("whole/" LAST), in("reads/" LAST)));
    end();
}

/* Whatever happened to the file meanwhile. */
static void resuming_reads_the_copy(void)
{
    static const char *const happened[] = {NULL, "autodidact wisdom 1\n", "damaged\n"};
    begin();
    CHECK_INT(toy_command("--run first --tune --wisdom w --steps 10 --quiet"), 0);
    CHECK_INT(toy_command("--run whole --wisdom w --checkpoint-every 7 --quiet"), 0);
    char *known = strdup(contents(in("w")));
    for (int i = 0; i < 3 && known; ++i) {
        char command[128];
        write_file(in("w"), known);
        trouble.kill_at = 40;
        snprintf(command, sizeof command, "--run part-%d --wisdom w --checkpoint-every 7 --quiet",
                 i);
        CHECK_INT(toy_command(command), -SIGKILL);
        trouble.kill_at = -1;
        if (happened[i])
            write_file(in("w"), happened[i]);
        else
            CHECK_INT(unlink(in("w")), 0);
        snprintf(command, sizeof command, "--resume part-%d --threads 2 --quiet", i);
        CHECK_INT(toy_command(command), 0);
        snprintf(command, sizeof command, "part-%d/%s", i, LAST);
        CHECK(same_files(in("whole/" LAST), in(command)));
    }
    free(known);
    /* what is new since then does not come in either */
    CHECK_INT(toy_command("--resume part-0 --tune"), 2);
    CHECK_CONTAINS(err, "--tune cannot change when a run is resumed");
    CHECK_INT(toy_command("--resume part-0 --wisdom other"), 2);
    end();
}

static void a_damaged_copy_is_an_error(void)
{
    begin();
    trouble.kill_at = 40;
    CHECK_INT(toy_command("--run a --tune --wisdom w --checkpoint-every 7 --quiet"), -SIGKILL);
    trouble.kill_at = -1;
    CHECK_INT(truncate(in("a/wisdom"), size_of(in("a/wisdom")) - 3), 0);
    CHECK_INT(toy_command("--resume a"), 1);
    CHECK_CONTAINS(err, "a/wisdom: line ");
    CHECK_CONTAINS(err, "ends in the middle");
    end();
}

/* Killed in its second part, when the file is gone: the copy beside the parts is read. */
static void parts_share_the_copy(void)
{
    begin();
    CHECK_INT(toy_command("--run first --tune --wisdom w --steps 10 --quiet"), 0);
    CHECK_INT(toy_command("--run whole --wisdom w --seeds 2 --steps 30 --quiet"), 0);
    trouble.kill_at = 20;
    CHECK_INT(
        toy_command("--run parts --wisdom w --seeds 2 --steps 30 --checkpoint-every 7 --quiet"),
        -SIGKILL);
    trouble.kill_at = -1;
    CHECK(same_files(in("parts/wisdom"), in("parts/seed-0/wisdom")));
    CHECK_INT(unlink(in("w")), 0);
    CHECK_INT(toy_command("--resume parts --quiet"), 0);
    for (int seed = 0; seed < 2; ++seed) {
        char whole[128], parts[128];
        snprintf(whole, sizeof whole, "whole/seed-%d/checkpoints/step-000000030.safetensors", seed);
        snprintf(parts, sizeof parts, "parts/seed-%d/checkpoints/step-000000030.safetensors", seed);
        CHECK(same_files(in(whole), in(parts)));
    }
    end();
}

static void a_file_that_cannot_be_used(void)
{
    begin();
    CHECK_INT(toy_command("--run a --wisdom missing"), 1);
    CHECK_CONTAINS(err, "missing: ");
    CHECK_INT(toy_command("--run a --tune --wisdom no/folder/w"), 1);
    CHECK_CONTAINS(err, "no/folder/w: ");
    write_file(in("w"), "hello\n");
    CHECK_INT(toy_command("--run a --tune --wisdom w"), 1);
    CHECK_CONTAINS(err, "w: line 1: is not wisdom");
    CHECK_TEXT(contents(in("w")), "hello\n");
    CHECK(size_of(in("a")) < 0);
    end();
}

int main(int argc, char **argv)
{
    return check_main(argc, argv,
                      (check_case[]){CASE(a_run_keeps_what_it_was_compiled_with),
                                     CASE(resuming_reads_the_copy),
                                     CASE(a_damaged_copy_is_an_error),
                                     CASE(parts_share_the_copy),
                                     CASE(a_file_that_cannot_be_used),
                                     {0}});
}
