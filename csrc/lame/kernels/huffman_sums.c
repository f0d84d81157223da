#include "lame/kernels/huffman_sums.h"

#include "common/cpu.h"
#include "lame/kernels/huffman_lengths.h"
#include "lame/kernels/lame_tables.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

static const uint8_t summed_tables[MP3A_SUMMED_TABLES] = {1,  2,  3,  5,  6,  7,  8,  9,
                                                          10, 11, 12, 13, 14, 15, 16, 24};

int mp3a_sum_of_table(int table) { return table < 5 ? table - 1 : table - 2; }

/* Per pair, by each of summed_tables. */
static _Alignas(32) mp3a_length_sums key_lengths[256];

static void fill_key_lengths(void) {
  for (int key = 0; key < 256; key++)
    for (int i = 0; i < MP3A_SUMMED_TABLES; i++)
      key_lengths[key][i] = (uint16_t)mp3a_code_length(summed_tables[i], key >> 4, key & 15);
}

static int add_scalar(const mp3a_length_sums before, const uint8_t *keys, int pairs,
                      mp3a_length_sums after) {
  mp3a_length_sums sums;
  int largest = 0;
  __builtin_memcpy(sums, before, sizeof sums);
  for (int i = 0; i < pairs; i++) {
    int const x = keys[i] >> 4, y = keys[i] & 15, larger = x > y ? x : y;
    for (int k = 0; k < MP3A_SUMMED_TABLES; k++) sums[k] += key_lengths[keys[i]][k];
    largest = larger > largest ? larger : largest;
  }
  __builtin_memcpy(after, sums, sizeof sums);
  return largest;
}

/* The fewest bits with values up to `largest`, above 15, of what lies between two sums. */
static inline unsigned least_escaped(const uint16_t *before, const uint16_t *after, int largest) {
  const uint8_t *tables = mp3a_escaped_tables[32 - __builtin_clz((unsigned)largest - 15)];
  unsigned const low = (uint16_t)(after[MP3A_LOW_SUM] - before[MP3A_LOW_SUM]);
  unsigned const high = (uint16_t)(after[MP3A_HIGH_SUM] - before[MP3A_HIGH_SUM]);
  unsigned const with_bit = (uint16_t)(after[MP3A_LAST_BIT_SUM] - before[MP3A_LAST_BIT_SUM]);
  unsigned const low_bits = low + (with_bit - low) * ht[tables[0]].xlen;
  unsigned const high_bits = high + (with_bit - low) * ht[tables[1]].xlen;
  return low_bits > high_bits ? high_bits : low_bits;
}

typedef unsigned least_bits(const uint16_t *before, const uint16_t *after, int largest);

/* `least`: for values up to 15. */
__attribute__((always_inline)) static inline void grow(const mp3a_length_sums *sums,
                                                       const int *largest, int fixed,
                                                       int direction, int count, unsigned *bits,
                                                       least_bits *least) {
  int most = 0;
  for (int k = 0; k < count; k++) {
    int const at = fixed + direction * (k + 1), band = direction > 0 ? at - 1 : at;
    const uint16_t *before = sums[direction > 0 ? fixed : at];
    const uint16_t *after = sums[direction > 0 ? at : fixed];
    most = largest[band] > most ? largest[band] : most;
    bits[k] = most > 15 ? least_escaped(before, after, most) : least(before, after, most);
  }
}

static unsigned least_scalar(const uint16_t *before, const uint16_t *after, int largest) {
  const mp3a_candidates *candidates = &mp3a_candidate_tables[largest];
  int const first = mp3a_sum_of_table(candidates->table);
  unsigned least = candidates->count ? 0xffff : 0;
  for (int i = first; i < first + candidates->count; i++) {
    unsigned const length = (uint16_t)(after[i] - before[i]);
    least = length < least ? length : least;
  }
  return least;
}

static void grow_scalar(const mp3a_length_sums *sums, const int *largest, int fixed, int direction,
                        int count, unsigned *bits) {
  grow(sums, largest, fixed, direction, count, bits, least_scalar);
}

#if defined(__x86_64__)
/* Per largest value: which half of the tables has its own, and what to do with the half's
   lengths, so that the least of its own is the least. */
static _Alignas(16) struct {
  uint16_t keep[8], raise[8];
  int half;
} choices[16];

static void fill_choices(void) {
  for (int largest = 0; largest < 16; largest++) {
    const mp3a_candidates *candidates = &mp3a_candidate_tables[largest];
    int const first = largest ? mp3a_sum_of_table(candidates->table) : 0;
    choices[largest].half = first & 8;
    for (int i = 0; i < 8; i++) {
      int const is_its_own = i >= first % 8 && i < first % 8 + candidates->count;
      choices[largest].keep[i] = largest ? 0xffff : 0;
      choices[largest].raise[i] = largest && !is_its_own ? 0xffff : 0;
    }
  }
}

typedef uint16_t sums_avx2 __attribute__((vector_size(32), aligned(2), may_alias));

__attribute__((target("avx2"))) static int add_avx2(const mp3a_length_sums before,
                                                    const uint8_t *keys, int pairs,
                                                    mp3a_length_sums after) {
  const sums_avx2 *lengths = (const sums_avx2 *)(const void *)key_lengths;
  sums_avx2 even = *(const sums_avx2 *)before, odd = {0};
  unsigned first = 0, second = 0;
  int i = 0;
  for (; i < pairs; i++) {
    unsigned const key = keys[i], low = key & 15;
    if (i % 2 == 0)
      even += lengths[key];
    else
      odd += lengths[key];
    first = key > first ? key : first;
    second = low > second ? low : second;
  }
  *(sums_avx2 *)after = even + odd;
  return (int)(first >> 4 > second ? first >> 4 : second);
}

__attribute__((target("avx2"))) static inline unsigned least_avx2(const uint16_t *before,
                                                                 const uint16_t *after,
                                                                 int largest) {
  __typeof__(&choices[0]) choice = &choices[largest];
  __m128i x = _mm_sub_epi16(_mm_loadu_si128((const __m128i *)(after + choice->half)),
                            _mm_loadu_si128((const __m128i *)(before + choice->half)));
  x = _mm_and_si128(x, _mm_loadu_si128((const __m128i *)choice->keep));
  x = _mm_or_si128(x, _mm_loadu_si128((const __m128i *)choice->raise));
  return (unsigned)_mm_cvtsi128_si32(_mm_minpos_epu16(x)) & 0xffff;
}

__attribute__((target("avx2"))) static void grow_avx2(const mp3a_length_sums *sums,
                                                      const int *largest, int fixed, int direction,
                                                      int count, unsigned *bits) {
  grow(sums, largest, fixed, direction, count, bits, least_avx2);
}
#endif

void mp3a_huffman_sums_select(mp3a_huffman_sums_kernels *kernels, unsigned cpu_flags) {
  fill_key_lengths();
  *kernels = (mp3a_huffman_sums_kernels){add_scalar, grow_scalar};
#if defined(__x86_64__)
  fill_choices();
  if (cpu_flags & MP3A_CPU_AVX2) *kernels = (mp3a_huffman_sums_kernels){add_avx2, grow_avx2};
#else
  (void)cpu_flags;
#endif
}
