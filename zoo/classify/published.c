/* published.c - torchvision's resnet18 for ImageNet, known by the names and shapes of its tensors,
 * and the names of its classes, which its files do not hold. */
#include "zoo/classify/classify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool has(const ad_file *file, const char *name, ad_shape shape)
{
    int at = ad_file_find(file, name);
    return at >= 0 && ad_shape_equal(ad_file_at(file, at)->shape, shape);
}

ad_status classify_recognise(ad_context *ctx, ad_file *file, const char *config, void *model,
                             bool *known)
{
    /* torchvision.transforms.Normalize of its reference training */
    static const float mean[3] = {0.485f, 0.456f, 0.406f}, deviation[3] = {0.229f, 0.224f, 0.225f};
    int head = ad_file_find(file, CLASSIFY_HEAD ".weight");
    int64_t classes = head < 0 ? 0 : ad_file_at(file, head)->shape.dim[0];
    if (classes < 2 || classes > CLASSIFY_CLASSES_MOST ||
        !has(file, CLASSIFY_HEAD ".weight", ad_shape(classes, 512)) ||
        !has(file, "conv1.weight", ad_shape(64, 3, 7, 7)) ||
        !has(file, "layer4.1.conv2.weight", ad_shape(512, 512, 3, 3)) ||
        ad_file_find(file, "layer1.2.conv1.weight") >= 0)
        return AD_OK;
    classify_model *m = model;
    char(*number)[12] = malloc((size_t)classes * sizeof *number);
    char **names = malloc((size_t)classes * sizeof *names);
    ad_status status = AD_OK;
    if (!number || !names) status = ad_error_set(ctx, AD_ERROR_MEMORY, "out of memory");
    for (int64_t i = 0; i < classes && !status; ++i) {
        snprintf(number[i], sizeof number[i], "%lld", (long long)i);
        names[i] = number[i];
    }
    m->kind = CLASSIFY_RESNET18, m->published = true;
    m->config_names = config &&
                      (strstr(config, "\"id2label\"") || strstr(config, "\"label_names\""));
    if (!status) status = classify_fit(ctx, m, 224, 224, 3, names, classes, mean, deviation);
    free(number), free(names);
    *known = !status;
    return status;
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
