/* refusals.c - what a style command refuses before its work starts: a size that memory cannot hold.
 */
#include "zoo/style/style.h"

void style_fit_size(const ad_image *image, int64_t longer, int64_t *width, int64_t *height)
{
    if (longer < STYLE_SMALLEST_SIDE) longer = STYLE_SMALLEST_SIDE;
    ad_image_fit_size(image->width, image->height, longer, width, height);
    if (*width < STYLE_SMALLEST_SIDE) *width = STYLE_SMALLEST_SIDE;
    if (*height < STYLE_SMALLEST_SIDE) *height = STYLE_SMALLEST_SIDE;
}

int style_check_size(ad_command *cmd, const style_settings *settings, const ad_image *image)
{
    enum { PICTURES = 4 }; /* at the least: read, shown, moved, and the next to try */
    size_t limit = settings->compile.memory_limit;
    const char *path = ad_command_operand(cmd, 0);
    int64_t longer = ad_command_int(cmd, "size"), width, height;
    style_fit_size(image, longer, &width, &height);
    double needed = PICTURES * 3.0 * sizeof(float) * (double)width * (double)height;
    if (limit && needed > (double)limit)
        return ad_command_fail(cmd,
                               "%s: at %lld x %lld the pictures alone need %.0f bytes, the memory "
                               "limit is %zu; a smaller --size needs less",
                               path, (long long)width, (long long)height, needed, limit);
    double was = (double)image->width / (double)image->height, is = (double)width / (double)height;
    if (was > 1.5 * is || is > 1.5 * was)
        ad_command_note(cmd,
                        "%s: %lld x %lld is drawn as %lld x %lld, because no side may be below %d",
                        path, (long long)image->width, (long long)image->height, (long long)width,
                        (long long)height, STYLE_SMALLEST_SIDE);
    return AD_EXIT_OK;
}
