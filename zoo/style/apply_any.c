/* apply_any.c - `style apply any`: the network that paints in any manner, and its paintings. */
#include "zoo/style/apply.h"

#include <autodidact/run.h>

#include <string.h>

enum { STYLE_SIZE = 512 };

/* Options that only one of both has. */
static int refuse(style_apply *a, const char *const *names, size_t count, const char *why)
{
    for (size_t i = 0; i < count; ++i)
        if (ad_command_given(a->cmd, names[i]))
            return ad_command_usage(a->cmd, "--%s is for %s", names[i], why);
    return AD_EXIT_OK;
}

int style_apply_refuse_any_options(style_apply *a)
{
    static const char *const names[] = {"weights", "style-size", "transfer"};
    return refuse(a, names, sizeof names / sizeof *names, "any painting, with `any` as MODEL");
}

static bool is_run(style_apply *a, const char *path)
{
    ad_run_info *info;
    if (!ad_run_is(path) || ad_run_info_open(&info, a->ctx, path)) return false;
    bool is = !strcmp(info->verb, "train-any");
    ad_run_info_close(info);
    return is;
}

bool style_apply_is_any(style_apply *a)
{
    const char *model = ad_command_operand(a->cmd, 0);
    return !strcmp(model, "any") || is_run(a, model);
}

static int open_network(style_apply *a)
{
    enum { MOST = 16 };
    const char *model = ad_command_operand(a->cmd, 0), *paths[MOST] = {model};
    int count = ad_command_count(a->cmd, "weights");
    if (count > MOST)
        return ad_command_usage(a->cmd, "--weights: %d files are more than %d", count, MOST);
    if (count && strcmp(model, "any") != 0)
        return ad_command_usage(a->cmd, "--weights: %s is the network already", model);
    for (int i = 0; i < count; ++i) paths[i] = ad_command_item(a->cmd, "weights", i);
    if (!count && strcmp(model, "any") != 0) count = 1;
    const style_any_options options = {
        .transfer = (style_transfer)ad_command_choice(a->cmd, "transfer"),
        .style_size = ad_command_given(a->cmd, "style-size") ? ad_command_int(a->cmd, "style-size")
                                                             : STYLE_SIZE,
        .compile = a->compile};
    int code = ad_command_check(a->cmd, style_any_open(&a->any, a->ctx, paths, count, &options));
    if (code) return code;
    if (ad_command_given(a->cmd, "transfer") && !style_any_has_choice(a->any))
        return ad_command_usage(a->cmd, "--transfer is for encoders and decoders; this is %s",
                                style_any_form(a->any));
    int64_t square = style_any_square(a->any);
    if (square && ad_command_given(a->cmd, "style-size"))
        return ad_command_usage(a->cmd,
                                "--style-size: %s looks at the middle square of a painting, with "
                                "%lld pixels",
                                style_any_form(a->any), (long long)square);
    if (count) ad_command_note(a->cmd, "%s: %s", paths[0], style_any_form(a->any));
    return AD_EXIT_OK;
}

enum { FIRST_PAINTING = 2, PAINTINGS = 64 };

/* How much of each painting: --style-mix, which need not add up to 1. */
static int read_parts(style_apply *a, int count, double *part)
{
    int parts = ad_command_count(a->cmd, "style-mix"), code = AD_EXIT_OK;
    double sum = 0;
    if (parts && parts != count)
        return ad_command_usage(a->cmd, "--style-mix: %d part%s for %d painting%s", parts,
                                parts == 1 ? "" : "s", count, count == 1 ? "" : "s");
    for (int i = 0; i < count && !code; ++i) {
        part[i] = 1;
        if (parts)
            code = style_apply_read_part(a, ad_command_item(a->cmd, "style-mix", i), &part[i]);
        sum += part[i];
    }
    if (code) return code;
    if (!(sum > 0)) return ad_command_usage(a->cmd, "--style-mix: the parts add up to 0");
    for (int i = 0; i < count; ++i) part[i] /= sum;
    return AD_EXIT_OK;
}

static int look_at_paintings(style_apply *a)
{
    double part[PAINTINGS];
    int count = ad_command_operands(a->cmd) - FIRST_PAINTING;
    if (count > PAINTINGS)
        return ad_command_usage(a->cmd, "%d paintings are more than %d", count, PAINTINGS);
    int code = read_parts(a, count, part);
    for (int i = 0; i < count && !code; ++i) {
        const char *path = ad_command_operand(a->cmd, FIRST_PAINTING + i);
        ad_image *painting = vision_read_picture(a->cmd, path, 3);
        if (!painting) return AD_EXIT_FAILURE;
        ad_status status = style_any_look(a->any, painting, path, part[i]);
        ad_image_free(painting);
        code = ad_command_check(a->cmd, status);
    }
    return code;
}

int style_apply_open_any(style_apply *a)
{
    static const char *const names[] = {"style", "white"};
    a->inputs = 1;
    if (ad_command_operands(a->cmd) < 3)
        return ad_command_usage(a->cmd,
                                "%s: paints %s like which picture? Name a painting behind it",
                                ad_command_operand(a->cmd, 0), ad_command_operand(a->cmd, 1));
    int code = refuse(a, names, sizeof names / sizeof *names,
                      "networks that know one style or several, and `any` takes paintings");
    if (!code) code = open_network(a);
    return code ? code : look_at_paintings(a);
}
