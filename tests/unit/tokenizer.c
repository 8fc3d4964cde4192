/* tokenizer.c - characters, bytes, training, the text form, decoding as it comes, batches. What
 * published vocabularies give is in tests/data/tokenizers.c. */
#include "context.h"
#include "folder.h"

#include <autodidact/tokenizer.h>

static void encodes(ad_tokenizer *t, const char *text, int flags, const char *want)
{
    ad_tokens ids = {0};
    char got[1024] = "";
    if (ad_tokenizer_encode(t, text, strlen(text), flags, &ids)) CHECK_FAIL("%s", ad_error(ctx));
    for (int64_t i = 0; i < ids.count; ++i)
        snprintf(got + strlen(got), sizeof got - strlen(got), "%s%d", i ? " " : "", ids.ids[i]);
    CHECK_TEXT(got, want);
    ad_tokens_free(&ids);
}

/* Encoded and decoded, a text is what it was. */
static void returns(ad_tokenizer *t, const char *text, size_t length)
{
    ad_tokens ids = {0};
    const char *back;
    size_t n;
    CHECK_INT(ad_tokenizer_encode(t, text, length, 0, &ids), AD_OK);
    CHECK_INT(ad_tokenizer_decode(t, ids.ids, ids.count, &back, &n), AD_OK);
    CHECK(n == length && !memcmp(back, text, n));
    ad_tokens_free(&ids);
}

/* The text form gives the same tokenizer. */
static void keeps(ad_tokenizer *t)
{
    const char *text;
    size_t length;
    ad_tokenizer *again = NULL;
    REQUIRE(!ad_tokenizer_to_text(t, &text, &length));
    CHECK_INT(strlen(text), length);
    if (ad_tokenizer_from_text(&again, ctx, "kept", text, length)) CHECK_FAIL("%s", ad_error(ctx));
    REQUIRE(again);
    CHECK_INT(ad_tokenizer_get_kind(again), ad_tokenizer_get_kind(t));
    CHECK_INT(ad_tokenizer_fingerprint(again), ad_tokenizer_fingerprint(t));
    ad_tokenizer_free(again);
}

static void characters(void)
{
    static const char text[] = "h\xc3\xa9llo, w\xf0\x9f\x98\x80rld";
    ad_tokenizer *t = NULL;
    ad_tokens ids = {0};
    REQUIRE(!ad_tokenizer_characters(&t, ctx, "text", text, sizeof text - 1));
    CHECK_INT(ad_tokenizer_count(t), 10); /* space , d h l o r w é 😀 */
    encodes(t, "dl \xc3\xa9\xf0\x9f\x98\x80", 0, "2 4 0 8 9");
    encodes(t, "", 0, "");
    returns(t, text, sizeof text - 1);
    keeps(t);
    CHECK_INT(ad_tokenizer_encode(t, "hex", 3, 0, &ids), AD_ERROR_ARGUMENT);
    CHECK_CONTAINS(ad_error(ctx), "U+0065 (\"e\"), at byte 1");
    CHECK_INT(ad_tokenizer_encode(t, "h\xff", 2, 0, &ids), AD_ERROR_FORMAT);
    CHECK_CONTAINS(ad_error(ctx), "byte 1 (0xff)");
    ad_tokens_free(&ids);
    ad_tokenizer_free(t);
    CHECK_INT(ad_tokenizer_characters(&t, ctx, "some.txt", "ab\xc3(", 4), AD_ERROR_FORMAT);
    CHECK_CONTAINS(ad_error(ctx), "some.txt: byte 2 (0xc3) is not UTF-8");
    CHECK(!t);
}

static void bytes(void)
{
    ad_tokenizer *t = NULL;
    REQUIRE(!ad_tokenizer_bytes(&t, ctx));
    encodes(t, "a\xff", 0, "97 255");
    returns(t, "\0\xfe\xc3", 3);
    keeps(t);
    ad_tokenizer_free(t);
}

/* Counted by hand: "ab" occurs 4 times, then "abab" would be "ab" + "ab" twice. */
static void trains(void)
{
    static const char text[] = "abab abab";
    ad_tokenizer *t = NULL;
    size_t length;
    REQUIRE(!ad_tokenizer_train(&t, ctx, "text", text, sizeof text - 1, 300));
    CHECK_INT(ad_tokenizer_count(t), 259); /* 256 bytes, ab, abab, <|endoftext|> */
    CHECK(!memcmp(ad_tokenizer_piece(t, 256, &length), "ab", 2) && length == 2);
    CHECK(!memcmp(ad_tokenizer_piece(t, 257, &length), "abab", 4) && length == 4);
    CHECK_INT(ad_tokenizer_special(t, AD_TOKEN_EOS), 258);
    encodes(t, "ababab b", 0, "257 256 220 65");
    encodes(t, "ab<|endoftext|>ab", AD_ENCODE_SPECIAL, "256 258 256");
    encodes(t, "ab", AD_ENCODE_BOS | AD_ENCODE_EOS, "258 256 258");
    returns(t, "ab \xff\xfe<|endoftext|> \xf0\x9f\x98 \0 abc", 28);
    keeps(t);
    CHECK(!ad_tokenizer_piece(t, 259, &length));
    ad_tokenizer_free(t);
    CHECK_INT(ad_tokenizer_train(&t, ctx, "x.txt", "a\x80", 2, 300), AD_ERROR_FORMAT);
    CHECK_CONTAINS(ad_error(ctx), "x.txt: byte 1 (0x80)");
    CHECK_INT(ad_tokenizer_train(&t, ctx, "x.txt", "a", 1, 256), AD_ERROR_ARGUMENT);
}

/* Short words are merged in an array, long ones by a heap; both must agree with a plain search. */
static void long_words_are_merged_alike(void)
{
    char word[400];
    for (int i = 0; i < 400; ++i) word[i] = "abcab"[(i * i + i / 7) % 5];
    ad_tokenizer *t = NULL;
    REQUIRE(!ad_tokenizer_train(&t, ctx, "text", word, sizeof word, 290));
    for (int n = 40; n < 60; ++n) {
        ad_tokens all = {0};
        char both[128];
        snprintf(both, sizeof both, "%.*s", n, word + n);
        CHECK_INT(ad_tokenizer_encode(t, both, strlen(both), 0, &all), AD_OK);
        returns(t, both, strlen(both));
        /* the reference: the lowest rank first, by search over the pieces' numbers */
        int32_t ids[128];
        int count = n;
        for (int i = 0; i < n; ++i) ids[i] = ad_tokenizer_find(t, both + i, 1);
        for (;;) {
            int best = -1;
            int32_t result = INT32_MAX;
            for (int i = 0; i + 1 < count; ++i) {
                char joined[256];
                size_t a, b;
                const char *p = ad_tokenizer_piece(t, ids[i], &a),
                           *q = ad_tokenizer_piece(t, ids[i + 1], &b);
                memcpy(joined, p, a), memcpy(joined + a, q, b);
                int32_t id = ad_tokenizer_find(t, joined, a + b);
                if (id >= 0 && id < result) result = id, best = i;
            }
            if (best < 0) break;
            ids[best] = result;
            memmove(ids + best + 1, ids + best + 2, (size_t)(count - best - 2) * sizeof *ids);
            --count;
        }
        CHECK_INT(all.count, count);
        CHECK(all.count == count && !memcmp(all.ids, ids, (size_t)count * sizeof *ids));
        ad_tokens_free(&all);
    }
    ad_tokenizer_free(t);
}

static void encodes_with_dropout(ad_tokenizer *t, const char *text, double share, uint64_t seed,
                                 ad_tokens *out)
{
    ad_bpe_dropout d = {.share = share, .seed = seed, .stream = 1};
    const char *again;
    size_t length;
    CHECK_INT(ad_tokenizer_encode_dropout(t, text, strlen(text), &d, out), AD_OK);
    CHECK_INT(ad_tokenizer_decode(t, out->ids, out->count, &again, &length), AD_OK);
    CHECK(length == strlen(text) && !memcmp(again, text, length));
}

/* Nothing left out is the plain encoding, all of it single bytes; what lies between is many
 * spellings of the text, the same for the same seed. Words in an array and in a heap. */
static void leaves_merges_out(void)
{
    enum { SEEDS = 40 };
    char text[120];
    for (int i = 0; i < 119; ++i) text[i] = "abcab"[(i * i + i / 7) % 5];
    text[30] = text[60] = ' ', text[119] = 0;
    ad_tokenizer *t = NULL;
    REQUIRE(!ad_tokenizer_train(&t, ctx, "text", text, sizeof text - 1, 290));
    ad_tokens plain = {0}, other = {0}, same = {0}, bytes = {0};
    CHECK_INT(ad_tokenizer_encode(t, text, sizeof text - 1, 0, &plain), AD_OK);
    encodes_with_dropout(t, text, 0, 1, &other);
    CHECK(other.count == plain.count && !memcmp(other.ids, plain.ids, 4 * (size_t)plain.count));
    encodes_with_dropout(t, text, 1, 1, &bytes);
    CHECK_INT(bytes.count, sizeof text - 1);
    double sum = 0, different = 0;
    for (uint64_t seed = 0; seed < SEEDS; ++seed) {
        other.count = same.count = 0;
        encodes_with_dropout(t, text, 0.3, seed, &other);
        encodes_with_dropout(t, text, 0.3, seed, &same);
        CHECK(other.count == same.count && !memcmp(other.ids, same.ids, 4 * (size_t)same.count));
        different += other.count != plain.count;
        sum += (double)other.count;
    }
    CHECK(different > SEEDS / 2);
    CHECK(sum / SEEDS > 1.1 * (double)plain.count && sum / SEEDS < 0.9 * (double)bytes.count);
    ad_bpe_dropout on = {.share = 0.5};
    other.count = same.count = 0;
    CHECK_INT(ad_tokenizer_encode_dropout(t, text, sizeof text - 1, &on, &other), AD_OK);
    CHECK(on.drawn > 0);
    CHECK_INT(ad_tokenizer_encode_dropout(t, text, sizeof text - 1, &on, &same), AD_OK);
    CHECK(other.count != same.count || memcmp(other.ids, same.ids, 4 * (size_t)same.count));
    on.share = 1.5;
    CHECK_INT(ad_tokenizer_encode_dropout(t, text, 3, &on, &other), AD_ERROR_ARGUMENT);
    CHECK_CONTAINS(ad_error(ctx), "a share of 1.5 merges to leave out is not 0 to 1");
    ad_tokens_free(&plain), ad_tokens_free(&other), ad_tokens_free(&same), ad_tokens_free(&bytes);
    ad_tokenizer_free(t);
    REQUIRE(!ad_tokenizer_bytes(&t, ctx));
    CHECK_INT(ad_tokenizer_encode_dropout(t, "a", 1, &(ad_bpe_dropout){0}, &other),
              AD_ERROR_ARGUMENT);
    CHECK_CONTAINS(ad_error(ctx), "merges are left out of a BPE, not of byte");
    ad_tokenizer_free(t);
}

static void saves_and_opens(void)
{
    static const char text[] = "the cat and the hat and the bat that sat";
    const char *path = in_folder("bpe");
    ad_tokenizer *t = NULL, *again = NULL;
    REQUIRE(!ad_tokenizer_train(&t, ctx, "text", text, sizeof text - 1, 270));
    CHECK_INT(ad_tokenizer_save(t, path), AD_OK);
    if (ad_tokenizer_open(&again, ctx, path)) CHECK_FAIL("%s", ad_error(ctx));
    REQUIRE(again);
    CHECK_INT(ad_tokenizer_fingerprint(again), ad_tokenizer_fingerprint(t));
    ad_tokenizer_free(again);
    REQUIRE(!ad_tokenizer_open(&again, ctx, in_folder("bpe/merges.txt")));
    CHECK_INT(ad_tokenizer_fingerprint(again), ad_tokenizer_fingerprint(t));
    ad_tokenizer_free(again);
    path = in_folder("own.json");
    REQUIRE(!ad_tokenizer_save(t, path) && !ad_tokenizer_open(&again, ctx, path));
    CHECK_INT(ad_tokenizer_fingerprint(again), ad_tokenizer_fingerprint(t));
    ad_tokenizer_free(again), ad_tokenizer_free(t);
}

static void holds_back_half_characters(void)
{
    ad_tokenizer *t = NULL;
    const char *text, smile[] = "a\xf0\x9f\x98\x80!";
    size_t length;
    REQUIRE(!ad_tokenizer_bytes(&t, ctx));
    ad_decoder d = {.tokenizer = t};
    static const char *const shown[] = {"a", "", "", "", "\xf0\x9f\x98\x80", "!"};
    for (int i = 0; i < 6; ++i) {
        REQUIRE(!ad_decoder_next(&d, (unsigned char)smile[i], &text, &length));
        CHECK_TEXT(text, shown[i]);
        CHECK_INT(length, strlen(shown[i]));
    }
    REQUIRE(!ad_decoder_next(&d, 0xe2, &text, &length));
    CHECK_INT(length, 0);
    ad_decoder_end(&d, &text, &length);
    CHECK_TEXT(text, "\xef\xbf\xbd");
    CHECK_INT(ad_decoder_next(&d, 256, &text, &length), AD_ERROR_ARGUMENT);
    ad_tokenizer_free(t);
}

/* Bytes one by one, and what is shown of them before and after the end. */
static void check_shown(ad_tokenizer *t, const char *bytes, const char *want, const char *at_end)
{
    char shown[64] = "";
    const char *text;
    size_t length;
    ad_decoder d = {.tokenizer = t};
    for (; *bytes; ++bytes) {
        REQUIRE(!ad_decoder_next(&d, (unsigned char)*bytes, &text, &length));
        strncat(shown, text, length);
    }
    CHECK_TEXT(shown, want);
    ad_decoder_end(&d, &text, &length);
    strncat(shown, text, length);
    CHECK_TEXT(shown, at_end);
}

static void shows_whole_characters(void)
{
    static const char plain[] = "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80";
    ad_tokenizer *t = NULL;
    REQUIRE(!ad_tokenizer_bytes(&t, ctx));
    check_shown(t, plain, plain, plain);
    check_shown(t, "x\xf0\x9f\x98", "x", "x\xef\xbf\xbd");
    check_shown(t, "\xc3(", "\xef\xbf\xbd(", "\xef\xbf\xbd(");
    check_shown(t, "\x80z", "\xef\xbf\xbdz", "\xef\xbf\xbdz");
    check_shown(t, "\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd",
                "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
    check_shown(t, "\xe2\x82\xc3\xa9", "\xef\xbf\xbd\xc3\xa9", "\xef\xbf\xbd\xc3\xa9");
    ad_tokenizer_free(t);
}

static void wordpieces(void)
{
    static const char vocab[] =
        "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nun\n##aff\n##able\ncafe\n!\n,\n"
        "\xe4\xb8\xad\n##\n";
    ad_tokenizer *t = NULL;
    const char *text;
    size_t length;
    write_text("vocab.txt", vocab);
    REQUIRE(!ad_tokenizer_open(&t, ctx, in_folder("vocab.txt")));
    CHECK_INT(ad_tokenizer_get_kind(t), AD_TOKENIZER_WORDPIECE);
    encodes(t, "UNaffable, Caf\xc3\xa9!!", 0, "5 6 7 10 8 9 9");
    encodes(t,
            "un\xe4\xb8\xad"
            "un",
            AD_ENCODE_BOS | AD_ENCODE_EOS, "2 5 11 5 3");
    encodes(t, "unx [MASK] un", 0, "1 1 1 1 5");
    encodes(t, "un [MASK] un", AD_ENCODE_SPECIAL, "5 4 5");
    /* accents, control and format characters vanish; a tab is a space */
    encodes(t, "u\xcc\x81\x01\xe2\x80\x8bn\tun", 0, "5 5");
    CHECK_INT(ad_tokenizer_decode(t, (int32_t[]){5, 6, 7, 10, 8}, 5, &text, &length), AD_OK);
    CHECK_TEXT(text, "unaffable , cafe");
    keeps(t);
    ad_tokenizer_free(t);
    /* cased, by what lies beside the vocabulary */
    write_text("vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nUn\nun\ncaf\xc3\xa9\ncafe\n");
    write_text("tokenizer_config.json", "{\"do_lower_case\": false}");
    REQUIRE(!ad_tokenizer_open(&t, ctx, in_folder("vocab.txt")));
    encodes(t, "Un un UN caf\xc3\xa9 cafe", 0, "5 6 1 7 8");
    keeps(t);
    ad_tokenizer_free(t);
    write_text("tokenizer_config.json", "{\"do_lower_case\": false, \"strip_accents\": true}");
    REQUIRE(!ad_tokenizer_open(&t, ctx, in_folder("vocab.txt")));
    encodes(t, "Un caf\xc3\xa9", 0, "5 8");
    keeps(t);
    ad_tokenizer_free(t);
    CHECK(!remove(in_folder("tokenizer_config.json")));
}

static void refuses(const char *name, const void *data, size_t size, const char *sentence)
{
    ad_tokenizer *t = NULL;
    write_bytes(name, data, size);
    ad_error_clear(ctx);
    CHECK(ad_tokenizer_open(&t, ctx, in_folder(name)) != AD_OK && !t);
    CHECK_CONTAINS(ad_error(ctx), name);
    CHECK_CONTAINS(ad_error(ctx), sentence);
    ad_tokenizer_free(t);
}
#define REFUSES(name, text, sentence) refuses(name, text, sizeof(text) - 1, sentence)

static void hostile_files(void)
{
    REFUSES("twice.txt", "[UNK]\na\na\n", "piece 2, \"a\", is also piece 1");
    REFUSES("nothing.txt", "hello\n", "is not a tokenizer");
    REFUSES("empty.txt", "", "is not a tokenizer");
    REFUSES("ids.json", "{\"a\": 0, \"b\": 2}", "the id of \"b\" is not");
    REFUSES("same.json", "{\"a\": 0, \"b\": 0}", "same id");
    REFUSES("keys.json", "{\"a\": 0, \"a\": 1}", "duplicate");
    REFUSES("cut.json", "{\"a\": 0,", "line 1");
    REFUSES("words.json", "{\"ab\": 0}", "not one character");
    REFUSES("cut.bin", "\5\0\0\0\0\0\0\0\5\0\0\0<un", "piece 0 ends beyond the end");
    REFUSES("huge.bin", "\5\0\0\0\0\0\0\0\xff\xff\xff\x7f<unk>", "piece 0 ends beyond the end");
    REFUSES("few.bin", "\5\0\0\0\0\0\0\0\5\0\0\0<unk>", "holds 1 pieces");
    REFUSES("nan.bin", "\5\0\0\0\0\0\xc0\x7f\5\0\0\0<unk>", "not finite");
    REFUSES("old.gguf", "GGUF\1\0\0\0", "version 1");
    REFUSES("cut.gguf",
            "GGUF\3\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff",
            "value 0");
    REFUSES("many.gguf", "GGUF\3\0\0\0\0\0\0\0\0\0\0\0\xff\xff\xff\xff\xff\0\0\0", "counts");
    REFUSES("none.gguf", "GGUF\3\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", "no vocabulary");
    REFUSES("own.json",
            "{\"format\":\"autodidact tokenizer\",\"version\":1,\"kind\":\"BPE\","
            "\"special\":[-1,-1,-1,-1,-1],\"control\":[],\"pieces\":[\"a\",\"b\"],"
            "\"merges\":[0,1]}",
            "makes a piece that the vocabulary lacks");
    REFUSES("own.json",
            "{\"format\":\"autodidact tokenizer\",\"version\":1,\"kind\":\"BPE\","
            "\"special\":[-1,-1,9,-1,-1],\"control\":[],\"pieces\":[\"a\",\"b\"]}",
            "special tokens");
    REFUSES("own.json", "{\"format\":\"autodidact tokenizer\",\"version\":7,\"kind\":\"BPE\"}",
            "version 7");
    write_text("vocab.json", "{\"a\": 0, \"b\": 1}");
    REFUSES("merges.txt", "#version: 0.2\na c\n", "line 2: \"c\" is not in the vocabulary");
    REFUSES("merges.txt", "#version: 0.2\nab\n", "line 2 is not two pieces");
}

static void the_last_part_validates(void)
{
    CHECK_INT(ad_text_split("abcdefghij", 10, 0.1), 9);
    CHECK_INT(ad_text_split("abcdefgh\xc3\xa9", 10, 0.1), 8);
    CHECK_INT(ad_text_split("ab", 2, 0), 2);
}

static void text_files_are_utf8(void)
{
    ad_text_file text;
    write_text("good.txt", "h\xc3\xa9");
    write_text("bad.txt", "abc\xc3");
    REQUIRE(!ad_text_file_read(&text, ctx, in_folder("good.txt")));
    CHECK_INT(text.length, 3);
    ad_text_file_free(&text);
    CHECK_INT(ad_text_file_read(&text, ctx, in_folder("bad.txt")), AD_ERROR_FORMAT);
    CHECK_CONTAINS(ad_error(ctx), "bad.txt: byte 3 (0xc3) is not UTF-8");
}

int main(int argc, char **argv)
{
    static const check_case cases[] = {CASE(characters),
                                       CASE(bytes),
                                       CASE(trains),
                                       CASE(long_words_are_merged_alike),
                                       CASE(leaves_merges_out),
                                       CASE(saves_and_opens),
                                       CASE(holds_back_half_characters),
                                       CASE(shows_whole_characters),
                                       CASE(wordpieces),
                                       CASE(hostile_files),
                                       CASE(the_last_part_validates),
                                       CASE(text_files_are_utf8),
                                       {0}};
    if (!folder_make()) return 1;
    int status = check_in_context(argc, argv, cases);
    return folder_remove() ? status : 1;
}
