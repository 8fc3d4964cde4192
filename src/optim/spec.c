/* spec.c - optimizers by name: the list of kinds, and what a person says of one:
 * "adam:lr=2e-4,beta1=0.5". */
#include "optim/optimizer.h"

#include "base/nearest.h"
#include "record/option_value.h"

#include <stdio.h>
#include <string.h>

#define OPTIMIZER(name) extern const ad_optimizer_rule ad_optimizer_rule_##name;
#include "optim/optimizers.def"
#undef OPTIMIZER

static const ad_optimizer_rule *const rules[] = {
#define OPTIMIZER(name) &ad_optimizer_rule_##name,
#include "optim/optimizers.def"
#undef OPTIMIZER
};

enum { KINDS = sizeof rules / sizeof *rules, WORD_BYTES = 64, LIST_BYTES = 256 };

const ad_optimizer_kind *ad_optimizer_kind_at(int index)
{
    return index >= 0 && index < KINDS ? &rules[index]->kind : NULL;
}

const ad_optimizer_kind *ad_optimizer_kind_find(const char *name)
{
    for (int i = 0; i < KINDS; ++i)
        if (!strcmp(rules[i]->kind.name, name)) return &rules[i]->kind;
    return NULL;
}

/* ---- what is wrong ---- */

/* "did you mean adam?", or else what there is: "there are sgd and adam". */
static void suggest(char *text, size_t size, const char *word, const char *const *names, int count,
                    const char *there_is)
{
    const char *nearest = ad_nearest(word, names, count);
    if (nearest) {
        snprintf(text, size, "did you mean %s?", nearest);
        return;
    }
    size_t used = (size_t)snprintf(text, size, "%s", there_is);
    for (int i = 0; i < count && used < size; ++i) {
        const char *between = !i ? " " : i + 1 < count ? ", " : " and ";
        used += (size_t)snprintf(text + used, size - used, "%s%s", between, names[i]);
    }
}

static ad_status unknown_kind(ad_context *ctx, const char *word)
{
    const char *names[KINDS];
    char suggestion[LIST_BYTES];
    for (int i = 0; i < KINDS; ++i) names[i] = rules[i]->kind.name;
    suggest(suggestion, sizeof suggestion, word, names, KINDS, "there are");
    return ad_fail(ctx, AD_ERROR_NOT_FOUND, "there is no optimizer \"%s\"; %s", word, suggestion);
}

static ad_status unknown_option(ad_context *ctx, const ad_optimizer_kind *kind, const char *word)
{
    const char *names[AD_OPTIMIZER_OPTIONS];
    char suggestion[LIST_BYTES];
    int count = 0;
    for (; kind->options[count].name; ++count) names[count] = kind->options[count].name;
    suggest(suggestion, sizeof suggestion, word, names, count, "it has");
    return ad_fail(ctx, AD_ERROR_NOT_FOUND, "the optimizer %s has no option \"%s\"; %s", kind->name,
                   word, suggestion);
}

ad_status ad_optimizer_check_option(ad_context *ctx, const ad_optimizer_kind *kind,
                                    const ad_optimizer_option *option, double value)
{
    if (option->flag) {
        if (value == 0 || value == 1) return AD_OK;
        return ad_fail(ctx, AD_ERROR_ARGUMENT, "%s: %s is %g, expected 0 or 1", kind->name,
                       option->name, value);
    }
    if (value >= option->min && value < option->max) return AD_OK;
    if (isinf(option->max))
        return ad_fail(ctx, AD_ERROR_ARGUMENT, "%s: %s is %g, expected a number of %g or more",
                       kind->name, option->name, value, option->min);
    return ad_fail(ctx, AD_ERROR_ARGUMENT, "%s: %s is %g, expected %g or more and less than %g",
                   kind->name, option->name, value, option->min, option->max);
}

/* ---- a spec ---- */

static bool same_name(const char *word, const char *name)
{
    while (*word && (*word == *name || (*word == '_' && *name == '-'))) ++word, ++name;
    return !*word && !*name;
}

int ad_optimizer_spec_option(const ad_optimizer_spec *spec, const char *option)
{
    for (int i = 0; spec->kind->options[i].name; ++i)
        if (same_name(option, spec->kind->options[i].name)) return i;
    return -1;
}

ad_status ad_optimizer_spec_set(ad_optimizer_spec *spec, ad_context *ctx, const char *option,
                                double value)
{
    int index = ad_optimizer_spec_option(spec, option);
    if (index < 0) return unknown_option(ctx, spec->kind, option);
    ad_status status = ad_optimizer_check_option(ctx, spec->kind, &spec->kind->options[index],
                                                 value);
    if (status) return status;
    spec->value[index] = value;
    spec->given[index] = true;
    return AD_OK;
}

static bool parse_flag(const char *text, double *value)
{
    *value = !strcmp(text, "yes") || !strcmp(text, "1");
    return *value != 0 || !strcmp(text, "no") || !strcmp(text, "0");
}

/* "beta1=0.5", or a flag alone. */
static ad_status parse_setting(ad_optimizer_spec *spec, ad_context *ctx, char *setting)
{
    char *equals = strchr(setting, '=');
    const char *kind = spec->kind->name, *text = equals ? equals + 1 : NULL;
    if (equals) *equals = '\0';
    int index = ad_optimizer_spec_option(spec, setting);
    if (index < 0) return unknown_option(ctx, spec->kind, setting);
    const ad_optimizer_option *option = &spec->kind->options[index];
    if (spec->given[index])
        return ad_fail(ctx, AD_ERROR_ARGUMENT, "%s: %s is given twice", kind, option->name);
    if (!text && !option->flag)
        return ad_fail(ctx, AD_ERROR_ARGUMENT, "%s: %s has no value, expected %s=NUMBER", kind,
                       option->name, option->name);
    double value = 1;
    if (text && !(option->flag ? parse_flag(text, &value) : ad_parse_real(text, &value)))
        return ad_fail(ctx, AD_ERROR_ARGUMENT, "%s: %s is \"%s\", expected %s", kind, option->name,
                       text, option->flag ? "yes or no" : "a number");
    return ad_optimizer_spec_set(spec, ctx, option->name, value);
}

/* Copies what is before the end or one of `stops` to `word`; returns the rest, which begins at the
 * stop, or NULL when it is too long to be anything. */
static const char *next_word(char word[WORD_BYTES], const char *text, const char *stops)
{
    size_t length = strcspn(text, stops);
    if (length >= WORD_BYTES) return NULL;
    memcpy(word, text, length);
    word[length] = '\0';
    return text + length;
}

static ad_status parse(ad_optimizer_spec *spec, ad_context *ctx, const char *text)
{
    char word[WORD_BYTES];
    const char *rest = next_word(word, text, ":");
    if (!rest) return unknown_kind(ctx, text);
    if (!(spec->kind = ad_optimizer_kind_find(word))) return unknown_kind(ctx, word);
    for (int i = 0; spec->kind->options[i].name; ++i)
        spec->value[i] = spec->kind->options[i].initial;
    while (*rest) {
        const char *setting = rest + 1;
        if (!(rest = next_word(word, setting, ",")))
            return unknown_option(ctx, spec->kind, setting);
        ad_status status = parse_setting(spec, ctx, word);
        if (status) return status;
    }
    return AD_OK;
}

ad_status ad_optimizer_spec_parse(ad_optimizer_spec *spec, ad_context *ctx, const char *text)
{
    *spec = (ad_optimizer_spec){0};
    ad_status status = parse(spec, ctx, text);
    if (status) *spec = (ad_optimizer_spec){0};
    return status;
}

/* ---- making one ---- */

ad_optimizer *ad_optimizer_make(ad_vars *vars, const char *prefix, const ad_optimizer_spec *spec)
{
    for (int i = 0; i < KINDS; ++i)
        if (spec->kind == &rules[i]->kind)
            return ad_optimizer_with(vars, prefix, rules[i], spec->value);
    ad_fail(ad_vars_context(vars), AD_ERROR_ARGUMENT, "an optimizer's kind is not one of the list");
    return NULL;
}

ad_optimizer *ad_optimizer_new(ad_vars *vars, const char *prefix, const char *text)
{
    ad_optimizer_spec spec;
    if (ad_optimizer_spec_parse(&spec, ad_vars_context(vars), text)) return NULL;
    return ad_optimizer_make(vars, prefix, &spec);
}
