/* page_samples.c - what a run left in samples/: pictures and texts by name and step, figures.
 * Pictures and figures go into the page as data of img elements, in which nothing that an SVG holds
 * is executed. */
#include "page/page.h"
#include "base/file.h"

#include <limits.h>
#include <string.h>

enum {
    NAMES_MOST = 24,      /* of samples on a page */
    PICTURES_OF_NAME = 8, /* the first, the last, and some between */
    TEXTS_OF_NAME = 4,
    TEXT_BYTES = 6000,
    PICTURE_BYTES = 2 << 20, /* of one; */
    PAGE_BYTES = 4 << 20,    /*   of all */
};

typedef struct samples {
    ad_context *ctx;
    ad_run_samples list;
    size_t bytes; /* of pictures so far */
} samples;

static bool load(samples *s, const char *run_path, const ad_run_sample *item, size_t limit,
                 ad_file_bytes *file)
{
    char path[PATH_MAX];
    return ad_file_bytes_read(file, s->ctx, ad_run_sample_path(run_path, item, path, sizeof path),
                              limit) == AD_OK;
}

static void begin_item(ad_text *to, const ad_run_sample *item)
{
    ad_text_add(to, "<figure class=\"sample\">");
    if (item->step < 0) return;
    ad_text_add(to, "<figcaption>step ");
    ad_page_count(to, item->step);
    ad_text_add(to, "</figcaption>");
}

static void write_picture(ad_text *to, samples *s, const char *run_path, const ad_run_sample *item)
{
    ad_file_bytes file;
    begin_item(to, item);
    bool png = item->kind == AD_RUN_PICTURE;
    if (load(s, run_path, item, PICTURE_BYTES, &file)) {
        bool fits = s->bytes + file.size <= PAGE_BYTES;
        bool valid = !png || (file.size > 8 && !memcmp(file.bytes, "\x89PNG\r\n\x1a\n", 8));
        if (fits && valid) {
            ad_text_format(to, "<img alt=\"\" src=\"data:image/%s;base64,",
                           png ? "png" : "svg+xml");
            ad_page_base64(to, file.bytes, file.size);
            ad_text_add(to, "\">");
            s->bytes += file.size;
        } else
            ad_text_format(to, "<p class=\"quiet\">%s</p>",
                           valid ? "left out here, as the page would grow too large"
                                 : "is not a PNG file");
        ad_file_bytes_free(&file);
    } else
        ad_text_add(to, "<p class=\"quiet\">cannot be read, or is too large for the page</p>");
    ad_text_add(to, "</figure>\n");
}

static void write_text(ad_text *to, samples *s, const char *run_path, const ad_run_sample *item)
{
    ad_file_bytes file;
    if (!load(s, run_path, item, (size_t)64 << 20, &file)) return;
    begin_item(to, item);
    size_t shown = file.size < TEXT_BYTES ? file.size : TEXT_BYTES;
    while (shown < file.size && shown && (file.bytes[shown] & 0xc0) == 0x80) --shown;
    ad_text_add(to, "<pre>");
    ad_page_bytes(to, (const char *)file.bytes, shown);
    ad_text_add(to, shown < file.size ? " \xe2\x80\xa6</pre></figure>\n" : "</pre></figure>\n");
    ad_file_bytes_free(&file);
}

/* The samples of one name and kind: item[0 .. count - 1], by step. */
static void write_group(ad_text *to, samples *s, const char *run_path, const ad_run_sample *item,
                        int count)
{
    bool text = item->kind == AD_RUN_TEXT;
    int most = text ? TEXTS_OF_NAME : PICTURES_OF_NAME, shown = count < most ? count : most;
    ad_text_add(to, "<div><h3>");
    ad_page_text(to, item->name);
    if (shown < count)
        ad_text_format(to, " <span class=\"quiet\">%d of %d, from samples/</span>", shown, count);
    ad_text_format(to, "</h3><div class=\"%s\">\n", text ? "texts" : "strip");
    for (int i = shown - 1; i >= 0; --i) { /* the newest first */
        int at = shown > 1 ? (int)((int64_t)i * (count - 1) / (shown - 1)) : count - 1;
        (text ? write_text : write_picture)(to, s, run_path, &item[at]);
    }
    ad_text_add(to, "</div></div>\n");
}

static void write_section(ad_text *to, ad_context *ctx, const char *run_path, bool figures)
{
    samples s = {.ctx = ctx};
    int groups = 0;
    if (ad_run_samples_list(&s.list, ctx, run_path)) ad_error_clear(ctx); /* a page without them */
    for (int from = 0, next; from < s.list.count; from = next) {
        next = ad_run_samples_next(&s.list, from);
        if ((s.list.at[from].kind == AD_RUN_FIGURE) != figures || groups == NAMES_MOST) continue;
        if (!groups++)
            ad_text_format(to, "<section id=\"%s\"><h2>%s</h2>\n<div class=\"groups\">\n",
                           figures ? "figures" : "samples", figures ? "Figures" : "Samples");
        write_group(to, &s, run_path, &s.list.at[from], next - from);
    }
    if (groups) ad_text_add(to, "</div></section>\n");
    ad_run_samples_free(&s.list);
}

void ad_page_samples(ad_text *to, ad_context *ctx, const char *run_path)
{
    write_section(to, ctx, run_path, false);
}

void ad_page_figures(ad_text *to, ad_context *ctx, const char *run_path)
{
    write_section(to, ctx, run_path, true);
}
