/* Parts of variables found by what they overlap, against a look at all of them. */
#include "plan/spans.h"
#include "check.h"

enum { MOST = 70, STORAGES = 3 };

static ad_context *ctx;
static ad_storage storage[STORAGES];
static uint64_t state = 1;

static int below(int n)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (int)((state >> 33) % (uint64_t)n);
}

/* Short ones, long ones that hold others, empty ones. */
static ad_span random_span(int owner)
{
    int64_t begin = below(100), length = below(5) ? below(6) : below(120);
    return (ad_span){&storage[below(STORAGES)], begin, begin + length, owner};
}

static bool overlap(const ad_span *a, const ad_span *b)
{
    return a->storage == b->storage && a->begin < b->end && b->begin < a->end &&
           a->begin < a->end && b->begin < b->end;
}

/* What the index tells of a part is what there is, each once. */
static void finds(const ad_spans *spans, const ad_span *all, int n, const ad_span *part)
{
    bool found[MOST] = {false};
    for (int i = -1; (i = ad_spans_next(spans, part, i)) >= 0;) {
        CHECK(!found[spans->span[i].owner]);
        found[spans->span[i].owner] = true;
    }
    for (int i = 0; i < n; ++i)
        if (found[i] != overlap(&all[i], part))
            CHECK_FAIL("of %d spans, number %d, [%lld, %lld), beside [%lld, %lld)", n, i,
                       (long long)all[i].begin, (long long)all[i].end, (long long)part->begin,
                       (long long)part->end);
}

static void finds_what_overlaps(void)
{
    for (int n = 0; n < MOST && check_failures < 10; ++n) {
        ad_span all[MOST];
        ad_spans spans = {0};
        ad_arena arena;
        ad_arena_init(&arena, ctx);
        for (int i = 0; i < n; ++i) {
            all[i] = random_span(i);
            REQUIRE(ad_spans_add(&spans, &arena, all[i]));
        }
        REQUIRE(ad_spans_index(&spans, &arena));
        for (int query = 0; query < 50; ++query) {
            ad_span part = random_span(-1);
            finds(&spans, all, n, &part);
        }
        ad_arena_free(&arena);
    }
}

static void comes_by_in_order(void)
{
    ad_spans spans = {0};
    ad_arena arena;
    ad_arena_init(&arena, ctx);
    const ad_span added[] = {{storage, 8, 16, 3}, {storage, 0, 64, 2}, {storage, 8, 12, 1}};
    for (int i = 0; i < 3; ++i) REQUIRE(ad_spans_add(&spans, &arena, added[i]));
    REQUIRE(ad_spans_index(&spans, &arena));
    const int order[] = {2, 1, 3};
    int n = 0;
    for (int i = -1; (i = ad_spans_next(&spans, &added[0], i)) >= 0 && n < 3; ++n)
        CHECK_INT(spans.span[i].owner, order[n]);
    CHECK_INT(n, 3);
    ad_arena_free(&arena);
}

int main(int argc, char **argv)
{
    ctx = ad_context_new(&(ad_context_options){.threads = 1});
    int failed = check_main(
        argc, argv, (check_case[]){CASE(finds_what_overlaps), CASE(comes_by_in_order), {0}});
    ad_context_free(ctx);
    return failed;
}
