/* walk.h - counting through some axes of a domain, the last the fastest. */
#ifndef AD_CPU_WALK_H
#define AD_CPU_WALK_H

#include "plan/device.h"

typedef struct ad_walk {
    int rank;
    int axis[AD_MAX_RANK];
    int64_t dim[AD_MAX_RANK], count;
} ad_walk;

/* All axes of the operand with more than one element but `skip` and `skip2` (-1: none). */
static inline ad_walk ad_walk_axes(const ad_operand *operand, int skip, int skip2)
{
    ad_walk walk = {.count = 1};
    for (int axis = 0; axis < operand->rank; ++axis) {
        if (axis == skip || axis == skip2 || operand->dim[axis] == 1) continue;
        walk.axis[walk.rank] = axis;
        walk.dim[walk.rank++] = operand->dim[axis];
        walk.count *= operand->dim[axis];
    }
    return walk;
}

/* The offset of position `index` with the given strides per axis of the operand. */
static inline int64_t ad_walk_offset(const ad_walk *walk, int64_t index, const int64_t *stride)
{
    int64_t offset = 0;
    for (int k = walk->rank - 1; k >= 0 && index; --k) {
        offset += index % walk->dim[k] * stride[walk->axis[k]];
        index /= walk->dim[k];
    }
    return offset;
}

#endif
