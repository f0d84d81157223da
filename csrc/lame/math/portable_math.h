/* The mathematical functions of our libmp3lame, the same on every platform: those
   of C libraries differ in the last bit, and so would LAME's tables and bytes.
   They use only what IEEE 754 fixes to the bit: + - * / of doubles.

   zig/sources.zig includes this header before each file of LAME and of the kernels.
   mp3a_pow, mp3a_powf and mp3a_exp are musl's, from Zig's own copy of it: Arm's
   algorithm, which glibc has too, so that LAME's bytes stay those of a LAME on
   glibc. */
#ifndef MP3A_PORTABLE_MATH_H
#define MP3A_PORTABLE_MATH_H

#include <math.h>

double mp3a_pow(double x, double y);
float mp3a_powf(float x, float y);
double mp3a_exp(double x);

/* Each errs by less than two units in the last place. */
double mp3a_log(double x);
double mp3a_log10(double x);
float mp3a_log10f(float x);
double mp3a_atan(double x);

/* For |x| up to a million. */
double mp3a_sin(double x);
double mp3a_cos(double x);

/* The square, of which LAME's threshold of hearing has thousands, is exact anyway. */
static inline double mp3a_pow_or_square(double x, double y) {
  return __builtin_constant_p(y) && y == 2.0 ? x * x : mp3a_pow(x, y);
}

#define pow mp3a_pow_or_square
#define powf mp3a_powf
#define exp mp3a_exp
#define log mp3a_log
#define log10 mp3a_log10
#define log10f mp3a_log10f
#define atan mp3a_atan
#define sin mp3a_sin
#define cos mp3a_cos

#endif
