/* Documents whose memory is refused: each allocation of jansson's in turn, which leaves members out
 * without a word. Nothing of that may be read or written as if it were whole. */
#include "data/text/tokenizer_kinds.h"
#include "io/json.h"
#include "run/run.h"

#include "context.h"
#include "folder.h"

static int64_t asked, refuse_at; /* 0: never */

static void *allocate(size_t bytes)
{
    return ++asked == refuse_at ? NULL : malloc(bytes);
}

/* Calls `work` with the first, the second, ... allocation refused, until none is. Each time it must
 * say AD_ERROR_MEMORY, or not have needed it. */
static void refuse_each(ad_status (*work)(void))
{
    int64_t n = 1;
    for (bool reached = true; reached && n < 5000; ++n) {
        asked = 0, refuse_at = n;
        ad_status status = work();
        reached = asked >= n;
        refuse_at = 0;
        CHECK_INT(status, reached ? AD_ERROR_MEMORY : AD_OK);
        if (reached) CHECK_CONTAINS(ad_error(ctx), "memory");
        ad_error_clear(ctx);
    }
    CHECK(n > 5 && n < 5000);
}

/* ---- reading ---- */

static const char document[] = "{\"a\": [1, 2.5, \"three\"], \"b\": {\"c\": null, \"d\": true}}";

static ad_status parse(void)
{
    json_t *root;
    ad_status status = ad_json_parse(ctx, "document", document, strlen(document), 0, &root);
    CHECK((root != NULL) == (status == AD_OK));
    if (root) CHECK_INT(json_array_size(json_object_get(root, "a")), 3);
    json_decref(root);
    return status;
}

static void reading(void)
{
    refuse_each(parse);
}

static ad_status parse_object(void)
{
    json_t *root;
    ad_status status = ad_json_object_parse(ctx, "document", 3, document, strlen(document), &root);
    CHECK((root != NULL) == (status == AD_OK));
    json_decref(root);
    return status;
}

static void objects(void)
{
    static const char list[] = "[1, 2]", broken[] = "{\n\n\"a\": }";
    json_t *root;
    refuse_each(parse_object);
    CHECK_INT(ad_json_object_parse(ctx, "x", 0, list, 6, &root), AD_ERROR_FORMAT);
    CHECK_TEXT(ad_error(ctx), "x: is not a JSON object (line 1: it is an array)");
    CHECK(!root);
    CHECK_INT(ad_json_object_parse(ctx, "x", 7, list, 6, &root), AD_ERROR_FORMAT);
    CHECK_TEXT(ad_error(ctx), "x:7: is not a JSON object (it is an array)");
    CHECK_INT(ad_json_object_parse(ctx, "x", 0, broken, strlen(broken), &root), AD_ERROR_FORMAT);
    CHECK_CONTAINS(ad_error(ctx), "x: is not a JSON object (line 3: ");
    CHECK_INT(ad_json_object_parse(ctx, "x", 0, "", 0, &root), AD_ERROR_FORMAT);
    CHECK_INT(ad_json_object_load(ctx, in_folder("nowhere.json"), &root), AD_ERROR_NOT_FOUND);
    CHECK(!root);
    ad_error_clear(ctx);
}

static void what_is_wrong_is_said(void)
{
    json_t *root;
    CHECK_INT(ad_json_parse(ctx, "wrong", "{\n\"a\": }", 8, 0, &root), AD_ERROR_FORMAT);
    CHECK_CONTAINS(ad_error(ctx), "wrong: line 2: ");
    CHECK(!root);
    CHECK_INT(ad_json_load(ctx, in_folder("nowhere.json"), 0, &root), AD_ERROR_NOT_FOUND);
    CHECK(!root);
    ad_error_clear(ctx);
}

/* ---- writing ---- */

static ad_status write_and_read(void)
{
    unsigned refusals = ad_json_refusals();
    json_t *root = json_object(), *list = json_array();
    for (int i = 0; i < 20; ++i) json_array_append_new(list, json_integer(i));
    json_object_set_new(root, "list", list);
    json_object_set_new(root, "name", ad_json_from_text(ctx, "a \xff name"));
    json_object_set_new(root, "tenth", json_real(0.1));
    const char *path = in_folder("written.json");
    ad_status status = ad_run_write_json(ctx, path, root, JSON_INDENT(1), refusals);
    json_decref(root);
    if (status) return status;
    status = ad_json_load(ctx, path, 0, &root);
    if (status) return status;
    CHECK_INT(json_array_size(json_object_get(root, "list")), 20);
    CHECK_TEXT(json_string_value(json_object_get(root, "name")), "a \xef\xbf\xbd name");
    json_decref(root);
    return AD_OK;
}

static void writing(void)
{
    refuse_each(write_and_read);
}

/* An earlier failure is not the failure of what is built after it. */
static void a_failure_is_over(void)
{
    asked = 0, refuse_at = 1;
    CHECK(!json_object());
    refuse_at = 0;
    CHECK_INT(write_and_read(), AD_OK);
}

/* ---- what travels in a checkpoint ---- */

static ad_tokenizer *characters;

static ad_status tokenizer(void)
{
    const char *written;
    size_t length;
    ad_tokenizer *again = NULL;
    ad_status status = ad_tokenizer_to_text(characters, &written, &length);
    if (!status) status = ad_tokenizer_from_text(&again, ctx, "again", written, length);
    if (again) CHECK_INT(ad_tokenizer_count(again), ad_tokenizer_count(characters));
    ad_tokenizer_free(again);
    return status;
}

static void tokenizers(void)
{
    REQUIRE(!ad_tokenizer_characters(&characters, ctx, "letters", "the quick brown fox", 19));
    refuse_each(tokenizer);
    ad_tokenizer_free(characters);
}

int main(int argc, char **argv)
{
    static const check_case cases[] = {CASE(reading),
                                       CASE(objects),
                                       CASE(what_is_wrong_is_said),
                                       CASE(writing),
                                       CASE(a_failure_is_over),
                                       CASE(tokenizers),
                                       {0}};
    json_set_alloc_funcs(allocate, free);
    if (!folder_make()) return 1;
    int code = check_in_context(argc, argv, cases);
    return folder_remove() ? code : 1;
}
