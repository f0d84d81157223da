/* Energies and masking against the scalar twins, with the partitions of every
   sample rate; and the logarithm that the additive factors step by. */
#include <lame.h>
#include <math.h>
#include <string.h>

#include "lame/kernels/kernels.h"
#include "lame/psy_constants.h"
#include "tests/check.h"

void check_masking(unsigned cpu_flags, const char *tier, int bench);

enum { LINES = MP3A_FHT_LONG / 2 + 1, GUARD = 16 };

static float spectrum[MP3A_FHT_LONG], energy[LINES + GUARD];

static void fill_energies(int round) {
  for (int i = 0; i < LINES; i++) {
    float x = check_random_float(0, 1);
    switch (round % 6) {
      case 0: energy[i] = 1e9f * x; break;
      case 1: energy[i] = expf(80 * x - 40); break; /* over all orders */
      case 2: energy[i] = check_random() % 8 ? 0 : 1e6f * x; break;
      case 3: energy[i] = i % 37 ? 1e-3f * x : 1e10f; break; /* tones */
      case 4: energy[i] = 1e-40f * x; break;
      default: energy[i] = round == 5 ? INFINITY : round == 11 ? NAN : 0;
    }
  }
}

static void check_line_energies(const mp3a_masking_kernels *scalar,
                                const mp3a_masking_kernels *kernels, const char *tier, int size) {
  float out[2][LINES + GUARD];
  memset(out, 0x5a, sizeof out);
  for (int i = 0; i < size; i++)
    spectrum[i] = check_random_float(-1e6f, 1e6f) * (check_random() % 3 ? 1 : 1e-30f);
  scalar->line_energies(spectrum, size, out[0] + 1);
  kernels->line_energies(spectrum, size, out[1] + 1);
  CHECK(memcmp(out[0], out[1], sizeof out[0]) == 0, "%s, size %d", tier, size);
}

/* NaN is left out: all that counts there is that nothing goes astray. */
static void check_mask(const mp3a_masking_kernels *scalar, const mp3a_masking_kernels *kernels,
                       const char *tier, const mp3a_partitions *partitions, int round) {
  mp3a_masking expected, actual[3];
  memset(actual, 0x5a, sizeof actual);
  scalar->mask(partitions, energy, &expected);
  kernels->mask(partitions, energy, &actual[1]);
  CHECK(round == 11 || memcmp(&expected, &actual[1], sizeof expected) == 0, "%s, round %d", tier,
        round);
  CHECK(memcmp(&actual[0], &actual[2], sizeof expected) == 0, "%s wrote past the end", tier);
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
                        const char *tier, const mp3a_partitions *partitions) {
  mp3a_masking masking;
  TIME(tier, "mask", 20, , kernels->mask(partitions, energy, &masking),
       scalar->mask(partitions, energy, &masking), "scalar");
  TIME(tier, "line_energies", 100, , kernels->line_energies(spectrum, MP3A_FHT_LONG, energy),
       scalar->line_energies(spectrum, MP3A_FHT_LONG, energy), "scalar");
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
      fill_energies(round);
      check_mask(&scalar, &kernels, tier, &constants->long_block, round);
      check_mask(&scalar, &kernels, tier, &constants->short_block, round);
      check_line_energies(&scalar, &kernels, tier, round % 2 ? MP3A_FHT_LONG : MP3A_FHT_SHORT);
    }
    if (!bench && !cpu_flags && i == 0) check_steps(&constants->long_block);
    fill_energies(0);
    if (bench && rates[i] == 44100) print_times(&scalar, &kernels, tier, &constants->long_block);
    lame_close(encoder);
  }
}
