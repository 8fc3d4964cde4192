/* run_files.c - which files a run's folder holds: what began and what did not, hostile folders,
 * removing. */
#include "train_toy_verb.h"

#include "base/shell.h"

#include <limits.h>

static ad_context *ctx;

static void start(void)
{
    begin();
    ctx = ad_context_new(&(ad_context_options){.threads = 1});
}

static void stop(void)
{
    CHECK_INT(ad_context_memory(ctx), 0);
    ad_context_free(ctx);
    end();
}

/* Killed while it makes its first step, after all that comes before. */
static void killed_at_once(const char *told)
{
    trouble.kill_at = 0;
    CHECK_INT(toy_train(told), -SIGKILL);
    trouble.kill_at = -1;
}

static void a_run_that_was_killed_at_once(void)
{
    start();
    killed_at_once("run=a seed=7");
    CHECK(size_of(in("a/checkpoints/step-000000000.safetensors")) > 0);
    write_file(in("a/notes.txt"), "mine");
    write_file(in("a/samples/mine.txt"), "mine");
    CHECK_INT(toy_train("run=a steps=40"), 0);
    CHECK_INT(toy_train("run=b steps=40"), 0);
    CHECK(same_files(in("a/checkpoints/step-000000040.safetensors"),
                     in("b/checkpoints/step-000000040.safetensors")));
    CHECK_TEXT(contents(in("a/notes.txt")), "mine");
    CHECK_TEXT(contents(in("a/samples/mine.txt")), "mine");
    CHECK(!strstr(contents(in("a/config.json")), "\"seed\": 7"));
    CHECK_INT(toy_train("run=a"), TOY_FAILED);
    CHECK_CONTAINS(err, "already holds a run");
    killed_at_once("run=c seeds=2"); /* its parts do not become those of another */
    CHECK_INT(access(in("c/seed-0/config.json"), F_OK), 0);
    CHECK_INT(toy_train("run=c steps=20"), 0);
    CHECK(access(in("c/seed-0"), F_OK) != 0);
    stop();
}

static void what_is_not_of_a_run(void)
{
    start();
    CHECK_INT(mkdir(in("a"), 0777), 0);
    write_file(in("a/config.json"), "{\"model_type\": \"gpt2\"}");
    CHECK_INT(toy_train("run=a steps=20"), TOY_FAILED);
    CHECK_CONTAINS(err, "a/config.json: is there, and not of a run");
    CHECK_TEXT(contents(in("a/config.json")), "{\"model_type\": \"gpt2\"}");
    stop();
}

/* ---- hostile folders ---- */

/* All that a run's folder holds; the last two are folders. */
static const char *const owned[] = {"config.json",
                                    "metrics.jsonl",
                                    "result.json",
                                    "log.txt",
                                    "report.html",
                                    "confusion.json",
                                    "wisdom",
                                    "run.lock",
                                    "trial.png",
                                    "events.out.tfevents.1.x",
                                    "checkpoints/best.safetensors",
                                    "checkpoints/step-000000100.safetensors",
                                    "checkpoints/step-000000120.safetensors",
                                    "checkpoints/step-000000100.games.state",
                                    "samples/text-000000100.txt",
                                    "samples/map.svg",
                                    "seed-0/log.txt",
                                    "seed-0",
                                    "samples",
                                    "checkpoints"};
enum { OWNED = sizeof owned / sizeof *owned };

static void expect_refused(ad_status status, const char *name)
{
    CHECK_INT(status, AD_ERROR_FORMAT);
    CHECK_CONTAINS(ad_error(ctx), name);
}

/* Whoever reads a run, resumes it or prunes it says so, and the target is as it was. */
static void all_refuse(const char *name)
{
    ad_run_info *info = NULL;
    ad_run_swept swept;
    const ad_run_sweep how = {.keep = 1};
    char told[PATH_MAX];
    const char *run = in("a");
    expect_refused(ad_run_info_open(&info, ctx, run), name);
    expect_refused(ad_run_weights(ctx, run, told, sizeof told, NULL, 0), name);
    expect_refused(ad_run_check(ctx, run), name);
    expect_refused(ad_run_report(ctx, run), name);
    expect_refused(ad_run_compare(ctx, &run, 1, in("page.html")), name);
    if (strcmp(name, "config.json") != 0)
        expect_refused(ad_run_prune(ctx, run, &how, &swept), name);
    CHECK_INT(toy_train("resume=a"), TOY_FAILED);
    CHECK_CONTAINS(err, name);
    CHECK_INT(toy_command("--resume a"), 1);
    CHECK_CONTAINS(err, name);
    CHECK_INT(toy_command("--run a"), 1);
}

static void links_and_pipes(void)
{
    start();
    CHECK_INT(toy_train("run=a"), 0);
    CHECK_INT(mkdir(in("a/seed-0"), 0777), 0);
    CHECK_INT(mkdir(in("elsewhere"), 0777), 0);
    for (int i = 0; i < OWNED; ++i)
        for (int pipe = 0; pipe < 2; ++pipe) {
            char path[PATH_MAX], aside[PATH_MAX], target[PATH_MAX];
            bool of_folder = i >= OWNED - 3;
            snprintf(path, sizeof path, "%s/%s", in("a"), owned[i]);
            snprintf(aside, sizeof aside, "%s", in("aside"));
            snprintf(target, sizeof target, "%s", in(of_folder ? "elsewhere" : "target"));
            if (!of_folder) write_file(in("target"), "somebody's");
            bool was_there = !rename(path, aside);
            CHECK_INT(pipe ? mkfifo(path, 0666) : symlink(target, path), 0);
            all_refuse(owned[i]);
            if (!of_folder) CHECK_TEXT(contents(in("target")), "somebody's");
            CHECK_INT(unlink(path), 0);
            if (was_there) CHECK_INT(rename(aside, path), 0);
        }
    CHECK_INT(symlink("elsewhere", in("a/mine")), 0); /* of another name it is nobody's business */
    CHECK_INT(rmdir(in("a/seed-0")), 0);
    CHECK_INT(toy_train("resume=a steps=120"), 0);
    stop();
}

/* a/config.json with further options. */
static void add_options(const char *more)
{
    static char config[8192];
    if (!*config) snprintf(config, sizeof config, "%s", contents(in("a/config.json")));
    const char *start = strstr(config, "\"options\": {");
    REQUIRE(start != NULL);
    int before = (int)(start - config) + (int)strlen("\"options\": {");
    char hostile[16384];
    snprintf(hostile, sizeof hostile, "%.*s%s,%s", before, config, more, config + before);
    write_file(in("a/config.json"), hostile);
}

/* What a file says of the process is not obeyed, be it a run's or another; the rule is the table's.
 */
static void options_of_the_process(void)
{
    begin();
    for (const ad_option *o = ad_train_rows; o->name; ++o)
        if (!o->process) CHECK_FAIL("--%s is of no record, and so must be of the process", o->name);
    trouble.stop_at = 30;
    CHECK_INT(toy_command("--run a"), 1);
    trouble.stop_at = -1;
    add_options("\"profile\": \"stolen\", \"json\": true, \"quiet\": true, \"run\": \"stolen\"");
    CHECK_INT(toy_command("--resume a"), 2); /* no run says that */
    CHECK_CONTAINS(err, "a/config.json: unknown option \"profile\"");
    CHECK_INT(toy_command("--run b --config a/config.json"), 0);
    CHECK_CONTAINS(err, "\"profile\" is about the process, and left out");
    CHECK_CONTAINS(out, "test_error  ");                   /* not JSON */
    add_options("\"tune\": true, \"wisdom\": \"stolen\""); /* as former versions kept */
    CHECK_INT(toy_command("--resume a"), 0);
    write_file(in("flat.json"), "{\"profile\": \"stolen\", \"steps\": 20}");
    CHECK_INT(toy_command("--run c --config flat.json"), 0);
    CHECK(access(in("stolen"), F_OK) != 0);
    end();
}

/* ---- removing ---- */

static char told[16384];

static void tell_kept(void *user, const char *path)
{
    (void)user;
    snprintf(told + strlen(told), sizeof told - strlen(told), "%s\n", path);
}

static void runs_that_are_removed(void)
{
    ad_run_sweep how = {.dry = true, .kept = tell_kept};
    ad_run_swept dry, swept;
    start();
    CHECK_INT(toy_train("run=a seeds=2 steps=40"), 0);
    CHECK_INT(ad_run_remove(ctx, in("a"), &how, &dry), AD_OK);
    CHECK_INT(access(in("a/seed-1/checkpoints/step-000000040.safetensors"), F_OK), 0);
    CHECK(dry.files > 16 && dry.bytes > 1000 && !dry.kept);
    how.dry = false;
    CHECK_INT(ad_run_remove(ctx, in("a"), &how, &swept), AD_OK);
    CHECK_INT(swept.files, dry.files);
    CHECK_INT(swept.bytes, dry.bytes);
    CHECK(access(in("a"), F_OK) != 0);
    /* what is somebody's stays, and links are not followed */
    CHECK_INT(toy_train("run=b steps=40"), 0);
    CHECK_INT(mkdir(in("far"), 0777), 0);
    write_file(in("far/config.json"), "far");
    write_file(in("far/log.txt"), "far");
    write_file(in("b/notes.txt"), "mine");
    CHECK_INT(symlink(in("far"), in("b/seed-5")), 0);
    CHECK_INT(unlink(in("b/log.txt")), 0);
    CHECK_INT(symlink(in("far/log.txt"), in("b/log.txt")), 0);
    *told = 0;
    CHECK_INT(ad_run_remove(ctx, in("b"), &how, &swept), AD_OK);
    CHECK_INT(swept.kept, 3);
    CHECK_CONTAINS(told, "b/notes.txt\n");
    CHECK_CONTAINS(told, "b/seed-5\n");
    CHECK_CONTAINS(told, "b/log.txt\n");
    CHECK_TEXT(contents(in("far/log.txt")), "far");
    CHECK_TEXT(contents(in("b/notes.txt")), "mine");
    CHECK(access(in("b/config.json"), F_OK) != 0);
    /* what is no run, and a run through a link */
    CHECK_INT(ad_run_remove(ctx, in("b"), &how, &swept), AD_ERROR_NOT_FOUND);
    CHECK_INT(symlink(in("far"), in("link")), 0);
    CHECK_INT(ad_run_remove(ctx, in("link/"), &how, &swept), AD_ERROR_ARGUMENT);
    CHECK_CONTAINS(ad_error(ctx), "is a symbolic link");
    CHECK_INT(ad_run_remove(ctx, in("nowhere"), &how, &swept), AD_ERROR_IO);
    stop();
}

static void runs_that_are_pruned(void)
{
    ad_run_sweep how = {.dry = true};
    ad_run_swept dry, swept;
    start();
    CHECK_INT(toy_train("run=a checkpoint-every=20 keep=9"), 0);
    write_file(in("a/checkpoints/step-000000060.safetensors.12-0.tmp"), "half");
    write_file(in("a/checkpoints/step-000000020.mine"), "mine");
    write_file(in("a/checkpoints/step-000000100.safetensors"), "broken"); /* not the one to keep */
    CHECK_INT(ad_run_prune(ctx, in("a"), &how, &dry), AD_OK);
    how.dry = false;
    CHECK_INT(ad_run_prune(ctx, in("a"), &how, &swept), AD_OK);
    CHECK_INT(dry.files, swept.files);
    CHECK_INT(dry.bytes, swept.bytes);
    CHECK_INT(swept.files, 5); /* steps 0 to 60, and the half */
    CHECK_INT(access(in("a/checkpoints/best.safetensors"), F_OK), 0);
    CHECK_INT(access(in("a/checkpoints/step-000000080.safetensors"), F_OK), 0);
    CHECK_INT(access(in("a/checkpoints/step-000000020.mine"), F_OK), 0);
    CHECK(access(in("a/checkpoints/step-000000060.safetensors"), F_OK) != 0);
    CHECK_INT(toy_train("resume=a steps=120"), 0);
    stop();
}

/* ---- commands that are shown ---- */

static void words_of_a_shell(void)
{
    static const char *const words[] = {"plain-1.0",  "my run",       "it's",
                                        "",           "$HOME `x`",    "a\nb",
                                        "\x1b[2J\\'", "\xff\xc2\x9b", "caf\xc3\xa9 1"};
    static const char *const shown[] = {
        "plain-1.0",      "'my run'",   "'it'\\''s'",         "''",
        "'$HOME `x`'",    "$'a\\012b'", "$'\\033[2J\\\\\\''", "$'\\377\\302\\233'",
        "'caf\xc3\xa9 1'"};
    ctx = ad_context_new(NULL);
    for (size_t i = 0; i < sizeof words / sizeof *words; ++i) {
        ad_text text;
        ad_text_init(&text, ctx);
        ad_text_shell(&text, words[i]);
        CHECK_TEXT(ad_text_get(&text), shown[i]);
        ad_text_free(&text);
    }
    ad_context_free(ctx);
}

/* Both from the verb and from what the folder tells. */
static void commands_with_spaces(void)
{
    ad_run_info *info;
    start();
    CHECK_INT(toy_train("run=x steps=20"), 0);
    CHECK_INT(rename(in("x"), in("a b")), 0);
    CHECK_INT(ad_run_info_open(&info, ctx, in("a b")), AD_OK);
    CHECK_CONTAINS(info->resume, "app toy train --resume '");
    CHECK_CONTAINS(info->resume, "a b'");
    ad_run_info_close(info);
    stop();
}

static const check_case cases[] = {CASE(a_run_that_was_killed_at_once),
                                   CASE(what_is_not_of_a_run),
                                   CASE(links_and_pipes),
                                   CASE(options_of_the_process),
                                   CASE(runs_that_are_removed),
                                   CASE(runs_that_are_pruned),
                                   CASE(words_of_a_shell),
                                   CASE(commands_with_spaces),
                                   {0}};

int main(int argc, char **argv)
{
    return check_main(argc, argv, cases);
}
