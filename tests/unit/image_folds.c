/* image_folds.c - which pictures of a set are trained on, validated with and tested: folds, shares,
 * and the data's own splits. */
#include "image_folders.h"

/* Every fold is the rest of the others, groups stay together, classes are spread. */
static void folds(void)
{
    begin();
    ad_image_set set = {.count = 100, .classes = 2, .ctx = ctx};
    int32_t labels[100], groups[100];
    int64_t in[100], out[100];
    int seen[100] = {0};
    for (int i = 0; i < 100; ++i) labels[i] = i % 5 == 0, groups[i] = i / 10;
    set.labels = labels;
    for (int pass = 0; pass < 2; ++pass) {
        memset(seen, 0, sizeof seen);
        for (int fold = 0; fold < 5; ++fold) {
            int ones = 0;
            int64_t n = ad_image_set_fold(&set, fold, 5, 3, true, in);
            CHECK_INT(n, 20);
            CHECK_INT(ad_image_set_fold(&set, fold, 5, 3, false, out), 80);
            for (int64_t i = 0; i < n; ++i) {
                ++seen[in[i]], ones += labels[in[i]];
                for (int64_t k = 0; pass && k < 80; ++k) CHECK(groups[in[i]] != groups[out[k]]);
            }
            CHECK_INT(ones, 4);
        }
        for (int i = 0; i < 100; ++i) CHECK_INT(seen[i], 1);
        set.groups = groups;
    }
    end();
}

/* Groups need not be numbered without gaps, and have the label of most of their pictures. */
static void folds_of_sparse_groups(void)
{
    begin();
    ad_image_set set = {.count = 60, .classes = 2, .ctx = ctx};
    int32_t labels[60], groups[60];
    int64_t in[60];
    for (int i = 0; i < 60; ++i) /* 20 groups of 3, every second mostly of class 1 */
        groups[i] = 1000000 + 77 * (i / 3), labels[i] = i / 3 % 2 ? i % 3 > 0 : 0;
    set.labels = labels, set.groups = groups;
    for (int fold = 0; fold < 5; ++fold) {
        int ones = 0;
        CHECK_INT(ad_image_set_fold(&set, fold, 5, 8, true, in), 12);
        for (int i = 0; i < 12; ++i) ones += labels[in[i]];
        CHECK_INT(ones, 4);
    }
    end();
}

/* What the data have of their own is taken; else a share, or a fold. */
static void splits(void)
{
    ad_image_splits s;
    ad_image_splits_options o = {.validation = 0.5, .seed = 1};
    char name[64];
    bool seen[12] = {0};
    begin();
    animals();
    REQUIRE(!ad_image_splits_read(&s, ctx, in_folder("a"), &o));
    CHECK(s.set[1] == s.set[0] && s.set[2] && s.set[2] != s.set[0]);
    CHECK_INT(s.count[0] + s.count[1], s.set[0]->count);
    CHECK_INT(s.count[2], s.set[2]->count);
    CHECK_TEXT(s.set[2]->class_names[1], "dog");
    ad_image_splits_free(&s);
    o.validation = 0;
    REQUIRE(!ad_image_splits_read(&s, ctx, in_folder("a"), &o));
    CHECK(!s.set[1] && s.count[0] == s.set[0]->count && s.count[2] > 0);
    ad_image_splits_free(&s);
    make_folders((const char *const[]){"f", "f/x", "f/y"}, 3);
    for (int i = 0; i < 12; ++i) {
        snprintf(name, sizeof name, "f/%c/%d.pgm", i % 2 ? 'y' : 'x', i);
        write_picture(name, 2, 2, 10 * i, false);
    }
    /* each picture is tested once, and never trained on or validated with then */
    for (o.folds = 3, o.fold = 0, o.validation = 0.25; o.fold < o.folds; ++o.fold) {
        bool used[12] = {0};
        o.seed = (uint64_t)o.fold; /* which the folds do not depend on */
        REQUIRE(!ad_image_splits_read(&s, ctx, in_folder("f"), &o));
        CHECK_INT(s.count[0] + s.count[1], 8);
        CHECK(s.count[1] > 0 && s.count[1] <= 3);
        CHECK_INT(s.count[2], 4);
        for (int k = 0; k < 3; ++k)
            for (int64_t i = 0; i < s.count[k]; ++i) {
                CHECK(s.set[k] == s.set[0] && !used[s.index[k][i]]);
                used[s.index[k][i]] = true;
                if (k < 2) continue;
                CHECK(!seen[s.index[k][i]]);
                seen[s.index[k][i]] = true;
            }
        ad_image_splits_free(&s);
    }
    end();
}

static void splits_that_do_not_fit(void)
{
    ad_image_splits s;
    ad_image_splits_options o = {0};
    begin();
    animals();
    write_picture("a/test/cat/1.pgm", 5, 5, 10, false);
    write_picture("a/test/dog/1.pgm", 5, 5, 10, false);
    CHECK_INT(ad_image_splits_read(&s, ctx, in_folder("a"), &o), AD_ERROR_SHAPE);
    CHECK_CONTAINS(ad_error(ctx), "test pictures are 5 x 5, those of training 4 x 3");
    ad_image_splits_free(&s);
    o.height = o.width = 5;
    CHECK_INT(ad_image_splits_read(&s, ctx, in_folder("a"), &o), AD_OK);
    ad_image_splits_free(&s);
    CHECK(ad_image_splits_read(&s, ctx, in_folder("nothing"), &o));
    CHECK_CONTAINS(ad_error(ctx), "/nothing: ");
    ad_image_splits_free(&s);
    end();
}

static const check_case cases[] = {
    CASE(folds), CASE(folds_of_sparse_groups), CASE(splits), CASE(splits_that_do_not_fit), {0}};

int main(int argc, char **argv)
{
    return check_main(argc, argv, cases);
}
