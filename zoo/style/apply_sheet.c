/* apply_sheet.c - one picture in every style of a network, on a sheet with their names. */
#include "zoo/style/apply.h"

#include <autodidact/draw.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct sheet {
    style_apply *a;
    int count;
    ad_image **painted; /* [count] */
    char (*text)[96];   /* [count] */
    const char **captions;
} sheet;

static int refuse(style_apply *a, bool picture)
{
    static const char *const alone[] = {"style", "style-mix"};
    const char *mask = ad_command_text(a->cmd, "mask");
    if (a->any || a->painter.styles < 2)
        return ad_command_usage(a->cmd, "--sheet: %s is no network of several styles",
                                ad_command_operand(a->cmd, 0));
    if (!picture) return ad_command_usage(a->cmd, "--sheet: is of one picture");
    for (int i = 0; i < 2; ++i)
        if (ad_command_given(a->cmd, alone[i]))
            return ad_command_usage(a->cmd, "--sheet and --%s: a sheet has every style", alone[i]);
    if (!strcmp(ad_command_text(a->cmd, "output"), "-"))
        return ad_command_usage(a->cmd, "--sheet: --output - is for one picture painted");
    return vision_check_output(a->cmd, &mask, 1);
}

static ad_status prepare(sheet *s)
{
    const style_painter *p = &s->a->painter;
    size_t count = (size_t)p->styles;
    s->count = (int)p->styles;
    s->painted = calloc(count, sizeof(ad_image *));
    s->text = calloc(count, sizeof *s->text);
    s->captions = calloc(count, sizeof *s->captions);
    if (!s->painted || !s->text || !s->captions)
        return ad_error_set(s->a->ctx, AD_ERROR_MEMORY, "out of memory for %d pictures", s->count);
    for (int i = 0; i < s->count; ++i) {
        if (i < p->sizes.styles.count)
            snprintf(s->text[i], sizeof *s->text, "%.80s", p->sizes.styles.at[i]);
        else
            snprintf(s->text[i], sizeof *s->text, "%d", i + 1);
        s->captions[i] = s->text[i];
    }
    return AD_OK;
}

static ad_status paint(sheet *s, const char *path)
{
    style_apply *a = s->a;
    ad_status status = AD_OK;
    for (int i = 0; i < s->count && !status; ++i) {
        for (int k = 0; k < s->count; ++k) a->mix[k] = k == i;
        status = ad_image_read(a->ctx, path, &(ad_image_read_options){.channels = 3},
                               &s->painted[i]);
        if (!status && !i && s->painted[0]->note[0])
            ad_command_note(a->cmd, "%s: %s", path, s->painted[0]->note);
        if (!status) status = style_apply_paint(a, &s->painted[i], path);
        if (status) break;
        ad_command_progress(
            a->cmd, &(ad_progress){.step = i + 1, .steps = s->count, .part = s->captions[i]});
        if (ad_command_interrupted(a->cmd)) s->count = i + 1;
    }
    return status;
}

static ad_status write(sheet *s, const char *output)
{
    ad_image *image;
    ad_status status = ad_image_sheet(
        s->a->ctx, (const ad_image *const *)s->painted, s->count,
        &(ad_sheet_options){.gap = 6, .captions = s->captions, .caption_size = 13}, &image);
    if (status) return status;
    status = ad_image_write(s->a->ctx, output, image, NULL);
    ad_image_free(image);
    return status;
}

int style_apply_sheet(style_apply *a, bool picture)
{
    sheet s = {.a = a};
    const char *output = ad_command_text(a->cmd, "output");
    int code = refuse(a, picture);
    if (code) return code;
    (void)ad_command_interrupted(a->cmd); /* from here on Ctrl-C ends after a picture */
    ad_command_start(a->cmd);
    ad_status status = prepare(&s);
    if (!status) status = paint(&s, style_apply_input(a->cmd, 1));
    if (!status) status = write(&s, output);
    if (!status && ad_command_json(a->cmd)) {
        ad_json_begin(a->cmd, "done");
        ad_json_text(a->cmd, "output", output);
        ad_json_int(a->cmd, "styles", s.count);
        ad_json_real(a->cmd, "seconds", ad_command_seconds(a->cmd));
        ad_json_end(a->cmd);
    } else if (!status)
        ad_command_note(a->cmd, "%s: %d of %lld styles, %.2f s", output, s.count,
                        (long long)a->painter.styles, ad_command_seconds(a->cmd));
    for (int i = 0; s.painted && i < a->painter.styles; ++i) ad_image_free(s.painted[i]);
    free(s.painted), free(s.text), free(s.captions);
    return ad_command_check(a->cmd, status);
}
