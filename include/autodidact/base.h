/* base.h - what every other header stands on: status codes, the context, the allocator hook.
 *
 * The library never aborts, exits or prints. A call that can fail returns an ad_status (or NULL)
 * and leaves one sentence about the first cause in the context; ad_error() has it.
 *
 * Threads. A context and all that is made from it (graphs, stores, programs, optimizers, open
 * files) are used by one thread at a time; they may move to another one that is synchronised with
 * it. Several contexts may live side by side and share nothing: each has its own threads, memory
 * and error. What programs of several contexts may share is the variables of a store (nn.h).
 *
 * What may change. Every header says near its top whether it is stable or experimental. Until
 * version 1.0 a minor version (0.1 -> 0.2) may change any of them: NEWS says what, and the shared
 * library's name tells the two apart (libautodidact.so.0.1). A patch version (0.1.0 -> 0.1.1)
 * changes experimental headers only. Option structs grow at their end, and zero is the default of
 * every member: initialise them by the names of the members that you mean. Files written by one
 * version are read by all later ones.
 *
 * Every header is C11 and C++20; nothing of it throws.
 *
 * Stability: stable. */
#ifndef AUTODIDACT_BASE_H
#define AUTODIDACT_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define AD_API             __attribute__((visibility("default")))
#define AD_PRINTF(fmt, at) __attribute__((format(printf, fmt, at)))
#else
#define AD_API
#define AD_PRINTF(fmt, at)
#endif

/* The version of these headers. */
#define AD_VERSION_MAJOR          0
#define AD_VERSION_MINOR          1
#define AD_VERSION_PATCH          0
#define AD_VERSION_QUOTE_(text)   #text
#define AD_VERSION_TEXT_(a, b, c) AD_VERSION_QUOTE_(a.b.c)
/* "0.1.0" */
#define AD_VERSION AD_VERSION_TEXT_(AD_VERSION_MAJOR, AD_VERSION_MINOR, AD_VERSION_PATCH)
/* 100 for 0.1.0, 10203 for 1.2.3: numbers to compare. */
#define AD_VERSION_NUMBER (AD_VERSION_MAJOR * 10000 + AD_VERSION_MINOR * 100 + AD_VERSION_PATCH)

/* The version of the library that is linked, which may be another one than that of the headers. */
AD_API const char *ad_version(void); /* "0.1.0" */
AD_API int ad_version_number(void);  /* as AD_VERSION_NUMBER */

/* Some of the library needs others ("png", "jpeg", "webp", "zip"; tools/components lists them), and
 * can be built without them. What needs one that was left out fails with AD_ERROR_UNSUPPORTED and
 * names it. */
AD_API bool ad_has_component(const char *name);
AD_API const char *ad_components(void); /* those that were built in: "jpeg png zip" */

typedef enum ad_status {
    AD_OK = 0,
    AD_ERROR_MEMORY,      /* the allocator refused */
    AD_ERROR_ARGUMENT,    /* a value outside its documented range */
    AD_ERROR_SHAPE,       /* shapes that do not fit together */
    AD_ERROR_DTYPE,       /* an element type the operation does not take */
    AD_ERROR_IO,          /* the operating system refused (open, read, write, rename) */
    AD_ERROR_FORMAT,      /* a file that is not what it claims to be */
    AD_ERROR_UNSUPPORTED, /* well-formed, but beyond what this build does */
    AD_ERROR_NUMERIC,     /* NaN or infinity where a finite number was expected */
    AD_ERROR_LIMIT,       /* would exceed a limit that the caller set */
    AD_ERROR_NOT_FOUND,   /* no tensor, layer or option of that name */
} ad_status;

/* The name of a status ("shape", "format", ...), never NULL. */
AD_API const char *ad_status_name(ad_status status);

/* Where all memory comes from. `allocate` returns 64-byte aligned memory or NULL; `release` takes
 * what `allocate` gave, with the same size. Both may be called from the context's thread only. */
typedef struct ad_allocator {
    void *(*allocate)(void *user, size_t bytes);
    void (*release)(void *user, void *memory, size_t bytes);
    void *user;
} ad_allocator;

typedef struct ad_context ad_context;

typedef struct ad_context_options {
    ad_allocator allocator; /* zero: aligned_alloc and free */
    int threads;            /* worker threads, the caller's included; 0: one per available core */
    const char
        *isa; /* cap on the instruction set: "scalar", "avx2", "avx512", "neon"; NULL: the best */
} ad_context_options;

/* A new context; NULL when memory is refused or an option is out of range. `options` may be NULL.
 */
AD_API ad_context *ad_context_new(const ad_context_options *options);
/* Frees the context. Everything made from it must have been freed before. NULL is ignored. */
AD_API void ad_context_free(ad_context *ctx);

/* The sentence about the last failure ("" if none) and its status. Valid until the next failure. */
AD_API const char *ad_error(const ad_context *ctx);
AD_API ad_status ad_error_status(const ad_context *ctx);
AD_API void ad_error_clear(ad_context *ctx);
/* For systems built on the library: records a sentence of their own and returns `status`. */
AD_API ad_status ad_error_set(ad_context *ctx, ad_status status, const char *format, ...)
    AD_PRINTF(3, 4);

/* Random numbers outside of graphs, of the same kind as within (Philox4x32-10): number `index` of
 * the stream is a pure function, so what is drawn depends on nothing that was drawn before. */
AD_API uint32_t ad_random_word(uint64_t seed, uint64_t stream, uint64_t index);
AD_API double ad_random_unit(uint64_t seed, uint64_t stream, uint64_t index); /* [0, 1), 53 bits */
/* 0 .. n - 1, n > 0. */
AD_API int64_t ad_random_below(uint64_t seed, uint64_t stream, uint64_t index, int64_t n);

/* A fingerprint of data (FNV-1a, 64 bits); no defence against someone who wants two to collide. */
AD_API uint64_t ad_fingerprint(const void *bytes, size_t count);
/* "Did you mean": the most similar of `count` names to `word` (edit distance, at most a third of
 * its length), or NULL. */
AD_API const char *ad_nearest(const char *word, const char *const *names, int count);

/* The monotonic clock in seconds: for durations, its beginning means nothing. */
AD_API double ad_seconds(void);

AD_API int ad_context_threads(const ad_context *ctx);
/* Bytes now held through this context's allocator, and the most ever held. */
AD_API size_t ad_context_memory(const ad_context *ctx);
AD_API size_t ad_context_memory_peak(const ad_context *ctx);
/* The instruction sets in use, for people: "avx512 bf16". */
AD_API const char *ad_context_isa(const ad_context *ctx);
/* The processor's own name, or "unknown". */
AD_API const char *ad_context_cpu(const ad_context *ctx);

#ifdef __cplusplus
}
#endif
#endif
