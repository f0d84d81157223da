/* |x|^(3/4) of a granule's lines. Both square roots are taken in double and only
   the result is rounded to float, as LAME's C code does it; LAME's SSE code
   doesn't. */
#include "lame/kernels/xrpow.h"

#include <math.h>

#include "common/cpu.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

static float raise_scalar(const float *lines, int count, float *powers, float largest) {
  for (int i = 0; i < count; i++) {
    double x = fabsf(lines[i]);
    powers[i] = (float)sqrt(x * sqrt(x));
    if (powers[i] > largest) largest = powers[i];
  }
  return largest;
}

#if MP3A_HAS_VECTORS_128
#define TIER(name) name##_128
#define TARGET
#define VECTOR_BYTES 16
#include "lame/kernels/xrpow_vector.h"
#undef TIER
#undef TARGET
#undef VECTOR_BYTES
#endif

#if defined(__x86_64__)
#define ROUGH_ROOTS
#define TIER(name) name##_avx2
#define TARGET __attribute__((target("avx2")))
#define VECTOR_BYTES 32
#include "lame/kernels/xrpow_vector.h"
#undef TIER
#undef TARGET
#undef VECTOR_BYTES
#undef ROUGH_ROOTS
#endif

void mp3a_xrpow_select(mp3a_xrpow_kernels *kernels, unsigned cpu_flags) {
  kernels->raise = raise_scalar;
#if MP3A_HAS_VECTORS_128
  if (cpu_flags & MP3A_CPU_VECTORS_128) kernels->raise = raise_128;
#endif
#if defined(__x86_64__)
  if (cpu_flags & MP3A_CPU_AVX2) kernels->raise = raise_avx2;
#endif
  (void)cpu_flags;
}
