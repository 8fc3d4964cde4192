/* pickle_numpy.c - types, scalars and arrays of numpy in a pickle, as plain values. */
#include "io/pickle.h"

#include <string.h>

ad_status ad_pickle_numpy_type(ad_pickle *p, const ad_pickle_global *global,
                               const ad_pickle_value *arguments, ad_pickle_value **out)
{
    if (!arguments->list.count || arguments->list.items[0]->kind != AD_PV_STRING)
        return ad_pickle_fail_call(p, global, arguments);
    const ad_pickle_value *code = arguments->list.items[0];
    bool known = code->text.length == 2 && strchr("fiub", code->text.bytes[0]) &&
                 strchr("1248", code->text.bytes[1]);
    *out = ad_pickle_new(p, known ? AD_PV_NUMPY_TYPE : AD_PV_OPAQUE);
    if (!*out) return AD_ERROR_MEMORY;
    if (known) {
        (*out)->numpy.kind = code->text.bytes[0];
        (*out)->numpy.size = code->text.bytes[1] - '0';
    }
    return AD_OK;
}

static ad_element numpy_element(char kind, int size)
{
    static const struct {
        char kind;
        int size;
        ad_element element;
    } rows[] = {{'f', 2, AD_EL_F16}, {'f', 4, AD_EL_F32}, {'f', 8, AD_EL_F64}, {'i', 1, AD_EL_I8},
                {'i', 2, AD_EL_I16}, {'i', 4, AD_EL_I32}, {'i', 8, AD_EL_I64}, {'u', 1, AD_EL_U8},
                {'u', 2, AD_EL_U16}, {'u', 4, AD_EL_U32}, {'b', 1, AD_EL_BOOL}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; ++i)
        if (rows[i].kind == kind && rows[i].size == size) return rows[i].element;
    return AD_ELEMENTS;
}

ad_status ad_pickle_numpy_scalar(ad_pickle *p, const ad_pickle_global *global,
                                 const ad_pickle_value *arguments, ad_pickle_value **out)
{
    if (arguments->list.count != 2) return ad_pickle_fail_call(p, global, arguments);
    const ad_pickle_value *type = arguments->list.items[0], *bytes = arguments->list.items[1];
    ad_element element = type->kind == AD_PV_NUMPY_TYPE
                             ? numpy_element(type->numpy.kind, type->numpy.size)
                             : AD_ELEMENTS;
    if (type->kind != AD_PV_NUMPY_TYPE && type->kind != AD_PV_OPAQUE)
        return ad_pickle_fail_call(p, global, arguments);
    ad_pickle_kind kind = element == AD_ELEMENTS    ? AD_PV_OPAQUE
                          : type->numpy.kind == 'f' ? AD_PV_FLOAT
                          : type->numpy.kind == 'b' ? AD_PV_BOOL
                                                    : AD_PV_INT;
    *out = ad_pickle_new(p, kind);
    if (!*out) return AD_ERROR_MEMORY;
    if (kind == AD_PV_OPAQUE) return AD_OK;
    if (bytes->kind != AD_PV_BYTES || bytes->text.length != ad_element_size(element))
        return ad_pickle_fail_call(p, global, arguments);
    ad_strided one = {.element = element, .swap = type->numpy.swap};
    const unsigned char *from = (const unsigned char *)bytes->text.bytes;
    if (kind == AD_PV_FLOAT)
        ad_strided_read(&one, from, AD_F64, &(*out)->real);
    else if (kind == AD_PV_INT)
        ad_strided_read(&one, from, AD_I64, &(*out)->integer);
    else
        (*out)->boolean = *from != 0;
    return AD_OK;
}

ad_status ad_pickle_numpy_array(ad_pickle *p, ad_pickle_value **out)
{
    *out = ad_pickle_new(p, AD_PV_ARRAY);
    if (!*out || !((*out)->array = ad_arena_alloc(p->arena, sizeof *(*out)->array)))
        return AD_ERROR_MEMORY;
    (*out)->array->element = AD_ELEMENTS;
    return AD_OK;
}

void ad_pickle_numpy_set_up(ad_pickle_array *array, const ad_pickle_value *state)
{
    ad_pickle_value *const *item = state->list.items;
    if (state->kind != AD_PV_TUPLE || state->list.count != 5 || item[1]->kind != AD_PV_TUPLE ||
        item[2]->kind != AD_PV_NUMPY_TYPE || item[3]->kind != AD_PV_BOOL ||
        (item[4]->kind != AD_PV_STRING && item[4]->kind != AD_PV_BYTES))
        return;
    *array = (ad_pickle_array){.element = numpy_element(item[2]->numpy.kind, item[2]->numpy.size),
                               .swap = item[2]->numpy.swap,
                               .fortran = item[3]->boolean,
                               .shape = item[1],
                               .bytes = item[4]->text.bytes,
                               .length = item[4]->text.length};
}
