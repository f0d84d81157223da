#include "lame/noise_shaping.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#include "lame/kernels/kernels.h"
#include "lame/noise.h"
#include "lame/scalefactors.h"
#include "lame/tried_values.h"

typedef struct {
  lame_internal_flags *gfc;
  const mp3a_quantize_kernels *kernels;
  const FLOAT *allowed;
  FLOAT *powers;
  int target;
  gr_info *best, tried;
  calc_noise_result best_noise, tried_noise;
  calc_noise_data known;
  int is_in_squares;      /* compares the sums that mp3a_measure_noise() has */
  mp3a_granule_noise noise; /* of `tried` */
  FLOAT *distortion;      /* its ratios: noise over allowed noise */
  FLOAT most_distortion;  /* of the bands with scale factors */
  FLOAT largest[MP3A_MOST_BANDS]; /* of the powers of a band */
  mp3a_tried_values values; /* of `tried` */
  int best_bits, tries_since_best;
  int is_measured; /* the noise of `tried` is that of its values */
} shaping;

/* ---- amplification ---- */

/* Products round in order, so the largest power stays the largest. */
static void amplify_bands(shaping *s, uint64_t bands, FLOAT factor) {
  s->values.changed |= bands;
  FLOAT const most =
      s->kernels->amplify(s->powers, s->values.layout, bands, factor, s->largest);
  if (s->tried.xrpow_max < most) s->tried.xrpow_max = most;
}

static void find_largest(shaping *s) {
  int const bands = s->tried.block_type == SHORT_TYPE ? 39 : SBMAX_l;
  memset(s->largest, 0, sizeof s->largest);
  s->kernels->largest_powers(s->powers, s->values.layout, bands, s->largest);
}

MP3A_SMALL static void find_most_distortion(shaping *s) {
  FLOAT most = 0;
  for (int sfb = 0; sfb < s->tried.sfbmax; sfb++)
    most = most < s->distortion[sfb] ? s->distortion[sfb] : most;
  s->most_distortion = most;
}

/* From which distortion on bands are amplified. The root of a float is never so
   close to the middle of two floats that pow() could round it otherwise. */
static FLOAT distortion_to_amplify(const shaping *s) {
  int const way = s->gfc->cfg.noise_shaping_amp;
  FLOAT const most = s->most_distortion;
  if (way == 2) return most;
  if (most > 1) return way == 1 ? sqrtf(most) : 1;
  return (FLOAT)(most * .95);
}

static uint64_t bands_from(const shaping *s, FLOAT distortion) {
  return s->kernels->at_least(s->distortion, distortion, s->tried.sfbmax);
}

/* The most distorted bands. Noise that is near LAME's has to become it where it could decide: a
   band alone is the one with the most, and a limit of 1 doesn't depend on noise. */
static uint64_t distorted_bands(shaping *s) {
  FLOAT const limit = distortion_to_amplify(s), doubt = 3 * MP3A_NEAR_NOISE;
  uint64_t const are_near = s->noise.are_near;
  if (!are_near) return bands_from(s, limit);
  uint64_t const low = bands_from(s, limit * (1 - doubt));
  uint64_t const high = bands_from(s, limit * (1 + doubt));
  if (low == high || !(low & (low - 1))) return low;
  uint64_t const most = limit == 1 ? 0 : bands_from(s, s->most_distortion * (1 - doubt));
  if ((most | (low & ~high)) & are_near) {
    mp3a_settle_noise(&s->noise, ~(uint64_t)0);
    find_most_distortion(s);
  }
  return bands_from(s, distortion_to_amplify(s));
}

/* With substep shaping, bands are in turn told to drop their halves and, where they come one by
   one, are amplified only then. */
static uint64_t bands_to_amplify(shaping *s) {
  int const is_one_by_one = s->gfc->cfg.noise_shaping_amp == 2;
  uint64_t bands = distorted_bands(s);
  if (is_one_by_one) bands &= -bands;
  if (!(s->gfc->sv_qnt.substep_shaping & 2)) return bands;
  for (uint64_t left = bands; left; left &= left - 1)
    if (!mp3a_turn_half(&s->values, __builtin_ctzll(left)) && is_one_by_one) return 0;
  return bands;
}

static mp3a_factor_limits raise_factors(gr_info *granule, uint64_t bands) {
  return mp3a_kernels()->band_factors.raise(granule->scalefac, granule->window,
                                            granule->subblock_gain, bands, granule->sfbdivide,
                                            granule->sfbmax);
}

static mp3a_factor_limits amplify_distorted(shaping *s) {
  int const is_doubled = s->tried.scalefac_scale;
  uint64_t const bands = bands_to_amplify(s);
  amplify_bands(s, bands, is_doubled ? 1.68179283050742922612f : 1.29683955465100964055f);
  return raise_factors(&s->tried, bands);
}

/* Half as many scale factors of double effect; odd ones are rounded up. */
static void double_scale(shaping *s) {
  gr_info *granule = &s->tried;
  uint64_t odd = 0;
  for (int sfb = 0; sfb < granule->sfbmax; sfb++) {
    int const factor = granule->scalefac[sfb] + (granule->preflag ? pretab[sfb] : 0);
    odd |= (uint64_t)(factor & 1) << sfb;
    granule->scalefac[sfb] = (factor + 1) >> 1;
  }
  amplify_bands(s, odd, 1.29683955465100964055f);
  granule->preflag = 0;
  granule->scalefac_scale = 1;
}

static int largest_factor(const gr_info *granule, int sfb, int end) {
  int largest = 0;
  for (; sfb < end; sfb += 3)
    if (largest < granule->scalefac[sfb]) largest = granule->scalefac[sfb];
  return largest;
}

/* Moves 8 quarters of an octave from a window's scale factors into its own gain. */
static void raise_window(shaping *s, int window) {
  gr_info *granule = &s->tried;
  int const shift = granule->scalefac_scale + 1, moved = 8 >> shift;
  int sfb = window;
  granule->subblock_gain[window]++;
  for (; sfb < granule->sfbmax; sfb += 3) {
    int const left = granule->scalefac[sfb] - moved;
    granule->scalefac[sfb] = left < 0 ? 0 : left;
    if (left < 0) amplify_bands(s, (uint64_t)1 << sfb, ipow20[210 + left * (1 << shift)]);
  }
  amplify_bands(s, (uint64_t)1 << sfb, ipow20[202]);
}

/* Returns whether a window has no gain left. */
static int raise_windows(shaping *s) {
  gr_info *granule = &s->tried;
  for (int window = 0; window < 3; window++) {
    int const divide = granule->sfbdivide; /* a multiple of 3 */
    if (largest_factor(granule, window, divide) < 16 &&
        largest_factor(granule, divide + window, granule->sfbmax) < 8)
      continue;
    if (granule->subblock_gain[window] >= 7) return 1;
    raise_window(s, window);
  }
  return 0;
}

/* Returns 0 where no more scale factors are left to try. */
static int balance(shaping *s) {
  lame_internal_flags *gfc = s->gfc;
  mp3a_factor_limits limits = amplify_distorted(s);
  int const is_doubled = s->tried.scalefac_scale;
  if (limits.are_all_finer) return 0;
  if (!mp3a_count_scale_factors(gfc, &s->tried, limits)) return 1;
  if (gfc->cfg.noise_shaping <= 1) return 0;
  mp3a_clear_halves(&s->values);
  if (!is_doubled)
    double_scale(s);
  else if (s->tried.block_type != SHORT_TYPE || gfc->cfg.subblock_gain <= 0 || raise_windows(s))
    return 0;
  limits = raise_factors(&s->tried, 0);
  return !(is_doubled && limits.are_all_finer) && !mp3a_count_scale_factors(gfc, &s->tried, limits);
}

/* ---- comparison ---- */

static int way_of(const shaping *s) {
  SessionConfig_t const *cfg = &s->gfc->cfg;
  return s->tried.block_type == SHORT_TYPE ? cfg->quant_comp_short : cfg->quant_comp;
}

static void measure(shaping *s, calc_noise_result *noise) {
  int const bands = s->tried.sfbmax;
  mp3a_noise_sums sums;
  uint64_t const changed = s->values.unmeasured | s->values.changed;
  mp3a_note_measured(&s->values);
  if (!s->is_in_squares) {
    calc_noise(&s->tried, s->allowed, s->distortion, noise, &s->known);
  } else {
    mp3a_measure_noise(&s->tried, &s->noise, changed, s->largest, &s->known, &sums);
    noise->over_count = sums.over_count;
    noise->over_SSD = sums.over_squares;
    noise->max_noise =
        sums.over_count > 0 ? 1 : mp3a_most_logarithm(&s->tried, &s->noise, IS_NEAR);
    s->most_distortion = sums.most_ratio;
    if (bands == s->tried.psymax) return;
  }
  find_most_distortion(s);
}

static FLOAT klemm_noise(const shaping *s) {
  double sum = 1e-37;
  for (int sfb = 0; sfb < s->tried.psymax; sfb++) {
    double const noise = s->distortion[sfb];
    sum += FAST_LOG10(0.368 + 0.632 * noise * noise * noise);
  }
  return (FLOAT)(sum > 1e-20 ? sum : 1e-20);
}

static int is_better_by_most(const calc_noise_result *tried, const calc_noise_result *best) {
  double const most = tried->max_noise, before = best->max_noise;
  FLOAT const total = tried->tot_noise, over = tried->over_noise;
  FLOAT const total_before = best->tot_noise, over_before = best->over_noise;
  if (most <= 0)
    return before > 0.2 || (before < 0 && before > most - 0.2 && total < total_before) ||
           (before > 0 && before > most - 0.2 && total < total_before + over_before);
  return (before > -0.05 && before > most - 0.1 && total + over < total_before + over_before) ||
         (before > -0.1 && before > most - 0.15 &&
          total + over + over < total_before + over_before + over_before);
}

static int is_better_by_squares(const calc_noise_result *tried, const calc_noise_result *best) {
  if (best->over_count > 0)
    return tried->over_SSD == best->over_SSD ? tried->bits < best->bits
                                             : tried->over_SSD < best->over_SSD;
  return tried->max_noise < 0 &&
         tried->max_noise * 10 + (FLOAT)tried->bits <= best->max_noise * 10 + (FLOAT)best->bits;
}

static int is_better_by_way(const calc_noise_result *tried, const calc_noise_result *best,
                            int way) {
  int const is_over_equal = EQ(tried->over_noise, best->over_noise);
  int const is_over_less = tried->over_noise < best->over_noise;
  int const is_total_less = tried->tot_noise < best->tot_noise;
  int const is_most_less = tried->max_noise < best->max_noise;
  switch (way) {
    case 0:
      return tried->over_count < best->over_count ||
             (tried->over_count == best->over_count &&
              (is_over_less || (is_over_equal && is_total_less)));
    case 1:
    case 8: return is_most_less;
    case 2: return is_total_less;
    case 3: return is_total_less && is_most_less;
    case 4: return is_better_by_most(tried, best);
    case 5: return is_over_less || (is_over_equal && is_total_less);
    case 6:
      return is_over_less ||
             (is_over_equal &&
              (is_most_less || (EQ(tried->max_noise, best->max_noise) &&
                                tried->tot_noise <= best->tot_noise)));
    case 7: return tried->over_count < best->over_count || is_over_less;
    default: return is_better_by_squares(tried, best);
  }
}

static void settle_most(shaping *s, calc_noise_result *noise) {
  if (!s->is_in_squares || noise->over_count > 0) return;
  noise->max_noise = mp3a_most_logarithm(&s->tried, &s->noise, IS_LAMES);
  find_most_distortion(s);
}

/* Whether that of LAME could decide otherwise: MP3A_NEAR_NOISE is 0.00002 of a logarithm. */
static int is_close(const calc_noise_result *tried, const calc_noise_result *best) {
  return fabsf((tried->max_noise - best->max_noise) * 10 + (FLOAT)(tried->bits - best->bits)) < .1f;
}

/* Without distorted bands only what is shorter, too, is better. */
static int is_better(shaping *s) {
  int const way = way_of(s);
  if (s->best_noise.over_count == 0 && is_close(&s->tried_noise, &s->best_noise))
    settle_most(s, &s->tried_noise);
  if (way == 8) s->tried_noise.max_noise = klemm_noise(s);
  return is_better_by_way(&s->tried_noise, &s->best_noise, way) &&
         (s->best_noise.over_count != 0 || s->tried_noise.bits < s->best_noise.bits);
}

/* ---- the search ---- */

static void count_tried(shaping *s) {
  s->tried.part2_3_length = mp3a_count_values(&s->values, &s->known);
  s->is_measured = 0;
}

/* Raises the gain until the values fit into `most` bits; returns 0 if they can't. */
static int fit(shaping *s, int most) {
  gr_info *granule = &s->tried;
  int const highest_gain = granule->scalefac_scale ? 254 : 255;
  if (!mp3a_are_values_settled(&s->values, &s->known)) count_tried(s);
  while (granule->part2_3_length > most && granule->global_gain <= highest_gain) {
    granule->global_gain++;
    count_tried(s);
  }
  return granule->global_gain <= highest_gain;
}

/* All but the lines, which are the same. */
static void copy_granule(gr_info *to, const gr_info *from) {
  size_t const at = offsetof(gr_info, l3_enc);
  memcpy((char *)to + at, (const char *)from + at, sizeof *to - at);
}

/* The bands above those with scale factors: distortion there stays. */
static int is_top_distorted(const shaping *s) {
  const FLOAT *top = s->distortion + s->tried.sfbmax;
  if (!s->gfc->sv_qnt.sfb21_extra) return 0;
  return top[0] > 1 || (s->tried.block_type == SHORT_TYPE && (top[1] > 1 || top[2] > 1));
}

static int is_early_end(shaping *s) {
  int const most_tries = s->gfc->sv_qnt.substep_shaping & 2 ? 20 : 3;
  if (s->gfc->cfg.full_outer_loop != 0) return 0;
  return ++s->tries_since_best > most_tries && s->best_noise.over_count == 0;
}

/* Returns 0 at the end of the search. */
static int try_next(shaping *s) {
  if (is_top_distorted(s) || !balance(s)) return 0;
  int const most = s->target - s->tried.part2_length;
  if (most <= 0 || !fit(s, most)) return 0;
  if (s->best_noise.over_count == 0 && !fit(s, s->best_bits)) return 0;
  if (!s->is_measured) measure(s, &s->tried_noise);
  s->is_measured = 1;
  s->tried_noise.bits = s->tried.part2_3_length;
  if (is_better(s)) {
    settle_most(s, &s->tried_noise);
    s->best_bits = s->best->part2_3_length;
    s->best_noise = s->tried_noise;
    copy_granule(s->best, &s->tried);
    s->tries_since_best = 0;
  } else if (is_early_end(s)) {
    return 0;
  }
  return s->tried.global_gain + s->tried.scalefac_scale < 255;
}

void mp3a_shape_noise(lame_internal_flags *gfc, gr_info *granule, const FLOAT allowed[SFBMAX],
                      const FLOAT energy[SFBMAX], FLOAT powers[MP3A_LINES], int target) {
  shaping s;
  s.kernels = &mp3a_kernels()->quantize;
  s.gfc = gfc, s.allowed = allowed, s.powers = powers, s.target = target, s.best = granule;
  s.tried = *granule;
  s.best_bits = 9999999;
  s.tries_since_best = 0;
  memset(&s.known, 0, sizeof s.known);
  mp3a_start_noise(gfc, granule, allowed, energy, &s.noise);
  s.distortion = s.noise.of.ratio;
  /* A gain of 0 is the step that a band of which nothing is known has, too. */
  s.is_in_squares = way_of(&s) > 8 && granule->global_gain > 0;
  mp3a_start_values(&s.values, gfc, powers, &s.tried);
  find_largest(&s);
  size_t const lines = (size_t)granule->max_nonzero_coeff + 1;
  memset(powers + lines, 0, (MP3A_LINES - lines) * sizeof *powers);
  measure(&s, &s.best_noise);
  settle_most(&s, &s.best_noise);
  s.best_noise.bits = granule->part2_3_length;
  s.tried_noise = s.best_noise;
  s.is_measured = 1;
  while (try_next(&s)) {
  }
}
