/* The polyphase analysis filterbank, bit for bit as in stock LAME: its window
   folded with the first butterflies of the cosine transform.

   32 new samples enter per slot, so slot t sees rows t to t + 15 of a matrix of
   32 samples a row. Each column meets its mirror image: column j and column
   30 - j, over the even rows and, the other way round, over the odd ones. */
#include "lame/kernels/filterbank.h"

#include "common/cpu.h"
#include "common/polyphase_window.h"

/* The standard's analysis window (table C.1) from its values in units of 2^-21:
   the table rounds them to nine decimals. LAME divides by five units, 2.384e-6. */
#define WINDOW(n) ((double)(int)((n) * (1e9 / 2097152) + ((n) < 0 ? -0.5 : 0.5)) / 1e9)
#define WEIGHT(n, cosine) ((float)(WINDOW(n) * (cosine) / 2.384e-06))
#define COS_PI_4 0.70710678118654752

typedef struct fold_row {
  float weight[16]; /* 8 for column j, 8 for column 30 - j */
  float tangent;    /* tan((15 - j) pi / 64) */
  float twice_sine; /* 2 sin((j + 1) pi / 32) */
} fold_row;

/* The cosine is in all weights: with the tangent it makes the sine that turns
   one sum, so that a multiplication is saved. */
#define FOLD_ROW(c, tangent, twice_sine, n0, n1, n2, n3, n4, n5, n6, n7, n8, n9, n10, n11, n12, \
                 n13, n14, n15)                                                                 \
  {{WEIGHT(n0, c), WEIGHT(n1, c), WEIGHT(n2, c), WEIGHT(n3, c), WEIGHT(n4, c), WEIGHT(n5, c),   \
    WEIGHT(n6, c), WEIGHT(n7, c), WEIGHT(n8, c), WEIGHT(n9, c), WEIGHT(n10, c), WEIGHT(n11, c), \
    WEIGHT(n12, c), WEIGHT(n13, c), WEIGHT(n14, c), WEIGHT(n15, c)},                            \
   (float)(tangent),                                                                            \
   (float)(twice_sine)},

static const fold_row fold_rows[15] = {POLYPHASE_WINDOW(FOLD_ROW)};

/* Column 31 is its own mirror image (8 weights); so is column 15 (7, and 1). */
static const float middle_weights[15] = {
    WEIGHT(75038, COS_PI_4), WEIGHT(37489, COS_PI_4), WEIGHT(6574, COS_PI_4),
    WEIGHT(5153, COS_PI_4),  WEIGHT(2037, COS_PI_4),  WEIGHT(459, COS_PI_4),
    WEIGHT(213, COS_PI_4),   WEIGHT(29, COS_PI_4),    WEIGHT(64019, 1),
    WEIGHT(9727, 1),         WEIGHT(1567, 1),         WEIGHT(104, 1),
    WEIGHT(9975, 1),         WEIGHT(45, 1),           WEIGHT(-146, 1)};

static const double root_of_2 = 1.41421356237309504880;
static const float twice_cos[8] = { /* 2 cos(i pi / 16) */
    2, 1.961570560806461f, 1.847759065022573f, 1.662939224605090f,
    1.414213562373095f, 1.111140466039205f, 0.7653668647301797f, 0.3901806440322567f};

/* Which band pair i / 2 of the fold belongs to: its four bits reversed. */
static inline int band_order(int i) {
  return (i >> 4 & 1) << 1 | (i >> 3 & 1) << 2 | (i >> 2 & 1) << 3 | (i >> 1 & 1) << 4 | (i & 1);
}

/* ---- the scalar twin ---- */

#define TIER(name) name##_one
#define TARGET
#define WIDEN(x) ((double)(x))
#define NARROW(x) ((float)(x))
typedef float TIER(vec);
#include "lame/kernels/filterbank_dct.h"
#undef TIER
#undef TARGET
#undef WIDEN
#undef NARROW

enum { ROW = MP3A_SUBBANDS };

/* Columns j (`up`) and 30 - j (`down`) of the slot's 16 rows. */
static void fold_window(const float *up, const float *down, const fold_row *row, float *sum,
                        float *difference) {
  float s = up[0] * row->weight[0];
  float t = down[15 * ROW] * row->weight[0];
  for (int k = 1; k < 8; k++) {
    s += up[2 * k * ROW] * row->weight[k];
    t += down[(15 - 2 * k) * ROW] * row->weight[k];
  }
  for (int k = 0; k < 8; k++) {
    s += down[2 * k * ROW] * row->weight[8 + k];
    t -= up[(15 - 2 * k) * ROW] * row->weight[8 + k];
  }
  s *= row->tangent;
  *sum = t + s;
  *difference = row->twice_sine * (t - s);
}

/* Columns 15 and 31; the last weight of column 15 is 1. */
static void window_middle(const float *c15, const float *c31, float *odd, float *even) {
  const float *w = middle_weights;
  float t = c31[7 * ROW] * w[0];
  float s = c15[7 * ROW] * w[8];
  for (int k = 1; k < 8; k++) {
    float before = c31[(7 - k) * ROW], after = c31[(7 + k) * ROW];
    t += (k % 2 ? before - after : before + after) * w[k];
  }
  for (int k = 1; k < 4; k++) s += c15[(7 - 2 * k) * ROW] * w[8 + k];
  for (int k = 0; k < 3; k++) s -= c15[(9 + 2 * k) * ROW] * w[12 + k];
  *odd = s - c15[15 * ROW];
  *even = t;
}

MP3A_SMALL
static void analyse_scalar(const float *samples, int granules, const float gain[2][MP3A_SUBBANDS],
                           float (*subbands)[MP3A_SUBBANDS]) {
  for (int slot = 0; slot < MP3A_SLOTS * granules; slot++, samples += ROW) {
    float z[MP3A_SUBBANDS], odd, even;
    for (int j = 0; j < 15; j++)
      fold_window(samples + j, samples + 30 - j, &fold_rows[j], &z[band_order(2 * j)],
                  &z[band_order(2 * j + 1)]);
    window_middle(samples + 15, samples + 31, &odd, &even);
    dct_one(z, odd, even);
    for (int band = 0; band < MP3A_SUBBANDS; band++)
      subbands[slot][band] = z[band] * gain[slot % 2][band];
  }
}

/* ---- vectors ---- */

#define TIER_SOURCE "lame/kernels/filterbank_vector.h"
#include "common/tiers.h"

#define FILTERBANK_KERNELS(tier) {analyse_##tier}

void mp3a_filterbank_select(mp3a_filterbank_kernels *kernels, unsigned cpu_flags) {
  MP3A_SELECT_TIER(kernels, FILTERBANK_KERNELS, cpu_flags);
}
