/* explain.c - `autodidact explain bert`: how a step of `bert train` is planned. */
#include "zoo/bert/bert.h"

static const ad_record *const records[] = {&bert_pretraining_record, NULL};

const ad_verb bert_explain_verb = {
    AD_VERB("explain", "bert", "", ad_explain_rows, ad_system_explain,
            "how a step of an encoder's pre-training is planned"),
    .records = records, .user = &bert_system,
    .description =
        "Prints a step of `bert train`, an encoder that learns to fill in missing words, "
        "with a vocabulary of 30522 (BERT's), at one of the four stages between "
        "recording and running. Of `bert tune` there is no plan.\n"
        "\n"
        "  autodidact explain bert --layers 1 --stage kernels"};
