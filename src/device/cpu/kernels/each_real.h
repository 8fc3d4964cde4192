/* each_real.h - includes REAL_SOURCE, a *_real.h file, once for f32 and once for f64 (real.h). */
#define real        float
#define REAL_SUFFIX f32
#include REAL_SOURCE
#undef real
#undef REAL_SUFFIX
#define real        double
#define REAL_SUFFIX f64
#include REAL_SOURCE
#undef real
#undef REAL_SUFFIX
#undef REAL_SOURCE
