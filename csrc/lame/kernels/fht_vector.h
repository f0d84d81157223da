/* The vector tiers of fht.c, for common/tiers.h. */

#define TIMES_SQRT2(v) \
  __builtin_convertvector(__builtin_convertvector(v, TIER(wide)) * sqrt2, TIER(vec))

/* Stores lane l of the 16 vectors as the block of residue r + l. */
#if VECTOR_BYTES == 16
static inline TARGET void TIER(store_blocks)(float *spectrum, const TIER(vec) y[16], int r,
                                             int spare) {
  for (int quarter = 0; quarter < 4; quarter++) {
    const TIER(vec) *in = y + 4 * quarter;
    TIER(vec) a = __builtin_shufflevector(in[0], in[1], 0, 4, 1, 5);
    TIER(vec) b = __builtin_shufflevector(in[0], in[1], 2, 6, 3, 7);
    TIER(vec) c = __builtin_shufflevector(in[2], in[3], 0, 4, 1, 5);
    TIER(vec) d = __builtin_shufflevector(in[2], in[3], 2, 6, 3, 7);
    float *out = spectrum + 4 * quarter;
    TIER(store)(block_of(out, r, spare), __builtin_shufflevector(a, c, 0, 1, 4, 5));
    TIER(store)(block_of(out, r + 1, spare), __builtin_shufflevector(a, c, 2, 3, 6, 7));
    TIER(store)(block_of(out, r + 2, spare), __builtin_shufflevector(b, d, 0, 1, 4, 5));
    TIER(store)(block_of(out, r + 3, spare), __builtin_shufflevector(b, d, 2, 3, 6, 7));
  }
}
#elif VECTOR_BYTES == 64
static inline TARGET void TIER(store_blocks)(float *spectrum, const TIER(vec) y[16], int r,
                                             int spare) {
  TIER(vec) t[16];
  for (int i = 0; i < 16; i += 4) { /* 4 x 4 in each quarter */
    TIER(vec) a = (TIER(vec))_mm512_unpacklo_ps((__m512)y[i], (__m512)y[i + 1]);
    TIER(vec) b = (TIER(vec))_mm512_unpackhi_ps((__m512)y[i], (__m512)y[i + 1]);
    TIER(vec) c = (TIER(vec))_mm512_unpacklo_ps((__m512)y[i + 2], (__m512)y[i + 3]);
    TIER(vec) d = (TIER(vec))_mm512_unpackhi_ps((__m512)y[i + 2], (__m512)y[i + 3]);
    t[i] = (TIER(vec))_mm512_unpacklo_pd((__m512d)a, (__m512d)c);
    t[i + 1] = (TIER(vec))_mm512_unpackhi_pd((__m512d)a, (__m512d)c);
    t[i + 2] = (TIER(vec))_mm512_unpacklo_pd((__m512d)b, (__m512d)d);
    t[i + 3] = (TIER(vec))_mm512_unpackhi_pd((__m512d)b, (__m512d)d);
  }
#define QUARTERS(a, b, chosen) (TIER(vec)) _mm512_shuffle_f32x4((__m512)(a), (__m512)(b), chosen)
  for (int i = 0; i < 4; i++) { /* then the quarters change places */
    TIER(vec) even = QUARTERS(t[i], t[i + 4], 0x88), odd = QUARTERS(t[i], t[i + 4], 0xdd);
    TIER(vec) even_high = QUARTERS(t[i + 8], t[i + 12], 0x88);
    TIER(vec) odd_high = QUARTERS(t[i + 8], t[i + 12], 0xdd);
    float *out = block_of(spectrum, r + i, spare);
    TIER(store)(out, QUARTERS(even, even_high, 0x88));
    out = block_of(spectrum, r + 4 + i, spare);
    TIER(store)(out, QUARTERS(odd, odd_high, 0x88));
    out = block_of(spectrum, r + 8 + i, spare);
    TIER(store)(out, QUARTERS(even, even_high, 0xdd));
    out = block_of(spectrum, r + 12 + i, spare);
    TIER(store)(out, QUARTERS(odd, odd_high, 0xdd));
  }
#undef QUARTERS
}
#else
static inline TARGET void TIER(store_blocks)(float *spectrum, const TIER(vec) y[16], int r,
                                             int spare) {
  for (int half = 0; half < 2; half++) {
    const TIER(vec) *in = y + 8 * half;
    TIER(vec) low[4], high[4], out[8];
    for (int i = 0; i < 4; i++) {
      low[i] = __builtin_shufflevector(in[2 * i], in[2 * i + 1], 0, 8, 1, 9, 4, 12, 5, 13);
      high[i] = __builtin_shufflevector(in[2 * i], in[2 * i + 1], 2, 10, 3, 11, 6, 14, 7, 15);
    }
    for (int i = 0; i < 4; i++) { /* lane pairs l and l + 4 of rows 0-3 and 4-7 */
      TIER(vec) a = i < 2 ? low[0] : high[0], b = i < 2 ? low[1] : high[1];
      TIER(vec) c = i < 2 ? low[2] : high[2], d = i < 2 ? low[3] : high[3];
      TIER(vec) p, q;
      if (i % 2 == 0) {
        p = __builtin_shufflevector(a, b, 0, 1, 8, 9, 4, 5, 12, 13);
        q = __builtin_shufflevector(c, d, 0, 1, 8, 9, 4, 5, 12, 13);
      } else {
        p = __builtin_shufflevector(a, b, 2, 3, 10, 11, 6, 7, 14, 15);
        q = __builtin_shufflevector(c, d, 2, 3, 10, 11, 6, 7, 14, 15);
      }
      out[i] = __builtin_shufflevector(p, q, 0, 1, 2, 3, 8, 9, 10, 11);
      out[i + 4] = __builtin_shufflevector(p, q, 4, 5, 6, 7, 12, 13, 14, 15);
    }
    for (int lane = 0; lane < 8; lane++)
      TIER(store)(block_of(spectrum, r + lane, spare) + 8 * half, out[lane]);
  }
}
#endif

static inline TARGET TIER(vec) TIER(windowed)(const float *s, const float *w, int i) {
  return TIER(load)(w + i) * TIER(load)(s + i);
}

/* load_block() of LANES residues: y[4 * row + column]. */
static inline TARGET void TIER(load_rows)(const float *s, const float *w, int eighth, int r,
                                          TIER(vec) y[16]) {
  for (int row = 0; row < 4; row++, y += 4) {
    int i = r + (row >> 1 | (row & 1) << 1) * (eighth / 2);
    TIER(vec) y0 = TIER(windowed)(s, w, i), y1 = TIER(windowed)(s, w, i + 4 * eighth);
    TIER(vec) y2 = TIER(windowed)(s, w, i + 2 * eighth);
    TIER(vec) y3 = TIER(windowed)(s, w, i + 6 * eighth);
    TIER(vec) f1 = y0 - y1, f0 = y0 + y1, f3 = y2 - y3, f2 = y2 + y3;
    y[0] = f0 + f2;
    y[2] = f0 - f2;
    y[1] = f1 + f3;
    y[3] = f1 - f3;
  }
}

/* store_plain() and the one turned pair of quarters of four values. */
static inline TARGET void TIER(small_pass)(TIER(vec) y[16]) {
  TIER(vec) f1 = y[0] - y[4], f0 = y[0] + y[4], f3 = y[8] - y[12], f2 = y[8] + y[12];
  y[8] = f0 - f2, y[0] = f0 + f2, y[12] = f1 - f3, y[4] = f1 + f3;
  f1 = y[2] - y[6], f0 = y[2] + y[6], f3 = TIMES_SQRT2(y[14]), f2 = TIMES_SQRT2(y[10]);
  y[10] = f0 - f2, y[2] = f0 + f2, y[14] = f1 - f3, y[6] = f1 + f3;

  float c1 = twiddles[0].c1[0], s1 = twiddles[0].s1[0];
  float c2 = twiddles[0].c2[0], s2 = twiddles[0].s2[0];
  TIER(vec) b = s2 * y[5] - c2 * y[7], a = c2 * y[5] + s2 * y[7];
  f1 = y[1] - a, f0 = y[1] + a;
  TIER(vec) g1 = y[3] - b, g0 = y[3] + b;
  b = s2 * y[13] - c2 * y[15], a = c2 * y[13] + s2 * y[15];
  f3 = y[9] - a, f2 = y[9] + a;
  TIER(vec) g3 = y[11] - b, g2 = y[11] + b;
  b = s1 * f2 - c1 * g3, a = c1 * f2 + s1 * g3;
  y[9] = f0 - a, y[1] = f0 + a, y[15] = g1 - b, y[7] = g1 + b;
  b = c1 * g2 - s1 * f3, a = s1 * g2 + c1 * f3;
  y[11] = g0 - a, y[3] = g0 + a, y[13] = f1 - b, y[5] = f1 + b;
}

/* turned_pair() of LANES pairs, i and up. `f` counts up from i, `g` down from
   k - i, so that its vectors lie at k - i - LANES + 1, reversed. */
static inline TARGET void TIER(turned_pairs)(float *x, int k, int i, const pass_twiddles *t) {
  float *f = x + i, *g = x + k - i - (TIER(lanes) - 1);
  TIER(vec) c1 = TIER(load)(t->c1 + i - 1), s1 = TIER(load)(t->s1 + i - 1);
  TIER(vec) c2 = TIER(load)(t->c2 + i - 1), s2 = TIER(load)(t->s2 + i - 1);
  TIER(vec) fk = TIER(load)(f + k), gk = TIER(reversed)(TIER(load)(g + k));
  TIER(vec) b = s2 * fk - c2 * gk, a = c2 * fk + s2 * gk;
  TIER(vec) fx = TIER(load)(f), gx = TIER(reversed)(TIER(load)(g));
  TIER(vec) f1 = fx - a, f0 = fx + a, g1 = gx - b, g0 = gx + b;
  fk = TIER(load)(f + 3 * k), gk = TIER(reversed)(TIER(load)(g + 3 * k));
  b = s2 * fk - c2 * gk, a = c2 * fk + s2 * gk;
  fx = TIER(load)(f + 2 * k), gx = TIER(reversed)(TIER(load)(g + 2 * k));
  TIER(vec) f3 = fx - a, f2 = fx + a, g3 = gx - b, g2 = gx + b;
  b = s1 * f2 - c1 * g3, a = c1 * f2 + s1 * g3;
  TIER(store)(f + 2 * k, f0 - a);
  TIER(store)(f, f0 + a);
  TIER(store)(g + 3 * k, TIER(reversed)(g1 - b));
  TIER(store)(g + k, TIER(reversed)(g1 + b));
  b = c1 * g2 - s1 * f3, a = s1 * g2 + c1 * f3;
  TIER(store)(g + 2 * k, TIER(reversed)(g0 - a));
  TIER(store)(g, TIER(reversed)(g0 + a));
  TIER(store)(f + 3 * k, f1 - b);
  TIER(store)(f + k, f1 + b);
}

/* A pass over one block. The last vector of pairs runs one too far, into the
   middle. What is stored by itself is loaded before and stored behind the vectors, which
   would have to wait for it. */
static inline TARGET void TIER(pass_block)(float *x, int k, const pass_twiddles *t) {
  plain_values const plain = load_plain(x, k);
  for (int i = 1; i < k / 2; i += TIER(lanes)) TIER(turned_pairs)(x, k, i, t);
  store_plain(x, k, plain);
}

static TARGET void TIER(windowed_fht)(const float *samples, const float *window, float *spectrum,
                                      int size) {
  int const spare = spare_bits(size);
  for (int r = 0; r < size / 16; r += TIER(lanes)) {
    TIER(vec) y[16];
    TIER(load_rows)(samples, window, size / 8, r, y);
    TIER(small_pass)(y);
    TIER(store_blocks)(spectrum, y, r, spare);
  }
  const pass_twiddles *t = twiddles + 1;
  int k = 16;
#if VECTOR_BYTES == 64 /* there are but eight pairs */
  for (float *x = spectrum; x < spectrum + size; x += 4 * k) pass_block_avx2(x, k, t);
  k *= 4, t++;
#endif
  for (; k < size; k *= 4, t++)
    for (float *x = spectrum; x < spectrum + size; x += 4 * k) TIER(pass_block)(x, k, t);
}

#undef TIMES_SQRT2
