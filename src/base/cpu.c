/* cpu.c - asks the processor (cpuid, xgetbv) and the operating system (caches, affinity) once.
 *
 * A vector extension counts only if the operating system saves its registers: cpuid alone lies
 * under kernels and hypervisors that do not. */
#define _GNU_SOURCE /* sched_getaffinity */
#include "base/cpu.h"
#include "base/cpu_kinds.h"

#include <ctype.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>
#if defined(__linux__)
#include <sched.h>
#include <sys/syscall.h>
#endif
#if defined(__x86_64__)
#include <cpuid.h>
#endif

static ad_cpu cpu;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static const char *const isa_names[AD_ISAS] = {
    [AD_ISA_SCALAR] = "scalar",
#if defined(__aarch64__)
    [AD_ISA_NEON] = "neon",
#else
    [AD_ISA_AVX2] = "avx2",
    [AD_ISA_AVX512] = "avx512",
    [AD_ISA_AVX512BF16] = "avx512 bf16",
#endif
};

#if defined(__x86_64__)
static uint64_t enabled_state(void)
{
    uint32_t low, high;
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (uint64_t)high << 32 | low;
}

static bool has(uint32_t bits, unsigned bit)
{
    return bits >> bit & 1;
}

static ad_isa find_isa(void)
{
    uint32_t a, b, c, d, b7, a71;
    if (!__get_cpuid(1, &a, &b, &c, &d)) return AD_ISA_SCALAR;
    if (!has(c, 27)) return AD_ISA_SCALAR; /* xgetbv may not be used */
    bool fma = has(c, 12), avx = has(c, 28), f16c = has(c, 29);
    uint64_t state = enabled_state();
    if (!__get_cpuid_count(7, 0, &a, &b7, &c, &d)) return AD_ISA_SCALAR;
    if (!__get_cpuid_count(7, 1, &a71, &b, &c, &d)) a71 = 0;
    if (!(avx && fma && f16c && has(b7, 5)) || (state & 0x6) != 0x6) return AD_ISA_SCALAR;
    /* f, dq, bw, vl; opmask and both halves of the zmm registers saved */
    if (!(has(b7, 16) && has(b7, 17) && has(b7, 30) && has(b7, 31)) || (state & 0xe6) != 0xe6)
        return AD_ISA_AVX2;
    return has(a71, 5) ? AD_ISA_AVX512BF16 : AD_ISA_AVX512;
}

static bool find_bf16_dot(void)
{
    return cpu.isa >= AD_ISA_AVX512BF16 && cpu.kind->bf16_dot;
}

/* Tiles are 8 KB of registers that Linux saves only for processes that ask (arch_prctl(2)). */
static bool find_amx(ad_isa isa)
{
#if defined(__linux__) && defined(SYS_arch_prctl)
    enum { REQUEST_PERMISSION = 0x1023, TILE_DATA = 18 };
    uint32_t a, b, c, d;
    if (isa < AD_ISA_AVX512BF16 || !__get_cpuid_count(7, 0, &a, &b, &c, &d)) return false;
    if (!has(d, 22) || !has(d, 24) || (enabled_state() & 0x60000) != 0x60000) return false;
    return syscall(SYS_arch_prctl, REQUEST_PERMISSION, TILE_DATA) == 0;
#else
    (void)isa;
    return false;
#endif
}

/* Extended family and model count where the plain ones are full (Intel's manual, CPUID 1). */
static void find_kind(ad_cpu *found)
{
    uint32_t a, b, c, d;
    if (!__get_cpuid(0, &a, &b, &c, &d)) return;
    if (b == signature_AMD_ebx && c == signature_AMD_ecx && d == signature_AMD_edx)
        found->vendor = AD_VENDOR_AMD;
    if (b == signature_INTEL_ebx && c == signature_INTEL_ecx && d == signature_INTEL_edx)
        found->vendor = AD_VENDOR_INTEL;
    if (!__get_cpuid(1, &a, &b, &c, &d)) return;
    found->family = (int)(a >> 8 & 15), found->number = (int)(a >> 4 & 15);
    if (found->family == 6 || found->family == 15) found->number += (int)(a >> 16 & 15) << 4;
    if (found->family == 15) found->family += (int)(a >> 20 & 255);
}

static void find_model(char model[64])
{
    uint32_t word[12];
    if ((uint32_t)__get_cpuid_max(0x80000000u, NULL) < 0x80000004u) return;
    for (uint32_t i = 0; i < 3; ++i)
        __get_cpuid(0x80000002u + i, &word[4 * i], &word[4 * i + 1], &word[4 * i + 2],
                    &word[4 * i + 3]);
    char text[sizeof word + 1] = {0};
    memcpy(text, word, sizeof word);
    const char *begin = text;
    while (isspace((unsigned char)*begin)) ++begin;
    size_t length = strlen(begin);
    while (length && isspace((unsigned char)begin[length - 1])) --length;
    if (length) {
        memcpy(model, begin, length);
        model[length] = 0;
    }
}
#else
static ad_isa find_isa(void)
{
#if defined(__aarch64__)
    return AD_ISA_NEON;
#else
    return AD_ISA_SCALAR;
#endif
}
static bool find_bf16_dot(void)
{
    return false;
}
static bool find_amx(ad_isa isa)
{
    return isa < AD_ISA_SCALAR;
}
static void find_model(char model[64])
{
    (void)model;
}
static void find_kind(ad_cpu *found)
{
    (void)found;
}
#endif

static int find_cores(void)
{
#if defined(__linux__)
    cpu_set_t set;
    if (!sched_getaffinity(0, sizeof set, &set) && CPU_COUNT(&set) > 0) return CPU_COUNT(&set);
#endif
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    return online > 0 ? (int)online : 1;
}

static size_t cache_bytes(int name, size_t guess)
{
    long bytes = name >= 0 ? sysconf(name) : 0;
    return bytes > 0 ? (size_t)bytes : guess;
}

static void fill(void)
{
    int l1 = -1, l2 = -1, l3 = -1;
#if defined(_SC_LEVEL1_DCACHE_SIZE)
    l1 = _SC_LEVEL1_DCACHE_SIZE, l2 = _SC_LEVEL2_CACHE_SIZE, l3 = _SC_LEVEL3_CACHE_SIZE;
#endif
    strcpy(cpu.model, "unknown");
    find_model(cpu.model);
    find_kind(&cpu);
    cpu.isa = find_isa();
    cpu.kind = ad_cpu_kind_of(&cpu);
    cpu.bf16_dot = find_bf16_dot();
    cpu.amx = find_amx(cpu.isa);
    cpu.cores = find_cores();
    cpu.l1 = cache_bytes(l1, 32 << 10);
    cpu.l2 = cache_bytes(l2, 512 << 10);
    cpu.l3 = cache_bytes(l3, 8 << 20);
}

const ad_cpu *ad_cpu_get(void)
{
    pthread_once(&once, fill);
    return &cpu;
}

const char *ad_isa_name(ad_isa isa)
{
    return (unsigned)isa < AD_ISAS ? isa_names[isa] : "unknown";
}

/* Blanks do not count, so that "avx512bf16" needs no quotes on a command line. */
static bool same_name(const char *a, const char *b)
{
    for (;; ++a, ++b) {
        while (*a == ' ') ++a;
        while (*b == ' ') ++b;
        if (tolower((unsigned char)*a) != *b) return false;
        if (!*a) return true;
    }
}

bool ad_isa_parse(const char *name, ad_isa *isa)
{
    for (int i = 0; i < AD_ISAS; ++i) {
        if (!same_name(name, isa_names[i])) continue;
        *isa = (ad_isa)i;
        return true;
    }
    return false;
}
