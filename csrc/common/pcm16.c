#include "common/pcm16.h"

#include "mp3augment.h"

static inline int16_t to_code(float sample) {
  const float scaled = sample * 32768.0f;
  /* So compared, what is no number is limited too. */
  const float below = scaled < 32767.0f ? scaled : 32767.0f;
  const float limited = below > -32768.0f ? below : -32768.0f;
  /* To the nearest; halves away from 0. */
  return (int16_t)(limited + (limited < 0 ? -0.5f : 0.5f));
}

/* With a stride that the compiler knows it finds the vector instructions itself. */
static inline void read_codes(const int16_t *codes, int stride, float *samples, uint32_t count) {
  for (uint32_t i = 0; i < count; i++) {
    samples[i] = (float)codes[(uint64_t)i * (unsigned)stride] * (1.0f / 32768.0f);
  }
}

static inline void write_codes(const float *samples, float gain, int16_t *codes, int stride,
                               uint32_t count) {
  for (uint32_t i = 0; i < count; i++) {
    codes[(uint64_t)i * (unsigned)stride] = to_code(samples[i] * gain);
  }
}

void mp3a_from_pcm16(const int16_t *codes, int stride, float *samples, uint32_t count) {
  if (stride == 1) {
    read_codes(codes, 1, samples, count);
  } else {
    read_codes(codes, 2, samples, count);
  }
}

void mp3a_to_pcm16(const float *samples, float gain, int16_t *codes, int stride, uint32_t count) {
  if (stride == 1) {
    write_codes(samples, gain, codes, 1, count);
  } else {
    write_codes(samples, gain, codes, 2, count);
  }
}

float mp3a_pcm16_peak(const int16_t *samples, uint32_t sample_count) {
  int16_t highest = 0, lowest = 0;
  for (uint32_t i = 0; i < sample_count; i++) {
    highest = samples[i] > highest ? samples[i] : highest;
    lowest = samples[i] < lowest ? samples[i] : lowest;
  }
  const int peak = highest > -lowest ? highest : -lowest;
  return (float)peak * (1.0f / 32768.0f);
}

void mp3a_to_int16(const float *samples, int16_t *out, uint32_t frame_count) {
  mp3a_to_pcm16(samples, 1.0f, out, 1, frame_count);
}
