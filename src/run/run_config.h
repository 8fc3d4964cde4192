/* run_config.h - what config.json says of the settings, shared by the two files that write it. */
#ifndef AD_RUN_RUN_CONFIG_H
#define AD_RUN_RUN_CONFIG_H

#include "run/run.h"

#include "io/json.h"

/* Whether that is the config.json of a run: others name files so as well, Hugging Face's models
 * among them. */
bool ad_run_wrote(const json_t *config);
/* The config.json of a folder, whose path goes into `file` for errors. On failure *root is NULL. */
ad_status ad_run_load_config(ad_context *ctx, const char *run_path, char file[PATH_MAX],
                             json_t **root);
/* {"lr": 0.1, "steps": null, ...}, every setting of the run. */
ad_status ad_run_options_json(const ad_run_folder *run, json_t **options);
/* ["lr", ...], those that are not what the system gives them. */
ad_status ad_run_changed_json(const ad_run_folder *run, json_t **names);
/* --steps, --epochs and --minutes of the settings, put into such an object and such a list. */
ad_status ad_run_put_end(const ad_settings *settings, json_t *options, json_t *changed);

#endif
