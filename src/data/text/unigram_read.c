/* unigram_read.c - SentencePiece's protobuf (sentencepiece_model.proto) by its wire format: of
 * ModelProto the pieces, of the trainer's settings the kind, of the normaliser's all. */
#include "data/text/unigram.h"

#include "base/hash.h"

#include <math.h>
#include <string.h>

/* ---- the wire: a field's number and type, which are its key, then a number or bytes ---- */

enum { VARINT = 0, I64 = 1, LEN = 2, I32 = 5 }; /* types, as protobuf calls them */

/* A field of another type than it should have is passed over, as one that is not known. */
#define KEY(number, type) ((number) << 3 | (type))

typedef struct wire {
    const unsigned char *at, *end;
    bool broken;
} wire;

typedef struct field {
    uint64_t key;
    uint64_t value; /* of a number; of 4 bytes their bits */
    wire inside;    /* of bytes */
} field;

static uint64_t varint(wire *w)
{
    uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
        if (w->at == w->end) break;
        unsigned char byte = *w->at++;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80)) return value;
    }
    w->broken = true;
    return 0;
}

static bool take(wire *w, size_t count)
{
    if ((size_t)(w->end - w->at) < count) w->broken = true;
    if (!w->broken) w->at += count;
    return !w->broken;
}

static bool next(wire *w, field *f)
{
    if (w->broken || w->at == w->end) return false;
    *f = (field){.key = varint(w)};
    switch (f->key & 7) {
    case VARINT: f->value = varint(w); break;
    case I64: take(w, 8); break;
    case I32:
        if (take(w, 4)) {
            uint32_t bits;
            memcpy(&bits, w->at - 4, 4);
            f->value = bits;
        }
        break;
    case LEN: {
        uint64_t length = varint(w);
        if (length > (uint64_t)(w->end - w->at)) w->broken = true;
        f->inside = (wire){w->at, w->at + (w->broken ? 0 : length), false};
        take(w, w->broken ? 0 : (size_t)length);
        break;
    }
    default: w->broken = true;
    }
    return !w->broken;
}

/* ---- the model ---- */

typedef struct reader {
    ad_context *ctx;
    const char *name;
    ad_unigram *u;
} reader;

enum { NORMAL = 1, UNKNOWN, CONTROL, USER_DEFINED, UNUSED, BYTE };
/* Of a piece: SentencePiece trains none of more than 512 characters, and each place of a text is
 * tried with all lengths up to the longest. */
enum { PIECE_BYTES_MOST = 512 * 4 };

static ad_status broken(const reader *r)
{
    return ad_fail(r->ctx, AD_ERROR_FORMAT, "%s: is not a SentencePiece model, or is truncated",
                   r->name);
}

static ad_status refuse(const reader *r, const char *what)
{
    return ad_fail(r->ctx, AD_ERROR_UNSUPPORTED, "%s: %s is not supported", r->name, what);
}

static ad_status add_piece(reader *r, wire w)
{
    ad_unigram *u = r->u;
    wire piece = {0};
    float score = 0;
    uint64_t type = NORMAL;
    for (field f; next(&w, &f);) {
        if (f.key == KEY(1, LEN)) piece = f.inside;
        if (f.key == KEY(2, I32)) {
            uint32_t bits = (uint32_t)f.value;
            memcpy(&score, &bits, 4);
        }
        if (f.key == KEY(3, VARINT)) type = f.value;
    }
    if (w.broken) return broken(r);
    if (type == USER_DEFINED) return refuse(r, "a vocabulary with user-defined pieces");
    if (type == BYTE) return refuse(r, "a vocabulary with byte_fallback");
    size_t length = (size_t)(piece.end - piece.at);
    if (length > PIECE_BYTES_MOST)
        return ad_fail(r->ctx, AD_ERROR_LIMIT, "%s: piece %lld has %zu bytes, at most %d", r->name,
                       (long long)u->pieces.count, length, PIECE_BYTES_MOST);
    if (!isfinite(score))
        return ad_fail(r->ctx, AD_ERROR_FORMAT, "%s: the score of piece %lld is not finite",
                       r->name, (long long)u->pieces.count);
    ad_status status = ad_vocabulary_add(&u->pieces, r->name, (const char *)piece.at, length,
                                         type == NORMAL ? AD_PIECE_NORMAL : AD_PIECE_CONTROL);
    if (status) return status;
    float *grown = ad_grow(r->ctx, u->scores, &u->score_capacity, u->pieces.count,
                           sizeof *u->scores);
    if (!grown) return AD_ERROR_MEMORY;
    u->scores = grown;
    u->scores[u->pieces.count - 1] = score;
    return AD_OK;
}

static ad_status read_trainer(reader *r, wire w)
{
    uint64_t kind = 1, suffix = 0;
    for (field f; next(&w, &f);) {
        if (f.key == KEY(3, VARINT)) kind = f.value;
        if (f.key == KEY(24, VARINT)) suffix = f.value;
    }
    if (w.broken) return broken(r);
    if (kind != 1) return refuse(r, kind == 2 ? "model_type BPE" : "a model_type but UNIGRAM");
    return suffix ? refuse(r, "treat_whitespace_as_suffix") : AD_OK;
}

/* The size of the double array in bytes, the array, the strings. */
static ad_status read_map(reader *r, wire w)
{
    ad_unigram *u = r->u;
    uint32_t bytes;
    size_t size = (size_t)(w.end - w.at);
    if (!size) return AD_OK;
    if (size < 4 || u->map) return broken(r);
    memcpy(&bytes, w.at, 4);
    if (bytes > size - 4 || bytes % 4 || !bytes || w.end[-1])
        return ad_fail(r->ctx, AD_ERROR_FORMAT, "%s: its precompiled_charsmap is broken", r->name);
    if (!(u->map = ad_alloc(r->ctx, size))) return AD_ERROR_MEMORY;
    memcpy(u->map, w.at, size);
    u->map_bytes = size;
    u->array = u->map + 4, u->units = bytes / 4;
    u->spelled = u->array + bytes, u->spelled_bytes = size - 4 - bytes;
    return AD_OK;
}

static ad_status read_normaliser(reader *r, wire w)
{
    ad_unigram *u = r->u;
    ad_status status = AD_OK;
    for (field f; !status && next(&w, &f);) {
        if (f.key == KEY(2, LEN)) status = read_map(r, f.inside);
        if (f.key == KEY(3, VARINT)) u->prefix = f.value;
        if (f.key == KEY(4, VARINT)) u->collapse = f.value;
        if (f.key == KEY(5, VARINT)) u->escape = f.value;
    }
    return !status && w.broken ? broken(r) : status;
}

static ad_status read_model(reader *r, wire w)
{
    ad_unigram *u = r->u;
    ad_status status = AD_OK;
    for (field f; !status && next(&w, &f);) {
        if (f.key == KEY(1, LEN)) status = add_piece(r, f.inside);
        if (f.key == KEY(2, LEN)) status = read_trainer(r, f.inside);
        if (f.key == KEY(3, LEN)) status = read_normaliser(r, f.inside);
    }
    if (!status && (w.broken || !u->pieces.count)) status = broken(r);
    float least = INFINITY;
    for (int64_t i = 0; i < u->pieces.count && !status; ++i)
        if (u->pieces.pieces[i].type == AD_PIECE_NORMAL && u->scores[i] < least)
            least = u->scores[i];
    u->unknown = (isfinite(least) ? least : 0) - 10; /* SentencePiece's penalty */
    return status;
}

void ad_unigram_free(ad_unigram *u)
{
    if (!u) return;
    ad_vocabulary_free(&u->pieces);
    ad_free(u->ctx, u->scores, ad_bytes(u->score_capacity, sizeof *u->scores));
    if (u->ids) ad_free(u->ctx, u->ids, ad_bytes(u->id_count, sizeof *u->ids));
    if (u->map) ad_free(u->ctx, u->map, u->map_bytes);
    ad_free(u->ctx, u, sizeof *u);
}

ad_status ad_unigram_read(ad_unigram **out, ad_context *ctx, const char *name, const char *bytes,
                          size_t size)
{
    const unsigned char *from = (const unsigned char *)bytes;
    *out = NULL;
    ad_unigram *u = ad_zalloc(ctx, sizeof *u);
    if (!u) return AD_ERROR_MEMORY;
    u->ctx = ctx, u->prefix = u->collapse = u->escape = true;
    ad_vocabulary_init(&u->pieces, ctx);
    reader r = {ctx, name, u};
    ad_status status = read_model(&r, (wire){from, from + size, false});
    if (status)
        ad_unigram_free(u);
    else
        *out = u;
    return status;
}

ad_status ad_unigram_number(ad_unigram *u, const ad_vocabulary *vocabulary, int32_t unknown_id)
{
    u->id_count = u->pieces.count, u->unknown_id = unknown_id;
    u->ids = ad_alloc(u->ctx, ad_bytes(u->id_count, sizeof *u->ids));
    if (!u->ids) return AD_ERROR_MEMORY;
    for (int32_t i = 0; i < u->id_count; ++i) {
        size_t length;
        const char *piece = ad_vocabulary_piece(&u->pieces, i, &length);
        int32_t id = ad_vocabulary_find(vocabulary, piece, length);
        u->ids[i] = id < 0 ? unknown_id : id;
    }
    return AD_OK;
}

uint64_t ad_unigram_hash(const ad_unigram *u, uint64_t h)
{
    bool how[3] = {u->prefix, u->collapse, u->escape};
    h = ad_hash(h, how, sizeof how);
    h = ad_hash(h, u->pieces.bytes, (size_t)u->pieces.used);
    h = ad_hash(h, u->scores, (size_t)u->pieces.count * sizeof *u->scores);
    return u->map ? ad_hash(h, u->map, u->map_bytes) : h;
}
