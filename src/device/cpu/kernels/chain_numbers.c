/* chain_numbers.c - f32 steps with a number for one operand, so that it need not be filled into a
 * tile: arithmetic, comparisons, and choices between a tile and a number. */
#include "device/cpu/kernels/chain_steps.h"
#include "device/cpu/simd.h"

#define SIGNATURE                                                                                  \
    (void *dst, const void *a, const void *b, const void *c, const ad_chain_step *step, int64_t n)

/* x: the tile, k: the number */
#define NUMBER(name, expression)                                                                   \
    static void name SIGNATURE                                                                     \
    {                                                                                              \
        vf k = vf_set1((float)step->a);                                                            \
        (void)b, (void)c;                                                                          \
        AD_INDEPENDENT for (int64_t i = 0; i < n; i += AD_VF)                                      \
        {                                                                                          \
            vf x = vf_load((const float *)a + i);                                                  \
            vf_store((float *)dst + i, expression);                                                \
        }                                                                                          \
    }
NUMBER(add, vf_add(x, k))
NUMBER(sub_from, vf_sub(k, x))
NUMBER(sub, vf_sub(x, k))
NUMBER(mul, vf_mul(x, k))
NUMBER(div_by, vf_div(x, k))
NUMBER(div_into, vf_div(k, x))
NUMBER(maximum, vf_select(vm_or(vf_gt(x, k), vf_ne(x, x)), x, k))
NUMBER(minimum, vf_select(vm_or(vf_lt(x, k), vf_ne(x, x)), x, k))

#define COMPARE(name, operator)                                                                    \
    static void name SIGNATURE                                                                     \
    {                                                                                              \
        const float *x = a;                                                                        \
        uint8_t *y = dst;                                                                          \
        float k = (float)step->a;                                                                  \
        (void)b, (void)c;                                                                          \
        AD_INDEPENDENT for (int64_t i = 0; i < n; ++i) y[i] = x[i] operator k;                     \
    }
COMPARE(equal, ==)
COMPARE(not_equal, !=)
COMPARE(less, <)
COMPARE(less_equal, <=)
COMPARE(greater, >)
COMPARE(greater_equal, >=)

static void number_else SIGNATURE
{
    const uint8_t *condition = a;
    const float *x = b;
    float *y = dst, k = (float)step->a;
    (void)c;
    AD_INDEPENDENT for (int64_t i = 0; i < n; ++i)
    {
        float no = x[i];
        y[i] = condition[i] ? k : no;
    }
}

static void else_number SIGNATURE
{
    const uint8_t *condition = a;
    const float *x = b;
    float *y = dst, k = (float)step->a;
    (void)c;
    AD_INDEPENDENT for (int64_t i = 0; i < n; ++i)
    {
        float yes = x[i];
        y[i] = condition[i] ? yes : k;
    }
}

ad_chain_kernel AD_ISA_NAME(ad_chain_number_kernel)(const ad_chain_step *step, int which)
{
    if (step->type != AD_F32) return NULL;
    switch (step->op) {
    case AD_OP_ADD: return add;
    case AD_OP_SUB: return which ? sub : sub_from;
    case AD_OP_MUL: return mul;
    case AD_OP_DIV: return which ? div_by : div_into;
    case AD_OP_MAXIMUM: return which ? maximum : NULL;
    case AD_OP_MINIMUM: return which ? minimum : NULL;
    case AD_OP_EQUAL: return equal;
    case AD_OP_NOT_EQUAL: return not_equal;
    case AD_OP_LESS: return which ? less : greater;
    case AD_OP_LESS_EQUAL: return which ? less_equal : greater_equal;
    case AD_OP_GREATER: return which ? greater : less;
    case AD_OP_GREATER_EQUAL: return which ? greater_equal : less_equal;
    case AD_OP_WHERE: return which == 2 ? else_number : which == 1 ? number_else : NULL;
    default: return NULL;
    }
}
