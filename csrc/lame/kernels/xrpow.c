/* |x|^(3/4) of a granule's lines: takes the place of the function that LAME's
   init_xrpow_core_init() installs (quantize.c is compiled with that name ending
   in _lame). Both square roots are taken in double and only the result is
   rounded to float, as LAME's C code does it; LAME's SSE code doesn't. */
#include <math.h>

#include <lame.h>
#include "libmp3lame/machine.h"
#include "libmp3lame/encoder.h"
#include "libmp3lame/util.h"
#include "libmp3lame/quantize_pvt.h"

#include "lame/kernels/kernels.h"

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

#if defined(__x86_64__) || defined(__aarch64__)
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
#if defined(__x86_64__) || defined(__aarch64__)
  if (cpu_flags & (MP3A_CPU_SSE2 | MP3A_CPU_NEON)) kernels->raise = raise_128;
#endif
#if defined(__x86_64__)
  if (cpu_flags & MP3A_CPU_AVX2) kernels->raise = raise_avx2;
#endif
  (void)cpu_flags;
}

/* LAME's caller compares the sum of |x| with 1e-20 and forgets it. A sum of
   floats, none below zero, is at least its largest term: where one power is
   above 1e-14, one |x| is above 2e-19, and the terms needn't be added. */
static void init_xrpow_core(gr_info *const granule, FLOAT powers[576], int upper, FLOAT *sum) {
  granule->xrpow_max =
      mp3a_kernels()->xrpow.raise(granule->xr, upper + 1, powers, granule->xrpow_max);
  *sum = granule->xrpow_max;
  if (granule->xrpow_max > 1e-14f) return;
  *sum = 0;
  for (int i = 0; i <= upper; i++) *sum += fabsf(granule->xr[i]);
}

void init_xrpow_core_init(lame_internal_flags *const gfc) {
  gfc->init_xrpow_core = init_xrpow_core;
}
