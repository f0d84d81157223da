/* musl's pow.c, and of the exponential function inside it the part that is one by
   itself. That is what musl and glibc have as exp(). */
#include <pow.c>

double mp3a_exp(double x) {
  if (x != x) return x;
  return exp_inline(x, 0, 0);
}
