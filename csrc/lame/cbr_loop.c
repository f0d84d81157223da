/* The quantization of a frame at a constant bitrate: takes the place of LAME's
   CBR_iteration_loop (quantize.c is compiled with that name ending in _lame, and
   still does the frame in settings that nobody has). Each granule is coded with
   the smallest global gain that its bits allow; up to quality 6 scale factors
   then shape the noise, from 7 on all are 0.

   Without shaping, what LAME's calc_xmin() works out of masking and of the
   threshold in quiet is left out: its noise limits go to outer_loop(), which
   returns before it reads them; energy_above_cutoff is read by the VBR code
   only. What remains is max_nonzero_coeff, which follows from the spectrum.
   The frame analyser (pinfo) would call calc_xmin() itself, but it also draws
   what LAME's loop leaves behind: there LAME's loop runs. */
#include <math.h>
#include <string.h>

#include "lame/allowed_noise.h"
#include "lame/cbr_loop.h"
#include "lame/kernels/kernels.h"
#include "lame/noise_shaping.h"

void CBR_iteration_loop_lame(lame_internal_flags *gfc, const FLOAT pe[2][2],
                             const FLOAT ms_ener_ratio[2], const III_psy_ratio ratio[2][2]);

void mp3a_convert_to_mid_side(gr_info pair[2]) {
  FLOAT *left = pair[0].xr, *right = pair[1].xr;
  for (int i = 0; i < MP3A_LINES; i++) {
    FLOAT const l = left[i], r = right[i];
    left[i] = (l + r) * (FLOAT)(SQRT2 * 0.5);
    right[i] = (l - r) * (FLOAT)(SQRT2 * 0.5);
  }
}

/* ---- a granule before its quantization ---- */

/* The bands of short blocks: by frequency, three windows each. The lines come
   ordered by frequency and go out by band, then by window. */
static void set_short_bands(lame_internal_flags const *gfc, gr_info *granule) {
  const int *edges = gfc->scalefac_band.s;
  int const with_sfb21 = gfc->sv_qnt.sfb21_extra ? SBMAX_s : SBPSY_s;
  int const is_8khz = gfc->cfg.samplerate_out <= 8000;
  FLOAT lines[MP3A_LINES], *out = granule->xr;
  granule->sfb_smin = granule->sfb_lmax = granule->psy_lmax = 0;
  granule->psymax = 3 * (is_8khz ? 9 : with_sfb21);
  granule->sfbmax = 3 * (is_8khz ? 9 : SBPSY_s);
  granule->sfbdivide = granule->sfbmax - 18;
  memcpy(lines, granule->xr, sizeof lines);
  for (int sfb = 0; sfb < SBMAX_s; sfb++) {
    for (int window = 0; window < 3; window++) {
      for (int i = edges[sfb]; i < edges[sfb + 1]; i++) *out++ = lines[3 * i + window];
      granule->width[3 * sfb + window] = edges[sfb + 1] - edges[sfb];
      granule->window[3 * sfb + window] = window;
    }
  }
}

static void set_long_bands(lame_internal_flags const *gfc, gr_info *granule) {
  int const is_8khz = gfc->cfg.samplerate_out <= 8000;
  int const with_sfb21 = gfc->sv_qnt.sfb21_extra ? SBMAX_l : SBPSY_l;
  granule->sfb_lmax = granule->sfbmax = is_8khz ? 17 : SBPSY_l;
  granule->sfb_smin = is_8khz ? 9 : SBPSY_s;
  granule->psy_lmax = granule->psymax = is_8khz ? 17 : with_sfb21;
  granule->sfbdivide = 11;
  for (int sfb = 0; sfb < SBMAX_l; sfb++) {
    granule->width[sfb] = gfc->scalefac_band.l[sfb + 1] - gfc->scalefac_band.l[sfb];
    granule->window[sfb] = 3;
  }
}

static void start_granule(lame_internal_flags const *gfc, gr_info *granule) {
  granule->part2_3_length = granule->part2_length = 0;
  granule->big_values = granule->count1 = granule->count1bits = 0;
  granule->count1table_select = 0;
  granule->global_gain = 210;
  granule->scalefac_compress = granule->scalefac_scale = granule->preflag = 0;
  granule->region0_count = granule->region1_count = 0;
  granule->sfb_partition_table = nr_of_sfb_block[0][0];
  granule->max_nonzero_coeff = MP3A_LINES - 1;
  memset(granule->table_select, 0, sizeof granule->table_select);
  memset(granule->subblock_gain, 0, sizeof granule->subblock_gain);
  memset(granule->slen, 0, sizeof granule->slen);
  memset(granule->scalefac, 0, sizeof granule->scalefac);
  set_long_bands(gfc, granule);
  if (granule->block_type == SHORT_TYPE) set_short_bands(gfc, granule);
}

/* Returns 0 for a silent granule, whose values are then 0. */
static int raise_lines(lame_internal_flags *gfc, gr_info *granule, FLOAT powers[MP3A_LINES]) {
  FLOAT sum = 0;
  granule->xrpow_max = 0;
  gfc->init_xrpow_core(granule, powers, MP3A_LINES - 1, &sum);
  if (sum > 1e-20f) {
    int const half = (gfc->sv_qnt.substep_shaping & 2) != 0;
    for (int sfb = 0; sfb < granule->psymax; sfb++) gfc->sv_qnt.pseudohalf[sfb] = half;
    return 1;
  }
  memset(granule->l3_enc, 0, sizeof granule->l3_enc);
  return 0;
}

/* ---- the search for a gain ---- */

typedef struct {
  int gain, step, is_narrowing, last_direction;
} gain_search;

/* One step towards the target, half as wide after each turn. */
static void take_step(gain_search *search, int direction) {
  if (search->last_direction == -direction) search->is_narrowing = 1;
  if (search->is_narrowing) search->step /= 2;
  search->last_direction = direction;
  search->gain += direction * search->step;
  if (search->gain < 0 || search->gain > 255) {
    search->gain = search->gain < 0 ? 0 : 255;
    search->is_narrowing = 1;
  }
}

static int count_at(lame_internal_flags const *gfc, const FLOAT *powers, gr_info *granule,
                    int gain) {
  granule->global_gain = gain;
  return count_bits(gfc, powers, granule, 0);
}

static void search_gain(lame_internal_flags *gfc, gr_info *granule, int target, int ch,
                        const FLOAT *powers) {
  QntStateVar_t *state = &gfc->sv_qnt;
  int const start = state->OldValue[ch];
  gain_search search = {start, state->CurrentStep[ch], 0, 0};
  int bits = count_at(gfc, powers, granule, search.gain);
  while (search.step != 1 && bits != target) {
    take_step(&search, bits > target ? 1 : -1);
    bits = count_at(gfc, powers, granule, search.gain);
  }
  while (bits > target && search.gain < 255)
    bits = count_at(gfc, powers, granule, ++search.gain);
  state->CurrentStep[ch] = start - search.gain >= 4 ? 4 : 2;
  state->OldValue[ch] = search.gain;
  granule->part2_3_length = bits;
}

/* ---- frames ---- */

/* What best_scalefac_store() makes of scale factors that are all 0, which need
   no bits. In MPEG-1, long blocks: without values in the bands from 11 on, which
   preemphasis applies to, it turns that on; and the second granule shares the
   factors of the first, marked by -1. */
static void store_scalefactors(lame_internal_flags *gfc, int gr, int ch) {
  III_side_info_t *side = &gfc->l3_side;
  gr_info *granule = &side->tt[gr][ch];
  memset(side->scfsi[ch], 0, sizeof side->scfsi[ch]);
  if (gfc->cfg.mode_gr == 1 || granule->block_type == SHORT_TYPE) return;
  int i = gfc->scalefac_band.l[11];
  while (i < gfc->scalefac_band.l[SBPSY_l] && granule->l3_enc[i] == 0) i++;
  granule->preflag = i == gfc->scalefac_band.l[SBPSY_l];
  if (gr == 0 || side->tt[0][ch].block_type == SHORT_TYPE) return;
  for (int band = 0; band < 4; band++) side->scfsi[ch][band] = 1;
  for (int sfb = 0; sfb < SBPSY_l; sfb++) granule->scalefac[sfb] = -1;
}

void mp3a_encode_granule(lame_internal_flags *gfc, int gr, int ch, const III_psy_ratio *ratio,
                         int target, int silent_target) {
  gr_info *granule = &gfc->l3_side.tt[gr][ch];
  int const is_shaped = gfc->cfg.noise_shaping;
  FLOAT powers[MP3A_LINES], allowed[SFBMAX], energy[SFBMAX];
  start_granule(gfc, granule);
  if (raise_lines(gfc, granule, powers)) {
    int is_audible;
    if (is_shaped) {
      is_audible = mp3a_allow_noise(gfc, ratio, granule, allowed, energy) > 0;
    } else {
      granule->max_nonzero_coeff = mp3a_last_line_to_code(gfc, granule);
      is_audible = silent_target < 0 || mp3a_is_audible(gfc, granule);
    }
    if (!is_audible && silent_target >= 0) target = silent_target;
    search_gain(gfc, granule, target, ch, powers);
    if (is_shaped) mp3a_shape_noise(gfc, granule, allowed, energy, powers, target);
  }
  if (is_shaped)
    best_scalefac_store(gfc, gr, ch, &gfc->l3_side);
  else
    store_scalefactors(gfc, gr, ch);
  if (gfc->cfg.use_best_huffman == 1) best_huffman_divide(gfc, granule);
  ResvAdjust(gfc, granule);
}

/* LAME sets it for each granule in turn; the psychoacoustic model of the next
   frame reads what the last one left. */
void mp3a_set_masking_lower(lame_internal_flags *gfc) {
  QntStateVar_t *state = &gfc->sv_qnt;
  int const gr = gfc->cfg.mode_gr - 1, ch = gfc->cfg.channels_out - 1;
  int const is_short = gfc->l3_side.tt[gr][ch].block_type == SHORT_TYPE;
  FLOAT const db = is_short ? state->mask_adjust_short : state->mask_adjust;
  state->masking_lower = pow(10.0, db * 0.1);
}

int mp3a_is_unusual_frame(const lame_internal_flags *gfc) {
  int const substeps = gfc->sv_qnt.substep_shaping;
  int is_mixed = 0;
  for (int gr = 0; gr < gfc->cfg.mode_gr; gr++)
    for (int ch = 0; ch < gfc->cfg.channels_out; ch++)
      is_mixed |= gfc->l3_side.tt[gr][ch].mixed_block_flag;
  return is_mixed || gfc->pinfo || (substeps & 1) || (!gfc->cfg.noise_shaping && (substeps & 2));
}

void CBR_iteration_loop(lame_internal_flags *gfc, const FLOAT pe[2][2],
                        const FLOAT ms_ener_ratio[2], const III_psy_ratio ratio[2][2]) {
  III_side_info_t *side = &gfc->l3_side;
  int targets[2], mean_bits;
  if (mp3a_is_unusual_frame(gfc)) {
    CBR_iteration_loop_lame(gfc, pe, ms_ener_ratio, ratio);
    return;
  }
  ResvFrameBegin(gfc, &mean_bits);
  for (int gr = 0; gr < gfc->cfg.mode_gr; gr++) {
    int const most_bits = on_pe(gfc, pe, targets, mean_bits, gr, gr);
    if (gfc->ov_enc.mode_ext == MPG_MD_MS_LR) {
      mp3a_convert_to_mid_side(side->tt[gr]);
      reduce_side(targets, ms_ener_ratio[gr], mean_bits, most_bits);
    }
    for (int ch = 0; ch < gfc->cfg.channels_out; ch++)
      mp3a_encode_granule(gfc, gr, ch, &ratio[gr][ch], targets[ch], -1);
  }
  mp3a_set_masking_lower(gfc);
  ResvFrameEnd(gfc, mean_bits);
}
