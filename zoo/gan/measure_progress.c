/* measure_progress.c - how far a measurement is: its parts by what they cost, roughly, so that the
 * time that is left can be told. */
#include "zoo/gan/measure.h"

#include <math.h>

static const double products_a_second = 3e10;

double gan_pairs_cost(int64_t a, int64_t b, int64_t width)
{
    return 2 * (double)a * (double)b * (double)width / products_a_second;
}

void gan_part(gan_measure *e, const char *part, double seconds, int passes)
{
    gan_measuring *p = &e->progress;
    p->done += p->cost;
    p->part = part, p->cost = seconds, p->passes = passes, p->pass = 0, p->fraction = 0;
}

/* What is told of its own steps becomes a share of the whole. */
static void tell(void *user, const ad_progress *told)
{
    gan_measuring *p = user;
    double fraction = told->steps ? (double)told->step / (double)told->steps : 0;
    if (fraction < p->fraction && p->pass < p->passes - 1) ++p->pass;
    p->fraction = fraction;
    ad_progress whole = *told;
    whole.part = p->part, whole.whole = p->whole;
    whole.done = p->done + p->cost * (p->pass + fraction) / p->passes;
    if (whole.done > whole.whole) whole.done = whole.whole;
    if (p->watcher.progress) p->watcher.progress(p->watcher.user, &whole);
}

static bool asked_to_end(void *user)
{
    return ad_watch_interrupted(&((const gan_measuring *)user)->watcher);
}

/* Rough figures, for the time that is left. */
double gan_cost_of_looking(const gan_looker *l, int64_t count)
{
    return ad_program_get_stats(l->program).seconds * (double)count / (double)l->rows;
}

static double cost_of_distances(const gan_measure *e)
{
    int64_t width = e->looker.width, r = e->real.count, m = e->made.count;
    return gan_pairs_cost(r, r, width) + gan_pairs_cost(m, m, width) + gan_pairs_cost(m, r, width);
}

double gan_cost_of_kernel(const gan_measure *e)
{
    int64_t size = gan_least(1000, gan_least(e->real.count, e->made.count) / 2);
    return 300 * gan_pairs_cost(size, size, e->looker.width);
}

double gan_cost_of_frechet(const gan_measure *e)
{
    double n = (double)e->looker.width, rank = fmin(n, (double)e->made.count);
    return 2e-11 * n * n * (double)(e->real.count + e->made.count) + 1e-9 * rank * rank * rank;
}

void gan_plan_progress(gan_measure *e)
{
    gan_measuring *p = &e->progress;
    const gan_model *m = e->job->model;
    int64_t both = e->real.count + e->made.count, values = m->height * m->breadth * m->channels;
    *p = (gan_measuring){.watcher = e->watcher};
    p->relay = (ad_watcher){.progress = tell, .interrupted = asked_to_end, .user = p};
    p->whole = gan_cost_of_looking(&e->looker, both) + cost_of_distances(e) +
               gan_cost_of_kernel(e) + gan_cost_of_frechet(e) +
               gan_pairs_cost(e->made.count, e->real.count, e->looker.width);
    if (e->judge && e->judge != &e->looker) p->whole += gan_cost_of_looking(e->judge, both);
    if (e->training) p->whole += 2 * gan_pairs_cost(e->made.count, e->training->count, values);
    if (e->unseen && e->unseen->count)
        p->whole += 2 * gan_pairs_cost(gan_least(e->unseen->count, GAN_UNSEEN_MOST),
                                       e->training->count, values);
    else if (e->training)
        p->whole += 2 * gan_pairs_cost(gan_least(e->training->count / 2, GAN_UNSEEN_MOST),
                                       e->training->count / 2, values);
}
