/* The vector tiers of huffman_lengths.c, for common/tiers.h. */

typedef uint8_t TIER(bytes) __attribute__((vector_size(VECTOR_BYTES)));
typedef uint8_t TIER(bytes_unaligned)
    __attribute__((vector_size(VECTOR_BYTES), aligned(1), may_alias));
typedef uint16_t TIER(words) __attribute__((vector_size(VECTOR_BYTES)));

/* PICK(table, index) takes bytes of a 16-byte `table` by the low four bits of `index`, and 0
   where its top bit is set. With it come SUMS, a vector of sums, ADD_SUM(sum, bytes) and
   TOTAL(sum). SSE2 hasn't it: there these sums are left to the scalar code. */
#if VECTOR_BYTES == 32
#define PICK(table, index) ((TIER(bytes))_mm256_shuffle_epi8((__m256i)(table), (__m256i)(index)))
#define SUMS __m256i
#define ADD_SUM(sum, bytes) \
  _mm256_add_epi64(sum, _mm256_sad_epu8((__m256i)(bytes), _mm256_setzero_si256()))
#define TOTAL(sum) (unsigned)((sum)[0] + (sum)[1] + (sum)[2] + (sum)[3])
#elif defined(__wasm_simd128__)
#define PICK(table, index) ((TIER(bytes))wasm_i8x16_swizzle((v128_t)(table), (v128_t)(index)))
#define SUMS v128_t
#define ADD_SUM(sum, bytes) add_sum(sum, (v128_t)(bytes))
#define TOTAL(sum) total(sum)
#elif defined(__aarch64__)
#define PICK(table, index) ((TIER(bytes))vqtbl1q_u8((uint8x16_t)(table), (uint8x16_t)(index)))
#define SUMS uint16x8_t
#define ADD_SUM(sum, bytes) vpadalq_u8(sum, (uint8x16_t)(bytes))
#define TOTAL(sum) vaddlvq_u16(sum)
#endif

#define LOAD(p) (*(const TIER(bytes_unaligned) *)(p))
/* Loads that keep the first `left` bytes only. */
#define KEEP(left) LOAD(kept_bytes + 32 - ((left) < VECTOR_BYTES ? (left) : VECTOR_BYTES))

static inline TARGET int TIER(largest_key)(const uint8_t *keys, int pairs) {
  TIER(bytes) most = {0};
  for (int i = 0; i < pairs; i += VECTOR_BYTES) {
    TIER(bytes) v = LOAD(keys + i) & KEEP(pairs - i);
    most = __builtin_elementwise_max(most, v & 15);
    most = __builtin_elementwise_max(most, v >> 4);
  }
  return __builtin_reduce_max(most);
}

#ifdef PICK
/* Values up to 3: sixteen pairs, whose lengths a vector holds. */
static inline TARGET void TIER(sum_small)(int largest, const uint8_t *keys, int pairs,
                                          unsigned lengths[3]) {
  const TIER(bytes) table0 = LOAD(small_lengths[largest][0]);
  const TIER(bytes) table1 = LOAD(small_lengths[largest][1]);
  SUMS sum0 = {0}, sum1 = {0};
  for (int i = 0; i < pairs; i += VECTOR_BYTES) {
    TIER(bytes) v = LOAD(keys + i);
    TIER(bytes) index = (v & 3) | (v >> 2 & 12) | (TIER(bytes))~KEEP(pairs - i);
    sum0 = ADD_SUM(sum0, PICK(table0, index));
    sum1 = ADD_SUM(sum1, PICK(table1, index));
  }
  lengths[0] = TOTAL(sum0), lengths[1] = TOTAL(sum1);
}

static TARGET void TIER(quads)(const uint8_t *keys, int quads, unsigned lengths[2]) {
  const TIER(bytes) table = LOAD(quad_lengths);
  SUMS sum0 = {0}, sum1 = {0};
  for (int i = 0; i < 2 * quads; i += VECTOR_BYTES) {
    TIER(bytes) keep = KEEP(2 * quads - i), v = LOAD(keys + i) & keep;
    TIER(bytes) ones = (v | v >> 3) & 3; /* two bits of each pair */
    /* The first pair of a quadruple is in the low byte of its word. */
    TIER(words) w = (TIER(words))ones;
    w = (w << 2 | w >> 8) & 15;
    TIER(bytes) index = (TIER(bytes))(w | 0x8000) | ~keep;
    sum0 = ADD_SUM(sum0, PICK(table, index));
    sum1 = ADD_SUM(sum1, (v & 1) + (v >> 4));
  }
  lengths[0] = TOTAL(sum0), lengths[1] = 4u * (unsigned)quads + TOTAL(sum1);
}
#else
static TARGET void TIER(quads)(const uint8_t *keys, int quads, unsigned lengths[2]) {
  quads_scalar(keys, quads, lengths);
}
#endif

static inline TARGET void TIER(region)(const uint8_t *keys, int pairs,
                                       mp3a_region_lengths *found) {
  int const largest = found->largest = TIER(largest_key)(keys, pairs);
#ifdef PICK
  if (largest <= 3) {
    TIER(sum_small)(largest, keys, pairs, found->lengths);
    return;
  }
#endif
  if (largest > 0)
    mp3a_sum_lengths(mp3a_pair_lengths[row_of(largest)], keys, pairs, found->lengths);
}

static TARGET void TIER(regions)(const uint8_t *keys, const int ends[MP3A_REGIONS + 1],
                                 mp3a_region_lengths found[MP3A_REGIONS]) {
  for (int r = 0; r < MP3A_REGIONS; r++)
    TIER(region)(keys + ends[r], ends[r + 1] - ends[r], &found[r]);
}

static TARGET int TIER(largest)(const int *quantized, int count) {
  TIER(bits) most = {0};
  int i = 0;
  for (; i + TIER(lanes) <= count; i += TIER(lanes))
    most = __builtin_elementwise_max(most, *(const TIER(bits_unaligned) *)(quantized + i));
  int const largest = __builtin_reduce_max(most), rest = largest_scalar(quantized + i, count - i);
  return largest > rest ? largest : rest;
}

#undef LOAD
#undef KEEP
#undef PICK
#undef SUMS
#undef ADD_SUM
#undef TOTAL
