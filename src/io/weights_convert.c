/* weights_convert.c - one weights file to another, a tensor at a time. */
#include "base/ending.h"
#include "io/gguf_names.h"
#include "io/weights_write.h"

#include <stdio.h>
#include <string.h>

typedef struct conversion {
    ad_file *file;
    const ad_file_convert_options *options;
    ad_named_tensor *tensors; /* [count] */
    int *from;                /* of each, its number in the file */
    ad_metadata *metadata;
    int count, metadata_count, left_out, not_kept, unknown, retyped, renamed;
    const ad_file_entry *first_unknown, *first_retyped, *first_renamed;
    const char *new_name; /* of that */
} conversion;

static ad_status fetch_converted(void *user, int index, void *data, size_t bytes)
{
    const conversion *c = user;
    return ad_file_read(c->file, c->from[index], c->tensors[index].tensor.dtype, data, bytes);
}

/* Whether the file keeps elements of another size than it is read as: int8, blocks. */
static bool kept_otherwise(const ad_file_entry *entry)
{
    return (size_t)entry->bytes != ad_shape_bytes(entry->shape, entry->dtype);
}

/* NULL: no memory. */
static const char *name_of(const conversion *c, const ad_file_entry *entry)
{
    const char *prefix = c->options->prefix;
    const char *name = c->options->raw_names ? entry->raw_name : entry->name;
    if (!prefix || !strncmp(name, prefix, strlen(prefix))) return name;
    size_t size = strlen(prefix) + strlen(name) + 1;
    char *full = ad_arena_alloc(&c->file->arena, size);
    if (full) snprintf(full, size, "%s%s", prefix, name);
    return full;
}

static bool begins_with(const char *name, const char *start)
{
    return !strncmp(name, start, strlen(start));
}

static bool is_kept(const ad_file_convert_options *o, const char *name)
{
    int i = 0;
    while (i < o->keep_count && !begins_with(name, o->keep[i])) ++i;
    return !o->keep_count || i < o->keep_count;
}

/* Each of what is to be kept is there. */
static ad_status check_keep(const conversion *c)
{
    const ad_file_convert_options *o = c->options;
    for (int k = 0; k < o->keep_count; ++k) {
        int i = 0, count = ad_file_count(c->file);
        while (i < count && !begins_with(ad_file_at(c->file, i)->name, o->keep[k])) ++i;
        if (i < count) continue;
        for (i = 0; i < count && o->leave_out && o->leave_out(ad_file_at(c->file, i)->name);) ++i;
        return ad_fail(c->file->ctx, AD_ERROR_NOT_FOUND,
                       "%s: no tensor's name begins with \"%s\"; the first is %s",
                       ad_file_path(c->file), o->keep[k],
                       i < count ? ad_file_at(c->file, i)->name : "missing");
    }
    return AD_OK;
}

static ad_status add_tensor(conversion *c, int index)
{
    char other[AD_GGUF_NAME_BYTES];
    ad_gguf_order order;
    const ad_file_entry *entry = ad_file_at(c->file, index);
    const ad_file_convert_options *o = c->options;
    ad_dtype dtype = entry->dtype;
    if (o->leave_out && o->leave_out(entry->name)) {
        ++c->left_out;
        return AD_OK;
    }
    if (!is_kept(o, entry->name)) {
        ++c->not_kept;
        return AD_OK;
    }
    const char *name = name_of(c, entry);
    if (!name) return AD_ERROR_MEMORY;
    if (o->gguf && !ad_gguf_from_published(o->gguf->architecture, name, other, &order)) {
        if (!c->unknown++) c->first_unknown = entry;
        return AD_OK;
    }
    if (dtype == AD_DTYPES)
        return ad_file_fail(c->file, AD_ERROR_UNSUPPORTED, entry->raw_name,
                            "its type %s cannot be read", entry->stored);
    if (o->floats && ad_dtype_is_float(dtype)) dtype = *o->floats;
    if ((dtype != entry->dtype || kept_otherwise(entry)) && !c->retyped++) c->first_retyped = entry;
    /* llama.cpp's names are no news in its own file */
    if (!o->gguf && strcmp(name, entry->raw_name) && !c->renamed++)
        c->first_renamed = entry, c->new_name = name;
    c->from[c->count] = index;
    c->tensors[c->count++] = (ad_named_tensor){name, {dtype, entry->shape, NULL}};
    return AD_OK;
}

/* The caller's, and of the file's what it does not say anew. */
static void add_metadata(conversion *c)
{
    const ad_file_convert_options *o = c->options;
    for (int i = 0; i < o->metadata_count; ++i) c->metadata[c->metadata_count++] = o->metadata[i];
    for (int i = 0; i < c->file->metadata_count; ++i) {
        int k = 0;
        while (k < o->metadata_count && strcmp(o->metadata[k].key, c->file->metadata[i].key)) ++k;
        if (k == o->metadata_count) c->metadata[c->metadata_count++] = c->file->metadata[i];
    }
}

/* What is not as it was. */
static void say(const conversion *c, const char *to)
{
    const ad_watcher *w = c->options->watcher;
    char shown[192];
    if (!w) return;
    if (c->left_out && !c->options->leave_out_quietly)
        ad_watch_note(w, "%d tensor%s of training left out", c->left_out,
                      c->left_out == 1 ? "" : "s");
    if (c->not_kept)
        ad_watch_note(w, "%d of %d tensors kept, as asked", c->count, c->count + c->not_kept);
    if (c->unknown)
        ad_watch_note(w,
                      "left out, as llama.cpp's network does not have them: %d tensor%s, %.80s%s",
                      c->unknown, c->unknown == 1 ? "" : "s", c->first_unknown->name,
                      c->unknown > 1 ? ", ..." : "");
    if (c->renamed)
        ad_watch_note(w, "renamed: %d tensor%s, %.80s to %.80s%s", c->renamed,
                      c->renamed == 1 ? "" : "s", c->first_renamed->raw_name, c->new_name,
                      c->renamed > 1 ? ", ..." : "");
    if (c->retyped && !c->options->floats)
        ad_watch_note(w, "of another type: %d tensor%s, %.80s %s from %s to %s", c->retyped,
                      c->retyped == 1 ? "" : "s", c->first_retyped->name,
                      ad_shape_text(c->first_retyped->shape, shown, sizeof shown),
                      c->first_retyped->stored, ad_dtype_name(c->first_retyped->dtype));
    if (c->metadata_count && ad_ends_with(to, ".npy"))
        ad_watch_note(w,
                      "%s: holds the tensor alone; %d values of metadata are left out (a "
                      ".safetensors or .npz file keeps them)",
                      to, c->metadata_count);
}

static ad_status write_converted(conversion *c, ad_context *ctx, const char *to)
{
    ad_status status = check_keep(c);
    for (int i = 0; !status && i < ad_file_count(c->file); ++i) status = add_tensor(c, i);
    add_metadata(c);
    ad_tensor_source source = {.count = c->count,
                               .tensors = c->tensors,
                               .fetch = fetch_converted,
                               .user = c,
                               .metadata = c->metadata,
                               .metadata_count = c->metadata_count,
                               .gguf = c->options->gguf,
                               .q8_0 = c->options->q8_0};
    if (!status) status = ad_source_write(ctx, to, &source);
    if (!status) say(c, to);
    return status;
}

ad_status ad_file_convert_opened(ad_file *file, const char *to,
                                 const ad_file_convert_options *options)
{
    static const ad_file_convert_options none;
    ad_context *ctx = file->ctx;
    if (!options) options = &none;
    if (options->floats && !ad_dtype_is_float(*options->floats))
        return ad_fail(ctx, AD_ERROR_ARGUMENT,
                       "the type for floating-point tensors is %s; expected f32, f64, f16 or bf16",
                       ad_dtype_name(*options->floats));
    ad_status status = ad_file_can_write(ctx, to);
    if (!status && options->q8_0 && !ad_ends_with(to, ".gguf"))
        status = ad_fail(ctx, AD_ERROR_ARGUMENT, "%s: only .gguf holds q8_0", to);
    if (status) return status;
    int most = ad_file_count(file), rows = file->metadata_count + options->metadata_count;
    size_t tensors = ad_bytes(most, sizeof(ad_named_tensor)), numbers = ad_bytes(most, sizeof(int)),
           metadata = ad_bytes(rows, sizeof(ad_metadata));
    conversion c = {.file = file,
                    .options = options,
                    .tensors = ad_alloc(ctx, tensors),
                    .from = ad_alloc(ctx, numbers),
                    .metadata = ad_alloc(ctx, metadata)};
    status = c.tensors && c.from && c.metadata ? write_converted(&c, ctx, to) : AD_ERROR_MEMORY;
    ad_free(ctx, c.tensors, tensors);
    ad_free(ctx, c.from, numbers);
    ad_free(ctx, c.metadata, metadata);
    return status;
}

ad_status ad_file_convert(ad_context *ctx, const char *from, const char *to,
                          const ad_file_convert_options *options)
{
    ad_file *file;
    ad_status status = ad_file_can_write(ctx, to);
    if (!status) status = ad_file_open(&file, ctx, from);
    if (status) return status;
    status = ad_file_convert_opened(file, to, options);
    ad_file_close(file);
    return status;
}
