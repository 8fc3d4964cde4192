/* name_table.h - numbers for names in the order in which they are first met: classes, persons,
 * nodes. */
#ifndef AD_BASE_NAME_TABLE_H
#define AD_BASE_NAME_TABLE_H

#include "base/hash_index.h"

typedef struct ad_name_table {
    ad_context *ctx;
    char *text; /* all names, each ended by a zero byte; owned */
    int64_t used, text_room;
    int64_t *start; /* [count]: where each begins in text; owned */
    int64_t count, room;
    ad_hash_index index;
} ad_name_table;

void ad_name_table_init(ad_name_table *table, ad_context *ctx);
void ad_name_table_free(ad_name_table *table); /* and empties it; a zeroed one is ignored */
int32_t ad_name_find(const ad_name_table *table, const char *name, size_t length); /* -1: none */
/* Finds or adds. Returns -1 with the context's error set when memory or numbers run out. */
int32_t ad_name_add(ad_name_table *table, const char *name, size_t length);

/* Valid until the next name is added. */
static inline const char *ad_name_text(const ad_name_table *table, int64_t number)
{
    return table->text + table->start[number];
}

#endif
