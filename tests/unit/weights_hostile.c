/* weights_hostile.c - every fixture cut short, with bytes changed, and with each allocation
 * refused: one clear error, no crash, nothing left behind. */
#include "fixtures/weights.h"
#include "folder.h"

#include <dirent.h>
#include <unistd.h>

/* ---- an allocator that refuses the n-th request ---- */

static int64_t requests, refused_request;

static void *allocate(void *user, size_t bytes)
{
    (void)user;
    if (++requests == refused_request) return NULL;
    return bytes > SIZE_MAX - 63 ? NULL : aligned_alloc(64, (bytes + 63) & ~(size_t)63);
}

static void release(void *user, void *memory, size_t bytes)
{
    (void)user, (void)bytes;
    free(memory);
}

static ad_context *context_new(void)
{
    return ad_context_new(
        &(ad_context_options){.allocator = {allocate, release, NULL}, .threads = 1});
}

/* ---- fixtures ---- */

typedef struct sample {
    char name[300];
    unsigned char *bytes;
    size_t size;
} sample;

static sample samples[64];
static int sample_count;

static void add_sample(const char *path)
{
    sample *s = &samples[sample_count];
    if (sample_count == 64 || strlen(path) >= sizeof s->name) return;
    strcpy(s->name, path);
    s->bytes = weights_slurp(path, &s->size);
    if (s->bytes) ++sample_count;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const sample *)a)->name, ((const sample *)b)->name);
}

/* The committed fixtures, and a safetensors and an npz file that the library writes. */
static void load_samples(ad_context *ctx)
{
    static float data[12] = {1, 2, 3};
    static uint16_t half[5] = {0x3c00};
    ad_named_tensor tensors[] = {{"conv.weight", {AD_F32, {4, {1, 2, 2, 3}}, data}},
                                 {"bias", {AD_F16, {1, {5}}, half}}};
    ad_metadata metadata = {"format", "pt"};
    char path[300];
    DIR *directory = opendir(WEIGHTS);
    for (struct dirent *row; directory && (row = readdir(directory));) {
        if (*row->d_name == '.') continue;
        snprintf(path, sizeof path, WEIGHTS "%s", row->d_name);
        add_sample(path);
    }
    if (directory) closedir(directory);
    qsort(samples, (size_t)sample_count, sizeof *samples, by_name);
    for (int i = 0; i < 2; ++i) {
        const char *own = in_folder(i ? "own.npz" : "own.safetensors");
        if (!ad_file_write(ctx, own, tensors, 2, &metadata, 1)) add_sample(own);
        unlink(own);
    }
}

/* ---- what is done with a file ---- */

/* Opens, reads everything, closes; AD_OK, or the first error. */
static ad_status use(ad_context *ctx, const char *name, const void *bytes, size_t size)
{
    static double data[4096];
    ad_file *file;
    ad_status first = ad_file_open_memory(&file, ctx, name, bytes, size);
    if (first) return first;
    for (int i = 0; i < ad_file_count(file); ++i) {
        int64_t count = ad_shape_count(ad_file_at(file, i)->shape);
        if (count > 4096) continue; /* a changed shape with stride 0 may be of any size */
        ad_status status = ad_file_read(file, i, AD_F64, data, (size_t)count * sizeof *data);
        if (!first) first = status;
    }
    ad_file_close(file);
    return first;
}

static ad_context *ctx;

static void survives_being_cut(void)
{
    CHECK(sample_count >= 25);
    for (int i = 0; i < sample_count; ++i) {
        for (size_t size = 0; size < samples[i].size; ++size) {
            /* a buffer of its own, so that a sanitizer sees a byte read too many */
            unsigned char *bytes = malloc(size + !size);
            REQUIRE(bytes);
            memcpy(bytes, samples[i].bytes, size);
            ad_status status = use(ctx, samples[i].name, bytes, size);
            if (!status)
                CHECK_FAIL("%s is whole with %zu of %zu bytes", samples[i].name, size,
                           samples[i].size);
            else if (!strstr(ad_error(ctx), samples[i].name))
                CHECK_FAIL("%s is not named", ad_error(ctx));
            free(bytes);
            if (ad_context_memory(ctx) || check_failures) {
                CHECK_FAIL("%s of %zu bytes: %zu bytes left", samples[i].name, size,
                           ad_context_memory(ctx));
                return;
            }
        }
    }
}

static void survives_changed_bytes(void)
{
    static const unsigned char masks[] = {0x01, 0x80, 0xff};
    for (int i = 0; i < sample_count; ++i) {
        unsigned char *bytes = malloc(samples[i].size);
        REQUIRE(bytes);
        for (size_t at = 0; at < samples[i].size; ++at) {
            for (size_t m = 0; m < sizeof masks; ++m) {
                memcpy(bytes, samples[i].bytes, samples[i].size);
                bytes[at] ^= masks[m];
                use(ctx, samples[i].name, bytes, samples[i].size);
                if (ad_context_memory(ctx)) {
                    CHECK_FAIL("%s byte %zu: %zu bytes left", samples[i].name, at,
                               ad_context_memory(ctx));
                    free(bytes);
                    return;
                }
            }
        }
        free(bytes);
    }
}

static void survives_refused_memory(void)
{
    for (int i = 0; i < sample_count; ++i) {
        refused_request = 0;
        ad_status wanted = use(ctx, samples[i].name, samples[i].bytes, samples[i].size),
                  status = AD_ERROR_MEMORY;
        int64_t n = 0;
        while (status == AD_ERROR_MEMORY && n < 10000) {
            requests = 0, refused_request = ++n;
            status = use(ctx, samples[i].name, samples[i].bytes, samples[i].size);
            if (status != AD_ERROR_MEMORY && requests >= n)
                CHECK_FAIL("%s: request %lld refused: %s", samples[i].name, (long long)n,
                           ad_error(ctx));
            CHECK_INT(ad_context_memory(ctx), 0);
        }
        refused_request = 0;
        CHECK_INT(status, wanted); /* once nothing was refused any more */
        CHECK(n > 2);
    }
}

static void writers_survive_refused_memory(void)
{
    if (!ad_has_component("zip")) return; /* what is written comes from a file of PyTorch's */
    for (int i = 0; i < 2; ++i) {
        int64_t n = 0;
        ad_status status = AD_ERROR_MEMORY;
        const char *to = in_folder(i ? "to.npz" : "to.safetensors");
        while (status == AD_ERROR_MEMORY && n < 10000) {
            requests = 0, refused_request = ++n;
            status = ad_file_convert(ctx, WEIGHTS "checkpoint.pth", to, NULL);
            CHECK_INT(ad_context_memory(ctx), 0);
            if (status) CHECK(access(to, F_OK)); /* nothing half written */
        }
        refused_request = 0;
        CHECK_INT(status, AD_OK);
        CHECK(n > 10);
        CHECK(!unlink(to));
    }
}

int main(int argc, char **argv)
{
    ctx = context_new();
    if (!ctx || !folder_make()) return 1;
    load_samples(ctx);
    int result = check_main(argc, argv,
                            (check_case[]){CASE(survives_being_cut),
                                           CASE(survives_changed_bytes),
                                           CASE(survives_refused_memory),
                                           CASE(writers_survive_refused_memory),
                                           {0}});
    for (int i = 0; i < sample_count; ++i) free(samples[i].bytes);
    if (rmdir(folder)) puts("the folder of the test is not empty"), result = 1;
    ad_context_free(ctx);
    return result;
}
