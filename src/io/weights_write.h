/* weights_write.h - what the writers of weights files share. */
#ifndef AD_IO_WEIGHTS_WRITE_H
#define AD_IO_WEIGHTS_WRITE_H

#include "io/weights.h"

#include <autodidact/gguf.h>

/* Tensors to write: their data lies ready, or `fetch` fills the data of tensor i when it is its
 * turn. */
typedef struct ad_tensor_source {
    int count;
    const ad_named_tensor *tensors;
    ad_status (*fetch)(void *user, int index, void *data, size_t bytes);
    void *user;
    const ad_metadata *metadata;
    int metadata_count;
    const ad_gguf_model *gguf; /* for a GGUF file; NULL: the metadata are its values */
    bool q8_0;                 /* likewise */
} ad_tensor_source;

size_t ad_tensor_bytes(const ad_tensor *tensor);
/* The data of tensor `index`; what was fetched is in `owned` too, to be freed (ad_tensor_bytes). */
ad_status ad_source_get(const ad_tensor_source *source, ad_context *ctx, int index,
                        const void **data, void **owned);

/* In the format of the name's ending, after a check that names differ and that every tensor has a
 * dtype, a shape and data. */
ad_status ad_source_write(ad_context *ctx, const char *path, const ad_tensor_source *source);

/* The source was checked: names differ, shapes and dtypes are valid. */
ad_status ad_source_write_safetensors(ad_context *ctx, const char *path,
                                      const ad_tensor_source *source);
ad_status ad_source_write_gguf(ad_context *ctx, const char *path, const ad_tensor_source *source);
ad_status ad_source_write_npz(ad_context *ctx, const char *path, const ad_tensor_source *source);
ad_status ad_source_write_npy(ad_context *ctx, const char *path, const ad_tensor_source *source);

#endif
