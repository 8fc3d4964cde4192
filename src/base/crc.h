/* crc.h - checksums of bytes, as zip archives, PNG and gzip (CRC-32) and TFRecord files (CRC-32C)
 * have them. */
#ifndef AD_BASE_CRC_H
#define AD_BASE_CRC_H

#include <stddef.h>
#include <stdint.h>

/* The checksum of what `crc` is the checksum of (0: of nothing) with `count` bytes behind it. */
uint32_t ad_crc32(uint32_t crc, const void *bytes, size_t count);
uint32_t ad_crc32c(uint32_t crc, const void *bytes, size_t count);

#endif
