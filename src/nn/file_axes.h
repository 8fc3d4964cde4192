/* file_axes.h - variables in their files' order of axes (ad_file_layout), which is not always ours.
 */
#ifndef AD_NN_FILE_AXES_H
#define AD_NN_FILE_AXES_H

#include "nn/vars.h"

ad_shape ad_file_shape(const ad_variable *variable);
/* The value from or to the file's order; of a variable whose layout is not AD_LAYOUT_SAME. */
void ad_file_reorder(const ad_variable *variable, void *ours, void *file, bool to_file);
size_t ad_variable_bytes(const ad_variable *variable);

#endif
