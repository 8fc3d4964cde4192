/* cpu_device.c - the CPU's table of solvers and its figures. */
#include "solve.h"

/* That those with a decomposition kept theirs is seen by tests/kernels. */
static bool needs_solver(int op)
{
    if (ad_ops[op].decompose) return false;
    switch (ad_ops[op].klass) {
    case AD_CLASS_REDUCE:
    case AD_CLASS_CONTRACT:
    case AD_CLASS_KERNEL: return true;
    default: return op == AD_OP_PAD;
    }
}

static void every_op_can_run(void)
{
    solve_device d;
    for (int isa = 0; solve_open(&d, isa, 1); solve_close(&d), ++isa) {
        for (int op = 0; op <= AD_OP_CHAIN; ++op) {
            int count = -1;
            const ad_solver *const *solvers = d.device.solvers(&d.device, op, &count);
            if (count < 1 && (op == AD_OP_CHAIN || needs_solver(op)))
                CHECK_FAIL("%s has no solver in src/device/cpu/solvers.def, and no decomposition",
                           op < AD_OPS ? ad_ops[op].name : "a chain");
            for (int i = 0; i < count; ++i) {
                CHECK_INT(solvers[i]->op, op); /* the row in solvers.def says the same */
                CHECK(solvers[i]->name && solvers[i]->bid && solvers[i]->run);
            }
        }
    }
}

static void figures_grow_with_the_machine(void)
{
    solve_device one, two;
    for (int isa = 0; solve_open(&one, isa, 1); ++isa) {
        REQUIRE(solve_open(&two, isa, 2));
        CHECK(one.device.machine.flops_f32 > 1e9 && one.device.machine.flops_f64 > 1e9);
        CHECK(one.device.machine.overhead == 0 && two.device.machine.overhead > 0);
        CHECK(two.device.machine.bandwidth == one.device.machine.bandwidth); /* of one core */
        CHECK_INT(two.device.machine.threads, 2);
#if defined(__aarch64__)
        CHECK(!one.device.bf16);
#else
        CHECK(one.device.bf16 == (isa == AD_ISA_AVX512BF16));
#endif
        solve_close(&one), solve_close(&two);
    }
}

int main(int argc, char **argv)
{
    return check_main(
        argc, argv,
        (check_case[]){CASE(every_op_can_run), CASE(figures_grow_with_the_machine), {0}});
}
