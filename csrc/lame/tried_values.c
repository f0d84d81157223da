/* LAME's count_bits() quantizes anew what has another step than the last noise was of; from
   where its last call had ones only, a coarser band becomes ones and zeros, by another limit
   than elsewhere. Both come to the same as quantizing everything, unless a value lies between
   the two limits: then, which is rare, the rest of the search is left to count_bits(). */
#include "lame/tried_values.h"

#include <string.h>

#include "lame/band_layouts.h"
#include "lame/huffman_count.h"
#include "lame/kernels/kernels.h"

static inline int at_most(int value, int limit) { return value < limit ? value : limit; }

void mp3a_clear_halves(mp3a_tried_values *v) {
  memset(v->gfc->sv_qnt.pseudohalf, 0, sizeof v->gfc->sv_qnt.pseudohalf);
  v->halves = 0;
}

void mp3a_start_values(mp3a_tried_values *v, lame_internal_flags *gfc, const FLOAT *powers,
                       gr_info *granule) {
  int const has_substeps = (gfc->sv_qnt.substep_shaping & 2) != 0;
  v->gfc = gfc, v->powers = powers, v->granule = granule;
  v->last_band = v->is_last_cut = 0;
  v->changed = v->unmeasured = v->halves = v->dropped[1] = 0;
  v->layout = mp3a_band_layout_of(gfc, granule);
  while (v->layout->begin[v->last_band + 1] <= granule->max_nonzero_coeff) v->last_band++;
  for (int sfb = 0; has_substeps && sfb < granule->sfbmax; sfb++)
    v->halves |= (uint64_t)(gfc->sv_qnt.pseudohalf[sfb] != 0) << sfb;
  v->dropped[0] = v->halves;
  v->gain = granule->global_gain;
  v->pairs = at_most((granule->max_nonzero_coeff + 2) / 2, MP3A_COUNT_PAIRS);
  v->doubt = 0, v->ones_from = MP3A_LINES;
  v->is_as_lame = granule->part2_3_length >= LARGE_BITS;
  mp3a_kernels()->huffman.pack(granule->l3_enc, 2 * v->pairs, v->keys);
}

/* Takes the first run of blocks off: its lines. Returns 0 if there are none. */
static int next_run(uint32_t *blocks, int run[2]) {
  if (!*blocks) return 0;
  int const first = __builtin_ctz(*blocks), count = __builtin_ctz(~(*blocks >> first));
  *blocks &= ~(((1u << count) - 1) << first);
  run[0] = first * MP3A_COUNT_STEP;
  run[1] = (first + count) * MP3A_COUNT_STEP;
  return 1;
}

static void quantize_blocks(mp3a_tried_values *v, uint32_t blocks, FLOAT scale) {
  int run[2];
  if (blocks) v->doubt = 0;
  while (next_run(&blocks, run)) {
    int const doubt = mp3a_kernels()->quantize.lines_in_doubt(
        v->powers + run[0], scale, run[1] - run[0], v->granule->l3_enc + run[0]);
    if (doubt) v->doubt = run[0] + doubt;
  }
}

/* Substep shaping: in the bands marked for it, what is below a half of the first step goes; that
   depends on scalefac_scale at the time. */
static void drop_small_values(mp3a_tried_values *v, uint32_t blocks, int scale) {
  mp3a_quantize_kernels const *kernels = &mp3a_kernels()->quantize;
  FLOAT const limit = 0.634521682242439 / ipow20[v->granule->global_gain + scale];
  uint64_t const bands = v->dropped[scale];
  int *values = v->granule->l3_enc, run[2];
  for (uint64_t left = bands & ~(uint64_t)0xffffffff; left; left &= left - 1) {
    const int *begin = v->layout->begin + __builtin_ctzll(left);
    kernels->drop_small(v->powers + begin[0], limit, begin[1] - begin[0], values + begin[0]);
  }
  while ((uint32_t)bands && next_run(&blocks, run))
    kernels->drop_marked(v->powers + run[0], limit, v->layout->bit_of + run[0], (uint32_t)bands,
                         run[1] - run[0], values + run[0]);
}

static void shape_substeps(mp3a_tried_values *v, uint64_t changed, uint32_t blocks) {
  int const scale = v->granule->scalefac_scale;
  if (!(v->gfc->sv_qnt.substep_shaping & 2)) return;
  v->dropped[1 - scale] &= ~changed;
  v->dropped[scale] = (v->dropped[scale] & ~changed) | v->halves;
  drop_small_values(v, blocks, 0);
  drop_small_values(v, blocks, 1);
}

static void pack_blocks(mp3a_tried_values *v, uint32_t blocks) {
  int run[2];
  while (next_run(&blocks, run))
    mp3a_kernels()->huffman.pack(v->granule->l3_enc + run[0], run[1] - run[0],
                                 v->keys + run[0] / 2);
}

/* Where the band that holds the last line to code stays and one above it is done anew, LAME
   clears too much: that line, too. The steps of bands that noise isn't measured of are never
   known. */
static int is_last_line_cut(const mp3a_tried_values *v, const calc_noise_data *known) {
  uint64_t const changed = v->unmeasured;
  gr_info const *granule = v->granule;
  int const bands = granule->block_type == SHORT_TYPE ? 39 : SBMAX_l;
  uint64_t const above = ~(uint64_t)0 << v->last_band << 1;
  int const is_above_unknown = granule->psymax < bands && v->last_band + 1 < bands;
  if ((changed >> v->last_band & 1) || v->last_band >= granule->psymax) return 0;
  return v->is_last_cut || (granule->global_gain == known->global_gain &&
                            (is_above_unknown || (changed & above)));
}

/* Returns the block of the line if it is cut now. */
static uint32_t cut_last_line(mp3a_tried_values *v, const calc_noise_data *known) {
  int *last = v->granule->l3_enc + v->granule->max_nonzero_coeff;
  v->is_last_cut = is_last_line_cut(v, known);
  if (!v->is_last_cut || *last == 0) return 0;
  *last = 0;
  return 1u << v->granule->max_nonzero_coeff / MP3A_COUNT_STEP;
}

static int is_in_doubt(const mp3a_tried_values *v) { return v->doubt > v->ones_from; }

int mp3a_are_values_settled(const mp3a_tried_values *v, const calc_noise_data *known) {
  return !v->is_as_lame && v->changed == 0 && v->gain == v->granule->global_gain &&
         !is_in_doubt(v) && v->is_last_cut == is_last_line_cut(v, known);
}

static int count_as_lame(mp3a_tried_values *v, calc_noise_data *known) {
  return count_bits(v->gfc, v->powers, v->granule, known);
}

/* Tells count_bits() what its last call would have left. */
static void go_on_as_lame(mp3a_tried_values *v, calc_noise_data *known) {
  int sfb = 0;
  while (sfb < SBMAX_l && v->gfc->scalefac_band.l[sfb] < v->ones_from) sfb++;
  known->sfb_count1 = v->ones_from < MP3A_LINES ? sfb : 0;
  v->is_as_lame = 1;
}

/* What may have other values. A coarser step leaves zeros zero, far from any doubt, unless it
   was something else that made them zero. One run is done sooner than two with a gap. */
static uint32_t blocks_to_quantize(const mp3a_tried_values *v) {
  enum { ALL = (1u << MP3A_VALUE_BLOCKS) - 1 };
  gr_info const *granule = v->granule;
  uint64_t bands = v->changed;
  uint32_t blocks = 0;
  if (granule->global_gain == v->gain) {
    for (; bands; bands &= bands - 1) blocks |= v->layout->blocks_of[__builtin_ctzll(bands)];
    return blocks;
  }
  if (granule->global_gain < v->gain) return ALL;
  bands |= v->dropped[0] | v->dropped[1];
  if (bands) blocks = v->layout->blocks_of[63 - __builtin_clzll(bands)];
  if (v->is_last_cut) blocks |= 1u << granule->max_nonzero_coeff / MP3A_COUNT_STEP;
  blocks |= (1u << (granule->count1 + MP3A_COUNT_STEP - 1) / MP3A_COUNT_STEP) - 1;
  return blocks ? ALL >> (__builtin_clz(blocks) - __builtin_clz(ALL)) : 0;
}

int mp3a_count_values(mp3a_tried_values *v, calc_noise_data *known) {
  enum { LOWEST_GAIN = 64 }; /* below, a step may be 0, as unknown ones are */
  gr_info *granule = v->granule;
  FLOAT const scale = ipow20[granule->global_gain];
  FLOAT const limit = IXMAX_VAL / scale;
  if (!v->is_as_lame && granule->global_gain < LOWEST_GAIN) go_on_as_lame(v, known);
  if (v->is_as_lame) return count_as_lame(v, known);
  if (granule->xrpow_max > limit) return LARGE_BITS;

  uint64_t const changed = granule->global_gain != v->gain ? ~(uint64_t)0 : v->changed;
  uint32_t blocks = blocks_to_quantize(v);
  v->unmeasured |= changed;
  quantize_blocks(v, blocks, scale);
  shape_substeps(v, changed, blocks);
  blocks |= cut_last_line(v, known);
  if (is_in_doubt(v)) {
    go_on_as_lame(v, known);
    return count_as_lame(v, known);
  }
  pack_blocks(v, blocks);
  v->gain = granule->global_gain, v->changed = 0;
  int const bits = mp3a_count_keys(v->gfc, granule, v->keys, v->pairs);
  int const has_ones = granule->block_type == NORM_TYPE && granule->big_values > 0;
  v->ones_from = has_ones ? granule->big_values : MP3A_LINES;
  return bits;
}
