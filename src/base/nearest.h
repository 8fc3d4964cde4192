/* nearest.h - "did you mean". */
#ifndef AD_BASE_NEAREST_H
#define AD_BASE_NEAREST_H

/* The most similar of `count` names to `word` (edit distance, at most a third of its length), or
 * NULL. */
const char *ad_nearest(const char *word, const char *const *names, int count);

#endif
