/* |x|^(3/4) of a granule's lines. Both square roots are taken in double and only
   the result is rounded to float, as LAME's C code does it; LAME's SSE code
   doesn't. */
#include "lame/kernels/xrpow.h"

#include <math.h>

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

#define TIER_AVX512_BYTES 64
#define TIER_SOURCE "lame/kernels/xrpow_vector.h"
#include "common/tiers.h"

#define XRPOW_KERNELS(tier) {raise_##tier}

void mp3a_xrpow_select(mp3a_xrpow_kernels *kernels, unsigned cpu_flags) {
  MP3A_SELECT_TIER(kernels, XRPOW_KERNELS, cpu_flags);
}
