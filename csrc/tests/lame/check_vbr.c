/* The search for the steps of variable bitrate: its kernels against sums in order, and its
   answers against a search without shortcuts. */
#include "lame/kernels/kernels.h"
#include "lame/vbr_search.h"
#include "tests/lame/granules.h"

int calc_xmin_lame(lame_internal_flags const *gfc, III_psy_ratio const *ratio, gr_info *granule,
                   FLOAT *allowed);
void check_vbr(unsigned cpu_flags, const char *tier, int bench);

enum { LINES = 576, STEPS = 256 };

static float lines[LINES], powers[LINES];

/* The noise of a step as LAME sums it. */
static float plain_noise(const mp3a_quantize_kernels *scalar, int begin, int count, int step) {
  int quantized[LINES];
  float sum = 0;
  scalar->lines(powers + begin, ipow20[step], count, quantized);
  for (int i = 0; i < count; i += 4) {
    double squares[4] = {0};
    for (int k = 0; k < 4 && i + k < count; k++) {
      float const width = pow20[step + Q_MAX2];
      float const error = fabsf(lines[begin + i + k]) - width * pow43[quantized[i + k]];
      squares[k] = (double)error * error;
    }
    sum = (float)(sum + ((squares[0] + squares[1]) + (squares[2] + squares[3])));
  }
  return sum;
}

static int is_over(const mp3a_quantize_kernels *scalar, int begin, int count, float allowed,
                   int step) {
  return step >= 0 && step < STEPS && plain_noise(scalar, begin, count, step) > allowed;
}

/* LAME's halving, with the noise of every step that it asks for. */
static int plain_search(const mp3a_quantize_kernels *scalar, int begin, int count, float allowed,
                        int finest) {
  int step = 128, found = 255;
  for (int change = 64, i = 0; i < 8; i++, change /= 2) {
    int is_bad = 0;
    for (int k = -1; k < 2 && step > finest; k++)
      is_bad |= is_over(scalar, begin, count, allowed, step + k);
    if (step > finest && !is_bad) found = step;
    step += is_bad ? -change : change;
  }
  if (found < 255) step = found;
  return step > finest ? step : finest;
}

static int plain_finest(int begin, int count) {
  float largest = 0;
  for (int i = begin; i < begin + count; i++) largest = fmaxf(largest, powers[i]);
  int step = 255;
  while (step > 1 && ipow20[step - 1] * largest <= IXMAX_VAL) step--;
  return step;
}

static void fill_lines(float largest) {
  random_lines(lines, largest);
  for (int i = 0; i < LINES; i++) {
    double const x = fabsf(lines[i]);
    powers[i] = (float)sqrt(x * sqrt(x));
  }
}

static void check_kernels_of(const mp3a_noisy_steps_kernels *kernels,
                             const mp3a_quantize_kernels *scalar, const char *tier) {
  int const begin = pick(500), count = 1 + pick(76);
  static mp3a_step_table table;
  double roots = 0;
  float largest = 0;
  for (int i = begin; i < begin + count; i++) {
    roots += sqrt(fabs((double)lines[i]));
    largest = fmaxf(largest, powers[i]);
  }
  kernels->band_sums(lines + begin, powers + begin, count, &table, 3);
  CHECK(table.largest_power[3] == largest && table.roots[3] >= roots &&
            table.roots[3] <= roots * 1.002 + 1e-8,
        "%s, %d lines: %g for %g", tier, count, (double)table.roots[3], roots);
  if (!kernels->noisy_steps) return;
  int step = 1 + pick(200);
  while (step < 239 && !(largest * ipow20[step] < MP3A_MOST_SMALL)) step++;
  if (!(largest * ipow20[step] < MP3A_MOST_SMALL)) return;
  float const allowed = plain_noise(scalar, begin, count, step + pick(15)) *
                        (pick(4) ? check_random_float(0.5f, 2) : 1);
  mp3a_noisy_steps const now = kernels->noisy_steps(
      lines + begin, powers + begin, count, ipow20 + step, pow20 + step + Q_MAX2, allowed);
  for (int k = 0; k < 16; k++, step++) {
    if (k == 15) step = 255;
    if (k == 15 && largest * ipow20[step] > 0.5f) break; /* not all values are 0 */
    float const noise = plain_noise(scalar, begin, count, step);
    float const any = kernels->noise(lines + begin, powers + begin, count, ipow20[step],
                                     pow20[step + Q_MAX2]);
    CHECK(fabsf(any - noise) <= noise * MP3A_SUM_ERROR, "%s: noise %g for %g", tier, (double)any,
          (double)noise);
    CHECK((now.doubt >> k & 1 && fabsf(noise - allowed) <= allowed * 2 * MP3A_SUM_ERROR) ||
              (int)(now.noisy >> k & 1) == (noise > allowed),
          "%s, step %d of %d lines: noise %g, allowed %g", tier, step, count, (double)noise,
          (double)allowed);
  }
}

/* A step that is told to be quiet is one; where nothing is allowed that is none, not the finest. */
static void check_limits(const mp3a_noisy_steps_kernels *kernels,
                         const mp3a_quantize_kernels *scalar, const char *tier) {
  int const begin = pick(500), count = 1 + pick(76);
  static mp3a_step_table table;
  kernels->band_sums(lines + begin, powers + begin, count, &table, 0);
  table.count[0] = (float)count;
  for (int is_allowed = 0; kernels->find_limits && is_allowed < 2; is_allowed++) {
    int const finest = plain_finest(begin, count), step = finest + pick(60);
    table.allowed[0] = is_allowed ? plain_noise(scalar, begin, count, step < 255 ? step : 255) : 0;
    kernels->find_limits(&table, 1, 1);
    int const quiet = table.quiet[0];
    CHECK(table.finest[0] == finest && quiet >= finest - 1, "%s: finest %d for %d, quiet %d", tier,
          table.finest[0], finest, quiet);
    CHECK(quiet < finest ||
              (is_allowed && plain_noise(scalar, begin, count, quiet) <= table.allowed[0]),
          "%s: step %d isn't quiet, the finest is %d", tier, quiet, finest);
  }
}

static void check_search(const lame_internal_flags *gfc, const mp3a_quantize_kernels *scalar,
                         const char *tier) {
  static gr_info granule;
  static mp3a_vbr_steps steps;
  float allowed[SFBMAX];
  start_random_granule(gfc, &granule);
  memcpy(granule.xr, lines, sizeof lines);
  float const part = expf(check_random_float(-9, 1));
  for (int sfb = 0, begin = 0; sfb < SFBMAX; begin += granule.width[sfb++]) {
    int const count = mp3a_band_lines(&granule, sfb, begin);
    float energy = 1e-15f;
    for (int i = begin; i < begin + count; i++) energy += lines[i] * lines[i];
    allowed[sfb] = energy * part * check_random_float(0, 1) + 1e-16f;
    granule.energy_above_cutoff[sfb] = (char)(pick(9) > 0);
    /* Exactly what a step makes: the order of additions decides. */
    int const step = 130 + pick(60);
    if (count > 0 && !pick(8) && step >= plain_finest(begin, count))
      allowed[sfb] = plain_noise(scalar, begin, count, step) + 1e-16f;
  }
  mp3a_search_vbr_steps(&granule, powers, allowed, 1, &steps);
  for (int sfb = 0, begin = 0; begin <= granule.max_nonzero_coeff; begin += granule.width[sfb++]) {
    int const count = mp3a_band_lines(&granule, sfb, begin);
    int const finest = plain_finest(begin, count);
    CHECK(steps.finest[sfb] == finest, "%s, band %d: finest %d for %d", tier, sfb,
          steps.finest[sfb], finest);
    if (steps.found[sfb] < 0) continue;
    int const found = plain_search(scalar, begin, count, allowed[sfb], finest);
    CHECK(steps.found[sfb] == found, "%s, band %d: step %d for %d", tier, sfb, steps.found[sfb],
          found);
  }
}

static void fill_ratio(III_psy_ratio *ratio) {
  FLOAT *values = (FLOAT *)ratio;
  for (size_t i = 0; i < sizeof *ratio / sizeof *values; i++)
    values[i] = pick(6) ? expf(check_random_float(-20, 20)) : 0;
}

/* Of any loudness, twice in a row at times, and of long and short blocks. */
static void check_allowed(lame_internal_flags *gfc, const char *tier) {
  static gr_info granule, theirs;
  III_psy_ratio ratio;
  FLOAT allowed[2][SFBMAX] = {{0}};
  start_random_granule(gfc, &granule);
  int const is_short = granule.block_type == SHORT_TYPE;
  granule.psy_lmax = is_short ? 0 : granule.psymax;
  memcpy(granule.xr, lines, sizeof lines);
  if (pick(2)) memset(granule.xr + pick(LINES), 0, sizeof(float));
  int const end = pick(LINES + 1);
  if (pick(2)) memset(granule.xr + end, 0, sizeof(float) * (size_t)(LINES - end));
  theirs = granule;
  fill_ratio(&ratio);
  if (pick(2)) gfc->ATH->adjust_factor = pick(4) ? check_random_float(0, 1) : 1;
  int const over = calc_xmin(gfc, &ratio, &granule, allowed[0]);
  int const expected = calc_xmin_lame(gfc, &ratio, &theirs, allowed[1]);
  CHECK(over == expected && memcmp(allowed[0], allowed[1], sizeof allowed[0]) == 0 &&
            memcmp(&granule, &theirs, sizeof granule) == 0,
        "%s: %d bands over for %d, last line %d for %d", tier, over, expected,
        granule.max_nonzero_coeff, theirs.max_nonzero_coeff);
}

int scale_bitcount_lame(const lame_internal_flags *gfc, gr_info *granule);

/* Of factors of any size, in MPEG-1. */
static void check_scale_factors(const lame_internal_flags *gfc, const char *tier) {
  static gr_info granule, theirs;
  int const is_short = pick(2), most_low = 1 << pick(6), most_high = 1 << pick(5);
  granule.block_type = is_short ? SHORT_TYPE : NORM_TYPE;
  granule.sfbdivide = is_short ? 18 : 11, granule.sfbmax = is_short ? 36 : SBPSY_l;
  granule.preflag = !is_short && !pick(3);
  for (int sfb = 0; sfb < SFBMAX; sfb++)
    granule.scalefac[sfb] = pick(sfb < granule.sfbdivide ? most_low : most_high);
  theirs = granule;
  int const is_too_large = scale_bitcount(gfc, &granule);
  CHECK(is_too_large == scale_bitcount_lame(gfc, &theirs) &&
            memcmp(&granule, &theirs, sizeof granule) == 0,
        "%s: %d bits for %d", tier, granule.part2_length, theirs.part2_length);
}

/* The rates that differ: with the fewest bands, and MPEG-1. */
static void check_rate(int rate_hz, const char *tier) {
  lame_global_flags *encoder = lame_init();
  lame_set_in_samplerate(encoder, rate_hz);
  lame_set_out_samplerate(encoder, rate_hz);
  CHECK(lame_init_params(encoder) == 0, "%d Hz", rate_hz);
  for (int round = 0; round < 300; round++) {
    if (round % 10 == 0) fill_lines(expf(check_random_float(-20, 12)));
    check_allowed(encoder->internal_flags, tier);
    if (rate_hz == 44100) check_scale_factors(encoder->internal_flags, tier);
  }
  lame_close(encoder);
}

void check_vbr(unsigned cpu_flags, const char *tier, int bench) {
  mp3a_quantize_kernels scalar;
  mp3a_noisy_steps_kernels kernels;
  if (bench) return;
  lame_global_flags *encoder = random_encoder();
  lame_internal_flags *gfc = encoder->internal_flags;
  mp3a_quantize_select(&scalar, 0);
  mp3a_noisy_steps_select(&kernels, cpu_flags);
  mp3a_kernels_limit(cpu_flags);
  for (int round = 0; round < 400; round++) {
    fill_lines(expf(check_random_float(-20, 12)));
    for (int i = 0; i < 4; i++) check_kernels_of(&kernels, &scalar, tier);
    check_limits(&kernels, &scalar, tier);
    check_search(gfc, &scalar, tier);
    check_allowed(gfc, tier);
  }
  check_rate(8000, tier);
  check_rate(44100, tier);
  mp3a_kernels_limit(MP3A_CPU_ALL);
  lame_close(encoder);
}
