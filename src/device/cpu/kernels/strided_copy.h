/* strided_copy.h - a rows x cols piece of memory from one layout to another. */
#ifndef AD_CPU_STRIDED_COPY_H
#define AD_CPU_STRIDED_COPY_H

#include "device/cpu/isa.h"

#include <stddef.h>
#include <stdint.h>

/* Strides in elements of `size` bytes (1, 2, 4 or 8); a source stride may be 0. */
#define AD_COPY_DECLARE(isa, level, unused)                                                        \
    void ad_strided_copy_##isa(void *to, int64_t to_row, int64_t to_col, const void *from,         \
                               int64_t from_row, int64_t from_col, int64_t rows, int64_t cols,     \
                               size_t size);
AD_FOR_ISAS(AD_COPY_DECLARE, )

#endif
