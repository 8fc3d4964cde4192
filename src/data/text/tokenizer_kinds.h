/* tokenizer_kinds.h - the inside of ad_tokenizer, and what each kind does. */
#ifndef AD_DATA_TEXT_TOKENIZER_KINDS_H
#define AD_DATA_TEXT_TOKENIZER_KINDS_H

#include "base/file.h"
#include "base/text.h"
#include "data/text/vocabulary.h"

#include <autodidact/tokenizer.h>

struct json_t; /* jansson.h */

enum { AD_MAX_TOKENIZER_BYTES = 1 << 28 }; /* of a file that holds one */

typedef struct ad_merge {
    int32_t left, right, result;
} ad_merge;

struct ad_tokenizer {
    ad_context *ctx;
    ad_tokenizer_kind kind;
    ad_vocabulary vocabulary;
    int32_t special[AD_TOKEN_SPECIALS];
    int32_t byte_ids[256]; /* BPE, SentencePiece; -1: none */
    /* BPE, and SentencePiece by rank: merges in the order of their rank, and a pair's rank */
    ad_merge *merges;
    int64_t merge_count, merge_capacity;
    ad_pairs ranks;
    struct ad_words *words;      /* made at the first encoding */
    struct ad_word_cache *cache; /* likewise */
    /* SentencePiece: of each piece, all 0 where pairs merge by rank; spaces stand for its U+2581 */
    float *scores;
    int64_t score_capacity;
    bool prefix_space;           /* a text gets a space in front */
    bool cased, keeps_accents;   /* WordPiece: letters stay as they are */
    bool mask_takes_space;       /* RoBERTa's <mask>, that of a word with the space before it */
    bool crosses, crosses_known; /* a piece goes on behind the end of a word */

    struct ad_unigram *unigram; /* Unigram */

    unsigned char control_first[256]; /* bytes that a control piece begins with */
    bool control_known;               /* the table above is filled */
    ad_text scratch, mended; /* what was last decoded; the same, with what is not UTF-8 replaced */
    ad_text text;            /* of ad_tokenizer_to_text */
};

/* An empty one; NULL: memory refused. */
ad_tokenizer *ad_tokenizer_new(ad_context *ctx, ad_tokenizer_kind kind);
/* Appends a piece with its score. */
ad_status ad_tokenizer_add(ad_tokenizer *t, const char *name, const char *bytes, size_t length,
                           ad_piece_type type, float score);
/* Appends a merge; what it makes must be a piece. `name` is the file and `number` the merge's, for
 * errors. */
ad_status ad_tokenizer_add_merge(ad_tokenizer *t, const char *name, int64_t number, int32_t left,
                                 int32_t right);
/* After all pieces and merges: checks what the kind needs, fills byte_ids, and finds the special
 * tokens that are not set by their usual names. */
ad_status ad_tokenizer_finish(ad_tokenizer *t, const char *name);
/* Whether it can be written at all: Unigram's two models cannot. */
ad_status ad_tokenizer_check_kept(const ad_tokenizer *t);
/* Gives the tokenizer to *out where all went well, or frees it; returns `status`. */
ad_status ad_tokenizer_give(ad_tokenizer **out, ad_tokenizer *t, ad_status status);

/* Each appends the ids of a text without special tokens. `offset` is where it begins in the whole
 * text, for errors. */
ad_status ad_character_encode(ad_tokenizer *t, const char *text, size_t length, size_t offset,
                              ad_tokens *out);
ad_status ad_bpe_encode(ad_tokenizer *t, const char *text, size_t length, ad_bpe_dropout *dropout,
                        ad_tokens *out); /* dropout NULL: no merge is left out */
ad_status ad_sentencepiece_encode(ad_tokenizer *t, const char *text, size_t length, bool first,
                                  ad_tokens *out);
ad_status ad_wordpiece_encode(ad_tokenizer *t, const char *text, size_t length, size_t offset,
                              ad_tokens *out);

/* SentencePiece's spelling of a text with spaces for its U+2581. */
void ad_text_spaces(ad_text *out, const char *spelled, size_t length);

/* A string of JSON, in ASCII; `text` is UTF-8. */
void ad_text_json_string(ad_text *out, const char *text, size_t length);

/* Room for `more` ids at the end. */
ad_status ad_tokens_reserve(ad_tokens *tokens, ad_context *ctx, int64_t more);

/* ---- the files; each makes a finished tokenizer of a file's bytes ---- */

ad_status ad_tokenizer_read_text(ad_tokenizer **out, ad_context *ctx, const char *name,
                                 const char *bytes, size_t size);
/* Hugging Face's tokenizer.json, parsed */
ad_status ad_tokenizer_read_hf(ad_tokenizer **out, ad_context *ctx, const char *name,
                               const struct json_t *root);
/* The special tokens that a tokenizer_config.json beside it names and, where `letters`, whether
 * WordPiece puts them in lower case and strips accents; what else it says is ignored. */
ad_status ad_tokenizer_name_special(ad_tokenizer *t, const char *name, const char *bytes,
                                    size_t size, bool letters);
/* encoder.json with merges; without (NULL): characters. Or tokenizer.json, without. */
ad_status ad_tokenizer_read_json(ad_tokenizer **out, ad_context *ctx, const char *name,
                                 const char *bytes, size_t size, const char *merges_name,
                                 const char *merges, size_t merges_size);
/* "Ġ a": a line of merges.txt, numbered for errors. */
ad_status ad_tokenizer_merge_line(ad_tokenizer *t, const char *name, int64_t line, const char *text,
                                  size_t length);
ad_status ad_tokenizer_read_llama2c(ad_tokenizer **out, ad_context *ctx, const char *name,
                                    const char *bytes, size_t size);
ad_status ad_tokenizer_read_vocab_txt(ad_tokenizer **out, ad_context *ctx, const char *name,
                                      const char *bytes, size_t size);
/* `file`: as for ad_gguf_read. */
ad_status ad_tokenizer_read_gguf(ad_tokenizer **out, ad_context *ctx, const char *name,
                                 ad_file_bytes *file, const char *bytes, size_t size);
/* nanoGPT's meta.pkl */
ad_status ad_tokenizer_read_pickle(ad_tokenizer **out, ad_context *ctx, const char *name,
                                   const char *bytes, size_t size);

#endif
