/* The noise of a quantization against the allowed noise: takes the place of
   LAME's calc_noise (quantize_pvt.c is compiled with that name ending in
   _lame). A band's noise is a sum over its lines in their order; the processor itself
   adds up several bands side by side. */
#include "lame/noise.h"

#include <string.h>

#include "lame/kernels/kernels.h"
#include "lame/quantize.h"

static inline int at_most(int value, int limit) { return value < limit ? value : limit; }

void mp3a_lay_out_bands(gr_info const *granule, mp3a_noise_band bands[SFBMAX]) {
  for (int sfb = 0, begin = 0; sfb < granule->psymax; begin += granule->width[sfb++]) {
    int const lines = at_most(granule->width[sfb], granule->max_nonzero_coeff + 1 - begin) & ~1;
    bands[sfb] = (mp3a_noise_band){begin, lines > 0 ? lines : 0, 0};
  }
}

/* Measures the bands that have another step than before; returns the count of these. */
static int update_noise(gr_info const *granule, const mp3a_noise_band bands[SFBMAX],
                        calc_noise_data *known, FLOAT *noise, int changed[SFBMAX + 1]) {
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
  for (int i = 0; i < count; i++) noise[changed[i]] = noises[i];
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
  mp3a_lay_out_bands(granule, bands);
  int const count = update_noise(granule, bands, known, known->noise, changed);
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

void mp3a_measure_noise(gr_info const *granule, const mp3a_noise_band bands[SFBMAX],
                        mp3a_band_noises *noises, calc_noise_data *known, mp3a_noise_sums *sums) {
  int changed[SFBMAX + 1];
  update_noise(granule, bands, known, noises->noise, changed);
  mp3a_kernels()->quantize.ratios(noises, granule->psymax, sums);
  known->global_gain = granule->global_gain;
}
