/* weights_save.c - variables to files, by name. */
#include "nn/file_axes.h"

#include <string.h>

static size_t own_bytes(const ad_variable *variable)
{
    return ad_shape_bytes(ad_file_shape(variable), ad_file_dtype(variable));
}

/* The variable's value in the file's axis order: in place where that is ours, else in `*own`. */
static ad_status tensor_of(ad_vars *vars, const ad_variable *variable, ad_named_tensor *out,
                           void **own)
{
    void *data = (void *)ad_variable_data(vars, variable);
    if (!data) return ad_error_status(vars->ctx);
    if (variable->layout != AD_LAYOUT_SAME) {
        *own = ad_alloc(vars->ctx, own_bytes(variable));
        if (!*own) return AD_ERROR_MEMORY;
        if (ad_layout_blocks(variable->layout))
            ad_file_dequantise(variable, data, *own);
        else
            ad_file_reorder(variable, data, *own, true);
        data = *own;
    }
    *out = (ad_named_tensor){variable->name,
                             {ad_file_dtype(variable), ad_file_shape(variable), data}};
    return AD_OK;
}

static const char *joined(ad_arena *arena, const char *prefix, const char *name)
{
    size_t head = strlen(prefix), tail = strlen(name) + 1;
    char *text = ad_arena_alloc(arena, head + tail);
    if (!text) return NULL;
    memcpy(text, prefix, head);
    memcpy(text + head, name, tail);
    return text;
}

/* What is written, gathered from the parts. */
typedef struct saving {
    ad_arena arena;
    ad_named_tensor *tensors;
    void **own; /* per tensor: what it needed memory for, or NULL */
    size_t *own_bytes;
    int count;
} saving;

static int variables_of(const ad_vars_part *part)
{
    return part->vars ? part->vars->count : 0;
}

static ad_status gather(saving *s, const ad_vars_part *part)
{
    int variables = variables_of(part);
    for (int k = 0; k < variables + part->tensor_count; ++k) {
        ad_named_tensor *tensor = &s->tensors[s->count];
        ad_status status = AD_OK;
        if (k < variables) {
            const ad_variable *variable = &part->vars->entries[k]->variable;
            s->own_bytes[s->count] = own_bytes(variable);
            status = tensor_of(part->vars, variable, tensor, &s->own[s->count]);
        } else {
            *tensor = part->tensors[k - variables];
        }
        if (status) return status;
        ++s->count;
        if (part->prefix && !(tensor->name = joined(&s->arena, part->prefix, tensor->name)))
            return AD_ERROR_MEMORY;
    }
    return AD_OK;
}

ad_status ad_vars_save_parts(ad_context *ctx, const char *path, const ad_vars_part *parts,
                             int count, const ad_metadata *metadata, int metadata_count)
{
    size_t total = 1;
    saving s = {.count = 0};
    ad_arena_init(&s.arena, ctx);
    for (int i = 0; i < count; ++i)
        total += (size_t)(variables_of(&parts[i]) + parts[i].tensor_count);
    s.tensors = ad_arena_alloc(&s.arena, total * sizeof *s.tensors);
    s.own = ad_arena_alloc(&s.arena, total * sizeof *s.own);
    s.own_bytes = ad_arena_alloc(&s.arena, total * sizeof *s.own_bytes);
    ad_status status = s.tensors && s.own && s.own_bytes ? AD_OK : AD_ERROR_MEMORY;
    for (int i = 0; i < count && !status; ++i) status = gather(&s, &parts[i]);
    if (!status)
        status = ad_safetensors_write(ctx, path, s.tensors, s.count, metadata, metadata_count);
    for (int i = 0; i < s.count; ++i)
        if (s.own[i]) ad_free(ctx, s.own[i], s.own_bytes[i]);
    ad_arena_free(&s.arena);
    return status;
}

ad_status ad_vars_save(ad_vars *vars, const char *path)
{
    return ad_vars_save_parts(vars->ctx, path, &(ad_vars_part){.vars = vars}, 1, NULL, 0);
}
