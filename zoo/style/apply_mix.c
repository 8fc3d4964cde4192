/* apply_mix.c - which of a network's styles, and how much of each: --style 3,5 --style-mix 0.7,0.3,
 * or --style-mix wave:0.7,scream:0.3. */
#include "zoo/style/apply.h"
#include "zoo/style/shipped.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_BYTES = 256 };

static const ad_texts *names_of(const style_apply *a)
{
    return &a->painter.sizes.styles;
}

/* The style's index by its name, or by its number; -1 after reporting that it is none. */
static int64_t find_style(style_apply *a, const char *option, const char *name)
{
    const char *model = ad_command_operand(a->cmd, 0);
    int64_t styles = a->painter.styles;
    char text[512], *end;
    for (int64_t i = 0; i < names_of(a)->count; ++i)
        if (!strcmp(names_of(a)->at[i], name)) return i;
    long long number = strtoll(name, &end, 10);
    if (end != name && !*end && number >= 1 && number <= styles) return number - 1;
    if (names_of(a)->count)
        ad_command_usage(a->cmd, "--%s %.80s: %s has the styles %s (1 to %lld)", option, name,
                         model, style_names_text(names_of(a), text, sizeof text),
                         (long long)styles);
    else
        ad_command_usage(a->cmd, "--%s %.80s: %s has styles 1 to %lld", option, name, model,
                         (long long)styles);
    return -1;
}

int style_apply_read_part(style_apply *a, const char *text, double *part)
{
    char *end;
    *part = strtod(text, &end);
    if (end != text && !*end && *part >= 0 && *part <= 1e30) return AD_EXIT_OK;
    return ad_command_usage(a->cmd, "--style-mix: \"%.80s\" is no number from 0 on", text);
}

/* Item i of the list that names the styles, and how much of it. */
static int add_item(style_apply *a, const char *option, int i, double *sum)
{
    char name[NAME_BYTES];
    const char *item = ad_command_item(a->cmd, option, i), *colon = strrchr(item, ':');
    bool alone = !strcmp(option, "style-mix");
    const char *amount = alone ? (colon ? colon + 1 : "") : ad_command_item(a->cmd, "style-mix", i);
    double part = 1;
    if (alone && !colon)
        return ad_command_usage(a->cmd,
                                "--style-mix %.80s: of which style? (STYLE:%.20s, or --style "
                                "STYLE,... besides)",
                                item, item);
    snprintf(name, sizeof name, "%.*s", alone ? (int)(colon - item) : NAME_BYTES, item);
    int code = amount ? style_apply_read_part(a, amount, &part) : AD_EXIT_OK;
    if (code) return code;
    int64_t index = find_style(a, option, name);
    if (index < 0) return AD_EXIT_USAGE;
    a->mix[index] += (float)part, *sum += part;
    return AD_EXIT_OK;
}

static void say_first(style_apply *a)
{
    char text[512];
    const char *model = ad_command_operand(a->cmd, 0);
    if (ad_command_flag(a->cmd, "sheet")) return; /* which has all */
    if (names_of(a)->count)
        ad_command_note(a->cmd, "%s: has the styles %s, of which the first is taken; --style NAME",
                        model, style_names_text(names_of(a), text, sizeof text));
    else
        ad_command_note(a->cmd, "%s: has %lld styles, of which the first is taken; --style N",
                        model, (long long)a->painter.styles);
}

int style_apply_read_mix(style_apply *a)
{
    int64_t styles = a->painter.styles;
    int count = ad_command_count(a->cmd, "style"), parts = ad_command_count(a->cmd, "style-mix");
    const char *option = count ? "style" : "style-mix";
    double sum = 0;
    if (styles == 1 && !names_of(a)->count && (count || parts))
        return ad_command_usage(a->cmd, "--%s: %s has one style", option,
                                ad_command_operand(a->cmd, 0));
    if (count && parts && parts != count)
        return ad_command_usage(a->cmd, "--style-mix: %d parts for %d styles", parts, count);
    if (!(a->mix = calloc((size_t)styles, sizeof *a->mix)))
        return ad_command_fail(a->cmd, "out of memory");
    for (int i = 0; i < (count ? count : parts); ++i) {
        int code = add_item(a, option, i, &sum);
        if (code) return code;
    }
    if (!count && !parts) {
        int64_t chosen = a->painter.chosen;
        a->mix[chosen < 0 ? 0 : chosen] = 1, sum = 1;
        if (styles > 1 && chosen < 0) say_first(a);
    }
    if (!(sum > 0)) return ad_command_usage(a->cmd, "--style-mix: the parts add up to 0");
    for (int64_t i = 0; i < styles; ++i) a->mix[i] /= (float)sum;
    return AD_EXIT_OK;
}
