/* hash.h - FNV-1a over bytes, 64 bits, with a final mix: node sharing, plan keys, fingerprints. */
#ifndef AD_BASE_HASH_H
#define AD_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

#define AD_HASH_START 0xcbf29ce484222325u
#define AD_HASH_PRIME 0x100000001b3u

static inline uint64_t ad_hash(uint64_t hash, const void *bytes, size_t count)
{
    const unsigned char *p = (const unsigned char *)bytes;
    for (size_t i = 0; i < count; ++i) hash = (hash ^ p[i]) * AD_HASH_PRIME;
    return hash;
}

static inline uint64_t ad_hash_mix(uint64_t h)
{
    h = (h ^ (h >> 30)) * 0xbf58476d1ce4e5b9u;
    h = (h ^ (h >> 27)) * 0x94d049bb133111ebu;
    return h ^ (h >> 31);
}

#endif
