/* context.c - allocator, accounting, the error sentence, and the lazily started pool. */
#include "base/context.h"
#include "base/cpu.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/kept_pipes.h"
#include "base/notes.h"
#include "base/pool.h"
#include "base/printable.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <string.h>

enum { ERROR_BYTES = 1024, NOTES_KNOWN = 32 };

static const size_t usual_expand_limit = (size_t)2 << 30;

struct ad_context {
    ad_allocator allocator;
    int threads;
    ad_isa isa;
    ad_pool *pool;
    bool pool_tried;
    size_t held, peak;
    const struct ad_tracer *tracer;
    int watched;
    struct ad_wisdom *wisdom;
    size_t expand_limit;
    ad_kept_pipes pipes;
    void (*note)(void *user, const char *sentence);
    void *note_user;
    uint64_t noted[NOTES_KNOWN]; /* hashes of the last ones, in turn */
    int notes;
    ad_status status;
    char error[ERROR_BYTES];
};

static void *system_allocate(void *user, size_t bytes)
{
    (void)user;
    if (bytes > SIZE_MAX - 63) return NULL;
    enum { HUGE_PAGE = 2 << 20, LEAST_HUGE = 2 * HUGE_PAGE };
    if (bytes < LEAST_HUGE) return aligned_alloc(64, (bytes + 63) & ~(size_t)63);
    size_t whole = (bytes + HUGE_PAGE - 1) & ~(size_t)(HUGE_PAGE - 1);
    void *memory = whole < bytes ? NULL : aligned_alloc(HUGE_PAGE, whole);
#ifdef MADV_HUGEPAGE
    /* fewer page faults and walks; where the system refuses, nothing is lost */
    if (memory) (void)madvise(memory, whole, MADV_HUGEPAGE);
#endif
    return memory;
}

static void system_release(void *user, void *memory, size_t bytes)
{
    (void)user, (void)bytes;
    free(memory);
}

ad_context *ad_context_new(const ad_context_options *options)
{
    ad_allocator allocator = {system_allocate, system_release, NULL};
    ad_isa isa = ad_cpu_get()->isa, cap;
    int threads = 0;
    if (options) {
        if (options->allocator.allocate) allocator = options->allocator;
        if (!allocator.release || options->threads < 0 || options->threads > 1024) return NULL;
        threads = options->threads;
        if (options->isa) {
            if (!ad_isa_parse(options->isa, &cap)) return NULL;
            if (cap < isa) isa = cap;
        }
    }
    ad_context *ctx = allocator.allocate(allocator.user, sizeof *ctx);
    if (!ctx) return NULL;
    *ctx = (ad_context){.allocator = allocator, .isa = isa, .expand_limit = usual_expand_limit};
    ctx->threads = threads ? threads : ad_cpu_get()->cores;
    return ctx;
}

void ad_context_free(ad_context *ctx)
{
    if (!ctx) return;
    ad_pool_free(ctx->pool);
    ad_kept_pipes_free(&ctx->pipes, ctx);
    ctx->allocator.release(ctx->allocator.user, ctx, sizeof *ctx);
}

int ad_context_threads(const ad_context *ctx)
{
    return ctx->threads;
}
size_t ad_context_memory(const ad_context *ctx)
{
    return ctx->held;
}
size_t ad_context_memory_peak(const ad_context *ctx)
{
    return ctx->peak;
}
const char *ad_context_isa(const ad_context *ctx)
{
    return ad_isa_name(ctx->isa);
}

const char *ad_context_cpu(const ad_context *ctx)
{
    (void)ctx;
    return ad_cpu_get()->model;
}

int ad_context_isa_level(const ad_context *ctx)
{
    return (int)ctx->isa;
}

const struct ad_tracer *ad_context_tracer(const ad_context *ctx)
{
    return ctx->tracer;
}

void ad_context_set_tracer(ad_context *ctx, const struct ad_tracer *tracer)
{
    ctx->tracer = tracer;
}

int ad_context_count_watched(ad_context *ctx)
{
    return ++ctx->watched;
}

struct ad_wisdom *ad_context_wisdom(const ad_context *ctx)
{
    return ctx->wisdom;
}

void ad_context_set_wisdom(ad_context *ctx, struct ad_wisdom *wisdom)
{
    ctx->wisdom = wisdom;
}

size_t ad_context_expand_limit(const ad_context *ctx)
{
    return ctx->expand_limit;
}

void ad_context_set_expand_limit(ad_context *ctx, size_t bytes)
{
    ctx->expand_limit = bytes ? bytes : usual_expand_limit;
}

ad_kept_pipes *ad_context_pipes(ad_context *ctx)
{
    return &ctx->pipes;
}

void ad_context_set_notes(ad_context *ctx, void (*note)(void *user, const char *sentence),
                          void *user)
{
    ctx->note = note, ctx->note_user = user;
}

void ad_note(ad_context *ctx, const char *format, ...)
{
    char sentence[ERROR_BYTES];
    va_list args;
    if (!ctx->note) return;
    va_start(args, format);
    vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    uint64_t hash = ad_hash(AD_HASH_START, sentence, strlen(sentence));
    for (int i = 0; i < NOTES_KNOWN; ++i)
        if (ctx->noted[i] == hash) return;
    ctx->noted[ctx->notes++ % NOTES_KNOWN] = hash;
    ctx->note(ctx->note_user, sentence);
}

ad_pool *ad_context_pool(ad_context *ctx)
{
    if (!ctx->pool_tried) {
        ctx->pool_tried = true;
        ctx->pool = ctx->threads > 1 ? ad_pool_new(ctx->threads) : NULL;
    }
    return ctx->pool;
}

void *ad_alloc(ad_context *ctx, size_t bytes)
{
    if (!bytes) bytes = 1;
    void *memory = bytes == SIZE_MAX ? NULL : ctx->allocator.allocate(ctx->allocator.user, bytes);
    if (!memory) {
        if (bytes == SIZE_MAX)
            ad_fail(ctx, AD_ERROR_MEMORY,
                    "out of memory: the size asked for does not fit in memory");
        else
            ad_fail(ctx, AD_ERROR_MEMORY, "out of memory: %zu bytes could not be allocated", bytes);
        return NULL;
    }
    ctx->held += bytes;
    if (ctx->held > ctx->peak) ctx->peak = ctx->held;
    return memory;
}

void *ad_zalloc(ad_context *ctx, size_t bytes)
{
    void *memory = ad_alloc(ctx, bytes);
    if (memory) memset(memory, 0, bytes);
    return memory;
}

void *ad_realloc(ad_context *ctx, void *memory, size_t old_bytes, size_t new_bytes)
{
    void *grown = ad_alloc(ctx, new_bytes);
    if (!grown) return NULL;
    if (memory) {
        memcpy(grown, memory, old_bytes < new_bytes ? old_bytes : new_bytes);
        ad_free(ctx, memory, old_bytes);
    }
    return grown;
}

void ad_free(ad_context *ctx, void *memory, size_t bytes)
{
    if (!memory) return;
    if (!bytes) bytes = 1;
    ctx->held -= bytes;
    ctx->allocator.release(ctx->allocator.user, memory, bytes);
}

char *ad_string_cut(ad_context *ctx, const char *text, size_t length)
{
    char *copy = ad_alloc(ctx, length + 1);
    if (!copy) return NULL;
    memcpy(copy, text, length);
    copy[length] = 0;
    return copy;
}

char *ad_string_copy(ad_context *ctx, const char *text)
{
    return ad_string_cut(ctx, text, strlen(text));
}

void ad_string_free(ad_context *ctx, char *text)
{
    if (text) ad_free(ctx, text, strlen(text) + 1);
}

void *ad_grow(ad_context *ctx, void *memory, int64_t *capacity, int64_t need, size_t size)
{
    if (need <= *capacity) return memory;
    int64_t more = *capacity ? *capacity : 16;
    while (more < need) more = more > INT64_MAX / 4 ? INT64_MAX / 2 : more * 2;
    void *grown = ad_realloc(ctx, memory, ad_bytes(*capacity, size), ad_bytes(more, size));
    if (grown) *capacity = more;
    return grown;
}

size_t ad_bytes(int64_t count, size_t size)
{
    size_t bytes;
    if (count < 0 || __builtin_mul_overflow((size_t)count, size, &bytes)) return SIZE_MAX;
    return bytes;
}

const char *ad_error(const ad_context *ctx)
{
    return ctx->error;
}
ad_status ad_error_status(const ad_context *ctx)
{
    return ctx->status;
}

void ad_error_clear(ad_context *ctx)
{
    ctx->status = AD_OK;
    ctx->error[0] = 0;
}

ad_status ad_vfail(ad_context *ctx, ad_status status, const char *format, va_list args)
{
    char sentence[ERROR_BYTES]; /* an argument may point into ctx->error */
    vsnprintf(sentence, sizeof sentence, format, args);
    ad_printable_line(ctx->error, sizeof ctx->error, sentence);
    ctx->status = status;
    return status;
}

ad_status ad_error_set(ad_context *ctx, ad_status status, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    ad_vfail(ctx, status, format, args);
    va_end(args);
    return status;
}

ad_status ad_fail_prefix(ad_context *ctx, const char *format, ...)
{
    char prefix[ERROR_BYTES / 2];
    va_list args;
    va_start(args, format);
    vsnprintf(prefix, sizeof prefix, format, args);
    va_end(args);
    return ad_fail(ctx, ctx->status, "%s: %s", prefix, ctx->error);
}

const char *ad_status_name(ad_status status)
{
    static const char *const names[] = {"ok",      "memory", "argument", "shape",
                                        "dtype",   "io",     "format",   "unsupported",
                                        "numeric", "limit",  "not found"};
    return (unsigned)status < sizeof names / sizeof *names ? names[status] : "unknown";
}
