/* loader.c - batches follow from seed and number alone, hold what the samples say, and reach a
 * program by name. */
#include "sparing.h"

#include <autodidact/nn.h>
#include <autodidact/samples.h>

#include <pthread.h>
#include <signal.h>

enum { COUNT = 103, BATCH = 10, BYTE = 7 };

static ad_context *ctx;
static pthread_t owner;
static bool strange; /* memory was asked for by another thread */

static void *allocate(void *user, size_t bytes)
{
    (void)user;
    if (!pthread_equal(pthread_self(), owner)) strange = true;
    return aligned_alloc(64, (bytes + 63) & ~(size_t)63);
}

static void give_back(void *user, void *memory, size_t bytes)
{
    (void)user, (void)bytes;
    if (!pthread_equal(pthread_self(), owner)) strange = true;
    free(memory);
}

static void begin(void)
{
    owner = pthread_self(), strange = false;
    ctx = ad_context_new(
        &(ad_context_options){.allocator = {allocate, give_back, NULL}, .threads = 1});
}

static void end(void)
{
    CHECK(!strange);
    CHECK_INT(ad_context_memory(ctx), 0);
    ad_context_free(ctx);
}

/* ---- rows that say which they are ---- */

static const ad_sample_field fields[] = {
    {.name = "x", .dtype = AD_F32, .shape = {.rank = 1, .dim = {2}}},
    {.name = "label", .dtype = AD_I32, .padding = -1},
    {.name = "byte", .dtype = AD_U8, .shape = {.rank = 1, .dim = {3}}, .padding = BYTE},
};

static _Atomic int fills, unmasked;

static void fill(void *user, int64_t index, const ad_draws *draws, void *const *row)
{
    sigset_t mask;
    float *x = row[0];
    x[0] = (float)(index + 1), x[1] = (float)ad_draws_unit(draws, 0);
    *(int32_t *)row[1] = (int32_t)index;
    memset(row[2], (int)ad_draws_below(draws, 1, 200), 3);
    memset(row[3], 1, 1000); /* scratch */
    if (user) *(int64_t *)row[3] = (int64_t)draws->position;
    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    unmasked += !sigismember(&mask, SIGINT);
    ++fills;
}

static const ad_samples rows = {
    .count = COUNT, .fields = fields, .field_count = 3, .scratch = 1000, .fill = fill};

static ad_loader *make(const ad_samples *samples, ad_loader_options options)
{
    ad_loader *loader;
    if (!options.batch) options.batch = BATCH;
    if (!options.seed) options.seed = 5;
    if (ad_loader_new(&loader, ctx, samples, &options)) CHECK_FAIL("%s", ad_error(ctx));
    return loader;
}

static uint64_t digest(const ad_batch *batch)
{
    static const size_t bytes[] = {BATCH * 8, BATCH * 4, BATCH * 3};
    uint64_t hash = 14695981039346656037u;
    for (int f = 0; f < 3; ++f)
        for (size_t i = 0; i < bytes[f]; ++i)
            hash = (hash ^ ((const unsigned char *)batch->field[f])[i]) * 1099511628211u;
    return hash;
}

/* ---- batches ---- */

static void same_with_any_threads(void)
{
    uint64_t want[40];
    begin();
    for (int threads = 1; threads <= 7; threads += threads == 2 ? 5 : 1) {
        ad_loader *loader = make(&rows, (ad_loader_options){.shuffle = true, .threads = threads});
        REQUIRE(loader);
        CHECK_INT(ad_loader_batches(loader), 10);
        fills = unmasked = 0;
        for (int64_t i = 0; i < 40; ++i) {
            ad_batch batch;
            CHECK_INT(ad_loader_batch(loader, i, &batch), AD_OK);
            if (threads == 1) want[i] = digest(&batch);
            CHECK(digest(&batch) == want[i]);
            CHECK_INT(batch.number, i);
        }
        static const int64_t jumps[] = {17, 18, 3, 39, 0, 0, 38, 37};
        for (int i = 0; i < 8; ++i) { /* in any order, too */
            ad_batch batch;
            CHECK_INT(ad_loader_batch(loader, jumps[i], &batch), AD_OK);
            CHECK(digest(&batch) == want[jumps[i]]);
        }
        ad_loader_free(loader);
        CHECK(fills >= 400);
        CHECK_INT(unmasked, 0); /* signals are for the program's own threads */
    }
    CHECK(want[0] != want[10]); /* another epoch, another order */
    end();
}

static void every_row_once(void)
{
    begin();
    for (int keep = 0; keep < 2; ++keep) {
        int seen[COUNT] = {0}, total = 0;
        ad_loader *loader = make(
            &rows, (ad_loader_options){.shuffle = true, .keep_last = keep, .threads = 2});
        REQUIRE(loader);
        CHECK_INT(ad_loader_batches(loader), 10 + keep);
        for (int64_t i = 0; i < ad_loader_batches(loader); ++i) {
            ad_batch batch;
            CHECK_INT(ad_loader_batch(loader, i, &batch), AD_OK);
            CHECK_INT(batch.size, i < 10 ? 10 : 3);
            const float *x = ad_batch_field(loader, &batch, "x");
            const int32_t *label = ad_batch_field(loader, &batch, "label");
            const unsigned char *byte = ad_batch_field(loader, &batch, "byte");
            CHECK(!ad_batch_field(loader, &batch, "y"));
            for (int64_t k = 0; k < BATCH; ++k) {
                bool in = k < batch.size;
                CHECK_INT(label[k], in ? batch.index[k] : -1);
                CHECK_NEAR(x[2 * k], label[k] + 1, 0);
                if (in) ++seen[label[k]], ++total;
                if (!in) CHECK(byte[3 * k] == BYTE && byte[3 * k + 2] == BYTE && !x[2 * k + 1]);
            }
        }
        CHECK_INT(total, keep ? COUNT : 100);
        for (int i = 0; i < COUNT; ++i) CHECK(seen[i] <= 1);
        ad_loader_free(loader);
    }
    end();
}

/* An epoch of one batch, and a run that is resumed at its second: the orders of three epochs in a
 * row. */
static void epochs_of_one_batch(void)
{
    uint64_t want[6] = {0};
    begin();
    for (int first = 0; first < 3; ++first)
        for (int round = 0; round < 20; ++round) {
            ad_loader *loader = make(
                &rows, (ad_loader_options){.batch = COUNT, .shuffle = true, .threads = 3});
            REQUIRE(loader);
            for (int64_t n = first; n < 6; ++n) {
                ad_batch batch;
                CHECK_INT(ad_loader_batch(loader, n, &batch), AD_OK);
                uint64_t hash = 0;
                for (int i = 0; i < COUNT; ++i) hash = hash * 31 + (uint64_t)batch.index[i];
                if (first == 0 && round == 0) want[n] = hash;
                CHECK(hash == want[n]);
            }
            ad_loader_free(loader);
        }
    CHECK(want[0] != want[1] && want[1] != want[2]);
    end();
}

/* The numbers of a row depend on its place alone; 64 of them are spread over [0, 1). */
static void draws(void)
{
    double sum = 0;
    int times[5] = {0};
    begin();
    ad_loader *one = make(&rows, (ad_loader_options){0}), *all;
    all = make(&rows,
               (ad_loader_options){.index = (int64_t[]){9, 9, 9, 9, 9}, .count = 5, .batch = 5});
    REQUIRE(one && all);
    ad_batch batch, other;
    CHECK_INT(ad_loader_batch(one, 2, &batch), AD_OK);
    CHECK_INT(ad_loader_batch(all, 4, &other), AD_OK); /* rows 20 .. 24 of training, too */
    for (int i = 0; i < 5; ++i)
        CHECK_NEAR(((const float *)batch.field[0])[2 * i + 1],
                   ((const float *)other.field[0])[2 * i + 1], 0);
    for (uint64_t i = 0; i < 1000; ++i) {
        const ad_draws row = {.seed = 3, .position = i / 10};
        sum += ad_draws_unit(&row, i % 10);
        int64_t n = ad_draws_below(&row, i % 10, 5);
        REQUIRE(n >= 0 && n < 5);
        ++times[n];
    }
    CHECK_NEAR(sum / 1000, 0.5, 0.04);
    for (int i = 0; i < 5; ++i) CHECK(times[i] > 150 && times[i] < 250);
    ad_loader_free(one), ad_loader_free(all);
    end();
}

static void backwards_in_odd_epochs(void *user, uint64_t seed, int64_t epoch, int64_t *index,
                                    int64_t count)
{
    (void)user;
    CHECK_INT(seed, 5);
    for (int64_t i = 0; i < count / 2 && epoch % 2; ++i) {
        int64_t t = index[i];
        index[i] = index[count - 1 - i], index[count - 1 - i] = t;
    }
}

static void order_of_its_own(void)
{
    static const int64_t some[] = {4, 2, 8, 6};
    ad_samples samples = rows;
    samples.order = backwards_in_odd_epochs;
    begin();
    for (int shuffle = 0; shuffle < 2; ++shuffle) {
        ad_loader *loader = make(
            &samples,
            (ad_loader_options){.batch = 2, .index = some, .count = 4, .shuffle = shuffle});
        REQUIRE(loader);
        for (int64_t n = 0; n < 12; ++n) {
            ad_batch batch;
            CHECK_INT(ad_loader_batch(loader, n, &batch), AD_OK);
            for (int i = 0; i < 2; ++i) {
                int64_t at = n % 2 * 2 + i;
                CHECK_INT(batch.index[i], some[shuffle && n / 2 % 2 ? 3 - at : at]);
            }
        }
        ad_loader_free(loader);
    }
    end();
}

static void smaller_batches_are_said(void)
{
    begin();
    ad_loader *loader = make(&rows, (ad_loader_options){.batch = 128});
    REQUIRE(loader);
    CHECK_INT(ad_loader_rows(loader), COUNT);
    CHECK_INT(ad_loader_batches(loader), 1);
    CHECK_TEXT(ad_loader_note(loader),
               "batches are of 103 rows: there are no more, 128 were asked for");
    ad_loader_free(loader);
    loader = make(&rows, (ad_loader_options){.batch = 128, .keep_last = true});
    REQUIRE(loader);
    CHECK_INT(ad_loader_rows(loader), 128);
    CHECK_TEXT(ad_loader_note(loader), "");
    ad_loader_free(loader);
    end();
}

/* ---- rows that are packed ---- */

enum { ROOM = 12 };

static const ad_sample_field packed_fields[] = {
    {.name = "values", .dtype = AD_I32, .shape = {.rank = 1, .dim = {ROOM}}, .whole = true},
    {.name = "share", .dtype = AD_F32, .whole = true},
    {.name = "label", .dtype = AD_I32, .padding = -1},
};

/* Row i is i % 5 + 1 long. */
static int64_t fit(void *user, const int64_t *index, int64_t count)
{
    int64_t taken = 0, room = user ? 3 : ROOM;
    while (taken < count && (room -= index[taken] % 5 + 1) >= 0) ++taken;
    return taken;
}

static void pack(void *user, const int64_t *index, int64_t count, const ad_draws *draws,
                 void *const *block)
{
    int32_t *values = block[0], *label = block[2];
    int at = 0;
    (void)user, (void)draws;
    for (int64_t i = 0; i < count; ++i) {
        for (int64_t k = 0; k <= index[i] % 5; ++k) values[at++] = (int32_t)index[i];
        label[i] = (int32_t)index[i];
    }
    while (at < ROOM) values[at++] = -1;
    *(float *)block[1] = 1 / (float)count;
}

static const ad_samples packed = {
    .count = COUNT, .fields = packed_fields, .field_count = 3, .fill_batch = pack, .fit = fit};

static void check_packed(const ad_batch *batch)
{
    const int32_t *values = batch->field[0], *label = batch->field[2];
    int at = 0;
    for (int64_t i = 0; i < batch->size; ++i) {
        CHECK_INT(label[i], batch->index[i]);
        for (int64_t k = 0; k <= batch->index[i] % 5; ++k) CHECK_INT(values[at++], label[i]);
    }
    for (int64_t i = batch->size; i < BATCH; ++i) CHECK_INT(label[i], -1);
    CHECK_NEAR(*(const float *)batch->field[1], 1 / (double)batch->size, 1e-7);
}

static void packed_in_order(void)
{
    int64_t next = 0;
    begin();
    ad_loader *loader = make(&packed, (ad_loader_options){.keep_last = true, .threads = 2});
    REQUIRE(loader);
    CHECK_INT(ad_loader_rows(loader), BATCH);
    for (int64_t n = 0; n < ad_loader_batches(loader); ++n) {
        ad_batch batch;
        CHECK_INT(ad_loader_batch(loader, n, &batch), AD_OK);
        check_packed(&batch);
        for (int64_t i = 0; i < batch.size; ++i) CHECK_INT(batch.index[i], next++);
    }
    CHECK_INT(next, COUNT);
    ad_loader_free(loader);
    end();
}

/* Batches are as many as without packing; what does not fit is left out. */
static void packed_in_any_order(void)
{
    int64_t total = 0;
    begin();
    ad_loader *loader = make(&packed, (ad_loader_options){.batch = 4, .shuffle = true});
    ad_loader *plain = make(&rows, (ad_loader_options){.batch = 4, .shuffle = true});
    REQUIRE(loader && plain);
    CHECK_INT(ad_loader_batches(loader), COUNT / 4);
    for (int64_t n = 0; n < 2 * ad_loader_batches(loader); ++n) {
        ad_batch batch, all;
        CHECK_INT(ad_loader_batch(loader, n, &batch), AD_OK);
        CHECK_INT(ad_loader_batch(plain, n, &all), AD_OK);
        CHECK_INT(batch.size, fit(NULL, all.index, 4));
        for (int64_t i = 0; i < batch.size; ++i) CHECK_INT(batch.index[i], all.index[i]);
        total += batch.size;
    }
    CHECK(total < 2 * COUNT / 4 * 4 && total > COUNT);
    ad_loader_free(loader), ad_loader_free(plain);
    ad_samples small = packed;
    small.user = &small; /* room for 3 */
    CHECK_INT(ad_loader_new(&loader, ctx, &small, &(ad_loader_options){.batch = 4}),
              AD_ERROR_SHAPE);
    CHECK_TEXT(ad_error(ctx), "row 3 of the samples is too large for a batch");
    end();
}

/* ---- rows that stay, rows that change ---- */

static void constant_batches_are_made_once(void)
{
    ad_samples samples = rows;
    const void *at = NULL;
    begin();
    for (int fixed = 0; fixed < 2; ++fixed) {
        samples.fixed = fixed;
        ad_loader *loader = make(&samples, (ad_loader_options){.batch = COUNT});
        REQUIRE(loader);
        fills = 0;
        for (int64_t n = 0; n < 20; ++n) {
            ad_batch batch;
            CHECK_INT(ad_loader_batch(loader, n, &batch), AD_OK);
            CHECK_INT(batch.number, n);
            if (fixed && n) CHECK(batch.field[0] == at);
            at = batch.field[0];
        }
        ad_loader_free(loader);
        if (fixed)
            CHECK_INT(fills, COUNT);
        else
            CHECK(fills >= 20 * COUNT);
    }
    /* the one row that there is stays where it is when it is shuffled; several do not */
    for (int64_t count = 1; count < 3; ++count) {
        ad_loader *loader = make(&samples, (ad_loader_options){.batch = count,
                                                               .index = (int64_t[]){5, 6},
                                                               .count = count,
                                                               .shuffle = true});
        REQUIRE(loader);
        fills = 0;
        for (int64_t n = 0; n < 9; ++n) {
            ad_batch batch;
            CHECK_INT(ad_loader_batch(loader, n, &batch), AD_OK);
        }
        ad_loader_free(loader);
        CHECK(count == 1 ? fills == 1 : fills >= 18);
    }
    end();
}

static void arrays_that_change(void)
{
    float x[4][2] = {{1, 2}, {3, 4}, {5, 6}, {7, 8}};
    int32_t y[4] = {10, 20, 30, 40};
    ad_samples *samples;
    const ad_array arrays[] = {
        {{.name = "x", .dtype = AD_F32, .shape = ad_shape(2)}, x, sizeof x},
        {{.name = "y", .dtype = AD_I32, .padding = -1}, y, sizeof y},
    };
    begin();
    REQUIRE(!ad_array_samples_new(&samples, ctx, 4, arrays, 2));
    ad_loader *loader = make(samples, (ad_loader_options){.batch = 4, .on_demand = true});
    REQUIRE(loader);
    for (int n = 0; n < 3; ++n) {
        ad_batch batch;
        x[2][1] = (float)(100 + n), y[3] = n;
        CHECK_INT(ad_loader_batch(loader, n, &batch), AD_OK);
        CHECK(!memcmp(batch.field[0], x, sizeof x));
        CHECK(!memcmp(batch.field[1], y, sizeof y));
    }
    ad_loader_free(loader);
    loader = make(samples, (ad_loader_options){.batch = 3, .keep_last = true});
    REQUIRE(loader);
    ad_batch last;
    CHECK_INT(ad_loader_batch(loader, 1, &last), AD_OK);
    CHECK_INT(last.size, 1);
    CHECK_NEAR(((const float *)last.field[0])[1], 8, 0);
    CHECK_INT(((const int32_t *)last.field[1])[1], -1);
    ad_loader_free(loader);
    ad_samples_free(samples);
    CHECK_INT(ad_array_samples_new(&samples, ctx, 5, arrays, 2), AD_ERROR_SHAPE);
    CHECK_TEXT(ad_error(ctx), "array x: 5 rows of f32 [2] take 40 bytes; it was given 32");
    CHECK_INT(ad_array_samples_new(&samples, ctx, 0, arrays, 2), AD_ERROR_ARGUMENT);
    end();
}

/* ---- programs ---- */

/* x [rows, 2], label [rows] -> per row x[0] + 1000 label, or without the label. */
static ad_program *compile(ad_graph *g, int64_t size, ad_dtype label_type, bool labels,
                           ad_node **sum)
{
    ad_program *program = NULL;
    ad_node *x = ad_input(g, "x", AD_F32, ad_shape(size, 2));
    *sum = ad_slice(x, 1, 0, 1, 1);
    if (labels) {
        ad_node *label = ad_cast(ad_input(g, "label", label_type, ad_shape(size)), AD_F32);
        *sum = ad_add(*sum, ad_mul_scalar(ad_reshape(label, ad_shape(size, 1)), 1000));
    }
    if (ad_compile(&program, ctx, sum, 1, NULL)) CHECK_FAIL("%s", ad_error(ctx));
    return program;
}

static void bound_by_name(void)
{
    begin();
    ad_loader *loader = make(&rows, (ad_loader_options){.shuffle = true});
    REQUIRE(loader);
    for (int labels = 0; labels < 2; ++labels) {
        ad_graph *g = ad_graph_new(ctx);
        ad_node *sum;
        ad_program *program = compile(g, BATCH, AD_I32, labels, &sum);
        REQUIRE(program);
        for (int64_t n = 0; n < 5; ++n) {
            ad_batch batch;
            CHECK_INT(ad_loader_bind(loader, n, program, &batch), AD_OK);
            CHECK_INT(ad_run(program), AD_OK);
            const float *got = ad_result(program, sum);
            for (int64_t i = 0; i < BATCH; ++i)
                CHECK_NEAR(got[i], batch.index[i] + 1 + labels * 1000 * batch.index[i], 0);
        }
        ad_program_free(program);
        ad_graph_free(g);
    }
    ad_loader_free(loader);
    end();
}

static void what_does_not_agree(void)
{
    ad_batch batch;
    ad_node *sum;
    begin();
    ad_loader *loader = make(&rows, (ad_loader_options){0});
    ad_graph *g = ad_graph_new(ctx), *h = ad_graph_new(ctx);
    ad_program *program = compile(g, 4, AD_I32, false, &sum);
    REQUIRE(loader && program);
    CHECK_INT(ad_loader_bind(loader, 0, program, &batch), AD_ERROR_SHAPE);
    CHECK_TEXT(ad_error(ctx), "field x of the samples is f32 [10, 2] in a batch, the program's "
                              "input is f32 [4, 2]");
    ad_program_free(program);
    program = compile(h, BATCH, AD_I64, true, &sum);
    REQUIRE(program);
    CHECK_INT(ad_loader_bind(loader, 0, program, &batch), AD_ERROR_DTYPE);
    CHECK_TEXT(ad_error(ctx), "field label of the samples is i32 [10] in a batch, the program's "
                              "input is i64 [10]");
    ad_program_free(program);
    ad_graph_free(g), ad_graph_free(h);
    ad_loader_free(loader);
    end();
}

typedef struct tally {
    ad_loader *loader;
    const ad_node *sum;
    double total;
    int64_t rows, batches, stop_at;
} tally;

static ad_status add_up(void *user, ad_program *program, const ad_batch *batch)
{
    tally *t = user;
    const float *sum = ad_result(program, t->sum);
    const int32_t *label = ad_batch_field(t->loader, batch, "label");
    if (batch->number == t->stop_at) return ad_error_set(ctx, AD_ERROR_LIMIT, "enough");
    for (int64_t i = 0; i < BATCH; ++i) {
        if (label[i] < 0) continue;
        t->total += sum[i];
        ++t->rows;
    }
    ++t->batches;
    return AD_OK;
}

static void evaluation_in_one_call(void)
{
    begin();
    ad_graph *g = ad_graph_new(ctx);
    tally t = {.stop_at = -1};
    ad_node *sum;
    ad_program *program = compile(g, BATCH, AD_I32, false, &sum);
    ad_loader *loader = make(&rows, (ad_loader_options){.keep_last = true});
    REQUIRE(program && loader);
    t.loader = loader, t.sum = sum;
    for (int round = 1; round < 3; ++round) {
        CHECK_INT(ad_evaluate(program, loader, add_up, &t), AD_OK);
        CHECK_INT(t.rows, round * COUNT);
        CHECK_INT(t.batches, round * 11);
        CHECK_NEAR(t.total, round * COUNT * (COUNT + 1) / 2.0, 0);
    }
    t = (tally){.loader = loader, .sum = sum, .stop_at = 3};
    CHECK_INT(ad_evaluate(program, loader, add_up, &t), AD_ERROR_LIMIT);
    CHECK_INT(t.batches, 3);
    CHECK_INT(ad_evaluate(program, loader, NULL, NULL), AD_OK);
    ad_loader_free(loader);
    ad_program_free(program);
    ad_graph_free(g);
    end();
}

/* ---- refusals ---- */

static void refuse(const ad_samples *samples, ad_loader_options options, ad_status status,
                   const char *why)
{
    ad_loader *loader;
    CHECK_INT(ad_loader_new(&loader, ctx, samples, &options), status);
    CHECK_CONTAINS(ad_error(ctx), why);
    CHECK(!loader);
    ad_loader_free(loader);
}

static void what_makes_no_sense(void)
{
    ad_samples twice = rows, both = rows, none = rows, whole = rows, deep = rows;
    ad_sample_field two[2] = {fields[0], fields[0]}, wide = {.name = "wide", .shape = {.rank = 8}};
    begin();
    twice.fields = two, twice.field_count = 2;
    both.fill_batch = pack;
    none.fill = NULL;
    whole.fields = packed_fields;
    deep.fields = &wide, deep.field_count = 1;
    refuse(&rows, (ad_loader_options){.batch = 0}, AD_ERROR_ARGUMENT,
           "a loader of 103 rows in batches of 0");
    refuse(&rows, (ad_loader_options){.batch = 1, .index = (int64_t[]){COUNT}, .count = 1},
           AD_ERROR_ARGUMENT, "row 103 is not among the 103 of the samples");
    refuse(&rows, (ad_loader_options){.batch = 1, .ahead = 1 << 30}, AD_ERROR_ARGUMENT, "ahead");
    refuse(&rows, (ad_loader_options){.batch = INT64_MAX / 2, .keep_last = true}, AD_ERROR_ARGUMENT,
           "does not fit into memory (field x)");
    refuse(&twice, (ad_loader_options){.batch = 1}, AD_ERROR_ARGUMENT, "two fields called x");
    refuse(&both, (ad_loader_options){.batch = 1}, AD_ERROR_ARGUMENT, "fill and fill_batch;");
    refuse(&none, (ad_loader_options){.batch = 1}, AD_ERROR_ARGUMENT, "nothing that fills them");
    refuse(&whole, (ad_loader_options){.batch = 1}, AD_ERROR_ARGUMENT,
           "field values is of the whole batch, which only fill_batch can write");
    refuse(&deep, (ad_loader_options){.batch = 1}, AD_ERROR_SHAPE, "field wide");
    ad_loader *loader = make(&rows, (ad_loader_options){.batch = 1});
    REQUIRE(loader);
    ad_batch batch;
    CHECK_INT(ad_loader_batch(loader, -1, &batch), AD_ERROR_ARGUMENT);
    CHECK_INT(ad_loader_batch(loader, INT64_MAX, &batch), AD_ERROR_ARGUMENT);
    ad_loader_free(loader);
    end();
}

static ad_status with_little(ad_context *poor)
{
    ad_samples *samples = NULL;
    ad_loader *loader = NULL, *cut = NULL;
    const float x[3] = {1, 2, 3};
    const ad_array array = {{.name = "x"}, x, sizeof x};
    ad_status status = ad_array_samples_new(&samples, poor, 3, &array, 1);
    if (!status)
        status = ad_loader_new(&loader, poor, samples,
                               &(ad_loader_options){.batch = 2, .shuffle = true});
    if (!status) status = ad_loader_new(&cut, poor, &packed, &(ad_loader_options){.batch = 9});
    ad_loader_free(loader), ad_loader_free(cut);
    ad_samples_free(samples);
    return status;
}

static void memory(void)
{
    sparing_check(with_little);
}

static const check_case cases[] = {CASE(same_with_any_threads),
                                   CASE(every_row_once),
                                   CASE(epochs_of_one_batch),
                                   CASE(draws),
                                   CASE(order_of_its_own),
                                   CASE(smaller_batches_are_said),
                                   CASE(packed_in_order),
                                   CASE(packed_in_any_order),
                                   CASE(constant_batches_are_made_once),
                                   CASE(arrays_that_change),
                                   CASE(bound_by_name),
                                   CASE(what_does_not_agree),
                                   CASE(evaluation_in_one_call),
                                   CASE(what_makes_no_sense),
                                   CASE(memory),
                                   {0}};

int main(int argc, char **argv)
{
    return check_main(argc, argv, cases);
}
