/* Vectors of floats, and what kernels of all widths do with them. Included once per tier by
   common/tiers.h, with VECTOR_BYTES, TIER(name) and TARGET defined. */

typedef float TIER(vec) __attribute__((vector_size(VECTOR_BYTES)));
typedef int TIER(bits) __attribute__((vector_size(VECTOR_BYTES)));
typedef double TIER(wide) __attribute__((vector_size(2 * VECTOR_BYTES)));
typedef float TIER(vec_unaligned)
    __attribute__((vector_size(VECTOR_BYTES), aligned(4), may_alias));
typedef int TIER(bits_unaligned) __attribute__((vector_size(VECTOR_BYTES), aligned(4), may_alias));

enum { TIER(lanes) = VECTOR_BYTES / 4 };

static inline TARGET TIER(vec) TIER(load)(const float *p) {
  return *(const TIER(vec_unaligned) *)p;
}

static inline TARGET void TIER(store)(float *p, TIER(vec) x) { *(TIER(vec_unaligned) *)p = x; }

/* `a` where `mask` is set, else `b`. */
static inline TARGET TIER(vec) TIER(choose)(TIER(bits) mask, TIER(vec) a, TIER(vec) b) {
  return (TIER(vec))(((TIER(bits))a & mask) | ((TIER(bits))b & ~mask));
}

static inline TARGET TIER(vec) TIER(reversed)(TIER(vec) x) {
#if VECTOR_BYTES == 16
  return __builtin_shufflevector(x, x, 3, 2, 1, 0);
#elif VECTOR_BYTES == 32
  return __builtin_shufflevector(x, x, 7, 6, 5, 4, 3, 2, 1, 0);
#else
  return __builtin_shufflevector(x, x, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
#endif
}

#if VECTOR_BYTES < 64

/* Rows become columns. */
#if VECTOR_BYTES == 16
static inline TARGET void TIER(transpose)(TIER(vec) x[4]) {
  TIER(vec) a = __builtin_shufflevector(x[0], x[1], 0, 4, 1, 5);
  TIER(vec) b = __builtin_shufflevector(x[0], x[1], 2, 6, 3, 7);
  TIER(vec) c = __builtin_shufflevector(x[2], x[3], 0, 4, 1, 5);
  TIER(vec) d = __builtin_shufflevector(x[2], x[3], 2, 6, 3, 7);
  x[0] = __builtin_shufflevector(a, c, 0, 1, 4, 5);
  x[1] = __builtin_shufflevector(a, c, 2, 3, 6, 7);
  x[2] = __builtin_shufflevector(b, d, 0, 1, 4, 5);
  x[3] = __builtin_shufflevector(b, d, 2, 3, 6, 7);
}
#else
/* 4 x 4 in each half of the vectors, then the halves change places. */
static inline TARGET void TIER(transpose)(TIER(vec) x[8]) {
  TIER(vec) y[8];
  for (int i = 0; i < 8; i += 4) {
    TIER(vec) a = __builtin_shufflevector(x[i], x[i + 1], 0, 8, 1, 9, 4, 12, 5, 13);
    TIER(vec) b = __builtin_shufflevector(x[i], x[i + 1], 2, 10, 3, 11, 6, 14, 7, 15);
    TIER(vec) c = __builtin_shufflevector(x[i + 2], x[i + 3], 0, 8, 1, 9, 4, 12, 5, 13);
    TIER(vec) d = __builtin_shufflevector(x[i + 2], x[i + 3], 2, 10, 3, 11, 6, 14, 7, 15);
    y[i] = __builtin_shufflevector(a, c, 0, 1, 8, 9, 4, 5, 12, 13);
    y[i + 1] = __builtin_shufflevector(a, c, 2, 3, 10, 11, 6, 7, 14, 15);
    y[i + 2] = __builtin_shufflevector(b, d, 0, 1, 8, 9, 4, 5, 12, 13);
    y[i + 3] = __builtin_shufflevector(b, d, 2, 3, 10, 11, 6, 7, 14, 15);
  }
  for (int i = 0; i < 4; i++) {
    x[i] = __builtin_shufflevector(y[i], y[i + 4], 0, 1, 2, 3, 8, 9, 10, 11);
    x[i + 4] = __builtin_shufflevector(y[i], y[i + 4], 4, 5, 6, 7, 12, 13, 14, 15);
  }
}
#endif
#endif
