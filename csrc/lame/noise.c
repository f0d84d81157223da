/* The noise of a quantization against the allowed noise: takes the place of
   LAME's calc_noise (quantize_pvt.c is compiled with that name ending in
   _lame). A band's noise is a sum over its lines in their order; the processor itself
   adds up several bands side by side. */
#include "lame/noise.h"

#include <string.h>

#include "lame/kernels/kernels.h"
#include "lame/quantize.h"

static inline int at_most(int value, int limit) { return value < limit ? value : limit; }

/* The bands of a granule up to max_nonzero_coeff, without their steps. */
static void lay_out_bands(gr_info const *granule, mp3a_noise_bands *bands) {
  for (int sfb = 0, begin = 0; sfb < granule->psymax; begin += granule->width[sfb++]) {
    int const lines = at_most(granule->width[sfb], granule->max_nonzero_coeff + 1 - begin) & ~1;
    bands->begin[sfb] = begin, bands->count[sfb] = lines > 0 ? lines : 0;
    memset(bands->band_of + begin, sfb, (size_t)granule->width[sfb]);
  }
}

/* Measures the bands that have another step than before; returns which. */
static uint64_t update_noise(gr_info const *granule, calc_noise_data *known) {
  mp3a_noise_bands bands;
  uint64_t changed = 0;
  int step[SFBMAX];
  memset(&bands, 0, sizeof bands);
  lay_out_bands(granule, &bands);
  mp3a_band_steps(granule, granule->psymax, step);
  for (int sfb = 0; sfb < granule->psymax; sfb++) {
    bands.step[sfb] = pow20[step[sfb] + Q_MAX2];
    changed |= (uint64_t)(known->step[sfb] != step[sfb]) << sfb;
  }
  memcpy(known->step, step, sizeof *step * (size_t)granule->psymax);
  mp3a_kernels()->quantize.noises(granule->xr, granule->l3_enc, &bands, changed, known->noise);
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

void mp3a_start_noise(gr_info const *granule, FLOAT const *allowed, FLOAT const *energy,
                      mp3a_granule_noise *noise) {
  memset(noise, 0, sizeof *noise);
  lay_out_bands(granule, &noise->bands);
  for (int sfb = 0; sfb < granule->psymax; sfb++) {
    int const is_whole = noise->bands.count[sfb] == granule->width[sfb];
    noise->of.inverse[sfb] = 1.0f / allowed[sfb];
    noise->energy[sfb] = energy[sfb];
    noise->known_energies |= (uint64_t)is_whole << sfb;
  }
}

/* The first of the bands that have zeros only, all the way up. */
static int first_of_zeros(gr_info const *granule, mp3a_granule_noise *noise) {
  const int *begin = noise->bands.begin;
  int first = noise->first_of_zeros;
  while (first < granule->psymax && begin[first] < granule->count1) first++;
  while (first > 0 && begin[first - 1] >= granule->count1) first--;
  return noise->first_of_zeros = first;
}

/* The noise of zeros is the same at all steps. */
static void set_noise_of_zeros(gr_info const *granule, mp3a_granule_noise *noise, uint64_t bands) {
  mp3a_kernels()->quantize.noises(granule->xr, granule->l3_enc, &noise->bands,
                                  bands & ~noise->known_energies, noise->energy);
  noise->known_energies |= bands;
  for (; bands; bands &= bands - 1) {
    int const sfb = __builtin_ctzll(bands);
    noise->of.noise[sfb] = noise->energy[sfb];
  }
}

void mp3a_measure_noise(gr_info const *granule, mp3a_granule_noise *noise, uint64_t changed,
                        calc_noise_data *known, mp3a_noise_sums *sums) {
  mp3a_quantize_kernels const *kernels = &mp3a_kernels()->quantize;
  uint64_t const zeros = ~(uint64_t)0 << first_of_zeros(granule, noise);
  uint64_t measured = 0;
  int step[SFBMAX];
  if (granule->global_gain != known->global_gain) changed = ~(uint64_t)0;
  noise->are_zeros &= zeros;
  changed &= (((uint64_t)1 << granule->psymax) - 1) & ~noise->are_zeros;
  mp3a_band_steps(granule, granule->psymax, step);
  for (; changed; changed &= changed - 1) {
    int const sfb = __builtin_ctzll(changed);
    if (known->step[sfb] == step[sfb]) continue;
    measured |= changed & -changed;
    noise->bands.step[sfb] = pow20[step[sfb] + Q_MAX2];
  }
  if (measured & zeros) set_noise_of_zeros(granule, noise, measured & zeros);
  noise->are_zeros |= measured & zeros;
  memcpy(known->step, step, sizeof *step * (size_t)granule->psymax);
  known->global_gain = granule->global_gain;
  kernels->noises(granule->xr, granule->l3_enc, &noise->bands, measured & ~zeros, noise->of.noise);
  kernels->ratios(&noise->of, granule->psymax, sums);
}
