/* The vector tiers of synthesis.c, for common/tiers.h. A lane is a subband in the inverse
   MDCT, and a slot in the polyphase synthesis. */

#include "decode/synthesis_transform.h"

/* ---- inverse MDCT ---- */

/* Eighteen lines in whole vectors; the last one overlaps. */
static inline TARGET int TIER(first_line)(int line) {
  return line < 18 - TIER(lanes) ? line : 18 - TIER(lanes);
}

static inline TARGET __attribute__((always_inline)) void TIER(load_lines)(const float *lines,
                                                                          TIER(vec) x[18]) {
#pragma GCC unroll 5
  for (int next = 0; next < 18; next += TIER(lanes)) {
    const int line = TIER(first_line)(next);
    TIER(vec) block[TIER(lanes)];
    for (int i = 0; i < TIER(lanes); i++) block[i] = TIER(load)(lines + 18 * i + line);
    TIER(transpose)(block);
    for (int i = 0; i < TIER(lanes); i++) x[line + i] = block[i];
  }
}

static inline TARGET __attribute__((always_inline)) void TIER(store_slots)(const TIER(vec) x[18],
                                                                           float *lines) {
#pragma GCC unroll 5
  for (int next = 0; next < 18; next += TIER(lanes)) {
    const int line = TIER(first_line)(next);
    TIER(vec) block[TIER(lanes)];
    for (int i = 0; i < TIER(lanes); i++) block[i] = x[line + i];
    TIER(transpose)(block);
    for (int i = 0; i < TIER(lanes); i++) TIER(store)(lines + 18 * i + line, block[i]);
  }
}

static inline TARGET __attribute__((always_inline)) void TIER(change_signs)(TIER(vec) x[18]) {
  TIER(bits) odd_bands;
  for (int lane = 0; lane < TIER(lanes); lane++) odd_bands[lane] = lane % 2 ? -0x7fffffff - 1 : 0;
#pragma GCC unroll 9
  for (int slot = 1; slot < 18; slot += 2) x[slot] = (TIER(vec))((TIER(bits))x[slot] ^ odd_bands);
}

static inline TARGET __attribute__((always_inline)) void TIER(imdct)(
    float *lines, mp3a_imdct_overlap overlap, const float *window, int is_short) {
  for (int band = 0; band < MP3A_SUBBANDS; band += TIER(lanes)) {
    TIER(vec) x[18], kept[9];
    TIER(load_lines)(lines + 18 * band, x);
    for (int i = 0; i < 9; i++) kept[i] = TIER(load)(&overlap[i][band]);
    if (is_short) TIER(short_blocks)(x, kept);
    else TIER(long_block)(x, kept, window);
    TIER(change_signs)(x);
    for (int i = 0; i < 9; i++) TIER(store)(&overlap[i][band], kept[i]);
    TIER(store_slots)(x, lines + 18 * band);
  }
}

static TARGET void TIER(imdct_long)(float *lines, mp3a_imdct_overlap overlap, int is_stop_type) {
  TIER(imdct)(lines, overlap, long_windows[is_stop_type], 0);
}

static TARGET void TIER(imdct_short)(float *lines, mp3a_imdct_overlap overlap) {
  TIER(imdct)(lines, overlap, 0, 1);
}

/* ---- polyphase synthesis ---- */

enum {
  TIER(groups) = (MP3A_SLOTS + TIER(lanes) - 1) / TIER(lanes),
  TIER(groups_at_once) = 3
};

static inline TARGET int TIER(first_slot)(int group) {
  int slot = group * TIER(lanes), last = MP3A_SLOTS - TIER(lanes);
  return slot < last ? slot : last;
}

/* window_pair() for `count` vectors of slots. */
static inline TARGET __attribute__((always_inline)) void TIER(window_pair)(
    const float *p, const float *q, const float *w, int group, int count, float *low,
    float *high) {
  TIER(vec) a[TIER(groups_at_once)], b[TIER(groups_at_once)];
#pragma GCC unroll 8
  for (int k = 0; k < 8; k++)
#pragma GCC unroll 3
    for (int i = 0; i < count; i++) {
      const int slot = TIER(first_slot)(group + i);
      TIER(vec) z = TIER(load)((k % 2 ? q : p) + slot - k) * w[2 * k];
      TIER(vec) y = TIER(load)((k % 2 ? p : q) + slot - 15 + k) * w[2 * k + 1];
      TIER(vec) sum = TIER(load)((k % 2 ? q : p) + slot - k) * w[2 * k + 1] +
                      TIER(load)((k % 2 ? p : q) + slot - 15 + k) * w[2 * k];
      TIER(vec) difference = k % 2 ? y - z : z - y;
      a[i] = k == 0 ? difference : a[i] + difference;
      b[i] = k == 0 ? sum : b[i] + sum;
    }
#pragma GCC unroll 3
  for (int i = 0; i < count; i++) {
    TIER(store)(low + TIER(first_slot)(group + i), a[i] * SCALE);
    TIER(store)(high + TIER(first_slot)(group + i), b[i] * SCALE);
  }
}

/* window_middle() for one vector of slots. */
static inline TARGET void TIER(window_middle)(const float *r0, const float *r16, float *first,
                                              float *middle) {
  TIER(vec) a = (TIER(load)(r16 - 1) - TIER(load)(r16 - 15)) * middle_weights[0];
#pragma GCC unroll 6
  for (int k = 1; k < 7; k++) {
    TIER(vec) late = TIER(load)(r16 - 1 - k), early = TIER(load)(r16 - 15 + k);
    a += (k % 2 ? early + late : late - early) * middle_weights[k];
  }
  a += TIER(load)(r16 - 8) * middle_weights[7];
  TIER(vec) b = TIER(load)(r0 - 1) * middle_weights[8];
#pragma GCC unroll 7
  for (int k = 1; k < 8; k++) b += TIER(load)(r0 - 1 - 2 * k) * middle_weights[8 + k];
  TIER(store)(first, a * SCALE);
  TIER(store)(middle, b * SCALE);
}

static TARGET void TIER(synthesize)(const float *lines, mp3a_synthesis_history history,
                                    float *samples) {
  enum { COLUMN = 24 };
  float rows[MP3A_SUBBANDS][ROW] __attribute__((aligned(64)));
  float columns[MP3A_SUBBANDS][COLUMN] __attribute__((aligned(64)));
  for (int band = 0; band < MP3A_SUBBANDS; band++)
    memcpy(rows[band], history[band], sizeof history[band]);
  for (int group = 0; group < TIER(groups); group++) {
    const int slot = TIER(first_slot)(group);
    TIER(vec) x[32];
#pragma GCC unroll 32
    for (int band = 0; band < 32; band++) x[band] = TIER(load)(lines + 18 * band + slot);
    TIER(dct32)(x);
#pragma GCC unroll 32
    for (int band = 0; band < 32; band++) TIER(store)(rows[band] + NOW + slot, x[band]);
    TIER(window_middle)(rows[0] + NOW + slot, rows[16] + NOW + slot, columns[0] + slot,
                        columns[16] + slot);
  }
  for (int j = 0; j < 15; j++)
#pragma GCC unroll 2
    for (int group = 0; group < TIER(groups); group += TIER(groups_at_once))
      TIER(window_pair)(rows[17 + j] + NOW, rows[15 - j] + NOW, window_rows[j], group,
                        TIER(groups) - group < TIER(groups_at_once) ? TIER(groups) - group
                                                                    : TIER(groups_at_once),
                        columns[1 + j], columns[31 - j]);

  for (int group = 0; group < TIER(groups); group++)
    for (int i = 0; i < 32; i += TIER(lanes)) {
      const int slot = TIER(first_slot)(group);
      TIER(vec) block[TIER(lanes)];
      for (int k = 0; k < TIER(lanes); k++) block[k] = TIER(load)(columns[i + k] + slot);
      TIER(transpose)(block);
      for (int k = 0; k < TIER(lanes); k++) TIER(store)(samples + 32 * (slot + k) + i, block[k]);
    }
  for (int band = 0; band < MP3A_SUBBANDS; band++)
    memcpy(history[band], rows[band] + MP3A_SLOTS, sizeof history[band]);
}
