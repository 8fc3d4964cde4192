/* model.c - what a network is built from again, as metadata of its file, and opening such files. */
#include "zoo/classify/classify.h"

#include <jansson.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

ad_status classify_model_describe(ad_context *ctx, const classify_model *m, classify_text *t)
{
    *t = (classify_text){0};
    json_t *names = json_array();
    for (int i = 0; i < m->classes; ++i)
        json_array_append_new(names, json_string(m->class_names[i]));
    t->classes = names && json_array_size(names) == (size_t)m->classes
                     ? json_dumps(names, JSON_COMPACT | JSON_ENSURE_ASCII)
                     : NULL;
    json_decref(names);
    if (!t->classes)
        return ad_error_set(ctx, AD_ERROR_ARGUMENT, "a class name holds bytes that are no UTF-8");
    snprintf(t->kind, sizeof t->kind, "%s", m->kind);
    snprintf(t->size, sizeof t->size, "%lld,%lld,%d", (long long)m->height, (long long)m->width,
             m->channels);
    snprintf(t->mean, sizeof t->mean, "%.9g,%.9g,%.9g", m->mean[0], m->mean[1], m->mean[2]);
    snprintf(t->deviation, sizeof t->deviation, "%.9g,%.9g,%.9g", m->deviation[0], m->deviation[1],
             m->deviation[2]);
    t->row[t->count++] = (ad_metadata){"classify.model", t->kind};
    t->row[t->count++] = (ad_metadata){"classify.size", t->size};
    t->row[t->count++] = (ad_metadata){"classify.mean", t->mean};
    t->row[t->count++] = (ad_metadata){"classify.deviation", t->deviation};
    t->row[t->count++] = (ad_metadata){"classify.classes", t->classes};
    return AD_OK;
}

void classify_text_free(classify_text *t)
{
    free(t->classes);
    *t = (classify_text){0};
}

static ad_status read_classes(ad_context *ctx, const ad_file *file, classify_model *m)
{
    const char *text = ad_file_metadata(file, "classify.classes");
    json_t *names = text ? json_loads(text, 0, NULL) : NULL;
    size_t count = json_is_array(names) ? json_array_size(names) : 0;
    ad_status status = AD_OK;
    if (count < 1 || count > CLASSIFY_CLASSES)
        status = ad_error_set(ctx, AD_ERROR_FORMAT, "%s: its list of classes is damaged",
                              ad_file_path(file));
    if (!status && !(m->class_names = calloc(count, sizeof *m->class_names)))
        status = ad_error_set(ctx, AD_ERROR_MEMORY, "out of memory");
    for (size_t i = 0; i < count && !status; ++i) {
        const char *name = json_string_value(json_array_get(names, i));
        m->classes = (int)i + 1;
        if (!name || !(m->class_names[i] = strdup(name)))
            status = ad_error_set(ctx, AD_ERROR_FORMAT, "%s: class %zu has no name",
                                  ad_file_path(file), i);
    }
    json_decref(names);
    return status;
}

/* "1,2,3" into three numbers. */
static bool numbers(const char *text, double to[3])
{
    char *end;
    for (int i = 0; i < 3; ++i, text = end + 1) {
        to[i] = strtod(text, &end);
        if (end == text || *end != (i < 2 ? ',' : 0) || !isfinite(to[i])) return false;
    }
    return true;
}

ad_status classify_model_read(ad_context *ctx, const ad_file *file, classify_model *m)
{
    const char *kind = ad_file_metadata(file, "classify.model");
    const char *size = ad_file_metadata(file, "classify.size");
    const char *mean = ad_file_metadata(file, "classify.mean");
    const char *deviation = ad_file_metadata(file, "classify.deviation");
    *m = (classify_model){0};
    if (!kind || !size || !mean || !deviation)
        return ad_error_set(ctx, AD_ERROR_FORMAT,
                            "%s: does not say which network it holds (metadata classify.model); it "
                            "was not written by `classify train`",
                            ad_file_path(file));
    char known[] = "|" CLASSIFY_MODELS "|", wanted[32];
    snprintf(wanted, sizeof wanted, "|%.20s|", kind);
    if (!strstr(known, wanted))
        return ad_error_set(ctx, AD_ERROR_UNSUPPORTED,
                            "%s: holds a network \"%.20s\"; known are %s", ad_file_path(file), kind,
                            CLASSIFY_MODELS);
    snprintf(m->kind, sizeof m->kind, "%s", kind);
    double sizes[3], means[3], deviations[3];
    if (!numbers(size, sizes) || sizes[0] < 1 || sizes[0] > 16384 || sizes[1] < 1 ||
        sizes[1] > 16384 || (sizes[2] != 1 && sizes[2] != 3) || !numbers(mean, means) ||
        !numbers(deviation, deviations))
        return ad_error_set(ctx, AD_ERROR_FORMAT, "%s: its picture size or mean is damaged",
                            ad_file_path(file));
    m->height = (int64_t)sizes[0], m->width = (int64_t)sizes[1], m->channels = (int)sizes[2];
    for (int c = 0; c < 3; ++c)
        m->mean[c] = (float)means[c], m->deviation[c] = (float)deviations[c];
    return read_classes(ctx, file, m);
}

void classify_model_free(classify_model *m)
{
    for (int i = 0; m->class_names && i < m->classes; ++i) free(m->class_names[i]);
    free(m->class_names);
    *m = (classify_model){0};
}

static ad_status build(ad_context *ctx, classify_trained *t, ad_file *file)
{
    const classify_model *m = &t->model;
    t->vars = ad_vars_new(ctx, 0);
    t->graph = ad_graph_new(ctx);
    size_t count = (size_t)(t->batch * m->height * m->width * m->channels);
    t->pixels = calloc(count, sizeof *t->pixels);
    if (!t->vars || !t->graph || !t->pixels)
        return ad_error_set(ctx, AD_ERROR_MEMORY, "out of memory");
    t->x = ad_input(t->graph, "image", AD_F32,
                    ad_shape(t->batch, m->height, m->width, m->channels));
    t->logits = classify_network(m, t->vars, t->x, NULL);
    ad_status status = ad_graph_status(t->graph);
    if (!status) status = ad_vars_load_file(t->vars, file, (ad_load_options){.allow_unused = true});
    if (!status) status = ad_compile(&t->program, ctx, &t->logits, 1, NULL);
    if (!status) status = ad_bind(t->program, t->x, t->pixels, count * sizeof *t->pixels);
    return status;
}

int classify_open(ad_command *cmd, const char *path, int64_t batch, classify_trained *t)
{
    char found[PATH_MAX], note[512];
    ad_context *ctx = ad_command_context(cmd);
    ad_file *file = NULL;
    *t = (classify_trained){.batch = batch};
    if (!ctx) return AD_EXIT_FAILURE;
    ad_status status = ad_run_weights(ctx, path, found, sizeof found, note, sizeof note);
    if (!status && *note) ad_command_note(cmd, "%s", note);
    if (!status) status = ad_file_open(&file, ctx, found);
    if (!status) status = classify_model_read(ctx, file, &t->model);
    if (!status) status = build(ctx, t, file);
    ad_file_close(file);
    if (!status) return AD_EXIT_OK;
    classify_close(t);
    return ad_command_fail(cmd, "%s", ad_error(ctx));
}

void classify_close(classify_trained *t)
{
    ad_program_free(t->program);
    ad_graph_free(t->graph);
    ad_vars_free(t->vars);
    classify_model_free(&t->model);
    free(t->pixels);
    *t = (classify_trained){0};
}
