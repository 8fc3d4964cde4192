/* real.h - one source for f32 and f64: REAL(name) is name_f32 or name_f64 while a *_real.h file is
 * included with `real` and REAL_SUFFIX set, as each_real.h does. */
#ifndef AD_CPU_REAL_H
#define AD_CPU_REAL_H

#define REAL_JOIN_(name, suffix) name##_##suffix
#define REAL_JOIN(name, suffix)  REAL_JOIN_(name, suffix)
#define REAL(name)               REAL_JOIN(name, REAL_SUFFIX)

#endif
