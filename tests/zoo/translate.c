/* translate.c - the Transformer against PyTorch's layers (tests/oracle/translate.py): logits, loss
 * and gradients of packed rows; word by word the same as all at once, whatever hypothesis follows
 * which; beams against all sentences there are; packing; words that belong together. */
#include "fixture.h"
#include "context.h"
#include "zoo/translate/translate.h"

enum { WIDTH = 8, LONGEST = 6, VOCAB = 9, OUTPUTS = 128 };

static translate_model tiny(int norm, int positions, int tie)
{
    return (translate_model){.layers = 1,
                             .decoder_layers = 1,
                             .heads = 2,
                             .width = WIDTH,
                             .hidden = 12,
                             .norm = norm,
                             .positions = positions,
                             .tie = tie,
                             .longest = LONGEST,
                             .source_vocab = VOCAB,
                             .target_vocab = VOCAB};
}

/* ---- PyTorch ---- */

static ad_node *constant(fixture *f, ad_graph *graph, const char *name)
{
    ad_tensor t = fixture_get(f, "%s", name);
    return ad_constant(graph, t.dtype, t.shape, t.data);
}

/* Where the sentences of rows begin, whose numbers are those of each place. */
static ad_node *begins_of(ad_graph *graph, ad_tensor sentences)
{
    int64_t rows = sentences.shape.dim[0], length = sentences.shape.dim[1];
    int64_t slots = translate_slots(length);
    const int32_t *number = sentences.data;
    int32_t begins[64];
    int16_t narrow[LONGEST];
    CHECK(rows * slots <= 64 && length <= LONGEST);
    if (rows * slots > 64 || length > LONGEST) return NULL;
    for (int64_t r = 0; r < rows; ++r) {
        for (int64_t i = 0; i < length; ++i) narrow[i] = (int16_t)number[r * length + i];
        translate_begins(narrow, length, begins + r * slots);
    }
    return ad_constant(graph, AD_I32, ad_shape(rows, slots), begins);
}

static translate_side side(fixture *f, ad_graph *graph, const char *name, bool packed)
{
    char text[64];
    translate_side s = {.tokens = constant(f, graph, name)};
    snprintf(text, sizeof text, "%s_position", name);
    s.positions = constant(f, graph, text);
    snprintf(text, sizeof text, "%s_sentence", name);
    if (packed)
        s.begins = begins_of(graph, fixture_get(f, "%s", text));
    else
        s.sentences = constant(f, graph, text);
    return s;
}

/* Gradients of all parameters; their number. */
static int gradients_of(fixture *f, ad_vars *vars, ad_graph *graph, const char *name, ad_node *loss,
                        ad_node **gradients, const char **names)
{
    ad_node *wrt[OUTPUTS];
    char prefix[64];
    int count = 0, skip = snprintf(prefix, sizeof prefix, "%s.grad.", name);
    for (int i = 0; i < ad_file_count(f->file) && count < OUTPUTS; ++i) {
        const char *full = ad_file_at(f->file, i)->name;
        if (strncmp(full, prefix, (size_t)skip) != 0) continue;
        ad_variable *v = ad_var_find(vars, full + skip);
        if (!v) CHECK_FAIL("the network has no %s", full + skip);
        if (v) names[count] = full, wrt[count++] = ad_read(graph, v);
    }
    ad_gradients(loss, wrt, count, gradients);
    return count;
}

/* `packed`: sentence by sentence, where what stands at padding is another thing. */
static void check_variant(const char *name, translate_model m, bool packed)
{
    fixture f;
    char prefix[32];
    ad_node *out[OUTPUTS + 3];
    const char *names[OUTPUTS];
    ad_program *program = NULL;
    REQUIRE(fixture_open(&f, ctx, "tests/fixtures/translate.safetensors"));
    ad_vars *vars = ad_vars_new(ctx, 1);
    ad_graph *graph = ad_graph_new(ctx);
    translate_pass pass = {.model = &m, .vars = vars, .graph = graph};
    translate_side source = side(&f, graph, "source", packed);
    translate_side target = side(&f, graph, "target", packed);
    ad_node *labels = ad_reshape(constant(&f, graph, "labels"), ad_shape(-1));
    ad_node *y = translate_decode(&pass, &target, translate_encode(&pass, &source), &source);
    y = ad_reshape(y, ad_shape(-1, WIDTH));
    ad_node *weight = translate_output(&pass);
    out[0] = ad_matmul_with(y, weight, (ad_matmul_options){.transpose_b = true});
    out[1] = translate_loss(y, weight, labels, 0.1), out[2] = translate_loss(y, weight, labels, 0);
    int count = gradients_of(&f, vars, graph, name, out[1], out + 3, names);
    CHECK_INT(count, ad_vars_count(vars));
    snprintf(prefix, sizeof prefix, "%s.", name);
    ad_status status = ad_vars_load_file(vars, f.file,
                                         (ad_load_options){.strip = prefix, .allow_unused = true});
    if (!status) status = ad_compile(&program, ctx, out, count + 3, NULL);
    if (!status) status = ad_run(program);
    if (status) CHECK_FAIL("%s: %s", name, ad_error(ctx));
    if (!status) {
        double error = fixture_error(ad_result(program, out[0]),
                                     fixture_get(&f, "%s.logits", name));
        if (!packed && !(error < 2e-6)) CHECK_FAIL("%s: logits differ by %.3g", name, error);
        const float *loss = fixture_get(&f, "%s.loss", name).data;
        for (int i = 0; i < 2; ++i)
            CHECK(fabs(ad_result_scalar(program, out[1 + i]) - (double)loss[i]) < 2e-6);
        for (int i = 0; i < count; ++i) {
            error = fixture_error(ad_result(program, out[3 + i]), fixture_get(&f, "%s", names[i]));
            if (!(error < 2e-4)) CHECK_FAIL("%s differs by %.3g", names[i], error);
        }
    }
    ad_program_free(program);
    ad_graph_free(graph);
    ad_vars_free(vars);
    fixture_close(&f);
}

static void pytorch(void)
{
    for (int packed = 0; packed < 2; ++packed) {
        check_variant("pre", tiny(TRANSLATE_PRE, TRANSLATE_SINUSOIDAL, TRANSLATE_TIE_ALL), packed);
        check_variant("post", tiny(TRANSLATE_POST, TRANSLATE_LEARNED, TRANSLATE_TIE_OUTPUT),
                      packed);
        check_variant("rotary", tiny(TRANSLATE_PRE, TRANSLATE_ROTARY, TRANSLATE_TIE_NONE), packed);
    }
}

/* Two passes over two places, the second of which is padding. */
static void r_drop(void)
{
    static const float y[] = {1, 2, 9, 9, -1, 0.5F, 7, 8}, w[] = {1, 0, 0.5F, -1, 2, 1};
    static const int32_t labels[] = {1, -1, 1, -1};
    ad_graph *graph = ad_graph_new(ctx);
    ad_program *program;
    ad_node *loss = translate_r_drop(ad_constant(graph, AD_F32, ad_shape(4, 2), y),
                                     ad_constant(graph, AD_F32, ad_shape(3, 2), w),
                                     ad_constant(graph, AD_I32, ad_shape(4), labels), 5);
    double p[2][3], want = 0;
    for (int k = 0; k < 2; ++k) {
        double sum = 0;
        for (int i = 0; i < 3; ++i)
            sum += p[k][i] = exp((double)(y[4 * k] * w[2 * i] + y[4 * k + 1] * w[2 * i + 1]));
        for (int i = 0; i < 3; ++i) p[k][i] /= sum;
    }
    for (int i = 0; i < 3; ++i)
        want += p[0][i] * log(p[0][i] / p[1][i]) + p[1][i] * log(p[1][i] / p[0][i]);
    REQUIRE(ad_compile(&program, ctx, &loss, 1, NULL) == AD_OK);
    CHECK_INT(ad_run(program), AD_OK);
    CHECK(fabs(ad_result_scalar(program, loss) - 5 * want / 4) < 1e-5);
    ad_program_free(program);
    ad_graph_free(graph);
}

/* ---- word by word ---- */

/* Parameters that are far from those that a network begins with, so that logits differ. */
static void shake(ad_vars *vars)
{
    REQUIRE(ad_vars_ready(vars) == AD_OK);
    for (int i = 0; i < ad_vars_count(vars); ++i) {
        ad_variable *v = ad_vars_at(vars, i);
        int64_t count = ad_shape_count(ad_variable_shape(v));
        float *data = malloc((size_t)count * sizeof *data);
        REQUIRE(data);
        for (int64_t k = 0; k < count; ++k)
            data[k] = (float)(2 * ad_random_unit(5, (uint64_t)i, (uint64_t)k) - 1);
        CHECK_INT(ad_variable_set(vars, v, data), AD_OK);
        free(data);
    }
}

/* The logits behind each of `count` words that follow the beginning, all at once: [count + 1,
 * VOCAB].
 */
static void at_once(const translate_model *m, ad_vars *vars, const int32_t *source, int64_t tokens,
                    const int32_t *words, int64_t count, float *logits)
{
    int32_t data[6][LONGEST];
    int64_t places = m->longest;
    ad_graph *graph = ad_graph_new(ctx);
    ad_program *program;
    translate_pass pass = {.model = m, .vars = vars, .graph = graph};
    for (int32_t i = 0; i < places; ++i) {
        data[0][i] = i < tokens ? source[i] : 0, data[2][i] = i < tokens;
        data[3][i] = i && i <= count ? words[i - 1] : 1, data[5][i] = i <= count;
        data[1][i] = data[4][i] = i;
    }
    ad_node *in[6];
    for (int i = 0; i < 6; ++i) in[i] = ad_constant(graph, AD_I32, ad_shape(1, places), data[i]);
    translate_side from = {.tokens = in[0], .positions = in[1], .sentences = in[2]};
    translate_side to = {.tokens = in[3], .positions = in[4], .sentences = in[5]};
    ad_node *y = translate_decode(&pass, &to, translate_encode(&pass, &from), &from);
    ad_node *z = ad_matmul_with(ad_reshape(y, ad_shape(-1, WIDTH)), translate_output(&pass),
                                (ad_matmul_options){.transpose_b = true});
    REQUIRE(ad_compile(&program, ctx, &z, 1, NULL) == AD_OK);
    CHECK_INT(ad_run(program), AD_OK);
    memcpy(logits, ad_result(program, z), (size_t)((count + 1) * m->target_vocab) * sizeof *logits);
    ad_program_free(program);
    ad_graph_free(graph);
}

/* Three sentences with two hypotheses each, which exchange their pasts at random. */
static void check_steps(translate_model m)
{
    enum { SENTENCES = 3, BEAM = 2, ROWS = SENTENCES * BEAM };
    static const int32_t source[SENTENCES][LONGEST] = {{3, 5, 1}, {7, 1}, {2, 8, 4, 6, 3, 1}};
    static const int64_t lengths[SENTENCES] = {3, 2, 6};
    const int32_t *sentences[SENTENCES] = {source[0], source[1], source[2]};
    int32_t words[ROWS][LONGEST] = {{0}}, other[ROWS][LONGEST], last[ROWS], parents[ROWS];
    ad_vars *vars = ad_vars_new(ctx, 3);
    translate_decoder *decoder;
    CHECK_INT(translate_declare(vars, &m), AD_OK);
    shake(vars);
    REQUIRE(translate_decoder_new(&decoder, ctx, &m, vars) == AD_OK);
    CHECK_INT(translate_decoder_read(decoder, sentences, lengths, SENTENCES, BEAM), AD_OK);
    for (int h = 0; h < ROWS; ++h) last[h] = 1, parents[h] = h;
    for (int step = 0; step < LONGEST; ++step) {
        const float *logits, *sums;
        float want[(LONGEST + 1) * VOCAB];
        REQUIRE(translate_decoder_next(decoder, last, parents, &logits, &sums) == AD_OK);
        for (int h = 0; h < ROWS; ++h) {
            at_once(&m, vars, source[h / BEAM], lengths[h / BEAM], words[h], step, want);
            double error = fixture_error(logits + h * VOCAB,
                                         (ad_tensor){AD_F32, ad_shape(VOCAB), want + step * VOCAB});
            if (!(error < 1e-5)) CHECK_FAIL("step %d of %d differs by %.3g", step, h, error);
        }
        memcpy(other, words, sizeof other);
        for (int h = 0; h < ROWS; ++h) {
            uint64_t at = (uint64_t)(step * ROWS + h);
            parents[h] = h / BEAM * BEAM + (int32_t)ad_random_below(9, 0, at, BEAM);
            last[h] = 2 + (int32_t)ad_random_below(9, 1, at, VOCAB - 2);
            memcpy(words[h], other[parents[h]], sizeof words[h]);
            words[h][step] = last[h];
        }
    }
    translate_decoder_free(decoder);
    ad_vars_free(vars);
}

static void word_by_word(void)
{
    check_steps(tiny(TRANSLATE_PRE, TRANSLATE_SINUSOIDAL, TRANSLATE_TIE_ALL));
    check_steps(tiny(TRANSLATE_POST, TRANSLATE_LEARNED, TRANSLATE_TIE_OUTPUT));
    check_steps(tiny(TRANSLATE_PRE, TRANSLATE_ROTARY, TRANSLATE_TIE_NONE));
}

/* ---- beams ---- */

enum { FEW = 4, SHORT = 4, END = 1 };

typedef struct best {
    double score, log_p;
    int32_t words[SHORT];
    int64_t count;
} best;

/* All sentences of up to SHORT words over FEW, the end among them; what has no end counts as it is.
 */
static void try_all(const translate_model *m, ad_vars *vars, const int32_t *source, int64_t tokens,
                    double penalty, int32_t *words, int64_t count, double log_p, best *b)
{
    float logits[(LONGEST + 1) * VOCAB];
    at_once(m, vars, source, tokens, words, count, logits);
    const float *row = logits + count * FEW;
    double sum = 0;
    for (int w = 0; w < FEW; ++w) sum += exp((double)row[w]);
    for (int32_t w = 0; w < FEW; ++w) {
        double p = log_p + (double)row[w] - log(sum);
        words[count] = w;
        if (w != END && count + 1 < SHORT) {
            try_all(m, vars, source, tokens, penalty, words, count + 1, p, b);
            continue;
        }
        double score = p / pow((5 + (double)count + 1) / 6, penalty);
        if (score <= b->score) continue;
        b->score = score, b->log_p = p, b->count = count + (w != END);
        memcpy(b->words, words, sizeof b->words);
    }
}

/* As many hypotheses as there are sentences: nothing can be missed, and the best is the best. */
static void beams(void)
{
    translate_model m = tiny(TRANSLATE_PRE, TRANSLATE_SINUSOIDAL, TRANSLATE_TIE_NONE);
    static const int32_t source[] = {3, 5, END};
    static const int64_t length = 3, number = 0;
    static const double penalties[] = {0, 0.6, 3};
    const int32_t *sentence = source;
    ad_vars *vars = ad_vars_new(ctx, 4);
    translate_decoder *decoder;
    translate_hypothesis found[TRANSLATE_BEAM_MOST];
    m.longest = SHORT, m.target_vocab = FEW;
    CHECK_INT(translate_declare(vars, &m), AD_OK);
    shake(vars);
    REQUIRE(translate_decoder_new(&decoder, ctx, &m, vars) == AD_OK);
    for (int i = 0; i < 3; ++i) {
        int32_t words[SHORT];
        best b = {.score = -INFINITY};
        translate_how how = {.beam = TRANSLATE_BEAM_MOST, .length_penalty = penalties[i]};
        try_all(&m, vars, source, length, penalties[i], words, 0, 0, &b);
        REQUIRE(translate_search(decoder, ctx, &m, END, END, &sentence, &length, &number, 1, &how,
                                 found) == AD_OK);
        CHECK_INT(found[0].count, b.count);
        CHECK(fabs(found[0].score - b.score) < 1e-4 && fabs(found[0].log_p - b.log_p) < 1e-4);
        for (int64_t k = 0; k < b.count && k < found[0].count; ++k)
            CHECK_INT(found[0].words[k], b.words[k]);
        for (int k = 1; k < TRANSLATE_BEAM_MOST && found[k].words; ++k)
            CHECK(found[k].score <= found[k - 1].score);
        translate_hypotheses_free(found, TRANSLATE_BEAM_MOST);
    }
    translate_decoder_free(decoder);
    ad_vars_free(vars);
}

/* ---- rows ---- */

/* Sides of 1 to 9 tokens, which say whose they are. */
static void packing(void)
{
    enum { PAIRS = 200, LENGTH = 12 };
    translate_coded coded = {.count = PAIRS};
    translate_rows rows = {.begin = 1};
    translate_left_out left_out = {0};
    const translate_packing how = {.length = LENGTH, .longest = LENGTH, .ratio = 100, .seed = 3};
    bool seen[PAIRS] = {false};
    for (int s = 0; s < 2; ++s) {
        coded.begin[s] = calloc(PAIRS + 1, sizeof(int64_t));
        coded.side[s].ids = calloc((size_t)PAIRS * 16, sizeof(int32_t));
        REQUIRE(coded.begin[s] && coded.side[s].ids);
        for (int i = 0; i < PAIRS; ++i) {
            int64_t size = 1 + ad_random_below(1, (uint64_t)s, (uint64_t)i, 9);
            if (i < 2) size = i == s ? 0 : 13; /* an empty one, one that is too long */
            for (int64_t k = 0; k < size; ++k) coded.side[s].ids[coded.begin[s][i] + k] = i;
            coded.begin[s][i + 1] = coded.begin[s][i] + size;
        }
    }
    REQUIRE(translate_pack(&rows, ctx, &coded, &how, &left_out) == AD_OK);
    CHECK_INT(left_out.empty, 2);
    CHECK_INT(rows.sentences, PAIRS - 2);
    for (int64_t at = 0; at < rows.count * LENGTH; ++at) {
        int16_t number = rows.number[0][at];
        if (!number) continue;
        int64_t row = at / LENGTH, pair = rows.source[at];
        seen[pair] = true;
        for (int64_t k = 0; k < LENGTH;
             ++k) /* its translation is in the same row, alike numbered */
            if (rows.number[1][row * LENGTH + k] == number)
                CHECK_INT(rows.labels[row * LENGTH + k], pair);
    }
    for (int i = 2; i < PAIRS; ++i) CHECK(seen[i]);
    double used = (double)(rows.tokens[0] + rows.tokens[1]) / (double)(2 * rows.count * LENGTH);
    if (!(used > 0.85)) CHECK_FAIL("rows are used by %.3g", used);
    for (int s = 0; s < 2; ++s) free(coded.begin[s]), free(coded.side[s].ids);
    translate_rows_free(&rows);
}

/* As many places as are asked for, in rows of several sentences, which are never shorter than one.
 */
static void row_lengths(void)
{
    static const struct {
        int64_t longest, places, rows, length;
    } want[] = {{48, 2048, 10, 200}, {48, 100, 1, 96}, {256, 100, 1, 256}, {100, 4096, 10, 408}};
    for (size_t i = 0; i < sizeof want / sizeof *want; ++i) {
        translate_model m = {.longest = want[i].longest};
        translate t = {.job.model = &m};
        CHECK_INT(translate_row_length(&t), want[i].longest);
        translate_choose_rows(&t, &(translate_step){.batch_tokens = want[i].places});
        CHECK_INT(t.job.batch, want[i].rows);
        CHECK_INT(translate_row_length(&t), want[i].length);
    }
    int32_t begins[3];
    translate_begins((const int16_t[]){1, 1, 2, 2, 2, 0}, 6, begins);
    CHECK(begins[0] == 0 && begins[1] == 2 && begins[2] == 5);
    translate_begins((const int16_t[]){1, 1, 1, 1, 1, 1}, 6, begins);
    CHECK(begins[0] == 0 && begins[1] == 6 && begins[2] == 6);
}

/* ---- words ---- */

static void words_of(void)
{
    static const char text[] = "a bcd  e";
    translate_vocabulary v = {.ctx = ctx};
    ad_tokens tokens = {0};
    int64_t word[16];
    REQUIRE(ad_tokenizer_train(&v.source, ctx, "text", text, sizeof text - 1, 257) == AD_OK);
    v.target = v.source, v.end[0] = v.end[1] = 256, v.silent[0] = v.silent[1] = -1;
    REQUIRE(translate_line_tokens(&v, false, (translate_line){text, sizeof text - 1}, &tokens) ==
            AD_OK);
    CHECK_INT(tokens.ids[tokens.count - 1], 256);
    CHECK_INT(tokens.count, (int)sizeof text + 1); /* bytes, with a space in front and the end */
    CHECK_INT(translate_words_of(&v, false, tokens.ids, tokens.count, word), 3);
    static const int64_t want[] = {0, 0, 0, 1, 1, 1, 1, 1, 2, 2};
    for (int i = 0; i < 10; ++i) CHECK_INT(word[i], want[i]);
    char *again = translate_text(&v, false, tokens.ids, tokens.count);
    CHECK_TEXT(again, text);
    free(again);
    ad_tokens_free(&tokens);
    translate_vocabulary_free(&v);
}

int main(int argc, char **argv)
{
    static const check_case cases[] = {
        CASE(pytorch), CASE(r_drop),      CASE(word_by_word), CASE(beams),
        CASE(packing), CASE(row_lengths), CASE(words_of),     {0}};
    return check_in_context(argc, argv, cases);
}
