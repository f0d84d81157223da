/* The search for the quantizer steps of variable bitrate. LAME sums the noise of
   some 14 steps per band; but a step's exact noise matters only where it is
   close to the allowed noise, and a limit on it often decides before any sum. */
#include "lame/vbr_search.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "lame/kernels/kernels.h"

enum { COARSEST = 255, VECTOR = 8 };

/* One band: its lines, their powers, what is allowed. */
typedef struct {
  const mp3a_kernel_table *kernels;
  const FLOAT *lines, *powers;
  int count, is_padded;
  FLOAT allowed;
  mp3a_band_sums sums;
  FLOAT padded[2][MP3A_LINES + VECTOR];
} searched_band;

/* ---- the noise of one step ---- */

/* The sum in LAME's order: four lines in double, their sums in float. */
static FLOAT exact_noise(const searched_band *band, int step) {
  FLOAT const width = pow20[step + Q_MAX2];
  int quantized[MP3A_LINES];
  FLOAT sum = 0;
  band->kernels->quantize.lines(band->powers, ipow20[step], band->count, quantized);
  for (int i = 0; i < band->count; i += 4) {
    double squares[4] = {0};
    for (int k = 0; k < 4 && i + k < band->count; k++) {
      FLOAT const error = fabsf(band->lines[i + k]) - width * pow43[quantized[i + k]];
      squares[k] = (double)error * error;
    }
    sum = (FLOAT)(sum + ((squares[0] + squares[1]) + (squares[2] + squares[3])));
  }
  return sum;
}

/* Zeros up to a whole vector: they add no noise. */
static void pad(searched_band *band) {
  const FLOAT *from[2] = {band->lines, band->powers};
  int const whole = (band->count + VECTOR - 1) & -VECTOR;
  for (int k = 0; k < 2 && !band->is_padded; k++) {
    memset(band->padded[k] + whole - VECTOR, 0, sizeof(FLOAT) * VECTOR);
    memcpy(band->padded[k], from[k], sizeof(FLOAT) * (size_t)band->count);
  }
  band->is_padded = 1;
}

static FLOAT any_order_noise(searched_band *band, int step) {
  const mp3a_kernel_table *kernels = band->kernels;
  FLOAT const scale = ipow20[step], width = pow20[step + Q_MAX2];
  FLOAT const most = band->sums.largest_power * scale;
  if (most <= 0.59f) return band->sums.energy; /* all values are 0 */
  if (kernels->steps.noise && most < MP3A_MOST_TABLED)
    return kernels->steps.noise(band->lines, band->powers, band->count, scale, width);
  pad(band);
  return kernels->quantize.noise(band->padded[0], band->padded[1], scale, width,
                                 (band->count + VECTOR - 1) & -VECTOR);
}

static int is_noisy(searched_band *band, int step) {
  FLOAT const noise = any_order_noise(band, step);
  if (noise > band->allowed * (1 + MP3A_SUM_ERROR)) return 1;
  if (noise < band->allowed * (1 - MP3A_SUM_ERROR)) return 0;
  return band->allowed < exact_noise(band, step);
}

/* ---- what is known of a band's steps ---- */

/* All steps up to `quiet` are no noisier than allowed. The steps from `first` on, 4 steps at
   least before the first that isn't known to be quiet, have a bit each, 64 at most: whether they
   are known, and whether noisy. */
typedef struct {
  int quiet, first;
  uint64_t known, noisy;
} known_steps;

enum { BEFORE = 4 };

static int is_known_noisy(searched_band *band, known_steps *steps, int step) {
  if (step <= steps->quiet) return 0;
  unsigned const place = (unsigned)(step - steps->first);
  if (place > 63) return is_noisy(band, step);
  if (!(steps->known >> place & 1)) {
    steps->known |= (uint64_t)1 << place;
    steps->noisy |= (uint64_t)is_noisy(band, step) << place;
  }
  return steps->noisy >> place & 1;
}

/* The logarithm with a linear fraction, below the true one by 0.087 at most. */
static FLOAT rough_log2(FLOAT x) {
  union { FLOAT value; int bits; } number = {x};
  return (FLOAT)number.bits * 0x1p-23f - 127;
}

/* A line x lies between two values n - 1 and n whose distance is at most 4/3 n^(1/3) widths w,
   by the derivative of n^(4/3), where n < (x / w)^(3/4) + 1. So the square of its error is at
   most 4/9 (w^(3/2) x^(1/2) + w^2); 1/25 more for all that is rounded. It grows with w. */
static FLOAT most_noise(const searched_band *band, int step) {
  FLOAT const width = pow20[step + Q_MAX2], scale = ipow20[step]; /* w^(-3/4) */
  return 0.4623f * (band->sums.roots / (scale * scale) + (FLOAT)band->count * width * width);
}

/* The coarsest step that this limit is enough for; at least the one before the finest. */
static int coarsest_quiet_step(const searched_band *band, int finest) {
  FLOAT const allowed = rough_log2(band->allowed / 0.4623f) + 0.1f;
  FLOAT const by_roots = (8 / 3.f) * (allowed - rough_log2(band->sums.roots));
  FLOAT const by_count = 2 * (allowed - rough_log2((FLOAT)band->count));
  FLOAT const least = by_roots < by_count ? by_roots : by_count;
  int step = least > 44 ? COARSEST : 211 + (int)(least > -210 ? least : -210);
  while (step >= finest && !(most_noise(band, step) < band->allowed)) step--;
  return step >= finest ? step : finest - 1;
}

/* Sixteen steps at once, from where no value is larger than the kernel's table has. */
static known_steps know_steps(const searched_band *band, int finest) {
  const mp3a_noisy_steps_kernels *kernels = &band->kernels->steps;
  int const quiet = coarsest_quiet_step(band, finest);
  known_steps steps = {quiet, quiet + 1 - BEFORE, (1 << BEFORE) - 1, 0};
  if (!kernels->noisy_steps) return steps;
  int from = quiet + 1;
  while (from < COARSEST && !(band->sums.largest_power * ipow20[from] < MP3A_MOST_TABLED)) from++;
  int const place = from - steps.first;
  if (place > 63 - MP3A_STEPS_AT_ONCE || from > COARSEST + 1 - MP3A_STEPS_AT_ONCE) return steps;
  mp3a_noisy_steps const now =
      kernels->noisy_steps(band->lines, band->powers, band->count, ipow20 + from,
                           pow20 + from + Q_MAX2, band->allowed);
  steps.known |= (uint64_t)(0xffff & ~now.doubt) << place;
  steps.noisy |= (uint64_t)now.noisy << place;
  return steps;
}

/* ---- the step of one band ---- */

/* The finest step that no value is too large for: an estimate, at most two below. Scales fall by
   3/16 of an octave per step. */
static int finest_step(FLOAT largest_power) {
  FLOAT const octaves = rough_log2(largest_power) - 13.0025f; /* above IXMAX_VAL */
  FLOAT const steps = octaves * (16 / 3.f) + 209.98f;
  int step = steps > 1 ? steps < COARSEST - 2 ? (int)steps : COARSEST - 2 : 1;
  step += !(ipow20[step] * largest_power <= IXMAX_VAL);
  step += !(ipow20[step] * largest_power <= IXMAX_VAL);
  return step;
}

static int is_too_coarse(searched_band *band, known_steps *steps, int step) {
  int const above = step < COARSEST ? step + 1 : COARSEST;
  return is_known_noisy(band, steps, step) || is_known_noisy(band, steps, above) ||
         is_known_noisy(band, steps, step - 1);
}

/* By halving, the coarsest step that is no more noisy than allowed, nor are its
   neighbours. Where it goes can't be foreseen, so that what is known decides without a branch. */
static int coarsest_step(searched_band *band, int finest) {
  known_steps steps = know_steps(band, finest);
  int step = 128, found = -1;
  for (int change = 64, i = 0; i < 8; i++, change /= 2) {
    int const place = step - 1 - steps.first, from = place > 0 ? place < 61 ? place : 61 : 0;
    int is_bad = (steps.noisy >> from & 7) != 0;
    int const is_known = (steps.known >> from & 7) == 7 && place < 61;
    if (step > finest && !is_known) is_bad = is_too_coarse(band, &steps, step);
    is_bad &= step > finest;
    found = step > finest && !is_bad ? step : found;
    step += is_bad ? -change : change;
  }
  if (found >= 0) step = found;
  return step > finest ? step : finest;
}

/* ---- LAME's formula ---- */

/* log2 within 0.0003. */
static FLOAT near_log2(FLOAT x) {
  union { FLOAT value; int bits; } number = {x};
  FLOAT const exponent = (FLOAT)((number.bits >> 23) - 127);
  number.bits = (number.bits & 0x7fffff) | 0x3f800000;
  FLOAT const t = (number.value - 1) / (number.value + 1), square = t * t;
  return exponent + 2.8853901f * t * (1 + square * (1 / 3.f + square * (1 / 5.f)));
}

/* 210 + (int)(c log10(allowed / count) - 0.5); the exact logarithm only where it decides. */
static int formula_step(FLOAT allowed, int count, int finest) {
  FLOAT const c = 5.799142446f; /* 10 10^(2/3) log10(4/3) */
  FLOAT const each = allowed / count, near = c * 0.30103f * near_log2(each) - 0.5f;
  int above = (int)(near - 0.01f);
  if (above != (int)(near + 0.01f)) above = (int)(c * log10f(each) - 0.5f);
  int const step = 210 + above;
  return step < finest ? finest : step < COARSEST ? step : COARSEST;
}

/* ---- a granule ---- */

int mp3a_band_lines(gr_info const *granule, int sfb, int begin) {
  int const left = granule->max_nonzero_coeff + 1 - begin;
  return left < granule->width[sfb] ? left : granule->width[sfb];
}

/* Where no step was found at all, or too much is allowed, 255 gives way to the coarsest of the
   others. */
static void finish_steps(mp3a_vbr_steps *steps, int bands, int coarsest, int coarsest_found) {
  for (int sfb = bands; sfb < SFBMAX; sfb++) {
    steps->step[sfb] = coarsest;
    steps->finest[sfb] = 0;
    steps->found[sfb] = -1;
  }
  steps->coarsest = coarsest_found >= 0 ? coarsest_found : coarsest;
  for (int sfb = 0; sfb < SFBMAX && coarsest_found >= 0; sfb++)
    if (steps->step[sfb] == COARSEST) steps->step[sfb] = coarsest_found;
}

static void note_finest(mp3a_vbr_steps *steps, int sfb, int finest) {
  int *of_window = &steps->finest_of_window[sfb % 3];
  steps->finest[sfb] = finest;
  if (steps->finest_of_all < finest) steps->finest_of_all = finest;
  if (*of_window < finest) *of_window = finest;
}

/* A band of two lines or less, as some are at 8 kHz, or behind the last that counts, takes the
   coarsest step so far. */
void mp3a_search_vbr_steps(gr_info const *granule, const FLOAT powers[576],
                           const FLOAT allowed[SFBMAX], int is_searched, mp3a_vbr_steps *steps) {
  int coarsest = 0, coarsest_found = -1, sfb = 0;
  searched_band band;
  band.kernels = mp3a_kernels();
  steps->finest_of_all = 0;
  memset(steps->finest_of_window, 0, sizeof steps->finest_of_window);
  for (int begin = 0; begin <= granule->max_nonzero_coeff; begin += granule->width[sfb++]) {
    int const counts = sfb < granule->psymax && granule->width[sfb] > 2;
    int const is_above = counts && granule->energy_above_cutoff[sfb];
    int step = COARSEST;
    band.lines = granule->xr + begin, band.powers = powers + begin;
    band.count = mp3a_band_lines(granule, sfb, begin);
    band.is_padded = 0;
    band.allowed = allowed[sfb];
    band.kernels->steps.band_sums(band.lines, band.powers, band.count, &band.sums);
    int const finest = finest_step(band.sums.largest_power);
    note_finest(steps, sfb, finest);
    steps->found[sfb] = -1;
    if (is_above) {
      step = is_searched ? coarsest_step(&band, finest)
                         : formula_step(band.allowed, band.count, finest);
      steps->found[sfb] = step;
      if (coarsest_found < step && step < COARSEST) coarsest_found = step;
    } else if (!counts) {
      step = coarsest < finest ? finest : coarsest;
    }
    if (coarsest < step) coarsest = step;
    steps->step[sfb] = step;
  }
  finish_steps(steps, sfb, coarsest, coarsest_found);
}
