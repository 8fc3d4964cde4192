/* variables.c - an archive of variables: each a file of raw little-endian f32, beside manifest.json
 * that says {"NAME": {"filename": FILE, "shape": [...]}, ...} (deeplearn.js, and the networks that
 * were published for it): a packed folder (.tar, also compressed), read where it lies.
 *
 * needs: archive */
#include "io/json_cursor.h"
#include "io/source.h"
#include "io/weights.h"

#include <string.h>

static const char manifest_name[] = "manifest.json";

typedef struct ad_variables {
    ad_source *source;       /* whose memory the tensors lie in */
    ad_file_bytes in_memory; /* all zero: nothing is read in parts */
} ad_variables;

typedef struct reader {
    ad_file *file;
    const ad_source *source;
    ad_json_cursor json;
    ad_text key, path, scratch; /* of a variable; its file; what is passed over */
    int64_t manifest;
    size_t folder; /* length of what is before the manifest's name */
} reader;

static bool any(const char *name)
{
    (void)name;
    return true;
}

static bool find_manifest(reader *r)
{
    for (r->manifest = 0; r->manifest < ad_source_count(r->source); ++r->manifest) {
        const char *name = ad_source_name(r->source, r->manifest), *slash = strrchr(name, '/');
        r->folder = slash ? (size_t)(slash - name) + 1 : 0;
        if (!strcmp(name + r->folder, manifest_name)) return true;
    }
    return false;
}

/* The file of that name in the manifest's folder; -1: none. */
static int64_t find_entry(const reader *r, const char *file)
{
    const char *beside = ad_source_name(r->source, r->manifest);
    for (int64_t i = 0; i < ad_source_count(r->source); ++i) {
        const char *name = ad_source_name(r->source, i);
        if (!strncmp(name, beside, r->folder) && !strcmp(name + r->folder, file)) return i;
    }
    return -1;
}

static bool read_shape(reader *r, ad_shape *shape)
{
    bool good = ad_json_peek(&r->json) == AD_JSON_ARRAY, whole = false;
    *shape = (ad_shape){0};
    if (!good || !ad_json_enter(&r->json, '[')) return false;
    while (ad_json_more(&r->json)) {
        int64_t dim = -1;
        if (ad_json_peek(&r->json) != AD_JSON_NUMBER || shape->rank == AD_MAX_RANK ||
            !ad_json_read_number(&r->json, &whole, &dim) || !whole || dim < 0)
            return false;
        shape->dim[shape->rank++] = dim;
    }
    return ad_shape_count(*shape) >= 0 && ad_shape_count(*shape) < INT64_MAX / 4;
}

static ad_status add(reader *r, ad_shape shape)
{
    ad_file *file = r->file;
    const char *name = ad_text_get(&r->key), *path = ad_text_get(&r->path);
    ad_content content;
    int64_t entry = find_entry(r, path);
    if (entry < 0)
        return ad_file_fail(file, AD_ERROR_FORMAT, name, "the archive has no file %.200s", path);
    ad_status status = ad_source_read(r->source, entry, file->ctx, &content);
    if (status) return status;
    size_t bytes = (size_t)ad_shape_count(shape) * sizeof(float);
    if (content.size != bytes)
        return ad_file_fail(file, AD_ERROR_FORMAT, name, "%.200s has %zu bytes, expected %zu", path,
                            content.size, bytes);
    ad_file_tensor tensor = {.entry = {.stored = "f32", .bytes = (int64_t)bytes},
                             .view = {.element = AD_EL_F32, .shape = shape},
                             .bytes = content.bytes,
                             .on_disk = &file->variables->in_memory,
                             .held = bytes};
    ad_strided_fill(&tensor.view, false);
    return ad_file_add(file, name, strlen(name), &tensor);
}

/* {"filename": FILE, "shape": [...]} */
static ad_status read_variable(reader *r)
{
    ad_shape shape;
    bool path = false, shaped = false;
    if (!ad_json_enter(&r->json, '{')) return AD_OK; /* which the cursor knows */
    while (ad_json_more(&r->json) && ad_json_read_key(&r->json, &r->scratch)) {
        bool is_path = !strcmp(ad_text_get(&r->scratch), "filename"),
             is_shape = !strcmp(ad_text_get(&r->scratch), "shape");
        if (is_path && ad_json_peek(&r->json) == AD_JSON_STRING)
            path = ad_json_read_string(&r->json, &r->path);
        else if (is_shape)
            shaped = read_shape(r, &shape);
        else
            ad_json_skip(&r->json, &r->scratch);
        if (is_shape && !shaped) break;
    }
    if (r->json.wrong) return AD_OK;
    if (path && shaped) return add(r, shape);
    return ad_file_fail(r->file, AD_ERROR_FORMAT, ad_text_get(&r->key),
                        "the manifest has no \"filename\" and \"shape\" for it");
}

static ad_status read_manifest(reader *r)
{
    ad_content text;
    char title[512], wrong[128];
    ad_context *ctx = r->file->ctx;
    ad_source_title(r->source, r->manifest, title, sizeof title);
    ad_status status = ad_source_read(r->source, r->manifest, ctx, &text);
    if (status) return status;
    r->json = ad_json_open(text.bytes, text.size);
    ad_text_init(&r->key, ctx), ad_text_init(&r->path, ctx), ad_text_init(&r->scratch, ctx);
    ad_json_enter(&r->json, '{');
    while (!status && ad_json_more(&r->json) && ad_json_read_key(&r->json, &r->key))
        status = read_variable(r);
    if (!status && (r->key.failed || r->path.failed || r->scratch.failed)) status = AD_ERROR_MEMORY;
    if (!status && !ad_json_done(&r->json))
        status = ad_fail(ctx, AD_ERROR_FORMAT, "%s: %s", title,
                         ad_json_wrong(&r->json, wrong, sizeof wrong));
    if (!status && !r->file->count)
        status = ad_fail(ctx, AD_ERROR_FORMAT, "%s: names no variables", title);
    ad_text_free(&r->key), ad_text_free(&r->path), ad_text_free(&r->scratch);
    return status;
}

ad_status ad_variables_list(ad_file *file, const char *otherwise)
{
    ad_variables *v = file->variables = ad_zalloc(file->ctx, sizeof *v);
    if (!v) return AD_ERROR_MEMORY;
    ad_status status = ad_source_open(&v->source, file->ctx, file->path, any);
    if (status == AD_ERROR_MEMORY || status == AD_ERROR_LIMIT) return status;
    reader r = {.file = file, .source = v->source};
    if (status || !find_manifest(&r))
        return ad_fail(file->ctx, AD_ERROR_FORMAT, "%s: %s", file->path, otherwise);
    return read_manifest(&r);
}

void ad_variables_free(ad_file *file)
{
    if (!file->variables) return;
    ad_source_close(file->variables->source);
    ad_free(file->ctx, file->variables, sizeof *file->variables);
}
