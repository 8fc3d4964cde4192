/* settings.c - what a training is told: the data, and what a step is made of. */
#include "zoo/translate/pairs.h"

#include <string.h>

#define AT(member) AD_AT(translate_data, member)
static const ad_option data_rows[] = {
    {AD_ROW("source", FILE), AT(source), .may_change = true,
     .help = "sentences to translate from, one a line (UTF-8; .gz, .xz, .bz2, .zst are expanded); "
             "several files are separated by commas, here and below"},
    {AD_ROW("target", FILE), AT(target), .may_change = true, .help = "their translations"},
    {AD_ROW("valid-source", FILE), AT(valid_source), .may_change = true,
     .help = "sentences to validate with, else some of those to train with"},
    {AD_ROW("valid-target", FILE), AT(valid_target), .may_change = true,
     .help = "their translations"},
    {AD_ROW("pairs", FILE), AT(pairs), .may_change = true,
     .help = "instead, one table with tabs between columns"},
    {AD_ROW("valid-pairs", FILE), AT(valid_pairs), .may_change = true,
     .help = "the same to validate with"},
    {AD_ROW("from", TEXT), AT(from), .initial = "1", .unit = "COLUMN",
     .help = "the table's column to translate from: a name in its first line, or a number"},
    {AD_ROW("to", TEXT), AT(to), .initial = "2", .unit = "COLUMN", .help = "and to"},
    {AD_ROW("weights", TEXT), AT(weights), .unit = "N,N...",
     .help = "how often each of several files to train with is seen in an epoch, as 2,1"},
    {AD_ROW("reverse", FLAG), AT(reverse), .help = "translate from target to source"},
    {AD_ROW("tokenizer", FILE), AT(tokenizer),
     .help = "a tokenizer's file or folder, for both languages, else a bpe is learnt"},
    {AD_ROW("init", FILE), AT(init), .unit = "MODEL",
     .help =
         "weights to begin with, as `translate run` takes them; sizes and vocabulary are theirs"},
    {AD_ROW("vocab", INT), AT(vocab), .initial = "8000", .min = 257, .max = 1 << 20,
     .help = "tokens of a bpe that is learnt: bytes and their most frequent sequences"},
    {AD_ROW("separate", FLAG), AT(separate),
     .help = "learn a bpe for each language instead of one for both (--tie output or none)"},
    {AD_ROW("bpe-dropout", REAL), AT(bpe_dropout), .initial = "0", .min = 0, .max = 0.99,
     .help = "leave merges of the bpe out with this probability, in each epoch others, while "
             "training; 0.1 is usual"},
    {AD_ROW("bpe-variants", INT), AT(bpe_variants), .initial = "16", .min = 1, .max = 1000,
     .help = "so many epochs differ by --bpe-dropout, then the first comes again"},
    {AD_ROW("max-ratio", REAL), AT(ratio), .initial = "5", .min = 1, .max = 1e6,
     .help = "pairs one side of which has more than so many times the other's tokens are left out"},
    {AD_ROW("eval-lines", INT), AT(eval_lines), .initial = "500", .min = 0, .max = 1e9,
     .help = "validation lines that are translated for BLEU at each evaluation"},
    {0}};
#undef AT

static ad_status check_data(ad_context *ctx, const char *where, const void *value)
{
    const translate_data *d = value;
    (void)where;
    if (!d->pairs && !d->source && !d->target)
        return ad_error_set(ctx, AD_ERROR_ARGUMENT,
                            "--source and --target, or --pairs: the data are missing");
    if (d->pairs && (d->source || d->target || d->valid_source || d->valid_target))
        return ad_error_set(ctx, AD_ERROR_ARGUMENT,
                            "--pairs: is instead of --source and --target, not beside them");
    if (!d->pairs && (!d->source || !d->target))
        return ad_error_set(ctx, AD_ERROR_ARGUMENT, "--%s: the other side is missing",
                            d->source ? "target" : "source");
    if (!d->valid_source != !d->valid_target)
        return ad_error_set(ctx, AD_ERROR_ARGUMENT, "--valid-%s: the other side is missing",
                            d->valid_source ? "target" : "source");
    if (d->valid_pairs && !d->pairs)
        return ad_error_set(ctx, AD_ERROR_ARGUMENT, "--valid-pairs: goes with --pairs");
    return AD_OK;
}

const ad_record translate_data_record = {
    .title = "data", .options = data_rows, .size = sizeof(translate_data), .check = check_data};

#define AT(member) AD_AT(translate_step, member)
static const ad_option step_rows[] = {
    {AD_ROW("batch-tokens", INT), AT(batch_tokens), .initial = "2048", .min = 16, .max = 1 << 22,
     .help = "places for target tokens in a step; next to all are taken"},
    {AD_ROW("dropout", REAL), AT(dropout), .initial = "-1", .min = -1, .max = 0.95,
     .help = "of embeddings and of what layers add; below 0: the preset's, 0.3, 0.1 or 0.3"},
    {AD_ROW("label-smoothing", REAL), AT(smoothing), .initial = "0.1", .min = 0, .max = 0.9,
     .help = "part of each label that is spread over all words"},
    {AD_ROW("r-drop", REAL), AT(r_drop), .initial = "0", .min = 0, .max = 100,
     .help =
         "each sentence twice with other dropout, and this weight on how far apart the two are; "
         "5 is usual, and a step takes twice as long"},
    {0}};
#undef AT
const ad_record translate_step_record = {
    .title = "step", .options = step_rows, .size = sizeof(translate_step)};
