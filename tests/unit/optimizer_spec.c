/* optimizer_spec.c - the list of optimizers, and optimizers from a line of text. */
#include "check.h"
#include "sparing.h"

#include <autodidact/optim.h>

static ad_optimizer_spec parsed(ad_context *ctx, const char *text)
{
    ad_optimizer_spec spec;
    if (ad_optimizer_spec_parse(&spec, ctx, text)) CHECK_FAIL("%s: %s", text, ad_error(ctx));
    return spec;
}

static double value(const ad_optimizer_spec *spec, const char *option)
{
    int index = spec->kind ? ad_optimizer_spec_option(spec, option) : -1;
    return index < 0 ? NAN : spec->value[index];
}

/* Names are found again; every table begins with the common options, and its defaults are in range.
 */
static void the_list_is_in_order(void)
{
    ad_context *ctx = ad_context_new(NULL);
    ad_vars *vars = ad_vars_new(ctx, 1);
    const ad_optimizer_kind *kind;
    int kinds = 0;
    for (; (kind = ad_optimizer_kind_at(kinds)); ++kinds) {
        CHECK(ad_optimizer_kind_find(kind->name) == kind);
        CHECK(kind->summary && *kind->summary);
        CHECK_TEXT(kind->options[0].name, "lr");
        CHECK_TEXT(kind->options[1].name, "weight-decay");
        int options = 0;
        for (; kind->options[options].name; ++options) {
            const ad_optimizer_option *o = &kind->options[options];
            CHECK(o->help && *o->help);
            CHECK(!strchr(o->name, '_'));
            CHECK(o->flag ? o->initial == 0 || o->initial == 1
                          : o->initial >= o->min && o->initial < o->max);
        }
        CHECK(options <= AD_OPTIMIZER_OPTIONS);
        ad_optimizer *optimizer = ad_optimizer_new(vars, NULL, kind->name);
        if (!optimizer)
            CHECK_FAIL("%s: %s", kind->name, ad_error(ctx));
        else
            CHECK_NEAR(ad_optimizer_lr(optimizer), kind->options[0].initial, 0);
        ad_optimizer_free(optimizer);
    }
    CHECK(kinds >= 4);
    CHECK(!ad_optimizer_kind_at(-1));
    CHECK(!ad_optimizer_kind_find("lbfgs"));
    ad_vars_free(vars);
    ad_context_free(ctx);
}

static void text_is_read(void)
{
    ad_context *ctx = ad_context_new(NULL);
    ad_optimizer_spec spec = parsed(ctx, "adam");
    CHECK_TEXT(spec.kind->name, "adam");
    CHECK_NEAR(value(&spec, "lr"), 1e-3, 0);
    CHECK_NEAR(value(&spec, "beta2"), 0.999, 0);
    CHECK(!spec.given[0]);
    spec = parsed(ctx, "adam:lr=2e-4,beta1=0,weight_decay=.5");
    CHECK_NEAR(value(&spec, "lr"), 2e-4, 0);
    CHECK_NEAR(value(&spec, "beta1"), 0, 0);
    CHECK_NEAR(value(&spec, "weight-decay"), 0.5, 0);
    CHECK_NEAR(value(&spec, "weight_decay"), 0.5, 0);
    CHECK(spec.given[ad_optimizer_spec_option(&spec, "beta1")]);
    CHECK(!spec.given[ad_optimizer_spec_option(&spec, "beta2")]);
    CHECK_INT(ad_optimizer_spec_option(&spec, "momentum"), -1);
    spec = parsed(ctx, "sgd:momentum=0.9,nesterov");
    CHECK_NEAR(value(&spec, "nesterov"), 1, 0);
    spec = parsed(ctx, "sgd:nesterov=yes,momentum=0.9");
    CHECK_NEAR(value(&spec, "nesterov"), 1, 0);
    spec = parsed(ctx, "sgd:nesterov=no");
    CHECK_NEAR(value(&spec, "nesterov"), 0, 0);
    CHECK(spec.given[ad_optimizer_spec_option(&spec, "nesterov")]);
    ad_context_free(ctx);
}

static void wrong_text_is_refused(void)
{
    static const struct {
        const char *text;
        ad_status status;
        const char *error;
    } wrong[] = {
        {"adma", AD_ERROR_NOT_FOUND, "there is no optimizer \"adma\"; did you mean adam?"},
        {"simplex", AD_ERROR_NOT_FOUND, "there is no optimizer \"simplex\"; there are sgd, adam, "},
        {"", AD_ERROR_NOT_FOUND, "there is no optimizer \"\""},
        {"Adam", AD_ERROR_NOT_FOUND, "did you mean adam?"},
        {"adam:beta3=1", AD_ERROR_NOT_FOUND, "the optimizer adam has no option \"beta3\"; did you"},
        {"adam:size=1", AD_ERROR_NOT_FOUND, "it has lr, weight-decay, beta1, beta2 and eps"},
        {"adam:", AD_ERROR_NOT_FOUND, "has no option \"\""},
        {"adam:lr=1,", AD_ERROR_NOT_FOUND, "has no option \"\""},
        {"adam:lr", AD_ERROR_ARGUMENT, "adam: lr has no value, expected lr=NUMBER"},
        {"adam:lr=", AD_ERROR_ARGUMENT, "adam: lr is \"\", expected a number"},
        {"adam:lr=fast", AD_ERROR_ARGUMENT, "adam: lr is \"fast\", expected a number"},
        {"adam:lr=nan", AD_ERROR_ARGUMENT, "adam: lr is \"nan\", expected a number"},
        {"adam:lr=1e999", AD_ERROR_ARGUMENT, "adam: lr is \"1e999\", expected a number"},
        {"adam:lr=-1", AD_ERROR_ARGUMENT, "adam: lr is -1, expected a number of 0 or more"},
        {"adam:beta1=1", AD_ERROR_ARGUMENT, "adam: beta1 is 1, expected 0 or more and less than 1"},
        {"adam:eps=0", AD_ERROR_ARGUMENT, "adam: eps is 0, expected a number of 1e-30 or more"},
        {"adam:lr=1,lr=1", AD_ERROR_ARGUMENT, "adam: lr is given twice"},
        {"sgd:nesterov=perhaps", AD_ERROR_ARGUMENT,
         "sgd: nesterov is \"perhaps\", expected yes or no"},
        {"sgd:a-name-that-is-too-long-to-be-that-of-an-option-of-any-optimizer-that-there-is=1",
         AD_ERROR_NOT_FOUND, "has no option \"a-name-that"},
    };
    ad_context *ctx = ad_context_new(NULL);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; ++i) {
        ad_optimizer_spec spec;
        CHECK_INT(ad_optimizer_spec_parse(&spec, ctx, wrong[i].text), wrong[i].status);
        CHECK_CONTAINS(ad_error(ctx), wrong[i].error);
        CHECK(!spec.kind);
    }
    ad_context_free(ctx);
}

static void options_are_set_one_by_one(void)
{
    ad_context *ctx = ad_context_new(NULL);
    ad_optimizer_spec spec = parsed(ctx, "sgd");
    CHECK_INT(ad_optimizer_spec_set(&spec, ctx, "momentum", 0.5), AD_OK);
    CHECK_INT(ad_optimizer_spec_set(&spec, ctx, "momentum", 0.75), AD_OK);
    CHECK_INT(ad_optimizer_spec_set(&spec, ctx, "momentum", 1.5), AD_ERROR_ARGUMENT);
    CHECK_INT(ad_optimizer_spec_set(&spec, ctx, "momentum", NAN), AD_ERROR_ARGUMENT);
    CHECK_INT(ad_optimizer_spec_set(&spec, ctx, "lr", INFINITY), AD_ERROR_ARGUMENT);
    CHECK_INT(ad_optimizer_spec_set(&spec, ctx, "nesterov", 2), AD_ERROR_ARGUMENT);
    CHECK_CONTAINS(ad_error(ctx), "sgd: nesterov is 2, expected 0 or 1");
    CHECK_INT(ad_optimizer_spec_set(&spec, ctx, "beta1", 0.5), AD_ERROR_NOT_FOUND);
    CHECK_NEAR(value(&spec, "momentum"), 0.75, 0);
    CHECK(!spec.given[ad_optimizer_spec_option(&spec, "nesterov")]);
    ad_context_free(ctx);
}

static void options_that_do_not_go_together(void)
{
    ad_context *ctx = ad_context_new(NULL);
    ad_vars *vars = ad_vars_new(ctx, 1);
    CHECK(!ad_optimizer_new(vars, NULL, "sgd:nesterov"));
    CHECK_INT(ad_error_status(ctx), AD_ERROR_ARGUMENT);
    CHECK_CONTAINS(ad_error(ctx), "sgd: nesterov needs a momentum and no dampening");
    CHECK(!ad_optimizer_new(vars, NULL, "sgd:nesterov,momentum=0.9,dampening=0.5"));
    CHECK(!ad_optimizer_new(vars, NULL, "sdg"));
    CHECK_CONTAINS(ad_error(ctx), "did you mean sgd?");
    CHECK(!ad_optimizer_make(vars, NULL, &(ad_optimizer_spec){0}));
    CHECK_CONTAINS(ad_error(ctx), "kind is not one of the list");
    ad_vars_free(vars);
    CHECK_INT(ad_context_memory(ctx), 0);
    ad_context_free(ctx);
}

/* The forms of C are the same optimizers. */
static void same_as_its_spec(ad_vars *vars, ad_optimizer *typed, const char *spec)
{
    ad_context *ctx = ad_vars_context(vars);
    ad_variable *p = ad_var_find(vars, "p");
    float start[64], end[2][64];
    ad_optimizer *both[] = {typed, ad_optimizer_new(vars, NULL, spec)};
    ad_variable_get(vars, p, start);
    for (int i = 0; i < 2; ++i) {
        REQUIRE(both[i]);
        ad_graph *graph = ad_graph_new(ctx);
        ad_node *step = ad_minimize(both[i],
                                    ad_sum(ad_square(ad_read(graph, p)), AD_ALL_AXES, false));
        ad_program *program;
        REQUIRE(ad_compile(&program, ctx, &step, 1, NULL) == AD_OK);
        for (int n = 0; n < 3; ++n) CHECK_INT(ad_run(program), AD_OK);
        ad_variable_get(vars, p, end[i]);
        ad_variable_set(vars, p, start);
        ad_program_free(program);
        ad_graph_free(graph);
        ad_optimizer_free(both[i]);
    }
    if (memcmp(end[0], end[1], sizeof end[0]) || !memcmp(start, end[0], sizeof start))
        CHECK_FAIL("%s differs from its struct", spec);
}

static void structs_and_specs_agree(void)
{
    ad_context *ctx = ad_context_new(NULL);
    ad_vars *v = ad_vars_new(ctx, 1);
    ad_var(v, "p", ad_shape(64), (ad_var_options){.init = {AD_INIT_NORMAL, 1, 0, 0}});
    same_as_its_spec(v, ad_sgd(v, NULL, (ad_sgd_options){0}), "sgd");
    same_as_its_spec(
        v,
        ad_sgd(
            v, NULL,
            (ad_sgd_options){.lr = 0.1, .momentum = 0.9, .weight_decay = 0.02, .nesterov = true}),
        "sgd:lr=0.1,momentum=0.9,weight-decay=0.02,nesterov");
    same_as_its_spec(v, ad_sgd(v, NULL, (ad_sgd_options){.momentum = 0.9, .dampening = 0.3}),
                     "sgd:momentum=0.9,dampening=0.3");
    same_as_its_spec(v, ad_rmsprop(v, NULL, (ad_rmsprop_options){0}), "rmsprop");
    same_as_its_spec(v,
                     ad_rmsprop(v, NULL,
                                (ad_rmsprop_options){.lr = 0.1,
                                                     .alpha = 0.9,
                                                     .eps = 1e-3,
                                                     .momentum = 0.5,
                                                     .weight_decay = 0.02,
                                                     .centered = true}),
                     "rmsprop:lr=0.1,alpha=0.9,eps=1e-3,momentum=0.5,weight-decay=0.02,centered");
    ad_adam_options adam = {
        .lr = 0.1, .beta1 = 0.8, .beta2 = 0.9, .eps = 1e-3, .weight_decay = 0.02};
    same_as_its_spec(v, ad_adam(v, NULL, (ad_adam_options){0}), "adam");
    same_as_its_spec(v, ad_adam(v, NULL, adam),
                     "adam:lr=0.1,beta1=0.8,beta2=0.9,eps=1e-3,weight-decay=0.02");
    same_as_its_spec(v, ad_adamw(v, NULL, (ad_adam_options){0}), "adamw");
    same_as_its_spec(v, ad_adamw(v, NULL, adam),
                     "adamw:lr=0.1,beta1=0.8,beta2=0.9,eps=1e-3,weight-decay=0.02");
    ad_vars_free(v);
    ad_context_free(ctx);
}

static ad_status one_made(ad_context *ctx)
{
    static const char *const prefixes[] = {"a", "b"};
    ad_vars *vars = ad_vars_new(ctx, 1);
    ad_optimizer *o = vars ? ad_optimizer_new(vars, "a", "adam:lr=1") : NULL;
    ad_status status = o ? ad_optimizer_select_under(o, prefixes, 2) : AD_ERROR_MEMORY;
    ad_optimizer_free(o);
    ad_vars_free(vars);
    return status;
}

static void every_allocation_fails_once(void)
{
    sparing_check(one_made);
}

int main(int argc, char **argv)
{
    return check_main(argc, argv,
                      (check_case[]){CASE(the_list_is_in_order),
                                     CASE(text_is_read),
                                     CASE(wrong_text_is_refused),
                                     CASE(options_are_set_one_by_one),
                                     CASE(options_that_do_not_go_together),
                                     CASE(structs_and_specs_agree),
                                     CASE(every_allocation_fails_once),
                                     {0}});
}
