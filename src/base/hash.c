/* hash.c - fingerprints for systems. */
#include "base/hash.h"

#include <autodidact/base.h>

uint64_t ad_fingerprint(const void *bytes, size_t count)
{
    return ad_hash(AD_HASH_START, bytes, count);
}
