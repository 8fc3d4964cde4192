/* colour.c - the sRGB transfer function, and keeping a photo's colours under a painting's strokes.
 */
#include <autodidact/image.h>

#include "base/context.h"

#include <math.h>

float ad_srgb_to_linear(float encoded)
{
    float x = fabsf(encoded);
    float y = x <= 0.04045f ? x / 12.92f : powf((x + 0.055f) / 1.055f, 2.4f);
    return copysignf(y, encoded);
}

float ad_linear_to_srgb(float linear)
{
    float x = fabsf(linear);
    float y = x <= 0.0031308f ? 12.92f * x : 1.055f * powf(x, 1 / 2.4f) - 0.055f;
    return copysignf(y, linear);
}

static float clamp(float x)
{
    return x > 0 ? (x < 1 ? x : 1) : 0;
}

static ad_status check_colour(ad_context *ctx, const ad_image *image, const char *role)
{
    if (image->channels == 3) return AD_OK;
    return ad_fail(ctx, AD_ERROR_SHAPE, "the %s picture must have 3 channels, it has %d", role,
                   image->channels);
}

/* In YIQ a new luminance moves red, green and blue by the same amount: Y's coefficient is 1 in all
 * three rows of the inverse. So the chroma is kept by adding the difference of the luminances. */
static float luma(const float *c)
{
    return 0.299f * c[0] + 0.587f * c[1] + 0.114f * c[2];
}

ad_status ad_image_keep_color(ad_context *ctx, const ad_image *stylised, const ad_image *content,
                              ad_image **out)
{
    *out = NULL;
    ad_status status = check_colour(ctx, stylised, "stylised");
    if (!status) status = check_colour(ctx, content, "content");
    if (status) return status;
    if (stylised->width != content->width || stylised->height != content->height)
        return ad_fail(
            ctx, AD_ERROR_SHAPE,
            "the stylised picture has %lld x %lld pixels, the content picture %lld x %lld",
            (long long)stylised->width, (long long)stylised->height, (long long)content->width,
            (long long)content->height);
    status = ad_image_new(ctx, stylised->width, stylised->height, 3, out);
    if (status) return status;
    int64_t pixels = stylised->width * stylised->height;
    for (int64_t i = 0; i < pixels; ++i) {
        const float *s = stylised->data + 3 * i, *c = content->data + 3 * i;
        float shift = luma(s) - luma(c), *to = (*out)->data + 3 * i;
        for (int k = 0; k < 3; ++k) to[k] = clamp(c[k] + shift);
    }
    return AD_OK;
}

typedef struct colour_moments {
    double mean[3], covariance[3][3];
} colour_moments;

static colour_moments measure(const ad_image *image)
{
    colour_moments m = {0};
    int64_t pixels = image->width * image->height;
    for (int64_t i = 0; i < pixels; ++i)
        for (int k = 0; k < 3; ++k) m.mean[k] += image->data[3 * i + k];
    for (int k = 0; k < 3; ++k) m.mean[k] /= (double)pixels;
    for (int64_t i = 0; i < pixels; ++i) {
        double d[3];
        for (int k = 0; k < 3; ++k) d[k] = image->data[3 * i + k] - m.mean[k];
        for (int j = 0; j < 3; ++j)
            for (int k = 0; k < 3; ++k) m.covariance[j][k] += d[j] * d[k];
    }
    for (int j = 0; j < 3; ++j)
        for (int k = 0; k < 3; ++k) m.covariance[j][k] /= (double)pixels;
    return m;
}

/* a := g' a g with g the rotation in the plane (p, q) that makes a[p][q] zero; v := v g. */
static void rotate(double a[3][3], double v[3][3], int p, int q)
{
    if (a[p][q] == 0) return;
    double theta = (a[q][q] - a[p][p]) / (2 * a[p][q]);
    double t = copysign(1, theta) / (fabs(theta) + sqrt(theta * theta + 1)),
           c = 1 / sqrt(t * t + 1), s = t * c;
    for (int k = 0; k < 3; ++k) {
        double kp = a[k][p], kq = a[k][q];
        a[k][p] = c * kp - s * kq, a[k][q] = s * kp + c * kq;
    }
    for (int k = 0; k < 3; ++k) {
        double pk = a[p][k], qk = a[q][k];
        a[p][k] = c * pk - s * qk, a[q][k] = s * pk + c * qk;
    }
    for (int k = 0; k < 3; ++k) {
        double kp = v[k][p], kq = v[k][q];
        v[k][p] = c * kp - s * kq, v[k][q] = s * kp + c * kq;
    }
}

/* power := c^exponent for a covariance, by cyclic Jacobi (Golub & Van Loan, section 8.5). Variances
 * below `floor` are taken for it, so that a picture of one colour has an inverse. */
static void covariance_power(const double c[3][3], double exponent, double floor,
                             double power[3][3])
{
    double a[3][3], v[3][3] = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}};
    for (int j = 0; j < 3; ++j)
        for (int k = 0; k < 3; ++k) a[j][k] = c[j][k];
    for (int sweep = 0; sweep < 12; ++sweep) {
        rotate(a, v, 0, 1);
        rotate(a, v, 0, 2);
        rotate(a, v, 1, 2);
    }
    for (int j = 0; j < 3; ++j) {
        for (int k = 0; k < 3; ++k) {
            power[j][k] = 0;
            for (int i = 0; i < 3; ++i)
                power[j][k] += v[j][i] * pow(fmax(a[i][i], floor), exponent) * v[k][i];
        }
    }
}

ad_status ad_image_match_color(ad_context *ctx, const ad_image *image, const ad_image *reference,
                               ad_image **out)
{
    *out = NULL;
    ad_status status = check_colour(ctx, image, "source");
    if (!status) status = check_colour(ctx, reference, "reference");
    if (!status) status = ad_image_new(ctx, image->width, image->height, 3, out);
    if (status) return status;
    colour_moments from = measure(image), to = measure(reference);
    double whiten[3][3], colour[3][3], map[3][3] = {{0}};
    covariance_power(from.covariance, -0.5, 1e-7, whiten);
    covariance_power(to.covariance, 0.5, 0, colour);
    for (int j = 0; j < 3; ++j)
        for (int k = 0; k < 3; ++k)
            for (int i = 0; i < 3; ++i) map[j][k] += colour[j][i] * whiten[i][k];
    int64_t pixels = image->width * image->height;
    for (int64_t p = 0; p < pixels; ++p) {
        const float *s = image->data + 3 * p;
        for (int j = 0; j < 3; ++j) {
            double value = to.mean[j];
            for (int k = 0; k < 3; ++k) value += map[j][k] * (s[k] - from.mean[k]);
            (*out)->data[3 * p + j] = clamp((float)value);
        }
    }
    return AD_OK;
}
