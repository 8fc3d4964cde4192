/* explain.c - `autodidact explain translate`: how a training step is planned. */
#include "zoo/translate/translate.h"

static const ad_record *const records[] = {&translate_model_record, &translate_step_record, NULL};

const ad_verb translate_explain_verb = {
    AD_VERB("explain", "translate", "", ad_explain_rows, ad_system_explain,
            "how a training step of a translator is planned"),
    .records = records, .user = &translate_system,
    .description =
        "Prints the step of encoder and decoder, for vocabularies of 8000 tokens, at one "
        "of the four stages between recording and running.\n"
        "\n"
        "  autodidact explain translate --layers 1 --stage kernels"};
