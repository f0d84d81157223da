/* The MDCT's tiers against the scalar twin; and the whole of mdct_sub48()
   against LAME's own, which is still there under another name, over granules of
   every block type in succession. Bit for bit. */
#include <stdlib.h>
#include <string.h>

#include "lame/internals.h"
#include "lame/kernels/kernels.h"
#include "tests/check.h"

void mdct_sub48_lame(lame_internal_flags *gfc, const sample_t *w0, const sample_t *w1);
void check_mdct(unsigned cpu_flags, const char *tier, int bench);

enum {
  LINES = MP3A_SUBBANDS * MP3A_SLOTS,
  GUARD = 32,
  SAMPLES = 286 + 1152 + 576 /* what LAME hands over at least */
};

typedef float row[MP3A_SUBBANDS];

static int pick(int count) { return (int)(check_random() % (uint32_t)count); }

static float random_value(int kind) {
  static const float edges[] = {0.0f, -0.0f, 1e-38f, -1e-42f, 1e30f, -1e30f};
  if (kind == 1) return edges[pick(6)];
  return kind == 2 ? check_random_float(-1e-30f, 1e-30f) : check_random_float(-1e9f, 1e9f);
}

static void fill_rows(row *rows, int kind) {
  for (int i = 0; i < MP3A_SLOTS; i++)
    for (int band = 0; band < MP3A_SUBBANDS; band++) rows[i][band] = random_value(kind);
}

static void check_kernel(const mp3a_mdct_kernels *tier, const char *name, int round) {
  static const int long_types[] = {NORM_TYPE, START_TYPE, STOP_TYPE};
  const int bands = round % (MP3A_SUBBANDS + 1), type = long_types[round % 3], shift = round % 4;
  float expected[LINES + GUARD], actual[LINES + GUARD];
  row previous[MP3A_SLOTS], current[MP3A_SLOTS];
  mp3a_mdct_kernels scalar;
  mp3a_mdct_select(&scalar, 0);
  fill_rows(previous, pick(3));
  fill_rows(current, pick(3));
  float *lines[2] = {expected + shift, actual + shift};
  const size_t wanted = sizeof(float) * MP3A_SLOTS * (size_t)bands;
  memset(expected, 0xa5, sizeof expected);
  memset(actual, 0xa5, sizeof actual);
  scalar.long_blocks(previous, current, type, bands, lines[0]);
  tier->long_blocks(previous, current, type, bands, lines[1]);
  CHECK(!memcmp(lines[0], lines[1], wanted), "long_blocks %s, type %d, %d bands", name, type,
        bands);
  scalar.short_blocks(previous, current, bands, lines[0]);
  tier->short_blocks(previous, current, bands, lines[1]);
  CHECK(!memcmp(lines[0], lines[1], wanted), "short_blocks %s, %d bands", name, bands);
  CHECK(!memcmp(lines[0] + LINES, lines[1] + LINES, sizeof(float[GUARD - 4])), "guard %s", name);

  const int borders = pick(MP3A_SUBBANDS);
  for (int i = 0; i < LINES + GUARD; i++) expected[i] = random_value(round % 3);
  memcpy(actual, expected, sizeof actual);
  scalar.reduce_alias(lines[0], borders);
  tier->reduce_alias(lines[1], borders);
  CHECK(!memcmp(expected, actual, sizeof actual), "reduce_alias %s, %d borders", name, borders);
}

/* Amplitudes as a low-pass, a high-pass, both or neither leave them. */
static void random_filter(FLOAT *amp_filter) {
  const int low = pick(3) ? 0 : pick(6), high = pick(3) ? 8 + pick(24) : MP3A_SUBBANDS;
  for (int band = 0; band < MP3A_SUBBANDS; band++) {
    amp_filter[band] = band < low || band >= high ? 0 : 1;
    if (band == low || band == high - 1) amp_filter[band] = check_random_float(0, 1);
  }
}

/* The same block types for both. */
static void random_types(lame_internal_flags *a, lame_internal_flags *b, int mixed_too) {
  for (int gr = 0; gr < 2; gr++)
    for (int ch = 0; ch < 2; ch++) {
      gr_info *gi = &a->l3_side.tt[gr][ch];
      gi->block_type = pick(2) ? NORM_TYPE : pick(4);
      gi->mixed_block_flag = mixed_too && pick(3) == 0;
      b->l3_side.tt[gr][ch].block_type = gi->block_type;
      b->l3_side.tt[gr][ch].mixed_block_flag = gi->mixed_block_flag;
    }
}

static void fill_samples(sample_t samples[2][SAMPLES], int kind) {
  for (int i = 0; i < SAMPLES; i++) {
    float loud = check_random_float(-32768, 32767);
    samples[0][i] = kind == 3 ? 0 : kind == 2 && i % 500 > 30 ? -0.0f : loud;
    samples[1][i] = kind == 1 ? loud * 1e-39f : loud * (float)(i % 7 - 3);
  }
}

static void check_stream(lame_internal_flags *ours, lame_internal_flags *lame, const char *tier) {
  static sample_t samples[2][SAMPLES];
  memset(ours, 0, sizeof *ours);
  memset(lame, 0, sizeof *lame);
  ours->cfg.channels_out = lame->cfg.channels_out = 1 + pick(2);
  ours->cfg.mode_gr = lame->cfg.mode_gr = 1 + pick(2);
  random_filter(ours->sv_enc.amp_filter);
  memcpy(lame->sv_enc.amp_filter, ours->sv_enc.amp_filter, sizeof lame->sv_enc.amp_filter);
  const int mixed_too = pick(2);
  for (int frame = 0; frame < 12; frame++) {
    random_types(ours, lame, mixed_too);
    fill_samples(samples, pick(6));
    mdct_sub48(ours, samples[0], samples[1]);
    mdct_sub48_lame(lame, samples[0], samples[1]);
    int is_same = 1;
    for (int gr = 0; gr < 2; gr++)
      for (int ch = 0; ch < 2; ch++)
        is_same &= !memcmp(ours->l3_side.tt[gr][ch].xr, lame->l3_side.tt[gr][ch].xr,
                           sizeof lame->l3_side.tt[gr][ch].xr);
    CHECK(is_same, "mdct_sub48, %s, frame %d", tier, frame);
  }
}

/* ---- time ---- */

static void time_mdct(const mp3a_mdct_kernels *tier, const char *name, lame_internal_flags *gfc) {
  static sample_t samples[2][SAMPLES];
  float lines[LINES] = {0};
  row previous[MP3A_SLOTS], current[MP3A_SLOTS];
  mp3a_mdct_kernels scalar;
  mp3a_mdct_select(&scalar, 0);
  fill_rows(previous, 0);
  fill_rows(current, 0);
  TIME(name, "long_blocks", 40, ,
       tier->long_blocks(previous, current, NORM_TYPE, MP3A_SUBBANDS, lines),
       scalar.long_blocks(previous, current, NORM_TYPE, MP3A_SUBBANDS, lines), "scalar");
  TIME(name, "short_blocks", 40, , tier->short_blocks(previous, current, MP3A_SUBBANDS, lines),
       scalar.short_blocks(previous, current, MP3A_SUBBANDS, lines), "scalar");
  TIME(name, "reduce_alias", 40, , tier->reduce_alias(lines, MP3A_SUBBANDS - 1),
       scalar.reduce_alias(lines, MP3A_SUBBANDS - 1), "scalar");
  memset(gfc, 0, sizeof *gfc);
  gfc->cfg.channels_out = 2;
  gfc->cfg.mode_gr = 2;
  for (int band = 0; band < 24; band++) gfc->sv_enc.amp_filter[band] = 1;
  fill_samples(samples, 0);
  TIME(name, "mdct_sub48", 10, , mdct_sub48(gfc, samples[0], samples[1]),
       mdct_sub48_lame(gfc, samples[0], samples[1]), "LAME's");
}

void check_mdct(unsigned cpu_flags, const char *tier, int bench) {
  mp3a_mdct_kernels kernels;
  lame_internal_flags *flags[2] = {malloc(sizeof **flags), malloc(sizeof **flags)};
  mp3a_mdct_select(&kernels, cpu_flags);
  mp3a_kernels_limit(cpu_flags);
  if (bench) {
    time_mdct(&kernels, tier, flags[0]);
  } else {
    for (int round = 0; round < 33 * 6; round++) check_kernel(&kernels, tier, round);
    for (int i = 0; i < 60; i++) check_stream(flags[0], flags[1], tier);
  }
  mp3a_kernels_limit(MP3A_CPU_ALL);
  for (int i = 0; i < 2; i++) free(flags[i]);
}
