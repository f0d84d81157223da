/* The bits of scale factors: takes the place of LAME's scale_bitcount (takehiro.c is compiled with
   that name ending in _lame, and still does MPEG-2 and mixed blocks). */
#include "common/cpu.h"
#include "common/once.h"
#include "lame/scalefactors.h"

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

MP3A_SMALL static void find_best(int is_short, int most1, int most2) {
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

MP3A_SMALL static void fill_best(void) {
  static mp3a_once once;
  if (!mp3a_once_begin(&once)) return;
  for (int is_short = 0; is_short < 2; is_short++)
    for (int most1 = 0; most1 < MOST1; most1++)
      for (int most2 = 0; most2 < MOST2; most2++) find_best(is_short, most1, most2);
  mp3a_once_end(&once);
}

MP3A_SMALL static int largest(const int *factors, int begin, int end) {
  int most = 0;
  for (int sfb = begin; sfb < end; sfb++) most = factors[sfb] > most ? factors[sfb] : most;
  return most;
}

/* Whether all upper factors are at least those of preemphasis, which can then take their place. */
static int has_preemphasis(const gr_info *granule) {
  int sfb = 11;
  if (granule->block_type == SHORT_TYPE || granule->preflag) return 0;
  while (sfb < SBPSY_l && granule->scalefac[sfb] >= pretab[sfb]) sfb++;
  return sfb == SBPSY_l;
}

/* Returns whether a factor is too large. */
static int count_by_largest(gr_info *granule, int lower, int upper) {
  int const is_short = granule->block_type == SHORT_TYPE;
  granule->part2_length = LARGE_BITS;
  if (lower >= MOST1 || upper >= MOST2) return 1;
  granule->part2_length = best[is_short][lower][upper].bits;
  granule->scalefac_compress = best[is_short][lower][upper].compress;
  return 0;
}

int mp3a_count_scale_factors(const lame_internal_flags *gfc, gr_info *granule,
                             mp3a_factor_limits limits) {
  if (gfc->cfg.mode_gr != 2 || granule->mixed_block_flag) return scale_bitcount_lame(gfc, granule);
  fill_best();
  if (has_preemphasis(granule)) {
    granule->preflag = 1;
    for (int sfb = 11; sfb < SBPSY_l; sfb++) granule->scalefac[sfb] -= pretab[sfb];
    limits.upper = largest(granule->scalefac, 11, SBPSY_l);
  }
  return count_by_largest(granule, limits.lower, limits.upper);
}

int scale_bitcount(const lame_internal_flags *gfc, gr_info *granule) {
  int const divide = granule->sfbdivide;
  mp3a_factor_limits const limits = {largest(granule->scalefac, 0, divide),
                                     largest(granule->scalefac, divide, granule->sfbmax), 0};
  return mp3a_count_scale_factors(gfc, granule, limits);
}
