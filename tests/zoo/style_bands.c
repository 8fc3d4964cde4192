/* Pictures in bands: what a network paints at once, with both forms, several styles, both ways to
 * enlarge, bands of several heights, and what does not fit. */
#include "check.h"
#include "context.h"

#include "zoo/style/bands.h"

#include <stdlib.h>
#include <string.h>

enum { WIDTH = 48, MOST = 400 };

static float photo[MOST * WIDTH * 3], at_once[MOST * WIDTH * 3], banded[MOST * WIDTH * 3];

static void read_row(void *user, int64_t row, float *to)
{
    (void)user;
    memcpy(to, photo + row * WIDTH * 3, WIDTH * 3 * sizeof *to);
}

static void write_row(void *user, int64_t row, const float *from)
{
    (void)user;
    memcpy(banded + row * WIDTH * 3, from, WIDTH * 3 * sizeof *from);
}

static const float mix[2] = {0.7F, 0.3F};
static const style_rows rows = {NULL, read_row, write_row};

/* Waves that differ from band to band, so that no band's statistics are the picture's. */
static void draw(void)
{
    for (int y = 0; y < MOST; ++y)
        for (int x = 0; x < WIDTH * 3; ++x)
            photo[y * WIDTH * 3 + x] = (float)(120 + 0.3 * y + 60 * sin(0.31 * x + 0.002 * y * y));
}

static void paint_whole(ad_vars *vars, const style_net_form *form, int64_t height)
{
    ad_program *program = NULL;
    ad_graph *graph = ad_graph_new(ctx);
    REQUIRE(graph);
    ad_node *x = ad_input(graph, "image", AD_F32, ad_shape(1, height, WIDTH, 3));
    ad_node *parts = form->styles > 1 ? ad_constant(graph, AD_F32, ad_shape(1, form->styles), mix)
                                      : NULL;
    ad_node *y = style_net_build(vars, form, x, parts);
    size_t bytes = (size_t)(height * WIDTH * 3) * sizeof *photo;
    CHECK(!ad_compile(&program, ctx, &y, 1, NULL) && !ad_bind(program, x, photo, bytes) &&
          !ad_run(program));
    const float *result = program ? ad_result(program, y) : NULL;
    if (result) memcpy(at_once, result, bytes);
    ad_program_free(program), ad_graph_free(graph);
}

static double furthest(int64_t height)
{
    double most = 0, size = 0;
    for (int64_t i = 0; i < height * WIDTH * 3; ++i) {
        most = fmax(most, fabs((double)banded[i] - (double)at_once[i]));
        size = fmax(size, fabs((double)at_once[i]));
    }
    return most / size;
}

/* Several styles and bilinear enlarging, where `several`. */
static void as_at_once(style_net_kind kind, bool several, int64_t height, size_t limit)
{
    const style_net_form form = {
        .kind = kind, .width = 8, .blocks = 2, .smooth = several, .styles = several ? 2 : 0};
    ad_vars *vars = ad_vars_new(ctx, 7);
    REQUIRE(vars);
    CHECK(!style_net_declare(vars, &form));
    paint_whole(vars, &form, height);
    memset(banded, 0, sizeof banded);
    if (style_bands_paint(ctx, vars, &form, mix, &(ad_compile_options){.memory_limit = limit},
                          WIDTH, height, &rows))
        CHECK_FAIL("%s", ad_error(ctx));
    if (!(furthest(height) < 1e-4))
        CHECK_FAIL("form %d, %lld rows, %zu bytes: off by %g of the largest", kind,
                   (long long)height, limit, furthest(height));
    ad_vars_free(vars);
}

static void one_band_and_several(void)
{
    draw();
    for (int i = 0; i < 3; ++i) {
        style_net_kind kind = i == 1 ? STYLE_NET_TF : STYLE_NET_TORCH;
        as_at_once(kind, i == 2, 16, 0);   /* the smallest picture */
        as_at_once(kind, i == 2, 160, 0);  /* exactly one band */
        as_at_once(kind, i == 2, 164, 0);  /* a row of quarters more */
        as_at_once(kind, i == 2, MOST, 0); /* several, of which the last is short */
    }
}

/* Less memory makes lower bands, and then it is refused. */
static void less_memory(void)
{
    const style_net_form form = {.width = 8, .blocks = 2};
    ad_vars *vars = ad_vars_new(ctx, 7);
    REQUIRE(vars);
    draw();
    as_at_once(STYLE_NET_TORCH, false, MOST, 900000);
    CHECK(!style_net_declare(vars, &form));
    for (size_t limit = 160000; limit > 1000; limit /= 4)
        CHECK_INT(style_bands_paint(ctx, vars, &form, NULL,
                                    &(ad_compile_options){.memory_limit = limit}, WIDTH, MOST,
                                    &rows),
                  AD_ERROR_LIMIT);
    CHECK_CONTAINS(ad_error(ctx), "needs 153600 bytes of memory at least");
    photo[1000] = NAN;
    CHECK_INT(
        style_bands_paint(ctx, vars, &form, NULL, &(ad_compile_options){0}, WIDTH, MOST, &rows),
        AD_ERROR_NUMERIC);
    ad_vars_free(vars);
}

static const check_case cases[] = {CASE(one_band_and_several), CASE(less_memory), {0}};

int main(int argc, char **argv)
{
    return check_in_context(argc, argv, cases);
}
