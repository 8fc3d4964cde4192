/* label_tables.c - sets of pictures whose labels are in a table beside them: its columns, the names
 * in its rows, and what is wrong with it. */
#include "image_folders.h"

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
    set = read_set("t", (ad_image_set_options){.skip_bad = true, .loose = true});
    REQUIRE(set);
    CHECK_INT(set->count, 3); /* without classes a picture needs no label */
    CHECK_TEXT(set->class_names[2], "no label");
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

static const check_case cases[] = {CASE(tables), {0}};

int main(int argc, char **argv)
{
    return check_main(argc, argv, cases);
}
