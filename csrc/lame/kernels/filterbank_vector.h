/* The vector tiers of filterbank.c, for common/tiers.h.

   A lane is a slot. All slots read the same columns of the sample matrix, of 32
   samples a row, one row further for each slot: once the matrix is transposed,
   neighbouring slots read neighbouring floats. */

#define WIDEN(x) __builtin_convertvector(x, TIER(wide))
#define NARROW(x) __builtin_convertvector(x, TIER(vec))
#include "lame/kernels/filterbank_dct.h"
#undef WIDEN
#undef NARROW

enum {
  TIER(column_size) = 56, /* 51 rows, and whole vectors */
  /* Vectors of slots whose sums grow at a time: what the registers hold. */
  TIER(groups_at_once) = VECTOR_BYTES == 16 ? 3 : 5
};

/* Where a vector of slots begins; the last one may overlap the one before it. */
static inline TARGET int TIER(first_slot)(int group, int slots) {
  int slot = group * TIER(lanes), last = slots - TIER(lanes);
  return slot < last ? slot : last;
}

/* The last rows overlap those before them, so that nothing beyond is read. */
static inline TARGET void TIER(transpose_samples)(const float *samples, int rows,
                                                  float *columns) {
  for (int next = 0; next < rows; next += TIER(lanes)) {
    int row = next <= rows - TIER(lanes) ? next : rows - TIER(lanes);
    for (int column = 0; column < MP3A_SUBBANDS; column += TIER(lanes)) {
      TIER(vec) block[TIER(lanes)];
      for (int i = 0; i < TIER(lanes); i++)
        block[i] = TIER(load)(samples + MP3A_SUBBANDS * (row + i) + column);
      TIER(transpose)(block);
      for (int i = 0; i < TIER(lanes); i++)
        TIER(store)(columns + TIER(column_size) * (column + i) + row, block[i]);
    }
  }
}

/* fold_window() for `count` vectors of slots. */
static inline TARGET __attribute__((always_inline)) void TIER(fold_window)(
    const float *up, const float *down, const fold_row *row, int group, int count, int slots,
    float *sums, float *differences) {
  TIER(vec) s[TIER(groups_at_once)], t[TIER(groups_at_once)];
#pragma GCC unroll 16
  for (int k = 0; k < 16; k++)
#pragma GCC unroll 8
    for (int i = 0; i < count; i++) {
      const int slot = TIER(first_slot)(group + i, slots);
      const float *rising = k < 8 ? up : down, *falling = k < 8 ? down : up;
      TIER(vec) x = TIER(load)(rising + slot + 2 * (k % 8)) * row->weight[k];
      TIER(vec) y = TIER(load)(falling + slot + 15 - 2 * (k % 8)) * row->weight[k];
      s[i] = k == 0 ? x : s[i] + x;
      t[i] = k == 0 ? y : k < 8 ? t[i] + y : t[i] - y;
    }
#pragma GCC unroll 8
  for (int i = 0; i < count; i++) {
    const int slot = TIER(first_slot)(group + i, slots);
    s[i] *= row->tangent;
    TIER(store)(sums + slot, t[i] + s[i]);
    TIER(store)(differences + slot, row->twice_sine * (t[i] - s[i]));
  }
}

/* fold_window() for all slots. */
static inline TARGET __attribute__((always_inline)) void TIER(fold_columns)(
    const float *columns, int j, int slots, float (*folded)[2 * MP3A_SLOTS + 4]) {
  const float *up = columns + TIER(column_size) * j, *down = columns + TIER(column_size) * (30 - j);
  float *sums = folded[band_order(2 * j)], *differences = folded[band_order(2 * j + 1)];
  const int groups = (slots + TIER(lanes) - 1) / TIER(lanes), most = TIER(groups_at_once);
#pragma GCC unroll 3
  for (int group = 0; group < groups; group += most)
    TIER(fold_window)(up, down, &fold_rows[j], group, groups - group < most ? groups - group : most,
                      slots, sums, differences);
}

/* window_middle() for one vector of slots. */
static inline TARGET void TIER(window_middle)(const float *c15, const float *c31, TIER(vec) *odd,
                                              TIER(vec) *even) {
  const float *w = middle_weights;
  TIER(vec) t = TIER(load)(c31 + 7) * w[0];
  TIER(vec) s = TIER(load)(c15 + 7) * w[8];
#pragma GCC unroll 8
  for (int k = 1; k < 8; k++) {
    TIER(vec) before = TIER(load)(c31 + 7 - k), after = TIER(load)(c31 + 7 + k);
    t += (k % 2 ? before - after : before + after) * w[k];
  }
  for (int k = 1; k < 4; k++) s += TIER(load)(c15 + 7 - 2 * k) * w[8 + k];
  for (int k = 0; k < 3; k++) s -= TIER(load)(c15 + 9 + 2 * k) * w[12 + k];
  s -= TIER(load)(c15 + 15);
  *odd = s, *even = t;
}

/* Turns lanes into rows of out[slot][band], with the gain of each. */
static inline TARGET void TIER(store_bands)(TIER(vec) *z,
                                            const float gain[2][MP3A_SUBBANDS],
                                            float (*out)[MP3A_SUBBANDS]) {
  for (int band = 0; band < MP3A_SUBBANDS; band += TIER(lanes)) {
    TIER(transpose)(z + band);
    TIER(vec) g[2] = {TIER(load)(gain[0] + band), TIER(load)(gain[1] + band)};
    for (int i = 0; i < TIER(lanes); i++)
      TIER(store)(out[i] + band, z[band + i] * g[i % 2]);
  }
}

static inline TARGET __attribute__((always_inline)) void TIER(analyse_slots)(
    const float *samples, int slots, const float gain[2][MP3A_SUBBANDS],
    float (*subbands)[MP3A_SUBBANDS]) {
  float columns[MP3A_SUBBANDS * TIER(column_size)] __attribute__((aligned(64)));
  float folded[30][2 * MP3A_SLOTS + 4] __attribute__((aligned(64)));
  TIER(transpose_samples)(samples, slots + MP3A_WINDOW_BLOCKS - 1, columns);

  for (int j = 0; j < 15; j++) TIER(fold_columns)(columns, j, slots, folded);
  for (int group = 0; group * TIER(lanes) < slots; group++) {
    const int slot = TIER(first_slot)(group, slots);
    TIER(vec) z[32], odd, even;
#pragma GCC unroll 30
    for (int i = 0; i < 30; i++) z[i] = TIER(load)(folded[i] + slot);
    TIER(window_middle)(columns + TIER(column_size) * 15 + slot,
                        columns + TIER(column_size) * 31 + slot, &odd, &even);
    TIER(dct)(z, odd, even);
    TIER(store_bands)(z, gain, subbands + slot);
  }
}

static TARGET void TIER(analyse)(const float *samples, int granules,
                                 const float gain[2][MP3A_SUBBANDS],
                                 float (*subbands)[MP3A_SUBBANDS]) {
#if VECTOR_BYTES == 16 && defined(__x86_64__) /* half the code, for machines without AVX2 */
  for (int i = 0; i < granules; i++, samples += MP3A_SLOTS * MP3A_SUBBANDS, subbands += MP3A_SLOTS)
    TIER(analyse_slots)(samples, MP3A_SLOTS, gain, subbands);
#else
  if (granules == 1)
    TIER(analyse_slots)(samples, MP3A_SLOTS, gain, subbands);
  else
    TIER(analyse_slots)(samples, 2 * MP3A_SLOTS, gain, subbands);
#endif
}
