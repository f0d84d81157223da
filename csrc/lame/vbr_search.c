/* The search for the quantizer steps of variable bitrate. LAME sums the noise of
   some 14 steps per band; but a step's exact noise matters only where it is
   close to the allowed noise, and a limit on it often decides before any sum. */
#include "lame/vbr_search.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "lame/kernels/kernels.h"

enum { COARSEST = 255, VECTOR = 8 };

/* All steps up to `quiet` are no noisier than allowed. The steps from `first` on, 4 steps before
   the first that isn't known to be quiet, have a bit each, 64 of them: whether they are known,
   and whether noisy. The last bits hold for all steps behind them if `is_open_ended`. */
typedef struct {
  int quiet, first, is_open_ended;
  uint64_t known, noisy;
} known_steps;

enum { BEFORE = 4, BITS = 64, ZEROS_FROM = 75 };

/* One band: its lines, their powers, what is allowed, and what is found out. */
typedef struct {
  const FLOAT *lines, *powers;
  FLOAT *room[2]; /* for both with zeros behind them, a place each */
  int count, finest;
  int counts, is_searched; /* whether it has a step of its own, and more energy than allowed */
  FLOAT allowed;
  mp3a_band_sums sums;
  known_steps steps;
} searched_band;

/* ---- the noise of one step ---- */

/* The sum in LAME's order: four lines in double, their sums in float. */
static FLOAT exact_noise(const searched_band *band, int step) {
  FLOAT const width = pow20[step + Q_MAX2];
  int quantized[MP3A_LINES];
  FLOAT sum = 0;
  mp3a_kernels()->quantize.lines(band->powers, ipow20[step], band->count, quantized);
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

/* Zeros up to a whole vector add no noise. */
static void pad(searched_band *band) {
  const FLOAT **both[2] = {&band->lines, &band->powers};
  int const whole = (band->count + VECTOR - 1) & -VECTOR;
  for (int k = 0; k < 2 && *both[k] != band->room[k]; k++) {
    memset(band->room[k] + whole - VECTOR, 0, sizeof(FLOAT) * VECTOR);
    memcpy(band->room[k], *both[k], sizeof(FLOAT) * (size_t)band->count);
    *both[k] = band->room[k];
  }
}

static FLOAT any_order_noise(searched_band *band, int step) {
  const mp3a_kernel_table *kernels = mp3a_kernels();
  FLOAT const scale = ipow20[step], width = pow20[step + Q_MAX2];
  if (kernels->steps.noise && band->sums.largest_power * scale < MP3A_MOST_TABLED)
    return kernels->steps.noise(band->lines, band->powers, band->count, scale, width);
  pad(band);
  return kernels->quantize.noise(band->lines, band->powers, scale, width,
                                 (band->count + VECTOR - 1) & -VECTOR);
}

static int is_noisy(searched_band *band, int step) {
  FLOAT const noise = any_order_noise(band, step);
  if (noise > band->allowed * (1 + MP3A_SUM_ERROR)) return 1;
  if (noise < band->allowed * (1 - MP3A_SUM_ERROR)) return 0;
  return band->allowed < exact_noise(band, step);
}

/* ---- what is known of a band's steps ---- */

static int is_known_noisy(searched_band *band, int step) {
  known_steps *steps = &band->steps;
  if (step <= steps->quiet) return 0;
  unsigned const place = (unsigned)(step - steps->first);
  if (place >= BITS) return is_noisy(band, step);
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
   most 4/9 (w^(3/2) x^(1/2) + w^2); 1/25 more for all that is rounded. Both sides are multiplied
   by w^(-3/2), the square of a scale. */
static int is_surely_quiet(const searched_band *band, int step) {
  FLOAT const scale = ipow20[step], root4 = scale * pow20[step + Q_MAX2];
  return 0.4623f * (band->sums.roots + (FLOAT)band->count * (root4 * root4)) <
         band->allowed * (scale * scale);
}

/* 2^x, up to 1/16 more. */
static FLOAT rough_exp2(FLOAT x) {
  union { int bits; FLOAT value; } number = {(int)((x + 127) * 0x1p23f)};
  return number.value;
}

/* A step that this limit is enough for, or the one before the finest. Where either of its terms
   would reach what is allowed is two steps a and b; their sum does so at most 2.3 steps before
   the lower one, and less the further they are apart. An estimate that is tried. */
static int quiet_step(const searched_band *band) {
  FLOAT const allowed = rough_log2(band->allowed) + 1.1131f;
  FLOAT const a = (8 / 3.f) * (allowed - rough_log2(band->sums.roots));
  FLOAT const b = 2 * (allowed - rough_log2((FLOAT)band->count));
  FLOAT const apart = fabsf(a - b) < 60 ? fabsf(a - b) : 60, lower = a < b ? a : b;
  FLOAT const least = lower - 2.4f * rough_exp2(apart * (-1 / 3.2f)) - 0.25f;
  FLOAT const within = least > -209 ? least < 45 ? least : 45 : -209;
  int step = (int)(within + 210);
  while (step >= band->finest && !is_surely_quiet(band, step)) step--;
  return step >= band->finest ? step : band->finest - 1;
}

/* Values that are 8206 at most at the finest step are 0.48 at most 75 steps on: all are rounded
   to 0, and the noise is the energy. */
static void know_zeros(const searched_band *band, int is_noisy, known_steps *steps) {
  int const place = band->finest + ZEROS_FROM - steps->first;
  uint64_t const from = place < BITS ? ~(uint64_t)0 << (place > 0 ? place : 0) : 0;
  steps->is_open_ended = place <= BITS - 3;
  steps->known |= from;
  if (is_noisy) steps->noisy |= from & ~(uint64_t)((1 << BEFORE) - 1);
}

/* Many steps at once, from where no value is larger than the kernel's table has. */
static void know_steps(searched_band *band) {
  const mp3a_noisy_steps_kernels *kernels = &mp3a_kernels()->steps;
  int const quiet = quiet_step(band);
  known_steps *steps = &band->steps;
  *steps = (known_steps){quiet, quiet + 1 - BEFORE, 0, (1 << BEFORE) - 1, 0};
  if (!kernels->noisy_steps && band->finest <= COARSEST - ZEROS_FROM)
    know_zeros(band, is_noisy(band, COARSEST), steps);
  if (!kernels->noisy_steps) return;
  int from = quiet + 1;
  while (from < COARSEST && !(band->sums.largest_power * ipow20[from] < MP3A_MOST_TABLED)) from++;
  int const place = from - steps->first;
  if (place > BITS - MP3A_STEPS_AT_ONCE || from > COARSEST + 1 - MP3A_STEPS_AT_ONCE) return;
  mp3a_noisy_steps const now =
      kernels->noisy_steps(band->lines, band->powers, band->count, ipow20 + from,
                           pow20 + from + Q_MAX2, band->allowed);
  if (!(now.doubt & MP3A_ZEROS)) know_zeros(band, (now.noisy & MP3A_ZEROS) != 0, steps);
  uint64_t const known = (uint64_t)(MP3A_ZEROS - 1) & ~now.doubt;
  steps->known |= known << place;
  steps->noisy = (steps->noisy & ~(known << place)) | (now.noisy & known) << place;
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

static int is_too_coarse(searched_band *band, int step) {
  int const above = step < COARSEST ? step + 1 : COARSEST;
  return is_known_noisy(band, step) || is_known_noisy(band, above) ||
         is_known_noisy(band, step - 1);
}

/* By halving, the coarsest step that is no more noisy than allowed, nor are its
   neighbours. Where it goes can't be foreseen, so that what is known decides without a branch. */
static int coarsest_step(searched_band *band) {
  int const finest = band->finest, first = band->steps.first;
  int const is_open_ended = band->steps.is_open_ended;
  uint64_t known = band->steps.known, noisy = band->steps.noisy;
  int step = 128, found = -1;
  for (int change = 64, i = 0; i < 8; i++, change /= 2) {
    int const place = step - 1 - first;
    int const from = place > 0 ? place < BITS - 3 ? place : BITS - 3 : 0;
    int is_bad = (noisy >> from & 7) != 0;
    int const is_known = (known >> from & 7) == 7 && (place <= BITS - 3 || is_open_ended);
    if (!is_known && step > finest) {
      is_bad = is_too_coarse(band, step);
      known = band->steps.known, noisy = band->steps.noisy;
    }
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

/* A band of two lines or less, as some are at 8 kHz, or behind the last that counts, has no noise
   of its own. Returns how many bands have lines. */
static int list_bands(gr_info const *granule, const FLOAT powers[576],
                      const FLOAT allowed[SFBMAX], FLOAT *room, searched_band bands[SFBMAX]) {
  const mp3a_noisy_steps_kernels *kernels = &mp3a_kernels()->steps;
  int sfb = 0;
  for (int begin = 0; begin <= granule->max_nonzero_coeff; begin += granule->width[sfb++]) {
    searched_band *band = &bands[sfb];
    band->lines = granule->xr + begin, band->powers = powers + begin;
    band->count = mp3a_band_lines(granule, sfb, begin);
    band->room[0] = room + 2 * (begin + VECTOR * sfb);
    band->room[1] = band->room[0] + band->count + VECTOR;
    band->allowed = allowed[sfb];
    kernels->band_sums(band->lines, band->powers, band->count, &band->sums);
    band->finest = finest_step(band->sums.largest_power);
    band->counts = sfb < granule->psymax && granule->width[sfb] > 2;
    band->is_searched = band->counts && granule->energy_above_cutoff[sfb];
  }
  return sfb;
}

static int step_of(searched_band *band, int has_search, int coarsest) {
  if (!band->counts) return coarsest < band->finest ? band->finest : coarsest;
  if (!band->is_searched) return COARSEST;
  return has_search ? coarsest_step(band) : formula_step(band->allowed, band->count, band->finest);
}

/* One thing after the other for all bands: they don't depend on one another, and what a processor
   does at once would be cut off by what it can't foresee. */
void mp3a_search_vbr_steps(gr_info const *granule, const FLOAT powers[576],
                           const FLOAT allowed[SFBMAX], int is_searched, mp3a_vbr_steps *steps) {
  searched_band bands[SFBMAX];
  FLOAT room[2 * (MP3A_LINES + VECTOR * SFBMAX)];
  int const count = list_bands(granule, powers, allowed, room, bands);
  int coarsest = 0, coarsest_found = -1;
  steps->finest_of_all = 0;
  memset(steps->finest_of_window, 0, sizeof steps->finest_of_window);
  for (int sfb = 0; sfb < count && is_searched; sfb++)
    if (bands[sfb].is_searched) know_steps(&bands[sfb]);
  for (int sfb = 0; sfb < count; sfb++) {
    int const step = step_of(&bands[sfb], is_searched, coarsest);
    note_finest(steps, sfb, bands[sfb].finest);
    steps->found[sfb] = bands[sfb].is_searched ? step : -1;
    if (bands[sfb].is_searched && coarsest_found < step && step < COARSEST) coarsest_found = step;
    if (coarsest < step) coarsest = step;
    steps->step[sfb] = step;
  }
  finish_steps(steps, count, coarsest, coarsest_found);
}
