/* Any bytes as a weights file, whatever format they turn out to be (zip archives among them). */
#include "weights.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_weights(data, size);
    return 0;
}
