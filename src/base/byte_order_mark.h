/* byte_order_mark.h - the mark that editors put in front of a text. It is no text: every reader of
 * texts and tables drops it here, or through ad_content_read_text (io/content.h). */
#ifndef AD_BASE_BYTE_ORDER_MARK_H
#define AD_BASE_BYTE_ORDER_MARK_H

#include "base/context.h"

/* Moves *text behind UTF-8's mark, if it begins with one. The mark of UTF-16 or UTF-32 is an error
 * that says so; `name` stands for the file. */
ad_status ad_skip_byte_order_mark(ad_context *ctx, const char *name, const unsigned char **text,
                                  size_t *size);

#endif
