/* film_convert.c - `autodidact film convert IN OUT`: a film in another format, size, rate or
 * length. */
#include "cli/film.h"
#include "cli/verbs.h"
#include "zoo/film/frames.h"

#include <stdlib.h>

typedef struct conversion {
    ad_command *cmd;
    int64_t width, height; /* wanted; 0: as it is */
} conversion;

/* "640x360", or "640": the longer side. */
static int read_size(void *user, const ad_film_info *info)
{
    enum { MOST = 1 << 15 };
    conversion *c = user;
    const char *text = ad_command_text(c->cmd, "size");
    char *end;
    if (!text) return AD_EXIT_OK;
    long long width = strtoll(text, &end, 10), height = 1;
    bool both = *end == 'x';
    if (both) height = strtoll(end + 1, &end, 10);
    if (*end || width < 1 || width > MOST || height < 1 || height > MOST)
        return ad_command_usage(c->cmd,
                                "--size: \"%.40s\" is neither a size such as 640x360 nor a longer "
                                "side such as 640, of 1 to %d pixels",
                                text, MOST);
    c->width = width, c->height = height;
    if (!both) ad_image_fit_size(info->width, info->height, width, &c->width, &c->height);
    return AD_EXIT_OK;
}

static ad_status resize(void *user, ad_image **image)
{
    const conversion *c = user;
    ad_image *resized;
    if (!c->width || ((*image)->width == c->width && (*image)->height == c->height)) return AD_OK;
    ad_status status = ad_image_resize(ad_command_context(c->cmd), *image, c->width, c->height,
                                       NULL, &resized);
    if (status) return status;
    ad_image_free(*image);
    *image = resized;
    return AD_OK;
}

static int run(ad_command *cmd)
{
    const char *from = ad_command_operand(cmd, 0), *to = ad_command_operand(cmd, 1);
    conversion c = {.cmd = cmd};
    if (!ad_command_context(cmd)) return AD_EXIT_FAILURE;
    int code = ad_cli_check_output(cmd, from, to);
    return code ? code : film_frames(cmd, from, to, &(film_work){read_size, resize, &c});
}

static const ad_option options[] = {
    {"size", 0, AD_OPTION_TEXT, .unit = "WxH|LONG",
     .help = "another size, or the longer side of one of the same shape"},
    FILM_OPTIONS,
    AD_COMMON_OPTIONS,
    {0},
};

const ad_verb ad_cli_film_convert = {
    AD_VERB("film", "convert", "IN OUT", options, run,
            "write a film in another format, size, rate or length"),
    .description =
        "IN is a video file, a GIF or an animated PNG, told by its content, or numbered pictures "
        "of one size, in a folder or by a name (frame-%05d.png). The ending of OUT chooses what "
        "is written: .mp4 (H.264), .webm (VP9), .gif, .apng, or numbered PNGs in a folder "
        "(frames/) or by a name. Sound is copied as it is where OUT can hold it, and else encoded "
        "anew.\n\n"
        "Ctrl-C, a full disk or a film that is damaged leaves what was written till then as "
        "OUT.partial.mp4, which can be played; what OUT was stays.\n\n"
        "  autodidact film convert holiday.mov small.mp4 --size 640 --from 12 --to 20\n"
        "  autodidact film convert frames/ film.webm --fps 24\n"
        "  autodidact film convert film.mp4 frame-%05d.png",
};
