/* Noise at many steps of the quantizer: a lane is a step, or a line. All values up to 31 have
   their powers and borders in two registers. */
#include "lame/kernels/noisy_steps.h"

#include <string.h>

#include "common/cpu.h"
#include "lame/kernels/lame_tables.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

enum { EIGHT = 8 };
typedef float eight __attribute__((vector_size(4 * EIGHT)));
typedef int eight_bits __attribute__((vector_size(4 * EIGHT)));

static void band_sums_any(const float *lines, const float *powers, int count,
                          mp3a_band_sums *sums) {
  eight roots = {0}, largest = {0};
  for (int i = 0; i < count; i += EIGHT) {
    eight line = {0}, power = {0};
    size_t const there = (size_t)(count - i < EIGHT ? count - i : EIGHT);
    if (there == EIGHT) {
      memcpy(&line, lines + i, sizeof line);
      memcpy(&power, powers + i, sizeof power);
    } else {
      memcpy(&line, lines + i, there * sizeof(float));
      memcpy(&power, powers + i, there * sizeof(float));
    }
    line = (eight)((eight_bits)line & 0x7fffffff);
    roots += __builtin_elementwise_sqrt(line);
    eight_bits const is_larger = power > largest;
    largest = (eight)(((eight_bits)power & is_larger) | ((eight_bits)largest & ~is_larger));
  }
  *sums = (mp3a_band_sums){0};
  for (int k = 0; k < EIGHT; k++) {
    sums->roots += roots[k] * 1.001f;
    if (sums->largest_power < largest[k]) sums->largest_power = largest[k];
  }
}

#if defined(__x86_64__)
#define TARGET MP3A_TARGET_AVX512 static inline

/* The smallest x that becomes n, found by trying every float; a smaller one that rounds to n
   becomes n - 1. */
static const float smallest_rounded_up[MP3A_MOST_TABLED + 1] = {
    0,
    0x1.306fe2p-1f, 0x1.872a36p+0f, 0x1.422394p+1f, 0x1.c186ap+1f,  0x1.2097d6p+2f,
    0x1.607c3p+2f,  0x1.a06912p+2f, 0x1.e05b0ep+2f, 0x1.10282cp+3f, 0x1.3023f2p+3f,
    0x1.502084p+3f, 0x1.701dbp+3f,  0x1.901b5p+3f,  0x1.b0194ap+3f, 0x1.d0178ap+3f,
    0x1.f01606p+3f, 0x1.080a5ap+4f, 0x1.1809c2p+4f, 0x1.28093ap+4f, 0x1.3808c2p+4f,
    0x1.480854p+4f, 0x1.5807f2p+4f, 0x1.680798p+4f, 0x1.780746p+4f, 0x1.8806fap+4f,
    0x1.9806b2p+4f, 0x1.a80672p+4f, 0x1.b80636p+4f, 0x1.c805fep+4f, 0x1.d805cap+4f,
    0x1.e80598p+4f};

/* x rounded, to the power 4/3. A float of 2^23 and more holds integers only, in its lowest
   bits, which are all that the permutations look at. */
TARGET __m512 rounded_power(__m512 x) {
  const float *border = smallest_rounded_up;
  __m512i n = _mm512_castps_si512(_mm512_add_ps(x, _mm512_set1_ps(0x1p23f)));
  __m512 const smallest =
      _mm512_permutex2var_ps(_mm512_loadu_ps(border), n, _mm512_loadu_ps(border + 16));
  __mmask16 const is_below = _mm512_cmp_ps_mask(x, smallest, _CMP_LT_OQ);
  n = _mm512_mask_sub_epi32(n, is_below, n, _mm512_set1_epi32(1));
  return _mm512_permutex2var_ps(_mm512_loadu_ps(pow43), n, _mm512_loadu_ps(pow43 + 16));
}

TARGET __m512 error_of(__m512 line, __m512 x, __m512 width) {
  return _mm512_sub_ps(_mm512_abs_ps(line), _mm512_mul_ps(rounded_power(x), width));
}

TARGET __mmask16 first_of(int count) { return count >= 16 ? 0xffff : (1u << count) - 1; }

MP3A_TARGET_AVX512 static void band_sums_avx512(const float *lines, const float *powers, int count,
                                                mp3a_band_sums *sums) {
  __m512 roots = _mm512_setzero_ps(), largest = roots;
  for (int i = 0; i < count; i += 16) {
    __mmask16 const is_there = first_of(count - i);
    __m512 const line = _mm512_abs_ps(_mm512_maskz_loadu_ps(is_there, lines + i));
    __mmask16 const has_root = _mm512_cmp_ps_mask(line, _mm512_set1_ps(0x1p-80f), _CMP_GT_OQ);
    __m512 const inverse_root = _mm512_maskz_rsqrt14_ps(has_root, line);
    roots = _mm512_fmadd_ps(line, inverse_root, roots);
    largest = _mm512_max_ps(largest, _mm512_maskz_loadu_ps(is_there, powers + i));
  }
  sums->largest_power = _mm512_reduce_max_ps(largest);
  /* Lines that were left out have roots below 2^-40. */
  sums->roots = _mm512_reduce_add_ps(roots) * 1.001f + 0x1p-30f;
}

MP3A_TARGET_AVX512 static mp3a_noisy_steps noisy_steps(const float *lines, const float *powers,
                                                       int count, const float *scales,
                                                       const float *widths, float allowed) {
  __m512 const scale = _mm512_maskz_loadu_ps(MP3A_ZEROS - 1, scales);
  __m512 const width = _mm512_maskz_loadu_ps(MP3A_ZEROS - 1, widths);
  __m512 sums[2] = {_mm512_setzero_ps(), _mm512_setzero_ps()};
  int i = 0;
  for (; i + 2 <= count; i += 2)
    for (int k = 0; k < 2; k++) {
      __m512 const x = _mm512_mul_ps(scale, _mm512_set1_ps(powers[i + k]));
      __m512 const error = error_of(_mm512_set1_ps(lines[i + k]), x, width);
      sums[k] = _mm512_fmadd_ps(error, error, sums[k]);
    }
  if (i < count) {
    __m512 const x = _mm512_mul_ps(scale, _mm512_set1_ps(powers[i]));
    __m512 const error = error_of(_mm512_set1_ps(lines[i]), x, width);
    sums[0] = _mm512_fmadd_ps(error, error, sums[0]);
  }
  __m512 const noise = _mm512_add_ps(sums[0], sums[1]);
  __m512 const most = _mm512_set1_ps(allowed * (1 + MP3A_SUM_ERROR));
  __m512 const least = _mm512_set1_ps(allowed * (1 - MP3A_SUM_ERROR));
  unsigned const noisy = _mm512_cmp_ps_mask(noise, most, _CMP_GT_OQ);
  unsigned const quiet = _mm512_cmp_ps_mask(noise, least, _CMP_LT_OQ);
  return (mp3a_noisy_steps){noisy, 0xffff & ~(noisy | quiet)};
}

MP3A_TARGET_AVX512 static float noise(const float *lines, const float *powers, int count,
                                      float scale, float width) {
  __m512 sum = _mm512_setzero_ps();
  for (int i = 0; i < count; i += 16) {
    __mmask16 const is_there = first_of(count - i);
    __m512 const x = _mm512_mul_ps(_mm512_set1_ps(scale),
                                   _mm512_maskz_loadu_ps(is_there, powers + i));
    __m512 const error =
        error_of(_mm512_maskz_loadu_ps(is_there, lines + i), x, _mm512_set1_ps(width));
    sum = _mm512_fmadd_ps(error, error, sum);
  }
  return _mm512_reduce_add_ps(sum);
}
#endif

void mp3a_noisy_steps_select(mp3a_noisy_steps_kernels *kernels, unsigned cpu_flags) {
  *kernels = (mp3a_noisy_steps_kernels){band_sums_any, NULL, NULL};
#if defined(__x86_64__)
  if (cpu_flags & MP3A_CPU_AVX512)
    *kernels = (mp3a_noisy_steps_kernels){band_sums_avx512, noisy_steps, noise};
#endif
  (void)cpu_flags;
}
