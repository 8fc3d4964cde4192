/* option_value.c - see option_value.h. */
#include "record/option_value.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool ad_parse_int(const char *text, int64_t *value)
{
    char *end;
    errno = 0;
    long long v = strtoll(text, &end, 10);
    if (text[strspn(text, "0123456789+-")] || end == text || *end || errno) return false;
    *value = v;
    return true;
}

/* strtod would also take "nan", "inf" and hexadecimal. */
bool ad_parse_real(const char *text, double *value)
{
    char *end;
    if (!*text || text[strspn(text, "0123456789+-.eE")]) return false;
    errno = 0;
    double v = strtod(text, &end);
    if (end == text || *end || !isfinite(v)) return false;
    *value = v;
    return true;
}

bool ad_parse_size(const char *text, int64_t *value)
{
    char *end;
    double v = strtod(text, &end);
    if (end == text || end != text + strspn(text, "0123456789.")) return false;
    const char *units = "KMGT", *unit = *end ? strchr(units, *end & ~0x20) : NULL;
    if (*end && !unit) return false;
    if (unit) {
        v = ldexp(v, 10 * (int)(unit - units + 1));
        ++end;
        if ((*end & ~0x20) == 'B') ++end;
    }
    if (*end || !(v < 0x1p62)) return false;
    *value = (int64_t)v;
    return true;
}

int ad_parse_choice(const char *choices, const char *text)
{
    size_t length = strlen(text);
    for (int i = 0;; ++i) {
        size_t n = strcspn(choices, "|");
        if (n == length && !memcmp(choices, text, n)) return i;
        if (!choices[n]) return -1;
        choices += n + 1;
    }
}

bool ad_option_has_range(const ad_option *option)
{
    return option->min != 0 || option->max != 0;
}

bool ad_option_in_range(const ad_option *option, double v)
{
    if (ad_option_has_range(option)) return v >= option->min && v <= option->max;
    return v >= 0 || option->type == AD_OPTION_REAL || option->type == AD_OPTION_REALS;
}

static bool accepts_item(const ad_option *option, const char *item, size_t length)
{
    char number[64];
    double v;
    if (!length) return false;
    if (option->type == AD_OPTION_TEXTS) return true;
    if (length >= sizeof number) return false;
    memcpy(number, item, length);
    number[length] = 0;
    return ad_parse_real(number, &v) && ad_option_in_range(option, v);
}

bool ad_option_accepts(const ad_option *option, const char *text)
{
    int64_t i = 0;
    double v = 0;
    switch (option->type) {
    case AD_OPTION_FLAG: return !strcmp(text, "yes") || !strcmp(text, "no");
    case AD_OPTION_INT: return ad_parse_int(text, &i) && ad_option_in_range(option, (double)i);
    case AD_OPTION_SIZE: return ad_parse_size(text, &i) && ad_option_in_range(option, (double)i);
    case AD_OPTION_REAL: return ad_parse_real(text, &v) && ad_option_in_range(option, v);
    case AD_OPTION_CHOICE: return ad_parse_choice(option->choices, text) >= 0;
    case AD_OPTION_FILE: return *text != 0;
    case AD_OPTION_TEXT: return true;
    case AD_OPTION_TEXTS:
    case AD_OPTION_REALS: break;
    }
    for (;; ++text) {
        size_t length = strcspn(text, ",");
        if (!accepts_item(option, text, length)) return false;
        text += length;
        if (!*text) return true;
    }
}

static void expected_choice(const char *choices, char *text, size_t size)
{
    size_t used = (size_t)snprintf(text, size, "one of ");
    for (; *choices && used + 3 < size; ++choices) {
        if (*choices == '|') {
            text[used++] = ',';
            text[used++] = ' ';
        } else {
            text[used++] = *choices;
        }
    }
    text[used] = 0;
}

const char *ad_option_expected(const ad_option *option, char buffer[AD_EXPECTED_BYTES])
{
    static const char *const nouns[] = {[AD_OPTION_FLAG] = "yes or no",
                                        [AD_OPTION_INT] = "a whole number",
                                        [AD_OPTION_REAL] = "a number",
                                        [AD_OPTION_SIZE] = "a size (such as 512M or 1.5G)",
                                        [AD_OPTION_TEXT] = "a text",
                                        [AD_OPTION_FILE] = "a file name",
                                        [AD_OPTION_TEXTS] = "a list, separated by commas",
                                        [AD_OPTION_REALS] = "a list of numbers"};
    const char *noun = option->type == AD_OPTION_CHOICE ? "" : nouns[option->type];
    if (option->type == AD_OPTION_CHOICE)
        expected_choice(option->choices, buffer, AD_EXPECTED_BYTES);
    else if (ad_option_has_range(option))
        snprintf(buffer, AD_EXPECTED_BYTES, "%s from %.10g to %.10g", noun, option->min,
                 option->max);
    else if (option->type == AD_OPTION_INT)
        snprintf(buffer, AD_EXPECTED_BYTES, "%s of 0 or more", noun);
    else
        snprintf(buffer, AD_EXPECTED_BYTES, "%s", noun);
    return buffer;
}

void ad_real_text(double value, char *buffer, size_t size)
{
    static const int digits[] = {6, 9, 15, 17};
    for (size_t i = 0; i < sizeof digits / sizeof *digits; ++i) {
        snprintf(buffer, size, "%.*g", digits[i], value);
        if (strtod(buffer, NULL) == value) return;
    }
}

static bool same_name(const char *a, const char *b)
{
    for (; *a && *b; ++a, ++b)
        if (*a != *b && !((*a == '-' || *a == '_') && (*b == '-' || *b == '_'))) return false;
    return *a == *b;
}

const ad_option *ad_record_find(const ad_record *record, const char *name)
{
    for (const ad_option *o = record->options; o->name; ++o)
        if (same_name(o->name, name)) return o;
    return NULL;
}

const char *ad_option_initial(const ad_option *option, const ad_default *defaults)
{
    for (; defaults && defaults->key; ++defaults)
        if (!strcmp(defaults->key, option->name)) return defaults->value;
    return option->initial;
}
