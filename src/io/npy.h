/* npy.h - the header of NumPy's array format, shared by .npy files and the members of .npz files.
 *
 * Magic, version, header length, and a Python dictionary literal with descr, fortran_order and
 * shape (numpy/lib/format.py, versions 1.0 to 3.0). */
#ifndef AD_IO_NPY_H
#define AD_IO_NPY_H

#include "base/text.h"
#include "io/weights.h"

enum { AD_NPY_START = 12 }; /* bytes that tell how long the header is */

/* Bytes of magic, version, length and header together, from the first AD_NPY_START bytes (`have`
 * may be fewer); 0: this is no npy header, or one too long to be meant. */
size_t ad_npy_header_size(const unsigned char *start, size_t have);
/* Parses the whole header (`size` bytes, as above) of an array that is `total` bytes long with it,
 * and adds the tensor, whose storage is `bytes` or a zip member. */
ad_status ad_npy_add(ad_file *file, const char *name, size_t length, const unsigned char *header,
                     size_t size, size_t total, const unsigned char *bytes, int64_t member);

/* The header for a tensor, padded so that data starts at a multiple of 64. */
void ad_npy_header(ad_text *out, ad_dtype dtype, ad_shape shape);

#endif
