/* vocabulary.h - pieces of text by number and by content: the table that every tokenizer stands on.
 *
 * Also the map of pairs of ids that byte pair encoding merges. */
#ifndef AD_DATA_TEXT_VOCABULARY_H
#define AD_DATA_TEXT_VOCABULARY_H

#include "base/hash_index.h"

enum {
    AD_MAX_PIECES = 1 << 24,
    AD_MAX_PIECE_BYTES = 1 << 16,
};

typedef enum ad_piece_type {
    AD_PIECE_NORMAL = 0,
    AD_PIECE_CONTROL, /* never made from text, unless it is spelled out and that is asked for */
    AD_PIECE_BYTE,    /* SentencePiece's <0x0A> */
} ad_piece_type;

typedef struct ad_piece {
    uint32_t at, length;
    ad_piece_type type;
} ad_piece;

typedef struct ad_vocabulary {
    ad_context *ctx;
    char *bytes; /* of all pieces */
    int64_t used, bytes_capacity;
    ad_piece *pieces;
    int64_t count, capacity;
    ad_hash_index index;
    uint32_t longest;
} ad_vocabulary;

void ad_vocabulary_init(ad_vocabulary *v, ad_context *ctx);
void ad_vocabulary_free(ad_vocabulary *v);
/* Appends. A piece that is there already, or an empty one, is a format error; `name` is the file.
 */
ad_status ad_vocabulary_add(ad_vocabulary *v, const char *name, const char *bytes, size_t length,
                            ad_piece_type type);
int32_t ad_vocabulary_find(const ad_vocabulary *v, const char *bytes, size_t length); /* -1: none */

static inline const char *ad_vocabulary_piece(const ad_vocabulary *v, int32_t id, size_t *length)
{
    *length = v->pieces[id].length;
    return v->bytes + v->pieces[id].at;
}

/* (left, right) -> a number that is not negative. */
typedef struct ad_pairs {
    ad_context *ctx;
    struct ad_pair_slot *slots;
    int64_t slot_count, count;
} ad_pairs;

struct ad_pair_slot {
    uint64_t key;  /* left << 32 | right */
    int32_t value; /* + 1; 0: free */
};

void ad_pairs_free(ad_pairs *pairs);
/* The pair's number; one that is not there yet gets `value`. -1: memory refused. */
int32_t ad_pairs_put(ad_pairs *pairs, int32_t left, int32_t right, int32_t value);
int32_t ad_pairs_find(const ad_pairs *pairs, int32_t left, int32_t right); /* -1: none */

#endif
