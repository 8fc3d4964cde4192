/* Every device of the table that this machine has: it says what it is, trains small networks as the
 * scalar CPU does, and gives the same bits each time, on any number of threads and under a memory
 * limit. What a device declines is no failure, but the perceptron it has to train. */
#include "small_trainings.h"

static ad_context *open_context(int threads, const char *isa)
{
    return ad_context_new(&(ad_context_options){.threads = threads, .isa = isa});
}

/* Whether the device is here, which *runs says more of. */
static bool open_device(int kind, bool *runs)
{
    ad_context *ctx = open_context(2, NULL);
    ad_device device;
    ad_status status = ad_device_open(&device, ctx, kind);
    if (status && status != AD_ERROR_UNSUPPORTED)
        CHECK_FAIL("%s: %s", ad_device_name(kind), ad_error(ctx));
    *runs = !status && device.runs;
    ad_context_free(ctx);
    return !status;
}

static void the_table_is_whole(void)
{
    ad_context *ctx = open_context(1, NULL);
    ad_device device;
    int kinds = 0;
    for (; ad_device_name(kinds); ++kinds) {
        for (int other = 0; other < kinds; ++other)
            CHECK(strcmp(ad_device_name(other), ad_device_name(kinds)) != 0);
        if (ad_device_open(&device, ctx, kinds)) continue;
        CHECK_TEXT(device.name, ad_device_name(kinds));
        CHECK(device.solvers && device.machine.bandwidth > 0 && device.machine.flops_f32 > 0);
    }
    CHECK(kinds > AD_DEVICE_NULL);
    CHECK_TEXT(ad_device_name(AD_DEVICE_CPU), "cpu");
    CHECK(!ad_device_name(-1));
    CHECK_INT(ad_device_open(&device, ctx, kinds), AD_ERROR_ARGUMENT);
    CHECK_CONTAINS(ad_error(ctx), "there is no device number");
    ad_context_free(ctx);
}

/* ---- programs ---- */

static void append(void *user, const char *text, size_t length)
{
    char *at = user;
    strncat(at, text, length < 255 - strlen(at) ? length : 255 - strlen(at));
}

static const char *wanted;         /* the name that a program's explanation has to give */
static const ad_solver *known[64]; /* those of the program before */
static int n_known, n_strange;     /* how many there were, and how many others there are now */

static void names_its_device(ad_program *program)
{
    for (int stage = AD_STAGE_KERNELS; stage <= AD_STAGE_PROGRAM; ++stage) {
        char text[256] = "", line[64];
        snprintf(line, sizeof line, "device: %s", wanted);
        CHECK_INT(ad_explain(program, (ad_stage)stage, AD_TEXT, append, text), AD_OK);
        if (strncmp(text, line, strlen(line)) != 0)
            CHECK_FAIL("the explanation begins %.40s, not %s", text, line);
    }
}

/* Counts the solvers that are not known yet, and knows them from then on. */
static void look(ad_program *program)
{
    names_its_device(program);
    n_strange = 0;
    for (int k = 0; k < program->n_kernels; ++k) {
        int i = 0;
        while (i < n_known && known[i] != program->kernels[k]->solver) ++i;
        if (i < n_known) continue;
        REQUIRE(n_known < (int)(sizeof known / sizeof *known));
        known[n_known++] = program->kernels[k]->solver;
        ++n_strange;
    }
}

static ad_status train(int kind, int threads, size_t limit, const small_training *training,
                       small_outcome *outcome)
{
    ad_context *ctx = open_context(threads, NULL);
    ad_compile_options options = {.device = (ad_device_kind)kind, .memory_limit = limit};
    wanted = ad_device_name(kind);
    ad_status status = small_train(ctx, training, &options, outcome, look);
    if (status == AD_ERROR_UNSUPPORTED && kind != AD_DEVICE_CPU && training != small_trainings)
        CHECK_CONTAINS(ad_error(ctx), "device has no");
    else if (status && status != AD_ERROR_LIMIT)
        CHECK_FAIL("%s on %s: %s", training->name, wanted, ad_error(ctx));
    ad_context_free(ctx);
    return status;
}

static int n_limited; /* trainings in which values were made again by the same solvers */

static void compare(int kind, const small_training *training)
{
    static small_outcome want, got, again;
    char what[128];
    snprintf(what, sizeof what, "%s on %s", training->name, ad_device_name(kind));
    ad_context *scalar = open_context(1, "scalar");
    CHECK_INT(small_train(scalar, training, NULL, &want, NULL), AD_OK);
    ad_context_free(scalar);
    CHECK(want.count > 0 && want.loss[0] != want.loss[SMALL_STEPS - 1]);
    n_known = 0;
    if (train(kind, 1, 0, training, &got)) return;
    small_compare(what, &got, &want);
    for (int threads = 1; threads <= 3; threads += 2)
        if (train(kind, threads, 0, training, &again) || !small_same_bits(&got, &again))
            CHECK_FAIL("%s: other bits on %d threads", what, threads);
    size_t limit = got.stats.arena_bytes * 97 / 100;
    if (train(kind, 1, limit, training, &again)) return; /* there is nothing to spare */
    small_compare(what, &again, &got);
    /* values that are made again have the same bits; solvers of less workspace may round otherwise
     */
    if (!n_strange && !small_same_bits(&got, &again))
        CHECK_FAIL("%s: other bits under a memory limit of %zu", what, limit);
    n_limited += !n_strange && again.stats.kernels_again > 0;
}

static void devices_train(void)
{
    bool runs;
    for (int kind = 0; ad_device_name(kind); ++kind)
        for (int i = 0; i < SMALL_TRAININGS && open_device(kind, &runs) && runs; ++i)
            compare(kind, &small_trainings[i]);
    CHECK(n_limited > 0);
}

/* ---- devices that do not run ---- */

static void others_refuse(void)
{
    static small_outcome outcome;
    bool runs;
    int refused = 0;
    for (int kind = 0; ad_device_name(kind); ++kind) {
        if (!open_device(kind, &runs) || runs) continue;
        ad_context *ctx = open_context(1, NULL);
        ad_compile_options options = {.device = (ad_device_kind)kind};
        wanted = ad_device_name(kind);
        CHECK_INT(small_train(ctx, small_trainings, &options, &outcome, names_its_device),
                  AD_ERROR_UNSUPPORTED);
        CHECK_CONTAINS(ad_error(ctx), "plans programs but does not run them");
        CHECK(outcome.stats.kernels > 0);
        ad_context_free(ctx);
        ++refused;
    }
    CHECK(refused > 0);
}

int main(int argc, char **argv)
{
    return check_main(
        argc, argv,
        (check_case[]){CASE(the_table_is_whole), CASE(devices_train), CASE(others_refuse), {0}});
}
