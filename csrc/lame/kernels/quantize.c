/* Rounding to the quantizer's values, and what that leaves as noise, bit for bit
   as in stock LAME. */
#include "lame/kernels/quantize.h"

#include <math.h>

#include "common/mpeg.h"
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
static void lines_scalar(const float *powers, float scale, int count, int *quantized) {
  for (int i = 0; i < count; i++) {
    float x = scale * powers[i];
    double sum = (double)x + two_to_23;
    quantized[i] = rounded(sum + adj43asm[rounded(sum)]);
  }
}

/* What lines_scalar() makes of an x that rounds to n, 1 to 15: n from this
   smallest x on (found by trying every float), n - 1 below. It follows from
   adj43asm[n], which is rounded so clearly that no libm makes it another. */
static const float smallest_rounded_up[16] = {
  0,
  0x1.306fe2p-1f, 0x1.872a36p+0f, 0x1.422394p+1f, 0x1.c186ap+1f,  0x1.2097d6p+2f,
  0x1.607c3p+2f,  0x1.a06912p+2f, 0x1.e05b0ep+2f, 0x1.10282cp+3f, 0x1.3023f2p+3f,
  0x1.502084p+3f, 0x1.701dbp+3f,  0x1.901b5p+3f,  0x1.b0194ap+3f, 0x1.d0178ap+3f};

/* Past 15, adj43asm is between -0.003 and 0.001: only an x closer to a tie than
   that may round to another value than n. */
static const float lowest_rest = -0.497f, highest_rest = 0.499f;

static void drop_small_scalar(const float *powers, float limit, int count, int *quantized) {
  for (int i = 0; i < count; i++)
    if (!(powers[i] >= limit)) quantized[i] = 0;
}

static void square_errors_scalar(const float *lines, const int *quantized, float step, int begin,
                                 int end, float *squares) {
  for (int i = begin; i < end; i++) {
    float const error = fabsf(lines[i]) - pow43[quantized[i]] * step;
    squares[i] = error * error;
  }
}

static inline int lesser(int a, int b) { return a < b ? a : b; }

/* A sum has to wait for each of its terms, so four bands are summed side by side. */
static inline void sum_bands(const float *squares, const mp3a_noise_band *bands, int count,
                             float *noises) {
  int i = 0;
  for (; i + 4 <= count; i += 4) {
    const mp3a_noise_band *b = bands + i;
    const float *p = squares + b[0].begin, *q = squares + b[1].begin;
    const float *r = squares + b[2].begin, *s = squares + b[3].begin;
    const int least = lesser(lesser(b[0].count, b[1].count), lesser(b[2].count, b[3].count));
    float sums[4] = {0};
    for (int k = 0; k < least; k++)
      sums[0] += p[k], sums[1] += q[k], sums[2] += r[k], sums[3] += s[k];
    for (int j = 0; j < 4; j++) {
      float sum = sums[j];
      for (int k = least; k < b[j].count; k++) sum += squares[b[j].begin + k];
      noises[i + j] = sum;
    }
  }
  for (; i < count; i++) {
    float sum = 0;
    for (int k = 0; k < bands[i].count; k++) sum += squares[bands[i].begin + k];
    noises[i] = sum;
  }
}

static void noises_scalar(const float *lines, const int *quantized, const mp3a_noise_band *bands,
                          int count, float *noises) {
  float squares[MP3A_LINES];
  for (int i = 0; i < count; i++)
    square_errors_scalar(lines, quantized, bands[i].step, bands[i].begin,
                         bands[i].begin + bands[i].count, squares);
  sum_bands(squares, bands, count, noises);
}

/* log2(1 + i / 512), as LAME's init_log_table() has it. */
enum { LOG_BITS = 9, LOG_SIZE = 1 << LOG_BITS, MANTISSA_BITS = 23 };
static float logarithms_of_two[LOG_SIZE + 1];

static void fill_logarithms(void) {
  for (int i = 0; i <= LOG_SIZE; i++)
    logarithms_of_two[i] = (float)(log(1.0f + (float)i / LOG_SIZE) / log(2.0f));
}

static inline float logarithm_of(float x) {
  union { float f; int bits; } number = {x};
  float const exponent = (float)((number.bits >> MANTISSA_BITS & 255) - 127);
  int const mantissa = number.bits & ((1 << MANTISSA_BITS) - 1), rest = MANTISSA_BITS - LOG_BITS;
  float const part = (float)(mantissa & ((1 << rest) - 1)) * (1.0f / (float)(1 << rest));
  const float *table = logarithms_of_two + (mantissa >> rest);
  float const log2 = exponent + (table[0] * (1.0f - part) + table[1] * part);
  return (float)(log2 * (LOG2 / LOG10));
}

static void ratios_scalar(const float *noises, const float *allowed, int count, float *ratios,
                          float *logarithms) {
  for (int i = 0; i < count; i++) {
    ratios[i] = 1.0f / allowed[i] * noises[i];
    logarithms[i] = logarithm_of(ratios[i] > 1e-20f ? ratios[i] : 1e-20f);
  }
}

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

#define TIER_SOURCE "lame/kernels/quantize_vector.h"
#include "common/tiers.h"

#define QUANTIZE_KERNELS(tier) \
  {lines_##tier, drop_small_##tier, noises_##tier, ratios_##tier, noise_##tier}

void mp3a_quantize_select(mp3a_quantize_kernels *kernels, unsigned cpu_flags) {
  fill_logarithms();
  MP3A_SELECT_TIER(kernels, QUANTIZE_KERNELS, cpu_flags);
}
