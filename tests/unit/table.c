/* table.c - tables as text and as JSON: alignment, wide and hostile text, shortening, rows that
 * come later, mistakes. */
#include "check.h"
#include "sparing.h"

#include <autodidact/table.h>

#include <jansson.h>

static char out[1 << 16];
static void (*fill)(ad_command *cmd);

static int run(ad_command *cmd)
{
    fill(cmd);
    return AD_EXIT_OK;
}

static const ad_option options[] = {AD_OPTION_JSON, {0}};
static const ad_verb verb = {
    .name = "show", .operands = "", .options = options, .run = run, .summary = "prints"};
static const ad_verb *const verbs[] = {&verb, NULL};

/* What `what` prints, with --json or without. */
static const char *printed(void (*what)(ad_command *cmd), bool json)
{
    FILE *file = tmpfile();
    ad_app app = {.name = "tables", .version = "1", .summary = "", .verbs = verbs, .out = file};
    char *words[] = {"tables", "show", "--json", NULL};
    fill = what;
    CHECK_INT(ad_app_main(&app, json ? 3 : 2, words), 0);
    rewind(file);
    out[fread(out, 1, sizeof out - 1, file)] = 0;
    fclose(file);
    return out;
}

static void kinds(ad_command *cmd)
{
    ad_table *t;
    REQUIRE(
        !ad_table_new(&t, ad_command_context(cmd),
                      (ad_column[]){{"class", .kind = AD_COLUMN_TEXT},
                                    {"rows", .kind = AD_COLUMN_INT},
                                    {"share", .kind = AD_COLUMN_PERCENT, .key = "recall"},
                                    {"loss", .kind = AD_COLUMN_REAL, .digits = 3},
                                    {"rate", .kind = AD_COLUMN_REAL, .digits = -1, .unit = "it/s"},
                                    {"took", .kind = AD_COLUMN_SECONDS},
                                    {"held", .kind = AD_COLUMN_BYTES},
                                    {"path", .where = AD_COLUMN_IN_JSON},
                                    {"note", .where = AD_COLUMN_ON_PAPER}},
                      9));
    ad_table_row(t);
    ad_table_text(t, "cat"), ad_table_int(t, 1234567), ad_table_real(t, 0.5);
    ad_table_real(t, 12.34567), ad_table_int(t, 7), ad_table_real(t, 1.25e-5);
    ad_table_int(t, 1536), ad_table_text(t, "a/b"), ad_table_text(t, "first");
    ad_table_row(t);
    ad_table_text(t, "dog and fox"), ad_table_int(t, -5), ad_table_real(t, NAN);
    ad_table_real(t, -1), ad_table_none(t), ad_table_real(t, 125);
    ad_table_int(t, 3);
    CHECK_INT(ad_table_print(t, cmd, "class"), AD_OK);
    ad_table_free(t);
}

static void text_is_aligned(void)
{
    CHECK_TEXT(printed(kinds, false),
               "class           rows    share    loss    rate     took     held  note\n"
               "cat          1234567  50.00 %  12.346  7 it/s  12.5 us  1.5 KiB  first\n"
               "dog and fox       -5        -  -1.000       -    2m05s  3 bytes\n");
}

static void json_has_plain_values(void)
{
    CHECK_TEXT(printed(kinds, true),
               "{\"event\":\"class\",\"class\":\"cat\",\"rows\":1234567,\"recall\":0.5,"
               "\"loss\":12.34567,\"rate\":7,\"took\":1.25e-05,\"held\":1536,\"path\":\"a/b\"}\n"
               "{\"event\":\"class\",\"class\":\"dog and fox\",\"rows\":-5,\"recall\":null,"
               "\"loss\":-1,\"rate\":null,\"took\":125,\"held\":3}\n");
}

static void hostile(ad_command *cmd)
{
    ad_table *t;
    ad_column columns[] = {{.name = "name"}, {"n\xff", .kind = AD_COLUMN_INT}};
    REQUIRE(!ad_table_new(&t, ad_command_context(cmd), columns, 2));
    static const char *const names[] = {
        "\x1b[2J\rx",               /* would clear the screen */
        "\xe6\xbc\xa2\xe5\xad\x97", /* two wide characters */
        "e\xcc\x81t\xc3\xa9",       /* with a mark of its own */
        "a\xe2\x80\xae"
        "b", /* would turn the direction */
        "\xc2\x9b"
        "1m\xf0\x28", /* a control character beyond ASCII; not UTF-8 */
    };
    for (int i = 0; i < 5; ++i) {
        ad_table_row(t);
        ad_table_text(t, names[i]), ad_table_int(t, i);
    }
    CHECK_INT(ad_table_print(t, cmd, "x"), AD_OK);
    ad_table_free(t);
}

static void hostile_text(void)
{
    CHECK_TEXT(printed(hostile, false), "name           n\\xff\n"
                                        "\\x1b[2J\\rx         0\n"
                                        "\xe6\xbc\xa2\xe5\xad\x97               1\n"
                                        "e\xcc\x81t\xc3\xa9                2\n"
                                        "a\\u202eb           3\n"
                                        "\\u009b1m\\xf0(      4\n");
    printed(hostile, true);
    for (char *line = strtok(out, "\n"); line; line = strtok(NULL, "\n")) {
        json_t *row = json_loads(line, 0, NULL);
        CHECK(row != NULL);
        json_decref(row);
    }
}

static void cut_one(ad_command *cmd, int most, ad_cut cut, const char *text)
{
    ad_table *t;
    ad_column columns[] = {{"x", .most = most, .cut = cut}};
    REQUIRE(!ad_table_new(&t, ad_command_context(cmd), columns, 1));
    ad_table_row(t), ad_table_text(t, text);
    CHECK_INT(ad_table_print(t, cmd, "x"), AD_OK);
    ad_table_free(t);
}

#define DOTS "\xe2\x80\xa6"

static void cuts(ad_command *cmd)
{
    cut_one(cmd, 5, AD_CUT_END, "abcde");
    cut_one(cmd, 5, AD_CUT_END, "abcdef");
    cut_one(cmd, 5, AD_CUT_MIDDLE, "abcdef");
    cut_one(cmd, 6, AD_CUT_MIDDLE, "abcdefg");
    cut_one(cmd, 4, AD_CUT_END, "a\xe6\xbc\xa2\xe5\xad\x97\xe6\xbc\xa2"); /* not half of one */
    cut_one(cmd, 4, AD_CUT_MIDDLE, "\xe6\xbc\xa2\xe5\xad\x97\xe6\xbc\xa2");
    cut_one(cmd, 3, AD_CUT_END, "xe\xcc\x81\xcc\x82yz"); /* marks stay with their letter */
    cut_one(cmd, 1, AD_CUT_MIDDLE, "abc");
    ad_table *t;
    ad_column wide[] = {{"a long name", .kind = AD_COLUMN_INT, .most = 6}};
    REQUIRE(!ad_table_new(&t, ad_command_context(cmd), wide, 1));
    ad_table_row(t), ad_table_int(t, 123456789);
    CHECK_INT(ad_table_print(t, cmd, "x"), AD_OK);
    ad_table_free(t);
}

static void long_text_is_shortened_visibly(void)
{
    CHECK_TEXT(printed(cuts, false), "x\nabcde\n"
                                     "x\nabcd" DOTS "\n"
                                     "x\nab" DOTS "ef\n"
                                     "x\nabc" DOTS "fg\n"
                                     "x\na\xe6\xbc\xa2" DOTS "\n"
                                     "x\n\xe6\xbc\xa2" DOTS "\n"
                                     "x\nxe\xcc\x81\xcc\x82" DOTS "\n"
                                     "x\n" DOTS "\n"
                                     "   a lon" DOTS "\n123456789\n");
    printed(cuts, true);
    CHECK_CONTAINS(out, "\"abcdefg\""); /* a machine gets all of it */
}

static void in_pieces(ad_command *cmd)
{
    ad_table *t;
    ad_column columns[] = {{"a", .width = 4}, {"b", .kind = AD_COLUMN_INT}};
    REQUIRE(!ad_table_new(&t, ad_command_context(cmd), columns, 2));
    CHECK_INT(ad_table_print(t, cmd, "x"), AD_OK); /* nothing yet, not even the heading */
    for (int64_t i = 0; i < 3; ++i) {
        ad_table_row(t);
        ad_table_format(t, "%d", (int)(99 * i + 1));
        ad_table_int(t, i == 1 ? 123456 : i);
        CHECK_INT(ad_table_print(t, cmd, "x"), AD_OK);
    }
    ad_table_free(t);
}

static void rows_that_come_later(void)
{
    CHECK_TEXT(printed(in_pieces, false), "a     b\n1     0\n100   123456\n199        2\n");
}

static void one_thing(ad_command *cmd)
{
    ad_table *t;
    ad_column columns[] = {{"pictures", .kind = AD_COLUMN_INT},
                           {"area under ROC", .kind = AD_COLUMN_REAL, .key = "area", .digits = 4},
                           {"accuracy", .kind = AD_COLUMN_PERCENT}};
    REQUIRE(!ad_table_new(&t, ad_command_context(cmd), columns, 3));
    ad_table_row(t);
    ad_table_int(t, 12), ad_table_text(t, NULL), ad_table_real(t, 0.875);
    ad_table_row(t);
    ad_table_int(t, 3), ad_table_real(t, 0.5), ad_table_real(t, 1);
    CHECK_INT(ad_table_print_upright(t, cmd, "result"), AD_OK);
    ad_table_free(t);
}

static void upright(void)
{
    CHECK_TEXT(printed(one_thing, false), "pictures        12\n"
                                          "accuracy        87.50 %\n"
                                          "\n"
                                          "pictures        3\n"
                                          "area under ROC  0.5000\n"
                                          "accuracy        100.00 %\n");
    CHECK_TEXT(printed(one_thing, true),
               "{\"event\":\"result\",\"pictures\":12,\"accuracy\":0.875}\n"
               "{\"event\":\"result\",\"pictures\":3,\"area\":0.5,\"accuracy\":1}\n");
}

static void wrong(ad_command *cmd)
{
    ad_context *ctx = ad_command_context(cmd);
    ad_table *t;
    ad_column columns[] = {{.name = "a"}, {.name = "b"}};
    CHECK_INT(ad_table_new(&t, ctx, columns, 0), AD_ERROR_ARGUMENT);
    CHECK(!t);
    ad_table_row(t), ad_table_int(t, 1), ad_table_text(t, "x"), ad_table_format(t, "y");
    CHECK_INT(ad_table_print(t, cmd, "x"), AD_ERROR_MEMORY);
    REQUIRE(!ad_table_new(&t, ctx, columns, 2));
    ad_table_text(t, "too early");
    CHECK_INT(ad_table_print(t, cmd, "x"), AD_ERROR_ARGUMENT);
    CHECK_CONTAINS(ad_error(ctx), "a cell before its first row");
    ad_table_free(t);
    REQUIRE(!ad_table_new(&t, ctx, columns, 2));
    ad_table_row(t);
    for (int i = 0; i < 3; ++i) ad_table_int(t, i);
    CHECK_INT(ad_table_print(t, cmd, "x"), AD_ERROR_ARGUMENT);
    CHECK_CONTAINS(ad_error(ctx), "more cells than its table has columns, 2");
    ad_table_free(t);
}

static void mistakes(void)
{
    CHECK_TEXT(printed(wrong, false), "");
}

static void seconds_and_bytes(void)
{
    static const struct {
        double value;
        const char *seconds, *bytes;
    } of[] = {{0, "0 s", "0 bytes"},           {0.0009996, "1.00 ms", "0 bytes"},
              {0.99996, "1.000 s", "1 bytes"}, {59.9996, "1m00s", "60 bytes"},
              {3599.6, "1h00m", "3.5 KiB"},    {7260, "2h01m", "7.1 KiB"},
              {1048575, "291h16m", "1.0 MiB"}, {NAN, "-", "nan bytes"}};
    char text[64];
    for (size_t i = 0; i < sizeof of / sizeof *of; ++i) {
        CHECK_TEXT(ad_seconds_text(of[i].value, text, sizeof text), of[i].seconds);
        if (!isnan(of[i].value))
            CHECK_TEXT(ad_bytes_text(of[i].value, text, sizeof text), of[i].bytes);
    }
}

static void numbers(void)
{
    char text[64];
    CHECK_TEXT(ad_number_text(0.123456789, 4, text, sizeof text), "0.1235");
    CHECK_TEXT(ad_number_text(NAN, 4, text, sizeof text), "-");
    CHECK_TEXT(ad_number_text(-INFINITY, 4, text, sizeof text), "-");
}

static ad_command *speaker;

/* The table's own memory; the command's context is another. */
static ad_status make_and_print(ad_context *poor)
{
    ad_table *t;
    ad_column columns[] = {{"name", .key = "n"}, {"b", .kind = AD_COLUMN_INT, .unit = "px"}};
    ad_status status = ad_table_new(&t, poor, columns, 2);
    if (status) return status;
    for (int i = 0; i < 40; ++i) {
        ad_table_row(t);
        ad_table_text(t, "some text"), ad_table_int(t, i);
    }
    status = ad_table_print(t, speaker, "x");
    ad_table_free(t);
    return status;
}

static void poor_print(ad_command *cmd)
{
    speaker = cmd;
    sparing_check(make_and_print);
}

static void refused_memory(void)
{
    printed(poor_print, false);
    CHECK_CONTAINS(out, "some text  39 px\n");
}

static const check_case cases[] = {CASE(text_is_aligned),
                                   CASE(json_has_plain_values),
                                   CASE(hostile_text),
                                   CASE(long_text_is_shortened_visibly),
                                   CASE(rows_that_come_later),
                                   CASE(upright),
                                   CASE(mistakes),
                                   CASE(seconds_and_bytes),
                                   CASE(numbers),
                                   CASE(refused_memory),
                                   {0}};

int main(int argc, char **argv)
{
    return check_main(argc, argv, cases);
}
