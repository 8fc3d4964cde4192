/* draw.c - attention as a picture: the heads of a layer side by side, a square for each pair of
 * tokens that is the darker the more one looks at the other, and the tokens along both sides. */
#include "zoo/translate/translate.h"

#include <autodidact/draw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COLUMNS = 4, LABEL_MOST = 84 };
static const double cell = 14, gap = 22, head_room = 40, title_room = 18, letter_size = 10;

/* ---- tokens as words ---- */

/* Each token as it is read; of space alone a line, of the start and the end their names. */
static ad_status make_labels(translate_labels *l, translate_vocabulary *v, bool target,
                             const int32_t *tokens, int64_t count)
{
    ad_decoder decoder = {.tokenizer = target ? v->target : v->source};
    *l = (translate_labels){calloc((size_t)count, sizeof *l->text), count};
    for (int64_t i = 0; i < count && l->text; ++i) {
        bool start = target && !i;
        const char *text = start ? "(start)" : "(end)";
        size_t length = strlen(text);
        if (!start && tokens[i] != v->end[target] &&
            ad_decoder_next(&decoder, tokens[i], &text, &length))
            return ad_error_status(v->ctx);
        if (length == strspn(text, " ")) text = "_", length = 1;
        l->text[i] = malloc(length + 1);
        if (!l->text[i]) break;
        memcpy(l->text[i], text, length);
        l->text[i][length] = 0;
    }
    return l->text && l->text[count - 1]
               ? AD_OK
               : ad_error_set(v->ctx, AD_ERROR_MEMORY, "no memory for the words of a picture");
}

ad_status translate_see(translate_seen *seen, const translate_model *m, ad_vars *vars,
                        translate_vocabulary *v, const ad_tokens *source, const ad_tokens *target)
{
    *seen = (translate_seen){.model = m};
    int32_t *behind = malloc((size_t)target->count * sizeof *behind);
    if (!behind) return ad_error_set(v->ctx, AD_ERROR_MEMORY, "out of memory");
    behind[0] = v->begin;
    memcpy(behind + 1, target->ids, (size_t)(target->count - 1) * sizeof *behind);
    ad_status status = translate_look_at(&seen->look, v->ctx, m, vars, v->begin, source->ids,
                                         source->count, target->ids, target->count - 1);
    if (!status) status = make_labels(&seen->label[0], v, false, source->ids, source->count);
    if (!status) status = make_labels(&seen->label[1], v, true, behind, target->count);
    free(behind);
    return status;
}

void translate_seen_free(translate_seen *seen)
{
    for (int s = 0; s < 2; ++s) {
        for (int64_t i = 0; i < seen->label[s].count && seen->label[s].text; ++i)
            free(seen->label[s].text[i]);
        free(seen->label[s].text);
    }
    translate_look_free(&seen->look);
}

/* ---- the picture ---- */

/* What the longest of them needs. */
static double room_of(const translate_labels *l)
{
    double most = 0;
    for (int64_t i = 0; i < l->count; ++i) {
        double width = ad_text_width(l->text[i], letter_size, false);
        most = width > most ? width : most;
    }
    return (most < LABEL_MOST ? most : LABEL_MOST) + 8;
}

/* One head with its corner at x, y: weights [rows, columns]. */
static void draw_head(ad_drawing *d, double x, double y, const float *weights,
                      const translate_labels *rows, const translate_labels *columns, int64_t head)
{
    char text[64];
    snprintf(text, sizeof text, "head %lld", (long long)head + 1);
    double left = x + room_of(rows), top = y + title_room + room_of(columns);
    ad_draw_text(d, left, y + 10, text, (ad_letters){.size = 11, .bold = true});
    for (int64_t k = 0; k < columns->count; ++k)
        ad_draw_text(d, left + ((double)k + 0.75) * cell, top - 4, columns->text[k],
                     (ad_letters){.size = letter_size, .upwards = true, .most = LABEL_MOST});
    for (int64_t q = 0; q < rows->count; ++q) {
        ad_draw_text(
            d, left - 4, top + ((double)q + 0.75) * cell, rows->text[q],
            (ad_letters){.size = letter_size, .anchor = AD_ANCHOR_END, .most = LABEL_MOST});
        for (int64_t k = 0; k < columns->count; ++k) {
            double share = (double)weights[q * columns->count + k];
            ad_draw_rect(d, left + (double)k * cell, top + (double)q * cell, cell - 1, cell - 1,
                         (ad_pen){.fill = ad_colour_tint(AD_SERIES(0), share)});
        }
    }
}

ad_status translate_draw(ad_drawing **out, ad_context *ctx, const translate_seen *seen, int64_t map,
                         char name[TRANSLATE_NAME_BYTES])
{
    const translate_model *m = seen->model;
    int64_t layer = map < m->layers ? map : (map - m->layers) / 2;
    bool encoder = map < m->layers, to_source = !encoder && (map - m->layers) % 2;
    const translate_labels *rows = &seen->label[!encoder];
    const translate_labels *columns = &seen->label[!encoder && !to_source];
    char title[96];
    snprintf(name, TRANSLATE_NAME_BYTES, "%s-%lld",
             encoder     ? "encoder"
             : to_source ? "source"
                         : "decoder",
             (long long)layer + 1);
    snprintf(title, sizeof title, "%s, layer %lld: %s", encoder ? "Encoder" : "Decoder",
             (long long)layer + 1,
             encoder     ? "each word of the source (down) looks at the others"
             : to_source ? "each word written (down) looks at the source"
                         : "each word written (down) looks at those before");
    int64_t heads = translate_heads_of(m, !encoder), across = heads < COLUMNS ? heads : COLUMNS;
    int64_t down = (heads + across - 1) / across;
    double width = room_of(rows) + (double)columns->count * cell + gap;
    double height = title_room + room_of(columns) + (double)rows->count * cell + gap;
    double words = ad_text_width(title, 14, true) + gap, all = (double)across * width + gap;
    ad_status status = ad_drawing_new(out, ctx, words > all ? words : all,
                                      (double)down * height + head_room, title);
    if (status) return status;
    ad_draw_text(*out, gap / 2, 20, title, (ad_letters){.size = 14, .bold = true});
    for (int64_t h = 0; h < heads; ++h) {
        int64_t row = h / across, column = h % across;
        draw_head(*out, gap / 2 + (double)column * width, head_room + (double)row * height,
                  seen->look.map[map] + h * rows->count * columns->count, rows, columns, h);
    }
    return AD_OK;
}
