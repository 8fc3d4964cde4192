/* The pool runs every task exactly once, whatever the number of threads, and survives abuse. */
#include "base/pool.h"
#include "base/cpu.h"
#include "check.h"

#include <stdatomic.h>
#include <time.h>

typedef struct tally {
    _Atomic int hits[1000];
    _Atomic int workers_bad;
    int size;
} tally;

static void count_hit(void *user, int64_t index, int worker)
{
    tally *t = user;
    ++t->hits[index];
    if (worker < 0 || worker >= t->size) ++t->workers_bad;
}

static void runs_each_task_once(void)
{
    const int sizes[] = {1, 2, 3, 7, 16};
    for (int s = 0; s < 5; ++s) {
        ad_pool *pool = ad_pool_new(sizes[s]);
        REQUIRE(pool);
        CHECK_INT(ad_pool_size(pool), sizes[s]);
        for (int count = 0; count <= 1000; count += 1 + count / 3) {
            tally t = {.size = sizes[s]};
            ad_parallel(pool, count, count_hit, &t);
            int wrong = 0;
            for (int i = 0; i < 1000; ++i) wrong += t.hits[i] != (i < count);
            CHECK_INT(wrong, 0);
            CHECK_INT(t.workers_bad, 0);
        }
        ad_pool_free(pool);
    }
}

/* Of a part of a pool no more workers take part, and the whole works as ever in between. */
static void a_part_of_it(void)
{
    ad_pool *pool = ad_pool_new(8);
    REQUIRE(pool);
    CHECK(ad_pool_part(pool, 8) == pool && ad_pool_part(pool, 100) == pool);
    CHECK(!ad_pool_part(NULL, 3));
    for (int round = 0; round < 300; ++round) {
        int most = 1 + round % 8;
        ad_pool *part = ad_pool_part(pool, most);
        CHECK_INT(ad_pool_size(part), most);
        tally t = {.size = most}, all = {.size = 8};
        ad_parallel(part, 100, count_hit, &t);
        ad_parallel(pool, 100, count_hit, &all);
        int wrong = 0;
        for (int i = 0; i < 100; ++i) wrong += t.hits[i] != 1 || all.hits[i] != 1;
        CHECK_INT(wrong, 0);
        CHECK_INT(t.workers_bad + all.workers_bad, 0);
        /* long enough for all to fall asleep */
        if (round % 50 == 0) (void)nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
    }
    ad_pool_free(pool);
}

static void null_pool_is_a_pool_of_one(void)
{
    tally t = {.size = 1};
    ad_parallel(NULL, 10, count_hit, &t);
    CHECK_INT(t.hits[9], 1);
    CHECK_INT(t.hits[10], 0);
    CHECK_INT(ad_pool_size(NULL), 1);
    CHECK(!ad_pool_new(0));
    ad_pool_free(NULL);
}

/* Each call has its own counter on the stack: a task of an older call would hit a dead one. */
static void add(void *user, int64_t index, int worker)
{
    (void)worker;
    atomic_fetch_add((_Atomic int64_t *)user, index + 1);
}

static void many_tiny_calls(void)
{
    ad_pool *pool = ad_pool_new(4);
    REQUIRE(pool);
    int wrong = 0;
    for (int call = 0; call < 20000; ++call) {
        int64_t count = 2 + call % 5;
        _Atomic int64_t sum = 0;
        ad_parallel(pool, count, add, &sum);
        wrong += sum != count * (count + 1) / 2;
    }
    CHECK_INT(wrong, 0);
    ad_pool_free(pool);
}

/* Workers asleep between calls must be woken, and a call must not need them. */
static void calls_after_sleep(void)
{
    ad_pool *pool = ad_pool_new(3);
    REQUIRE(pool);
    for (int call = 0; call < 20; ++call) {
        nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
        _Atomic int64_t sum = 0;
        ad_parallel(pool, 100, add, &sum);
        CHECK_INT(sum, 5050);
    }
    ad_pool_free(pool);
}

static void inner(void *user, int64_t index, int worker)
{
    (void)index, (void)worker;
    ad_parallel(NULL, 4, add, user);
}

static void nested_calls_of_one(void)
{
    ad_pool *pool = ad_pool_new(3);
    REQUIRE(pool);
    _Atomic int64_t sum = 0;
    ad_parallel(pool, 100, inner, &sum);
    CHECK_INT(sum, 1000);
    ad_pool_free(pool);
}

static void sleeps_when_idle(void)
{
    ad_pool *pool = ad_pool_new(4);
    REQUIRE(pool);
    _Atomic int64_t sum = 0;
    ad_parallel(pool, 100, add, &sum);
    nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    clock_t before = clock();
    nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
    double busy = (double)(clock() - before) / CLOCKS_PER_SEC;
    CHECK(busy < 0.05);
    ad_pool_free(pool);
}

static void starts_and_stops(void)
{
    for (int i = 0; i < 100; ++i) {
        ad_pool *pool = ad_pool_new(5);
        REQUIRE(pool);
        if (i % 2) {
            _Atomic int64_t sum = 0;
            ad_parallel(pool, 3, add, &sum);
            CHECK_INT(sum, 6);
        }
        ad_pool_free(pool);
    }
}

static void knows_the_processor(void)
{
    const ad_cpu *cpu = ad_cpu_get();
    CHECK(cpu == ad_cpu_get());
    CHECK(cpu->cores >= 1);
    CHECK(cpu->isa < AD_ISAS);
    CHECK(cpu->l1 >= 4096 && cpu->l2 >= cpu->l1 && cpu->model[0]);
    ad_isa isa;
    for (int i = 0; i < AD_ISAS; ++i)
        CHECK(ad_isa_parse(ad_isa_name((ad_isa)i), &isa) && isa == (ad_isa)i);
#if !defined(__aarch64__)
    CHECK(ad_isa_parse("AVX512bf16", &isa) && isa == AD_ISA_AVX512BF16);
#endif
    CHECK(!ad_isa_parse("avx", &isa) && !ad_isa_parse("", &isa) && !ad_isa_parse("avx5123", &isa));
}

int main(int argc, char **argv)
{
    return check_main(argc, argv,
                      (check_case[]){CASE(runs_each_task_once),
                                     CASE(a_part_of_it),
                                     CASE(null_pool_is_a_pool_of_one),
                                     CASE(many_tiny_calls),
                                     CASE(calls_after_sleep),
                                     CASE(nested_calls_of_one),
                                     CASE(sleeps_when_idle),
                                     CASE(starts_and_stops),
                                     CASE(knows_the_processor),
                                     {0}});
}
