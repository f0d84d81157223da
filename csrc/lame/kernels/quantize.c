/* Rounding to the quantizer's values, and what that leaves as noise, bit for bit
   as in stock LAME. */
#include "lame/kernels/quantize.h"

#include <math.h>

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

#if MP3A_HAS_VECTORS_128
#define TIER(name) name##_128
#define TARGET
#define VECTOR_BYTES 16
#include "lame/kernels/quantize_vector.h"
#undef TIER
#undef TARGET
#undef VECTOR_BYTES
#endif

#if defined(__x86_64__)
#define TIER(name) name##_avx2
#define TARGET __attribute__((target("avx2")))
#define VECTOR_BYTES 32
#include "lame/kernels/quantize_vector.h"
#undef TIER
#undef TARGET
#undef VECTOR_BYTES
#endif

void mp3a_quantize_select(mp3a_quantize_kernels *kernels, unsigned cpu_flags) {
  *kernels = (mp3a_quantize_kernels){lines_scalar, drop_small_scalar, square_errors_scalar};
#if MP3A_HAS_VECTORS_128
  if (cpu_flags & MP3A_CPU_VECTORS_128)
    *kernels = (mp3a_quantize_kernels){lines_128, drop_small_128, square_errors_128};
#endif
#if defined(__x86_64__)
  if (cpu_flags & MP3A_CPU_AVX2)
    *kernels = (mp3a_quantize_kernels){lines_avx2, drop_small_avx2, square_errors_avx2};
#endif
  (void)cpu_flags;
}
