/* record.h - structs whose members are rows of a table: settings, and what a network is built from.
 *
 * One row says what a member is called, its type, its range and its default. From that follow the
 * options of a verb (command.h), a run's config.json, the metadata of a checkpoint, the check of
 * what a file claims, and one sentence for each thing that can be wrong:
 *
 *     typedef struct sizes {
 *         int64_t layers;
 *         double dropout;
 *     } sizes;
 *     static const ad_option rows[] = {
 *         {AD_ROW("layers", INT), AD_AT(sizes, layers), .initial = "4", .min = 1, .max = 99,
 *          .help = "layers"},
 *         {AD_ROW("dropout", REAL), AD_AT(sizes, dropout), .initial = "0", .min = 0,
 *          .max = 0.9, .help = "of activations"},
 *         {0},
 *     };
 *     static const ad_record record = {.title = "network", .options = rows,
 *                                      .size = sizeof(sizes)};
 *
 * A verb may also have rows that belong to no struct; it asks for their values by name.
 *
 * Stability: experimental (base.h says what that means). */
#ifndef AUTODIDACT_RECORD_H
#define AUTODIDACT_RECORD_H

#include <autodidact/io.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The type of a row, and of the struct's member. */
typedef enum ad_option_type {
    AD_OPTION_FLAG = 0, /* --name, --no-name; bool */
    AD_OPTION_INT,      /* a whole number within [min, max]; int64_t */
    AD_OPTION_REAL,     /* a finite number within [min, max], 1e5 is fine; double */
    AD_OPTION_SIZE,     /* bytes, with K, M, G or T for powers of 1024: 1.5G; int64_t */
    AD_OPTION_TEXT,     /* anything; char *, NULL: unset */
    AD_OPTION_FILE,     /* a path (shells complete it); char *, NULL: unset */
    AD_OPTION_CHOICE,   /* one of `choices`; int, -1: unset */
    AD_OPTION_TEXTS,    /* several, separated by commas; ad_texts */
    AD_OPTION_REALS,    /* several numbers, separated by commas; ad_reals */
} ad_option_type;

/* Lists in a struct; owned by it (ad_record_free). */
typedef struct ad_texts {
    char **at;
    int64_t count;
} ad_texts;
typedef struct ad_reals {
    double *at;
    int64_t count;
} ad_reals;
/* A list of a struct becomes a copy of these names, or numbers; what it held is freed. */
AD_API ad_status ad_texts_copy(ad_context *ctx, ad_texts *list, char *const *names, int64_t count);
AD_API ad_status ad_reals_copy(ad_context *ctx, ad_reals *list, const double *values,
                               int64_t count);
AD_API void ad_texts_free(ad_context *ctx, ad_texts *list); /* of a list that is in no struct */

/* One row. A table ends with {0}. Strings are static. */
typedef struct ad_option {
    const char *name; /* without the dashes: "style-weight" */
    char letter;      /* 'o' for -o, or 0 */
    ad_option_type type;
    size_t at;           /* AD_AT: where the member lies; of rows that belong to a record */
    const char *initial; /* the default as a person would write it; NULL: unset (flags: off) */
    const char *choices; /* "lbfgs|adam", for AD_OPTION_CHOICE */
    double min, max;     /* both 0: any value (INT, SIZE: any that is not negative) */
    const char *unit;    /* "px", "steps"; what help calls the value; NULL: by type */
    const char *key;     /* in metadata, behind the record's prefix; NULL: the name */
    bool required;
    bool derived; /* follows from the data or the weights: kept with them, never an option */
    bool process; /* about this process, not about the run: never in a run's config.json, nor taken
                 from a file of options */
    bool may_change;  /* may be another when a run is resumed: its numbers do not depend on it */
    const char *help; /* one sentence, no capital, no full stop */
    const char *otherwise; /* what happens where it is unset (ad_default), for help */
} ad_option;

/* How a row begins, in C and in C++: {AD_ROW("layers", INT), AD_AT(sizes, layers), .min = 1, ...},
 * and with a letter {AD_LETTER_ROW("output", 'o', FILE), ...}. */
#define AD_ROW(name_, type_) .name = name_, .type = AD_OPTION_##type_
#define AD_LETTER_ROW(name_, letter_, type_)                                                       \
    .name = name_, .letter = letter_, .type = AD_OPTION_##type_
#define AD_AT(type, member) .at = offsetof(type, member)

typedef struct ad_record {
    const char *title;        /* of its group of options in help: "network" */
    const char *prefix;       /* of its keys in metadata: "classify."; NULL: none */
    const ad_option *options; /* ends with {0} */
    size_t size;              /* of the struct */
    /* What ranges cannot say ("heads must divide width"); `where` begins the sentence. May be
     * NULL. */
    ad_status (*check)(ad_context *ctx, const char *where, const void *value);
    /* Sets what files of an earlier form say under other keys, before the rows are read. May be
     * NULL. */
    ad_status (*read_old)(ad_context *ctx, const ad_file *file, void *value);
    /* After the rows were read from a file: sets members that are no rows but follow from them.
     * `where` begins the sentence. May be NULL. */
    ad_status (*complete)(ad_context *ctx, const char *where, void *value);
} ad_record;

/* Other defaults than the table's, for one verb or system; a list ends with {0}. */
typedef ad_metadata ad_default;
/* In such a list: no value of the option, which stays unset, but what happens without, as how long
 * a training lasts. The text begins with a number, and help shows all of it. */
#define AD_OTHERWISE(name_, text_)                                                                 \
    {                                                                                              \
        "?" name_, text_                                                                           \
    }

/* In such a list: a default that holds where the option `by_` is `value_` and nobody says this one.
 * The command line takes it (and says so), help shows it; ad_settings_new does not. */
#define AD_DEFAULT_WITH(by_, value_, name_, text_)                                                 \
    {                                                                                              \
        name_ "@" by_ "=" value_, text_                                                            \
    }

/* Sets every member to its default (`defaults` may be NULL; what was there is not freed). */
AD_API ad_status ad_record_init(const ad_record *record, ad_context *ctx, void *value,
                                const ad_default *defaults);
/* Frees the texts and lists that the struct owns, and zeroes it. A zeroed struct is ignored. */
AD_API void ad_record_free(const ad_record *record, ad_context *ctx, void *value);
AD_API ad_status ad_record_copy(const ad_record *record, ad_context *ctx, void *to,
                                const void *from);
/* Sets the member called `name` from text ("yes" and "no" for flags; NULL: unset). Errors name it,
 * what was given and what was expected; AD_ERROR_NOT_FOUND: there is none of that name. Choices,
 * ranges and types are checked, `check` is not called. */
AD_API ad_status ad_record_set(const ad_record *record, ad_context *ctx, void *value,
                               const char *name, const char *text);
/* A member as text, which the caller frees with ad_record_text_free; *text is NULL where it is
 * unset. */
AD_API ad_status ad_record_get(const ad_record *record, ad_context *ctx, const void *value,
                               const char *name, char **text);
AD_API void ad_record_text_free(ad_context *ctx, char *text);
/* All ranges and choices, then record->check. `where` begins the sentence: a file, or "--". */
AD_API ad_status ad_record_check(const ad_record *record, ad_context *ctx, const char *where,
                                 const void *value);

/* ---- several records as one: the settings of a run ---- */

typedef struct ad_settings_part {
    const ad_record *record;
    void *value; /* its struct */
} ad_settings_part;
typedef struct ad_settings {
    ad_context *ctx;
    ad_settings_part *part; /* [count] */
    int count;
    const ad_default *defaults; /* may be NULL */
} ad_settings;

/* The records' structs with their defaults; `records` ends with NULL. Names must differ between
 * them. On failure *settings is NULL. */
AD_API ad_status ad_settings_new(ad_settings **settings, ad_context *ctx,
                                 const ad_record *const *records, const ad_default *defaults);
AD_API void ad_settings_free(ad_settings *settings); /* NULL is ignored */
/* The struct of one of the records; NULL: it is none of them. */
AD_API void *ad_settings_value(const ad_settings *settings, const ad_record *record);
/* As ad_record_set and ad_record_get, in whichever record has that name. */
AD_API ad_status ad_settings_set(ad_settings *settings, const char *name, const char *text);
AD_API ad_status ad_settings_get(const ad_settings *settings, const char *name, char **text);
/* The row of that name, and whose it is; NULL: none. */
AD_API const ad_option *ad_settings_find(const ad_settings *settings, const char *name,
                                         ad_settings_part *part);

/* ---- in the metadata of a weights file ---- */

/* The members as metadata: keys are the prefix and the name with '_' for '-', lists of texts are
 * JSON, numbers are short where that reads back as the same. Owned by `out`. */
typedef struct ad_metadata_list {
    ad_context *ctx;
    ad_metadata *at;
    int count, capacity;
} ad_metadata_list;
AD_API ad_status ad_metadata_add(ad_metadata_list *list, ad_context *ctx, const char *key,
                                 const char *value); /* copies both */
AD_API void ad_metadata_free(ad_metadata_list *list);
AD_API ad_status ad_record_describe(const ad_record *record, ad_context *ctx, const void *value,
                                    ad_metadata_list *out);
/* Reads the members that the file has (others keep their value), and checks them as hostile input.
 * *found: how many were there. */
AD_API ad_status ad_record_read(const ad_record *record, ad_context *ctx, void *value,
                                const ad_file *file, int *found);

#ifdef __cplusplus
}
#endif
#endif
