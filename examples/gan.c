/* gan.c - a whole system of two players: a generator of small pictures against a discriminator
 * (Goodfellow et al. 2014, with the generator's own loss of section 3).
 *
 *     discriminator: -log D(x) - log(1 - D(G(z))),  generator: -log D(G(z)),  z uniform in [-1, 1)
 *
 *     gan pictures train --data pictures/ --minutes 1
 */
#include <autodidact/autodidact.h>

typedef struct sizes {
    int64_t noise, hidden;           /* chosen */
    int64_t height, width, channels; /* as the pictures have them */
} sizes;
#define AT(member) AD_AT(sizes, member)
static const ad_option size_rows[] = {
    {AD_ROW("noise", INT), AT(noise), .initial = "16", .min = 1, .max = 1024,
     .help = "random numbers that a picture is made of"},
    {AD_ROW("hidden", INT), AT(hidden), .initial = "128", .min = 1, .max = 65536,
     .help = "width of the layers between"},
    {AD_ROW("height", INT), AT(height), .min = 1, .max = 4096, .derived = true},
    {AD_ROW("width", INT), AT(width), .min = 1, .max = 4096, .derived = true},
    {AD_ROW("channels", INT), AT(channels), .min = 1, .max = 3, .derived = true},
    {0}};
static const ad_record size_record = {
    .title = "network", .prefix = "gan.", .options = size_rows, .size = sizeof(sizes)};

typedef struct source {
    char *path;
} source;
static const ad_option source_rows[] = {
    {AD_ROW("data", FILE), AD_AT(source, path), .required = true, .may_change = true,
     .help = "pictures of one size: a folder, an archive, MNIST's or CIFAR's files"},
    {0}};
static const ad_record source_record = {
    .title = "data", .options = source_rows, .size = sizeof(source)};

enum { SHEET = 36 }; /* pictures that are looked at */
typedef struct gan {
    ad_job job;
    ad_player player[2];
    ad_train_metric share[2];
    float noise[SHEET * 1024];
} gan;

static ad_status read(ad_job *job)
{
    sizes *s = (sizes *)job->model;
    const source *from = (const source *)ad_job_value(job, &source_record);
    const ad_image_set *train;
    ad_status status = ad_job_read_pictures(job, AD_SPLIT_TRAIN, from->path, NULL, NULL, &train);
    if (status) return status;
    s->height = train->height, s->width = train->width, s->channels = train->channels;
    job->batch = 64, job->eval_batch = SHEET;
    return AD_OK;
}

/* ---- the networks and their losses ---- */

/* z [n, noise] -> [n, values], 0 to 1 */
static ad_node *generate(const sizes *s, ad_forward *f, ad_node *z)
{
    const ad_linear_options o = {.init = {.kind = AD_INIT_KAIMING_NORMAL}};
    ad_node *h = ad_linear(f->vars, "generator.0", z, s->hidden, o);
    h = ad_relu(ad_mode_batch_norm(f->mode, f->vars, "generator.1", h));
    h = ad_linear(f->vars, "generator.2", h, s->hidden, o);
    h = ad_relu(ad_mode_batch_norm(f->mode, f->vars, "generator.3", h));
    return ad_sigmoid(ad_linear(f->vars, "generator.4", h, s->height * s->width * s->channels, o));
}

/* x [n, values] -> [n, 1], the logit of its being real */
static ad_node *tell(const sizes *s, ad_forward *f, ad_node *x)
{
    const ad_linear_options o = {0};
    ad_node *h = ad_leaky_relu(ad_linear(f->vars, "discriminator.0", x, s->hidden, o), 0.2);
    h = ad_mode_dropout(f->mode, h);
    h = ad_leaky_relu(ad_linear(f->vars, "discriminator.1", h, s->hidden, o), 0.2);
    return ad_linear(f->vars, "discriminator.2", h, 1, o);
}

static void network(ad_job *job, ad_forward *f)
{
    static const char *const trains[2][2] = {{"discriminator", NULL}, {"generator", NULL}};
    gan *own = (gan *)job;
    const sizes *s = (const sizes *)job->model;
    const int64_t n = f->rows, values = s->height * s->width * s->channels;
    if (!f->mode) {
        f->result = generate(s, f, ad_input(f->graph, "z", AD_F32, ad_shape(n, s->noise)));
        return;
    }
    f->mode->dropout = 0.3;
    ad_node *x = ad_input(f->graph, "image", AD_F32, ad_shape(n, s->height, s->width, s->channels));
    ad_node *z = ad_random_uniform(f->mode->rng, AD_F32, ad_shape(n, s->noise));
    ad_node *made = generate(s, f, ad_add_scalar(ad_mul_scalar(z, 2), -1)); /* [n, values] */
    ad_node *real = tell(s, f, ad_reshape(x, ad_shape(n, values)));
    ad_node *fake = tell(s, f, ad_stop_gradient(made)), *fooled = tell(s, f, made);
    ad_node *no = ad_fill(f->graph, AD_F32, ad_shape(n, 1), 0), *yes = ad_add_scalar(no, 1);
    const ad_player first = {
        .name = "discriminator",
        .loss = ad_add(ad_bce_with_logits_loss(real, yes), ad_bce_with_logits_loss(fake, no)),
        .trains = trains[0],
        .optimizer = "adam:lr=3e-4,beta1=0.5",
        .metrics = own->share,
        .metric_count = 2};
    const ad_player second = {.name = "generator",
                              .loss = ad_bce_with_logits_loss(fooled, yes),
                              .trains = trains[1],
                              .optimizer = "rmsprop:lr=1e-3",
                              .every = 2};
    own->share[0].name = "real", own->share[1].name = "made"; /* means of D(x) and D(G(z)) */
    own->share[0].node = ad_mean(ad_sigmoid(real), AD_ALL_AXES, false);
    own->share[1].node = ad_mean(ad_sigmoid(fake), AD_ALL_AXES, false);
    own->player[0] = first, own->player[1] = second;
    f->players = own->player, f->player_count = 2;
}

/* A sheet of what becomes of the same numbers each time. */
static ad_status sample(ad_job *job, int64_t step)
{
    const sizes *s = (const sizes *)job->model;
    const ad_sheet_options look = {.side = 56};
    ad_program *p = job->evaluation.program;
    float *z = ((gan *)job)->noise; /* [SHEET, noise] */
    ad_image *sheet = NULL;
    for (int i = 0; i < SHEET * s->noise; ++i)
        z[i] = 2 * (float)ad_random_unit(job->part.seed, 0, (uint64_t)i) - 1;
    ad_status status = ad_bind_name(p, "z", z, (size_t)(SHEET * s->noise) * sizeof *z);
    if (!status) status = ad_run(p);
    const float *rows = (const float *)ad_result(p, job->evaluation.result);
    if (!status)
        status = ad_image_sheet_rows(job->ctx, rows, SHEET, s->height, s->width, (int)s->channels,
                                     &look, &sheet);
    if (!status) status = ad_run_image(job->run, "made", step, sheet);
    ad_image_free(sheet);
    return status;
}

static const ad_record *const records[] = {&size_record, &source_record, &ad_train_record, NULL};
static const ad_system gan_system = {AD_SYSTEM("pictures", "images", gan, records, &size_record,
                                               NULL, .read = read, .network = network,
                                               .sample = sample)};
static const ad_verb train_verb = {
    AD_TRAIN_VERB("pictures", &gan_system, records, NULL, "train a GAN on pictures")};

int main(int argc, char **argv)
{
    static const ad_verb *const verbs[] = {&train_verb, NULL};
    const ad_app app = {
        .name = "gan", .version = "1", .summary = "pictures that never were", .verbs = verbs};
    return ad_app_main(&app, argc, argv);
}
