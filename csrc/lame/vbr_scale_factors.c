/* From steps to scale factors: what LAME's VBR code chooses for a granule's global gain,
   subblock gains, pretab and scale, with its order of preference. */
#include "lame/vbr_scale_factors.h"

#include <stdint.h>
#include <string.h>

#include "common/cpu.h"

enum { LONG_BANDS = SBMAX_l, SHORT_BANDS = 3 * SBMAX_s, MOST_SUBBLOCK_GAIN = 7 };

/* The largest scale factor of each band. */
static const uint8_t long_range[LONG_BANDS] = {15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15,
                                               7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  0};
static const uint8_t lsf_pretab_range[LONG_BANDS] = {7, 7, 7, 7, 7, 7, 3, 3, 3, 3, 3,
                                                     0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};

static inline int short_range(int sfb) { return sfb < 18 ? 15 : sfb < 36 ? 7 : 0; }
static inline int greater(int a, int b) { return a > b ? a : b; }
static inline int lesser(int a, int b) { return a < b ? a : b; }
static inline int gain_within(int gain) { return greater(0, lesser(gain, 255)); }

/* `relative`: each band's step less the global gain. */
static void set_scale_factors(gr_info *granule, const mp3a_vbr_steps *steps, int *relative,
                              int (*range)(int), const uint8_t *ranges) {
  int const shift = granule->scalefac_scale + 1;
  memset(granule->scalefac, 0, sizeof granule->scalefac);
  for (int sfb = 0; sfb < granule->sfbmax; sfb++) {
    int const boost = granule->preflag ? pretab[sfb] << shift : 0;
    int const wanted = relative[sfb] + (sfb >= 11 ? boost : 0);
    if (wanted >= 0) continue;
    int const gain =
        granule->global_gain - granule->subblock_gain[granule->window[sfb]] * 8 - boost;
    int const room = gain - steps->finest[sfb];
    int factor = ((1 << shift) - 1 - wanted) >> shift;
    factor = lesser(factor, range ? range(sfb) : ranges[sfb]);
    granule->scalefac[sfb] = factor > 0 && factor << shift > room ? room >> shift : factor;
  }
}

/* ---- short blocks ---- */

/* How far the bands of a window from `first` on lie below the global gain. */
typedef struct {
  int least, most;
} depth_range;

static void widen(depth_range *range, const int *relative, int first, int end) {
  for (int sfb = first; sfb < end; sfb += 3) {
    range->least = lesser(range->least, -relative[sfb]);
    range->most = greater(range->most, -relative[sfb]);
  }
}

/* As little as lets scale factors reach the rest, and no more than values bear. */
static int subblock_gain(gr_info const *granule, const int *relative, int window, int finest) {
  int const shift = granule->scalefac_scale + 1, bands = lesser(18, granule->psymax);
  int const low_end = window + (bands - window + 2) / 3 * 3;
  depth_range low = {1000, 0}, high = {1000, 0};
  widen(&low, relative, window, bands);
  widen(&high, relative, bands > window ? low_end : window, SHORT_BANDS);
  int const least = lesser(low.least, high.least);
  int const beyond = greater(low.most - (15 << shift), high.most - (7 << shift));
  int gain = least > 0 ? least >> 3 : 0;
  if (beyond > 0) gain = greater(gain, (beyond + 7) >> 3);
  if (gain > 0 && finest > granule->global_gain - gain * 8)
    gain = (granule->global_gain - finest) >> 3;
  return lesser(gain, MOST_SUBBLOCK_GAIN);
}

/* What all three windows have in common goes into the global gain. */
static void set_subblock_gains(gr_info *granule, const mp3a_vbr_steps *steps, int *relative) {
  int *gains = granule->subblock_gain, least = MOST_SUBBLOCK_GAIN;
  for (int window = 0; window < 3; window++) {
    gains[window] = subblock_gain(granule, relative, window, steps->finest_of_window[window]);
    least = lesser(least, gains[window]);
  }
  for (int sfb = 0; sfb < SHORT_BANDS; sfb++) relative[sfb] += gains[sfb % 3] * 8;
  if (least <= 0) return;
  for (int window = 0; window < 3; window++) gains[window] -= least;
  granule->global_gain -= least * 8;
}

static void set_short(SessionConfig_t const *cfg, gr_info *granule, const mp3a_vbr_steps *steps) {
  int relative[SHORT_BANDS], deepest = 0, over = 0, over_scaled = 0;
  for (int sfb = 0; sfb < granule->psymax; sfb++) {
    int const depth = steps->coarsest - steps->step[sfb];
    int const reach = 8 * MOST_SUBBLOCK_GAIN + 2 * short_range(sfb);
    deepest = greater(deepest, depth);
    over = greater(over, depth - reach);
    over_scaled = greater(over_scaled, depth - reach - 2 * short_range(sfb));
  }
  int const is_scaled = cfg->noise_shaping == 2 && over_scaled < over;
  int const lowered = lesser(deepest, is_scaled ? over_scaled : over);
  int const gain = greater(steps->coarsest - lowered, steps->finest_of_all);
  granule->scalefac_scale = is_scaled;
  granule->global_gain = gain_within(gain);
  for (int sfb = 0; sfb < SHORT_BANDS; sfb++) relative[sfb] = steps->step[sfb] - gain;
  set_subblock_gains(granule, steps, relative);
  set_scale_factors(granule, steps, relative, short_range, NULL);
}

/* ---- long blocks ---- */

/* One of the ways to write scale factors, and how far it falls short. */
typedef struct {
  int shift, has_pretab;
  const uint8_t *range;
  int over;
} way_of_writing;

static void find_shortfalls(gr_info const *granule, const mp3a_vbr_steps *steps,
                            way_of_writing ways[4]) {
  int over[4] = {0};
  for (int sfb = 0; sfb < granule->psymax; sfb++) {
    int const depth = steps->coarsest - steps->step[sfb];
    int const plain = ways[0].range[sfb], boosted = ways[1].range[sfb] + pretab[sfb];
    over[0] = greater(over[0], depth - 2 * plain);
    over[1] = greater(over[1], depth - 2 * boosted);
    over[2] = greater(over[2], depth - 4 * plain);
    over[3] = greater(over[3], depth - 4 * boosted);
  }
  for (int i = 0; i < 4; i++) ways[i].over = over[i];
}

/* Whether every band bears what pretab takes from its step. */
static int bears_pretab(gr_info const *granule, const mp3a_vbr_steps *steps,
                        const way_of_writing *way) {
  int const gain = greater(steps->coarsest - way->over, steps->finest_of_all);
  int most = 0;
  for (int sfb = 0; sfb < granule->psymax; sfb++)
    most = greater(most, steps->finest[sfb] + (pretab[sfb] << way->shift));
  return gain > most;
}

/* The first of the ways that falls short least. */
static way_of_writing choose_way(SessionConfig_t const *cfg, gr_info const *granule,
                                 const mp3a_vbr_steps *steps) {
  const uint8_t *pretab_range = cfg->mode_gr == 2 ? long_range : lsf_pretab_range;
  way_of_writing ways[4] = {{1, 0, long_range, 0}, {1, 1, pretab_range, 0},
                            {2, 0, long_range, 0}, {2, 1, pretab_range, 0}};
  find_shortfalls(granule, steps, ways);
  int const has_scale = cfg->noise_shaping == 2;
  int best = 0;
  if (ways[1].over < ways[best].over && bears_pretab(granule, steps, &ways[1])) best = 1;
  if (has_scale && ways[2].over < ways[best].over) best = 2;
  if (has_scale && ways[3].over < ways[best].over &&
      bears_pretab(granule, steps, &ways[1]) && bears_pretab(granule, steps, &ways[3]))
    best = 3;
  return ways[best];
}

static void set_long(SessionConfig_t const *cfg, gr_info *granule, const mp3a_vbr_steps *steps) {
  int relative[SHORT_BANDS], deepest = 0;
  way_of_writing const way = choose_way(cfg, granule, steps);
  for (int sfb = 0; sfb < granule->psymax; sfb++)
    deepest = greater(deepest, steps->coarsest - steps->step[sfb]);
  int const gain =
      greater(steps->coarsest - lesser(deepest, way.over), steps->finest_of_all);
  granule->scalefac_scale = way.shift - 1;
  granule->preflag = way.has_pretab;
  granule->global_gain = gain_within(gain);
  for (int sfb = 0; sfb < SHORT_BANDS; sfb++) relative[sfb] = steps->step[sfb] - gain;
  set_scale_factors(granule, steps, relative, NULL, way.range);
}

MP3A_SMALL
void mp3a_set_vbr_scale_factors(SessionConfig_t const *cfg, gr_info *granule,
                                const mp3a_vbr_steps *steps) {
  if (granule->block_type == SHORT_TYPE) set_short(cfg, granule, steps);
  else set_long(cfg, granule, steps);
}
