/* shipped.h - the network that comes with the command: the styles of paintings that are out of
 * copyright, trained by `style train` (docs/style.md says how), inside the binary. */
#ifndef ZOO_STYLE_SHIPPED_H
#define ZOO_STYLE_SHIPPED_H

#include "zoo/style/trained.h"

/* Its file, as any other of `runs export`. */
ad_status style_shipped_open(ad_file **file, ad_context *ctx);
/* What a name stands for (ad_model_find): *style is the index of a built-in one, or -1. */
ad_status style_shipped_find(ad_context *ctx, const char *name, char *path, size_t size,
                             int *style);
/* "a, b and c", as far as it fits into `text`. */
const char *style_names_text(const ad_texts *names, char *text, size_t size);

#endif
