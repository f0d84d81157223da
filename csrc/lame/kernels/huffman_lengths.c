/* Bit counting: takes the place of LAME's noquant_count_bits (takehiro.c is
   compiled with that name ending in _lame). Pairs of values are packed into one
   byte each; code lengths of all tables that can be the best are summed at
   once. */
#include <string.h>

#include <lame.h>
#include "libmp3lame/machine.h"
#include "libmp3lame/encoder.h"
#include "libmp3lame/util.h"
#include "libmp3lame/quantize_pvt.h"
#include "libmp3lame/tables.h"

#include "lame/kernels/kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

/* ---- tables ---- */

/* Up to three tables of equal size follow each other; 14, which the standard
   leaves out, is LAME's name for 16 with its one bit for values of 15. */
const mp3a_candidates mp3a_candidate_tables[16] = {
  {0, 0},  {1, 1},  {2, 2},  {5, 2},  {7, 3},  {7, 3},  {10, 3}, {10, 3},
  {13, 3}, {13, 3}, {13, 3}, {13, 3}, {13, 3}, {13, 3}, {13, 3}, {13, 3}};

enum { LENGTHS_ESCAPED = 16, LENGTH_ROWS };

/* Per largest value and key, 16 bits for each candidate's code length. The row
   for values past 15: tables 16 and 24 without linbits, and how many values
   need those. */
static uint64_t pair_lengths[LENGTH_ROWS][256];

unsigned mp3a_code_length(int table, int x, int y) {
  int size = (int)ht[table].xlen;
  if (table >= 14) size = 16;
  return x < size && y < size ? ht[table].hlen[x * size + y] : 0;
}

static void fill_pair_lengths(void) {
  for (int key = 0; key < 256; key++) {
    int const x = key >> 4, y = key & 15;
    for (int largest = 1; largest < 16; largest++) {
      uint64_t lengths = 0;
      for (int i = mp3a_candidate_tables[largest].count; i-- > 0;)
        lengths = lengths << 16 |
                  mp3a_code_length(mp3a_candidate_tables[largest].table + i, x, y);
      pair_lengths[largest][key] = lengths;
    }
    pair_lengths[LENGTHS_ESCAPED][key] = (uint64_t)((x == 15) + (y == 15)) << 32 |
                                         mp3a_code_length(24, x, y) << 16 |
                                         mp3a_code_length(16, x, y);
  }
}

/* 288 pairs of at most 21 bits fit into 16 bits. */
static void sum_lengths(const uint64_t *row, const uint8_t *keys, int pairs,
                        unsigned lengths[3]) {
  uint64_t even = 0, odd = 0;
  int i = 0;
  for (; i + 2 <= pairs; i += 2) even += row[keys[i]], odd += row[keys[i + 1]];
  if (i < pairs) even += row[keys[i]];
  even += odd;
  lengths[0] = even & 0xffff, lengths[1] = even >> 16 & 0xffff, lengths[2] = even >> 32 & 0xffff;
}

/* ---- scalar kernels ---- */

static void pack_scalar(const int *quantized, int count, uint8_t *keys) {
  for (int i = 0; i < count; i += MP3A_COUNT_STEP) {
    for (int end = MP3A_COUNT_STEP / 2; end > 0; end--, quantized += 2) {
      int const x = quantized[0], y = quantized[1];
      *keys++ = (uint8_t)((x < 15 ? x : 15) << 4 | (y < 15 ? y : 15));
    }
  }
}

static int region_scalar(const uint8_t *keys, int pairs, unsigned lengths[3]) {
  int largest = 0;
  for (int i = 0; i < pairs; i++) {
    int const x = keys[i] >> 4, y = keys[i] & 15;
    if (largest < x) largest = x;
    if (largest < y) largest = y;
  }
  if (largest > 0 && largest < 15) sum_lengths(pair_lengths[largest], keys, pairs, lengths);
  return largest;
}

static void quads_scalar(const uint8_t *keys, int quads, unsigned lengths[2]) {
  unsigned sum0 = 0, sum1 = 0;
  for (int i = 0; i < quads; i++, keys += 2) {
    unsigned const v = (keys[0] >> 1 & 8) | (keys[0] & 1) << 2 | (keys[1] >> 3 & 2) | (keys[1] & 1);
    sum0 += t32l[v], sum1 += t33l[v];
  }
  lengths[0] = sum0, lengths[1] = sum1;
}

/* ---- vector kernels ---- */

#if defined(__x86_64__) || defined(__aarch64__)
static const uint8_t kept_bytes[64] = {
  255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
  255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255};

/* Per largest value up to 3 and candidate, the lengths by 4 x + y; and those of
   quadruples by the first table; all twice, for 32-byte vectors. */
static uint8_t small_lengths[4][2][32], quad_lengths[32];

static void fill_small_lengths(void) {
  for (int i = 0; i < 32; i++) {
    for (int largest = 1; largest <= 3; largest++) {
      uint64_t const lengths = pair_lengths[largest][(i & 12) << 2 | (i & 3)];
      small_lengths[largest][0][i] = (uint8_t)lengths;
      small_lengths[largest][1][i] = (uint8_t)(lengths >> 16);
    }
    quad_lengths[i] = t32l[i % 16];
  }
}
#endif

#if defined(__x86_64__)
static void pack_sse2(const int *quantized, int count, uint8_t *keys) {
  const __m128i most = _mm_set1_epi16(15), weights = _mm_set1_epi32(0x10010);
  for (int i = 0; i < count; i += 32, quantized += 32, keys += 16) {
    const __m128i *q = (const __m128i *)quantized;
    __m128i v[4];
    for (int k = 0; k < 4; k++) {
      v[k] = _mm_packs_epi32(_mm_loadu_si128(q + 2 * k), _mm_loadu_si128(q + 2 * k + 1));
      v[k] = _mm_madd_epi16(_mm_min_epi16(v[k], most), weights);
    }
    _mm_storeu_si128((__m128i *)keys, _mm_packus_epi16(_mm_packs_epi32(v[0], v[1]),
                                                       _mm_packs_epi32(v[2], v[3])));
  }
}

__attribute__((target("avx2"))) static void pack_avx2(const int *quantized, int count,
                                                      uint8_t *keys) {
  const __m256i most = _mm256_set1_epi16(15), weights = _mm256_set1_epi16(0x0110);
  const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
  for (int i = 0; i < count; i += 32, quantized += 32, keys += 16) {
    const __m256i *q = (const __m256i *)quantized;
    __m256i a = _mm256_packs_epi32(_mm256_loadu_si256(q), _mm256_loadu_si256(q + 1));
    __m256i b = _mm256_packs_epi32(_mm256_loadu_si256(q + 2), _mm256_loadu_si256(q + 3));
    a = _mm256_packus_epi16(_mm256_min_epi16(a, most), _mm256_min_epi16(b, most));
    a = _mm256_permutevar8x32_epi32(_mm256_maddubs_epi16(a, weights), order);
    _mm_storeu_si128((__m128i *)keys, _mm_packus_epi16(_mm256_castsi256_si128(a),
                                                       _mm256_extracti128_si256(a, 1)));
  }
}

#define TIER(name) name##_sse2
#define TARGET
#define VECTOR_BYTES 16
#include "lame/kernels/huffman_lengths_vector.h"
#undef TIER
#undef TARGET
#undef VECTOR_BYTES

#define TIER(name) name##_avx2
#define TARGET __attribute__((target("avx2")))
#define VECTOR_BYTES 32
#define PICK(table, index) ((bytes_avx2)_mm256_shuffle_epi8((__m256i)(table), (__m256i)(index)))
#define SUMS __m256i
#define ADD_SUM(sum, bytes) \
  _mm256_add_epi64(sum, _mm256_sad_epu8((__m256i)(bytes), _mm256_setzero_si256()))
#define TOTAL(sum) (unsigned)((sum)[0] + (sum)[1] + (sum)[2] + (sum)[3])
#include "lame/kernels/huffman_lengths_vector.h"
#elif defined(__aarch64__)
static inline uint16x8_t eight_pairs_neon(const int *quantized) {
  const int32x4_t most = vdupq_n_s32(15);
  const int32x4x2_t q = vld2q_s32(quantized), r = vld2q_s32(quantized + 8);
  const int32x4_t a = vsliq_n_s32(vminq_s32(q.val[1], most), vminq_s32(q.val[0], most), 4);
  const int32x4_t b = vsliq_n_s32(vminq_s32(r.val[1], most), vminq_s32(r.val[0], most), 4);
  return vcombine_u16(vmovn_u32(vreinterpretq_u32_s32(a)), vmovn_u32(vreinterpretq_u32_s32(b)));
}

static void pack_neon(const int *quantized, int count, uint8_t *keys) {
  for (int i = 0; i < count; i += 32, quantized += 32, keys += 16)
    vst1q_u8(keys, vcombine_u8(vmovn_u16(eight_pairs_neon(quantized)),
                               vmovn_u16(eight_pairs_neon(quantized + 16))));
}

#define TIER(name) name##_neon
#define TARGET
#define VECTOR_BYTES 16
#define PICK(table, index) ((bytes_neon)vqtbl1q_u8((uint8x16_t)(table), (uint8x16_t)(index)))
#define SUMS uint16x8_t
#define ADD_SUM(sum, bytes) vpadalq_u8(sum, (uint8x16_t)(bytes))
#define TOTAL(sum) vaddlvq_u16(sum)
#include "lame/kernels/huffman_lengths_vector.h"
#endif

void mp3a_huffman_count_select(mp3a_huffman_count_kernels *kernels, unsigned cpu_flags) {
  fill_pair_lengths();
  mp3a_huffman_divide_init();
  *kernels = (mp3a_huffman_count_kernels){pack_scalar, region_scalar, quads_scalar};
#if defined(__x86_64__)
  fill_small_lengths();
  if (cpu_flags & MP3A_CPU_SSE2)
    *kernels = (mp3a_huffman_count_kernels){pack_sse2, region_sse2, quads_scalar};
  if (cpu_flags & MP3A_CPU_AVX2)
    *kernels = (mp3a_huffman_count_kernels){pack_avx2, region_avx2, quads_avx2};
#elif defined(__aarch64__)
  fill_small_lengths();
  if (cpu_flags & MP3A_CPU_NEON)
    *kernels = (mp3a_huffman_count_kernels){pack_neon, region_neon, quads_neon};
#endif
  (void)cpu_flags;
}

/* ---- choosing tables ---- */

/* The smallest tables with linbits for what is above 15, by its number of bits. */
static const uint8_t low_escaped[14] = {0,  16, 17, 18, 19, 20, 20, 21, 21, 22, 22, 23, 23, 23};
static const uint8_t high_escaped[14] = {0,  24, 24, 24, 24, 25, 26, 27, 28, 29, 30, 30, 31, 31};

static int choose_escaped(int largest, const unsigned lengths[3], int *bits) {
  int const size = 32 - __builtin_clz((unsigned)largest - 15);
  int const low = low_escaped[size], high = high_escaped[size];
  unsigned const low_bits = lengths[0] + lengths[2] * ht[low].xlen;
  unsigned const high_bits = lengths[1] + lengths[2] * ht[high].xlen;
  *bits += (int)(low_bits > high_bits ? high_bits : low_bits);
  return low_bits > high_bits ? high : low;
}

int mp3a_choose_by_lengths(int largest, const unsigned lengths[3], int *bits) {
  if (largest > IXMAX_VAL) return *bits = LARGE_BITS, -1;
  if (largest > 15) return choose_escaped(largest, lengths, bits);
  int best = 0;
  for (int i = 1; i < mp3a_candidate_tables[largest].count; i++)
    if (lengths[i] < lengths[best]) best = i;
  *bits += (int)lengths[best];
  return mp3a_candidate_tables[largest].table + best;
}

static int largest_value(const int *quantized, int count) {
  int largest = 0;
  for (int i = 0; i < count; i++) largest = quantized[i] > largest ? quantized[i] : largest;
  return largest;
}

int mp3a_choose_table(const int *quantized, const uint8_t *keys, int begin, int end, int *bits) {
  unsigned lengths[3];
  int largest = mp3a_kernels()->huffman_count.region(keys + begin, end - begin, lengths);
  if (largest == 0) return 0;
  if (largest == 15) {
    largest = largest_value(quantized + 2 * begin, 2 * (end - begin));
    int const row = largest > 15 ? LENGTHS_ESCAPED : 15;
    sum_lengths(pair_lengths[row], keys + begin, end - begin, lengths);
  }
  return mp3a_choose_by_lengths(largest, lengths, bits);
}

int mp3a_choose_quad_table(const uint8_t *keys, int quads, int *bits) {
  unsigned lengths[2];
  mp3a_kernels()->huffman_count.quads(keys, quads, lengths);
  int const best = lengths[0] > lengths[1];
  *bits = (int)lengths[best];
  return best;
}

/* ---- a granule ---- */

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
  while (gfc->scalefac_band.l[sfb] < granule->big_values) sfb++;
  noise->sfb_count1 = sfb;
}

int noquant_count_bits(lame_internal_flags const *const gfc, gr_info *const granule,
                       calc_noise_data *noise) {
  uint8_t keys[MP3A_COUNT_KEYS];
  int const limit = at_most((granule->max_nonzero_coeff + 2) / 2, MP3A_COUNT_PAIRS);
  mp3a_kernels()->huffman_count.pack(granule->l3_enc, 2 * limit, keys);
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
