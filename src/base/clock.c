/* clock.c - the one clock by which durations are measured. */
#include <autodidact/base.h>

#include <time.h>

double ad_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}
