/* axis.c - scales, ranges and round numbers. */
#include "draw/axis.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double most = 1e300; /* so that a difference is finite */
static const double far = 1e7;    /* beside any drawing */

static double scaled(double value, bool log)
{
    if (!isfinite(value) || (log && value <= 0)) return NAN;
    return log ? log10(value) : fmin(fmax(value, -most), most);
}

double ad_scale_place(const ad_scale *s, double value)
{
    double v = scaled(value, s->log);
    if (isnan(v)) return NAN;
    double place = s->a + (v - s->from) / (s->to - s->from) * (s->b - s->a);
    return fmin(fmax(place, -far), far);
}

/* ---- ranges ---- */

void ad_range_add(ad_range *r, double value, bool log)
{
    double v = scaled(value, log);
    if (isnan(v)) return;
    r->low = fmin(r->low, v), r->high = fmax(r->high, v);
}

void ad_range_finish(ad_range *r, double pad, bool log)
{
    if (r->low > r->high) r->low = 0, r->high = 1;
    double width = r->high - r->low, size = fmax(fabs(r->low), fabs(r->high));
    if (width <= 1e-12 * size || width == 0) { /* constant, as far as can be told */
        double around = log ? 0.5 : size > 0 ? 0.1 * size : 1;
        r->low -= around, r->high += around;
        return;
    }
    r->low -= pad * width, r->high += pad * width;
}

/* ---- ticks ---- */

/* 1, 2 or 5 times a power of ten. */
static double round_step(double range, int wanted)
{
    double raw = range / (wanted > 1 ? wanted : 1), power = pow(10, floor(log10(raw)));
    double m = raw / power;
    return (m < 1.5 ? 1 : m < 3.5 ? 2 : m < 7.5 ? 5 : 10) * power;
}

/* "1e+05" as "1e5", "2.50e-07" as "2.5e-7" */
static void write_power(char *text, size_t size, double v, int digits)
{
    char raw[40];
    snprintf(raw, sizeof raw, "%.*e", digits, v);
    char *e = strchr(raw, 'e');
    if (!e) {
        snprintf(text, size, "%s", raw);
        return;
    }
    long exponent = strtol(e + 1, NULL, 10);
    *e = 0;
    if (strchr(raw, '.'))
        for (char *end = e; end > raw && (end[-1] == '0' || end[-1] == '.');) {
            bool point = end[-1] == '.';
            *--end = 0;
            if (point) break;
        }
    snprintf(text, size, "%se%ld", raw, exponent);
}

/* With as many digits as tell values `step` apart: "0.25", "150k", "2e-7". `size`: the largest of
 * the axis. */
static void write_number(char *text, size_t bytes, double v, double step, double size)
{
    static const struct {
        double of;
        const char *name;
    } units[] = {{1e12, "T"}, {1e9, "G"}, {1e6, "M"}, {1e3, "k"}};
    if (fabs(v) <= step * 1e-6) { /* both may be 0: a step below the smallest normal number */
        snprintf(text, bytes, "0");
        return;
    }
    if (size >= 1e15 || size < 1e-3) {
        int digits = (int)ceil(log10(fabs(v)) - log10(step) - 1e-9);
        write_power(text, bytes, v, digits < 0 ? 0 : digits < 12 ? digits : 12);
        return;
    }
    double unit = 1;
    const char *name = "";
    for (int i = 0; i < 4 && size >= 1e4; ++i)
        if (size >= units[i].of) {
            unit = units[i].of, name = units[i].name;
            break;
        }
    int digits = (int)ceil(-log10(step / unit) - 1e-9);
    snprintf(text, bytes, "%.*f%s", digits < 0 ? 0 : digits < 12 ? digits : 12, v / unit, name);
}

static int linear_ticks(double from, double to, int wanted, bool positive,
                        ad_tick ticks[AD_TICKS_MOST])
{
    double step = round_step(to - from, wanted), first = ceil(from / step - 1e-9);
    double size = fmax(fabs(from), fabs(to));
    int count = 0;
    for (int i = 0; count < AD_TICKS_MOST && (first + i) * step <= to + 1e-9 * step; ++i) {
        double v = (first + i) * step;
        if (v + step == v && i) break; /* too fine for double */
        if (positive && v <= 0) continue;
        ticks[count].at = v;
        write_number(ticks[count].text, sizeof ticks->text, v, step, size);
        ++count;
    }
    return count;
}

static void power_tick(ad_tick *tick, double v)
{
    tick->at = v;
    if (v >= 1e-3 && v < 1e15)
        write_number(tick->text, sizeof tick->text, v, pow(10, floor(log10(v) + 1e-9)), v);
    else
        write_power(tick->text, sizeof tick->text, v, 0);
}

/* Powers of ten, each n-th where there are many; between few of them also 2 and 5 times. */
static int log_ticks(double from, double to, int wanted, ad_tick ticks[AD_TICKS_MOST])
{
    static const double steps[] = {1, 2, 5};
    double decades = to - from;
    int each = (int)ceil(decades / (wanted > 1 ? wanted : 1)), count = 0;
    int parts = decades * 3 <= wanted + 1 ? 3 : 1;
    if (each < 1) each = 1;
    for (int e = (int)floor(from / each) * each; e <= to + 1e-9; e += each)
        for (int i = 0; i < parts && count < AD_TICKS_MOST; ++i) {
            double v = steps[i] * pow(10, e), at = e + log10(steps[i]);
            if (at >= from - 1e-9 && at <= to + 1e-9 && v > 0 && isfinite(v))
                power_tick(&ticks[count++], v);
        }
    return count > 1 ? count : linear_ticks(pow(10, from), pow(10, to), wanted, true, ticks);
}

int ad_ticks(const ad_scale *s, int wanted, ad_tick ticks[AD_TICKS_MOST])
{
    wanted = wanted < 1 ? 1 : wanted < AD_TICKS_MOST / 2 ? wanted : AD_TICKS_MOST / 2;
    double from = fmin(s->from, s->to), to = fmax(s->from, s->to);
    return s->log ? log_ticks(from, to, wanted, ticks)
                  : linear_ticks(from, to, wanted, false, ticks);
}
