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
static void lay_out_bands(gr_info const *granule, mp3a_noise_band bands[SFBMAX]) {
  for (int sfb = 0, begin = 0; sfb < granule->psymax; begin += granule->width[sfb++]) {
    int const lines = at_most(granule->width[sfb], granule->max_nonzero_coeff + 1 - begin) & ~1;
    bands[sfb] = (mp3a_noise_band){begin, lines > 0 ? lines : 0, 0};
  }
}

/* Measures the bands that have another step than before; returns the count of these. */
static int update_noise(gr_info const *granule, const mp3a_noise_band bands[SFBMAX],
                        calc_noise_data *known, int changed[SFBMAX + 1]) {
  mp3a_noise_band chosen[SFBMAX + 1];
  FLOAT noises[SFBMAX];
  int step[SFBMAX], count = 0;
  mp3a_band_steps(granule, granule->psymax, step);
  for (int sfb = 0; sfb < granule->psymax; sfb++) {
    changed[count] = sfb;
    chosen[count] = bands[sfb];
    chosen[count].step = pow20[step[sfb] + Q_MAX2];
    count += known->step[sfb] != step[sfb];
  }
  memcpy(known->step, step, sizeof *step * (size_t)granule->psymax);
  mp3a_kernels()->quantize.noises(granule->xr, granule->l3_enc, chosen, count, noises);
  for (int i = 0; i < count; i++) known->noise[changed[i]] = noises[i];
  return count;
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
  mp3a_noise_band bands[SFBMAX];
  int changed[SFBMAX + 1];
  if (!known) {
    for (int sfb = 0; sfb < granule->psymax; sfb++) fresh.step[sfb] = NO_STEP;
    known = &fresh;
  }
  lay_out_bands(granule, bands);
  int const count = update_noise(granule, bands, known, changed);
  for (int sfb = 0; sfb < granule->psymax; sfb++)
    distort[sfb] = 1.0f / allowed[sfb] * known->noise[sfb];
  for (int i = 0; i < count; i++) {
    FLOAT const ratio = distort[changed[i]];
    known->noise_log[changed[i]] = FAST_LOG10(ratio > 1e-20f ? ratio : 1e-20f);
  }
  if (granule->psymax > 0) known->global_gain = granule->global_gain;
  add_up(known->noise_log, granule->psymax, result);
  return result->over_count;
}

/* ---- a granule's noise from try to try ---- */

void mp3a_start_noise(gr_info const *granule, FLOAT const *allowed, FLOAT const *energy,
                      mp3a_granule_noise *noise) {
  memset(noise, 0, sizeof *noise);
  lay_out_bands(granule, noise->bands);
  for (int sfb = 0; sfb < granule->psymax; sfb++) {
    int const is_whole = noise->bands[sfb].count == granule->width[sfb];
    noise->of.inverse[sfb] = 1.0f / allowed[sfb];
    noise->energy[sfb] = energy[sfb];
    noise->known_energies |= (uint64_t)is_whole << sfb;
  }
}

/* The first of the bands that have zeros only, all the way up. */
static int first_of_zeros(gr_info const *granule, mp3a_granule_noise *noise) {
  const mp3a_noise_band *bands = noise->bands;
  int first = noise->first_of_zeros;
  while (first < granule->psymax && bands[first].begin < granule->count1) first++;
  while (first > 0 && bands[first - 1].begin >= granule->count1) first--;
  return noise->first_of_zeros = first;
}

/* The noise of zeros is the same at all steps. */
static void set_noise_of_zeros(gr_info const *granule, mp3a_granule_noise *noise, uint64_t bands) {
  for (; bands; bands &= bands - 1) {
    int const sfb = __builtin_ctzll(bands);
    if (!(noise->known_energies >> sfb & 1))
      mp3a_kernels()->quantize.noises(granule->xr, granule->l3_enc, &noise->bands[sfb], 1,
                                      &noise->energy[sfb]);
    noise->known_energies |= (uint64_t)1 << sfb;
    noise->of.noise[sfb] = noise->energy[sfb];
  }
}

void mp3a_measure_noise(gr_info const *granule, mp3a_granule_noise *noise, uint64_t changed,
                        calc_noise_data *known, mp3a_noise_sums *sums) {
  mp3a_quantize_kernels const *kernels = &mp3a_kernels()->quantize;
  uint64_t const zeros = ~(uint64_t)0 << first_of_zeros(granule, noise);
  mp3a_noise_band chosen[SFBMAX];
  FLOAT noises[SFBMAX];
  int step[SFBMAX], sfbs[SFBMAX], count = 0;
  uint64_t become_zeros = 0;
  if (granule->global_gain != known->global_gain) changed = ~(uint64_t)0;
  noise->are_zeros &= zeros;
  changed &= (((uint64_t)1 << granule->psymax) - 1) & ~noise->are_zeros;
  mp3a_band_steps(granule, granule->psymax, step);
  for (; changed; changed &= changed - 1) {
    int const sfb = __builtin_ctzll(changed);
    if (known->step[sfb] == step[sfb]) continue;
    if (zeros >> sfb & 1) {
      become_zeros |= (uint64_t)1 << sfb;
      continue;
    }
    sfbs[count] = sfb;
    chosen[count] = noise->bands[sfb];
    chosen[count++].step = pow20[step[sfb] + Q_MAX2];
  }
  if (become_zeros) set_noise_of_zeros(granule, noise, become_zeros);
  noise->are_zeros |= become_zeros;
  memcpy(known->step, step, sizeof *step * (size_t)granule->psymax);
  known->global_gain = granule->global_gain;
  kernels->noises(granule->xr, granule->l3_enc, chosen, count, noises);
  for (int i = 0; i < count; i++) noise->of.noise[sfbs[i]] = noises[i];
  kernels->ratios(&noise->of, granule->psymax, sums);
}
