/* image_sets.c - the real sets: MNIST, CIFAR-10 as pictures, the Olivetti faces, faces with a
 * table.
 *
 *     build/tests-data/image_sets FOLDER */
#include "check.h"

#include <autodidact/data.h>

#include <time.h>

static const char *folder;
static ad_context *ctx;

static bool skip_bad;

static ad_image_set *read_set(const char *name, const char *split)
{
    char path[1024];
    ad_image_set *set;
    struct timespec a, b;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    clock_gettime(CLOCK_MONOTONIC, &a);
    if (ad_image_set_read(&set, ctx, path,
                          &(ad_image_set_options){.split = split, .skip_bad = skip_bad}))
        CHECK_FAIL("%s", ad_error(ctx));
    clock_gettime(CLOCK_MONOTONIC, &b);
    printf("%s %s: %.2f s\n", name, split,
           (double)(b.tv_sec - a.tv_sec) + 1e-9 * (double)(b.tv_nsec - a.tv_nsec));
    return set;
}

static void count_labels(const ad_image_set *set, int64_t *count)
{
    for (int i = 0; i < set->classes; ++i) count[i] = 0;
    for (int64_t i = 0; i < set->count; ++i) ++count[set->labels[i]];
}

/* Counts per class and mean and deviation as everyone gives them. */
static void mnist(void)
{
    static const int64_t train[10] = {5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949};
    int64_t count[64];
    float mean[3], deviation[3];
    ad_image_set *set = read_set("mnist", "train");
    REQUIRE(set);
    CHECK_INT(set->count, 60000);
    CHECK_INT(set->height * set->width * set->channels, 784);
    count_labels(set, count);
    for (int i = 0; i < 10; ++i) CHECK_INT(count[i], train[i]);
    ad_image_set_statistics(set, NULL, 0, mean, deviation);
    CHECK_NEAR(mean[0], 0.1307, 1e-4);
    CHECK_NEAR(deviation[0], 0.3081, 1e-4);
    ad_image_set_free(set);
    set = read_set("mnist", "test");
    REQUIRE(set);
    CHECK_INT(set->count, 10000);
    CHECK_INT(set->labels[0], 7);
    ad_image_set_free(set);
}

static void cifar(void)
{
    int64_t count[64];
    float mean[3], deviation[3];
    ad_image_set *set = read_set("cifar10_jpeg", "train");
    REQUIRE(set);
    CHECK_INT(set->count, 50000);
    CHECK_INT(set->classes, 10);
    CHECK_INT(set->height, 32);
    CHECK_INT(set->channels, 3);
    CHECK_TEXT(set->class_names[0], "airplane");
    CHECK_TEXT(set->class_names[9], "truck");
    count_labels(set, count);
    for (int i = 0; i < 10; ++i) CHECK_INT(count[i], 5000);
    ad_image_set_statistics(set, NULL, 0, mean, deviation);
    CHECK_NEAR(mean[0], 0.4914, 3e-3); /* of the original pictures */
    CHECK_NEAR(mean[2], 0.4465, 3e-3);
    CHECK_NEAR(deviation[1], 0.2435, 5e-3);
    ad_image_set_free(set);
    set = read_set("cifar10_jpeg", "test");
    REQUIRE(set);
    CHECK_INT(set->count, 10000);
    ad_image_set_free(set);
}

static void olivetti(void)
{
    int64_t count[64], index[400];
    ad_image_set *set = read_set("faces_olivetti_orl", "train");
    REQUIRE(set);
    CHECK_INT(set->count, 400);
    CHECK_INT(set->height, 112);
    CHECK_INT(set->width, 92);
    CHECK_INT(set->classes, 2);
    REQUIRE(set->groups);
    CHECK_TEXT(set->class_names[0], "glasses");
    CHECK_TEXT(set->class_names[1], "no glasses");
    count_labels(set, count);
    CHECK_INT(count[0], 119);
    bool person[40] = {false};
    int64_t inside = ad_image_set_fold(set, 1, 5, 0, true, index);
    CHECK_INT(inside, 80);
    for (int64_t i = 0; i < inside; ++i) person[set->groups[index[i]]] = true;
    int64_t outside = ad_image_set_fold(set, 1, 5, 0, false, index);
    CHECK_INT(outside, 320);
    for (int64_t i = 0; i < outside; ++i) CHECK(!person[set->groups[index[i]]]);
    ad_image_set_free(set);
}

/* An archive beside its table, some of whose rows have no label. */
static void table_with_gaps(void)
{
    int64_t count[64];
    char path[1024];
    ad_image_set *set;
    snprintf(path, sizeof path, "%s/faces_gray_64", folder);
    CHECK_INT(ad_image_set_read(&set, ctx, path, NULL), AD_ERROR_FORMAT);
    CHECK_CONTAINS(ad_error(ctx), "labels.csv:17: has no label");
    skip_bad = true;
    set = read_set("faces_gray_64", "train");
    skip_bad = false;
    REQUIRE(set);
    CHECK_INT(set->count, 7934);
    CHECK_INT(set->skipped, 17);
    CHECK_INT(set->classes, 8);
    CHECK_TEXT(set->class_names[4], "happiness");
    count_labels(set, count);
    CHECK_INT(count[4], 3269);
    CHECK(set->height == 64 && set->width == 64 && set->channels == 1);
    ad_image_set_free(set);
}

static const check_case cases[] = {
    CASE(table_with_gaps), CASE(mnist), CASE(cifar), CASE(olivetti), {0}};

int main(int argc, char **argv)
{
    if (argc != 2) return fprintf(stderr, "usage: image_sets FOLDER\n"), 2;
    folder = argv[1];
    ctx = ad_context_new(NULL);
    int status = check_main(1, argv, cases);
    if (ad_context_memory(ctx)) printf("leaked %zu bytes\n", ad_context_memory(ctx)), status = 1;
    ad_context_free(ctx);
    return status;
}
