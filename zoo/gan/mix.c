/* mix.c - `gan mix`: arithmetic on means of numbered samples (Radford et al. 2016, section 6.3.2):
 * smiling women - women + men. */
#include "zoo/gan/gan.h"
#include "zoo/vision/picture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TERMS_MOST = 16, NUMBERS_MOST = 64, CAPTION = 64 };

static const ad_option options[] = {
    {AD_LETTER_ROW("output", 'o', FILE), .required = true,
     .help = "where the strip of all parts and their sum goes (.png, .jpg, .webp)"},
    {AD_ROW("seed", INT), .initial = "0", .max = 9e15, .help = "of the numbered samples"},
    {AD_ROW("label", TEXT), .unit = "CLASS", .help = "the class of all",
     .otherwise = "the samples', which are mixed as the noise is"},
    {AD_ROW("latent", FILE), .help = "also write the sum's noise (.npy), for `gan morph`"},
    AD_COMMON_OPTIONS,
    {0},
};

typedef struct term {
    int sign;
    int64_t number[NUMBERS_MOST];
    int count;
} term;

typedef struct formula {
    term term[TERMS_MOST];
    int count;
    const char *wrong; /* what was expected, at: */
    int place;         /* bytes from the start */
} formula;

/* ---- reading "3,7,9 - 1,2,5 + 4,6,8" ---- */

static const char *skip_blanks(const char *c)
{
    return c + strspn(c, " \t");
}

static const char *read_term(formula *f, const char *c)
{
    term *t = &f->term[f->count];
    do {
        char *end = NULL;
        if (t->count) ++c; /* a comma */
        c = skip_blanks(c);
        if (t->count == NUMBERS_MOST) return f->wrong = "64 numbers in a part at most", c;
        t->number[t->count] = *c >= '0' && *c <= '9' ? strtoll(c, &end, 10) : 0;
        if (t->number[t->count] < 1 || t->number[t->count] > GAN_NUMBER_MOST)
            return f->wrong = "expected a sample's number, from 1 on", c;
        ++t->count;
        c = skip_blanks(end);
    } while (*c == ',');
    ++f->count;
    return c;
}

static void read_formula(formula *f, const char *text)
{
    const char *c = skip_blanks(text);
    *f = (formula){.term[0].sign = 1};
    while (!f->wrong && (*c || !f->count)) {
        if (f->count == TERMS_MOST) {
            f->wrong = "16 parts at most";
            break;
        }
        f->term[f->count].sign = *c == '-' ? -1 : 1;
        if (*c == '-' || *c == '+')
            ++c;
        else if (f->count) {
            f->wrong = "expected a comma, + or -";
            break;
        }
        c = read_term(f, c);
    }
    f->place = (int)(c - text);
}

/* ---- the parts ---- */

/* `sum` += sign * part, of `count` numbers. */
static void add(float *sum, const float *part, int64_t count, double sign)
{
    for (int64_t i = 0; i < count; ++i) sum[i] = (float)((double)sum[i] + sign * (double)part[i]);
}

/* Point i is the mean of part i, and the one behind them all the sum. */
static ad_status compute(ad_command *cmd, ad_job *job, const formula *f, const gan_points *points)
{
    const gan_model *m = job->model;
    const char *label = ad_command_text(cmd, "label");
    int64_t latent = m->latent, classes = m->classes.count, given = 0;
    gan_points one;
    ad_status status = gan_points_new(job, 1, &one);
    for (int i = 0; i < f->count && !status; ++i) {
        const term *t = &f->term[i];
        float *z = points->z + i * latent, *class = classes ? points->class + i * classes : NULL;
        for (int k = 0; k < t->count; ++k) {
            gan_latent((uint64_t)ad_command_int(cmd, "seed"), t->number[k], 0, one.z, latent);
            add(z, one.z, latent, 1.0 / t->count);
            if (classes) class[(t->number[k] - 1) % classes] += 1.0f / (float)t->count;
        }
        add(points->z + f->count * latent, z, latent, t->sign);
        if (classes) add(points->class + f->count * classes, class, classes, t->sign);
    }
    if (!status && label) status = gan_find_class(job, "--label", label, &given);
    if (status || !label) return status;
    memset(points->class, 0, (size_t)(points->count * classes) * sizeof(float));
    for (int64_t i = 0; i < points->count; ++i) points->class[i * classes + given] = 1;
    return AD_OK;
}

static void write_captions(const formula *f, char (*text)[CAPTION], const char **captions)
{
    for (int i = 0; i < f->count; ++i) {
        const term *t = &f->term[i];
        int used = snprintf(text[i], CAPTION, "%s", t->sign < 0 ? "- " : i ? "+ " : "");
        for (int k = 0; k < t->count && used < CAPTION; ++k)
            used += snprintf(text[i] + used, (size_t)(CAPTION - used), "%s%lld", k ? "," : "",
                             (long long)t->number[k]);
        captions[i] = text[i];
    }
    captions[f->count] = "=";
}

/* ---- the verb ---- */

static ad_status work(ad_command *cmd, ad_job *job)
{
    const gan_model *m = job->model;
    const char *output = ad_command_text(cmd, "output"), *latent = ad_command_text(cmd, "latent");
    char text[TERMS_MOST][CAPTION];
    const char *captions[TERMS_MOST + 1];
    formula f;
    gan_points points;
    read_formula(&f, ad_command_operand(cmd, 1));
    ad_status status = ad_image_can_write(job->ctx, output);
    if (!status && latent) status = ad_file_can_write(job->ctx, latent);
    if (!status) status = gan_points_new(job, f.count + 1, &points);
    if (!status) status = compute(cmd, job, &f, &points);
    if (!status) status = gan_paint_begin(job);
    if (status) return status;
    write_captions(&f, text, captions);
    status = gan_paint_sheet(job, &points, f.count + 1, captions, output);
    if (!status && latent) {
        const ad_tensor sum = {AD_F32, ad_shape(m->latent), points.z + f.count * m->latent};
        status = ad_npy_write(job->ctx, latent, &sum);
    }
    if (!status) ad_command_note(cmd, "%s: %d parts and their sum", output, f.count);
    return status;
}

static int run(ad_command *cmd)
{
    const char *text = ad_command_operand(cmd, 1), *latent = ad_command_text(cmd, "latent");
    formula f;
    read_formula(&f, text);
    if (f.wrong)
        return ad_command_usage(cmd, "FORMULA \"%s\": %s, at %s%s%s (character %d)", text, f.wrong,
                                text[f.place] ? "\"" : "the end", text + f.place,
                                text[f.place] ? "\"" : "", f.place + 1);
    int code = vision_check_not_input(cmd, &latent, 1);
    return code ? code : ad_command_with_trained(cmd, &gan_system, work);
}

const ad_verb gan_mix_verb = {
    AD_VERB("gan", "mix", "MODEL FORMULA", options, run, "add and subtract pictures"),
    .description =
        "FORMULA is numbers of samples, as `gan sample --numbered` with the same --seed shows "
        "them: the mean of the first part, less that of the second, and so on. The strip shows the "
        "mean of each part, and behind them the sum.\n\n"
        "  autodidact gan mix runs/gan-20260101-1 \"3,7,9 - 1,2,5 + 4,6,8\" -o mixed.png"};
