/* tokenizer_hf.c - Hugging Face's tokenizer.json: the vocabulary, merges and added tokens of one
 * file, for the kinds that are known here.
 *
 *     BPE behind ByteLevel                     GPT-2's
 *     BPE with byte_fallback, spaces U+2581    Llama's: SentencePiece, merging by rank
 *     WordPiece behind BertNormalizer          BERT's, uncased and cased
 *     BPE with nothing in front, no merges     characters
 *
 * What the file asks for beyond that changes the ids, so it is refused by its name: Unigram,
 * WordLevel, other words, other normalizers. Post-processors say which special tokens stand around
 * a text, which whoever encodes decides here. */
#include "data/text/byte_spelling.h"
#include "data/text/tokenizer_kinds.h"
#include "data/text/words.h"
#include "io/json.h"

#include <string.h>

static const char mark[] = "\xe2\x96\x81"; /* a space, as SentencePiece spells it */

typedef struct reader {
    ad_context *ctx;
    const char *name;
    const json_t *root, *model;
    ad_tokenizer_kind kind;
    ad_tokenizer *t;
} reader;

static const json_t *get(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return json_is_null(value) ? NULL : value;
}

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(get(object, key));
    return text ? text : "";
}

static bool is(const json_t *object, const char *key, const char *text)
{
    return !strcmp(text_of(object, key), text);
}

static ad_status refuse(const reader *r, const char *part, const char *what)
{
    return ad_fail(r->ctx, AD_ERROR_UNSUPPORTED, "%s: its %s is %.60s, which is not supported",
                   r->name, part, what);
}

/* ---- what is done to a text before its pieces are looked up ---- */

/* Step `index` of a part, which is one step or a Sequence of them; NULL: no more. */
static const json_t *step(const json_t *part, const char *list, size_t index)
{
    if (!part) return NULL;
    if (is(part, "type", "Sequence")) return json_array_get(get(part, list), index);
    return index ? NULL : part;
}

static ad_status check_byte_level(reader *r)
{
    const json_t *part = get(r->root, "pre_tokenizer"), *s;
    bool words = false;
    if (get(r->root, "normalizer"))
        return refuse(r, "normalizer", text_of(get(r->root, "normalizer"), "type"));
    for (size_t i = 0; (s = step(part, "pretokenizers", i)); ++i) {
        const char *pattern = text_of(get(s, "pattern"), "Regex");
        if (is(s, "type", "Split") && !strcmp(pattern, ad_words_pattern_published))
            words = true;
        else if (is(s, "type", "Split"))
            return refuse(r, "pre_tokenizer", "a Split into words other than GPT-2's");
        else if (!is(s, "type", "ByteLevel"))
            return refuse(r, "pre_tokenizer", text_of(s, "type"));
        else if (json_is_true(get(s, "add_prefix_space")))
            return refuse(r, "pre_tokenizer", "ByteLevel with add_prefix_space");
        else
            words |= !json_is_false(get(s, "use_regex"));
    }
    return words ? AD_OK : refuse(r, "pre_tokenizer", "ByteLevel without words");
}

/* Spaces become U+2581 and one stands in front, by a normalizer or by the pre_tokenizer. */
static ad_status check_spaces(reader *r, bool *prefix)
{
    const json_t *normalizer = get(r->root, "normalizer"), *words = get(r->root, "pre_tokenizer"),
                 *s;
    bool marked = false;
    *prefix = false;
    for (size_t i = 0; (s = step(normalizer, "normalizers", i)); ++i) {
        bool spaces = is(get(s, "pattern"), "String", " ") && is(s, "content", mark);
        if (is(s, "type", "Prepend") && is(s, "prepend", mark))
            *prefix = true;
        else if (is(s, "type", "Replace") && spaces)
            marked = true;
        else
            return refuse(r, "normalizer", text_of(s, "type"));
    }
    for (size_t i = 0; (s = step(words, "pretokenizers", i)); ++i) {
        if (!is(s, "type", "Metaspace") || !is(s, "replacement", mark))
            return refuse(r, "pre_tokenizer", text_of(s, "type"));
        const json_t *scheme = get(s, "prepend_scheme");
        *prefix |= scheme ? !is(s, "prepend_scheme", "never")
                          : !json_is_false(get(s, "add_prefix_space"));
        marked = true;
    }
    return marked ? AD_OK : refuse(r, "normalizer", "none that marks spaces");
}

static ad_status check_bert(reader *r)
{
    const json_t *normalizer = get(r->root, "normalizer"), *words = get(r->root, "pre_tokenizer");
    if (!is(normalizer, "type", "BertNormalizer"))
        return refuse(r, "normalizer", normalizer ? text_of(normalizer, "type") : "none");
    if (json_is_false(get(normalizer, "clean_text")) ||
        json_is_false(get(normalizer, "handle_chinese_chars")))
        return refuse(r, "normalizer", "one that keeps control characters or Chinese words whole");
    if (!is(words, "type", "BertPreTokenizer"))
        return refuse(r, "pre_tokenizer", words ? text_of(words, "type") : "none");
    const json_t *longest = get(r->model, "max_input_chars_per_word");
    if (longest && json_integer_value(longest) != 100)
        return refuse(r, "model", "one whose words have not at most 100 characters");
    const char *prefix = text_of(r->model, "continuing_subword_prefix");
    return !*prefix || !strcmp(prefix, "##") ? AD_OK : refuse(r, "prefix of pieces", prefix);
}

static ad_status read_kind(reader *r, bool *prefix)
{
    const char *type = text_of(r->model, "type");
    bool merges = get(r->model, "merges") != NULL; /* older files leave the type out */
    *prefix = false;
    if (!strcmp(type, "WordPiece")) {
        r->kind = AD_TOKENIZER_WORDPIECE;
        return check_bert(r);
    }
    if (strcmp(type, "BPE") && (*type || !merges))
        return refuse(r, "model", *type ? type : "of no type");
    if (json_is_true(get(r->model, "ignore_merges")))
        return refuse(r, "model", "a BPE with ignore_merges");
    if (*text_of(r->model, "continuing_subword_prefix") || *text_of(r->model, "end_of_word_suffix"))
        return refuse(r, "model", "a BPE with marks within words");
    if (json_is_true(get(r->model, "byte_fallback"))) {
        r->kind = AD_TOKENIZER_SENTENCEPIECE;
        return check_spaces(r, prefix);
    }
    bool bare = !get(r->root, "normalizer") && !get(r->root, "pre_tokenizer");
    if (bare && !json_array_size(get(r->model, "merges"))) {
        r->kind = AD_TOKENIZER_CHARACTER;
        return AD_OK;
    }
    r->kind = AD_TOKENIZER_BPE;
    return check_byte_level(r);
}

/* ---- pieces ---- */

/* A piece as the vocabulary here keeps it, in t->scratch; false: it spells no bytes. */
static bool respell(reader *r, const char *text, size_t length)
{
    ad_text *out = &r->t->scratch;
    out->length = 0;
    if (r->kind == AD_TOKENIZER_SENTENCEPIECE) {
        ad_text_spaces(out, text, length);
        return true;
    }
    ad_text_bytes(out, text, length);
    if (r->kind != AD_TOKENIZER_BPE || out->failed) return true;
    int64_t bytes = ad_unspell_bytes(text, length, out->data);
    if (bytes >= 0) out->length = (size_t)bytes;
    return bytes >= 0;
}

static const json_t *added_token(const reader *r, size_t index)
{
    return json_array_get(get(r->root, "added_tokens"), index);
}

/* All pieces by their ids: the vocabulary's, and the added ones, which may stand there as well. */
static ad_status collect(reader *r, const char **keys, bool *added, int64_t count)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)get(r->model, "vocab"), key, value)
    {
        json_int_t id = json_is_integer(value) ? json_integer_value(value) : -1;
        if (id < 0 || id >= count || keys[id])
            return ad_fail(r->ctx, AD_ERROR_FORMAT,
                           "%s: the id of \"%.60s\" is no whole number below %lld, or is that of "
                           "another piece",
                           r->name, key, (long long)count);
        keys[id] = key;
    }
    for (size_t i = 0; i < json_array_size(get(r->root, "added_tokens")); ++i) {
        const json_t *token = added_token(r, i), *number = get(token, "id");
        const char *content = json_string_value(get(token, "content"));
        json_int_t id = json_is_integer(number) ? json_integer_value(number) : -1;
        if (!content || id < 0 || id >= count || (keys[id] && strcmp(keys[id], content) != 0))
            return ad_fail(r->ctx, AD_ERROR_FORMAT,
                           "%s: added token number %zu has no content, or no id below %lld of its "
                           "own",
                           r->name, i, (long long)count);
        keys[id] = content, added[id] = true;
    }
    for (int64_t id = 0; id < count; ++id)
        if (!keys[id])
            return ad_fail(r->ctx, AD_ERROR_FORMAT, "%s: no piece has the id %lld", r->name,
                           (long long)id);
    return AD_OK;
}

static ad_status add_pieces(reader *r, const char **keys, const bool *added, int64_t count)
{
    ad_status status = AD_OK;
    for (int64_t id = 0; id < count && !status; ++id) {
        size_t length = strlen(keys[id]);
        /* an added token stands for itself, spaces and all */
        bool spelled = !added[id] && respell(r, keys[id], length);
        if (r->t->scratch.failed) return AD_ERROR_MEMORY;
        status = ad_tokenizer_add(r->t, r->name, spelled ? r->t->scratch.data : keys[id],
                                  spelled ? r->t->scratch.length : length,
                                  added[id] || !spelled ? AD_PIECE_CONTROL : AD_PIECE_NORMAL, 0);
    }
    return status;
}

/* Those of the added tokens that the vocabulary lacks come on top. */
static int64_t count_pieces(const reader *r)
{
    const json_t *vocab = get(r->model, "vocab");
    int64_t count = (int64_t)json_object_size(vocab);
    for (size_t i = 0; i < json_array_size(get(r->root, "added_tokens")); ++i)
        count += !json_object_get(vocab, text_of(added_token(r, i), "content"));
    return count;
}

static ad_status read_pieces(reader *r)
{
    int64_t count = count_pieces(r);
    if (!json_is_object(get(r->model, "vocab")) || count > AD_MAX_PIECES)
        return ad_fail(r->ctx, AD_ERROR_FORMAT, "%s: its model has no vocab of at most %d pieces",
                       r->name, AD_MAX_PIECES);
    const char **keys = ad_zalloc(r->ctx, ad_bytes(count, sizeof *keys));
    bool *added = ad_zalloc(r->ctx, ad_bytes(count, sizeof *added));
    ad_status status = keys && added ? collect(r, keys, added, count) : AD_ERROR_MEMORY;
    if (!status) status = add_pieces(r, keys, added, count);
    if (keys) ad_free(r->ctx, (void *)keys, ad_bytes(count, sizeof *keys));
    if (added) ad_free(r->ctx, added, ad_bytes(count, sizeof *added));
    return status;
}

/* ---- merges ---- */

static int32_t side(reader *r, int64_t number, const char *text, size_t length)
{
    int32_t id = -1;
    if (respell(r, text, length) && !r->t->scratch.failed)
        id = ad_vocabulary_find(&r->t->vocabulary, r->t->scratch.data, r->t->scratch.length);
    if (id < 0)
        ad_fail(r->ctx, AD_ERROR_FORMAT, "%s: merge %lld: \"%.*s\" is not in the vocabulary",
                r->name, (long long)number, (int)(length < 60 ? length : 60), text);
    return id;
}

/* "a b", or since 2024 ["a", "b"]. */
static ad_status read_merge(reader *r, int64_t number, const json_t *merge)
{
    const char *left = json_string_value(merge), *right = left ? strchr(left, ' ') : NULL;
    size_t length = right ? (size_t)(right - left) : 0;
    if (right) ++right;
    if (json_is_array(merge)) {
        left = json_string_value(json_array_get(merge, 0));
        right = json_string_value(json_array_get(merge, 1));
        length = left ? strlen(left) : 0;
    }
    if (!left || !right)
        return ad_fail(r->ctx, AD_ERROR_FORMAT, "%s: merge %lld is not two pieces", r->name,
                       (long long)number);
    int32_t a = side(r, number, left, length),
            b = a < 0 ? -1 : side(r, number, right, strlen(right));
    return b < 0 ? AD_ERROR_FORMAT : ad_tokenizer_add_merge(r->t, r->name, number, a, b);
}

static ad_status read_merges(reader *r)
{
    const json_t *merges = get(r->model, "merges");
    ad_status status = AD_OK;
    if (!json_is_array(merges))
        return ad_fail(r->ctx, AD_ERROR_FORMAT, "%s: its model has no merges", r->name);
    for (size_t i = 0; i < json_array_size(merges) && !status; ++i)
        status = read_merge(r, (int64_t)i, json_array_get(merges, i));
    return status;
}

/* ---- special tokens ---- */

static void set_special(ad_tokenizer *t, ad_special_token which, const char *piece)
{
    int32_t id = piece ? ad_vocabulary_find(&t->vocabulary, piece, strlen(piece)) : -1;
    if (id < 0) return;
    t->special[which] = id;
    t->vocabulary.pieces[id].type = AD_PIECE_CONTROL;
}

/* Accents go where letters are put in lower case, unless that is said otherwise. */
static void read_letters(ad_tokenizer *t, const json_t *from, const char *lower)
{
    const json_t *lowered = get(from, lower), *strip = get(from, "strip_accents");
    t->cased = lowered && !json_is_true(lowered);
    t->keeps_accents = strip ? !json_is_true(strip) : t->cased;
}

/* The mask stands for a word with the space in front of it. */
static void read_mask(reader *r)
{
    for (size_t i = 0; i < json_array_size(get(r->root, "added_tokens")); ++i)
        if (get(added_token(r, i), "id") &&
            json_integer_value(get(added_token(r, i), "id")) == r->t->special[AD_TOKEN_MASK])
            r->t->mask_takes_space = json_is_true(get(added_token(r, i), "lstrip"));
}

/* What a post-processor puts in front of a text is what a text begins with. */
static void read_template(reader *r)
{
    const json_t *part = get(r->root, "post_processor"), *s;
    for (size_t i = 0; (s = step(part, "processors", i)); ++i) {
        if (is(s, "type", "TemplateProcessing"))
            set_special(r->t, AD_TOKEN_BOS,
                        json_string_value(
                            get(get(json_array_get(get(s, "single"), 0), "SpecialToken"), "id")));
        set_special(r->t, AD_TOKEN_BOS, json_string_value(json_array_get(get(s, "cls"), 0)));
        set_special(r->t, AD_TOKEN_EOS, json_string_value(json_array_get(get(s, "sep"), 0)));
    }
}

ad_status ad_tokenizer_name_special(ad_tokenizer *t, const char *name, const char *bytes,
                                    size_t size, bool letters)
{
    static const struct {
        const char *key;
        ad_special_token token;
    } keys[] = {{"bos_token", AD_TOKEN_BOS},
                {"eos_token", AD_TOKEN_EOS},
                {"unk_token", AD_TOKEN_UNKNOWN},
                {"pad_token", AD_TOKEN_PAD},
                {"mask_token", AD_TOKEN_MASK}};
    json_t *config;
    ad_status status = ad_json_parse(t->ctx, name, bytes, size, JSON_ALLOW_NUL, &config);
    if (status) return status;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; ++i) {
        const json_t *token = get(config, keys[i].key); /* "<s>", or {"content": "<s>", ...} */
        const json_t *content = get(token, "content");
        set_special(t, keys[i].token, json_string_value(content ? content : token));
    }
    if (letters && t->kind == AD_TOKENIZER_WORDPIECE) read_letters(t, config, "do_lower_case");
    json_decref(config);
    return AD_OK;
}

/* ---- the file ---- */

ad_status ad_tokenizer_read_hf(ad_tokenizer **out, ad_context *ctx, const char *name,
                               const struct json_t *root)
{
    reader r = {.ctx = ctx, .name = name, .root = root, .model = get(root, "model")};
    bool prefix;
    ad_status status = read_kind(&r, &prefix);
    if (!status && !(r.t = ad_tokenizer_new(ctx, r.kind))) status = AD_ERROR_MEMORY;
    if (!status) status = read_pieces(&r);
    if (!status && r.kind != AD_TOKENIZER_WORDPIECE) status = read_merges(&r);
    if (!status) {
        r.t->prefix_space = prefix;
        if (r.kind == AD_TOKENIZER_WORDPIECE)
            read_letters(r.t, get(root, "normalizer"), "lowercase");
        read_template(&r);
        status = ad_tokenizer_finish(r.t, name);
        if (!status) read_mask(&r);
    }
    return ad_tokenizer_give(out, r.t, status);
}
