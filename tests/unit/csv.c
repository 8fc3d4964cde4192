/* Tables from text: separators, quotes, line ends, headers, numbers, and every way to be wrong. */
#include <autodidact/table_data.h>

#include "sparing.h"

#include <unistd.h>
#include <zlib.h>

static ad_context *ctx;
static ad_frame *table;

static void begin(void)
{
    ctx = ad_context_new(&(ad_context_options){.threads = 1});
}

static void end(void)
{
    ad_frame_free(table);
    table = NULL;
    CHECK_INT(ad_context_memory(ctx), 0);
    ad_context_free(ctx);
}

/* Reads `text` into `table`; false, with the sentence recorded, where that is refused. */
static bool parse_with(const char *text, ad_frame_options options)
{
    ad_frame_free(table);
    ad_error_clear(ctx);
    ad_status status = ad_frame_parse(&table, ctx, "t.csv", text, strlen(text), &options);
    CHECK((status == AD_OK) == (table != NULL));
    CHECK((status == AD_OK) == !*ad_error(ctx));
    return status == AD_OK;
}

static bool parse(const char *text)
{
    return parse_with(text, (ad_frame_options){0});
}

/* All cells, the header among them, as "a|b/c|d". */
static const char *cells(void)
{
    static char text[4096];
    size_t at = 0;
    text[0] = 0;
    for (int64_t row = ad_frame_column_name(table, 0) ? -1 : 0; row < ad_frame_rows(table); ++row)
        for (int64_t c = 0; c < ad_frame_columns(table); ++c) {
            const char *cell = row < 0 ? ad_frame_column_name(table, c)
                                       : ad_frame_text(table, row, c);
            at += (size_t)snprintf(text + at, sizeof text - at, "%s%s", cell,
                                   c + 1 < ad_frame_columns(table)  ? "|"
                                   : row + 1 < ad_frame_rows(table) ? "/"
                                                                    : "");
        }
    return text;
}

static void fields(void)
{
    static const struct {
        const char *text, *cells;
    } rows[] = {
        {"a,b\n1,2\n", "a|b/1|2"},
        {"a,b\r\n1,2\r\n", "a|b/1|2"},
        {"a,b\r1,2\r", "a|b/1|2"},
        {"a,b\n1,2", "a|b/1|2"},
        {"\n  \na,b\n\r\n\t\n1,2\n\n", "a|b/1|2"},
        {"\xef\xbb\xbf"
         "a,b\n1,2\n",
         "a|b/1|2"},
        {" a , b\tc \n 1 ,\t2\n", "a|b\tc/1|2"},
        {"a,b\n,\n1,\n,2\n", "a|b/|/1|/|2"},
        {"\"a\",\"b\"\n\"x, y\",\"\"\n", "a|b/x, y|"},
        {"a,b\n\"he said \"\"no\"\"\",\"\"\"\"\n", "a|b/he said \"no\"|\""},
        {"a,b\n \" x \" ,\"y\" \n", "a|b/ x |y"},
        {"a,b\n\"one\ntwo\",\"\r\n\"\n3,4\n", "a|b/one\ntwo|\r\n/3|4"},
        {"a,b\n5\" disk,x\"y\n", "a|b/5\" disk|x\"y"},
        {"a\nb\n\n\"\"\nc\n", "a/b//c"},
        {"a,b\n\"1\",\"2\"", "a|b/1|2"},
        {"a,b\n1,", "a|b/1|"},
    };
    begin();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; ++i) {
        if (!parse_with(rows[i].text, (ad_frame_options){.header = AD_FRAME_HEADER})) {
            CHECK_FAIL("row %zu: %s", i, ad_error(ctx));
            continue;
        }
        CHECK_TEXT(cells(), rows[i].cells);
    }
    end();
}

static char said[256];

static void note(void *user, const char *sentence)
{
    (void)user;
    snprintf(said, sizeof said, "%s", sentence);
}

static void separators(void)
{
    static const struct {
        const char *text, *cells;
        char separator;
    } rows[] = {
        {"a;b;c\nx;1,5;2,5\n", "a|b|c/x|1,5|2,5", ';'},
        {"a\tb\nx, y\tz; w\n", "a|b/x, y|z; w", '\t'},
        {"a\tb\n\t\n1\t\n", "a|b/|/1|", '\t'},
        {"a|b\n1|2\n", "a|b/1|2", '|'},
        {"id,labels\n1,a;b;c\n2,a;b;c\n", "id|labels/1|a;b;c/2|a;b;c", ','},
        {"a, or b;c\n1;2\n3;4\n", "a, or b|c/1|2/3|4", ';'}, /* what most lines agree on */
        {"\"a,b\";\"c,d\"\n1;2\n", "a,b|c,d/1|2", ';'},
        {"one\ntwo words\n", "one/two words", ','},
        {"a,b;c\n", "a|b;c", ','},
    };
    begin();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; ++i) {
        REQUIRE(parse(rows[i].text));
        CHECK_TEXT(cells(), rows[i].cells);
        CHECK_INT(ad_frame_separator(table), rows[i].separator);
    }
    /* the one that is asked for; blanks count as one */
    said[0] = 0;
    ad_frame_options watched = {.watcher = {.note = note}};
    REQUIRE(parse_with("a;b\n1;2\n", watched));
    CHECK_TEXT(said, "t.csv: fields are separated by \";\"");
    REQUIRE(parse_with("a\tb\n1\t2\n", watched));
    CHECK_TEXT(said, "t.csv: fields are separated by tabs");
    said[0] = 0;
    REQUIRE(parse_with("a,b\n1,2\n", watched) && parse_with("a\n1\n", watched));
    CHECK_TEXT(said, "");
    REQUIRE(parse_with("a:b\n1:2\n", (ad_frame_options){.separator = ':'}));
    CHECK_TEXT(cells(), "a|b/1|2");
    REQUIRE(parse_with("\n  1   20 \n\t3\t4\n5 \"6 7\"", (ad_frame_options){.separator = ' '}));
    CHECK_TEXT(cells(), "1|20/3|4/5|6 7");
    CHECK(!parse_with("a", (ad_frame_options){.separator = '"'}));
    CHECK_INT(ad_error_status(ctx), AD_ERROR_ARGUMENT);
    end();
}

static void headers(void)
{
    static const char *const names[] = {"class", "label", NULL}, *const none[] = {"x", NULL};
    int64_t column;
    begin();
    REQUIRE(parse("Id, \" LABEL \",f\n1,a,2\n"));
    CHECK_INT(ad_frame_rows(table), 1);
    CHECK_TEXT(ad_frame_column_name(table, 0), "Id");
    CHECK_INT(ad_frame_find_column(table, names, &column), AD_OK);
    CHECK_INT(column, 1);
    CHECK_INT(ad_frame_find_column(table, none, &column), AD_OK);
    CHECK_INT(column, -1);
    CHECK_INT(ad_frame_fail_column(table, "weight"), AD_ERROR_FORMAT);
    CHECK_TEXT(ad_error(ctx), "t.csv: has no column weight; its columns, separated by \",\", are "
                              "Id,  LABEL , f");
    /* the earlier name wins; the same name twice is an error, where it is asked for */
    REQUIRE(parse("label\tclass\tx\tX\n"));
    CHECK_INT(ad_frame_rows(table), 0);
    CHECK_INT(ad_frame_find_column(table, names, &column), AD_OK);
    CHECK_INT(column, 1);
    CHECK_INT(ad_frame_find_column(table, none, &column), AD_ERROR_FORMAT);
    CHECK_CONTAINS(ad_error(ctx), "t.csv: has two columns called x");
    CHECK_INT(ad_frame_fail_column(table, "y"), AD_ERROR_FORMAT);
    CHECK_CONTAINS(ad_error(ctx), "separated by tabs, are label, class, x, X");
    /* a number in the first line: no header, unless it is said to be one */
    REQUIRE(parse("a,1\nb,2\n"));
    CHECK_INT(ad_frame_rows(table), 2);
    CHECK(!ad_frame_column_name(table, 0));
    CHECK_INT(ad_frame_find_column(table, names, &column), AD_OK);
    CHECK_INT(column, -1);
    CHECK_INT(ad_frame_fail_column(table, "y"), AD_ERROR_FORMAT);
    CHECK_CONTAINS(ad_error(ctx), "it has no header");
    REQUIRE(parse_with("a,1\nb,2\n", (ad_frame_options){.header = AD_FRAME_HEADER}));
    CHECK_TEXT(ad_frame_column_name(table, 1), "1");
    REQUIRE(parse_with("a,b\nb,2\n", (ad_frame_options){.header = AD_FRAME_NO_HEADER}));
    CHECK_INT(ad_frame_rows(table), 2);
    end();
}

static void numbers(void)
{
    static const struct {
        const char *text;
        double value; /* NAN: not a number */
        bool comma;
    } rows[] = {{"0", 0, false},        {"-1.5", -1.5, false}, {"+.25e2", 25, false},
                {"7.", 7, false},       {"1e-3", 1e-3, false}, {"\"  50 \"", 50, false},
                {"1,5", 1.5, true},     {"1.5", 1.5, true},    {"-,5E+1", -5, true},
                {"1.000,5", NAN, true}, {"1,5", NAN, false},   {"", NAN, false},
                {".", NAN, false},      {"1e", NAN, false},    {"0x10", NAN, false},
                {"nan", NAN, false},    {"inf", NAN, false},   {"1e999", NAN, false},
                {"1 2", NAN, false},    {"--1", NAN, false},   {"12abc", NAN, false}};
    char text[128];
    double value;
    begin();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; ++i) {
        snprintf(text, sizeof text, "a%cb\nx%c%s\n", rows[i].comma ? ';' : '\t',
                 rows[i].comma ? ';' : '\t', rows[i].text);
        REQUIRE(parse(text));
        bool is = ad_frame_is_number(table, 0, 1, &value);
        if (is == (bool)isnan(rows[i].value)) CHECK_FAIL("\"%s\": %d", rows[i].text, is);
        if (is) CHECK(value == rows[i].value);
        CHECK_INT(ad_frame_number(table, 0, 1, &value), is ? AD_OK : AD_ERROR_FORMAT);
    }
    double column[4];
    REQUIRE(parse("day,kWh\nMo,1.5\n\nTu,\nWe,n/a\nTh,-2\n"));
    CHECK_INT(ad_frame_numbers(table, 1, column), AD_OK);
    CHECK(column[0] == 1.5 && isnan(column[1]) && isnan(column[2]) && column[3] == -2);
    CHECK(!ad_frame_missing(table, 0, 1) && ad_frame_missing(table, 1, 1));
    CHECK_INT(ad_frame_line(table, 0), 2);
    CHECK_INT(ad_frame_line(table, 1), 4);
    CHECK_INT(ad_frame_numbers(table, 0, column), AD_ERROR_FORMAT);
    CHECK_TEXT(ad_error(ctx), "t.csv:2: \"Mo\" in column day is not a number");
    CHECK_INT(ad_frame_number(table, 1, 1, column), AD_ERROR_FORMAT);
    CHECK_TEXT(ad_error(ctx), "t.csv:4: column kWh is empty, expected a number");
    REQUIRE(parse("1,2\n3,x\n"));
    CHECK_INT(ad_frame_numbers(table, 1, column), AD_ERROR_FORMAT);
    CHECK_TEXT(ad_error(ctx), "t.csv:2: \"x\" in column 2 is not a number");
    end();
}

static void broken(void)
{
    static const struct {
        const char *text, *sentence;
    } rows[] = {
        {"", "t.csv: is empty"},
        {"\xef\xbb\xbf\n \n", "t.csv: is empty"},
        {"a,b\n1,2\n\n1,2,3\n", "t.csv:4: has 3 fields, expected 2 as in the first line"},
        {"a,b\n\"x\ny\",2\n1\n", "t.csv:4: has 1 field, expected 2"},
        {"a,b\n1,2\n\"x,y\nz\n", "t.csv:3: has a quote that is never closed"},
        {"a,b\n\"x\"y,2\n", "t.csv:2: has text behind a closing quote"},
        {"a,b\n1,2\n\"x\n\"y,2\n", "t.csv:4: has text behind a closing quote"},
        {"\xff\xfe"
         "a",
         "t.csv: is UTF-16, expected UTF-8"},
        {"a,b\r\n1,x\r\n2,\xe9\r\n", "t.csv:3: holds the byte 0xe9, expected UTF-8"},
        {"a,b,\n1,2,\n1,,\n1,2,3,\n", "t.csv:4: has 4 fields, expected 3"},
    };
    begin();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; ++i) {
        CHECK(!parse(rows[i].text));
        CHECK_CONTAINS(ad_error(ctx), rows[i].sentence);
        CHECK_INT(ad_error_status(ctx), AD_ERROR_FORMAT);
    }
    CHECK_INT(ad_frame_parse(&table, ctx, "t.csv", "a,b\0c\n", 6, NULL), AD_ERROR_FORMAT);
    CHECK_CONTAINS(ad_error(ctx), "is not text");
    CHECK(!parse_with("a,b\n1,2\n", (ad_frame_options){.limit = 7}));
    CHECK_INT(ad_error_status(ctx), AD_ERROR_LIMIT);
    CHECK(parse_with("a,b\n1,2\n", (ad_frame_options){.limit = 8}));
    end();
}

/* A separator behind every line, as spreadsheets leave it, makes no column. */
static void separators_at_the_end(void)
{
    begin();
    REQUIRE(parse_with("a,b,,\n1,2,,\n3,,,\n", (ad_frame_options){.header = AD_FRAME_HEADER}));
    CHECK(ad_frame_columns(table) == 2 && ad_frame_rows(table) == 2);
    CHECK_TEXT(ad_frame_text(table, 1, 0), "3");
    CHECK_TEXT(ad_frame_text(table, 1, 1), "");
    REQUIRE(parse_with("a,b,\n1,2,\n3,4,5\n", (ad_frame_options){.header = AD_FRAME_HEADER}));
    CHECK(ad_frame_columns(table) == 3); /* it holds something */
    CHECK_TEXT(ad_frame_text(table, 1, 2), "5");
    /* a column that has a name and no cells yet is one, though nameless it would not be */
    REQUIRE(parse_with("a,b\n1,\n2,\n", (ad_frame_options){.header = AD_FRAME_HEADER}));
    CHECK_TEXT(cells(), "a|b/1|/2|");
    REQUIRE(parse_with("1,\n2,\n", (ad_frame_options){.header = AD_FRAME_NO_HEADER}));
    CHECK_TEXT(cells(), "1/2");
    end();
}

/* What lies behind the text is no part of it: exact allocations, for the address sanitizer. */
static void every_beginning(void)
{
    static const char whole[] = "a;\"b\"\r\n\"x \"\"y\"\"\";1,5e1\r\n\r;\"\n\"\r\n";
    begin();
    for (size_t size = 1; size < sizeof whole; ++size) {
        char *text = malloc(size);
        REQUIRE(text);
        memcpy(text, whole, size);
        if (!ad_frame_parse(&table, ctx, "t.csv", text, size, NULL)) CHECK(*cells());
        ad_frame_free(table);
        free(text);
    }
    table = NULL;
    end();
}

/* Many rows of a compressed file, and a value from far behind. */
static void from_a_file(void)
{
    char path[] = "/tmp/ad-csv-XXXXXX";
    double value = 0;
    begin();
    int fd = mkstemp(path);
    REQUIRE(fd >= 0);
    gzFile gz = gzdopen(fd, "wb");
    REQUIRE(gz);
    gzprintf(gz, "user,item,rating\n");
    for (int i = 0; i < 100000; ++i) gzprintf(gz, "%d,\"item %d\",%d.5\n", i, i % 77, i % 5);
    gzclose(gz);
    CHECK_INT(ad_frame_read(&table, ctx, path, NULL), AD_OK);
    REQUIRE(table);
    CHECK_INT(ad_frame_rows(table), 100000);
    CHECK_TEXT(ad_frame_text(table, 99999, 1), "item 53");
    CHECK_INT(ad_frame_number(table, 99998, 2, &value), AD_OK);
    CHECK_NEAR(value, 3.5, 0);
    unlink(path);
    ad_frame *missing;
    CHECK(ad_frame_read(&missing, ctx, path, NULL) != AD_OK);
    CHECK(!missing);
    CHECK_CONTAINS(ad_error(ctx), path);
    end();
}

static ad_status read_poorly(ad_context *poor)
{
    static const char text[] = "a,b\n1,2\n3,4\n";
    ad_frame *t;
    ad_status status = ad_frame_parse(&t, poor, "t.csv", text, sizeof text - 1, NULL);
    if (!status) status = ad_frame_fail_column(t, "c") == AD_ERROR_MEMORY ? AD_ERROR_MEMORY : AD_OK;
    ad_frame_free(t);
    return status;
}

static void memory_that_runs_out(void)
{
    sparing_check(read_poorly);
}

static const check_case cases[] = {CASE(fields),
                                   CASE(separators),
                                   CASE(headers),
                                   CASE(numbers),
                                   CASE(broken),
                                   CASE(separators_at_the_end),
                                   CASE(every_beginning),
                                   CASE(from_a_file),
                                   CASE(memory_that_runs_out),
                                   {0}};

int main(int argc, char **argv)
{
    return check_main(argc, argv, cases);
}
