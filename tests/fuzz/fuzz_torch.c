/* Any bytes as the pickle of a checkpoint: the older form's first three pickles are put before the
 * input, which then is the object, the list of storages and their data. */
#include "weights.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char start[] = "\x80\x02\x8a\x0al\xfc\x9c"
                                "F\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.\x80\x02}.";
    size_t head = size > 4 && !memcmp(data, start, 4) ? 0 : sizeof start - 1;
    uint8_t *bytes = malloc(head + size);
    if (!bytes) return 0;
    if (head) memcpy(bytes, start, head);
    if (size) memcpy(bytes + head, data, size);
    fuzz_weights(bytes, head + size);
    free(bytes);
    return 0;
}
