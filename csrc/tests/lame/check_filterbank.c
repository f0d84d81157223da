/* The polyphase filterbank's tiers against the scalar twin, bit for bit. */
#include <stdlib.h>
#include <string.h>

#include "lame/kernels/kernels.h"
#include "tests/check.h"

void check_filterbank(unsigned cpu_flags, const char *tier, int bench);

enum {
  GUARD = 8,
  MOST_SLOTS = 2 * MP3A_SLOTS,
  MOST_SAMPLES = MP3A_FILTERBANK_SAMPLES(MOST_SLOTS),
  KINDS = 6
};

typedef float row[MP3A_SUBBANDS];

static float sample_of_kind(int kind, int i) {
  static const float edges[] = {0.0f, -0.0f, 1e-40f, -1e-40f, 1e-45f, 1e30f, -1e30f, 32768.0f};
  switch (kind) {
    case 0: return check_random_float(-32768, 32767);
    case 1: return check_random_float(-1e-38f, 1e-38f); /* denormal products */
    case 2: return edges[check_random() % 8];
    case 3: return i % 700 < 40 ? check_random_float(-4e4f, 4e4f) : 0.0f;
    case 4: return i & 64 ? -0.0f : 0.0f;
    default: return (float)(i % 181 - 90) * 300.0f;
  }
}

static void random_gains(row gain[2]) {
  for (int band = 0; band < MP3A_SUBBANDS; band++) {
    gain[0][band] = check_random() % 3 ? 1 : check_random_float(0, 1);
    gain[1][band] = band % 2 ? -gain[0][band] : gain[0][band];
  }
}

static void check_analyse(const mp3a_filterbank_kernels *tier, const char *name, int round) {
  const int kind = round % KINDS, granules = 1 + round / KINDS % 2, shift = round % 5;
  const int slots = MP3A_SLOTS * granules, count = MP3A_FILTERBANK_SAMPLES(slots);
  /* Exactly as much as may be read, so that a sanitizer sees any excess. */
  float *samples = malloc(sizeof *samples * (size_t)(count + shift));
  row expected[MOST_SLOTS + GUARD], actual[MOST_SLOTS + GUARD], gain[2];
  mp3a_filterbank_kernels scalar;
  mp3a_filterbank_select(&scalar, 0);
  for (int i = 0; i < count; i++) samples[shift + i] = sample_of_kind(kind, i);
  random_gains(gain);
  memset(expected, 0xa5, sizeof expected);
  memset(actual, 0xa5, sizeof actual);
  scalar.analyse(samples + shift, granules, gain, expected);
  tier->analyse(samples + shift, granules, gain, actual);
  CHECK(!memcmp(expected, actual, sizeof expected), "analyse %s, kind %d, %d granules", name, kind,
        granules);
  free(samples);
}

static void time_analyse(const mp3a_filterbank_kernels *scalar,
                         const mp3a_filterbank_kernels *kernels, const char *tier) {
  static float samples[MOST_SAMPLES];
  row subbands[MOST_SLOTS], gain[2];
  for (int i = 0; i < MOST_SAMPLES; i++) samples[i] = sample_of_kind(0, i);
  random_gains(gain);
  for (int granules = 1; granules <= 2; granules++)
    TIME(tier, granules == 1 ? "analyse(1)" : "analyse(2)", 20, ,
         kernels->analyse(samples, granules, gain, subbands),
         scalar->analyse(samples, granules, gain, subbands), "scalar");
}

void check_filterbank(unsigned cpu_flags, const char *tier, int bench) {
  mp3a_filterbank_kernels kernels, scalar;
  mp3a_filterbank_select(&kernels, cpu_flags);
  mp3a_filterbank_select(&scalar, 0);
  for (int round = 0; !bench && round < 40 * KINDS; round++) check_analyse(&kernels, tier, round);
  if (bench) time_analyse(&scalar, &kernels, tier);
}
