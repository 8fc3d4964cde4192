/* marian.c - Marian's models as transformers writes them (tests/oracle/marian.py): tokens, logits,
 * what is written greedily and with several hypotheses, and their scores; and long translations. */
#include "fixture.h"
#include "context.h"
#include "zoo/translate/translate.h"

enum { BEAM = 4 };

typedef struct opened {
    fixture f;
    ad_job *job;
    const translate_model *m;
    ad_vars *vars;
    translate_vocabulary v;
    translate_decoder *decoder;
} opened;

static bool open_all(opened *o, const char *name)
{
    char path[256];
    snprintf(path, sizeof path, "tests/fixtures/marian/%s.safetensors", name);
    *o = (opened){0};
    if (!fixture_open(&o->f, ctx, path)) return false;
    snprintf(path, sizeof path, "tests/fixtures/marian/%s", name);
    ad_status status = ad_trained_open(&o->job, ctx, &translate_system, path, NULL);
    o->vars = ad_vars_new(ctx, 0);
    if (!status) o->m = o->job->model;
    if (!status) status = translate_vocabulary_open(&o->v, o->job);
    if (!status) status = translate_declare(o->vars, o->m);
    if (!status) status = ad_trained_load(o->job, o->vars);
    if (!status) status = translate_decoder_new(&o->decoder, ctx, o->m, o->vars);
    if (status) CHECK_FAIL("%s: %s", path, ad_error(ctx));
    return !status;
}

static void close_all(opened *o)
{
    translate_decoder_free(o->decoder);
    translate_vocabulary_free(&o->v);
    ad_vars_free(o->vars);
    ad_trained_close(o->job);
    fixture_close(&o->f);
}

static ad_node *input(ad_graph *graph, ad_tensor ids)
{
    return ad_constant(graph, AD_I32, ad_shape(1, ids.shape.dim[0]), ids.data);
}

static translate_side side(ad_graph *graph, ad_tensor ids)
{
    ad_shape shape = ad_shape(1, ids.shape.dim[0]);
    return (translate_side){.tokens = input(graph, ids),
                            .positions = ad_iota(graph, AD_I32, shape, 1),
                            .sentences = ad_fill(graph, AD_I32, shape, 1)};
}

/* All places at once. */
static void check_logits(opened *o, int text)
{
    ad_graph *graph = ad_graph_new(ctx);
    ad_program *program = NULL;
    translate_pass pass = {.model = o->m, .vars = o->vars, .graph = graph};
    translate_side source = side(graph, fixture_get(&o->f, "%d.source", text));
    translate_side target = side(graph, fixture_get(&o->f, "%d.before", text));
    ad_node *y = translate_decode(&pass, &target, translate_encode(&pass, &source), &source);
    y = translate_logits(&pass, ad_reshape(y, ad_shape(-1, o->m->width)));
    REQUIRE(ad_compile(&program, ctx, &y, 1, NULL) == AD_OK);
    CHECK_INT(ad_run(program), AD_OK);
    double error = fixture_error(ad_result(program, y), fixture_get(&o->f, "%d.logits", text));
    if (!(error < 1e-5)) CHECK_FAIL("text %d: logits differ by %.3g", text, error);
    ad_program_free(program);
    ad_graph_free(graph);
}

static void check_words(int text, const char *what, const translate_hypothesis *h,
                        const int32_t *want, int64_t most)
{
    int64_t count = 0;
    while (count < most && want[count] >= 0) ++count;
    /* padding ends it where it is short */
    bool same = h->count == count;
    for (int64_t i = 0; i < count && same; ++i) same = h->words[i] == want[i];
    if (!same)
        CHECK_FAIL("text %d, %s: %lld words that begin with %d, not %lld that begin with %d", text,
                   what, (long long)h->count, h->count ? h->words[0] : -1, (long long)count,
                   want[0]);
}

static void check_search(opened *o, int text, int64_t beam)
{
    ad_tensor source = fixture_get(&o->f, "%d.source", text);
    translate_hypothesis found[BEAM];
    const int32_t *sentence = source.data;
    int64_t length = source.shape.dim[0], number = 0;
    translate_how how = translate_how_of(o->m);
    how.beam = beam;
    REQUIRE(translate_search(o->decoder, ctx, o->m, o->v.begin, o->v.end[1], &sentence, &length,
                             &number, 1, &how, found) == AD_OK);
    if (beam == 1) {
        ad_tensor greedy = fixture_get(&o->f, "%d.greedy", text);
        check_words(text, "greedily", found, greedy.data, greedy.shape.dim[0]);
    } else {
        ad_tensor beams = fixture_get(&o->f, "%d.beams", text);
        const float *scores = fixture_get(&o->f, "%d.scores", text).data;
        for (int k = 0; k < BEAM; ++k) {
            const int32_t *want = (const int32_t *)beams.data + k * beams.shape.dim[1];
            check_words(text, "with four hypotheses", &found[k], want, beams.shape.dim[1]);
            CHECK(fabs(found[k].score - (double)scores[k]) < 1e-4);
        }
    }
    translate_hypotheses_free(found, beam);
}

/* The lines of NAME.txt are TEXT, a tab, and its translation. */
static void check_tokens(opened *o, const char *name)
{
    char path[256];
    ad_text_file file;
    int64_t count;
    snprintf(path, sizeof path, "tests/fixtures/marian/%s.txt", name);
    REQUIRE(ad_text_file_read(&file, ctx, path) == AD_OK);
    translate_line *lines = translate_cut(file.text, file.length, &count);
    REQUIRE(lines);
    for (int i = 0; i < (int)count; ++i) {
        ad_tensor want = fixture_get(&o->f, "%d.source", i);
        ad_tokens tokens = {0};
        const char *tab = memchr(lines[i].text, '\t', lines[i].length);
        REQUIRE(tab);
        translate_line line = {lines[i].text, (size_t)(tab - lines[i].text)};
        CHECK_INT(translate_line_tokens(&o->v, false, line, &tokens), AD_OK);
        CHECK_INT(tokens.count, want.shape.dim[0]);
        for (int64_t k = 0; k < tokens.count && k < want.shape.dim[0]; ++k)
            CHECK_INT(tokens.ids[k], ((const int32_t *)want.data)[k]);
        ad_tokens_free(&tokens);
        check_logits(o, i);
        check_search(o, i, 1);
        check_search(o, i, BEAM);
    }
    free(lines);
    ad_text_file_free(&file);
}

static void shared(void)
{
    opened o;
    if (open_all(&o, "shared")) check_tokens(&o, "shared");
    close_all(&o);
}

static void apart(void)
{
    opened o;
    if (open_all(&o, "apart")) check_tokens(&o, "apart");
    close_all(&o);
}

/* More words than the first tables have room for, by two hypotheses that change places: the same
 * logits as of all words at once. */
static void grows(void)
{
    enum { WORDS = 50 };
    static const int32_t tokens[] = {5, 9, 4, 0}, *sentence = tokens;
    static const int64_t length = 4;
    int32_t past[2][WORDS] = {{0}}, other[2][WORDS], last[2], parents[2];
    const float *logits = NULL, *sums;
    opened o;
    if (!open_all(&o, "shared")) return;
    REQUIRE(translate_decoder_read(o.decoder, &sentence, &length, 1, 2) == AD_OK);
    for (int32_t step = 0; step < WORDS; ++step) {
        memcpy(other, past, sizeof other);
        for (int32_t h = 0; h < 2; ++h) {
            parents[h] = step % 3 ? h : 1 - h;
            if (step) memcpy(past[h], other[parents[h]], sizeof past[h]);
            past[h][step] = last[h] = step ? 2 + (7 * step + 11 * h) % 50 : o.v.begin;
        }
        REQUIRE(translate_decoder_next(o.decoder, last, step ? parents : NULL, &logits, &sums) ==
                AD_OK);
    }
    for (int h = 0; h < 2; ++h) {
        ad_graph *graph = ad_graph_new(ctx);
        ad_program *program = NULL;
        translate_pass pass = {.model = o.m, .vars = o.vars, .graph = graph};
        translate_side source = side(graph, (ad_tensor){AD_I32, ad_shape(4), (void *)tokens});
        translate_side target = side(graph, (ad_tensor){AD_I32, ad_shape(WORDS), past[h]});
        ad_node *y = translate_decode(&pass, &target, translate_encode(&pass, &source), &source);
        y = translate_logits(
            &pass, ad_reshape(ad_slice(y, 1, WORDS - 1, WORDS, 1), ad_shape(1, o.m->width)));
        REQUIRE(ad_compile(&program, ctx, &y, 1, NULL) == AD_OK);
        CHECK_INT(ad_run(program), AD_OK);
        ad_shape shape = ad_shape(o.m->target_vocab);
        double error = fixture_error(logits + h * o.m->target_vocab,
                                     (ad_tensor){AD_F32, shape, (void *)ad_result(program, y)});
        if (!(error < 1e-5)) CHECK_FAIL("hypothesis %d differs by %.3g", h, error);
        ad_program_free(program);
        ad_graph_free(graph);
    }
    close_all(&o);
}

int main(int argc, char **argv)
{
    static const check_case cases[] = {CASE(shared), CASE(apart), CASE(grows), {0}};
    return check_in_context(argc, argv, cases);
}
