/* problem_text.c - a problem as one line of text, by which wisdom knows it: operation, operands as
 * "f32[dims:strides]", attributes as numbers, the chain step by step. */
#include "plan/tune.h"

#include <string.h>

static void add_operand(ad_text *text, const ad_operand *operand)
{
    ad_text_format(text, " %s[", ad_dtype_name(operand->dtype));
    for (int i = 0; i < operand->rank; ++i)
        ad_text_format(text, "%s%lld", i ? "," : "", (long long)operand->dim[i]);
    ad_text_add(text, ":");
    for (int i = 0; i < operand->rank; ++i) /* how far apart the elements of one are says nothing */
        ad_text_format(text, "%s%lld", i ? "," : "",
                       operand->dim[i] == 1 ? 0LL : (long long)operand->stride[i]);
    ad_text_add(text, "]");
}

/* Attribute structs are made of whole and real numbers of 64 bits (attrs.h). */
static void add_attributes(ad_text *text, const ad_problem *problem)
{
    size_t count = problem->attr ? ad_ops[problem->op].attr_bytes / sizeof(int64_t) : 0;
    for (size_t i = 0; i < count; ++i) {
        int64_t word;
        memcpy(&word, (const char *)problem->attr + i * sizeof word, sizeof word);
        ad_text_format(text, "%s%lld", i ? "," : " with ", (long long)word);
    }
}

static void add_step(ad_text *text, const ad_chain_step *step)
{
    ad_text_format(text, "; r%d = %s %s", step->dst, ad_ops[step->op].name,
                   ad_dtype_name((ad_dtype)step->type));
    if (step->to != step->type) ad_text_format(text, ">%s", ad_dtype_name((ad_dtype)step->to));
    for (int i = 0; i < step->n_src; ++i) ad_text_format(text, " r%d", step->src[i]);
    if (step->a != 0 || step->b != 0) ad_text_format(text, " %.17g %.17g", step->a, step->b);
}

static void add_chain(ad_text *text, const ad_chain *chain)
{
    ad_text_format(text, " then %d", chain->n_inputs);
    for (int s = 0; s < chain->n_steps; ++s) add_step(text, &chain->step[s]);
    for (int o = 0; o < chain->n_outputs; ++o)
        ad_text_format(text, "%s r%d", o ? "," : " ->", chain->output_register[o]);
}

void ad_problem_text(ad_text *text, const ad_problem *problem)
{
    ad_text_add(text, problem->op == AD_OP_CHAIN ? "chain" : ad_ops[problem->op].name);
    for (int i = 0; i < problem->n_in; ++i) add_operand(text, &problem->in[i]);
    ad_text_add(text, " ->");
    for (int i = 0; i < problem->n_out; ++i) add_operand(text, &problem->out[i]);
    if (problem->op != AD_OP_CHAIN) add_attributes(text, problem);
    if (problem->chain) add_chain(text, problem->chain);
}
