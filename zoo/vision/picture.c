/* picture.c - see picture.h. */
#include "zoo/film/frames.h"
#include "zoo/vision/picture.h"

ad_image *vision_read_picture(ad_command *cmd, const char *path, int channels)
{
    ad_context *ctx = ad_command_context(cmd);
    ad_image *image = NULL;
    if (ad_image_read(ctx, path, &(ad_image_read_options){.channels = channels}, &image))
        ad_command_fail(cmd, "%s", ad_error(ctx));
    else if (image->note[0])
        ad_command_note(cmd, "%s: %s", path, image->note);
    return image;
}

int vision_check_not_input(ad_command *cmd, const char *const *read, int count)
{
    const char *output = ad_command_text(cmd, "output");
    bool taken = ad_command_is_operand(cmd, output);
    for (int i = 0; i < count; ++i) taken = taken || ad_command_same_file(output, read[i]);
    if (!taken) return AD_EXIT_OK;
    return ad_command_usage(cmd, "--output %s is also an input: choose another name", output);
}

int vision_check_output(ad_command *cmd, const char *const *read, int count)
{
    ad_context *ctx = ad_command_context(cmd);
    if (!ctx) return AD_EXIT_FAILURE;
    const char *output = ad_command_text(cmd, "output");
    if (film_named(output))
        return ad_command_fail(cmd,
                               "%s: is where a film goes, and what is read is none; a picture is "
                               "written as .png, .jpg or .webp",
                               output);
    int code = ad_command_check(cmd, ad_image_can_write(ctx, output));
    return code ? code : vision_check_not_input(cmd, read, count);
}
