/* What Huffman coding needs of pairs of lines. */
#include "lame/kernels/pair_keys.h"

#include "common/cpu.h"
#include "common/sse2.h"

#if defined(__aarch64__)
#include <arm_neon.h>
#endif

static int round_up_pairs(int pair_count) {
  return (pair_count + MP3A_PAIR_STEP - 1) / MP3A_PAIR_STEP * MP3A_PAIR_STEP;
}

static void pair_keys_scalar(const int *quantized, const float *lines, int pair_count,
                             uint8_t *values, uint8_t *signs) {
  const int end = round_up_pairs(pair_count);
  for (int i = 0; i < end; i++) {
    const int a = quantized[2 * i], b = quantized[2 * i + 1];
    const int has_a = a > 0, has_b = b > 0;
    const int minus_a = has_a & (lines[2 * i] < 0), minus_b = has_b & (lines[2 * i + 1] < 0);
    values[i] = (uint8_t)((a < 15 ? a : 15) << 4 | (b < 15 ? b : 15));
    signs[i] = (uint8_t)(has_a + has_b + 4 * ((minus_a << has_b) + minus_b));
  }
}

#if MP3A_HAS_SSE2
/* Four pairs: their `values`, and their `signs`, as 32-bit integers. */
static inline __m128i four_pair_keys_sse2(const int *quantized, const float *lines,
                                          __m128i *signs) {
  const __m128i one = _mm_set1_epi16(1);
  const __m128i q = _mm_packs_epi32(_mm_loadu_si128((const __m128i *)quantized),
                                    _mm_loadu_si128((const __m128i *)(quantized + 4)));
  const __m128 below0 = _mm_cmplt_ps(_mm_loadu_ps(lines), _mm_setzero_ps());
  const __m128 below1 = _mm_cmplt_ps(_mm_loadu_ps(lines + 4), _mm_setzero_ps());
  const __m128i below = _mm_packs_epi32(_mm_castps_si128(below0), _mm_castps_si128(below1));
  const __m128i has = _mm_and_si128(_mm_cmpgt_epi16(q, _mm_setzero_si128()), one);
  const __m128i minus = _mm_and_si128(below, has);
  /* The first line's sign bit moves up when the second has one. */
  const __m128i weight = _mm_slli_epi16(_mm_add_epi16(one, _mm_srli_epi32(has, 16)), 2);
  *signs = _mm_add_epi32(_mm_madd_epi16(minus, weight), _mm_madd_epi16(has, one));
  return _mm_madd_epi16(_mm_min_epi16(q, _mm_set1_epi16(15)), _mm_set1_epi32(0x10010));
}

static void pair_keys_sse2(const int *quantized, const float *lines, int pair_count,
                           uint8_t *values, uint8_t *signs) {
  for (int i = 0; i < pair_count; i += MP3A_PAIR_STEP) {
    const int *q = quantized + 2 * i;
    const float *x = lines + 2 * i;
    __m128i s0, s1, s2, s3;
    const __m128i v0 = four_pair_keys_sse2(q, x, &s0);
    const __m128i v1 = four_pair_keys_sse2(q + 8, x + 8, &s1);
    const __m128i v2 = four_pair_keys_sse2(q + 16, x + 16, &s2);
    const __m128i v3 = four_pair_keys_sse2(q + 24, x + 24, &s3);
    _mm_storeu_si128((__m128i *)(values + i),
                     _mm_packus_epi16(_mm_packs_epi32(v0, v1), _mm_packs_epi32(v2, v3)));
    _mm_storeu_si128((__m128i *)(signs + i),
                     _mm_packus_epi16(_mm_packs_epi32(s0, s1), _mm_packs_epi32(s2, s3)));
  }
}
#elif defined(__aarch64__)
/* Four pairs: their `values`, and their `signs`, as 16-bit integers. */
static inline uint16x4_t four_pair_keys_neon(const int *quantized, const float *lines,
                                             uint16x4_t *signs) {
  const int32x4x2_t q = vld2q_s32(quantized);
  const float32x4x2_t x = vld2q_f32(lines);
  const uint32x4_t has_a = vcgtzq_s32(q.val[0]), has_b = vcgtzq_s32(q.val[1]);
  const uint32x4_t minus_a = vandq_u32(vcltzq_f32(x.val[0]), has_a);
  const uint32x4_t minus_b = vandq_u32(vcltzq_f32(x.val[1]), has_b);
  /* True is -1: the first line's sign bit counts twice when the second has one. */
  uint32x4_t bits = vaddq_u32(vaddq_u32(minus_a, vandq_u32(minus_a, has_b)), minus_b);
  bits = vaddq_u32(vaddq_u32(has_a, has_b), vshlq_n_u32(bits, 2));
  *signs = vmovn_u32(vreinterpretq_u32_s32(vnegq_s32(vreinterpretq_s32_u32(bits))));
  const int32x4_t most = vdupq_n_s32(15);
  const int32x4_t a = vminq_s32(q.val[0], most), b = vminq_s32(q.val[1], most);
  return vmovn_u32(vreinterpretq_u32_s32(vsliq_n_s32(b, a, 4)));
}

static void pair_keys_neon(const int *quantized, const float *lines, int pair_count,
                           uint8_t *values, uint8_t *signs) {
  const int end = round_up_pairs(pair_count);
  for (int i = 0; i < end; i += 8) {
    uint16x4_t s0, s1;
    const uint16x4_t v0 = four_pair_keys_neon(quantized + 2 * i, lines + 2 * i, &s0);
    const uint16x4_t v1 = four_pair_keys_neon(quantized + 2 * i + 8, lines + 2 * i + 8, &s1);
    vst1_u8(values + i, vmovn_u16(vcombine_u16(v0, v1)));
    vst1_u8(signs + i, vmovn_u16(vcombine_u16(s0, s1)));
  }
}
#endif

void mp3a_pair_keys_select(mp3a_pair_keys_kernels *kernels, unsigned cpu_flags) {
  kernels->pack = pair_keys_scalar;
#if MP3A_HAS_SSE2
  if (cpu_flags & (MP3A_CPU_SSE2 | MP3A_CPU_SIMD128)) kernels->pack = pair_keys_sse2;
#elif defined(__aarch64__)
  if (cpu_flags & MP3A_CPU_NEON) kernels->pack = pair_keys_neon;
#else
  (void)cpu_flags;
#endif
}
