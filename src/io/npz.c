/* npz.c - NumPy's archives: a zip file whose members NAME.npy are arrays. */
#include "io/npy.h"

#include <string.h>

static ad_status add_member(ad_file *file, int64_t member, const char *name, size_t length)
{
    unsigned char start[AD_NPY_START];
    size_t total, header;
    ad_status status = ad_archive_size(file->archive, member, &total);
    if (!status)
        status = ad_archive_read(file->archive, member, 0, start,
                                 total < sizeof start ? total : sizeof start, false);
    if (status) return status;
    header = ad_npy_header_size(start, total < sizeof start ? total : sizeof start);
    if (!header || header > total)
        return ad_fail(file->ctx, AD_ERROR_FORMAT, "%s: the member %s is truncated or no npy array",
                       file->path, name);
    unsigned char *bytes = ad_alloc(file->ctx, header);
    if (!bytes) return AD_ERROR_MEMORY;
    status = ad_archive_read(file->archive, member, 0, bytes, header, false);
    if (!status) status = ad_npy_add(file, name, length, bytes, header, total, NULL, member);
    ad_free(file->ctx, bytes, header);
    return status;
}

ad_status ad_npz_list(ad_file *file)
{
    ad_status status = AD_OK;
    for (int64_t i = 0; !status && i < ad_archive_count(file->archive); ++i) {
        const char *name = ad_archive_name(file->archive, i);
        size_t length = strlen(name);
        if (length > 4 && !strcmp(name + length - 4, ".npy"))
            status = add_member(file, i, name, length - 4);
    }
    return status;
}
