/* film_flow.c - `autodidact film flow FROM TO -o OUT`: where the pixels of a picture have gone to
 * in another, as a picture or a .flo file; and a .flo file as a picture. */
#include "cli/film.h"
#include "zoo/vision/picture.h"

#include <autodidact/flow.h>

#include <math.h>
#include <string.h>
#include <strings.h>

static bool is_flo(const char *path)
{
    size_t length = strlen(path);
    return length > 4 && !strcasecmp(path + length - 4, ".flo");
}

/* What is written, before anything is worked out. */
static int check_output(ad_command *cmd, const char *output)
{
    if (!is_flo(output)) return vision_check_output(cmd, NULL, 0);
    if (ad_command_given(cmd, "most"))
        return ad_command_usage(cmd, "--most is for pictures of a flow, and %s is the flow itself",
                                output);
    return vision_check_not_input(cmd, NULL, 0);
}

static int get_flow(ad_command *cmd, ad_context *ctx, ad_flow **flow)
{
    const char *from = ad_command_operand(cmd, 0), *to = ad_command_operand(cmd, 1);
    if (!to && !is_flo(from))
        return ad_command_usage(cmd, "to which picture? (of one operand, a .flo file is drawn)");
    if (!to) return ad_command_check(cmd, ad_flow_read(ctx, from, flow));
    ad_image *first = vision_read_picture(cmd, from, 3),
             *second = first ? vision_read_picture(cmd, to, 3) : NULL;
    int code = AD_EXIT_FAILURE;
    if (second && (first->width != second->width || first->height != second->height))
        code = ad_command_fail(cmd,
                               "%s is %lld x %lld and %s %lld x %lld: a flow is between "
                               "pictures of one size",
                               from, (long long)first->width, (long long)first->height, to,
                               (long long)second->width, (long long)second->height);
    else if (second)
        code = ad_command_check(cmd, ad_flow_estimate(flow, ctx, first, second, NULL));
    ad_image_free(first), ad_image_free(second);
    return code;
}

static ad_status write_flow(ad_command *cmd, ad_context *ctx, const ad_flow *flow)
{
    const char *output = ad_command_text(cmd, "output");
    ad_image *picture;
    if (is_flo(output)) return ad_flow_write(ctx, output, flow);
    ad_status status = ad_flow_draw(ctx, flow, ad_command_real(cmd, "most"), &picture);
    if (!status) status = ad_image_write(ctx, output, picture, NULL);
    ad_image_free(picture);
    return status;
}

static void say_end(ad_command *cmd, const ad_flow *flow)
{
    const char *output = ad_command_text(cmd, "output");
    double sum = 0, most = 0;
    for (int64_t i = 0; i < flow->width * flow->height; ++i) {
        double length = hypot((double)flow->data[2 * i], (double)flow->data[2 * i + 1]);
        sum += length, most = fmax(most, length);
    }
    double mean = sum / (double)(flow->width * flow->height);
    if (!ad_command_json(cmd)) {
        ad_command_note(cmd, "%s: %lld x %lld, moved by %.2f pixels in the mean, %.2f at most",
                        output, (long long)flow->width, (long long)flow->height, mean, most);
        return;
    }
    ad_json_begin(cmd, "done");
    ad_json_text(cmd, "output", output);
    ad_json_int(cmd, "width", flow->width);
    ad_json_int(cmd, "height", flow->height);
    ad_json_real(cmd, "mean", mean);
    ad_json_real(cmd, "most", most);
    ad_json_end(cmd);
}

static int run(ad_command *cmd)
{
    ad_context *ctx = ad_command_context(cmd);
    ad_flow *flow = NULL;
    if (!ctx) return AD_EXIT_FAILURE;
    int code = check_output(cmd, ad_command_text(cmd, "output"));
    if (!code) code = get_flow(cmd, ctx, &flow);
    if (!code) code = ad_command_check(cmd, write_flow(cmd, ctx, flow));
    if (!code) say_end(cmd, flow);
    ad_flow_free(flow);
    return code;
}

static const ad_option options[] = {
    {"output", 'o', AD_OPTION_FILE, .required = true,
     .help = "a picture (.png, .jpg, .webp), or the vectors as they are (.flo)"},
    {"most", 0, AD_OPTION_REAL, .min = 1e-3, .max = 1e6, .unit = "PIXELS",
     .help = "of a picture: the motion that has the fullest colour; what is faster is darker "
             "(default: the fastest)"},
    AD_COMMON_OPTIONS,
    {0},
};

const ad_verb ad_cli_film_flow = {
    AD_VERB("film", "flow", "FROM [TO]", options, run,
            "where the pixels of one picture have gone to in another"),
    .description =
        "Works out the optical flow from FROM to TO, two pictures of one size: for each pixel of "
        "FROM where it is in TO. As a picture, direction is hue and speed is saturation, by the "
        "colour wheel of Middlebury's benchmark: red moves to the right, yellow down, cyan "
        "to the left, violet up. FROM alone is a .flo file that is drawn.\n\n"
        "  autodidact film convert film.mp4 frame-%05d.png --to 1\n"
        "  autodidact film flow frame-00001.png frame-00002.png -o flow.png\n"
        "  autodidact film flow frame-00001.png frame-00002.png -o flow.flo",
};
