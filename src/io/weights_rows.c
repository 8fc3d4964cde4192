/* weights_rows.c - some rows of a file's matrix. */
#include "io/weights.h"

#include <string.h>

bool ad_file_has_rows(const ad_file *file, int index)
{
    const ad_file_tensor *t = index >= 0 && index < file->count ? &file->tensors[index] : NULL;
    return t && t->bytes && !t->blocks && !t->scales && t->entry.dtype != AD_DTYPES &&
           t->entry.shape.rank == 2 && t->view.shape.rank == 2;
}

static ad_status check(ad_file *file, int index, int64_t begin, int64_t rows, ad_dtype dtype,
                       size_t bytes)
{
    if (!ad_file_has_rows(file, index))
        return ad_fail(file->ctx, AD_ERROR_ARGUMENT,
                       "%s: tensor number %d is no matrix whose rows can be read by themselves",
                       file->path, index);
    const ad_file_entry *entry = &file->tensors[index].entry;
    int64_t all = entry->shape.dim[0];
    if (begin < 0 || rows < 0 || begin > all || rows > all - begin)
        return ad_file_fail(file, AD_ERROR_ARGUMENT, entry->raw_name,
                            "has %lld rows: there are no %lld from %lld on", (long long)all,
                            (long long)rows, (long long)begin);
    if (!ad_dtype_size(dtype) ||
        bytes != ad_shape_bytes(ad_shape(rows, entry->shape.dim[1]), dtype))
        return ad_file_fail(file, AD_ERROR_ARGUMENT, entry->raw_name,
                            "%zu bytes are given for %lld rows of %s", bytes, (long long)rows,
                            ad_dtype_name(dtype));
    return AD_OK;
}

ad_status ad_file_read_rows(ad_file *file, int index, int64_t begin, int64_t rows, ad_dtype dtype,
                            void *data, size_t bytes)
{
    ad_status status = check(file, index, begin, rows, dtype, bytes);
    if (status || !bytes) return status;
    const ad_file_tensor *t = &file->tensors[index];
    ad_strided view = t->view;
    bool last = begin + rows == view.shape.dim[0];
    view.shape.dim[0] = rows;
    view.first += begin * view.stride[0];
    if (t->on_disk && t->on_disk->parts && ad_strided_plain(&view, dtype)) {
        size_t at = (size_t)(t->bytes - t->on_disk->bytes);
        at += (size_t)view.first * ad_element_size(view.element);
        return ad_file_bytes_read_to(t->on_disk, at, data, bytes);
    }
    status = ad_file_at_hand(t);
    if (!status) ad_strided_read(&view, t->bytes, dtype, data);
    if (last) ad_file_bytes_forget(t->on_disk, AD_FILE_KEPT_MOST);
    return status;
}
