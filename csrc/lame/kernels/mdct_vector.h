/* The vector tiers of mdct.c, for common/tiers.h. A lane is a subband. */

#define WIDEN(x) __builtin_convertvector(x, TIER(wide))
#define NARROW(x) __builtin_convertvector(x, TIER(vec))
#include "lame/kernels/mdct_transform.h"
#undef WIDEN
#undef NARROW

/* Lanes become rows of 18 lines. The stores are those that reduce_alias() loads:
   lines 0 to 7, 8 and 9, and 10 to 17. */
static inline TARGET void TIER(store_lines)(TIER(vec) x[18], float *lines) {
  TIER(vec) middle[2] = {x[8], x[9]};
  for (int half = 0; half < 18; half += 10)
    for (int i = half; i < half + 8; i += TIER(lanes)) {
      TIER(transpose)(x + i);
      for (int lane = 0; lane < TIER(lanes); lane++)
        TIER(store)(lines + 18 * lane + i, x[i + lane]);
    }
  for (int lane = 0; lane < TIER(lanes); lane++)
    for (int i = 0; i < 2; i++) lines[18 * lane + 8 + i] = middle[i][lane];
}

static TARGET void TIER(long_blocks)(TIER(rows) previous, TIER(rows) current, int type, int bands,
                                     float *lines) {
  for (int band = 0; band < bands; band += TIER(lanes)) {
    TIER(vec) x[18];
    TIER(long_lines)(previous, current, band, &long_windows[type], x);
    TIER(store_lines)(x, lines + 18 * band);
  }
}

static TARGET void TIER(short_blocks)(TIER(rows) previous, TIER(rows) current, int bands,
                                      float *lines) {
  for (int band = 0; band < bands; band += TIER(lanes)) {
    TIER(vec) x[18];
    TIER(short_lines)(previous, current, band, x);
    TIER(store_lines)(x, lines + 18 * band);
  }
}

static TARGET void TIER(reduce_alias)(float *lines, int borders) {
  for (float *border = lines + 18, *end = border + 18 * borders; border < end; border += 18)
    for (int i = 0; i < 8; i += TIER(lanes)) {
      TIER(vec) ca = TIER(load)(alias_ca + i), cs = TIER(load)(alias_cs + i);
      TIER(vec) above = TIER(load)(border + i);
      TIER(vec) below = TIER(load)(border - i - TIER(lanes));
      below = TIER(reversed)(below);
      TIER(vec) up = above * ca + below * cs;
      TIER(store)(border - i - TIER(lanes), TIER(reversed)(up));
      TIER(store)(border + i, above * cs - below * ca);
    }
}
