/* llama2c.c - the "legacy" file of llama2.c (Karpathy 2023): seven 32-bit numbers, then all tensors
 * of a Llama in f32, those of a kind for all layers together. It has no magic: header and size must
 * agree to the byte.
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

typedef struct header {
    int64_t n[NUMBERS];
    bool own_output; /* written as a negative vocabulary: the output is not the embedding */
} header;

static bool read_header(const ad_file *file, header *h)
{
    int32_t raw[NUMBERS];
    if (file->size < sizeof raw) return false;
    memcpy(raw, file->bytes, sizeof raw);
    h->own_output = raw[VOCAB] < 0;
    for (int i = 0; i < NUMBERS; ++i) {
        h->n[i] = i == VOCAB && raw[i] < 0 ? -(int64_t)raw[i] : raw[i];
        if (h->n[i] < 1 || h->n[i] > most[i]) return false;
    }
    const int64_t *n = h->n;
    return n[DIM] % n[HEADS] == 0 && n[HEADS] % n[KV_HEADS] == 0 && n[DIM] / n[HEADS] % 2 == 0;
}

static int64_t count_floats(const header *h)
{
    const int64_t *n = h->n;
    int64_t w = n[DIM], head = w / n[HEADS], kv = n[KV_HEADS] * head;
    int64_t layer = 2 * w + 2 * w * w + 2 * w * kv + 3 * w * n[HIDDEN];
    int64_t angles = n[SEQUENCE] * head; /* tables of cosines and sines, which nobody reads */
    return n[VOCAB] * w * (h->own_output ? 2 : 1) + n[LAYERS] * layer + w + angles;
}

bool ad_llama2c_is(const ad_file *file)
{
    header h;
    return read_header(file, &h) && file->size == NUMBERS * 4 + 4 * (size_t)count_floats(&h);
}

typedef struct reader {
    ad_file *file;
    const unsigned char *next;
    ad_status status;
} reader;

/* The next rows x columns of the file, or, for 0 rows, a vector. `heads` > 0: row 2 p + s of a head
 * is row s dim/2 + p. */
static void take(reader *r, const char *name, int64_t rows, int64_t columns, int64_t heads)
{
    ad_file_tensor t = {.entry.stored = "float",
                        .view.element = AD_EL_F32,
                        .bytes = r->next,
                        .held = (size_t)((rows ? rows : 1) * columns) * 4};
    r->next += t.held;
    if (r->status) return;
    t.view.shape = rows ? ad_shape(rows, columns) : ad_shape(columns);
    ad_shape listed = t.view.shape;
    ad_strided_fill(&t.view, false);
    if (heads) ad_strided_pairs(&t.view, heads);
    r->status = ad_file_add(r->file, name, strlen(name), &t);
    if (!r->status) r->file->tensors[r->file->count - 1].entry.shape = listed;
}

static void take_layers(reader *r, const header *h, const char *part, int64_t rows, int64_t columns,
                        int64_t heads)
{
    char name[96];
    for (int64_t layer = 0; layer < h->n[LAYERS]; ++layer) {
        snprintf(name, sizeof name, "model.layers.%lld.%s.weight", (long long)layer, part);
        take(r, name, rows, columns, heads);
    }
}

static void take_all(reader *r, const header *h)
{
    const int64_t *n = h->n, w = n[DIM], head = w / n[HEADS], kv = n[KV_HEADS] * head;
    take(r, "model.embed_tokens.weight", n[VOCAB], w, 0);
    take_layers(r, h, "input_layernorm", 0, w, 0);
    take_layers(r, h, "self_attn.q_proj", w, w, n[HEADS]);
    take_layers(r, h, "self_attn.k_proj", kv, w, n[KV_HEADS]);
    take_layers(r, h, "self_attn.v_proj", kv, w, 0);
    take_layers(r, h, "self_attn.o_proj", w, w, 0);
    take_layers(r, h, "post_attention_layernorm", 0, w, 0);
    take_layers(r, h, "mlp.gate_proj", n[HIDDEN], w, 0);
    take_layers(r, h, "mlp.down_proj", w, n[HIDDEN], 0);
    take_layers(r, h, "mlp.up_proj", n[HIDDEN], w, 0);
    take(r, "model.norm.weight", 0, w, 0);
    r->next += (size_t)(n[SEQUENCE] * head) * 4;
    if (h->own_output) take(r, "lm_head.weight", n[VOCAB], w, 0);
}

ad_status ad_llama2c_list(ad_file *file)
{
    header h;
    char value[32];
    reader r = {.file = file, .next = file->bytes + NUMBERS * 4};
    (void)read_header(file, &h);
    for (int i = 0; i < NUMBERS && !r.status; ++i) {
        int length = snprintf(value, sizeof value, "%lld", (long long)h.n[i]);
        r.status = ad_file_add_metadata(file, keys[i], value, (size_t)length);
    }
    take_all(&r, &h);
    return r.status;
}
