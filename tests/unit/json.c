/* json.c - the JSON cursor: what it takes, what it refuses and where. */
#include "check.h"

#include "io/json_cursor.h"

static ad_context *ctx;

/* NULL, or what is wrong with the text as a whole. */
static const char *wrong_with(const char *text, size_t size)
{
    static char what[128];
    ad_text scratch;
    ad_text_init(&scratch, ctx);
    ad_json_cursor j = ad_json_open(text, size);
    ad_json_skip(&j, &scratch);
    bool good = ad_json_done(&j);
    ad_text_free(&scratch);
    return good ? NULL : ad_json_wrong(&j, what, sizeof what);
}

static void takes(void)
{
    static const char *const texts[] = {
        "{}",
        "[]",
        "0",
        "-0",
        "12.5e-3",
        "1E+2",
        "true",
        "false",
        "null",
        "\"\"",
        " [1 , {\"a\" : [ ] , \"b\":{}} ,\t\"x\"]\r\n",
        "[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]",
        "\"\\u00e9\\uD83D\\uDE00\\/\"",
        "[9223372036854775807,-9223372036854775808]",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; ++i) {
        const char *wrong = wrong_with(texts[i], strlen(texts[i]));
        if (wrong) CHECK_FAIL("%s: %s", texts[i], wrong);
    }
}

static void refuses(void)
{
    static const struct {
        const char *text, *says;
    } rows[] = {
        {"", "expected a value at byte 0"},
        {" x", "expected a value at byte 1"},
        {"[1", "expected ',' or ']' at byte 2"},
        {"[1 2]", "expected ',' or ']' at byte 3"},
        {"[1,]", "expected a value at byte 3"},
        {"[1}", "expected ',' or ']' at byte 2"},
        {"{\"a\":1]", "expected ',' or '}' at byte 6"},
        {"{\"a\"}", "expected ':' at byte 4"},
        {"{\"a\":}", "expected a value at byte 5"},
        {"{\"a\":1,}", "expected a string at byte 7"},
        {"{a:1}", "expected a string at byte 1"},
        {"[] []", "expected the end at byte 3"},
        {"nul", "expected a value at byte 0"},
        {"nullx", "expected the end at byte 4"},
        {"01", "a number that begins with 0"},
        {"-", "expected a number at byte 1"},
        {"1.", "expected a digit at byte 2"},
        {"1e", "expected a digit at byte 2"},
        {"+1", "expected a value at byte 0"},
        {"9223372036854775808", "a number that is too large"},
        {"-9223372036854775809", "a number that is too large"},
        {"\"abc", "a string without an end at byte 4"},
        {"\"\\", "a string without an end at byte 2"},
        {"\"a\nb\"", "a control character in a string at byte 2"},
        {"\"\\x\"", "an unknown escape"},
        {"\"\\u00\"", "an escape that is not a character"},
        {"\"\\u0000\"", "an escape that is not a character"},
        {"\"\\ud800\"", "an escape that is not a character"},
        {"\"\\ud800\\n\"", "half a character"},
        {"\"\\ud800\\u0041\"", "half a character"},
        {"\"\\udc00\"", "an escape that is not a character"},
        {"\"\xff\"", "a byte that is not UTF-8 at byte 1"},
        {"\"\xc0\x80\"", "a byte that is not UTF-8 at byte 1"},
        {"\"\xe2\x82\"", "a byte that is not UTF-8 at byte 1"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; ++i) {
        const char *wrong = wrong_with(rows[i].text, strlen(rows[i].text));
        if (!wrong || strncmp(wrong, rows[i].says, strlen(rows[i].says)))
            CHECK_FAIL("%s: %s, expected %s", rows[i].text, wrong ? wrong : "taken", rows[i].says);
    }
    CHECK_CONTAINS(wrong_with("\"a\0b\"", 5), "a control character in a string at byte 2");
    CHECK_CONTAINS(wrong_with("1\0", 2), "expected the end");
    char deep[200];
    memset(deep, '[', 100), memset(deep + 100, ']', 100);
    CHECK(!wrong_with(deep + 36, 128));
    CHECK_CONTAINS(wrong_with(deep + 35, 130), "nested too deeply at byte 64");
}

static void reads(void)
{
    static const char text[] = "{\"name\":\"\\u20ac\\\"\\n\",\"n\":[-7,1.5]}";
    ad_json_cursor j = ad_json_open(text, strlen(text));
    ad_text key, value;
    bool whole = false;
    int64_t n = 0;
    ad_text_init(&key, ctx), ad_text_init(&value, ctx);
    CHECK_INT(ad_json_peek(&j), AD_JSON_OBJECT);
    CHECK(ad_json_enter(&j, '{'));
    CHECK(ad_json_more(&j) && ad_json_read_key(&j, &key) && ad_json_read_string(&j, &value));
    CHECK_TEXT(ad_text_get(&key), "name");
    CHECK_TEXT(ad_text_get(&value), "\xe2\x82\xac\"\n");
    CHECK(ad_json_more(&j) && ad_json_read_key(&j, &key));
    CHECK_TEXT(ad_text_get(&key), "n");
    CHECK(ad_json_enter(&j, '['));
    CHECK(ad_json_more(&j) && ad_json_read_number(&j, &whole, &n) && whole);
    CHECK_INT(n, -7);
    CHECK(ad_json_more(&j) && ad_json_read_number(&j, &whole, &n) && !whole);
    CHECK(!ad_json_more(&j) && !ad_json_more(&j) && ad_json_done(&j));

    j = ad_json_open("[1]", 3); /* the first fault stays */
    CHECK(!ad_json_enter(&j, '{') && !ad_json_enter(&j, '[') && !ad_json_more(&j));
    CHECK(!ad_json_read_string(&j, &value) && !ad_json_read_number(&j, &whole, &n) &&
          !ad_json_done(&j));
    CHECK_CONTAINS(ad_json_wrong(&j, (char[64]){0}, 64), "expected an object at byte 0");
    ad_text_free(&key), ad_text_free(&value);
}

static const check_case cases[] = {CASE(takes), CASE(refuses), CASE(reads), {0}};

int main(int argc, char **argv)
{
    ctx = ad_context_new(NULL);
    int status = check_main(argc, argv, cases);
    ad_context_free(ctx);
    return status;
}
