/* musl's pow() and powf() with their tables, and of the exponential function inside
   pow() the part that is one by itself: what musl and glibc have as exp(). */
#include <pow.c>

double mp3a_exp(double x) {
  if (x != x) return x;
  return exp_inline(x, 0, 0);
}

/* Both files have functions of these names. */
#define checkint checkint_float
#define zeroinfnan zeroinfnan_float
#include <powf.c>

#include <exp2f_data.c>
#include <exp_data.c>
#include <pow_data.c>
#include <powf_data.c>
