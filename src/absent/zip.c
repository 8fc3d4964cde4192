/* zip.c - without libzip: archives (.npz, PyTorch files since 1.6) are recognised and refused.
 * Writing .npz needs no libzip. */
#include "io/archive.h"

ad_status ad_archive_open(ad_archive **out, ad_context *ctx, const char *path,
                          const ad_file_bytes *file, const void *bytes, size_t size)
{
    (void)file, (void)bytes, (void)size;
    *out = NULL;
    return ad_fail(
        ctx, AD_ERROR_UNSUPPORTED,
        "%s: reading zip archives (.npz, PyTorch files) is not built in: this library was "
        "made without libzip",
        path);
}

void ad_archive_close(ad_archive *archive)
{
    (void)archive;
}

/* What follows is for archives that are open, of which there are none. */

int64_t ad_archive_count(const ad_archive *archive)
{
    (void)archive;
    return 0;
}

const char *ad_archive_name(const ad_archive *archive, int64_t member)
{
    (void)archive, (void)member;
    return "";
}

int64_t ad_archive_find(const ad_archive *archive, const char *name)
{
    (void)archive, (void)name;
    return -1;
}

ad_status ad_archive_size(const ad_archive *archive, int64_t member, size_t *size)
{
    (void)archive, (void)member, (void)size;
    return AD_ERROR_UNSUPPORTED;
}

ad_status ad_archive_read(ad_archive *archive, int64_t member, size_t skip, void *data, size_t size,
                          bool whole)
{
    (void)archive, (void)member, (void)skip, (void)data, (void)size, (void)whole;
    return AD_ERROR_UNSUPPORTED;
}
