/* The vector tiers of xrpow.c, one source for all widths. Included once per
   tier with VECTOR_BYTES, TIER(name) and TARGET defined. */

#define LANES (VECTOR_BYTES / 4)

typedef float TIER(vec) __attribute__((vector_size(VECTOR_BYTES)));
typedef int TIER(bits) __attribute__((vector_size(VECTOR_BYTES)));
typedef float TIER(vec_unaligned)
    __attribute__((vector_size(VECTOR_BYTES), aligned(4), may_alias));
typedef double TIER(wide) __attribute__((vector_size(2 * VECTOR_BYTES)));

static inline TARGET TIER(vec) TIER(power_of)(TIER(vec) x) {
  TIER(wide) w = __builtin_convertvector(x, TIER(wide));
  w = __builtin_elementwise_sqrt(w * __builtin_elementwise_sqrt(w));
  return __builtin_convertvector(w, TIER(vec));
}

/* `a` where it is greater, so that a NaN leaves the other. */
static inline TARGET TIER(vec) TIER(larger)(TIER(vec) a, TIER(vec) most) {
  TIER(bits) m = a > most;
  return (TIER(vec))(((TIER(bits))a & m) | ((TIER(bits))most & ~m));
}

/* Lines above the low-pass are 0, whole vectors of them: roots are dear. */
static TARGET float TIER(raise)(const float *lines, int count, float *powers, float largest) {
  TIER(vec) most = (TIER(vec)){0} + largest;
  int i = 0;
  for (; i + 2 * LANES <= count; i += 2 * LANES) {
    TIER(vec) a = *(const TIER(vec_unaligned) *)(lines + i);
    TIER(vec) b = *(const TIER(vec_unaligned) *)(lines + i + LANES);
    a = (TIER(vec))((TIER(bits))a & 0x7fffffff);
    b = (TIER(vec))((TIER(bits))b & 0x7fffffff);
    if (__builtin_reduce_or((TIER(bits))a | (TIER(bits))b) != 0) {
      a = TIER(power_of)(a);
      b = TIER(power_of)(b);
      most = TIER(larger)(a, most);
      most = TIER(larger)(b, most);
    }
    *(TIER(vec_unaligned) *)(powers + i) = a;
    *(TIER(vec_unaligned) *)(powers + i + LANES) = b;
  }
  for (int lane = 0; lane < LANES; lane++)
    if (most[lane] > largest) largest = most[lane];
  return raise_scalar(lines + i, count - i, powers + i, largest);
}

#undef LANES
