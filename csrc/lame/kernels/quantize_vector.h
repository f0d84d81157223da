/* The vector tiers of quantize.c, for common/tiers.h. */

#if VECTOR_BYTES < 64
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
#endif

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

/* Up to which value there is a table in registers. */
enum { TIER(most_small) = VECTOR_BYTES == 64 ? MP3A_MOST_SMALL : 15 };

static inline TARGET int TIER(is_any_large)(TIER(bits) n) {
#if VECTOR_BYTES == 64
  return _mm512_test_epi32_mask((__m512i)n, _mm512_set1_epi32(~TIER(most_small))) != 0;
#elif VECTOR_BYTES == 32
  return !_mm256_testz_si256((__m256i)n, _mm256_set1_epi32(~TIER(most_small)));
#elif defined(__x86_64__)
  return _mm_movemask_epi8((__m128i)(n > TIER(most_small))) != 0;
#elif defined(__aarch64__)
  return vmaxvq_s32((int32x4_t)n) > TIER(most_small);
#else
  return wasm_v128_any_true((v128_t)(n > TIER(most_small)));
#endif
}

static inline TARGET int TIER(is_any)(TIER(bits) mask) {
  return TIER(is_any_large)(mask & (TIER(most_small) + 1));
}

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

/* x rounded, for the whole part n, which no table is too small for. */
static inline TARGET TIER(bits) TIER(round_small)(TIER(vec) x, TIER(bits) n) {
#if VECTOR_BYTES == 64
  const __m512 low = _mm512_load_ps(mp3a_smallest_above);
  const __m512 high = _mm512_load_ps(mp3a_smallest_above + 16);
  const __m512 border = _mm512_permutex2var_ps(low, (__m512i)n, high);
  __m512i one = _mm512_set1_epi32(1);
  __asm__("" : "+v"(one)); /* or the compiler makes a vector of the mask */
  __mmask16 const is_up = _mm512_cmp_ps_mask((__m512)x, border, _CMP_GE_OQ);
  return (TIER(bits))_mm512_mask_add_epi32((__m512i)n, is_up, (__m512i)n, one);
#else
  return n - (x >= TIER(pick)(mp3a_smallest_above, n));
#endif
}

/* Past the table x + 2^23 rounds as LAME does, but near ties, of which few are. */
static inline TARGET TIER(bits) TIER(round_any)(TIER(vec) x, TIER(bits) n) {
  TIER(bits) const nearest = (TIER(bits))(x + two_to_23) - two_to_23_bits;
  TIER(bits) const is_large = n > TIER(most_small);
  TIER(vec) const rest = x - __builtin_convertvector(nearest, TIER(vec));
  TIER(bits) const is_near_tie = ((rest < lowest_rest) | (rest > highest_rest)) & is_large;
  n = (TIER(bits))TIER(choose)(is_large, (TIER(vec))nearest, (TIER(vec))TIER(round_small)(x, n));
  for (unsigned left = TIER(lane_bits)(is_near_tie); left; left &= left - 1) {
    int const k = __builtin_ctz(left);
    n[k] = round_one(x[k]);
  }
  return n;
}

static inline TARGET TIER(bits) TIER(round)(TIER(vec) x) {
  TIER(bits) const n = __builtin_convertvector(x, TIER(bits));
  return TIER(is_any_large)(n) ? TIER(round_any)(x, n) : TIER(round_small)(x, n);
}

typedef unsigned TIER(unsigned_bits) __attribute__((vector_size(VECTOR_BYTES)));

/* Floats from 0 on are in the order of their bits. */
static TARGET int TIER(lines_in_doubt)(const float *powers, float scale, int count,
                                      int *quantized) {
  TIER(unsigned_bits) least = ~(TIER(unsigned_bits)){0};
  int i = 0;
  for (; i < count; i += 2 * TIER(lanes)) {
    TIER(vec) const x = scale * TIER(load)(powers + i);
    TIER(vec) const y = scale * TIER(load)(powers + i + TIER(lanes));
    TIER(bits) n = __builtin_convertvector(x, TIER(bits));
    TIER(bits) m = __builtin_convertvector(y, TIER(bits));
    least = __builtin_elementwise_min(least, (TIER(unsigned_bits))x - doubt_from.bits);
    least = __builtin_elementwise_min(least, (TIER(unsigned_bits))y - doubt_from.bits);
    if (TIER(is_any_large)(n | m)) {
      n = TIER(round_any)(x, n), m = TIER(round_any)(y, m);
    } else {
      n = TIER(round_small)(x, n), m = TIER(round_small)(y, m);
    }
    *(TIER(bits_unaligned) *)(quantized + i) = n;
    *(TIER(bits_unaligned) *)(quantized + i + TIER(lanes)) = m;
  }
  if (TIER(is_any)((TIER(bits))(least < doubt_to.bits - doubt_from.bits)))
    return end_of_doubt(powers, scale, count);
  return 0;
}

/* The last vectors may do lines again that were done; so few that there are none are left to the
   tier below. */
static TARGET void TIER(lines)(const float *powers, float scale, int count, int *quantized) {
  enum { STEP = 2 * TIER(lanes) };
  int const rest = count % STEP;
  TIER(lines_in_doubt)(powers, scale, count - rest, quantized);
  if (rest && count > STEP)
    TIER(lines_in_doubt)(powers + count - STEP, scale, STEP, quantized + count - STEP);
#if VECTOR_BYTES == 64
  else if (rest)
    lines_avx2(powers, scale, count, quantized);
#elif VECTOR_BYTES == 32
  else if (rest)
    lines_128(powers, scale, count, quantized);
#else
  else if (rest)
    lines_scalar(powers, scale, count, quantized);
#endif
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

static TARGET void TIER(drop_marked)(const float *powers, float limit, const uint32_t *marks,
                                     uint32_t wanted, int count, int *quantized) {
  for (int i = 0; i < count; i += TIER(lanes)) {
    TIER(bits) const kept = (*(const TIER(bits_unaligned) *)(marks + i) & (int)wanted) == 0;
    TIER(bits) const is_large = TIER(load)(powers + i) >= limit;
    *(TIER(bits_unaligned) *)(quantized + i) &= is_large | kept;
  }
}

/* Of values up to 31, where there is a table of so many in registers. */
static inline TARGET TIER(vec) TIER(small_power)(TIER(bits) n) {
#if VECTOR_BYTES == 64
  const __m512 low = _mm512_loadu_ps(pow43), high = _mm512_loadu_ps(pow43 + 16);
  return (TIER(vec))_mm512_permutex2var_ps(low, (__m512i)n, high);
#else
  return TIER(is_any_large)(n) ? TIER(gather)(pow43, n) : TIER(pick)(pow43, n);
#endif
}

static inline TARGET TIER(vec) TIER(power_of)(TIER(bits) n) {
  TIER(vec) power = TIER(small_power)(n);
#if VECTOR_BYTES == 64
  __mmask16 const is_above_31 = _mm512_test_epi32_mask((__m512i)n, _mm512_set1_epi32(~31));
  if (is_above_31) {
    const __m512 third = _mm512_loadu_ps(pow43 + 32), last = _mm512_loadu_ps(pow43 + 48);
    __m512 const large = _mm512_permutex2var_ps(third, (__m512i)n, last);
    power = (TIER(vec))_mm512_mask_mov_ps((__m512)power, is_above_31, large);
    if (_mm512_test_epi32_mask((__m512i)n, _mm512_set1_epi32(~63))) power = TIER(gather)(pow43, n);
  }
#endif
  return power;
}

static inline TARGET TIER(vec) TIER(square_error)(TIER(vec) x, TIER(vec) power, TIER(vec) step) {
  x = (TIER(vec))((TIER(bits))x & 0x7fffffff) - power * step;
  return x * x;
}

#if VECTOR_BYTES == 64
/* Which of 16 lines are in one of the bands, the first 32 at most. */
static inline TARGET __mmask16 TIER(are_in)(uint64_t bands, const mp3a_band_layout *layout,
                                            int line) {
  return _mm512_test_epi32_mask(_mm512_loadu_si512(layout->bit_of + line),
                                _mm512_set1_epi32((int)bands));
}

static TARGET void TIER(noises)(const float *lines, const int *quantized,
                                const mp3a_noise_bands *bands, uint64_t chosen, float *squares,
                                float *noises) {
  noises_avx2(lines, quantized, bands, chosen, squares, noises);
}

/* The square errors of a band's lines, some of which are added up. */
__attribute__((always_inline)) static inline TARGET vec_avx2
TIER(band_squares)(const float *lines, const int *quantized, int count, float step, int is_large,
                   float *squares) {
  const TIER(vec) steps = step - (TIER(vec)){0};
  __m512 sum = _mm512_setzero_ps();
  for (; count > 0; count -= 16, lines += 16, quantized += 16, squares += 16) {
    __mmask16 const is_there = count < 16 ? (1u << count) - 1 : 0xffff;
    TIER(bits) const n = (TIER(bits))_mm512_maskz_loadu_epi32(is_there, quantized);
    TIER(vec) const x = (TIER(vec))_mm512_maskz_loadu_ps(is_there, lines);
    TIER(vec) const power = is_large ? TIER(power_of)(n) : TIER(small_power)(n);
    __m512 const square = (__m512)TIER(square_error)(x, power, steps);
    _mm512_mask_storeu_ps(squares, is_there, square);
    sum = _mm512_add_ps(sum, square);
  }
  return (vec_avx2)_mm512_castps512_ps256(sum) + (vec_avx2)_mm512_extractf32x8_ps(sum, 1);
}

/* Neighbours are added up, then pairs of them, then the halves. */
static inline TARGET vec_avx2 TIER(sums_of_rows)(const vec_avx2 rows[8]) {
  vec_avx2 pairs[4], fours[2];
  for (int i = 0; i < 4; i++) {
    __m256 const a = (__m256)rows[2 * i], b = (__m256)rows[2 * i + 1];
    pairs[i] = (vec_avx2)_mm256_unpacklo_ps(a, b) + (vec_avx2)_mm256_unpackhi_ps(a, b);
  }
  for (int i = 0; i < 2; i++) {
    __m256d const a = (__m256d)pairs[2 * i], b = (__m256d)pairs[2 * i + 1];
    fours[i] = (vec_avx2)_mm256_unpacklo_pd(a, b) + (vec_avx2)_mm256_unpackhi_pd(a, b);
  }
  return (vec_avx2)_mm256_permute2f128_ps((__m256)fours[0], (__m256)fours[1], 0x20) +
         (vec_avx2)_mm256_permute2f128_ps((__m256)fours[0], (__m256)fours[1], 0x31);
}

/* Eight bands at a time become rows that are added up by columns. */
static TARGET void TIER(near_noises)(const float *lines, const int *quantized,
                                     const mp3a_noise_bands *bands, uint64_t chosen,
                                     uint64_t large, float *squares, float *noises) {
  float sums[MP3A_MOST_BANDS + 8], *next = sums;
  for (uint64_t left = chosen; left; next += 8) {
    vec_avx2 rows[8] = {{0}};
    for (int k = 0; k < 8 && left; k++, left &= left - 1) {
      int const band = __builtin_ctzll(left);
      int const at = bands->begin[band], count = bands->count[band];
      float const step = bands->step[band];
      if (large >> band & 1)
        rows[k] = TIER(band_squares)(lines + at, quantized + at, count, step, 1, squares + at);
      else
        rows[k] = TIER(band_squares)(lines + at, quantized + at, count, step, 0, squares + at);
    }
    store_avx2(next, TIER(sums_of_rows)(rows));
  }
  next = sums;
  for (int i = 0; i < MP3A_MOST_BANDS; i += 16) {
    __mmask16 const some = (__mmask16)(chosen >> i);
    __m512 const old = _mm512_loadu_ps(noises + i);
    _mm512_storeu_ps(noises + i, _mm512_mask_expandloadu_ps(old, some, next));
    next += __builtin_popcount(some);
  }
}

static TARGET void TIER(largest_powers)(const float *powers, const mp3a_band_layout *layout,
                                        int bands, float *largest) {
  for (int band = 0; band < bands; band++) {
    int const end = layout->begin[band + 1];
    __m512 most = _mm512_setzero_ps();
    for (int i = layout->begin[band]; i < end; i += 16) {
      __mmask16 const is_there = end - i < 16 ? (1u << (end - i)) - 1 : 0xffff;
      most = _mm512_max_ps(most, _mm512_maskz_loadu_ps(is_there, powers + i));
    }
    largest[band] = _mm512_reduce_max_ps(most);
  }
}
#else
/* What is written beyond a band's end belongs to the next one, which overwrites it. */
static TARGET void TIER(noises)(const float *lines, const int *quantized,
                                const mp3a_noise_bands *bands, uint64_t chosen, float *squares,
                                float *noises) {
  for (uint64_t left = chosen; left; left &= left - 1) {
    int const i = __builtin_ctzll(left);
    int at = bands->begin[i], end = at + bands->count[i];
    TIER(vec) const step = bands->step[i] - (TIER(vec)){0};
    for (; at < end && at + TIER(lanes) <= MP3A_LINES; at += TIER(lanes)) {
      TIER(vec) const power = TIER(power_of)(*(const TIER(bits_unaligned) *)(quantized + at));
      TIER(store)(squares + at, TIER(square_error)(TIER(load)(lines + at), power, step));
    }
    square_errors_scalar(lines, quantized, bands->step[i], at, end, squares);
  }
  mp3a_sum_squares(squares, bands, chosen, noises);
}
#endif

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
  __m512 const factors = _mm512_set1_ps(factor);
  __m512 most = _mm512_setzero_ps();
  if (!(bands & (bands - 1)) || bands >> 32)
    return amplify_avx2(powers, layout, bands, factor, largest);
  for (int i = 0; i < 2; i++) {
    __mmask16 const some = (__mmask16)(bands >> (16 * i));
    const __m512 x = _mm512_loadu_ps(largest + 16 * i);
    const __m512 amplified = _mm512_maskz_mul_ps(some, x, factors);
    _mm512_mask_storeu_ps(largest + 16 * i, some, amplified);
    most = _mm512_max_ps(most, amplified);
  }
  int const end = layout->begin[64 - __builtin_clzll(bands)];
  for (int i = layout->begin[__builtin_ctzll(bands)] & ~15; i < end; i += 16) {
    const __m512 x = _mm512_loadu_ps(powers + i);
    _mm512_storeu_ps(powers + i,
                     _mm512_mask_mul_ps(x, TIER(are_in)(bands, layout, i), x, factors));
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
#pragma GCC unroll 1
  for (int i = 0; i < count; i += TIER(lanes))
    bands |= (uint64_t)TIER(lane_bits)(~(TIER(load)(ratios + i) < limit)) << i;
  return bands & (((uint64_t)1 << count) - 1);
}

/* Tenths are rounded, so hardly ever their last bits matter. */
static TARGET void TIER(ratios)(mp3a_band_noises *bands, int count, mp3a_noise_sums *sums) {
  TIER(vec) most = {0};
  TIER(bits) over_count = {0}, squares = {0};
  int of_doubtful = 0;
  sums->doubtful = 0;
#pragma GCC unroll 1
  for (int i = 0; i < count; i += TIER(lanes)) {
    TIER(vec) const ratio = TIER(load)(bands->inverse + i) * TIER(load)(bands->noise + i);
    TIER(vec) const tenths = TIER(tenths)(TIER(choose)(ratio > 1, ratio, (TIER(vec)){0} + 1));
    TIER(bits) const is_over = ratio > 1;
    TIER(bits) whole = __builtin_convertvector(tenths, TIER(bits));
    TIER(vec) const rest = tenths - __builtin_convertvector(whole, TIER(vec));
    TIER(bits) const doubt = is_over & ((rest < tenths_doubt) | (rest > 1 - tenths_doubt));
    TIER(bits) const is_near_1 = (ratio > 1 - MP3A_NEAR_NOISE) & (ratio < 1 + MP3A_NEAR_NOISE);
    TIER(store)(bands->ratio + i, ratio);
    sums->doubtful |= (uint64_t)TIER(lane_bits)(doubt | is_near_1) << i;
    most = TIER(choose)(most < ratio, ratio, most);
    whole = __builtin_elementwise_max(whole, (TIER(bits)){0} + 1) & is_over & ~doubt;
    squares += whole * whole;
    over_count -= is_over;
    for (unsigned left = TIER(lane_bits)(doubt); left; left &= left - 1)
      of_doubtful += square_of_tenths(bands->ratio[i + __builtin_ctz(left)]);
  }
  sums->most_ratio = TIER(largest_of)(most);
  sums->over_count = __builtin_reduce_add(over_count);
  sums->over_squares = __builtin_reduce_add(squares) + of_doubtful;
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
    TIER(vec) squares = TIER(square_error)(TIER(load)(lines + i), TIER(power_of)(n), steps);
    sums += (vec_avx2)_mm512_castps512_ps256((__m512)squares);
    sums += (vec_avx2)_mm512_extractf32x8_ps((__m512)squares, 1);
  }
  if (i + 8 <= count) {
    bits_avx2 n = round_avx2(scale * load_avx2(powers + i));
    sums += square_error_avx2(load_avx2(lines + i), power_of_avx2(n), step - (vec_avx2){0});
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
      sums[k] += TIER(square_error)(x, TIER(power_of)(TIER(round)(scale * power)), steps);
    }
  }
  __builtin_memcpy(eight, sums, sizeof eight);
  return finish_noise(lines, powers, scale, step, i, count, eight);
}
#endif
