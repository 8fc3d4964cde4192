/* claim.c - a run claims the storages that it touches: to change those that it assigns into, to
 * read the others. So programs of several threads over one store never meet in it (nn.h). */
#include "plan/program.h"

static void release(ad_program *program, int count)
{
    for (int i = 0; i < count; ++i)
        ad_storage_release(program->storages[i].storage, program->storages[i].assigned);
}

/* A variable of the storage that the program knows by name. */
static const char *some_variable(const ad_program *program, const ad_storage *storage)
{
    for (int b = 0; b < program->n_buffers; ++b) {
        const ad_buffer *buffer = &program->buffers[b];
        if (buffer->place == AD_IN_VARIABLE && buffer->storage == storage) return buffer->name;
    }
    return "a variable";
}

ad_status ad_program_claim(ad_program *program)
{
    for (int i = 0; i < program->n_storages; ++i) {
        const ad_program_storage *entry = &program->storages[i];
        if (ad_storage_claim(entry->storage, entry->assigned)) continue;
        release(program, i);
        return ad_fail(program->ctx, AD_ERROR_ARGUMENT,
                       "%s is in use: another program %s it or its block at this moment",
                       some_variable(program, entry->storage),
                       entry->assigned ? "reads or changes" : "changes");
    }
    return AD_OK;
}

void ad_program_release(ad_program *program)
{
    release(program, program->n_storages);
}
