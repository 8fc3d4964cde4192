/* name_table.h - numbers for names in the order in which they are first met: classes, persons. */
#ifndef AD_DATA_PICTURES_NAME_TABLE_H
#define AD_DATA_PICTURES_NAME_TABLE_H

#include "base/context.h"

typedef struct ad_name_table {
    ad_context *ctx;
    char **names; /* [count]; owned */
    int32_t count, capacity;
    int32_t *slots; /* hash table of numbers, -1: empty; 2 * capacity of them */
} ad_name_table;

int32_t ad_name_find(const ad_name_table *table, const char *name, size_t length); /* -1: none */
/* Finds or adds. Returns -1 with the context's error set when memory or numbers run out. */
int32_t ad_name_add(ad_name_table *table, const char *name, size_t length);
void ad_name_table_free(ad_name_table *table);

#endif
