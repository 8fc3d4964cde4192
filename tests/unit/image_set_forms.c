/* image_set_forms.c - sets of pictures from archives, IDX and CIFAR files that the test writes, cut
 * short and with what does not agree; memory that runs out while a set of any form is read. */
#include "image_folders.h"
#include "sparing.h"

#include "io/source.h"

#include <archive.h>
#include <archive_entry.h>
#include <unistd.h>
#include <zlib.h>

static void add_entry(struct archive *a, const char *name, const void *bytes, size_t size)
{
    struct archive_entry *e = archive_entry_new();
    archive_entry_set_pathname(e, name);
    archive_entry_set_size(e, (la_int64_t)size);
    archive_entry_set_filetype(e, AE_IFREG);
    archive_entry_set_perm(e, 0644);
    archive_write_header(a, e);
    archive_write_data(a, bytes, size);
    archive_entry_free(e);
}

/* A text PGM of two pixels. */
static void add_pgm(struct archive *a, const char *name, int left, int right)
{
    char text[64];
    add_entry(a, name, text, (size_t)sprintf(text, "P2 2 1 10\n%d %d\n", left, right));
}

static void write_archive(const char *name, bool zip, void (*fill)(struct archive *))
{
    struct archive *a = archive_write_new();
    if (zip)
        archive_write_set_format_zip(a);
    else
        archive_write_add_filter_xz(a), archive_write_set_format_pax(a);
    REQUIRE(archive_write_open_filename(a, in_folder(name)) == ARCHIVE_OK);
    fill(a);
    archive_write_close(a);
    archive_write_free(a);
}

/* Not in the order of names, and with names that mean no good. */
static void fill_pets(struct archive *a)
{
    add_pgm(a, "./set/dog/2.pgm", 4, 4);
    add_pgm(a, "set/cat/b.pgm", 1, 9);
    add_pgm(a, "set/cat/caf\xc3\xa9.pgm", 2, 8); /* no ASCII */
    add_pgm(a, "set/cat/a.pgm", 0, 10);
    add_pgm(a, "set/dog/../../../../../../../tmp/up.pgm", 3, 7);
    add_entry(a, "set/notes.txt", "no picture", 10);
}

static void archives(void)
{
    begin();
    write_archive("set.tar.xz", false, fill_pets);
    write_archive("set.zip", true, fill_pets);
    for (int zip = 0; zip < 2; ++zip) {
        ad_image_set *set = read_set(zip ? "set.zip" : "set.tar.xz", (ad_image_set_options){0});
        if (!set) CHECK_FAIL("%s", ad_error(ctx));
        REQUIRE(set);
        CHECK_INT(set->count, 5);
        CHECK_INT(set->classes, 2);
        static const int left[5] = {0, 1, 2, 3, 4}; /* by class, then by name */
        for (int i = 0; i < 5; ++i) CHECK_INT(set->pixels[2 * i], (int)(left[i] * 25.5 + 0.5));
        ad_image_set_free(set);
        CHECK(access("/tmp/up.pgm", F_OK) != 0);
    }
    /* cut anywhere, it is an error that names it (all but the end of the archive's own padding) */
    static unsigned char bytes[1 << 16];
    FILE *file = fopen(in_folder("set.tar.xz"), "rb");
    REQUIRE(file);
    size_t size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    for (size_t cut = 1; cut < size; cut += 1 + size / 40) {
        write_bytes("cut.tar.xz", bytes, cut);
        CHECK(!read_set("cut.tar.xz", (ad_image_set_options){0}));
        CHECK_CONTAINS(ad_error(ctx), "cut.tar.xz");
    }
    end();
}

/* A megabyte of zeros in a kilobyte: as much as is asked for and no more. */
static void compressed_files(void)
{
    static unsigned char zeros[1 << 20];
    ad_content content;
    begin();
    gzFile gz = gzopen(in_folder("zeros.gz"), "wb9");
    gzwrite(gz, zeros, sizeof zeros);
    gzclose(gz);
    CHECK_INT(ad_content_read(&content, ctx, in_folder("zeros.gz"), sizeof zeros), AD_OK);
    CHECK_INT(content.size, sizeof zeros);
    ad_content_free(&content);
    CHECK_INT(ad_content_read(&content, ctx, in_folder("zeros.gz"), sizeof zeros - 1),
              AD_ERROR_LIMIT);
    CHECK_CONTAINS(ad_error(ctx), "zeros.gz: holds more than 1048575 bytes");
    CHECK(ad_context_memory_peak(ctx) < 4 * sizeof zeros);
    CHECK_INT(truncate(in_folder("zeros.gz"), 500), 0);
    CHECK(ad_content_read(&content, ctx, in_folder("zeros.gz"), sizeof zeros) != AD_OK);
    CHECK_CONTAINS(ad_error(ctx), "zeros.gz");
    write_bytes("plain.txt", "as it is", 8);
    CHECK_INT(ad_content_read(&content, ctx, in_folder("plain.txt"), 100), AD_OK);
    CHECK(content.size == 8 && !memcmp(content.bytes, "as it is", 8));
    ad_content_free(&content);
    end();
}

static void idx_files(void)
{
    unsigned char images[16 + 3 * 4] = {0, 0, 8, 3, 0, 0, 0, 3, 0, 0, 0, 2,  0,  0,
                                        0, 2, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
    unsigned char labels[8 + 3] = {0, 0, 8, 1, 0, 0, 0, 3, 7, 0, 9};
    begin();
    CHECK_INT(mkdir(in_folder("m"), 0777), 0);
    write_bytes("m/train-labels-idx1-ubyte", labels, sizeof labels);
    CHECK(!read_set("m", (ad_image_set_options){0}));
    gzFile gz = gzopen(in_folder("m/train-images-idx3-ubyte.gz"), "wb");
    gzwrite(gz, images, sizeof images);
    gzclose(gz);
    ad_image_set *set = read_set("m", (ad_image_set_options){0});
    REQUIRE(set);
    CHECK_INT(set->count, 3);
    CHECK_INT(set->classes, 10);
    CHECK_INT(set->labels[2], 9);
    CHECK_INT(set->pixels[4], 5);
    ad_image_set_free(set);
    /* the classes of another set, by name; and one that lacks some */
    char *seven_nine[2] = {(char *)"9", (char *)"7"}, *few[10] = {(char *)"0"};
    for (int i = 1; i < 10; ++i) few[i] = (char *)(i == 7 ? "seven" : "9");
    unsigned char only[8 + 3] = {0, 0, 8, 1, 0, 0, 0, 3, 7, 9, 9};
    write_bytes("m/train-labels-idx1-ubyte", only, sizeof only);
    set = read_set("m", (ad_image_set_options){
                            .like = &(ad_image_set){.classes = 2, .class_names = seven_nine}});
    REQUIRE(set);
    CHECK_INT(set->classes, 2);
    CHECK_INT(set->labels[0], 1);
    CHECK_INT(set->labels[2], 0);
    ad_image_set_free(set);
    CHECK(!read_set(
        "m", (ad_image_set_options){.like = &(ad_image_set){.classes = 10, .class_names = few}}));
    CHECK_CONTAINS(ad_error(ctx), "has a class \"7\" that the training data lack");
    labels[9] = 99;
    write_bytes("m/train-labels-idx1-ubyte", labels, sizeof labels);
    CHECK(!read_set("m", (ad_image_set_options){0}));
    CHECK_CONTAINS(ad_error(ctx), "label 1 is 99, out of range");
    labels[7] = 2;
    write_bytes("m/train-labels-idx1-ubyte", labels, sizeof labels - 1);
    CHECK(!read_set("m", (ad_image_set_options){0}));
    CHECK_CONTAINS(ad_error(ctx), "holds 2 labels");
    labels[9] = 0, labels[7] = 3;
    write_bytes("m/train-labels-idx1-ubyte", labels, sizeof labels);
    write_bytes("m/train-images-idx3-ubyte", images, sizeof images - 1);
    CHECK(!read_set("m", (ad_image_set_options){0}));
    CHECK_CONTAINS(ad_error(ctx), "train-images-idx3-ubyte: holds 11 bytes of data, its header "
                                  "says 12");
    memset(images + 4, 0xff, 12); /* 2^96 bytes */
    write_bytes("m/train-images-idx3-ubyte", images, sizeof images);
    CHECK(!read_set("m", (ad_image_set_options){0}));
    CHECK_CONTAINS(ad_error(ctx), "train-images-idx3-ubyte: holds 12 bytes of data");
    unlink(in_folder("m/train-images-idx3-ubyte"));
    write_bytes("m/train-labels-idx1-ubyte", labels, 7);
    CHECK(!read_set("m", (ad_image_set_options){0}));
    CHECK_CONTAINS(ad_error(ctx), "train-labels-idx1-ubyte: is not an IDX file");
    end();
}

static void cifar_files(void)
{
    static unsigned char record[2 * 3073];
    char name[64];
    begin();
    CHECK_INT(mkdir(in_folder("c"), 0777), 0);
    record[0] = 3, record[1] = 100, record[1 + 1024] = 101, record[1 + 2048] = 102;
    record[3073] = 9;
    for (int i = 1; i <= 5; ++i) {
        sprintf(name, "c/data_batch_%d.bin", i);
        write_bytes(name, record, sizeof record);
    }
    ad_image_set *set = read_set("c", (ad_image_set_options){0});
    REQUIRE(set);
    CHECK_INT(set->count, 10);
    CHECK_INT(set->labels[9], 9);
    CHECK_INT(set->pixels[1], 101); /* green of the first pixel */
    ad_image_set_free(set);
    CHECK(!read_set("c", (ad_image_set_options){.split = "test"}));
    CHECK_CONTAINS(ad_error(ctx), "test_batch.bin is missing");
    record[3073] = 10;
    write_bytes("c/data_batch_4.bin", record, sizeof record);
    CHECK(!read_set("c", (ad_image_set_options){0}));
    CHECK_CONTAINS(ad_error(ctx), "data_batch_4.bin: record 1 has label 10, out of range");
    write_bytes("c/data_batch_4.bin", record, 3000);
    CHECK(!read_set("c", (ad_image_set_options){0}));
    CHECK_CONTAINS(ad_error(ctx), "is not a multiple of a record");
    end();
}

static ad_status read_poorly(ad_context *poor)
{
    static const char *const names[] = {"t", "a", "m", "c", "set.tar.xz"};
    for (size_t i = 0; i < sizeof names / sizeof *names; ++i) {
        ad_image_set *set;
        ad_status status = ad_image_set_read(&set, poor, in_folder(names[i]),
                                             &(ad_image_set_options){.skip_bad = i != 4});
        if (status) return status;
        ad_image_set_free(set);
    }
    return AD_OK;
}

static ad_status split_poorly(ad_context *poor)
{
    ad_texts list = {0};
    ad_image_splits s;
    ad_image_splits_options o = {.validation = 0.3, .skip_bad = true};
    ad_status status = ad_image_splits_read(&s, poor, in_folder("a"), &o);
    ad_image_splits_free(&s);
    o.folds = 2;
    if (!status) status = ad_image_splits_read(&s, poor, in_folder("a"), &o);
    ad_image_splits_free(&s);
    if (!status) status = ad_image_files(poor, in_folder("a"), &list, NULL);
    if (!status) status = ad_image_files(poor, in_folder("t"), &list, NULL);
    ad_texts_free(poor, &list);
    return status;
}

static void memory_that_runs_out(void)
{
    unsigned char images[16 + 4] = {0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 2};
    unsigned char labels[8 + 1] = {0, 0, 8, 1, 0, 0, 0, 1, 7};
    static unsigned char record[3073];
    begin();
    animals();
    write_bytes("a/train/cat/0.jpg", "\xff\xd8\xff nothing", 11);
    make_folders((const char *const[]){"t", "m", "c"}, 3);
    write_picture("t/1.pgm", 2, 2, 1, false);
    write_bytes("t/2.pgm", "P5", 2);
    static const char table[] = "file,person,glasses\n1.pgm,0,1\n2.pgm,0,1\n";
    write_bytes("t/glasses.csv", table, sizeof table - 1);
    gzFile gz = gzopen(in_folder("m/train-images-idx3-ubyte.gz"), "wb");
    gzwrite(gz, images, sizeof images);
    gzclose(gz);
    write_bytes("m/train-labels-idx1-ubyte", labels, sizeof labels);
    for (int i = 1; i <= 5; ++i) {
        char name[64];
        sprintf(name, "c/data_batch_%d.bin", i);
        write_bytes(name, record, sizeof record);
    }
    write_archive("set.tar.xz", false, fill_pets);
    CHECK_INT(read_poorly(ctx), AD_OK);
    sparing_check(read_poorly);
    CHECK_INT(split_poorly(ctx), AD_OK);
    sparing_check(split_poorly);
    end();
}

static const check_case cases[] = {CASE(archives),    CASE(compressed_files),     CASE(idx_files),
                                   CASE(cifar_files), CASE(memory_that_runs_out), {0}};

int main(int argc, char **argv)
{
    return check_main(argc, argv, cases);
}
