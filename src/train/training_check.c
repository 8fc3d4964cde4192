/* training_check.c - what a system says of its training, looked at before anything is made of it:
 * what must be there, and names, which become those of tensors and files. */
#include "train/train_loop.h"

#include <string.h>

enum { NAME_MOST = 64 };

/* Letters, digits, '-' and '_'. */
static bool is_name(const char *name)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
    size_t length = name ? strspn(name, allowed) : 0;
    return length && length <= NAME_MOST && !name[length];
}

static ad_status check_name(ad_context *ctx, const char *whose, const char *name)
{
    if (is_name(name)) return AD_OK;
    return ad_fail(ctx, AD_ERROR_ARGUMENT,
                   "the name of %s is %s%.80s%s, expected 1 to %d letters, digits, '-' and '_'",
                   whose, name ? "\"" : "", name ? name : "missing", name ? "\"" : "", NAME_MOST);
}

static ad_status twice(ad_context *ctx, const char *what, const char *name)
{
    return ad_fail(ctx, AD_ERROR_ARGUMENT, "two %s are called \"%s\"", what, name);
}

/* In metrics.jsonl each name is a key of the line that holds the loop's own. */
static ad_status check_metrics(ad_context *ctx, const ad_player *p)
{
    static const char *const taken[] = {"step", "epoch", "seconds", "loss", "lr"};
    for (int m = 0; m < p->metric_count; ++m) {
        const char *name = p->metrics[m].name;
        for (size_t i = 0; i < sizeof taken / sizeof *taken; ++i)
            if (!strcmp(name, taken[i]))
                return ad_fail(ctx, AD_ERROR_ARGUMENT, "no metric may be called \"%s\"", name);
        for (int i = 0; i < m; ++i)
            if (!strcmp(p->metrics[i].name, name)) return twice(ctx, "metrics", name);
    }
    return AD_OK;
}

static ad_status check_player(ad_context *ctx, const ad_training *t, int index)
{
    const ad_player *p = &t->players[index];
    const char *name = t->player_count > 1 ? p->name : "the player";
    if (t->player_count > 1) {
        ad_status status = check_name(ctx, "a player", name);
        if (status) return status;
    }
    for (int i = 0; i < index; ++i)
        if (!strcmp(t->players[i].name, name)) return twice(ctx, "players", name);
    if (!p->loss) return ad_fail(ctx, AD_ERROR_ARGUMENT, "%s: has no loss", name);
    if (p->every < 0)
        return ad_fail(ctx, AD_ERROR_ARGUMENT, "%s: every %lld steps, expected 1 or more", name,
                       (long long)p->every);
    if (p->trains && !p->trains[0])
        return ad_fail(ctx, AD_ERROR_ARGUMENT, "%s: trains an empty list of parameters", name);
    if (p->together && !index)
        return ad_fail(ctx, AD_ERROR_ARGUMENT,
                       "%s: is trained together with the player before it, but is the first", name);
    return check_metrics(ctx, p);
}

static ad_status check_store(ad_context *ctx, const ad_training *t, int index)
{
    /* what the loop itself keeps under "train." */
    static const char *const taken[] = {"optimizer", "average", "state", "file"};
    const ad_train_store *s = &t->stores[index];
    ad_status status = check_name(ctx, "a store", s->name);
    for (int i = 0; i < index && !status; ++i)
        if (!strcmp(t->stores[i].name, s->name)) status = twice(ctx, "stores", s->name);
    for (size_t i = 0; i < sizeof taken / sizeof *taken && !status; ++i)
        if (!strcmp(taken[i], s->name))
            status = ad_fail(ctx, AD_ERROR_ARGUMENT, "no store may be called \"%s\"", s->name);
    if (!status && !s->vars)
        status = ad_fail(ctx, AD_ERROR_ARGUMENT, "the store \"%s\" is missing", s->name);
    return status;
}

static ad_status check_state(ad_context *ctx, const ad_training *t, int index)
{
    const ad_train_state *s = &t->states[index];
    ad_status status = check_name(ctx, "a state", s->name);
    for (int i = 0; i < index && !status; ++i)
        if (!strcmp(t->states[i].name, s->name)) status = twice(ctx, "states", s->name);
    if (!status && (!s->save || !s->load))
        status = ad_fail(ctx, AD_ERROR_ARGUMENT, "the state \"%s\" has no function that %s it",
                         s->name, s->save ? "loads" : "saves");
    return status;
}

ad_status ad_loop_check_training(ad_context *ctx, const ad_training *t)
{
    if (t->player_count < 1) return ad_fail(ctx, AD_ERROR_ARGUMENT, "the training has no player");
    if (!t->batch)
        return ad_fail(ctx, AD_ERROR_ARGUMENT, "the training has no function that binds a batch");
    if (!t->counted != !t->count)
        return ad_fail(ctx, AD_ERROR_ARGUMENT, "the training says %s",
                       t->counted ? "what its length is counted in, but not how to count it"
                                  : "how to count its length, but not what is counted");
    ad_status status = AD_OK;
    for (int i = 0; i < t->player_count && !status; ++i) status = check_player(ctx, t, i);
    for (int i = 0; i < t->store_count && !status; ++i) status = check_store(ctx, t, i);
    for (int i = 0; i < t->state_count && !status; ++i) status = check_state(ctx, t, i);
    return status;
}
