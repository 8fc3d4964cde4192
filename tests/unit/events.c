/* events.c - TensorBoard's event files: the same bytes as TensorBoard's own protocol buffers and
 * PyTorch's histograms make (tests/oracle/events.py), and what happens where they cannot be
 * written. */
#include "check.h"

#include <autodidact/events.h>

#include <dirent.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

static char folder[64];

static size_t read_file(const char *path, char *to, size_t size)
{
    FILE *file = fopen(path, "rb");
    if (!file) return 0;
    size_t got = fread(to, 1, size, file);
    fclose(file);
    return got;
}

static void fixture_bytes(void)
{
    static char got[65536], want[65536], png[4096];
    ad_context *ctx = ad_context_new(NULL);
    ad_events *e;
    float values[1002], ones[] = {1, INFINITY, 1, NAN, 1, -INFINITY};
    for (int i = 0; i < 1000; ++i) values[i] = (float)((i * 37 % 401) - 200) / 64;
    values[1000] = NAN, values[1001] = 3e20F; /* left out */
    size_t size = read_file("tests/fixtures/pictures/png-RGB.png", png, sizeof png);
    REQUIRE(size > 0);
    ad_events_options options = {.first_step = 7, .wall_time = 1700000000.25};
    REQUIRE(!ad_events_open(&e, ctx, folder, &options));
    CHECK_CONTAINS(ad_events_path(e), "/events.out.tfevents.1700000000.");
    CHECK(!ad_events_scalar(e, "loss", 0, 0));
    CHECK(!ad_events_scalar(e, "validation/accuracy", (int64_t)1 << 40, -1.25e-3));
    CHECK(!ad_events_text(e, "samples/told", 8, "**bold** \xff \xc3\xa9"));
    CHECK(!ad_events_image(e, "picture", 9, png, size));
    CHECK(!ad_events_histogram(e, "weights", 10, values, 1002));
    CHECK(!ad_events_histogram(e, "ones", 11, ones, 6));
    CHECK(!ad_events_histogram(e, "nothing", 12, ones + 1, 1));
    CHECK(!ad_events_flush(e));
    size_t length = read_file(ad_events_path(e), got, sizeof got);
    size_t wanted = read_file("tests/fixtures/events/all.tfevents", want, sizeof want);
    CHECK_INT(length, wanted);
    size_t same = 0;
    while (same < length && same < wanted && got[same] == want[same]) ++same;
    CHECK_INT(same, wanted);
    CHECK(!ad_events_close(e));
    CHECK_INT(ad_context_memory(ctx), 0);
    ad_context_free(ctx);
}

static void own_files(void)
{
    ad_context *ctx = ad_context_new(NULL);
    ad_events *a, *b;
    ad_events_options options = {.wall_time = 1600000000};
    REQUIRE(!ad_events_open(&a, ctx, folder, &options));
    REQUIRE(!ad_events_open(&b, ctx, folder, &options));
    CHECK(strcmp(ad_events_path(a), ad_events_path(b)) != 0);
    CHECK(!ad_events_close(a) && !ad_events_close(b));
    ad_context_free(ctx);
}

static void refusals(void)
{
    ad_context *ctx = ad_context_new(NULL);
    ad_events *e;
    char path[128];
    snprintf(path, sizeof path, "%s/none", folder);
    CHECK_INT(ad_events_open(&e, ctx, path, NULL), AD_ERROR_IO);
    CHECK(!e);
    CHECK_CONTAINS(ad_error(ctx), "/none/events.out.tfevents.");
    REQUIRE(!ad_events_open(&e, ctx, folder, NULL));
    CHECK_INT(ad_events_image(e, "shot", 1, "GIF89a", 6), AD_ERROR_FORMAT);
    CHECK_TEXT(ad_error(ctx), "shot: the picture is not a PNG file");
    CHECK(!ad_events_close(e)); /* nothing was lost by that */
    CHECK(!ad_events_close(NULL));
    ad_context_free(ctx);
}

/* The disk is full for a while: what could not be written comes later, and nothing is torn. */
static void full_disk(void)
{
    static char got[1 << 20];
    struct rlimit old, small = {1000, 1000};
    ad_context *ctx = ad_context_new(NULL);
    ad_events *e;
    REQUIRE(!ad_events_open(&e, ctx, folder, NULL));
    getrlimit(RLIMIT_FSIZE, &old);
    small.rlim_max = old.rlim_max;
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &small);
    for (int i = 0; i < 100; ++i) CHECK(!ad_events_scalar(e, "loss", i, i));
    CHECK_INT(ad_events_flush(e), AD_ERROR_IO);
    CHECK_CONTAINS(ad_error(ctx), "cannot write: File too large");
    CHECK_INT(read_file(ad_events_path(e), got, sizeof got), 1000);
    setrlimit(RLIMIT_FSIZE, &old);
    CHECK(!ad_events_flush(e));
    size_t size = read_file(ad_events_path(e), got, sizeof got), at = 0;
    int records = 0;
    for (uint64_t length; at + 12 <= size; at += 16 + length, ++records)
        memcpy(&length, got + at, 8);
    CHECK_INT(at, size);
    CHECK_INT(records, 101);
    CHECK_INT(ad_events_close(e), AD_ERROR_IO); /* says that something went wrong on the way */
    ad_context_free(ctx);
}

/* ---- every allocation refused in turn ---- */

static int allocations_left;

static void *sparing(void *user, size_t bytes)
{
    (void)user;
    return allocations_left-- > 0 ? aligned_alloc(64, (bytes + 63) / 64 * 64) : NULL;
}

static void release(void *user, void *memory, size_t bytes)
{
    (void)user, (void)bytes;
    free(memory);
}

static void memory_refused(void)
{
    int refused = 0;
    for (int n = 1; n < 60; ++n) {
        allocations_left = n;
        ad_context_options options = {.allocator = {sparing, release, NULL}, .threads = 1};
        ad_context *ctx = ad_context_new(&options);
        if (!ctx) continue;
        ad_events *e;
        float value = 1;
        ad_status status = ad_events_open(&e, ctx, folder, NULL);
        if (!status) {
            (void)ad_events_scalar(e, "a", 1, 1);
            (void)ad_events_text(e, "a text whose name is longer than what is there", 1, "words");
            (void)ad_events_histogram(e, "h", 1, &value, 1);
            unlink(ad_events_path(e));
            status = ad_events_close(e);
        }
        CHECK(!status || status == AD_ERROR_MEMORY);
        refused += status == AD_ERROR_MEMORY;
        CHECK_INT(ad_context_memory(ctx), 0);
        ad_context_free(ctx);
    }
    CHECK(refused > 5);
}

static void clean_up(void)
{
    char path[512];
    DIR *listing = opendir(folder);
    for (struct dirent *entry; listing && (entry = readdir(listing));) {
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        unlink(path);
    }
    if (listing) closedir(listing);
    rmdir(folder);
}

static const check_case cases[] = {CASE(fixture_bytes), CASE(own_files),      CASE(refusals),
                                   CASE(full_disk),     CASE(memory_refused), {0}};

int main(int argc, char **argv)
{
    snprintf(folder, sizeof folder, "/tmp/autodidact-events-XXXXXX");
    if (!mkdtemp(folder)) return 1;
    int code = check_main(argc, argv, cases);
    clean_up();
    return code;
}
