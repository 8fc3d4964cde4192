/* gather.h - the passages of a folder's texts: of files that are as an older index knows them its
 * own, of the others what was read anew, as tokens. */
#ifndef ZOO_BERT_GATHER_H
#define ZOO_BERT_GATHER_H

#include "zoo/bert/bert.h"

typedef struct bert_gathering {
    ad_command *cmd; /* is told what is left out */
    ad_context *ctx;
    const bert_speller *speller;
    const char *folder;
    const char *index; /* this file is none of the folder's */
    int64_t most;      /* tokens of a passage */
    bert_index old;    /* what is known */
    bert_index now;    /* what is there */
    bert_texts texts;  /* of passages that are new */
    int64_t *from;     /* [now.passages]: a row of the old index, or ~ of a text's number */
    int64_t from_capacity;
    int64_t unchanged, changed, unread; /* files; unread: they are no text, or too large */
} bert_gathering;

/* The folder's files into `now`. */
ad_status bert_gather_list(bert_gathering *gathering);
/* Their passages; an error if there are none. */
ad_status bert_gather(bert_gathering *gathering);
/* Forgets the passages: they can be gathered again, from another `old`. */
void bert_gather_again(bert_gathering *gathering);
void bert_gather_free(bert_gathering *gathering); /* with both indices */
/* Whether the file is no longer what it was. `path`: [4096], becomes where it is. */
bool bert_gather_changed(const bert_gathering *gathering, const bert_indexed *file, char *path);

#endif
