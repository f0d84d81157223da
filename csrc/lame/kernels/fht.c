/* The windowed fast Hartley transform that LAME's fft_long and fft_short make:
   radix-4 passes over a bit-reversed input. The first two passes run together,
   one lane per residue of the decimation: their inputs are then contiguous, and
   the bit reversal becomes the order in which blocks of 16 are stored. Later
   passes have contiguous lanes by themselves. All operations on a value keep
   their order, and its products with √2 stay in double precision. */
#include "lame/kernels/fht.h"

#include "common/cpu.h"

enum { MAX_SPAN = 128 };

/* Twiddles of one pass, for the pairs i = 1 .. span - 1 (stored at i - 1). */
typedef struct {
  float c1[MAX_SPAN], s1[MAX_SPAN], c2[MAX_SPAN], s2[MAX_SPAN];
} pass_twiddles;

/* Passes over quarters of 4, 16, 64 and 256 values; written before any encoder
   runs (mp3a_fht_select), constant from then on. */
static pass_twiddles twiddles[4];

static const float first_cosine[4] = {9.238795325112867e-01, 9.951847266721969e-01,
                                      9.996988186962042e-01, 9.999811752826011e-01};
static const float first_sine[4] = {3.826834323650898e-01, 9.801714032956060e-02,
                                    2.454122852291229e-02, 6.135884649154475e-03};
static const double sqrt2 = 1.41421356237309504880;

/* By LAME's recurrence, whose rounding the spectrum shows. */
static void init_twiddles(void) {
  for (int pass = 0; pass < 4; pass++) {
    pass_twiddles *t = &twiddles[pass];
    float const c = first_cosine[pass], s = first_sine[pass];
    float c1 = c, s1 = s;
    for (int i = 0; i < 2 << 2 * pass; i++) {
      t->c1[i] = c1;
      t->s1[i] = s1;
      t->c2[i] = 1 - (2 * s1) * s1;
      t->s2[i] = (2 * s1) * c1;
      float const last = c1;
      c1 = last * c - s1 * s;
      s1 = last * s + s1 * c;
    }
  }
}

/* Where the block of each residue goes: its six bits turned round. */
static const unsigned char reversed_six[64] = {
    0, 32, 16, 48, 8,  40, 24, 56, 4, 36, 20, 52, 12, 44, 28, 60,
    2, 34, 18, 50, 10, 42, 26, 58, 6, 38, 22, 54, 14, 46, 30, 62,
    1, 33, 17, 49, 9,  41, 25, 57, 5, 37, 21, 53, 13, 45, 29, 61,
    3, 35, 19, 51, 11, 43, 27, 59, 7, 39, 23, 55, 15, 47, 31, 63};

/* Of a short transform only four bits count. */
static inline int spare_bits(int size) { return size == MP3A_FHT_LONG ? 0 : 2; }

static inline float *block_of(float *spectrum, int residue, int spare) {
  return spectrum + 16 * (reversed_six[residue] >> spare);
}

/* The values without twiddles: the first of each quarter, and the middle, where both
   of a pair meet. Differences of equal turns: f3 is x3 there. */
typedef struct {
  float first[4], middle[4];
} plain_values;

static inline plain_values load_plain(const float *x, int k) {
  const float *m = x + k / 2;
  return (plain_values){{x[0], x[k], x[2 * k], x[3 * k]}, {m[0], m[k], m[2 * k], m[3 * k]}};
}

static inline void store_plain(float *x, int k, plain_values v) {
  float f1 = v.first[0] - v.first[1], f0 = v.first[0] + v.first[1];
  float f3 = v.first[2] - v.first[3], f2 = v.first[2] + v.first[3];
  x[2 * k] = f0 - f2;
  x[0] = f0 + f2;
  x[3 * k] = f1 - f3;
  x[k] = f1 + f3;
  float *m = x + k / 2;
  f1 = v.middle[0] - v.middle[1], f0 = v.middle[0] + v.middle[1];
  f3 = sqrt2 * v.middle[3], f2 = sqrt2 * v.middle[2];
  m[2 * k] = f0 - f2;
  m[0] = f0 + f2;
  m[3 * k] = f1 - f3;
  m[k] = f1 + f3;
}

static inline void turned_pair(float *f, float *g, int k, float c1, float s1, float c2, float s2) {
  float b = s2 * f[k] - c2 * g[k], a = c2 * f[k] + s2 * g[k];
  float f1 = f[0] - a, f0 = f[0] + a, g1 = g[0] - b, g0 = g[0] + b;
  b = s2 * f[3 * k] - c2 * g[3 * k], a = c2 * f[3 * k] + s2 * g[3 * k];
  float f3 = f[2 * k] - a, f2 = f[2 * k] + a, g3 = g[2 * k] - b, g2 = g[2 * k] + b;
  b = s1 * f2 - c1 * g3, a = c1 * f2 + s1 * g3;
  f[2 * k] = f0 - a;
  f[0] = f0 + a;
  g[3 * k] = g1 - b;
  g[k] = g1 + b;
  b = c1 * g2 - s1 * f3, a = s1 * g2 + c1 * f3;
  g[2 * k] = g0 - a;
  g[0] = g0 + a;
  f[3 * k] = f1 - b;
  f[k] = f1 + b;
}

/* The first pass of one block: inputs of residue r modulo size / 16. */
static void load_block(const float *s, const float *w, float *block, int eighth, int r) {
  static const int offset_in_half_eighths[4] = {0, 2, 1, 3};
  for (int row = 0; row < 4; row++, block += 4) {
    int i = r + offset_in_half_eighths[row] * (eighth / 2);
    float y0 = w[i] * s[i], y1 = w[i + 4 * eighth] * s[i + 4 * eighth];
    float y2 = w[i + 2 * eighth] * s[i + 2 * eighth], y3 = w[i + 6 * eighth] * s[i + 6 * eighth];
    float f1 = y0 - y1, f0 = y0 + y1, f3 = y2 - y3, f2 = y2 + y3;
    block[0] = f0 + f2;
    block[2] = f0 - f2;
    block[1] = f1 + f3;
    block[3] = f1 - f3;
  }
}

MP3A_SMALL
static void windowed_fht_scalar(const float *samples, const float *window, float *spectrum,
                                int size) {
  for (int r = 0; r < size / 16; r++)
    load_block(samples, window, block_of(spectrum, r, spare_bits(size)), size / 8, r);
  const pass_twiddles *t = twiddles;
  for (int k = 4; k < size; k *= 4, t++)
    for (float *x = spectrum; x < spectrum + size; x += 4 * k) {
      store_plain(x, k, load_plain(x, k));
      for (int i = 1; i < k / 2; i++)
        turned_pair(x + i, x + k - i, k, t->c1[i - 1], t->s1[i - 1], t->c2[i - 1], t->s2[i - 1]);
    }
}

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define TIER_AVX512_BYTES 64
#define TIER_SOURCE "lame/kernels/fht_vector.h"
#include "common/tiers.h"

#define FHT_KERNELS(tier) {windowed_fht_##tier}

void mp3a_fht_select(mp3a_fht_kernels *kernels, unsigned cpu_flags) {
  init_twiddles();
  MP3A_SELECT_TIER(kernels, FHT_KERNELS, cpu_flags);
}
