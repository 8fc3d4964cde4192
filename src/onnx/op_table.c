/* op_table.c - which operations are known, and a sentence about those that are not. */
#include "onnx/build.h"
#include "base/text.h"

#include <string.h>

static const ad_onnx_op_row rows[] = {
#define OP(name, build)         {name, ad_onnx_##build, NULL},
#define FOLD(name, build, fold) {name, ad_onnx_##build, ad_onnx_##fold},
#include "onnx/operations.def"
#undef OP
#undef FOLD
};

enum { LISTED_MOST = 16 };

const ad_onnx_op_row *ad_onnx_op_find(const ad_onnx_op_node *node)
{
    if (*node->domain) return NULL;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; ++i)
        if (!strcmp(rows[i].name, node->op)) return &rows[i];
    return NULL;
}

static bool same_op(const ad_onnx_op_node *a, const ad_onnx_op_node *b)
{
    return !strcmp(a->op, b->op) && !strcmp(a->domain, b->domain);
}

static void add_missing(ad_text *text, const ad_onnx_op_node *node, int number)
{
    const char *name = *node->name ? node->name : node->out_count ? node->out[0] : "";
    if (number < LISTED_MOST)
        ad_text_format(text, "%s%.60s%s%.60s (node \"%.100s\")", number ? ", " : "", node->domain,
                       *node->domain ? "." : "", node->op, name);
    else if (number == LISTED_MOST)
        ad_text_add(text, ", and more");
}

ad_status ad_onnx_check_known(const ad_onnx *model, const ad_onnx_graph *graph, const int *order,
                              int count)
{
    const ad_onnx_op_node *met[LISTED_MOST + 1];
    int missing = 0;
    ad_text text;
    ad_text_init(&text, model->ctx);
    for (int i = 0; i < count && missing <= LISTED_MOST; ++i) {
        const ad_onnx_op_node *node = &graph->nodes[order[i]];
        if (ad_onnx_op_find(node)) continue;
        bool again = false;
        for (int j = 0; j < missing; ++j) again |= same_op(met[j], node);
        if (again) continue;
        add_missing(&text, node, missing);
        met[missing++] = node;
    }
    ad_status status = AD_OK;
    if (text.failed)
        status = AD_ERROR_MEMORY;
    else if (missing)
        status = ad_fail(model->ctx, AD_ERROR_UNSUPPORTED,
                         "%s: operations that are not supported, in opset %lld: %s", model->path,
                         (long long)model->opset, ad_text_get(&text));
    ad_text_free(&text);
    return status;
}
