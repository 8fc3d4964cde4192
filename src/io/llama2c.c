/* llama2c.c - the files of llama2.c (Karpathy 2023, export.py): a header, then the tensors of a
 * Llama one after the other, those of a kind for all layers together.
 *
 * The first form ("legacy") is seven 32-bit numbers and f32. It has no magic: header and size must
 * agree to the byte. Later ones begin with "ak42" (as a number), their version and 256 bytes of
 * header in all; vectors come first. Version 1 is f32. In version 2 matrices are quantised: all
 * elements as int8, then a scale in f32 for each group of them.
 *
 * Listed by Hugging Face's names, the header's numbers as metadata by llama2.c's. Rotary pairs are
 * neighbours there and halves in Hugging Face's form, so the rows of wq and wk are read in another
 * order. */
#include "io/weights.h"

#include <stdio.h>
#include <string.h>

enum { DIM, HIDDEN, LAYERS, HEADS, KV_HEADS, VOCAB, SEQUENCE, NUMBERS };
static const char *const keys[NUMBERS] = {"dim",        "hidden_dim", "n_layers",   "n_heads",
                                          "n_kv_heads", "vocab_size", "max_seq_len"};
static const int32_t most[NUMBERS] = {1 << 16, 1 << 18, 1024, 1 << 16, 1 << 16, 1 << 22, 1 << 20};

enum { LEGACY, PLAIN, QUANTISED, MAGIC = 0x616b3432, HEADER_BYTES = 256, GROUP_MOST = 1 << 16 };

typedef struct header {
    int32_t version;
    int64_t n[NUMBERS];
    bool own_output; /* the output is not the embedding */
    int64_t group;   /* elements that share a scale */
    size_t bytes;
} header;

/* False: they are not those of a model. */
static bool read_numbers(const unsigned char *bytes, header *h)
{
    int32_t raw[NUMBERS];
    memcpy(raw, bytes, sizeof raw);
    for (int i = 0; i < NUMBERS; ++i) {
        bool negative = h->version == LEGACY && i == VOCAB && raw[i] < 0;
        h->n[i] = negative ? -(int64_t)raw[i] : raw[i];
        if (h->n[i] < 1 || h->n[i] > most[i]) return false;
    }
    const int64_t *n = h->n;
    return n[DIM] % n[HEADS] == 0 && n[HEADS] % n[KV_HEADS] == 0 && n[DIM] / n[HEADS] % 2 == 0;
}

static bool has_magic(const ad_file *file)
{
    int32_t magic;
    if (file->size < sizeof magic) return false;
    memcpy(&magic, file->bytes, sizeof magic);
    return magic == MAGIC;
}

/* A negative vocabulary says that the output is not the embedding. */
static bool read_legacy(const ad_file *file, header *h)
{
    int32_t vocab;
    *h = (header){.version = LEGACY, .bytes = NUMBERS * 4};
    if (file->size < h->bytes || !read_numbers(file->bytes, h)) return false;
    memcpy(&vocab, file->bytes + 4 * VOCAB, sizeof vocab);
    h->own_output = vocab < 0;
    return true;
}

/* Bytes of the matrices, the vectors, and tables of cosines and sines, which nobody reads. */
static int64_t count_bytes(const header *h)
{
    const int64_t *n = h->n;
    int64_t w = n[DIM], head = w / n[HEADS], kv = n[KV_HEADS] * head;
    int64_t vectors = n[LAYERS] * 2 * w + w;
    int64_t layer = 2 * w * w + 2 * w * kv + 3 * w * n[HIDDEN];
    int64_t matrices = n[VOCAB] * w * (h->own_output ? 2 : 1) + n[LAYERS] * layer;
    int64_t angles = h->version == LEGACY ? n[SEQUENCE] * head : 0;
    if (h->version != QUANTISED) return 4 * (vectors + matrices + angles);
    return 4 * vectors + matrices + 4 * (matrices / h->group);
}

/* Each matrix is cut into whole groups. */
static bool groups_fit(const header *h)
{
    const int64_t *n = h->n, w = n[DIM], kv = w / n[HEADS] * n[KV_HEADS];
    const int64_t sizes[] = {n[VOCAB] * w, w * w, w * kv, w * n[HIDDEN]};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; ++i)
        if (h->group < 1 || h->group > GROUP_MOST || sizes[i] % h->group) return false;
    return true;
}

static ad_status read_versioned(ad_file *file, header *h)
{
    int32_t group;
    const unsigned char *b = file->bytes;
    *h = (header){.bytes = HEADER_BYTES};
    if (file->size < HEADER_BYTES)
        return ad_fail(file->ctx, AD_ERROR_FORMAT, "%s: ends within the header of llama2.c's form",
                       file->path);
    memcpy(&h->version, b + 4, 4);
    if (h->version != PLAIN && h->version != QUANTISED)
        return ad_fail(file->ctx, AD_ERROR_UNSUPPORTED,
                       "%s: is of version %d of llama2.c's form, expected 1 or 2", file->path,
                       (int)h->version);
    bool good = read_numbers(b + 8, h);
    h->own_output = !b[8 + NUMBERS * 4];
    memcpy(&group, b + 9 + NUMBERS * 4, 4);
    h->group = h->version == QUANTISED ? group : 1;
    if (!good || !groups_fit(h))
        return ad_fail(file->ctx, AD_ERROR_FORMAT,
                       "%s: the sizes in its header are not those of a model of llama2.c",
                       file->path);
    int64_t expected = HEADER_BYTES + count_bytes(h);
    if (file->size == (size_t)expected) return AD_OK;
    return ad_fail(file->ctx, AD_ERROR_FORMAT,
                   "%s: has %zu bytes, but the sizes in its header ask for %lld", file->path,
                   file->size, (long long)expected);
}

bool ad_llama2c_is(const ad_file *file)
{
    header h;
    if (has_magic(file)) return true;
    return read_legacy(file, &h) && file->size == h.bytes + (size_t)count_bytes(&h);
}

typedef struct reader {
    ad_file *file;
    const header *h;
    const unsigned char *next;
    ad_status status;
} reader;

/* The next rows x columns of the file, or, for 0 rows, a vector. `heads` > 0: row 2 p + s of a head
 * is row s dim/2 + p. */
static void take(reader *r, const char *name, int64_t rows, int64_t columns, int64_t heads)
{
    int64_t count = (rows ? rows : 1) * columns;
    ad_file_tensor t = {.entry.stored = "float",
                        .view.element = AD_EL_F32,
                        .bytes = r->next,
                        .held = (size_t)count * 4};
    r->next += t.held;
    if (rows && r->h->version == QUANTISED) {
        t.entry.stored = "int8 in groups", t.group = r->h->group;
        t.scales = t.bytes + count;
        r->next = t.scales + 4 * (count / t.group);
    }
    if (r->status) return;
    t.view.shape = rows ? ad_shape(rows, columns) : ad_shape(columns);
    ad_shape listed = t.view.shape;
    ad_strided_fill(&t.view, false);
    if (heads) ad_strided_pairs(&t.view, heads);
    r->status = ad_file_add(r->file, name, strlen(name), &t);
    if (r->status) return;
    ad_file_entry *entry = &r->file->tensors[r->file->count - 1].entry;
    entry->shape = listed;
    if (t.scales) entry->bytes = r->next - t.bytes;
}

static void take_layers(reader *r, const char *part, int64_t rows, int64_t columns, int64_t heads)
{
    char name[96];
    for (int64_t layer = 0; layer < r->h->n[LAYERS]; ++layer) {
        snprintf(name, sizeof name, "model.layers.%lld.%s.weight", (long long)layer, part);
        take(r, name, rows, columns, heads);
    }
}

static void take_all(reader *r)
{
    const int64_t *n = r->h->n, w = n[DIM], head = w / n[HEADS], kv = n[KV_HEADS] * head;
    bool legacy = r->h->version == LEGACY;
    if (!legacy) {
        take_layers(r, "input_layernorm", 0, w, 0);
        take_layers(r, "post_attention_layernorm", 0, w, 0);
        take(r, "model.norm.weight", 0, w, 0);
    }
    take(r, "model.embed_tokens.weight", n[VOCAB], w, 0);
    if (legacy) take_layers(r, "input_layernorm", 0, w, 0);
    take_layers(r, "self_attn.q_proj", w, w, n[HEADS]);
    take_layers(r, "self_attn.k_proj", kv, w, n[KV_HEADS]);
    take_layers(r, "self_attn.v_proj", kv, w, 0);
    take_layers(r, "self_attn.o_proj", w, w, 0);
    if (legacy) take_layers(r, "post_attention_layernorm", 0, w, 0);
    take_layers(r, "mlp.gate_proj", n[HIDDEN], w, 0);
    take_layers(r, "mlp.down_proj", w, n[HIDDEN], 0);
    take_layers(r, "mlp.up_proj", n[HIDDEN], w, 0);
    if (legacy) {
        take(r, "model.norm.weight", 0, w, 0);
        r->next += (size_t)(n[SEQUENCE] * head) * 4;
    }
    if (r->h->own_output) take(r, "lm_head.weight", n[VOCAB], w, 0);
}

ad_status ad_llama2c_list(ad_file *file)
{
    header h;
    char value[32];
    reader r = {.file = file, .h = &h};
    if (has_magic(file))
        r.status = read_versioned(file, &h);
    else
        (void)read_legacy(file, &h);
    r.next = file->bytes + h.bytes;
    for (int i = 0; i < NUMBERS && !r.status; ++i) {
        int length = snprintf(value, sizeof value, "%lld", (long long)h.n[i]);
        r.status = ad_file_add_metadata(file, keys[i], value, (size_t)length);
    }
    if (!r.status) take_all(&r);
    return r.status;
}
