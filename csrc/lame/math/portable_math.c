/* The usual methods: bring the argument into a small interval, in two parts where
   one double is too coarse, then sum the Taylor series there. The series'
   coefficients are written as fractions, which the compiler rounds exactly. */
#include "lame/math/portable_math.h"

#include <stdint.h>
#include <string.h>

static const double infinity = INFINITY, not_a_number = NAN;

/* log 2 and pi / 2 in parts: a small integer times any but the last is exact. */
static const double ln2_high = 0x1.62e42fefap-1, ln2_low = 0x1.cf79abc9e3b3ap-40;
static const double half_pi_high = 0x1.921fb544p+0, half_pi_middle = 0x1.0b4611a6p-34,
                    half_pi_low = 0x1.3198a2e037073p-69;
static const double half_pi_rest = 0x1.1a62633145c07p-54; /* of the nearest double */

static int round_to_int(double x) { return (int)(x < 0 ? x - 0.5 : x + 0.5); }

/* c[0] + c[1] x + ..., as four sums in x^4 that a processor computes side by side. */
static inline double polynomial(double x, const double *c, int count) {
  const double x2 = x * x, x4 = x2 * x2;
  double sums[4] = {0, 0, 0, 0};
  for (int i = (count - 1) / 4 * 4; i >= 0; i -= 4) {
    for (int j = 0; j < 4; j++) sums[j] = sums[j] * x4 + (i + j < count ? c[i + j] : 0);
  }
  return (sums[0] + sums[1] * x) + (sums[2] + sums[3] * x) * x2;
}
#define POLYNOMIAL(x, c) polynomial(x, c, (int)(sizeof(c) / sizeof *(c)))

/* log(x) = k log 2 + log(1 + f), where sqrt(1/2) < 1 + f < sqrt(2). With
   s = f / (2 + f), log(1 + f) = 2 atanh(s) = f - f^2 / 2 + s (f^2 / 2 + R(s^2)). */
double mp3a_log(double x) {
  /* 2 / (2 n + 1), from n = 1 */
  static const double c[] = {2.0 / 3,  2.0 / 5,  2.0 / 7,  2.0 / 9,  2.0 / 11,
                             2.0 / 13, 2.0 / 15, 2.0 / 17, 2.0 / 19, 2.0 / 21};
  if (x != x || x == infinity) return x;
  if (x <= 0) return x == 0 ? -infinity : not_a_number;
  int k = 0;
  if (x < 0x1p-1022) {
    x *= 0x1p54;
    k = -54;
  }
  uint64_t bits;
  memcpy(&bits, &x, sizeof bits);
  k += (int)(bits >> 52) - 1023;
  bits = (bits & 0x000fffffffffffffu) | 0x3ff0000000000000u;
  double f;
  memcpy(&f, &bits, sizeof f);
  if (f > 0x1.6a09e667f3bcdp+0) {
    f *= 0.5;
    k++;
  }
  f -= 1;
  const double s = f / (2 + f), z = s * s, half_square = 0.5 * f * f;
  const double tail = s * (half_square + z * POLYNOMIAL(z, c)) + k * ln2_low;
  return k * ln2_high - ((half_square - tail) - f);
}

double mp3a_log10(double x) { return mp3a_log(x) * 0x1.bcb7b1526e50ep-2; }

float mp3a_log10f(float x) { return (float)mp3a_log10(x); }

/* sin(r + rest) and cos(r + rest) for |r| up to pi / 4. */
static double sin_near_0(double r, double rest) {
  /* (-1)^n / (2 n + 1)!, from n = 1 */
  static const double c[] = {-1.0 / 6,         1.0 / 120,          -1.0 / 5040,
                             1.0 / 362880,     -1.0 / 39916800,    1.0 / 6227020800.0,
                             -1.0 / 1307674368000.0};
  const double z = r * r;
  return r + (r * z * POLYNOMIAL(z, c) + rest * (1 - 0.5 * z));
}

static double cos_near_0(double r, double rest) {
  /* (-1)^n / (2 n)!, from n = 2 */
  static const double c[] = {1.0 / 24,          -1.0 / 720,        1.0 / 40320,
                             -1.0 / 3628800,    1.0 / 479001600,   -1.0 / 87178291200.0,
                             1.0 / 20922789888000.0};
  const double z = r * r, half = 0.5 * z, value = 1 - half;
  return value + (((1 - value) - half) + (z * z * POLYNOMIAL(z, c) - r * rest));
}

/* sin(x + quarters pi / 2) */
static double sin_turned(double x, int quarters) {
  const int k = round_to_int(x * 0x1.45f306dc9c883p-1);
  const double high = (x - k * half_pi_high) - k * half_pi_middle, low = k * half_pi_low;
  const double r = high - low, rest = (high - r) - low;
  const unsigned quadrant = (unsigned)(k + quarters) & 3;
  const double value = quadrant & 1 ? cos_near_0(r, rest) : sin_near_0(r, rest);
  return quadrant & 2 ? -value : value;
}

double mp3a_sin(double x) { return sin_turned(x, 0); }

double mp3a_cos(double x) { return sin_turned(x, 1); }

/* atan(x) = base + atan(t), where |t| < tan(pi / 8). */
double mp3a_atan(double x) {
  /* (-1)^n / (2 n + 1), from n = 1 */
  static const double c[] = {-1.0 / 3,  1.0 / 5,  -1.0 / 7,  1.0 / 9,  -1.0 / 11, 1.0 / 13,
                             -1.0 / 15, 1.0 / 17, -1.0 / 19, 1.0 / 21, -1.0 / 23, 1.0 / 25,
                             -1.0 / 27, 1.0 / 29, -1.0 / 31, 1.0 / 33, -1.0 / 35, 1.0 / 37,
                             -1.0 / 39, 1.0 / 41};
  static const double half_pi = 0x1.921fb54442d18p+0;
  const double size = x < 0 ? -x : x;
  double base = 0, rest = 0, t = size;
  if (size > 2.414213562373095) {
    base = half_pi;
    rest = half_pi_rest;
    t = -1 / size;
  } else if (size > 0.41421356237309503) {
    base = half_pi / 2;
    rest = half_pi_rest / 2;
    t = (size - 1) / (size + 1);
  }
  const double z = t * t;
  const double value = base + (t + (t * z * POLYNOMIAL(z, c) + rest));
  return x < 0 ? -value : value;
}
