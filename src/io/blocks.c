/* blocks.c - a block's layout is a scale d (f16), perhaps a minimum m (f16), perhaps the fifth bits
 * of all elements, and the elements q:
 *
 *     q8_0: d q        q4_0: d (q - 8)      q4_1: d q + m      q5_0: d (q - 16)      q5_1: d q + m
 *
 * Element i of four bits is the low half of byte i, element i + 16 its high half. q6_K has 16
 * scales of its own for as many runs of 16 elements, d s (q - 32). All products are made in f32, in
 * the order above, so that the values are those of ggml to the bit. */
#include "io/blocks.h"
#include "base/half.h"

#include <math.h>
#include <string.h>

static float half_at(const unsigned char *bytes)
{
    return ad_f16_to_f32((uint16_t)(bytes[0] | bytes[1] << 8));
}

static int signed_byte(unsigned char byte)
{
    return byte < 128 ? byte : byte - 256;
}

/* The bits of element i in 16 bytes of halves, with its fifth from `high` (0: none). */
static int nibble(const unsigned char *halves, uint32_t high, int i)
{
    int low = i < 16 ? halves[i] & 15 : halves[i - 16] >> 4;
    return low | (int)(high >> i & 1) << 4;
}

static uint32_t word_at(const unsigned char *bytes)
{
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
           (uint32_t)bytes[3] << 24;
}

static void unpack_q8_0(const unsigned char *block, float *values)
{
    float d = half_at(block);
    for (int i = 0; i < 32; ++i) values[i] = (float)signed_byte(block[2 + i]) * d;
}

static void unpack_q4_0(const unsigned char *block, float *values)
{
    float d = half_at(block);
    for (int i = 0; i < 32; ++i) values[i] = (float)(nibble(block + 2, 0, i) - 8) * d;
}

static void unpack_q4_1(const unsigned char *block, float *values)
{
    float d = half_at(block), m = half_at(block + 2);
    for (int i = 0; i < 32; ++i) values[i] = (float)nibble(block + 4, 0, i) * d + m;
}

static void unpack_q5_0(const unsigned char *block, float *values)
{
    float d = half_at(block);
    uint32_t high = word_at(block + 2);
    for (int i = 0; i < 32; ++i) values[i] = (float)(nibble(block + 6, high, i) - 16) * d;
}

static void unpack_q5_1(const unsigned char *block, float *values)
{
    float d = half_at(block), m = half_at(block + 2);
    uint32_t high = word_at(block + 4);
    for (int i = 0; i < 32; ++i) values[i] = (float)nibble(block + 8, high, i) * d + m;
}

/* Two halves of 128 elements: four low bits of two elements in each of 64 bytes, two high bits of
 * four elements in each of 32. */
static void unpack_q6_k(const unsigned char *block, float *values)
{
    const unsigned char *low = block, *high = block + 128, *scales = block + 192;
    float d = half_at(block + 208);
    for (int i = 0; i < 256; ++i) {
        int half = i / 128, run = i % 128 / 32, column = i % 32;
        int byte = low[64 * half + 32 * (run % 2) + column];
        int q = (run < 2 ? byte & 15 : byte >> 4) | (high[32 * half + column] >> 2 * run & 3) << 4;
        values[i] = d * (float)signed_byte(scales[i / 16]) * (float)(q - 32);
    }
}

static void put_half(unsigned char *bytes, float value)
{
    uint16_t half = ad_f32_to_f16(value);
    bytes[0] = (unsigned char)half, bytes[1] = (unsigned char)(half >> 8);
}

/* d = max |x| / 127, q = round(x / d), halves away from zero, as ggml's reference does. */
static void pack_q8_0(const float *values, unsigned char *block)
{
    float most = 0;
    for (int i = 0; i < 32; ++i) most = fmaxf(most, fabsf(values[i]));
    float d = most / 127, inverse = d > 0x1p-120f ? 1 / d : 0; /* below, 1 / d overflows */
    put_half(block, d);
    for (int i = 0; i < 32; ++i)
        block[2 + i] = (unsigned char)(signed char)roundf(values[i] * inverse);
}

/* The number of the largest magnitude becomes -8 d, whatever its sign; q = x / d + 8, rounded, at
 * most 15. */
static void pack_q4_0(const float *values, unsigned char *block)
{
    float most = 0;
    for (int i = 0; i < 32; ++i)
        if (fabsf(values[i]) > fabsf(most)) most = values[i];
    float d = most / -8, inverse = fabsf(d) > 0x1p-120f ? 1 / d : 0;
    put_half(block, d);
    for (int i = 0; i < 16; ++i) {
        int low = (int)(values[i] * inverse + 8.5F), high = (int)(values[i + 16] * inverse + 8.5F);
        block[2 + i] = (unsigned char)((low < 15 ? low : 15) | (high < 15 ? high : 15) << 4);
    }
}

const ad_block_type ad_block_q8_0 = {"Q8_0", 32, 34, unpack_q8_0, pack_q8_0, 127 * 65504.0F},
                    ad_block_q4_0 = {"Q4_0", 32, 18, unpack_q4_0, pack_q4_0, 8 * 65504.0F},
                    ad_block_q4_1 = {"Q4_1", 32, 20, unpack_q4_1, NULL, 0},
                    ad_block_q5_0 = {"Q5_0", 32, 22, unpack_q5_0, NULL, 0},
                    ad_block_q5_1 = {"Q5_1", 32, 24, unpack_q5_1, NULL, 0},
                    ad_block_q6_k = {"Q6_K", 256, 210, unpack_q6_k, NULL, 0};

int64_t ad_blocks_cannot_hold(const ad_block_type *type, const float *values, int64_t count)
{
    for (int64_t i = 0; i < count; ++i)
        if (!(fabsf(values[i]) <= type->most)) return i;
    return -1;
}

void ad_blocks_unpack(const ad_block_type *type, const unsigned char *bytes, int64_t elements,
                      float *values)
{
    for (; elements > 0; elements -= type->elements) {
        type->unpack(bytes, values);
        bytes += type->bytes, values += type->elements;
    }
}

void ad_blocks_pack(const ad_block_type *type, const float *values, int64_t elements,
                    unsigned char *bytes)
{
    for (; elements > 0; elements -= type->elements) {
        type->pack(values, bytes);
        bytes += type->bytes, values += type->elements;
    }
}

void ad_groups_unpack(const unsigned char *bytes, const unsigned char *scales, int64_t group,
                      int64_t elements, float *values)
{
    float scale = 0;
    for (int64_t i = 0; i < elements; ++i) {
        if (i % group == 0) memcpy(&scale, scales + i / group * 4, sizeof scale);
        values[i] = (float)(signed char)bytes[i] * scale;
    }
}
