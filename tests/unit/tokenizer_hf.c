/* tokenizer_hf.c - what Hugging Face's tokenizers says of awkward texts, and of training
 * (tests/oracle/tokenizers_hf.py). */
#include "check.h"
#include "folder.h"
#include "sparing.h"

#include <autodidact/io.h>
#include <autodidact/tokenizer.h>

#define FIXTURES "tests/fixtures/tokenizers"

static ad_context *ctx;

/* One line: the kind, the text in hexadecimal, the ids. *t encodes where the kind is `kind`. */
static void check_line(char *line, const char *kind, ad_tokenizer *t)
{
    char text[1024], got[4096] = "";
    size_t length = 0, word = strcspn(line, " ");
    ad_tokens ids = {0};
    if (word != strlen(kind) || strncmp(line, kind, word) != 0) return;
    char *at = line + word + 1;
    unsigned byte;
    for (; sscanf(at, "%2x", &byte) == 1 && *at != ' ' && *at != '\n'; at += 2)
        text[length++] = (char)byte;
    if (*at == '-') ++at;
    at[strcspn(at, "\n")] = 0;
    if (ad_tokenizer_encode(t, text, length, 0, &ids)) CHECK_FAIL("%s", ad_error(ctx));
    for (int64_t i = 0; i < ids.count; ++i)
        snprintf(got + strlen(got), sizeof got - strlen(got), " %d", ids.ids[i]);
    if (strcmp(got, at))
        CHECK_FAIL("%s of \"%.*s\":%s, expected%s", kind, (int)length, text, got, at);
    ad_tokens_free(&ids);
}

static void texts_by(const char *kind, const char *path)
{
    char line[4096];
    int rows = 0;
    ad_tokenizer *t = NULL, *again = NULL;
    const char *text;
    size_t length;
    if (ad_tokenizer_open(&t, ctx, path)) CHECK_FAIL("%s", ad_error(ctx));
    FILE *file = fopen(FIXTURES "/expected.txt", "r");
    REQUIRE(t && file);
    for (; fgets(line, sizeof line, file); ++rows) check_line(line, kind, t);
    CHECK(rows > 120);
    fclose(file);
    /* and as a checkpoint keeps it */
    CHECK(!ad_tokenizer_to_text(t, &text, &length));
    CHECK(!ad_tokenizer_from_text(&again, ctx, "text", text, length));
    CHECK(again && ad_tokenizer_fingerprint(again) == ad_tokenizer_fingerprint(t));
    ad_tokenizer_free(t), ad_tokenizer_free(again);
}

static void texts(void)
{
    texts_by("bpe", FIXTURES "/bpe");
    texts_by("wordpiece", FIXTURES "/vocab.txt");
}

static void texts_by_tokenizer_json(void)
{
    texts_by("bpe", FIXTURES "/json/bpe.json");
    texts_by("wordpiece", FIXTURES "/json/wordpiece.json");
    texts_by("cased", FIXTURES "/json/cased.json");
    texts_by("llama", FIXTURES "/json/llama.json");
}

/* Our tokenizer.json, read back, and a GGUF file's vocabulary encode the same. */
static void written_again(const char *kind, const char *path)
{
    ad_tokenizer *t = NULL;
    const char *text;
    size_t length;
    REQUIRE(folder_make());
    REQUIRE(!ad_tokenizer_open(&t, ctx, path));
    CHECK(!ad_tokenizer_to_hf(t, &text, &length));
    write_bytes("tokenizer.json", text, length);
    texts_by(kind, folder);
    ad_gguf_values *values = ad_gguf_values_new(ctx);
    ad_gguf_put_text(values, "general.architecture", "gpt2");
    ad_status status = ad_tokenizer_put_gguf(t, values, ad_tokenizer_count(t) + 3);
    float one = 1;
    ad_named_tensor tensor = {"w", {AD_F32, ad_shape(1), &one}};
    CHECK(!ad_safetensors_write(ctx, in_folder("w.safetensors"), &tensor, 1, NULL, 0));
    if (ad_tokenizer_get_kind(t) != AD_TOKENIZER_WORDPIECE) {
        ad_gguf_model model = {.architecture = "gpt2", .values = values};
        CHECK_INT(status, AD_OK);
        CHECK(!ad_file_convert(ctx, in_folder("w.safetensors"), in_folder("w.gguf"),
                               &(ad_file_convert_options){.gguf = &model}));
        texts_by(kind, in_folder("w.gguf"));
    } else {
        CHECK_INT(status, AD_ERROR_UNSUPPORTED);
    }
    ad_gguf_values_free(values);
    ad_tokenizer_free(t);
    CHECK(folder_remove());
}

static void tokenizers_are_written_for_others(void)
{
    written_again("bpe", FIXTURES "/bpe");
    written_again("wordpiece", FIXTURES "/vocab.txt");
    written_again("cased", FIXTURES "/json/cased.json");
    written_again("llama", FIXTURES "/json/llama.json");
}

/* The kinds that only this library has, in the forms of others. */
static void characters_and_bytes_for_others(void)
{
    static const char text[] = "h\xc3\xa9llo w\xc3\xb6rld\n";
    for (int bytes = 0; bytes < 2; ++bytes) {
        ad_tokenizer *t = NULL, *again = NULL;
        ad_tokens a = {0}, b = {0};
        const char *json;
        size_t length;
        REQUIRE(folder_make());
        CHECK(!(bytes ? ad_tokenizer_bytes(&t, ctx)
                      : ad_tokenizer_characters(&t, ctx, "text", text, strlen(text))));
        CHECK(!ad_tokenizer_to_hf(t, &json, &length));
        write_bytes("tokenizer.json", json, length);
        if (ad_tokenizer_open(&again, ctx, folder)) CHECK_FAIL("%s", ad_error(ctx));
        REQUIRE(t && again);
        CHECK(!ad_tokenizer_encode(t, text, strlen(text), 0, &a));
        CHECK(!ad_tokenizer_encode(again, text, strlen(text), 0, &b));
        CHECK_INT(a.count, b.count);
        CHECK(a.count == b.count && !memcmp(a.ids, b.ids, (size_t)a.count * sizeof *a.ids));
        ad_tokens_free(&a), ad_tokens_free(&b);
        ad_tokenizer_free(t), ad_tokenizer_free(again);
        CHECK(folder_remove());
    }
}

/* A token that is added stands on top of the vocabulary, and is itself only where that is asked. */
static void added_tokens(void)
{
    static const char text[] = "a<|turn|>b";
    ad_tokenizer *t = NULL;
    ad_tokens plain = {0}, special = {0};
    REQUIRE(!ad_tokenizer_open(&t, ctx, FIXTURES "/json/llama.json"));
    CHECK_INT(ad_tokenizer_count(t), 440);
    CHECK_INT(ad_tokenizer_find(t, "<|turn|>", 8), 439);
    CHECK_INT(ad_tokenizer_special(t, AD_TOKEN_BOS), 1);
    CHECK_INT(ad_tokenizer_special(t, AD_TOKEN_EOS), 2);
    CHECK(!ad_tokenizer_encode(t, text, strlen(text), 0, &plain));
    CHECK(!ad_tokenizer_encode(t, text, strlen(text), AD_ENCODE_SPECIAL, &special));
    CHECK(plain.count > special.count);
    bool there = false;
    for (int64_t i = 0; i < special.count; ++i) there |= special.ids[i] == 439;
    CHECK(there);
    ad_tokens_free(&plain), ad_tokens_free(&special);
    ad_tokenizer_free(t);
}

/* A tokenizer.json alone in a folder; what it asks for that is not known here is named. */
static void alone_in_a_folder(void)
{
    static const struct {
        const char *text, *sentence;
    } files[] = {
        {"{\"model\":{\"type\":\"Unigram\",\"vocab\":[[\"a\",-1.5]]}}", "its model is Unigram"},
        {"{\"model\":{\"type\":\"WordLevel\",\"vocab\":{\"a\":0}}}", "its model is WordLevel"},
        {"{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0},\"merges\":[]},"
         "\"pre_tokenizer\":{\"type\":\"Sequence\",\"pretokenizers\":[{\"type\":\"Split\","
         "\"pattern\":{\"Regex\":\"[a-z]\"}},{\"type\":\"ByteLevel\",\"use_regex\":false}]}}",
         "a Split into words other than GPT-2's"},
        {"{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0},\"merges\":[]},"
         "\"normalizer\":{\"type\":\"NFC\"},\"pre_tokenizer\":{\"type\":\"ByteLevel\"}}",
         "its normalizer is NFC"},
        {"{\"model\":{\"type\":\"WordPiece\",\"vocab\":{\"[UNK]\":0}},\"normalizer\":{\"type\":"
         "\"BertNormalizer\",\"clean_text\":false},\"pre_tokenizer\":{\"type\":"
         "\"BertPreTokenizer\"}"
         "}",
         "keeps control characters"},
        {"{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0,\"b\":2},\"merges\":[]},"
         "\"pre_tokenizer\":{\"type\":\"ByteLevel\",\"add_prefix_space\":false}}",
         "the id of \"b\" is no whole number below 2"},
        {"{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0,\"b\":1},\"merges\":[\"a c\"]},"
         "\"pre_tokenizer\":{\"type\":\"ByteLevel\",\"add_prefix_space\":false}}",
         "merge 0: \"c\" is not in the vocabulary"},
        {"{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0,\"b\":1,\"ab\":2},"
         "\"merges\":[[\"a\",\"b\"]]},\"pre_tokenizer\":{\"type\":\"ByteLevel\","
         "\"add_prefix_space\":false},\"added_tokens\":[{\"id\":3,\"content\":\"<|endoftext|>\"}]}",
         NULL},
    };
    for (size_t i = 0; i < sizeof files / sizeof *files; ++i) {
        ad_tokenizer *t = NULL;
        REQUIRE(folder_make());
        write_text("tokenizer.json", files[i].text);
        ad_status status = ad_tokenizer_open(&t, ctx, folder);
        if (!files[i].sentence) {
            if (status) CHECK_FAIL("%s", ad_error(ctx));
            CHECK_INT(t ? ad_tokenizer_special(t, AD_TOKEN_EOS) : -1, 3);
        } else {
            CHECK(status != AD_OK);
            CHECK_CONTAINS(ad_error(ctx), "tokenizer.json: ");
            CHECK_CONTAINS(ad_error(ctx), files[i].sentence);
        }
        ad_tokenizer_free(t);
        CHECK(folder_remove());
    }
}

static ad_status read_and_write(ad_context *poor)
{
    ad_tokenizer *t = NULL;
    const char *text;
    size_t length;
    ad_gguf_values *values = ad_gguf_values_new(poor);
    ad_status status = values ? ad_tokenizer_open(&t, poor, FIXTURES "/json/llama.json")
                              : AD_ERROR_MEMORY;
    if (!status) status = ad_tokenizer_to_hf(t, &text, &length);
    if (!status) status = ad_tokenizer_to_hf_config(t, 10, &text, &length);
    if (!status) status = ad_tokenizer_put_gguf(t, values, 500);
    ad_tokenizer_free(t);
    ad_gguf_values_free(values);
    return status;
}

static void refused_memory_is_told(void)
{
    sparing_check(read_and_write);
}

static void training(void)
{
    ad_text_file corpus;
    ad_tokenizer *theirs = NULL, *ours = NULL;
    REQUIRE(!ad_text_file_read(&corpus, ctx, FIXTURES "/corpus.txt"));
    REQUIRE(!ad_tokenizer_open(&theirs, ctx, FIXTURES "/bpe"));
    REQUIRE(!ad_tokenizer_train(&ours, ctx, "corpus", corpus.text, corpus.length, 401));
    CHECK_INT(ad_tokenizer_count(theirs), 400); /* and <|endoftext|> */
    CHECK_INT(ad_tokenizer_count(ours), 401);
    for (int32_t id = 0; id < 400; ++id) {
        size_t n, m;
        const char *a = ad_tokenizer_piece(ours, id, &n), *b = ad_tokenizer_piece(theirs, id, &m);
        if (n != m || memcmp(a, b, n))
            CHECK_FAIL("piece %d is \"%.*s\", expected \"%.*s\"", id, (int)n, a, (int)m, b);
    }
    ad_tokenizer_free(theirs), ad_tokenizer_free(ours);
    ad_text_file_free(&corpus);
}

int main(int argc, char **argv)
{
    static const check_case cases[] = {CASE(texts),
                                       CASE(texts_by_tokenizer_json),
                                       CASE(tokenizers_are_written_for_others),
                                       CASE(characters_and_bytes_for_others),
                                       CASE(added_tokens),
                                       CASE(alone_in_a_folder),
                                       CASE(refused_memory_is_told),
                                       CASE(training),
                                       {0}};
    ctx = ad_context_new(NULL);
    if (!ctx) return 1;
    int status = check_main(argc, argv, cases);
    if (ad_context_memory(ctx)) status = 1, printf("memory is left\n");
    ad_context_free(ctx);
    return status;
}
