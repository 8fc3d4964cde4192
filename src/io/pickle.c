/* pickle.c - the stack machine: opcodes of protocols 2 to 5 (Lib/pickletools.py is their
 * reference).
 *
 * What the machine may hold is bounded by the bytes that it has read: a step takes at least one
 * byte and makes at most one value, and an item of the memo must have been stored before. */
#include "io/pickle.h"

#include <string.h>

enum { MAX_STEPS = 1 << 22 };

void ad_pickle_init(ad_pickle *pickle, ad_arena *arena, const char *path, const void *bytes,
                    size_t size)
{
    *pickle = (ad_pickle){.ctx = arena->ctx,
                          .path = path,
                          .arena = arena,
                          .bytes = bytes,
                          .size = size,
                          .steps_left = MAX_STEPS};
}

void ad_pickle_free(ad_pickle *pickle)
{
    ad_free(pickle->ctx, pickle->stack, pickle->stack_capacity * sizeof *pickle->stack);
    ad_free(pickle->ctx, pickle->memo, pickle->memo_capacity * sizeof *pickle->memo);
    ad_free(pickle->ctx, pickle->marks, pickle->mark_capacity * sizeof *pickle->marks);
    ad_free(pickle->ctx, pickle->storages, pickle->storage_capacity * sizeof *pickle->storages);
}

ad_status ad_pickle_fail(ad_pickle *pickle, ad_status status, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    ad_vfail(pickle->ctx, status, format, args);
    va_end(args);
    return ad_fail_prefix(pickle->ctx, "%s", pickle->path);
}

static ad_status fail_truncated(ad_pickle *p)
{
    return ad_pickle_fail(p, AD_ERROR_FORMAT, "the pickle is truncated (at byte %zu)", p->at);
}

static ad_status fail_broken(ad_pickle *p, const char *what)
{
    return ad_pickle_fail(p, AD_ERROR_FORMAT, "the pickle is damaged (before byte %zu: %s)", p->at,
                          what);
}

ad_pickle_value *ad_pickle_new(ad_pickle *pickle, ad_pickle_kind kind)
{
    ad_pickle_value *value = ad_arena_alloc(pickle->arena, sizeof *value);
    if (value) value->kind = kind;
    return value;
}

void ad_pickle_charge(ad_pickle *pickle, size_t steps)
{
    pickle->steps_left -= steps < MAX_STEPS ? (int64_t)steps : MAX_STEPS;
}

ad_status ad_pickle_append(ad_pickle *pickle, ad_pickle_value *list, ad_pickle_value *item)
{
    if (list->list.count == list->list.capacity) {
        size_t capacity = list->list.capacity ? 2 * list->list.capacity : 4;
        ad_pickle_value **items = ad_arena_alloc(pickle->arena, capacity * sizeof *items);
        if (!items) return AD_ERROR_MEMORY;
        if (list->list.count) memcpy(items, list->list.items, list->list.count * sizeof *items);
        list->list.items = items, list->list.capacity = capacity;
    }
    list->list.items[list->list.count++] = item;
    return AD_OK;
}

/* ---- stack, marks, memo ---- */

static ad_status push(ad_pickle *p, ad_pickle_value *value)
{
    if (!value) return AD_ERROR_MEMORY;
    if (p->depth == p->stack_capacity) {
        size_t capacity = p->stack_capacity ? 2 * p->stack_capacity : 256;
        void *grown = ad_realloc(p->ctx, p->stack, p->stack_capacity * sizeof *p->stack,
                                 capacity * sizeof *p->stack);
        if (!grown) return AD_ERROR_MEMORY;
        p->stack = grown, p->stack_capacity = capacity;
    }
    p->stack[p->depth++] = value;
    return AD_OK;
}

static ad_status push_mark(ad_pickle *p)
{
    if (p->mark_count == p->mark_capacity) {
        size_t capacity = p->mark_capacity ? 2 * p->mark_capacity : 64;
        void *grown = ad_realloc(p->ctx, p->marks, p->mark_capacity * sizeof *p->marks,
                                 capacity * sizeof *p->marks);
        if (!grown) return AD_ERROR_MEMORY;
        p->marks = grown, p->mark_capacity = capacity;
    }
    p->marks[p->mark_count++] = p->depth;
    return AD_OK;
}

/* Values above the last mark, which are all that an opcode may take. */
static size_t above_mark(const ad_pickle *p)
{
    return p->depth - (p->mark_count ? p->marks[p->mark_count - 1] : 0);
}

/* The topmost value, taken off; NULL and an error when there is none above the mark. */
static ad_pickle_value *pop(ad_pickle *p)
{
    if (above_mark(p)) return p->stack[--p->depth];
    fail_broken(p, "the stack is empty");
    return NULL;
}

static ad_pickle_value *top(ad_pickle *p)
{
    if (above_mark(p)) return p->stack[p->depth - 1];
    fail_broken(p, "the stack is empty");
    return NULL;
}

/* Takes the mark off; *count values from *first on were above it and stay in memory there. */
static ad_status pop_mark(ad_pickle *p, size_t *first, size_t *count)
{
    if (!p->mark_count) return fail_broken(p, "there is no mark");
    *first = p->marks[--p->mark_count];
    *count = p->depth - *first;
    p->depth = *first;
    return AD_OK;
}

static ad_status memo_put(ad_pickle *p, uint64_t index)
{
    ad_pickle_value *value = top(p);
    if (!value) return AD_ERROR_FORMAT;
    if (index > p->at) return fail_broken(p, "a memo number that it cannot have reached");
    if (index >= p->memo_capacity) {
        size_t capacity = p->memo_capacity ? 2 * p->memo_capacity : 256;
        while (capacity <= index) capacity *= 2;
        ad_pickle_value **grown = ad_realloc(p->ctx, p->memo, p->memo_capacity * sizeof *grown,
                                             capacity * sizeof *grown);
        if (!grown) return AD_ERROR_MEMORY;
        memset(grown + p->memo_capacity, 0, (capacity - p->memo_capacity) * sizeof *grown);
        p->memo = grown, p->memo_capacity = capacity;
    }
    p->memo[index] = value;
    ++p->memo_count;
    return AD_OK;
}

static ad_status memo_get(ad_pickle *p, uint64_t index)
{
    if (index >= p->memo_capacity || !p->memo[index])
        return fail_broken(p, "a memo number that was never stored");
    return push(p, p->memo[index]);
}

/* ---- bytes ---- */

static ad_status take(ad_pickle *p, uint64_t count, const unsigned char **bytes)
{
    if (count > p->size - p->at) return fail_truncated(p);
    *bytes = p->bytes + p->at;
    p->at += (size_t)count;
    return AD_OK;
}

static ad_status take_number(ad_pickle *p, int count, uint64_t *number)
{
    const unsigned char *bytes = NULL;
    ad_status status = take(p, (uint64_t)count, &bytes);
    *number = 0;
    for (int i = count - 1; !status && i >= 0; --i) *number = *number << 8 | bytes[i];
    return status;
}

/* Text or bytes after a length of `width` bytes. */
static ad_status push_text(ad_pickle *p, ad_pickle_kind kind, int width)
{
    uint64_t length;
    const unsigned char *bytes = NULL;
    ad_status status = take_number(p, width, &length);
    if (!status) status = take(p, length, &bytes);
    if (status) return status;
    ad_pickle_value *value = ad_pickle_new(p, kind);
    if (!value) return AD_ERROR_MEMORY;
    value->text.bytes = (const char *)bytes, value->text.length = (size_t)length;
    return push(p, value);
}

static ad_status push_integer(ad_pickle *p, int64_t integer)
{
    ad_pickle_value *value = ad_pickle_new(p, AD_PV_INT);
    if (value) value->integer = integer;
    return push(p, value);
}

static ad_status push_boolean(ad_pickle *p, bool boolean)
{
    ad_pickle_value *value = ad_pickle_new(p, AD_PV_BOOL);
    if (value) value->boolean = boolean;
    return push(p, value);
}

/* LONG1, LONG4: two's complement, little-endian, of any length. */
static ad_status push_long(ad_pickle *p, int width)
{
    uint64_t length, bits = 0;
    const unsigned char *bytes = NULL;
    ad_status status = take_number(p, width, &length);
    if (!status) status = take(p, length, &bytes);
    if (status) return status;
    if (length <= 8) {
        if (length && bytes[length - 1] & 0x80) bits = UINT64_MAX;
        for (size_t i = (size_t)length; i-- > 0;) bits = bits << 8 | bytes[i];
        int64_t integer;
        memcpy(&integer, &bits, sizeof integer);
        return push_integer(p, integer);
    }
    ad_pickle_value *value = ad_pickle_new(p, AD_PV_LONG);
    if (!value) return AD_ERROR_MEMORY;
    value->text.bytes = (const char *)bytes, value->text.length = (size_t)length;
    return push(p, value);
}

static ad_status push_float(ad_pickle *p)
{
    const unsigned char *bytes = NULL;
    uint64_t bits = 0;
    ad_status status = take(p, 8, &bytes);
    if (status) return status;
    for (int i = 0; i < 8; ++i) bits = bits << 8 | bytes[i]; /* big-endian, alone of all */
    ad_pickle_value *value = ad_pickle_new(p, AD_PV_FLOAT);
    if (value) memcpy(&value->real, &bits, 8);
    return push(p, value);
}

static ad_status take_line(ad_pickle *p, const char **line, size_t *length)
{
    const unsigned char *start = p->bytes + p->at, *end = memchr(start, '\n', p->size - p->at);
    if (!end) return fail_truncated(p);
    *line = (const char *)start, *length = (size_t)(end - start);
    p->at += *length + 1;
    return AD_OK;
}

/* ---- containers ---- */

/* A tuple, list, set or dict of the topmost `count` values. */
static ad_status push_collected(ad_pickle *p, ad_pickle_kind kind, size_t first, size_t count)
{
    ad_pickle_value *value = ad_pickle_new(p, kind);
    if (!value) return AD_ERROR_MEMORY;
    if (count) {
        value->list.items = ad_arena_alloc(p->arena, count * sizeof *value->list.items);
        if (!value->list.items) return AD_ERROR_MEMORY;
        memcpy(value->list.items, p->stack + first, count * sizeof *value->list.items);
    }
    value->list.count = value->list.capacity = count;
    p->depth = first;
    return push(p, value);
}

static ad_status push_marked(ad_pickle *p, ad_pickle_kind kind)
{
    size_t first = 0, count = 0;
    ad_status status = pop_mark(p, &first, &count);
    if (status) return status;
    if (kind == AD_PV_DICT && count % 2) return fail_broken(p, "a key without a value");
    return push_collected(p, kind, first, count);
}

static ad_status push_tuple(ad_pickle *p, size_t count)
{
    if (above_mark(p) < count) return fail_broken(p, "the stack is empty");
    return push_collected(p, AD_PV_TUPLE, p->depth - count, count);
}

/* The topmost `count` values go into the container below them. */
static ad_status add_items(ad_pickle *p, ad_pickle_kind kind, size_t first, size_t count)
{
    p->depth = first;
    ad_pickle_value *into = top(p);
    if (!into) return AD_ERROR_FORMAT;
    if (into->kind == AD_PV_UNKNOWN) return AD_OK;
    if (into->kind != kind || (kind == AD_PV_DICT && count % 2))
        return fail_broken(p, "items for no container");
    for (size_t i = 0; i < count; ++i)
        if (ad_pickle_append(p, into, p->stack[first + i])) return AD_ERROR_MEMORY;
    return AD_OK;
}

static ad_status add_marked(ad_pickle *p, ad_pickle_kind kind)
{
    size_t first = 0, count = 0;
    ad_status status = pop_mark(p, &first, &count);
    return status ? status : add_items(p, kind, first, count);
}

static ad_status add_top(ad_pickle *p, ad_pickle_kind kind, size_t count)
{
    if (above_mark(p) < count) return fail_broken(p, "the stack is empty");
    return add_items(p, kind, p->depth - count, count);
}

/* ---- objects ---- */

static ad_status push_global(ad_pickle *p)
{
    const char *module = NULL, *name = NULL;
    size_t module_length = 0, name_length = 0;
    ad_pickle_value *value = NULL;
    ad_status status = take_line(p, &module, &module_length);
    if (!status) status = take_line(p, &name, &name_length);
    if (!status)
        status = ad_pickle_find_global(p, module, module_length, name, name_length, &value);
    return status ? status : push(p, value);
}

static ad_status push_stack_global(ad_pickle *p)
{
    ad_pickle_value *value = NULL, *name = pop(p), *module = name ? pop(p) : NULL;
    if (!module) return AD_ERROR_FORMAT;
    if (name->kind != AD_PV_STRING || module->kind != AD_PV_STRING)
        return fail_broken(p, "a global without a name");
    ad_status status = ad_pickle_find_global(p, module->text.bytes, module->text.length,
                                             name->text.bytes, name->text.length, &value);
    return status ? status : push(p, value);
}

/* REDUCE, NEWOBJ, NEWOBJ_EX. */
static ad_status call(ad_pickle *p, bool keywords)
{
    ad_pickle_value *named = keywords ? pop(p) : NULL;
    if (keywords && !named) return AD_ERROR_FORMAT;
    ad_pickle_value *arguments = pop(p), *callee = arguments ? pop(p) : NULL, *value = NULL;
    if (!callee) return AD_ERROR_FORMAT;
    if (callee->kind != AD_PV_UNKNOWN && keywords &&
        (named->kind != AD_PV_DICT || named->list.count))
        return fail_broken(p, "named arguments");
    if (arguments->kind != AD_PV_TUPLE) return fail_broken(p, "arguments that are not a tuple");
    ad_status status = ad_pickle_call(p, callee, arguments, &value);
    return status ? status : push(p, value);
}

static ad_status build(ad_pickle *p)
{
    ad_pickle_value *state = pop(p), *object = state ? top(p) : NULL;
    return object ? ad_pickle_build(p, object, state) : AD_ERROR_FORMAT;
}

static ad_status persistent(ad_pickle *p)
{
    ad_pickle_value *value = NULL, *id = pop(p);
    if (!id) return AD_ERROR_FORMAT;
    ad_status status = ad_pickle_persistent(p, id, &value);
    return status ? status : push(p, value);
}

/* ---- the loop ---- */

static ad_status with_number(ad_pickle *p, int width, ad_status (*act)(ad_pickle *, uint64_t))
{
    uint64_t number;
    ad_status status = take_number(p, width, &number);
    return status ? status : act(p, number);
}

static ad_status push_unsigned(ad_pickle *p, uint64_t number)
{
    return push_integer(p, (int64_t)number);
}
static ad_status push_int32(ad_pickle *p, uint64_t number)
{
    return push_integer(p, number < 0x80000000u ? (int64_t)number : (int64_t)number - 0x100000000);
}

static ad_status skip_frame(ad_pickle *p, uint64_t length)
{
    return length > p->size - p->at ? fail_truncated(p) : AD_OK;
}

static ad_status check_protocol(ad_pickle *p, uint64_t protocol)
{
    if (protocol >= 2 && protocol <= 5) return AD_OK;
    return ad_pickle_fail(p, AD_ERROR_UNSUPPORTED, "the pickle has protocol %d; 2 to 5 can be read",
                          (int)protocol);
}

static ad_status step(ad_pickle *p, unsigned char op)
{
    size_t first = 0, count = 0;
    switch (op) {
    case 0x80: return with_number(p, 1, check_protocol);         /* PROTO */
    case 0x95: return with_number(p, 8, skip_frame);             /* FRAME */
    case '(': return push_mark(p);                               /* MARK */
    case '0': return pop(p) ? AD_OK : AD_ERROR_FORMAT;           /* POP */
    case '1': return pop_mark(p, &first, &count);                /* POP_MARK */
    case '2': return top(p) ? push(p, top(p)) : AD_ERROR_FORMAT; /* DUP */
    case 'N': return push(p, ad_pickle_new(p, AD_PV_NONE));      /* NONE */
    case 0x88: return push_boolean(p, true);                     /* NEWTRUE */
    case 0x89: return push_boolean(p, false);                    /* NEWFALSE */
    case 'K': return with_number(p, 1, push_unsigned);           /* BININT1 */
    case 'M': return with_number(p, 2, push_unsigned);           /* BININT2 */
    case 'J': return with_number(p, 4, push_int32);              /* BININT */
    case 0x8a: return push_long(p, 1);                           /* LONG1 */
    case 0x8b: return push_long(p, 4);                           /* LONG4 */
    case 'G': return push_float(p);                              /* BINFLOAT */
    case 'U': return push_text(p, AD_PV_STRING, 1);              /* SHORT_BINSTRING */
    case 'T': return push_text(p, AD_PV_STRING, 4);              /* BINSTRING */
    case 0x8c: return push_text(p, AD_PV_STRING, 1);             /* SHORT_BINUNICODE */
    case 'X': return push_text(p, AD_PV_STRING, 4);              /* BINUNICODE */
    case 0x8d: return push_text(p, AD_PV_STRING, 8);             /* BINUNICODE8 */
    case 'C': return push_text(p, AD_PV_BYTES, 1);               /* SHORT_BINBYTES */
    case 'B': return push_text(p, AD_PV_BYTES, 4);               /* BINBYTES */
    case 0x8e: return push_text(p, AD_PV_BYTES, 8);              /* BINBYTES8 */
    case 0x96: return push_text(p, AD_PV_BYTES, 8);              /* BYTEARRAY8 */
    case ')': return push_tuple(p, 0);                           /* EMPTY_TUPLE */
    case 0x85: return push_tuple(p, 1);                          /* TUPLE1 */
    case 0x86: return push_tuple(p, 2);                          /* TUPLE2 */
    case 0x87: return push_tuple(p, 3);                          /* TUPLE3 */
    case 't': return push_marked(p, AD_PV_TUPLE);                /* TUPLE */
    case ']': return push(p, ad_pickle_new(p, AD_PV_LIST));      /* EMPTY_LIST */
    case 'l': return push_marked(p, AD_PV_LIST);                 /* LIST */
    case 'a': return add_top(p, AD_PV_LIST, 1);                  /* APPEND */
    case 'e': return add_marked(p, AD_PV_LIST);                  /* APPENDS */
    case '}': return push(p, ad_pickle_new(p, AD_PV_DICT));      /* EMPTY_DICT */
    case 'd': return push_marked(p, AD_PV_DICT);                 /* DICT */
    case 's': return add_top(p, AD_PV_DICT, 2);                  /* SETITEM */
    case 'u': return add_marked(p, AD_PV_DICT);                  /* SETITEMS */
    case 0x8f: return push(p, ad_pickle_new(p, AD_PV_SET));      /* EMPTY_SET */
    case 0x90: return add_marked(p, AD_PV_SET);                  /* ADDITEMS */
    case 0x91: return push_marked(p, AD_PV_SET);                 /* FROZENSET */
    case 'q': return with_number(p, 1, memo_put);                /* BINPUT */
    case 'r': return with_number(p, 4, memo_put);                /* LONG_BINPUT */
    case 0x94: return memo_put(p, p->memo_count);                /* MEMOIZE */
    case 'h': return with_number(p, 1, memo_get);                /* BINGET */
    case 'j': return with_number(p, 4, memo_get);                /* LONG_BINGET */
    case 'c': return push_global(p);                             /* GLOBAL */
    case 0x93: return push_stack_global(p);                      /* STACK_GLOBAL */
    case 'Q': return persistent(p);                              /* BINPERSID */
    case 'R': return call(p, false);                             /* REDUCE */
    case 0x81: return call(p, false);                            /* NEWOBJ */
    case 0x92: return call(p, true);                             /* NEWOBJ_EX */
    case 'b': return build(p);                                   /* BUILD */
    case 'i': /* INST: refused, by name if possible */
        if (push_global(p)) return ad_error_status(p->ctx);
        break;
    default: break;
    }
    return ad_pickle_fail(
        p, AD_ERROR_UNSUPPORTED,
        "the pickle uses opcode 0x%02x at byte %zu, which no checkpoint of tensors needs", op,
        p->at - 1);
}

ad_status ad_pickle_load(ad_pickle *pickle, ad_pickle_value **out)
{
    ad_pickle *p = pickle;
    p->depth = p->mark_count = p->memo_count = 0;
    if (p->memo) memset(p->memo, 0, p->memo_capacity * sizeof *p->memo);
    *out = NULL;
    for (;;) {
        if (p->at == p->size) return fail_truncated(p);
        if (--p->steps_left < 0)
            return ad_pickle_fail(p, AD_ERROR_LIMIT, "the pickle takes more than %d steps",
                                  MAX_STEPS);
        unsigned char op = p->bytes[p->at++];
        if (op == '.') break; /* STOP */
        ad_status status = step(p, op);
        if (status) return status;
    }
    if (p->mark_count) return fail_broken(p, "a mark is left");
    *out = pop(p);
    return *out ? AD_OK : AD_ERROR_FORMAT;
}
