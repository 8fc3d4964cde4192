/* settings.c - what a training is told, and what a network is built from again. */
#include "zoo/gan/gan.h"

#include <stdio.h>

/* ---- the networks ---- */

#define AT(member) AD_AT(gan_model, member)
static const ad_option model_rows[] = {
    {AD_ROW("kind", CHOICE), AT(kind), .initial = "vanilla",
     .choices = "vanilla|conditional|dcgan|wgan-gp|resnet",
     .help =
         "linear layers, the same with classes, convolutions, these with a critic without batch "
         "norm, or residual blocks"},
    {AD_ROW("conditional", FLAG), AT(conditional),
     .help = "make pictures of the class that is asked for, with any kind of network"},
    {AD_ROW("latent", INT), AT(latent), .initial = "100", .min = 1, .max = 4096,
     .help = "numbers of noise that a picture is made of"},
    {AD_ROW("width", INT), AT(width), .initial = "1024", .min = 8, .max = 4096,
     .help = "of the generator's widest layer; the others are halves of it, and of that"},
    {AD_ROW("spectral-norm", CHOICE), AT(spectral), .initial = "none",
     .choices = "none|discriminator|both",
     .help =
         "divide weights by what they stretch their input by at most; the discriminator is then "
         "without batch norm"},
    {AD_ROW("self-attention", INT), AT(attention), .min = 2, .max = GAN_SIDE_MOST, .unit = "SIDE",
     .help = "let each place of the maps of this side see all others, in both networks",
     .otherwise = "none"},
    {AD_ROW("height", INT), AT(height), .min = 1, .max = GAN_SIDE_MOST, .derived = true},
    {AD_ROW("breadth", INT), AT(breadth), .min = 1, .max = GAN_SIDE_MOST, .derived = true},
    {AD_ROW("channels", INT), AT(channels), .min = 1, .max = 3, .derived = true},
    {AD_ROW("plain", FLAG), AT(plain), .derived = true},
    {AD_ROW("class-names", TEXTS), AT(classes), .key = "classes", .derived = true},
    {0}};
#undef AT

bool gan_has_classes(const gan_model *m)
{
    return m->kind == GAN_CONDITIONAL || m->conditional;
}

bool gan_has_maps(const gan_model *m)
{
    return m->kind >= GAN_DCGAN;
}

int gan_doublings(int64_t side)
{
    int doublings = 0;
    for (; side > 7; side /= 2, ++doublings)
        if (side % 2) return 0;
    return side < 4 || doublings < 2 ? 0 : doublings;
}

/* Both networks have maps of these sides behind a layer. */
static ad_status check_attention(ad_context *ctx, const char *where, const gan_model *m)
{
    char sides[96] = "";
    size_t used = 0;
    int doublings = gan_doublings(m->height);
    if (!m->attention) return AD_OK;
    for (int i = 1; i < doublings && used < sizeof sides; ++i) {
        int64_t side = m->height >> i;
        if (side == m->attention) return AD_OK;
        used += (size_t)snprintf(sides + used, sizeof sides - used, "%s%lld", i > 1 ? ", " : "",
                                 (long long)side);
    }
    return ad_error_set(ctx, AD_ERROR_ARGUMENT,
                        "%s: --self-attention %lld: no map has this side; for pictures of %lld x "
                        "%lld they have %s",
                        where, (long long)m->attention, (long long)m->breadth, (long long)m->height,
                        sides);
}

static ad_status check_maps(ad_context *ctx, const char *where, const gan_model *m)
{
    int doublings = m->height == m->breadth ? gan_doublings(m->height) : 0;
    if (!doublings)
        return ad_error_set(ctx, AD_ERROR_ARGUMENT,
                            "%s: pictures of %lld x %lld; convolutions draw squares whose side is "
                            "4, 5, 6 or 7 doubled twice or more often (28, 32, 64, 96, 128, ...)%s",
                            where, (long long)m->breadth, (long long)m->height,
                            ": --size makes all pictures such squares");
    int halved = m->kind != GAN_RESNET ? doublings - 1 : doublings > 3 ? 4 : 1;
    int64_t least = (int64_t)1 << halved;
    if (m->width % least == 0) return check_attention(ctx, where, m);
    return ad_error_set(ctx, AD_ERROR_ARGUMENT,
                        "%s: width %lld is halved %d times for pictures of %lld x %lld, and is no "
                        "multiple of %lld",
                        where, (long long)m->width, halved, (long long)m->breadth,
                        (long long)m->height, (long long)least);
}

static ad_status check_model(ad_context *ctx, const char *where, const void *value)
{
    const gan_model *m = value;
    bool conditional = gan_has_classes(m);
    if (m->channels == 2)
        return ad_error_set(ctx, AD_ERROR_FORMAT, "%s: there are 2 channels, expected 1 or 3",
                            where);
    if (conditional && (m->classes.count < 2 || m->classes.count > GAN_CLASSES_MOST))
        return ad_error_set(ctx, AD_ERROR_FORMAT,
                            "%s: there are %lld classes, of which a conditional network wants 2 to "
                            "%d",
                            where, (long long)m->classes.count, GAN_CLASSES_MOST);
    if (gan_has_maps(m)) return check_maps(ctx, where, m);
    if (m->attention)
        return ad_error_set(ctx, AD_ERROR_ARGUMENT,
                            "%s: --self-attention is of convolutions (--kind dcgan, wgan-gp or "
                            "resnet)",
                            where);
    if (m->width % 4 == 0) return AD_OK;
    return ad_error_set(ctx, AD_ERROR_ARGUMENT, "%s: width %lld is no multiple of 4", where,
                        (long long)m->width);
}

const ad_record gan_model_record = {.title = "networks",
                                    .prefix = "gan.",
                                    .options = model_rows,
                                    .size = sizeof(gan_model),
                                    .check = check_model};

/* ---- the data ---- */

#define AT(member) AD_AT(gan_data, member)
static const ad_option data_rows[] = {
    {AD_ROW("data", FILE), AT(path), .required = true, .may_change = true,
     .help = "pictures: a folder (with classes a folder for each, or a table of labels), MNIST "
             "or CIFAR files, or an archive of these"},
    {AD_ROW("grey", FLAG), AT(grey), .help = "drop the colour"},
    {AD_ROW("skip-bad", FLAG), AT(skip_bad),
     .help = "leave broken pictures out instead of stopping"},
    {0}};
#undef AT
const ad_record gan_data_record = {.title = "data", .options = data_rows, .size = sizeof(gan_data)};

#define AT(member) AD_AT(gan_batches, member)
static const ad_option batches_rows[] = {{AD_ROW("size", INT), AT(side), .min = 4,
                                          .max = GAN_SIDE_MOST, .unit = "PIXELS",
                                          .help = "make all pictures squares of this side",
                                          .otherwise = "as they are; 64 if they differ"},
                                         {AD_ROW("batch", INT), AT(rows), .initial = "128",
                                          .min = 2, .max = 65536, .help = "pictures in a step"},
                                         {0}};
#undef AT
const ad_record gan_batches_record = {
    .title = "batch", .options = batches_rows, .size = sizeof(gan_batches)};

/* ---- the training ---- */

#define AT(member) AD_AT(gan_training, member)
static const ad_option training_rows[] = {
    {AD_ROW("loss", CHOICE), AT(loss), .initial = "bce", .choices = "bce|hinge|wasserstein",
     .help = "what the two play for"},
    {AD_ROW("r1", REAL), AT(r1), .initial = "0", .min = 0, .max = 1e6,
     .help = "weight of the squared gradient at real pictures; the discriminator is then without "
             "batch norm"},
    {AD_ROW("gradient-penalty", REAL), AT(penalty), .initial = "0", .min = 0, .max = 1e6,
     .help = "weight of the gradient's distance from 1 between real and made pictures; likewise. "
             "wasserstein wants it: 10"},
    {AD_ROW("critic-steps", INT), AT(critic_steps), .initial = "1", .min = 1, .max = 1000,
     .help = "steps of the discriminator for each of the generator; 5 is usual for wasserstein"},
    {AD_ROW("augment", TEXTS), AT(augment), .unit = "A,B,...",
     .help = "change what the discriminator sees, real and made alike, for small data: color, "
             "translation, cutout, or several of these"},
    {AD_ROW("measure", INT), AT(measured), .initial = "5000", .max = 1e6, .may_change = true,
     .unit = "PICTURES",
     .help =
         "how many samples the figures of `gan eval` in the result are of, at most, and no more "
         "than there are real ones; 0: no figures"},
    {AD_ROW("classifier", FILE), AT(classifier), .may_change = true,
     .help = "for these: a run of `classify train`, which says what is seen"},
    {AD_ROW("features", FILE), AT(features), .may_change = true, .unit = "NETWORK",
     .help = "for these: what looks at pictures, as for `gan eval`"},
    {0}};
#undef AT

static ad_status check_training(ad_context *ctx, const char *where, const void *value)
{
    const gan_training *t = value;
    const char *unknown = gan_augment_unknown(&t->augment);
    (void)where;
    if (unknown)
        return ad_error_set(ctx, AD_ERROR_ARGUMENT,
                            "--augment %.40s: expected color, translation, cutout, or several of "
                            "these with commas between them",
                            unknown);
    if (t->loss != GAN_WASSERSTEIN || t->penalty > 0 || t->r1 > 0) return AD_OK;
    return ad_error_set(ctx, AD_ERROR_ARGUMENT,
                        "--loss wasserstein has no lower bound without --gradient-penalty (10 is "
                        "usual) or --r1");
}

const ad_record gan_training_record = {.title = "loss",
                                       .options = training_rows,
                                       .size = sizeof(gan_training),
                                       .check = check_training};
