/* The vector tiers of resampler.c, for common/tiers.h: the sums of the scalar twin, together. */

/* Halves onto each other, as total_of(). */
static inline TARGET float TIER(total)(const TIER(vec) * sums) {
#if VECTOR_BYTES == 16
  TIER(vec) x = (sums[0] + sums[2]) + (sums[1] + sums[3]);
  x += __builtin_shufflevector(x, x, 2, 3, 0, 1);
  return x[0] + x[1];
#else
  TIER(vec) x = sums[0] + sums[1];
  x += __builtin_shufflevector(x, x, 4, 5, 6, 7, 0, 1, 2, 3);
  x += __builtin_shufflevector(x, x, 2, 3, 0, 1, 4, 5, 6, 7);
  return x[0] + x[1];
#endif
}

static TARGET void TIER(sum_mono)(const float *samples, const float *weights, uint32_t count,
                                  float *total) {
  enum { PARTS = MP3A_RESAMPLER_LANES / TIER(lanes) };
  TIER(vec) sums[PARTS] = {{0}};
  for (uint32_t i = 0; i < count; i += MP3A_RESAMPLER_LANES) {
    for (uint32_t part = 0; part < PARTS; part++) {
      const uint32_t at = i + TIER(lanes) * part;
      sums[part] += TIER(load)(samples + at) * TIER(load)(weights + at);
    }
  }
  *total = TIER(total)(sums);
}

static TARGET void TIER(sum)(const float *const samples[2], const float *weights, uint32_t count,
                             float totals[2]) {
  enum { PARTS = MP3A_RESAMPLER_LANES / TIER(lanes) };
  if (!samples[1]) {
    TIER(sum_mono)(samples[0], weights, count, totals);
    return;
  }
  TIER(vec) left[PARTS] = {{0}}, right[PARTS] = {{0}};
  for (uint32_t i = 0; i < count; i += MP3A_RESAMPLER_LANES) {
    for (uint32_t part = 0; part < PARTS; part++) {
      const uint32_t at = i + TIER(lanes) * part;
      const TIER(vec) weight = TIER(load)(weights + at);
      left[part] += TIER(load)(samples[0] + at) * weight;
      right[part] += TIER(load)(samples[1] + at) * weight;
    }
  }
  totals[0] = TIER(total)(left);
  totals[1] = TIER(total)(right);
}
