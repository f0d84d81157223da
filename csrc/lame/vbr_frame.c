/* A frame of variable bitrate: takes the place of LAME's VBR_encode_frame
   (vbrquantize.c is compiled with that name ending in _lame). A frame that needs
   more bits than there are is left to LAME's, which makes it coarser step by step. */
#include <string.h>

#include "lame/internals.h"
#include "lame/kernels/kernels.h"
#include "lame/quantize.h"
#include "lame/vbr_scale_factors.h"
#include "lame/vbr_search.h"
#include "lame/vbr_store.h"
#include "libmp3lame/vbrquantize.h"

typedef const FLOAT frame_powers[2][2][MP3A_LINES];
typedef const FLOAT frame_noises[2][2][SFBMAX];

int VBR_encode_frame_lame(lame_internal_flags *gfc, frame_powers powers, frame_noises allowed,
                          const int most_bits[2][2]);

/* What is smaller, times its scale, becomes 0. */
static const FLOAT smallest_one = 0x1.306fe2p-1f;

/* Runs of bands with the same step at once; zeros behind the last line. Says which bands have
   other values. */
static void quantize_granule(gr_info *granule, const FLOAT powers[MP3A_LINES],
                             const FLOAT largest[SFBMAX], char has_values[SFBMAX]) {
  int step[SFBMAX], begin = 0, end = 0;
  int const lines = granule->max_nonzero_coeff + 1;
  mp3a_band_steps(granule, granule->block_type == SHORT_TYPE ? 39 : 22, step);
  for (int sfb = 0; end < lines; begin = end) {
    int const now = step[sfb];
    FLOAT const scale = ipow20[(uint8_t)now];
    do {
      has_values[sfb] = largest[sfb] * scale >= smallest_one;
      end += granule->width[sfb++];
    } while (end < lines && step[sfb] == now);
    int const count = (end < lines ? end : lines) - begin;
    mp3a_kernels()->quantize.lines(powers + begin, scale, count, granule->l3_enc + begin);
  }
  memset(granule->l3_enc + lines, 0, sizeof(int) * (size_t)(MP3A_LINES - lines));
}

/* Returns its bits. What is stored for silence, which has no steps, is made shorter too. */
static int code_granule(lame_internal_flags *gfc, int gr, int ch,
                        const FLOAT powers[MP3A_LINES], const mp3a_vbr_steps *steps) {
  gr_info *granule = &gfc->l3_side.tt[gr][ch];
  char has_values[SFBMAX] = {0};
  if (steps) {
    quantize_granule(granule, powers, steps->largest_power, has_values);
    granule->part2_3_length = noquant_count_bits(gfc, granule, NULL);
  }
  mp3a_store_vbr_scale_factors(gfc, gr, ch, has_values);
  if (gfc->cfg.use_best_huffman == 1) best_huffman_divide(gfc, granule);
  return granule->part2_3_length + granule->part2_length;
}

/* Returns the frame's bits, or -1 where a granule or a channel has too many. */
static int code_frame(lame_internal_flags *gfc, frame_powers powers, const int most_bits[2][2],
                      const mp3a_vbr_steps steps[2][2]) {
  int frame = 0, is_within = 1;
  for (int gr = 0; gr < gfc->cfg.mode_gr; gr++) {
    int both = 0;
    for (int ch = 0; ch < gfc->cfg.channels_out; ch++) {
      int const bits = code_granule(gfc, gr, ch, powers[gr][ch],
                                    most_bits[gr][ch] > 0 ? &steps[gr][ch] : NULL);
      is_within &= bits <= MAX_BITS_PER_CHANNEL;
      both += bits;
    }
    is_within &= both <= MAX_BITS_PER_GRANULE;
    frame += both;
  }
  return is_within ? frame : -1;
}

/* ---- frames with too many bits ---- */

/* Allowed noise for which LAME's estimate, 210 + (int)(c log10(allowed / count) -
   0.5) with the c of below, is `step`: from the middle of what the cast makes
   equal. An exponent with a linear fraction is off by 0.15 of a step. */
static FLOAT allowed_for(int step, int count) {
  FLOAT const steps_per_octave = 5.799142446f * 0.30103f;
  FLOAT const middle = (FLOAT)(step - 210) + (step < 210 ? -0.5f : step > 210 ? 0.5f : 0);
  union { int bits; FLOAT value; } power;
  power.bits = (int)(((middle + 0.5f) / steps_per_octave + 127) * 0x1p23f);
  return power.value * (FLOAT)count;
}

/* A negative full_outer_loop, which quality 7 and above have, lets LAME take its
   estimate in place of a search: it gets allowances that lead to what was found. */
static int leave_to_lame(lame_internal_flags *gfc, frame_powers powers,
                         const int most_bits[2][2], const mp3a_vbr_steps steps[2][2]) {
  int const before = gfc->cfg.full_outer_loop;
  FLOAT allowed[2][2][SFBMAX] = {{{0}}};
  memset(gfc->l3_side.scfsi, 0, sizeof gfc->l3_side.scfsi);
  for (int gr = 0; gr < gfc->cfg.mode_gr; gr++)
    for (int ch = 0; ch < gfc->cfg.channels_out; ch++) {
      gr_info *granule = &gfc->l3_side.tt[gr][ch];
      const int *found = steps[gr][ch].found;
      granule->scalefac_compress = 0;
      for (int sfb = 0, begin = 0; sfb < SFBMAX && most_bits[gr][ch] > 0;
           begin += granule->width[sfb++])
        if (found[sfb] >= 0)
          allowed[gr][ch][sfb] = allowed_for(found[sfb], mp3a_band_lines(granule, sfb, begin));
    }
  gfc->cfg.full_outer_loop = -1;
  int const bits = VBR_encode_frame_lame(gfc, powers, (const FLOAT(*)[2][SFBMAX])allowed,
                                         most_bits);
  gfc->cfg.full_outer_loop = before;
  return bits;
}

int VBR_encode_frame(lame_internal_flags *gfc, frame_powers powers, frame_noises allowed,
                     const int most_bits[2][2]) {
  SessionConfig_t const *cfg = &gfc->cfg;
  mp3a_vbr_steps steps[2][2];
  int most = 0, is_written = 1;
  for (int gr = 0; gr < cfg->mode_gr; gr++)
    for (int ch = 0; ch < cfg->channels_out; ch++) {
      gr_info *granule = &gfc->l3_side.tt[gr][ch];
      most += most_bits[gr][ch];
      if (most_bits[gr][ch] <= 0) continue;
      mp3a_search_vbr_steps(granule, powers[gr][ch], allowed[gr][ch], cfg->full_outer_loop >= 0,
                            &steps[gr][ch]);
      mp3a_set_vbr_scale_factors(cfg, granule, &steps[gr][ch]);
      is_written &= scale_bitcount(gfc, granule) == 0;
    }
  int const bits =
      is_written ? code_frame(gfc, powers, most_bits, (const mp3a_vbr_steps(*)[2])steps) : -1;
  if (bits >= 0 && bits <= most) return bits;
  return leave_to_lame(gfc, powers, most_bits, (const mp3a_vbr_steps(*)[2])steps);
}
