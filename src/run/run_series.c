/* run_series.c - metrics.jsonl read back: a series per name.
 *
 * Two passes over the file: the first finds the names and counts, so that the second fills one
 * block of memory. A line is an object of numbers; anything else is broken, counted, and left out,
 * as are steps that do not rise within a series. */
#include "run/run_info.h"
#include "base/file.h"
#include "io/json.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

enum { SERIES_MOST = 256, NAME_MOST = 128 };
/* Whole numbers up to here are doubles. */
static const json_int_t steps_most = (json_int_t)1 << 53;
/* A hundred million numbers would be a file of some gigabytes. */
static const size_t file_limit = (size_t)4 << 30;

typedef struct reading {
    ad_run_record *record;
    ad_run_series *series; /* [SERIES_MOST] */
    int count;
    int64_t capacity[SERIES_MOST];
    bool filling; /* the second pass */
    ad_status status;
} reading;

static int find(reading *r, const char *name)
{
    for (int i = 0; i < r->count; ++i)
        if (!strcmp(r->series[i].name, name)) return i;
    if (r->filling || r->count == SERIES_MOST || strlen(name) > NAME_MOST) return -1;
    char *copy = ad_arena_text(&r->record->arena, name);
    if (!copy) r->status = AD_ERROR_MEMORY;
    if (!copy) return -1;
    r->series[r->count] = (ad_run_series){.name = copy};
    return r->count++;
}

static void add(reading *r, int at, double step, double value)
{
    ad_run_series *s = &r->series[at];
    if (!r->filling) {
        ++r->capacity[at];
        return;
    }
    if (s->count == r->capacity[at]) return;
    if (s->count && s->step[s->count - 1] >= step) return;
    ((double *)s->step)[s->count] = step;
    ((double *)s->value)[s->count++] = value;
}

static bool read_line(reading *r, const char *line, size_t length)
{
    ad_run_info *info = &r->record->info;
    const char *name;
    json_t *value, *root;
    ad_status status = ad_json_parse(r->record->ctx, "metrics.jsonl", line, length,
                                     JSON_REJECT_DUPLICATES, &root);
    if (status == AD_ERROR_MEMORY) r->status = status;
    const json_t *number = json_object_get(root, "step");
    bool good = json_is_integer(number) && json_integer_value(number) >= 0 &&
                json_integer_value(number) <= steps_most;
    double step = good ? (double)json_integer_value(number) : 0;
    if (good && r->filling) {
        double epoch = json_number_value(json_object_get(root, "epoch"));
        double seconds = json_number_value(json_object_get(root, "seconds"));
        if (step > (double)info->step) info->step = (int64_t)step;
        if (seconds > info->seconds && isfinite(seconds)) info->seconds = seconds;
        if (epoch > 0 && step > 0 && isfinite(epoch)) info->epochs_a_step = epoch / step;
    }
    if (good) json_object_foreach(root, name, value)
        {
            if (!strcmp(name, "step") || !strcmp(name, "epoch") || !strcmp(name, "seconds"))
                continue;
            double v = json_number_value(value);
            if (!json_is_number(value) || !isfinite(v)) continue;
            int at = find(r, name);
            if (at >= 0) add(r, at, step, v);
        }
    json_decref(root);
    return good;
}

static int64_t read_lines(reading *r, const ad_file_bytes *file)
{
    int64_t broken = 0;
    for (size_t at = 0; at < file->size && !r->status;) {
        const char *line = (const char *)file->bytes + at,
                   *end = memchr(line, '\n', file->size - at);
        if (!end) break; /* being written */
        size_t length = (size_t)(end - line);
        broken += !read_line(r, line, length);
        at += length + 1;
    }
    return broken;
}

static ad_status allocate(reading *r)
{
    int64_t total = 0;
    for (int i = 0; i < r->count; ++i) total += r->capacity[i];
    if (!total) return AD_OK;
    size_t bytes = ad_bytes(2 * total, sizeof(double));
    double *numbers = ad_alloc(r->record->ctx, bytes);
    if (!numbers) return AD_ERROR_MEMORY;
    r->record->numbers = numbers;
    r->record->number_bytes = bytes;
    for (int i = 0; i < r->count; ++i) {
        r->series[i].step = numbers;
        r->series[i].value = numbers + r->capacity[i];
        numbers += 2 * r->capacity[i];
    }
    return AD_OK;
}

ad_status ad_run_read_series(ad_run_record *record, const char *path)
{
    ad_file_bytes file;
    reading r = {.record = record};
    if (access(path, F_OK)) return AD_OK;
    if (!(r.series = ad_arena_alloc(&record->arena, SERIES_MOST * sizeof *r.series)))
        return AD_ERROR_MEMORY;
    ad_status status = ad_file_bytes_read(&file, record->ctx, path, file_limit);
    if (status) return status;
    (void)read_lines(&r, &file);
    status = r.status ? r.status : allocate(&r);
    r.filling = true;
    if (!status) record->info.broken_lines = read_lines(&r, &file);
    if (!status) status = r.status;
    ad_file_bytes_free(&file);
    record->info.series = r.series;
    record->info.series_count = r.count;
    return status;
}

const ad_run_series *ad_run_find_series(const ad_run_info *info, const char *name)
{
    for (int i = 0; i < info->series_count; ++i)
        if (!strcmp(info->series[i].name, name)) return &info->series[i];
    return NULL;
}
