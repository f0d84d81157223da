/* The peak scan: every instruction set against the scalar twin, at every
   alignment and tail length. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/cpu.h"
#include "common/peak.h"
#include "tests/check.h"

enum { MAX_COUNT = 200, ALIGNMENTS = 16 };

static uint32_t bits_of(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

/* Exact sizes on the heap, so that the address sanitizer sees a read beyond. */
static float *random_samples(size_t count, float range) {
  float *samples = malloc((count + 1) * sizeof *samples);
  for (size_t i = 0; i < count; i++) samples[i] = check_random_float(-range, range);
  return samples;
}

static void check_lengths(mp3a_peak_fn scan, const char *tier) {
  const mp3a_peak_fn scalar = mp3a_peak_select(0);
  for (size_t offset = 0; offset < ALIGNMENTS; offset++) {
    for (size_t count = 0; count <= MAX_COUNT; count++) {
      float *samples = random_samples(offset + count, 4.0f);
      const uint32_t expected = scalar(samples + offset, count);
      const uint32_t found = scan(samples + offset, count);
      CHECK(found == expected, "%s, offset %zu, count %zu: %08x, not %08x", tier, offset, count,
            found, expected);
      free(samples);
    }
  }
}

/* The one sample that counts, at each place. */
static void check_positions(mp3a_peak_fn scan, const char *tier, float special) {
  for (size_t count = 1; count <= MAX_COUNT; count += 7) {
    for (size_t position = 0; position < count; position++) {
      float *samples = random_samples(count, 0.5f);
      samples[position] = special;
      const uint32_t expected = bits_of(special) & 0x7fffffffu;
      CHECK(scan(samples, count) == expected, "%s: %g at %zu of %zu", tier, (double)special,
            position, count);
      free(samples);
    }
  }
}

static void check_tier(unsigned flags, const char *tier) {
  const float specials[] = {1.0f, -2.0f, INFINITY, -INFINITY, NAN, -NAN, 3.4e38f};
  const mp3a_peak_fn scan = mp3a_peak_select(flags);
  check_lengths(scan, tier);
  for (size_t i = 0; i < sizeof specials / sizeof *specials; i++) {
    check_positions(scan, tier, specials[i]);
  }
  const float silence[37] = {0};
  const float denormal[5] = {0, -0.0f, 1e-42f, 0, 0};
  CHECK(scan(silence, 37) == 0, "%s: silence", tier);
  CHECK(scan(denormal, 5) == bits_of(1e-42f), "%s: denormal", tier);
}

int main(void) {
  const unsigned flags = mp3a_cpu_detect();
  RUN(check_tier(0, "scalar"));
  if (flags & MP3A_CPU_SSE2) RUN(check_tier(MP3A_CPU_SSE2, "sse2"));
  if (flags & MP3A_CPU_AVX2) RUN(check_tier(MP3A_CPU_SSE2 | MP3A_CPU_AVX2, "avx2"));
  if (flags & MP3A_CPU_NEON) RUN(check_tier(MP3A_CPU_NEON, "neon"));
  return check_finish();
}
