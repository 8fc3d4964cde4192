/* state_stream.c - bytes that a system keeps, to and from checkpoints. Small ones go through memory
 * into the checkpoint itself, large ones into a file beside it, of which the checkpoint knows the
 * length and a hash: one that was cut short or swapped is found before anything is loaded. */
#include "train/checkpoint.h"
#include "base/file.h"
#include "base/hash.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* ---- writing ---- */

static ad_status reserve(ad_state_stream *s, size_t more)
{
    size_t needed, capacity = s->capacity ? s->capacity : 4096;
    if (__builtin_add_overflow(s->size, more, &needed) || needed > PTRDIFF_MAX / 2)
        return ad_fail(s->ctx, AD_ERROR_LIMIT, "the state \"%s\" is too large", s->name);
    if (needed <= s->capacity) return AD_OK;
    while (capacity < needed) capacity *= 2;
    unsigned char *bytes = ad_realloc(s->ctx, s->bytes, s->capacity, capacity);
    if (!bytes) return AD_ERROR_MEMORY;
    s->bytes = bytes;
    s->capacity = capacity;
    return AD_OK;
}

ad_status ad_state_write(ad_state_stream *s, const void *bytes, size_t count)
{
    if (s->reading)
        return ad_fail(s->ctx, AD_ERROR_ARGUMENT, "the state \"%s\" is being read", s->name);
    if (!count) return AD_OK;
    if (s->output) {
        s->hash = ad_hash(s->hash, bytes, count);
        s->size += count;
        return ad_output_write(s->output, bytes, count);
    }
    ad_status status = reserve(s, count);
    if (status) return status;
    memcpy(s->bytes + s->size, bytes, count);
    s->size += count;
    return AD_OK;
}

/* What the system says to `status`; that it failed, where it says nothing. */
static ad_status explain(ad_context *ctx, ad_status status, const char *name, const char *what)
{
    if (!status || ad_error_status(ctx) == status) return status;
    return ad_fail(ctx, status, "the state \"%s\" could not be %s", name, what);
}

static ad_status save(const ad_train_state *state, ad_state_stream *s)
{
    ad_error_clear(s->ctx);
    return explain(s->ctx, state->save(state->user, s), state->name, "saved");
}

ad_status ad_state_save(const ad_train_state *state, ad_context *ctx, ad_state_stream *stream)
{
    const int32_t version = state->version;
    *stream = (ad_state_stream){.ctx = ctx, .name = state->name};
    ad_status status = ad_state_write(stream, &version, sizeof version);
    if (!status) status = save(state, stream);
    if (status) ad_state_end(stream);
    return status;
}

void ad_state_end(ad_state_stream *stream)
{
    if (stream->capacity) ad_free(stream->ctx, stream->bytes, stream->capacity);
    *stream = (ad_state_stream){0};
}

ad_status ad_state_save_file(const ad_train_state *state, ad_context *ctx, const char *path,
                             ad_state_file *about)
{
    ad_state_stream s = {.ctx = ctx, .name = state->name, .hash = AD_HASH_START};
    ad_status status = ad_output_open(&s.output, ctx, path);
    if (status) return status;
    status = save(state, &s);
    *about = (ad_state_file){state->version, (int64_t)s.size, s.hash};
    if (!status) return ad_output_commit(s.output);
    ad_output_discard(s.output);
    return status;
}

/* ---- reading ---- */

static ad_status cut_short(ad_state_stream *s)
{
    return ad_fail(s->ctx, AD_ERROR_FORMAT, "the state \"%s\" ends too early", s->name);
}

ad_status ad_state_read(ad_state_stream *s, void *bytes, size_t count)
{
    if (!s->reading)
        return ad_fail(s->ctx, AD_ERROR_ARGUMENT, "the state \"%s\" is being written", s->name);
    if (count > s->size - s->at) return cut_short(s);
    if (s->input && fread(bytes, 1, count, s->input) != count) return cut_short(s);
    if (!s->input && count) memcpy(bytes, s->bytes + s->at, count);
    s->at += count;
    return AD_OK;
}

static ad_status load(const ad_train_state *state, ad_state_stream *s, int version)
{
    s->reading = true;
    ad_error_clear(s->ctx);
    ad_status status = explain(s->ctx, state->load(state->user, s, version), s->name, "loaded");
    if (status || s->at == s->size) return status;
    return ad_fail(s->ctx, AD_ERROR_FORMAT, "the state \"%s\" has %zu bytes more than were read",
                   s->name, s->size - s->at);
}

/* The version stands in front of what is kept in memory. */
ad_status ad_state_load(const ad_train_state *state, ad_context *ctx, const void *bytes,
                        size_t size)
{
    int32_t version;
    ad_state_stream s = {.ctx = ctx,
                         .name = state->name,
                         .bytes = (unsigned char *)bytes,
                         .size = size,
                         .reading = true};
    ad_status status = ad_state_read(&s, &version, sizeof version);
    return status ? status : load(state, &s, version);
}

static ad_status open_file(ad_state_stream *s, const char *path, const ad_state_file *about)
{
    s->input = fopen(path, "rbe");
    s->size = (size_t)about->bytes;
    s->reading = true;
    if (s->input) return AD_OK;
    return ad_fail(s->ctx, AD_ERROR_FORMAT, "%s: cannot be opened: %s", path, strerror(errno));
}

ad_status ad_state_check_file(const ad_train_state *state, ad_context *ctx, const char *path,
                              const ad_state_file *about)
{
    unsigned char piece[65536];
    ad_state_stream s = {.ctx = ctx, .name = state->name, .hash = AD_HASH_START};
    ad_status status = open_file(&s, path, about);
    if (status) return status;
    size_t total = 0;
    for (size_t n; (n = fread(piece, 1, sizeof piece, s.input)) > 0; total += n)
        s.hash = ad_hash(s.hash, piece, n);
    fclose(s.input);
    if (total == (size_t)about->bytes && s.hash == about->hash) return AD_OK;
    return ad_fail(ctx, AD_ERROR_FORMAT,
                   "%s: is not what the checkpoint was made with (%zu bytes, "
                   "expected %lld)",
                   path, total, (long long)about->bytes);
}

ad_status ad_state_load_file(const ad_train_state *state, ad_context *ctx, const char *path,
                             const ad_state_file *about)
{
    ad_state_stream s = {.ctx = ctx, .name = state->name};
    ad_status status = open_file(&s, path, about);
    if (status) return status;
    status = load(state, &s, (int)about->version);
    fclose(s.input);
    return status ? ad_fail_prefix(ctx, "%s", path) : AD_OK;
}
