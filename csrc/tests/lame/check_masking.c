/* Masking against the scalar twin, with the partitions of every sample rate; and the
   logarithm that the additive factors step by. */
#include <lame.h>
#include <math.h>
#include <string.h>

#include "lame/kernels/kernels.h"
#include "lame/psy_constants.h"
#include "tests/check.h"

void check_masking(unsigned cpu_flags, const char *tier, int bench);

static float spectrum[2][MP3A_FHT_LONG];

static void fill_spectra(int round) {
  for (int i = 0; i < 2 * MP3A_FHT_LONG; i++) {
    float x = check_random_float(-1, 1);
    int const k = i % MP3A_FHT_LONG;
    switch (round % 7) {
      case 0: x *= 1e5f; break;
      case 1: x *= expf(40 * check_random_float(-1, 1)); break; /* over all orders */
      case 2: x *= check_random() % 8 ? 0 : 1e3f; break;
      case 3: x = k % 37 ? 1e-2f * x : 1e5f; break; /* tones */
      case 4: x *= 1e-20f; break;
      case 5: x = i < MP3A_FHT_LONG ? x : spectrum[0][k]; break; /* no side */
      default: x = round == 6 ? INFINITY : round == 13 ? NAN : 0;
    }
    spectrum[i / MP3A_FHT_LONG][k] = x;
  }
}

/* NaN is left out: all that counts there is that nothing goes astray. */
static void check_mask(const mp3a_masking_kernels *scalar, const mp3a_masking_kernels *kernels,
                       const char *tier, const mp3a_partitions *partitions, int size,
                       const float (*weights)[4], int round) {
  static const int channel_counts[3] = {1, 2, 4};
  int const channels = channel_counts[round % 3];
  const float *right = spectrum[channels > 1];
  mp3a_masking expected[4], actual[6];
  float sums[2][4] = {{0}};
  memset(actual, 0x5a, sizeof actual);
  scalar->mask(partitions, spectrum[0], right, size, channels, weights, expected, sums[0]);
  kernels->mask(partitions, spectrum[0], right, size, channels, weights, actual + 1, sums[1]);
  CHECK(round == 13 || memcmp(expected, actual + 1, channels * sizeof *expected) == 0,
        "%s, round %d", tier, round);
  CHECK(round == 13 || memcmp(sums[0], sums[1], channels * sizeof(float)) == 0, "%s, round %d",
        tier, round);
  CHECK(memcmp(&actual[0], &actual[5], sizeof *expected) == 0, "%s wrote past the end", tier);
}

static float random_level(void) {
  return check_random() % 7 ? expf(check_random_float(-30, 30)) : 0;
}

/* Of the places behind the last partition nothing is asked. */
static void check_thresholds(const mp3a_masking_kernels *scalar,
                             const mp3a_masking_kernels *kernels, const char *tier, int round) {
  mp3a_masking m[2][4];
  float tables[3][MP3A_PARTITIONS];
  int const count = 1 + (int)(check_random() % MP3A_PARTITIONS);
  for (size_t i = 0; i < sizeof m[0] / (sizeof(float)); i++) ((float *)m[0])[i] = random_level();
  for (int i = 0; i < 3 * MP3A_PARTITIONS; i++)
    tables[i / MP3A_PARTITIONS][i % MP3A_PARTITIONS] =
        check_random() % 3 ? random_level() : check_random_float(0, 2);
  float const level = check_random_float(0.2f, 2), msfix = round % 3 ? 3.5f : 0;
  memcpy(m[1], m[0], sizeof m[0]);
  const mp3a_masking_kernels *both[2] = {scalar, kernels};
  for (int k = 0; k < 2; k++) {
    both[k]->limit_rise(m[k][0].threshold, tables[0], tables[1], count, round & 1);
    both[k]->limit(&m[k][1], tables[0], tables[1], level, count);
    both[k]->join(m[k], tables[2], tables[1], level, msfix, count);
  }
  for (int channel = 0; channel < 4; channel++)
    CHECK(memcmp(m[0][channel].threshold, m[1][channel].threshold,
                 (size_t)count * sizeof(float)) == 0,
          "%s, channel %d, round %d", tier, channel, round);
}

/* Every float from 1 to past the table's end falls on the side of its step that
   LAME's own expression puts it. */
static void check_steps(const mp3a_partitions *partitions) {
  union { float f; int bits; } ratio = {1.0f};
  int wrong = 0, step = 0;
  for (; ratio.f < 3.6517412725483771f; ratio.bits++) {
    while (step < MP3A_MASKING_STEPS && ratio.f >= partitions->step[step]) step++;
    wrong += (int)(FAST_LOG10_X(ratio.f, 16.0f)) != step;
  }
  CHECK(wrong == 0, "%d ratios", wrong);
}

static void print_times(const mp3a_masking_kernels *scalar, const mp3a_masking_kernels *kernels,
                        const char *tier, const mp3a_psy_constants *constants) {
  mp3a_masking masking[4];
  float sums[4];
#define MASK(kernels)                                                                          \
  kernels->mask(&constants->long_block, spectrum[0], spectrum[1], MP3A_FHT_LONG, 4,            \
                constants->line_weights, masking, sums)
  TIME(tier, "mask, joint", 10, , MASK(kernels), MASK(scalar), "scalar");
#undef MASK
}

void check_masking(unsigned cpu_flags, const char *tier, int bench) {
  static const int rates[] = {8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000};
  mp3a_masking_kernels scalar, kernels;
  mp3a_masking_select(&scalar, 0);
  mp3a_masking_select(&kernels, cpu_flags);
  for (int i = 0; i < 9; i++) {
    lame_global_flags *encoder = lame_init();
    lame_set_in_samplerate(encoder, rates[i]);
    lame_set_out_samplerate(encoder, rates[i]);
    lame_init_params(encoder);
    const mp3a_psy_constants *constants =
        (const mp3a_psy_constants *)encoder->internal_flags->cd_psy;
    CHECK(constants->is_usable, "%d Hz", rates[i]);
    for (int round = 0; !bench && round < 120; round++) {
      check_thresholds(&scalar, &kernels, tier, round);
      fill_spectra(round);
      check_mask(&scalar, &kernels, tier, &constants->long_block, MP3A_FHT_LONG,
                 constants->line_weights, round);
      check_mask(&scalar, &kernels, tier, &constants->short_block, MP3A_FHT_SHORT,
                 constants->line_weights, round);
    }
    if (!bench && !cpu_flags && i == 0) check_steps(&constants->long_block);
    fill_spectra(0);
    if (bench && rates[i] == 44100) print_times(&scalar, &kernels, tier, constants);
    lame_close(encoder);
  }
}
