/* The vector tiers of masking.c, for common/tiers.h. */

#define ALL(x) ((TIER(vec)){0} + (x))

static inline TARGET TIER(vec) TIER(larger)(TIER(vec) a, TIER(vec) b) {
  return TIER(choose)(a < b, b, a);
}

static TARGET void TIER(line_energies)(const float *spectrum, int size, float *energy) {
  energy[0] = spectrum[0] * spectrum[0];
  for (int k = 1; k < size / 2; k += TIER(lanes)) {
    TIER(vec)
    re = TIER(load)(spectrum + k),
    im = TIER(reversed)(TIER(load)(spectrum + size - k - (TIER(lanes) - 1)));
    TIER(store)(energy + k, (re * re + im * im) * 0.5f);
  }
}

/* tonality_index() of LANES partitions, and the masker's factor. Pointers have
   a zero before the first partition and after the last. */
static inline TARGET void TIER(find_tonality)(const mp3a_partitions *partitions, const float *peak,
                                              const float *mean, int b, int *index,
                                              float *factor) {
  TIER(vec) sum = TIER(load)(mean + b - 1) + TIER(load)(mean + b) + TIER(load)(mean + b + 1);
  TIER(vec) strongest = TIER(larger)(TIER(load)(peak + b - 1), TIER(load)(peak + b));
  strongest = TIER(larger)(strongest, TIER(load)(peak + b + 1));
  TIER(vec) tonality = 20.0f * (strongest * TIER(load)(partitions->neighbours + b) - sum) /
                       (sum * TIER(load)(partitions->spare_lines + b));
  tonality = TIER(choose)(sum > 0, tonality, ALL(0));
  tonality = TIER(choose)(tonality > 8, ALL(8), tonality);
  *(TIER(bits_unaligned) *)(index + b) = __builtin_convertvector(tonality, TIER(bits));
  TIER(vec) f = TIER(choose)(tonality >= 1, ALL(tonality_factor[1]), ALL(tonality_factor[0]));
  f = TIER(choose)(tonality >= 2, ALL(tonality_factor[2]), f);
  f = TIER(choose)(tonality >= 7, ALL(tonality_factor[7]), f);
  f = TIER(choose)(tonality >= 8, ALL(tonality_factor[8]), f);
  TIER(store)(factor + b, f);
}

/* The additive factor, by bisection. A ratio that isn't a number (no energy on
   either side) ends at 1. */
static inline TARGET TIER(vec) TIER(factor_of)(const float *step, TIER(vec) ratio) {
#define STEP(i, below, above) TIER(choose)(ratio < step[i], below, above)
#define F(i) ALL(additive_factor[i])
  TIER(vec) low = STEP(2, STEP(0, F(0), STEP(1, F(1), F(2))), STEP(3, F(3), F(4)));
  TIER(vec) high = STEP(6, STEP(5, F(5), F(6)), STEP(7, F(7), STEP(8, F(8), F(9))));
  return STEP(4, low, high);
#undef STEP
#undef F
}

/* add_masker() of LANES partitions, to those at b from `d` places away. Without
   energy on one side the sum is the other side, and the ratio infinite, which
   leaves it so in both cases. */
static inline TARGET void TIER(add_maskers)(const mp3a_partitions *partitions, int b, int d,
                                            const float *energy, const float *factor,
                                            const int *index, float *spread) {
  const float *share = partitions->spread[d - partitions->low];
  TIER(vec)
  masker = TIER(load)(share + b) * TIER(load)(energy + b + d) * TIER(load)(factor + b + d);
  TIER(vec) before = TIER(load)(spread + b), sum = before + masker;
  TIER(bits) is_stronger = masker > before;
  TIER(vec) stronger = TIER(choose)(is_stronger, masker, before);
  TIER(vec) ratio = stronger / TIER(choose)(is_stronger, before, masker);
  TIER(vec) result = TIER(choose)(ratio >= dominance, stronger, sum);
  int distance = d < 0 ? -d : d;
  if (distance <= 2) {
    TIER(bits) is_near = *(const TIER(bits_unaligned) *)(index + b) <= last_near[distance];
    result = TIER(choose)(is_near, sum * TIER(factor_of)(partitions->step, ratio), result);
  }
  TIER(store)(spread + b, result);
}

/* Half the mean factor of each partition's maskers, from prefix sums of their
   tonality. Small integers divide exactly enough in float to truncate alike. */
static inline TARGET void TIER(mean_tonality)(const mp3a_partitions *partitions, const int *index,
                                              float *tonality) {
  int before[MP3A_PARTITIONS + 1], mean[MP3A_PARTITIONS];
  before[0] = 0;
  for (int b = 0; b < partitions->count; b++) before[b + 1] = before[b] + index[b];
  for (int b = 0; b < partitions->count; b++) {
    int sum = before[partitions->last[b] + 1] - before[partitions->first[b]];
    mean[b] = (int)((float)(1 + 2 * sum) / partitions->twice_maskers[b]);
  }
  for (int b = 0; b < partitions->count; b++) tonality[b] = tonality_factor[mean[b]] * 0.5f;
}

static TARGET void TIER(mask)(const mp3a_partitions *partitions, const float *line_energy,
                              mp3a_masking *masking) {
  enum { PADDED = MP3A_REACH + MP3A_PARTITIONS + MP3A_REACH };
  float padded_mean[PADDED] = {0}, padded_peak[PADDED] = {0}, padded_energy[PADDED] = {0};
  float padded_factor[PADDED] = {0}, spread[MP3A_PARTITIONS] = {0};
  float *mean = padded_mean + MP3A_REACH, *peak = padded_peak + MP3A_REACH;
  float *energy = padded_energy + MP3A_REACH, *factor = padded_factor + MP3A_REACH;
  int index[MP3A_PARTITIONS], count = partitions->count;
  memset(masking, 0, sizeof *masking);
  sum_partitions(partitions, line_energy, masking, mean);
  if (!is_moderate(masking->energy)) {
    mask_scalar(partitions, line_energy, masking);
    return;
  }
  memcpy(peak, masking->peak, sizeof masking->peak);
  memcpy(energy, masking->energy, sizeof masking->energy);
  for (int b = 0; b < count; b += TIER(lanes))
    TIER(find_tonality)(partitions, peak, mean, b, index, factor);
  TIER(mean_tonality)(partitions, index, masking->tonality);

  for (int d = partitions->low; d <= partitions->high; d++)
    for (int b = 0; b < count; b += TIER(lanes))
      TIER(add_maskers)(partitions, b, d, energy, factor, index, spread);
  for (int b = 0; b < count; b += TIER(lanes))
    TIER(store)(masking->threshold + b, TIER(load)(spread + b) * TIER(load)(masking->tonality + b));
}

#undef ALL
