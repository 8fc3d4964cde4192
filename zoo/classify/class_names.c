/* class_names.c - classes by name from a file of labels, as ImageNet's networks come with them.
 *
 * JSON: a list of names; index -> name or [wnid, name] (imagenet_class_index.json); Hugging Face's
 * config.json with "id2label"; name -> index (torchvision's class_to_idx). Else text: a name in
 * each line (imagenet_classes.txt), perhaps behind its number and a colon, as Python prints a dict,
 * or behind its wnid (synset_words.txt). */
#include "zoo/classify/classify.h"

#include <autodidact/tokenizer.h>

#include <ctype.h>
#include <errno.h>
#include <autodidact/json.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const size_t bytes_most = 16 << 20;

typedef struct names {
    ad_context *ctx;
    const char *path;
    char **at; /* [room], each owned; NULL: not named yet */
    int64_t room, count;
    ad_status status;
} names;

static void fail(names *n, const char *what)
{
    if (!n->status)
        n->status = ad_error_set(n->ctx, AD_ERROR_FORMAT,
                                 "%s: %s; expected the names of %lld classes", n->path, what,
                                 (long long)n->room);
}

/* `length` bytes as the name of the class `index`. */
static void put(names *n, int64_t index, const char *name, size_t length)
{
    char what[96];
    snprintf(what, sizeof what, "names a class %lld", (long long)index);
    if (index < 0 || index >= n->room) return fail(n, what);
    snprintf(what, sizeof what, "names class %lld twice", (long long)index);
    if (n->at[index]) return fail(n, what);
    n->at[index] = malloc(length + 1);
    if (!n->at[index]) {
        n->status = ad_error_set(n->ctx, AD_ERROR_MEMORY, "%s: out of memory", n->path);
        return;
    }
    memcpy(n->at[index], name, length);
    n->at[index][length] = 0;
    ++n->count;
}

/* ---- JSON ---- */

/* "tench", or the name in ["n01440764", "tench"]. */
static void put_json(names *n, int64_t index, const json_t *value)
{
    if (json_is_array(value)) value = json_array_get(value, json_array_size(value) - 1);
    if (!json_is_string(value)) return fail(n, "holds something else than names");
    put(n, index, json_string_value(value), json_string_length(value));
}

static int64_t index_of(const char *text)
{
    char *end;
    if (!isdigit((unsigned char)*text)) return -1;
    errno = 0;
    long long index = strtoll(text, &end, 10);
    return *end || errno ? -1 : index;
}

static void read_object(names *n, json_t *object)
{
    const char *key;
    json_t *value;
    json_object_foreach(object, key, value)
    {
        if (json_is_integer(value))
            put(n, json_integer_value(value), key, strlen(key));
        else
            put_json(n, index_of(key), value);
        if (n->status) return;
    }
}

static void read_json(names *n, json_t *root)
{
    json_t *inside = json_object_get(root, "id2label");
    if (!inside) inside = json_object_get(root, "label_names");
    if (!inside) inside = root;
    if (json_is_object(inside)) return read_object(n, inside);
    for (size_t i = 0; i < json_array_size(inside) && !n->status; ++i)
        put_json(n, (int64_t)i, json_array_get(inside, i));
}

/* ---- text ---- */

static void trim(const char **begin, const char **end)
{
    while (*begin < *end && isspace((unsigned char)**begin)) ++*begin;
    while (*end > *begin && isspace((unsigned char)(*end)[-1])) --*end;
}

/* Behind "12:"; or NULL. */
static const char *behind_number(const char *begin, const char *end, int64_t *index)
{
    const char *p = begin;
    for (*index = 0; p < end && isdigit((unsigned char)*p) && *index < 1000000; ++p)
        *index = 10 * *index + (*p - '0');
    return p > begin && p < end && *p == ':' ? p + 1 : NULL;
}

/* Behind "n01440764 "; or NULL. */
static const char *behind_wnid(const char *begin, const char *end)
{
    if (end - begin < 11 || *begin != 'n' || begin[9] != ' ') return NULL;
    for (int i = 1; i < 9; ++i)
        if (!isdigit((unsigned char)begin[i])) return NULL;
    return begin + 10;
}

/* "{0: 'tench, Tinca tinca'," and its kin: what stands around the name. */
static void undress(const char **begin, const char **end)
{
    trim(begin, end);
    if (*end > *begin && (*end)[-1] == '}') --*end;
    if (*end > *begin && (*end)[-1] == ',') --*end;
    trim(begin, end);
    if (*end - *begin >= 2 && (**begin == '\'' || **begin == '"') && (*end)[-1] == **begin)
        ++*begin, --*end;
}

static void read_line(names *n, int64_t line, const char *begin, const char *end)
{
    int64_t index;
    if (*begin == '{') ++begin;
    trim(&begin, &end);
    const char *name = behind_number(begin, end, &index);
    if (name) {
        undress(&name, &end);
        return put(n, index, name, (size_t)(end - name));
    }
    if ((name = behind_wnid(begin, end))) begin = name;
    put(n, line, begin, (size_t)(end - begin));
}

static void read_text(names *n, const char *text, size_t bytes)
{
    const char *end = text + bytes;
    for (int64_t line = 0; text < end && !n->status; ++line) {
        const char *stop = memchr(text, '\n', (size_t)(end - text));
        const char *from = text, *to = stop ? stop : end;
        text = stop ? stop + 1 : end;
        trim(&from, &to);
        if (from < to && !(to - from == 1 && *from == '}')) read_line(n, line, from, to);
    }
}

/* ---- the file ---- */

static ad_status check(names *n)
{
    char what[64];
    snprintf(what, sizeof what, "names %lld classes", (long long)n->count);
    if (n->count != n->room) fail(n, what);
    return n->status;
}

ad_status classify_parse_names(ad_context *ctx, const char *path, const char *text, size_t bytes,
                               ad_texts *classes)
{
    names n = {.ctx = ctx, .path = path, .room = classes->count};
    json_t *root;
    n.at = calloc((size_t)n.room, sizeof *n.at);
    if (!n.at) return ad_error_set(ctx, AD_ERROR_MEMORY, "%s: out of memory", path);
    n.status = ad_json_parse(ctx, path, text, bytes, JSON_REJECT_DUPLICATES, &root);
    if (n.status == AD_ERROR_FORMAT) { /* lines, then */
        ad_error_clear(ctx);
        n.status = AD_OK;
        read_text(&n, text, bytes);
    } else if (root) {
        read_json(&n, root);
    }
    json_decref(root);
    if (!n.status) check(&n);
    if (!n.status) n.status = ad_texts_copy(ctx, classes, n.at, n.room);
    for (int64_t i = 0; i < n.room; ++i) free(n.at[i]);
    free(n.at);
    return n.status;
}

ad_status classify_read_names(ad_context *ctx, const char *path, ad_texts *classes)
{
    ad_text_file file;
    ad_status status = ad_text_file_read(&file, ctx, path);
    if (!status && file.length > bytes_most)
        status = ad_error_set(ctx, AD_ERROR_LIMIT, "%s: is too large for a file of labels", path);
    if (!status) status = classify_parse_names(ctx, path, file.text, file.length, classes);
    ad_text_file_free(&file);
    return status;
}
