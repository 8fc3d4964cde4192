/* tokenizer.h - text to numbers and back: characters, bytes, byte-level BPE (GPT-2), SentencePiece
 * (Llama), WordPiece (BERT) and Unigram (Marian); and texts as rows of batches for language models
 * (samples.h).
 *
 * A tokenizer is made from a text, trained on one, or opened from the files that networks are
 * published with, told apart by content. Files are hostile until parsed. It is used by its
 * context's thread only.
 *
 * Stability: experimental (base.h says what that means). */
#ifndef AUTODIDACT_TOKENIZER_H
#define AUTODIDACT_TOKENIZER_H

#include <autodidact/gguf.h>
#include <autodidact/samples.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ad_tokenizer ad_tokenizer;

typedef enum ad_tokenizer_kind {
    AD_TOKENIZER_CHARACTER = 0, /* an id per code point, in the order of their numbers */
    AD_TOKENIZER_BYTE,          /* id = byte */
    AD_TOKENIZER_BPE,           /* byte-level byte pair encoding (Radford et al. 2019) */
    AD_TOKENIZER_SENTENCEPIECE, /* merges by score, bytes where no piece fits (Llama) */
    AD_TOKENIZER_WORDPIECE,     /* the longest piece first, of words in lower case or not (BERT) */
    AD_TOKENIZER_UNIGRAM,       /* the likeliest pieces (SentencePiece's other kind; Marian) */
} ad_tokenizer_kind;

/* For people: "character", "byte", "BPE", "SentencePiece", "WordPiece", "Unigram". */
AD_API const char *ad_tokenizer_kind_name(ad_tokenizer_kind kind);

/* ---- making ---- */

/* A file: Hugging Face's tokenizer.json (BPE as GPT-2 or Llama has it, WordPiece as BERT;
 * what it asks for beyond that is refused by name); encoder.json or vocab.json (with vocab.bpe or
 * merges.txt beside it), or that merges file; llama2.c's tokenizer.bin; vocab.txt (WordPiece,
 * cased where a tokenizer_config.json beside it says so);
 * nanoGPT's meta.pkl; a GGUF file with a vocabulary of the kinds gpt2, llama or bert; what
 * ad_tokenizer_save wrote. A folder: one that holds a file of such a name, tokenizer.json first. */
AD_API ad_status ad_tokenizer_open(ad_tokenizer **out, ad_context *ctx, const char *path);
/* Those of a folder as transformers writes it for Marian's models: source.spm, target.spm
 * (SentencePiece's protobufs, unigram) and vocab.json, whose ids they have; with two vocabularies
 * target_vocab.json, too. AD_ERROR_NOT_FOUND says which file is missing. They cannot be kept as
 * text or saved. */
AD_API ad_status ad_tokenizer_open_marian(ad_tokenizer **source, ad_tokenizer **target,
                                          ad_context *ctx, const char *folder);
AD_API void ad_tokenizer_free(ad_tokenizer *tokenizer); /* NULL is ignored */

/* The code points of a text. `name` stands for the text in errors, which name the byte where the
 * text is not UTF-8. */
AD_API ad_status ad_tokenizer_characters(ad_tokenizer **out, ad_context *ctx, const char *name,
                                         const char *text, size_t length);
AD_API ad_status ad_tokenizer_bytes(ad_tokenizer **out, ad_context *ctx);
/* Trains a byte-level BPE of `count` ids on a text: the 256 bytes, then merges of the most frequent
 * pair (of several, the one with the lower ids) within GPT-2's words, then <|endoftext|>. Fewer ids
 * where no more pairs occur twice. `count` is 257 or more; a text that is not UTF-8 is an error. */
AD_API ad_status ad_tokenizer_train(ad_tokenizer **out, ad_context *ctx, const char *name,
                                    const char *text, size_t length, int32_t count);

/* ---- keeping ---- */

/* All of the tokenizer as one JSON text, for a checkpoint's metadata. Owned by the tokenizer. */
AD_API ad_status ad_tokenizer_to_text(ad_tokenizer *tokenizer, const char **text, size_t *length);
AD_API ad_status ad_tokenizer_from_text(ad_tokenizer **out, ad_context *ctx, const char *name,
                                        const char *text, size_t length);
/* To a file that ends in .json: that text. To a folder, which is made if need be: the files of the
 * kind's own (BPE: vocab.json and merges.txt; WordPiece: vocab.txt; SentencePiece: tokenizer.bin;
 * characters and bytes: tokenizer.json with that text). */
AD_API ad_status ad_tokenizer_save(ad_tokenizer *tokenizer, const char *path);
/* As llama.cpp keeps it in a GGUF file, padded to the `count` tokens that its network knows. Of
 * characters and bytes the same ids come out again, as another kind. WordPiece is refused. */
AD_API ad_status ad_tokenizer_put_gguf(ad_tokenizer *tokenizer, ad_gguf_values *values,
                                       int32_t count);
/* As Hugging Face's tokenizers reads it: tokenizer.json, one JSON text owned by the tokenizer. */
AD_API ad_status ad_tokenizer_to_hf(ad_tokenizer *tokenizer, const char **text, size_t *length);
/* tokenizer_config.json beside it, for texts of at most `most` tokens; likewise. */
AD_API ad_status ad_tokenizer_to_hf_config(ad_tokenizer *tokenizer, int64_t most, const char **text,
                                           size_t *length);
/* Of all that decides how a text is encoded. */
AD_API uint64_t ad_tokenizer_fingerprint(const ad_tokenizer *tokenizer);

/* ---- looking ---- */

AD_API ad_tokenizer_kind ad_tokenizer_get_kind(const ad_tokenizer *tokenizer);
AD_API int32_t ad_tokenizer_count(const ad_tokenizer *tokenizer); /* ids are 0 .. count - 1 */

typedef enum ad_special_token {
    AD_TOKEN_BOS = 0, /* BERT: [CLS]; GPT-2: <|endoftext|> */
    AD_TOKEN_EOS,     /* BERT: [SEP]; GPT-2: <|endoftext|> */
    AD_TOKEN_UNKNOWN,
    AD_TOKEN_PAD,
    AD_TOKEN_MASK,
    AD_TOKEN_SPECIALS,
} ad_special_token;

AD_API int32_t ad_tokenizer_special(const ad_tokenizer *tokenizer, ad_special_token which); /* -1 */

/* The bytes that an id stands for, as its vocabulary spells them (WordPiece: with its ##); not
 * NUL-terminated, owned by the tokenizer. NULL: no such id. */
AD_API const char *ad_tokenizer_piece(const ad_tokenizer *tokenizer, int32_t id, size_t *length);
AD_API int32_t ad_tokenizer_find(const ad_tokenizer *tokenizer, const char *piece,
                                 size_t length); /* -1: none */

/* ---- encoding ---- */

typedef struct ad_tokens {
    int32_t *ids;
    int64_t count, capacity;
    ad_context *ctx;
} ad_tokens; /* begin with zeros; freed by ad_tokens_free */

enum {
    AD_ENCODE_SPECIAL = 1, /* special tokens that the text spells out are taken as such; otherwise
                              "<|endoftext|>" is thirteen ordinary characters */
    AD_ENCODE_BOS = 2,     /* AD_TOKEN_BOS in front, where the tokenizer has it */
    AD_ENCODE_EOS = 4,     /* AD_TOKEN_EOS behind */
};

/* Appends to `out`. Errors: a character that a character tokenizer does not have, or text that is
 * not UTF-8 where the kind works on characters, with the byte. BPE and bytes take any bytes. */
AD_API ad_status ad_tokenizer_encode(ad_tokenizer *tokenizer, const char *text, size_t length,
                                     int flags, ad_tokens *out);
/* One id. */
AD_API ad_status ad_tokens_append(ad_tokens *out, ad_context *ctx, int32_t id);
AD_API void ad_tokens_free(ad_tokens *tokens); /* a zeroed one is ignored */

/* BPE dropout (Provilkov et al. 2020): before each merge, every merge that is possible is left out
 * with probability `share`, and the best of the others is done; where none is left, the word is
 * done. So a network that is trained sees many spellings of a word, all of which decode to it. */
typedef struct ad_bpe_dropout {
    double share;          /* 0: as without; 1: no merges, single bytes */
    uint64_t seed, stream; /* whose random numbers (ad_random_unit) decide */
    uint64_t drawn;        /* how many of them were used: each call goes on behind the last */
} ad_bpe_dropout;

/* As ad_tokenizer_encode without flags. A function of the text and of `dropout` before the call,
 * which it moves on. AD_ERROR_ARGUMENT: a tokenizer of another kind than AD_TOKENIZER_BPE, or a
 * share that is not 0 to 1. */
AD_API ad_status ad_tokenizer_encode_dropout(ad_tokenizer *tokenizer, const char *text,
                                             size_t length, ad_bpe_dropout *dropout,
                                             ad_tokens *out);

/* ---- decoding ---- */

/* The bytes of all ids, special ones spelled out, NUL-terminated behind `length`; valid until the
 * next call with this tokenizer. The bytes of a BPE need not be UTF-8. */
AD_API ad_status ad_tokenizer_decode(ad_tokenizer *tokenizer, const int32_t *ids, int64_t count,
                                     const char **text, size_t *length);

/* One id after the other, for output as it comes: whole characters of UTF-8. A character is held
 * back until its last byte is there; what cannot become one is U+FFFD. Begin with
 * {.tokenizer = ...}. */
typedef struct ad_decoder {
    ad_tokenizer *tokenizer;
    bool started; /* an id has been decoded; the space in front of a text is dropped before that */
    int held;
    char bytes[4];
} ad_decoder;

/* What can be shown now, perhaps nothing; NUL-terminated, valid until the next call with this
 * tokenizer. */
AD_API ad_status ad_decoder_next(ad_decoder *decoder, int32_t id, const char **text,
                                 size_t *length);
/* At the end: U+FFFD for a character that was not finished, or nothing. */
AD_API void ad_decoder_end(ad_decoder *decoder, const char **text, size_t *length);

/* ---- texts ---- */

/* A whole file (.gz, .xz, .bz2, .zst: expanded) as text; it must be UTF-8, or the error names the
 * byte. Nearly as many NULs as other bytes are no text. */
typedef struct ad_text_file {
    const char *text; /* not NUL-terminated */
    size_t length;
    void *owner;
} ad_text_file;

AD_API ad_status ad_text_file_read(ad_text_file *out, ad_context *ctx, const char *path);
AD_API void ad_text_file_free(ad_text_file *file); /* a zeroed one is ignored */
/* How many of the bytes are UTF-8: `length` if all are, else where the first wrong one is. */
AD_API size_t ad_text_valid(const char *text, size_t length);
/* Writes a file whole or not at all; and whether it could, touching nothing. */
AD_API ad_status ad_text_file_write(ad_context *ctx, const char *path, const char *text,
                                    size_t length);
AD_API ad_status ad_text_file_can_write(ad_context *ctx, const char *path);
/* A text in lower case, as Python's str.lower() makes it; NUL-terminated, of the context's memory
 * (ad_text_lower_free). What is not UTF-8 stays as it is. */
AD_API ad_status ad_text_lower(char **out, size_t *out_length, ad_context *ctx, const char *text,
                               size_t length);
AD_API void ad_text_lower_free(ad_context *ctx, char *lower, size_t length); /* NULL is ignored */
/* Where the validation part begins when it is the last `share` (0.1: nanoGPT's) of a text: a
 * character's first byte. */
AD_API size_t ad_text_split(const char *text, size_t length, double share);

/* ---- windows ---- */

/* A long row of tokens as rows of two fields, i32 [block] each: "tokens", and "labels", which are
 * the tokens one further on; -1 is what does not count. */
typedef struct ad_token_windows {
    const int32_t *ids; /* [count]; must outlive the samples */
    int64_t count;
    int64_t block;
    /* As nanoGPT trains: each row begins at a place that seed, number of the batch and row in it
     * alone decide, whatever its index. `count` is more than `block`. */
    bool random;
    /* Else windows begin `stride` apart, each token but the first counts once, in the first window
     * that has it, and what the last window lacks is padding. 0: block. */
    int64_t stride;
    /* random: rows of an epoch; 0: count / block. Else no more than so many windows, spread evenly;
     * 0: all. */
    int64_t windows;
} ad_token_windows;
AD_API ad_status ad_token_samples_new(ad_samples **out, ad_context *ctx,
                                      const ad_token_windows *windows);

#ifdef __cplusplus
}
#endif
#endif
