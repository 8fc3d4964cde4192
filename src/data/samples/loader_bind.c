/* loader_bind.c - batches as a program's inputs, and a pass of a program over all of them. */
#include "data/samples/loader.h"

#include <string.h>

static ad_status bind_field(const ad_loader *l, int f, ad_program *program, const void *data)
{
    const ad_sample_field *field = &l->samples.fields[f];
    const ad_loader_field *own = &l->fields[f];
    char have[192], want[192];
    ad_dtype dtype;
    ad_shape shape;
    if (!ad_program_find_input(program, field->name, &dtype, &shape)) return AD_OK;
    if (dtype == field->dtype && ad_shape_equal(shape, own->shape))
        return ad_bind_name(program, field->name, data, own->bytes);
    return ad_fail(l->ctx, dtype == field->dtype ? AD_ERROR_SHAPE : AD_ERROR_DTYPE,
                   "field %s of the samples is %s %s in a batch, the program's input is %s %s",
                   field->name, ad_dtype_name(field->dtype),
                   ad_shape_text(own->shape, have, sizeof have), ad_dtype_name(dtype),
                   ad_shape_text(shape, want, sizeof want));
}

ad_status ad_loader_bind(ad_loader *l, int64_t number, ad_program *program, ad_batch *batch)
{
    ad_status status = ad_loader_batch(l, number, batch);
    for (int f = 0; f < l->samples.field_count && !status; ++f)
        status = bind_field(l, f, program, batch->field[f]);
    return status;
}

const void *ad_batch_field(const ad_loader *l, const ad_batch *batch, const char *name)
{
    for (int f = 0; f < l->samples.field_count; ++f)
        if (!strcmp(l->samples.fields[f].name, name)) return batch->field[f];
    return NULL;
}

ad_status ad_evaluate(ad_program *program, ad_loader *l,
                      ad_status (*score)(void *user, ad_program *program, const ad_batch *batch),
                      void *user)
{
    ad_status status = AD_OK;
    ad_batch batch;
    for (int64_t n = 0; n < l->batches && !status; ++n) {
        status = ad_loader_bind(l, n, program, &batch);
        if (!status) status = ad_run(program);
        if (!status && score) status = score(user, program, &batch);
    }
    return status;
}
