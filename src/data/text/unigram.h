/* unigram.h - SentencePiece's unigram model (Kudo 2018): pieces with the logarithms of how likely
 * they are, and how a text is normalised before it is cut into them. */
#ifndef AD_DATA_TEXT_UNIGRAM_H
#define AD_DATA_TEXT_UNIGRAM_H

#include "base/text.h"
#include "data/text/vocabulary.h"

#include <autodidact/tokenizer.h>

typedef struct ad_unigram {
    ad_context *ctx;
    ad_vocabulary pieces; /* those that are no text are AD_PIECE_CONTROL */
    float *scores;        /* [pieces.count] */
    int64_t score_capacity;
    float unknown; /* the score of a character that is no piece */
    int32_t *ids;  /* [id_count]: each piece's id for the network */
    int64_t id_count;
    int32_t unknown_id; /* for the network */
    /* Characters that become others (SentencePiece's charsmap): a double array (Aoe 1989) whose
     * values are places in `spelled`, strings that end in NUL. */
    char *map;
    size_t map_bytes;
    const char *array, *spelled;
    size_t units, spelled_bytes;
    bool prefix, collapse, escape; /* a space in front; several become one; they become U+2581 */
} ad_unigram;

/* Of a protobuf's bytes (source.spm). */
ad_status ad_unigram_read(ad_unigram **out, ad_context *ctx, const char *name, const char *bytes,
                          size_t size);
void ad_unigram_free(ad_unigram *unigram); /* NULL is ignored */
/* Gives each piece its id in the network's vocabulary. */
ad_status ad_unigram_number(ad_unigram *unigram, const ad_vocabulary *vocabulary,
                            int32_t unknown_id);
/* The text as SentencePiece spells it. */
void ad_unigram_normalise(const ad_unigram *unigram, const char *text, size_t length, ad_text *out);
/* Appends the ids of the likeliest pieces. */
ad_status ad_unigram_encode(const ad_unigram *unigram, const ad_vocabulary *vocabulary,
                            const char *text, size_t length, ad_tokens *out);
/* Goes on with a hash of all that decides the ids. */
uint64_t ad_unigram_hash(const ad_unigram *unigram, uint64_t hash);

#endif
