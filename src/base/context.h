/* context.h - the inside of ad_context: allocator, error sentence, thread pool, cpu level. */
#ifndef AD_BASE_CONTEXT_H
#define AD_BASE_CONTEXT_H

#include <autodidact/base.h>
#include <stdarg.h>

struct ad_pool;
struct ad_tracer;
struct ad_wisdom;

/* Memory through the context's hook: 64-byte aligned, not zeroed (ad_zalloc: zeroed). On refusal
 * the context's error is set and NULL returned. ad_free takes the same size back; NULL is ignored.
 */
void *ad_alloc(ad_context *ctx, size_t bytes);
void *ad_zalloc(ad_context *ctx, size_t bytes);
void *ad_realloc(ad_context *ctx, void *memory, size_t old_bytes, size_t new_bytes);
void ad_free(ad_context *ctx, void *memory, size_t bytes);
/* Strings of their own: the whole of `text`, or its first `length` bytes. NULL: no memory. */
char *ad_string_copy(ad_context *ctx, const char *text);
char *ad_string_cut(ad_context *ctx, const char *text, size_t length);
void ad_string_free(ad_context *ctx, char *text); /* NULL is ignored */

/* Makes room for `need` elements of `size` bytes, doubling; NULL (and the context's error):
 * refused, and the memory is as it was. */
void *ad_grow(ad_context *ctx, void *memory, int64_t *capacity, int64_t need, size_t size);

/* count * size, or SIZE_MAX on overflow (which every allocator refuses). */
size_t ad_bytes(int64_t count, size_t size);

/* Records the sentence and returns `status`, so that `return ad_fail(ctx, ...)` reads well.
 * Sentences name the file, tensor or option, say what was found and what was expected; no full
 * stop. */
#ifdef __clang_analyzer__ /* it cannot see that the status comes back */
#define ad_fail(ctx, status, ...) (ad_error_set(ctx, status, __VA_ARGS__), (status))
#else
#define ad_fail ad_error_set
#endif
ad_status ad_vfail(ad_context *ctx, ad_status status, const char *format, va_list args);
/* Puts "prefix: " before the current sentence (a file name, say); returns its status. */
ad_status ad_fail_prefix(ad_context *ctx, const char *format, ...) AD_PRINTF(2, 3);

/* The pool is started at the first call that needs it; never NULL (on failure: a pool of one). */
struct ad_pool *ad_context_pool(ad_context *ctx);
/* Who watches the context's programs (program.h), or NULL; and how many have been watched. */
const struct ad_tracer *ad_context_tracer(const ad_context *ctx);
void ad_context_set_tracer(ad_context *ctx, const struct ad_tracer *tracer);
int ad_context_count_watched(ad_context *ctx);
/* What the context's programs are compiled with (wisdom.h), or NULL. */
struct ad_wisdom *ad_context_wisdom(const ad_context *ctx);
void ad_context_set_wisdom(ad_context *ctx, struct ad_wisdom *wisdom);
int ad_context_isa_level(const ad_context *ctx); /* an ad_isa of cpu.h */

#endif
