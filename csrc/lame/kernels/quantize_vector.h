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
#if VECTOR_BYTES == 64
  __m512 const smallest = (__m512)TIER(pick)(smallest_rounded_up, n);
  __mmask16 const is_below = _mm512_cmp_ps_mask((__m512)x, smallest, _CMP_LT_OQ);
  return (TIER(bits))_mm512_mask_sub_epi32((__m512i)n, is_below, (__m512i)n, _mm512_set1_epi32(1));
#else
  return n + (x < TIER(pick)(smallest_rounded_up, n));
#endif
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

typedef unsigned TIER(unsigned_bits) __attribute__((vector_size(VECTOR_BYTES)));

/* Floats from 0 on are in the order of their bits. */
static TARGET int TIER(lines_in_doubt)(const float *powers, float scale, int count,
                                      int *quantized) {
  TIER(unsigned_bits) least = ~(TIER(unsigned_bits)){0};
  int i = 0;
  for (; i + TIER(lanes) <= count; i += TIER(lanes)) {
    TIER(vec) x = scale * TIER(load)(powers + i);
    least = __builtin_elementwise_min(least, (TIER(unsigned_bits))x - doubt_from.bits);
    *(TIER(bits_unaligned) *)(quantized + i) = TIER(round)(x);
  }
  int const rest = count - i;
  if (rest > 0) TIER(lines)(powers + i, scale, rest, quantized + i);
  if (TIER(is_any)((TIER(bits))(least < doubt_to.bits - doubt_from.bits)))
    return end_of_doubt(powers, scale, count);
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

static TARGET void TIER(drop_marked)(const float *powers, float limit, const int *is_marked,
                                     int count, int *quantized) {
  int i = 0;
  for (; i + TIER(lanes) <= count; i += TIER(lanes)) {
    TIER(bits) const marked = *(const TIER(bits_unaligned) *)(is_marked + i);
    TIER(bits) const is_large = TIER(load)(powers + i) >= limit;
    *(TIER(bits_unaligned) *)(quantized + i) &= is_large | ~marked;
  }
  drop_marked_scalar(powers + i, limit, is_marked + i, count - i, quantized + i);
}

static inline TARGET TIER(vec) TIER(square_error)(TIER(vec) x, TIER(bits) n, TIER(vec) step) {
#if VECTOR_BYTES == 64
  const __m512 low = _mm512_loadu_ps(pow43), high = _mm512_loadu_ps(pow43 + 16);
  TIER(vec) power = (TIER(vec))_mm512_permutex2var_ps(low, (__m512i)n, high);
  __mmask16 const is_above_31 = _mm512_test_epi32_mask((__m512i)n, _mm512_set1_epi32(~31));
  if (is_above_31) {
    const __m512 third = _mm512_loadu_ps(pow43 + 32), last = _mm512_loadu_ps(pow43 + 48);
    __m512 const large = _mm512_permutex2var_ps(third, (__m512i)n, last);
    power = (TIER(vec))_mm512_mask_mov_ps((__m512)power, is_above_31, large);
    if (_mm512_test_epi32_mask((__m512i)n, _mm512_set1_epi32(~63))) power = TIER(gather)(pow43, n);
  }
#else
  TIER(vec) power = TIER(is_any_above_15)(n) ? TIER(gather)(pow43, n) : TIER(pick)(pow43, n);
#endif
  x = (TIER(vec))((TIER(bits))x & 0x7fffffff) - power * step;
  return x * x;
}

#if VECTOR_BYTES == 64
/* What a table of all bands has for those of 16 lines. */
static inline TARGET __m512 TIER(of_bands)(const __m512 table[3], const uint8_t *band_of) {
  const __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)band_of);
  const __m512i band = _mm512_cvtepu8_epi32(bytes);
  const __mmask16 is_above = _mm512_test_epi32_mask(band, _mm512_set1_epi32(32));
  __m512 const low = _mm512_permutex2var_ps(table[0], band, table[1]);
  return _mm512_mask_permutexvar_ps(low, is_above, band, table[2]);
}

/* All lines from the first of the bands to the last: no branch for each band. */
static TARGET void TIER(noises)(const float *lines, const int *quantized,
                                const mp3a_noise_bands *bands, uint64_t chosen, float *noises) {
  float squares[MP3A_LINES];
  __m512 steps[3];
  if (!chosen) return;
  for (int i = 0; i < 3; i++) steps[i] = _mm512_loadu_ps(bands->step + 16 * i);
  int const last = 63 - __builtin_clzll(chosen), end = bands->begin[last] + bands->count[last];
  for (int i = bands->begin[__builtin_ctzll(chosen)] & ~15; i < end; i += 16) {
    TIER(bits) const n = *(const TIER(bits_unaligned) *)(quantized + i);
    TIER(vec) const step = (TIER(vec))TIER(of_bands)(steps, bands->band_of + i);
    TIER(store)(squares + i, TIER(square_error)(TIER(load)(lines + i), n, step));
  }
  sum_bands(squares, bands, chosen, noises);
}
#else
/* What is written beyond a band's end belongs to the next one, which overwrites it. */
static TARGET void TIER(noises)(const float *lines, const int *quantized,
                                const mp3a_noise_bands *bands, uint64_t chosen, float *noises) {
  float squares[MP3A_LINES];
  for (uint64_t left = chosen; left; left &= left - 1) {
    int const i = __builtin_ctzll(left);
    int at = bands->begin[i], end = at + bands->count[i];
    TIER(vec) const step = bands->step[i] - (TIER(vec)){0};
    for (; at < end && at + TIER(lanes) <= MP3A_LINES; at += TIER(lanes))
      TIER(store)(squares + at, TIER(square_error)(TIER(load)(lines + at),
                                                   *(const TIER(bits_unaligned) *)(quantized + at),
                                                   step));
    square_errors_scalar(lines, quantized, bands->step[i], at, end, squares);
  }
  sum_bands(squares, bands, chosen, noises);
}
#endif

/* One bit for each lane of a mask. */
static inline TARGET unsigned TIER(lane_bits)(TIER(bits) mask) {
#if VECTOR_BYTES == 64
  return _mm512_movepi32_mask((__m512i)mask);
#elif VECTOR_BYTES == 32
  return (unsigned)_mm256_movemask_ps((__m256)mask);
#elif defined(__x86_64__)
  return (unsigned)_mm_movemask_ps((__m128)mask);
#elif defined(__wasm_simd128__)
  return (unsigned)wasm_i32x4_bitmask((v128_t)mask);
#else
  mask &= (TIER(bits)){1, 2, 4, 8};
  return (unsigned)(mask[0] | mask[1] | mask[2] | mask[3]);
#endif
}

/* Of numbers from 0 on, which are in the order of their bits. */
static inline TARGET float TIER(largest_of)(TIER(vec) x) {
  union { int bits; float f; } largest = {__builtin_reduce_max((TIER(bits))x)};
  return largest.f;
}

/* 10 log10(x) + 0.5, nearly: log2(1 + m) by a polynomial that meets it at Chebyshev's points. */
static inline TARGET TIER(vec) TIER(tenths)(TIER(vec) x) {
  TIER(bits) const number = (TIER(bits))x, one = (TIER(bits)){0} + 0x3f800000;
  TIER(bits) const mantissa = (number & ((1 << MANTISSA_BITS) - 1)) | one;
  TIER(bits) const exponent = (number >> MANTISSA_BITS & 255) - 127;
  TIER(vec) const m = (TIER(vec))mantissa - 1;
  TIER(vec) const log2 =
      (((-0.07844067f * m + 0.31226948f) * m - 0.67088268f) * m + 1.43687490f) * m + 0.00011458f;
  return (__builtin_convertvector(exponent, TIER(vec)) + log2) * 3.01029996f + 0.5f;
}

/* All lines from the first of several bands to the last, some by 1: no branch for each band. */
#if VECTOR_BYTES == 64
static TARGET float TIER(amplify)(float *powers, const mp3a_band_layout *layout, uint64_t bands,
                                 float factor, float largest[MP3A_MOST_BANDS]) {
  __m512 factors[3], most = _mm512_setzero_ps();
  if (!(bands & (bands - 1))) return amplify_avx2(powers, layout, bands, factor, largest);
  for (int i = 0; i < 3; i++) {
    factors[i] = _mm512_mask_blend_ps((__mmask16)(bands >> (16 * i)), _mm512_set1_ps(1),
                                      _mm512_set1_ps(factor));
    const __m512 x = _mm512_mul_ps(_mm512_loadu_ps(largest + 16 * i), factors[i]);
    _mm512_storeu_ps(largest + 16 * i, x);
    most = _mm512_max_ps(most, x);
  }
  int const end = layout->begin[64 - __builtin_clzll(bands)];
  for (int i = layout->begin[__builtin_ctzll(bands)] & ~15; i < end; i += 16) {
    const __m512 x = TIER(of_bands)(factors, layout->band_of + i);
    _mm512_storeu_ps(powers + i, _mm512_mul_ps(_mm512_loadu_ps(powers + i), x));
  }
  return _mm512_reduce_max_ps(most);
}
#else
static TARGET float TIER(amplify)(float *powers, const mp3a_band_layout *layout, uint64_t bands,
                                 float factor, float largest[MP3A_MOST_BANDS]) {
  for (uint64_t left = bands; left; left &= left - 1) {
    int const band = __builtin_ctzll(left);
    int i = layout->begin[band], end = layout->begin[band + 1];
    for (; i + TIER(lanes) <= end; i += TIER(lanes))
      TIER(store)(powers + i, TIER(load)(powers + i) * factor);
    for (; i < end; i++) powers[i] *= factor;
  }
  return raise_largest(largest, bands, factor);
}
#endif

static TARGET uint64_t TIER(at_least)(const float ratios[MP3A_MOST_BANDS], float limit,
                                      int count) {
  uint64_t bands = 0;
  for (int i = 0; i < count; i += TIER(lanes))
    bands |= (uint64_t)TIER(lane_bits)(~(TIER(load)(ratios + i) < limit)) << i;
  return bands & (((uint64_t)1 << count) - 1);
}

/* Tenths are rounded, so hardly ever their last bits matter. */
static TARGET void TIER(ratios)(mp3a_band_noises *bands, int count, mp3a_noise_sums *sums) {
  TIER(vec) most = {0};
  TIER(bits) over_count = {0}, squares = {0};
  int doubtful = 0;
  for (int i = 0; i < count; i += TIER(lanes)) {
    TIER(vec) const ratio = TIER(load)(bands->inverse + i) * TIER(load)(bands->noise + i);
    TIER(vec) const tenths = TIER(tenths)(TIER(choose)(ratio > 1, ratio, (TIER(vec)){0} + 1));
    TIER(bits) const is_over = ratio > 1;
    TIER(bits) whole = __builtin_convertvector(tenths, TIER(bits));
    TIER(vec) const rest = tenths - __builtin_convertvector(whole, TIER(vec));
    TIER(bits) const doubt = is_over & ((rest < tenths_doubt) | (rest > 1 - tenths_doubt));
    TIER(store)(bands->ratio + i, ratio);
    most = TIER(choose)(most < ratio, ratio, most);
    whole = __builtin_elementwise_max(whole, (TIER(bits)){0} + 1) & is_over & ~doubt;
    squares += whole * whole;
    over_count -= is_over;
    for (unsigned left = TIER(lane_bits)(doubt); left; left &= left - 1)
      doubtful += square_of_tenths(bands->ratio[i + __builtin_ctz(left)]);
  }
  sums->most_ratio = TIER(largest_of)(most);
  sums->over_count = __builtin_reduce_add(over_count);
  sums->over_squares = __builtin_reduce_add(squares) + doubtful;
  uint64_t const nearest = TIER(at_least)(bands->ratio, sums->most_ratio * nearly_most, count);
  sums->most_logarithm = most_logarithm(bands->ratio, nearest, sums->most_ratio);
}

#if VECTOR_BYTES == 64
/* Sixteen lines are two steps of the eight sums. */
static TARGET float TIER(noise)(const float *lines, const float *powers, float scale, float step,
                                int count) {
  vec_avx2 sums = {0};
  TIER(vec) const steps = step - (TIER(vec)){0};
  float eight[8];
  int i = 0;
  for (; i + 16 <= count; i += 16) {
    TIER(bits) n = TIER(round)(scale * TIER(load)(powers + i));
    TIER(vec) squares = TIER(square_error)(TIER(load)(lines + i), n, steps);
    sums += (vec_avx2)_mm512_castps512_ps256((__m512)squares);
    sums += (vec_avx2)_mm512_extractf32x8_ps((__m512)squares, 1);
  }
  if (i + 8 <= count) {
    bits_avx2 n = round_avx2(scale * load_avx2(powers + i));
    sums += square_error_avx2(load_avx2(lines + i), n, step - (vec_avx2){0});
    i += 8;
  }
  __builtin_memcpy(eight, &sums, sizeof eight);
  return finish_noise(lines, powers, scale, step, i, count, eight);
}
#else
static TARGET float TIER(noise)(const float *lines, const float *powers, float scale, float step,
                                int count) {
  TIER(vec) sums[8 / TIER(lanes)] = {{0}};
  TIER(vec) const steps = step - (TIER(vec)){0};
  float eight[8];
  int i = 0;
  for (; i + 8 <= count; i += 8) {
    for (int k = 0; k < 8 / TIER(lanes); k++) {
      TIER(vec) x = TIER(load)(lines + i + k * TIER(lanes));
      TIER(vec) power = TIER(load)(powers + i + k * TIER(lanes));
      sums[k] += TIER(square_error)(x, TIER(round)(scale * power), steps);
    }
  }
  __builtin_memcpy(eight, sums, sizeof eight);
  return finish_noise(lines, powers, scale, step, i, count, eight);
}
#endif
