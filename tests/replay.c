/* replay.c - runs a fuzz target over files given as arguments, where there is no libFuzzer:
 *
 *     cc -g -Iinclude -Isrc -c tests/replay.c tests/fuzz/fuzz_torch.c
 *     cc -o replay replay.o fuzz_torch.o build/libautodidact.a $LIBS
 *     ./replay FILE...
 *
 * (`make fuzz` builds the targets with clang's -fsanitize=fuzzer instead, and needs no main.) */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int main(int argc, char **argv)
{
    int failed = 0;
    for (int i = 1; i < argc; ++i) {
        FILE *file = fopen(argv[i], "rb");
        long size = file && !fseek(file, 0, SEEK_END) ? ftell(file) : -1;
        uint8_t *bytes = size >= 0 ? malloc((size_t)size + 1) : NULL;
        if (bytes) rewind(file);
        if (bytes && fread(bytes, 1, (size_t)size, file) == (size_t)size)
            LLVMFuzzerTestOneInput(bytes, (size_t)size);
        else
            failed = 1, fprintf(stderr, "%s: cannot be read\n", argv[i]);
        free(bytes);
        if (file) fclose(file);
    }
    printf("%d files\n", argc - 1);
    return failed;
}
