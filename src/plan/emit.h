/* emit.h - how kernels, buffers and copies are added to a program in the making (emit.c). */
#ifndef AD_PLAN_EMIT_H
#define AD_PLAN_EMIT_H

#include "plan/plan.h"

/* Each returns false, -1 or NULL with the context's error set. */
int ad_emit_buffer(ad_plan *plan, ad_place place, size_t bytes, const char *name);
int ad_emit_value(ad_plan *plan); /* a value that is no node's; invalidates pointers to values */
/* Where the value of a node or temporary begins; gives it its buffer if it has none. */
bool ad_emit_ref(ad_plan *plan, int id, ad_ref *ref);
/* `writer` writes `value`: a kernel's index, or ~part of a concatenation. */
bool ad_emit_writer(ad_plan *plan, int value, int writer);
ad_kernel *ad_emit_kernel(ad_plan *plan, const ad_problem *problem, const ad_solver *solver,
                          const char *name);
bool ad_emit_copy(ad_plan *plan, ad_ref from, const ad_operand *from_operand, ad_ref to,
                  const ad_operand *to_operand, int order, const char *name);
/* A contiguous copy in the arena of value `id` seen as `operand`: the temporary's index. */
int ad_emit_temporary(ad_plan *plan, int id, const ad_operand *operand, int order,
                      const char *name);

#endif
