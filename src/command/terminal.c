/* terminal.c - what a command says while it works: notes, and the live line.
 *
 * The live line is redrawn in place on stderr, only when stderr is a terminal, and cut to its
 * width. */
#include "base/shell.h"
#include "command/state.h"
#include "command/width.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

void ad_command_note(ad_command *cmd, const char *format, ...)
{
    if (ad_command_has_flag(cmd, "quiet")) return;
    va_list args;
    va_start(args, format);
    ad_command_erase_live(cmd);
    fflush(cmd->out); /* where both go to one place, in the order in which they were said */
    ad_print_format(cmd->err, format, args);
    fputc('\n', cmd->err);
    va_end(args);
}

void ad_command_suggest(ad_command *cmd, const char *title, const char *const *words)
{
    ad_text text;
    ad_text_init(&text, ad_command_context(cmd));
    for (; *words; ++words) {
        if (text.length) ad_text_add(&text, " ");
        ad_text_shell(&text, *words);
    }
    ad_command_note(cmd, "%s: %s", title, ad_text_get(&text));
    ad_text_free(&text);
}

/* Which cannot go back in a line. */
static bool is_dumb(void)
{
    const char *terminal = getenv("TERM");
    return !terminal || !*terminal || !strcmp(terminal, "dumb");
}

void ad_command_start(ad_command *cmd)
{
    cmd->started = true;
    cmd->start_seconds = ad_seconds();
    cmd->drawn_seconds = -1;
    cmd->first_step = 0;
    cmd->working = false;
    cmd->live_allowed = isatty(fileno(cmd->err)) == 1 && !ad_command_has_flag(cmd, "quiet") &&
                        !ad_command_json(cmd) && !is_dumb();
}

double ad_command_seconds(ad_command *cmd)
{
    return cmd->started ? ad_seconds() - cmd->start_seconds : 0;
}

/* "2h05m", "2m10s", "9s" */
static void duration(double seconds, char *buffer, size_t size)
{
    long s = seconds < 1e8 ? lround(seconds) : 100000000L;
    if (s >= 3600)
        snprintf(buffer, size, "%ldh%02ldm", s / 3600, s / 60 % 60);
    else if (s >= 60)
        snprintf(buffer, size, "%ldm%02lds", s / 60, s % 60);
    else
        snprintf(buffer, size, "%lds", s);
}

static int terminal_width(FILE *stream)
{
    struct winsize w;
    return ioctl(fileno(stream), TIOCGWINSZ, &w) == 0 && w.ws_col > 10 ? w.ws_col : 80;
}

/* ---- the live line ---- */

/* To its beginning. Where the terminal has become narrower since, it lies on several rows. */
static void rewind_live(ad_command *cmd)
{
    int rows = cmd->live_shown ? (cmd->live_columns - 1) / terminal_width(cmd->err) : 0;
    fputc('\r', cmd->err);
    if (rows > 0) fprintf(cmd->err, "\033[%dA\033[J", rows);
}

void ad_command_erase_live(ad_command *cmd)
{
    if (!cmd->live_shown) return;
    rewind_live(cmd);
    fputs("\033[K", cmd->err);
    fflush(cmd->err);
    cmd->live_shown = false;
}

void ad_command_end_live(ad_command *cmd)
{
    if (!cmd->live_shown) return;
    fputc('\n', cmd->err);
    fflush(cmd->err);
    cmd->live_shown = false;
}

static void draw_line(ad_command *cmd, const char *line, int width)
{
    rewind_live(cmd);
    cmd->live_columns = ad_print_text(cmd->err, line, width, 0);
    fputs("\033[K", cmd->err);
    fflush(cmd->err);
    cmd->live_shown = true;
}

/* 1234567 as "1.23M", 999.6 as "1000" */
static const char *short_number(double value, char *buffer, size_t size)
{
    const char *unit = value >= 1e9 ? "G" : value >= 1e6 ? "M" : value >= 1e3 ? "k" : "";
    double scale = value >= 1e9 ? 1e9 : value >= 1e6 ? 1e6 : value >= 1e3 ? 1e3 : 1;
    snprintf(buffer, size, value / scale < 999.5 ? "%.3g%s" : "%.0f%s", value / scale, unit);
    return buffer;
}

/* "step 120/2000  loss 2.31  41.2k tokens/s  1m05s left  212 MB" with the first `count` metrics;
 * its columns. */
static int compose(char *line, size_t size, const ad_progress *p, int count)
{
    char text[40];
    size_t used = 0;
#define ADD(...)                                                                                   \
    do {                                                                                           \
        if (used < size) used += (size_t)snprintf(line + used, size - used, __VA_ARGS__);          \
    } while (0)
    if (p->part) ADD("%.40s  ", p->part);
    ADD("%s %lld", p->counted ? p->counted : "step", (long long)p->step);
    if (p->steps > 0) ADD("/%lld", (long long)p->steps);
    for (int i = 0; i < count; ++i)
        ADD("  %s %s", p->metrics[i].name,
            ad_number_text(p->metrics[i].value, 4, text, sizeof text));
    if (p->rate > 0)
        ADD("  %s %s/s", short_number(p->rate, text, sizeof text), p->unit ? p->unit : "steps");
    if (p->seconds_left >= 0 && (p->step != p->steps || p->done < p->whole)) {
        duration(p->seconds_left, text, sizeof text);
        ADD("  %s left", text);
    }
    if (p->memory) ADD("  %.0f MB", (double)p->memory / 1e6);
#undef ADD
    return ad_text_columns(line);
}

/* Where all does not fit, the later metrics go, then memory, rate, the first metric and the time
 * left: a figure that is cut would be another. */
static void compose_to_fit(char *line, size_t size, const ad_progress *p, int width)
{
    ad_progress less = *p;
    while (compose(line, size, &less, less.count) > width) {
        if (less.count > 1)
            --less.count;
        else if (less.memory)
            less.memory = 0;
        else if (less.rate > 0)
            less.rate = 0;
        else if (less.count)
            less.count = 0;
        else if (less.seconds_left >= 0)
            less.seconds_left = -1;
        else
            break;
    }
}

/* ---- progress ---- */

static void progress_json(ad_command *cmd, const ad_progress *p, double seconds)
{
    ad_json_begin(cmd, "step");
    ad_json_int(cmd, "step", p->step);
    if (p->steps > 0) ad_json_int(cmd, "steps", p->steps);
    if (p->part) ad_json_text(cmd, "part", p->part);
    ad_json_real(cmd, "seconds", round(seconds * 1e4) / 1e4);
    for (int i = 0; i < p->count; ++i) ad_json_real(cmd, p->metrics[i].name, p->metrics[i].value);
    if (p->rate > 0) {
        char name[64]; /* "steps" alone is their number */
        snprintf(name, sizeof name, "%s_per_second", p->unit ? p->unit : "steps");
        ad_json_real(cmd, name, round(p->rate * 10) / 10);
    }
    ad_json_end(cmd);
}

/* By the work since the first time, before which other things took their time. */
static double left_by_work(ad_command *cmd, const ad_progress *p, double seconds)
{
    if (!cmd->working) cmd->first_done = p->done, cmd->first_seconds = seconds;
    cmd->working = true;
    double since = p->done - cmd->first_done;
    return since > 0 ? (seconds - cmd->first_seconds) * (p->whole - p->done) / since : -1;
}

void ad_command_progress(ad_command *cmd, const ad_progress *given)
{
    char line[512];
    ad_progress p = *given;
    if (!cmd->started) ad_command_start(cmd);
    double seconds = ad_command_seconds(cmd), since = seconds - cmd->drawn_seconds;
    if (p.whole > 0) p.seconds_left = left_by_work(cmd, &p, seconds);
    if (ad_command_json(cmd)) {
        if (p.notable) progress_json(cmd, &p, seconds);
        return;
    }
    if (ad_command_has_flag(cmd, "quiet")) return;
    bool first = cmd->drawn_seconds < 0, last = p.step == p.steps;
    if (!first && since < (cmd->live_allowed ? 0.1 : p.notable ? 1 : 10) && !last) return;
    cmd->drawn_seconds = seconds;
    int width = cmd->live_allowed ? terminal_width(cmd->err) - 1 : 500;
    compose_to_fit(line, sizeof line, &p, width);
    if (cmd->live_allowed) {
        draw_line(cmd, line, width);
        return;
    }
    fflush(cmd->out);
    ad_print_text(cmd->err, line, 0, 0);
    fputc('\n', cmd->err);
    fflush(cmd->err);
}

void ad_command_step(ad_command *cmd, int64_t step, int64_t steps, const ad_metric *metrics,
                     int count)
{
    if (!cmd->started) {
        ad_command_start(cmd);
        cmd->first_step = step; /* how long the first step took is not known */
    }
    if (!cmd->live_allowed && !ad_command_json(cmd)) return;
    double seconds = ad_command_seconds(cmd);
    double rate = seconds > 0 ? (double)(step - cmd->first_step) / seconds : 0;
    bool known = rate > 0 && steps > 0;
    ad_command_progress(cmd,
                        &(ad_progress){.step = step,
                                       .steps = steps,
                                       .metrics = metrics,
                                       .count = count,
                                       .rate = ad_command_json(cmd) ? 0 : rate,
                                       .seconds_left = known ? (double)(steps - step) / rate : -1,
                                       .notable = true});
}

/* ---- as a watcher ---- */

static void watch_start(void *user)
{
    ad_command_start(user);
}

static void watch_progress(void *user, const ad_progress *progress)
{
    ad_command_progress(user, progress);
}

static void watch_note(void *user, const char *sentence)
{
    ad_command_note(user, "%s", sentence);
}

static bool watch_interrupted(void *user)
{
    return ad_command_interrupted(user);
}

ad_watcher ad_command_watcher(ad_command *cmd)
{
    return (ad_watcher){watch_start, watch_progress, watch_note, watch_interrupted, cmd};
}
