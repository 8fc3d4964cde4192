/* weights.h - the inside of ad_file, and what a format's reader gives it.
 *
 * A reader fills the list of tensors; each says where its elements lie: in memory that stays as
 * long as the file, or in a member of its zip archive, which is unpacked when it is wanted. */
#ifndef AD_IO_WEIGHTS_H
#define AD_IO_WEIGHTS_H

#include <autodidact/io.h>

#include "base/arena.h"
#include "base/file.h"
#include "io/archive.h"
#include "io/element.h"

enum {
    AD_FILE_MAX_TENSORS = 1 << 17,
    AD_FILE_MAX_METADATA = 1 << 16,
    AD_FILE_MAX_NAME = 1024, /* bytes */
    AD_FILE_WRAPPERS = 8,    /* dictionaries around a network */
    AD_FILE_KEPT_MOST =
        128 << 20, /* bytes of a file, from one tensor to the next that shares them */
};

typedef struct ad_file_tensor {
    ad_file_entry entry;
    ad_strided view;                    /* shape as in entry */
    const struct ad_block_type *blocks; /* quantised: the view is of what they are unpacked to */
    const unsigned char *scales;        /* quantised by llama2.c: int8, and an f32 here for each */
    int64_t group;                      /* group of so many elements */
    const unsigned char *bytes;         /* the storage, in memory or in */
    ad_file_bytes *on_disk;             /* the file, which must have it at hand; or NULL: */
    int64_t member;                     /* the zip member that holds it, */
    size_t skip;                        /* after so many bytes of it */
    size_t held;                        /* bytes of the storage; quantised: unpacked */
} ad_file_tensor;

typedef struct ad_name_row {
    const char *name;
    int index;
} ad_name_row;

struct ad_file {
    ad_context *ctx;
    ad_arena arena; /* names, metadata */
    const char *path;
    ad_file_format format;
    ad_file_bytes on_disk;
    const unsigned char *bytes; /* the whole file; see ad_file_need */
    size_t size;
    ad_archive *archive;
    ad_file_tensor *tensors;
    int count, capacity;
    ad_metadata *metadata;
    int metadata_count, metadata_capacity;
    ad_name_row *names, *raw_names; /* sorted */
    const char
        *wrappers[AD_FILE_WRAPPERS]; /* what may wrap all names though they are flat; owned */
    int wrapper_count;
    int64_t repeated, tensor_bytes; /* bytes of tensors beyond their storage; of all tensors */
    unsigned char *unpacked;        /* the member that was read last */
    size_t unpacked_size;
    int64_t unpacked_member;        /* -1: none */
    struct ad_variables *variables; /* of an archive of them; owned */
    ad_file **shards;               /* [shard_count]: the files that an index names; owned */
    int shard_count;
};

/* Adds a tensor to the list; the names are copied. The error names the file and the tensor. */
ad_status ad_file_add(ad_file *file, const char *raw_name, size_t length,
                      const ad_file_tensor *tensor);
ad_status ad_file_add_metadata(ad_file *file, const char *key, const char *value,
                               size_t value_length);
/* ad_fail with "PATH: tensor NAME: " before the sentence. */
ad_status ad_file_fail(ad_file *file, ad_status status, const char *tensor, const char *format, ...)
    AD_PRINTF(4, 5);

/* weights_formats.c: fills the list by the reader of the file's format; of a file that an index
 * names, which is safetensors and no other format. */
ad_status ad_weights_list(ad_file *file);
ad_status ad_weights_list_shard(ad_file *file);

/* weights.c: matrix `index`, as it is listed or `turned`, as rows of such blocks, where the file
 * holds those very blocks and all scales are finite. *done: whether it does; else nothing is read.
 */
ad_status ad_file_read_blocks(ad_file *file, int index, const struct ad_block_type *blocks,
                              bool turned, unsigned char *to, bool *done);
/* The bytes of a tensor that lies in the file itself are at hand. */
ad_status ad_file_at_hand(const ad_file_tensor *tensor);
/* Opens a file that an index names. */
ad_status ad_file_open_shard(ad_file **out, ad_context *ctx, const char *path);

/* Has the `size` bytes from `at` on at hand: a reader calls it before it looks at them. Tensors'
 * bytes are read when they are wanted. */
ad_status ad_file_need(ad_file *file, size_t at, size_t size);

/* The readers: from file->bytes (or archive) to the list. */
ad_status ad_safetensors_list(ad_file *file);
ad_status ad_npy_list(ad_file *file);
ad_status ad_npz_list(ad_file *file);
ad_status ad_torch_zip_list(ad_file *file, const char *pickle_member);
ad_status ad_torch_legacy_list(ad_file *file);
ad_status ad_sharded_list(ad_file *file);
ad_status ad_gguf_list(ad_file *file);
/* variables.c: of an archive, by its path. Where it holds no variables `otherwise` is what is said
 * of it. */
ad_status ad_variables_list(ad_file *file, const char *otherwise);
void ad_variables_free(ad_file *file);
bool ad_llama2c_is(const ad_file *file); /* there is no magic to tell it by */
ad_status ad_llama2c_list(ad_file *file);

/* wrappers.c: a dictionary's key, outermost first, if it is a name that wrappers have; and takes
 * what wraps the network off all names, as io.h describes. */
ad_status ad_names_add_wrapper(ad_file *file, const char *key, size_t length);
bool ad_names_unwrap(ad_file *file); /* whether there was any */

/* names.c: sorts `rows`; the first name that occurs twice, or NULL. */
const char *ad_names_sort(ad_name_row *rows, int count);
int ad_names_find(const ad_name_row *rows, int count, const char *name); /* its index; -1: none */

#endif
