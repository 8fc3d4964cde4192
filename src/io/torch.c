/* torch.c - walking the dictionaries and lists of a checkpoint.
 *
 * A hostile pickle can nest an object into itself, or reach few objects on very many paths, so
 * depth, steps, and the size of what is kept are bounded. */
#include "io/torch.h"

#include "base/notes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_DEPTH = 64, MAX_VISITS = 1 << 21, MAX_METADATA_BYTES = 64 << 20 };

typedef struct walk {
    ad_file *file;
    ad_torch_locate locate;
    void *user;
    int visits;
    size_t metadata_bytes, length; /* of the path */
    char path[AD_FILE_MAX_NAME + 1];
} walk;

static ad_status take_sizes(walk *w, const ad_pickle_value *tuple, int64_t *sizes, const char *what)
{
    for (size_t i = 0; i < tuple->list.count; ++i) {
        const ad_pickle_value *size = tuple->list.items[i];
        if (size->kind != AD_PV_INT || size->integer < 0)
            return ad_file_fail(w->file, AD_ERROR_FORMAT, w->path, "its %s is not a tuple of sizes",
                                what);
        sizes[i] = size->integer;
    }
    return AD_OK;
}

static ad_status add_tensor(walk *w, const ad_pickle_tensor *tensor)
{
    const ad_pickle_storage *storage = tensor->storage;
    ad_file *file = w->file;
    ad_file_tensor t = {
        .entry.stored = tensor->type, .view.element = tensor->element, .member = -1};
    const char *name = w->length ? w->path : "tensor";
    size_t size = ad_element_size(storage->element), rank = tensor->shape->list.count;
    if (rank > AD_MAX_RANK)
        return ad_file_fail(file, AD_ERROR_UNSUPPORTED, name,
                            "has %zu axes; at most %d can be read", rank, AD_MAX_RANK);
    if (tensor->stride->list.count != rank)
        return ad_file_fail(file, AD_ERROR_FORMAT, name, "has %zu strides for %zu axes",
                            tensor->stride->list.count, rank);
    t.view.shape.rank = (int)rank;
    ad_status status = take_sizes(w, tensor->shape, t.view.shape.dim, "shape");
    if (!status) status = take_sizes(w, tensor->stride, t.view.stride, "stride");
    if (!status) status = w->locate(w->user, file, storage, &t);
    if (status) return status;
    if (!t.bytes && t.member < 0)
        return ad_file_fail(file, AD_ERROR_FORMAT, name, "its storage %s is missing from the file",
                            storage->key);
    /* a storage whose bytes are no multiple of its element size is rounded down where it is
     * declared */
    if (size && (t.held / size != (uint64_t)storage->count))
        return ad_file_fail(
            file, AD_ERROR_FORMAT, name,
            "its storage %s should hold %lld elements of %zu bytes, but has %zu bytes",
            storage->key, (long long)storage->count, size, t.held);
    if (size) t.held = (size_t)(storage->first + storage->shown) * size;
    t.entry.bytes = (int64_t)t.held;
    if (tensor->first < 0 || __builtin_add_overflow(tensor->first, storage->first, &t.view.first))
        return ad_file_fail(file, AD_ERROR_FORMAT, name, "its storage offset is out of range");
    return ad_file_add(file, name, strlen(name), &t);
}

/* Numbers, strings and booleans as text. */
static ad_status add_scalar(walk *w, const ad_pickle_value *value)
{
    char number[40];
    const char *text = number;
    size_t length;
    switch (value->kind) {
    case AD_PV_BOOL: text = value->boolean ? "true" : "false"; break;
    case AD_PV_INT: snprintf(number, sizeof number, "%lld", (long long)value->integer); break;
    case AD_PV_FLOAT: /* as short as it can be read back */
        for (int digits = 15; digits <= 17; ++digits) {
            snprintf(number, sizeof number, "%.*g", digits, value->real);
            if (strtod(number, NULL) == value->real) break;
        }
        break;
    case AD_PV_STRING: text = value->text.bytes; break;
    default: return AD_OK;
    }
    length = value->kind == AD_PV_STRING ? value->text.length : strlen(text);
    if (memchr(text, 0, length)) return AD_OK; /* binary, not text */
    w->metadata_bytes += length + w->length;
    if (w->metadata_bytes > MAX_METADATA_BYTES)
        return ad_fail(w->file->ctx, AD_ERROR_LIMIT,
                       "%s: holds more than %d bytes of text beside its tensors", w->file->path,
                       MAX_METADATA_BYTES);
    return ad_file_add_metadata(w->file, w->path, text, length);
}

/* Appends ".part" to the path. */
static ad_status extend(walk *w, const char *part, size_t length)
{
    if (w->length + 1 + length > AD_FILE_MAX_NAME || memchr(part, 0, length))
        return ad_file_fail(w->file, AD_ERROR_LIMIT, w->path,
                            "a name below it is longer than %d bytes, or binary", AD_FILE_MAX_NAME);
    if (w->length) w->path[w->length++] = '.';
    memcpy(w->path + w->length, part, length);
    w->path[w->length += length] = 0;
    return AD_OK;
}

static ad_status extend_by_key(walk *w, const ad_pickle_value *key, size_t number)
{
    char text[40];
    if (key && key->kind == AD_PV_STRING) return extend(w, key->text.bytes, key->text.length);
    if (key && key->kind == AD_PV_INT)
        snprintf(text, sizeof text, "%lld", (long long)key->integer);
    else
        snprintf(text, sizeof text, "%zu", number);
    return extend(w, text, strlen(text));
}

/* `named`: only dictionaries lie above, so that a scalar has a name worth keeping. */
static ad_status visit(walk *w, const ad_pickle_value *value, int depth, bool named)
{
    if (++w->visits > MAX_VISITS || depth > MAX_DEPTH)
        return ad_fail(w->file->ctx, AD_ERROR_LIMIT,
                       "%s: its containers are nested too deeply or too often", w->file->path);
    if (value->kind == AD_PV_TENSOR) return add_tensor(w, value->tensor);
    bool dict = value->kind == AD_PV_DICT;
    if (!dict && value->kind != AD_PV_LIST && value->kind != AD_PV_TUPLE)
        return named && w->length ? add_scalar(w, value) : AD_OK;
    ad_status status = AD_OK;
    size_t length = w->length, width = dict ? 2 : 1;
    for (size_t i = 0; !status && i < value->list.count; i += width) {
        ad_pickle_value *const *item = value->list.items + i;
        status = extend_by_key(w, dict ? item[0] : NULL, i / width);
        if (!status) status = visit(w, item[width - 1], depth + 1, named && dict);
        w->path[w->length = length] = 0;
    }
    return status;
}

/* ---- together ---- */

/* The dictionaries around the network: {"state_dict": {"model": {...}}}. What only looks like one
 * is the beginning of a flat name, such as "net.0.weight". */
static ad_status add_wrappers(ad_file *file, const ad_pickle_value *value)
{
    for (size_t i = 0; value->kind == AD_PV_DICT && i < value->list.count; i += 2) {
        const ad_pickle_value *key = value->list.items[i], *inside = value->list.items[i + 1];
        int before = file->wrapper_count;
        if (key->kind != AD_PV_STRING || inside->kind != AD_PV_DICT) continue;
        ad_status status = ad_names_add_wrapper(file, key->text.bytes, key->text.length);
        if (!status && file->wrapper_count > before) status = add_wrappers(file, inside);
        if (status) return status;
    }
    return AD_OK;
}

static ad_status fail_unknown(ad_file *file, const ad_pickle *pickle)
{
    const char *name = pickle->unknown[0];
    bool network = !strncmp(name, "torch.nn.modules", 16) ||
                   !strncmp(name, "torchvision.models", 18) || !strncmp(name, "__torch__", 9) ||
                   !strncmp(name, "__main__", 8);
    return ad_fail(file->ctx, AD_ERROR_UNSUPPORTED,
                   "%s: the pickle asks for %s, which is not a tensor or a container%s", file->path,
                   name, network ? " (save the network's state_dict instead of the network)" : "");
}

static void say_unknown(const ad_file *file, const ad_pickle *pickle)
{
    char names[512] = "";
    size_t used = 0;
    int shown = pickle->unknown_count < AD_PICKLE_UNKNOWN ? pickle->unknown_count
                                                          : AD_PICKLE_UNKNOWN;
    for (int i = 0; i < shown && used < sizeof names; ++i)
        used += (size_t)snprintf(names + used, sizeof names - used, "%s%s", i ? ", " : "",
                                 pickle->unknown[i]);
    ad_note(file->ctx, "%s: objects of %s%s are left out; they are no tensors and no containers",
            file->path, names, pickle->unknown_count > shown ? " and others" : "");
}

ad_status ad_torch_collect(ad_file *file, const ad_pickle *pickle, const ad_pickle_value *root,
                           ad_torch_locate locate, void *user)
{
    walk w = {.file = file, .locate = locate, .user = user};
    ad_status status = visit(&w, root, 0, true);
    if (!status && pickle->unknown_count && !file->count) status = fail_unknown(file, pickle);
    if (status) return status;
    if (pickle->unknown_count) say_unknown(file, pickle);
    return add_wrappers(file, root);
}
