/* expansion.c - compressed files and archives: expanded once, within a bound, by no program.
 *
 * needs: archive */
#include "context.h"
#include "folder.h"
#include "sparing.h"

#include "io/source.h"

#include <archive.h>
#include <archive_entry.h>
#include <autodidact/io.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { MIB = 1 << 20 };

static unsigned char packed[4 * MIB], twice[4 * MIB];

/* One compressed file in memory; its size. */
static size_t pack(unsigned char *to, int filter, const void *bytes, size_t size)
{
    struct archive *a = archive_write_new();
    struct archive_entry *e = archive_entry_new();
    size_t used = 0;
    archive_write_add_filter(a, filter);
    archive_write_set_format_raw(a);
    archive_write_open_memory(a, to, 4 * MIB, &used);
    archive_entry_set_filetype(e, AE_IFREG);
    archive_write_header(a, e);
    CHECK(archive_write_data(a, bytes, size) == (la_ssize_t)size);
    archive_write_close(a);
    archive_entry_free(e);
    archive_write_free(a);
    return used;
}

static void add_entry(struct archive *a, const char *name, size_t size, char fill)
{
    struct archive_entry *e = archive_entry_new();
    char *bytes = malloc(size);
    memset(bytes, fill, size);
    archive_entry_set_pathname(e, name);
    archive_entry_set_size(e, (la_int64_t)size);
    archive_entry_set_filetype(e, AE_IFREG);
    archive_entry_set_perm(e, 0644);
    CHECK_INT(archive_write_header(a, e), ARCHIVE_OK);
    CHECK(archive_write_data(a, bytes, size) == (la_ssize_t)size);
    archive_entry_free(e);
    free(bytes);
}

static void write_archive(const char *name, bool zip, int filter)
{
    struct archive *a = archive_write_new();
    if (filter) archive_write_add_filter(a, filter);
    if (zip)
        archive_write_set_format_zip(a);
    else
        archive_write_set_format_ustar(a);
    REQUIRE(archive_write_open_filename(a, in_folder(name)) == ARCHIVE_OK);
    add_entry(a, "set/cat/1.png", 10, 'c');
    add_entry(a, "set/cat/._1.png", 20, 'x');
    add_entry(a, "__MACOSX/set/cat/._1.png", 20, 'x');
    add_entry(a, "set/Thumbs.db", 20, 'x');
    add_entry(a, "set/large.iso", 8 * MIB, 0);
    add_entry(a, "set/dog/1.png", 10, 'd');
    archive_write_close(a);
    archive_write_free(a);
}

static void once(void)
{
    static const int filters[] = {ARCHIVE_FILTER_GZIP, ARCHIVE_FILTER_XZ, ARCHIVE_FILTER_BZIP2,
                                  ARCHIVE_FILTER_ZSTD};
    ad_content content;
    for (size_t i = 0; i < sizeof filters / sizeof *filters; ++i) {
        size_t size = pack(packed, filters[i], "a text", 6);
        REQUIRE(ad_content_expand(&content, ctx, "a.txt", packed, size, 100) == AD_OK);
        CHECK(content.size == 6 && !memcmp(content.bytes, "a text", 6));
        ad_content_free(&content);
        size = pack(twice, ARCHIVE_FILTER_GZIP, packed, size);
        CHECK_INT(ad_content_expand(&content, ctx, "a.txt", twice, size, 1000),
                  AD_ERROR_UNSUPPORTED);
        CHECK_TEXT(ad_error(ctx), "a.txt: is compressed more than once; it is expanded once");
    }
}

static void bounded(void)
{
    ad_content content;
    unsigned char *zeros = calloc(1, 8 * MIB);
    size_t size = pack(packed, ARCHIVE_FILTER_GZIP, zeros, 8 * MIB);
    free(zeros);
    CHECK_INT(ad_content_expand(&content, ctx, "a.gz", packed, size, MIB), AD_ERROR_LIMIT);
    ad_file_expand_limit(ctx, 2 * MIB);
    CHECK_INT(ad_content_expand(&content, ctx, "a.gz", packed, size, SIZE_MAX), AD_ERROR_LIMIT);
    CHECK_TEXT(ad_error(ctx), "a.gz: becomes more than 2097152 bytes; the environment variable "
                              "AUTODIDACT_EXPAND_LIMIT allows more");
    ad_file_expand_limit(ctx, 8 * MIB);
    REQUIRE(ad_content_expand(&content, ctx, "a.gz", packed, size, SIZE_MAX) == AD_OK);
    CHECK_INT((int64_t)content.size, 8 * MIB);
    ad_content_free(&content);
    ad_file_expand_limit(ctx, 0);
}

static void texts_that_look_so(void)
{
    static const char *const texts[] = {"BZhelp is a word", "BZh9 as well", "LZIP is a program",
                                        ""};
    ad_content content;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; ++i) {
        const unsigned char *bytes = (const unsigned char *)texts[i];
        REQUIRE(ad_content_expand(&content, ctx, "a", bytes, strlen(texts[i]), 100) == AD_OK);
        CHECK(content.bytes == bytes && content.size == strlen(texts[i]));
        ad_content_free(&content);
    }
}

/* What programs would have to be started for. */
static void no_programs(void)
{
    static const struct {
        const char *bytes, *name;
        size_t size;
    } rows[] = {{"LRZI\0\6..............................", "lrzip", 32},
                {"\x89LZO\0\r\n\x1a\n..................", "lzop", 24},
                {"GRZipII\0\2\4:)..................", "grzip", 24}};
    ad_content content;
    ad_source *source;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; ++i) {
        const unsigned char *bytes = (const unsigned char *)rows[i].bytes;
        write_bytes("l.tar", bytes, rows[i].size);
        CHECK_INT(ad_content_expand(&content, ctx, "l.txt", bytes, rows[i].size, 100),
                  AD_ERROR_UNSUPPORTED);
        CHECK_CONTAINS(ad_error(ctx), "l.txt: is compressed with ");
        CHECK_CONTAINS(ad_error(ctx), rows[i].name);
        CHECK_INT(ad_source_open(&source, ctx, in_folder("l.tar"), NULL), AD_ERROR_UNSUPPORTED);
        CHECK_CONTAINS(ad_error(ctx), rows[i].name);
    }
}

static bool wanted(const char *name)
{
    return strstr(name, ".png");
}

static void archives(void)
{
    static const struct {
        const char *name;
        bool zip;
        int filter;
    } rows[] = {{"a.zip", true, 0}, {"a.tar", false, 0}, {"a.tar.gz", false, ARCHIVE_FILTER_GZIP}};
    ad_source *source;
    ad_content content;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; ++i) {
        write_archive(rows[i].name, rows[i].zip, rows[i].filter);
        REQUIRE(ad_source_open(&source, ctx, in_folder(rows[i].name), wanted) == AD_OK);
        CHECK_INT(ad_source_count(source), 3);
        CHECK_TEXT(ad_source_name(source, 0), "set/cat/1.png");
        CHECK_TEXT(ad_source_name(source, 1), "set/dog/1.png");
        CHECK_TEXT(ad_source_name(source, 2), "set/large.iso");
        REQUIRE(ad_source_read(source, 1, ctx, &content) == AD_OK);
        CHECK(content.size == 10 && content.bytes[9] == 'd');
        ad_content_free(&content);
        ad_source_close(source);
    }
    /* what is passed over counts where it has to be expanded for that */
    ad_file_expand_limit(ctx, MIB);
    CHECK_INT(ad_source_open(&source, ctx, in_folder("a.tar.gz"), wanted), AD_ERROR_LIMIT);
    CHECK_CONTAINS(ad_error(ctx), "a.tar.gz: becomes more than 1048576 bytes");
    CHECK_INT(ad_source_open(&source, ctx, in_folder("a.zip"), NULL), AD_ERROR_LIMIT);
    CHECK_INT(ad_source_open(&source, ctx, in_folder("a.zip"), wanted), AD_OK);
    ad_source_close(source);
    CHECK_INT(ad_source_open(&source, ctx, in_folder("a.tar"), NULL), AD_OK); /* it is as large */
    ad_source_close(source);
    ad_file_expand_limit(ctx, 0);
}

static void take_note(void *user, const char *sentence)
{
    snprintf(user, 256, "%s", sentence);
}

/* A link in an archive has no bytes of its own. */
static void links(void)
{
    char note[256] = "";
    ad_source *source;
    struct archive *a = archive_write_new();
    archive_write_set_format_pax_restricted(a);
    REQUIRE(archive_write_open_filename(a, in_folder("links.tar")) == ARCHIVE_OK);
    add_entry(a, "cat/1.png", 10, 'c');
    for (int hard = 0; hard < 2; ++hard) {
        struct archive_entry *e = archive_entry_new();
        archive_entry_set_pathname(e, hard ? "cat/3.png" : "cat/2.png");
        archive_entry_set_filetype(e, hard ? AE_IFREG : AE_IFLNK);
        if (hard)
            archive_entry_set_hardlink(e, "cat/1.png");
        else
            archive_entry_set_symlink(e, "1.png");
        CHECK_INT(archive_write_header(a, e), ARCHIVE_OK);
        archive_entry_free(e);
    }
    archive_write_close(a);
    archive_write_free(a);
    ad_file_notes(ctx, take_note, note);
    REQUIRE(ad_source_open(&source, ctx, in_folder("links.tar"), NULL) == AD_OK);
    ad_file_notes(ctx, NULL, NULL);
    CHECK_INT(ad_source_count(source), 1);
    CHECK_CONTAINS(note, "links.tar: links and devices in it are left out");
    ad_source_close(source);
}

static void write_two(const char *name, bool zip, const char *first, const char *second)
{
    struct archive *a = archive_write_new();
    if (zip)
        archive_write_set_format_zip(a);
    else
        archive_write_set_format_pax_restricted(a);
    REQUIRE(archive_write_open_filename(a, in_folder(name)) == ARCHIVE_OK);
    add_entry(a, first, 10, 'a');
    add_entry(a, second, 10, 'b');
    archive_write_close(a);
    archive_write_free(a);
}

/* A zip says how large its entries become: what is over the bound is not expanded to find out. */
static void declared_sizes(void)
{
    ad_source *source;
    ad_context *other = ad_context_new(&(ad_context_options){.threads = 1});
    REQUIRE(other);
    write_archive("a.zip", true, 0);
    ad_file_expand_limit(other, 7 * MIB);
    CHECK_INT(ad_source_open(&source, other, in_folder("a.zip"), NULL), AD_ERROR_LIMIT);
    CHECK_CONTAINS(ad_error(other), "a.zip: becomes more than 7340032 bytes");
    CHECK(ad_context_memory_peak(other) < 4 * MIB);
    ad_context_free(other);
}

/* Names that the archive marks as UTF-8 are read whatever locale the program is in: C, as here. */
static void names_beyond_ascii(void)
{
    ad_source *source;
    for (int zip = 0; zip < 2; ++zip) {
        locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
        locale_t before = uselocale(utf8); /* in which libarchive writes the mark */
        write_two("named", zip, "set/ch\xc3\xa8vre/1.png", "set/\xe7\x8c\xab/1.png");
        uselocale(before);
        if (utf8) freelocale(utf8);
        REQUIRE(ad_source_open(&source, ctx, in_folder("named"), wanted) == AD_OK);
        CHECK_INT(ad_source_count(source), 2);
        CHECK_TEXT(ad_source_name(source, 0), "set/ch\xc3\xa8vre/1.png");
        CHECK_TEXT(ad_source_name(source, 1), "set/\xe7\x8c\xab/1.png");
        ad_source_close(source);
    }
}

static void names_twice(void)
{
    ad_source *source;
    for (int zip = 0; zip < 2; ++zip) {
        write_two("twice", zip, "set/cat/1.png", "./set/cat/1.png");
        CHECK_INT(ad_source_open(&source, ctx, in_folder("twice"), wanted), AD_ERROR_FORMAT);
        CHECK_CONTAINS(ad_error(ctx), "twice: holds set/cat/1.png twice");
    }
    REQUIRE(!mkdir(in_folder("both"), 0700));
    write_two("both/a.zip", true, "cat/1.png", "dog/1.png");
    write_two("both/b.zip", true, "cat/1.png", "dog/1.png");
    REQUIRE(ad_source_open(&source, ctx, in_folder("both"), wanted) == AD_OK);
    CHECK_INT(ad_source_count(source), 4);
    ad_source_close(source);
}

static void cut_short(void)
{
    ad_source *source;
    write_archive("cut.tar", false, 0);
    REQUIRE(!truncate(in_folder("cut.tar"), 3 * MIB));
    CHECK(ad_source_open(&source, ctx, in_folder("cut.tar"), NULL));
    CHECK_CONTAINS(ad_error(ctx), "cut.tar: ");
}

static ad_status open_archive(ad_context *poor)
{
    ad_source *source;
    ad_status status = ad_source_open(&source, poor, in_folder("a.tar.gz"), wanted);
    ad_source_close(source);
    return status;
}

static void memory_that_runs_out(void)
{
    write_archive("a.tar.gz", false, ARCHIVE_FILTER_GZIP);
    sparing_check(open_archive);
}

int main(int argc, char **argv)
{
    static const check_case cases[] = {{"once", once},
                                       {"bounded", bounded},
                                       {"texts_that_look_so", texts_that_look_so},
                                       {"no_programs", no_programs},
                                       {"archives", archives},
                                       {"links", links},
                                       {"declared_sizes", declared_sizes},
                                       {"names_beyond_ascii", names_beyond_ascii},
                                       {"names_twice", names_twice},
                                       {"cut_short", cut_short},
                                       {"memory_that_runs_out", memory_that_runs_out},
                                       {0}};
    if (!folder_make()) return 1;
    int code = check_in_context(argc, argv, cases);
    return folder_remove() ? code : 1;
}
