/* run_settings.c - settings as JSON and back, and what may have changed when a run is resumed. */
#include "record/option_value.h"
#include "run/run_config.h"

#include <stdlib.h>
#include <string.h>

/* ---- to JSON ---- */

static ad_status out_of_memory(ad_context *ctx)
{
    return ad_fail(ctx, AD_ERROR_MEMORY, "config.json: out of memory");
}

/* What stands for a member: true, 3, 0.5, "cosine"; null where it is unset. */
static ad_status option_value(const ad_settings *settings, const ad_option *o, json_t **value)
{
    char *text;
    *value = NULL;
    ad_status status = ad_settings_get(settings, o->name, &text);
    if (status) return status;
    if (o->type == AD_OPTION_FLAG)
        *value = json_boolean(text && !strcmp(text, "yes"));
    else if (!text)
        *value = json_null();
    else if (o->type == AD_OPTION_INT)
        *value = json_integer(strtoll(text, NULL, 10));
    else if (o->type == AD_OPTION_REAL)
        *value = json_real(strtod(text, NULL));
    else
        *value = json_string(text);
    ad_record_text_free(settings->ctx, text);
    if (*value) return AD_OK;
    return ad_fail(settings->ctx, AD_ERROR_ARGUMENT,
                   "--%s: holds bytes that are not UTF-8, which config.json cannot hold", o->name);
}

/* Rows that belong into config.json, over all records. */
typedef struct row_walk {
    const ad_settings *settings;
    int part;
    const ad_option *next;
} row_walk;

static const ad_option *next_row(row_walk *walk)
{
    for (; walk->part < walk->settings->count; ++walk->part, walk->next = NULL) {
        if (!walk->next) walk->next = walk->settings->part[walk->part].record->options;
        for (; walk->next->name; ++walk->next)
            if (!walk->next->derived && !walk->next->process) return walk->next++;
    }
    return NULL;
}

ad_status ad_run_options_json(const ad_run_folder *run, json_t **options)
{
    row_walk walk = {.settings = run->options.settings};
    json_t *value, *object = json_object();
    bool of_part = run->options.top != NULL; /* on its own it is the run of one seed and fold */
    ad_status status = object ? AD_OK : out_of_memory(run->ctx);
    for (const ad_option *o; !status && (o = next_row(&walk));) {
        status = option_value(run->options.settings, o, &value);
        if (!status && json_object_set_new(object, o->name, value))
            status = out_of_memory(run->ctx);
    }
    if (!status && of_part &&
        (json_object_set_new(object, "seed", json_integer((json_int_t)run->options.part.seed)) ||
         json_object_set_new(object, "seeds", json_integer(1))))
        status = out_of_memory(run->ctx);
    if (status) json_decref(object);
    *options = status ? NULL : object;
    return status;
}

/* Whether two texts stand for the same value of a row. */
static bool same_value(const ad_option *o, const char *a, const char *b)
{
    int64_t x = 0, y = 1;
    if (o->type == AD_OPTION_FLAG) return !strcmp(a ? a : "no", b ? b : "no");
    if (!a || !b) return a == b;
    if (o->type == AD_OPTION_INT || o->type == AD_OPTION_REAL)
        return strtod(a, NULL) == strtod(b, NULL);
    if (o->type == AD_OPTION_SIZE) return ad_parse_size(a, &x) && ad_parse_size(b, &y) && x == y;
    return !strcmp(a, b);
}

bool ad_run_is_changed(const ad_settings *settings, const char *name)
{
    const ad_option *o = ad_settings_find(settings, name, NULL);
    char *text;
    if (!o || ad_settings_get(settings, name, &text)) return false;
    bool changed = !same_value(o, text, ad_option_initial(o, settings->defaults));
    ad_record_text_free(settings->ctx, text);
    return changed;
}

ad_status ad_run_changed_json(const ad_run_folder *run, json_t **out)
{
    const ad_settings *settings = run->options.settings;
    row_walk walk = {.settings = settings};
    json_t *names = json_array();
    ad_status status = names ? AD_OK : out_of_memory(run->ctx);
    for (const ad_option *o; !status && (o = next_row(&walk));) {
        char *text;
        status = ad_settings_get(settings, o->name, &text);
        if (status) break;
        bool changed = !same_value(o, text, ad_option_initial(o, settings->defaults));
        if (run->options.top && !strcmp(o->name, "seed")) changed = true; /* which part it is */
        if (run->options.top && !strcmp(o->name, "seeds")) changed = false;
        if (changed && json_array_append_new(names, json_string(o->name)))
            status = out_of_memory(run->ctx);
        ad_record_text_free(run->ctx, text);
    }
    if (status) json_decref(names);
    *out = status ? NULL : names;
    return status;
}

/* ---- from JSON ---- */

static ad_status read_option(ad_settings *settings, const char *file, const char *name,
                             const json_t *value)
{
    char text[64];
    const char *given = text;
    if (json_is_null(value))
        given = NULL;
    else if (json_is_boolean(value))
        given = json_is_true(value) ? "yes" : "no";
    else if (json_is_string(value))
        given = json_string_value(value);
    else if (json_is_integer(value))
        snprintf(text, sizeof text, "%lld", (long long)json_integer_value(value));
    else if (json_is_real(value))
        snprintf(text, sizeof text, "%.17g", json_real_value(value));
    else
        return ad_fail(settings->ctx, AD_ERROR_FORMAT, "%s: \"%.60s\" is neither text nor number",
                       file, name);
    ad_status status = ad_settings_set(settings, name, given);
    return status ? ad_fail_prefix(settings->ctx, "%s", file) : AD_OK;
}

/* Whether a name that no record has may stand there: it says nothing, or is of an option about the
 * process, which former versions kept as well. */
static bool may_stand(const char *name, const json_t *value)
{
    return json_is_null(value) || !strcmp(name, "tune") || !strcmp(name, "wisdom");
}

ad_status ad_run_read_settings(ad_settings *settings, const char *run_path)
{
    char file[PATH_MAX];
    const char *name;
    json_t *root, *value;
    ad_status status = ad_run_load_config(settings->ctx, run_path, file, &root);
    if (status) return status;
    json_t *options = json_object_get(root, "options");
    json_object_foreach(options, name, value)
    {
        const ad_option *o = ad_settings_find(settings, name, NULL);
        bool skipped = o ? o->process || o->derived : may_stand(name, value);
        if (!status && !skipped) status = read_option(settings, file, name, value);
    }
    json_decref(root);
    return status;
}

/* ---- what may have changed ---- */

/* A second set of the same records, as the run's config.json has them. */
static ad_status settings_of_run(const ad_settings *like, const char *run_path, ad_settings **out)
{
    size_t bytes = (size_t)(like->count + 1) * sizeof(ad_record *);
    const ad_record **records = ad_zalloc(like->ctx, bytes);
    *out = NULL;
    if (!records) return AD_ERROR_MEMORY;
    for (int i = 0; i < like->count; ++i) records[i] = like->part[i].record;
    ad_status status = ad_settings_new(out, like->ctx, records, like->defaults);
    ad_free(like->ctx, records, bytes);
    if (!status) status = ad_run_read_settings(*out, run_path);
    return status;
}

static ad_status check_row(const ad_settings *settings, const ad_settings *before,
                           const ad_option *o, const char *run_path)
{
    char *now = NULL, *then = NULL;
    ad_status status = ad_settings_get(settings, o->name, &now);
    if (!status) status = ad_settings_get(before, o->name, &then);
    if (!status && !same_value(o, now, then))
        status = ad_fail(settings->ctx, AD_ERROR_ARGUMENT,
                         "--%s cannot change when a run is resumed: it is %.80s in %s", o->name,
                         then ? then : "not set", run_path);
    ad_record_text_free(settings->ctx, now);
    ad_record_text_free(settings->ctx, then);
    return status;
}

ad_status ad_run_check_settings(const ad_settings *settings, const char *run_path)
{
    ad_settings *before;
    row_walk walk = {.settings = settings};
    ad_status status = settings_of_run(settings, run_path, &before);
    for (const ad_option *o; !status && (o = next_row(&walk));)
        if (!o->may_change) status = check_row(settings, before, o, run_path);
    ad_settings_free(before);
    return status;
}

/* ---- where it ends ---- */

static const char *const ends[] = {"steps", "epochs", "minutes"};
enum { ENDS = sizeof ends / sizeof *ends };

static ad_status end_value(const ad_settings *settings, const char *name, json_t **value)
{
    const ad_option *o = ad_settings_find(settings, name, NULL);
    if (o) return option_value(settings, o, value);
    *value = json_null();
    return AD_OK;
}

static bool same_number(const json_t *a, const json_t *b)
{
    if (json_is_number(a) && json_is_number(b)) return json_number_value(a) == json_number_value(b);
    return (!a || json_is_null(a)) && (!b || json_is_null(b));
}

bool ad_run_same_end(const ad_settings *settings, const char *run_path)
{
    char file[PATH_MAX];
    json_t *root, *wanted;
    bool same = !ad_run_load_config(settings->ctx, run_path, file, &root);
    const json_t *options = json_object_get(root, "options");
    for (int i = 0; i < ENDS && same; ++i) {
        same = !end_value(settings, ends[i], &wanted) &&
               same_number(json_object_get(options, ends[i]), wanted);
        json_decref(wanted);
    }
    json_decref(root);
    return same;
}

static void remove_text(json_t *list, const char *text)
{
    for (size_t i = json_array_size(list); i-- > 0;) {
        const char *item = json_string_value(json_array_get(list, i));
        if (item && !strcmp(item, text)) json_array_remove(list, i);
    }
}

ad_status ad_run_put_end(const ad_settings *settings, json_t *options, json_t *changed)
{
    ad_status status = AD_OK;
    for (int i = 0; i < ENDS && !status; ++i) {
        json_t *value;
        status = end_value(settings, ends[i], &value);
        if (status) return status;
        remove_text(changed, ends[i]);
        if (!json_is_null(value) && json_array_append_new(changed, json_string(ends[i])))
            status = out_of_memory(settings->ctx);
        if (json_object_set_new(options, ends[i], value)) status = out_of_memory(settings->ctx);
    }
    return status;
}
