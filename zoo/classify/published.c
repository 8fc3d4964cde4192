/* published.c - ImageNet's networks that others trained, known by their tensors (zoo/vision), and
 * the names of their classes: ImageNet's words where there are as many, else what a file says. */
#include "zoo/classify/classify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WORDS = 1000, NAME_BYTES = 64 };

/* TensorFlow's networks have a class more, which comes first. */
static void name_class(const classify_model *m, int64_t classes, int64_t i, char name[NAME_BYTES])
{
    int64_t word = classes == WORDS + 1 ? i - 1 : i;
    int length;
    if (!m->worded) {
        snprintf(name, NAME_BYTES, "%lld", (long long)i);
    } else if (word < 0) {
        snprintf(name, NAME_BYTES, "background");
    } else {
        const char *text = classify_imagenet_word((int)word, &length);
        snprintf(name, NAME_BYTES, "%.*s", length, text);
    }
}

static ad_status fit_classes(ad_context *ctx, classify_model *m, int64_t classes)
{
    const vision_recipe *r = vision_recipe_of(m->form.kind);
    char(*name)[NAME_BYTES] = malloc((size_t)classes * sizeof *name);
    char **names = malloc((size_t)classes * sizeof *names);
    ad_status status = AD_OK;
    if (!name || !names) status = ad_error_set(ctx, AD_ERROR_MEMORY, "out of memory");
    m->worded = classes == WORDS || classes == WORDS + 1;
    for (int64_t i = 0; i < classes && !status; ++i) {
        name_class(m, classes, i, name[i]);
        names[i] = name[i];
    }
    int side = m->form.side ? m->form.side : r->side;
    m->resize = side == r->side ? r->resize : side * 8 / 7;
    if (!status)
        status = classify_fit(ctx, m, side, side, 3, names, classes, r->mean, r->deviation);
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
    status = fit_classes(ctx, m, m->form.classes);
    *known = !status;
    return status;
}

ad_status classify_publish(ad_job *job, ad_publication *out)
{
    const classify_model *m = job->model;
    (void)out;
    if (!m->published || m->form.kind == VISION_RESNET18) return AD_OK;
    return ad_error_set(job->ctx, AD_ERROR_UNSUPPORTED,
                        "%s: is %s of another program; `autodidact convert` writes it in another "
                        "format",
                        ad_file_path(ad_trained_file(job)), vision_name(m->form.kind));
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
                      ad_file_path(ad_trained_file(job)), (long long)m->classes.count);
        return AD_OK;
    }
    ad_status status = classify_read_names(job->ctx, path, &m->classes);
    if (!status && path == found) ad_watch_note(&job->watcher, "%s: names the classes", path);
    return status;
}
