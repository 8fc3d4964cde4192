/* gather.c - files below a folder, what of them an index knows, and the passages of the others. */
#include "zoo/bert/gather.h"

#include <autodidact/command.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { BYTES_MOST = 64 << 20 };

static ad_status out_of_memory(const bert_gathering *g)
{
    return bert_no_memory(g->ctx, "the passages");
}

/* ---- what is there ---- */

typedef struct listing {
    bert_gathering *g;
    struct stat index;
    bool has_index;
    int64_t unnamed; /* files */
} listing;

static int64_t time_of(const struct stat *about)
{
    return (int64_t)about->st_mtim.tv_sec * 1000000000 + about->st_mtim.tv_nsec;
}

static ad_status list_file(void *user, const char *path, const char *name)
{
    listing *l = user;
    struct stat about;
    if (stat(path, &about) || !S_ISREG(about.st_mode)) return AD_OK;
    if (l->has_index && about.st_dev == l->index.st_dev && about.st_ino == l->index.st_ino)
        return AD_OK;
    if (ad_text_valid(name, strlen(name)) != strlen(name)) {
        ++l->unnamed;
        return AD_OK;
    }
    const bert_indexed file = {
        .name = (char *)(size_t)name, .time = time_of(&about), .size = (int64_t)about.st_size};
    return bert_index_add_file(&l->g->now, l->g->ctx, &file);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const bert_indexed *)a)->name, ((const bert_indexed *)b)->name);
}

/* The old index's file of that name if it is as it was, or NULL. */
static const bert_indexed *find_unchanged(const bert_index *old, const bert_indexed *file)
{
    const bert_indexed *found = old->files ? bsearch(file, old->file, (size_t)old->files,
                                                     sizeof *file, by_name)
                                           : NULL;
    return found && found->time == file->time && found->size == file->size ? found : NULL;
}

/* ---- what is taken over, what is new ---- */

/* Room for the origins of all passages so far. */
static ad_status grow_from(bert_gathering *g)
{
    if (g->now.passages.count <= g->from_capacity) return AD_OK;
    int64_t capacity = 2 * g->now.passages.count + 64;
    int64_t *grown = realloc(g->from, (size_t)capacity * sizeof *grown);
    if (!grown) return out_of_memory(g);
    g->from = grown, g->from_capacity = capacity;
    return AD_OK;
}

static void path_of(const bert_gathering *g, const char *name, char path[4096])
{
    snprintf(path, 4096, "%s/%s", g->folder, name);
}

/* No text, as pictures are none; or, where it is gone or cannot be opened, nothing that the index
 * may know: it is tried again the next time. */
static ad_status leave_out(bert_gathering *g, bert_indexed *file, ad_status status)
{
    if (status == AD_ERROR_MEMORY) return status;
    if (status == AD_ERROR_IO || status == AD_ERROR_NOT_FOUND) {
        ad_command_note(g->cmd, "%s; it is left out", ad_error(g->ctx));
        file->time = -1;
    } else {
        ++g->unread;
    }
    ad_error_clear(g->ctx);
    return AD_OK;
}

static ad_status read_file(bert_gathering *g, int32_t number)
{
    char path[4096];
    ad_text_file text = {0};
    bert_indexed *file = &g->now.file[number];
    const int64_t first = g->now.passages.count;
    path_of(g, file->name, path);
    if (file->size > BYTES_MOST) return leave_out(g, file, AD_ERROR_LIMIT);
    ad_status status = ad_text_file_read(&text, g->ctx, path);
    if (status) return leave_out(g, file, status);
    file->length = (int64_t)text.length;
    if (!bert_passages_cut(&g->now.passages, number, text.text, file->length))
        status = out_of_memory(g);
    if (!status) status = grow_from(g);
    for (int64_t i = first; i < g->now.passages.count && !status; ++i) {
        const bert_passage *p = &g->now.passages.at[i];
        g->from[i] = ~g->texts.count;
        status = bert_texts_add(&g->texts, g->speller, text.text + p->begin, (size_t)p->length,
                                NULL, 0);
    }
    ad_text_file_free(&text);
    ++g->changed;
    return status;
}

/* Passages of the old index's file. */
static ad_status take_over(bert_gathering *g, int32_t number, const bert_indexed *old)
{
    bert_passages *to = &g->now.passages;
    int64_t wanted = to->count + old->passages;
    if (wanted > to->capacity) {
        int64_t capacity = wanted + to->capacity + 64;
        bert_passage *grown = realloc(to->at, (size_t)capacity * sizeof *grown);
        if (!grown) return out_of_memory(g);
        to->at = grown, to->capacity = capacity;
    }
    int64_t first = to->count;
    to->count = wanted;
    ad_status status = grow_from(g);
    for (int64_t i = 0; i < old->passages && !status; ++i) {
        g->from[first + i] = old->first + i;
        to->at[first + i] = g->old.passages.at[old->first + i];
        to->at[first + i].file = number;
    }
    g->now.file[number].length = old->length;
    ++g->unchanged;
    return status;
}

ad_status bert_gather_list(bert_gathering *g)
{
    listing l = {.g = g};
    l.has_index = !stat(g->index, &l.index);
    ad_status status = ad_folder_files(g->ctx, g->folder, list_file, &l);
    if (status) return status;
    if (g->now.files > 1) qsort(g->now.file, (size_t)g->now.files, sizeof *g->now.file, by_name);
    if (l.unnamed)
        ad_command_note(g->cmd, "%lld files are left out, whose names are not UTF-8",
                        (long long)l.unnamed);
    return AD_OK;
}

ad_status bert_gather(bert_gathering *g)
{
    ad_status status = AD_OK;
    g->texts = (bert_texts){.ctx = g->ctx, .most = g->most};
    for (int32_t i = 0; i < g->now.files && !status; ++i) {
        const bert_indexed *old = find_unchanged(&g->old, &g->now.file[i]);
        status = old ? take_over(g, i, old) : read_file(g, i);
    }
    if (status || g->now.passages.count) return status;
    return ad_error_set(g->ctx, AD_ERROR_NOT_FOUND, "%s: the folder holds no text in UTF-8",
                        g->folder);
}

bool bert_gather_changed(const bert_gathering *g, const bert_indexed *file, char *path)
{
    struct stat about;
    path_of(g, file->name, path);
    return stat(path, &about) || time_of(&about) != file->time || about.st_size != file->size;
}

void bert_gather_again(bert_gathering *g)
{
    bert_passages_free(&g->now.passages);
    bert_texts_free(&g->texts);
    free(g->from);
    g->from = NULL;
    g->from_capacity = g->unchanged = g->changed = g->unread = 0;
}

void bert_gather_free(bert_gathering *g)
{
    bert_gather_again(g);
    bert_index_free(&g->old);
    bert_index_free(&g->now);
}
