/* context.c - errors, accounting and refusals of memory, arenas, growing text, names, random words.
 */
#include "check.h"

#include "base/arena.h"
#include "base/context.h"
#include "base/cpu.h"
#include "base/nearest.h"
#include "base/philox.h"
#include "base/text.h"

static void errors(void)
{
    ad_context *ctx = ad_context_new(NULL);
    REQUIRE(ctx);
    CHECK_TEXT(ad_error(ctx), "");
    CHECK_INT(ad_error_status(ctx), AD_OK);
    CHECK_INT(ad_fail(ctx, AD_ERROR_SHAPE, "%s has %d axes", "x", 9), AD_ERROR_SHAPE);
    CHECK_TEXT(ad_error(ctx), "x has 9 axes");
    CHECK_INT(ad_fail_prefix(ctx, "file %d", 1), AD_ERROR_SHAPE);
    CHECK_TEXT(ad_error(ctx), "file 1: x has 9 axes");
    ad_fail(ctx, AD_ERROR_IO, "again: %s",
            ad_error(ctx)); /* an argument that is the sentence itself */
    CHECK_TEXT(ad_error(ctx), "again: file 1: x has 9 axes");
    char long_name[3000];
    memset(long_name, 'x', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = 0;
    ad_fail(ctx, AD_ERROR_IO, "%s", long_name);
    CHECK(strlen(ad_error(ctx)) > 500 && strlen(ad_error(ctx)) < 3000);
    ad_error_clear(ctx);
    CHECK_TEXT(ad_error(ctx), "");
    CHECK_TEXT(ad_status_name(AD_ERROR_NOT_FOUND), "not found");
    CHECK_TEXT(ad_status_name((ad_status)99), "unknown");
    ad_context_free(ctx);
    ad_context_free(NULL);
}

static void options(void)
{
    CHECK(!ad_context_new(&(ad_context_options){.threads = -1}));
    CHECK(!ad_context_new(&(ad_context_options){.threads = 100000}));
    CHECK(!ad_context_new(&(ad_context_options){.isa = "mmx"}));
    ad_context *ctx = ad_context_new(&(ad_context_options){.threads = 3, .isa = "scalar"});
    REQUIRE(ctx);
    CHECK_INT(ad_context_threads(ctx), 3);
    CHECK_TEXT(ad_context_isa(ctx), "scalar");
    CHECK(*ad_context_cpu(ctx));
    ad_context_free(ctx);
    ctx = ad_context_new(NULL);
    CHECK_INT(ad_context_threads(ctx), ad_cpu_get()->cores);
    ad_context_free(ctx);
}

/* An allocator that counts what is out and refuses after `budget` calls (-1: never). */
typedef struct counting {
    long budget, blocks;
    size_t bytes;
} counting;

static void *count_allocate(void *user, size_t bytes)
{
    counting *c = user;
    if (c->budget == 0) return NULL;
    if (c->budget > 0) --c->budget;
    void *memory = aligned_alloc(64, (bytes + 63) & ~(size_t)63);
    if (memory) ++c->blocks, c->bytes += bytes;
    return memory;
}

static void count_release(void *user, void *memory, size_t bytes)
{
    counting *c = user;
    --c->blocks, c->bytes -= bytes;
    free(memory);
}

static ad_context *counted(counting *c)
{
    return ad_context_new(
        &(ad_context_options){.allocator = {count_allocate, count_release, c}, .threads = 1});
}

static void accounting(void)
{
    counting c = {-1, 0, 0};
    ad_context *ctx = counted(&c);
    REQUIRE(ctx);
    CHECK_INT(ad_context_memory(ctx), 0);
    void *a = ad_alloc(ctx, 1000), *b = ad_zalloc(ctx, 500);
    REQUIRE(a && b);
    CHECK_INT((uintptr_t)a % 64, 0);
    CHECK_INT(((char *)b)[499], 0);
    CHECK_INT(ad_context_memory(ctx), 1500);
    memset(a, 7, 1000);
    a = ad_realloc(ctx, a, 1000, 3000);
    REQUIRE(a);
    CHECK_INT(((char *)a)[999], 7);
    CHECK_INT(ad_context_memory(ctx), 3500);
    ad_free(ctx, a, 3000);
    ad_free(ctx, b, 500);
    ad_free(ctx, NULL, 7);
    CHECK_INT(ad_context_memory(ctx), 0);
    CHECK(ad_context_memory_peak(ctx) >= 3500);
    void *nothing = ad_alloc(ctx, 0); /* a distinct address all the same */
    CHECK(nothing != NULL);
    ad_free(ctx, nothing, 0);
    CHECK(!ad_alloc(ctx, ad_bytes(INT64_MAX, 8)));
    CHECK_INT(ad_error_status(ctx), AD_ERROR_MEMORY);
    CHECK(ad_bytes(-1, 4) == SIZE_MAX);
    CHECK_INT(ad_bytes(10, 4), 40);
    ad_context_free(ctx);
    CHECK_INT(c.blocks, 0);
    CHECK_INT(c.bytes, 0);
}

static void every_refusal_is_survived(void)
{
    for (long budget = 0; budget < 40; ++budget) {
        counting c = {budget, 0, 0};
        ad_context *ctx = counted(&c);
        if (!ctx) {
            CHECK_INT(budget, 0);
            continue;
        }
        ad_arena arena;
        ad_text text;
        ad_arena_init(&arena, ctx);
        ad_text_init(&text, ctx);
        bool refused = false;
        for (int i = 0; i < 200; ++i) {
            char *name = ad_arena_format(&arena, "node_%d", i);
            if (name)
                CHECK_CONTAINS(name, "node_");
            else
                refused = true;
            refused |= !ad_arena_alloc(&arena, 1000);
            ad_text_format(&text, "%d,", i);
        }
        CHECK_CONTAINS(ad_text_get(&text), text.failed ? "" : "198,199,");
        if (refused || text.failed) CHECK_INT(ad_error_status(ctx), AD_ERROR_MEMORY);
        ad_text_free(&text);
        ad_arena_free(&arena);
        CHECK_INT(ad_context_memory(ctx), 0);
        ad_context_free(ctx);
        CHECK_INT(c.blocks, 0);
    }
}

static void arenas(void)
{
    ad_context *ctx = ad_context_new(NULL);
    ad_arena arena;
    ad_arena_init(&arena, ctx);
    for (size_t bytes = 1; bytes < 300000; bytes *= 3) {
        unsigned char *p = ad_arena_alloc(&arena, bytes);
        REQUIRE(p);
        CHECK_INT((uintptr_t)p % 16, 0);
        CHECK_INT(p[0] | p[bytes - 1], 0);
        memset(p, 255, bytes);
    }
    CHECK_TEXT(ad_arena_text(&arena, "kept"), "kept");
    CHECK(!ad_arena_alloc(&arena, SIZE_MAX - 8));
    ad_arena_free(&arena);
    CHECK_INT(ad_context_memory(ctx), 0);
    ad_context_free(ctx);
}

static void nearest_names(void)
{
    static const char *const names[] = {"style-weight", "content-weight", "steps", "size"};
    CHECK_TEXT(ad_nearest("styl-weight", names, 4), "style-weight");
    CHECK_TEXT(ad_nearest("stpes", names, 4), "steps");
    CHECK_TEXT(ad_nearest("sise", names, 4), "size");
    CHECK(!ad_nearest("xyzzy", names, 4));
    CHECK(!ad_nearest("", names, 0));
}

/* The known answers of the Random123 distribution. */
static void philox(void)
{
    static const struct {
        uint64_t key, low, high;
        uint32_t want[4];
    } known[] = {
        {0, 0, 0, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {UINT64_MAX, UINT64_MAX, UINT64_MAX, {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {0x299f31d0a4093822,
         0x85a308d3243f6a88,
         0x0370734413198a2e,
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (int i = 0; i < 3; ++i) {
        ad_philox block = ad_philox_block(known[i].key, known[i].low, known[i].high);
        for (int j = 0; j < 4; ++j) CHECK_INT(block.v[j], known[i].want[j]);
    }
    CHECK(ad_philox_uniform(0) == 0 && ad_philox_uniform(UINT32_MAX) < 1);
    double sum = 0, squares = 0;
    enum { PAIRS = 20000 };
    for (uint64_t i = 0; i < PAIRS; ++i) {
        ad_philox block = ad_philox_block(3, i, 0);
        float a, b;
        ad_philox_normal(block.v[0], block.v[1], &a, &b);
        CHECK(isfinite(a) && isfinite(b));
        sum += (double)a + b, squares += (double)a * a + (double)b * b;
    }
    CHECK_NEAR(sum / (2 * PAIRS), 0, 0.02);
    CHECK_NEAR(squares / (2 * PAIRS), 1, 0.03);
}

int main(int argc, char **argv)
{
    return check_main(argc, argv,
                      (check_case[]){CASE(errors),
                                     CASE(options),
                                     CASE(accounting),
                                     CASE(every_refusal_is_survived),
                                     CASE(arenas),
                                     CASE(nearest_names),
                                     CASE(philox),
                                     {0}});
}
