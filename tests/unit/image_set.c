/* image_set.c - sets of pictures from folders, archives, IDX and CIFAR files that the test writes;
 * what is wrong with them is named. */
#include "case.h"
#include "picture_files.h"
#include "sparing.h"

#include "io/source.h"

#include <autodidact/data.h>

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <zlib.h>

/* A grey PGM, or a colour PPM, of one value. */
static void write_picture(const char *name, int width, int height, int value, bool colour)
{
    unsigned char bytes[4096];
    int n = sprintf((char *)bytes, "P%c\n# made by a test\n%d %d\n255\n", colour ? '6' : '5', width,
                    height);
    int count = width * height * (colour ? 3 : 1);
    memset(bytes + n, value, (size_t)count);
    write_bytes(name, bytes, (size_t)(n + count));
}

static void make_folders(const char *const *names, int count)
{
    for (int i = 0; i < count; ++i) CHECK_INT(mkdir(in_folder(names[i]), 0777), 0);
}

static void write_made(const char *name, made_file file)
{
    write_bytes(name, file.bytes, file.size);
    free(file.bytes);
}

/* All that was noted, a line each. */
static char notes[4096];

static void note(void *user, const char *sentence)
{
    (void)user;
    size_t used = strlen(notes);
    snprintf(notes + used, sizeof notes - used, "%s\n", sentence);
}
static const ad_watcher watcher = {.note = note};

static ad_image_set *read_set(const char *name, ad_image_set_options options)
{
    ad_image_set *set;
    ad_error_clear(ctx);
    *notes = 0;
    if (!options.watcher) options.watcher = &watcher;
    (void)ad_image_set_read(&set, ctx, in_folder(name), &options);
    return set;
}

static void animals(void)
{
    make_folders((const char *const[]){"a", "a/train", "a/train/cat", "a/train/dog", "a/test",
                                       "a/test/cat", "a/test/dog"},
                 7);
    write_picture("a/train/cat/1.pgm", 4, 3, 10, false);
    write_picture("a/train/cat/2.pgm", 4, 3, 20, false);
    write_picture("a/train/dog/1.pgm", 4, 3, 30, false);
    write_picture("a/test/dog/1.pgm", 4, 3, 40, false);
    write_picture("a/test/cat/1.pgm", 4, 3, 50, false);
}

static void class_folders(void)
{
    begin();
    animals();
    ad_image_set *set = read_set("a", (ad_image_set_options){0});
    REQUIRE(set);
    CHECK_INT(set->count, 3);
    CHECK_INT(set->height, 3);
    CHECK_INT(set->width, 4);
    CHECK_TEXT(set->class_names[0], "cat");
    CHECK_INT(set->labels[2], 1);
    CHECK_INT(set->pixels[12], 20);
    ad_image_set *test = read_set("a", (ad_image_set_options){.split = "test", .like = set});
    REQUIRE(test);
    CHECK_INT(test->count, 2);
    CHECK_INT(test->pixels[0], 50);
    CHECK(test->fingerprint != set->fingerprint);
    ad_image_set_free(test);
    test = read_set("a", (ad_image_set_options){.split = "validation"});
    REQUIRE(test);
    CHECK_INT(test->count, 0);
    ad_image_set_free(test);
    /* without splits the folder is all training data */
    ad_image_set *plain = read_set("a/train", (ad_image_set_options){.height = 6, .width = 8});
    REQUIRE(plain);
    CHECK_INT(plain->count, 3);
    CHECK_INT(plain->height, 6);
    CHECK_INT(plain->pixels[0], 10);
    ad_image_set_free(plain);
    ad_image_set_free(set);
    end();
}

static void broken_folders(void)
{
    begin();
    animals();
    write_bytes("a/train/cat/0.jpg", "\xff\xd8\xff nothing", 11);
    CHECK(!read_set("a", (ad_image_set_options){0}));
    CHECK_CONTAINS(ad_error(ctx), "a/train/cat/0.jpg");
    ad_image_set *set = read_set("a", (ad_image_set_options){.skip_bad = true});
    REQUIRE(set);
    CHECK_INT(set->count, 3);
    CHECK_INT(set->skipped, 1);
    CHECK_INT(set->pixels[12], 20);
    unlink(in_folder("a/train/cat/0.jpg"));

    write_picture("a/train/dog/2.pgm", 5, 3, 30, false);
    CHECK(!read_set("a", (ad_image_set_options){0}));
    CHECK_CONTAINS(ad_error(ctx), "dog/2.pgm: is 5 x 3, the first picture 4 x 3");
    CHECK(!read_set("a", (ad_image_set_options){.skip_bad = true})); /* it is not broken */
    unlink(in_folder("a/train/dog/2.pgm"));

    CHECK_INT(mkdir(in_folder("a/train/emu"), 0777), 0);
    CHECK(!read_set("a", (ad_image_set_options){0}));
    CHECK_CONTAINS(ad_error(ctx), "class \"emu\" has no picture");
    CHECK_INT(rmdir(in_folder("a/train/emu")), 0);

    CHECK_INT(mkdir(in_folder("a/test/fox"), 0777), 0);
    write_picture("a/test/fox/1.pgm", 4, 3, 1, false);
    CHECK(!read_set("a", (ad_image_set_options){.split = "test", .like = set}));
    CHECK_CONTAINS(ad_error(ctx), "class \"fox\" that the training data lack");
    ad_image_set_free(set);

    CHECK(!read_set("a", (ad_image_set_options){.split = "tset"}));
    CHECK_CONTAINS(ad_error(ctx), "\"tset\" is not a split of a data set");

    CHECK_INT(mkdir(in_folder("b"), 0777), 0);
    CHECK(!read_set("b", (ad_image_set_options){0}));
    CHECK_CONTAINS(ad_error(ctx), "holds no data set");
    CHECK(!read_set("nowhere", (ad_image_set_options){0}));
    CHECK_CONTAINS(ad_error(ctx), "nowhere: cannot open");
    CHECK(!read_set("a/train/cat/1.pgm", (ad_image_set_options){0}));
    CHECK_CONTAINS(ad_error(ctx), "cat/1.pgm: is neither a folder nor an archive");
    end();
}

/* Colour where any picture is, whichever comes first; what became of the others is noted. */
static void mixed_colours(void)
{
    begin();
    animals();
    ad_image_set *set = read_set("a", (ad_image_set_options){0});
    REQUIRE(set);
    CHECK_INT(set->channels, 1);
    CHECK_INT(set->survey.grey, 3);
    CHECK_TEXT(notes, "");
    ad_image_set_free(set);
    write_picture("a/train/dog/1.pgm", 4, 3, 30, true);
    set = read_set("a", (ad_image_set_options){0});
    REQUIRE(set);
    CHECK_INT(set->channels, 3);
    CHECK_INT(set->pixels[2], 10);
    CHECK_INT(set->survey.colour, 1);
    CHECK_CONTAINS(notes, "/a: 2 of 3 pictures are grey and were widened to colour\n");
    ad_image_set_free(set);
    set = read_set("a", (ad_image_set_options){.channels = 1, .split = "test"});
    REQUIRE(set);
    CHECK_TEXT(notes, "");
    ad_image_set_free(set);
    set = read_set("a", (ad_image_set_options){.channels = 1, .height = 3, .width = 2});
    REQUIRE(set);
    CHECK_INT(set->channels, 1);
    CHECK_CONTAINS(notes, "/a: 1 of 3 pictures is in colour and was made grey\n");
    CHECK_CONTAINS(notes, "3 of 3 pictures were resized to 2 x 3 (from 4 x 3, without keeping "
                          "their proportions)\n");
    ad_image_set_free(set);
    end();
}

static void write_pngs(void)
{
    static const unsigned char rows[4 * 3 * 8] = {1, 2, 3};
    static const png_color palette[10] = {{1, 2, 3}, {4, 5, 6}};
    static const unsigned char grey[4 * 3 * 4] = {9}, alpha[1] = {7};
    write_made("o/x/deep.png",
               made_png(4, 3, rows, 8,
                        (made_png_options){.colour_type = PNG_COLOR_TYPE_GRAY, .bit_depth = 16}));
    write_made("o/x/clear.png", made_png(4, 3, rows, 4,
                                         (made_png_options){.colour_type = PNG_COLOR_TYPE_PALETTE,
                                                            .bit_depth = 8,
                                                            .palette = palette,
                                                            .colours = 10,
                                                            .alpha = alpha,
                                                            .alphas = 1}));
    write_made("o/y/ink.jpg",
               made_jpeg(4, 3, grey, (made_jpeg_options){.from = JCS_CMYK, .stored = JCS_CMYK}));
}

/* Depth, transparency, inks; and what is called as pictures are that cannot be read. */
static void odd_pictures(void)
{
    begin();
    make_folders((const char *const[]){"o", "o/x", "o/y"}, 3);
    write_pngs();
    write_bytes("o/y/cat.gif", "GIF89a", 6);
    write_bytes("o/x/SCAN.TIF", "II*", 4);
    ad_image_set *set = read_set("o", (ad_image_set_options){0});
    REQUIRE(set);
    CHECK_INT(set->count, 3);
    CHECK_INT(set->channels, 3);
    CHECK_INT(set->survey.unread, 2);
    CHECK_CONTAINS(notes, "1 of 3 pictures is grey and was widened to colour\n");
    CHECK_CONTAINS(notes, "1 of 3 pictures has transparency and was laid on white\n");
    CHECK_CONTAINS(notes, "1 of 3 pictures has more than 8 bits a sample, of which 8 were kept\n");
    CHECK_CONTAINS(notes, "1 of 3 pictures is in CMYK and was converted without a profile\n");
    CHECK_CONTAINS(notes, "left out: 2 files are pictures of a format that cannot be read (.gif, "
                          ".tif)\n");
    ad_image_set_free(set);
    unlink(in_folder("o/y/ink.jpg"));
    CHECK(!read_set("o", (ad_image_set_options){0}));
    CHECK_CONTAINS(ad_error(ctx),
                   "class \"y\" has no picture; 1 file is a picture of a format that "
                   "cannot be read (.gif)");
    unlink(in_folder("o/x/deep.png")), unlink(in_folder("o/x/clear.png"));
    CHECK(!read_set("o", (ad_image_set_options){0}));
    CHECK_CONTAINS(ad_error(ctx), "with a table of labels (.csv); 2 files are pictures");
    /* other endings of JPEG and BMP */
    write_made("o/x/a.jfif",
               made_jpeg(4, 3, (const unsigned char[12]){0},
                         (made_jpeg_options){.from = JCS_GRAYSCALE, .stored = JCS_GRAYSCALE}));
    write_picture("o/y/b.JPE", 4, 3, 5, false); /* read by content */
    set = read_set("o", (ad_image_set_options){0});
    REQUIRE(set);
    CHECK_INT(set->count, 2);
    ad_image_set_free(set);
    end();
}

/* The next open of a file whose name ends so fails, as a network disk's may; later ones work. */
static const char *failing;
static int failures_left;

int open(const char *path, int flags, ...)
{
    va_list args;
    va_start(args, flags);
    int mode = flags & O_CREAT ? va_arg(args, int) : 0;
    va_end(args);
    size_t length = strlen(path), end = failing ? strlen(failing) : 0;
    if (end && length >= end && !strcmp(path + length - end, failing) &&
        __atomic_fetch_sub(&failures_left, 1, __ATOMIC_SEQ_CST) > 0) {
        errno = EIO;
        return -1;
    }
    return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

/* A failure that does not come again is told as it was met, or the picture is left out; no label
 * behind it is lost. */
static void failures_that_pass(void)
{
    char name[32];
    begin();
    make_folders((const char *const[]){"f", "f/a", "f/b"}, 3);
    for (int i = 0; i < 20; ++i) {
        snprintf(name, sizeof name, "f/%c/%02d.pgm", i < 10 ? 'a' : 'b', i);
        write_picture(name, 2, 2, i, false);
    }
    for (int threads = 1; threads <= 4; threads += 3) {
        ad_context_free(ctx);
        ctx = ad_context_new(&(ad_context_options){.threads = threads});
        /* once when headers are read, once when pixels are */
        for (int skip = 0; skip < 2; ++skip) {
            failing = "/03.pgm", failures_left = 1;
            ad_image_set *set = read_set("f", (ad_image_set_options){.skip_bad = skip});
            failing = NULL;
            CHECK_INT(failures_left, 0);
            CHECK(!set == !skip);
            if (!skip) CHECK_CONTAINS(ad_error(ctx), "f/a/03.pgm: cannot open: Input/output error");
            if (!set) continue;
            CHECK_INT(set->count, 19);
            CHECK_CONTAINS(notes, "1 broken picture was left out: ");
            CHECK_CONTAINS(notes, "f/a/03.pgm: cannot open: Input/output error\n");
            for (int i = 0; i < 19; ++i) {
                CHECK_INT(set->labels[i], i >= 9);
                CHECK_INT(set->pixels[4 * i], i + (i >= 3));
            }
            ad_image_set_free(set);
        }
        /* of several the first by name, whichever thread met it */
        write_bytes("f/b/17.pgm", "P5 2 2 255\n12", 13);
        write_bytes("f/b/12.pgm", "P5 2 2 255\n12", 13);
        CHECK(!read_set("f", (ad_image_set_options){0}));
        CHECK_CONTAINS(ad_error(ctx), "f/b/12.pgm: truncated");
        ad_image_set *set = read_set("f", (ad_image_set_options){.skip_bad = true});
        REQUIRE(set);
        CHECK_CONTAINS(notes, "2 broken pictures were left out, the first: ");
        CHECK_CONTAINS(notes, "f/b/12.pgm: truncated");
        ad_image_set_free(set);
        write_picture("f/b/17.pgm", 2, 2, 17, false), write_picture("f/b/12.pgm", 2, 2, 12, false);
    }
    /* a class of which nothing is left */
    make_folders((const char *const[]){"f/c"}, 1);
    write_bytes("f/c/1.pgm", "P5 2 2 255\n12", 13);
    CHECK(!read_set("f", (ad_image_set_options){.skip_bad = true}));
    CHECK_CONTAINS(ad_error(ctx), "class \"c\" has no picture that can be read");
    end();
}

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

static void tables(void)
{
    static const char good[] = "file,person,glasses\n\"x/1.pgm\",0,1\r\nx/2.pgm,0,0\nx/3.pgm,1,0\n";
    begin();
    make_folders((const char *const[]){"t", "t/x"}, 2);
    for (int i = 1; i <= 3; ++i) {
        char name[32];
        sprintf(name, "t/x/%d.pgm", i);
        write_picture(name, 2, 2, i, true);
    }
    write_bytes("t/labels.csv", good, sizeof good - 1);
    ad_image_set *set = read_set("t", (ad_image_set_options){0});
    REQUIRE(set);
    CHECK_INT(set->count, 3);
    CHECK_INT(set->channels, 3);
    CHECK_TEXT(set->class_names[0], "glasses");
    CHECK_TEXT(set->class_names[1], "no glasses");
    CHECK_INT(set->labels[0], 0);
    CHECK(set->groups && set->groups[2] == 1);
    ad_image_set_free(set);
    write_bytes("t/labels.csv", "file,label\nx/9.pgm,a\n", 21);
    CHECK(!read_set("t", (ad_image_set_options){0}));
    CHECK_CONTAINS(ad_error(ctx), "labels.csv:2: names x/9.pgm, which does not exist");
    write_bytes("t/labels.csv", "file,label\nx/1.pgm\n", 19);
    CHECK(!read_set("t", (ad_image_set_options){0}));
    CHECK_CONTAINS(ad_error(ctx), "labels.csv:2: has 1 field, expected 2");
    static const char gaps[] = "\xef\xbb\xbfsubject,image,class\n\nann,1.pgm,\"a, \"\"b\"\"\"\n"
                               "bob,2.pgm,\nann,9.pgm,c\nann,u/x/3.pgm,c\nann,x/3.pgm,10\n";
    write_bytes("t/labels.csv", gaps, sizeof gaps - 1);
    CHECK(!read_set("t", (ad_image_set_options){0}));
    CHECK_CONTAINS(ad_error(ctx), "labels.csv:4: has no label");
    set = read_set("t", (ad_image_set_options){.skip_bad = true});
    REQUIRE(set);
    CHECK_INT(set->count, 2);
    CHECK_INT(set->skipped, 3);
    CHECK_TEXT(set->class_names[0], "10"); /* numbers before names */
    CHECK_TEXT(set->class_names[1], "a, \"b\"");
    CHECK_INT(set->labels[0], 1);
    CHECK_INT(set->pixels[12], 3);
    CHECK(set->groups && set->groups[0] == set->groups[1]);
    ad_image_set_free(set);
    write_bytes("t/x/old.gif", "GIF89a", 6);
    static const struct {
        const char *text, *sentence;
    } wrong[] = {
        {"name,label\nx/1.pgm,a\n", "has no column file; its columns"},
        {"file\nx/1.pgm\n", "has no column label; its columns, separated by \",\", are file"},
        {"file,label\n\"x\"1.pgm,a\n", "labels.csv:2: has text behind a closing quote"},
        {"file,breed,owner\n1.pgm,a,b\n", "are file, breed, owner"},
        {"file,width,height\n1.pgm,3,4\n", "are file, width, height"},
        {"file,label\n1.pgm,a\nx/1.pgm,a\n", "csv:3: names x/1.pgm, which line 2 already names"},
        {"file,label\n1.pgm,a\nx/1.pgm,b\n",
         "csv:3: labels x/1.pgm \"b\", which line 2 labels \"a\""},
        {"file,label\nold.gif,a\n",
         "csv:2: names old.gif, a picture of a format that cannot be read"},
        {"file,label\nold,a\n",
         "csv:2: names old, a picture of a format that cannot be read (.gif)"},
        {"file,label\n", "holds no data set"}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; ++i) {
        write_bytes("t/labels.csv", wrong[i].text, strlen(wrong[i].text));
        CHECK(!read_set("t", (ad_image_set_options){0}));
        CHECK_CONTAINS(ad_error(ctx), wrong[i].sentence);
    }
    /* twice the same is left out, another label is not a row that is broken */
    write_bytes("t/labels.csv", "file,label\n1.pgm,a\nx/1.pgm,a\n2.pgm,b\n", 37);
    set = read_set("t", (ad_image_set_options){.skip_bad = true});
    REQUIRE(set);
    CHECK_CONTAINS(notes, "1 broken picture was left out: ");
    CHECK_CONTAINS(notes, "labels.csv:3: names x/1.pgm, which line 2 already names\n");
    CHECK_CONTAINS(notes, "left out: 1 picture that the table of labels does not name\n");
    ad_image_set_free(set);
    write_bytes("t/labels.csv", "file,label\n1.pgm,a\nx/1.pgm,b\n", 29);
    CHECK(!read_set("t", (ad_image_set_options){.skip_bad = true}));
    CHECK_CONTAINS(ad_error(ctx), "labels x/1.pgm \"b\", which line 2 labels \"a\"");
    /* a guess is said */
    write_bytes("t/labels.csv", "filename,breed,width\n1.pgm,a,3\n2.pgm,b,4\n", 41);
    set = read_set("t", (ad_image_set_options){0});
    REQUIRE(set);
    CHECK_TEXT(set->class_names[1], "b");
    CHECK_CONTAINS(notes, "labels.csv: its column \"breed\" is taken for the labels\n");
    ad_image_set_free(set);
    /* names as people and other systems write them; labels under a heading of their own */
    static const char *const same[] = {
        "filename, label, owner\n1.pgm, b, x\n 2.pgm, a, y\n", "id;breed\r\n1;b\r\n2;a\r\n",
        "image_id\tbreed\twidth\nx/1\tb\t30\nx/2\ta\t40\n", "Path,Class\n./x/1.pgm,b\nx\\2.pgm,a\n",
        "index,some_file,class\n0,./x/1.pgm,b\n1,x\\2,a\n"};
    for (size_t i = 0; i < sizeof same / sizeof *same; ++i) {
        write_bytes("t/labels.csv", same[i], strlen(same[i]));
        set = read_set("t", (ad_image_set_options){0});
        REQUIRE(set);
        CHECK_INT(set->count, 2);
        CHECK(set->classes == 2 && set->labels[0] == 1 && set->labels[1] == 0);
        CHECK_TEXT(set->class_names[1], "b");
        ad_image_set_free(set);
    }
    /* names from where the set lay before: said, and the same for all rows */
    static const char *const moved[] = {"/home/bob/", "C:\\data\\x\\", "../pictures/", "t/x/"};
    for (size_t i = 0; i < sizeof moved / sizeof *moved; ++i) {
        char table[128];
        snprintf(table, sizeof table, "file,label\n%s1.pgm,a\n%s2.pgm,b\n", moved[i], moved[i]);
        write_bytes("t/labels.csv", table, strlen(table));
        set = read_set("t", (ad_image_set_options){0});
        REQUIRE(set);
        CHECK(set->count == 2 && set->labels[0] == 0 && set->labels[1] == 1);
        CHECK_CONTAINS(notes, "labels.csv: names pictures in ");
        CHECK_CONTAINS(notes, ", which are looked for in ");
        ad_image_set_free(set);
    }
    write_bytes("t/labels.csv", "file,label\n/a/1.pgm,a\n/b/2.pgm,b\n", 33);
    CHECK(!read_set("t", (ad_image_set_options){0}));
    CHECK_CONTAINS(ad_error(ctx), "csv:3: names /b/2.pgm, which does not exist");
    make_folders((const char *const[]){"t/y"}, 1);
    write_picture("t/y/1.pgm", 2, 2, 1, true);
    write_bytes("t/labels.csv", "file,label\n1.pgm,a\n", 19);
    CHECK(!read_set("t", (ad_image_set_options){0}));
    CHECK_CONTAINS(ad_error(ctx), "csv:2: names 1.pgm, which is the name of several pictures");
    CHECK(!read_set("t", (ad_image_set_options){.skip_bad = true}));
    CHECK_CONTAINS(ad_error(ctx), "no row of its table of labels can be used; the first: ");
    write_bytes("t/labels.csv", "file,label\nx/1.pgm,a\0b\n", 23);
    CHECK(!read_set("t", (ad_image_set_options){0}));
    CHECK_CONTAINS(ad_error(ctx), "labels.csv: is not text");
    end();
}

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

static void files_of_pictures(void)
{
    ad_texts list = {0};
    begin();
    make_folders((const char *const[]){"p", "p/b", "p/.hidden", "empty"}, 4);
    write_picture("p/z.pgm", 2, 2, 1, false);
    write_picture("p/b/a.PGM", 2, 2, 1, false);
    write_picture("p/.hidden/x.pgm", 2, 2, 1, false);
    write_bytes("p/notes.txt", "a", 1);
    CHECK_INT(ad_image_files(ctx, in_folder("p/z.pgm"), &list, NULL), AD_OK);
    CHECK_INT(ad_image_files(ctx, in_folder("p/notes.txt"), &list, NULL),
              AD_OK); /* named, so meant */
    write_bytes("p/b/old.gif", "GIF89a", 6);
    *notes = 0;
    CHECK_INT(ad_image_files(ctx, in_folder("p"), &list, &watcher), AD_OK);
    CHECK_CONTAINS(notes,
                   "/p: left out: 1 file is a picture of a format that cannot be read (.gif)");
    CHECK_INT(list.count, 4);
    CHECK_TEXT(list.at[0], in_folder("p/z.pgm"));
    CHECK_TEXT(list.at[1], in_folder("p/notes.txt"));
    CHECK_TEXT(list.at[2], in_folder("p/b/a.PGM"));
    CHECK_TEXT(list.at[3], in_folder("p/z.pgm"));
    CHECK_INT(ad_image_files(ctx, in_folder("empty"), &list, NULL), AD_ERROR_NOT_FOUND);
    CHECK_CONTAINS(ad_error(ctx), "/empty: holds no pictures");
    CHECK_INT(ad_image_files(ctx, in_folder("nothing"), &list, NULL), AD_ERROR_NOT_FOUND);
    CHECK_CONTAINS(ad_error(ctx), "/nothing: cannot open: ");
    CHECK_INT(list.count, 4);
    ad_texts_free(ctx, &list);
    CHECK(!list.at && !list.count);
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

static const check_case cases[] = {CASE(class_folders),
                                   CASE(broken_folders),
                                   CASE(mixed_colours),
                                   CASE(odd_pictures),
                                   CASE(failures_that_pass),
                                   CASE(archives),
                                   CASE(compressed_files),
                                   CASE(idx_files),
                                   CASE(cifar_files),
                                   CASE(tables),
                                   CASE(folds),
                                   CASE(folds_of_sparse_groups),
                                   CASE(splits),
                                   CASE(splits_that_do_not_fit),
                                   CASE(files_of_pictures),
                                   CASE(memory_that_runs_out),
                                   {0}};

int main(int argc, char **argv)
{
    return check_main(argc, argv, cases);
}
