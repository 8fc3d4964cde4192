/* select.c - which solver takes a problem: the one of the lowest bid. */
#include "plan/plan.h"

#include <math.h>

/* What a matmul or convolution does with each finished piece of its result, whoever solves it: the
 * chain's steps, its other operands, and the results. */
static double finish_seconds(const ad_problem *problem, const ad_machine *machine)
{
    const ad_operand *out = &problem->out[0];
    double bytes = 0, steps = problem->chain ? ad_chain_work(problem->chain) : 0,
           count = (double)ad_operand_count(out);
    for (int i = 2; i < problem->n_in; ++i) bytes += ad_operand_bytes(&problem->in[i]);
    for (int i = 0; i < problem->n_out; ++i) bytes += ad_operand_bytes(&problem->out[i]);
    double rows = count / fmax(1, (double)out->dim[out->rank - 1]);
    return fmax(ad_scattered_seconds(machine, bytes), (count + 16 * rows) * steps / machine->steps);
}

double ad_solver_bid(const ad_plan *plan, const ad_solver *solver, const ad_problem *problem)
{
    /* All bid for one core: another number of threads must not mean another algorithm, whose
     * results would be other bits. */
    ad_machine core = plan->device.machine;
    core.threads = 1, core.overhead = 0;
    if (solver->transforms && plan->options && plan->options->direct) return -1;
    double seconds = solver->bid(problem, &core);
    return seconds < 0 || !ad_problem_contracts(problem) ? seconds
                                                         : seconds + finish_seconds(problem, &core);
}

/* For one thread: see ad_solver_bid. */
static size_t workspace_bytes(const ad_solver *solver, const ad_problem *problem)
{
    ad_problem alone = *problem;
    alone.threads = 1;
    return solver->workspace ? solver->workspace(&alone) : 0;
}

double ad_best_bid(const ad_plan *plan, const ad_problem *problem, const ad_solver **solver)
{
    int count = 0;
    const ad_solver *const *solvers = plan->device.solvers(&plan->device, problem->op, &count);
    double best = -1;
    size_t best_room = 0;
    for (int i = 0; i < count; ++i) {
        double seconds = ad_solver_bid(plan, solvers[i], problem);
        if (seconds < 0) continue;
        size_t room = plan->small ? workspace_bytes(solvers[i], problem) : 0;
        bool better = room != best_room ? room < best_room : seconds < best;
        if (best >= 0 && !better) continue;
        best = seconds, best_room = room;
        if (solver) *solver = solvers[i];
    }
    return best;
}

double ad_device_bid(const ad_device *device, const ad_problem *problem)
{
    ad_plan plan = {.device = *device};
    return ad_best_bid(&plan, problem, NULL);
}
