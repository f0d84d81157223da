/* Code lengths of pairs and quadruples of quantized lines. Pairs are packed into
   one byte each; lengths by all tables that can be the best are summed at once. */
#include "lame/kernels/huffman_lengths.h"

#include <string.h>

#include "common/cpu.h"
#include "common/sse2.h"
#include "lame/kernels/lame_tables.h"

#if defined(__aarch64__)
#include <arm_neon.h>
#endif

/* ---- tables ---- */

/* Up to three tables of equal size follow each other; 14, which the standard
   leaves out, is LAME's name for 16 with its one bit for values of 15. */
const mp3a_candidates mp3a_candidate_tables[16] = {
  {0, 0},  {1, 1},  {2, 2},  {5, 2},  {7, 3},  {7, 3},  {10, 3}, {10, 3},
  {13, 3}, {13, 3}, {13, 3}, {13, 3}, {13, 3}, {13, 3}, {13, 3}, {13, 3}};

const uint8_t mp3a_escaped_tables[14][2] = {{0, 0},   {16, 24}, {17, 24}, {18, 24}, {19, 24},
                                            {20, 25}, {20, 26}, {21, 27}, {21, 28}, {22, 29},
                                            {22, 30}, {23, 30}, {23, 31}, {23, 31}};

uint64_t mp3a_pair_lengths[MP3A_LENGTH_ROWS][256];

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
      mp3a_pair_lengths[largest][key] = lengths;
    }
    mp3a_pair_lengths[MP3A_LENGTHS_ESCAPED][key] = (uint64_t)((x == 15) + (y == 15)) << 32 |
                                         mp3a_code_length(24, x, y) << 16 |
                                         mp3a_code_length(16, x, y);
  }
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

static void ends_scalar(const uint8_t *keys, int pairs, int ends[2]) {
  ends[0] = trim(keys, pairs, 0xff);
  ends[1] = trim(keys, ends[0], 0xee);
}

static inline int row_of(int largest) { return largest < 15 ? largest : MP3A_LENGTHS_ESCAPED; }

static void regions_scalar(const uint8_t *keys, const int ends[MP3A_REGIONS + 1],
                           mp3a_region_lengths found[MP3A_REGIONS]) {
  for (int r = 0; r < MP3A_REGIONS; r++) {
    int largest = 0;
    for (int i = ends[r]; i < ends[r + 1]; i++) {
      int const x = keys[i] >> 4, y = keys[i] & 15;
      if (largest < x) largest = x;
      if (largest < y) largest = y;
    }
    found[r].largest = largest;
    if (largest > 0)
      mp3a_sum_lengths(mp3a_pair_lengths[row_of(largest)], keys + ends[r], ends[r + 1] - ends[r],
                       found[r].lengths);
  }
}

static void row_scalar(int row, const uint8_t *keys, int pairs, unsigned lengths[3]) {
  mp3a_sum_lengths(mp3a_pair_lengths[row], keys, pairs, lengths);
}

static int largest_scalar(const int *quantized, int count) {
  int largest = 0;
  for (int i = 0; i < count; i++) largest = quantized[i] > largest ? quantized[i] : largest;
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

#if MP3A_HAS_VECTORS_128
static const uint8_t kept_bytes[64] = {
  255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
  255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255};

/* Per largest value up to 3 and candidate, the lengths by 4 x + y; and those of
   quadruples by the first table; all twice, for 32-byte vectors. */
static uint8_t small_lengths[4][2][32], quad_lengths[32];

static void fill_small_lengths(void) {
  for (int i = 0; i < 32; i++) {
    for (int largest = 1; largest <= 3; largest++) {
      uint64_t const lengths = mp3a_pair_lengths[largest][(i & 12) << 2 | (i & 3)];
      small_lengths[largest][0][i] = (uint8_t)lengths;
      small_lengths[largest][1][i] = (uint8_t)(lengths >> 16);
    }
    quad_lengths[i] = t32l[i % 16];
  }
}
#endif

#if MP3A_HAS_SSE2
static void pack_128(const int *quantized, int count, uint8_t *keys) {
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
#elif defined(__aarch64__)
static inline uint16x8_t eight_pairs_neon(const int *quantized) {
  const int32x4_t most = vdupq_n_s32(15);
  const int32x4x2_t q = vld2q_s32(quantized), r = vld2q_s32(quantized + 8);
  const int32x4_t a = vsliq_n_s32(vminq_s32(q.val[1], most), vminq_s32(q.val[0], most), 4);
  const int32x4_t b = vsliq_n_s32(vminq_s32(r.val[1], most), vminq_s32(r.val[0], most), 4);
  return vcombine_u16(vmovn_u32(vreinterpretq_u32_s32(a)), vmovn_u32(vreinterpretq_u32_s32(b)));
}

static void pack_128(const int *quantized, int count, uint8_t *keys) {
  for (int i = 0; i < count; i += 32, quantized += 32, keys += 16)
    vst1q_u8(keys, vcombine_u8(vmovn_u16(eight_pairs_neon(quantized)),
                               vmovn_u16(eight_pairs_neon(quantized + 16))));
}
#endif

#if defined(__x86_64__)
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
#endif

#if defined(__wasm_simd128__)
static inline v128_t add_sum(v128_t sum, v128_t bytes) {
  return wasm_i16x8_add(sum, wasm_u16x8_extadd_pairwise_u8x16(bytes));
}

static inline unsigned total(v128_t sum) {
  return (unsigned)__builtin_reduce_add((uint32_t __attribute__((vector_size(16))))
                                        wasm_u32x4_extadd_pairwise_u16x8(sum));
}
#endif

#define TIER_SOURCE "lame/kernels/huffman_lengths_vector.h"
#include "common/tiers.h"

#define HUFFMAN_KERNELS(tier) \
  {pack_##tier, ends_scalar, regions_##tier, row_scalar, largest_##tier, quads_##tier}

#if defined(__x86_64__)
/* mp3a_pair_lengths by row, candidate and key. */
static _Alignas(64) uint8_t byte_lengths[MP3A_LENGTH_ROWS][3][256];

static void fill_byte_lengths(void) {
  for (int row = 0; row < MP3A_LENGTH_ROWS; row++)
    for (int i = 0; i < 3; i++)
      for (int key = 0; key < 256; key++)
        byte_lengths[row][i][key] = (uint8_t)(mp3a_pair_lengths[row][key] >> (16 * i));
}

static inline MP3A_TARGET_AVX512 __mmask64 first_of(int count) {
  return _bzhi_u64(~(uint64_t)0, count < 64 ? (unsigned)count : 64);
}

/* Bytes of a table of 64 times 1, 2 or 4 by keys. */
__attribute__((always_inline)) static inline MP3A_TARGET_AVX512 __m512i
look_up(const uint8_t *table, int vectors, __m512i keys) {
  const __m512i *t = (const __m512i *)(const void *)table;
  if (vectors == 1) return _mm512_permutexvar_epi8(keys, t[0]);
  const __m512i low = _mm512_permutex2var_epi8(t[0], keys, t[1]);
  if (vectors == 2) return low;
  const __m512i high = _mm512_permutex2var_epi8(t[2], keys, t[3]);
  return _mm512_mask_blend_epi8(_mm512_movepi8_mask(keys), low, high);
}

__attribute__((always_inline)) static inline MP3A_TARGET_AVX512 __m512i
sum_lengths(const uint8_t tables[3][256], int vectors, int candidates, const uint8_t *keys,
            int pairs) {
  const __m512i zero = _mm512_setzero_si512();
  __m512i sum = zero;
  for (int i = 0; i < pairs; i += 64) {
    const __mmask64 mask = first_of(pairs - i);
    const __m512i v = _mm512_maskz_loadu_epi8(mask, keys + i);
    for (int k = 0; k < candidates; k++) {
      const __m512i found = look_up(tables[k], vectors, v);
      const __m512i eights = _mm512_sad_epu8(_mm512_maskz_mov_epi8(mask, found), zero);
      sum = _mm512_add_epi64(sum, _mm512_slli_epi64(eights, 16 * (unsigned)k));
    }
  }
  return sum;
}

/* Values up to 3 and 7 have keys below 64 and 128. */
static inline MP3A_TARGET_AVX512 void row_of_avx512(int row, const uint8_t *keys, int pairs,
                                                    unsigned lengths[3]) {
  const uint8_t(*tables)[256] = byte_lengths[row];
  __m512i sum;
  if (row < 4)
    sum = sum_lengths(tables, 1, 2, keys, pairs);
  else if (row < 8)
    sum = sum_lengths(tables, 2, 3, keys, pairs);
  else
    sum = sum_lengths(tables, 4, 3, keys, pairs);
  const uint64_t total = (uint64_t)_mm512_reduce_add_epi64(sum);
  for (int k = 0; k < 3; k++) lengths[k] = total >> (16 * k) & 0xffff;
}

MP3A_TARGET_AVX512 static void row_avx512(int row, const uint8_t *keys, int pairs,
                                          unsigned lengths[3]) {
  row_of_avx512(row, keys, pairs, lengths);
}

static inline MP3A_TARGET_AVX512 __m512i largest_values(const uint8_t *keys, int pairs) {
  const __m512i low = _mm512_set1_epi8(15);
  __m512i most = _mm512_setzero_si512();
#pragma GCC unroll 1
  for (int i = 0; i < pairs; i += 64) {
    const __m512i v = _mm512_maskz_loadu_epi8(first_of(pairs - i), keys + i);
    most = _mm512_max_epu8(most, _mm512_and_si512(v, low));
    most = _mm512_max_epu8(most, _mm512_and_si512(_mm512_srli_epi16(v, 4), low));
  }
  return most;
}

static inline MP3A_TARGET_AVX512 int largest_of(__m512i values) {
  const __m256i half = _mm256_max_epu8(_mm512_castsi512_si256(values),
                                       _mm512_extracti64x4_epi64(values, 1));
  __m128i x = _mm_max_epu8(_mm256_castsi256_si128(half), _mm256_extracti128_si256(half, 1));
  x = _mm_max_epu8(x, _mm_srli_epi16(x, 8));
  const __m128i words = _mm_set1_epi16(15);
  x = _mm_minpos_epu16(_mm_sub_epi16(words, _mm_and_si128(x, words)));
  return 15 - (_mm_cvtsi128_si32(x) & 0xffff);
}

/* Step by step for all regions, so that none has to wait for another. */
MP3A_TARGET_AVX512 static void regions_avx512(const uint8_t *keys,
                                              const int ends[MP3A_REGIONS + 1],
                                              mp3a_region_lengths found[MP3A_REGIONS]) {
  __m512i values[MP3A_REGIONS];
  for (int r = 0; r < MP3A_REGIONS; r++)
    values[r] = largest_values(keys + ends[r], ends[r + 1] - ends[r]);
  for (int r = 0; r < MP3A_REGIONS; r++) found[r].largest = largest_of(values[r]);
  for (int r = 0; r < MP3A_REGIONS; r++)
    row_of_avx512(row_of(found[r].largest), keys + ends[r], ends[r + 1] - ends[r],
                  found[r].lengths);
}

MP3A_TARGET_AVX512 static int largest_avx512(const int *quantized, int count) {
  __m512i most = _mm512_setzero_si512();
#pragma GCC unroll 1
  for (int i = 0; i < count; i += 16) {
    const __mmask16 mask = count - i < 16 ? (1u << (count - i)) - 1 : 0xffff;
    most = _mm512_max_epi32(most, _mm512_maskz_loadu_epi32(mask, quantized + i));
  }
  return _mm512_reduce_max_epi32(most);
}

MP3A_TARGET_AVX512 static void ends_avx512(const uint8_t *keys, int pairs, int ends[2]) {
  const __m512i big = _mm512_set1_epi8((char)0xee);
  ends[0] = ends[1] = 0;
#pragma GCC unroll 1
  for (int i = (pairs - 1) & ~63; i >= 0; i -= 64) {
    const __m512i v = _mm512_maskz_loadu_epi8(first_of(pairs - i), keys + i);
    const uint64_t is_coded = _mm512_test_epi8_mask(v, v), is_big = _mm512_test_epi8_mask(v, big);
    if (ends[0] == 0 && is_coded) ends[0] = i + 64 - __builtin_clzll(is_coded);
    if (!is_big) continue;
    ends[1] = i + 64 - __builtin_clzll(is_big);
    return;
  }
}

MP3A_TARGET_AVX512 static void quads_avx512(const uint8_t *keys, int quads, unsigned lengths[2]) {
  const __m512i table = _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)quad_lengths));
  const __m512i three = _mm512_set1_epi8(3), fifteen = _mm512_set1_epi16(15);
  const __m512i zero = _mm512_setzero_si512();
  __m512i sum = zero;
#pragma GCC unroll 1
  for (int i = 0; i < 2 * quads; i += 64) {
    const __mmask64 mask = first_of(2 * quads - i);
    const __m512i v = _mm512_maskz_loadu_epi8(mask, keys + i);
    /* Two bits of each pair; the first pair of a quadruple is in the low byte of its word. */
    __m512i w = _mm512_and_si512(_mm512_or_si512(v, _mm512_srli_epi16(v, 3)), three);
    w = _mm512_or_si512(_mm512_slli_epi16(w, 2), _mm512_srli_epi16(w, 8));
    w = _mm512_and_si512(w, fifteen);
    const __mmask64 firsts = mask & 0x5555555555555555;
    sum = _mm512_add_epi64(sum,
                           _mm512_sad_epu8(_mm512_maskz_shuffle_epi8(firsts, table, w), zero));
    /* The ones, added up above the lengths. */
    const __m512i ones = _mm512_and_si512(_mm512_add_epi8(v, _mm512_srli_epi16(v, 4)), three);
    sum = _mm512_add_epi64(sum, _mm512_slli_epi64(_mm512_sad_epu8(ones, zero), 32));
  }
  const uint64_t total = (uint64_t)_mm512_reduce_add_epi64(sum);
  lengths[0] = (unsigned)total;
  lengths[1] = 4 * (unsigned)quads + (unsigned)(total >> 32);
}
#endif

void mp3a_huffman_lengths_select(mp3a_huffman_lengths_kernels *kernels, unsigned cpu_flags) {
  fill_pair_lengths();
#if MP3A_HAS_VECTORS_128
  fill_small_lengths();
#endif
  MP3A_SELECT_TIER(kernels, HUFFMAN_KERNELS, cpu_flags);
#if defined(__x86_64__)
  fill_byte_lengths();
  if (cpu_flags & MP3A_CPU_AVX512) {
    kernels->ends = ends_avx512, kernels->regions = regions_avx512;
    kernels->row = row_avx512, kernels->quads = quads_avx512, kernels->largest = largest_avx512;
  }
#endif
}
