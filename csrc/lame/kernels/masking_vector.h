/* The vector tiers of masking.c, for common/tiers.h. */

#define ALL(x) ((TIER(vec)){0} + (x))

typedef signed char TIER(small) __attribute__((vector_size(VECTOR_BYTES / 4)));
typedef signed char TIER(small_unaligned)
    __attribute__((vector_size(VECTOR_BYTES / 4), aligned(1), may_alias));
typedef unsigned char TIER(bytes_unaligned)
    __attribute__((vector_size(VECTOR_BYTES), aligned(1), may_alias));

static inline TARGET TIER(vec) TIER(larger)(TIER(vec) a, TIER(vec) b) {
  return TIER(choose)(a < b, b, a);
}

/* ---- energies of all channels side by side, and their sums ---- */

/* Lane l of the four vectors becomes out[l]. */
#if VECTOR_BYTES == 64
static inline TARGET void TIER(store_quads)(TIER(vec) left, TIER(vec) right, TIER(vec) mid,
                                            TIER(vec) side, quad *out) {
  __m512d low = (__m512d)_mm512_unpacklo_ps((__m512)left, (__m512)right);
  __m512d high = (__m512d)_mm512_unpackhi_ps((__m512)left, (__m512)right);
  __m512d low_two = (__m512d)_mm512_unpacklo_ps((__m512)mid, (__m512)side);
  __m512d high_two = (__m512d)_mm512_unpackhi_ps((__m512)mid, (__m512)side);
  __m512 a = (__m512)_mm512_unpacklo_pd(low, low_two), b = (__m512)_mm512_unpackhi_pd(low, low_two);
  __m512 c = (__m512)_mm512_unpacklo_pd(high, high_two);
  __m512 d = (__m512)_mm512_unpackhi_pd(high, high_two);
  __m512 ab = _mm512_shuffle_f32x4(a, b, 0x44), cd = _mm512_shuffle_f32x4(c, d, 0x44);
  __m512 ab_two = _mm512_shuffle_f32x4(a, b, 0xee), cd_two = _mm512_shuffle_f32x4(c, d, 0xee);
  _mm512_storeu_ps(out, _mm512_shuffle_f32x4(ab, cd, 0x88));
  _mm512_storeu_ps(out + 4, _mm512_shuffle_f32x4(ab, cd, 0xdd));
  _mm512_storeu_ps(out + 8, _mm512_shuffle_f32x4(ab_two, cd_two, 0x88));
  _mm512_storeu_ps(out + 12, _mm512_shuffle_f32x4(ab_two, cd_two, 0xdd));
}
#else
static inline TARGET void TIER(store_quads)(TIER(vec) left, TIER(vec) right, TIER(vec) mid,
                                            TIER(vec) side, quad *out) {
#define QUARTER(x, i) __builtin_shufflevector(x, x, i, i + 1, i + 2, i + 3)
#define STORE_FOUR(i)                                                                 \
  do {                                                                                \
    quad l = QUARTER(left, i), r = QUARTER(right, i);                                 \
    quad m = QUARTER(mid, i), s = QUARTER(side, i);                                   \
    quad a = __builtin_shufflevector(l, r, 0, 4, 1, 5);                               \
    quad b = __builtin_shufflevector(l, r, 2, 6, 3, 7);                               \
    quad c = __builtin_shufflevector(m, s, 0, 4, 1, 5);                               \
    quad d = __builtin_shufflevector(m, s, 2, 6, 3, 7);                               \
    out[i] = __builtin_shufflevector(a, c, 0, 1, 4, 5);                               \
    out[i + 1] = __builtin_shufflevector(a, c, 2, 3, 6, 7);                           \
    out[i + 2] = __builtin_shufflevector(b, d, 0, 1, 4, 5);                           \
    out[i + 3] = __builtin_shufflevector(b, d, 2, 3, 6, 7);                           \
  } while (0)
  STORE_FOUR(0);
#if VECTOR_BYTES > 16
  STORE_FOUR(4);
#endif
#undef STORE_FOUR
#undef QUARTER
}
#endif

/* Of the lines k and up, a vector of them. */
static inline TARGET void TIER(line_energies)(const float *left, const float *right, int size,
                                              int k, quad *energy) {
  int const mirror = size - k - (TIER(lanes) - 1);
  TIER(vec) l_re = TIER(load)(left + k), l_im = TIER(reversed)(TIER(load)(left + mirror));
  TIER(vec) r_re = TIER(load)(right + k), r_im = TIER(reversed)(TIER(load)(right + mirror));
  TIER(vec) m_re = (l_re + r_re) * half_sqrt2, m_im = (l_im + r_im) * half_sqrt2;
  TIER(vec) s_re = (l_re - r_re) * half_sqrt2, s_im = (l_im - r_im) * half_sqrt2;
  TIER(store_quads)((l_re * l_re + l_im * l_im) * 0.5f, (r_re * r_re + r_im * r_im) * 0.5f,
                    (m_re * m_re + m_im * m_im) * 0.5f, (s_re * s_re + s_im * s_im) * 0.5f,
                    energy + k);
}

/* At the offsets of a table, which may lie anywhere. */
typedef float TIER(quad_unaligned) __attribute__((vector_size(16), aligned(4), may_alias));

/* Each sum waits for each of its terms: side by side four cost what one does, and the energies
   of lines further on come out meanwhile. */
static inline TARGET void TIER(sum_partitions)(const mp3a_partitions *partitions,
                                               const float *left, const float *right, int size,
                                               const float (*weights)[4], quad *energy,
                                               quad *peak, quad *total) {
  quad lines[MOST_LINES];
  float const l = left[0], r = right[0];
  float const m = (l + r) * half_sqrt2, s = (l - r) * half_sqrt2;
  int line = 0, ready = 1;
  lines[0] = (quad){l * l, r * r, m * m, s * s};
  *total = (quad){0};
  for (int b = 0; b < partitions->count; b++) {
    int const end = line + partitions->lines[b];
    for (; ready < size / 2 && ready < end + TIER(lanes); ready += TIER(lanes))
      TIER(line_energies)(left, right, size, ready, lines);
    quad sum = {0}, most = {0};
    for (; line < end; line++) {
      quad const now = lines[line];
      __typeof__(most < now) const is_more = most < now;
      sum += now;
      most = (quad)(((__typeof__(is_more))now & is_more) | ((__typeof__(is_more))most & ~is_more));
      *total += now * *(const TIER(quad_unaligned) *)weights[line];
    }
    energy[b] = sum, peak[b] = most;
  }
}

/* The sums of all channels, one channel after another. */
static inline TARGET void TIER(find_partitions)(const mp3a_partitions *partitions,
                                                const float *left, const float *right, int size,
                                                const float (*weights)[4],
                                                mp3a_masking masking[4], float sums[4]) {
  quad energy[MP3A_PARTITIONS] = {{0}}, peak[MP3A_PARTITIONS] = {{0}}, total;
  TIER(sum_partitions)(partitions, left, right, size, weights, energy, peak, &total);
  for (int b = 0; b < MP3A_PARTITIONS; b += 4) {
    transpose_128(energy + b);
    transpose_128(peak + b);
    for (int channel = 0; channel < 4; channel++) {
      memcpy(masking[channel].energy + b, &energy[b + channel], sizeof(quad));
      memcpy(masking[channel].peak + b, &peak[b + channel], sizeof(quad));
    }
  }
  memcpy(sums, &total, sizeof total);
}

/* ---- one channel's masking ---- */

/* tonality_factor[] of a tonality from 0 on, or of a mean of them. */
static inline TARGET TIER(vec) TIER(factor_of_tonality)(TIER(vec) tonality) {
  TIER(vec) f = TIER(choose)(tonality >= 1, ALL(tonality_factor[1]), ALL(tonality_factor[0]));
  f = TIER(choose)(tonality >= 2, ALL(tonality_factor[2]), f);
  f = TIER(choose)(tonality >= 7, ALL(tonality_factor[7]), f);
  return TIER(choose)(tonality >= 8, ALL(tonality_factor[8]), f);
}

/* tonality_index() of LANES partitions, and the masker's factor. Pointers have
   a zero before the first partition and after the last. */
static inline TARGET void TIER(find_tonality)(const mp3a_partitions *partitions, const float *peak,
                                              const float *mean, int b, signed char *index,
                                              float *factor) {
  TIER(vec) sum = TIER(load)(mean + b - 1) + TIER(load)(mean + b) + TIER(load)(mean + b + 1);
  TIER(vec) strongest = TIER(larger)(TIER(load)(peak + b - 1), TIER(load)(peak + b));
  strongest = TIER(larger)(strongest, TIER(load)(peak + b + 1));
  TIER(vec) tonality = 20.0f * (strongest * TIER(load)(partitions->neighbours + b) - sum) /
                       (sum * TIER(load)(partitions->spare_lines + b));
  tonality = TIER(choose)(sum > 0, tonality, ALL(0));
  tonality = TIER(choose)(tonality > 8, ALL(8), tonality);
  *(TIER(small_unaligned) *)(index + b) =
      __builtin_convertvector(__builtin_convertvector(tonality, TIER(bits)), TIER(small));
  TIER(store)(factor + b, TIER(factor_of_tonality)(tonality));
}

#if VECTOR_BYTES == 64
/* The additive factor. In each eighth of [1, 2) and each quarter of [2, 4) it steps at most
   once; an index is the last bit of the exponent and three of the mantissa. A ratio that isn't
   a number (no energy on either side) ends at 1. */
static inline TARGET TIER(vec) TIER(factor_of)(const mp3a_partitions *partitions,
                                               TIER(vec) ratio) {
  __m512 const within = _mm512_min_ps((__m512)ratio, _mm512_set1_ps(3.99f));
  __m512i const place = _mm512_srli_epi32((__m512i)within, 20);
#define PICK(table) (TIER(vec)) _mm512_permutexvar_ps(place, _mm512_loadu_ps(partitions->table))
  return TIER(choose)((TIER(vec))within < PICK(step_in), PICK(below), PICK(above));
#undef PICK
}
#else
/* The additive factor, by bisection. A ratio that isn't a number (no energy on
   either side) ends at 1. */
static inline TARGET TIER(vec) TIER(factor_of)(const mp3a_partitions *partitions,
                                               TIER(vec) ratio) {
  const float *step = partitions->step;
#define STEP(i, below, above) TIER(choose)(ratio < step[i], below, above)
#define F(i) ALL(mp3a_additive_factor[i])
  TIER(vec) low = STEP(2, STEP(0, F(0), STEP(1, F(1), F(2))), STEP(3, F(3), F(4)));
  TIER(vec) high = STEP(6, STEP(5, F(5), F(6)), STEP(7, F(7), STEP(8, F(8), F(9))));
  return STEP(4, low, high);
#undef STEP
#undef F
}
#endif

/* Whether stronger / weaker, rounded, is `dominance` or more. */
#if VECTOR_BYTES == 64
/* Without a division: by the sign of an exact difference from half a last bit below it. */
static inline TARGET TIER(bits) TIER(is_dominant)(TIER(vec) stronger, TIER(vec) weaker) {
  __m512 const all = _mm512_set1_ps(dominance);
  return (TIER(vec))_mm512_fnmadd_ps((__m512)weaker, all, (__m512)stronger) >= weaker * -0x1p-20f;
}
#else
static inline TARGET TIER(bits) TIER(is_dominant)(TIER(vec) stronger, TIER(vec) weaker) {
  return stronger / weaker >= dominance;
}
#endif

/* add_masker() of LANES partitions, to those at b from `d` places away. Without
   energy on one side the sum is the other side, and the ratio infinite, which
   leaves it so in both cases. */
static inline TARGET TIER(vec) TIER(add_maskers)(const mp3a_partitions *partitions, int b, int d,
                                                 const float *energy, const float *factor,
                                                 const signed char *index, TIER(vec) before) {
  const float *share = partitions->spread[d - partitions->low];
  TIER(vec)
  masker = TIER(load)(share + b) * TIER(load)(energy + b + d) * TIER(load)(factor + b + d);
  TIER(vec) sum = before + masker;
  TIER(bits) is_stronger = masker > before;
  TIER(vec) stronger = TIER(choose)(is_stronger, masker, before);
  TIER(vec) weaker = TIER(choose)(is_stronger, before, masker);
  int distance = d < 0 ? -d : d;
  if (distance > 2) return TIER(choose)(TIER(is_dominant)(stronger, weaker), stronger, sum);
  TIER(vec) ratio = stronger / weaker;
  TIER(vec) result = TIER(choose)(ratio >= dominance, stronger, sum);
  TIER(bits) is_near = __builtin_convertvector(*(const TIER(small_unaligned) *)(index + b),
                                               TIER(bits)) <= last_near[distance];
  return TIER(choose)(is_near, sum * TIER(factor_of)(partitions, ratio), result);
}

/* Half the mean factor of each partition's maskers, whose tonalities, 25 of at most 8, add
   up to a byte. Small integers divide exactly enough in float. */
static inline TARGET void TIER(mean_tonality)(const mp3a_partitions *partitions,
                                              const signed char *index, float *tonality) {
  unsigned char sum[MP3A_PARTITIONS];
  for (int b = 0; b < MP3A_PARTITIONS; b += VECTOR_BYTES) {
    TIER(bytes_unaligned) all = {0};
    for (int d = partitions->low; d <= partitions->high; d++)
      all += *(const TIER(bytes_unaligned) *)(index + b + d) &
             *(const TIER(bytes_unaligned) *)(partitions->present[d - partitions->low] + b);
    *(TIER(bytes_unaligned) *)(sum + b) = all;
  }
  for (int b = 0; b < MP3A_PARTITIONS; b += TIER(lanes)) {
    typedef unsigned char narrow __attribute__((vector_size(VECTOR_BYTES / 4), aligned(1)));
    TIER(bits) const whole = __builtin_convertvector(*(const narrow *)(sum + b), TIER(bits));
    TIER(vec) const mean = __builtin_convertvector(1 + 2 * whole, TIER(vec)) /
                           TIER(load)(partitions->twice_maskers + b);
    TIER(store)(tonality + b, TIER(factor_of_tonality)(mean) * TIER(load)(partitions->half + b));
  }
}

/* Some vectors of partitions are spread at once: each step waits for the one before. */
static inline TARGET void TIER(spread)(const mp3a_partitions *partitions, const float *energy,
                                       const float *factor, const signed char *index,
                                       mp3a_masking *masking) {
  enum { SOME = 4 };
  for (int b = 0; b < partitions->count; b += SOME * TIER(lanes)) {
    TIER(vec) sum[SOME] = {{0}};
    for (int d = partitions->low; d <= partitions->high; d++)
      for (int i = 0; i < SOME; i++)
        sum[i] = TIER(add_maskers)(partitions, b + i * TIER(lanes), d, energy, factor, index,
                                   sum[i]);
    for (int i = 0; i < SOME; i++) {
      int const at = b + i * TIER(lanes);
      TIER(store)(masking->threshold + at, sum[i] * TIER(load)(masking->tonality + at));
    }
  }
}

static inline TARGET void TIER(mask_channel)(const mp3a_partitions *partitions,
                                             mp3a_masking *masking) {
  enum { PADDED = MP3A_REACH + MP3A_PARTITIONS + MP3A_REACH };
  float padded_mean[PADDED] = {0}, padded_peak[PADDED] = {0}, padded_energy[PADDED] = {0};
  float padded_factor[PADDED] = {0};
  signed char padded_index[PADDED] = {0}, *index = padded_index + MP3A_REACH;
  float *mean = padded_mean + MP3A_REACH, *peak = padded_peak + MP3A_REACH;
  float *energy = padded_energy + MP3A_REACH, *factor = padded_factor + MP3A_REACH;
  memcpy(peak, masking->peak, sizeof masking->peak);
  memcpy(energy, masking->energy, sizeof masking->energy);
  for (int b = 0; b < MP3A_PARTITIONS; b += TIER(lanes))
    TIER(store)(mean + b, TIER(load)(energy + b) * TIER(load)(partitions->inverse_lines + b));
  for (int b = 0; b < MP3A_PARTITIONS; b += TIER(lanes))
    TIER(find_tonality)(partitions, peak, mean, b, index, factor);
  TIER(mean_tonality)(partitions, index, masking->tonality);
  memset(masking->threshold, 0, sizeof masking->threshold);
  TIER(spread)(partitions, energy, factor, index, masking);
}

static TARGET void TIER(mask)(const mp3a_partitions *partitions, const float *left,
                              const float *right, int size, int channels,
                              const float (*weights)[4], mp3a_masking masking[4], float sums[4]) {
  int is_normal = 1;
  TIER(find_partitions)(partitions, left, right, size, weights, masking, sums);
  for (int channel = 0; channel < channels; channel++)
    is_normal &= is_moderate(masking[channel].energy);
  if (!is_normal) {
    mask_scalar(partitions, left, right, size, channels, weights, masking, sums);
    return;
  }
  for (int channel = 0; channel < channels; channel++)
    TIER(mask_channel)(partitions, &masking[channel]);
}

/* ---- thresholds ---- */

static inline TARGET TIER(vec) TIER(lesser)(TIER(vec) a, TIER(vec) b) {
  return TIER(choose)(a < b, a, b);
}
static inline TARGET TIER(vec) TIER(greater)(TIER(vec) a, TIER(vec) b) {
  return TIER(choose)(a > b, a, b);
}

static TARGET void TIER(limit_rise)(float *threshold, const float *last, const float *older,
                                    int count, int is_among_long) {
  for (int b = 0; b < count; b += TIER(lanes)) {
    TIER(vec) const spread = TIER(load)(threshold + b);
    TIER(vec) limit = most_rise * TIER(load)(last + b);
    TIER(vec) older_limit = most_rise_of_two * TIER(load)(older + b);
    limit = TIER(choose)(limit <= 0, spread, limit);
    older_limit = TIER(choose)(older_limit <= 0, spread, older_limit);
    if (is_among_long) limit = TIER(lesser)(limit, older_limit);
    TIER(store)(threshold + b, TIER(lesser)(spread, limit));
  }
}

static TARGET void TIER(limit)(mp3a_masking *masking, const float *levels,
                               const float *peak_shares, float user_level, int count) {
  for (int b = 0; b < count; b += TIER(lanes)) {
    TIER(vec) const level = TIER(load)(levels + b) * user_level;
    TIER(vec) limit = TIER(load)(masking->peak + b) * TIER(load)(peak_shares + b);
    limit *= TIER(load)(masking->tonality + b);
    TIER(vec) threshold = TIER(lesser)(limit, TIER(load)(masking->threshold + b));
    threshold = TIER(choose)(level > 1, threshold * level, threshold);
    threshold = TIER(lesser)(TIER(load)(masking->energy + b), threshold);
    TIER(store)(masking->threshold + b, TIER(choose)(level < 1, threshold * level, threshold));
  }
}

/* share_limit() of LANES partitions. */
static inline TARGET void TIER(share_limit)(TIER(vec) left, TIER(vec) right, TIER(vec) floor,
                                            float twice_msfix, TIER(vec) *mid, TIER(vec) *side) {
  TIER(vec) either = TIER(lesser)(TIER(greater)(left, floor), TIER(greater)(right, floor));
  TIER(vec) low_mid = TIER(greater)(*mid, floor), low_side = TIER(greater)(*side, floor);
  TIER(vec) both = low_mid + low_side;
  TIER(bits) const is_over = (both > 0) & (either * twice_msfix < both);
  TIER(vec) share = either * twice_msfix / both;
  low_mid = TIER(choose)(is_over, low_mid * share, low_mid);
  low_side = TIER(choose)(is_over, low_side * share, low_side);
  *mid = TIER(lesser)(low_mid, *mid);
  *side = TIER(lesser)(low_side, *side);
}

static TARGET void TIER(join)(mp3a_masking m[4], const float *level_differences,
                              const float *hearing, float hearing_level, float twice_msfix,
                              int count) {
  for (int b = 0; b < count; b += TIER(lanes)) {
    TIER(vec) left = TIER(load)(m[0].threshold + b), right = TIER(load)(m[1].threshold + b);
    TIER(vec) mid = TIER(load)(m[2].threshold + b), side = TIER(load)(m[3].threshold + b);
    TIER(vec) mid_energy = TIER(load)(m[2].energy + b), side_energy = TIER(load)(m[3].energy + b);
    TIER(vec) difference = TIER(load)(level_differences + b);
    TIER(vec) raised_mid = TIER(greater)(mid, TIER(lesser)(side, difference * side_energy));
    TIER(vec) raised_side = TIER(greater)(side, TIER(lesser)(mid, difference * mid_energy));
    TIER(bits) is_alike = (left <= 1.58f * right) & (right <= 1.58f * left);
    mid = TIER(choose)(is_alike, raised_mid, mid);
    side = TIER(choose)(is_alike, raised_side, side);
    if (twice_msfix > 0)
      TIER(share_limit)(left, right, TIER(load)(hearing + b) * hearing_level, twice_msfix, &mid,
                        &side);
    TIER(store)(m[2].threshold + b, TIER(choose)(mid > mid_energy, mid_energy, mid));
    TIER(store)(m[3].threshold + b, TIER(choose)(side > side_energy, side_energy, side));
  }
}

#undef ALL
