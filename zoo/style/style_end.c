/* style_end.c - how a command's optimisation ended, for people and for machines. */
#include "zoo/style/style.h"

const char *style_end_name(style_end end)
{
    static const char *const names[] = {"done", "converged", "stopped"};
    return names[end];
}

void style_say_end(ad_command *cmd, const style_progress *last, style_end end)
{
    const char *output = ad_command_text(cmd, "output");
    if (!ad_command_json(cmd)) {
        ad_command_note(cmd, "%s: %s after %lld steps, loss %.4g, %.1f s", output,
                        style_end_name(end), (long long)last->step, last->total,
                        ad_command_seconds(cmd));
        return;
    }
    ad_json_begin(cmd, "done");
    ad_json_text(cmd, "output", output);
    ad_json_text(cmd, "end", style_end_name(end));
    ad_json_int(cmd, "steps", last->step);
    ad_json_real(cmd, "loss", last->total);
    ad_json_real(cmd, "content", last->content);
    ad_json_real(cmd, "style", last->style);
    ad_json_real(cmd, "tv", last->tv);
    ad_json_real(cmd, "seconds", ad_command_seconds(cmd));
    ad_json_int(cmd, "memory_peak", (int64_t)ad_context_memory_peak(ad_command_context(cmd)));
    ad_json_end(cmd);
}
