/* players.c - who is trained: their optimizers, the programs of their steps, and a step of all. */
#include "train/train_loop.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

const char *ad_player_metric(const ad_training *t, int player, const char *name, char *buffer,
                             size_t size)
{
    const char *owner = t->players[player].name;
    if (t->player_count > 1)
        snprintf(buffer, size, "%s/%s", owner, name);
    else
        snprintf(buffer, size, "%s", name);
    return buffer;
}

/* ---- optimizers ---- */

/* Nothing where the kind has no such option, or its text has said what it is. */
static ad_status set_unless_given(ad_optimizer_spec *spec, ad_context *ctx, const char *option,
                                  double value)
{
    int at = ad_optimizer_spec_option(spec, option);
    if (at < 0 || spec->given[at]) return AD_OK;
    return ad_optimizer_spec_set(spec, ctx, option, value);
}

/* Nesterov's form, unless the text says otherwise: --momentum is of that. */
static ad_status choose_momentum(const ad_loop *l, ad_optimizer_spec *spec)
{
    ad_status status = set_unless_given(spec, l->ctx, "momentum", l->s->momentum);
    double momentum = spec->value[ad_optimizer_spec_option(spec, "momentum")];
    int dampening = ad_optimizer_spec_option(spec, "dampening");
    bool plain = momentum > 0 && (dampening < 0 || spec->value[dampening] == 0);
    return status ? status : set_unless_given(spec, l->ctx, "nesterov", plain);
}

/* Whether the option says that the training's setting of its name is meant for it: lion's beta2 is
 * another number, with another default. */
static bool is_setting(const ad_optimizer_spec *spec, const char *name)
{
    int at = ad_optimizer_spec_option(spec, name);
    return at >= 0 && spec->kind->options[at].setting;
}

/* The settings that say what an optimizer's text leaves open, and which optimizer. */
enum { OPTIMIZER, RATE, DECAY, MOMENTUM, BETA2, TAKEN };
static const char *const taken_names[TAKEN] = {"optimizer", "lr", "weight-decay", "momentum",
                                               "beta2"};

/* Of a player with a text of its own that is the rate alone. */
static bool takes(const ad_player *player, const ad_optimizer_spec *spec, int setting)
{
    if (setting == OPTIMIZER) return !player->optimizer;
    int at = ad_optimizer_spec_option(spec, taken_names[setting]);
    if (at < 0 || spec->given[at]) return false;
    if (setting == RATE) return true;
    bool meant = setting == DECAY || is_setting(spec, taken_names[setting]);
    return meant && !player->optimizer;
}

static ad_status choose_optimizer(ad_loop *l, const ad_player *player, ad_optimizer_spec *spec)
{
    const ad_train_settings *s = l->s;
    const double value[TAKEN] = {[RATE] = s->lr, [DECAY] = s->weight_decay, [BETA2] = s->beta2};
    const char *text = player->optimizer ? player->optimizer : s->optimizer;
    ad_status status = ad_optimizer_spec_parse(spec, l->ctx, text);
    for (int i = 0; i < TAKEN && !status; ++i) {
        if (!takes(player, spec, i)) continue;
        l->taken |= 1u << i;
        if (i != OPTIMIZER && i != MOMENTUM)
            status = ad_optimizer_spec_set(spec, l->ctx, taken_names[i], value[i]);
    }
    if (!status && !player->optimizer && is_setting(spec, "momentum"))
        status = choose_momentum(l, spec);
    return status;
}

/* A setting that was given and that no optimizer takes. */
static void say_unused(const ad_loop *l)
{
    const ad_player *player = l->t->players;
    const char *text = player->optimizer ? player->optimizer : l->s->optimizer;
    for (int i = 0; i < TAKEN; ++i) {
        if (l->taken >> i & 1 || !ad_run_is_changed(l->run->options.settings, taken_names[i]))
            continue;
        if (l->t->player_count > 1)
            ad_watch_note(l->watcher, "--%s is not used; players have optimizers of their own",
                          taken_names[i]);
        else
            ad_watch_note(l->watcher, "--%s is not used; the optimizer is %s", taken_names[i],
                          text);
    }
}

static int count_names(const char *const *names)
{
    int count = 0;
    while (names[count]) ++count;
    return count;
}

static ad_status make_optimizer(ad_loop *l, int index)
{
    const ad_player *player = &l->t->players[index];
    ad_loop_player *p = &l->players[index];
    ad_optimizer_spec spec;
    ad_status status = choose_optimizer(l, player, &spec);
    if (status) return status;
    p->peak = spec.value[ad_optimizer_spec_option(&spec, "lr")];
    if (!(p->optimizer = ad_optimizer_make(l->t->vars, NULL, &spec)))
        return ad_error_status(l->ctx);
    status = ad_optimizer_set_rates(p->optimizer, player->rates, player->rate_count);
    if (status || !player->trains) return status;
    return ad_optimizer_select_under(p->optimizer, player->trains, count_names(player->trains));
}

/* ---- programs ---- */

/* The program of a step (`effects`: one node a player), or of the batches before its last. */
static ad_status compile(ad_loop *l, const ad_turn *turn, ad_node *const *effects,
                         ad_program **program)
{
    const ad_player *players = l->t->players + turn->first;
    int count = 0;
    size_t most = 0;
    for (int i = 0; i < turn->count; ++i)
        most += 2 + (size_t)players[i].metric_count + (size_t)players[i].update_count;
    ad_node **outputs = ad_alloc(l->ctx, most * sizeof *outputs);
    if (!outputs) return AD_ERROR_MEMORY;
    for (int i = 0; i < turn->count; ++i) {
        const ad_player *p = &players[i];
        outputs[count++] = effects[i];
        outputs[count++] = p->loss;
        for (int k = 0; k < p->metric_count; ++k) outputs[count++] = p->metrics[k].node;
        for (int k = 0; k < p->update_count; ++k) outputs[count++] = p->updates[k];
    }
    ad_compile_options options = {.precision = l->s->precision == 1 ? AD_PRECISION_BF16
                                                                    : AD_PRECISION_F32,
                                  .memory_limit = (size_t)l->s->memory_limit};
    ad_status status = ad_compile(program, l->ctx, outputs, count, &options);
    ad_free(l->ctx, outputs, most * sizeof *outputs);
    return status;
}

static ad_status make_turn(ad_loop *l, ad_turn *turn)
{
    size_t bytes = 2 * (size_t)turn->count * sizeof(ad_node *);
    ad_node **effects = ad_alloc(l->ctx, bytes);
    if (!effects) return AD_ERROR_MEMORY;
    ad_node **collects = effects + turn->count;
    for (int i = 0; i < turn->count; ++i) {
        const ad_player *player = &l->t->players[turn->first + i];
        ad_minimize_nodes nodes = ad_minimize_with(
            l->players[turn->first + i].optimizer, player->loss,
            (ad_minimize_options){.max_norm = l->s->clip,
                                  .accumulate = (int)l->s->accumulate,
                                  .decay_matrices = !player->decay_all});
        effects[i] = nodes.step;
        collects[i] = nodes.collect;
    }
    ad_status status = compile(l, turn, effects, &turn->step);
    if (!status && collects[0]) status = compile(l, turn, collects, &turn->collect);
    ad_free(l->ctx, effects, bytes);
    return status;
}

/* Players in a row that are `together` share a turn. */
static ad_status find_turns(ad_loop *l)
{
    const ad_training *t = l->t;
    for (int i = 0; i < t->player_count; ++i) {
        int64_t every = t->players[i].every > 0 ? t->players[i].every : 1;
        if (!t->players[i].together) {
            l->turns[l->turn_count++] = (ad_turn){.first = i, .count = 1, .every = every};
            continue;
        }
        ad_turn *last = &l->turns[l->turn_count - 1];
        if (last->every != every)
            return ad_fail(l->ctx, AD_ERROR_ARGUMENT,
                           "%s: is trained together with the player before it, but every %lld "
                           "steps instead of every %lld",
                           t->players[i].name, (long long)every, (long long)last->every);
        ++last->count;
    }
    return AD_OK;
}

ad_status ad_loop_make_players(ad_loop *l)
{
    const ad_training *t = l->t;
    size_t count = (size_t)t->player_count;
    l->players = ad_zalloc(l->ctx, count * sizeof *l->players);
    l->turns = ad_zalloc(l->ctx, count * sizeof *l->turns);
    if (!l->players || !l->turns) return AD_ERROR_MEMORY;
    ad_status status = find_turns(l);
    for (int i = 0; i < t->player_count && !status; ++i) status = make_optimizer(l, i);
    if (!status) say_unused(l);
    for (int i = 0; i < l->turn_count && !status; ++i) status = make_turn(l, &l->turns[i]);
    return status;
}

void ad_loop_free_players(ad_loop *l)
{
    size_t count = (size_t)l->t->player_count;
    for (int i = 0; l->turns && i < l->turn_count; ++i) {
        ad_program_free(l->turns[i].collect);
        ad_program_free(l->turns[i].step);
    }
    for (int i = 0; l->players && i < l->t->player_count; ++i)
        ad_optimizer_free(l->players[i].optimizer);
    if (l->turns) ad_free(l->ctx, l->turns, count * sizeof *l->turns);
    if (l->players) ad_free(l->ctx, l->players, count * sizeof *l->players);
    l->turns = NULL;
    l->players = NULL;
}

/* ---- a step ---- */

/* Losses and metrics of one batch into the sums; false: a loss is not finite. */
static bool add_up(ad_loop *l, const ad_turn *turn, const ad_program *program)
{
    const double share = 1 / (double)l->s->accumulate;
    for (int i = turn->first; i < turn->first + turn->count; ++i) {
        const ad_player *p = &l->t->players[i];
        double *sum = l->values + l->players[i].sums;
        double loss = ad_result_scalar(program, p->loss);
        if (!isfinite(loss)) {
            l->lost = loss;
            l->lost_by = i;
            return false;
        }
        sum[0] += loss * share;
        for (int m = 0; m < p->metric_count; ++m)
            sum[1 + m] += ad_result_scalar(program, p->metrics[m].node) * share;
    }
    return true;
}

/* The step of one turn. The schedule is that of the settings; a player with a rate of its own moves
 * in the same proportion. */
static bool run_turn(ad_loop *l, const ad_turn *turn, bool check, ad_status *status)
{
    const ad_training *t = l->t;
    double rate = ad_schedule_rate(&l->schedule, ad_loop_at(l));
    for (int i = turn->first; i < turn->first + turn->count && !*status; ++i) {
        double peak = l->players[i].peak, shared = l->schedule.peak;
        double lr = peak == shared ? rate : shared > 0 ? peak * (rate / shared) : peak;
        *status = ad_optimizer_set_lr(l->players[i].optimizer, lr);
    }
    int64_t first = l->counters.step / turn->every * l->s->accumulate;
    for (int64_t i = 0; i < l->s->accumulate && !*status; ++i) {
        ad_program *program = i + 1 < l->s->accumulate ? turn->collect : turn->step;
        *status = t->batch(t->user, turn->first, program, first + i);
        if (!*status) *status = check ? ad_run_checked(program) : ad_run(program);
        if (!*status && !add_up(l, turn, program)) return false;
    }
    for (int i = turn->first; i < turn->first + turn->count; ++i) ++l->players[i].summed;
    return !*status;
}

bool ad_loop_step(ad_loop *l, bool check, ad_status *status)
{
    *status = l->t->before ? l->t->before(l->t->user, l->counters.step) : AD_OK;
    if (*status) return false;
    for (int i = 0; i < l->turn_count; ++i)
        if ((l->counters.step + 1) % l->turns[i].every == 0 &&
            !run_turn(l, &l->turns[i], check, status))
            return false;
    ++l->counters.step;
    if (l->average) *status = ad_average_update(l->average);
    return !*status;
}

/* ---- means ---- */

void ad_loop_means(const ad_loop *l, ad_metrics *metrics)
{
    char name[128];
    for (int i = 0; i < l->t->player_count; ++i) {
        const ad_player *p = &l->t->players[i];
        const double *sum = l->values + l->players[i].sums;
        double n = (double)l->players[i].summed;
        if (n <= 0) continue;
        ad_metrics_add(metrics, ad_player_metric(l->t, i, "loss", name, sizeof name), sum[0] / n);
        for (int m = 0; m < p->metric_count; ++m)
            ad_metrics_add(metrics,
                           ad_player_metric(l->t, i, p->metrics[m].name, name, sizeof name),
                           sum[1 + m] / n);
    }
}

void ad_loop_clear_sums(ad_loop *l)
{
    for (int i = SUMS; i < l->value_count; ++i) l->values[i] = 0;
    for (int i = 0; i < l->t->player_count; ++i) l->players[i].summed = 0;
}
