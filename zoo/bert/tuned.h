/* tuned.h - texts with labels as tables have them, and encoders that are tuned on them.
 *
 *   labels.c       classes by name; what the column of labels says
 *   table.c        tables of texts, as separated values or JSON lines
 *   words.c        sentences of words; conll.c tables of words with their tags
 *   rows.c         all of it as rows of batches
 *   tuned.c        the network on top of the encoder, and its loss
 *   measure.c      scores of a split; entities.c those of what tags mark
 *   tune.c, eval.c, predict.c the commands */
#ifndef ZOO_BERT_TUNED_H
#define ZOO_BERT_TUNED_H

#include "zoo/bert/bert.h"

#include <jansson.h>

/* ---- texts with labels ---- */

/* Of each text some: the labels that it has, or its words with their tags. */
typedef struct bert_marks {
    int64_t *begin;       /* [texts + 1] */
    int32_t *label;       /* [begin[texts]]: which label or tag */
    int32_t *place;       /* likewise, of tags: where the word's first token stands in its text */
    bool *goes_on;        /* [texts], of tags: it is of the same sentence as the text before it */
    int64_t texts, count; /* that were closed; marks of all */
    int64_t divided;      /* sentences that were too long for one text */
    int64_t capacity, text_capacity;
} bert_marks;
void bert_marks_free(bert_marks *marks); /* a zeroed one is ignored */
/* One more of the text that is not closed yet. False: no memory. */
bool bert_marks_add(bert_marks *marks, int32_t label, int32_t place);
bool bert_marks_close(bert_marks *marks, bool goes_on);

/* Rows of batches (samples.h): fields "tokens", "place", "type" and "begin" of the whole batch;
 * "label", i32, the class (0 where there are none), -1 where there is no text; and by task
 *     numbers "number", f32;   labels "target" [classes], f32: 1 for those that it has;
 *     tags "tag" of the whole batch, i32 [tokens]: of words' first tokens, -1 of all others. */
typedef struct bert_rows {
    ad_samples samples;
    ad_sample_field fields[6];
    const bert_model *model; /* whose task says what labels are */
    bert_texts texts;        /* owned, as all that follows */
    int32_t *labels;         /* [texts.count] */
    float *numbers;          /* likewise, of numbers */
    bert_marks marks;        /* of labels and tags */
    int64_t *by_length;      /* numbers of texts */
    int64_t room, batch;     /* tokens and texts of a batch */
} bert_rows;
/* Empty ones, to which texts are added. NULL: no memory. */
bert_rows *bert_rows_new(ad_context *ctx, const bert_model *model, int64_t most);
/* After all were added: batches of `batch` texts. */
ad_status bert_rows_finish(bert_rows *rows, int64_t batch);
/* Tokens that the largest batch of training has. Every batch of an epoch takes one text of each of
 * `batch` strata of about equally long ones, so that all are about equally large and hardly any
 * place is free. */
int64_t bert_rows_room(const bert_rows *rows);
/* Says the fields, once the model's classes are known. */
void bert_rows_set_room(bert_rows *rows, int64_t room);
uint64_t bert_rows_fingerprint(const bert_rows *rows);

/* ---- tables ---- */

/* A table's columns, or with JSON lines members, as texts with labels. */
typedef struct bert_table {
    const char *path;
    const char *text, *pair, *label; /* columns: names, or numbers from 1 where there is no header;
                                        pair NULL: none; the others NULL: as usual */
    const char *separator;           /* of labels; NULL: |, or a comma where | separates columns */
    const bert_speller *speller;
    ad_watcher watcher;
} bert_table;
/* Found by name, or where `grow` is set added as they come. */
typedef struct bert_classes {
    char **at; /* of malloc */
    int64_t count, capacity;
    bool grow;
    const char *from; /* whose classes they are, for errors */
} bert_classes;
void bert_classes_free(bert_classes *classes);
ad_status bert_table_read(const bert_table *table, bert_classes *classes, bert_rows *rows);

/* A table that is being read. */
typedef struct bert_reading {
    const bert_table *table;
    bert_classes *classes;
    bert_rows *rows;
    ad_context *ctx;
    int64_t capacity; /* of labels and numbers */
} bert_reading;
/* The error "PATH:LINE: sentence". */
ad_status bert_reading_fail(const bert_reading *r, int64_t line, const char *format, ...)
    AD_PRINTF(3, 4);
/* An error that knows no place, as that of a text that cannot be spelled, becomes "PATH:LINE: ...".
 */
ad_status bert_reading_name(const bert_reading *r, int64_t line, ad_status status);
/* A column's number from 1; 0: the name is none. */
int64_t bert_column_number(const char *name);
/* The class of that name. */
ad_status bert_find_class(bert_reading *r, int64_t line, const char *name, int32_t *label);
/* What the column of labels says of the text that is added next, as text or, where labels are
 * several, as an array of JSON. */
ad_status bert_add_label(bert_reading *r, int64_t line, const char *label, const char *separator);
ad_status bert_add_labels(bert_reading *r, int64_t line, const json_t *labels);
/* Room in rows->labels and rows->numbers for one text more. */
ad_status bert_reading_grow(bert_reading *r);
/* A string, or a number as text; NULL: it is neither. */
const char *bert_json_text(const json_t *value, char number[32]);

/* Tables of words with their tags: lines "WORD TAG", or an object's two arrays. */
ad_status bert_read_conll(bert_reading *r);
ad_status bert_add_tagged(bert_reading *r, int64_t line, const json_t *object);

/* ---- sentences of words ---- */

typedef struct bert_sentence {
    ad_context *ctx;         /* to be set */
    char *text;              /* each word behind a blank, and ended by a 0 */
    int64_t *word;           /* [count]: where each begins */
    int32_t *tag;            /* [count] */
    int64_t count, length;   /* words; bytes of `text` */
    int64_t capacity, bytes; /* of them */
} bert_sentence;
void bert_sentence_free(bert_sentence *sentence);  /* a zeroed one is ignored */
void bert_sentence_clear(bert_sentence *sentence); /* no words */
ad_status bert_sentence_add(bert_sentence *sentence, const char *word, size_t length, int32_t tag);
/* Appends it to texts and marks as one text, or where that is too long as several, of as many words
 * as fit. A word without a piece is the unknown one, a word that is too long is cut. */
ad_status bert_sentence_spell(const bert_sentence *sentence, const bert_speller *speller,
                              bert_texts *texts, bert_marks *marks);
/* Says how many had to be divided, if any. */
void bert_marks_note(const bert_marks *marks, const bert_texts *texts, const ad_watcher *watcher);

/* ---- what tags mark ---- */

/* Entities as conlleval counts them (Tjong Kim Sang & Buchholz 2000): tags are O, or B, I, E or S
 * with a type, "B-PER". One begins at B and S, and at I and E behind nothing of its type, behind E
 * or S; it is found if a said one has the same words and the same type. Any other tag marks its one
 * word. */
typedef struct bert_entities bert_entities;
typedef struct bert_entity_score {
    const char *type;             /* NULL: of all */
    int64_t there, said, both;    /* entities */
    double precision, recall, f1; /* 0 / 0 is 0 */
} bert_entity_score;
/* `tags` must outlive it. */
ad_status bert_entities_new(bert_entities **out, ad_context *ctx, const ad_texts *tags);
void bert_entities_free(bert_entities *entities); /* NULL is ignored */
/* One sentence: the tags that its words have, and those that were said. */
void bert_entities_add(bert_entities *entities, const int32_t *there, const int32_t *said,
                       int64_t count);
int bert_entities_types(const bert_entities *entities);
/* `type` -1: of all. */
bert_entity_score bert_entities_score(const bert_entities *entities, int type);

/* ---- tuning ---- */

/* How tables are read: those that a model is tuned on, and later ones. */
typedef struct bert_columns {
    char *text, *pair, *label; /* NULL: see bert_table */
    char *separator;           /* of labels */
    int64_t length;            /* tokens of a text; 0: as many as the model says */
} bert_columns;
extern const ad_record bert_columns_record;
/* An error where they mean nothing to the task. */
ad_status bert_columns_check(ad_context *ctx, const bert_columns *columns, int task);

/* How a model is tuned. */
typedef struct bert_tuning {
    char *validation, *test; /* tables as `data` */
    int64_t batch;
    int pooling;    /* -1: the model's */
    int64_t frozen; /* layers, and the embeddings below them */
    int64_t rank;   /* of adapters that learn instead of the weights; 0: none */
    int task;
    double layer_decay; /* of learning rates, from each layer to the one below */
    double dropout;
} bert_tuning;
extern const ad_record bert_tuning_record;

/* The system's functions where the use is BERT_CLASSES. */
ad_status bert_tune_read(ad_job *job);
ad_status bert_tune_prepare(ad_job *job);
ad_status bert_tune_evaluate(ad_job *job, ad_split split, ad_metrics *metrics);
void bert_tuned_network(bert *b, ad_forward *f);
/* The table as a split. `texts` are spelled as b->speller has it. */
ad_status bert_tune_split(bert *b, ad_split split, const char *path);
/* Tokens of a batch of evaluation, after all splits were read. */
void bert_tune_room(bert *b);

#endif
