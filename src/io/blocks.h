/* blocks.h - the quantised types of ggml (llama.cpp): rows cut into blocks of elements that share a
 * scale. */
#ifndef AD_IO_BLOCKS_H
#define AD_IO_BLOCKS_H

#include <autodidact/tensor.h>

typedef struct ad_block_type {
    const char *name;
    int elements; /* of a block */
    size_t bytes; /* of a block */
    void (*unpack)(const unsigned char *block, float *values);
    void (*pack)(const float *values, unsigned char *block); /* NULL: only read */
    float most; /* the largest magnitude that can be packed: the scale is an f16 */
} ad_block_type;

extern const ad_block_type ad_block_q8_0, ad_block_q4_0, ad_block_q4_1, ad_block_q5_0,
    ad_block_q5_1, ad_block_q6_k;

void ad_blocks_unpack(const ad_block_type *type, const unsigned char *bytes, int64_t elements,
                      float *values);
void ad_blocks_pack(const ad_block_type *type, const float *values, int64_t elements,
                    unsigned char *bytes);
/* The first of `count` numbers that it cannot pack, NaN too; -1: none. */
int64_t ad_blocks_cannot_hold(const ad_block_type *type, const float *values, int64_t count);

/* llama2.c's form: all elements as int8, and the scales of groups of them elsewhere, in f32. */
void ad_groups_unpack(const unsigned char *bytes, const unsigned char *scales, int64_t group,
                      int64_t elements, float *values);

#endif
