/* record_values.c - a record from what was parsed. */
#include "command/state.h"

#include <string.h>

int ad_command_read(ad_command *cmd, const ad_record *record, void *value)
{
    ad_context *ctx = ad_command_context(cmd);
    if (!ctx) return AD_EXIT_FAILURE;
    ad_status status = ad_record_init(record, ctx, value, NULL);
    for (const ad_option *o = record->options; o->name && !status; ++o) {
        const ad_command_row *row = ad_command_row_named(cmd, o->name, strlen(o->name));
        if (row && !o->derived) status = ad_record_set(record, ctx, value, o->name, row->value);
    }
    if (!status) return AD_EXIT_OK;
    ad_record_free(record, ctx, value);
    return ad_command_fail(cmd, "%s", ad_error(ctx));
}
