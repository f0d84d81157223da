/* The vector tiers of quantize.c, for common/tiers.h. */

/* table[n % 16] of a table of 16. */
static inline TARGET TIER(vec) TIER(pick)(const float table[16], TIER(bits) n) {
#if VECTOR_BYTES == 32
  __m256 low = _mm256_permutevar8x32_ps(_mm256_loadu_ps(table), (__m256i)n);
  __m256 high = _mm256_permutevar8x32_ps(_mm256_loadu_ps(table + 8), (__m256i)n);
  return (TIER(vec))_mm256_blendv_ps(low, high, (__m256)(n << 28));
#else
  n &= 15;
  return (TIER(vec)){table[n[0]], table[n[1]], table[n[2]], table[n[3]]};
#endif
}

/* table[n]. */
static inline TARGET TIER(vec) TIER(gather)(const float *table, TIER(bits) n) {
#if VECTOR_BYTES == 32
  return (TIER(vec))_mm256_i32gather_ps(table, (__m256i)n, 4);
#else
  return (TIER(vec)){table[n[0]], table[n[1]], table[n[2]], table[n[3]]};
#endif
}

static inline TARGET int TIER(is_any_above_15)(TIER(bits) n) {
#if VECTOR_BYTES == 32
  return !_mm256_testz_si256((__m256i)n, _mm256_set1_epi32(~15));
#elif defined(__x86_64__)
  return _mm_movemask_epi8((__m128i)(n > 15)) != 0;
#elif defined(__aarch64__)
  return vmaxvq_s32((int32x4_t)n) > 15;
#else
  return wasm_v128_any_true((v128_t)(n > 15));
#endif
}

/* lines_scalar() of TIER(lanes) lines, x rounded to n. */
static inline TARGET TIER(bits) TIER(round_large)(TIER(vec) x, TIER(bits) n) {
  TIER(wide) sum = __builtin_convertvector(x, TIER(wide)) + (double)two_to_23;
  sum += __builtin_convertvector(TIER(gather)(adj43asm, n), TIER(wide));
  return (TIER(bits))__builtin_convertvector(sum, TIER(vec)) - two_to_23_bits;
}

/* Whether a value past 15 may have to be rounded otherwise than to n. */
static inline TARGET int TIER(is_any_near_tie)(TIER(vec) x, TIER(bits) n) {
  TIER(vec) rest = x - __builtin_convertvector(n, TIER(vec));
  return TIER(is_any_above_15)(((rest < lowest_rest) | (rest > highest_rest)) & n);
}

/* x + 2^23 in float rounds as in double: the exact sum is rounded once, and
   where a double couldn't hold it (x below 2^-6) no tie is near. Past 15, pick()
   returns what is smaller than x. */
static inline TARGET TIER(bits) TIER(round)(TIER(vec) x) {
  TIER(bits) n = (TIER(bits))(x + two_to_23) - two_to_23_bits;
  if (TIER(is_any_above_15)(n) && TIER(is_any_near_tie)(x, n)) return TIER(round_large)(x, n);
  return n + (x < TIER(pick)(smallest_rounded_up, n));
}

static TARGET void TIER(lines)(const float *powers, float scale, int count, int *quantized) {
  int i = 0;
  for (; i + TIER(lanes) <= count; i += TIER(lanes))
    *(TIER(bits_unaligned) *)(quantized + i) = TIER(round)(scale * TIER(load)(powers + i));
  lines_scalar(powers + i, scale, count - i, quantized + i);
}

static TARGET void TIER(drop_small)(const float *powers, float limit, int count,
                                    int *quantized) {
  int i = 0;
  for (; i + TIER(lanes) <= count; i += TIER(lanes)) {
    TIER(bits) is_large = TIER(load)(powers + i) >= limit;
    *(TIER(bits_unaligned) *)(quantized + i) &= is_large;
  }
  drop_small_scalar(powers + i, limit, count - i, quantized + i);
}

static inline TARGET TIER(vec) TIER(square_error)(TIER(vec) x, TIER(bits) n, float step) {
  TIER(vec) power = TIER(is_any_above_15)(n) ? TIER(gather)(pow43, n) : TIER(pick)(pow43, n);
  x = (TIER(vec))((TIER(bits))x & 0x7fffffff) - power * step;
  return x * x;
}

static TARGET void TIER(square_errors)(const float *lines, const int *quantized, float step,
                                       int count, int room, float *squares) {
  int i = 0;
  for (; i < count && i + TIER(lanes) <= room; i += TIER(lanes))
    TIER(store)(squares + i, TIER(square_error)(TIER(load)(lines + i),
                                                *(const TIER(bits_unaligned) *)(quantized + i),
                                                step));
  square_errors_scalar(lines + i, quantized + i, step, count - i, room - i, squares + i);
}

static TARGET float TIER(noise)(const float *lines, const float *powers, float scale, float step,
                                int count) {
  TIER(vec) sums[8 / TIER(lanes)] = {{0}};
  float eight[8];
  int i = 0;
  for (; i + 8 <= count; i += 8) {
    for (int k = 0; k < 8 / TIER(lanes); k++) {
      TIER(vec) x = TIER(load)(lines + i + k * TIER(lanes));
      TIER(vec) power = TIER(load)(powers + i + k * TIER(lanes));
      sums[k] += TIER(square_error)(x, TIER(round)(scale * power), step);
    }
  }
  __builtin_memcpy(eight, sums, sizeof eight);
  return finish_noise(lines, powers, scale, step, i, count, eight);
}
