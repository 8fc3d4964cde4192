/* run_contents.c - what is written into a run: numbers, samples, the confusion matrix.
 * TensorBoard's event file gets the same. */
#include "run/run.h"
#include "base/file.h"
#include "io/json.h"

#include <unistd.h>

/* ---- numbers ---- */

ad_status ad_run_begin(ad_run_folder *run, int64_t step)
{
    char path[PATH_MAX];
    (void)unlink(ad_run_file(run, "result.json", path)); /* of a run that is extended */
    ad_status status = ad_metric_log_open(&run->metrics, run->ctx,
                                          ad_run_file(run, "metrics.jsonl", path), step,
                                          &run->earlier_seconds);
    if (status) return status;
    return ad_events_open(&run->events, run->ctx, run->path,
                          &(ad_events_options){.first_step = run->options.resume ? step + 1 : 0});
}

ad_status ad_run_numbers(ad_run_folder *run, int64_t step, double epoch, double seconds,
                         const ad_metric *metrics, int count)
{
    ad_status status = ad_metric_log_add(&run->metrics, step, epoch, seconds, metrics, count);
    for (int i = 0; i < count && !status && run->events; ++i)
        status = ad_events_scalar(run->events, metrics[i].name, step, metrics[i].value);
    if (!status && !run->metrics.pending.length && run->events) /* it has just been written */
        status = ad_events_flush(run->events);
    return status;
}

ad_status ad_run_histogram(ad_run_folder *run, const char *name, int64_t step, const float *values,
                           int64_t count)
{
    if (!run->events || run->trying) return AD_OK;
    return ad_events_histogram(run->events, name, step, values, count);
}

ad_status ad_run_flush(ad_run_folder *run)
{
    ad_status status = ad_metric_log_sync(&run->metrics);
    return status || !run->events ? status : ad_events_flush(run->events);
}

/* ---- samples ---- */

const char *const ad_run_trial_endings[] = {".png", ".txt", ".svg", ".json", NULL};

/* Where NAME or NAME-STEP with this ending goes; a step of -1: none. */
static const char *sample_path(const ad_run_folder *run, const char *name, int64_t step,
                               const char *ending, char path[PATH_MAX])
{
    char file[PATH_MAX];
    if (run->trying)
        snprintf(file, sizeof file, "trial%s", ending);
    else if (step < 0)
        snprintf(file, sizeof file, "samples/%.100s%s", name, ending);
    else
        snprintf(file, sizeof file, "samples/%.100s-%09lld%s", name, (long long)step, ending);
    return ad_run_file(run, file, path);
}

/* After a file was written: whether that was all. */
static bool is_tried(const ad_run_folder *run, const char *path)
{
    if (run->trying) (void)unlink(path);
    return run->trying || !run->events;
}

ad_status ad_run_image(ad_run_folder *run, const char *name, int64_t step, const ad_image *image)
{
    char path[PATH_MAX];
    ad_file_bytes png;
    ad_status status = ad_image_write(run->ctx, sample_path(run, name, step, ".png", path), image,
                                      NULL);
    if (status || is_tried(run, path)) return status;
    status = ad_file_bytes_read(&png, run->ctx, path, SIZE_MAX);
    if (status) return status;
    status = ad_events_image(run->events, name, step, png.bytes, png.size);
    ad_file_bytes_free(&png);
    return status;
}

ad_status ad_run_text(ad_run_folder *run, const char *name, int64_t step, const char *text)
{
    char path[PATH_MAX];
    ad_status status = ad_run_write(run->ctx, sample_path(run, name, step, ".txt", path), text);
    if (status || is_tried(run, path)) return status;
    return ad_events_text(run->events, name, step, text);
}

ad_status ad_run_figure(ad_run_folder *run, const char *name, const char *svg)
{
    char path[PATH_MAX];
    ad_status status = ad_run_write(run->ctx, sample_path(run, name, -1, ".svg", path), svg);
    (void)is_tried(run, path);
    return status;
}

ad_status ad_run_confusion(ad_run_folder *run, const int64_t *counts, int classes,
                           const char *const *names)
{
    char path[PATH_MAX];
    unsigned refusals = ad_json_refusals();
    json_t *rows = json_array(), *labels = json_array();
    for (int i = 0; i < classes; ++i) {
        json_t *row = json_array();
        for (int k = 0; k < classes; ++k)
            json_array_append_new(row, json_integer((json_int_t)counts[i * classes + k]));
        json_array_append_new(rows, row);
        json_array_append_new(labels, ad_json_from_text(run->ctx, names[i]));
    }
    json_t *root = json_pack("{s:o, s:o}", "classes", labels, "counts", rows);
    const char *file = run->trying ? "trial.json" : "confusion.json";
    ad_status status = ad_run_write_json(run->ctx, ad_run_file(run, file, path), root, 0, refusals);
    (void)is_tried(run, path);
    json_decref(root);
    return status;
}
