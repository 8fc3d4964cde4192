/* train_settings.c - the table of what every training can be told. */
#include <autodidact/train.h>

#define AT(member) AD_AT(ad_train_settings, member)

/* clang-format off */
static const ad_option rows[] = {
    {"steps", 0, AD_OPTION_INT, AT(steps), .min = 1, .max = 1e12, .may_change = true, .help = "optimizer steps"},
    {"epochs", 0, AD_OPTION_REAL, AT(epochs), .min = 0, .max = 1e9, .may_change = true, .help = "passes over the training data, instead of --steps"},
    {"minutes", 0, AD_OPTION_REAL, AT(minutes), .min = 0.01, .max = 1e6, .may_change = true, .help = "about this long, instead of --steps: how many fit in is measured at the start"},
    {"seed", 0, AD_OPTION_INT, AT(seed), .initial = "0", .help = "seed of weights, order and augmentation"},
    {"seeds", 0, AD_OPTION_INT, AT(seeds), .initial = "1", .min = 1, .max = 10000, .help = "train with N seeds from --seed; mean and deviation"},
    {"lr", 0, AD_OPTION_REAL, AT(lr), .initial = "1e-3", .min = 0, .max = 1e3, .help = "peak learning rate"},
    {"optimizer", 0, AD_OPTION_TEXT, AT(optimizer), .initial = "adam", .unit = "NAME[:OPTION=X,...]", .help = "the update rule: "
#define OPTIMIZER(name) #name ", "
#include "optim/optimizers.def"
#undef OPTIMIZER
     "with options as in adam:beta1=0.5"},
    {"momentum", 0, AD_OPTION_REAL, AT(momentum), .initial = "0.9", .min = 0, .max = 0.9999, .help = "of sgd (Nesterov's form)"},
    {"beta2", 0, AD_OPTION_REAL, AT(beta2), .initial = "0.999", .min = 0.5, .max = 0.999999, .help = "of adam and adamw"},
    {"weight-decay", 0, AD_OPTION_REAL, AT(weight_decay), .initial = "0", .min = 0, .max = 100, .help = "L2, or decoupled with adamw"},
    {"schedule", 0, AD_OPTION_CHOICE, AT(schedule), .initial = "constant", .choices = "constant|step|cosine|one-cycle|inverse-sqrt", .help = "how the learning rate moves"},
    {"warmup", 0, AD_OPTION_REAL, AT(warmup), .initial = "0", .min = 0, .max = 1e9, .help = "steps of linear warm-up; below 1: a part of all"},
    {"min-lr", 0, AD_OPTION_REAL, AT(min_lr), .initial = "0", .min = 0, .max = 1e3, .help = "where the schedule ends"},
    {"clip", 0, AD_OPTION_REAL, AT(clip), .initial = "0", .min = 0, .max = 1e9, .help = "greatest norm of the gradient, 0: any"},
    {"accumulate", 0, AD_OPTION_INT, AT(accumulate), .initial = "1", .min = 1, .max = 100000, .help = "batches whose gradients make one step"},
    {"ema", 0, AD_OPTION_REAL, AT(ema), .initial = "0", .min = 0, .max = 0.999999, .help = "average the weights with this decay, and evaluate the average"},
    {"precision", 0, AD_OPTION_CHOICE, AT(precision), .initial = "f32", .choices = "f32|bf16", .help = "of products; weights stay f32"},
    {"memory-limit", 0, AD_OPTION_SIZE, AT(memory_limit), .help = "memory for activations, gradients and workspace of a program: what does not fit is recomputed, or refused"},
    {"eval-every", 0, AD_OPTION_INT, AT(eval_every), .min = 1, .max = 1e12, .unit = "STEPS", .help = "steps between evaluations, else an epoch"},
    {"log-every", 0, AD_OPTION_INT, AT(log_every), .min = 1, .max = 1e12, .unit = "STEPS", .may_change = true, .help = "steps between lines of metrics.jsonl"},
    {"patience", 0, AD_OPTION_INT, AT(patience), .initial = "0", .min = 0, .max = 1e9, .help = "evaluations without a better one before stopping, 0: never"},
    {"checkpoint-every", 0, AD_OPTION_INT, AT(checkpoint_every), .min = 1, .max = 1e12, .unit = "STEPS", .may_change = true, .help = "steps between checkpoints, beside those by time"},
    {"checkpoint-minutes", 0, AD_OPTION_REAL, AT(checkpoint_minutes), .initial = "5", .min = 0, .max = 1e6, .may_change = true, .help = "minutes between checkpoints, 0: none by time"},
    {"keep", 0, AD_OPTION_INT, AT(keep), .initial = "2", .min = 1, .max = 1e6, .may_change = true, .help = "checkpoints kept, beside the best"},
    {"histograms", 0, AD_OPTION_FLAG, AT(histograms), .may_change = true, .help = "write histograms of the weights for TensorBoard, at each evaluation"},
    {0},
};
/* clang-format on */

static ad_status check(ad_context *ctx, const char *where, const void *value)
{
    const ad_train_settings *s = value;
    ad_optimizer_spec spec;
    (void)where;
    if ((s->steps > 0) + (s->epochs > 0) + (s->minutes > 0) > 1)
        return ad_error_set(ctx, AD_ERROR_ARGUMENT,
                            "--steps, --epochs and --minutes: give one of them");
    if (!s->optimizer)
        return ad_error_set(ctx, AD_ERROR_ARGUMENT, "--optimizer: the name is missing");
    return ad_optimizer_spec_parse(&spec, ctx, s->optimizer);
}

const ad_record ad_train_record = {
    .title = "training", .options = rows, .size = sizeof(ad_train_settings), .check = check};
