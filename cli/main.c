/* main.c - the command `autodidact`: the table of verbs. A new system is its header and its rows.
 */
#include "cli/film.h"
#include "cli/verbs.h"
#include "zoo/backbone/fit.h"
#include "zoo/bench/bench.h"
#include "zoo/bert/bert.h"
#include "zoo/classify/classify.h"
#include "zoo/dream/dream.h"
#include "zoo/gan/gan.h"
#include "zoo/graph/graph.h"
#include "zoo/gpt/gpt.h"
#include "zoo/style/style.h"
#include "zoo/translate/translate.h"

/* clang-format off */
static const ad_verb *const verbs[] = {
    &style_train_verb,
    &style_train_any_verb,
    &style_make_verb,
    &style_apply_verb,
    &style_reconstruct_verb,
    &dream_make_verb,
    &dream_layers_verb,
    &classify_train_verb,
    &classify_eval_verb,
    &classify_predict_verb,
    &gan_train_verb,
    &gan_sample_verb,
    &gan_morph_verb,
    &gan_mix_verb,
    &gan_eval_verb,
    &gan_project_verb,
    &graph_train_verb,
    &graph_predict_verb,
    &graph_show_verb,
    &gpt_train_verb,
    &gpt_sample_verb,
    &gpt_eval_verb,
    &bert_train_verb,
    &bert_tune_verb,
    &bert_eval_verb,
    &bert_predict_verb,
    &bert_embed_verb,
    &bert_fill_verb,
    &bert_search_verb,
    &translate_train_verb,
    &translate_run_verb,
    &translate_eval_verb,
    &translate_show_verb,
    &backbone_fit_verb,
    &style_explain_verb,
    &classify_explain_verb,
    &gan_explain_verb,
    &graph_explain_verb,
    &gpt_explain_verb,
    &bert_explain_verb,
    &translate_explain_verb,
    &ad_cli_runs_list,
    &ad_cli_runs_show,
    &ad_cli_runs_compare,
    &ad_cli_runs_film,
    &ad_cli_runs_export,
    &ad_cli_runs_resume,
    &ad_cli_runs_report,
    &ad_cli_runs_prune,
    &ad_cli_runs_rm,
    &ad_cli_film_convert,
    &ad_cli_film_flow,
    &ad_cli_film_flicker,
    &ad_cli_onnx_run,
    &bench_verb,
    &ad_cli_info,
    &ad_cli_convert,
    &ad_cli_version,
    &ad_cli_help,
    NULL,
};
/* clang-format on */

int main(int argc, char **argv)
{
    const ad_app app = {
        .name = "autodidact",
        .version = AD_VERSION,
        .summary = "landmark machine learning systems in C, to use and to read",
        .verbs = verbs,
    };
    return ad_app_main(&app, argc, argv);
}
