/* archive.c - the engine without libarchive: archives of variables are recognised and refused. */
#include "io/weights.h"

ad_status ad_variables_list(ad_file *file, const char *otherwise)
{
    return ad_fail(file->ctx, AD_ERROR_FORMAT, "%s: %s", file->path, otherwise);
}

void ad_variables_free(ad_file *file)
{
    (void)file;
}
