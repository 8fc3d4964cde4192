/* torch_zip.c - PyTorch's files since 1.6: a zip archive with NAME/data.pkl, a pickle that refers
 * to storages by key, and NAME/data/KEY, their raw bytes (torch/serialization.py, _save). */
#include "io/torch.h"

#include <string.h>

enum { MAX_PICKLE = 256 << 20, MAX_MEMBER_NAME = 1024 };

typedef struct archive_form {
    size_t prefix; /* bytes of `name` before "data.pkl" */
    char name[MAX_MEMBER_NAME];
} archive_form;

static int64_t find(archive_form *form, const ad_file *file, const char *first, const char *second)
{
    if (form->prefix + strlen(first) + strlen(second) >= MAX_MEMBER_NAME) return -1;
    strcpy(form->name + form->prefix, first);
    strcat(form->name, second);
    return ad_archive_find(file->archive, form->name);
}

static ad_status locate(void *user, ad_file *file, const ad_pickle_storage *storage,
                        ad_file_tensor *tensor)
{
    tensor->member = find(user, file, "data/", storage->key);
    return tensor->member < 0 ? AD_OK
                              : ad_archive_size(file->archive, tensor->member, &tensor->held);
}

static ad_status check_byteorder(archive_form *form, ad_file *file)
{
    char order[16];
    size_t size;
    int64_t member = find(form, file, "byteorder", "");
    if (member < 0) return AD_OK; /* files of PyTorch before 2.1 */
    ad_status status = ad_archive_size(file->archive, member, &size);
    if (status) return status;
    if (size <= sizeof order) status = ad_archive_read(file->archive, member, 0, order, size, true);
    if (!status && (size != 6 || memcmp(order, "little", 6)))
        status = ad_fail(file->ctx, AD_ERROR_UNSUPPORTED,
                         "%s: was saved on a big-endian machine (its byteorder is not \"little\"), "
                         "which cannot be read",
                         file->path);
    return status;
}

static ad_status collect(ad_file *file, archive_form *form, const unsigned char *bytes, size_t size)
{
    ad_arena arena;
    ad_pickle pickle;
    ad_pickle_value *root;
    ad_arena_init(&arena, file->ctx);
    ad_pickle_init(&pickle, &arena, file->path, bytes, size);
    pickle.keep_unknown = true;
    ad_status status = ad_pickle_load(&pickle, &root);
    if (!status) status = ad_torch_collect(file, &pickle, root, locate, form);
    ad_pickle_free(&pickle);
    ad_arena_free(&arena);
    return status;
}

ad_status ad_torch_zip_list(ad_file *file, const char *pickle_member)
{
    archive_form form = {.prefix = strlen(pickle_member) - strlen("data.pkl")};
    size_t size;
    if (form.prefix >= MAX_MEMBER_NAME)
        return ad_fail(file->ctx, AD_ERROR_LIMIT, "%s: a member's name is longer than %d bytes",
                       file->path, MAX_MEMBER_NAME);
    memcpy(form.name, pickle_member, form.prefix);
    ad_status status = check_byteorder(&form, file);
    if (status) return status;
    int64_t member = ad_archive_find(file->archive, pickle_member);
    status = ad_archive_size(file->archive, member, &size);
    if (status) return status;
    if (size > MAX_PICKLE)
        return ad_fail(file->ctx, AD_ERROR_LIMIT, "%s: its pickle has %zu bytes; the limit is %d",
                       file->path, size, MAX_PICKLE);
    unsigned char *bytes = ad_alloc(file->ctx, size);
    if (!bytes) return AD_ERROR_MEMORY;
    status = ad_archive_read(file->archive, member, 0, bytes, size, true);
    if (!status) status = collect(file, &form, bytes, size);
    ad_free(file->ctx, bytes, size);
    return status;
}
