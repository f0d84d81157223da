/* Rounding to the quantizer's values, and what that leaves as noise, bit for bit
   as in stock LAME. */
#include "lame/kernels/quantize.h"

#include <math.h>

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

static void square_errors_scalar(const float *lines, const int *quantized, float step, int count,
                                 int room, float *squares) {
  (void)room;
  for (int i = 0; i < count; i++) {
    float const error = fabsf(lines[i]) - pow43[quantized[i]] * step;
    squares[i] = error * error;
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

#define QUANTIZE_KERNELS(tier) {lines_##tier, drop_small_##tier, square_errors_##tier, noise_##tier}

void mp3a_quantize_select(mp3a_quantize_kernels *kernels, unsigned cpu_flags) {
  MP3A_SELECT_TIER(kernels, QUANTIZE_KERNELS, cpu_flags);
}
