/* kernel.c - what a kernel of a program reads and writes. */
#include "plan/program.h"

bool ad_kernel_reads(const ad_kernel *kernel, int i)
{
    if (kernel->packs) return i == 1;
    return kernel->packed < 0 || i != 1;
}

bool ad_kernel_writes(const ad_kernel *kernel)
{
    return !kernel->packs;
}

static ad_span of_operand(const ad_program *program, const ad_ref *ref, const ad_operand *operand,
                          int owner)
{
    const ad_buffer *buffer = &program->buffers[ref->buffer];
    if (buffer->place != AD_IN_VARIABLE) return (ad_span){.owner = owner};
    int64_t begin, end, at = ref->offset + (int64_t)buffer->offset;
    ad_operand_span(operand, &begin, &end);
    return (ad_span){buffer->storage, at + begin, at + end, owner};
}

ad_span ad_span_of_input(const ad_program *program, const ad_kernel *kernel, int i, int owner)
{
    return of_operand(program, &kernel->in[i], &kernel->problem.in[i], owner);
}

ad_span ad_span_of_output(const ad_program *program, const ad_kernel *kernel, int o, int owner)
{
    return of_operand(program, &kernel->out[o], &kernel->problem.out[o], owner);
}
