/* gif_lzw.c - LZW as GIF has it (Welch 1984; CompuServe 1990, appendix F): codes of up to 12 bits;
 * when they are used up, it starts anew. */
#include "io/gif_lzw.h"

#include <string.h>

/* Codes of a growing number of bits, packed into blocks of up to 255 bytes. */
typedef struct packer {
    ad_text *to;
    uint32_t bits;
    int count;
    uint8_t block[256]; /* its length, then its bytes */
} packer;

static void flush_block(packer *p)
{
    if (p->block[0]) ad_text_bytes(p->to, p->block, p->block[0] + (size_t)1);
    p->block[0] = 0;
}

static void put_bits(packer *p, int code, int width)
{
    for (p->bits |= (uint32_t)code << p->count, p->count += width; p->count >= 8;
         p->count -= 8, p->bits >>= 8) {
        p->block[++p->block[0]] = (uint8_t)p->bits;
        if (p->block[0] == 255) flush_block(p);
    }
}

/* The codes that are no strings stand behind those of the colours. */
static int clear_code(const ad_lzw *z)
{
    return 1 << z->bits;
}

static int end_code(const ad_lzw *z)
{
    return clear_code(z) + 1;
}

static void forget(ad_lzw *z)
{
    memset(z->key, -1, sizeof z->key);
    z->next = end_code(z) + 1, z->width = z->bits + 1;
}

/* Where the string is, or where it would be put. */
static unsigned slot_of(const ad_lzw *z, int32_t key)
{
    unsigned slot = (uint32_t)key * 2654435761u >> 19;
    while (z->key[slot] >= 0 && z->key[slot] != key) slot = (slot + 1) & (AD_LZW_SLOTS - 1);
    return slot;
}

void ad_lzw_put(ad_lzw *z, int bits, const uint8_t *index, int64_t count, ad_text *to)
{
    packer p = {.to = to};
    uint8_t said = (uint8_t)bits;
    ad_text_bytes(to, &said, 1);
    z->bits = bits;
    forget(z);
    put_bits(&p, clear_code(z), z->width);
    int prefix = index[0];
    for (int64_t i = 1; i < count; ++i) {
        int32_t key = prefix << 8 | index[i];
        unsigned slot = slot_of(z, key);
        if (z->key[slot] == key) {
            prefix = z->code[slot];
            continue;
        }
        put_bits(&p, prefix, z->width);
        prefix = index[i];
        if (z->next == AD_LZW_CODES) {
            put_bits(&p, clear_code(z), z->width);
            forget(z);
            continue;
        }
        /* the reader knows a code one step later, and so widens one step later */
        if (z->next >> z->width) ++z->width;
        z->key[slot] = key, z->code[slot] = (int16_t)z->next++;
    }
    put_bits(&p, prefix, z->width);
    if (z->next < AD_LZW_CODES && z->next >> z->width) ++z->width;
    put_bits(&p, end_code(z), z->width);
    if (p.count) put_bits(&p, 0, 8 - p.count);
    flush_block(&p);
    ad_text_bytes(to, "", 1); /* an empty block ends them */
}
