/* make_steps.h - a problem for every step of chains that there is: each elementwise op of the table
 * on each type that has it, with operands from memory or a number for one of them, alone or with
 * another step behind it (chain_numbers.c and chain_segment.c have code of their own for those),
 * and each cast. Included by makers.c. */
#include "make_sums.h"

typedef struct step_problem {
    uint16_t op;
    ad_dtype type, memory; /* of the operands; of a cast: from memory, to `to` */
    ad_dtype to;
    int number;  /* the operand that is a number, or -1 */
    bool behind; /* a negation follows */
} step_problem;

static step_problem step_problems[2048];
static int n_step_problems;

static void list_step(step_problem p)
{
    if (n_step_problems < (int)(sizeof step_problems / sizeof *step_problems))
        step_problems[n_step_problems++] = p;
}

static void list_op(uint16_t op)
{
    static const ad_dtype types[] = {AD_F32, AD_F64, AD_I32, AD_I64, AD_U8};
    for (int t = 0; t < 5; ++t) {
        ad_dtype type = types[t];
        if (!step_exists(op, type)) continue;
        bool logic = ad_ops[op].infer == ad_infer_logic;
        list_step((step_problem){op, type, logic ? AD_BOOL : type, type, -1, false});
        if (type != AD_F32) continue;
        list_step((step_problem){op, type, AD_BF16, type, -1, false});
        list_step((step_problem){op, type, AD_F16, type, -1, false});
        if (!step_decides(op)) list_step((step_problem){op, type, type, type, -1, true});
        for (int k = op == AD_OP_WHERE; ad_ops[op].max_inputs > 1 && k < ad_ops[op].max_inputs;
             ++k) {
            list_step((step_problem){op, type, type, type, k, false});
            if (!step_decides(op)) list_step((step_problem){op, type, type, type, k, true});
        }
    }
}

int count_step_problems(void)
{
    if (n_step_problems) return n_step_problems;
    for (int op = 0; op < AD_OPS; ++op)
        if (ad_ops[op].klass == AD_CLASS_ELEMENTWISE && op != AD_OP_CAST) list_op((uint16_t)op);
    for (int from = 0; from < AD_DTYPES; ++from)
        for (int to = 0; to < AD_DTYPES; ++to)
            list_step((step_problem){AD_OP_CAST, ad_chain_type((ad_dtype)from), (ad_dtype)from,
                                     (ad_dtype)to, -1, false});
    return n_step_problems;
}

static void make_step_chain(ad_chain *chain, const step_problem *p)
{
    static const double numbers[] = {-2, -0.5, 0.5, 1, 3};
    bool cast = p->op == AD_OP_CAST, narrow = p->to == AD_BF16 || p->to == AD_F16;
    bool decides = step_decides(p->op);
    uint8_t type = (uint8_t)p->type, next = 0, operand[3] = {0};
    int operands = ad_ops[p->op].max_inputs;
    ad_chain_step step = {.op = p->op, .type = type, .to = type, .a = -0.5, .b = 2};
    *chain = (ad_chain){.n_outputs = 1};
    for (int k = 0; k < operands; ++k) {
        if (k == p->number) continue;
        chain->input[next] = p->op == AD_OP_WHERE && k == 0 ? AD_BOOL : p->memory;
        operand[k] = next++;
    }
    chain->n_inputs = next;
    if (p->number >= 0) {
        operand[p->number] = next;
        chain->step[chain->n_steps++] = (ad_chain_step){.op = AD_OP_FILL,
                                                        .type = type,
                                                        .to = type,
                                                        .dst = next++,
                                                        .a = numbers[solve_below(5)]};
    }
    if (cast) step.to = (uint8_t)(narrow ? AD_F32 : p->to);
    if (decides) step.to = AD_U8;
    step.n_src = (uint8_t)operands, step.dst = next++;
    memcpy(step.src, operand, sizeof operand);
    chain->step[chain->n_steps++] = step;
    if (p->behind) {
        chain->step[chain->n_steps++] = (ad_chain_step){
            .op = AD_OP_NEG, .type = type, .to = type, .dst = next, .src = {step.dst}, .n_src = 1};
        ++next;
    }
    chain->output[0] = cast ? p->to : decides ? AD_BOOL : p->memory;
    chain->output_register[0] = (uint8_t)(next - 1);
    chain->n_registers = next;
}

/* Operands all over the step's interval; some whole numbers, so that some are equal. */
static void fill_step_operand(solver_case *c, int i, const step_problem *p)
{
    const ad_operand *o = &c->problem.in[i];
    step_facts facts = step_facts_of(p->op);
    bool truth = o->dtype == AD_BOOL, half = o->dtype == AD_BF16 || o->dtype == AD_F16;
    size_t size = ad_dtype_size(o->dtype);
    for (size_t k = 0; k < c->in_bytes[i] / size; ++k) {
        double value = step_operand(&facts, solve_uniform(0, 1));
        if (fabs(value) > 1e4 && facts.low < 0 && (half || solve_below(2))) value *= 1e-4;
        if (solve_below(4) == 0 && fabs(value) > 1) value = trunc(value);
        if (truth) value = (double)solve_below(2);
        if (o->dtype == AD_U8) value = (double)solve_below(256);
        set_element(c->in_block[i], o->dtype, (int64_t)k, value);
    }
}

/* Every other problem is a step on its own, the others are random chains. */
static void make_chain(solver_case *c, int op, int medium)
{
    static const ad_dtype memories[] = {AD_F32, AD_F32, AD_BF16, AD_F16};
    static const ad_dtype types[] = {AD_F32, AD_F32, AD_F64, AD_I32, AD_I64};
    int rank = (int)random_in(0, 5), layout = (int)random_in(0, 1);
    int64_t dim[AD_MAX_RANK] = {256, 1024};
    ad_dtype type = types[solve_below(5)];
    ad_chain *chain = &c->chain;
    const step_problem *single = NULL;
    if (medium) { /* gelu(x + bias) */
        uint8_t t = AD_F32;
        rank = 2, layout = 0;
        *chain = (ad_chain){.n_inputs = 2, .n_steps = 2, .n_outputs = 1, .n_registers = 4};
        chain->input[0] = chain->input[1] = chain->output[0] = AD_F32;
        chain->step[0] = (ad_chain_step){AD_OP_ADD, t, t, 2, {0, 1}, 2, 0, 0};
        chain->step[1] = (ad_chain_step){AD_OP_GELU, t, t, 3, {2}, 1, 0, 0};
        chain->output_register[0] = 3;
    } else {
        random_dims(rank, 6000, dim);
        if (number % 2) single = &step_problems[number / 2 % (uint64_t)count_step_problems()];
        if (single)
            make_step_chain(chain, single);
        else
            random_chain(chain, type, type == AD_F32 ? memories : &type,
                         type == AD_F32 && solve_below(2) ? 4 : 1);
    }
    c->problem = (ad_problem){.op = op, .chain = chain};
    for (int i = 0; i < chain->n_inputs; ++i) {
        unsigned broadcast = 0;
        for (int axis = 0; axis < rank; ++axis)
            if (solve_below(5) == 0) broadcast |= 1u << axis;
        if (medium) broadcast = i == 1;
        add_filled(c, chain->input[i], rank, dim, layout, broadcast, -4, 5);
        if (single) fill_step_operand(c, i, single);
        if (layout && solve_below(3) == 0) reverse(c, i);
    }
    for (int o = 0; o < chain->n_outputs; ++o) add_output(c, chain->output[o], rank, dim, layout);
}
