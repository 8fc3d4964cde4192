/* advice.c - whether one player wins, or what the generator makes is all alike: said once, with
 * what may help, at the third evaluation in a row that sees it.
 *
 * How a player fares is how often the discriminator is more sure of a real picture than of a made
 * one: 1 where it always is, 1/2 where it guesses; unlike its loss it means the same for every kind
 * of loss. Where modes vanish, pictures of different noise come closer to each other than real ones
 * are; so they are at the start, which is why they must have been farther apart, or have had time
 * to be. What is counted lies in buffers of the discriminator, so that a resumed run says the same.
 */
#include "zoo/gan/gan.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const double pace = 0.01;  /* of the running mean: some hundred steps */
static const double begin = 0.75; /* far from all that is told */
static const double sure = 0.99, guesses = 0.52, alike = 0.6, apart = 0.8;
enum { IN_A_ROW = 3, TIME = 1000 /* steps */, TEXT = 640 };

typedef enum trouble { DISCRIMINATOR_WINS, GENERATOR_WINS, ALIKE, TROUBLES } trouble;
/* For each trouble, at how many evaluations in a row it was seen, then whether it was said; and the
 * greatest share of real pictures' distance that samples had. */
enum { SAID = TROUBLES, FARTHEST = 2 * TROUBLES, SEEN };

/* ---- what is kept ---- */

static const char *const right_name = "discriminator.right", *const seen_name =
                                                                 "discriminator.seen";

void gan_declare_watch(ad_forward *f)
{
    (void)ad_param(f->graph, f->vars, right_name, ad_shape(1),
                   (ad_var_options){.init = {.kind = AD_INIT_CONSTANT, .a = begin},
                                    .buffer = true,
                                    .optional = true});
    (void)ad_param(f->graph, f->vars, seen_name, ad_shape(SEEN),
                   (ad_var_options){.buffer = true, .optional = true});
}

ad_node *gan_watch(ad_forward *f, ad_node *real, ad_node *made, ad_mode *mode)
{
    ad_node *right = ad_mean(ad_cast(ad_greater(real, made), AD_F32), AD_ALL_AXES, false);
    gan_declare_watch(f);
    ad_variable *v = ad_var_find(f->vars, right_name);
    if (!v) return right;
    ad_node *before = ad_read(f->graph, v);
    ad_node *after = ad_add(before, ad_mul_scalar(ad_sub(right, before), pace));
    ad_mode_update(mode, ad_assign(f->graph, v, after));
    return right;
}

/* ---- how far pictures are from each other ---- */

double gan_spread(const float *const *picture, int64_t count, int64_t values, int64_t groups)
{
    double sum = 0;
    int64_t pairs = 0;
    for (int64_t i = 0; i < count; ++i)
        for (int64_t k = i + groups; k < count; k += groups) {
            double square = 0;
            if (!picture[i] || !picture[k]) continue;
            for (int64_t v = 0; v < values; ++v) {
                double d = (double)picture[i][v] - (double)picture[k][v];
                square += d * d;
            }
            sum += sqrt(square), ++pairs;
        }
    return pairs ? sum / (double)pairs : NAN;
}

/* Which real picture stands beside sample i: of all evenly, or the next of its class; -1: none. */
static int64_t real_beside(const gan *own, int64_t i)
{
    const ad_image_set *set = own->set;
    const gan_model *m = own->job.model;
    if (!m->classes.count) return i < set->count ? i * set->count / own->pictures : -1;
    int64_t left = i / own->columns;
    for (int64_t at = 0; at < set->count; ++at)
        if (set->labels[at] == (int32_t)(i % own->columns) && left-- == 0) return at;
    return -1;
}

static int64_t values_of(const gan *own)
{
    const gan_model *m = own->job.model;
    return m->height * m->breadth * m->channels;
}

static int64_t groups_of(const gan *own)
{
    const gan_model *m = own->job.model;
    return m->classes.count ? own->columns : 1;
}

/* As many real pictures as the sheet has. */
static ad_status measure_real(gan *own)
{
    int64_t values = values_of(own);
    const float *picture[GAN_ROWS];
    float *all = malloc((size_t)(own->pictures * values) * sizeof *all);
    if (!all) return ad_error_set(own->job.ctx, AD_ERROR_MEMORY, "out of memory");
    for (int64_t i = 0; i < own->pictures; ++i) {
        int64_t which = real_beside(own, i);
        float *row = all + i * values;
        picture[i] = which < 0 ? NULL : row;
        for (int64_t v = 0; which >= 0 && v < values; ++v)
            row[v] = (float)own->set->pixels[which * values + v] / 255;
    }
    own->real_spread = gan_spread(picture, own->pictures, values, groups_of(own));
    free(all);
    return AD_OK;
}

/* That of the samples, as a share of the real pictures'; NaN: these are all the same. */
static ad_status measure_spread(gan *own, const float *rows, double *share)
{
    const float *picture[GAN_ROWS];
    int64_t values = values_of(own);
    ad_status status = own->real_spread == 0 ? measure_real(own) : AD_OK;
    for (int64_t i = 0; i < own->pictures; ++i) picture[i] = rows + i * values;
    double made = gan_spread(picture, own->pictures, values, groups_of(own));
    *share = own->real_spread > 0 ? made / own->real_spread : NAN;
    return status;
}

/* ---- what may help ---- */

/* What is not tried already, behind "Try ". */
typedef struct remedies {
    char text[TEXT];
    size_t used;
} remedies;

static void suggest(remedies *r, bool tried, const char *what)
{
    if (tried || r->used >= sizeof r->text) return;
    r->used += (size_t)snprintf(r->text + r->used, sizeof r->text - r->used, "%s%s",
                                r->used ? ", or " : "", what);
}

static void suggest_for(const gan *own, trouble which, remedies *r)
{
    const gan_model *m = own->job.model;
    const gan_training *t = ad_job_value(&own->job, &gan_training_record);
    bool bounded = t->r1 > 0 || t->penalty > 0 || m->spectral != GAN_SPECTRAL_NONE;
    switch (which) {
    case DISCRIMINATOR_WINS:
        suggest(r, bounded, "--r1 1");
        suggest(r, m->spectral != GAN_SPECTRAL_NONE, "--spectral-norm discriminator");
        suggest(r, t->augment.count > 0,
                "--augment color,translation,cutout, if there are only some thousand pictures");
        suggest(r, t->critic_steps == 1, "fewer --critic-steps");
        suggest(r, false, "a lower --lr");
        break;
    case GENERATOR_WINS:
        suggest(r, t->critic_steps > 1, "--critic-steps 2");
        suggest(r, !bounded, "less of the penalty");
        suggest(r, t->augment.count == 0, "fewer words of --augment");
        suggest(r, false, "a larger --width");
        break;
    default:
        suggest(r, m->kind >= GAN_WGAN_GP || t->penalty > 0, "--kind wgan-gp");
        suggest(r, bounded, "--r1 1");
        suggest(r, false, "a larger --batch");
        suggest(r, false, "a lower --lr");
        break;
    }
}

static ad_status say(gan *own, trouble which, int64_t step, double right, double share)
{
    remedies r = {.used = 0};
    char text[2 * TEXT];
    suggest_for(own, which, &r);
    if (which == ALIKE)
        snprintf(
            text, sizeof text,
            "at step %lld samples are alike: their distance from each other is %.0f %% of that "
            "of real pictures: modes vanish. Try %s",
            (long long)step, 100 * share, r.text);
    else
        snprintf(text, sizeof text,
                 "at step %lld the %s wins: of a real and a made picture the discriminator knows "
                 "which is which %.1f %% of the time, %s. Try %s",
                 (long long)step, which == DISCRIMINATOR_WINS ? "discriminator" : "generator",
                 100 * right,
                 which == DISCRIMINATOR_WINS
                     ? "and the generator may learn little: look whether its samples still improve"
                     : "no more than by guessing: look whether the samples are as good",
                 r.text);
    ad_watch_note(&own->job.watcher, "%s", text);
    return ad_run_text(own->job.run, "advice", step, text);
}

ad_status gan_advise(gan *own, int64_t step, const float *rows)
{
    const gan_training *t = ad_job_value(&own->job, &gan_training_record);
    ad_vars *vars = own->job.vars;
    ad_variable *kept = ad_var_find(vars, seen_name);
    float seen[SEEN];
    double share;
    ad_status status = measure_spread(own, rows, &share);
    if (!status) status = ad_variable_get(vars, kept, seen);
    if (status) return status;
    double right = (double)*(const float *)ad_variable_data(vars, ad_var_find(vars, right_name));
    const bool now[TROUBLES] = {
        /* a critic that is sure still has a gradient */
        [DISCRIMINATOR_WINS] = right >= sure && t->loss != GAN_WASSERSTEIN,
        [GENERATOR_WINS] = right <= guesses,
        [ALIKE] = share <= alike && (step >= TIME || (double)seen[FARTHEST] >= apart),
    };
    if (share > (double)seen[FARTHEST]) seen[FARTHEST] = (float)share;
    for (int i = 0; i < TROUBLES && !status; ++i) {
        float *in_a_row = &seen[i], *said = &seen[SAID + i];
        *in_a_row = now[i] ? *in_a_row + 1 : 0;
        if (*in_a_row < IN_A_ROW || *said != 0) continue;
        *said = 1;
        status = say(own, (trouble)i, step, right, share);
    }
    return status ? status : ad_variable_set(vars, kept, seen);
}
