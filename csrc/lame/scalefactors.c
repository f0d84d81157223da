/* The bits of scale factors: takes the place of LAME's scale_bitcount (takehiro.c is compiled with
   that name ending in _lame, and still does MPEG-2 and mixed blocks). */
#include "common/once.h"
#include "lame/internals.h"

int scale_bitcount_lame(const lame_internal_flags *gfc, gr_info *granule);

enum { LENGTH_PAIRS = 16, MOST1 = 16, MOST2 = 8 };

/* ISO/IEC 11172-3, 2.4.2.7: the lengths of the lower and of the upper factors, by
   scalefac_compress. */
static const uint8_t lengths[LENGTH_PAIRS][2] = {{0, 0}, {0, 1}, {0, 2}, {0, 3}, {3, 0}, {1, 1},
                                                 {1, 2}, {1, 3}, {2, 1}, {2, 2}, {2, 3}, {3, 1},
                                                 {3, 2}, {3, 3}, {4, 2}, {4, 3}};

/* Per kind of block and largest factors, the first pair of lengths with the fewest bits. */
static struct {
  uint8_t compress, bits;
} best[2][MOST1][MOST2];

static void find_best(int is_short, int most1, int most2) {
  int const count1 = is_short ? 18 : 11, count2 = is_short ? 18 : 10;
  int least = LARGE_BITS;
  for (int i = 0; i < LENGTH_PAIRS; i++) {
    int const bits = count1 * lengths[i][0] + count2 * lengths[i][1];
    if (most1 >= 1 << lengths[i][0] || most2 >= 1 << lengths[i][1] || bits >= least) continue;
    least = bits;
    best[is_short][most1][most2].compress = (uint8_t)i;
    best[is_short][most1][most2].bits = (uint8_t)bits;
  }
}

static void fill_best(void) {
  static mp3a_once once;
  if (!mp3a_once_begin(&once)) return;
  for (int is_short = 0; is_short < 2; is_short++)
    for (int most1 = 0; most1 < MOST1; most1++)
      for (int most2 = 0; most2 < MOST2; most2++) find_best(is_short, most1, most2);
  mp3a_once_end(&once);
}

static inline int largest(const int *factors, int begin, int end) {
  int most = 0;
  for (int sfb = begin; sfb < end; sfb++) most = factors[sfb] > most ? factors[sfb] : most;
  return most;
}

/* Where all upper factors are at least those of preemphasis, it takes their place. */
static void use_preemphasis(gr_info *granule) {
  for (int sfb = 11; sfb < SBPSY_l; sfb++)
    if (granule->scalefac[sfb] < pretab[sfb]) return;
  granule->preflag = 1;
  for (int sfb = 11; sfb < SBPSY_l; sfb++) granule->scalefac[sfb] -= pretab[sfb];
}

/* Returns whether a factor is too large. */
int scale_bitcount(const lame_internal_flags *gfc, gr_info *granule) {
  int const is_short = granule->block_type == SHORT_TYPE;
  if (gfc->cfg.mode_gr != 2 || granule->mixed_block_flag) return scale_bitcount_lame(gfc, granule);
  fill_best();
  if (!is_short && !granule->preflag) use_preemphasis(granule);
  int const most1 = largest(granule->scalefac, 0, granule->sfbdivide);
  int const most2 = largest(granule->scalefac, granule->sfbdivide, granule->sfbmax);
  granule->part2_length = LARGE_BITS;
  if (most1 >= MOST1 || most2 >= MOST2) return 1;
  granule->part2_length = best[is_short][most1][most2].bits;
  granule->scalefac_compress = best[is_short][most1][most2].compress;
  return 0;
}
