#include "lame/kernels/band_factors.h"

#include <string.h>

#include "common/cpu.h"
#include "lame/kernels/lame_tables.h"
#include "lame/kernels/quantize.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

/* Of the power of 1, with room for rounding. */
static const float least_value = 0.5945f, least_large = MP3A_MOST_SMALL;

void mp3a_find_steps(const mp3a_gains *gains, int count, int *step) {
  for (int i = 0; i < count; i++)
    step[i] = gains->global_gain - (gains->factors[i] << gains->shift);
  for (int i = 0; gains->has_preemphasis && i < count && i < SBMAX_l; i++)
    step[i] -= pretab[i] << gains->shift;
  const int *gain = gains->window_gain;
  for (int i = 0; (gain[0] | gain[1] | gain[2]) && i < count; i++)
    step[i] -= gain[gains->window[i]] * 8;
}

static void steps_scalar(const mp3a_gains *gains, int count, uint64_t asked, uint64_t are_zeros,
                         const float *largest, float one, int *step, float *width,
                         mp3a_changed_bands *bands) {
  int now[MP3A_MOST_BANDS];
  *bands = (mp3a_changed_bands){0, 0, 0};
  mp3a_find_steps(gains, count, now);
  for (uint64_t left = (asked | are_zeros) & (((uint64_t)1 << count) - 1); left; left &= left - 1) {
    int const i = __builtin_ctzll(left);
    uint64_t const is_zero = largest[i] < least_value * one;
    uint64_t const is_asked = asked >> i & 1 & ~(are_zeros >> i & is_zero);
    uint64_t const is_changed = is_asked & (now[i] != step[i]);
    if (is_changed) width[i] = pow20[now[i] + Q_MAX2];
    bands->changed |= is_changed << i;
    bands->zeros |= is_zero << i;
    bands->large |= (uint64_t)(largest[i] >= least_large * one) << i;
  }
  memcpy(step, now, sizeof *now * (size_t)count);
}

static mp3a_factor_limits raise_scalar(int *factors, const int *window, const int *window_gain,
                                       uint64_t bands, int divide, int count) {
  mp3a_factor_limits limits = {0, 0, 1};
  for (int i = 0; i < count; i++) {
    int *most = i < divide ? &limits.lower : &limits.upper;
    factors[i] += bands >> i & 1;
    if (*most < factors[i]) *most = factors[i];
    if (factors[i] + window_gain[window[i]] == 0) limits.are_all_finer = 0;
  }
  return limits;
}

#if defined(__x86_64__)
static inline MP3A_TARGET_AVX512 __mmask16 first_of(int count) {
  return count >= 16 ? 0xffff : count > 0 ? (1u << count) - 1 : 0;
}

/* A step is a power of two times one of the four from 1 to 2. */
MP3A_TARGET_AVX512 static void steps_avx512(const mp3a_gains *gains, int count, uint64_t asked,
                                            uint64_t are_zeros, const float *largest, float one,
                                            int *step, float *width, mp3a_changed_bands *bands) {
  const __m128i shift = _mm_cvtsi32_si128(gains->shift);
  const __m512i gain = _mm512_set1_epi32(gains->global_gain);
  const __m512i window_gain =
      _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)gains->window_gain));
  const __m512 four = _mm512_broadcast_f32x4(_mm_loadu_ps(pow20 + 210 + Q_MAX2));
  *bands = (mp3a_changed_bands){0, 0, 0};
#pragma GCC unroll 1
  for (int i = 0; i < count; i += 16) {
    __mmask16 const is_there = first_of(count - i);
    __m512 const power = _mm512_maskz_loadu_ps(is_there, largest + i);
    __mmask16 const is_zero =
        _mm512_mask_cmp_ps_mask(is_there, power, _mm512_set1_ps(least_value * one), _CMP_LT_OQ);
    __mmask16 const is_large =
        _mm512_mask_cmp_ps_mask(is_there, power, _mm512_set1_ps(least_large * one), _CMP_GE_OQ);
    __mmask16 const is_asked =
        (__mmask16)(asked >> i) & is_there & ~((__mmask16)(are_zeros >> i) & is_zero);
    __m512i factor = _mm512_maskz_loadu_epi32(is_there, gains->factors + i);
    if (gains->has_preemphasis)
      factor = _mm512_add_epi32(factor,
                                _mm512_maskz_loadu_epi32(first_of(SBMAX_l - i), pretab + i));
    __m512i const window = _mm512_maskz_loadu_epi32(is_there, gains->window + i);
    __m512i const finer = _mm512_slli_epi32(_mm512_permutexvar_epi32(window, window_gain), 3);
    __m512i const now =
        _mm512_sub_epi32(_mm512_sub_epi32(gain, _mm512_sll_epi32(factor, shift)), finer);
    __mmask16 const is_changed = _mm512_mask_cmpneq_epi32_mask(
        is_asked, now, _mm512_maskz_loadu_epi32(is_there, step + i));
    _mm512_mask_storeu_epi32(step + i, is_there, now);
    __m512i const quarters = _mm512_sub_epi32(now, _mm512_set1_epi32(210));
    __m512i const octaves = _mm512_slli_epi32(_mm512_srai_epi32(quarters, 2), 23);
    __m512 const part = _mm512_permutexvar_ps(quarters, four);
    _mm512_mask_storeu_ps(
        width + i, is_changed,
        _mm512_castsi512_ps(_mm512_add_epi32(_mm512_castps_si512(part), octaves)));
    bands->changed |= (uint64_t)is_changed << i;
    bands->zeros |= (uint64_t)is_zero << i;
    bands->large |= (uint64_t)is_large << i;
  }
}

MP3A_TARGET_AVX512 static mp3a_factor_limits raise_avx512(int *factors, const int *window,
                                                          const int *window_gain, uint64_t bands,
                                                          int divide, int count) {
  const __m512i one = _mm512_set1_epi32(1);
  const __m512i gain = _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)window_gain));
  __m512i lower = _mm512_setzero_si512(), upper = lower;
  unsigned coarse = 0;
#pragma GCC unroll 1
  for (int i = 0; i < count; i += 16) {
    __mmask16 const is_there = first_of(count - i), is_lower = first_of(divide - i) & is_there;
    __m512i factor = _mm512_maskz_loadu_epi32(is_there, factors + i);
    factor = _mm512_mask_add_epi32(factor, (__mmask16)(bands >> i), factor, one);
    _mm512_mask_storeu_epi32(factors + i, is_there, factor);
    __m512i const of_window =
        _mm512_permutexvar_epi32(_mm512_maskz_loadu_epi32(is_there, window + i), gain);
    coarse |= _mm512_mask_testn_epi32_mask(is_there, _mm512_or_si512(factor, of_window),
                                           _mm512_or_si512(factor, of_window));
    lower = _mm512_mask_max_epi32(lower, is_lower, lower, factor);
    upper = _mm512_mask_max_epi32(upper, is_there & ~is_lower, upper, factor);
  }
  return (mp3a_factor_limits){_mm512_reduce_max_epi32(lower), _mm512_reduce_max_epi32(upper),
                              coarse == 0};
}
#endif

void mp3a_band_factors_select(mp3a_band_factors_kernels *kernels, unsigned cpu_flags) {
  *kernels = (mp3a_band_factors_kernels){steps_scalar, raise_scalar};
#if defined(__x86_64__)
  if (cpu_flags & MP3A_CPU_AVX512)
    *kernels = (mp3a_band_factors_kernels){steps_avx512, raise_avx512};
#endif
  (void)cpu_flags;
}
