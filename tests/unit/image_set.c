/* image_set.c - sets of pictures from folders that the test writes; what is wrong with them is
 * named. */
#include "image_folders.h"
#include "picture_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/syscall.h>
#include <unistd.h>

static void write_made(const char *name, made_file file)
{
    write_bytes(name, file.bytes, file.size);
    free(file.bytes);
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

static const check_case cases[] = {CASE(class_folders),
                                   CASE(broken_folders),
                                   CASE(mixed_colours),
                                   CASE(odd_pictures),
                                   CASE(failures_that_pass),
                                   CASE(files_of_pictures),
                                   {0}};

int main(int argc, char **argv)
{
    return check_main(argc, argv, cases);
}
