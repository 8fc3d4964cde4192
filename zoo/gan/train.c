/* train.c - the system: two players and their step, a sheet of samples at each evaluation.
 *
 * A step is the discriminator's, then the generator's with noise of its own, against the
 * discriminator as it is then. Running statistics of a network are moved by its own step alone: the
 * generator's with what it makes there, the discriminator's with real pictures. */
#include "zoo/gan/measure.h"

#include <string.h>

/* ---- the step ---- */

static ad_node *noise(const gan_model *m, ad_forward *f)
{
    return ad_random_normal(f->mode->rng, AD_F32, ad_shape(f->rows, m->latent));
}

/* Training form whose updates are nobody's. */
static ad_mode aside(const ad_forward *f)
{
    return (ad_mode){.training = true, .rng = f->mode->rng};
}

static ad_node *between(ad_forward *f, ad_node *x, ad_node *made)
{
    ad_node *share = ad_random_uniform(f->mode->rng, AD_F32, ad_shape(f->rows, 1, 1, 1));
    return ad_add(made, ad_mul(share, ad_sub(x, made)));
}

static ad_node *discriminator_loss(const gan_model *m, const gan_training *t, ad_forward *f,
                                   ad_node *x, ad_node *class, ad_mode *mode, gan *own)
{
    ad_mode other = aside(f);
    ad_node *made = ad_stop_gradient(gan_generate(m, f->vars, noise(m, f), class, &other));
    x = gan_augment(&t->augment, x, f->mode->rng);
    made = gan_augment(&t->augment, made, f->mode->rng);
    ad_node *real = gan_judge(m, f->vars, x, class, mode);
    ad_node *fake = gan_judge(m, f->vars, made, class, &other);
    ad_node *loss = gan_discriminator_loss((gan_loss)t->loss, real, fake);
    if (t->r1 > 0) loss = ad_add(loss, ad_mul_scalar(gan_gradient_square(real, x), t->r1 / 2));
    if (t->penalty > 0) {
        ad_node *middle = between(f, x, made);
        ad_node *off = gan_gradient_off_one(gan_judge(m, f->vars, middle, class, &other), middle);
        loss = ad_add(loss, ad_mul_scalar(off, t->penalty));
    }
    ad_node *share[2] = {real, fake};
    static const char *const names[2] = {"real", "made"};
    for (int i = 0; i < 2; ++i) {
        ad_node *shown = t->loss == GAN_BCE ? ad_sigmoid(share[i]) : share[i];
        own->share[i] = (ad_train_metric){names[i], ad_mean(shown, AD_ALL_AXES, false)};
    }
    own->share[2] = (ad_train_metric){"right", gan_watch(f, real, fake, mode)};
    return loss;
}

static void train_step(gan *own, ad_forward *f)
{
    const gan_model *m = own->job.model;
    const gan_training *t = ad_job_value(&own->job, &gan_training_record);
    ad_node *x = ad_input(f->graph, "image", AD_F32,
                          ad_shape(f->rows, m->height, m->breadth, m->channels));
    ad_node *class = NULL;
    if (gan_has_classes(m))
        class = ad_one_hot(ad_input(f->graph, "label", AD_I32, ad_shape(f->rows)), m->classes.count,
                           AD_F32);
    ad_mode judging = aside(f), making = aside(f), other = aside(f);
    ad_node *tells = discriminator_loss(m, t, f, x, class, &judging, own);
    ad_node *made = gan_generate(m, f->vars, noise(m, f), class, &making);
    made = gan_augment(&t->augment, made, f->mode->rng);
    ad_node *fools = gan_generator_loss((gan_loss)t->loss,
                                        gan_judge(m, f->vars, made, class, &other));
    own->trains[0][0] = "discriminator", own->trains[1][0] = "generator";
    own->player[0] = (ad_player){.name = "discriminator",
                                 .loss = tells,
                                 .trains = own->trains[0],
                                 .metrics = own->share,
                                 .metric_count = 3,
                                 .updates = judging.updates,
                                 .update_count = judging.update_count};
    own->player[1] = (ad_player){.name = "generator",
                                 .loss = fools,
                                 .trains = own->trains[1],
                                 .every = t->critic_steps,
                                 .updates = making.updates,
                                 .update_count = making.update_count};
    f->players = own->player, f->player_count = 2;
}

/* Whether what was opened has a discriminator: a generator alone can be exported. */
static bool has_discriminator(const ad_job *job)
{
    const ad_file *file = ad_trained_file(job);
    bool has = !file;
    for (int i = 0; file && i < ad_file_count(file) && !has; ++i)
        has = !strncmp(ad_file_at(file, i)->name, "discriminator.", 14);
    return has;
}

/* Pictures of 0 to 1. The discriminator is declared with the generator, so that the files of both
 * are whole, but nothing of it is computed. */
static void network(ad_job *job, ad_forward *f)
{
    const gan_model *m = job->model;
    if (f->mode) {
        train_step((gan *)job, f);
        return;
    }
    ad_node *z = ad_input(f->graph, "z", AD_F32, ad_shape(f->rows, m->latent));
    ad_node *class = gan_has_classes(m)
                         ? ad_input(f->graph, "class", AD_F32, ad_shape(f->rows, m->classes.count))
                         : NULL;
    ad_node *made = gan_generate(m, f->vars, z, class, NULL);
    if (has_discriminator(job)) {
        gan_judge(m, f->vars, made, class, NULL);
        gan_declare_watch(f);
    }
    f->result = ad_name(ad_mul_scalar(ad_add_scalar(made, 1), 0.5), "made");
}

/* ---- what becomes of the same noise ---- */

static ad_status sample(ad_job *job, int64_t step)
{
    gan *own = (gan *)job;
    const gan_model *m = job->model;
    ad_program *p = job->evaluation.program;
    const ad_sheet_options look = {.columns = own->columns, .side = GAN_LOOKED_AT};
    ad_image *sheet = NULL;
    ad_status status = gan_bind(job);
    if (!status) status = ad_run(p);
    if (!status)
        status = ad_image_sheet_rows(job->ctx, ad_result(p, job->evaluation.result), own->pictures,
                                     m->height, m->breadth, (int)m->channels, &look, &sheet);
    if (!status) status = ad_run_image(job->run, "made", step, sheet);
    ad_image_free(sheet);
    if (!status) status = gan_advise(own, step, ad_result(p, job->evaluation.result));
    return status;
}

/* Its last evaluation is over, and what the sheet shows may be overwritten. */
static ad_status finish(ad_job *job, ad_metrics *result)
{
    const gan_training *t = ad_job_value(job, &gan_training_record);
    const gan_model *m = job->model;
    gan_measure all = {.job = job,
                       .watcher = job->watcher,
                       .classifier = t->classifier,
                       .features = t->features,
                       .pixels = -1,
                       .most = t->measured,
                       .only_of_enough = true,
                       .neighbours = GAN_NEIGHBOURS};
    if (!t->measured) return AD_OK;
    if (m->classes.count && !t->classifier)
        ad_watch_note(
            &job->watcher,
            "label_accuracy wants a --classifier; `gan eval` measures it afterwards, too");
    ad_status status = gan_bind(job);
    if (!status) status = gan_measure_run(&all, result);
    gan_measure_free(&all);
    return status;
}

/* ---- the system ---- */

static const ad_record *const records[] = {&gan_model_record,   &gan_data_record,
                                           &gan_batches_record, &gan_training_record,
                                           &ad_train_record,    NULL};
static const ad_default defaults[] = {
    {"lr", "2e-4"},
    {"optimizer", "adam:beta1=0.5"},
    AD_OTHERWISE("epochs", "20"),
    /* Gulrajani et al. 2017, algorithm 1 */
    AD_DEFAULT_WITH("kind", "wgan-gp", "loss", "wasserstein"),
    AD_DEFAULT_WITH("kind", "wgan-gp", "gradient-penalty", "10"),
    AD_DEFAULT_WITH("kind", "wgan-gp", "critic-steps", "5"),
    AD_DEFAULT_WITH("kind", "wgan-gp", "lr", "1e-4"),
    AD_DEFAULT_WITH("kind", "wgan-gp", "optimizer", "adam:beta1=0,beta2=0.9"),
    /* Miyato et al. 2018, section 4.1 */
    AD_DEFAULT_WITH("kind", "resnet", "width", "256"),
    AD_DEFAULT_WITH("kind", "resnet", "spectral-norm", "discriminator"),
    AD_DEFAULT_WITH("kind", "resnet", "loss", "hinge"),
    AD_DEFAULT_WITH("kind", "resnet", "critic-steps", "5"),
    AD_DEFAULT_WITH("kind", "resnet", "optimizer", "adam:beta1=0,beta2=0.9"),
    {0}};

const ad_system gan_system = {AD_SYSTEM("gan", "images", gan, records, &gan_model_record, defaults,
                                        .read = gan_read, .network = network, .sample = sample,
                                        .finish = finish, .sketch = gan_sketch,
                                        .built_in = gan_built_in)};

const ad_verb gan_train_verb = {
    AD_TRAIN_VERB("gan", &gan_system, records, defaults,
                  "train a generator of pictures against a discriminator"),
    .description =
        "The data are a folder of pictures, MNIST's or CIFAR-10's files, or an archive; classes "
        "and tables of labels are as for `classify train`. Pictures of several sizes are made "
        "squares of --size. Each evaluation leaves a sheet of what becomes of the same noise; with "
        "--ema it is made with the averaged weights, which are then what is kept.\n\n"
        "  autodidact gan train --data mnist/ --kind conditional --epochs 20\n"
        "  autodidact gan train --data faces/ --kind dcgan --size 64 --width 512 --minutes 60\n"
        "  autodidact gan train --data mnist/ --kind wgan-gp --width 256\n"
        "  autodidact gan train --data cifar/ --kind resnet --conditional --self-attention 16"};

static const ad_record *const explain_records[] = {&gan_model_record, &gan_batches_record,
                                                   &gan_training_record, NULL};
const ad_verb gan_explain_verb = {AD_VERB("explain", "gan", "", ad_explain_rows, ad_system_explain,
                                          "how one training step of a discriminator is planned"),
                                  .records = explain_records, .defaults = defaults,
                                  .user = &gan_system};
