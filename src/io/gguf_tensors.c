/* gguf_tensors.c - the weights of a GGUF file (llama.cpp).
 *
 * Tensors of "gpt2" and "llama" are listed by Hugging Face's names and in its order: GPT-2's
 * matrices are transposed, the rows of Llama's queries and keys come in halves. Quantised ones are
 * read as what ggml makes of them, in f32; types that are not known here are listed, and refused
 * when they are read. Scalar metadata are listed as text; vocabularies are tokenizer_gguf.c's. */
#include "base/text.h"
#include "io/blocks.h"
#include "io/gguf.h"
#include "io/gguf_names.h"
#include "io/weights.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- types ---- */

static const struct {
    const char *name;
    ad_element element;          /* AD_ELEMENTS: not read */
    const ad_block_type *blocks; /* quantised */
} types[] = {
    [0] = {"F32", AD_EL_F32, NULL},
    [1] = {"F16", AD_EL_F16, NULL},
    [2] = {"Q4_0", AD_EL_F32, &ad_block_q4_0},
    [3] = {"Q4_1", AD_EL_F32, &ad_block_q4_1},
    [6] = {"Q5_0", AD_EL_F32, &ad_block_q5_0},
    [7] = {"Q5_1", AD_EL_F32, &ad_block_q5_1},
    [8] = {"Q8_0", AD_EL_F32, &ad_block_q8_0},
    [9] = {"Q8_1", AD_ELEMENTS, NULL},
    [10] = {"Q2_K", AD_ELEMENTS, NULL},
    [11] = {"Q3_K", AD_ELEMENTS, NULL},
    [12] = {"Q4_K", AD_ELEMENTS, NULL},
    [13] = {"Q5_K", AD_ELEMENTS, NULL},
    [14] = {"Q6_K", AD_EL_F32, &ad_block_q6_k},
    [15] = {"Q8_K", AD_ELEMENTS, NULL},
    [16] = {"IQ2_XXS", AD_ELEMENTS, NULL},
    [17] = {"IQ2_XS", AD_ELEMENTS, NULL},
    [18] = {"IQ3_XXS", AD_ELEMENTS, NULL},
    [19] = {"IQ1_S", AD_ELEMENTS, NULL},
    [20] = {"IQ4_NL", AD_ELEMENTS, NULL},
    [21] = {"IQ3_S", AD_ELEMENTS, NULL},
    [22] = {"IQ2_S", AD_ELEMENTS, NULL},
    [23] = {"IQ4_XS", AD_ELEMENTS, NULL},
    [24] = {"I8", AD_EL_I8, NULL},
    [25] = {"I16", AD_EL_I16, NULL},
    [26] = {"I32", AD_EL_I32, NULL},
    [27] = {"I64", AD_EL_I64, NULL},
    [28] = {"F64", AD_EL_F64, NULL},
    [29] = {"IQ1_M", AD_ELEMENTS, NULL},
    [30] = {"BF16", AD_EL_BF16, NULL},
    [34] = {"TQ1_0", AD_ELEMENTS, NULL},
    [35] = {"TQ2_0", AD_ELEMENTS, NULL},
    [39] = {"MXFP4", AD_ELEMENTS, NULL},
};

/* ---- metadata ---- */

/* The shortest decimal that is this f32. */
static int short_real(char *text, size_t size, double value)
{
    int length = 0;
    for (int digits = 6; digits <= 9; ++digits) {
        length = snprintf(text, size, "%.*g", digits, value);
        if ((float)strtod(text, NULL) == (float)value) break;
    }
    return length;
}

static ad_status add_value(ad_file *file, const ad_gguf_value *value)
{
    char text[64], *key = ad_arena_alloc(&file->arena, value->key.length + 1);
    if (!key) return AD_ERROR_MEMORY;
    memcpy(key, value->key.bytes, value->key.length);
    key[value->key.length] = 0;
    if (value->type == AD_GGUF_STRING) {
        const char *at = value->data;
        ad_gguf_string s = ad_gguf_next_string(&at);
        return ad_file_add_metadata(file, key, s.bytes, s.length);
    }
    int length = value->type == AD_GGUF_F32 ? short_real(text, sizeof text, ad_gguf_real(value, 0))
                 : value->type == AD_GGUF_F64
                     ? snprintf(text, sizeof text, "%.17g", ad_gguf_real(value, 0))
                 : value->type == AD_GGUF_BOOL
                     ? snprintf(text, sizeof text, "%s",
                                ad_gguf_integer(value, 0) ? "true" : "false")
                     : snprintf(text, sizeof text, "%lld", (long long)ad_gguf_integer(value, 0));
    return ad_file_add_metadata(file, key, text, (size_t)length);
}

/* Of what the file says beside its tensors, what is no list. */
static ad_status add_values(ad_file *file, const ad_gguf *gguf)
{
    ad_status status = AD_OK;
    for (int64_t i = 0; i < gguf->count && !status; ++i)
        if (!gguf->values[i].is_array) status = add_value(file, &gguf->values[i]);
    return status;
}

/* ---- tensors ---- */

typedef struct lister {
    ad_file *file;
    const ad_gguf *gguf;
    const char *architecture;
    int64_t heads, kv_heads;
} lister;

static ad_status fail_shape(lister *l, const char *name, const char *what)
{
    return ad_file_fail(l->file, AD_ERROR_FORMAT, name, "its shape does not fit %s", what);
}

/* The view from the file's order to the published one. *listed: the shape it is listed with. */
static ad_status reorder(lister *l, const char *name, ad_gguf_order order, ad_file_tensor *t,
                         ad_shape *listed)
{
    int64_t heads = order == AD_GGUF_KEYS ? l->kv_heads : l->heads, *dim = t->view.shape.dim;
    ad_strided_fill(&t->view, false);
    *listed = t->view.shape;
    if (order == AD_GGUF_SAME) return AD_OK;
    if (t->view.shape.rank != 2) return fail_shape(l, name, "a matrix");
    if (order == AD_GGUF_TRANSPOSED) {
        t->view.stride[0] = 1, t->view.stride[1] = dim[1];
        t->view.shape = *listed = ad_shape(dim[1], dim[0]);
        return AD_OK;
    }
    if (heads < 1 || !dim[0] || dim[0] % heads || dim[0] / heads % 2)
        return fail_shape(l, name, "the number of heads");
    ad_strided_pairs(&t->view, heads);
    return AD_OK;
}

/* Where its bytes lie, and how many. */
static ad_status place(lister *l, const char *name, const ad_gguf_tensor *g, ad_file_tensor *t,
                       size_t *bytes)
{
    ad_file *file = l->file;
    int64_t count = ad_shape_count(g->shape);
    size_t size = ad_element_size(t->view.element), left;
    int64_t rows = g->shape.rank ? g->shape.dim[g->shape.rank - 1] : 1;
    if (g->offset % l->gguf->alignment)
        return ad_file_fail(file, AD_ERROR_FORMAT, name,
                            "its offset %llu is not a multiple of the alignment %llu",
                            (unsigned long long)g->offset, (unsigned long long)l->gguf->alignment);
    if (t->blocks && rows % t->blocks->elements)
        return ad_file_fail(file, AD_ERROR_FORMAT, name,
                            "its rows of %lld elements are not whole blocks of %d (%s)",
                            (long long)rows, t->blocks->elements, t->entry.stored);
    *bytes = t->blocks ? ad_bytes(count / t->blocks->elements, t->blocks->bytes)
                       : ad_bytes(count, size);
    left = file->size > l->gguf->data ? file->size - l->gguf->data : 0;
    if (g->offset > left || *bytes > left - (size_t)g->offset)
        return ad_file_fail(file, AD_ERROR_FORMAT, name,
                            "its %zu bytes at %llu end beyond the end of the file (is it "
                            "truncated?)",
                            *bytes, (unsigned long long)g->offset);
    t->bytes = file->bytes + l->gguf->data + (size_t)g->offset;
    t->held = size ? ad_bytes(count, size) : 0;
    return AD_OK;
}

static ad_status add_tensor(lister *l, const ad_gguf_tensor *g)
{
    char raw[AD_FILE_MAX_NAME + 1], name[AD_GGUF_NAME_BYTES], word[24];
    ad_file_tensor t = {.view = {.element = AD_ELEMENTS, .shape = g->shape}};
    ad_gguf_order order = AD_GGUF_SAME;
    ad_shape listed = g->shape;
    size_t bytes = 0;
    bool known_type = g->type < sizeof types / sizeof *types && types[g->type].name;
    snprintf(raw, sizeof raw, "%.*s", (int)(g->name.length < 60 ? g->name.length : 60),
             g->name.bytes);
    if (g->name.length > AD_FILE_MAX_NAME || memchr(g->name.bytes, 0, g->name.length))
        return ad_file_fail(l->file, AD_ERROR_FORMAT, raw, "its name is too long, or holds a NUL");
    snprintf(raw, sizeof raw, "%.*s", (int)g->name.length, g->name.bytes);
    snprintf(word, sizeof word, "ggml type %u", g->type);
    t.entry.stored = known_type ? types[g->type].name : ad_arena_text(&l->file->arena, word);
    if (!t.entry.stored) return AD_ERROR_MEMORY;
    if (known_type) t.view.element = types[g->type].element, t.blocks = types[g->type].blocks;

    bool known = ad_gguf_to_published(l->architecture, raw, name, &order);
    ad_status status = place(l, raw, g, &t, &bytes);
    if (!status) status = reorder(l, raw, order, &t, &listed);
    if (!status) status = ad_file_add(l->file, raw, strlen(raw), &t);
    if (status) return status;
    ad_file_entry *entry = &l->file->tensors[l->file->count - 1].entry;
    entry->shape = listed, entry->bytes = (int64_t)bytes;
    if (known) entry->name = ad_arena_text(&l->file->arena, name);
    return entry->name ? AD_OK : AD_ERROR_MEMORY;
}

static int by_place(const void *a, const void *b)
{
    const ad_file_tensor *x = *(const ad_file_tensor *const *)a,
                         *y = *(const ad_file_tensor *const *)b;
    return x->bytes < y->bytes ? -1 : x->bytes > y->bytes;
}

/* Two tensors over the same bytes are no file that anyone wrote. */
static ad_status check_apart(ad_file *file)
{
    size_t bytes = ad_bytes(file->count, sizeof(ad_file_tensor *));
    const ad_file_tensor **order = ad_alloc(file->ctx, bytes);
    ad_status status = AD_OK;
    int count = 0;
    if (!order) return AD_ERROR_MEMORY;
    for (int i = 0; i < file->count; ++i)
        if (file->tensors[i].entry.bytes) order[count++] = &file->tensors[i];
    if (count > 1) qsort((void *)order, (size_t)count, sizeof *order, by_place);
    for (int i = 1; i < count && !status; ++i)
        if (order[i - 1]->bytes + order[i - 1]->entry.bytes > order[i]->bytes)
            status = ad_file_fail(file, AD_ERROR_FORMAT, order[i]->entry.raw_name,
                                  "begins within the bytes of %s", order[i - 1]->entry.raw_name);
    ad_free(file->ctx, (void *)order, bytes);
    return status;
}

static int64_t number(const ad_file *file, const char *architecture, const char *key)
{
    char full[128];
    snprintf(full, sizeof full, "%.40s.%s", architecture, key);
    const char *value = ad_file_metadata(file, full);
    return value ? strtoll(value, NULL, 10) : 0;
}

ad_status ad_gguf_list(ad_file *file)
{
    ad_gguf gguf;
    ad_status status = ad_gguf_read(&gguf, file->ctx, file->path,
                                    file->on_disk.parts ? &file->on_disk : NULL,
                                    (const char *)file->bytes, file->size);
    if (status) return status;
    status = add_values(file, &gguf);
    lister l = {.file = file, .gguf = &gguf};
    if (!status) {
        const char *architecture = ad_file_metadata(file, "general.architecture");
        l.architecture = architecture ? architecture : "";
        l.heads = number(file, l.architecture, "attention.head_count");
        l.kv_heads = number(file, l.architecture, "attention.head_count_kv");
        if (!l.kv_heads) l.kv_heads = l.heads;
    }
    for (int64_t i = 0; i < gguf.tensor_count && !status; ++i)
        status = add_tensor(&l, &gguf.tensors[i]);
    if (!status) status = check_apart(file);
    ad_gguf_free(&gguf);
    return status;
}
