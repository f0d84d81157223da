/* Rounding to the quantizer's values, and what that leaves as noise, bit for bit
   as in stock LAME. */
#include "lame/kernels/quantize.h"

#include <math.h>
#include <string.h>

#include "common/cpu.h"
#include "lame/kernels/lame_tables.h"

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#elif defined(__wasm_simd128__)
#include <wasm_simd128.h>
#endif

/* A float of 2^23 and more holds integers only. */
static const float two_to_23 = 0x1p23f;
static const int two_to_23_bits = 0x4b000000;

static inline int rounded(double x_plus_two_to_23) {
  union { float f; int bits; } sum = {(float)x_plus_two_to_23};
  return sum.bits - two_to_23_bits;
}

/* The sums are taken in double and rounded to float: that decides ties. */
__attribute__((always_inline)) static inline int round_one(float x) {
  double const sum = (double)x + two_to_23;
  return rounded(sum + adj43asm[rounded(sum)]);
}

static void lines_scalar(const float *powers, float scale, int count, int *quantized) {
  for (int i = 0; i < count; i++) quantized[i] = round_one(scale * powers[i]);
}

_Alignas(64) const float mp3a_smallest_above[MP3A_MOST_SMALL + 1] = {
    0x1.306fe2p-1f, 0x1.872a36p+0f, 0x1.422394p+1f, 0x1.c186ap+1f,  0x1.2097d6p+2f,
    0x1.607c3p+2f,  0x1.a06912p+2f, 0x1.e05b0ep+2f, 0x1.10282cp+3f, 0x1.3023f2p+3f,
    0x1.502084p+3f, 0x1.701dbp+3f,  0x1.901b5p+3f,  0x1.b0194ap+3f, 0x1.d0178ap+3f,
    0x1.f01606p+3f, 0x1.080a5ap+4f, 0x1.1809c2p+4f, 0x1.28093ap+4f, 0x1.3808c2p+4f,
    0x1.480854p+4f, 0x1.5807f2p+4f, 0x1.680798p+4f, 0x1.780746p+4f, 0x1.8806fap+4f,
    0x1.9806b2p+4f, 0x1.a80672p+4f, 0x1.b80636p+4f, 0x1.c805fep+4f, 0x1.d805cap+4f,
    0x1.e80598p+4f, 0x1.f8056cp+4f};

/* Past 15, adj43asm is between -0.003 and 0.001: only an x closer to a tie than
   that may round to another value than n. */
static const float lowest_rest = -0.497f, highest_rest = 0.499f;

/* From which product on LAME takes 1 for a value known to be 0 or 1, less what rounding may come
   to; and where 1 begins for all. */
static const union { float f; unsigned bits; } doubt_from = {0.5946f - 1e-6f},
                                               doubt_to = {0x1.306fe2p-1f};

static int end_of_doubt(const float *powers, float scale, int count) {
  while (count > 0) {
    float const x = scale * powers[count - 1];
    if (x >= doubt_from.f && x < doubt_to.f) break;
    count--;
  }
  return count;
}

static int lines_in_doubt_scalar(const float *powers, float scale, int count, int *quantized) {
  lines_scalar(powers, scale, count, quantized);
  return end_of_doubt(powers, scale, count);
}

static void drop_small_scalar(const float *powers, float limit, int count, int *quantized) {
  for (int i = 0; i < count; i++)
    if (!(powers[i] >= limit)) quantized[i] = 0;
}

static void drop_marked_scalar(const float *powers, float limit, const uint32_t *marks,
                               uint32_t wanted, int count, int *quantized) {
  for (int i = 0; i < count; i++)
    if ((marks[i] & wanted) && !(powers[i] >= limit)) quantized[i] = 0;
}

static void square_errors_scalar(const float *lines, const int *quantized, float step, int begin,
                                 int end, float *squares) {
  for (int i = begin; i < end; i++) {
    float const error = fabsf(lines[i]) - pow43[quantized[i]] * step;
    squares[i] = error * error;
  }
}

enum { SIDE_BY_SIDE = 8 };

/* Keeps the compiler from making vectors of neighbouring sums, whose terms it would have to put
   together from two places each. */
#if defined(__x86_64__)
#define IS_ALONE(sum) __asm__("" : "+x"(sum))
#elif defined(__aarch64__)
#define IS_ALONE(sum) __asm__("" : "+w"(sum))
#else
#define IS_ALONE(sum) (void)(sum)
#endif

/* Terms `from` to `end` of all sums from `first` on. */
__attribute__((always_inline)) static inline void add_terms(const float *const terms[SIDE_BY_SIDE],
                                                            float sums[SIDE_BY_SIDE], int first,
                                                            int from, int end) {
  for (int k = from; k < end; k++)
    for (int m = first; m < SIDE_BY_SIDE; m++) {
      sums[m] += terms[m][k];
      IS_ALONE(sums[m]);
    }
}

/* A sum has to wait for each of its terms, so bands are summed side by side, the narrower ones
   first: when one is done the others go on. */
static inline void sum_side_by_side(const float *squares, const mp3a_noise_bands *bands,
                                    const uint8_t band[SIDE_BY_SIDE], float *noises) {
  const float *terms[SIDE_BY_SIDE];
  float sums[SIDE_BY_SIDE] = {0};
  int count[SIDE_BY_SIDE];
  for (int j = 0; j < SIDE_BY_SIDE; j++)
    terms[j] = squares + bands->begin[band[j]], count[j] = bands->count[band[j]];
  add_terms(terms, sums, 0, 0, count[0]);
  add_terms(terms, sums, 1, count[0], count[1]);
  add_terms(terms, sums, 2, count[1], count[2]);
  add_terms(terms, sums, 3, count[2], count[3]);
  add_terms(terms, sums, 4, count[3], count[4]);
  add_terms(terms, sums, 5, count[4], count[5]);
  add_terms(terms, sums, 6, count[5], count[6]);
  add_terms(terms, sums, 7, count[6], count[7]);
  for (int j = 0; j < SIDE_BY_SIDE; j++) noises[band[j]] = sums[j];
}

static int is_ascending(const mp3a_noise_bands *bands, const uint8_t band[SIDE_BY_SIDE]) {
  int is_less = 0;
  for (int j = 1; j < SIDE_BY_SIDE; j++)
    is_less |= bands->count[band[j]] < bands->count[band[j - 1]];
  return !is_less;
}

void mp3a_sum_squares(const float *squares, const mp3a_noise_bands *bands, uint64_t chosen,
                      float *noises) {
  uint8_t band[64];
  int i = 0;
  for (; chosen; chosen &= chosen - 1) band[i++] = (uint8_t)__builtin_ctzll(chosen);
  for (; i >= SIDE_BY_SIDE && is_ascending(bands, band + i - SIDE_BY_SIDE); i -= SIDE_BY_SIDE)
    sum_side_by_side(squares, bands, band + i - SIDE_BY_SIDE, noises);
  while (i-- > 0) {
    const float *terms = squares + bands->begin[band[i]];
    float sum = 0;
    for (int k = 0; k < bands->count[band[i]]; k++) sum += terms[k];
    noises[band[i]] = sum;
  }
}

MP3A_SMALL
static void noises_scalar(const float *lines, const int *quantized, const mp3a_noise_bands *bands,
                          uint64_t chosen, float *squares, float *noises) {
  for (uint64_t left = chosen; left; left &= left - 1) {
    int const i = __builtin_ctzll(left), begin = bands->begin[i];
    square_errors_scalar(lines, quantized, bands->step[i], begin, begin + bands->count[i], squares);
  }
  mp3a_sum_squares(squares, bands, chosen, noises);
}

/* log2(1 + i / 512), as LAME's init_log_table() has it. */
enum { LOG_BITS = 9, LOG_SIZE = 1 << LOG_BITS, MANTISSA_BITS = 23 };
static float logarithms_of_two[LOG_SIZE + 1];

static void fill_logarithms(void) {
  for (int i = 0; i <= LOG_SIZE; i++)
    logarithms_of_two[i] = (float)(log(1.0f + (float)i / LOG_SIZE) / log(2.0f));
}

/* Above 0 for what is above 1. */
static inline float logarithm_of(float x) {
  union { float f; int bits; } number = {x};
  float const exponent = (float)((number.bits >> MANTISSA_BITS & 255) - 127);
  int const mantissa = number.bits & ((1 << MANTISSA_BITS) - 1), rest = MANTISSA_BITS - LOG_BITS;
  float const part = (float)(mantissa & ((1 << rest) - 1)) * (1.0f / (float)(1 << rest));
  const float *table = logarithms_of_two + (mantissa >> rest);
  float const log2 = exponent + (table[0] * (1.0f - part) + table[1] * part);
  return (float)(log2 * (LOG2 / LOG10));
}

static inline int square_of_tenths(float ratio) {
  int const tenths = (int)(logarithm_of(ratio) * 10 + .5);
  return tenths > 1 ? tenths * tenths : 1;
}

static uint64_t at_least_scalar(const float ratios[MP3A_MOST_BANDS], float limit, int count) {
  uint64_t bands = 0;
  for (int i = 0; i < count; i++) bands |= (uint64_t)!(ratios[i] < limit) << i;
  return bands;
}

static void ratios_scalar(mp3a_band_noises *bands, int count, mp3a_noise_sums *sums) {
  *sums = (mp3a_noise_sums){0};
  sums->doubtful = ((uint64_t)1 << count) - 1;
  for (int i = 0; i < count; i++) {
    float const ratio = bands->ratio[i] = bands->inverse[i] * bands->noise[i];
    if (ratio > 1) sums->over_count++, sums->over_squares += square_of_tenths(ratio);
    sums->most_ratio = sums->most_ratio < ratio ? ratio : sums->most_ratio;
  }
}

/* Floats from 0 on are in the order of their bits. */
static void largest_powers_scalar(const float *powers, const mp3a_band_layout *layout, int bands,
                                  float *largest) {
  int bits[MP3A_LINES];
  memcpy(bits, powers, sizeof bits);
  for (int band = 0; band < bands; band++) {
    int most = 0;
    for (int i = layout->begin[band]; i < layout->begin[band + 1]; i++)
      most = most < bits[i] ? bits[i] : most;
    memcpy(&largest[band], &most, sizeof most);
  }
}

static float raise_largest(float largest[MP3A_MOST_BANDS], uint64_t bands, float factor) {
  float most = 0;
  for (; bands; bands &= bands - 1) {
    int const band = __builtin_ctzll(bands);
    largest[band] *= factor;
    most = most < largest[band] ? largest[band] : most;
  }
  return most;
}

MP3A_SMALL
static float amplify_scalar(float *powers, const mp3a_band_layout *layout, uint64_t bands,
                            float factor, float largest[MP3A_MOST_BANDS]) {
  for (uint64_t left = bands; left; left &= left - 1) {
    int const band = __builtin_ctzll(left);
    for (int i = layout->begin[band]; i < layout->begin[band + 1]; i++) powers[i] *= factor;
  }
  return raise_largest(largest, bands, factor);
}

/* How far tenths() may be from the tenths of a logarithm and a half, with room to spare. */
static const float tenths_doubt = 1e-3f;

/* Goes on from line `begin`, a multiple of 8, with sums of what is below. */
static float finish_noise(const float *lines, const float *powers, float scale, float step,
                          int begin, int count, float sums[8]) {
  for (int i = begin; i < count; i++) {
    int quantized;
    lines_scalar(powers + i, scale, 1, &quantized);
    float const error = fabsf(lines[i]) - pow43[quantized] * step;
    sums[i % 8] += error * error;
  }
  return ((sums[0] + sums[4]) + (sums[1] + sums[5])) + ((sums[2] + sums[6]) + (sums[3] + sums[7]));
}

static float noise_scalar(const float *lines, const float *powers, float scale, float step,
                          int count) {
  float sums[8] = {0};
  return finish_noise(lines, powers, scale, step, 0, count, sums);
}

#define TIER_AVX512_BYTES 64
#define TIER_SOURCE "lame/kernels/quantize_vector.h"
#include "common/tiers.h"

#define QUANTIZE_KERNELS(tier)                                                                   \
  {lines_##tier,          lines_in_doubt_##tier, drop_small_##tier, drop_marked_##tier,          \
   noises_##tier,         NULL,                  largest_powers_scalar, amplify_##tier,          \
   at_least_##tier,       ratios_##tier,         noise_##tier}

void mp3a_quantize_select(mp3a_quantize_kernels *kernels, unsigned cpu_flags) {
  fill_logarithms();
  MP3A_SELECT_TIER(kernels, QUANTIZE_KERNELS, cpu_flags);
#if defined(__x86_64__)
  if (cpu_flags & MP3A_CPU_AVX512)
    kernels->near_noises = near_noises_avx512, kernels->largest_powers = largest_powers_avx512;
#endif
}

