/* tokenizer_hf.c - what Hugging Face's tokenizers says of awkward texts, and of training
 * (tests/oracle/tokenizers_hf.py). */
#include "check.h"

#include <autodidact/tokenizer.h>

#define FIXTURES "tests/fixtures/tokenizers"

static ad_context *ctx;

static void texts(void)
{
    char line[4096], text[1024];
    int rows = 0;
    ad_tokenizer *bpe = NULL, *wordpiece = NULL;
    if (ad_tokenizer_open(&bpe, ctx, FIXTURES "/bpe") ||
        ad_tokenizer_open(&wordpiece, ctx, FIXTURES "/vocab.txt"))
        CHECK_FAIL("%s", ad_error(ctx));
    FILE *file = fopen(FIXTURES "/expected.txt", "r");
    REQUIRE(bpe && wordpiece && file);
    for (; fgets(line, sizeof line, file); ++rows) {
        ad_tokenizer *t = line[0] == 'b' ? bpe : wordpiece;
        ad_tokens ids = {0};
        size_t length = 0;
        char *at = strchr(line, ' ') + 1;
        unsigned byte;
        for (; sscanf(at, "%2x", &byte) == 1 && *at != ' ' && *at != '\n'; at += 2)
            text[length++] = (char)byte;
        if (*at == '-') ++at;
        at[strcspn(at, "\n")] = 0;
        if (ad_tokenizer_encode(t, text, length, 0, &ids)) CHECK_FAIL("%s", ad_error(ctx));
        char got[4096] = "";
        for (int64_t i = 0; i < ids.count; ++i)
            snprintf(got + strlen(got), sizeof got - strlen(got), " %d", ids.ids[i]);
        if (strcmp(got, at))
            CHECK_FAIL("%s of \"%.*s\":%s, expected%s", line[0] == 'b' ? "BPE" : "WordPiece",
                       (int)length, text, got, at);
        ad_tokens_free(&ids);
    }
    fclose(file);
    CHECK(rows > 80);
    ad_tokenizer_free(bpe), ad_tokenizer_free(wordpiece);
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
    static const check_case cases[] = {CASE(texts), CASE(training), {0}};
    ctx = ad_context_new(NULL);
    if (!ctx) return 1;
    int status = check_main(argc, argv, cases);
    if (ad_context_memory(ctx)) status = 1, printf("memory is left\n");
    ad_context_free(ctx);
    return status;
}
