/* The transforms of synthesis.c, one subband (inverse MDCT) or one slot (cosine
   transform, window) per lane. Included once per tier, the scalar one too, with
   TIER(name), TARGET and TIER(vec) defined. The order of operations is minimp3's. */

/* ---- inverse MDCT, long: 18 lines to 18 + 18 samples, halves windowed ---- */

static inline TARGET void TIER(dct9_even)(const TIER(vec) y[9], TIER(vec) even[5]) {
  TIER(vec) sum = y[0] + y[6] * 0.5f, rest = y[0] - y[6];
  TIER(vec) t4 = (y[4] + y[2]) * 0.93969262f, t2 = (y[8] + y[2]) * 0.76604444f;
  TIER(vec) t6 = (y[4] - y[8]) * 0.17364818f, t = y[4] + (y[8] - y[2]);
  even[0] = sum + t4 - t6;
  even[1] = rest - t * 0.5f;
  even[2] = sum - t4 + t2;
  even[3] = sum - t2 + t6;
  even[4] = t + rest;
}

static inline TARGET void TIER(dct9)(TIER(vec) y[9]) {
  TIER(vec) even[5], s1 = y[1], s5 = y[5], s7 = y[7];
  TIER(dct9_even)(y, even);
  TIER(vec) s3 = y[3] * 0.86602540f, t0 = (s5 + s1) * 0.98480775f;
  TIER(vec) t4 = (s5 - s7) * 0.34202014f, t2 = (s1 + s7) * 0.64278761f;
  s1 = (s1 - s5 - s7) * 0.86602540f;
  s5 = t0 - s3 - t2;
  s7 = t4 - s3 - t0;
  s3 = t4 + s3 - t2;
  y[0] = even[0] - s7, y[8] = even[0] + s7;
  y[1] = even[1] + s1, y[7] = even[1] - s1;
  y[2] = even[2] - s3, y[6] = even[2] + s3;
  y[3] = even[3] + s5, y[5] = even[3] - s5;
  y[4] = even[4];
}

static inline TARGET void TIER(long_block)(TIER(vec) x[18], TIER(vec) overlap[9],
                                           const float window[18]) {
  TIER(vec) c[9], s[9];
  c[0] = -x[0], s[0] = x[17];
  for (int i = 0; i < 4; i++) {
    s[8 - 2 * i] = x[4 * i + 1] - x[4 * i + 2];
    c[1 + 2 * i] = x[4 * i + 1] + x[4 * i + 2];
    s[7 - 2 * i] = x[4 * i + 4] - x[4 * i + 3];
    c[2 + 2 * i] = -(x[4 * i + 3] + x[4 * i + 4]);
  }
  TIER(dct9)(c);
  TIER(dct9)(s);
#pragma GCC unroll 9
  for (int i = 0; i < 9; i++) {
    TIER(vec) before = overlap[i];
    if (i % 2) s[i] = -s[i];
    TIER(vec) sum = c[i] * twiddle[9 + i] + s[i] * twiddle[i];
    overlap[i] = c[i] * twiddle[i] - s[i] * twiddle[9 + i];
    x[i] = before * window[i] - sum * window[9 + i];
    x[17 - i] = before * window[9 + i] + sum * window[i];
  }
}

/* ---- inverse MDCT, three short blocks ---- */

static inline TARGET void TIER(dct3)(TIER(vec) x0, TIER(vec) x1, TIER(vec) x2, TIER(vec) y[3]) {
  TIER(vec) m = x1 * 0.86602540f, a = x0 - x2 * 0.5f;
  y[0] = a + m;
  y[1] = x0 + x2;
  y[2] = a - m;
}

/* Lines x[0], x[3] ... to six samples; `overlap` has three. */
static inline TARGET void TIER(short_block)(const TIER(vec) *x, TIER(vec) out[6],
                                            TIER(vec) overlap[3]) {
  static const float w[6] = {0.79335334f, 0.92387953f, 0.99144486f,
                             0.60876143f, 0.38268343f, 0.13052619f};
  TIER(vec) c[3], s[3];
  TIER(dct3)(-x[0], x[6] + x[3], x[12] + x[9], c);
  TIER(dct3)(x[15], x[12] - x[9], x[6] - x[3], s);
  s[1] = -s[1];
  for (int i = 0; i < 3; i++) {
    TIER(vec) before = overlap[i], sum = c[i] * w[3 + i] + s[i] * w[i];
    overlap[i] = c[i] * w[i] - s[i] * w[3 + i];
    out[i] = before * w[2 - i] - sum * w[5 - i];
    out[5 - i] = before * w[5 - i] + sum * w[2 - i];
  }
}

static inline TARGET void TIER(short_blocks)(TIER(vec) x[18], TIER(vec) overlap[9]) {
  TIER(vec) out[18];
  for (int i = 0; i < 6; i++) out[i] = overlap[i];
  TIER(short_block)(x, out + 6, overlap + 6);
  TIER(short_block)(x + 1, out + 12, overlap + 6);
  TIER(short_block)(x + 2, overlap, overlap + 6);
  for (int i = 0; i < 18; i++) x[i] = out[i];
}

/* ---- polyphase synthesis: the cosine transform of 32 bands ---- */

/* A transform of eight, in place. */
static inline TARGET void TIER(dct8)(TIER(vec) x[8]) {
  TIER(vec) d0 = x[0] - x[7], s0 = x[0] + x[7], d1 = x[1] - x[6], s1 = x[1] + x[6];
  TIER(vec) d2 = x[2] - x[5], s2 = x[2] + x[5], d3 = x[3] - x[4], s3 = x[3] + x[4];
  TIER(vec) x4 = s0 - s3, x3 = s1 - s2;
  s0 += s3, s1 += s2;
  x[0] = s0 + s1;
  x[4] = (s0 - s1) * 0.70710677f;
  TIER(vec) x5 = d3 + d2, x6 = (d2 + d1) * 0.70710677f, x7 = d1 + d0;
  x3 = (x3 + x4) * 0.70710677f;
  x5 = x5 - x7 * 0.198912367f;
  x7 = x7 + x5 * 0.382683432f;
  x5 = x5 - x7 * 0.198912367f;
  TIER(vec) low = d0 - x6, high = d0 + x6;
  x[1] = (high + x7) * 0.50979561f;
  x[2] = (x4 + x3) * 0.54119611f;
  x[3] = (low - x5) * 0.60134488f;
  x[5] = (low + x5) * 0.89997619f;
  x[6] = (x4 - x3) * 1.30656302f;
  x[7] = (high - x7) * 2.56291556f;
}

static inline TARGET __attribute__((always_inline)) void TIER(dct32)(TIER(vec) x[32]) {
  TIER(vec) t[4][8];
#pragma GCC unroll 8
  for (int i = 0; i < 8; i++) {
    TIER(vec) sum = x[i] + x[31 - i], inner = x[15 - i] + x[16 + i];
    TIER(vec) t2 = (x[15 - i] - x[16 + i]) * secant[i][0];
    TIER(vec) t3 = (x[i] - x[31 - i]) * secant[i][1];
    t[0][i] = sum + inner;
    t[1][i] = (sum - inner) * secant[i][2];
    t[2][i] = t3 + t2;
    t[3][i] = (t3 - t2) * secant[i][2];
  }
  for (int k = 0; k < 4; k++) TIER(dct8)(t[k]);
#pragma GCC unroll 8
  for (int i = 0; i < 7; i++) {
    TIER(vec) s = t[3][i] + t[3][i + 1];
    x[4 * i] = t[0][i];
    x[4 * i + 1] = t[2][i] + s;
    x[4 * i + 2] = t[1][i] + t[1][i + 1];
    x[4 * i + 3] = t[2][i + 1] + s;
  }
  x[28] = t[0][7];
  x[29] = t[2][7] + t[3][7];
  x[30] = t[1][7];
  x[31] = t[3][7];
}
