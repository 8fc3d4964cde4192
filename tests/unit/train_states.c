/* train_states.c - what a system keeps in checkpoints besides: versions, files that are cut short,
 * swapped or left over, reads that do not fit what was written, names. */
#include "train_game.h"

static void killed_at(int64_t step, const char *told)
{
    rules.kill_at = step;
    CHECK_INT(toy_train(told), -SIGKILL);
    rules.kill_at = -1;
}

static void versions(void)
{
    begin_game();
    killed_at(55, "run=a checkpoint-every=20");
    rules.version = 4; /* of a later program, which is told what was written */
    CHECK_INT(toy_train("resume=a"), TOY_DONE);
    CHECK_CONTAINS(err, "loads version 3\n");
    rules.version = 3;
    CHECK_INT(toy_train("run=b"), TOY_DONE);
    rules.version = 5, rules.refuses = 3;
    CHECK_INT(toy_train("resume=b steps=120"), TOY_FAILED);
    CHECK_CONTAINS(err,
                   "b/checkpoints/step-000000100.safetensors: the state \"counts\" could not be "
                   "loaded");
    end();
}

/* A reader that takes more or less than was written. */
static void reads_that_do_not_fit(void)
{
    begin_game();
    CHECK_INT(toy_train("run=a"), TOY_DONE);
    rules.reads = 3;
    CHECK_INT(toy_train("resume=a steps=120"), TOY_FAILED);
    CHECK_CONTAINS(err,
                   "a/checkpoints/step-000000100.safetensors: the state \"counts\" ends too early");
    rules.reads = -1;
    CHECK_INT(toy_train("resume=a steps=120"), TOY_FAILED);
    CHECK_CONTAINS(err, "the state \"counts\" has 8 bytes more than were read");
    rules.reads = 0, rules.state = "scores";
    CHECK_INT(toy_train("resume=a steps=120"), TOY_FAILED);
    CHECK_CONTAINS(err, "step-000000100.safetensors: does not hold the state \"scores\"");
    end();
}

/* Whatever happens to the newest checkpoint's large state, the one before is resumed from, and the
 * run ends in the same bytes. */
static void a_broken_file(void)
{
    static const char newest[] = "checkpoints/step-000000040.ring.state",
                      older[] = "checkpoints/step-000000020.ring.state";
    begin_game();
    CHECK_INT(toy_train("run=whole"), TOY_DONE);
    for (int way = 0; way < 4; ++way) {
        char told[64], file[128], other[128], last[128];
        snprintf(told, sizeof told, "run=part-%d checkpoint-every=20", way);
        snprintf(file, sizeof file, "part-%d/%s", way, newest);
        snprintf(other, sizeof other, "part-%d/%s", way, older);
        snprintf(last, sizeof last, "part-%d/" LAST, way);
        killed_at(55, told);
        if (way == 0) CHECK_INT(truncate(in(file), GAME_RING), 0);
        if (way == 1) CHECK_INT(unlink(in(file)), 0);
        if (way == 2) { /* of the same length */
            CHECK_INT(unlink(in(file)), 0);
            CHECK_INT(link(in(other), in(file)), 0);
        }
        if (way == 3) CHECK_INT(truncate(in(file), 4 * GAME_RING + 4), 0);
        snprintf(told, sizeof told, "resume=part-%d", way);
        CHECK_INT(toy_train(told), TOY_DONE);
        CHECK_CONTAINS(err, file);
        CHECK_CONTAINS(err,
                       way == 1 ? "cannot be opened" : "is not what the checkpoint was made with");
        CHECK_CONTAINS(err, "; resuming from step 20\n");
        CHECK(same_files(in("whole/" LAST), in(last)));
    }
    end();
}

static void no_checkpoint_is_whole(void)
{
    begin_game();
    killed_at(15, "run=a keep=1 checkpoint-every=10");
    CHECK_INT(truncate(in("a/checkpoints/step-000000010.ring.state"), 5), 0);
    CHECK_INT(toy_train("resume=a"), TOY_FAILED);
    CHECK_CONTAINS(err,
                   "step-000000010.ring.state: is not what the checkpoint was made with (5 bytes, "
                   "expected 1048576)");
    end();
}

/* States of checkpoints that are gone go with the next one; what others put there stays. */
static void what_is_left_over(void)
{
    static const char *const left[] = {"a/checkpoints/step-000000007.ring.state",
                                       "a/checkpoints/step-000000047.old-name.state"};
    static const char *const others[] = {
        "a/checkpoints/notes.state", "a/checkpoints/step-7.ring.state",
        "a/checkpoints/step-000000007.state", "a/checkpoints/step-000000007.ring.states"};
    begin_game();
    killed_at(45, "run=a checkpoint-every=20");
    for (int i = 0; i < 2; ++i) write_file(in(left[i]), "left");
    for (int i = 0; i < 4; ++i) write_file(in(others[i]), "somebody's");
    CHECK_INT(toy_train("resume=a"), TOY_DONE);
    for (int i = 0; i < 2; ++i) CHECK(size_of(in(left[i])) < 0);
    for (int i = 0; i < 4; ++i) CHECK(size_of(in(others[i])) > 0);
    CHECK(size_of(in("a/checkpoints/step-000000060.ring.state")) < 0);
    CHECK(size_of(in("a/checkpoints/step-000000080.ring.state")) > 0);
    CHECK(size_of(in("a/checkpoints/step-000000100.ring.state")) > 0);
    end();
}

static void names(void)
{
    static char long_name[100];
    memset(long_name, 'x', 65);
    const char *const bad[] = {"", "two words", "a/b", "..", "\xc3\xa4", long_name};
    begin_game();
    for (size_t i = 0; i < sizeof bad / sizeof *bad; ++i) {
        rules.state = bad[i];
        CHECK_INT(toy_train("run=a steps=10"), TOY_FAILED);
        CHECK_CONTAINS(err, "the name of a state is \"");
        CHECK_CONTAINS(err, "\", expected 1 to 64 letters, digits, '-' and '_'\n");
        CHECK_INT(system("rm -r a"), 0);
    }
    rules.state = "ring";
    CHECK_INT(toy_train("run=b"), TOY_FAILED);
    CHECK_CONTAINS(err, "two states are called \"ring\"");
    rules.state = NULL, rules.store = "optimizer";
    CHECK_INT(toy_train("run=c"), TOY_FAILED);
    CHECK_CONTAINS(err, "no store may be called \"optimizer\"");
    rules.store = "a.b";
    CHECK_INT(toy_train("run=d"), TOY_FAILED);
    CHECK_CONTAINS(err, "the name of a store is \"a.b\"");
    end();
}

/* A disk that is full in the middle of a large state: what was there stays, and it resumes. */
static void no_room(void)
{
    begin_game();
    CHECK_INT(toy_train("run=whole"), TOY_DONE);
    killed_at(25, "run=a checkpoint-every=20");
    trouble.file_limit = 1 << 19;
    CHECK_INT(toy_train("resume=a"), TOY_FAILED);
    CHECK_CONTAINS(err, "a/checkpoints/step-000000040.ring.state");
    CHECK_CONTAINS(err, "File too large");
    trouble.file_limit = 0;
    CHECK(size_of(in("a/checkpoints/step-000000020.ring.state")) > 0);
    CHECK_INT(toy_train("resume=a"), TOY_DONE);
    CHECK(same_files(in("whole/" LAST), in("a/" LAST)));
    end();
}

static const check_case cases[] = {CASE(versions),          CASE(reads_that_do_not_fit),
                                   CASE(a_broken_file),     CASE(no_checkpoint_is_whole),
                                   CASE(what_is_left_over), CASE(names),
                                   CASE(no_room),           {0}};

int main(int argc, char **argv)
{
    return check_main(argc, argv, cases);
}
