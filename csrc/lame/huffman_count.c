/* Bit counting: takes the place of LAME's noquant_count_bits (takehiro.c is
   compiled with that name ending in _lame). */
#include <string.h>

#include "lame/huffman_choose.h"
#include "lame/internals.h"
#include "lame/kernels/kernels.h"

/* How many of the first `pairs` keys remain when those with no bit of `mask` set
   are dropped from the end. */
static int trim(const uint8_t *keys, int pairs, uint8_t mask) {
  uint64_t const masks = mask * 0x0101010101010101u;
  uint64_t eight;
  while (pairs >= 8) {
    memcpy(&eight, keys + pairs - 8, 8);
    if (eight & masks) return pairs - __builtin_clzll(eight & masks) / 8;
    pairs -= 8;
  }
  while (pairs > 0 && !(keys[pairs - 1] & mask)) pairs--;
  return pairs;
}

static inline int at_most(int value, int limit) { return value < limit ? value : limit; }

/* Sets the ends of the two regions that take table_select[0] and [1], and
   counts what is above them. */
static void divide_regions(lame_internal_flags const *gfc, gr_info *granule, const uint8_t *keys,
                           int ends[2], int *bits) {
  int const big_values = granule->big_values;
  const int *bands = gfc->scalefac_band.l;
  ends[1] = big_values;
  if (granule->block_type == SHORT_TYPE) {
    ends[0] = 3 * gfc->scalefac_band.s[3];
  } else if (granule->block_type == NORM_TYPE) {
    granule->region0_count = gfc->sv_qnt.bv_scf[big_values - 2];
    granule->region1_count = gfc->sv_qnt.bv_scf[big_values - 1];
    ends[0] = bands[granule->region0_count + 1];
    ends[1] = at_most(bands[granule->region0_count + granule->region1_count + 2], big_values);
    if (ends[1] < big_values)
      granule->table_select[2] =
          mp3a_choose_table(granule->l3_enc, keys, ends[1] / 2, big_values / 2, bits);
  } else {
    granule->region0_count = 7;
    granule->region1_count = SBMAX_l - 1 - 7 - 1;
    ends[0] = bands[7 + 1];
  }
  ends[0] = at_most(ends[0], big_values);
}

/* The first scale factor band above big_values, for quantize_changed(). */
static void note_big_values(lame_internal_flags const *gfc, gr_info const *granule,
                            calc_noise_data *noise) {
  if (granule->block_type != NORM_TYPE) return;
  int sfb = 0;
  for (int i = 0; i < SBMAX_l; i++) sfb += gfc->scalefac_band.l[i] < granule->big_values;
  noise->sfb_count1 = sfb;
}

int noquant_count_bits(lame_internal_flags const *const gfc, gr_info *const granule,
                       calc_noise_data *noise) {
  uint8_t keys[MP3A_COUNT_KEYS];
  int const limit = at_most((granule->max_nonzero_coeff + 2) / 2, MP3A_COUNT_PAIRS);
  mp3a_kernels()->huffman.pack(granule->l3_enc, 2 * limit, keys);
  if (noise) noise->sfb_count1 = 0;

  int const pairs = trim(keys, limit, 0xff);
  int const quads = (pairs - trim(keys, pairs, 0xee)) / 2;
  int const big_pairs = pairs - 2 * quads;
  int bits, ends[2];
  granule->count1 = 2 * pairs;
  granule->big_values = 2 * big_pairs;
  granule->count1table_select = mp3a_choose_quad_table(keys + big_pairs, quads, &bits);
  granule->count1bits = bits;
  if (big_pairs == 0) return bits;

  divide_regions(gfc, granule, keys, ends, &bits);
  if (ends[0] > 0)
    granule->table_select[0] = mp3a_choose_table(granule->l3_enc, keys, 0, ends[0] / 2, &bits);
  if (ends[0] < ends[1])
    granule->table_select[1] =
        mp3a_choose_table(granule->l3_enc, keys, ends[0] / 2, ends[1] / 2, &bits);
  if (gfc->cfg.use_best_huffman == 2) {
    granule->part2_3_length = bits;
    best_huffman_divide(gfc, granule);
    bits = granule->part2_3_length;
  }
  if (noise) note_big_values(gfc, granule, noise);
  return bits;
}
