/* The noise of a quantization against the allowed noise: takes the place of
   LAME's calc_noise (quantize_pvt.c is compiled with that name ending in
   _lame). A band's noise is a sum over its lines in their order; the processor itself
   adds up several bands side by side. */
#include "lame/noise.h"

#include <stddef.h>
#include <string.h>

#include "lame/band_layouts.h"
#include "lame/kernels/kernels.h"
#include "lame/quantize.h"

static inline int at_most(int value, int limit) { return value < limit ? value : limit; }

/* Up to max_nonzero_coeff. */
static void count_lines(gr_info const *granule, mp3a_noise_bands *bands) {
  for (int sfb = 0; sfb < granule->psymax; sfb++) {
    int const left = granule->max_nonzero_coeff + 1 - bands->begin[sfb];
    int const lines = at_most(granule->width[sfb], left) & ~1;
    bands->count[sfb] = lines > 0 ? lines : 0;
  }
}

/* Measures the bands that have another step than before; returns which. */
static uint64_t update_noise(gr_info const *granule, calc_noise_data *known) {
  mp3a_noise_bands bands;
  FLOAT squares[MP3A_LINES];
  uint64_t changed = 0;
  int step[SFBMAX], begin[SFBMAX];
  for (int sfb = 0, at = 0; sfb < granule->psymax; at += granule->width[sfb++]) begin[sfb] = at;
  bands.begin = begin;
  count_lines(granule, &bands);
  mp3a_band_steps(granule, granule->psymax, step);
  for (int sfb = 0; sfb < granule->psymax; sfb++) {
    bands.step[sfb] = pow20[step[sfb] + Q_MAX2];
    changed |= (uint64_t)(known->step[sfb] != step[sfb]) << sfb;
  }
  memcpy(known->step, step, sizeof *step * (size_t)granule->psymax);
  mp3a_kernels()->quantize.noises(granule->xr, granule->l3_enc, &bands, changed, squares,
                                 known->noise);
  return changed;
}

/* Without branches: which bands are too noisy can't be foreseen. */
static void add_up(const float *decibels, int bands, calc_noise_result *result) {
  float total = 0, over = 0, most = -20;
  int over_count = 0, squares = 0;
  for (int sfb = 0; sfb < bands; sfb++) {
    total += decibels[sfb];
    over += decibels[sfb] > 0 ? decibels[sfb] : 0;
    most = most > decibels[sfb] ? most : decibels[sfb];
  }
  for (int sfb = 0; sfb < bands; sfb++) {
    int const tenths = (int)(decibels[sfb] * 10 + .5), is_over = decibels[sfb] > 0;
    squares += is_over ? (tenths > 1 ? tenths * tenths : 1) : 0;
    over_count += is_over;
  }
  result->tot_noise = total;
  result->over_noise = over;
  result->max_noise = most;
  result->over_count = over_count;
  result->over_SSD = squares;
}

/* `known` keeps the noise of each band, and its logarithm, from call to call. */
int calc_noise(gr_info const *const granule, FLOAT const *allowed, FLOAT *distort,
               calc_noise_result *const result, calc_noise_data *known) {
  enum { NO_STEP = 1 << 20 };
  calc_noise_data fresh;
  if (!known) {
    for (int sfb = 0; sfb < granule->psymax; sfb++) fresh.step[sfb] = NO_STEP;
    known = &fresh;
  }
  uint64_t changed = update_noise(granule, known);
  for (int sfb = 0; sfb < granule->psymax; sfb++)
    distort[sfb] = 1.0f / allowed[sfb] * known->noise[sfb];
  for (; changed; changed &= changed - 1) {
    int const sfb = __builtin_ctzll(changed);
    FLOAT const ratio = distort[sfb];
    known->noise_log[sfb] = FAST_LOG10(ratio > 1e-20f ? ratio : 1e-20f);
  }
  if (granule->psymax > 0) known->global_gain = granule->global_gain;
  add_up(known->noise_log, granule->psymax, result);
  return result->over_count;
}

/* ---- a granule's noise from try to try ---- */

void mp3a_start_noise(lame_internal_flags const *gfc, gr_info const *granule, FLOAT const *allowed,
                      FLOAT const *energy, mp3a_granule_noise *noise) {
  memset(noise, 0, offsetof(mp3a_granule_noise, squares));
  noise->bands.begin = mp3a_band_layout_of(gfc, granule)->begin;
  count_lines(granule, &noise->bands);
  for (int sfb = 0; sfb < granule->psymax; sfb++) {
    int const is_whole = noise->bands.count[sfb] == granule->width[sfb];
    noise->of.inverse[sfb] = 1.0f / allowed[sfb];
    noise->energy[sfb] = energy[sfb];
    noise->known_energies |= (uint64_t)is_whole << sfb;
  }
}

/* That of a ratio further below than a thousandth is smaller for sure, whatever is rounded. */
static uint64_t bands_of_most(mp3a_granule_noise const *noise, int bands, FLOAT most) {
  return mp3a_kernels()->quantize.at_least(noise->of.ratio, most * 0.999f, bands);
}

static FLOAT most_logarithm(mp3a_granule_noise const *noise, uint64_t bands) {
  FLOAT most = -20;
  for (; bands; bands &= bands - 1) {
    FLOAT const ratio = noise->of.ratio[__builtin_ctzll(bands)];
    FLOAT const log = FAST_LOG10(ratio > 1e-20f ? ratio : 1e-20f);
    most = most > log ? most : log;
  }
  return most;
}

/* The noise of zeros is the same at all steps. */
static void set_noise_of_zeros(gr_info const *granule, mp3a_granule_noise *noise, uint64_t bands) {
  FLOAT squares[MP3A_LINES];
  mp3a_kernels()->quantize.noises(granule->xr, granule->l3_enc, &noise->bands,
                                  bands & ~noise->known_energies, squares, noise->energy);
  noise->known_energies |= bands;
  for (; bands; bands &= bands - 1) {
    int const sfb = __builtin_ctzll(bands);
    noise->of.noise[sfb] = noise->energy[sfb];
  }
}

MP3A_SMALL int mp3a_settle_noise(mp3a_granule_noise *noise, uint64_t bands) {
  bands &= noise->are_near;
  if (!bands) return 0;
  mp3a_sum_squares(noise->squares, &noise->bands, bands, noise->of.noise);
  noise->are_near &= ~bands;
  for (; bands; bands &= bands - 1) {
    int const sfb = __builtin_ctzll(bands);
    noise->of.ratio[sfb] = noise->of.inverse[sfb] * noise->of.noise[sfb];
  }
  return 1;
}

static mp3a_changed_bands changed_bands(gr_info const *granule, mp3a_granule_noise *noise,
                                        uint64_t asked, FLOAT const *largest,
                                        calc_noise_data *known) {
  mp3a_gains const gains = mp3a_gains_of(granule);
  if (granule->global_gain != known->global_gain) asked = ~(uint64_t)0;
  known->global_gain = granule->global_gain;
  mp3a_changed_bands bands;
  mp3a_kernels()->band_factors.steps(&gains, granule->psymax, asked, noise->are_zeros, largest,
                                     1 / ipow20[granule->global_gain], known->step,
                                     noise->bands.step, &bands);
  return bands;
}

/* Of few bands, their order costs little. */
static void add_up_squares(gr_info const *granule, mp3a_granule_noise *noise, uint64_t bands,
                           uint64_t large) {
  enum { FEW = 2 };
  mp3a_quantize_kernels const *kernels = &mp3a_kernels()->quantize;
  if (kernels->near_noises && __builtin_popcountll(bands) > FEW) {
    kernels->near_noises(granule->xr, granule->l3_enc, &noise->bands, bands, large,
                         noise->squares, noise->of.noise);
    noise->are_near |= bands;
  } else {
    FLOAT squares[MP3A_LINES];
    kernels->noises(granule->xr, granule->l3_enc, &noise->bands, bands, squares, noise->of.noise);
  }
}

void mp3a_measure_noise(gr_info const *granule, mp3a_granule_noise *noise, uint64_t asked,
                        FLOAT const *largest, calc_noise_data *known, mp3a_noise_sums *sums) {
  mp3a_changed_bands const bands = changed_bands(granule, noise, asked, largest, known);
  uint64_t const new_zeros = bands.changed & bands.zeros;
  noise->are_zeros = (noise->are_zeros & bands.zeros) | new_zeros;
  noise->are_near &= ~bands.changed;
  if (new_zeros) set_noise_of_zeros(granule, noise, new_zeros);
  add_up_squares(granule, noise, bands.changed & ~bands.zeros, bands.large);
  do {
    mp3a_kernels()->quantize.ratios(&noise->of, granule->psymax, sums);
  } while (mp3a_settle_noise(noise, sums->doubtful));
}

MP3A_SMALL
FLOAT mp3a_most_logarithm(gr_info const *granule, mp3a_granule_noise *noise, mp3a_noise_kind kind) {
  int const bands = granule->psymax;
  FLOAT most = 0;
  for (int sfb = 0; sfb < bands; sfb++)
    most = most < noise->of.ratio[sfb] ? noise->of.ratio[sfb] : most;
  uint64_t const nearest = bands_of_most(noise, bands, most);
  if (kind == IS_LAMES) mp3a_settle_noise(noise, nearest);
  return most_logarithm(noise, nearest);
}
