/* style_net.c - a network for one style against PyTorch's example, and one for three, with weights
 * by a rule; what is no such network is refused. */
#include "fixture.h"
#include "context.h"
#include "folder.h"

#include "zoo/style/net.h"

#include <autodidact/program.h>

enum { HEIGHT = 36, WIDTH = 28 };

static uint32_t fnv(const char *text)
{
    uint32_t value = 2166136261u;
    for (; *text; ++text) value = (value ^ (unsigned char)*text) * 16777619u;
    return value;
}

/* As the oracle: element i in the order of files, in [-1, 1). */
static float rule(const char *name, int64_t i)
{
    uint32_t word = ((uint32_t)i + fnv(name)) * 2654435761u;
    word = (word ^ (word >> 15)) * 2246822519u;
    return (float)(word >> 8) * 0x1p-23f - 1;
}

static bool ends(const char *name, const char *end)
{
    return strlen(name) > strlen(end) && !strcmp(name + strlen(name) - strlen(end), end);
}

static void fill(ad_vars *vars, ad_variable *v)
{
    const char *name = ad_variable_name(v);
    ad_shape s = ad_variable_shape(v);
    int64_t n = ad_shape_count(s);
    float *data = malloc((size_t)n * sizeof *data);
    REQUIRE(data);
    for (int64_t i = 0; i < n; ++i) {
        float scale = 0.5f, middle = ends(name, "weight") ? 1 : 0;
        int64_t at = i;
        if (s.rank == 4) { /* [kh, kw, in, out] here, [out, in, kh, kw] there */
            int64_t out = i % s.dim[3], in = i / s.dim[3] % s.dim[2];
            int64_t place = i / s.dim[3] / s.dim[2];
            at = (out * s.dim[2] + in) * s.dim[0] * s.dim[1] + place;
            scale = sqrtf(3 / (float)(s.dim[0] * s.dim[1] * s.dim[2])), middle = 0;
        } else if (ends(name, "conv2d.bias"))
            scale = 0.1f;
        data[i] = rule(name, at) * scale + middle;
    }
    CHECK(!ad_variable_set(vars, v, data));
    free(data);
}

/* In the styles `mix` ([rows, styles], NULL: there is one) rows times the same picture. */
static ad_status run(ad_vars *vars, const style_net_form *form, int64_t rows, const float *image,
                     const float *mix, float *result)
{
    ad_program *program = NULL;
    ad_graph *graph = ad_graph_new(ctx);
    if (!graph) return AD_ERROR_MEMORY;
    size_t bytes = HEIGHT * WIDTH * 3 * sizeof(float);
    ad_node *x = ad_input(graph, "image", AD_F32, ad_shape(1, HEIGHT, WIDTH, 3)), *parts = NULL;
    if (mix) parts = ad_constant(graph, AD_F32, ad_shape(rows, form->styles), mix);
    ad_node *y = style_net_build(vars, form, ad_broadcast(x, ad_shape(rows, HEIGHT, WIDTH, 3)),
                                 parts);
    ad_status status = ad_compile(&program, ctx, &y, 1, NULL);
    if (!status) status = ad_bind(program, x, image, bytes);
    if (!status) status = ad_run(program);
    if (!status) memcpy(result, ad_result(program, y), (size_t)rows * bytes);
    ad_program_free(program);
    ad_graph_free(graph);
    return status;
}

static void declare(ad_vars *vars, const style_net_form *form)
{
    REQUIRE(!style_net_declare(vars, form));
    for (int i = 0; i < ad_vars_count(vars); ++i) fill(vars, ad_vars_at(vars, i));
}

static void draw(float *image)
{
    for (int i = 0; i < HEIGHT * WIDTH * 3; ++i) {
        double x = i / 3 % WIDTH, y = (double)(i / 3 / WIDTH), c = i % 3;
        image[i] = (float)(128 + 90 * sin(0.3 * (c + 1) * x + 0.17 * y * (3 - c)));
    }
}

/* Written under PyTorch's names and read again, by the form that the file shows. */
static void save_and_load(ad_vars *vars, ad_vars *loaded, style_net_form *form)
{
    ad_file *file = NULL;
    *form = (style_net_form){.kind = STYLE_NET_TF};
    REQUIRE(!ad_vars_save(vars, in_folder("net.safetensors")));
    REQUIRE(!ad_file_open(&file, ctx, in_folder("net.safetensors")));
    CHECK(!style_net_detect(ctx, file, form));
    CHECK(!style_net_load(loaded, form, file));
    ad_file_close(file);
    CHECK_INT(form->kind, STYLE_NET_TORCH);
}

static void as_pytorch_does(void)
{
    static float image[HEIGHT * WIDTH * 3], result[HEIGHT * WIDTH * 3], again[HEIGHT * WIDTH * 3];
    fixture f;
    style_net_form form;
    ad_vars *vars = ad_vars_new(ctx, 0), *loaded = ad_vars_new(ctx, 0);
    REQUIRE(vars && loaded && folder_make());
    REQUIRE(fixture_open(&f, ctx, "tests/fixtures/style_net.safetensors"));
    draw(image);
    declare(vars, &(style_net_form){0});
    REQUIRE(!run(vars, &(style_net_form){0}, 1, image, NULL, result));
    const float *want = fixture_get(&f, "result").data;
    for (int i = 0; i < HEIGHT * WIDTH * 3; ++i) CHECK_NEAR(result[i], want[i], 2e-4);
    save_and_load(vars, loaded, &form);
    CHECK_INT(form.width, 32);
    CHECK_INT(form.blocks, 5);
    CHECK_INT(form.styles, 1);
    REQUIRE(!run(loaded, &form, 1, image, NULL, again));
    CHECK(!memcmp(result, again, sizeof result));
    ad_vars_free(vars), ad_vars_free(loaded);
    fixture_close(&f);
    CHECK(folder_remove());
}

/* A mixture is PyTorch's with the mixed scales and shifts; each row of a batch has its own. */
static void several_styles(void)
{
    enum { VALUES = HEIGHT * WIDTH * 3 };
    static float image[VALUES], result[VALUES], rows[2 * VALUES], alone[VALUES];
    const style_net_form form = {.width = 4, .blocks = 1, .styles = 3};
    const float mix[2][3] = {{0.7f, 0, 0.3f}, {0, 1, 0}};
    fixture f;
    style_net_form read;
    ad_vars *vars = ad_vars_new(ctx, 0), *loaded = ad_vars_new(ctx, 0);
    REQUIRE(vars && loaded && folder_make());
    REQUIRE(fixture_open(&f, ctx, "tests/fixtures/style_net.safetensors"));
    draw(image);
    declare(vars, &form);
    REQUIRE(!run(vars, &form, 1, image, mix[0], result));
    const float *want = fixture_get(&f, "mixed").data;
    for (int i = 0; i < VALUES; ++i) CHECK_NEAR(result[i], want[i], 2e-4);
    REQUIRE(!run(vars, &form, 1, image, mix[1], alone));
    REQUIRE(!run(vars, &form, 2, image, mix[0], rows));
    double apart = 0;
    for (int i = 0; i < VALUES; ++i) {
        CHECK_NEAR(rows[i], result[i], 1e-4);
        CHECK_NEAR(rows[VALUES + i], alone[i], 1e-4);
        apart += fabs(result[i] - alone[i]) / VALUES;
    }
    CHECK(apart > 0.05);
    save_and_load(vars, loaded, &read);
    CHECK_INT(read.width, 4);
    CHECK_INT(read.blocks, 1);
    CHECK_INT(read.styles, 3);
    REQUIRE(!run(loaded, &read, 1, image, mix[0], alone));
    CHECK(!memcmp(result, alone, sizeof result));
    ad_vars_free(vars), ad_vars_free(loaded);
    fixture_close(&f);
    CHECK(folder_remove());
}

static void others_are_refused(void)
{
    ad_file *file = NULL;
    style_net_form form;
    REQUIRE(!ad_file_open(&file, ctx, "tests/fixtures/tiny_cnn.pth"));
    CHECK_INT(style_net_detect(ctx, file, &form), AD_ERROR_FORMAT);
    CHECK_CONTAINS(ad_error(ctx), "tiny_cnn.pth: is no network of a style: it has no tensor "
                                  "conv1.conv2d.weight");
    ad_file_close(file);
}

int main(int argc, char **argv)
{
    return check_in_context(
        argc, argv,
        (check_case[]){CASE(as_pytorch_does), CASE(several_styles), CASE(others_are_refused), {0}});
}
