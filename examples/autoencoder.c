/* autoencoder.c - a whole small system: pictures through a narrow code and back (Hinton &
 * Salakhutdinov 2006, by gradient descent from random weights).
 *
 *     code = W2 relu(W1 x),  y = sigmoid(V2 relu(V1 code)),  loss = cross-entropy(y, x)
 *
 *     autoencoder code train --data pictures/ --code 32 --epochs 5
 *     autoencoder code apply runs/code-20260101-1 photo.png -o seen.png
 *
 * docs/adding-a-system.md walks through it. */
#include <autodidact/autodidact.h>

/* ---- what the network is built from, and where the pictures are ---- */

typedef struct sizes {
    int64_t code, hidden;            /* chosen */
    int64_t height, width, channels; /* as the pictures have them */
} sizes;
#define AT(member) AD_AT(sizes, member)
static const ad_option size_rows[] = {
    {AD_ROW("code", INT), AT(code), .initial = "32", .min = 1, .max = 4096,
     .help = "numbers that a picture is squeezed into"},
    {AD_ROW("hidden", INT), AT(hidden), .initial = "256", .min = 1, .max = 65536,
     .help = "width of the layers between"},
    {AD_ROW("height", INT), AT(height), .min = 1, .max = 4096, .derived = true},
    {AD_ROW("width", INT), AT(width), .min = 1, .max = 4096, .derived = true},
    {AD_ROW("channels", INT), AT(channels), .min = 1, .max = 3, .derived = true},
    {0}};
static const ad_record size_record = {
    .title = "network", .prefix = "code.", .options = size_rows, .size = sizeof(sizes)};

typedef struct source {
    char *path;
    int64_t batch;
} source;
static const ad_option source_rows[] = {
    {AD_ROW("data", FILE), AD_AT(source, path), .required = true, .may_change = true,
     .help = "pictures of one size: a folder, an archive, MNIST's or CIFAR's files"},
    {AD_ROW("batch", INT), AD_AT(source, batch), .initial = "64", .min = 1, .max = 65536,
     .help = "pictures in a step"},
    {0}};
static const ad_record source_record = {
    .title = "data", .options = source_rows, .size = sizeof(source)};

static ad_status read(ad_job *job)
{
    sizes *s = (sizes *)job->model;
    const source *from = (const source *)ad_job_value(job, &source_record);
    const ad_image_set *train, *held;
    ad_status status = ad_job_read_pictures(job, AD_SPLIT_TRAIN, from->path, NULL, NULL, &train);
    if (status) return status;
    ad_image_set_options same = {.like = train};
    status = ad_job_read_pictures(job, AD_SPLIT_TEST, from->path, &same, NULL, &held);
    if (status) return status;
    s->height = train->height, s->width = train->width, s->channels = train->channels;
    job->batch = from->batch;
    return AD_OK;
}

/* ---- the network and its loss ---- */

static void network(ad_job *job, ad_forward *f)
{
    const sizes *s = (const sizes *)job->model;
    const int64_t n = f->rows, values = s->height * s->width * s->channels;
    const ad_linear_options o = {0};
    ad_node *x = ad_input(f->graph, "image", AD_F32, ad_shape(n, s->height, s->width, s->channels));
    x = ad_reshape(x, ad_shape(n, values));
    ad_node *h = ad_relu(ad_linear(f->vars, "encoder.0", x, s->hidden, o)); /* [n, hidden] */
    ad_node *code = ad_linear(f->vars, "encoder.1", h, s->code, o);         /* [n, code] */
    h = ad_relu(ad_linear(f->vars, "decoder.0", code, s->hidden, o));       /* [n, hidden] */
    ad_node *logits = ad_linear(f->vars, "decoder.1", h, values, o);        /* [n, values] */
    ad_node *y = ad_sigmoid(logits), *both[] = {x, y};
    f->loss = ad_bce_with_logits_loss(logits, x);
    f->row_loss = ad_mean(ad_square(ad_sub(y, x)), ad_axes(1), false);
    f->result = ad_concat(both, 2, 1); /* [n, 2 values]: side by side */
}

/* Pictures of the last batch beside what became of them. */
static ad_status draw(ad_job *job, int64_t count, ad_image **sheet)
{
    const sizes *s = (const sizes *)job->model;
    const ad_sheet_options look = {.columns = count > 1 ? 12 : 2, .side = 56};
    const float *rows = (const float *)ad_result(job->evaluation.program, job->evaluation.result);
    return ad_image_sheet_rows(job->ctx, rows, 2 * (int)(count < 24 ? count : 24), s->height,
                               s->width, (int)s->channels, &look, sheet);
}

static ad_status sample(ad_job *job, int64_t step)
{
    ad_batch batch;
    ad_image *sheet;
    ad_loader *held = job->loader[AD_SPLIT_TEST];
    if (!held) return AD_OK;
    ad_status status = ad_loader_bind(held, 0, job->evaluation.program, &batch);
    if (!status) status = ad_run(job->evaluation.program);
    if (!status) status = draw(job, batch.size, &sheet);
    if (status) return status;
    status = ad_run_image(job->run, "reconstructed", step, sheet);
    ad_image_free(sheet);
    return status;
}

/* ---- the system and its verbs ---- */

static const ad_record *const records[] = {&size_record, &source_record, &ad_train_record, NULL};
static const ad_default defaults[] = {{"schedule", "cosine"}, {0}};
static const ad_system code_system = {AD_SYSTEM("code", "images", ad_job, records, &size_record,
                                                defaults, .read = read, .network = network,
                                                .sample = sample)};

/* One picture through a trained network. */
static ad_status reconstruct(ad_command *cmd, ad_job *job)
{
    ad_image *photo = NULL, *fit = NULL, *seen = NULL;
    const sizes *s = (const sizes *)job->model;
    const ad_image_read_options as = {.channels = (int)s->channels};
    size_t bytes = (size_t)(s->height * s->width * s->channels) * sizeof(float);
    ad_status status = ad_trained_build(job, 1, NULL);
    if (!status) status = ad_image_read(job->ctx, ad_command_operand(cmd, 1), &as, &photo);
    if (!status) status = ad_image_resize(job->ctx, photo, s->width, s->height, NULL, &fit);
    if (!status) status = ad_bind_name(job->evaluation.program, "image", fit->data, bytes);
    if (!status) status = ad_run(job->evaluation.program);
    if (!status) status = draw(job, 1, &seen);
    if (!status) status = ad_image_write(job->ctx, ad_command_text(cmd, "output"), seen, NULL);
    ad_image_free(photo), ad_image_free(fit), ad_image_free(seen);
    return status;
}

static int apply(ad_command *cmd)
{
    return ad_command_with_trained(cmd, &code_system, reconstruct);
}

static const ad_option apply_rows[] = {
    {AD_LETTER_ROW("output", 'o', FILE), .initial = "seen.png", .help = "where the picture goes"},
    AD_COMMON_OPTIONS,
    {0}};
static const ad_verb train_verb = {
    AD_TRAIN_VERB("code", &code_system, records, defaults, "train an autoencoder on pictures")};
static const ad_verb apply_verb = {
    AD_VERB("code", "apply", "MODEL PICTURE", apply_rows, apply, "show what is left of a picture")};

int main(int argc, char **argv)
{
    static const ad_verb *const verbs[] = {&train_verb, &apply_verb, NULL};
    const ad_app app = {.name = "autoencoder",
                        .version = "1",
                        .summary = "pictures through a narrow code",
                        .verbs = verbs};
    return ad_app_main(&app, argc, argv);
}
