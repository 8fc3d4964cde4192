/* train_verb.c - what every verb `train` does around its session: options, the result, how to
 * resume. */
#include "base/shell.h"
#include "run/run.h"
#include "train/tuning_folder.h"

#include <autodidact/train.h>

#include <string.h>

const ad_option ad_train_rows[] = {AD_TRAIN_OPTIONS, AD_COMMON_OPTIONS, {0}};

static int cannot_change(ad_command *cmd, const char *name)
{
    return ad_command_usage(cmd, "--%s cannot change when a run is resumed; start another", name);
}

/* The wisdom is that of the run; what else may not change is compared once it is read. */
static int check_tuning(ad_command *cmd)
{
    if (ad_command_given(cmd, "tune")) return cannot_change(cmd, "tune");
    if (ad_command_given(cmd, "wisdom")) return cannot_change(cmd, "wisdom");
    return AD_EXIT_OK;
}

static int read_options(ad_command *cmd, const char *resume)
{
    const char *config = ad_command_text(cmd, "config");
    char path[PATH_MAX];
    if (resume && (config || ad_command_text(cmd, "run")))
        return ad_command_usage(cmd, "--resume names the run; --%s cannot be given with it",
                                config ? "config" : "run");
    int status = resume ? check_tuning(cmd) : AD_EXIT_OK;
    if (status) return status;
    ad_context *ctx = resume ? ad_command_context(cmd) : NULL;
    if (resume)
        status = ctx ? ad_command_check(cmd, ad_run_can_resume(ctx, resume)) : AD_EXIT_FAILURE;
    if (status) return status;
    snprintf(path, sizeof path, "%.*s/config.json", PATH_MAX - 64, resume ? resume : "");
    if (resume) config = path;
    status = config ? ad_command_config(cmd, config) : AD_EXIT_OK;
    return status ? status : ad_command_complete(cmd);
}

/* The records' structs from the options. Of steps, epochs and minutes what was given on the command
 * line comes before what a file said. What makes no sense, or is not what the run that is resumed
 * was made with, is refused here, as wrong usage. */
static int read_settings(ad_command *cmd, const char *resume, ad_settings **settings)
{
    static const char *const ends[] = {"steps", "epochs", "minutes"};
    int code = ad_command_settings(cmd, NULL, NULL, settings);
    if (code) return code;
    bool given = false;
    for (int i = 0; i < 3; ++i) given |= ad_command_given(cmd, ends[i]);
    for (int i = 0; i < 3 && given; ++i)
        if (!ad_command_given(cmd, ends[i])) (void)ad_settings_set(*settings, ends[i], NULL);
    ad_context *ctx = ad_command_context(cmd);
    const void *training = ad_settings_value(*settings, &ad_train_record);
    ad_status status = training ? ad_record_check(&ad_train_record, ctx, "--", training) : AD_OK;
    if (!status && resume) status = ad_run_check_settings(*settings, resume);
    if (!status) return AD_EXIT_OK;
    return status == AD_ERROR_MEMORY ? ad_command_fail(cmd, "%s", ad_error(ctx))
                                     : ad_command_usage(cmd, "%s", ad_error(ctx));
}

/* ---- the result ---- */

static void print_json(ad_command *cmd, const ad_outcome *o)
{
    char name[160];
    ad_json_begin(cmd, "result");
    ad_json_text(cmd, "run", o->folder);
    for (int i = 0; i < o->mean.count; ++i)
        ad_json_real(cmd, o->mean.at[i].name, o->mean.at[i].value);
    for (int i = 0; i < o->deviation.count && o->parts > 1; ++i) {
        snprintf(name, sizeof name, "%.140s_std", o->deviation.at[i].name);
        ad_json_real(cmd, name, o->deviation.at[i].value);
    }
    if (o->parts > 1 && o->deviation.count) ad_json_real(cmd, "std", o->deviation.at[0].value);
    if (o->parts > 1) ad_json_int(cmd, "parts", o->parts);
    ad_json_end(cmd);
}

static void print_result(ad_command *cmd, const ad_outcome *o)
{
    if (ad_command_json(cmd)) {
        print_json(cmd, o);
        return;
    }
    int width = ad_command_print_metrics(cmd, "", &o->mean, o->parts > 1 ? &o->deviation : NULL);
    ad_command_print(cmd, "%-*s %s\n", width, "run", o->folder);
    ad_command_print(cmd, "%-*s %s/report.html\n", width, "report", o->folder);
}

static int say_interrupted(ad_command *cmd, const ad_outcome *o)
{
    const ad_verb *verb = ad_command_verb(cmd);
    if (ad_command_json(cmd)) {
        ad_json_begin(cmd, "interrupted");
        ad_json_text(cmd, "run", o->folder);
        ad_json_end(cmd);
    }
    ad_text again;
    ad_text_init(&again, ad_command_context(cmd));
    ad_text_format(&again, "%s %s %s --resume ", ad_command_app(cmd)->name, verb->system,
                   verb->name);
    ad_text_shell(&again, o->folder);
    int code = ad_command_fail(cmd, "stopped and saved; resume with: %s", ad_text_get(&again));
    ad_text_free(&again);
    return code;
}

/* ---- the verb ---- */

static int run_session(ad_command *cmd, const ad_session *session)
{
    ad_outcome outcome;
    int code = ad_command_check(cmd, ad_session_run(session, &outcome));
    if (!code && outcome.interrupted) {
        code = say_interrupted(cmd, &outcome);
    } else if (!code) {
        if (outcome.was_finished)
            ad_command_note(cmd, "%s is finished; nothing is left to do", outcome.folder);
        print_result(cmd, &outcome);
        if (!ad_command_json(cmd)) ad_command_next(cmd, session->system, outcome.model);
    }
    ad_outcome_free(&outcome);
    return code;
}

/* With --profile, and --tune or what a resumed run was tuned with. */
static int train_watched(ad_command *cmd, ad_session *session)
{
    char kept[PATH_MAX];
    ad_profile *profile;
    int code = ad_profile_open(&profile, cmd);
    if (code) return code;
    snprintf(kept, sizeof kept, "%.*s/wisdom", PATH_MAX - 64,
             session->folder ? session->folder : "");
    code = ad_tuning_open_kept(&session->tuning, cmd, session->resume ? kept : NULL);
    if (!code) code = ad_tuning_close(session->tuning, run_session(cmd, session));
    return ad_profile_close(profile, code);
}

int ad_train_main(ad_command *cmd,
                  ad_status (*once)(void *user, ad_run_folder *run, ad_run_part part,
                                    ad_train_result *result),
                  void *user)
{
    const char *resume = ad_command_text(cmd, "resume");
    ad_settings *settings = NULL;
    int code = read_options(cmd, resume);
    if (!code) code = read_settings(cmd, resume, &settings);
    if (!code) {
        ad_session session = {.app = ad_command_app(cmd)->name,
                              .system = ad_command_verb(cmd)->system,
                              .verb = ad_command_verb(cmd)->name,
                              .settings = settings,
                              .folder = resume ? resume : ad_command_text(cmd, "run"),
                              .resume = resume != NULL,
                              .watcher = ad_command_watcher(cmd),
                              .once = once,
                              .user = user};
        code = train_watched(cmd, &session);
    }
    ad_settings_free(settings);
    return code;
}
