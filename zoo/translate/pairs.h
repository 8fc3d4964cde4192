/* pairs.h - sentence pairs: from files, as tokens, as rows of batches. */
#ifndef ZOO_TRANSLATE_PAIRS_H
#define ZOO_TRANSLATE_PAIRS_H

#include "zoo/translate/network.h"

#include <autodidact/tokenizer.h>

/* ---- data ---- */

typedef struct translate_data {
    char *source, *target, *valid_source, *valid_target; /* files of lines; lists, with commas */
    char *pairs, *valid_pairs, *from, *to;               /* or tables, and two of their columns */
    char *weights; /* a number for each file to train with: how often it is seen in an epoch */
    bool reverse;
    char *tokenizer, *init;
    int64_t vocab;
    bool separate;
    double ratio;
    double bpe_dropout;
    int64_t bpe_variants;
    int64_t eval_lines;
} translate_data;
extern const ad_record translate_data_record;

typedef struct translate_step {
    int64_t batch_tokens;
    double dropout; /* below 0: the preset's */
    double smoothing;
    double r_drop;
} translate_step;
extern const ad_record translate_step_record;

typedef struct translate_line {
    const char *text;
    size_t length;
} translate_line;

/* Lines of a file or of two, [count]; the texts are those of the files. */
typedef struct translate_pairs {
    ad_text_file file[2];
    translate_line *side[2]; /* source, target; of malloc */
    int64_t count;
    uint64_t fingerprint;
    char *name[2];                /* of the files; of malloc */
    int64_t first;                /* lines in front of the first pair's */
    int32_t *weight;              /* how often each pair is in an epoch; of malloc; NULL: once */
    struct translate_pairs *part; /* of several files: these, which hold the texts; of malloc */
    int64_t parts;
} translate_pairs;
/* The lines of a text, without their ends; NULL: no memory. Of malloc. */
translate_line *translate_cut(const char *text, size_t length, int64_t *count);
bool translate_is_blank(translate_line line); /* it has nothing but spaces and tabs */
/* Two files of as many lines, .gz, .xz, .bz2 or .zst too. */
ad_status translate_read_files(translate_pairs *pairs, ad_context *ctx, const char *source,
                               const char *target);
/* A table with tabs between its columns, which are named by its first line, or by numbers from 1.
 */
ad_status translate_read_table(translate_pairs *pairs, ad_context *ctx, const char *path,
                               const char *from, const char *to);
void translate_pairs_swap(translate_pairs *pairs); /* the other direction */
/* In which file a side of a pair is, and in which line. */
const char *translate_pairs_file(const translate_pairs *pairs, int64_t pair, int side,
                                 int64_t *line);

/* Lists of files, separated by commas: tables, or sources and as many targets. */
typedef struct translate_lists {
    const char *source, *target, *pairs, *from, *to;
    const char *weights; /* a whole number for each file; NULL: 1 */
    const char *valid;   /* in front of the options' names in errors: "" or "valid-" */
} translate_lists;
/* All of their pairs, one file behind the other. */
ad_status translate_read_lists(translate_pairs *pairs, ad_context *ctx, const translate_lists *l);
void translate_pairs_free(translate_pairs *pairs); /* zeroed ones are ignored */

/* The tokens of both languages; the same twice where they share them. */
typedef struct translate_vocabulary {
    ad_context *ctx;
    ad_tokenizer *source, *target;
    int32_t end[2]; /* the token behind a sentence */
    int32_t begin;  /* the token before the target's first word; the same, unless a file says so */
    int32_t silent[2]; /* further ones that are no text; -1: none */
    bool lower, codes; /* codes: see translate_line_code */
} translate_vocabulary;
/* Learns what `data` asks for from the pairs, or opens it. */
ad_status translate_vocabulary_make(translate_vocabulary *v, ad_context *ctx,
                                    const translate_data *data, const translate_pairs *pairs,
                                    bool lower);
/* Of a model that was opened: what it holds, or what lies beside it. */
ad_status translate_vocabulary_open(translate_vocabulary *v, const ad_job *job);
/* Into the model: as text, and the counts. */
ad_status translate_vocabulary_keep(translate_vocabulary *v, translate_model *model);
void translate_vocabulary_free(translate_vocabulary *v);
/* The token of a code in front of a line, ">>de<<", which says what to translate to, and how many
 * bytes it takes; -1 and 0: there is none. */
int32_t translate_line_code(const translate_vocabulary *v, bool target, translate_line line,
                            size_t *bytes);
/* Appends a line's tokens and the end. */
ad_status translate_line_tokens(translate_vocabulary *v, bool target, translate_line line,
                                ad_tokens *out);
/* The same with merges left out; dropout NULL: none is. */
ad_status translate_line_spelled(translate_vocabulary *v, bool target, translate_line line,
                                 ad_bpe_dropout *dropout, ad_tokens *out);

/* Sentences as rows: several side by side in each, as many as fit, so that next to nothing of a
 * batch is padding. Fields, i32 [length] each: source, source_position, target (what stands before
 * each label), target_position, labels; and source_begins, target_begins [translate_slots(length)].
 */
typedef struct translate_rows {
    int64_t count, length;
    int32_t *source, *labels; /* [count, length] */
    int16_t *number[2];       /* of the sentence in its row, from 1; 0: padding */
    int64_t tokens[2];        /* without padding */
    int64_t sentences;
    int32_t begin;
    struct translate_rows *next; /* the same pairs, spelled otherwise, for the next epoch, behind
                                    the last of which comes the first again; of malloc */
    int64_t epoch;               /* rows that are read in an epoch, where there is a next */
} translate_rows;
/* The most that one of them has: the rows of an epoch. */
int64_t translate_rows_most(const translate_rows *rows);

/* Tokens of pairs: those of pair i are ids[begin[i]] .. ids[begin[i + 1] - 1]. */
typedef struct translate_coded {
    ad_tokens side[2];
    int64_t *begin[2]; /* [count + 1]; of malloc */
    int64_t count;
} translate_coded;
/* Which pairs, and how they are spelled. */
typedef struct translate_coding {
    int64_t step; /* pairs whose number it divides (`held`), or all others, as often as their weight
                     says; a step of 0 divides none */
    bool held;
    ad_bpe_dropout *dropout; /* NULL: none. A side that has more than `most` tokens with it is */
    int64_t most;            /* spelled without */
} translate_coding;
ad_status translate_code(translate_coded *out, translate_vocabulary *v,
                         const translate_pairs *pairs, const translate_coding *how);
void translate_coded_free(translate_coded *coded);

/* What was left out. */
typedef struct translate_left_out {
    int64_t empty, odd, longer;
} translate_left_out;
typedef struct translate_packing {
    int64_t length;  /* of rows */
    int64_t longest; /* tokens of a side, no more than that; longer pairs are left out */
    double ratio;    /* of one side's tokens to the other's, likewise */
    uint64_t seed;   /* of the order */
} translate_packing;
ad_status translate_pack(translate_rows *rows, ad_context *ctx, const translate_coded *coded,
                         const translate_packing *how, translate_left_out *left_out);
void translate_rows_free(translate_rows *rows);
ad_status translate_row_samples(ad_samples **out, ad_context *ctx, const translate_rows *rows);

#endif
