/* The transforms of mdct.c, one subband per lane. Included once per tier, the
   scalar one too, with TIER(name), TARGET, TIER(vec), TIER(wide), WIDEN, NARROW
   and TIER(load) defined. The order of operations is stock LAME's. */

typedef const float (*TIER(rows))[MP3A_SUBBANDS];

/* Window and first rotation: 36 samples become 18. */
static inline TARGET void TIER(fold_long)(TIER(rows) previous, TIER(rows) current, int band,
                                          const long_window *window, TIER(vec) in[18]) {
#pragma GCC unroll 9
  for (int i = 0; i < 9; i++) {
    TIER(vec) a = window->current[i] * TIER(load)(&current[i][band]) +
                  window->current[9 + i] * TIER(load)(&current[17 - i][band]);
    TIER(vec) b = window->previous[i] * TIER(load)(&previous[i][band]) -
                  window->previous[9 + i] * TIER(load)(&previous[17 - i][band]);
    in[i] = a - b * rotation[i];
    in[9 + i] = a * rotation[i] + b;
  }
}

static inline TARGET void TIER(pair)(TIER(vec) *out, TIER(vec) x, TIER(vec) y) {
  out[0] = x + y;
  out[1] = x - y;
}

/* Lines 1, 2, 5, 6, 9, 10, 13, 14 and 17. */
static inline TARGET void TIER(long_lines_1)(const TIER(vec) in[18], TIER(vec) out[18]) {
  TIER(vec) c1 = in[17] - in[9], c3 = in[15] - in[11], c4 = in[14] - in[12];
  TIER(vec) s5 = in[0] + in[8], s6 = in[1] + in[7], s7 = in[2] + in[6], s8 = in[3] + in[5];
  TIER(vec) sum = s5 + s7 - s8, rest = s6 - in[4];
  out[17] = sum - rest;
  TIER(pair)(out + 5, (c1 - c3 - c4) * COS_30, sum * COS_60 + rest);

  TIER(vec) c2 = (in[16] - in[10]) * COS_30, s = s6 * COS_60 + in[4];
  TIER(pair)(out + 1, c1 * COS_10 + c2 + c3 * COS_50 + c4 * COS_70,
             -s5 * COS_100 + s - s7 * COS_140 + s8 * COS_20);
  TIER(pair)(out + 9, c1 * COS_50 - c2 - c3 * COS_70 + c4 * COS_10,
             -s5 * COS_140 + s - s7 * COS_20 + s8 * COS_100);
  TIER(pair)(out + 13, c1 * COS_70 - c2 + c3 * COS_10 - c4 * COS_50,
             s5 * COS_20 - s + s7 * COS_100 - s8 * COS_140);
}

/* Lines 0, 3, 4, 7, 8, 11, 12, 15 and 16. */
static inline TARGET void TIER(long_lines_0)(const TIER(vec) in[18], TIER(vec) out[18]) {
  TIER(vec) s1 = in[8] - in[0], s3 = in[6] - in[2], s4 = in[5] - in[3];
  TIER(vec) c5 = in[17] + in[9], c6 = in[16] + in[10], c7 = in[15] + in[11], c8 = in[14] + in[12];
  TIER(vec) sum = c5 + c7 + c8, rest = c6 + in[13];
  out[0] = sum + rest;
  TIER(pair)(out + 11, sum * COS_60 - rest, (s1 - s3 + s4) * COS_30);

  TIER(vec) s2 = (in[7] - in[1]) * COS_30, c = in[13] - c6 * COS_60;
  TIER(pair)(out + 3, c5 * COS_20 - c + c7 * COS_100 + c8 * COS_140,
             s1 * COS_70 + s2 + s3 * COS_10 + s4 * COS_50);
  TIER(pair)(out + 7, -c5 * COS_140 + c - c7 * COS_20 - c8 * COS_100,
             s1 * COS_50 + s2 - s3 * COS_70 - s4 * COS_10);
  TIER(pair)(out + 15, -c5 * COS_100 + c - c7 * COS_140 - c8 * COS_20,
             s1 * COS_10 - s2 + s3 * COS_50 - s4 * COS_70);
}

static inline TARGET void TIER(long_lines)(TIER(rows) previous, TIER(rows) current, int band,
                                           const long_window *window, TIER(vec) out[18]) {
  TIER(vec) in[18];
  TIER(fold_long)(previous, current, band, window, in);
  TIER(long_lines_1)(in, out);
  TIER(long_lines_0)(in, out);
}

/* Window of one short block, samples 6 to 17 of its 24: `rise` and `fall` are
   the two halves of the 12 that it covers. */
static inline TARGET void TIER(fold_short)(TIER(rows) rise, TIER(rows) fall, int band,
                                           TIER(vec) in[6]) {
  for (int i = 0; i < 3; i++) {
    TIER(vec) first = TIER(load)(&rise[i][band]), last = TIER(load)(&rise[5 - i][band]);
    in[i] = first * short_window[i] - last;
    first = TIER(load)(&fall[i][band]), last = TIER(load)(&fall[5 - i][band]);
    in[3 + i] = last * short_window[i] + first;
  }
}

/* One short block of six; its lines go to out[0], out[3] and so on. The
   constants are doubles in LAME, and each result rounds once. */
static inline TARGET void TIER(short_block)(const TIER(vec) in[6], TIER(vec) *out) {
  TIER(vec) s = in[2] * short_window[0] - in[5], c = in[0] * short_window[2] - in[3];
  TIER(vec) c1 = s + c, c2 = s - c;
  s = in[5] * short_window[0] + in[2], c = in[3] * short_window[2] + in[0];
  TIER(vec) s1 = s + c, s2 = -s + c;
  c = NARROW(WIDEN(in[1] * short_window[1] - in[4]) * SHORT_SCALE_1);
  s = NARROW(WIDEN(in[4] * short_window[1] + in[1]) * SHORT_SCALE_1);

  out[0] = NARROW(WIDEN(c1) * SHORT_SCALE_0 + WIDEN(c));
  out[15] = NARROW(WIDEN(-s1) * SHORT_SCALE_0 + WIDEN(s));
  c2 = NARROW(WIDEN(c2) * SIN_60 * SHORT_SCALE_2);
  s1 = NARROW(WIDEN(s1) * 0.5 * SHORT_SCALE_2 + WIDEN(s));
  TIER(vec) low = c2 - s1, high = c2 + s1;
  out[3] = low, out[6] = high;
  c1 = NARROW(WIDEN(c1) * 0.5 * SHORT_SCALE_2 - WIDEN(c));
  s2 = NARROW(WIDEN(s2) * SIN_60 * SHORT_SCALE_2);
  out[9] = c1 + s2, out[12] = c1 - s2;
}

static inline TARGET void TIER(short_lines)(TIER(rows) previous, TIER(rows) current, int band,
                                            TIER(vec) out[18]) {
  TIER(vec) in[6];
  TIER(fold_short)(previous + 6, previous + 12, band, in);
  TIER(short_block)(in, out);
  TIER(fold_short)(previous + 12, current, band, in);
  TIER(short_block)(in, out + 1);
  TIER(fold_short)(current, current + 6, band, in);
  TIER(short_block)(in, out + 2);
}
