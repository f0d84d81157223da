/* Test signals and what is measured of them. */
#ifndef MP3A_SIGNALS_H
#define MP3A_SIGNALS_H

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "tests/check.h"

/* Harmonics that glide, with bursts of noise: something to code, different at
   every sample, so that an offset shows. Owned by the caller. */
static inline float *make_signal(uint32_t frame_count, int32_t sample_rate_hz, uint64_t seed,
                                 float amplitude) {
  float *samples = malloc(frame_count * sizeof *samples);
  double phase = 0;
  check_seed(seed);
  for (uint32_t i = 0; i < frame_count; i++) {
    const double t = (double)i / sample_rate_hz;
    phase += 6.283185307179586 * (200 + 90 * sin(3.1 * t + (double)seed)) / sample_rate_hz;
    double value = 0.5 * sin(phase) + 0.25 * sin(2 * phase) + 0.1 * sin(5 * phase);
    if (i / 2500 % 4 == 1) value += 0.2 * check_random_float(-1, 1);
    samples[i] = (float)(value * amplitude);
  }
  return samples;
}

static inline double correlation_at(const float *a, const float *b, uint32_t count) {
  double ab = 0, aa = 0, bb = 0;
  for (uint32_t i = 0; i < count; i++) {
    ab += (double)a[i] * b[i];
    aa += (double)a[i] * a[i];
    bb += (double)b[i] * b[i];
  }
  return aa > 0 && bb > 0 ? ab / sqrt(aa * bb) : 0;
}

/* The shift of `output` against `input` with the highest correlation, looked
   for within +-range PCM frames. */
static inline int find_offset(const float *input, const float *output, uint32_t count,
                              int range) {
  int best = -range;
  double best_value = -2;
  for (int shift = -range; shift <= range; shift++) {
    const uint32_t from = (uint32_t)(shift < 0 ? -shift : 0);
    const uint32_t common = count - (uint32_t)abs(shift);
    const double value =
        correlation_at(input + from, output + (from + (uint32_t)shift), common);
    if (value > best_value) {
      best_value = value;
      best = shift;
    }
  }
  return best;
}

#endif
