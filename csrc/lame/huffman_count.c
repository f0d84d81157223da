/* Bit counting: takes the place of LAME's noquant_count_bits (takehiro.c is
   compiled with that name ending in _lame). */
#include "lame/huffman_choose.h"
#include "lame/huffman_count.h"
#include "lame/internals.h"
#include "lame/kernels/kernels.h"

static inline int at_most(int value, int limit) { return value < limit ? value : limit; }

/* Sets where the regions of the big values end, in pairs. */
static void divide_regions(lame_internal_flags const *gfc, gr_info *granule,
                           int ends[MP3A_REGIONS + 1]) {
  int const big_values = granule->big_values;
  const int *bands = gfc->scalefac_band.l;
  int end0, end1 = big_values;
  if (granule->block_type == SHORT_TYPE) {
    end0 = 3 * gfc->scalefac_band.s[3];
  } else if (granule->block_type == NORM_TYPE) {
    granule->region0_count = gfc->sv_qnt.bv_scf[big_values - 2];
    granule->region1_count = gfc->sv_qnt.bv_scf[big_values - 1];
    end0 = bands[granule->region0_count + 1];
    end1 = at_most(bands[granule->region0_count + granule->region1_count + 2], big_values);
  } else {
    granule->region0_count = 7;
    granule->region1_count = SBMAX_l - 1 - 7 - 1;
    end0 = bands[7 + 1];
  }
  ends[0] = 0;
  ends[1] = at_most(end0, end1) / 2;
  ends[2] = end1 / 2;
  ends[3] = big_values / 2;
}

/* The first scale factor band above big_values, for quantize_changed(). */
static void note_big_values(lame_internal_flags const *gfc, gr_info const *granule,
                            calc_noise_data *noise) {
  if (granule->block_type != NORM_TYPE) return;
  int sfb = 0;
  for (int i = 0; i < SBMAX_l; i++) sfb += gfc->scalefac_band.l[i] < granule->big_values;
  noise->sfb_count1 = sfb;
}

int mp3a_count_keys(lame_internal_flags const *gfc, gr_info *granule, const uint8_t *keys,
                    int pairs) {
  int bits, coded[2], ends[MP3A_REGIONS + 1];
  mp3a_kernels()->huffman.ends(keys, pairs, coded);
  int const quads = (coded[0] - coded[1]) / 2, big_pairs = coded[0] - 2 * quads;
  granule->count1 = 2 * coded[0];
  granule->big_values = 2 * big_pairs;
  granule->count1table_select = mp3a_choose_quad_table(keys + big_pairs, quads, &bits);
  granule->count1bits = bits;
  if (big_pairs == 0) return bits;
  divide_regions(gfc, granule, ends);
  mp3a_choose_tables(granule->l3_enc, keys, ends, granule->table_select, &bits);
  return bits;
}

int noquant_count_bits(lame_internal_flags const *const gfc, gr_info *const granule,
                       calc_noise_data *noise) {
  uint8_t keys[MP3A_COUNT_KEYS];
  int const pairs = at_most((granule->max_nonzero_coeff + 2) / 2, MP3A_COUNT_PAIRS);
  mp3a_kernels()->huffman.pack(granule->l3_enc, 2 * pairs, keys);
  if (noise) noise->sfb_count1 = 0;
  int const bits = mp3a_count_keys(gfc, granule, keys, pairs);
  if (granule->big_values == 0) return bits;
  if (noise) note_big_values(gfc, granule, noise);
  return bits;
}
