/* mix.c - `gan mix`: arithmetic on means of numbered samples (Radford et al. 2016, section 6.3.2):
 * smiling women - women + men. */
#include "zoo/gan/gan.h"
#include "zoo/vision/picture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    TERMS_MOST = 16,
    NUMBERS_MOST = 64,
    CAPTION = 64,
    SHOWN_MOST = 6, /* samples of a part */
};

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

/* What is shown: samples of a part below each other, its mean below them, and behind all means the
 * sum. */
typedef struct mixture {
    ad_command *cmd;
    ad_job *job;
    formula f;
    int rows, columns;  /* rows: of samples */
    int64_t label;      /* the class of all; -1: the samples' */
    gan_points samples; /* [rows * columns]; those behind a part's last are not shown */
    gan_points means;   /* [columns], the last is the sum */
} mixture;

/* `sum` += sign * part, of `count` numbers. */
static void add(float *sum, const float *part, int64_t count, double sign)
{
    for (int64_t i = 0; i < count; ++i) sum[i] = (float)((double)sum[i] + sign * (double)part[i]);
}

static void add_point(const gan_points *to, int64_t at, const gan_points *from, int64_t index,
                      const gan_model *m, double sign)
{
    int64_t latent = m->latent, classes = m->classes.count;
    add(to->z + at * latent, from->z + index * latent, latent, sign);
    if (classes) add(to->class + at * classes, from->class + index * classes, classes, sign);
}

static void draw_sample(const mixture *x, int64_t number, const gan_points *one)
{
    const gan_model *m = x->job->model;
    int64_t classes = m->classes.count;
    gan_latent((uint64_t)ad_command_int(x->cmd, "seed"), number, 0, one->z, m->latent);
    if (!classes) return;
    memset(one->class, 0, (size_t)classes * sizeof *one->class);
    one->class[x->label < 0 ? (number - 1) % classes : x->label] = 1;
}

static ad_status compute(mixture *x)
{
    const gan_model *m = x->job->model;
    const char *label = ad_command_text(x->cmd, "label");
    gan_points one;
    x->columns = x->f.count + 1, x->label = -1;
    for (int i = 0; i < x->f.count; ++i)
        if (x->f.term[i].count > 1 && x->f.term[i].count > x->rows) x->rows = x->f.term[i].count;
    if (x->rows > SHOWN_MOST) {
        ad_command_note(x->cmd, "of each part %d samples are shown", SHOWN_MOST);
        x->rows = SHOWN_MOST;
    }
    ad_status status = label ? gan_find_class(x->job, "--label", label, &x->label) : AD_OK;
    if (!status) status = gan_points_new(x->job, 1, &one);
    if (!status && x->rows)
        status = gan_points_new(x->job, (int64_t)x->rows * x->columns, &x->samples);
    if (!status) status = gan_points_new(x->job, x->columns, &x->means);
    for (int i = 0; i < x->f.count && !status; ++i) {
        const term *t = &x->f.term[i];
        for (int k = 0; k < t->count; ++k) {
            draw_sample(x, t->number[k], &one);
            add_point(&x->means, i, &one, 0, m, 1.0 / t->count);
            if (k < x->rows) add_point(&x->samples, k * x->columns + i, &one, 0, m, 1);
        }
        add_point(&x->means, x->f.count, &x->means, i, m, t->sign);
    }
    if (status || x->label < 0) return status;
    /* a difference of parts of one class is no class at all */
    memset(x->means.class, 0, (size_t)(x->columns * m->classes.count) * sizeof(float));
    for (int i = 0; i < x->columns; ++i) x->means.class[i * m->classes.count + x->label] = 1;
    return AD_OK;
}

/* ---- the sheet ---- */

typedef struct mixed_sheet {
    ad_image *picture[(SHOWN_MOST + 1) * (TERMS_MOST + 1)];
    char text[(SHOWN_MOST + 1) * (TERMS_MOST + 1)][CAPTION];
    const char *caption[(SHOWN_MOST + 1) * (TERMS_MOST + 1)];
    int count;
} mixed_sheet;

static ad_status paint(ad_job *job, const gan_points *points, ad_image **picture)
{
    ad_status status = AD_OK;
    for (int64_t i = 0; i < points->count && !status; i += GAN_ROWS) {
        int64_t left = points->count - i;
        status = gan_paint(job, points, i, left < GAN_ROWS ? left : GAN_ROWS, picture + i);
    }
    return status;
}

/* Captions of the means, and of the samples; places without a sample become white. */
static void name_cells(const mixture *x, mixed_sheet *s)
{
    for (int i = 0; i < s->count; ++i) {
        int row = i / x->columns, column = i % x->columns;
        const term *t = &x->f.term[column];
        char *text = s->text[i];
        int used = 0;
        s->caption[i] = text;
        if (row < x->rows && column < x->f.count && row < t->count) {
            snprintf(text, CAPTION, "%lld", (long long)t->number[row]);
        } else if (row < x->rows) {
            const ad_image *p = s->picture[i];
            for (int64_t k = 0; k < p->width * p->height * p->channels; ++k) p->data[k] = 1;
        } else if (column == x->f.count) {
            snprintf(text, CAPTION, "=");
        } else {
            used = snprintf(text, CAPTION, "%s", t->sign < 0 ? "- " : column ? "+ " : "");
            for (int k = 0; k < t->count && used < CAPTION; ++k)
                used += snprintf(text + used, (size_t)(CAPTION - used), "%s%lld", k ? "," : "",
                                 (long long)t->number[k]);
        }
    }
}

static ad_status write_strip(const mixture *x, mixed_sheet *s)
{
    const ad_sheet_options look = {
        .columns = x->columns, .side = GAN_LOOKED_AT, .gap = 4, .captions = s->caption};
    ad_image *sheet = NULL;
    ad_status status = x->rows ? paint(x->job, &x->samples, s->picture) : AD_OK;
    s->count = (x->rows + 1) * x->columns;
    if (!status) status = paint(x->job, &x->means, s->picture + x->rows * x->columns);
    if (!status) name_cells(x, s);
    if (!status)
        status = ad_image_sheet(x->job->ctx, (const ad_image *const *)s->picture, s->count, &look,
                                &sheet);
    if (!status)
        status = ad_image_write(x->job->ctx, ad_command_text(x->cmd, "output"), sheet, NULL);
    for (int i = 0; i < s->count; ++i) ad_image_free(s->picture[i]);
    ad_image_free(sheet);
    return status;
}

/* ---- the verb ---- */

static ad_status work(ad_command *cmd, ad_job *job)
{
    const gan_model *m = job->model;
    const char *output = ad_command_text(cmd, "output"), *latent = ad_command_text(cmd, "latent");
    mixture x = {.cmd = cmd, .job = job};
    read_formula(&x.f, ad_command_operand(cmd, 1));
    ad_status status = ad_image_can_write(job->ctx, output);
    if (!status && latent) status = ad_file_can_write(job->ctx, latent);
    if (!status) status = compute(&x);
    if (!status) status = gan_paint_begin(job);
    mixed_sheet *sheet = calloc(1, sizeof *sheet);
    if (!status && !sheet) status = ad_error_set(job->ctx, AD_ERROR_MEMORY, "out of memory");
    if (!status) status = write_strip(&x, sheet);
    free(sheet);
    if (!status && latent) {
        const ad_tensor sum = {AD_F32, ad_shape(m->latent), x.means.z + x.f.count * m->latent};
        status = ad_npy_write(job->ctx, latent, &sum);
    }
    if (!status) ad_command_note(cmd, "%s: %d parts and their sum", output, x.f.count);
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
        "them: the mean of the first part, less that of the second, and so on. The strip shows "
        "the samples of each part, below them its mean, and behind the means the sum.\n\n"
        "  autodidact gan mix runs/gan-20260101-1 \"3,7,9 - 1,2,5 + 4,6,8\" -o mixed.png"};
