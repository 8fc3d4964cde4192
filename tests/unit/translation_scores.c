/* translation_scores.c - BLEU and chrF beside sacrebleu's on the lines of tests/fixtures/bleu.tsv
 * (tests/oracle/bleu.py); texts in lower case; a line of any length. */
#include "context.h"

#include <autodidact/scores.h>
#include <autodidact/tokenizer.h>

enum { SCORES = 6 }; /* 13a, none, chrF; the same in lower case */

typedef struct sums {
    ad_bleu_counts bleu[2][2]; /* [lower][words] */
    ad_chrf_counts chrf[2];
    double want[SCORES];
    int lines;
} sums;

static void compare(const sums *s)
{
    for (int i = 0; i < SCORES && s->lines; ++i) {
        int lower = i / 3, kind = i % 3;
        double got = kind < 2 ? ad_bleu_score(&s->bleu[lower][kind])
                              : ad_chrf_score(&s->chrf[lower]);
        if (!(fabs(got - s->want[i]) < 1e-8))
            CHECK_FAIL("score %d is %.10f, sacrebleu's %.10f", i, got, s->want[i]);
    }
}

static void add(sums *s, char *text, char *reference)
{
    size_t length[2] = {strlen(text), strlen(reference)};
    char *line[2] = {text, reference}, *lower[2];
    for (int low = 0; low < 2; ++low) {
        for (int i = 0; i < 2 && low; ++i) {
            CHECK_INT(ad_text_lower(&lower[i], &length[i], ctx, line[i], strlen(line[i])), AD_OK);
            line[i] = lower[i];
        }
        for (int k = 0; k < 2; ++k)
            CHECK_INT(ad_bleu_add(ctx, &s->bleu[low][k], (ad_bleu_words)k, line[0], length[0],
                                  line[1], length[1]),
                      AD_OK);
        CHECK_INT(ad_chrf_add(ctx, &s->chrf[low], line[0], length[0], line[1], length[1]), AD_OK);
    }
    for (int i = 0; i < 2; ++i) ad_text_lower_free(ctx, lower[i], length[i]);
    ++s->lines;
}

static void agrees(void)
{
    char line[4096];
    FILE *file = fopen("tests/fixtures/bleu.tsv", "r");
    sums s = {0};
    int corpora = 0;
    REQUIRE(file);
    while (fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = 0;
        if (*line == '#') {
            compare(&s);
            s = (sums){0};
            char *at = line + 1;
            for (int i = 0; i < SCORES; ++i) s.want[i] = strtod(at, &at);
            ++corpora;
            continue;
        }
        char *text = strchr(line, '\t') + 1, *reference = strchr(text, '\t') + 1;
        reference[-1] = 0;
        add(&s, text, reference);
    }
    compare(&s);
    CHECK_INT(corpora, 4);
    fclose(file);
}

static void nothing(void)
{
    ad_bleu_counts bleu = {0};
    ad_chrf_counts chrf = {0};
    CHECK(ad_bleu_score(&bleu) == 0 && ad_chrf_score(&chrf) == 0);
    CHECK_INT(ad_bleu_add(ctx, &bleu, AD_BLEU_13A, "", 0, "", 0), AD_OK);
    CHECK_INT(ad_chrf_add(ctx, &chrf, "", 0, "abc", 3), AD_OK);
    CHECK(ad_bleu_score(&bleu) == 0 && ad_chrf_score(&chrf) == 0);
}

/* A hundred thousand words: what would need the square of that never ends. */
static void long_line(void)
{
    enum { WORDS = 100000 };
    char *text = malloc(2 * WORDS);
    ad_bleu_counts bleu = {0};
    ad_chrf_counts chrf = {0};
    REQUIRE(text);
    for (int i = 0; i < WORDS; ++i) text[2 * i] = (char)('a' + i % 7), text[2 * i + 1] = ' ';
    CHECK_INT(ad_bleu_add(ctx, &bleu, AD_BLEU_13A, text, 2 * WORDS, text, 2 * WORDS), AD_OK);
    CHECK_INT(ad_chrf_add(ctx, &chrf, text, 2 * WORDS, text, 2 * WORDS), AD_OK);
    CHECK_INT(bleu.length, WORDS);
    CHECK(fabs(ad_bleu_score(&bleu) - 100) < 1e-9 && fabs(ad_chrf_score(&chrf) - 100) < 1e-9);
    free(text);
}

static void lower(void)
{
    static const struct {
        const char *text, *lower; /* of Python 3.11 */
    } of[] = {{"ABC abc \xC3\x84\xC3\x96", "abc abc \xC3\xA4\xC3\xB6"},
              {"\xCE\x9F\xCE\xA3 \xCE\xA3\xCE\x9F. \xCE\xA3",
               "\xCE\xBF\xCF\x82 \xCF\x83\xCE\xBF. \xCF\x83"},
              {"\xC4\xB0I", "i\xCC\x87i"},
              {"A\xFF"
               "B",
               "a\xFF"
               "b"},
              {"", ""}};
    for (size_t i = 0; i < sizeof of / sizeof *of; ++i) {
        char *got;
        size_t length;
        CHECK_INT(ad_text_lower(&got, &length, ctx, of[i].text, strlen(of[i].text)), AD_OK);
        CHECK_TEXT(got, of[i].lower);
        ad_text_lower_free(ctx, got, length);
    }
}

static void signature(void)
{
    char text[AD_BLEU_SIGNATURE_BYTES];
    ad_bleu_signature(AD_BLEU_13A, false, text);
    CHECK_TEXT(text, "nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:2.6.0");
    ad_bleu_signature(AD_BLEU_SPACES, true, text);
    CHECK_TEXT(text, "nrefs:1|case:lc|eff:no|tok:none|smooth:exp|version:2.6.0");
}

int main(int argc, char **argv)
{
    static const check_case cases[] = {CASE(agrees), CASE(nothing),   CASE(long_line),
                                       CASE(lower),  CASE(signature), {0}};
    return check_in_context(argc, argv, cases);
}
