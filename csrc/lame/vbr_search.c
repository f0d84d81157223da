/* The search for the quantizer steps of variable bitrate. LAME sums the noise of
   some 14 steps per band; but a step's exact noise matters only where it is
   close to the allowed noise, and a limit on it often decides before any sum. */
#include "lame/vbr_search.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "lame/kernels/kernels.h"

enum { COARSEST = MP3A_COARSEST_STEP, BITS = MP3A_STEP_BITS, ZEROS_FROM = 75, VECTOR = 8 };

/* All bands: their lines, the powers of these, and what is found out. */
typedef struct {
  const mp3a_kernel_table *kernels;
  const FLOAT *lines[SFBMAX], *powers[SFBMAX];
  FLOAT *room[SFBMAX];      /* for both with zeros behind them */
  int count[SFBMAX];        /* lines */
  char has_step[SFBMAX];    /* of its own */
  char is_searched[SFBMAX]; /* and more energy than is allowed */
  mp3a_step_table table;
} search;

/* ---- the noise of one step of band b ---- */

/* The sum in LAME's order: four lines in double, their sums in float. */
static FLOAT exact_noise(const search *s, int b, int step) {
  FLOAT const width = pow20[step + Q_MAX2];
  const FLOAT *lines = s->lines[b];
  int const count = s->count[b];
  int quantized[MP3A_LINES];
  FLOAT sum = 0;
  s->kernels->quantize.lines(s->powers[b], ipow20[step], count, quantized);
  for (int i = 0; i < count; i += 4) {
    double squares[4] = {0};
    for (int k = 0; k < 4 && i + k < count; k++) {
      FLOAT const error = fabsf(lines[i + k]) - width * pow43[quantized[i + k]];
      squares[k] = (double)error * error;
    }
    sum = (FLOAT)(sum + ((squares[0] + squares[1]) + (squares[2] + squares[3])));
  }
  return sum;
}

/* Zeros up to a whole vector add no noise. */
static void pad(search *s, int b) {
  const FLOAT **both[2] = {&s->lines[b], &s->powers[b]};
  FLOAT *room = s->room[b];
  int const whole = (s->count[b] + VECTOR - 1) & -VECTOR;
  for (int k = 0; k < 2 && *both[k] != room; k++, room += whole) {
    memset(room + whole - VECTOR, 0, sizeof(FLOAT) * VECTOR);
    memcpy(room, *both[k], sizeof(FLOAT) * (size_t)s->count[b]);
    *both[k] = room;
  }
}

static FLOAT any_order_noise(search *s, int b, int step) {
  FLOAT const scale = ipow20[step], width = pow20[step + Q_MAX2];
  if (s->kernels->steps.noise && s->table.largest_power[b] * scale < MP3A_MOST_SMALL)
    return s->kernels->steps.noise(s->lines[b], s->powers[b], s->count[b], scale, width);
  pad(s, b);
  return s->kernels->quantize.noise(s->lines[b], s->powers[b], scale, width,
                                    (s->count[b] + VECTOR - 1) & -VECTOR);
}

static int is_noisy(search *s, int b, int step) {
  FLOAT const noise = any_order_noise(s, b, step), allowed = s->table.allowed[b];
  if (noise > allowed * (1 + MP3A_SUM_ERROR)) return 1;
  if (noise < allowed * (1 - MP3A_SUM_ERROR)) return 0;
  return allowed < exact_noise(s, b, step);
}

/* ---- what is known of its steps ---- */

static int first_bit(const search *s, int b) {
  return s->table.quiet[b] + 1 - MP3A_STEPS_BEFORE;
}

static int is_known_noisy(search *s, int b, int step) {
  uint64_t *known = &s->table.known[b], *noisy = &s->table.noisy[b];
  if (step <= s->table.quiet[b]) return 0;
  unsigned const place = (unsigned)(step - first_bit(s, b));
  if (place >= BITS) return is_noisy(s, b, step);
  if (!(*known >> place & 1)) {
    *known |= (uint64_t)1 << place;
    *noisy |= (uint64_t)is_noisy(s, b, step) << place;
  }
  return *noisy >> place & 1;
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
static int is_surely_quiet(const mp3a_step_table *table, int b, int step) {
  FLOAT const scale = ipow20[step], root4 = scale * pow20[step + Q_MAX2];
  return 0.4623f * (table->roots[b] + table->count[b] * (root4 * root4)) <
         table->allowed[b] * (scale * scale);
}

/* 2^x, up to 1/16 more. */
static FLOAT rough_exp2(FLOAT x) {
  union { int bits; FLOAT value; } number = {(int)((x + 127) * 0x1p23f)};
  return number.value;
}

/* A step that this limit is enough for, or the one before the finest. Where either of its terms
   would reach what is allowed is two steps a and b; their sum does so at most 2.3 steps before
   the lower one, and less the further they are apart. An estimate that is tried. */
static int quiet_step(const mp3a_step_table *table, int b) {
  FLOAT const allowed = rough_log2(table->allowed[b]) + 1.1131f;
  FLOAT const by_roots = (8 / 3.f) * (allowed - rough_log2(table->roots[b]));
  FLOAT const by_count = 2 * (allowed - rough_log2(table->count[b]));
  FLOAT const apart = fabsf(by_roots - by_count), lower = fminf(by_roots, by_count);
  FLOAT const least = lower - 2.4f * rough_exp2(fminf(apart, 60) * (-1 / 3.2f)) - 0.25f;
  int step = (int)(fminf(fmaxf(least, -209), 45) + 210);
  while (step >= table->finest[b] && !is_surely_quiet(table, b, step)) step--;
  return step >= table->finest[b] ? step : table->finest[b] - 1;
}

/* The finest step that no value is too large for: an estimate, at most two below. Scales fall by
   3/16 of an octave per step. */
static int finest_step(FLOAT largest_power) {
  FLOAT const octaves = rough_log2(largest_power) - 13.0025f; /* above IXMAX_VAL */
  int step = (int)fminf(fmaxf(octaves * (16 / 3.f) + 209.98f, 1), COARSEST - 2);
  step += !(ipow20[step] * largest_power <= IXMAX_VAL);
  step += !(ipow20[step] * largest_power <= IXMAX_VAL);
  return step;
}

static void find_limits(search *s, int bands, int has_quiet) {
  mp3a_step_table *table = &s->table;
  if (s->kernels->steps.find_limits) {
    s->kernels->steps.find_limits(table, bands, has_quiet);
    return;
  }
  for (int b = 0; b < bands; b++) {
    table->finest[b] = finest_step(table->largest_power[b]);
    if (has_quiet) table->quiet[b] = quiet_step(table, b);
  }
}

/* Values that are 8206 at most at the finest step are 0.48 at most 75 steps on: all are rounded
   to 0, and the noise is the energy. */
static void know_zeros(search *s, int b, int is_noisy) {
  int const place = s->table.finest[b] + ZEROS_FROM - first_bit(s, b);
  uint64_t const from = place < BITS ? ~(uint64_t)0 << (place > 0 ? place : 0) : 0;
  s->table.is_open_ended[b] = place <= BITS - 3;
  s->table.known[b] |= from;
  if (is_noisy) s->table.noisy[b] |= from & ~(uint64_t)((1 << MP3A_STEPS_BEFORE) - 1);
}

/* Many steps at once, from where no value is larger than the kernel's table has. */
static void know_many(search *s, int b) {
  mp3a_step_table *table = &s->table;
  int from = table->quiet[b] + 1;
  while (from < COARSEST && !(table->largest_power[b] * ipow20[from] < MP3A_MOST_SMALL)) from++;
  int const place = from - first_bit(s, b);
  if (place > BITS - MP3A_STEPS_AT_ONCE || from > COARSEST + 1 - MP3A_STEPS_AT_ONCE) return;
  mp3a_noisy_steps const now =
      s->kernels->steps.noisy_steps(s->lines[b], s->powers[b], s->count[b], ipow20 + from,
                                    pow20 + from + Q_MAX2, table->allowed[b]);
  if (!(now.doubt & MP3A_ZEROS)) know_zeros(s, b, (now.noisy & MP3A_ZEROS) != 0);
  uint64_t const known = (uint64_t)(MP3A_ZEROS - 1) & ~now.doubt;
  table->known[b] |= known << place;
  table->noisy[b] = (table->noisy[b] & ~(known << place)) | (now.noisy & known) << place;
}

static void know_steps(search *s, int b) {
  s->table.known[b] = (1 << MP3A_STEPS_BEFORE) - 1;
  s->table.noisy[b] = s->table.is_open_ended[b] = 0;
  if (!s->is_searched[b]) return;
  if (s->kernels->steps.noisy_steps)
    know_many(s, b);
  else if (s->table.finest[b] <= COARSEST - ZEROS_FROM)
    know_zeros(s, b, is_noisy(s, b, COARSEST));
}

/* ---- the step of one band ---- */

static int is_too_coarse(search *s, int b, int step) {
  int const above = step < COARSEST ? step + 1 : COARSEST;
  return is_known_noisy(s, b, step) || is_known_noisy(s, b, above) ||
         is_known_noisy(s, b, step - 1);
}

/* By halving, the coarsest step that is no more noisy than allowed, nor are its
   neighbours. */
static int coarsest_step(search *s, int b) {
  int const finest = s->table.finest[b];
  int step = 128, found = -1;
  for (int change = 64, i = 0; i < 8; i++, change /= 2) {
    int const is_asked = step > finest;
    int const is_bad =
        is_asked && step + 1 > s->table.quiet[b] && is_too_coarse(s, b, step);
    if (is_asked && !is_bad) found = step;
    step += is_bad ? -change : change;
  }
  if (found >= 0) step = found;
  return step > finest ? step : finest;
}

/* Where halving goes can't be foreseen, and all bands at once need no branch for it. */
static void find_steps(search *s, int bands) {
  for (int b = 0; b < bands; b++) know_steps(s, b);
  if (s->kernels->steps.halve) s->kernels->steps.halve(&s->table, bands);
  for (int b = 0; b < bands; b++)
    if (s->is_searched[b] && (!s->kernels->steps.halve || s->table.found[b] < 0))
      s->table.found[b] = coarsest_step(s, b);
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
  FLOAT const each = allowed / count, about = c * 0.30103f * near_log2(each) - 0.5f;
  int above = (int)(about - 0.01f);
  if (above != (int)(about + 0.01f)) above = (int)(c * log10f(each) - 0.5f);
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

/* A band of two lines or less, as some are at 8 kHz, or behind the last that counts, has no step
   of its own. Returns how many bands have lines. */
static int list_bands(gr_info const *granule, const FLOAT powers[576],
                      const FLOAT allowed[SFBMAX], FLOAT *room, search *s) {
  int b = 0;
  for (int begin = 0; begin <= granule->max_nonzero_coeff; begin += granule->width[b++]) {
    s->lines[b] = granule->xr + begin, s->powers[b] = powers + begin;
    s->count[b] = mp3a_band_lines(granule, b, begin);
    s->room[b] = room + 2 * (begin + VECTOR * b);
    s->table.allowed[b] = allowed[b];
    s->kernels->steps.band_sums(s->lines[b], s->powers[b], s->count[b], &s->table, b);
    s->has_step[b] = b < granule->psymax && granule->width[b] > 2;
    s->is_searched[b] = s->has_step[b] && granule->energy_above_cutoff[b];
  }
  return b;
}

static int step_of(const search *s, int b, int has_search, int coarsest) {
  int const finest = s->table.finest[b];
  if (!s->has_step[b]) return coarsest < finest ? finest : coarsest;
  if (!s->is_searched[b]) return COARSEST;
  return has_search ? s->table.found[b] : formula_step(s->table.allowed[b], s->count[b], finest);
}

void mp3a_search_vbr_steps(gr_info const *granule, const FLOAT powers[576],
                           const FLOAT allowed[SFBMAX], int is_searched, mp3a_vbr_steps *steps) {
  search s;
  FLOAT room[2 * (MP3A_LINES + VECTOR * SFBMAX)];
  s.kernels = mp3a_kernels();
  int const count = list_bands(granule, powers, allowed, room, &s);
  int coarsest = 0, coarsest_found = -1;
  steps->finest_of_all = 0;
  memset(steps->finest_of_window, 0, sizeof steps->finest_of_window);
  find_limits(&s, count, is_searched);
  if (is_searched) find_steps(&s, count);
  for (int b = 0; b < count; b++) {
    int const step = step_of(&s, b, is_searched, coarsest);
    note_finest(steps, b, s.table.finest[b]);
    steps->found[b] = s.is_searched[b] ? step : -1;
    if (s.is_searched[b] && coarsest_found < step && step < COARSEST) coarsest_found = step;
    if (coarsest < step) coarsest = step;
    steps->step[b] = step;
    steps->largest_power[b] = s.table.largest_power[b];
  }
  finish_steps(steps, count, coarsest, coarsest_found);
}
