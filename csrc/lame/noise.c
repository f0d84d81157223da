/* The noise of a quantization against the allowed noise: takes the place of
   LAME's calc_noise (quantize_pvt.c is compiled with that name ending in
   _lame). A band's noise is a sum over its lines in their order, so what runs
   side by side is bands. */
#include "lame/internals.h"
#include "lame/kernels/kernels.h"
#include "lame/quantize.h"

/* ---- sums ---- */

typedef struct {
  const float *at; /* next of the `left` terms */
  int left;
  float sum, *result;
} band_sum;

enum { CHAINS = 4, IDLE = 1 << 20 };

static inline int at_most(int value, int limit) { return value < limit ? value : limit; }

static void add_terms(band_sum chain[CHAINS], int count) {
  float a = chain[0].sum, b = chain[1].sum, c = chain[2].sum, d = chain[3].sum;
  const float *p = chain[0].at, *q = chain[1].at, *r = chain[2].at, *s = chain[3].at;
  for (int i = 0; i < count; i++) a += p[i], b += q[i], c += r[i], d += s[i];
  chain[0].sum = a, chain[1].sum = b, chain[2].sum = c, chain[3].sum = d;
  for (int k = 0; k < CHAINS; k++) {
    chain[k].at += count;
    chain[k].left -= count;
    if (chain[k].left == 0) *chain[k].result = chain[k].sum;
  }
}

/* Four sums at a time, as each addition waits for the one before. The last
   bands are the widest and go first. Idle chains add up what nobody reads; they
   get no further than the terms do. */
static void sum_bands(const float *terms, const band_sum *bands, int count) {
  band_sum chain[CHAINS] = {{0}};
  for (;;) {
    int steps = IDLE;
    for (int k = 0; k < CHAINS; k++) {
      if (chain[k].left == 0)
        chain[k] = count > 0 ? bands[--count] : (band_sum){terms, IDLE, 0, 0};
      steps = at_most(steps, chain[k].left);
    }
    if (steps > MP3A_LINES) return;
    add_terms(chain, steps);
  }
}

/* ---- noise ---- */

/* Brings `known` up to date: each band with another step than before, up to
   max_nonzero_coeff. */
static void update_noise(gr_info const *granule, FLOAT const *allowed, calc_noise_data *known) {
  float squares[MP3A_LINES];
  band_sum bands[SFBMAX];
  int step[SFBMAX], changed[SFBMAX], count = 0, sum_count = 0;
  mp3a_band_steps(granule, granule->psymax, step);
  for (int sfb = 0, begin = 0; sfb < granule->psymax; begin += granule->width[sfb++]) {
    if (known->step[sfb] == step[sfb]) continue;
    changed[count++] = sfb;
    known->step[sfb] = step[sfb];
    known->noise[sfb] = 0;
    int const lines = at_most(granule->width[sfb], granule->max_nonzero_coeff + 1 - begin) & ~1;
    if (lines <= 0) continue;
    mp3a_kernels()->quantize.square_errors(granule->xr + begin, granule->l3_enc + begin,
                                           pow20[step[sfb] + Q_MAX2], lines, MP3A_LINES - begin,
                                           squares + begin);
    bands[sum_count++] = (band_sum){squares + begin, lines, 0, &known->noise[sfb]};
  }
  sum_bands(squares, bands, sum_count);
  for (int i = 0; i < count; i++) {
    FLOAT const ratio = 1.0f / allowed[changed[i]] * known->noise[changed[i]];
    known->noise_log[changed[i]] = FAST_LOG10(ratio > 1e-20f ? ratio : 1e-20f);
  }
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
  update_noise(granule, allowed, known);
  for (int sfb = 0; sfb < granule->psymax; sfb++)
    distort[sfb] = 1.0f / allowed[sfb] * known->noise[sfb];
  if (granule->psymax > 0) known->global_gain = granule->global_gain;
  add_up(known->noise_log, granule->psymax, result);
  return result->over_count;
}
