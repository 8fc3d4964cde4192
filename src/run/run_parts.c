/* run_parts.c - the parts of a run with --seeds or --folds, which are runs of their own, and what
 * the run is by them. */
#include "run/run.h"
#include "run/run_info.h"

#include <dirent.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PARTS_MOST = 10000 };

static int by_number(const void *a, const void *b)
{
    const char *x = *(char *const *)a, *y = *(char *const *)b;
    while (*x && *y) { /* seed-2 before seed-10 */
        if (*x >= '0' && *x <= '9' && *y >= '0' && *y <= '9') {
            unsigned long long m = strtoull(x, (char **)&x, 10), n = strtoull(y, (char **)&y, 10);
            if (m != n) return m < n ? -1 : 1;
        } else if (*x != *y) {
            return (unsigned char)*x - (unsigned char)*y;
        } else {
            ++x;
            ++y;
        }
    }
    return (unsigned char)*x - (unsigned char)*y;
}

static bool is_part(const char *name)
{
    return !strncmp(name, "seed-", 5) || !strncmp(name, "fold-", 5);
}

static ad_status list_parts(ad_run_record *r, char ***names, int *count)
{
    char path[PATH_MAX];
    int capacity = 0;
    *names = NULL;
    *count = 0;
    DIR *folder = opendir(r->info.path);
    if (!folder) return AD_OK;
    ad_status status = AD_OK;
    for (struct dirent *entry; !status && (entry = readdir(folder));) {
        if (!is_part(entry->d_name) || *count == PARTS_MOST) continue;
        snprintf(path, sizeof path, "%.*s/%.255s", PATH_MAX - 300, r->info.path, entry->d_name);
        if (!ad_run_is(path)) continue;
        if (*count == capacity) {
            char **more = ad_arena_alloc(&r->arena, (size_t)(2 * capacity + 16) * sizeof *more);
            if (!more) {
                status = AD_ERROR_MEMORY;
                break;
            }
            if (*count) memcpy(more, *names, (size_t)*count * sizeof *more);
            *names = more;
            capacity = 2 * capacity + 16;
        }
        char *name = ad_arena_text(&r->arena, path);
        if (name)
            (*names)[(*count)++] = name;
        else
            status = AD_ERROR_MEMORY;
    }
    closedir(folder);
    if (*count && !status) qsort(*names, (size_t)*count, sizeof **names, by_number);
    return status;
}

/* Deviation over the parts that are finished, of what the run itself gives as means. */
static void spread_parts(ad_run_info *info)
{
    for (int i = 0; i < info->result.count; ++i) {
        double sum = 0, squares = 0;
        int count = 0;
        const char *name = info->result.at[i].name;
        for (int p = 0; p < info->part_count; ++p) {
            double value = ad_metrics_get(&info->parts[p]->result, name);
            if (!isfinite(value)) continue;
            sum += value;
            ++count;
        }
        for (int p = 0; p < info->part_count && count > 1; ++p) {
            double value = ad_metrics_get(&info->parts[p]->result, name);
            if (isfinite(value)) squares += pow(value - sum / count, 2);
        }
        ad_metrics_add(&info->deviation, name, count > 1 ? sqrt(squares / (count - 1)) : NAN);
    }
}

static void sum_parts(ad_run_info *info)
{
    double best = 0;
    int with_best = 0;
    info->seconds = 0;
    for (int i = 0; i < info->part_count; ++i) {
        const ad_run_info *part = info->parts[i];
        info->seconds += part->seconds;
        info->written = fmax(info->written, part->written);
        if (part->step > info->step) info->step = part->step;
        if (part->steps > info->steps) info->steps = part->steps;
        if (!info->parameters) info->parameters = part->parameters;
        if (part->state == AD_RUN_RUNNING) info->state = AD_RUN_RUNNING;
        if (!*info->monitor) {
            info->monitor = part->monitor;
            info->monitor_low = part->monitor_low;
        }
        if (!*info->data) {
            info->data = part->data;
            info->data_summary = part->data_summary;
            info->data_fingerprint = part->data_fingerprint;
        }
        if (isfinite(part->best)) {
            best += part->best;
            ++with_best;
        }
    }
    info->best = with_best ? best / with_best : NAN;
}

ad_status ad_run_read_parts(ad_run_record *r)
{
    ad_run_info *info = &r->info;
    char **names;
    int count;
    ad_status status = list_parts(r, &names, &count);
    if (status || !count) return status;
    info->parts = ad_arena_alloc(&r->arena, (size_t)count * sizeof *info->parts);
    if (!info->parts) return AD_ERROR_MEMORY;
    for (int i = 0; i < count && !status; ++i) {
        status = ad_run_read_one(&info->parts[info->part_count], r->ctx, names[i]);
        if (!status) ++info->part_count;
    }
    if (status) return status;
    sum_parts(info);
    spread_parts(info);
    return ad_metrics_status(&info->deviation);
}
