/* io.h - weights files: safetensors (one or several, by their index), PyTorch (.pth, .pt, .th;
 * the zip form and the older one), NumPy, llama2.c, GGUF, archives of variables (deeplearn.js).
 *
 * Reading: ad_file_open() tells the format by content, not by name, and lists the tensors; data is
 * read when asked for, one tensor at a time, into the caller's memory, converted to the dtype that
 * is wanted, contiguous and row-major whatever the strides in the file. Axes keep the file's order.
 *
 * Files are taken for hostile: nothing in one is executed, sizes are checked before memory is asked
 * for, and every failure is one sentence in ad_error(ctx) that names the file (and the tensor).
 * PyTorch's pickles are read by a small machine that builds tensors and plain containers only; a
 * file that asks for anything else is refused by the name of what it asks for.
 *
 * Writing: a file appears whole or not at all (written beside the target, flushed, renamed); the
 * same tensors give the same bytes. Pictures have a header of their own, image.h.
 *
 * Stability: stable (base.h says what that means). */
#ifndef AUTODIDACT_IO_H
#define AUTODIDACT_IO_H

#include <autodidact/gguf.h>
#include <autodidact/tensor.h>
#include <autodidact/watch.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum ad_file_format {
    AD_FILE_SAFETENSORS = 0,
    AD_FILE_TORCH_ZIP,    /* torch.save since 1.6 */
    AD_FILE_TORCH_LEGACY, /* torch.save before 1.6: a stream of pickles, then raw storages */
    AD_FILE_NPY,
    AD_FILE_NPZ,
    AD_FILE_SHARDED,   /* several safetensors, named by an index (model.safetensors.index.json) */
    AD_FILE_LLAMA2C,   /* a Llama as llama2.c keeps it, by Hugging Face's names */
    AD_FILE_GGUF,      /* llama.cpp's */
    AD_FILE_VARIABLES, /* raw f32, a file each, beside manifest.json in an archive (deeplearn.js) */
} ad_file_format;

/* For people: "safetensors", "PyTorch (zip)", "PyTorch (before 1.6)", "npy", "npz",
 * "safetensors in several files", "llama2.c", "GGUF", "archive of variables". */
AD_API const char *ad_file_format_name(ad_file_format format);

/* Bytes that one compressed file or archive may become, or that may come through one pipe: 2 GiB,
 * or the size of the file itself if that is larger, unless this sets another bound (0: 2 GiB
 * again). More is AD_ERROR_LIMIT. It holds for all that the context's readers open. */
AD_API void ad_file_expand_limit(ad_context *ctx, size_t bytes);
/* Where the context's readers say, in a sentence each, what they left out or guessed; NULL:
 * nowhere.
 */
AD_API void ad_file_notes(ad_context *ctx, void (*note)(void *user, const char *sentence),
                          void *user);

/* ---- reading ---- */

typedef struct ad_file ad_file; /* an opened weights file; used by its context's thread only */

/* Opens and lists; `*out` is NULL on an error. The file must not change while it is open. */
AD_API ad_status ad_file_open(ad_file **out, ad_context *ctx, const char *path);
/* The same from memory, which must stay until ad_file_close; `name` stands for the file in errors.
 * An index of several files is refused: none lie beside it. */
AD_API ad_status ad_file_open_memory(ad_file **out, ad_context *ctx, const char *name,
                                     const void *bytes, size_t size);
AD_API void ad_file_close(ad_file *file); /* NULL is ignored */

AD_API ad_file_format ad_file_get_format(const ad_file *file);
AD_API const char *ad_file_path(const ad_file *file); /* as given to open */

/* One tensor of a file. Owned by the file.
 *
 * Names. safetensors, npz: as in the file (npz without ".npy"). npy, and a .pth that holds one bare
 * tensor: "tensor". PyTorch: the path through dictionaries and lists, joined by dots
 * ("model.module.conv1.weight" is `raw_name`). In all formats `name` is that without what wraps the
 * network, where it wraps all of it, again and again: "_orig_mod.", "module.", "state_dict.",
 * "model_state_dict.", "model." (but for Hugging Face's model.embed_tokens and model.layers), and
 * of PyTorch a dictionary "model_state", "model", "net", "network", "weights", "params",
 * "generator", "online_model" or "checkpoint". Numbers (tensors without axes) and an optimizer's
 * tensors may stand outside. So may averaged weights ("ema", "model_ema", "ema_model",
 * "params_ema", ...), which keep that prefix beside plain ones, said in a note, and lose it where
 * they are alone. A storage that several tensors share is listed under each of their names.
 * llama2.c: Hugging Face's names of a Llama, the rows of queries and keys in Hugging Face's order.
 * GGUF of the architectures gpt2 and llama: likewise, GPT-2's matrices [in, out]; `raw_name` is
 * llama.cpp's. */
typedef struct ad_file_entry {
    const char *name, *raw_name;
    ad_dtype dtype; /* what it is read as with no conversion: int8, int16, uint16 as i32, uint32 as
                       i64, what is quantised as f32; AD_DTYPES: a type that cannot be read
                       (complex, strings, ...) */
    const char *stored; /* the file's own word for the type: "F32", "FloatStorage", "<f4", "Q8_0" */
    ad_shape shape;
    int64_t bytes; /* contiguous, in the file's type */
} ad_file_entry;

AD_API int ad_file_count(const ad_file *file);
AD_API const ad_file_entry *ad_file_at(const ad_file *file, int index); /* in the file's order */
/* The index of the tensor called `name` (or whose raw name it is); -1: none. */
AD_API int ad_file_find(const ad_file *file, const char *name);

/* Reads tensor `index` as `dtype` into `data`, which holds exactly `bytes` bytes: the element count
 * times ad_dtype_size(dtype), or an argument error. On an error, what `data` holds is undefined. */
AD_API ad_status ad_file_read(ad_file *file, int index, ad_dtype dtype, void *data, size_t bytes);
/* Reads the tensor called `name`, which must have this shape: a missing one is AD_ERROR_NOT_FOUND
 * and names the nearest, another shape is AD_ERROR_SHAPE and names both. */
AD_API ad_status ad_file_read_named(ad_file *file, const char *name, ad_dtype dtype, ad_shape shape,
                                    void *data, size_t bytes);

/* Whether the rows of matrix `index` can be read apart from each other: it has two axes and is
 * neither compressed nor quantised. */
AD_API bool ad_file_has_rows(const ad_file *file, int index);
/* Rows begin to begin + rows of such a matrix as ad_file_read reads all of them: for matrices that
 * need not be in memory as a whole. Rows that lie in the file as they are wanted (same dtype) come
 * straight into `data`, by all threads of the context, and are kept nowhere else. */
AD_API ad_status ad_file_read_rows(ad_file *file, int index, int64_t begin, int64_t rows,
                                   ad_dtype dtype, void *data, size_t bytes);

/* From now on matrix `index` is listed and read with its axes swapped: for files whose writers keep
 * [out, in] what others keep [in, out]. */
AD_API ad_status ad_file_transpose(ad_file *file, int index);
/* From now on tensor `index` is called `name`, which is copied and must be no other tensor's; its
 * raw name stays: for files whose writers name the same otherwise. */
AD_API ad_status ad_file_rename(ad_file *file, int index, const char *name);

/* What a file says beside its tensors. safetensors: __metadata__ (of several: that of the first).
 * npz: the strings of the object in metadata.json, if there is such a member.
 * PyTorch: numbers, strings and booleans in dictionaries, by path ("epoch", "args.lr"), as text.
 * llama2.c: its header ("dim", "hidden_dim", "n_layers", "n_heads", "n_kv_heads", "vocab_size",
 * "max_seq_len"). GGUF: what is no list, numbers as text ("llama.block_count"). */
typedef struct ad_metadata {
    const char *key, *value;
} ad_metadata;

AD_API int ad_file_metadata_count(const ad_file *file);
AD_API ad_metadata ad_file_metadata_at(const ad_file *file, int index);
AD_API const char *ad_file_metadata(const ad_file *file, const char *key); /* NULL: none */

/* ---- writing ---- */

typedef struct ad_named_tensor {
    const char *name;
    ad_tensor tensor; /* contiguous */
} ad_named_tensor;

/* Each writes `count` tensors atomically; on an error the file that was there stays as it was.
 * Names must differ and be UTF-8. safetensors takes every dtype and keeps the order, but for larger
 * elements coming first. npy has no bf16: it is widened to f32, which loses nothing. npz is stored
 * uncompressed, as numpy.savez does; a name must not lead out of the folder that the archive is
 * unpacked to. Its metadata are a member "metadata.json". */
AD_API ad_status ad_safetensors_write(ad_context *ctx, const char *path,
                                      const ad_named_tensor *tensors, int count,
                                      const ad_metadata *metadata, int metadata_count);
AD_API ad_status ad_npz_write(ad_context *ctx, const char *path, const ad_named_tensor *tensors,
                              int count);
AD_API ad_status ad_npy_write(ad_context *ctx, const char *path, const ad_tensor *tensor);
/* By the ending of the path: .safetensors, .npz, .gguf, or .npy (which takes one tensor, and no
 * metadata). */
AD_API ad_status ad_file_write(ad_context *ctx, const char *path, const ad_named_tensor *tensors,
                               int count, const ad_metadata *metadata, int metadata_count);
/* Every regular file below a folder, once, in no particular order: `path` can be opened, `name` is
 * the part of it below the folder. Hidden ones are left out; what else is, is said in a note. An
 * error of `file` ends it. */
AD_API ad_status ad_folder_files(ad_context *ctx, const char *path,
                                 ad_status (*file)(void *user, const char *path, const char *name),
                                 void *user);
/* A whole file of any bytes, such as a text; atomically, too. */
AD_API ad_status ad_bytes_write(ad_context *ctx, const char *path, const void *bytes, size_t count);
/* Whether ad_file_write could succeed, for asking before long work: a known ending, an existing,
 * writable folder, no folder of that name. Touches nothing that exists. */
AD_API ad_status ad_file_can_write(ad_context *ctx, const char *path);

typedef struct ad_file_convert_options {
    const ad_dtype *floats; /* all floating-point tensors become this; NULL: as they are read */
    bool raw_names;         /* keep raw names */
    const char *prefix;     /* put in front of names that do not begin so; NULL: nothing is */
    /* Tensors that stay behind, by name; NULL: none. */
    bool (*leave_out)(const char *name);
    const char *const *keep; /* [keep_count] tensors whose names begin with one of these alone, of
                                which each has to have some; count 0: all */
    int keep_count;
    bool leave_out_quietly;      /* that is what is asked for, and no news to the watcher */
    const ad_metadata *metadata; /* beside the file's own, which it goes before */
    int metadata_count;
    const ad_gguf_model *gguf; /* for .gguf: a network that llama.cpp knows (gguf.h), by its
                                  published names, without tensors of other names; NULL: the
                                  metadata are the file's values */
    bool q8_0; /* for .gguf: matrices whose rows are whole blocks of 32 are quantised,
                  the others f16 */
    const ad_watcher *watcher; /* is told what is renamed, retyped or left out; may be NULL */
} ad_file_convert_options;

/* Copies a weights file into another format, one tensor in memory at a time; `options` may be NULL.
 * A file with a tensor of a type that cannot be read is refused. */
AD_API ad_status ad_file_convert(ad_context *ctx, const char *from, const char *to,
                                 const ad_file_convert_options *options);
AD_API ad_status ad_file_convert_opened(ad_file *file, const char *to,
                                        const ad_file_convert_options *options);

#ifdef __cplusplus
}
#endif
#endif
