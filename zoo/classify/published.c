/* published.c - networks that others trained: ImageNet's, known by their tensors (zoo/vision), and
 * ONNX files; and the names of their classes: ImageNet's words where there are as many, else what a
 * file says. */
#include "zoo/classify/classify.h"
#include "zoo/vision/imagenet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* For pictures of `side`, the centre of such whose shorter side is `resize`. */
static ad_status fit_classes(ad_context *ctx, classify_model *m, int64_t classes, int side,
                             int resize, const float *mean, const float *deviation)
{
    char(*name)[VISION_CLASS_NAME] = malloc((size_t)classes * sizeof *name);
    char **names = malloc((size_t)classes * sizeof *names);
    ad_status status = AD_OK;
    if (!name || !names) status = ad_error_set(ctx, AD_ERROR_MEMORY, "out of memory");
    m->worded = vision_classes_worded(classes), m->resize = resize;
    for (int64_t i = 0; i < classes && !status; ++i) {
        vision_class_name(classes, i, name[i]);
        names[i] = name[i];
    }
    if (!status) status = classify_fit(ctx, m, side, side, 3, names, classes, mean, deviation);
    free(name), free(names);
    return status;
}

static ad_status check_logits(ad_context *ctx, const ad_file *file, const vision_form *form)
{
    const char *layers[VISION_MAX_LAYERS];
    int count = vision_layers(form->kind, layers);
    if (form->layers == count && form->classes >= 2) return AD_OK;
    return ad_error_set(ctx, AD_ERROR_FORMAT,
                        "%s: %s without its classifier: the weights end at %s", ad_file_path(file),
                        vision_name(form->kind),
                        form->layers ? layers[form->layers - 1] : "nothing");
}

/* As in such networks' trainings: 256 for 224. */
static int resize_for(int side)
{
    return side * 8 / 7;
}

ad_status classify_recognise(ad_context *ctx, ad_file *file, const char *config, void *model,
                             bool *known)
{
    classify_model *m = model;
    vision_kind kind;
    if (!vision_knows(file, &kind)) return AD_OK;
    ad_status status = vision_read_form(ctx, file, &m->form);
    if (!status) status = check_logits(ctx, file, &m->form);
    if (status) return status;
    m->kind = CLASSIFY_RESNET18, m->published = true;
    m->config_names = config &&
                      (strstr(config, "\"id2label\"") || strstr(config, "\"label_names\""));
    const vision_recipe *r = vision_recipe_of(m->form.kind);
    int side = m->form.side ? m->form.side : r->side;
    status = fit_classes(ctx, m, m->form.classes, side,
                         side == r->side ? r->resize : resize_for(side), r->mean, r->deviation);
    *known = !status;
    return status;
}

/* ---- ONNX files ---- */

/* Builds it once for `rows` pictures, which fills job->vars and says how many classes there are. */
static ad_status try_rows(ad_job *job, const vision_onnx *n, int side, int64_t rows,
                          int64_t *classes)
{
    ad_node *logits = NULL;
    ad_graph *graph = ad_graph_new(job->ctx);
    if (!graph) return AD_ERROR_MEMORY;
    ad_node *x = ad_input(graph, "image", AD_F32, ad_shape(rows, side, side, 3));
    ad_status status = vision_onnx_logits(n, job->vars, x, &logits);
    if (!status && (status = ad_graph_status(graph)))
        ad_error_set(job->ctx, status, "%s: %s", ad_onnx_path(n->file), ad_graph_error(graph));
    if (!status) *classes = ad_node_shape(logits).dim[1];
    ad_graph_free(graph);
    return status;
}

ad_status classify_open_onnx(ad_job *job, const char *path, bool *mine)
{
    enum { USUAL = 224, SEVERAL = 2 };
    classify_model *m = job->model;
    vision_onnx *n = &m->onnx;
    float mean[3], deviation[3];
    int64_t classes = 0;
    if (!ad_onnx_ending(path)) return AD_OK;
    ad_status status = vision_onnx_open(n, job->ctx, path);
    if (status) return status;
    if (n->height != n->width)
        return ad_error_set(job->ctx, AD_ERROR_UNSUPPORTED,
                            "%s: looks at pictures of %lld x %lld; squares are expected", path,
                            (long long)n->width, (long long)n->height);
    int side = n->height > 0 ? (int)n->height : USUAL;
    if (!(job->vars = ad_vars_new(job->ctx, 0))) return AD_ERROR_MEMORY;
    /* Some say that they take any number of pictures, and were written for one. */
    if (n->rows < 0 && try_rows(job, n, side, SEVERAL, &classes)) n->rows = 1;
    if (!classes) status = try_rows(job, n, side, n->rows < 0 ? 1 : n->rows, &classes);
    if (status) return status;
    m->kind = CLASSIFY_RESNET18, m->published = true;
    vision_pixels_moments(n->pixels, mean, deviation);
    status = fit_classes(job->ctx, m, classes, side, resize_for(side), mean, deviation);
    *mine = !status;
    return status;
}

ad_status classify_read_pixels(ad_command *cmd, ad_job *job)
{
    classify_model *m = job->model;
    float mean[3], deviation[3];
    if (!m->onnx.file && ad_command_given(cmd, "pixels"))
        return ad_error_set(job->ctx, AD_ERROR_ARGUMENT,
                            "--pixels is of ONNX files, and %s is none", ad_trained_path(job));
    if (!m->onnx.file) return AD_OK;
    vision_onnx_read_pixels(&m->onnx, cmd);
    vision_pixels_moments(m->onnx.pixels, mean, deviation);
    return classify_set_moments(job->ctx, m, mean, deviation);
}

int64_t classify_rows(const classify_model *m, int64_t most)
{
    return m->onnx.file && m->onnx.rows > 0 ? m->onnx.rows : most;
}

const char *classify_published_name(const ad_job *job)
{
    const classify_model *m = job->model;
    return m->onnx.file ? ad_onnx_path(m->onnx.file) : vision_name(m->form.kind);
}

/* ---- beside the weights ---- */

ad_status classify_publish(ad_job *job, ad_publication *out)
{
    const classify_model *m = job->model;
    (void)out;
    if (!m->published || m->form.kind == VISION_RESNET18) return AD_OK;
    return ad_error_set(job->ctx, AD_ERROR_UNSUPPORTED,
                        "%s: is %s of another program; `autodidact convert` writes it in another "
                        "format",
                        ad_trained_path(job), classify_published_name(job));
}

/* A file beside the weights that names the classes, called as people call it. */
static bool find_names(const ad_job *job, char *path, size_t room)
{
    static const char *const names[] = {"imagenet_classes.txt", "imagenet_class_index.json",
                                        "synset_words.txt",     "labels.txt",
                                        "classes.txt",          "config.json"};
    bool config = ((const classify_model *)job->model)->config_names;
    for (size_t i = 0; i < sizeof names / sizeof *names - !config; ++i) {
        int length = snprintf(path, room, "%s/%s", ad_trained_folder(job), names[i]);
        if (length < (int)room && !access(path, R_OK)) return true;
    }
    return false;
}

ad_status classify_name_classes(ad_job *job, const char *path)
{
    classify_model *m = job->model;
    char found[4096];
    if (!path && !m->published) return AD_OK;
    if (!path && find_names(job, found, sizeof found)) path = found;
    if (!path && m->worded) return AD_OK;
    if (!path) {
        ad_watch_note(&job->watcher,
                      "%s: does not name its %lld classes; --classes FILE does, or a file "
                      "imagenet_classes.txt beside it",
                      ad_trained_path(job), (long long)m->classes.count);
        return AD_OK;
    }
    ad_status status = classify_read_names(job->ctx, path, &m->classes);
    if (!status && path == found) ad_watch_note(&job->watcher, "%s: names the classes", path);
    return status;
}
