/* The best division of a granule's big values into regions: takes the place of
   LAME's best_huffman_divide (takehiro.c is compiled with that name ending in
   _lame). LAME counts the bits of every candidate region anew; here the lengths
   by all tables are summed once, and a region's are the difference of two sums. */
#include "lame/hand_off.h"
#include "lame/huffman_choose.h"
#include "lame/internals.h"
#include "lame/kernels/kernels.h"

static inline int larger(int a, int b) { return a > b ? a : b; }

/* ---- sums ---- */

typedef struct {
  const int *quantized, *edges; /* of the scale factor bands */
  int bands, big_values;        /* bands that start below big_values */
  uint8_t keys[MP3A_COUNT_KEYS];
  mp3a_length_sums sums[SBMAX_l + 1]; /* of all bands before */
  int largest[SBMAX_l];
} band_sums;

static void sum_band(band_sums *s, int band) {
  int const begin = s->edges[band];
  int const end = s->edges[band + 1] < s->big_values ? s->edges[band + 1] : s->big_values;
  int largest = mp3a_kernels()->huffman_sums.add(s->sums[band], s->keys + begin / 2,
                                                 (end - begin) / 2, s->sums[band + 1]);
  for (int i = begin; largest >= 15 && i < end; i++)
    largest = s->quantized[i] > largest ? s->quantized[i] : largest;
  s->largest[band] = largest;
}

static void end_at(band_sums *s, int big_values) {
  s->big_values = big_values;
  for (s->bands = 0; s->bands < SBMAX_l && s->edges[s->bands] < big_values;) s->bands++;
}

/* The best table for the bands from `begin` up to `end`, as mp3a_choose_tables(). */
static int choose(const band_sums *s, int begin, int end) {
  const uint16_t *before = s->sums[begin], *after = s->sums[end];
  unsigned lengths[3];
  int largest = 0, unused = 0;
  for (int i = begin; i < end; i++) largest = larger(largest, s->largest[i]);
  if (largest == 0) return 0;
  if (largest > 15) {
    lengths[0] = (uint16_t)(after[MP3A_LOW_SUM] - before[MP3A_LOW_SUM]);
    lengths[1] = (uint16_t)(after[MP3A_HIGH_SUM] - before[MP3A_HIGH_SUM]);
    lengths[2] = (uint16_t)(after[MP3A_LAST_BIT_SUM] - before[MP3A_LAST_BIT_SUM]) - lengths[0];
  } else {
    int const first = mp3a_sum_of_table(mp3a_candidate_tables[largest].table);
    for (int i = 0; i < mp3a_candidate_tables[largest].count; i++)
      lengths[i] = (uint16_t)(after[first + i] - before[first + i]);
  }
  return mp3a_choose_by_lengths(largest, lengths, &unused);
}

/* The bits of `count` regions, each by its best table: those that begin with the band `fixed`, each
   a band longer than the one before, or, downwards, those that end before it. */
static void count_growing(const band_sums *s, int fixed, int direction, int count, unsigned *bits) {
  mp3a_kernels()->huffman_sums.grow(s->sums, s->largest, fixed, direction, count, bits);
}

/* ---- divisions ---- */

enum { MAX_REGION0 = 16, MAX_REGION1 = 8, ENDS = MAX_REGION0 + MAX_REGION1 - 1 };

static inline int smaller(int a, int b) { return a < b ? a : b; }

/* Per end of region 1 (two bands or more, less two), the fewest bits and, in the lowest byte, the
   first region 0 with them (its bands, less one). */
static void divide_twice(const band_sums *s, unsigned best[ENDS]) {
  unsigned bits0[MAX_REGION0], bits1[MAX_REGION1];
  int const most0 = smaller(MAX_REGION0, s->bands - 1);
  for (int i = 0; i < ENDS; i++) best[i] = LARGE_BITS << 8;
  if (most0 > 0) count_growing(s, 0, 1, most0, bits0);
  for (int r0 = 0; r0 < most0; r0++) {
    int const most1 = smaller(MAX_REGION1, s->bands - r0 - 2);
    if (most1 > 0) count_growing(s, r0 + 1, 1, most1, bits1);
    for (int r1 = 0; r1 < most1; r1++) {
      unsigned const bits = (bits0[r0] + bits1[r1]) << 8 | (unsigned)r0;
      best[r0 + r1] = bits < best[r0 + r1] ? bits : best[r0 + r1];
    }
  }
}

/* The parts of gr_info that say how big values and quadruples are divided. */
typedef struct {
  int big_values, count1, count1bits, count1table_select;
} upper_part;

static void set_regions(const band_sums *s, int region0, int end1, gr_info *granule) {
  int const end0 = region0 + 1;
  granule->region0_count = region0;
  granule->region1_count = end1 - end0 - 1;
  granule->table_select[0] = choose(s, 0, end0);
  granule->table_select[1] = choose(s, end0, end1);
  granule->table_select[2] = choose(s, end1, s->bands);
}

/* Adds the third region and takes what is shorter than the granule's code. */
static void take_shorter(const band_sums *s, const unsigned best[ENDS], const upper_part *part,
                         gr_info *granule) {
  unsigned bits[SBMAX_l]; /* of the regions up to the last band, the shortest first */
  int shortest = 0, region0 = 0;
  if (s->bands > 2) count_growing(s, s->bands, -1, s->bands - 2, bits);
  for (int r2 = 2; r2 < s->bands; r2++) {
    int const below = (int)(best[r2 - 2] >> 8) + part->count1bits;
    int const total = below + (int)bits[s->bands - 1 - r2];
    if (granule->part2_3_length <= below) break;
    if (granule->part2_3_length <= total) continue;
    granule->part2_3_length = total;
    shortest = r2, region0 = (int)(best[r2 - 2] & 255);
  }
  if (!shortest) return;
  granule->big_values = part->big_values;
  granule->count1 = part->count1;
  granule->count1bits = part->count1bits;
  granule->count1table_select = part->count1table_select;
  set_regions(s, region0, shortest, granule);
}

/* Blocks of other types have two regions with one possible border. */
static void take_if_shorter(const band_sums *s, const upper_part *part, gr_info *granule) {
  int bits = part->count1bits;
  int const end = part->big_values / 2, border = s->edges[8] / 2 < end ? s->edges[8] / 2 : end;
  int const ends[MP3A_REGIONS + 1] = {0, border, end, end};
  int tables[MP3A_REGIONS] = {granule->table_select[0], granule->table_select[1]};
  mp3a_choose_tables(s->quantized, s->keys, ends, tables, &bits);
  if (granule->part2_3_length <= bits) return;
  granule->part2_3_length = bits;
  granule->big_values = part->big_values;
  granule->count1 = part->count1;
  granule->count1bits = part->count1bits;
  granule->count1table_select = part->count1table_select;
  granule->table_select[0] = tables[0];
  granule->table_select[1] = tables[1];
}

/* First with the granule's quadruples; then, where its last big values are at
   most 1, with quadruples that start one pair earlier and end one pair later. */
void best_huffman_divide(const lame_internal_flags *const gfc, gr_info *const granule) {
  band_sums s;
  unsigned best[ENDS];
  int const big_pairs = granule->big_values / 2;
  int const is_normal = granule->block_type == NORM_TYPE;
  upper_part part = {granule->big_values, granule->count1, granule->count1bits,
                     granule->count1table_select};
  if (granule->block_type == SHORT_TYPE && gfc->cfg.mode_gr == 1) return;
  if (mp3a_hand_off_ignores_size(gfc, granule)) return;

  s.quantized = granule->l3_enc;
  s.edges = gfc->scalefac_band.l;
  int const lines = part.count1 < MP3A_LINES - 1 ? part.count1 + 2 : MP3A_LINES;
  mp3a_kernels()->huffman.pack(granule->l3_enc, lines, s.keys);
  if (is_normal) {
    end_at(&s, part.big_values);
    for (int i = 0; i < MP3A_SUMMED_TABLES; i++) s.sums[0][i] = 0;
    for (int band = 0; band < s.bands; band++) sum_band(&s, band);
    divide_twice(&s, best);
    take_shorter(&s, best, &part, granule);
  }

  if (big_pairs == 0 || (s.keys[big_pairs - 1] & 0xee) || part.count1 + 2 > MP3A_LINES) return;
  part.big_values -= 2;
  part.count1 += 2;
  part.count1table_select = mp3a_choose_quad_table(s.keys + big_pairs - 1,
                                                   (part.count1 - part.big_values) / 4,
                                                   &part.count1bits);
  if (is_normal) {
    end_at(&s, part.big_values);
    if (s.bands > 0) sum_band(&s, s.bands - 1);
    take_shorter(&s, best, &part, granule);
  } else {
    take_if_shorter(&s, &part, granule);
  }
}
