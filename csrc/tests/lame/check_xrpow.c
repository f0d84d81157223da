/* The power 3/4 against the scalar twin: random and edge values, and every
   float of a stretch where the fast way is in doubt. */
#include <math.h>
#include <string.h>

#include "lame/kernels/kernels.h"
#include "tests/check.h"

void check_xrpow(unsigned cpu_flags, const char *tier, int bench);

enum { LINES = 576, GUARD = 16 };

static float lines[LINES + GUARD];

static float random_line(int kind) {
  static const float edges[] = {0.0f,  -0.0f,  1e-45f,   -1e-42f,  1e-38f, 9e-13f, 9.2e-13f,
                                1e15f, 1.2e15f, -3.4e38f, INFINITY, NAN,    1.0f,   -32768.0f};
  union { uint32_t bits; float f; } any = {check_random()};
  switch (kind) {
    case 0: return check_random_float(-3e4f, 3e4f);
    case 1: return any.f;
    case 2: return edges[check_random() % (sizeof edges / sizeof *edges)];
    case 3: return check_random() % 50 ? 0 : any.f;
    default: return expf(check_random_float(-20, 20));
  }
}

static void compare(const mp3a_xrpow_kernels *scalar, const mp3a_xrpow_kernels *kernels,
                    const char *tier, int shift, int count, float largest) {
  float out[2][LINES + GUARD];
  memset(out, 0x5a, sizeof out);
  float const a = scalar->raise(lines + shift, count, out[0] + shift, largest);
  float const b = kernels->raise(lines + shift, count, out[1] + shift, largest);
  int same = memcmp(&a, &b, sizeof a) == 0;
  for (int i = 0; i < LINES + GUARD; i++) /* the sign of a NaN means nothing */
    same &= memcmp(&out[0][i], &out[1][i], 4) == 0 || (isnan(out[0][i]) && isnan(out[1][i]));
  CHECK(same, "%s, %d lines from %a", tier, count, (double)lines[shift]);
}

static void print_times(const mp3a_xrpow_kernels *scalar, const mp3a_xrpow_kernels *kernels,
                        const char *tier) {
  static float out[LINES];
  for (int i = 0; i < LINES; i++) lines[i] = i < 440 ? random_line(0) : 0;
  TIME(tier, "raise", 40, , kernels->raise(lines, LINES, out, 0),
       scalar->raise(lines, LINES, out, 0), "scalar");
}

/* Of all floats, this one and its multiples by powers of 16 are those that a first guess by AVX2
   rounds otherwise, if nothing is in doubt about it. */
static void check_hardest(const mp3a_xrpow_kernels *scalar, const mp3a_xrpow_kernels *kernels,
                          const char *tier) {
  for (int exponent = -40; exponent <= 48; exponent += 4) {
    for (int at = 0; at < 64; at++) {
      for (int i = 0; i < 64; i++) lines[i] = i == at ? ldexpf(0x1.000004p+0f, exponent) : 2;
      compare(scalar, kernels, tier, 0, 64, 0);
    }
  }
}

void check_xrpow(unsigned cpu_flags, const char *tier, int bench) {
  mp3a_xrpow_kernels scalar, kernels;
  mp3a_xrpow_select(&scalar, 0);
  mp3a_xrpow_select(&kernels, cpu_flags);
  if (bench) {
    print_times(&scalar, &kernels, tier);
    return;
  }
  for (int round = 0; round < 2000; round++) {
    int const count = round % 3 ? LINES : (int)(check_random() % (LINES + 1));
    for (int i = 0; i < LINES + GUARD; i++) lines[i] = random_line(round % 5);
    compare(&scalar, &kernels, tier, (int)(check_random() % GUARD), count, round % 2 ? 0 : 100);
  }
  check_hardest(&scalar, &kernels, tier);
  union { uint32_t bits; float f; } next = {check_random() % 0x40000000 + 0x20000000};
  for (int round = 0; round < 1000; round++) {
    for (int i = 0; i < LINES; i++, next.bits++) lines[i] = next.f;
    compare(&scalar, &kernels, tier, 0, LINES, 0);
  }
}
