/* vars.c - the store of named variables.
 *
 * Declarations of one dtype and kind gather in an open block; each gets a 64-byte aligned offset at
 * once. The block is laid out, and its variables take their first values, when a value is needed
 * (storage->ready); later declarations open a further block. Names are searched by hash, one after
 * the other: networks have hundreds of variables, not millions, and programs hold pointers. */
#include "nn/vars.h"

#include "base/hash.h"

#include <string.h>

enum { ALIGNMENT = 64 };

ad_vars *ad_vars_new(ad_context *ctx, uint64_t seed)
{
    ad_vars *vars = ad_zalloc(ctx, sizeof *vars);
    if (!vars) return NULL;
    vars->ctx = ctx;
    vars->seed = seed;
    ad_arena_init(&vars->arena, ctx);
    return vars;
}

void ad_vars_free(ad_vars *vars)
{
    if (!vars) return;
    for (ad_var_block *block = vars->blocks; block; block = block->next)
        ad_free(vars->ctx, block->storage.data, block->storage.bytes);
    ad_free(vars->ctx, vars->entries, (size_t)vars->capacity * sizeof *vars->entries);
    ad_arena_free(&vars->arena);
    ad_free(vars->ctx, vars, sizeof *vars);
}

ad_context *ad_vars_context(const ad_vars *vars)
{
    return vars->ctx;
}
int ad_vars_count(const ad_vars *vars)
{
    return vars->count;
}

int64_t ad_vars_parameters(const ad_vars *vars)
{
    int64_t count = 0;
    for (int i = 0; i < vars->count; ++i) {
        const ad_variable *v = &vars->entries[i]->variable;
        if (!ad_variable_is_buffer(v)) count += ad_shape_count(v->shape);
    }
    return count;
}

ad_variable *ad_vars_at(const ad_vars *vars, int index)
{
    return index >= 0 && index < vars->count ? &vars->entries[index]->variable : NULL;
}

int ad_vars_index(const ad_vars *vars, const ad_variable *variable)
{
    for (int i = 0; i < vars->count; ++i)
        if (&vars->entries[i]->variable == variable) return i;
    return -1;
}

static uint64_t name_hash(const char *name)
{
    return ad_hash_mix(ad_hash(AD_HASH_START, name, strlen(name)));
}

ad_variable *ad_var_find(const ad_vars *vars, const char *name)
{
    uint64_t hash = name_hash(name);
    for (int i = 0; i < vars->count; ++i) {
        ad_var_entry *entry = vars->entries[i];
        if (entry->hash == hash && !strcmp(entry->variable.name, name)) return &entry->variable;
    }
    return NULL;
}

bool ad_variable_is_buffer(const ad_variable *variable)
{
    return variable->buffer;
}
ad_file_layout ad_variable_layout(const ad_variable *variable)
{
    return (ad_file_layout)variable->layout;
}

bool ad_name_under(const char *name, const char *prefix)
{
    size_t length = prefix ? strlen(prefix) : 0;
    if (!length) return true;
    if (strncmp(name, prefix, length)) return false;
    return prefix[length - 1] == '.' || name[length] == '.' || !name[length];
}

void ad_vars_freeze(ad_vars *vars, const char *prefix, bool frozen)
{
    for (int i = 0; i < vars->count; ++i)
        if (ad_name_under(vars->entries[i]->variable.name, prefix))
            vars->entries[i]->frozen = frozen;
}

/* ---- blocks ---- */

void *ad_var_block_image(ad_vars *vars, const ad_var_block *block, const bool *skip)
{
    char *data = ad_zalloc(vars->ctx, block->storage.bytes);
    if (!data) return NULL;
    for (int i = 0; i < vars->count; ++i) {
        const ad_var_entry *entry = vars->entries[i];
        if (entry->block != block || (skip && skip[i])) continue;
        if (ad_init_fill(vars->ctx, vars->seed, entry, data + entry->variable.offset) != AD_OK) {
            ad_free(vars->ctx, data, block->storage.bytes);
            return NULL;
        }
    }
    return data;
}

static ad_status block_ready(ad_storage *storage)
{
    storage->data = ad_var_block_image(storage->owner, (ad_var_block *)storage, NULL);
    if (!storage->data) return ad_error_status(storage->ctx);
    storage->ready = NULL;
    ++storage->version;
    return AD_OK;
}

static ad_var_block *open_block(ad_vars *vars, ad_dtype dtype, bool buffer)
{
    for (ad_var_block *block = vars->blocks; block; block = block->next)
        if (block->storage.ready && block->dtype == dtype && block->buffer == buffer) return block;
    ad_var_block *block = ad_arena_alloc(&vars->arena, sizeof *block);
    if (!block) return NULL;
    block->storage = (ad_storage){.ctx = vars->ctx, .ready = block_ready, .owner = vars};
    block->dtype = dtype;
    block->buffer = buffer;
    block->number = vars->last_block ? vars->last_block->number + 1 : 0;
    if (vars->last_block)
        vars->last_block->next = block;
    else
        vars->blocks = block;
    vars->last_block = block;
    return block;
}

ad_status ad_vars_ready(ad_vars *vars)
{
    for (ad_var_block *block = vars->blocks; block; block = block->next) {
        ad_status status = block->storage.ready ? block->storage.ready(&block->storage) : AD_OK;
        if (status != AD_OK) return status;
    }
    return AD_OK;
}

/* ---- all blocks, to be changed ---- */

static void release_before(ad_vars *vars, const ad_var_block *end)
{
    for (ad_var_block *block = vars->blocks; block != end; block = block->next)
        ad_storage_release(&block->storage, true);
}

ad_status ad_vars_claim(ad_vars *vars)
{
    for (ad_var_block *block = vars->blocks; block; block = block->next) {
        if (ad_storage_claim(&block->storage, true)) continue;
        release_before(vars, block);
        return ad_fail(vars->ctx, AD_ERROR_ARGUMENT,
                       "the block of %s is in use: a program reads or changes it at this moment",
                       block->first->variable.name);
    }
    return AD_OK;
}

void ad_vars_release(ad_vars *vars)
{
    release_before(vars, NULL);
}

/* ---- declaration ---- */

static bool reserve_entry(ad_vars *vars)
{
    if (vars->count < vars->capacity) return true;
    int capacity = vars->capacity ? vars->capacity * 2 : 32;
    ad_var_entry **entries = ad_realloc(vars->ctx, vars->entries,
                                        (size_t)vars->capacity * sizeof *entries,
                                        (size_t)capacity * sizeof *entries);
    if (!entries) return false;
    vars->entries = entries;
    vars->capacity = capacity;
    return true;
}

/* The variable exists: whatever asks for it again must mean the same. */
static ad_variable *agree(ad_context *ctx, ad_variable *found, ad_shape shape,
                          ad_var_options options)
{
    char is[192], wanted[192];
    if (!ad_shape_equal(found->shape, shape)) {
        ad_fail(ctx, AD_ERROR_SHAPE, "%s is %s, asked for as %s", found->name,
                ad_shape_text(found->shape, is, sizeof is),
                ad_shape_text(shape, wanted, sizeof wanted));
        return NULL;
    }
    if (found->dtype != options.dtype) {
        ad_fail(ctx, AD_ERROR_DTYPE, "%s is %s, asked for as %s", found->name,
                ad_dtype_name(found->dtype), ad_dtype_name(options.dtype));
        return NULL;
    }
    if (found->buffer != options.buffer || found->layout != (int)options.layout) {
        ad_fail(ctx, AD_ERROR_ARGUMENT, "%s was declared before as a %s%s, now as a %s%s",
                found->name, found->buffer ? "buffer" : "parameter",
                found->layout ? " with its own order of axes" : "",
                options.buffer ? "buffer" : "parameter",
                options.layout ? " with its own order of axes" : "");
        return NULL;
    }
    return found;
}

static ad_status check_declaration(ad_vars *vars, const char *name, ad_shape shape,
                                   ad_var_options options)
{
    char text[192];
    if (!*name) return ad_fail(vars->ctx, AD_ERROR_ARGUMENT, "a variable needs a name");
    if ((unsigned)options.dtype >= AD_DTYPES)
        return ad_fail(vars->ctx, AD_ERROR_DTYPE, "%s: there is no element type number %d", name,
                       (int)options.dtype);
    if (!ad_shape_valid(shape))
        return ad_fail(vars->ctx, AD_ERROR_SHAPE,
                       "%s: %s is not a shape: up to %d axes of 0 or more elements", name,
                       ad_shape_text(shape, text, sizeof text), AD_MAX_RANK);
    const char *wrong = ad_init_check(shape, options.dtype, options.layout, options.init);
    if (!wrong) return AD_OK;
    return ad_fail(vars->ctx, AD_ERROR_ARGUMENT, "%s %s: %s", name,
                   ad_shape_text(shape, text, sizeof text), wrong);
}

ad_variable *ad_var_with(ad_context *ctx, ad_vars *vars, const char *name, ad_shape shape,
                         ad_var_options options, ad_var_extra extra)
{
    ad_variable *found = ad_var_find(vars, name);
    if (found) return agree(ctx, found, shape, options);
    if (ctx != vars->ctx) {
        ad_fail(ctx, AD_ERROR_NOT_FOUND,
                "%s is not in this store of another context; it must be declared there first",
                name);
        return NULL;
    }
    if (check_declaration(vars, name, shape, options) || !reserve_entry(vars)) return NULL;

    ad_var_block *block = open_block(vars, options.dtype, options.buffer);
    ad_var_entry *entry = ad_arena_alloc(&vars->arena, sizeof *entry);
    const char *own_name = ad_arena_text(&vars->arena, name);
    if (!block || !entry || !own_name) return NULL;
    size_t bytes = ad_bytes(ad_shape_count(shape), ad_dtype_size(options.dtype)), offset, end;
    if (__builtin_add_overflow(block->storage.bytes, (size_t)(ALIGNMENT - 1), &offset) ||
        __builtin_add_overflow(offset &= ~(size_t)(ALIGNMENT - 1), bytes, &end) ||
        end > PTRDIFF_MAX) {
        ad_fail(vars->ctx, AD_ERROR_MEMORY, "%s: its block would not fit in memory", name);
        return NULL;
    }
    if (extra.initial) {
        void *copy = ad_arena_alloc(&vars->arena, bytes);
        if (!copy) return NULL;
        entry->initial = memcpy(copy, extra.initial, bytes);
    }
    entry->variable = (ad_variable){.name = own_name,
                                    .dtype = options.dtype,
                                    .shape = shape,
                                    .storage = &block->storage,
                                    .offset = offset,
                                    .layout = (int)options.layout,
                                    .buffer = options.buffer};
    entry->init = options.init;
    entry->optional = extra.optional || options.optional;
    entry->hash = name_hash(name);
    entry->block = block;
    if (block->last)
        block->last->next = entry;
    else
        block->first = entry;
    block->last = entry;
    block->storage.bytes = end;
    vars->entries[vars->count++] = entry;
    return &entry->variable;
}

ad_variable *ad_var(ad_vars *vars, const char *name, ad_shape shape, ad_var_options options)
{
    return ad_var_with(vars->ctx, vars, name, shape, options, (ad_var_extra){0});
}

/* ---- views ---- */

static ad_variable *span(ad_vars *vars, const ad_variable *whole, size_t begin, size_t end)
{
    ad_variable *view = ad_arena_alloc(&vars->arena, sizeof *view);
    if (!view) return NULL;
    *view = *whole;
    view->offset = begin;
    view->shape = ad_shape((int64_t)((end - begin) / ad_dtype_size(whole->dtype)));
    view->layout = AD_LAYOUT_SAME;
    return view;
}

static size_t variable_bytes(const ad_variable *variable)
{
    return (size_t)ad_shape_count(variable->shape) * ad_dtype_size(variable->dtype);
}

ad_variable *ad_vars_span(ad_vars *vars, const ad_var_entry *first, const ad_var_entry *last)
{
    return span(vars, &first->variable, first->variable.offset,
                last->variable.offset + variable_bytes(&last->variable));
}

ad_variable *ad_variable_span(ad_vars *vars, const ad_variable *variable, int64_t begin,
                              int64_t count)
{
    size_t size = ad_dtype_size(variable->dtype), at = variable->offset + (size_t)begin * size;
    return span(vars, variable, at, at + (size_t)count * size);
}

/* ---- values ---- */

static ad_status ready(const ad_variable *variable)
{
    ad_storage *storage = variable->storage;
    return storage->ready ? storage->ready(storage) : AD_OK;
}

ad_status ad_variable_set(ad_vars *vars, ad_variable *variable, const void *data)
{
    (void)vars;
    ad_status status = ready(variable);
    if (status != AD_OK) return status;
    if (!ad_storage_claim(variable->storage, true))
        return ad_fail(variable->storage->ctx, AD_ERROR_ARGUMENT,
                       "%s is in use: a program reads or changes it or its block at this moment",
                       variable->name);
    memcpy((char *)variable->storage->data + variable->offset, data, variable_bytes(variable));
    ++variable->storage->version;
    ad_storage_release(variable->storage, true);
    return AD_OK;
}

ad_status ad_variable_get(ad_vars *vars, const ad_variable *variable, void *data)
{
    const void *from = ad_variable_data(vars, variable);
    if (!from) return ad_error_status(variable->storage->ctx);
    memcpy(data, from, variable_bytes(variable));
    return AD_OK;
}

const void *ad_variable_data(ad_vars *vars, const ad_variable *variable)
{
    (void)vars;
    if (ready(variable) != AD_OK) return NULL;
    return (const char *)variable->storage->data + variable->offset;
}

/* ---- in a graph ---- */

ad_node *ad_param(ad_graph *graph, ad_vars *vars, const char *name, ad_shape shape,
                  ad_var_options options)
{
    if (!graph) return NULL;
    ad_context *ctx = ad_graph_context(graph);
    ad_variable *variable = ad_var_with(ctx, vars, name, shape, options, (ad_var_extra){0});
    if (!variable) return ad_poison(graph, ad_error_status(ctx), "%s", ad_error(ctx));
    return ad_read(graph, variable);
}
