/* Random graphs, compiled with each pass left out in turn: all give the same values, and every
 * program passes the verifier. */
#include "check.h"
#include "random_graph.h"

static ad_context *ctx;

static bool close_to(const float *a, const float *b, int n)
{
    for (int i = 0; i < n; ++i)
        if (!(fabsf(a[i] - b[i]) <= 2e-4f * fmaxf(1, fmaxf(fabsf(a[i]), fabsf(b[i])))))
            return false;
    return true;
}

static void compare(uint64_t seed)
{
    static const char *const passes[] = {"",         "fuse", "in_place", "homes", "pack",
                                         "simplify", "fold", "share",    "repeat"};
    outcome want, got;
    start from = random_start(seed);
    ad_graph *g = ad_graph_new(ctx);
    ad_vars *vars = ad_vars_new(ctx, 1);
    ad_node *outputs[16];
    int count = random_outputs(g, vars, outputs);
    ad_error_clear(ctx);
    if (!run_once(ctx, outputs, count, &(ad_compile_options){.no_passes = true}, vars, &from, &want,
                  NULL))
        CHECK_FAIL("seed %llu without passes: %s", (unsigned long long)seed, ad_error(ctx));
    for (size_t i = 0; i < sizeof passes / sizeof *passes; ++i) {
        ad_compile_options options = {.skip_pass = *passes[i] ? passes[i] : NULL};
        ad_error_clear(ctx);
        if (!run_once(ctx, outputs, count, &options, vars, &from, &got, NULL)) {
            CHECK_FAIL("seed %llu without %s: %s", (unsigned long long)seed, passes[i],
                       ad_error(ctx));
            continue;
        }
        for (int k = 0; k < count; ++k)
            if (!close_to(got.values[k], want.values[k], 64))
                CHECK_FAIL("seed %llu without %s: output %d, %s, differs", (unsigned long long)seed,
                           passes[i], k, ad_node_name(outputs[k]));
        if (!close_to(got.v, want.v, 64) || !close_to(got.w, want.w, 64))
            CHECK_FAIL("seed %llu without %s: variables differ", (unsigned long long)seed,
                       passes[i]);
    }
    ad_graph_free(g);
    ad_vars_free(vars);
}

static void passes_keep_values(void)
{
    for (uint64_t seed = 0; seed < 300 && check_failures < 10; ++seed) compare(seed);
}

int main(int argc, char **argv)
{
    ctx = ad_context_new(&(ad_context_options){.threads = 1});
    int failed = check_main(argc, argv, (check_case[]){CASE(passes_keep_values), {0}});
    ad_context_free(ctx);
    return failed;
}
