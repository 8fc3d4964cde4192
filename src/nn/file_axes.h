/* file_axes.h - variables in their files' order of axes (ad_file_layout), which is not always ours.
 */
#ifndef AD_NN_FILE_AXES_H
#define AD_NN_FILE_AXES_H

#include "nn/vars.h"

#include "io/blocks.h"

/* What the layout says of quantised rows; NULL: it is of none. */
const ad_block_type *ad_layout_blocks(int layout);
bool ad_layout_turned(int layout);
/* Of such a layout the numbers' shape and f32, else those of the variable. */
ad_shape ad_layout_file_shape(ad_shape shape, int layout);
ad_dtype ad_file_dtype(const ad_variable *variable);
/* The numbers from or to f32 in the file's order. */
void ad_file_quantise(const ad_variable *variable, const float *file, unsigned char *ours);
void ad_file_dequantise(const ad_variable *variable, const unsigned char *ours, float *file);

ad_shape ad_file_shape(const ad_variable *variable);
/* The value from or to the file's order; of a variable whose layout is not AD_LAYOUT_SAME,
 * nor one of quantised rows. */
void ad_file_reorder(const ad_variable *variable, void *ours, void *file, bool to_file);
size_t ad_variable_bytes(const ad_variable *variable);

#endif
