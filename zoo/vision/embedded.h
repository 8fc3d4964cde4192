/* embedded.h - files inside the binary.
 *
 * EMBEDDED_FILE(name, path) brings the file at `path`, from the root of the sources, into the
 * binary's constants, and defines name_open, which opens it; `called` stands for it in errors. The
 * Makefile has to say that the object depends on the file. */
#ifndef ZOO_VISION_EMBEDDED_H
#define ZOO_VISION_EMBEDDED_H

#include <autodidact/io.h>

#include <stdint.h>

#define EMBEDDED_FILE(name, path)                                                                  \
    __asm__(".section .rodata, \"a\", @progbits\n.balign 64\n" #name "_begin:\n"                   \
            ".incbin \"" path "\"\n" #name "_end:\n.byte 0\n.previous\n");                         \
    extern const unsigned char name##_begin[] __attribute__((visibility("hidden")));               \
    extern const unsigned char name##_end[] __attribute__((visibility("hidden")));                 \
    static ad_status name##_open(ad_file **file, ad_context *ctx, const char *called)              \
    {                                                                                              \
        /* as numbers: to the language they are two objects */                                     \
        size_t size = (size_t)((uintptr_t)name##_end - (uintptr_t)name##_begin);                   \
        return ad_file_open_memory(file, ctx, called, name##_begin, size);                         \
    }

#endif
