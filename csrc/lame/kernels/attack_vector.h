/* The vector tiers of attack.c, for common/tiers.h. A lane holds one output; each output is
   computed in the order of the scalar twin. */

/* |x| where it is greater, so that a NaN leaves the peak as it was. */
static inline TARGET TIER(vec) TIER(raise)(TIER(vec) peak, TIER(vec) x) {
  TIER(vec) magnitude = (TIER(vec))((TIER(bits))x & 0x7fffffff);
  return TIER(choose)(magnitude > peak, magnitude, peak);
}

static inline TARGET float TIER(largest)(TIER(vec) x) {
  float largest = x[0];
  for (int lane = 1; lane < TIER(lanes); lane++)
    if (x[lane] > largest) largest = x[lane];
  return largest;
}

static inline TARGET TIER(vec) TIER(high_pass)(const float *s) {
  TIER(vec) even = TIER(load)(s + 10) + taps[0] * (TIER(load)(s) + TIER(load)(s + 21));
  TIER(vec) odd = taps[1] * (TIER(load)(s + 1) + TIER(load)(s + 20));
  for (int j = 2; j < 10; j += 2) {
    even += taps[j] * (TIER(load)(s + j) + TIER(load)(s + 21 - j));
    odd += taps[j + 1] * (TIER(load)(s + j + 1) + TIER(load)(s + 20 - j));
  }
  return even + odd;
}

static TARGET void TIER(attack_peaks)(const float *samples, float peaks[MP3A_ATTACK_PEAKS]) {
  TIER(vec) ones = (TIER(vec)){0} + 1;
  for (int block = 0; block < MP3A_ATTACK_PEAKS; block++) {
    TIER(vec) peak = ones;
    for (const float *end = samples + 64; samples < end; samples += TIER(lanes))
      peak = TIER(raise)(peak, TIER(high_pass)(samples));
    peaks[block] = TIER(largest)(peak);
  }
}

static TARGET void TIER(attack_peaks_joint)(const float *left, const float *right,
                                            float peaks[4][MP3A_ATTACK_PEAKS]) {
  TIER(vec) ones = (TIER(vec)){0} + 1;
  for (int block = 0; block < MP3A_ATTACK_PEAKS; block++, left += 64, right += 64) {
    TIER(vec) peak[4] = {ones, ones, ones, ones};
    for (int i = 0; i < 64; i += TIER(lanes)) {
      TIER(vec) l = TIER(high_pass)(left + i);
      TIER(vec) r = TIER(high_pass)(right + i);
      peak[0] = TIER(raise)(peak[0], l);
      peak[1] = TIER(raise)(peak[1], r);
      peak[2] = TIER(raise)(peak[2], l + r);
      peak[3] = TIER(raise)(peak[3], l - r);
    }
    for (int channel = 0; channel < 4; channel++)
      peaks[channel][block] = TIER(largest)(peak[channel]);
  }
}
