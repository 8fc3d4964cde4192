/* chain_slice.c - the part of a chain that some of its outputs need.
 *
 * What the other outputs hold may be taken as given (`cuts`): it is then loaded instead of
 * computed, so that gelu(u) is made again from a stored u without the matmul that made u. Each
 * element goes through the same steps as in the whole chain, so its bits are the same. */
#include "plan/recompute.h"

/* Values are numbered: the inputs, then what each step makes. */
enum { VALUES = AD_CHAIN_INPUTS + AD_CHAIN_STEPS };

typedef struct slicer {
    const ad_chain *chain;
    int source[AD_CHAIN_STEPS][3]; /* values that each step reads */
    int output[AD_CHAIN_OUTPUTS];  /* values that leave the chain */
    int cut[VALUES];               /* the output that it is loaded from, or -1 */
    bool needed[VALUES];
    int last[VALUES]; /* step that reads it last; AD_CHAIN_STEPS: an output */
    int reg[VALUES];
} slicer;

/* f16 and bf16 are rounded on their way to memory: the register has more. */
static bool stored_exactly(ad_dtype dtype)
{
    return dtype != AD_BF16 && dtype != AD_F16;
}

static void number_values(slicer *s)
{
    const ad_chain *chain = s->chain;
    int holds[AD_CHAIN_REGISTERS];
    for (int r = 0; r < AD_CHAIN_REGISTERS; ++r) holds[r] = r < chain->n_inputs ? r : -1;
    for (int k = 0; k < chain->n_steps; ++k) {
        for (int i = 0; i < chain->step[k].n_src; ++i)
            s->source[k][i] = holds[chain->step[k].src[i]];
        holds[chain->step[k].dst] = chain->n_inputs + k;
    }
    for (int o = 0; o < chain->n_outputs; ++o) s->output[o] = holds[chain->output_register[o]];
}

static void find_needed(slicer *s, unsigned outputs, unsigned cuts)
{
    const ad_chain *chain = s->chain;
    for (int v = 0; v < VALUES; ++v) s->cut[v] = s->last[v] = s->reg[v] = -1, s->needed[v] = false;
    for (int o = 0; o < chain->n_outputs; ++o)
        if (cuts >> o & 1 && stored_exactly(chain->output[o])) s->cut[s->output[o]] = o;
    for (int o = 0; o < chain->n_outputs; ++o)
        if (outputs >> o & 1) {
            s->needed[s->output[o]] = true;
            s->last[s->output[o]] = AD_CHAIN_STEPS;
        }
    for (int k = chain->n_steps - 1; k >= 0; --k) {
        int made = chain->n_inputs + k;
        if (!s->needed[made] || s->cut[made] >= 0) continue;
        for (int i = 0; i < chain->step[k].n_src; ++i) {
            int v = s->source[k][i];
            s->needed[v] = true;
            if (s->last[v] < k) s->last[v] = k;
        }
    }
}

static bool add_input(slicer *s, int value, ad_chain_slice *out)
{
    ad_chain *chain = &out->chain;
    if (chain->n_inputs == AD_CHAIN_INPUTS) return false;
    int o = s->cut[value];
    s->reg[value] = chain->n_inputs;
    out->source[chain->n_inputs] = o >= 0 ? ~o : value;
    chain->input[chain->n_inputs++] = o >= 0 ? s->chain->output[o] : s->chain->input[value];
    return true;
}

/* As chain_build.c does it: a register is free again after the last step that reads it. */
static bool add_steps(slicer *s, ad_chain *out)
{
    const ad_chain *chain = s->chain;
    int busy_until[AD_CHAIN_REGISTERS];
    for (int r = 0; r < AD_CHAIN_REGISTERS; ++r) busy_until[r] = -1;
    for (int v = 0; v < VALUES; ++v)
        if (s->reg[v] >= 0) busy_until[s->reg[v]] = s->last[v];
    out->n_registers = out->n_inputs;
    for (int k = 0; k < chain->n_steps; ++k) {
        int r = 0, made = chain->n_inputs + k;
        if (!s->needed[made] || s->cut[made] >= 0) continue;
        while (r < AD_CHAIN_REGISTERS && busy_until[r] >= k) ++r;
        if (r == AD_CHAIN_REGISTERS) return false;
        busy_until[r] = s->last[made];
        s->reg[made] = r;
        if (r >= out->n_registers) out->n_registers = r + 1;
        ad_chain_step *step = &out->step[out->n_steps++];
        *step = chain->step[k];
        step->dst = (uint8_t)r;
        for (int i = 0; i < step->n_src; ++i) step->src[i] = (uint8_t)s->reg[s->source[k][i]];
    }
    return true;
}

bool ad_chain_take(const ad_chain *chain, unsigned outputs, unsigned cuts, bool accumulates,
                   ad_chain_slice *out)
{
    slicer s = {.chain = chain};
    *out = (ad_chain_slice){0};
    number_values(&s);
    find_needed(&s, outputs, cuts & ~outputs);
    for (int v = 0; v < chain->n_inputs; ++v)
        if ((s.needed[v] || (accumulates && v == 0)) && !add_input(&s, v, out)) return false;
    for (int v = chain->n_inputs; v < chain->n_inputs + chain->n_steps; ++v)
        if (s.needed[v] && s.cut[v] >= 0 && !add_input(&s, v, out)) return false;
    if (!add_steps(&s, &out->chain)) return false;
    for (int o = 0; o < chain->n_outputs; ++o) {
        if (!(outputs >> o & 1)) continue;
        out->output[out->chain.n_outputs] = o;
        out->chain.output_register[out->chain.n_outputs] = (uint8_t)s.reg[s.output[o]];
        out->chain.output[out->chain.n_outputs++] = chain->output[o];
    }
    return true;
}
