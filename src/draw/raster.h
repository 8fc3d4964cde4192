/* raster.h - shapes as shares of pixels covered. A shape is put together (edges of areas, or
 * strokes and discs) and then painted at once, so that its parts do not shine through each other.
 */
#ifndef AD_DRAW_RASTER_H
#define AD_DRAW_RASTER_H

#include <autodidact/image.h>

typedef struct ad_raster {
    ad_context *ctx;
    ad_image *image;
    float *cover;      /* [height, width + 2]: zero between shapes */
    int left, top;     /* what of it is in use: [top, bottom) x [left, right) */
    int right, bottom; /* nothing: right <= left */
    int64_t width, height;
} ad_raster;

/* On a picture of three channels, which is the caller's. */
ad_status ad_raster_new(ad_raster *raster, ad_context *ctx, ad_image *image);
void ad_raster_free(ad_raster *raster);

/* An edge of an area; all edges of a shape together are closed. Painted with ad_raster_fill. */
void ad_raster_edge(ad_raster *r, double x0, double y0, double x1, double y1);
void ad_raster_fill(ad_raster *r, uint32_t rgb, double opacity);
/* A line with round ends; a disc. Painted with ad_raster_paint. */
void ad_raster_line(ad_raster *r, double x0, double y0, double x1, double y1, double width);
void ad_raster_disc(ad_raster *r, double x, double y, double radius);
void ad_raster_paint(ad_raster *r, uint32_t rgb, double opacity);

#endif
