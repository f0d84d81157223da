/* The signal part of attack detection: what is left of a granule's level above
   a quarter of the sample rate, in pieces of 64 samples. */
#include "lame/kernels/attack.h"

/* The first half of a symmetric high-pass of 21 taps at a quarter of the
   sample rate; the middle tap is 1. */
static const float taps[10] = {
    -8.65163e-18 * 2, -0.00851586 * 2, -6.74764e-18 * 2, 0.0209036 * 2, -3.36639e-17 * 2,
    -0.0438162 * 2,   -1.54175e-17 * 2, 0.0931738 * 2,   -5.52212e-17 * 2, -0.313819 * 2};

static inline float high_pass(const float *s) {
  float even = s[10] + taps[0] * (s[0] + s[21]);
  float odd = taps[1] * (s[1] + s[20]);
  for (int j = 2; j < 10; j += 2) {
    even += taps[j] * (s[j] + s[21 - j]);
    odd += taps[j + 1] * (s[j + 1] + s[20 - j]);
  }
  return even + odd;
}

static inline float raise(float peak, float x) {
  float magnitude = __builtin_fabsf(x);
  return magnitude > peak ? magnitude : peak;
}

static void attack_peaks_scalar(const float *samples, float peaks[MP3A_ATTACK_PEAKS]) {
  for (int block = 0; block < MP3A_ATTACK_PEAKS; block++) {
    float peak = 1;
    for (const float *end = samples + 64; samples < end; samples++)
      peak = raise(peak, high_pass(samples));
    peaks[block] = peak;
  }
}

static void attack_peaks_joint_scalar(const float *left, const float *right,
                                      float peaks[4][MP3A_ATTACK_PEAKS]) {
  for (int block = 0; block < MP3A_ATTACK_PEAKS; block++, left += 64, right += 64) {
    float peak[4] = {1, 1, 1, 1};
    for (int i = 0; i < 64; i++) {
      float l = high_pass(left + i);
      float r = high_pass(right + i);
      peak[0] = raise(peak[0], l);
      peak[1] = raise(peak[1], r);
      peak[2] = raise(peak[2], l + r);
      peak[3] = raise(peak[3], l - r);
    }
    for (int channel = 0; channel < 4; channel++) peaks[channel][block] = peak[channel];
  }
}

#define TIER_AVX512_BYTES 64
#define TIER_SOURCE "lame/kernels/attack_vector.h"
#include "common/tiers.h"

#define ATTACK_KERNELS(tier) {attack_peaks_##tier, attack_peaks_joint_##tier}

void mp3a_attack_select(mp3a_attack_kernels *kernels, unsigned cpu_flags) {
  MP3A_SELECT_TIER(kernels, ATTACK_KERNELS, cpu_flags);
}
