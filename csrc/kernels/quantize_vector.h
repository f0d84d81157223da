/* The vector tiers of quantize.c, one source for all widths. Included once per
   tier with VECTOR_BYTES, TIER(name) and TARGET defined, and WITH_PERMUTE(...)
   keeping its argument where lanes can be picked by index. */

#define LANES (VECTOR_BYTES / 4)

typedef float TIER(vec) __attribute__((vector_size(VECTOR_BYTES)));
typedef int TIER(bits) __attribute__((vector_size(VECTOR_BYTES)));
typedef float TIER(vec_unaligned)
    __attribute__((vector_size(VECTOR_BYTES), aligned(4), may_alias));
typedef int TIER(bits_unaligned) __attribute__((vector_size(VECTOR_BYTES), aligned(4), may_alias));

/* Which value from 0 to 15 each lane has to reach. */
static inline TARGET TIER(vec) TIER(look_up)(TIER(bits) n) {
#if VECTOR_BYTES == 32
  __m256i index = (__m256i)n;
  __m256 low = _mm256_permutevar8x32_ps(_mm256_loadu_ps(smallest_rounded_up), index);
  __m256 high = _mm256_permutevar8x32_ps(_mm256_loadu_ps(smallest_rounded_up + 8), index);
  return (TIER(vec))_mm256_blendv_ps(low, high, (__m256)(n << 28));
#else
  const float *t = smallest_rounded_up;
  return (TIER(vec)){t[n[0]], t[n[1]], t[n[2]], t[n[3]]};
#endif
}

/* x + 2^23 in float rounds as in double: the exact sum is rounded once, and
   where a double couldn't hold it (x below 2^-6) no tie is near. */
static TARGET void TIER(lines)(const float *powers, float scale, int count, int *quantized) {
  int i = 0;
  for (; i + LANES <= count; i += LANES) {
    TIER(vec) x = scale * *(const TIER(vec_unaligned) *)(powers + i);
    TIER(bits) n = (TIER(bits))(x + two_to_23) - two_to_23_bits;
    if (__builtin_reduce_or(n) > 15)
      lines_scalar(powers + i, scale, LANES, quantized + i);
    else
      *(TIER(bits_unaligned) *)(quantized + i) = n + (x < TIER(look_up)(n));
  }
  lines_scalar(powers + i, scale, count - i, quantized + i);
}

static TARGET void TIER(drop_small)(const float *powers, float limit, int count,
                                    int *quantized) {
  int i = 0;
  for (; i + LANES <= count; i += LANES) {
    TIER(bits) is_large = *(const TIER(vec_unaligned) *)(powers + i) >= limit;
    *(TIER(bits_unaligned) *)(quantized + i) &= is_large;
  }
  drop_small_scalar(powers + i, limit, count - i, quantized + i);
}

#undef LANES
