/* Names by number and back, through every growth of the table; and the index below it, where
 * different contents have the same hash. */
#include "base/name_table.h"
#include "sparing.h"

#include <stdio.h>

static ad_context *ctx;

static void numbers_for_names(void)
{
    enum { NAMES = 5000 };
    ad_name_table table;
    char name[32];
    ctx = ad_context_new(NULL);
    ad_name_table_init(&table, ctx);
    CHECK_INT(ad_name_find(&table, "a", 1), -1);
    for (int i = 0; i < NAMES; ++i) {
        int length = snprintf(name, sizeof name, "name %d", i);
        CHECK_INT(ad_name_add(&table, name, (size_t)length), i);
    }
    for (int i = 0; i < NAMES; ++i) {
        int length = snprintf(name, sizeof name, "name %d", i);
        CHECK_INT(ad_name_find(&table, name, (size_t)length), i);
        CHECK_INT(ad_name_add(&table, name, (size_t)length), i);
        CHECK_TEXT(ad_name_text(&table, i), name);
    }
    CHECK_INT(table.count, NAMES);
    /* a part of a name, a name and more, nothing */
    CHECK_INT(ad_name_find(&table, "name 12", 6), 1);
    CHECK_INT(ad_name_find(&table, "name", 4), -1);
    CHECK_INT(ad_name_find(&table, "name 12345678", 13), -1);
    CHECK_INT(ad_name_add(&table, "", 0), NAMES);
    CHECK_INT(ad_name_find(&table, "", 0), NAMES);
    ad_name_table_free(&table);
    CHECK_INT(ad_name_find(&table, "name 1", 6), -1);
    CHECK_INT(ad_context_memory(ctx), 0);
    ad_context_free(ctx);
}

/* All numbers under one hash come in turn, and no others. */
static void one_hash_for_all(void)
{
    ctx = ad_context_new(NULL);
    ad_hash_index index = {.ctx = ctx};
    bool seen[100] = {false};
    int count = 0;
    int32_t i;
    for (i = 0; i < 100; ++i) CHECK(ad_hash_index_put(&index, i % 2 ? 7 : 8, i));
    for (int64_t probe = 0; (i = ad_hash_index_next(&index, 7, &probe)) >= 0; ++count) {
        REQUIRE(i < 100 && i % 2 && !seen[i]);
        seen[i] = true;
    }
    CHECK_INT(count, 50);
    ad_hash_index_free(&index);
    CHECK_INT(ad_context_memory(ctx), 0);
    ad_context_free(ctx);
}

static ad_status fill_poorly(ad_context *poor)
{
    ad_name_table table;
    ad_status status = AD_OK;
    char name[32];
    ad_name_table_init(&table, poor);
    for (int i = 0; i < 300 && !status; ++i) {
        int length = snprintf(name, sizeof name, "a rather long name %d", i);
        int32_t number = ad_name_add(&table, name, (size_t)length);
        if (number < 0)
            status = ad_error_status(poor);
        else
            CHECK_INT(number, i);
    }
    ad_name_table_free(&table);
    return status;
}

static void memory_that_runs_out(void)
{
    sparing_check(fill_poorly);
}

static const check_case cases[] = {
    CASE(numbers_for_names), CASE(one_hash_for_all), CASE(memory_that_runs_out), {0}};

int main(int argc, char **argv)
{
    return check_main(argc, argv, cases);
}
