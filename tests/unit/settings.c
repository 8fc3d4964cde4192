/* settings.c - several records as one, and what the settings of a training refuse. */
#include "sparing.h"

#include <autodidact/train.h>

typedef struct inside {
    int64_t layers;
    char *name;
    ad_texts classes;
    int kind;
} inside;
static const ad_option rows[] = {
    {"layers", 0, AD_OPTION_INT, AD_AT(inside, layers), .initial = "4", .min = 1, .max = 99,
     .help = "layers"},
    {"name", 0, AD_OPTION_TEXT, AD_AT(inside, name), .initial = "first", .help = "name"},
    {"classes", 0, AD_OPTION_TEXTS, AD_AT(inside, classes), .initial = "a,b", .help = "classes"},
    {"kind", 0, AD_OPTION_CHOICE, AD_AT(inside, kind), .initial = "gat", .choices = "gcn|gat",
     .help = "kind"},
    {0}};
static const ad_record record = {.title = "inside", .options = rows, .size = sizeof(inside)};
static const ad_record *const records[] = {&record, &ad_train_record, NULL};
static const ad_default defaults[] = {{"layers", "7"}, {"lr", "0.5"}, {"patience", "3"}, {0}};

static void check_get(const ad_settings *settings, const char *name, const char *want)
{
    char *text;
    CHECK_INT(ad_settings_get(settings, name, &text), AD_OK);
    if (want)
        CHECK_TEXT(text, want);
    else
        CHECK(!text);
    ad_record_text_free(settings->ctx, text);
}

static void set_and_get(void)
{
    ad_context *ctx = ad_context_new(NULL);
    ad_settings *settings;
    REQUIRE(!ad_settings_new(&settings, ctx, records, defaults));
    inside *in = ad_settings_value(settings, &record);
    ad_train_settings *train = ad_settings_value(settings, &ad_train_record);
    REQUIRE(in && train && settings->count == 2);
    CHECK(in->layers == 7 && train->lr == 0.5 && train->patience == 3 && train->keep == 2);
    CHECK_TEXT(in->name, "first");
    CHECK(!ad_settings_set(settings, "layers", "9") && !ad_settings_set(settings, "lr", "1e-3"));
    CHECK(!ad_settings_set(settings, "checkpoint_every", "12"));
    CHECK(!ad_settings_set(settings, "memory-limit", "1.5G"));
    CHECK(in->layers == 9 && train->lr == 1e-3 && train->checkpoint_every == 12);
    check_get(settings, "layers", "9");
    check_get(settings, "checkpoint-every", "12");
    check_get(settings, "memory_limit", "1610612736");
    check_get(settings, "steps", NULL);
    check_get(settings, "histograms", "no");
    check_get(settings, "schedule", "constant");
    CHECK(!ad_settings_set(settings, "checkpoint-every", NULL));
    check_get(settings, "checkpoint-every", NULL);
    ad_settings_part part;
    const ad_option *row = ad_settings_find(settings, "weight_decay", &part);
    REQUIRE(row);
    CHECK_TEXT(row->name, "weight-decay");
    CHECK(part.record == &ad_train_record && part.value == train);
    CHECK(!ad_settings_find(settings, "weight", &part));
    CHECK(!ad_settings_value(settings, &(ad_record){0}));
    ad_settings_free(settings);
    ad_settings_free(NULL);
    CHECK_INT(ad_context_memory(ctx), 0);
    ad_context_free(ctx);
}

static void refusals(void)
{
    ad_context *ctx = ad_context_new(NULL);
    ad_settings *settings;
    char *text;
    REQUIRE(!ad_settings_new(&settings, ctx, records, defaults));
    CHECK_INT(ad_settings_set(settings, "layers", "\t7"), AD_ERROR_ARGUMENT);
    CHECK_INT(ad_settings_set(settings, "layers", "100"), AD_ERROR_ARGUMENT);
    CHECK_TEXT(ad_error(ctx), "--layers: \"100\" is not a whole number from 1 to 99");
    CHECK_INT(ad_settings_set(settings, "layer", "1"), AD_ERROR_NOT_FOUND);
    CHECK_TEXT(ad_error(ctx), "unknown option \"layer\"; did you mean \"layers\"?");
    /* the nearest of all records, not of the first that has a near one */
    CHECK_INT(ad_settings_set(settings, "keeps", "1"), AD_ERROR_NOT_FOUND);
    CHECK_TEXT(ad_error(ctx), "unknown option \"keeps\"; did you mean \"keep\"?");
    CHECK_INT(ad_settings_get(settings, "optimiser", &text), AD_ERROR_NOT_FOUND);
    CHECK(!text);
    CHECK_TEXT(ad_error(ctx), "unknown option \"optimiser\"; did you mean \"optimizer\"?");
    CHECK_INT(ad_settings_set(settings, "zzz", "1"), AD_ERROR_NOT_FOUND);
    CHECK_TEXT(ad_error(ctx), "unknown option \"zzz\"");
    ad_settings_free(settings);
    CHECK_INT(ad_context_memory(ctx), 0);
    ad_context_free(ctx);
}

/* A struct that code has filled: every number, every choice, and what belongs together. */
static void what_training_refuses(void)
{
    ad_context *ctx = ad_context_new(NULL);
    ad_settings *settings;
    REQUIRE(!ad_settings_new(&settings, ctx, records, NULL));
    ad_train_settings *s = ad_settings_value(settings, &ad_train_record);
    CHECK_INT(ad_record_check(&ad_train_record, ctx, "training", s), AD_OK);
    s->schedule = 5;
    CHECK_INT(ad_record_check(&ad_train_record, ctx, "training", s), AD_ERROR_ARGUMENT);
    CHECK_TEXT(ad_error(ctx),
               "training: schedule is choice 5 of 5, expected one of constant, step, "
               "cosine, one-cycle, inverse-sqrt");
    check_get(settings, "schedule", NULL); /* and no memory beyond the list is read */
    s->schedule = -1;
    CHECK_INT(ad_record_check(&ad_train_record, ctx, "training", s), AD_ERROR_ARGUMENT);
    s->schedule = AD_SCHEDULE_COSINE, s->accumulate = 0;
    CHECK_INT(ad_record_check(&ad_train_record, ctx, "training", s), AD_ERROR_ARGUMENT);
    CHECK_CONTAINS(ad_error(ctx), "training: accumulate is 0, expected a whole number from 1");
    s->accumulate = 1, s->lr = NAN;
    CHECK_INT(ad_record_check(&ad_train_record, ctx, "training", s), AD_ERROR_ARGUMENT);
    s->lr = 0.1, s->steps = 3, s->epochs = 2;
    CHECK_INT(ad_record_check(&ad_train_record, ctx, "training", s), AD_ERROR_ARGUMENT);
    CHECK_TEXT(ad_error(ctx), "--steps, --epochs and --minutes: give one of them");
    s->epochs = 0;
    CHECK(!ad_settings_set(settings, "optimizer", "adam:beta3=1"));
    CHECK_INT(ad_record_check(&ad_train_record, ctx, "training", s), AD_ERROR_NOT_FOUND);
    CHECK_CONTAINS(ad_error(ctx), "beta3");
    CHECK(!ad_settings_set(settings, "optimizer", NULL));
    CHECK_INT(ad_record_check(&ad_train_record, ctx, "training", s), AD_ERROR_ARGUMENT);
    ad_settings_free(settings);
    CHECK_INT(ad_context_memory(ctx), 0);
    ad_context_free(ctx);
}

static ad_status poor_settings(ad_context *poor)
{
    ad_settings *settings;
    inside copy = {0};
    char *text = NULL;
    ad_status status = ad_settings_new(&settings, poor, records, defaults);
    CHECK(!status == !!settings);
    if (status) return status;
    inside *in = ad_settings_value(settings, &record);
    status = ad_settings_set(settings, "classes", "cat,dog,horse");
    if (status) CHECK(!in->classes.count); /* never half of a list */
    if (!status) status = ad_settings_set(settings, "name", "second");
    if (!status) status = ad_settings_get(settings, "classes", &text);
    if (!status) CHECK_TEXT(text, "cat,dog,horse");
    if (!status) status = ad_record_copy(&record, poor, &copy, in);
    if (!status) CHECK(copy.classes.count == 3 && copy.classes.at != in->classes.at);
    ad_record_free(&record, poor, &copy);
    ad_record_text_free(poor, text);
    ad_settings_free(settings);
    return status;
}

static void refused_memory(void)
{
    sparing_check(poor_settings);
}

static const check_case cases[] = {
    CASE(set_and_get), CASE(refusals), CASE(what_training_refuses), CASE(refused_memory), {0}};

int main(int argc, char **argv)
{
    return check_main(argc, argv, cases);
}
