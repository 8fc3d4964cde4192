/* rates.c - what processors are taken to sustain: by their kind alone, and in a sane order. */
#include "check.h"

#include "base/cpu_kinds.h"
#include "device/cpu/rates.h"

static bool sane(const ad_machine *m)
{
    return m->flops_f32 > 1e9 && m->flops_f32 < 1e12 && m->flops_f64 > 0 && m->flops_bf16 > 0 &&
           m->steps > 1e8 && m->steps < m->flops_f32 && m->bandwidth > 1e9 &&
           m->cache_bandwidth > m->bandwidth && m->cache >= 1e6 && m->call > 0 && m->call < 1e-5;
}

static void every_kind_is_sane(void)
{
    static const ad_cpu kinds[] = {{.vendor = AD_VENDOR_OTHER, .isa = AD_ISAS - 1},
                                   {.vendor = AD_VENDOR_AMD, .family = 0x17, .isa = 1},
                                   {.vendor = AD_VENDOR_AMD, .family = 0x19, .isa = 1},
                                   {.vendor = AD_VENDOR_AMD, .family = 0x19, .isa = AD_ISAS - 1},
                                   {.vendor = AD_VENDOR_AMD, .family = 0x1a, .isa = AD_ISAS - 1},
                                   {.vendor = AD_VENDOR_INTEL, .family = 6, .isa = AD_ISAS - 1}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; ++i) {
        double before = 0;
        const ad_cpu_kind *kind = ad_cpu_kind_of(&kinds[i]);
        CHECK(kind->name);
        for (int stream = AD_STREAM_NONE + 1; stream < AD_STREAMS; ++stream)
            CHECK(kind->fetch[stream].ahead > 0 && kind->fetch[stream].ahead % 64 == 0);
        for (int isa = 0; isa <= (int)kinds[i].isa && isa < AD_ISAS; ++isa) {
            ad_machine one = ad_cpu_rates(&kinds[i], isa, 1), two = ad_cpu_rates(&kinds[i], isa, 2);
            CHECK(sane(&one));
            CHECK(one.flops_f32 >= before); /* a wider set is not slower */
            CHECK(one.overhead == 0 && two.overhead > 0);
            /* of one core: the same choices whatever the number of threads */
            CHECK(one.flops_f32 == two.flops_f32 && one.bandwidth == two.bandwidth);
            before = one.flops_f32;
        }
    }
}

#if defined(__x86_64__)
static void kinds_differ(void)
{
    ad_cpu cpu = {.vendor = AD_VENDOR_AMD, .family = 0x1a, .isa = AD_ISA_AVX512BF16};
    ad_machine zen5 = ad_cpu_rates(&cpu, AD_ISA_AVX512BF16, 1);
    cpu.family = 0x19;
    ad_machine zen4 = ad_cpu_rates(&cpu, AD_ISA_AVX512BF16, 1);
    CHECK(zen5.flops_f32 > 1.5 * zen4.flops_f32);
    cpu = (ad_cpu){.vendor = AD_VENDOR_INTEL, .family = 6, .isa = AD_ISA_AVX512BF16};
    ad_machine plain = ad_cpu_rates(&cpu, AD_ISA_AVX512BF16, 1);
    cpu.amx = true;
    ad_machine amx = ad_cpu_rates(&cpu, AD_ISA_AVX512BF16, 1);
    CHECK(amx.flops_bf16 > 3 * plain.flops_bf16);
    CHECK(plain.flops_bf16 == plain.flops_f32); /* it widens while packing */
    CHECK(ad_cpu_rates(&cpu, AD_ISA_AVX2, 1).flops_bf16 < amx.flops_bf16 / 10);
}
#else
static void kinds_differ(void)
{
    ad_machine scalar = ad_cpu_rates(ad_cpu_get(), AD_ISA_SCALAR, 1),
               best = ad_cpu_rates(ad_cpu_get(), AD_ISAS - 1, 1);
    CHECK(best.flops_f32 >= scalar.flops_f32);
}
#endif

int main(int argc, char **argv)
{
    return check_main(argc, argv,
                      (check_case[]){CASE(every_kind_is_sane), CASE(kinds_differ), {0}});
}
