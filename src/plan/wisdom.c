/* wisdom.c - the table of winners, and whose programs use it. Files are wisdom_file.c's business,
 * measuring is tune.c's. */
#include "plan/wisdom.h"
#include "base/cpu.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

bool ad_wisdom_plain(const char *text)
{
    size_t length = 0;
    for (; text && text[length]; ++length)
        if ((unsigned char)text[length] < ' ' || text[length] == 0x7f) return false;
    return length > 0 && length < AD_WISDOM_TEXT / 2;
}

/* ---- the table ---- */

static uint64_t hash_of(const char *problem, int machine)
{
    return ad_hash_mix(ad_hash(AD_HASH_START, problem, strlen(problem)) + (uint64_t)machine);
}

ad_wisdom_row *ad_wisdom_row_of(const ad_wisdom *w, const char *problem, int machine)
{
    uint64_t hash = hash_of(problem, machine);
    int32_t i;
    for (int64_t probe = 0; (i = ad_hash_index_next(&w->index, hash, &probe)) >= 0;) {
        ad_wisdom_row *row = &w->rows[i];
        if (row->machine == machine && !strcmp(row->entry.problem, problem)) return row;
    }
    return NULL;
}

ad_wisdom_row *ad_wisdom_row_add(ad_wisdom *w, ad_wisdom_entry entry, int machine)
{
    ad_wisdom_row *known = ad_wisdom_row_of(w, entry.problem, machine);
    if (known) return known;
    ad_wisdom_row *rows = ad_grow(w->ctx, w->rows, &w->rows_room, w->n_rows + 1, sizeof *rows);
    if (!rows) return NULL;
    w->rows = rows;
    ad_wisdom_entry own = {.problem = ad_arena_text(&w->texts, entry.problem),
                           .solver = ad_arena_text(&w->texts, entry.solver),
                           .seconds = entry.seconds};
    if (!own.problem || !own.solver ||
        !ad_hash_index_put(&w->index, hash_of(own.problem, machine), w->n_rows))
        return NULL;
    w->rows[w->n_rows] = (ad_wisdom_row){.entry = own, .machine = machine};
    return &w->rows[w->n_rows++];
}

int ad_wisdom_machine(ad_wisdom *w, const char *text)
{
    for (int i = 0; i < w->n_machines; ++i)
        if (!strcmp(w->machines[i], text)) return i;
    const char **machines = ad_grow(w->ctx, w->machines, &w->machines_room, w->n_machines + 1,
                                    sizeof *machines);
    if (!machines) return -1;
    w->machines = machines;
    const char *own = ad_arena_text(&w->texts, text);
    if (!own) return -1;
    w->machines[w->n_machines] = own;
    return w->n_machines++;
}

/* ---- for everyone ---- */

ad_status ad_wisdom_new(ad_wisdom **wisdom, ad_context *ctx)
{
    char machine[256];
    const ad_cpu *cpu = ad_cpu_get();
    *wisdom = NULL;
    ad_wisdom *w = ad_zalloc(ctx, sizeof *w);
    if (!w) return AD_ERROR_MEMORY;
    w->ctx = w->index.ctx = ctx;
    ad_arena_init(&w->texts, ctx);
    snprintf(machine, sizeof machine, "%s\t%s%s\t%s, family %d, model %d", AD_VERSION,
             ad_context_isa(ctx),
             cpu->amx && ad_context_isa_level(ctx) == AD_ISAS - 1 ? " amx" : "", cpu->model,
             cpu->family, cpu->number);
    if (ad_wisdom_machine(w, machine) != 0) {
        ad_wisdom_free(w);
        return ad_error_status(ctx);
    }
    *wisdom = w;
    return AD_OK;
}

void ad_wisdom_free(ad_wisdom *w)
{
    if (!w) return;
    ad_free(w->ctx, w->machines, (size_t)w->machines_room * sizeof *w->machines);
    ad_free(w->ctx, w->rows, (size_t)w->rows_room * sizeof *w->rows);
    ad_hash_index_free(&w->index);
    ad_arena_free(&w->texts);
    ad_free(w->ctx, w, sizeof *w);
}

void ad_wisdom_use(ad_context *ctx, ad_wisdom *w, bool tune)
{
    if (w) w->tune = tune;
    ad_context_set_wisdom(ctx, w);
}

ad_status ad_wisdom_add(ad_wisdom *w, ad_wisdom_entry entry)
{
    if (!ad_wisdom_plain(entry.problem) || !ad_wisdom_plain(entry.solver) || !(entry.seconds > 0) ||
        !isfinite(entry.seconds))
        return ad_fail(w->ctx, AD_ERROR_ARGUMENT,
                       "wisdom wants a problem and a solver without control characters, and "
                       "seconds above 0");
    ad_wisdom_row *row = ad_wisdom_row_add(w, entry, 0);
    const char *solver = row ? ad_arena_text(&w->texts, entry.solver) : NULL;
    if (!solver) return ad_error_status(w->ctx);
    row->entry.solver = solver, row->entry.seconds = entry.seconds, row->newer = true;
    return AD_OK;
}

int ad_wisdom_count(const ad_wisdom *w)
{
    return w->n_rows;
}

ad_wisdom_entry ad_wisdom_at(const ad_wisdom *w, int index)
{
    return w->rows[index].entry;
}

int ad_wisdom_measured(const ad_wisdom *w, double *seconds)
{
    if (seconds) *seconds = w->seconds;
    return w->measured;
}
