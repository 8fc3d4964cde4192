/* draw.c - a flow as a picture: direction as hue, speed as saturation (Baker et al. 2011). */
#include <autodidact/flow.h>

#include "base/context.h"

#include <math.h>

/* The wheel: from each colour to the next in so many steps. */
enum {
    RED_YELLOW = 15,
    YELLOW_GREEN = 6,
    GREEN_CYAN = 4,
    CYAN_BLUE = 11,
    BLUE_MAGENTA = 13,
    MAGENTA_RED = 6,
    HUES = 55
};

static void hue_of(int index, float rgb[3])
{
    static const struct {
        int steps;
        float from[3], to[3];
    } arcs[] = {
        {RED_YELLOW, {1, 0, 0}, {1, 1, 0}},   {YELLOW_GREEN, {1, 1, 0}, {0, 1, 0}},
        {GREEN_CYAN, {0, 1, 0}, {0, 1, 1}},   {CYAN_BLUE, {0, 1, 1}, {0, 0, 1}},
        {BLUE_MAGENTA, {0, 0, 1}, {1, 0, 1}}, {MAGENTA_RED, {1, 0, 1}, {1, 0, 0}},
    };
    int arc = 0;
    for (; index >= arcs[arc].steps; ++arc) index -= arcs[arc].steps;
    float share = (float)index / (float)arcs[arc].steps;
    for (int k = 0; k < 3; ++k)
        rgb[k] = arcs[arc].from[k] + share * (arcs[arc].to[k] - arcs[arc].from[k]);
}

static void paint(double u, double v, double most, float rgb[3])
{
    const double pi = 3.14159265358979323846;
    double speed = hypot(u, v) / most;
    double at = (atan2(-v, -u) / pi + 1) / 2 * (HUES - 1);
    int hue = (int)at;
    float share = (float)(at - hue), before[3], after[3];
    hue_of(hue % HUES, before), hue_of((hue + 1) % HUES, after);
    for (int k = 0; k < 3; ++k) {
        float colour = before[k] + share * (after[k] - before[k]);
        rgb[k] = speed <= 1 ? 1 - (float)speed * (1 - colour) : 0.75f * colour;
    }
}

ad_status ad_flow_draw(ad_context *ctx, const ad_flow *flow, double most, ad_image **out)
{
    int64_t pixels = flow->width * flow->height;
    *out = NULL;
    if (!(most >= 0))
        return ad_fail(ctx, AD_ERROR_ARGUMENT,
                       "the fullest colour is at %g pixels, expected 0 or more", most);
    ad_status status = ad_image_new(ctx, flow->width, flow->height, 3, out);
    if (status) return status;
    double fastest = most;
    for (int64_t i = 0; !(most > 0) && i < pixels; ++i)
        fastest = fmax(fastest, hypot((double)flow->data[2 * i], (double)flow->data[2 * i + 1]));
    for (int64_t i = 0; i < pixels; ++i)
        paint(flow->data[2 * i], flow->data[2 * i + 1], fastest > 0 ? fastest : 1,
              (*out)->data + 3 * i);
    return AD_OK;
}
