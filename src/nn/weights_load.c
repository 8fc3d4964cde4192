/* weights_load.c - variables from files, by name.
 *
 * Loading builds, per block, the image of what the block shall hold, and puts the images in place
 * when the last tensor has been read: until then nothing that anyone can see has changed. A block
 * that was not laid out yet takes its image as it is, so loading a fresh network neither copies it
 * nor draws random numbers for it. */
#include "nn/file_axes.h"

#include "base/finite.h"
#include "io/weights.h"

#include <stdio.h>
#include <string.h>

typedef struct loading {
    ad_vars *vars;
    ad_file *file;
    ad_load_options options;
    int n_entries, n_blocks;  /* variables and blocks of the store */
    int unused, first_unused; /* tensors that no variable wants */
    int beyond, first_beyond; /* those of layers that the network lacks; counted with `whole` */
    ad_load_report report;
    int *from;     /* per variable: the tensor's index in the file, or -1 */
    bool *found;   /* per variable: from[i] >= 0 */
    void **images; /* per block; NULL: no variable of it is loaded */
} loading;

/* The variable's name for a tensor's, in `text`; NULL: the tensor is none of what is loaded. */
static const char *wanted_name(const loading *l, const char *name, ad_text *text)
{
    if (l->options.strip) {
        size_t length = strlen(l->options.strip);
        if (strncmp(name, l->options.strip, length)) return NULL;
        name += length;
    }
    if (l->options.ignore && !strncmp(name, l->options.ignore, strlen(l->options.ignore)))
        return NULL;
    /* what only this library keeps, for networks in training form; no weight to start from */
    if (!strcmp(name, "rng.state") && (l->options.fitting || !ad_var_find(l->vars, name)))
        return NULL;
    if (!l->options.add) return name;
    text->length = 0;
    ad_text_add(text, l->options.add);
    ad_text_add(text, name);
    return ad_text_get(text);
}

static ad_status more(ad_status status, ad_context *ctx, int others, const char *what)
{
    if (others <= 0) return status;
    return ad_fail(ctx, status, "%s; %d more %s", ad_error(ctx), others, what);
}

/* Adds number `count` (1, 2, ...) to a list of names, as long as there is room. */
static void list_name(char *list, size_t size, int count, const char *name)
{
    size_t used = strlen(list), length = strlen(name);
    if (used + length + 3 < size)
        snprintf(list + used, size - used, "%s%s", count > 1 ? ", " : "", name);
}

/* "h.12.weight" and "h.1.weight" */
static bool differ_in_numbers(const char *a, const char *b)
{
    static const char digits[] = "0123456789";
    for (;;) {
        size_t number_a = strspn(a, digits), number_b = strspn(b, digits);
        if (number_a && number_b) {
            a += number_a, b += number_b;
            continue;
        }
        if (*a != *b) return false;
        if (!*a) return true;
        ++a, ++b;
    }
}

/* The tensor is of a layer that the network has fewer of. */
static bool beyond_network(const ad_vars *vars, const char *name)
{
    for (int i = 0; i < vars->count; ++i)
        if (differ_in_numbers(name, vars->entries[i]->variable.name)) return true;
    return false;
}

/* Which tensor is for which variable. */
static ad_status match(loading *l)
{
    int total = ad_file_count(l->file);
    ad_text text;
    ad_text_init(&text, l->vars->ctx);
    for (int i = 0; i < l->n_entries; ++i) l->from[i] = -1;
    for (int i = 0; i < total; ++i) {
        const char *name = wanted_name(l, ad_file_at(l->file, i)->name, &text);
        if (!name) continue;
        int at = text.failed ? -1 : ad_vars_index(l->vars, ad_var_find(l->vars, name));
        if (at >= 0 && l->from[at] < 0) {
            l->from[at] = i;
            l->found[at] = true;
        } else {
            if (!l->unused++) l->first_unused = i;
            if (l->options.whole && beyond_network(l->vars, name) && !l->beyond++)
                l->first_beyond = i;
            list_name(l->report.unused_names, sizeof l->report.unused_names, l->unused,
                      ad_file_at(l->file, i)->name);
        }
    }
    bool failed = text.failed;
    ad_text_free(&text);
    return failed ? AD_ERROR_MEMORY : AD_OK;
}

static bool readable_as(const ad_file_entry *tensor, ad_dtype dtype)
{
    return tensor->dtype < AD_DTYPES &&
           (ad_dtype_is_float(dtype) || !ad_dtype_is_float(tensor->dtype));
}

/* With `fitting`: what does not fit is as if the file lacked it. */
static ad_status drop_unfit(loading *l)
{
    char is[192], wanted[192], text[512];
    ad_load_report *r = &l->report;
    for (int i = 0; i < l->n_entries; ++i) {
        if (!l->found[i]) continue;
        const ad_variable *variable = &l->vars->entries[i]->variable;
        const ad_file_entry *tensor = ad_file_at(l->file, l->from[i]);
        ad_shape shape = ad_file_shape(variable);
        if (ad_shape_equal(tensor->shape, shape) && readable_as(tensor, ad_file_dtype(variable)))
            continue;
        snprintf(text, sizeof text, "%.128s is %s, the network expects %s", tensor->name,
                 ad_shape_text(tensor->shape, is, sizeof is),
                 ad_shape_text(shape, wanted, sizeof wanted));
        list_name(r->unfit_names, sizeof r->unfit_names, ++r->unfit, text);
        l->found[i] = false;
        l->from[i] = -1;
    }
    for (int i = 0; i < l->n_entries; ++i)
        if (l->found[i]) return AD_OK;
    return ad_fail(l->vars->ctx, AD_ERROR_FORMAT,
                   "%s: none of its %d tensors fits the network%s%s%s%s", ad_file_path(l->file),
                   ad_file_count(l->file), r->unfit ? "; " : "", r->unfit_names,
                   *r->unused_names ? "; it holds " : "", r->unused_names);
}

static void count_loaded(loading *l)
{
    ad_load_report *r = &l->report;
    for (int i = 0; i < l->n_entries; ++i) {
        const ad_var_entry *entry = l->vars->entries[i];
        if (!l->found[i] && entry->optional) continue;
        ++r->variables;
        if (l->found[i])
            ++r->loaded;
        else
            list_name(r->missing_names, sizeof r->missing_names, ++r->missing,
                      entry->variable.name);
    }
    r->unused = l->unused;
}

static ad_status check_shapes(const loading *l)
{
    ad_context *ctx = l->vars->ctx;
    char is[192], wanted[192];
    int wrong = 0;
    for (int i = 0; i < l->n_entries; ++i) {
        if (!l->found[i]) continue;
        const ad_file_entry *tensor = ad_file_at(l->file, l->from[i]);
        ad_shape shape = ad_file_shape(&l->vars->entries[i]->variable);
        if (ad_shape_equal(tensor->shape, shape) || wrong++) continue;
        ad_fail(ctx, AD_ERROR_SHAPE, "%s: %s is %s, the network expects %s", ad_file_path(l->file),
                tensor->name, ad_shape_text(tensor->shape, is, sizeof is),
                ad_shape_text(shape, wanted, sizeof wanted));
    }
    return wrong ? more(AD_ERROR_SHAPE, ctx, wrong - 1, "do not fit either") : AD_OK;
}

static ad_status check_types(const loading *l)
{
    for (int i = 0; i < l->n_entries; ++i) {
        if (!l->found[i]) continue;
        const ad_file_entry *tensor = ad_file_at(l->file, l->from[i]);
        ad_dtype dtype = ad_file_dtype(&l->vars->entries[i]->variable);
        if (readable_as(tensor, dtype)) continue;
        return ad_fail(l->vars->ctx, AD_ERROR_DTYPE, "%s: %s holds %s, the network expects %s",
                       ad_file_path(l->file), tensor->name, tensor->stored, ad_dtype_name(dtype));
    }
    return AD_OK;
}

static ad_status check_missing(const loading *l)
{
    ad_context *ctx = l->vars->ctx;
    char is[192], wanted[192];
    int missing = 0;
    for (int i = 0; i < l->n_entries && !l->options.allow_missing && !l->options.fitting; ++i) {
        const ad_var_entry *entry = l->vars->entries[i];
        if (l->found[i] || entry->optional || missing++) continue;
        const ad_file_entry *first = ad_file_count(l->file) ? ad_file_at(l->file, 0) : NULL;
        ad_fail(ctx, AD_ERROR_NOT_FOUND,
                "%s: has no tensor for %s %s of the network (%d tensors, the first is %s %s)",
                ad_file_path(l->file), entry->variable.name,
                ad_shape_text(ad_file_shape(&entry->variable), wanted, sizeof wanted),
                ad_file_count(l->file), first ? first->name : "missing",
                first ? ad_shape_text(first->shape, is, sizeof is) : "");
    }
    return missing ? more(AD_ERROR_NOT_FOUND, ctx, missing - 1, "are missing") : AD_OK;
}

static ad_status check_unused(const loading *l)
{
    ad_context *ctx = l->vars->ctx;
    if (!l->unused || l->options.fitting) return AD_OK;
    if (l->beyond) {
        ad_fail(ctx, AD_ERROR_SHAPE,
                "%s: the network has no %s: it would be built smaller than the file",
                ad_file_path(l->file), ad_file_at(l->file, l->first_beyond)->name);
        return more(AD_ERROR_SHAPE, ctx, l->beyond - 1, "tensors are beyond it");
    }
    if (l->options.allow_unused) return AD_OK;
    ad_fail(ctx, AD_ERROR_NOT_FOUND, "%s: the network has no %s", ad_file_path(l->file),
            ad_file_at(l->file, l->first_unused)->name);
    return more(AD_ERROR_NOT_FOUND, ctx, l->unused - 1, "of the file's tensors are not in it");
}

/* The block's next contents, before tensors are read into it. */
static void *block_image(const loading *l, const ad_var_block *block)
{
    if (block->storage.ready) return ad_var_block_image(l->vars, block, l->found);
    void *image = ad_alloc(l->vars->ctx, block->storage.bytes);
    return image ? memcpy(image, block->storage.data, block->storage.bytes) : NULL;
}

/* A weight that is no number makes everything behind it none. */
static ad_status check_values(const loading *l, ad_dtype dtype, int64_t count, int index,
                              const void *value)
{
    if (ad_first_not_finite(value, dtype, count) < 0) return AD_OK;
    ad_text what;
    ad_text_init(&what, l->vars->ctx);
    ad_text_format(&what, "%s: tensor %s%s", ad_file_path(l->file),
                   ad_file_at(l->file, index)->name,
                   dtype == AD_F16 ? " as f16" : ""); /* which ends at 65504 */
    ad_status status = ad_check_finite(l->vars->ctx, ad_text_get(&what), value, dtype, count);
    ad_text_free(&what);
    return status;
}

static ad_status quantise(const loading *l, const ad_variable *variable, int index,
                          const float *values, unsigned char *ours)
{
    const ad_block_type *blocks = ad_layout_blocks(variable->layout);
    int64_t count = ad_shape_count(ad_file_shape(variable));
    ad_status status = check_values(l, AD_F32, count, index, values);
    int64_t bad = status ? -1 : ad_blocks_cannot_hold(blocks, values, count);
    if (bad >= 0)
        return ad_fail(l->vars->ctx, AD_ERROR_NUMERIC, "%s: tensor %s holds %g, which %s cannot",
                       ad_file_path(l->file), ad_file_at(l->file, index)->name, (double)values[bad],
                       blocks->name);
    if (!status) ad_file_quantise(variable, values, ours);
    return status;
}

/* Some rows at a time, so that a large table is not in memory as f32. *done: false where that does
 * not go, or a number does not. */
static ad_status quantise_rows(const loading *l, const ad_variable *variable, int index,
                               unsigned char *ours, bool *done)
{
    enum { PIECE = 4 << 20 }; /* bytes */
    const ad_block_type *blocks = ad_layout_blocks(variable->layout);
    ad_shape shape = ad_file_shape(variable);
    int64_t n = shape.dim[0], k = shape.dim[1];
    *done = !ad_layout_turned(variable->layout) && n && k && ad_file_has_rows(l->file, index);
    if (!*done) return AD_OK;
    int64_t most = PIECE / 4 / k > 0 ? PIECE / 4 / k : 1;
    size_t bytes = ad_shape_bytes(ad_shape(most, k), AD_F32);
    float *values = ad_alloc(l->vars->ctx, bytes);
    ad_status status = values ? AD_OK : AD_ERROR_MEMORY;
    for (int64_t row = 0; row < n && *done && !status; row += most) {
        int64_t rows = n - row < most ? n - row : most;
        status = ad_file_read_rows(l->file, index, row, rows, AD_F32, values,
                                   (size_t)(rows * k) * sizeof *values);
        if (status) break;
        *done = ad_blocks_cannot_hold(blocks, values, rows * k) < 0;
        if (*done) ad_blocks_pack(blocks, values, rows * k, ours + row * variable->shape.dim[1]);
    }
    ad_free(l->vars->ctx, values, bytes);
    return status;
}

/* The file's own blocks, or rows, or the matrix as f32, which are rounded. */
static ad_status read_quantised(const loading *l, const ad_variable *variable, int index,
                                unsigned char *ours)
{
    ad_context *ctx = l->vars->ctx;
    bool done;
    ad_status status = ad_file_read_blocks(l->file, index, ad_layout_blocks(variable->layout),
                                           ad_layout_turned(variable->layout), ours, &done);
    if (!status && !done) status = quantise_rows(l, variable, index, ours, &done);
    if (status || done) return status;
    size_t bytes = ad_shape_bytes(ad_file_shape(variable), AD_F32);
    float *values = ad_alloc(ctx, bytes);
    if (!values) return AD_ERROR_MEMORY;
    status = ad_file_read(l->file, index, AD_F32, values, bytes);
    if (!status) status = quantise(l, variable, index, values, ours);
    ad_free(ctx, values, bytes);
    return status;
}

static ad_status read_tensor(const loading *l, const ad_variable *variable, int index, char *image)
{
    ad_context *ctx = l->vars->ctx;
    size_t bytes = ad_variable_bytes(variable);
    if (ad_layout_blocks(variable->layout))
        return read_quantised(l, variable, index, (unsigned char *)image + variable->offset);
    if (variable->layout == AD_LAYOUT_SAME)
        return ad_file_read(l->file, index, variable->dtype, image + variable->offset, bytes);
    void *as_stored = ad_alloc(ctx, bytes);
    if (!as_stored) return AD_ERROR_MEMORY;
    ad_status status = ad_file_read(l->file, index, variable->dtype, as_stored, bytes);
    if (status == AD_OK) ad_file_reorder(variable, image + variable->offset, as_stored, false);
    ad_free(ctx, as_stored, bytes);
    return status;
}

static ad_status read_all(const loading *l)
{
    for (int i = 0; i < l->n_entries; ++i) {
        if (!l->found[i]) continue;
        const ad_var_entry *entry = l->vars->entries[i];
        void **image = &l->images[entry->block->number];
        if (!*image && !(*image = block_image(l, entry->block)))
            return ad_error_status(l->vars->ctx);
        ad_status status = read_tensor(l, &entry->variable, l->from[i], *image);
        if (!status)
            status = check_values(l, entry->variable.dtype, ad_shape_count(entry->variable.shape),
                                  l->from[i], (const char *)*image + entry->variable.offset);
        if (status != AD_OK) return status;
    }
    return AD_OK;
}

/* No program may be at the blocks that are to be changed: then none is. */
static ad_status claim_blocks(const loading *l)
{
    for (ad_var_block *block = l->vars->blocks; block; block = block->next) {
        if (!l->images[block->number] || ad_storage_claim(&block->storage, true)) continue;
        for (ad_var_block *before = l->vars->blocks; before != block; before = before->next)
            if (l->images[before->number]) ad_storage_release(&before->storage, true);
        return ad_fail(
            l->vars->ctx, AD_ERROR_ARGUMENT,
            "%s: the block of %s is in use: a program reads or changes it at this moment",
            ad_file_path(l->file), block->first->variable.name);
    }
    return AD_OK;
}

/* Into blocks that were claimed. */
static void put_in_place(const loading *l)
{
    for (ad_var_block *block = l->vars->blocks; block; block = block->next) {
        void *image = l->images[block->number];
        if (!image) continue;
        if (block->storage.ready) {
            block->storage.data = image;
            block->storage.ready = NULL;
            l->images[block->number] = NULL;
        } else {
            memcpy(block->storage.data, image, block->storage.bytes);
        }
        ++block->storage.version;
        ad_storage_release(&block->storage, true);
    }
}

static void free_images(const loading *l)
{
    if (!l->images) return;
    for (ad_var_block *block = l->vars->blocks; block; block = block->next)
        ad_free(l->vars->ctx, l->images[block->number], block->storage.bytes);
}

ad_status ad_vars_load_file(ad_vars *vars, ad_file *file, ad_load_options options)
{
    ad_arena arena;
    ad_arena_init(&arena, vars->ctx);
    loading l = {.vars = vars, .file = file, .options = options, .n_entries = vars->count};
    l.n_blocks = vars->last_block ? vars->last_block->number + 1 : 0;
    l.from = ad_arena_alloc(&arena, (size_t)l.n_entries * sizeof *l.from);
    l.found = ad_arena_alloc(&arena, (size_t)l.n_entries * sizeof *l.found);
    l.images = ad_arena_alloc(&arena, (size_t)l.n_blocks * sizeof *l.images);
    ad_status status = l.from && l.found && l.images ? AD_OK : AD_ERROR_MEMORY;
    if (status == AD_OK) status = match(&l);
    if (status == AD_OK && options.fitting) status = drop_unfit(&l);
    /* a wrong shape says most, so it is looked for before what is missing or too much */
    if (status == AD_OK) status = check_shapes(&l);
    if (status == AD_OK) status = check_types(&l);
    if (status == AD_OK) status = check_missing(&l);
    if (status == AD_OK) status = check_unused(&l);
    if (status == AD_OK) status = read_all(&l);
    if (status == AD_OK) status = claim_blocks(&l);
    if (status == AD_OK) put_in_place(&l);
    if (status == AD_OK && options.report) {
        count_loaded(&l);
        *options.report = l.report;
    }
    free_images(&l);
    ad_arena_free(&arena);
    return status;
}

ad_status ad_vars_load(ad_vars *vars, const char *path, ad_load_options options)
{
    ad_file *file;
    ad_status status = ad_file_open(&file, vars->ctx, path);
    if (status == AD_OK) status = ad_vars_load_file(vars, file, options);
    ad_file_close(file);
    return status;
}

void ad_load_report_unused(const ad_load_report *r, const ad_watcher *watcher, const char *path)
{
    if (!r->unused) return;
    ad_watch_note(watcher, "%s: %d of its tensors are not used by the network: %s%s", path,
                  r->unused, r->unused_names, r->unused > 1 ? ", ..." : "");
}
