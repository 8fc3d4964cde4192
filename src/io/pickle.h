/* pickle.h - a restricted reader of Python pickles, protocols 2 to 5.
 *
 * It builds plain values (None, bool, int, float, str, bytes, tuple, list, set, dict) and the few
 * objects of PyTorch checkpoints and of numpy and scipy that are listed in pickle_globals.c.
 * Nothing is imported or called: a pickle is a program for a stack machine, and every name that it
 * asks for is looked up in that list. Others are refused by name, or (keep_unknown) become values
 * of which nothing is known, whatever is done with them; no tensor is made of one. Steps, memory
 * and stack are bounded. */
#ifndef AD_IO_PICKLE_H
#define AD_IO_PICKLE_H

#include "base/arena.h"
#include "io/element.h"

typedef enum ad_pickle_kind {
    AD_PV_NONE = 0,
    AD_PV_BOOL,
    AD_PV_INT,
    AD_PV_LONG, /* an integer beyond int64: its bytes */
    AD_PV_FLOAT,
    AD_PV_STRING,
    AD_PV_BYTES,
    AD_PV_TUPLE,
    AD_PV_LIST,
    AD_PV_SET,
    AD_PV_DICT,   /* items: key, value, key, value ... */
    AD_PV_GLOBAL, /* a name of the list, not yet called */
    AD_PV_STORAGE,
    AD_PV_TENSOR,
    AD_PV_NUMPY_TYPE,
    AD_PV_OPAQUE,  /* an object that is allowed and of no interest (a device) */
    AD_PV_ARRAY,   /* a numpy array */
    AD_PV_UNKNOWN, /* a name that is not in the list, or what it would have made: text is it */
    AD_PV_OBJECT,  /* a scipy matrix: what it was set up with */
} ad_pickle_kind;

enum { AD_PICKLE_UNKNOWN = 6 };

typedef struct ad_pickle_value ad_pickle_value;
typedef struct ad_pickle_global ad_pickle_global;

/* What a persistent id stands for. */
typedef struct ad_pickle_storage {
    const char *key; /* NUL-terminated */
    ad_element element;
    const char *type;     /* "FloatStorage" */
    int64_t count;        /* elements of the whole storage, as the pickle declares it */
    int64_t first, shown; /* the part seen through an (old) storage view; 0 and count without one */
} ad_pickle_storage;

/* The arguments of _rebuild_tensor, not yet checked. */
typedef struct ad_pickle_tensor {
    const ad_pickle_storage *storage;
    ad_element element; /* the storage's, or what the tensor says about an untyped one */
    const char *type;
    int64_t first;
    const ad_pickle_value *shape, *stride; /* tuples */
} ad_pickle_tensor;

/* Set up by BUILD; before that, and for arrays of objects, `bytes` is NULL. Not yet checked. */
typedef struct ad_pickle_array {
    ad_element element; /* AD_ELEMENTS: a type that cannot be read */
    bool swap, fortran;
    const ad_pickle_value *shape; /* a tuple */
    const char *bytes;
    size_t length;
} ad_pickle_array;

struct ad_pickle_value {
    ad_pickle_kind kind;
    union {
        bool boolean;
        int64_t integer;
        double real;
        struct {
            const char *bytes; /* in the pickle, not NUL-terminated */
            size_t length;
        } text;
        struct {
            ad_pickle_value **items;
            size_t count, capacity;
        } list;
        const ad_pickle_global *global;
        const ad_pickle_storage *storage;
        const ad_pickle_tensor *tensor;
        ad_pickle_array *array;
        const ad_pickle_value *state; /* of an object; NULL before it is set up */
        struct {
            char kind; /* 'f', 'i', 'u', 'b' */
            int size;
            bool swap;
        } numpy;
    };
};

typedef struct ad_pickle {
    ad_context *ctx;
    const char *path; /* of the file, for errors */
    ad_arena *arena;  /* where values live */
    const unsigned char *bytes;
    size_t size, at;
    bool keep_unknown;
    const char *unknown[AD_PICKLE_UNKNOWN]; /* the first names that were not in the list, each once;
                                               in the arena */
    int unknown_count;                      /* of all */
    int64_t steps_left;                     /* shared by the pickles of one stream */
    /* every storage that was named, in order; owned, freed by ad_pickle_free */
    const ad_pickle_storage **storages;
    size_t storage_count, storage_capacity;
    /* the machine */
    ad_pickle_value **stack, **memo;
    size_t depth, stack_capacity, memo_count, memo_capacity;
    size_t *marks, mark_count, mark_capacity;
} ad_pickle;

void ad_pickle_init(ad_pickle *pickle, ad_arena *arena, const char *path, const void *bytes,
                    size_t size);
void ad_pickle_free(ad_pickle *pickle);
/* Runs one pickle from pickle->at to its STOP, leaving `at` behind it. */
ad_status ad_pickle_load(ad_pickle *pickle, ad_pickle_value **out);

/* ---- between pickle.c, pickle_globals.c and pickle_numpy.c ---- */

/* A sentence about the pickle: "PATH: the pickle ...". */
ad_status ad_pickle_fail(ad_pickle *pickle, ad_status status, const char *format, ...)
    AD_PRINTF(3, 4);
ad_pickle_value *ad_pickle_new(ad_pickle *pickle, ad_pickle_kind kind); /* NULL: memory */
/* Counts work that a single step would hide, such as copying a list. When the steps are used up,
 * the machine stops with an error after the present one. */
void ad_pickle_charge(ad_pickle *pickle, size_t steps);
ad_status ad_pickle_append(ad_pickle *pickle, ad_pickle_value *list, ad_pickle_value *item);

bool ad_pickle_is_text(const ad_pickle_value *value, const char *word);
/* The arguments are not what the call takes; an unknown class is named among them. */
ad_status ad_pickle_fail_call(ad_pickle *pickle, const ad_pickle_global *global,
                              const ad_pickle_value *arguments);

/* ("f8", ...), (type, bytes), (ndarray, shape, type): the last makes an array that BUILD sets up */
ad_status ad_pickle_numpy_type(ad_pickle *pickle, const ad_pickle_global *global,
                               const ad_pickle_value *arguments, ad_pickle_value **out);
ad_status ad_pickle_numpy_scalar(ad_pickle *pickle, const ad_pickle_global *global,
                                 const ad_pickle_value *arguments, ad_pickle_value **out);
ad_status ad_pickle_numpy_array(ad_pickle *pickle, ad_pickle_value **out);
/* From (version, shape, type, Fortran order, bytes); what is not understood stays unreadable. */
void ad_pickle_numpy_set_up(ad_pickle_array *array, const ad_pickle_value *state);

/* The global of that name, or the refusal that names it. */
ad_status ad_pickle_find_global(ad_pickle *pickle, const char *module, size_t module_length,
                                const char *name, size_t name_length, ad_pickle_value **out);
ad_status ad_pickle_call(ad_pickle *pickle, const ad_pickle_value *callee,
                         const ad_pickle_value *arguments, ad_pickle_value **out);
ad_status ad_pickle_build(ad_pickle *pickle, ad_pickle_value *object, const ad_pickle_value *state);
ad_status ad_pickle_persistent(ad_pickle *pickle, const ad_pickle_value *id, ad_pickle_value **out);

#endif
