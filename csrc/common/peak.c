#include "common/peak.h"

#include <string.h>

#include "common/cpu.h"
#include "common/once.h"
#include "common/sse2.h"
#include "mp3augment.h"

static uint32_t magnitude_bits(float sample) {
  uint32_t bits;
  memcpy(&bits, &sample, sizeof bits);
  return bits & 0x7fffffffu;
}

static uint32_t peak_scalar(const float *samples, size_t count) {
  uint32_t peak = 0;
  for (size_t i = 0; i < count; i++) {
    const uint32_t bits = magnitude_bits(samples[i]);
    if (bits > peak) peak = bits;
  }
  return peak;
}

#if MP3A_HAS_SSE2
/* SSE2 has no 32-bit integer maximum; a compare and a blend make one. Without
   the sign bit a signed compare is right. */
static __m128i max_sse2(__m128i a, __m128i b) {
  const __m128i greater = _mm_cmpgt_epi32(a, b);
  return _mm_or_si128(_mm_and_si128(greater, a), _mm_andnot_si128(greater, b));
}

static uint32_t reduce_sse2(__m128i peak) {
  peak = max_sse2(peak, _mm_shuffle_epi32(peak, _MM_SHUFFLE(1, 0, 3, 2)));
  peak = max_sse2(peak, _mm_shuffle_epi32(peak, _MM_SHUFFLE(2, 3, 0, 1)));
  return (uint32_t)_mm_cvtsi128_si32(peak);
}

static uint32_t peak_sse2(const float *samples, size_t count) {
  enum { LANES = 4, UNROLL = 4 };
  const __m128i mask = _mm_set1_epi32(0x7fffffff);
  __m128i peak[UNROLL] = {_mm_setzero_si128(), _mm_setzero_si128(), _mm_setzero_si128(),
                          _mm_setzero_si128()};
  size_t i = 0;
  for (; i + LANES * UNROLL <= count; i += LANES * UNROLL) {
    for (size_t k = 0; k < UNROLL; k++) {
      const __m128i x = _mm_loadu_si128((const __m128i *)(samples + i + LANES * k));
      peak[k] = max_sse2(peak[k], _mm_and_si128(x, mask));
    }
  }
  const uint32_t body =
      reduce_sse2(max_sse2(max_sse2(peak[0], peak[1]), max_sse2(peak[2], peak[3])));
  const uint32_t tail = peak_scalar(samples + i, count - i);
  return body > tail ? body : tail;
}

#endif

#if defined(__x86_64__)
__attribute__((target("avx2"))) static uint32_t peak_avx2(const float *samples, size_t count) {
  enum { LANES = 8, UNROLL = 4 };
  const __m256i mask = _mm256_set1_epi32(0x7fffffff);
  __m256i peak[UNROLL] = {_mm256_setzero_si256(), _mm256_setzero_si256(),
                          _mm256_setzero_si256(), _mm256_setzero_si256()};
  size_t i = 0;
  for (; i + LANES * UNROLL <= count; i += LANES * UNROLL) {
    for (size_t k = 0; k < UNROLL; k++) {
      const __m256i x = _mm256_loadu_si256((const __m256i *)(samples + i + LANES * k));
      peak[k] = _mm256_max_epi32(peak[k], _mm256_and_si256(x, mask));
    }
  }
  const __m256i all = _mm256_max_epi32(_mm256_max_epi32(peak[0], peak[1]),
                                       _mm256_max_epi32(peak[2], peak[3]));
  const uint32_t body = reduce_sse2(
      max_sse2(_mm256_castsi256_si128(all), _mm256_extracti128_si256(all, 1)));
  const uint32_t tail = peak_scalar(samples + i, count - i);
  return body > tail ? body : tail;
}
#elif defined(__aarch64__)
#include <arm_neon.h>

static uint32_t peak_neon(const float *samples, size_t count) {
  enum { LANES = 4, UNROLL = 4 };
  const uint32x4_t mask = vdupq_n_u32(0x7fffffffu);
  uint32x4_t peak[UNROLL] = {vdupq_n_u32(0), vdupq_n_u32(0), vdupq_n_u32(0), vdupq_n_u32(0)};
  size_t i = 0;
  for (; i + LANES * UNROLL <= count; i += LANES * UNROLL) {
    for (size_t k = 0; k < UNROLL; k++) {
      const uint32x4_t x = vreinterpretq_u32_f32(vld1q_f32(samples + i + LANES * k));
      peak[k] = vmaxq_u32(peak[k], vandq_u32(x, mask));
    }
  }
  const uint32_t body =
      vmaxvq_u32(vmaxq_u32(vmaxq_u32(peak[0], peak[1]), vmaxq_u32(peak[2], peak[3])));
  const uint32_t tail = peak_scalar(samples + i, count - i);
  return body > tail ? body : tail;
}
#endif

mp3a_peak_fn mp3a_peak_select(unsigned cpu_flags) {
  mp3a_peak_fn best = peak_scalar;
#if defined(__x86_64__)
  if (!(cpu_flags & MP3A_CPU_SSE2)) return best;
  best = peak_sse2;
  if (!(cpu_flags & MP3A_CPU_AVX2)) return best;
  best = peak_avx2;
#elif defined(__wasm_simd128__)
  if (cpu_flags & MP3A_CPU_SIMD128) best = peak_sse2;
#elif defined(__aarch64__)
  if (!(cpu_flags & MP3A_CPU_NEON)) return best;
  best = peak_neon;
#else
  (void)cpu_flags;
#endif
  return best;
}

uint32_t mp3a_peak_bits(const float *samples, size_t count) {
  static mp3a_peak_fn scan;
  static mp3a_once once;
  if (mp3a_once_begin(&once)) {
    scan = mp3a_peak_select(mp3a_cpu_detect());
    mp3a_once_end(&once);
  }
  return scan(samples, count);
}

uint32_t mp3a_peak_bits_of(const float *const channels[2], size_t count) {
  const uint32_t left = mp3a_peak_bits(channels[0], count);
  const uint32_t right = channels[1] ? mp3a_peak_bits(channels[1], count) : 0;
  return left > right ? left : right;
}

int32_t mp3a_check_level(const float *const channels[2], size_t count, float factor) {
  const uint32_t bits = mp3a_peak_bits_of(channels, count);
  if (bits >= MP3A_INFINITY_BITS) return MP3A_NON_FINITE_AUDIO;
  float peak;
  memcpy(&peak, &bits, sizeof peak);
  return peak * factor <= MP3A_MAX_LEVEL ? MP3A_OK : MP3A_INVALID_AUDIO;
}
