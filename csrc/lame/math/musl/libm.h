/* What musl's pow.c and powf.c find in place of musl's internal header of this name:
   the part they need, for every target. The same code everywhere, so no fused
   multiply-add where the processor has one. */
#ifndef MP3A_LIBM_H
#define MP3A_LIBM_H

#include <stdint.h>
#include <string.h>

#include "lame/math/portable_math.h"
#undef pow
#define pow mp3a_pow

#undef __FP_FAST_FMA

/* A program with musl itself inside has these names already. */
#define hidden __attribute__((visibility("hidden")))
#define __exp_data mp3a_exp_data
#define __exp2f_data mp3a_exp2f_data
#define __pow_log_data mp3a_pow_log_data
#define __powf_log2_data mp3a_powf_log2_data

#define WANT_ROUNDING 1
#define TOINT_INTRINSICS 0
#define issignaling_inline(x) 0
#define issignalingf_inline(x) 0
#define predict_false(x) __builtin_expect(x, 0)

/* Only for the flags of the floating-point environment, which nobody reads. */
#define fp_barrier(x) (x)
#define fp_barrierf(x) (x)
#define fp_force_eval(x) ((void)(x))
#define eval_as_double(x) (x)
#define eval_as_float(x) ((float)(x))

#define __math_oflow(negative) ((negative) ? -INFINITY : INFINITY)
#define __math_uflow(negative) ((negative) ? -0.0 : 0.0)
#define __math_invalid(x) ((void)(x), NAN)
#define __math_oflowf(negative) ((negative) ? -INFINITY : INFINITY)
#define __math_uflowf(negative) ((negative) ? -0.0f : 0.0f)
#define __math_invalidf(x) ((void)(x), NAN)

#define REINTERPRET(name, from, to)       \
  static inline to name(from value) {     \
    to other;                             \
    memcpy(&other, &value, sizeof other); \
    return other;                         \
  }
REINTERPRET(asuint, float, uint32_t)
REINTERPRET(asfloat, uint32_t, float)
REINTERPRET(asuint64, double, uint64_t)
REINTERPRET(asdouble, uint64_t, double)
#undef REINTERPRET

#endif
