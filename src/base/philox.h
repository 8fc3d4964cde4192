/* philox.h - Philox4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3").
 *
 * Counter-based: block i of stream (seed, stream) is a pure function, so any thread can make any
 * part, and the saved state of a generator is its counter. */
#ifndef AD_BASE_PHILOX_H
#define AD_BASE_PHILOX_H

#include <math.h>
#include <stdint.h>

typedef struct ad_philox {
    uint32_t v[4];
} ad_philox;

static inline ad_philox ad_philox_block(uint64_t key, uint64_t counter_lo, uint64_t counter_hi)
{
    uint32_t k0 = (uint32_t)key, k1 = (uint32_t)(key >> 32);
    ad_philox x = {{(uint32_t)counter_lo, (uint32_t)(counter_lo >> 32), (uint32_t)counter_hi,
                    (uint32_t)(counter_hi >> 32)}};
    for (int round = 0; round < 10; ++round) {
        uint64_t p0 = (uint64_t)0xD2511F53u * x.v[0], p1 = (uint64_t)0xCD9E8D57u * x.v[2];
        ad_philox y = {{(uint32_t)(p1 >> 32) ^ x.v[1] ^ k0, (uint32_t)p1,
                        (uint32_t)(p0 >> 32) ^ x.v[3] ^ k1, (uint32_t)p0}};
        x = y;
        k0 += 0x9E3779B9u, k1 += 0xBB67AE85u;
    }
    return x;
}

/* Uniform in [0, 1): 24 bits. */
static inline float ad_philox_uniform(uint32_t bits)
{
    return (float)(bits >> 8) * 0x1p-24f;
}

/* Box-Muller: two standard normals from two words. u is in (0, 1], so the log is finite. */
static inline void ad_philox_normal(uint32_t a, uint32_t b, float *n0, float *n1)
{
    float u = (float)((a >> 8) + 1) * 0x1p-24f, r = sqrtf(-2.0f * logf(u));
    float t = 6.28318530717958648f * ((float)(b >> 8) * 0x1p-24f);
    *n0 = r * cosf(t), *n1 = r * sinf(t);
}

#endif
