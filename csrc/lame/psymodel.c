/* The psychoacoustic model: takes the place of LAME's L3psycho_anal_vbr (LAME's
   psymodel.c is compiled with that name ending in _lame). Where masking can't reach the bit stream,
   only the block types are decided; in every other case the whole model runs, with the bits of
   LAME's. LAME's own runs only for the frame analyser.

   Why the masking is dead work with a constant bitrate, no bit reservoir, no
   joint stereo and no noise shaping (quality 7 to 9):
   - Perceptual entropy is read by on_pe() alone (no VBR or ABR loop), which
     shares out `extra_bits`. ResvMaxBits() takes those from the reservoir:
     extra = min(ResvSize, 0.6 * ResvMax) - add_bits, where ResvMax is 0 and
     add_bits is never negative; so extra is 0, every share of it is 0 times
     something, and the target is the frame's mean, whatever the entropies are.
   - The mid/side decision, ms_convert() and reduce_side() need joint stereo;
     the energies returned feed only them.
   - Thresholds and energies of the scale factor bands are read by calc_xmin().
     Its noise limits go to outer_loop(), which returns before reading them when
     noise_shaping is 0. It also leaves max_nonzero_coeff, which it computes from
     the spectrum alone, and energy_above_cutoff, which only the VBR code reads.
   - Loudness moves ATH->adjust_factor, which calc_xmin() puts into the same
     limits; its other reader, psfb21_analogsilence(), runs only in vbr_rh.
   - The rest of the model's state is read by the model itself; attack detection
     reads samples and its own state.
   Without a reservoir and without joint stereo entropy alone is dead work, at
   every quality: return_entropies() leaves it out. */
#include <math.h>
#include <string.h>

#include "lame/internals.h"
#include "lame/kernels/kernels.h"
#include "lame/psy_constants.h"
#include "lame/psymodel.h"

int L3psycho_anal_vbr_lame(lame_internal_flags *gfc, const sample_t *const buffer[2], int gr_out,
                           III_psy_ratio masking_ratio[2][2], III_psy_ratio masking_MS_ratio[2][2],
                           FLOAT percep_entropy[2], FLOAT percep_MS_entropy[2], FLOAT energy[2],
                           int blocktype_d[2]);

/* The entropy at which on_pe() leaves a target as it is. */
#define NEUTRAL_ENTROPY 700

/* ---- attack detection ---- */

/* How much each peak stands out from the one two before it: the last three of
   the previous granule (only rises), then the nine of this one (rises, and
   falls of more than ten to one). */
static void attack_intensities(const float last[9], const float peaks[9], float intensity[12]) {
  float sequence[14];
  memcpy(sequence, last + 4, 5 * sizeof(float));
  memcpy(sequence + 5, peaks, 9 * sizeof(float));
  for (int i = 0; i < 12; i++) {
    float before = sequence[i], now = sequence[i + 2];
    if (i < 3 || now > before)
      intensity[i] = now / before;
    else
      intensity[i] = before > now * 10.0f ? before / (now * 10.0f) : 0;
  }
}

/* Drops attacks between short blocks of nearly equal level, so that a periodic
   signal keeps its long blocks. */
static void drop_periodic_attacks(const float levels[4], int attacks[4]) {
  for (int i = 1; i < 4; i++) {
    float u = levels[i - 1], v = levels[i];
    if ((u > v ? u : v) < 40000 && u < 1.7f * v && v < 1.7f * u) {
      if (i == 1 && attacks[0] <= attacks[1]) attacks[0] = 0;
      attacks[i] = 0;
    }
  }
}

/* Finds where attacks start (1 to 3: the third of the short block) in the last
   short block before this granule and in its own three. Returns 1 if the
   channel can use a long block. */
static int detect_attacks(lame_internal_flags *gfc, int channel,
                          const float peaks[MP3A_ATTACK_PEAKS], int attacks[4]) {
  PsyStateVar_t *state = &gfc->sv_psy;
  float *last = state->last_en_subshort[channel];
  float threshold = gfc->cd_psy->attack_threshold[channel];
  float intensity[12];
  float levels[4] = {last[6] + last[7] + last[8], peaks[0] + peaks[1] + peaks[2],
                     peaks[3] + peaks[4] + peaks[5], peaks[6] + peaks[7] + peaks[8]};
  attack_intensities(last, peaks, intensity);
  memcpy(last, peaks, MP3A_ATTACK_PEAKS * sizeof(float));

  for (int i = 11; i >= 0; i--) {
    if (i % 3 == 2) attacks[i / 3] = 0;
    if (intensity[i] > threshold) attacks[i / 3] = i % 3 + 1;
  }
  drop_periodic_attacks(levels, attacks);
  if (attacks[0] <= state->last_attacks[channel]) attacks[0] = 0;

  if (state->last_attacks[channel] != 3 && !(attacks[0] | attacks[1] | attacks[2] | attacks[3]))
    return 1;
  for (int i = 1; i < 4; i++)
    if (attacks[i - 1]) attacks[i] = 0;
  return 0;
}

/* One granule's worth of the model; channels 2 and 3 are mid and side. */
typedef struct {
  lame_internal_flags *gfc;
  const mp3a_kernel_table *kernels;
  const mp3a_psy_constants *constants;
  int channels, is_joint;
  int attacks[4][4], long_block[2];
  float peaks[4][MP3A_ATTACK_PEAKS];
  float last_short[4][SBMAX_s][3]; /* thresholds of the granule before */
  mp3a_masking masking[4];
} granule;

/* Attacks of all channels; `long_block` says which may use long blocks. */
static void detect_all_attacks(granule *g, const sample_t *const buffer[2]) {
  const mp3a_attack_kernels *kernels = &g->kernels->attack;
  /* 21 samples before the filter's first output, which is 350 before the end of
     the granule that the transforms look at, and 192 on. */
  enum { FIRST = MP3A_LINES - 350 - 21 + 192 };
  g->long_block[0] = g->long_block[1] = 1;
  if (g->is_joint)
    kernels->attack_peaks_joint(buffer[0] + FIRST, buffer[1] + FIRST, g->peaks);
  for (int channel = 0; channel < g->channels; channel++) {
    if (!g->is_joint) kernels->attack_peaks(buffer[channel] + FIRST, g->peaks[channel]);
    if (detect_attacks(g->gfc, channel, g->peaks[channel], g->attacks[channel])) continue;
    if (channel < 2)
      g->long_block[channel] = 0;
    else
      g->long_block[0] = g->long_block[1] = 0;
  }
}

static void apply_block_settings(SessionConfig_t const *cfg, int long_block[2]) {
  int either_short = !(long_block[0] && long_block[1]);
  if (cfg->short_blocks == short_block_coupled && either_short) long_block[0] = long_block[1] = 0;
  if (cfg->short_blocks == short_block_dispensed) long_block[0] = long_block[1] = 1;
  if (cfg->short_blocks == short_block_forced) long_block[0] = long_block[1] = 0;
}

/* The type of the granule before, now that this one's is known; a short block
   needs a start and a stop window around it. */
static void decide_block_types(lame_internal_flags *gfc, const int long_block[2],
                               int blocktype[2]) {
  for (int channel = 0; channel < gfc->cfg.channels_out; channel++) {
    int before = gfc->sv_psy.blocktype_old[channel];
    int now = SHORT_TYPE;
    if (long_block[channel])
      now = before == SHORT_TYPE ? STOP_TYPE : NORM_TYPE;
    else if (before == NORM_TYPE)
      before = START_TYPE;
    else if (before == STOP_TYPE)
      before = SHORT_TYPE;
    blocktype[channel] = before;
    gfc->sv_psy.blocktype_old[channel] = now;
  }
}

/* A short block whose last thirds are quiet masks less than its mean says. */
static void pulse_factors(const float peaks[MP3A_ATTACK_PEAKS], float factor[3]) {
  for (int block = 0; block < 3; block++, peaks += 3) {
    float sum = peaks[0] + peaks[1] + peaks[2];
    factor[block] = peaks[2] * 6 < sum ? peaks[1] * 6 < sum ? 0.25f : 0.5f : 1;
  }
}

/* ---- the model ---- */

static void analyse_long(granule *g, const sample_t *const buffer[2], int gr_out) {
  lame_internal_flags *gfc = g->gfc;
  PsyStateVar_t *state = &gfc->sv_psy;
  float spectrum[2][BLKSIZE], sums[4];
  int const coded = gfc->cfg.channels_out;
  for (int channel = 0; channel < coded; channel++)
    g->kernels->fht.windowed_fht(buffer[channel], g->constants->lame.window, spectrum[channel],
                                 BLKSIZE);
  g->kernels->masking.mask(&g->constants->long_block, spectrum[0], spectrum[coded - 1], BLKSIZE,
                           g->channels, g->constants->line_weights, g->masking, sums);
  for (int channel = 0; channel < coded; channel++) {
    gfc->ov_psy.loudness_sq[gr_out][channel] = state->loudness_sq_save[channel];
    state->loudness_sq_save[channel] = sums[channel] * VO_SCALE;
    if (g->is_joint) state->tot_ener[2 + channel] = sums[2 + channel];
  }
}

static inline float lesser(float a, float b) { return a < b ? a : b; }

/* The same after a short block, where the granule before may have no thresholds:
   then a part of the energy is the limit. */
static void limit_rise_after_short(float *threshold, const float *last, const float *energy,
                                   int count) {
  for (int b = 0; b < count; b++) {
    FLOAT const limit = rpelev * last[b];
    if (limit > 0)
      threshold[b] = lesser(threshold[b], limit);
    else if (!(threshold[b] < energy[b] * NS_PREECHO_ATT2))
      threshold[b] = energy[b] * NS_PREECHO_ATT2;
  }
}

static void limit_thresholds(granule *g, int channel, PsyConst_CB2SB_t const *bands) {
  g->kernels->masking.limit(&g->masking[channel], bands->masking_lower, bands->minval,
                            g->gfc->sv_qnt.masking_lower, bands->npart);
}

static void finish_long(granule *g, int channel) {
  PsyStateVar_t *state = &g->gfc->sv_psy;
  mp3a_masking *masking = &g->masking[channel];
  FLOAT *last = state->nb_l1[channel], *older = state->nb_l2[channel];
  int before = state->blocktype_old[channel & 1], count = g->constants->lame.l.npart;
  float spread[CBANDS];
  memcpy(spread, masking->threshold, sizeof spread);
  if (before == SHORT_TYPE)
    limit_rise_after_short(masking->threshold, last, masking->energy, count);
  else
    g->kernels->masking.limit_rise(masking->threshold, last, older, count, before == NORM_TYPE);
  memcpy(older, last, count * sizeof(FLOAT));
  memcpy(last, spread, count * sizeof(FLOAT));
  limit_thresholds(g, channel, &g->constants->lame.l);
}

static void finish_short(granule *g, int channel) {
  PsyStateVar_t *state = &g->gfc->sv_psy;
  PsyConst_CB2SB_t const *bands = &g->constants->lame.s;
  size_t size = bands->npart * sizeof(FLOAT);
  memcpy(state->nb_s2[channel], state->nb_s1[channel], size);
  memcpy(state->nb_s1[channel], g->masking[channel].threshold, size);
  limit_thresholds(g, channel, bands);
}

static void join_thresholds(granule *g, PsyConst_CB2SB_t const *bands, const FLOAT *hearing) {
  SessionConfig_t const *cfg = &g->gfc->cfg;
  float const level = cfg->ATH_offset_factor * g->gfc->ATH->adjust_factor;
  g->kernels->masking.join(g->masking, bands->mld_cb, hearing, level, cfg->msfix * 2.f,
                           bands->npart);
}

/* Sums partitions into scale factor bands. A partition on the border between
   two bands is split between them by weight. */
static void sum_bands(PsyConst_CB2SB_t const *bands, const mp3a_masking *masking, float *energy,
                      float *threshold) {
  int band = 0, b = 0, count = bands->npart;
  float e = 0, t = 0;
  for (; band < bands->n_sb; band++, b++) {
    int end = bands->bo[band] < count ? bands->bo[band] : count;
    for (; b < end; b++) {
      e += masking->energy[b];
      t += masking->threshold[b];
    }
    if (b >= count) {
      energy[band] = e;
      threshold[band++] = t;
      break;
    }
    FLOAT const here = bands->bo_weight[band], next = 1.0f - here;
    e += here * masking->energy[b];
    t += here * masking->threshold[b];
    energy[band] = e;
    threshold[band] = t;
    e = next * masking->energy[b];
    t = next * masking->threshold[b];
  }
  for (; band < bands->n_sb; band++) energy[band] = threshold[band] = 0;
}

static void store_long_bands(const granule *g, int channel) {
  PsyStateVar_t *state = &g->gfc->sv_psy;
  PsyConst_t const *lame = &g->constants->lame;
  float energy[SBMAX_s], threshold[SBMAX_s];
  sum_bands(&lame->l, &g->masking[channel], state->en[channel].l, state->thm[channel].l);
  if (!g->long_block[channel & 1] || lame->force_short_block_calc) return; /* overwritten */
  sum_bands(&lame->l_to_s, &g->masking[channel], energy, threshold);
  for (int band = 0; band < SBMAX_s; band++)
    for (int block = 0; block < 3; block++) {
      state->en[channel].s[band][block] = energy[band];
      state->thm[channel].s[band][block] = threshold[band] * (1.f / 64.f);
    }
}

static void store_short_bands(const granule *g, int channel, int block) {
  PsyStateVar_t *state = &g->gfc->sv_psy;
  float energy[SBMAX_s], threshold[SBMAX_s];
  sum_bands(&g->constants->lame.s, &g->masking[channel], energy, threshold);
  for (int band = 0; band < SBMAX_s; band++) {
    state->en[channel].s[band][block] = energy[band];
    state->thm[channel].s[band][block] = threshold[band];
  }
}

static void mask_long(granule *g, const sample_t *const buffer[2], int gr_out) {
  analyse_long(g, buffer, gr_out);
  for (int channel = 0; channel < g->channels; channel++) finish_long(g, channel);
  if (g->is_joint && g->long_block[0] && g->long_block[1])
    join_thresholds(g, &g->constants->lame.l, g->gfc->ATH->cb_l);
  for (int channel = 0; channel < g->channels; channel++) store_long_bands(g, channel);
}

/* Without a short transform only the thresholds of the past move on. */
static void skip_short(const granule *g, int channel) {
  PsyStateVar_t *state = &g->gfc->sv_psy;
  memcpy(state->nb_s2[channel], state->nb_s1[channel],
         g->constants->lame.s.npart * sizeof(FLOAT));
}

static void mask_short_block(granule *g, float (*spectrum)[3][BLKSIZE_s], int block) {
  int forced = g->constants->lame.force_short_block_calc;
  float sums[4]; /* of no use here */
  g->kernels->masking.mask(&g->constants->short_block, spectrum[0][block],
                           spectrum[g->gfc->cfg.channels_out - 1][block], BLKSIZE_s, g->channels,
                           g->constants->line_weights, g->masking, sums);
  for (int channel = 0; channel < g->channels; channel++)
    if (!g->long_block[channel & 1] || forced) finish_short(g, channel);
  if (g->is_joint && !g->long_block[0] && !g->long_block[1])
    join_thresholds(g, &g->constants->lame.s, g->gfc->ATH->cb_s);
  for (int channel = 0; channel < g->channels; channel++)
    if (!g->long_block[channel & 1] || forced) store_short_bands(g, channel, block);
}

static void transform_short(const granule *g, const sample_t *samples, int is_needed,
                            float spectrum[3][BLKSIZE_s]) {
  if (!is_needed) memset(spectrum, 0, 3 * sizeof spectrum[0]);
  for (int block = 0; is_needed && block < 3; block++)
    g->kernels->fht.windowed_fht(samples + 192 * (block + 1), g->constants->window_short,
                                 spectrum[block], BLKSIZE_s);
}

static void mask_short(granule *g, const sample_t *const buffer[2]) {
  float spectrum[2][3][BLKSIZE_s];
  int is_needed[2], forced = g->constants->lame.force_short_block_calc;
  for (int channel = 0; channel < 2; channel++)
    is_needed[channel] = channel < g->channels && (!g->long_block[channel] || forced);
  for (int channel = 0; channel < g->channels; channel++)
    if (!is_needed[channel & 1]) skip_short(g, channel);
  if (!is_needed[0] && !is_needed[1]) return;
  for (int channel = 0; channel < g->gfc->cfg.channels_out; channel++)
    transform_short(g, buffer[channel], is_needed[channel], spectrum[channel]);
  for (int block = 0; block < 3; block++) mask_short_block(g, spectrum, block);
}

/* ---- pre-echo control of short blocks ---- */

static float interpolate(float from, float to, float exponent) {
  return to > 0.0f ? powf(from / to, exponent) * to : 0;
}

/* One block's threshold, given the one before and the one before that. */
static float control_block(const int attacks[4], int last_attack, int block, float threshold,
                           float previous, float previous_but_one) {
  FLOAT const strong = NS_PREECHO_ATT1 * 0.6f, mild = NS_PREECHO_ATT2 * 0.6f;
  float first, second;
  threshold *= NS_PREECHO_ATT0;
  first = second = threshold;
  if (attacks[block] >= 2 || attacks[block + 1] == 1)
    first = interpolate(previous, threshold, strong);
  threshold = lesser(first, threshold);
  if (attacks[block] == 1)
    second = interpolate(previous, threshold, mild);
  else if ((block == 0 ? last_attack : attacks[block - 1]) == 3)
    second = interpolate(previous_but_one, threshold, mild);
  return lesser(second, threshold);
}

static void control_pre_echo(granule *g, int channel) {
  PsyStateVar_t *state = &g->gfc->sv_psy;
  float factor[3];
  pulse_factors(g->peaks[channel], factor);
  for (int band = 0; band < SBMAX_s; band++) {
    FLOAT *threshold = state->thm[channel].s[band];
    const float *last = g->last_short[channel][band];
    float previous = last[2], previous_but_one = last[1];
    for (int block = 0; block < 3; block++) {
      float const now = control_block(g->attacks[channel], state->last_attacks[channel], block,
                                      threshold[block], previous, previous_but_one) *
                        factor[block];
      previous_but_one = previous;
      previous = threshold[block] = now;
    }
  }
}

/* ---- perceptual entropy ---- */

/* Bits the bands need above their thresholds, by LAME's regression weights. */
static float perceptual_entropy(float base, const float *weights, int bands, int blocks,
                                const FLOAT *energy, const FLOAT *threshold, float level) {
  float entropy = base;
  for (int i = 0; i < bands * blocks; i++) {
    if (!(threshold[i] > 0.0f)) continue;
    float const limit = threshold[i] * level, weight = weights[i / blocks];
    if (!(energy[i] > limit)) continue;
    if (energy[i] > limit * 1e10f)
      entropy += weight * (10.0f * LOG10);
    else
      entropy += weight * FAST_LOG10(energy[i] / limit);
  }
  return entropy;
}

static float entropy_of(III_psy_ratio const *ratio, int block_type, float level) {
  static const float long_weights[SBMAX_l - 1] = {
      6.8,  5.8,  5.8,  6.4,  6.5,  9.9,  12.1, 14.4, 15,   18.9, 21.6,
      26.9, 34.2, 40.2, 46.8, 56.5, 60.7, 73.9, 85.7, 93.4, 126.1};
  static const float short_weights[SBMAX_s - 1] = {11.8, 13.6, 17.2, 32,   46.5, 51.3,
                                                   57.5, 67.1, 71.5, 84.6, 97.6, 130};
  if (block_type == SHORT_TYPE)
    return perceptual_entropy(1236.28f / 4, short_weights, SBMAX_s - 1, 3, ratio->en.s[0],
                              ratio->thm.s[0], level);
  return perceptual_entropy(1124.23f / 4, long_weights, SBMAX_l - 1, 1, ratio->en.l,
                            ratio->thm.l, level);
}

/* ---- the entry point ---- */

/* See the top of this file. */
static int entropy_reaches_output(SessionConfig_t const *cfg) {
  return cfg->vbr != vbr_off || !cfg->disable_reservoir || cfg->mode == JOINT_STEREO;
}

int mp3a_masking_reaches_output(SessionConfig_t const *cfg) {
  return entropy_reaches_output(cfg) || cfg->noise_shaping != 0;
}

/* The ratios returned lag one granule behind: those of the call before. */
static void return_last_masking(const granule *g, III_psy_ratio ratio[2], III_psy_ratio ms_ratio[2],
                                FLOAT *energy) {
  PsyStateVar_t *state = &g->gfc->sv_psy;
  for (int channel = 0; channel < g->channels; channel++) {
    III_psy_ratio *to = channel < 2 ? &ratio[channel] : &ms_ratio[channel - 2];
    to->en = state->en[channel];
    to->thm = state->thm[channel];
    energy[channel] = state->tot_ener[channel];
  }
}

static void return_entropies(const granule *g, III_psy_ratio ratio[2], III_psy_ratio ms_ratio[2],
                             const int blocktype[2], FLOAT entropy[2], FLOAT ms_entropy[2]) {
  float level = g->gfc->sv_qnt.masking_lower;
  int is_needed = entropy_reaches_output(&g->gfc->cfg);
  int either = blocktype[0] == SHORT_TYPE || (g->is_joint && blocktype[1] == SHORT_TYPE);
  for (int channel = 0; channel < g->gfc->cfg.channels_out; channel++)
    entropy[channel] =
        is_needed ? entropy_of(&ratio[channel], blocktype[channel], level) : NEUTRAL_ENTROPY;
  for (int channel = 0; channel < 2 && g->is_joint; channel++)
    ms_entropy[channel] = entropy_of(&ms_ratio[channel], either ? SHORT_TYPE : NORM_TYPE, level);
}

static void run_model(granule *g, const sample_t *const buffer[2], int gr_out) {
  PsyStateVar_t *state = &g->gfc->sv_psy;
  for (int channel = 0; channel < g->channels; channel++)
    memcpy(g->last_short[channel], state->thm[channel].s, sizeof g->last_short[channel]);
  mask_long(g, buffer, gr_out);
  mask_short(g, buffer);
  for (int channel = 0; channel < g->channels; channel++) control_pre_echo(g, channel);
}

int L3psycho_anal_vbr(lame_internal_flags *gfc, const sample_t *const buffer[2], int gr_out,
                      III_psy_ratio masking_ratio[2][2], III_psy_ratio masking_MS_ratio[2][2],
                      FLOAT percep_entropy[2], FLOAT percep_MS_entropy[2], FLOAT energy[2],
                      int blocktype_d[2]) {
  SessionConfig_t const *cfg = &gfc->cfg;
  const mp3a_psy_constants *constants = (const mp3a_psy_constants *)gfc->cd_psy;
  int needs_masking = mp3a_masking_reaches_output(cfg);
  if ((cfg->analysis && gfc->pinfo) || (needs_masking && !constants->is_usable))
    return L3psycho_anal_vbr_lame(gfc, buffer, gr_out, masking_ratio, masking_MS_ratio,
                                  percep_entropy, percep_MS_entropy, energy, blocktype_d);

  int is_joint = cfg->mode == JOINT_STEREO;
  granule g;
  g.gfc = gfc;
  g.kernels = mp3a_kernels();
  g.constants = constants;
  g.channels = is_joint ? 4 : cfg->channels_out;
  g.is_joint = is_joint;
  detect_all_attacks(&g, buffer);
  apply_block_settings(cfg, g.long_block);
  if (needs_masking) {
    return_last_masking(&g, masking_ratio[gr_out], masking_MS_ratio[gr_out], energy);
    run_model(&g, buffer, gr_out);
  } else {
    /* Read on the way, though to no effect. */
    memset(masking_ratio[gr_out], 0, cfg->channels_out * sizeof(III_psy_ratio));
    memset(energy, 0, cfg->channels_out * sizeof(FLOAT));
  }
  for (int channel = 0; channel < g.channels; channel++)
    gfc->sv_psy.last_attacks[channel] = g.attacks[channel][2];
  decide_block_types(gfc, g.long_block, blocktype_d);
  return_entropies(&g, masking_ratio[gr_out], masking_MS_ratio[gr_out], blocktype_d,
                   percep_entropy, percep_MS_entropy);
  return 0;
}
