/* Any bytes as an array of NumPy inside an archive: a stored zip member around the input, so that
 * the header parser is reached without guessing checksums; and the same bytes as an .npy file. */
#include "weights.h"

#include <zlib.h>

static uint8_t *put(uint8_t *at, uint64_t value, int bytes)
{
    for (int i = 0; i < bytes; ++i) *at++ = (uint8_t)(value >> 8 * i);
    return at;
}

static uint8_t *put_fields(uint8_t *at, uint32_t sum, uint32_t size)
{
    at = put(put(put(at, 20, 2), 0, 2), 0, 2);
    at = put(put(at, 0, 2), 0x21, 2);
    at = put(put(put(at, sum, 4), size, 4), size, 4);
    return put(put(at, 5, 2), 0, 2);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *bytes = malloc(size + 256), *at = bytes;
    if (!bytes) return 0;
    uint32_t sum = (uint32_t)crc32(0, data, (unsigned)size);
    at = put_fields(put(at, 0x04034b50, 4), sum, (uint32_t)size);
    memcpy(at, "a.npy", 5), at += 5;
    if (size) memcpy(at, data, size), at += size;
    uint8_t *central = at;
    at = put_fields(put(put(at, 0x02014b50, 4), 20, 2), sum, (uint32_t)size);
    at = put(put(put(put(at, 0, 2), 0, 2), 0, 2), 0, 4), at = put(at, 0, 4);
    memcpy(at, "a.npy", 5), at += 5;
    uint32_t central_size = (uint32_t)(at - central);
    at = put(put(put(put(put(at, 0x06054b50, 4), 0, 2), 0, 2), 1, 2), 1, 2);
    at = put(put(put(at, central_size, 4), (uint64_t)(central - bytes), 4), 0, 2);
    fuzz_weights(bytes, (size_t)(at - bytes));
    fuzz_weights(data, size);
    free(bytes);
    return 0;
}
