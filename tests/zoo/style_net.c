/* style_net.c - a network for one style against PyTorch's example, with weights by a rule; what is
 * no such network is refused. */
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

static ad_status run(ad_vars *vars, const float *image, float *result)
{
    ad_program *program = NULL;
    ad_graph *graph = ad_graph_new(ctx);
    if (!graph) return AD_ERROR_MEMORY;
    size_t bytes = HEIGHT * WIDTH * 3 * sizeof(float);
    ad_node *x = ad_input(graph, "image", AD_F32, ad_shape(1, HEIGHT, WIDTH, 3)),
            *y = style_net_build(vars, &(style_net_form){0}, x);
    ad_status status = ad_compile(&program, ctx, &y, 1, NULL);
    if (!status) status = ad_bind(program, x, image, bytes);
    if (!status) status = ad_run(program);
    if (!status) memcpy(result, ad_result(program, y), bytes);
    ad_program_free(program);
    ad_graph_free(graph);
    return status;
}

static void declare(ad_vars *vars)
{
    ad_graph *graph = ad_graph_new(ctx);
    ad_node *x = ad_input(graph, "image", AD_F32, ad_shape(1, HEIGHT, WIDTH, 3));
    style_net_build(vars, &(style_net_form){0}, x);
    ad_graph_free(graph);
    for (int i = 0; i < ad_vars_count(vars); ++i) fill(vars, ad_vars_at(vars, i));
}

static void as_pytorch_does(void)
{
    static float image[HEIGHT * WIDTH * 3], result[HEIGHT * WIDTH * 3], again[HEIGHT * WIDTH * 3];
    fixture f;
    ad_vars *vars = ad_vars_new(ctx, 0), *loaded = ad_vars_new(ctx, 0);
    REQUIRE(vars && loaded && folder_make());
    REQUIRE(fixture_open(&f, ctx, "tests/fixtures/style_net.safetensors"));
    for (int i = 0; i < HEIGHT * WIDTH * 3; ++i) {
        double x = i / 3 % WIDTH, y = (double)(i / 3 / WIDTH), c = i % 3;
        image[i] = (float)(128 + 90 * sin(0.3 * (c + 1) * x + 0.17 * y * (3 - c)));
    }
    declare(vars);
    REQUIRE(!run(vars, image, result));
    const float *want = fixture_get(&f, "result").data;
    for (int i = 0; i < HEIGHT * WIDTH * 3; ++i) CHECK_NEAR(result[i], want[i], 2e-4);
    /* written under PyTorch's names and read again */
    ad_file *file = NULL;
    style_net_form form = {.kind = STYLE_NET_TF};
    REQUIRE(!ad_vars_save(vars, in_folder("net.safetensors")));
    REQUIRE(!ad_file_open(&file, ctx, in_folder("net.safetensors")));
    CHECK(!style_net_detect(ctx, file, &form));
    CHECK_INT(form.kind, STYLE_NET_TORCH);
    CHECK_INT(form.width, 32);
    CHECK_INT(form.blocks, 5);
    CHECK(!style_net_load(loaded, &form, file));
    ad_file_close(file);
    REQUIRE(!run(loaded, image, again));
    CHECK(!memcmp(result, again, sizeof result));
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
    return check_in_context(argc, argv,
                            (check_case[]){CASE(as_pytorch_does), CASE(others_are_refused), {0}});
}
