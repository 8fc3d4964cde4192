/* page.h - pieces of the HTML pages that tell about runs. All text that comes from files is escaped
 * here and nowhere else. */
#ifndef AD_PAGE_PAGE_H
#define AD_PAGE_PAGE_H

#include "base/text.h"
#include "run/run_info.h"

/* ---- page.c ---- */

/* The template's parts around the body: everything up to it (with the title put in), and the rest.
 */
void ad_page_begin(ad_text *to, const char *title);
void ad_page_end(ad_text *to);
/* Text for an element or a quoted attribute. */
void ad_page_text(ad_text *to, const char *text);
void ad_page_bytes(ad_text *to, const char *text, size_t count);
/* A quoted string of JSON that may stand inside of a script element. */
void ad_page_json(ad_text *to, const char *text);
void ad_page_base64(ad_text *to, const unsigned char *bytes, size_t count);
/* "0.9412", "1.2e-05", "-" for what is not finite. */
void ad_page_number(ad_text *to, double value);
/* "2 h 10 min", "12.3 s" */
void ad_page_seconds(ad_text *to, double seconds);
/* "1,200,000" */
void ad_page_count(ad_text *to, int64_t count);

/* ---- page_plots.c ---- */

typedef struct ad_curve {
    const char *label;
    int colour;         /* 0 .. 7, and again from the start */
    bool dashed, faint; /* faint: one of several that a mean stands for */
    const double *x, *y;
    int64_t count;
} ad_curve;

typedef struct ad_page_plot {
    const char *title;
    ad_curve *curves;
    int count;
} ad_page_plot;

/* The curves of runs: a plot per metric; what stands under "validation/" or "test/" lies on the
 * plot of the metric without that. One run: a colour for training and one for validation; several:
 * a colour each. Runs with parts: their mean, and faintly the parts of a single run. */
ad_status ad_page_plots(ad_text *to, ad_context *ctx, ad_run_info *const *runs, int count);

/* ---- page_samples.c ---- */

void ad_page_samples(ad_text *to, ad_context *ctx, const char *run_path);
void ad_page_figures(ad_text *to, ad_context *ctx, const char *run_path);

/* ---- page_confusion.c ---- */

void ad_page_confusion(ad_text *to, ad_context *ctx, const char *run_path);

#endif
