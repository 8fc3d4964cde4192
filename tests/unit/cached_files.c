/* cached_files.c - the user's cache: where it is, and that it is kept to a size. */
#include "case.h"

#include <autodidact/run.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

static void variables_say_where_it_is(void)
{
    char path[64];
    setenv("XDG_CACHE_HOME", "/there", 1), setenv("HOME", "/home/someone", 1);
    CHECK_INT(ad_cache_path(path, sizeof path, "features"), 26);
    CHECK_TEXT(path, "/there/autodidact/features");
    setenv("XDG_CACHE_HOME", "relative", 1);
    CHECK(ad_cache_path(path, sizeof path, "wisdom") > 0);
    CHECK_TEXT(path, "/home/someone/.cache/autodidact/wisdom");
    setenv("HOME", "", 1);
    CHECK_INT(ad_cache_path(path, sizeof path, "wisdom"), 0);
}

/* 100 bytes, used `second` seconds after 1970. */
static void put(const char *name, int second)
{
    const struct timespec times[2] = {{.tv_sec = second}, {.tv_sec = second}};
    char text[101];
    snprintf(text, sizeof text, "%100d", second);
    write_text(name, text);
    utimensat(AT_FDCWD, in_folder(name), times, 0);
}

static bool there(const char *name)
{
    return !access(in_folder(name), F_OK);
}

static void the_longest_unused_go_first(void)
{
    begin();
    put("b.kept", 20), put("a.kept", 30), put("c.kept", 10), put("old.other", 1);
    CHECK_INT(ad_cache_trim(ctx, folder, ".kept", 300), AD_OK);
    CHECK(there("a.kept") && there("b.kept") && there("c.kept"));
    CHECK_INT(ad_cache_trim(ctx, folder, ".kept", 299), AD_OK);
    CHECK(there("a.kept") && there("b.kept") && !there("c.kept") && there("old.other"));
    CHECK_INT(ad_cache_trim(ctx, folder, ".kept", 0), AD_OK);
    CHECK(!there("a.kept") && !there("b.kept") && there("old.other"));
    end();
}

static const check_case cases[] = {
    CASE(variables_say_where_it_is), CASE(the_longest_unused_go_first), {0}};

int main(int argc, char **argv)
{
    return check_main(argc, argv, cases);
}
