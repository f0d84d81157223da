/* The windowed transforms against the scalar twin, and that against LAME's
   fft_long() and fft_short(). */
#include <string.h>

#include "lame/internals.h"
#include "lame/kernels/kernels.h"
#include "lame/psy_constants.h"
#include "tests/check.h"
#include "libmp3lame/fft.h"

void check_fht(unsigned cpu_flags, const char *tier, int bench);

enum { SAMPLES = MP3A_FHT_LONG + 600, GUARD = 16 };

static float samples[SAMPLES];

/* Real-like, tiny, denormal, huge and sparse ones, with zeros of both signs. */
static void fill_samples(int round) {
  static const float scales[] = {32768, 1, 1e-6f, 1e-40f, 1e15f};
  float scale = scales[round % 5];
  for (int i = 0; i < SAMPLES; i++) {
    samples[i] = scale * check_random_float(-1, 1);
    if (round % 3 == 1 && check_random() % 4) samples[i] = check_random() % 2 ? 0.0f : -0.0f;
  }
}

static int transforms_alike(const mp3a_fht_kernels *a, const mp3a_fht_kernels *b, int offset,
                            const float *window, int size) {
  static float out[2][MP3A_FHT_LONG + 2 * GUARD];
  int shift = GUARD - 1 - offset % 4; /* unaligned */
  memset(out, 0x5a, sizeof out);
  a->windowed_fht(samples + offset, window, out[0] + shift, size);
  b->windowed_fht(samples + offset, window, out[1] + shift, size);
  return memcmp(out[0], out[1], sizeof out[0]) == 0;
}

static void check_against_lame(const mp3a_fht_kernels *scalar, const lame_global_flags *encoder) {
  const mp3a_psy_constants *constants =
      (const mp3a_psy_constants *)encoder->internal_flags->cd_psy;
  float theirs[MP3A_FHT_LONG], short_theirs[3][MP3A_FHT_SHORT], ours[MP3A_FHT_LONG];
  const sample_t *const buffer[2] = {samples, samples + 100};
  for (int channel = 0; channel < 2; channel++) {
    fft_long(encoder->internal_flags, theirs, channel, buffer);
    scalar->windowed_fht(buffer[channel], constants->lame.window, ours, MP3A_FHT_LONG);
    CHECK(memcmp(theirs, ours, sizeof ours) == 0, "long, channel %d", channel);
    fft_short(encoder->internal_flags, short_theirs, channel, buffer);
    for (int block = 0; block < 3; block++) {
      scalar->windowed_fht(buffer[channel] + 192 * (block + 1), constants->window_short, ours,
                           MP3A_FHT_SHORT);
      CHECK(memcmp(short_theirs[block], ours, sizeof short_theirs[0]) == 0, "short %d", block);
    }
  }
}

static void print_time(const mp3a_fht_kernels *kernels, const mp3a_fht_kernels *scalar,
                       const char *tier, const float *window, int size) {
  float out[MP3A_FHT_LONG];
  TIME(tier, size == MP3A_FHT_LONG ? "windowed_fht, long" : "windowed_fht, short", 20, ,
       kernels->windowed_fht(samples, window, out, size),
       scalar->windowed_fht(samples, window, out, size), "scalar");
}

void check_fht(unsigned cpu_flags, const char *tier, int bench) {
  mp3a_fht_kernels scalar, kernels;
  lame_global_flags *encoder = lame_init();
  lame_init_params(encoder);
  const mp3a_psy_constants *constants =
      (const mp3a_psy_constants *)encoder->internal_flags->cd_psy;
  mp3a_fht_select(&scalar, 0);
  mp3a_fht_select(&kernels, cpu_flags);
  fill_samples(0);
  if (bench) {
    print_time(&kernels, &scalar, tier, constants->lame.window, MP3A_FHT_LONG);
    print_time(&kernels, &scalar, tier, constants->window_short, MP3A_FHT_SHORT);
  }
  for (int round = 0; !bench && round < 200; round++) {
    fill_samples(round);
    if (!cpu_flags) check_against_lame(&scalar, encoder);
    CHECK(transforms_alike(&scalar, &kernels, round, constants->lame.window, MP3A_FHT_LONG),
          "%s long, round %d", tier, round);
    CHECK(transforms_alike(&scalar, &kernels, round, constants->window_short, MP3A_FHT_SHORT),
          "%s short, round %d", tier, round);
  }
  lame_close(encoder);
}
