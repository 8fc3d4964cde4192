/* check.h - the whole test harness: a table of cases, checks that say what they saw.
 *
 *     static void adds(void) { CHECK_INT(1 + 1, 2); }
 *     static const check_case cases[] = {CASE(adds), {0}};
 *     int main(int argc, char **argv) { return check_main(argc, argv, cases); }
 *
 * `program NAME...` runs only the cases whose names contain a NAME. The last line is
 * "N passed, N failed". */
#ifndef AD_TESTS_CHECK_H
#define AD_TESTS_CHECK_H

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct check_case {
    const char *name;
    void (*run)(void);
} check_case;

/* clang-format off */
#define CASE(function) {#function, function}
/* clang-format on */

static int check_failures; /* in the current case */

#define CHECK_FAIL(...)                                                                            \
    (printf("%s:%d: ", __FILE__, __LINE__), printf(__VA_ARGS__), putchar('\n'),                    \
     (void)++check_failures)
#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) CHECK_FAIL("%s is false", #condition);                                   \
    } while (0)
/* Stops the case when a later line would crash. */
#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            CHECK_FAIL("%s is false", #condition);                                                 \
            return;                                                                                \
        }                                                                                          \
    } while (0)
#define CHECK_INT(got, want)                                                                       \
    do {                                                                                           \
        long long got_ = (long long)(got), want_ = (long long)(want);                              \
        if (got_ != want_) CHECK_FAIL("%s is %lld, expected %lld", #got, got_, want_);             \
    } while (0)
#define CHECK_TEXT(got, want)                                                                      \
    do {                                                                                           \
        const char *got_ = (got), *want_ = (want);                                                 \
        if (!got_ || strcmp(got_, want_))                                                          \
            CHECK_FAIL("%s is \"%s\", expected \"%s\"", #got, got_ ? got_ : "(null)", want_);      \
    } while (0)
#define CHECK_CONTAINS(text, part)                                                                 \
    do {                                                                                           \
        const char *text_ = (text), *part_ = (part);                                               \
        if (!text_ || !strstr(text_, part_))                                                       \
            CHECK_FAIL("\"%s\" does not contain \"%s\"", text_ ? text_ : "(null)", part_);         \
    } while (0)
/* |got - want| <= tolerance * max(1, |want|) */
#define CHECK_NEAR(got, want, tolerance)                                                           \
    do {                                                                                           \
        double got_ = (got), want_ = (want);                                                       \
        if (!(fabs(got_ - want_) <= (tolerance)*fmax(1, fabs(want_))))                             \
            CHECK_FAIL("%s is %.9g, expected %.9g (tolerance %g)", #got, got_, want_,              \
                       (double)(tolerance));                                                       \
    } while (0)

static inline int check_main(int argc, char **argv, const check_case *cases)
{
    int passed = 0, failed = 0;
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (; cases->name; ++cases) {
        bool wanted = argc < 2;
        for (int i = 1; i < argc; ++i) wanted |= strstr(cases->name, argv[i]) != NULL;
        if (!wanted) continue;
        check_failures = 0;
        cases->run();
        if (check_failures)
            printf("FAILED %s\n", cases->name), ++failed;
        else
            ++passed;
    }
    printf("%d passed, %d failed\n", passed, failed);
    return failed ? 1 : 0;
}

#endif
