/* crc.c - both checksums by "slicing by 16": sixteen tables, so that sixteen bytes are one step
 * (Kounavis and Berry 2005). Table k says what a byte does to the checksum with k more bytes behind
 * it. */
#include "base/crc.h"

#include <pthread.h>

enum { SLICES = 16 };

typedef uint32_t crc_table[256];

static crc_table ieee[SLICES], castagnoli[SLICES];
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* `polynomial` with its bits reversed, without the highest. */
static void fill(crc_table *t, uint32_t polynomial)
{
    for (uint32_t byte = 0; byte < 256; ++byte) {
        uint32_t c = byte;
        for (int bit = 0; bit < 8; ++bit) c = c & 1 ? c >> 1 ^ polynomial : c >> 1;
        t[0][byte] = c;
    }
    for (int k = 1; k < SLICES; ++k)
        for (int byte = 0; byte < 256; ++byte)
            t[k][byte] = t[k - 1][byte] >> 8 ^ t[0][t[k - 1][byte] & 255];
}

static void fill_all(void)
{
    fill(ieee, 0xEDB88320u);
    fill(castagnoli, 0x82F63B78u);
}

static uint32_t word(const unsigned char *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static uint32_t four(crc_table *t, uint32_t w)
{
    return t[3][w & 255] ^ t[2][w >> 8 & 255] ^ t[1][w >> 16 & 255] ^ t[0][w >> 24];
}

static uint32_t run(crc_table *t, uint32_t crc, const void *bytes, size_t count)
{
    const unsigned char *p = bytes;
    uint32_t c = ~crc;
    for (; count >= SLICES; p += SLICES, count -= SLICES) {
        c = four(t + 12, word(p) ^ c) ^ four(t + 8, word(p + 4)) ^ four(t + 4, word(p + 8)) ^
            four(t, word(p + 12));
    }
    for (; count; ++p, --count) c = t[0][(c ^ *p) & 255] ^ c >> 8;
    return ~c;
}

uint32_t ad_crc32(uint32_t crc, const void *bytes, size_t count)
{
    pthread_once(&once, fill_all);
    return run(ieee, crc, bytes, count);
}

uint32_t ad_crc32c(uint32_t crc, const void *bytes, size_t count)
{
    pthread_once(&once, fill_all);
    return run(castagnoli, crc, bytes, count);
}
