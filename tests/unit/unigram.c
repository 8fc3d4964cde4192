/* unigram.c - SentencePiece's files broken in every way: an error or pieces, never more. What whole
 * ones give is held against transformers by tests/zoo/marian.c. */
#include "check.h"
#include "context.h"
#include "data/text/unigram.h"

#include <stdlib.h>
#include <string.h>

static const char path[] = "tests/fixtures/marian/shared/source.spm";

enum { BYTES_MOST = 1 << 16 };

typedef struct bytes {
    char *data;
    size_t size;
} bytes;

static bytes read_all(void)
{
    bytes b = {0};
    FILE *file = fopen(path, "rb");
    b.data = malloc(BYTES_MOST);
    if (file && b.data) b.size = fread(b.data, 1, BYTES_MOST, file);
    if (file) fclose(file);
    CHECK(b.size > 1000 && b.size < BYTES_MOST);
    return b;
}

/* Reads and, where that works, cuts a text into pieces. Copied, so that tools see each byte that is
 * read beyond the end. */
static bool try_bytes(const char *data, size_t size)
{
    static const char text[] = " the \xef\xac\x81 mat\xe3\x80\x80 \xff e\xcc\x81 ";
    char *copy = malloc(size + !size);
    ad_unigram *u;
    ad_tokens tokens = {0};
    if (!copy) abort();
    memcpy(copy, data, size);
    bool read = ad_unigram_read(&u, ctx, "broken.spm", copy, size) == AD_OK;
    free(copy);
    if (!read) {
        CHECK(u == NULL && strstr(ad_error(ctx), "broken.spm"));
        return false;
    }
    CHECK_INT(ad_unigram_number(u, &u->pieces, 1), AD_OK);
    CHECK_INT(ad_unigram_encode(u, &u->pieces, text, sizeof text - 1, &tokens), AD_OK);
    for (int64_t i = 0; i < tokens.count; ++i)
        CHECK(tokens.ids[i] >= 0 && tokens.ids[i] < u->pieces.count + 2);
    ad_tokens_free(&tokens);
    ad_unigram_free(u);
    return true;
}

static void truncated(void)
{
    bytes b = read_all();
    CHECK(try_bytes(b.data, b.size));
    CHECK(!try_bytes(b.data, 0));
    for (size_t size = 1; size < b.size; ++size) try_bytes(b.data, size);
    free(b.data);
}

static void flipped(void)
{
    bytes b = read_all();
    for (size_t i = 0; i < b.size; ++i) {
        static const char with[] = {0, 0x7f, (char)0x80, (char)0xff};
        char was = b.data[i];
        for (size_t k = 0; k < sizeof with; ++k) {
            b.data[i] = with[k];
            try_bytes(b.data, b.size);
        }
        b.data[i] = was;
    }
    free(b.data);
}

/* A field of a wrong type is none, and no piece is so long that a text would take for ever. */
static void fields(void)
{
    enum { LONG = 2049 };
    static const char piece[] = "\x08\x05\x0a\x03\x0a\x01"
                                "a",
                      empty[] = "\x0a\x02\x08\x07";
    char large[LONG + 8] = "\x0a\x84\x10\x0a\x81\x10";
    CHECK(try_bytes(piece, sizeof piece - 1));
    CHECK(!try_bytes(empty, sizeof empty - 1));
    CHECK_CONTAINS(ad_error(ctx), "piece 0 is empty");
    memset(large + 6, 'a', LONG);
    CHECK(!try_bytes(large, LONG + 6));
    CHECK_CONTAINS(ad_error(ctx), "piece 0 has 2049 bytes, at most 2048");
}

/* Without a map, prefix and collapsing there is nothing to change but spaces. */
static void normalised(void)
{
    ad_unigram u = {.ctx = ctx, .escape = true};
    ad_text out;
    ad_text_init(&out, ctx);
    ad_unigram_normalise(&u, " a  b\xff", 6, &out);
    CHECK_TEXT(ad_text_get(&out), "\xe2\x96\x81"
                                  "a\xe2\x96\x81\xe2\x96\x81"
                                  "b\xef\xbf\xbd");
    out.length = 0, u.collapse = u.prefix = true;
    ad_unigram_normalise(&u, "  a  b  ", 8, &out);
    CHECK_INT(out.length, 8);
    CHECK(!memcmp(out.data,
                  "\xe2\x96\x81"
                  "a\xe2\x96\x81"
                  "b",
                  8));
    out.length = 0;
    ad_unigram_normalise(&u, "   ", 3, &out);
    CHECK_INT(out.length, 0);
    ad_text_free(&out);
}

int main(int argc, char **argv)
{
    static const check_case cases[] = {
        CASE(truncated), CASE(flipped), CASE(fields), CASE(normalised), {0}};
    return check_in_context(argc, argv, cases);
}
