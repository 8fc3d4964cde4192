/* updates.c - what a step of several players does besides moving weights: running statistics, and
 * the random numbers' state, without which every step would draw the same ones. */
#include "graph/node.h"
#include "ops/attrs.h"
#include "system/job.h"

#include <string.h>

/* Whether `node`, one assign or several joined, assigns a variable that `update` assigns. */
static bool overlaps(const ad_node *node, const ad_node *update)
{
    if (ad_node_poisoned(node) || ad_node_poisoned(update)) return false;
    if (node->op == AD_OP_JOIN) {
        for (int i = 0; i < node->n_inputs; ++i)
            if (overlaps(node->inputs[i], update)) return true;
        return false;
    }
    if (update->op == AD_OP_JOIN) return overlaps(update, node);
    if (node->op != AD_OP_ASSIGN || update->op != AD_OP_ASSIGN) return false;
    const ad_attr_variable *a = node->attr, *b = update->attr;
    return a->variable == b->variable;
}

static bool is_given(const ad_forward *f, const ad_node *update)
{
    for (int i = 0; i < f->player_count; ++i)
        for (int k = 0; k < f->players[i].update_count; ++k)
            if (overlaps(f->players[i].updates[k], update)) return true;
    return false;
}

/* The first of those who are trained the most often. */
static int busiest(const ad_forward *f)
{
    int best = 0;
    for (int i = 1; i < f->player_count; ++i) {
        int64_t every = f->players[i].every, least = f->players[best].every;
        if ((every > 1 ? every : 1) < (least > 1 ? least : 1)) best = i;
    }
    return best;
}

ad_status ad_job_players(ad_job *job, const ad_player **players)
{
    const ad_forward *f = &job->training;
    const ad_mode *mode = f->mode;
    ad_player *own = ad_job_array(job, f->player_count, sizeof *own);
    const int at = busiest(f);
    const int before = f->players[at].update_count;
    ad_node **updates = ad_job_array(job, before + mode->update_count, sizeof(ad_node *));
    if (!own || !updates) return AD_ERROR_MEMORY;
    memcpy(own, f->players, (size_t)f->player_count * sizeof *own);
    if (before) memcpy(updates, own[at].updates, (size_t)before * sizeof(ad_node *));
    own[at].updates = updates;
    for (int i = 0; i < mode->update_count; ++i)
        if (!is_given(f, mode->updates[i])) updates[own[at].update_count++] = mode->updates[i];
    *players = own;
    return AD_OK;
}
