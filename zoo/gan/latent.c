/* latent.c - points of latent space: noise by seed and number, so that a sample can be had again,
 * and what lies between two of them. */
#include "zoo/gan/gan.h"

#include <math.h>

enum { TRIES = 1 << 14 }; /* within +-0.01 are 0.8 % of all */

/* Number `index` of the stream, N(0, 1) (Box & Muller 1958). */
static double normal(uint64_t seed, uint64_t stream, uint64_t index)
{
    const double turn = 6.283185307179586;
    double u = 1 - ad_random_unit(seed, stream, 2 * index);
    return sqrt(-2 * log(u)) * cos(turn * ad_random_unit(seed, stream, 2 * index + 1));
}

void gan_latent(uint64_t seed, int64_t number, double truncation, float *z, int64_t count)
{
    for (int64_t i = 0; i < count; ++i) {
        double x = normal(seed, (uint64_t)number, (uint64_t)i);
        for (int64_t k = 1; truncation > 0 && fabs(x) > truncation && k < TRIES; ++k)
            x = normal(seed, (uint64_t)number, (uint64_t)(k * count + i));
        z[i] = (float)x;
    }
}

ad_status gan_points_new(ad_job *job, int64_t count, gan_points *points)
{
    const gan_model *m = job->model;
    int64_t classes = m->classes.count;
    *points = (gan_points){.count = count};
    points->z = ad_job_array(job, count * m->latent, sizeof *points->z);
    if (points->z && classes)
        points->class = ad_job_array(job, count * classes, sizeof *points->class);
    return points->z && (points->class || !classes) ? AD_OK : AD_ERROR_MEMORY;
}

void gan_lerp(const float *a, const float *b, double share, float *z, int64_t count)
{
    for (int64_t i = 0; i < count; ++i)
        z[i] = (float)((1 - share) * (double)a[i] + share * (double)b[i]);
}

static double dot(const float *a, const float *b, int64_t count)
{
    double sum = 0;
    for (int64_t i = 0; i < count; ++i) sum += (double)a[i] * (double)b[i];
    return sum;
}

void gan_slerp(const float *a, const float *b, double share, float *z, int64_t count)
{
    double la = sqrt(dot(a, a, count)), lb = sqrt(dot(b, b, count));
    double cosine = dot(a, b, count) / (la * lb), angle = acos(fmin(1, fmax(-1, cosine)));
    if (!(la > 0 && lb > 0) || sin(angle) < 1e-6) {
        gan_lerp(a, b, share, z, count);
        return;
    }
    double length = (1 - share) * la + share * lb;
    double from = sin((1 - share) * angle) / sin(angle) * length / la,
           to = sin(share * angle) / sin(angle) * length / lb;
    for (int64_t i = 0; i < count; ++i) z[i] = (float)(from * (double)a[i] + to * (double)b[i]);
}
