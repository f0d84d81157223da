#include "common/peak.h"

#include <string.h>

#include "common/once.h"
#include "mp3augment.h"

static uint32_t magnitude_bits(float sample) {
  uint32_t bits;
  memcpy(&bits, &sample, sizeof bits);
  return bits & 0x7fffffffu;
}

static uint32_t peak_scalar(const float *samples, size_t count) {
  uint32_t peak = 0;
  for (size_t i = 0; i < count; i++) {
    const uint32_t bits = magnitude_bits(samples[i]);
    if (bits > peak) peak = bits;
  }
  return peak;
}

#define TIER_SOURCE "common/peak_vector.h"
#include "common/tiers.h"

#define PEAK_SCAN(tier) peak_##tier

mp3a_peak_fn mp3a_peak_select(unsigned cpu_flags) {
  mp3a_peak_fn best;
  MP3A_SELECT_TIER(&best, PEAK_SCAN, cpu_flags);
  return best;
}

uint32_t mp3a_peak_bits(const float *samples, size_t count) {
  static mp3a_peak_fn scan;
  static mp3a_once once;
  if (mp3a_once_begin(&once)) {
    scan = mp3a_peak_select(mp3a_cpu_detect());
    mp3a_once_end(&once);
  }
  return scan(samples, count);
}

uint32_t mp3a_peak_bits_of(const float *const channels[2], size_t count) {
  const uint32_t left = mp3a_peak_bits(channels[0], count);
  const uint32_t right = channels[1] ? mp3a_peak_bits(channels[1], count) : 0;
  return left > right ? left : right;
}

int32_t mp3a_check_level(const float *const channels[2], size_t count, float factor) {
  const uint32_t bits = mp3a_peak_bits_of(channels, count);
  if (bits >= MP3A_INFINITY_BITS) return MP3A_NON_FINITE_AUDIO;
  float peak;
  memcpy(&peak, &bits, sizeof peak);
  return peak * factor <= MP3A_MAX_LEVEL ? MP3A_OK : MP3A_INVALID_AUDIO;
}
