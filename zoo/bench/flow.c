/* flow.c - the workload of optical flow: a disc that moves over a moving ground, both of waves. */
#include "zoo/bench/bench.h"

#include <autodidact/flow.h>

#include <math.h>
#include <stdlib.h>

enum { WIDTH = 640, HEIGHT = 360, WAVES = 16 };

typedef struct motion {
    ad_image *picture[2];
    ad_flow *flow;
} motion;

/* 0 to 1, of wavelengths from 6 to 60 pixels. */
static double surface(uint64_t number, double x, double y)
{
    double sum = 0;
    for (uint64_t k = 0; k < WAVES; ++k) {
        double angle = 6.2831853 * ad_random_unit(number, 0, k),
               speed = 6.2831853 / (6 * pow(10, ad_random_unit(number, 1, k)));
        sum += sin(speed * (cos(angle) * x + sin(angle) * y) + 6.2831853 * (double)k / 7);
    }
    return 0.5 + 0.8 * sum / WAVES;
}

static void draw(ad_image *image, double time)
{
    for (int64_t i = 0; i < WIDTH * HEIGHT; ++i) {
        int64_t row = i / WIDTH;
        double x = (double)(i % WIDTH), y = (double)row;
        double dx = x - 6 * time, dy = y - 2.5 * time;
        bool disc = hypot(dx - 260, dy - 170) < 90;
        double value = disc ? surface(1, dx, dy) : surface(2, x + 1.5 * time, y - 0.75 * time);
        for (int k = 0; k < 3; ++k) image->data[3 * i + k] = (float)fmin(fmax(value, 0), 1);
    }
}

static ad_status flow_build(bench_job *job)
{
    motion *m = job->own = calloc(1, sizeof *m);
    if (!m) return ad_error_set(job->ctx, AD_ERROR_MEMORY, "out of memory");
    for (int i = 0; i < 2; ++i) {
        ad_status status = ad_image_new(job->ctx, WIDTH, HEIGHT, 3, &m->picture[i]);
        if (status) return status;
        draw(m->picture[i], i);
    }
    return AD_OK;
}

static ad_status flow_run(bench_job *job)
{
    motion *m = job->own;
    ad_flow_free(m->flow);
    return ad_flow_estimate(&m->flow, job->ctx, m->picture[0], m->picture[1], NULL);
}

/* The mean way of a pixel. */
static double flow_check(bench_job *job)
{
    const motion *m = job->own;
    double sum = 0;
    for (int64_t i = 0; i < WIDTH * HEIGHT; ++i)
        sum += hypot((double)m->flow->data[2 * i], (double)m->flow->data[2 * i + 1]);
    return sum / (WIDTH * HEIGHT);
}

static void flow_end(bench_job *job)
{
    motion *m = job->own;
    if (!m) return;
    ad_image_free(m->picture[0]), ad_image_free(m->picture[1]);
    ad_flow_free(m->flow);
    free(m);
}

const bench_workload bench_flow = {"flow",
                                   "optical flow between two pictures of 640 x 360",
                                   .build = flow_build,
                                   .run = flow_run,
                                   .check = flow_check,
                                   .end = flow_end};
