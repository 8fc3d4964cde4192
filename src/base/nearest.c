/* nearest.c - see nearest.h. */
#include "base/nearest.h"

#include <string.h>

/* Optimal string alignment distance: insert, delete, replace, swap neighbours. Words over 63
 * characters are not compared. */
static int distance(const char *a, const char *b)
{
    int n = (int)strlen(a), m = (int)strlen(b), row[3][64];
    if (n > 63 || m > 63) return 1 << 20;
    for (int j = 0; j <= m; ++j) row[0][j] = j;
    for (int i = 1; i <= n; ++i) {
        int *now = row[i % 3], *above = row[(i + 2) % 3], *before = row[(i + 1) % 3];
        now[0] = i;
        for (int j = 1; j <= m; ++j) {
            int best = above[j - 1] + (a[i - 1] != b[j - 1]);
            if (above[j] + 1 < best) best = above[j] + 1;
            if (now[j - 1] + 1 < best) best = now[j - 1] + 1;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                before[j - 2] + 1 < best)
                best = before[j - 2] + 1;
            now[j] = best;
        }
    }
    return row[n % 3][m];
}

const char *ad_nearest(const char *word, const char *const *names, int count)
{
    const char *best = NULL;
    int least = ((int)strlen(word) + 2) / 3 + 1;
    for (int i = 0; i < count; ++i) {
        int d = distance(word, names[i]);
        if (d < least) {
            least = d;
            best = names[i];
        }
    }
    return best;
}
