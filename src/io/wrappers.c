/* wrappers.c - names as the network has them: without what training put around it.
 *
 * A wrapper is taken off if all names lie below it, but for what lies beside a network: numbers
 * (tensors without axes), an optimizer and the like, and a second, averaged network. This is
 * repeated, since wrappers lie in each other. */
#include "base/notes.h"
#include "io/weights.h"

#include <string.h>

/* Of a compiled or distributed network, or of a checkpoint: no layer is called so. */
static const char *const flat[] = {"_orig_mod", "module", "state_dict", "model_state_dict"};
/* A layer may well be called so; a dictionary of its own is a wrapper. */
static const char *const keys[] = {"state_dict", "model_state_dict", "model_state", "model",
                                   "net",        "network",          "weights",     "params",
                                   "generator",  "online_model",     "checkpoint"};
static const char *const averaged[] = {"ema",       "model_ema",      "ema_model",     "params_ema",
                                       "ema_state", "state_dict_ema", "ema_state_dict"};
/* What training leaves beside the network. */
static const char *const aside[] = {"optim", "scheduler", "lr_scheduler", "scaler",
                                    "rng",   "callbacks", "loops"};

static bool among(const char *const *names, size_t count, const char *text, size_t length)
{
    for (size_t i = 0; i < count; ++i)
        if (strlen(names[i]) == length && !memcmp(names[i], text, length)) return true;
    return false;
}

#define AMONG(names, text, length) among(names, sizeof(names) / sizeof *(names), text, length)

static bool below(const char *name, const char *prefix)
{
    size_t length = strlen(prefix);
    return !strncmp(name, prefix, length) && name[length] == '.' && name[length + 1];
}

static bool is_averaged(const char *name)
{
    size_t length = strcspn(name, ".");
    return name[length] && AMONG(averaged, name, length);
}

/* Whether it may stay outside of the wrapper. */
static bool is_beside(const ad_file_entry *entry)
{
    for (size_t i = 0; i < sizeof aside / sizeof *aside; ++i)
        if (!strncmp(entry->name, aside[i], strlen(aside[i]))) return true;
    return !entry->shape.rank;
}

/* Takes "prefix." off the names below it; false: it wraps none, or not all. */
static bool take_off(ad_file *file, const char *prefix, bool *second)
{
    bool found = false, average = false;
    for (int i = 0; i < file->count; ++i) {
        const ad_file_entry *entry = &file->tensors[i].entry;
        if (below(entry->name, prefix))
            found |= entry->shape.rank > 0;
        else if (is_averaged(entry->name))
            average = true;
        else if (!is_beside(entry))
            return false;
    }
    for (int i = 0; found && i < file->count; ++i)
        if (below(file->tensors[i].entry.name, prefix))
            file->tensors[i].entry.name += strlen(prefix) + 1;
    *second |= found && average;
    return found;
}

/* Hugging Face's language models are called model.layers.0 ... by themselves. */
static bool is_published(const ad_file *file)
{
    for (int i = 0; i < file->count; ++i)
        if (!strncmp(file->tensors[i].entry.name, "model.embed_tokens.", 19) ||
            !strncmp(file->tensors[i].entry.name, "model.layers.", 13))
            return true;
    return false;
}

/* One wrapper off; false: there is none. */
static bool unwrap_once(ad_file *file, bool *second)
{
    for (int i = 0; i < file->wrapper_count; ++i)
        if (!AMONG(averaged, file->wrappers[i], strlen(file->wrappers[i])) &&
            take_off(file, file->wrappers[i], second))
            return true;
    for (size_t i = 0; i < sizeof flat / sizeof *flat; ++i)
        if (take_off(file, flat[i], second)) return true;
    if (!is_published(file) && take_off(file, "model", second)) return true;
    for (size_t i = 0; !*second && i < sizeof averaged / sizeof *averaged; ++i)
        if (take_off(file, averaged[i], second)) return true;
    return false;
}

ad_status ad_names_add_wrapper(ad_file *file, const char *key, size_t length)
{
    if (file->wrapper_count == AD_FILE_WRAPPERS) return AD_OK;
    if (!AMONG(keys, key, length) && !AMONG(averaged, key, length)) return AD_OK;
    char *copy = ad_arena_alloc(&file->arena, length + 1);
    if (!copy) return AD_ERROR_MEMORY;
    memcpy(copy, key, length);
    file->wrappers[file->wrapper_count++] = copy;
    return AD_OK;
}

bool ad_names_unwrap(ad_file *file)
{
    bool second = false;
    int depth = 0;
    if (file->format == AD_FILE_LLAMA2C || file->format == AD_FILE_GGUF) return false;
    while (depth < AD_FILE_WRAPPERS && unwrap_once(file, &second)) ++depth;
    for (int i = 0; second && i < file->count; ++i) {
        const char *name = file->tensors[i].entry.name;
        if (!is_averaged(name)) continue;
        ad_note(file->ctx,
                "%s: holds the network twice; averaged weights keep their names, such as %s",
                file->path, name);
        break;
    }
    return depth > 0;
}
