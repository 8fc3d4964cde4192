/* gguf_names.h - what llama.cpp calls the tensors of a network, and what they are called where it
 * was published. */
#ifndef AD_IO_GGUF_NAMES_H
#define AD_IO_GGUF_NAMES_H

#include <stdbool.h>

/* How a tensor lies in a GGUF file, beside how it was published. */
typedef enum ad_gguf_order {
    AD_GGUF_SAME = 0,
    AD_GGUF_TRANSPOSED, /* GPT-2's matrices: [out, in] */
    AD_GGUF_QUERIES,    /* Llama's rows in rotary pairs, as neighbours instead of halves */
    AD_GGUF_KEYS,       /* likewise, of the heads of keys */
} ad_gguf_order;

enum { AD_GGUF_NAME_BYTES = 160 };

/* Between the name in a GGUF file of the architecture ("gpt2", "llama") and Hugging Face's; false:
 * the architecture or the name is not known. */
bool ad_gguf_to_published(const char *architecture, const char *name,
                          char published[AD_GGUF_NAME_BYTES], ad_gguf_order *order);
bool ad_gguf_from_published(const char *architecture, const char *published,
                            char name[AD_GGUF_NAME_BYTES], ad_gguf_order *order);

#endif
