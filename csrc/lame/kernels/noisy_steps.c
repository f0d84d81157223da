/* Noise at many steps of the quantizer: a lane is a step, or a line. All values up to 31 have
   their powers and borders in two registers. */
#include "lame/kernels/noisy_steps.h"

#include <string.h>

#include "common/cpu.h"
#include "lame/kernels/lame_tables.h"
#include "lame/kernels/quantize.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

enum { EIGHT = 8 };
typedef float eight __attribute__((vector_size(4 * EIGHT)));
typedef int eight_bits __attribute__((vector_size(4 * EIGHT)));

static void band_sums_any(const float *lines, const float *powers, int count,
                          mp3a_step_table *table, int place) {
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
  float largest_power = 0, sum = 0;
  for (int k = 0; k < EIGHT; k++) {
    sum += roots[k] * 1.001f;
    largest_power = largest_power < largest[k] ? largest[k] : largest_power;
  }
  table->count[place] = (float)count;
  table->largest_power[place] = largest_power;
  table->roots[place] = sum;
}

#if defined(__x86_64__)
#define TARGET MP3A_TARGET_AVX512 static inline

/* x rounded, to the power 4/3. */
TARGET __m512 rounded_power(__m512 x) {
  const float *border = mp3a_smallest_above;
  __m512i n = _mm512_cvttps_epi32(x);
  __m512 const smallest =
      _mm512_permutex2var_ps(_mm512_load_ps(border), n, _mm512_load_ps(border + 16));
  __mmask16 const is_up = _mm512_cmp_ps_mask(x, smallest, _CMP_GE_OQ);
  n = _mm512_mask_add_epi32(n, is_up, n, _mm512_set1_epi32(1));
  return _mm512_permutex2var_ps(_mm512_loadu_ps(pow43), n, _mm512_loadu_ps(pow43 + 16));
}

TARGET __m512 error_of(__m512 line, __m512 x, __m512 width) {
  return _mm512_sub_ps(_mm512_abs_ps(line), _mm512_mul_ps(rounded_power(x), width));
}

TARGET __mmask16 first_of(int count) { return count >= 16 ? 0xffff : (1u << count) - 1; }

MP3A_TARGET_AVX512 static void band_sums_avx512(const float *lines, const float *powers, int count,
                                                mp3a_step_table *table, int place) {
  __m512 roots = _mm512_setzero_ps(), largest = roots;
  for (int i = 0; i < count; i += 16) {
    __mmask16 const is_there = first_of(count - i);
    __m512 const line = _mm512_abs_ps(_mm512_maskz_loadu_ps(is_there, lines + i));
    __mmask16 const has_root = _mm512_cmp_ps_mask(line, _mm512_set1_ps(0x1p-80f), _CMP_GT_OQ);
    __m512 const inverse_root = _mm512_maskz_rsqrt14_ps(has_root, line);
    roots = _mm512_fmadd_ps(line, inverse_root, roots);
    largest = _mm512_max_ps(largest, _mm512_maskz_loadu_ps(is_there, powers + i));
  }
  table->count[place] = (float)count;
  table->largest_power[place] = _mm512_reduce_max_ps(largest);
  /* Lines that were left out have roots below 2^-40. */
  table->roots[place] = _mm512_reduce_add_ps(roots) * 1.001f + 0x1p-30f;
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

/* ---- a lane per band ---- */

/* As a float's bits have it, with a linear fraction. */
TARGET __m512 rough_log2(__m512 x) {
  return _mm512_fmadd_ps(_mm512_cvtepi32_ps(_mm512_castps_si512(x)), _mm512_set1_ps(0x1p-23f),
                         _mm512_set1_ps(-127));
}

TARGET __m512 rough_exp2(__m512 x) {
  __m512 const bits = _mm512_mul_ps(_mm512_add_ps(x, _mm512_set1_ps(127)), _mm512_set1_ps(0x1p23f));
  return _mm512_castsi512_ps(_mm512_cvttps_epi32(bits));
}

TARGET __m512 clamp(__m512 x, float least, float most) {
  return _mm512_min_ps(_mm512_max_ps(x, _mm512_set1_ps(least)), _mm512_set1_ps(most));
}

TARGET __m512i finest_steps(__m512 largest_power) {
  __m512 const octaves = _mm512_sub_ps(rough_log2(largest_power), _mm512_set1_ps(13.0025f));
  __m512 const steps =
      _mm512_fmadd_ps(octaves, _mm512_set1_ps(16 / 3.f), _mm512_set1_ps(209.98f));
  __m512i step = _mm512_cvttps_epi32(clamp(steps, 1, MP3A_COARSEST_STEP - 2));
  for (int i = 0; i < 2; i++) {
    __m512 const most = _mm512_mul_ps(_mm512_i32gather_ps(step, ipow20, 4), largest_power);
    __mmask16 const is_over = _mm512_cmp_ps_mask(most, _mm512_set1_ps(IXMAX_VAL), _CMP_NLE_UQ);
    step = _mm512_mask_add_epi32(step, is_over, step, _mm512_set1_epi32(1));
  }
  return step;
}

TARGET __m512i estimated_quiet_steps(__m512 allowed, __m512 roots, __m512 count) {
  __m512 const log = _mm512_add_ps(rough_log2(allowed), _mm512_set1_ps(1.1131f));
  __m512 const a = _mm512_mul_ps(_mm512_sub_ps(log, rough_log2(roots)), _mm512_set1_ps(8 / 3.f));
  __m512 const b = _mm512_mul_ps(_mm512_sub_ps(log, rough_log2(count)), _mm512_set1_ps(2));
  __m512 const apart = clamp(_mm512_abs_ps(_mm512_sub_ps(a, b)), 0, 60);
  __m512 const less = rough_exp2(_mm512_mul_ps(apart, _mm512_set1_ps(-1 / 3.2f)));
  __m512 least = _mm512_fnmadd_ps(less, _mm512_set1_ps(2.4f), _mm512_min_ps(a, b));
  least = clamp(_mm512_sub_ps(least, _mm512_set1_ps(0.25f)), -209, 45);
  return _mm512_cvttps_epi32(_mm512_add_ps(least, _mm512_set1_ps(210)));
}

TARGET __mmask16 are_surely_quiet(__m512i step, __m512 allowed, __m512 roots, __m512 count) {
  __m512 const scale = _mm512_i32gather_ps(step, ipow20, 4);
  __m512 const root4 = _mm512_mul_ps(scale, _mm512_i32gather_ps(step, pow20 + Q_MAX2, 4));
  __m512 const noise = _mm512_fmadd_ps(count, _mm512_mul_ps(root4, root4), roots);
  __m512 const most = _mm512_mul_ps(allowed, _mm512_mul_ps(scale, scale));
  return _mm512_cmp_ps_mask(_mm512_mul_ps(noise, _mm512_set1_ps(0.4623f)), most, _CMP_LT_OQ);
}

MP3A_TARGET_AVX512 static void find_limits(mp3a_step_table *table, int bands, int has_quiet) {
  __m512i const one = _mm512_set1_epi32(1);
  for (int i = 0; i < bands; i += 16) {
    __m512 const allowed = _mm512_loadu_ps(table->allowed + i);
    __m512 const roots = _mm512_loadu_ps(table->roots + i);
    __m512 const count = _mm512_loadu_ps(table->count + i);
    __mmask16 const is_there = first_of(bands - i);
    __m512i const finest = finest_steps(_mm512_loadu_ps(table->largest_power + i));
    _mm512_storeu_si512(table->finest + i, finest);
    if (!has_quiet) continue;
    __m512i step = estimated_quiet_steps(allowed, roots, count);
    for (;;) {
      __mmask16 const is_asked = _mm512_cmpge_epi32_mask(step, finest) & is_there;
      step = _mm512_max_epi32(step, _mm512_setzero_si512());
      __mmask16 const is_noisy = is_asked & ~are_surely_quiet(step, allowed, roots, count);
      if (!is_noisy) break;
      step = _mm512_mask_sub_epi32(step, is_noisy, step, one);
    }
    _mm512_storeu_si512(table->quiet + i, _mm512_max_epi32(step, _mm512_sub_epi32(finest, one)));
  }
}

TARGET __m512i load_wide(const int *values) {
  return _mm512_cvtepi32_epi64(_mm256_loadu_si256((const __m256i_u *)values));
}

/* Eight bands; the same as coarsest_step(). */
TARGET void halve_eight(mp3a_step_table *table, int i) {
  __m512i const zero = _mm512_setzero_si512(), seven = _mm512_set1_epi64(7);
  __m512i const last = _mm512_set1_epi64(MP3A_STEP_BITS - 3);
  __m512i const finest = load_wide(table->finest + i);
  __m512i const before =
      _mm512_sub_epi64(load_wide(table->quiet + i), _mm512_set1_epi64(MP3A_STEPS_BEFORE - 2));
  __m512i const known = _mm512_loadu_si512(table->known + i);
  __m512i const noisy = _mm512_loadu_si512(table->noisy + i);
  __mmask8 const is_open = _mm512_test_epi64_mask(load_wide(table->is_open_ended + i), seven);
  __m512i step = _mm512_set1_epi64(128), found = _mm512_set1_epi64(-1);
  __mmask8 is_unsure = 0;
  for (int change = 64, k = 0; k < 8; k++, change /= 2) {
    __m512i const place = _mm512_sub_epi64(step, before);
    __m512i const from = _mm512_min_epi64(_mm512_max_epi64(place, zero), last);
    __m512i const three = _mm512_and_si512(_mm512_srlv_epi64(known, from), seven);
    __mmask8 const is_asked = _mm512_cmpgt_epi64_mask(step, finest);
    __mmask8 const is_bad =
        _mm512_test_epi64_mask(_mm512_srlv_epi64(noisy, from), seven) & is_asked;
    is_unsure |= is_asked & (_mm512_cmplt_epi64_mask(three, seven) |
                             (_mm512_cmpgt_epi64_mask(place, last) & ~is_open));
    found = _mm512_mask_mov_epi64(found, is_asked & ~is_bad, step);
    __m512i const up = _mm512_set1_epi64(change), down = _mm512_set1_epi64(-change);
    step = _mm512_add_epi64(step, _mm512_mask_blend_epi64(is_bad, up, down));
  }
  step = _mm512_mask_mov_epi64(step, _mm512_cmpge_epi64_mask(found, zero), found);
  step = _mm512_max_epi64(step, finest);
  step = _mm512_mask_set1_epi64(step, is_unsure, -1);
  _mm256_storeu_si256((__m256i_u *)(table->found + i), _mm512_cvtepi64_epi32(step));
}

MP3A_TARGET_AVX512 static void halve(mp3a_step_table *table, int bands) {
  for (int i = 0; i < bands; i += 8) halve_eight(table, i);
}
#endif

void mp3a_noisy_steps_select(mp3a_noisy_steps_kernels *kernels, unsigned cpu_flags) {
  *kernels = (mp3a_noisy_steps_kernels){.band_sums = band_sums_any};
#if defined(__x86_64__)
  if (cpu_flags & MP3A_CPU_AVX512)
    *kernels = (mp3a_noisy_steps_kernels){band_sums_avx512, noisy_steps, noise, find_limits, halve};
#endif
  (void)cpu_flags;
}
