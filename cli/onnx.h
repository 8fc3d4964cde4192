/* onnx.h - running a network of an ONNX file from the command line: what its inputs are given. */
#ifndef AD_CLI_ONNX_H
#define AD_CLI_ONNX_H

#include <autodidact/command.h>
#include <autodidact/onnx.h>

/* What one input is given: numbers from a file, or a picture. */
typedef struct ad_cli_given {
    const ad_onnx_value *input; /* NULL: nothing yet */
    const char *path;
    ad_tensor tensor; /* data: malloc */
    bool channels_last;
} ad_cli_given;

/* Fills given[0 .. inputs of the model) from operands [first .. of the command: NAME=FILE, or FILE
 * for the next input, or for several by the names of its tensors. */
ad_status ad_cli_onnx_inputs(ad_command *cmd, const ad_onnx *model, int first, double range,
                             ad_cli_given *given);
void ad_cli_onnx_inputs_free(ad_cli_given *given, int count);

/* Of info. */
int ad_cli_info_onnx(ad_command *cmd, ad_context *ctx, const char *path);

#endif
