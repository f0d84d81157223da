/* Our sample rate conversion against LAME's own: every pair of rates, blocks of any size. */
#include <string.h>

#include "common/mpeg.h"
#include "lame/internals.h"
#include "lame/psy_constants.h"
#include "libmp3lame/lame_global_flags.h"
#include "tests/check.h"

void check_resample(unsigned cpu_flags, const char *tier, int bench);

void fill_buffer_lame(lame_internal_flags *gfc, sample_t *const mfbuf[2],
                      sample_t const *const in_buffer[2], int count, int *taken, int *given);

enum { MOST = 4000 };

static float input[2][MOST], ours[2][2 * MP3A_LINES], lames[2][2 * MP3A_LINES];

static lame_global_flags *open_encoder(int from, int to) {
  lame_global_flags *lame = lame_init();
  lame_set_num_channels(lame, 2);
  lame_set_in_samplerate(lame, from);
  lame_set_out_samplerate(lame, to);
  lame_set_brate(lame, 64);
  CHECK(lame_init_params(lame) == 0, "%d to %d", from, to);
  lame->internal_flags->sv_enc.mf_size = 0;
  return lame;
}

static void make_input(int count) {
  for (int i = 0; i < count; i++) {
    input[0][i] = check_random_float(-32767, 32767);
    input[1][i] = i % 7 ? input[0][i] * 0.3f : -0.0f;
  }
}

static void compare(int from, int to) {
  lame_global_flags *lame = open_encoder(from, to);
  lame_internal_flags *gfc = lame->internal_flags;
  const sample_t *const in[2] = {input[0], input[1]};
  sample_t *const a[2] = {ours[0], ours[1]}, *const b[2] = {lames[0], lames[1]};
  int wrong = 0;
  for (int block = 0; block < 12; block++) {
    const int count = block % 3 == 2 ? 1 + (int)(check_random() % 20)
                                     : 1 + (int)(check_random() % MOST);
    int taken[2] = {-1, -1}, given[2] = {-1, -1};
    make_input(count);
    fill_buffer(gfc, a, in, count, &taken[0], &given[0]);
    fill_buffer_lame(gfc, b, in, count, &taken[1], &given[1]);
    CHECK(taken[0] == taken[1] && given[0] == given[1], "%d to %d: %d of %d gave %d, not %d of %d",
          from, to, taken[0], count, given[0], taken[1], given[1]);
    for (int ch = 0; ch < 2; ch++)
      wrong += memcmp(ours[ch], lames[ch], (size_t)given[1] * sizeof(float)) != 0;
  }
  CHECK(wrong == 0, "%d to %d: %d blocks differ", from, to, wrong);
  lame_close(lame);
}

static void print_times(const char *tier) {
  static const int pairs[][2] = {{44100, 22050}, {44100, 32000}, {48000, 24000}};
  const sample_t *const in[2] = {input[0], input[1]};
  sample_t *const a[2] = {ours[0], ours[1]}, *const b[2] = {lames[0], lames[1]};
  int taken, given;
  make_input(MOST);
  for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
    char name[40];
    snprintf(name, sizeof name, "%d to %d", pairs[i][0], pairs[i][1]);
    lame_global_flags *lame = open_encoder(pairs[i][0], pairs[i][1]);
    lame_internal_flags *gfc = lame->internal_flags;
    TIME(tier, name, 4, , fill_buffer(gfc, a, in, MOST, &taken, &given),
         fill_buffer_lame(gfc, b, in, MOST, &taken, &given), "LAME's");
    lame_close(lame);
  }
}

void check_resample(unsigned cpu_flags, const char *tier, int bench) {
  static const int rates[] = {8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 96000,
                              47999};
  enum { FROM = sizeof rates / sizeof *rates, TO = 9 };
  if (cpu_flags != 0) return; /* there is one for all */
  if (bench) {
    print_times(tier);
    return;
  }
  for (int from = 0; from < FROM; from++)
    for (int to = 0; to < TO; to++) compare(rates[from], rates[to]);
}
