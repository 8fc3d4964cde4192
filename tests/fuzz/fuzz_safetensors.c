/* Any bytes as a safetensors file. Unless the input is one already, the length before its header is
 * made to fit; its first two bytes then say how much of it is data. */
#include "weights.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 8 && data[8] == '{') fuzz_weights(data, size);
    if (size < 3) return 0;
    size_t tail = (data[0] | (size_t)data[1] << 8) % (size - 2), header = size - 2 - tail;
    uint8_t *bytes = malloc(8 + header + tail);
    if (!bytes) return 0;
    for (int i = 0; i < 8; ++i) bytes[i] = (uint8_t)((uint64_t)header >> 8 * i);
    memcpy(bytes + 8, data + 2, header + tail);
    fuzz_weights(bytes, 8 + header + tail);
    free(bytes);
    return 0;
}
