/* folder_walk.c - each folder once, whatever links lead to it; nothing hidden, nothing that blocks.
 * needs: archive */
#include "context.h"
#include "folder.h"
#include "sparing.h"

#include "io/folder_walk.h"
#include "io/source.h"

#include <autodidact/io.h>
#include <string.h>
#include <sys/stat.h>

static char names[4096], said[1024];

static ad_status take_file(void *user, const char *path, const char *name)
{
    (void)user;
    CHECK(strlen(path) > strlen(name) && !strcmp(path + strlen(path) - strlen(name), name));
    strcat(strcat(names, name), " ");
    return AD_OK;
}

static ad_status take_folder(void *user, const char *name)
{
    (void)user;
    strcat(strcat(names, name), " ");
    return AD_OK;
}

static void take_note(void *user, const char *sentence)
{
    (void)user;
    strcat(strcat(said, sentence), "\n");
}

static const char *walk(const char *below)
{
    const ad_folder_walk to = {.file = take_file, .folder = take_folder};
    names[0] = said[0] = 0;
    ad_file_notes(ctx, take_note, NULL);
    if (ad_walk_folder(ctx, in_folder(below), &to)) CHECK_FAIL("%s", ad_error(ctx));
    ad_file_notes(ctx, NULL, NULL);
    return names;
}

static void touch(const char *name)
{
    write_text(name, "x");
}

static void plain(void)
{
    REQUIRE(!mkdir(in_folder("a"), 0777) && !mkdir(in_folder("a/k"), 0777));
    touch("a/2"), touch("a/1"), touch("a/k/3");
    CHECK_TEXT(walk("a"), "1 2 k/ k/3 ");
    CHECK_TEXT(said, "");
}

static void hidden(void)
{
    static const struct {
        const char *name;
        bool hidden;
    } rows[] = {{"a/b.png", false},     {".a", true},
                {"a/.b/c", true},       {"__MACOSX/a/._1.png", true},
                {"a/Thumbs.db", true},  {"desktop.ini", true},
                {"./a", false},         {"../a", false},
                {"a/..b", true},        {"__MACOSX", true},
                {"__MACOSXX/a", false}, {"", false},
                {"a//b", false},        {"a/._b", true}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; ++i)
        if (ad_hidden_name(rows[i].name) != rows[i].hidden) CHECK_FAIL("%s", rows[i].name);
    REQUIRE(!mkdir(in_folder("h"), 0777) && !mkdir(in_folder("h/.git"), 0777) &&
            !mkdir(in_folder("h/__MACOSX"), 0777) && !mkfifo(in_folder("h/pipe.png"), 0666));
    touch("h/.git/1"), touch("h/__MACOSX/2"), touch("h/Thumbs.db"), touch("h/3");
    CHECK_TEXT(walk("h"), "3 ");
}

static void loops(void)
{
    REQUIRE(!mkdir(in_folder("l"), 0777) && !mkdir(in_folder("l/x"), 0777) &&
            !mkdir(in_folder("l/y"), 0777));
    touch("l/x/1"), touch("l/y/2");
    REQUIRE(!symlink("..", in_folder("l/x/up")) && !symlink("..", in_folder("l/y/up")) &&
            !symlink("../y", in_folder("l/x/aside")) && !symlink("nowhere", in_folder("l/lost")));
    CHECK_TEXT(walk("l"), "x/ x/1 y/ y/2 "); /* y's picture is y's, though x/aside comes first */
    CHECK_CONTAINS(said,
                   "l/x/aside, and 2 more: leads to a folder that was read already; left out");
}

static void fan(void)
{
    REQUIRE(!mkdir(in_folder("f"), 0777));
    touch("f/1");
    REQUIRE(!symlink(".", in_folder("f/a")) && !symlink(".", in_folder("f/b")) &&
            !symlink(".", in_folder("f/c")));
    CHECK_TEXT(walk("f"), "1 ");
    CHECK_CONTAINS(said, "f/a, and 2 more: leads to a folder");
}

/* Links to elsewhere are followed, and theirs. */
static void elsewhere(void)
{
    REQUIRE(!mkdir(in_folder("e"), 0777) && !symlink("../l/x", in_folder("e/set")));
    walk("e");
    CHECK_CONTAINS(names, "set/ set/1 ");
    CHECK_CONTAINS(names, "set/aside/ set/aside/2 ");
}

/* What a folder listed may be a pipe by the time that it is opened. */
static void exchanged(void)
{
    ad_source *source;
    ad_content content;
    REQUIRE(ad_source_open(&source, ctx, in_folder("a"), NULL) == AD_OK);
    CHECK_TEXT(ad_source_name(source, 0), "1");
    REQUIRE(!unlink(in_folder("a/1")) && !mkfifo(in_folder("a/1"), 0666));
    CHECK_INT(ad_source_read(source, 0, ctx, &content), AD_ERROR_IO);
    CHECK_CONTAINS(ad_error(ctx), "a/1: is not a regular file");
    ad_source_close(source);
}

static ad_status open_loops(ad_context *poor)
{
    ad_source *source;
    ad_status status = ad_source_open(&source, poor, in_folder("l"), NULL);
    ad_source_close(source);
    return status;
}

static void memory_that_runs_out(void)
{
    sparing_check(open_loops);
}

int main(int argc, char **argv)
{
    static const check_case cases[] = {{"plain", plain},
                                       {"hidden", hidden},
                                       {"loops", loops},
                                       {"fan", fan},
                                       {"elsewhere", elsewhere},
                                       {"exchanged", exchanged},
                                       {"memory_that_runs_out", memory_that_runs_out},
                                       {0}};
    if (!folder_make()) return 1;
    int code = check_in_context(argc, argv, cases);
    return folder_remove() ? code : 1;
}
