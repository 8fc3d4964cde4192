/* sizes.c - a network's sizes from the command line. */
#include "zoo/gpt/sizes.h"

void gpt_sizes_read(ad_command *cmd, gpt_config *c)
{
    *c = (gpt_config){.arch = (gpt_arch)ad_command_choice(cmd, "arch"),
                      .layers = ad_command_int(cmd, "layers"),
                      .heads = ad_command_int(cmd, "heads"),
                      .kv_heads = ad_command_int(cmd, "kv-heads"),
                      .width = ad_command_int(cmd, "width"),
                      .hidden = ad_command_int(cmd, "hidden"),
                      .block = ad_command_int(cmd, "block"),
                      .eps = 1e-5,
                      .rope_theta = 10000};
    if (!c->kv_heads) c->kv_heads = c->heads;
    if (!c->hidden && c->arch == GPT_GPT2) c->hidden = 4 * c->width;
    if (!c->hidden) c->hidden = (8 * c->width / 3 + 31) / 32 * 32; /* three matrices, not two */
}
