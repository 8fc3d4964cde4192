/* run_info.c - a run read from its files: config.json, result.json, metrics.jsonl, and the runs of
 * its parts. Nothing in the files is trusted: every field may be missing or of another kind. */
#include "run/run_info.h"
#include "run/run_config.h"
#include "base/shell.h"
#include "run/run_files.h"

#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { OPTIONS_MOST = 4096 }; /* they are searched one by one; systems have some fifty */

const char *ad_run_state_name(ad_run_state state)
{
    static const char *const names[] = {"running", "finished", "interrupted", "failed"};
    return (unsigned)state < 4 ? names[state] : "unknown";
}

static void join(char to[PATH_MAX], const char *folder, const char *name)
{
    snprintf(to, PATH_MAX, "%.*s/%.255s", PATH_MAX - 300, folder, name);
}

bool ad_run_is(const char *path)
{
    char file[PATH_MAX];
    join(file, path, "config.json");
    return !access(file, F_OK);
}

/* *root NULL: the file is not there. */
static ad_status load_json(ad_context *ctx, const char *folder, const char *name, json_t **root)
{
    char path[PATH_MAX];
    struct stat about;
    join(path, folder, name);
    *root = NULL;
    if (stat(path, &about)) return AD_OK;
    if (!S_ISREG(about.st_mode))
        return ad_fail(ctx, AD_ERROR_FORMAT, "%s: is not a regular file", path);
    ad_status status = ad_json_load(ctx, path, 0, root);
    if (status || json_is_object(*root)) return status;
    json_decref(*root);
    *root = NULL;
    return ad_fail(ctx, AD_ERROR_FORMAT, "%s: is not an object", path);
}

/* ---- texts and numbers ---- */

static const char *keep(ad_run_record *r, const char *text)
{
    const char *copy = text ? ad_arena_text(&r->arena, text) : "";
    if (!copy) r->refused = true;
    return copy ? copy : "";
}

static const char *member_text(ad_run_record *r, const json_t *object, const char *name)
{
    return keep(r, json_string_value(json_object_get(object, name)));
}

static double member_number(const json_t *object, const char *name, double otherwise)
{
    const json_t *value = json_object_get(object, name);
    double number = json_is_number(value) ? json_number_value(value) : otherwise;
    return isfinite(number) ? number : otherwise;
}

static int64_t member_count(const json_t *object, const char *name)
{
    double number = member_number(object, name, 0);
    return number > 0 && number < 9e18 ? (int64_t)number : 0;
}

/* As a person would give it: 0.1, not 0.10000000000000001. NULL: unset. */
static const char *option_text(ad_run_record *r, const json_t *value)
{
    char text[64];
    if (json_is_string(value)) return keep(r, json_string_value(value));
    if (json_is_boolean(value)) return json_is_true(value) ? "yes" : "no";
    if (json_is_integer(value))
        snprintf(text, sizeof text, "%lld", (long long)json_integer_value(value));
    else if (json_is_real(value)) {
        double number = json_real_value(value);
        for (int digits = 6; digits <= 17; digits += digits < 15 ? 9 : 2) {
            snprintf(text, sizeof text, "%.*g", digits, number);
            if (strtod(text, NULL) == number) break;
        }
    } else
        return NULL;
    return keep(r, text);
}

/* ---- config.json ---- */

static bool listed(const json_t *list, const char *name)
{
    for (size_t i = 0; i < json_array_size(list); ++i) {
        const char *text = json_string_value(json_array_get(list, i));
        if (text && !strcmp(text, name)) return true;
    }
    return false;
}

static ad_status read_options(ad_run_record *r, const json_t *config)
{
    ad_run_info *info = &r->info;
    const char *name;
    json_t *value, *options = json_object_get(config, "options");
    const json_t *changed = json_object_get(config, "changed");
    size_t count = json_object_size(options), most = json_array_size(changed);
    if (most < count) most = count;
    if (most > OPTIONS_MOST)
        return ad_fail(r->ctx, AD_ERROR_LIMIT,
                       "%s: its config.json has %zu options; at most %d are "
                       "accepted",
                       info->path, most, OPTIONS_MOST);
    ad_metadata *table = ad_arena_alloc(&r->arena, (count + 1) * sizeof *table);
    bool *differs = ad_arena_alloc(&r->arena, count + 1);
    r->flags = ad_arena_alloc(&r->arena, count + 1);
    if (!table || !differs || !r->flags) return AD_ERROR_MEMORY;
    json_object_foreach(options, name, value)
    {
        table[info->option_count] = (ad_metadata){keep(r, name), option_text(r, value)};
        r->flags[info->option_count] = json_is_boolean(value);
        differs[info->option_count++] = listed(changed, name);
    }
    info->options = table;
    info->changed = differs;
    return AD_OK;
}

static ad_status read_config(ad_run_record *r)
{
    ad_run_info *info = &r->info;
    json_t *config;
    ad_status status = load_json(r->ctx, info->path, "config.json", &config);
    if (status) return status;
    if (!config)
        return ad_fail(r->ctx, AD_ERROR_NOT_FOUND, "%s: is not a run: it has no config.json",
                       info->path);
    if (!ad_run_wrote(config)) {
        json_decref(config);
        return ad_fail(r->ctx, AD_ERROR_NOT_FOUND,
                       "%s: is not a run: its config.json is of something else", info->path);
    }
    const json_t *data = json_object_get(config, "data"),
                 *training = json_object_get(config, "training");
    info->app = member_text(r, config, "app");
    if (!*info->app) info->app = "autodidact"; /* the only one, when files did not say */
    info->system = member_text(r, config, "system");
    info->verb = member_text(r, config, "verb");
    info->version = member_text(r, config, "version");
    info->cpu = member_text(r, config, "cpu");
    info->isa = member_text(r, config, "isa");
    info->started = member_text(r, config, "started");
    info->threads = (int)fmin(1e6, (double)member_count(config, "threads"));
    info->data = member_text(r, data, "path");
    info->data_summary = member_text(r, data, "summary");
    info->data_fingerprint = member_text(r, data, "fingerprint");
    info->monitor = member_text(r, training, "monitor");
    info->monitor_low = json_is_true(json_object_get(training, "monitor_low"));
    info->steps = member_count(training, "steps");
    info->parameters = member_count(training, "parameters");
    status = read_options(r, config);
    json_decref(config);
    return status;
}

const char *ad_run_option(const ad_run_info *info, const char *name)
{
    for (int i = 0; i < info->option_count; ++i)
        if (!strcmp(info->options[i].key, name)) return info->options[i].value;
    return NULL;
}

/* ---- the command ---- */

/* "autodidact classify train", a word each */
static void add_verb(ad_text *text, const ad_run_info *info)
{
    ad_text_shell(text, info->app);
    if (*info->system) ad_text_add(text, " "), ad_text_shell(text, info->system);
    ad_text_add(text, " "), ad_text_shell(text, info->verb);
}

static void make_command(ad_run_record *r)
{
    ad_run_info *info = &r->info;
    ad_text text;
    ad_text_init(&text, r->ctx);
    add_verb(&text, info);
    for (int i = 0; i < info->option_count; ++i) {
        const char *name = info->options[i].key, *value = info->options[i].value;
        if (!value || !info->changed[i]) continue;
        bool off = r->flags[i] && !strcmp(value, "no");
        const char *word = ad_arena_format(&r->arena, off ? "--no-%s" : "--%s", name);
        ad_text_add(&text, " ");
        ad_text_shell(&text, word ? word : "");
        if (!r->flags[i]) ad_text_add(&text, " "), ad_text_shell(&text, value);
        if (!word) r->refused = true;
    }
    info->command = keep(r, ad_text_get(&text));
    text.length = 0;
    add_verb(&text, info);
    ad_text_add(&text, " --resume ");
    ad_text_shell(&text, info->path);
    info->resume = keep(r, ad_text_get(&text));
    if (text.failed) r->refused = true;
    ad_text_free(&text);
}

/* ---- result.json, and what the run is doing ---- */

static bool is_locked(const char *run_path)
{
    char path[PATH_MAX];
    join(path, run_path, "run.lock");
    int file = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (file < 0) return false;
    bool locked = flock(file, LOCK_SH | LOCK_NB) != 0;
    close(file);
    return locked;
}

static ad_status read_result(ad_run_record *r)
{
    ad_run_info *info = &r->info;
    json_t *root;
    info->state = AD_RUN_INTERRUPTED; /* killed, unless it says otherwise */
    info->error = "";
    ad_status status = load_json(r->ctx, info->path, "result.json", &root);
    if (status) return status;
    const char *state = json_string_value(json_object_get(root, "state"));
    if (state && !strcmp(state, "finished")) info->state = AD_RUN_FINISHED;
    if (state && !strcmp(state, "failed")) info->state = AD_RUN_FAILED;
    info->error = member_text(r, root, "error");
    if (info->state == AD_RUN_FINISHED)
        status = ad_run_take_results(r->ctx, info->path, root, &info->result);
    json_decref(root);
    if (is_locked(info->path)) info->state = AD_RUN_RUNNING;
    return status;
}

static double latest(const char *folder)
{
    static const char *const names[] = {"config.json", "metrics.jsonl", "result.json", "log.txt"};
    char path[PATH_MAX];
    struct stat about;
    double time = 0;
    for (int i = 0; i < 4; ++i) {
        join(path, folder, names[i]);
        if (!stat(path, &about)) time = fmax(time, (double)about.st_mtime);
    }
    return time;
}

static void find_best(ad_run_info *info)
{
    const ad_run_series *s = ad_run_find_series(info, info->monitor);
    info->best = NAN;
    info->best_step = -1;
    for (int64_t i = 0; s && i < s->count; ++i) {
        bool better = info->monitor_low ? s->value[i] < info->best : s->value[i] > info->best;
        if (info->best_step >= 0 && !better) continue;
        info->best = s->value[i];
        info->best_step = (int64_t)s->step[i];
    }
}

/* ---- all of it ---- */

static ad_status read_run(ad_run_record *r, const char *path)
{
    ad_run_info *info = &r->info;
    char file[PATH_MAX];
    if (strlen(path) > PATH_MAX - 512)
        return ad_fail(r->ctx, AD_ERROR_ARGUMENT, "%.64s...: the path is too long", path);
    char *copy = ad_arena_text(&r->arena, path);
    if (!copy) return AD_ERROR_MEMORY;
    for (size_t n = strlen(copy); n > 1 && copy[n - 1] == '/'; --n) copy[n - 1] = 0;
    info->path = copy;
    info->name = strrchr(copy, '/') && strrchr(copy, '/')[1] ? strrchr(copy, '/') + 1 : copy;
    ad_status status = ad_run_check(r->ctx, info->path);
    if (!status) status = read_config(r);
    if (!status) status = read_result(r);
    join(file, info->path, "metrics.jsonl");
    if (!status) status = ad_run_read_series(r, file);
    if (status) return status;
    info->written = latest(info->path);
    find_best(info);
    make_command(r);
    return r->refused || info->result.failed ? AD_ERROR_MEMORY : AD_OK;
}

ad_status ad_run_read_one(ad_run_info **out, ad_context *ctx, const char *path)
{
    *out = NULL;
    ad_run_record *r = ad_zalloc(ctx, sizeof *r);
    if (!r) return AD_ERROR_MEMORY;
    r->ctx = ctx;
    r->info.result = ad_metrics_new(ctx);
    r->info.deviation = ad_metrics_new(ctx);
    ad_arena_init(&r->arena, ctx);
    ad_status status = read_run(r, path);
    if (status)
        ad_run_info_close(&r->info);
    else
        *out = &r->info;
    return status;
}

ad_status ad_run_info_open(ad_run_info **out, ad_context *ctx, const char *path)
{
    ad_status status = ad_run_read_one(out, ctx, path);
    if (!status) status = ad_run_read_parts((ad_run_record *)*out);
    if (!status) return AD_OK;
    ad_run_info_close(*out);
    *out = NULL;
    return status;
}

void ad_run_info_close(ad_run_info *info)
{
    if (!info) return;
    ad_run_record *r = (ad_run_record *)info;
    for (int i = 0; i < info->part_count; ++i) ad_run_info_close(info->parts[i]);
    ad_arena_free(&r->arena);
    ad_metrics_free(&info->result);
    ad_metrics_free(&info->deviation);
    ad_free(r->ctx, r->numbers, r->number_bytes);
    ad_free(r->ctx, r, sizeof *r);
}
