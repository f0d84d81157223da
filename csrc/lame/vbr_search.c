/* The search for the scale factors of a frame of variable bitrate: takes the
   place of LAME's VBR_encode_frame (vbrquantize.c is compiled with that name
   ending in _lame), which goes on with what was found. LAME sums the noise of
   some 14 steps per band; but a step's exact noise matters only where it is
   close to the allowed noise, and a limit on it often decides before any sum. */
#include <math.h>
#include <string.h>

#include "lame/internals.h"
#include "lame/kernels/kernels.h"
#include "libmp3lame/vbrquantize.h"

int VBR_encode_frame_lame(lame_internal_flags *gfc, const FLOAT powers[2][2][MP3A_LINES],
                          const FLOAT allowed[2][2][SFBMAX], const int most_bits[2][2]);

/* One band: its lines, their powers, what is allowed. Zeros follow up to a whole
   vector, and add no noise. */
typedef struct {
  FLOAT lines[MP3A_LINES], powers[MP3A_LINES];
  int count;
  FLOAT largest_power, energy, allowed;
} searched_band;

enum { VECTOR = 8, NOWHERE = 255 };

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

/* No line is further from its value than half the way between the two highest
   values that occur; 1/50 more for what rounds powers and borders. */
static FLOAT most_noise(const searched_band *band, int step) {
  int const above = (int)(band->largest_power * ipow20[step]) + 2;
  FLOAT const error = 0.51f * (pow43[above] - pow43[above - 1]) * pow20[step + Q_MAX2];
  return (FLOAT)band->count * error * error;
}

/* Two sums of up to 576 floats, in whatever order, differ by less than this part. */
static const FLOAT sum_error = 0x1p-14f;

/* Below 0.59 all values are 0, and the noise is the energy. */
static inline int is_noisy(const searched_band *band, int step) {
  FLOAT noise = band->energy;
  if (band->largest_power * ipow20[step] > 0.59f) {
    noise = mp3a_kernels()->quantize.noise(band->lines, band->powers, ipow20[step],
                                           pow20[step + Q_MAX2], (band->count + 7) & ~7);
  }
  if (noise > band->allowed * (1 + sum_error)) return 1;
  if (noise < band->allowed * (1 - sum_error)) return 0;
  return band->allowed < exact_noise(band, step);
}

/* What is known of a band's steps. */
enum { UNKNOWN, NOISY, QUIET };

static int is_known_noisy(const searched_band *band, int step, uint8_t known[256]) {
  if (known[step] == UNKNOWN) known[step] = is_noisy(band, step) ? NOISY : QUIET;
  return known[step] == NOISY;
}

/* ---- the step of one band ---- */

/* The finest step that no value is too large for. */
static int finest_step(FLOAT largest_power) {
  int step = 128, found = NOWHERE;
  for (int change = 64, i = 0; i < 8; i++, change /= 2) {
    int const fits = ipow20[step] * largest_power <= IXMAX_VAL;
    if (fits) found = step;
    step += fits ? -change : change;
  }
  return found;
}

/* A step and its neighbours. most_noise() grows with the step: its values' distance
   shrinks by less. */
static int is_too_coarse(const searched_band *band, int step, uint8_t known[256]) {
  int const above = step < 255 ? step + 1 : 255;
  if (most_noise(band, above) < band->allowed) return 0;
  return is_known_noisy(band, step, known) || is_known_noisy(band, above, known) ||
         is_known_noisy(band, step - 1, known);
}

/* By halving, the coarsest step that is no more noisy than allowed, nor are its
   neighbours. */
static int coarsest_step(const searched_band *band, int finest) {
  uint8_t known[256] = {UNKNOWN};
  int step = 128, found = NOWHERE, is_found = 0;
  for (int change = 64, i = 0; i < 8; i++, change /= 2) {
    int const is_bad = step > finest && is_too_coarse(band, step, known);
    if (step > finest && !is_bad) found = step, is_found = 1;
    step += is_bad ? -change : change;
  }
  if (is_found) step = found;
  return step > finest ? step : finest;
}

/* ---- the answer ---- */

/* Allowed noise for which LAME's estimate, 210 + (int)(c log10(allowed / count) -
   0.5) with the c of below, is `step`: from the middle of what the cast makes
   equal. An exponent with a linear fraction is off by 0.15 of a step. */
static FLOAT allowed_for(int step, int count) {
  FLOAT const steps_per_octave = 5.799142446f * 0.30103f;
  FLOAT const middle = (FLOAT)(step - 210) + (step < 210 ? -0.5f : step > 210 ? 0.5f : 0);
  union { int bits; FLOAT value; } power;
  power.bits = (int)(((middle + 0.5f) / steps_per_octave + 127) * 0x1p23f);
  return power.value * (FLOAT)count;
}

static void start_band(searched_band *band, const FLOAT *lines, const FLOAT *powers, int count,
                       FLOAT allowed) {
  FLOAT energies[VECTOR] = {0}, largest[VECTOR] = {0};
  int const whole = (count + VECTOR - 1) & -VECTOR;
  memset(band->lines + whole - VECTOR, 0, sizeof(FLOAT) * VECTOR);
  memset(band->powers + whole - VECTOR, 0, sizeof(FLOAT) * VECTOR);
  memcpy(band->lines, lines, sizeof(FLOAT) * (size_t)count);
  memcpy(band->powers, powers, sizeof(FLOAT) * (size_t)count);
  for (int i = 0; i < whole; i += VECTOR) {
    for (int k = 0; k < VECTOR; k++) {
      FLOAT const line = band->lines[i + k], power = band->powers[i + k];
      energies[k] += line * line;
      largest[k] = largest[k] < power ? power : largest[k];
    }
  }
  band->count = count;
  band->allowed = allowed;
  band->energy = band->largest_power = 0;
  for (int k = 0; k < VECTOR; k++) {
    band->energy += energies[k];
    if (band->largest_power < largest[k]) band->largest_power = largest[k];
  }
}

static void answer_granule(gr_info const *granule, const FLOAT powers[MP3A_LINES],
                           const FLOAT allowed[SFBMAX], FLOAT answers[SFBMAX]) {
  searched_band band;
  int const lines = granule->max_nonzero_coeff + 1;
  for (int sfb = 0, begin = 0; sfb < granule->psymax && begin < lines;
       begin += granule->width[sfb++]) {
    if (granule->width[sfb] <= 2 || !granule->energy_above_cutoff[sfb]) continue;
    int const left = lines - begin, width = granule->width[sfb];
    start_band(&band, granule->xr + begin, powers + begin, left < width ? left : width,
               allowed[sfb]);
    int const step = coarsest_step(&band, finest_step(band.largest_power));
    answers[sfb] = allowed_for(step, band.count);
  }
}

/* A negative full_outer_loop, which quality 7 and above have, lets LAME take its
   estimate in place of a search: it gets allowances that lead to what was found. */
int VBR_encode_frame(lame_internal_flags *gfc, const FLOAT powers[2][2][MP3A_LINES],
                     const FLOAT allowed[2][2][SFBMAX], const int most_bits[2][2]) {
  int const before = gfc->cfg.full_outer_loop;
  FLOAT answers[2][2][SFBMAX];
  if (before < 0) return VBR_encode_frame_lame(gfc, powers, allowed, most_bits);
  for (int gr = 0; gr < gfc->cfg.mode_gr; gr++)
    for (int ch = 0; ch < gfc->cfg.channels_out; ch++)
      if (most_bits[gr][ch] > 0)
        answer_granule(&gfc->l3_side.tt[gr][ch], powers[gr][ch], allowed[gr][ch], answers[gr][ch]);
  gfc->cfg.full_outer_loop = -1;
  int const bits =
      VBR_encode_frame_lame(gfc, powers, (const FLOAT(*)[2][SFBMAX])answers, most_bits);
  gfc->cfg.full_outer_loop = before;
  return bits;
}
