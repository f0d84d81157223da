/* The vector tiers of quantize.c, for common/tiers.h. */

/* table[n % 16] of a table of 16. */
static inline TARGET TIER(vec) TIER(pick)(const float table[16], TIER(bits) n) {
#if VECTOR_BYTES == 64
  return (TIER(vec))_mm512_permutexvar_ps((__m512i)n, _mm512_loadu_ps(table));
#elif VECTOR_BYTES == 32
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
#if VECTOR_BYTES == 64
  return (TIER(vec))_mm512_i32gather_ps((__m512i)n, table, 4);
#elif VECTOR_BYTES == 32
  return (TIER(vec))_mm256_i32gather_ps(table, (__m256i)n, 4);
#else
  return (TIER(vec)){table[n[0]], table[n[1]], table[n[2]], table[n[3]]};
#endif
}

static inline TARGET int TIER(is_any_above_15)(TIER(bits) n) {
#if VECTOR_BYTES == 64
  return _mm512_test_epi32_mask((__m512i)n, _mm512_set1_epi32(~15)) != 0;
#elif VECTOR_BYTES == 32
  return !_mm256_testz_si256((__m256i)n, _mm256_set1_epi32(~15));
#elif defined(__x86_64__)
  return _mm_movemask_epi8((__m128i)(n > 15)) != 0;
#elif defined(__aarch64__)
  return vmaxvq_s32((int32x4_t)n) > 15;
#else
  return wasm_v128_any_true((v128_t)(n > 15));
#endif
}

static inline TARGET int TIER(is_any)(TIER(bits) mask) {
  return TIER(is_any_above_15)(mask & 16);
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

/* The last vector may do lines again that were done; so few that there is none are left to the
   tier below. */
static TARGET void TIER(lines)(const float *powers, float scale, int count, int *quantized) {
  int i = 0;
  for (; i + TIER(lanes) <= count; i += TIER(lanes))
    *(TIER(bits_unaligned) *)(quantized + i) = TIER(round)(scale * TIER(load)(powers + i));
  if (i == count) return;
  if (count < TIER(lanes)) {
#if VECTOR_BYTES == 64
    lines_avx2(powers, scale, count, quantized);
#elif VECTOR_BYTES == 32
    lines_128(powers, scale, count, quantized);
#else
    lines_scalar(powers, scale, count, quantized);
#endif
    return;
  }
  i = count - TIER(lanes);
  *(TIER(bits_unaligned) *)(quantized + i) = TIER(round)(scale * TIER(load)(powers + i));
}

static TARGET int TIER(lines_in_doubt)(const float *powers, float scale, int count,
                                      int *quantized) {
  TIER(bits) doubt = {0};
  int i = 0;
  for (; i + TIER(lanes) <= count; i += TIER(lanes)) {
    TIER(vec) x = scale * TIER(load)(powers + i);
    doubt |= (x >= doubt_from) & (x < doubt_to);
    *(TIER(bits_unaligned) *)(quantized + i) = TIER(round)(x);
  }
  int const rest = count - i;
  if (rest > 0) TIER(lines)(powers + i, scale, rest, quantized + i);
  if (TIER(is_any)(doubt)) return end_of_doubt(powers, scale, count);
  int const end = rest > 0 ? end_of_doubt(powers + i, scale, rest) : 0;
  return end > 0 ? i + end : 0;
}

static TARGET void TIER(drop_small)(const float *powers, float limit, int count,
                                    int *quantized) {
  int i = 0;
  for (; i + TIER(lanes) <= count; i += TIER(lanes)) {
    TIER(bits) is_large = TIER(load)(powers + i) >= limit;
    *(TIER(bits_unaligned) *)(quantized + i) &= is_large;
  }
  if (i == count) return;
#if VECTOR_BYTES == 64
  drop_small_avx2(powers + i, limit, count - i, quantized + i);
#elif VECTOR_BYTES == 32
  drop_small_128(powers + i, limit, count - i, quantized + i);
#else
  drop_small_scalar(powers + i, limit, count - i, quantized + i);
#endif
}

static inline TARGET TIER(vec) TIER(square_error)(TIER(vec) x, TIER(bits) n, float step) {
  TIER(vec) power = TIER(is_any_above_15)(n) ? TIER(gather)(pow43, n) : TIER(pick)(pow43, n);
  x = (TIER(vec))((TIER(bits))x & 0x7fffffff) - power * step;
  return x * x;
}

/* What is written beyond a band's end belongs to the next one, which overwrites it. */
static TARGET void TIER(noises)(const float *lines, const int *quantized,
                                const mp3a_noise_band *bands, int count, float *noises) {
  float squares[MP3A_LINES];
  for (int i = 0; i < count; i++) {
    int at = bands[i].begin, end = at + bands[i].count;
    float const step = bands[i].step;
    for (; at < end && at + TIER(lanes) <= MP3A_LINES; at += TIER(lanes))
      TIER(store)(squares + at, TIER(square_error)(TIER(load)(lines + at),
                                                   *(const TIER(bits_unaligned) *)(quantized + at),
                                                   step));
    square_errors_scalar(lines, quantized, step, at, end, squares);
  }
  sum_bands(squares, bands, count, noises);
}

static inline TARGET TIER(vec) TIER(logarithm)(TIER(vec) x) {
  TIER(bits) const number = (TIER(bits))x, mantissa = number & ((1 << MANTISSA_BITS) - 1);
  int const rest = MANTISSA_BITS - LOG_BITS;
  TIER(bits) const place = mantissa >> rest, exponent = (number >> MANTISSA_BITS & 255) - 127;
  TIER(vec) const part = __builtin_convertvector(mantissa & ((1 << rest) - 1), TIER(vec)) *
                         (1.0f / (float)(1 << rest));
  TIER(vec) const before = TIER(gather)(logarithms_of_two, place);
  TIER(vec) const after = TIER(gather)(logarithms_of_two + 1, place);
  TIER(vec) const log2 =
      __builtin_convertvector(exponent, TIER(vec)) + (before * (1.0f - part) + after * part);
  return __builtin_convertvector(__builtin_convertvector(log2, TIER(wide)) * (LOG2 / LOG10),
                                 TIER(vec));
}

/* What ratios() sums, in lanes. */
typedef struct TIER(lane_sums) {
  TIER(bits) over_count, over_squares;
  TIER(vec) most_logarithm;
} TIER(lane_sums);

static inline TARGET void TIER(add_ratios)(TIER(vec) ratio, TIER(lane_sums) *sums) {
  TIER(vec) const least = (TIER(vec)){0} + 1e-20f;
  TIER(vec) const log = TIER(logarithm)(TIER(choose)(ratio > least, ratio, least));
  TIER(wide) const tenths_and_half = __builtin_convertvector(log * 10.0f, TIER(wide)) + .5;
  TIER(bits) const is_over = log > 0;
  TIER(bits) tenths = __builtin_convertvector(tenths_and_half, TIER(bits));
  tenths = __builtin_elementwise_max(tenths, (TIER(bits)){0} + 1) & is_over;
  sums->over_count -= is_over;
  sums->over_squares += tenths * tenths;
  sums->most_logarithm = TIER(choose)(sums->most_logarithm > log, sums->most_logarithm, log);
}

/* Where a ratio is above 1, the logarithms of those below don't matter. A rest that isn't a whole
   vector is filled up by ratios of 0, which add nothing. */
static TARGET void TIER(ratios)(const float *noises, const float *allowed, int count,
                                float *ratios, mp3a_noise_sums *sums) {
  TIER(lane_sums) lanes = {{0}, {0}, (TIER(vec)){0} + no_sums.most_logarithm};
  TIER(vec) all[MP3A_MOST_BANDS / TIER(lanes) + 1], most = {0};
  int i = 0, vectors = 0;
  for (; i + TIER(lanes) <= count; i += TIER(lanes)) {
    all[vectors] = 1.0f / TIER(load)(allowed + i) * TIER(load)(noises + i);
    TIER(store)(ratios + i, all[vectors++]);
  }
  if (i < count) {
    TIER(vec) rest = {0};
    for (int k = 0; i + k < count; k++)
      rest[k] = ratios[i + k] = 1.0f / allowed[i + k] * noises[i + k];
    all[vectors++] = rest;
  }
  for (int k = 0; k < vectors; k++) most = TIER(choose)(most < all[k], all[k], most);
  *sums = no_sums;
  for (int k = 0; k < TIER(lanes); k++)
    sums->most_ratio = sums->most_ratio < most[k] ? most[k] : sums->most_ratio;
  for (int k = 0; k < vectors; k++)
    if (sums->most_ratio <= 1 || TIER(is_any)(all[k] > 0.99f)) TIER(add_ratios)(all[k], &lanes);
  for (int k = 0; k < TIER(lanes) && count > 0; k++) {
    float const log = lanes.most_logarithm[k];
    sums->over_count += lanes.over_count[k];
    sums->over_squares += lanes.over_squares[k];
    sums->most_logarithm = sums->most_logarithm > log ? sums->most_logarithm : log;
  }
}

#if VECTOR_BYTES == 64
/* Sixteen lines are two steps of the eight sums. */
static TARGET float TIER(noise)(const float *lines, const float *powers, float scale, float step,
                                int count) {
  vec_avx2 sums = {0};
  float eight[8];
  int i = 0;
  for (; i + 16 <= count; i += 16) {
    TIER(bits) n = TIER(round)(scale * TIER(load)(powers + i));
    TIER(vec) squares = TIER(square_error)(TIER(load)(lines + i), n, step);
    sums += (vec_avx2)_mm512_castps512_ps256((__m512)squares);
    sums += (vec_avx2)_mm512_extractf32x8_ps((__m512)squares, 1);
  }
  if (i + 8 <= count) {
    bits_avx2 n = round_avx2(scale * load_avx2(powers + i));
    sums += square_error_avx2(load_avx2(lines + i), n, step);
    i += 8;
  }
  __builtin_memcpy(eight, &sums, sizeof eight);
  return finish_noise(lines, powers, scale, step, i, count, eight);
}
#else
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
#endif
