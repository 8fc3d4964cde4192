/* bert_nearest.c - a query's products with vectors in memory and in a file, of more than one piece,
 * held against plain sums; and the largest of many scores, most of which are equal to others. */
#include "case.h"
#include "zoo/bert/bert.h"

enum { COUNT = 3000, WIDTH = 384 };

static float plain[COUNT * WIDTH];
static unsigned char stored[sizeof plain];

/* Numbers of the dtype, and as f32 what they are then; vector COUNT - 1 is that of the first. */
static void make_vectors(ad_dtype dtype)
{
    for (int i = 0; i < COUNT * WIDTH; ++i)
        plain[i] = (float)ad_random_unit(1, 2, (uint64_t)i) - 0.5F;
    memcpy(plain + (COUNT - 1) * WIDTH, plain, WIDTH * sizeof *plain);
    ad_convert(stored, dtype, plain, AD_F32, COUNT * WIDTH);
    ad_convert(plain, AD_F32, stored, dtype, COUNT * WIDTH);
}

static void check_products(ad_dtype dtype)
{
    static float product[2][COUNT];
    ad_file *file;
    make_vectors(dtype);
    const float *query = plain + 7 * WIDTH;
    const ad_named_tensor tensor = {"vectors", {dtype, ad_shape(COUNT, WIDTH), stored}};
    const char *path = in_folder("vectors.safetensors");
    REQUIRE(!ad_file_write(ctx, path, &tensor, 1, NULL, 0) && !ad_file_open(&file, ctx, path));
    bert_vector_list list = {.memory = stored, .dtype = dtype, .count = COUNT, .width = WIDTH};
    CHECK_INT(bert_products(ctx, &list, query, product[0]), AD_OK);
    list.memory = NULL, list.file = file, list.tensor = 0;
    CHECK_INT(bert_products(ctx, &list, query, product[1]), AD_OK);
    CHECK(!memcmp(product[0], product[1], sizeof product[0]));
    CHECK(product[0][0] == product[0][COUNT - 1]); /* wherever it lies */
    for (int i = 0; i < COUNT; i += 13) {
        double sum = 0;
        for (int k = 0; k < WIDTH; ++k) sum += (double)query[k] * (double)plain[i * WIDTH + k];
        CHECK_NEAR((double)product[0][i], sum, 1e-4);
    }
    ad_file_close(file);
}

static void products(void)
{
    begin();
    check_products(AD_F32);
    check_products(AD_BF16);
    end();
}

/* Sorted, each once, and of what is left out none is better than the last. */
static void check_largest(const float *score, int64_t most)
{
    static bert_hit hits[COUNT];
    static bool taken[COUNT];
    int64_t kept = bert_largest(score, COUNT, hits, most);
    memset(taken, 0, sizeof taken);
    CHECK_INT(kept, most < COUNT ? most : COUNT);
    for (int64_t i = 0; i < kept; ++i) {
        const bert_hit *h = &hits[i], *next = &hits[i + 1];
        CHECK(h->score == score[h->passage] && !taken[h->passage]);
        taken[h->passage] = true;
        if (i + 1 == kept) break;
        CHECK(h->score > next->score || (h->score == next->score && h->passage < next->passage));
    }
    const bert_hit last = kept ? hits[kept - 1] : (bert_hit){0};
    for (int64_t i = 0; i < COUNT && kept; ++i)
        CHECK(taken[i] || score[i] < last.score || (score[i] == last.score && i > last.passage));
}

static void the_largest(void)
{
    static const int64_t most[] = {0, 1, 2, 7, 64, COUNT - 1, COUNT, 2 * COUNT};
    static float score[COUNT];
    for (uint64_t way = 0; way < 3; ++way) { /* drawn, rising, falling */
        for (int i = 0; i < COUNT; ++i)
            score[i] = way == 0   ? (float)ad_random_below(3, 4, (uint64_t)i, 50) / 50 - 0.5F
                       : way == 1 ? (float)i
                                  : (float)-i;
        for (size_t k = 0; k < sizeof most / sizeof *most; ++k) check_largest(score, most[k]);
    }
}

int main(int argc, char **argv)
{
    return check_main(argc, argv, (check_case[]){CASE(products), CASE(the_largest), {0}});
}
