/* The best division of a granule's big values into regions: takes the place of
   LAME's best_huffman_divide (takehiro.c is compiled with that name ending in
   _lame). LAME counts the bits of every candidate region anew; here the lengths
   by all tables are summed once, and a region's are the difference of two sums. */
#include "common/once.h"
#include "lame/hand_off.h"
#include "lame/huffman_choose.h"
#include "lame/internals.h"
#include "lame/kernels/kernels.h"

enum { SUMMED_TABLES = 16, LAST_BIT_TABLE = 12, LOW_ESCAPED = 14, HIGH_ESCAPED = 15 };
static const uint8_t summed_tables[SUMMED_TABLES] = {1,  2,  3,  5,  6,  7,  8,  9,
                                                     10, 11, 12, 13, 14, 15, 16, 24};

typedef uint16_t length_sums __attribute__((vector_size(2 * SUMMED_TABLES), aligned(16)));

static length_sums key_lengths[256]; /* per pair, by each of summed_tables */
static uint8_t index_of_table[16];   /* its place in summed_tables */

static void fill_key_lengths(void) {
  static mp3a_once once;
  if (!mp3a_once_begin(&once)) return;
  for (int i = 0; i < SUMMED_TABLES; i++) {
    for (int key = 0; key < 256; key++)
      key_lengths[key][i] = (uint16_t)mp3a_code_length(summed_tables[i], key >> 4, key & 15);
    if (summed_tables[i] < 16) index_of_table[summed_tables[i]] = (uint8_t)i;
  }
  mp3a_once_end(&once);
}

/* ---- sums ---- */

typedef struct {
  const int *quantized, *edges; /* of the scale factor bands */
  int bands, big_values;        /* bands that start below big_values */
  uint8_t keys[MP3A_COUNT_KEYS];
  uint16_t sums[SBMAX_l + 1][SUMMED_TABLES]; /* of all bands before */
  int largest[SBMAX_l];
} band_sums;

static int largest_in_band(const band_sums *s, int begin, int end) {
  int low = 0, high = 0, largest = 0;
  for (int i = begin / 2; i < end / 2; i++) {
    int const x = s->keys[i] >> 4, y = s->keys[i] & 15;
    high = x > high ? x : high;
    low = y > low ? y : low;
  }
  if (low < 15 && high < 15) return low > high ? low : high;
  for (int i = begin; i < end; i++)
    largest = s->quantized[i] > largest ? s->quantized[i] : largest;
  return largest;
}

static void sum_band(band_sums *s, int band) {
  int const begin = s->edges[band];
  int const end = s->edges[band + 1] < s->big_values ? s->edges[band + 1] : s->big_values;
  length_sums even, odd = {0};
  __builtin_memcpy(&even, s->sums[band], sizeof even);
  int i = begin / 2;
  for (; i + 2 <= end / 2; i += 2) {
    even += key_lengths[s->keys[i]];
    odd += key_lengths[s->keys[i + 1]];
  }
  if (i < end / 2) even += key_lengths[s->keys[i]];
  even += odd;
  __builtin_memcpy(s->sums[band + 1], &even, sizeof even);
  s->largest[band] = largest_in_band(s, begin, end);
}

static void end_at(band_sums *s, int big_values) {
  s->big_values = big_values;
  for (s->bands = 0; s->bands < SBMAX_l && s->edges[s->bands] < big_values;) s->bands++;
}

static inline int larger(int a, int b) { return a > b ? a : b; }

/* The best table for the bands from `begin` up to `end`, as mp3a_choose_tables(). */
static int choose(const band_sums *s, int begin, int end, int largest, int *bits) {
  const uint16_t *before = s->sums[begin], *after = s->sums[end];
  unsigned lengths[3];
  if (largest == 0) return 0;
  if (largest <= 15) {
    int const first = index_of_table[mp3a_candidate_tables[largest].table];
    for (int i = 0; i < mp3a_candidate_tables[largest].count; i++)
      lengths[i] = (uint16_t)(after[first + i] - before[first + i]);
  } else {
    lengths[0] = (uint16_t)(after[LOW_ESCAPED] - before[LOW_ESCAPED]);
    lengths[1] = (uint16_t)(after[HIGH_ESCAPED] - before[HIGH_ESCAPED]);
    lengths[2] = (uint16_t)(after[LAST_BIT_TABLE] - before[LAST_BIT_TABLE]) - lengths[0];
  }
  return mp3a_choose_by_lengths(largest, lengths, bits);
}

/* ---- divisions ---- */

enum { MAX_REGION0 = 16, MAX_REGION1 = 8, ENDS = MAX_REGION0 + MAX_REGION1 - 1 };

/* Per end of region 1 (two bands or more, less two), its best start. */
typedef struct {
  int bits, region0, table0, table1;
} two_regions;

static void divide_twice(const band_sums *s, two_regions best[ENDS]) {
  for (int i = 0; i < ENDS; i++) best[i].bits = LARGE_BITS;
  for (int r0 = 0, largest0 = 0; r0 < MAX_REGION0 && r0 + 1 < s->bands; r0++) {
    int bits0 = 0, largest1 = 0;
    largest0 = larger(largest0, s->largest[r0]);
    int const table0 = choose(s, 0, r0 + 1, largest0, &bits0);
    for (int r1 = 0; r1 < MAX_REGION1 && r0 + r1 + 2 < s->bands; r1++) {
      int bits = bits0;
      largest1 = larger(largest1, s->largest[r0 + r1 + 1]);
      int const table1 = choose(s, r0 + 1, r0 + r1 + 2, largest1, &bits);
      if (bits < best[r0 + r1].bits) best[r0 + r1] = (two_regions){bits, r0, table0, table1};
    }
  }
}

/* The parts of gr_info that say how big values and quadruples are divided. */
typedef struct {
  int big_values, count1, count1bits, count1table_select;
} upper_part;

/* Adds the third region and takes what is shorter than the granule's code. */
static void take_shorter(const band_sums *s, const two_regions best[ENDS], const upper_part *part,
                         gr_info *granule) {
  int largest[SBMAX_l + 1];
  largest[s->bands] = 0;
  for (int i = s->bands; i-- > 0;) largest[i] = larger(largest[i + 1], s->largest[i]);
  for (int r2 = 2; r2 < s->bands; r2++) {
    const two_regions *below = &best[r2 - 2];
    int bits = below->bits + part->count1bits;
    if (granule->part2_3_length <= bits) break;
    int const table2 = choose(s, r2, s->bands, largest[r2], &bits);
    if (granule->part2_3_length <= bits) continue;
    granule->part2_3_length = bits;
    granule->big_values = part->big_values;
    granule->count1 = part->count1;
    granule->count1bits = part->count1bits;
    granule->count1table_select = part->count1table_select;
    granule->region0_count = below->region0;
    granule->region1_count = r2 - 2 - below->region0;
    granule->table_select[0] = below->table0;
    granule->table_select[1] = below->table1;
    granule->table_select[2] = table2;
  }
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
  two_regions best[ENDS];
  int const big_pairs = granule->big_values / 2;
  int const is_normal = granule->block_type == NORM_TYPE;
  upper_part part = {granule->big_values, granule->count1, granule->count1bits,
                     granule->count1table_select};
  if (granule->block_type == SHORT_TYPE && gfc->cfg.mode_gr == 1) return;
  if (mp3a_hand_off_ignores_size(gfc, granule)) return;

  fill_key_lengths();
  s.quantized = granule->l3_enc;
  s.edges = gfc->scalefac_band.l;
  int const lines = part.count1 < MP3A_LINES - 1 ? part.count1 + 2 : MP3A_LINES;
  mp3a_kernels()->huffman.pack(granule->l3_enc, lines, s.keys);
  if (is_normal) {
    end_at(&s, part.big_values);
    for (int i = 0; i < SUMMED_TABLES; i++) s.sums[0][i] = 0;
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
