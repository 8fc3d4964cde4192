/* gan.h - generative adversarial networks: pictures that never were (Goodfellow et al. 2014).
 *
 * A generator G makes pictures of noise z ~ N(0, 1), a discriminator D tells them from real ones;
 * each is trained against the other. D(x) is a logit here.
 *
 * | loss        | discriminator                                     | generator           |
 * | bce         | softplus(-D(x)) + softplus(D(G(z)))               | softplus(-D(G(z)))  |
 * | hinge       | max(0, 1 - D(x)) + max(0, 1 + D(G(z)))            | -D(G(z))            |
 * | wasserstein | D(G(z)) - D(x)                                    | -D(G(z))            |
 *
 * bce is Goodfellow's with the generator's own loss of section 3, hinge Lim & Ye 2017, wasserstein
 * Arjovsky et al. 2017, which wants the penalty of Gulrajani et al. 2017. To each may be added
 *
 *     r1 / 2 E |dD/dx (x)|^2                        R1 (Mescheder et al. 2018)
 *     penalty E (|dD/dx (x')| - 1)^2                x' between a real and a made picture
 *
 * Networks:
 *   - vanilla: linear layers, as in Goodfellow et al. 2014
 *   - conditional: the same with the class beside the noise and beside the picture (Mirza &
 *     Osindero 2014)
 *   - dcgan: convolutions (Radford et al. 2016)
 *   - wgan-gp: the same with a critic without batch norm
 *   - resnet: residual blocks (Gulrajani et al. 2017; Miyato et al. 2018)
 * With classes (--conditional) linear networks have them beside their input, convolutional ones
 * beside the noise, in the generator's norms and by projection in the discriminator (Miyato &
 * Koyama 2018). To each may be added spectral norm (Miyato et al. 2018), to convolutions attention
 * (Zhang et al. 2019).
 *
 * Files:
 *   - settings.c: what a training is told, and what a network is built from again
 *   - networks.c: generators and discriminators: which, and linear ones
 *   - convolutions.c, residual.c: the others
 *   - layers.c: what these are made of: spectral norm, norms and projection by class, attention
 *   - loss.c: the table above
 *   - augment.c: changes to what the discriminator sees
 *   - advice.c: whether one player wins, or samples are alike
 *   - pictures.c: the data
 *   - train.c: the system: players, samples
 *   - latent.c: points of latent space, by seed and number or on a way
 *   - paint.c: pictures of a trained generator
 *   - points.c: points as a person names them
 *   - built_in.c: the generator that comes with the program
 *   - measure.h and what it lists: how good what a generator makes is
 *   - project.h and what it lists: the noise of a given picture
 *   - sample.c, morph.c, mix.c, eval.c, project.c: a verb each */
#ifndef ZOO_GAN_GAN_H
#define ZOO_GAN_GAN_H

#include <autodidact/autodidact.h>

extern const ad_verb gan_train_verb, gan_sample_verb, gan_morph_verb, gan_mix_verb, gan_eval_verb,
    gan_project_verb, gan_explain_verb;
extern const ad_system gan_system;
extern const ad_built_in gan_built_in[];

/* ---- settings ---- */

enum { GAN_SIDE_MOST = 256, GAN_CLASSES_MOST = 1000 };

typedef enum gan_kind { /* in the order of the option's choices */
                        GAN_VANILLA,
                        GAN_CONDITIONAL,
                        GAN_DCGAN,
                        GAN_WGAN_GP,
                        GAN_RESNET,
} gan_kind;

typedef enum gan_spectral { /* whose weights are divided by their norm; as the choices */
                            GAN_SPECTRAL_NONE,
                            GAN_SPECTRAL_ONE, /* the discriminator's */
                            GAN_SPECTRAL_BOTH,
} gan_spectral;

/* What both networks are built from again. */
typedef struct gan_model {
    int kind;                /* a gan_kind */
    bool conditional;        /* classes are asked for; of GAN_CONDITIONAL anyway */
    int64_t latent;          /* numbers of a picture's noise */
    int64_t width;           /* of the generator's widest layer */
    int spectral;            /* a gan_spectral */
    int64_t attention;       /* side of the maps that have it; 0: none */
    int64_t height, breadth; /* of pictures, as the data have them; as channels */
    int64_t channels;        /* 1 or 3 */
    bool plain;              /* the discriminator has no batch norm */
    ad_texts classes;        /* their names, where gan_has_classes; else none */
} gan_model;

typedef struct gan_data {
    char *path;
    bool grey, skip_bad;
} gan_data;

typedef struct gan_batches {
    int64_t side, rows; /* side 0: as the pictures are */
} gan_batches;

typedef enum gan_loss { GAN_BCE, GAN_HINGE, GAN_WASSERSTEIN } gan_loss;

typedef struct gan_training {
    int loss;             /* a gan_loss */
    char *classifier;     /* that says what is seen, for figures at the end; NULL: none */
    char *features;       /* the network whose features they are in; NULL: as gan eval */
    int64_t measured;     /* samples for them at most; 0: there are none */
    ad_texts augment;     /* names of changes to what the discriminator sees */
    double r1, penalty;   /* weights; 0: without */
    int64_t critic_steps; /* of the discriminator for each of the generator */
} gan_training;

extern const ad_record gan_model_record, gan_data_record, gan_batches_record, gan_training_record;

/* Whether a class says what is made. */
bool gan_has_classes(const gan_model *model);
/* Whether it is of convolutions. */
bool gan_has_maps(const gan_model *model);
/* How often such a network of this picture's side doubles its smallest map; 0: it draws no such
 * side. */
int gan_doublings(int64_t side);

/* ---- networks ---- */

/* z [n, latent], class [n, classes] (f32, a one for the class; NULL: without classes) ->
 * [n, height, breadth, channels], -1 to 1, in the mode's form. */
ad_node *gan_generate(const gan_model *model, ad_vars *vars, ad_node *z, ad_node *class,
                      ad_mode *mode);
/* x [n, height, breadth, channels], -1 to 1 -> logits [n] of being real. */
ad_node *gan_judge(const gan_model *model, ad_vars *vars, ad_node *x, ad_node *class,
                   ad_mode *mode);

/* ---- layers.c: one of the two networks while it is built ---- */

enum { GAN_NAME = 96 };
typedef struct gan_net {
    const gan_model *model;
    ad_vars *vars;
    ad_mode *mode;
    ad_node *class;     /* NULL: without */
    const char *prefix; /* of its names: "generator" */
    ad_spectral spectral;
} gan_net;

gan_net gan_net_of(const gan_model *model, ad_vars *vars, ad_node *class, ad_mode *mode,
                   bool generator);
/* "generator.net.3", in `name`. */
const char *gan_name(const gan_net *net, char name[GAN_NAME], const char *format, ...)
    AD_PRINTF(3, 4);
/* The layers of nn.h, with the spectral norm that is asked for. */
ad_node *gan_linear(const gan_net *net, const char *name, ad_node *x, int64_t features,
                    ad_linear_options options);
ad_node *gan_conv(const gan_net *net, const char *name, ad_node *x, int64_t channels,
                  ad_conv_layer options);
ad_node *gan_conv_transposed(const gan_net *net, const char *name, ad_node *x, int64_t channels,
                             ad_conv_layer options);
/* x [n, width] with the class behind it, where there is one. */
ad_node *gan_with_class(const gan_net *net, ad_node *x);
/* [n, ...] -> a linear layer -> [n, side, side, width] */
ad_node *gan_first_map(const gan_net *net, ad_node *z, int64_t side, ad_init init);
/* Batch norm of x [n, height, width, channels] in the mode's form; with a class the scale and the
 * shift of each channel are the class's. */
ad_node *gan_norm(const gan_net *net, const char *name, ad_node *x);
/* logits [n] and, of by_class [n, ..., classes], what stands where the picture's class does:
 * Miyato & Koyama 2018, equation 5. */
ad_node *gan_project(const gan_net *net, ad_node *logits, ad_node *by_class);
/* Where x is a map of the side that the model says: x + gamma o(x), with o what each place sees of
 * all others (Zhang et al. 2019, section 3), and gamma from 0. */
ad_node *gan_attend(const gan_net *net, ad_node *x);

/* ---- convolutions.c, residual.c ---- */

ad_node *gan_generate_convolutions(const gan_net *net, ad_node *z);
ad_node *gan_judge_convolutions(const gan_net *net, ad_node *x);
ad_node *gan_generate_residual(const gan_net *net, ad_node *z);
ad_node *gan_judge_residual(const gan_net *net, ad_node *x);

/* ---- augment.c ---- */

/* x [n, height, width, channels] with each of the changes, in their order, each picture with random
 * numbers of its own. */
ad_node *gan_augment(const ad_texts *policy, ad_node *x, ad_node *rng);
/* The first of the words that is none; NULL: all are. */
const char *gan_augment_unknown(const ad_texts *policy);
/* Brightness is added, then saturation and contrast stretch the picture about its grey and about
 * its mean: f32 [n, 1, 1, 1]. */
ad_node *gan_colour(ad_node *x, ad_node *brightness, ad_node *saturation, ad_node *contrast);
/* Moved by so many pixels, and with a hole of half the side around a place: i32 [n, 1, 1]. */
ad_node *gan_shift(ad_node *x, ad_node *down, ad_node *right);
ad_node *gan_cut(ad_node *x, ad_node *row, ad_node *column);

/* ---- loss.c ---- */

/* Of logits [n] for real and made pictures. */
ad_node *gan_discriminator_loss(gan_loss loss, ad_node *real, ad_node *made);
ad_node *gan_generator_loss(gan_loss loss, ad_node *made);
/* E |d logits / d x|^2, and E (|d logits / d x| - 1)^2: of logits [n] that depend each on its own
 * row of x [n, ...] alone. Second derivatives are what trains by them. */
ad_node *gan_gradient_square(ad_node *logits, ad_node *x);
ad_node *gan_gradient_off_one(ad_node *logits, ad_node *x);

/* ---- one training, or one trained generator ---- */

enum {
    GAN_ROWS = 100,     /* of the evaluation form: as many as a sheet shows at most */
    GAN_LOOKED_AT = 56, /* pixels to which smaller pictures of a sheet are enlarged */
};

/* Points of latent space, which a generator makes pictures of. */
typedef struct gan_points {
    float *z;     /* [count, latent] */
    float *class; /* [count, classes]: how much of each; NULL where there are none */
    int64_t count;
} gan_points;

typedef struct gan {
    ad_job job;
    ad_player player[2];
    ad_train_metric share[3];
    const char *trains[2][2];
    int columns, pictures; /* of the sheet at each evaluation; a column is a class, if there are */
    gan_points shown;      /* [GAN_ROWS]: what the evaluation form is bound to */
    const ad_image_set *set; /* trained on */
    double real_spread;      /* of its pictures (gan_spread); 0: not measured yet */
} gan;

/* The system's `read` and `sketch`. */
ad_status gan_read(ad_job *job);
ad_status gan_sketch(ad_job *job);

/* ---- advice.c ---- */

/* The variables that it keeps, in both forms; in training form of logits [n] for real and made
 * pictures: a scalar, how often the real one's is greater, whose mean `mode` moves on. */
void gan_declare_watch(ad_forward *f);
ad_node *gan_watch(ad_forward *f, ad_node *real, ad_node *made, ad_mode *mode);
/* After an evaluation, with what was made, [GAN_ROWS, values], 0 to 1. */
ad_status gan_advise(gan *own, int64_t step, const float *rows);
/* The mean distance of two pictures of the same group, where picture i is of group i % groups; NULL
 * pictures are left out. NaN: there are no two. */
double gan_spread(const float *const *picture, int64_t count, int64_t values, int64_t groups);

/* ---- latent.c ---- */

/* Zeroed points of the model's sizes, which the job frees. */
ad_status gan_points_new(ad_job *job, int64_t count, gan_points *points);
/* The noise of sample `number` (from 1 on) of `seed`: `count` numbers of N(0, 1), each of them
 * drawn again while it is beyond +-truncation (Brock et al. 2019; 0: never). */
void gan_latent(uint64_t seed, int64_t number, double truncation, float *z, int64_t count);
/* Between a (share 0) and b (1), of `count` numbers: on a line, or along the arc between them,
 * whose length changes evenly (Shoemake 1985; White 2016); opposite or zero points have none and
 * are joined by a line. */
void gan_lerp(const float *a, const float *b, double share, float *z, int64_t count);
void gan_slerp(const float *a, const float *b, double share, float *z, int64_t count);

/* ---- points.c ---- */

enum { GAN_NUMBER_MOST = 1000000000 /* of a sample */ };

/* Point `at` of zeroed points: "7", "7:CLASS", "latent.npy", "latents.npy@3", "latent.npy:CLASS".
 * `label` is the class of one that does not say its own; NULL: a sample's is its turn's. */
ad_status gan_read_point(const ad_job *job, const char *text, uint64_t seed, const char *label,
                         const gan_points *points, int64_t at);

/* ---- paint.c: pictures of a trained generator ---- */

/* Binds the job's own points to its evaluation form. */
ad_status gan_bind(ad_job *job);
/* Before gan_paint. */
ad_status gan_paint_begin(ad_job *job);
/* *rows becomes [count, height, breadth, channels], 0 to 1, of points `from` and those behind it,
 * up to GAN_ROWS; valid until the next call. A picture depends on its point alone. */
ad_status gan_make(ad_job *job, const gan_points *points, int64_t from, int64_t count,
                   const float **rows);
/* The same as pictures[count], which the caller owns; on failure all are NULL, or as they were. */
ad_status gan_paint(ad_job *job, const gan_points *points, int64_t from, int64_t count,
                    ad_image **picture);
/* A sheet of all points, `columns` beside each other (0: about square), into a file. `captions`
 * [count] may be NULL. */
ad_status gan_paint_sheet(ad_job *job, const gan_points *points, int columns,
                          const char *const *captions, const char *path);

/* The class of that name; an error that shows them all. */
ad_status gan_find_class(const ad_job *job, const char *option, const char *name, int64_t *class);

#endif
