/* few_rows.h - one to four rows, each number of them with code of its own, so that what is summed
 * up stays in registers. */
#ifndef AD_CPU_FEW_ROWS_H
#define AD_CPU_FEW_ROWS_H

enum { MOST_ROWS = 4 };

/* The statement for m = 1 to MOST_ROWS, in which ROWS is m as a constant. */
#define FOR_ROWS(m, ...)                                                                           \
    switch (m) {                                                                                   \
        ROWS_CASE(1, __VA_ARGS__)                                                                  \
        ROWS_CASE(2, __VA_ARGS__)                                                                  \
        ROWS_CASE(3, __VA_ARGS__)                                                                  \
        ROWS_CASE(4, __VA_ARGS__)                                                                  \
    default: break;                                                                                \
    }
#define ROWS_CASE(m, ...)                                                                          \
    case m: {                                                                                      \
        enum { ROWS = m };                                                                         \
        __VA_ARGS__;                                                                               \
        break;                                                                                     \
    }

#endif
