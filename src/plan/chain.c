/* chain.c - what a chain must be, and how it prints. */
#include "plan/chain.h"

#include "ops/rules.h"

ad_dtype ad_chain_type(ad_dtype memory)
{
    switch (memory) {
    case AD_BF16:
    case AD_F16: return AD_F32;
    case AD_BOOL: return AD_U8;
    default: return memory;
    }
}

static bool gives_truth(int op)
{
    bool (*infer)(ad_infer *) = ad_ops[op].infer;
    return infer == ad_infer_equal || infer == ad_infer_order || infer == ad_infer_logic;
}

bool ad_chain_verify(const ad_chain *chain)
{
    int type[AD_CHAIN_REGISTERS];
    if (chain->n_inputs < 0 || chain->n_inputs > AD_CHAIN_INPUTS || chain->n_steps < 0 ||
        chain->n_steps > AD_CHAIN_STEPS || chain->n_outputs < 1 ||
        chain->n_outputs > AD_CHAIN_OUTPUTS || chain->n_registers < chain->n_inputs ||
        chain->n_registers > AD_CHAIN_REGISTERS)
        return false;
    for (int r = 0; r < AD_CHAIN_REGISTERS; ++r)
        type[r] = r < chain->n_inputs ? (int)ad_chain_type(chain->input[r]) : -1;
    for (int s = 0; s < chain->n_steps; ++s) {
        const ad_chain_step *step = &chain->step[s];
        if (step->op != AD_OP_FILL && ad_ops[step->op].klass != AD_CLASS_ELEMENTWISE) return false;
        if (step->dst >= chain->n_registers || step->n_src > 3) return false;
        for (int i = 0; i < step->n_src; ++i) {
            int want = step->op == AD_OP_WHERE && i == 0 ? (int)AD_U8 : (int)step->type;
            if (step->src[i] >= chain->n_registers || step->src[i] == step->dst) return false;
            if (type[step->src[i]] != want) return false;
        }
        type[step->dst] = (int)ad_chain_type((ad_dtype)step->to);
        if (gives_truth(step->op) && step->to != AD_U8) return false;
    }
    for (int o = 0; o < chain->n_outputs; ++o) {
        if (chain->output_register[o] >= chain->n_registers) return false;
        if (type[chain->output_register[o]] != (int)ad_chain_type(chain->output[o])) return false;
    }
    return true;
}

static double step_work(const ad_chain_step *step)
{
    double wide = step->type == AD_F64 || step->type == AD_I64 ? 2 : 1;
    return step->op == AD_OP_FILL ? 0.5 : wide * ad_ops[step->op].step_work;
}

double ad_chain_work(const ad_chain *chain)
{
    double work = 0;
    for (int s = 0; s < chain->n_steps; ++s) work += step_work(&chain->step[s]);
    return work;
}

void ad_chain_print(ad_text *text, const ad_chain *chain)
{
    for (int s = 0; s < chain->n_steps; ++s) {
        const ad_chain_step *step = &chain->step[s];
        ad_text_format(text, "%sr%d = %s", s ? "; " : "", step->dst, ad_ops[step->op].name);
        if (step->op == AD_OP_FILL) ad_text_format(text, " %g", step->a);
        if (step->op == AD_OP_CAST) ad_text_format(text, " %s", ad_dtype_name((ad_dtype)step->to));
        for (int i = 0; i < step->n_src; ++i)
            ad_text_format(text, "%s r%d", i ? "," : "", step->src[i]);
        if (ad_ops[step->op].attr_bytes != sizeof(ad_attr_scalar)) continue;
        ad_text_format(text, ", %g", step->a);
        if (step->b != 0 || step->op == AD_OP_CLAMP) ad_text_format(text, ", %g", step->b);
    }
    for (int o = 0; o < chain->n_outputs; ++o)
        ad_text_format(text, "%sr%d",
                       o                ? ", "
                       : chain->n_steps ? " -> "
                                        : "-> ",
                       chain->output_register[o]);
}
