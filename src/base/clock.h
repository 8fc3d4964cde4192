/* clock.h - the processor's clock, beside ad_seconds of the public header. */
#ifndef AD_BASE_CLOCK_H
#define AD_BASE_CLOCK_H

/* Seconds for which the processor has worked on this thread: other programs do not count. */
double ad_thread_seconds(void);

#endif
