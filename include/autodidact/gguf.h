/* gguf.h - what llama.cpp reads: the values beside the tensors of a GGUF file that is written.
 * Reading is io.h's.
 *
 *     ad_gguf_values *values = ad_gguf_values_new(ctx);
 *     ad_gguf_put_text(values, "general.architecture", "llama");
 *     ad_gguf_put_count(values, "llama.block_count", 5);
 *     ad_file_convert(ctx, from, "model.gguf", &(ad_file_convert_options){.gguf = &(ad_gguf_model){
 *         .architecture = "llama", .heads = 8, .kv_heads = 4, .values = values}});
 *
 * Stability: experimental (base.h says what that means). */
#ifndef AUTODIDACT_GGUF_H
#define AUTODIDACT_GGUF_H

#include <autodidact/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Keys and typed values in their order. Memory that is refused is noticed when the file is
 * written. */
typedef struct ad_gguf_values ad_gguf_values;
AD_API ad_gguf_values *ad_gguf_values_new(ad_context *ctx); /* NULL: memory refused */
AD_API void ad_gguf_values_free(ad_gguf_values *values);    /* NULL is ignored */

AD_API void ad_gguf_put_count(ad_gguf_values *values, const char *key, uint32_t value);
AD_API void ad_gguf_put_real(ad_gguf_values *values, const char *key, double value); /* as f32 */
AD_API void ad_gguf_put_bool(ad_gguf_values *values, const char *key, bool value);
AD_API void ad_gguf_put_text(ad_gguf_values *values, const char *key, const char *value);
AD_API void ad_gguf_put_ints(ad_gguf_values *values, const char *key, const int32_t *numbers,
                             int64_t count);
AD_API void ad_gguf_put_reals(ad_gguf_values *values, const char *key, const float *numbers,
                              int64_t count);
/* A list of `count` texts, which follow one by one. */
AD_API void ad_gguf_put_texts(ad_gguf_values *values, const char *key, int64_t count);
AD_API void ad_gguf_next_text(ad_gguf_values *values, const char *text, size_t length);

/* A network that llama.cpp knows. */
typedef struct ad_gguf_model {
    const char *architecture; /* "gpt2" or "llama": tensors get its names, and its order */
    int64_t heads, kv_heads;  /* llama */
    const ad_gguf_values *values;
} ad_gguf_model;

#ifdef __cplusplus
}
#endif
#endif
