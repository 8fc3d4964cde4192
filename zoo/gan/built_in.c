/* built_in.c - the generators that come with the program: opened by their names (docs/gan.md says
 * how they were trained). */
#include "zoo/gan/gan.h"
#include "zoo/vision/embedded.h"

EMBEDDED_FILE(gan_digits, "models/digits.safetensors")

const ad_built_in gan_built_in[] = {{"digits", gan_digits_open}, {0}};
