/* wisdom_streams.c - how far ahead streams are fetched: what wisdom knows is set, what it does not
 * know is measured, and no bits change. */
#include <autodidact/ops.h>
#include <autodidact/program.h>
#include <autodidact/wisdom.h>

#include "check.h"
#include "base/streams.h"

#include <stdlib.h>
#include <string.h>

enum { ROWS = 2048, COLS = 1024, BLOCK = 1 << 21 };

/* A token's product with a large matrix, a sum of a large tensor, and a chain over it. */
typedef struct network {
    ad_context *ctx;
    ad_graph *graph;
    ad_program *program;
    ad_wisdom *wisdom;
    float *w, *large;
    float x[ROWS];
} network;

static bool open_network(network *n, int threads)
{
    *n = (network){.ctx = ad_context_new(&(ad_context_options){.threads = threads})};
    n->w = malloc(sizeof(float) * ROWS * COLS), n->large = malloc(sizeof(float) * BLOCK);
    if (!n->ctx || !n->w || !n->large || ad_wisdom_new(&n->wisdom, n->ctx)) return false;
    for (int i = 0; i < ROWS; ++i) n->x[i] = (float)ad_random_unit(1, 1, (uint64_t)i) - 0.5f;
    for (int i = 0; i < ROWS * COLS; ++i) n->w[i] = (float)ad_random_unit(1, 2, (uint64_t)i) - 0.5f;
    for (int i = 0; i < BLOCK; ++i) n->large[i] = (float)ad_random_unit(1, 3, (uint64_t)i) - 0.5f;
    return true;
}

static void close_network(network *n)
{
    ad_wisdom_use(n->ctx, NULL, false);
    ad_wisdom_free(n->wisdom);
    ad_program_free(n->program);
    ad_graph_free(n->graph);
    CHECK_INT((int64_t)ad_context_memory(n->ctx), 0);
    ad_context_free(n->ctx);
    free(n->w), free(n->large);
}

enum { RESULTS = 3 };
static const size_t result_bytes[RESULTS] = {sizeof(float) * COLS, sizeof(float),
                                             sizeof(float) * BLOCK};

static bool compute(network *n)
{
    ad_program_free(n->program);
    ad_graph_free(n->graph);
    n->graph = ad_graph_new(n->ctx);
    ad_node *x = ad_input(n->graph, "x", AD_F32, ad_shape(1, ROWS)),
            *w = ad_input(n->graph, "w", AD_F32, ad_shape(ROWS, COLS)),
            *large = ad_input(n->graph, "large", AD_F32, ad_shape(BLOCK)),
            *results[RESULTS] = {ad_matmul(x, w), ad_sum(large, AD_ALL_AXES, false),
                                 ad_tanh(ad_mul(large, large))};
    return !ad_compile(&n->program, n->ctx, results, RESULTS, NULL) &&
           !ad_bind_name(n->program, "x", n->x, sizeof n->x) &&
           !ad_bind_name(n->program, "w", n->w, sizeof(float) * ROWS * COLS) &&
           !ad_bind_name(n->program, "large", n->large, sizeof(float) * BLOCK) &&
           !ad_run(n->program);
}

static const char *fetch_of(const ad_wisdom *w, const char *problem)
{
    for (int i = 0; i < ad_wisdom_count(w); ++i)
        if (!strcmp(ad_wisdom_at(w, i).problem, problem)) return ad_wisdom_at(w, i).solver;
    return "";
}

static bool streams_rows(const ad_wisdom *w)
{
    for (int i = 0; i < ad_wisdom_count(w); ++i)
        if (!strncmp(ad_wisdom_at(w, i).problem, "matmul", 6))
            return !strcmp(ad_wisdom_at(w, i).solver, "streamed");
    return true; /* it is the only one */
}

static void what_is_known_is_set(void)
{
    static const struct {
        const char *known;
        ad_fetch set; /* ahead -1: as it was */
    } cases[] = {
        {"2048 bytes ahead, to L1", {2048, true}},
        {"0 bytes ahead, to L2", {0, false}},
        {"16384 bytes ahead, to L2", {16384, false}},
        {"2048 bytes ahead, to L3", {-1, false}},
        {"-64 bytes ahead, to L1", {-1, false}},
        {"2048 bytes ahead, to L1, twice", {-1, false}},
        {"99999999 bytes ahead, to L1", {-1, false}},
        {"99999999999 bytes ahead, to L1", {-1, false}},
        {"packed gemm", {-1, false}},
    };
    const ad_fetch usual = ad_stream_fetch(AD_STREAM_ROWS);
    const ad_fetch sums = ad_stream_fetch(AD_STREAM_SUMS);
    network n;
    REQUIRE(open_network(&n, 1));
    ad_wisdom_use(n.ctx, n.wisdom, false);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
        ad_stream_set_fetch(AD_STREAM_ROWS, (ad_fetch){512, true});
        ad_wisdom_entry entry = {"stream of rows", cases[i].known, 1};
        REQUIRE(!ad_wisdom_add(n.wisdom, entry) && compute(&n));
        ad_fetch now = ad_stream_fetch(AD_STREAM_ROWS), want = cases[i].set;
        if (want.ahead < 0) want = (ad_fetch){512, true};
        CHECK_INT(now.ahead, want.ahead);
        CHECK_INT(now.through, want.through);
        CHECK_INT(ad_stream_fetch(AD_STREAM_SUMS).ahead, sums.ahead);
    }
    CHECK_INT(ad_wisdom_measured(n.wisdom, NULL), 0);
    close_network(&n);
    ad_stream_set_fetch(AD_STREAM_ROWS, usual);
}

static void what_is_not_known_is_measured(void)
{
    static const char *const problems[] = {"stream of rows", "stream of sums", "stream of chains"};
    network n;
    REQUIRE(open_network(&n, 2) && compute(&n));
    void *before[RESULTS];
    for (int i = 0; i < RESULTS; ++i) {
        REQUIRE(before[i] = malloc(result_bytes[i]));
        memcpy(before[i], ad_result_at(n.program, i), result_bytes[i]);
    }
    ad_wisdom_use(n.ctx, n.wisdom, true);
    REQUIRE(compute(&n));
    int measured = ad_wisdom_measured(n.wisdom, NULL);
    /* tuning may have found another solver for the product, which reads no stream */
    for (size_t i = streams_rows(n.wisdom) ? 0 : 1; i < sizeof problems / sizeof *problems; ++i)
        CHECK_CONTAINS(fetch_of(n.wisdom, problems[i]), " bytes ahead, to L");
    CHECK_TEXT(fetch_of(n.wisdom, "stream of blocks"), ""); /* nothing reads blocks here */
    REQUIRE(compute(&n));
    CHECK_INT(ad_wisdom_measured(n.wisdom, NULL), measured); /* once only */
    /* the same bits as before, wherever solvers are the same */
    ad_wisdom_use(n.ctx, NULL, false);
    static const ad_fetch tried[] = {{0, false}, {1024, true}, {16384, false}};
    for (size_t t = 0; t < sizeof tried / sizeof *tried; ++t) {
        for (int stream = AD_STREAM_NONE + 1; stream < AD_STREAMS; ++stream)
            ad_stream_set_fetch((ad_stream)stream, tried[t]);
        REQUIRE(compute(&n));
        for (int i = 0; i < RESULTS; ++i)
            CHECK(!memcmp(before[i], ad_result_at(n.program, i), result_bytes[i]));
    }
    for (int i = 0; i < RESULTS; ++i) free(before[i]);
    close_network(&n);
}

int main(int argc, char **argv)
{
    return check_main(
        argc, argv,
        (check_case[]){CASE(what_is_known_is_set), CASE(what_is_not_known_is_measured), {0}});
}
