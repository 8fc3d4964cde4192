/* tokenizers.c - published vocabularies against published ids: llama.cpp's vectors, ggml's prompts,
 * and the files of GPT-2, BERT and llama2.c. The first argument is the data folder. */
#include "check.h"
#include <autodidact/tokenizer.h>

static ad_context *ctx;
static const char *folder;

static ad_tokenizer *open_at(const char *name)
{
    char path[1024];
    ad_tokenizer *t = NULL;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    if (ad_tokenizer_open(&t, ctx, path)) CHECK_FAIL("%s", ad_error(ctx));
    return t;
}

static char *slurp(const char *name, size_t *length)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    if (!file) return CHECK_FAIL("%s cannot be opened", path), NULL;
    char *text = malloc(1 << 23);
    *length = text ? fread(text, 1, (1 << 23) - 1, file) : 0;
    if (text) text[*length] = 0;
    fclose(file);
    return text;
}

/* The ids of a line, separated by anything that is no digit. */
static int64_t parse_ids(const char *line, int32_t *ids, int64_t most)
{
    int64_t count = 0;
    while (*line && *line != '\n' && count < most) {
        char *end;
        long id = strtol(line, &end, 10);
        if (end == line) {
            ++line;
            continue;
        }
        ids[count++] = (int32_t)id;
        line = end;
    }
    return count;
}

static bool same(ad_tokenizer *t, const char *text, size_t length, const int32_t *want,
                 int64_t count, int flags)
{
    ad_tokens got = {0};
    bool right = !ad_tokenizer_encode(t, text, length, flags, &got) && got.count == count &&
                 (!count || !memcmp(got.ids, want, (size_t)count * sizeof *want));
    if (!right) {
        CHECK_FAIL("\"%.*s\" is encoded otherwise (%s)", (int)length, text, ad_error(ctx));
        printf("  got: ");
        for (int64_t i = 0; i < got.count; ++i) printf(" %d", got.ids[i]);
        printf("\n  want:");
        for (int64_t i = 0; i < count; ++i) printf(" %d", want[i]);
        printf("\n");
    }
    ad_tokens_free(&got);
    return right;
}

/* .inp: texts between lines "__ggml_vocab_test__"; .out: a line of ids each. */
static int vectors(ad_tokenizer *t, const char *name, int flags)
{
    static const char between[] = "\n__ggml_vocab_test__\n";
    char path[256];
    size_t size, ids_size;
    int32_t ids[1024];
    int rows = 0;
    snprintf(path, sizeof path, "tok_vectors/%s.inp", name);
    char *texts = slurp(path, &size);
    snprintf(path, sizeof path, "tok_vectors/%s.out", name);
    char *lines = slurp(path, &ids_size), *line = lines;
    for (char *text = texts, *end; t && texts && lines && *text; text = end, ++rows) {
        end = strstr(text, between);
        size_t length = end ? (size_t)(end - text) : strlen(text);
        same(t, text, length, ids, parse_ids(line, ids, 1024), flags);
        line = strchr(line, '\n') ? strchr(line, '\n') + 1 : line + strlen(line);
        end = end ? end + sizeof between - 1 : text + length;
    }
    free(texts), free(lines);
    return rows;
}

static void gpt2_vectors(void)
{
    ad_tokenizer *files = open_at("tok_gpt2"), *gguf = open_at("tok_vectors/ggml-vocab-gpt-2.gguf");
    REQUIRE(files && gguf);
    CHECK_INT(ad_tokenizer_count(files), 50257);
    CHECK_INT(ad_tokenizer_special(files, AD_TOKEN_EOS), 50256);
    CHECK_INT(ad_tokenizer_fingerprint(files), ad_tokenizer_fingerprint(gguf));
    CHECK(vectors(files, "ggml-vocab-gpt-2.gguf", 0) > 40);
    CHECK(vectors(gguf, "ggml-vocab-gpt-2.gguf", 0) > 40);
    ad_tokenizer_free(gguf), ad_tokenizer_free(files);
}

static void gpt2_prompts(void)
{
    size_t size;
    int rows = 0;
    int32_t ids[1024];
    ad_tokenizer *t = open_at("tok_gpt2");
    char *lines = slurp("tok_vectors/ggml-prompts-gpt-2.txt", &size);
    for (char *line = lines, *next; t && line && *line; line = next) {
        next = strchr(line, '\n') ? strchr(line, '\n') + 1 : line + strlen(line);
        char *arrow = strstr(line, " => ");
        if (!arrow || arrow >= next) continue;
        if (same(t, line, (size_t)(arrow - line), ids, parse_ids(arrow + 4, ids, 1024), 0)) ++rows;
    }
    CHECK(rows > 50);
    free(lines);
    ad_tokenizer_free(t);
}

static void llama_vectors(void)
{
    ad_tokenizer *gguf = open_at("tok_vectors/ggml-vocab-llama-spm.gguf"),
                 *llama2c = open_at("lm_small/stories260K/llama32k_tokenizer.bin");
    REQUIRE(gguf && llama2c);
    CHECK_INT(ad_tokenizer_count(gguf), 32000);
    CHECK_INT(ad_tokenizer_count(llama2c), 32000);
    CHECK(vectors(gguf, "ggml-vocab-llama-spm.gguf", 0) > 40);
    CHECK(vectors(llama2c, "ggml-vocab-llama-spm.gguf", 0) > 40);
    ad_tokenizer_free(gguf), ad_tokenizer_free(llama2c);
}

static void bert_vectors(void)
{
    ad_tokenizer *gguf = open_at("tok_vectors/ggml-vocab-bert-bge.gguf"),
                 *txt = open_at("tok_bert");
    REQUIRE(gguf && txt);
    CHECK_INT(ad_tokenizer_count(txt), 30522);
    CHECK(vectors(gguf, "ggml-vocab-bert-bge.gguf", 0) > 40);
    CHECK(vectors(txt, "ggml-vocab-bert-bge.gguf", 0) > 40);
    ad_tokenizer_free(gguf), ad_tokenizer_free(txt);
}

/* RoBERTa has GPT-2's pieces under other numbers: each of its ids must stand for one of GPT-2's. */
static void roberta_is_gpt2_renumbered(void)
{
    static int32_t other[60000];
    static const char between[] = "\n__ggml_vocab_test__\n";
    size_t size;
    int32_t ids[1024];
    int rows = 0;
    ad_tokenizer *t = open_at("tok_gpt2");
    char *texts = slurp("tok_vectors/ggml-vocab-roberta-bpe.gguf.inp", &size),
         *line = slurp("tok_vectors/ggml-vocab-roberta-bpe.gguf.out", &size), *lines = line;
    for (char *text = texts, *end; t && texts && lines && *text; text = end, ++rows) {
        end = strstr(text, between);
        size_t length = end ? (size_t)(end - text) : strlen(text);
        int64_t count = parse_ids(line, ids, 1024);
        ad_tokens got = {0};
        CHECK_INT(ad_tokenizer_encode(t, text, length, 0, &got), AD_OK);
        CHECK_INT(got.count, count);
        for (int64_t i = 0; i < got.count && i < count; ++i) {
            int32_t *known = &other[got.ids[i]];
            if (!*known) *known = ids[i];
            CHECK_INT(ids[i], *known);
        }
        ad_tokens_free(&got);
        line = strchr(line, '\n') ? strchr(line, '\n') + 1 : line + strlen(line);
        end = end ? end + sizeof between - 1 : text + length;
    }
    CHECK(rows > 40);
    free(texts), free(lines);
    ad_tokenizer_free(t);
}

static void stories_come_back(void)
{
    size_t size, length;
    const char *back;
    ad_tokens ids = {0};
    ad_tokenizer *t = open_at("lm_small/stories260K/tok512.bin");
    char *text = slurp("lm_small/stories260K/expected_t0_n200.txt", &size);
    REQUIRE(t && text);
    CHECK_INT(ad_tokenizer_count(t), 512);
    REQUIRE(!ad_tokenizer_encode(t, text, size, AD_ENCODE_BOS, &ids));
    CHECK_INT(ids.ids[0], 1);
    CHECK(ids.count < (int64_t)size / 2);
    REQUIRE(!ad_tokenizer_decode(t, ids.ids + 1, ids.count - 1, &back, &length));
    CHECK(length == size && !memcmp(back, text, size));
    ad_tokens_free(&ids), free(text), ad_tokenizer_free(t);
}

static void characters_of_a_published_network(void)
{
    ad_tokenizer *t = open_at("lm_small/charrnn/charlotte_bronte/vocab.json");
    REQUIRE(t);
    CHECK_INT(ad_tokenizer_get_kind(t), AD_TOKENIZER_CHARACTER);
    CHECK_INT(ad_tokenizer_count(t), 108);
    ad_tokenizer_free(t);
}

int main(int argc, char **argv)
{
    static const check_case cases[] = {CASE(gpt2_vectors),
                                       CASE(gpt2_prompts),
                                       CASE(llama_vectors),
                                       CASE(bert_vectors),
                                       CASE(roberta_is_gpt2_renumbered),
                                       CASE(stories_come_back),
                                       CASE(characters_of_a_published_network),
                                       {0}};
    if (argc < 2) return printf("usage: tokenizers DATA [CASE...]\n"), 2;
    folder = argv[1];
    ctx = ad_context_new(NULL);
    if (!ctx) return 1;
    int status = check_main(argc - 1, argv + 1, cases);
    if (ad_context_memory(ctx)) status = 1, printf("memory is left\n");
    ad_context_free(ctx);
    return status;
}
