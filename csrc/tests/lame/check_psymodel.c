/* Attack detection against its scalar twin, and the whole model against LAME's,
   which is still there under another name: all results and all state. */
#define L3psycho_anal_vbr analyse_again
#define mp3a_masking_reaches_output reaches_output_again
#include "lame/psymodel.c"
#undef L3psycho_anal_vbr

#include <math.h>
#include <string.h>

#include "tests/check.h"

int L3psycho_anal_vbr(lame_internal_flags *gfc, const sample_t *const buffer[2], int gr_out,
                      III_psy_ratio masking_ratio[2][2], III_psy_ratio masking_MS_ratio[2][2],
                      FLOAT percep_entropy[2], FLOAT percep_MS_entropy[2], FLOAT energy[4],
                      int blocktype_d[2]);
void check_psymodel(unsigned cpu_flags, const char *tier, int bench);

enum { SAMPLES = 60000, GRANULES = 90 };

static float samples[2][SAMPLES];

static void fill_samples(int round) {
  float level = 0, quiet = round % 4 == 3 ? 1e-3f : 1;
  for (int i = 0; i < SAMPLES; i++) {
    if (check_random() % 1100 == 0) level = check_random_float(0, 1);
    level *= 0.996f;
    float noise = level * check_random_float(-30000, 30000) * quiet;
    samples[0][i] = noise + 3000 * quiet * sinf(0.03f * (i % 4000));
    samples[1][i] = round % 3 ? 0.4f * noise : 9000 * sinf(0.2f * i);
    if (round % 5 == 4 && i % 9000 < 4000) samples[0][i] = samples[1][i] = 0;
  }
}

static void check_peaks(const mp3a_attack_kernels *scalar, const mp3a_attack_kernels *kernels,
                        const char *tier, int offset) {
  float expected[4][MP3A_ATTACK_PEAKS], actual[4][MP3A_ATTACK_PEAKS];
  scalar->attack_peaks(samples[0] + offset, expected[0]);
  kernels->attack_peaks(samples[0] + offset, actual[0]);
  CHECK(memcmp(expected[0], actual[0], sizeof expected[0]) == 0, "%s at %d", tier, offset);
  scalar->attack_peaks_joint(samples[0] + offset, samples[1] + offset, expected);
  kernels->attack_peaks_joint(samples[0] + offset, samples[1] + offset, actual);
  CHECK(memcmp(expected, actual, sizeof expected) == 0, "%s at %d", tier, offset);
}

static void print_time(const mp3a_attack_kernels *scalar, const mp3a_attack_kernels *kernels,
                       const char *tier) {
  float peaks[MP3A_ATTACK_PEAKS];
  TIME(tier, "attack_peaks", 40, , kernels->attack_peaks(samples[0], peaks),
       scalar->attack_peaks(samples[0], peaks), "scalar");
}

static lame_global_flags *open_encoder(int rate, int mode, int channels, int vbr, int quality) {
  lame_global_flags *encoder = lame_init();
  lame_set_in_samplerate(encoder, rate);
  lame_set_out_samplerate(encoder, rate);
  lame_set_num_channels(encoder, channels);
  lame_set_mode(encoder, channels == 1 ? MONO : mode);
  lame_set_VBR(encoder, vbr);
  lame_set_quality(encoder, quality);
  lame_set_experimentalZ(encoder, quality == 2); /* forces short transforms */
  lame_init_params(encoder);
  return encoder;
}

/* Of two short blocks the second one's attack is dropped where both are below 40000 and neither is
   1.7 times as loud as the other; the first one's too, if that is no later. */
static void check_periodic_attacks(void) {
  const float top = 40000, below = nextafterf(top, 0), less = nextafterf(1.7f, 0);
  static const int none[4] = {0}, later[4] = {2, 1, 3, 3};
  const struct { float u, v; int is_dropped; } pairs[] = {
      {top, top, 0},   {below, below, 1}, {top, below, 0}, {below, top, 0}, {1, 1.7f, 0},
      {1.7f, 1, 0},    {1, less, 1},      {less, 1, 1},    {0, 0, 0},       {1, 2, 0},
      {39999, 4e9f, 0}};
  for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
    float const u = pairs[i].u, v = pairs[i].v;
    int const is_dropped = pairs[i].is_dropped;
    for (int at = 0; at < 3; at++) {
      float levels[4] = {1e9f, 1e6f, 1e9f, 1e6f};
      int attacks[4] = {2, 2, 2, 2}, wanted[4] = {2, 2, 2, 2};
      levels[at] = u, levels[at + 1] = v;
      if (is_dropped) wanted[at + 1] = 0;
      if (is_dropped && at == 0) wanted[0] = 0;
      drop_periodic_attacks(levels, attacks);
      CHECK(memcmp(attacks, wanted, sizeof wanted) == 0, "%.9g, %.9g at %d", (double)u, (double)v,
            at);
    }
  }
  int attacks[4];
  memcpy(attacks, later, sizeof later);
  drop_periodic_attacks((const float[4]){1, 1, 1, 1}, attacks);
  CHECK(attacks[0] == 2 && memcmp(attacks + 1, none, 3 * sizeof *none) == 0, "a later first one");
}

typedef struct {
  III_psy_ratio ratio[2][2], ms_ratio[2][2];
  FLOAT entropy[2], ms_entropy[2], energy[4];
  int blocktype[2];
} results;

/* The energies of left and right reach nothing and aren't kept. */
static int is_alike(results *a, results *b, PsyStateVar_t *state_a, PsyStateVar_t *state_b) {
  memset(a->energy, 0, 2 * sizeof(FLOAT));
  memset(b->energy, 0, 2 * sizeof(FLOAT));
  memcpy(state_a->tot_ener, state_b->tot_ener, 2 * sizeof(FLOAT));
  return memcmp(a, b, sizeof *a) == 0 && memcmp(state_a, state_b, sizeof *state_a) == 0;
}

static void check_model(const char *tier, int rate, int mode, int channels, int vbr, int quality) {
  lame_global_flags *ours = open_encoder(rate, mode, channels, vbr, quality);
  lame_global_flags *theirs = open_encoder(rate, mode, channels, vbr, quality);
  lame_internal_flags *a = ours->internal_flags, *b = theirs->internal_flags;
  results from_a = {0}, from_b = {0};
  int wrong = 0, kinds = 0;
  for (int i = 0; i < GRANULES; i++) {
    const sample_t *const buffer[2] = {samples[0] + 576 * i, samples[1] + 576 * i};
    a->sv_qnt.masking_lower = b->sv_qnt.masking_lower = i % 7 ? 1 : 0.5f + 0.2f * (i % 5);
    L3psycho_anal_vbr(a, buffer, i & 1, from_a.ratio, from_a.ms_ratio, from_a.entropy,
                      from_a.ms_entropy, from_a.energy, from_a.blocktype);
    L3psycho_anal_vbr_lame(b, buffer, i & 1, from_b.ratio, from_b.ms_ratio, from_b.entropy,
                           from_b.ms_entropy, from_b.energy, from_b.blocktype);
    wrong += !is_alike(&from_a, &from_b, &a->sv_psy, &b->sv_psy);
    wrong += memcmp(&a->ov_psy, &b->ov_psy, sizeof a->ov_psy) != 0;
    kinds |= 1 << from_b.blocktype[0];
  }
  CHECK(wrong == 0, "%s: %d granules: %d Hz, mode %d, vbr %d, quality %d", tier, wrong, rate, mode,
        vbr, quality);
  CHECK(kinds == 15, "%d Hz: the clip has not all block types: %d", rate, kinds);
  lame_close(ours);
  lame_close(theirs);
}

void check_psymodel(unsigned cpu_flags, const char *tier, int bench) {
  static const int rates[] = {8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000};
  mp3a_attack_kernels scalar, kernels;
  mp3a_attack_select(&scalar, 0);
  mp3a_attack_select(&kernels, cpu_flags);
  fill_samples(0);
  if (bench) {
    print_time(&scalar, &kernels, tier);
    return;
  }
  check_periodic_attacks();
  mp3a_kernels_limit(cpu_flags);
  for (int i = 0; i < 9; i++) {
    fill_samples(i);
    for (int offset = 0; offset < 20000; offset += 97) check_peaks(&scalar, &kernels, tier, offset);
    check_model(tier, rates[i], JOINT_STEREO, 2, vbr_off, 3);
    check_model(tier, rates[i], JOINT_STEREO, 2, vbr_mtrh, 0);
    check_model(tier, rates[i], STEREO, 2, vbr_abr, 2);
    check_model(tier, rates[i], STEREO, 1, vbr_rh, 5);
  }
  mp3a_kernels_limit(MP3A_CPU_ALL);
}
