/* pickle_globals.c - every name that a pickle may ask for, and what stands for calling it here.
 *
 * A checkpoint's pickle rebuilds tensors by calls such as torch._utils._rebuild_tensor_v2(storage,
 * offset, size, stride, ...). Each name of the table has an action below that builds a plain value
 * from the arguments; a name that is not in the table is refused, or stands for nothing but itself.
 */
#include "io/pickle.h"

#include <string.h>

typedef enum action {
    STORAGE,         /* a storage type */
    DTYPE,           /* torch.float32 */
    PLAIN_TYPE,      /* named, never called (a factory, a class) */
    TENSOR,          /* (storage, offset, size, stride, ...) */
    TENSOR_TYPED,    /* (storage, offset, size, stride, requires_grad, hooks, dtype, ...) */
    PARAMETER,       /* (tensor, ...) */
    REBUILD,         /* (function, type, arguments, state) */
    DICT,            /* (), (pairs) or (dict) */
    DICT_OF_FACTORY, /* (factory) */
    TUPLE,
    LIST,
    SET,
    ENCODE,       /* (str, "latin1"): how protocol 2 writes bytes */
    NUMPY_TYPE,   /* ("f8", ...) */
    NUMPY_SCALAR, /* (type, bytes) */
    NUMPY_ARRAY,  /* (ndarray, shape, type): an empty one, which BUILD sets up */
    SPARSE,       /* (): likewise */
    OPAQUE,
} action;

struct ad_pickle_global {
    const char *module, *name;
    action action;
    ad_element element;
};

/* clang-format off */
static const ad_pickle_global globals[] = {
    {"torch", "FloatStorage", STORAGE, AD_EL_F32},
    {"torch", "DoubleStorage", STORAGE, AD_EL_F64},
    {"torch", "HalfStorage", STORAGE, AD_EL_F16},
    {"torch", "BFloat16Storage", STORAGE, AD_EL_BF16},
    {"torch", "IntStorage", STORAGE, AD_EL_I32},
    {"torch", "LongStorage", STORAGE, AD_EL_I64},
    {"torch", "ShortStorage", STORAGE, AD_EL_I16},
    {"torch", "CharStorage", STORAGE, AD_EL_I8},
    {"torch", "ByteStorage", STORAGE, AD_EL_U8},
    {"torch", "BoolStorage", STORAGE, AD_EL_BOOL},
    {"torch", "ComplexFloatStorage", STORAGE, AD_ELEMENTS},
    {"torch", "ComplexDoubleStorage", STORAGE, AD_ELEMENTS},
    {"torch", "QInt8Storage", STORAGE, AD_ELEMENTS},
    {"torch", "QUInt8Storage", STORAGE, AD_ELEMENTS},
    {"torch", "QInt32Storage", STORAGE, AD_ELEMENTS},
    {"torch.storage", "UntypedStorage", STORAGE, AD_EL_U8},

    {"torch", "float32", DTYPE, AD_EL_F32},
    {"torch", "float64", DTYPE, AD_EL_F64},
    {"torch", "float16", DTYPE, AD_EL_F16},
    {"torch", "bfloat16", DTYPE, AD_EL_BF16},
    {"torch", "int32", DTYPE, AD_EL_I32},
    {"torch", "int64", DTYPE, AD_EL_I64},
    {"torch", "int16", DTYPE, AD_EL_I16},
    {"torch", "int8", DTYPE, AD_EL_I8},
    {"torch", "uint8", DTYPE, AD_EL_U8},
    {"torch", "uint16", DTYPE, AD_EL_U16},
    {"torch", "uint32", DTYPE, AD_EL_U32},
    {"torch", "uint64", DTYPE, AD_ELEMENTS},
    {"torch", "bool", DTYPE, AD_EL_BOOL},
    {"torch", "complex64", DTYPE, AD_ELEMENTS},
    {"torch", "complex128", DTYPE, AD_ELEMENTS},
    {"torch", "float8_e4m3fn", DTYPE, AD_ELEMENTS},
    {"torch", "float8_e5m2", DTYPE, AD_ELEMENTS},
    {"torch", "float8_e4m3fnuz", DTYPE, AD_ELEMENTS},
    {"torch", "float8_e5m2fnuz", DTYPE, AD_ELEMENTS},

    {"torch._utils", "_rebuild_tensor", TENSOR, 0},
    {"torch._utils", "_rebuild_tensor_v2", TENSOR, 0},
    {"torch._utils", "_rebuild_tensor_v3", TENSOR_TYPED, 0},
    {"torch._utils", "_rebuild_parameter", PARAMETER, 0},
    {"torch._utils", "_rebuild_parameter_with_state", PARAMETER, 0},
    {"torch._tensor", "_rebuild_from_type_v2", REBUILD, 0},
    {"torch.nn.parameter", "Parameter", PARAMETER, 0},
    {"torch", "Tensor", PLAIN_TYPE, 0},
    {"torch", "Size", TUPLE, 0},
    {"torch", "device", OPAQUE, 0},

    {"collections", "OrderedDict", DICT, 0},
    {"collections", "Counter", DICT, 0},
    {"collections", "defaultdict", DICT_OF_FACTORY, 0},
    {"builtins", "dict", DICT, 0},
    {"builtins", "list", LIST, 0},
    {"builtins", "tuple", TUPLE, 0},
    {"builtins", "set", SET, 0},
    {"builtins", "frozenset", SET, 0},
    {"builtins", "int", PLAIN_TYPE, 0},
    {"builtins", "float", PLAIN_TYPE, 0},
    {"builtins", "str", PLAIN_TYPE, 0},
    {"builtins", "bool", PLAIN_TYPE, 0},

    {"_codecs", "encode", ENCODE, 0},
    {"numpy", "dtype", NUMPY_TYPE, 0},
    {"numpy.core.multiarray", "scalar", NUMPY_SCALAR, 0},
    {"numpy._core.multiarray", "scalar", NUMPY_SCALAR, 0},
    {"numpy", "ndarray", PLAIN_TYPE, 0},
    {"numpy.core.multiarray", "_reconstruct", NUMPY_ARRAY, 0},
    {"numpy._core.multiarray", "_reconstruct", NUMPY_ARRAY, 0},
    {"scipy.sparse.csr", "csr_matrix", SPARSE, 0},
    {"scipy.sparse._csr", "csr_matrix", SPARSE, 0},
};
/* clang-format on */

static bool same(const char *text, size_t length, const char *word)
{
    return strlen(word) == length && !memcmp(text, word, length);
}

bool ad_pickle_is_text(const ad_pickle_value *value, const char *word)
{
    return value->kind == AD_PV_STRING && same(value->text.bytes, value->text.length, word);
}

/* Text of the file for an error: shortened, and nothing in it that a terminal would obey. */
static const char *show(const char *text, size_t length, char buffer[96])
{
    size_t n = 0;
    for (; n < length && n < 95; ++n) buffer[n] = text[n] >= ' ' && text[n] <= '~' ? text[n] : '?';
    buffer[n] = 0;
    return buffer;
}

/* What no checkpoint asks for by accident. It would not be called; who made the file is not to be
 * believed in anything else. */
static bool runs_code(const char *module, const char *name)
{
    static const char *const modules[] = {
        "posix", "nt",  "os",     "sys",    "subprocess", "commands",
        "runpy", "pty", "socket", "shutil", "ctypes",     "importlib",
        "code",  "pdb", "timeit", "pip",    "torch.hub",  "webbrowser"};
    static const char *const functions[] = {"eval", "exec",  "execfile",   "compile",
                                            "open", "input", "__import__", "breakpoint"};
    for (size_t i = 0; i < sizeof modules / sizeof *modules; ++i) {
        size_t length = strlen(modules[i]);
        if (!strncmp(module, modules[i], length) && (!module[length] || module[length] == '.'))
            return true;
    }
    bool builtin = !strcmp(module, "builtins") || !strcmp(module, "__builtin__");
    for (size_t i = 0; builtin && i < sizeof functions / sizeof *functions; ++i)
        if (!strcmp(name, functions[i])) return true;
    return false;
}

/* A value of which only the name is known. */
static ad_status make_unknown(ad_pickle *p, const char *module, const char *name,
                              ad_pickle_value **out)
{
    size_t length = strlen(module) + 1 + strlen(name);
    char *text = ad_arena_alloc(p->arena, length + 1);
    *out = ad_pickle_new(p, AD_PV_UNKNOWN);
    if (!text || !*out) return AD_ERROR_MEMORY;
    strcpy(text, module), strcat(text, "."), strcat(text, name);
    (*out)->text.bytes = text, (*out)->text.length = length;
    /* how objects are made, not what they are */
    if (!strcmp(module, "copyreg") || !strcmp(module, "copy_reg") ||
        !strcmp(text, "builtins.object") || !strcmp(text, "__builtin__.object"))
        return AD_OK;
    int kept = p->unknown_count < AD_PICKLE_UNKNOWN ? p->unknown_count : AD_PICKLE_UNKNOWN;
    for (int i = 0; i < kept; ++i)
        if (!strcmp(p->unknown[i], text)) return AD_OK;
    if (kept < AD_PICKLE_UNKNOWN) p->unknown[kept] = text;
    ++p->unknown_count;
    return AD_OK;
}

ad_status ad_pickle_find_global(ad_pickle *pickle, const char *module, size_t module_length,
                                const char *name, size_t name_length, ad_pickle_value **out)
{
    char shown_module[96], shown_name[96];
    const char *in = module;
    size_t in_length = module_length;
    if (same(module, module_length, "__builtin__")) in = "builtins", in_length = 8; /* Python 2 */
    for (size_t i = 0; i < sizeof globals / sizeof *globals; ++i) {
        if (!same(name, name_length, globals[i].name) || !same(in, in_length, globals[i].module))
            continue;
        *out = ad_pickle_new(pickle, AD_PV_GLOBAL);
        if (!*out) return AD_ERROR_MEMORY;
        (*out)->global = &globals[i];
        return AD_OK;
    }
    show(module, module_length, shown_module);
    show(name, name_length, shown_name);
    if (pickle->keep_unknown && !runs_code(shown_module, shown_name))
        return make_unknown(pickle, shown_module, shown_name, out);
    return ad_pickle_fail(pickle, AD_ERROR_UNSUPPORTED,
                          "the pickle asks for %s.%s, which is not a tensor or a container",
                          shown_module, shown_name);
}

ad_status ad_pickle_fail_call(ad_pickle *p, const ad_pickle_global *global,
                              const ad_pickle_value *arguments)
{
    for (size_t i = 0; i < arguments->list.count; ++i)
        if (arguments->list.items[i]->kind == AD_PV_UNKNOWN)
            return ad_pickle_fail(p, AD_ERROR_UNSUPPORTED,
                                  "the pickle makes a tensor or a container of %s, which is "
                                  "neither",
                                  arguments->list.items[i]->text.bytes);
    return ad_pickle_fail(p, AD_ERROR_FORMAT,
                          "the pickle calls %s.%s with arguments that it does not take",
                          global->module, global->name);
}

/* ---- storages and tensors ---- */

ad_status ad_pickle_persistent(ad_pickle *pickle, const ad_pickle_value *id, ad_pickle_value **out)
{
    ad_pickle *p = pickle;
    char shown[96];
    ad_pickle_value *const *item = id->list.items;
    if (id->kind == AD_PV_TUPLE && id->list.count && item[0]->kind == AD_PV_STRING &&
        !ad_pickle_is_text(item[0], "storage"))
        return ad_pickle_fail(p, AD_ERROR_UNSUPPORTED,
                              "the pickle refers to a %s, which is not a tensor or a container",
                              show(item[0]->text.bytes, item[0]->text.length, shown));
    if (id->kind == AD_PV_TUPLE && id->list.count > 1 && item[1]->kind == AD_PV_UNKNOWN)
        return ad_pickle_fail(p, AD_ERROR_UNSUPPORTED, "the pickle has tensors in a %s",
                              item[1]->text.bytes);
    if (id->kind != AD_PV_TUPLE || id->list.count < 5 || !ad_pickle_is_text(item[0], "storage") ||
        item[1]->kind != AD_PV_GLOBAL || item[1]->global->action != STORAGE ||
        item[2]->kind != AD_PV_STRING || item[4]->kind != AD_PV_INT || item[4]->integer < 0 ||
        item[2]->text.length > 256 || memchr(item[2]->text.bytes, 0, item[2]->text.length))
        return ad_pickle_fail(p, AD_ERROR_FORMAT,
                              "the pickle refers to a storage in a form that is not understood");
    ad_pickle_storage *storage = ad_arena_alloc(p->arena, sizeof *storage);
    char *key = ad_arena_alloc(p->arena, item[2]->text.length + 1);
    *out = ad_pickle_new(p, AD_PV_STORAGE);
    if (!storage || !key || !*out) return AD_ERROR_MEMORY;
    memcpy(key, item[2]->text.bytes, item[2]->text.length);
    *storage = (ad_pickle_storage){.key = key,
                                   .element = item[1]->global->element,
                                   .type = item[1]->global->name,
                                   .count = item[4]->integer,
                                   .shown = item[4]->integer};
    if (id->list.count > 5 && item[5]->kind == AD_PV_TUPLE) { /* a view: (key, offset, size) */
        ad_pickle_value *const *view = item[5]->list.items;
        if (item[5]->list.count != 3 || view[1]->kind != AD_PV_INT || view[2]->kind != AD_PV_INT ||
            view[1]->integer < 0 || view[2]->integer < 0 || view[1]->integer > storage->count ||
            view[2]->integer > storage->count - view[1]->integer)
            return ad_pickle_fail(p, AD_ERROR_FORMAT,
                                  "the pickle refers to a part of storage %s that it does not have",
                                  show(key, strlen(key), shown));
        storage->first = view[1]->integer, storage->shown = view[2]->integer;
    }
    if (p->storage_count == p->storage_capacity) {
        size_t capacity = p->storage_capacity ? 2 * p->storage_capacity : 64,
               size = sizeof *p->storages;
        void *grown = ad_realloc(p->ctx, p->storages, p->storage_capacity * size, capacity * size);
        if (!grown) return AD_ERROR_MEMORY;
        p->storages = grown, p->storage_capacity = capacity;
    }
    p->storages[p->storage_count++] = storage;
    (*out)->storage = storage;
    return AD_OK;
}

static ad_status rebuild_tensor(ad_pickle *p, const ad_pickle_global *global,
                                const ad_pickle_value *arguments, ad_pickle_value **out)
{
    ad_pickle_value *const *item = arguments->list.items;
    bool typed = global->action == TENSOR_TYPED;
    if (arguments->list.count < (typed ? 7u : 4u) || item[0]->kind != AD_PV_STORAGE ||
        item[1]->kind != AD_PV_INT || item[2]->kind != AD_PV_TUPLE ||
        item[3]->kind != AD_PV_TUPLE ||
        (typed && (item[6]->kind != AD_PV_GLOBAL || item[6]->global->action != DTYPE)))
        return ad_pickle_fail_call(p, global, arguments);
    ad_pickle_tensor *tensor = ad_arena_alloc(p->arena, sizeof *tensor);
    *out = ad_pickle_new(p, AD_PV_TENSOR);
    if (!tensor || !*out) return AD_ERROR_MEMORY;
    *tensor = (ad_pickle_tensor){.storage = item[0]->storage,
                                 .first = item[1]->integer,
                                 .shape = item[2],
                                 .stride = item[3],
                                 .element = item[0]->storage->element,
                                 .type = item[0]->storage->type};
    if (typed) {
        tensor->element = item[6]->global->element;
        tensor->type = item[6]->global->name;
    }
    (*out)->tensor = tensor;
    return AD_OK;
}

/* ---- containers ---- */

/* The same items without a copy: the first append to either finds its own array full, or writes
 * behind what the other counts. */
static void share_items(ad_pickle_value *to, const ad_pickle_value *from)
{
    to->list.items = from->list.items;
    to->list.count = to->list.capacity = from->list.count;
}

static ad_status make_dict(ad_pickle *p, const ad_pickle_global *global,
                           const ad_pickle_value *arguments, ad_pickle_value **out)
{
    *out = ad_pickle_new(p, AD_PV_DICT);
    if (!*out) return AD_ERROR_MEMORY;
    if (!arguments->list.count || global->action == DICT_OF_FACTORY) return AD_OK;
    const ad_pickle_value *from = arguments->list.items[0];
    if (from->kind == AD_PV_DICT) {
        share_items(*out, from);
        return AD_OK;
    }
    if (from->kind != AD_PV_LIST && from->kind != AD_PV_TUPLE)
        return ad_pickle_fail_call(p, global, arguments);
    ad_pickle_charge(p, 4 * from->list.count);
    for (size_t i = 0; i < from->list.count && p->steps_left > 0; ++i) {
        ad_pickle_value *item = from->list.items[i];
        if ((item->kind != AD_PV_LIST && item->kind != AD_PV_TUPLE) || item->list.count != 2)
            return ad_pickle_fail_call(p, global, arguments);
        if (ad_pickle_append(p, *out, item->list.items[0]) ||
            ad_pickle_append(p, *out, item->list.items[1]))
            return AD_ERROR_MEMORY;
    }
    return AD_OK;
}

static ad_status make_sequence(ad_pickle *p, const ad_pickle_global *global,
                               const ad_pickle_value *arguments, ad_pickle_value **out)
{
    static const ad_pickle_kind kinds[] = {
        [TUPLE] = AD_PV_TUPLE, [LIST] = AD_PV_LIST, [SET] = AD_PV_SET};
    *out = ad_pickle_new(p, kinds[global->action]);
    if (!*out) return AD_ERROR_MEMORY;
    if (!arguments->list.count) return AD_OK;
    const ad_pickle_value *from = arguments->list.items[0];
    if (from->kind != AD_PV_LIST && from->kind != AD_PV_TUPLE && from->kind != AD_PV_SET)
        return ad_pickle_fail_call(p, global, arguments);
    share_items(*out, from);
    return AD_OK;
}

/* ---- bytes ---- */

static ad_status encode(ad_pickle *p, const ad_pickle_global *global,
                        const ad_pickle_value *arguments, ad_pickle_value **out)
{
    if (arguments->list.count != 2 || arguments->list.items[0]->kind != AD_PV_STRING ||
        !ad_pickle_is_text(arguments->list.items[1], "latin1"))
        return ad_pickle_fail_call(p, global, arguments);
    const ad_pickle_value *text = arguments->list.items[0];
    ad_pickle_charge(p, text->text.length / 8);
    *out = ad_pickle_new(p, AD_PV_BYTES);
    if (!*out) return AD_ERROR_MEMORY;
    if (p->steps_left <= 0) return AD_OK; /* the machine stops at its next step */
    char *bytes = ad_arena_alloc(p->arena, text->text.length + 1);
    if (!bytes) return AD_ERROR_MEMORY;
    size_t n = 0;
    for (size_t i = 0; i < text->text.length; ++i) { /* UTF-8 of code points below 256 */
        unsigned char c = (unsigned char)text->text.bytes[i];
        if (c >= 0x80) {
            unsigned char next = i + 1 < text->text.length ? (unsigned char)text->text.bytes[++i]
                                                           : 0;
            if ((c != 0xc2 && c != 0xc3) || (next & 0xc0) != 0x80)
                return ad_pickle_fail_call(p, global, arguments);
            c = (unsigned char)(c << 6 | (next & 0x3f));
        }
        bytes[n++] = (char)c;
    }
    (*out)->text.bytes = bytes, (*out)->text.length = n;
    return AD_OK;
}

/* ---- calls ---- */

ad_status ad_pickle_call(ad_pickle *pickle, const ad_pickle_value *callee,
                         const ad_pickle_value *arguments, ad_pickle_value **out)
{
    ad_pickle *p = pickle;
    if (callee->kind == AD_PV_UNKNOWN) {
        *out = ad_pickle_new(p, AD_PV_UNKNOWN);
        if (*out) (*out)->text = callee->text;
        return *out ? AD_OK : AD_ERROR_MEMORY;
    }
    if (callee->kind != AD_PV_GLOBAL)
        return ad_pickle_fail(p, AD_ERROR_FORMAT,
                              "the pickle is damaged (it calls what is not a function)");
    const ad_pickle_global *global = callee->global;
    ad_pickle_value *const *item = arguments->list.items;
    switch (global->action) {
    case TENSOR:
    case TENSOR_TYPED: return rebuild_tensor(p, global, arguments, out);
    case PARAMETER:
        if (!arguments->list.count || item[0]->kind != AD_PV_TENSOR)
            return ad_pickle_fail_call(p, global, arguments);
        *out = item[0];
        return AD_OK;
    case REBUILD: /* a tensor with attributes; they are left out */
        if (arguments->list.count < 3 || item[0]->kind != AD_PV_GLOBAL ||
            item[1]->kind == AD_PV_UNKNOWN || item[2]->kind != AD_PV_TUPLE ||
            (item[0]->global->action != TENSOR && item[0]->global->action != TENSOR_TYPED))
            return ad_pickle_fail_call(p, global, arguments);
        return rebuild_tensor(p, item[0]->global, item[2], out);
    case DICT:
    case DICT_OF_FACTORY: return make_dict(p, global, arguments, out);
    case TUPLE:
    case LIST:
    case SET: return make_sequence(p, global, arguments, out);
    case ENCODE: return encode(p, global, arguments, out);
    case NUMPY_TYPE: return ad_pickle_numpy_type(p, global, arguments, out);
    case NUMPY_SCALAR: return ad_pickle_numpy_scalar(p, global, arguments, out);
    case NUMPY_ARRAY: return ad_pickle_numpy_array(p, out);
    case SPARSE: *out = ad_pickle_new(p, AD_PV_OBJECT); return *out ? AD_OK : AD_ERROR_MEMORY;
    case OPAQUE: *out = ad_pickle_new(p, AD_PV_OPAQUE); return *out ? AD_OK : AD_ERROR_MEMORY;
    case STORAGE:
    case DTYPE:
    case PLAIN_TYPE: break;
    }
    return ad_pickle_fail_call(p, global, arguments);
}

ad_status ad_pickle_build(ad_pickle *pickle, ad_pickle_value *object, const ad_pickle_value *state)
{
    switch (object->kind) {
    case AD_PV_NUMPY_TYPE: /* (version, byte order, ...) */
        if (state->kind == AD_PV_TUPLE && state->list.count > 1)
            object->numpy.swap = ad_pickle_is_text(state->list.items[1], ">");
        return AD_OK;
    case AD_PV_ARRAY: ad_pickle_numpy_set_up(object->array, state); return AD_OK;
    case AD_PV_OBJECT: object->state = state; return AD_OK;
    case AD_PV_DICT: /* attributes such as _metadata: of no use here */
    case AD_PV_TENSOR:
    case AD_PV_UNKNOWN:
    case AD_PV_OPAQUE: return AD_OK;
    default:
        return ad_pickle_fail(pickle, AD_ERROR_FORMAT,
                              "the pickle is damaged (it sets up a plain value)");
    }
}
