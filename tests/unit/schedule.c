/* schedule.c - the learning rate at each step, against PyTorch's schedulers
 * (tests/oracle/schedules.py). */
#include "fixture.h"
#include "train/lr_schedule.h"

enum { STEPS = 100, WARM = 10 };

static void agrees(const char *name, ad_schedule s)
{
    fixture f;
    ad_context *ctx = ad_context_new(NULL);
    s.steps = STEPS;
    REQUIRE(fixture_open(&f, ctx, "tests/fixtures/schedules.safetensors"));
    ad_tensor want = fixture_get(&f, "%s", name);
    REQUIRE(want.data && want.dtype == AD_F64 && want.shape.dim[0] == STEPS);
    for (int step = 0; step < STEPS; ++step) {
        double got = ad_schedule_rate(&s, step), rate = ((double *)want.data)[step];
        if (!(fabs(got - rate) <= 1e-12)) CHECK_FAIL("%s: step %d: %.17g", name, step, got);
    }
    fixture_close(&f);
    ad_context_free(ctx);
}

static void step(void)
{
    agrees("step", (ad_schedule){AD_SCHEDULE_STEP, .peak = 0.5});
}

static void cosine(void)
{
    agrees("cosine", (ad_schedule){AD_SCHEDULE_COSINE, .peak = 0.5, .least = 0.05, .warmup = WARM});
}

static void one_cycle(void)
{
    agrees("one_cycle", (ad_schedule){AD_SCHEDULE_ONE_CYCLE, .peak = 0.5});
}

static void inverse_sqrt(void)
{
    agrees("inverse_sqrt", (ad_schedule){AD_SCHEDULE_INVERSE_SQRT, .peak = 0.5, .warmup = WARM});
}

/* Whatever the numbers of steps, also none: a rate from 0 to the peak. */
static void any_length(void)
{
    for (int kind = AD_SCHEDULE_CONSTANT; kind <= AD_SCHEDULE_INVERSE_SQRT; ++kind)
        for (int64_t steps = 0; steps < 12; ++steps)
            for (int64_t warmup = 0; warmup <= steps + 2; ++warmup) {
                ad_schedule s = {(ad_schedule_kind)kind, 0.5, 0.01, warmup, steps};
                for (int64_t at = 0; at <= steps + 1; ++at) {
                    double rate = ad_schedule_rate(&s, at);
                    if (!(rate >= 0 && rate <= 0.5 + 1e-12))
                        CHECK_FAIL("kind %d, %d steps, %d of warm-up: %g at %d", kind, (int)steps,
                                   (int)warmup, rate, (int)at);
                }
            }
}

static const check_case cases[] = {CASE(step),         CASE(cosine),     CASE(one_cycle),
                                   CASE(inverse_sqrt), CASE(any_length), {0}};

int main(int argc, char **argv)
{
    return check_main(argc, argv, cases);
}
