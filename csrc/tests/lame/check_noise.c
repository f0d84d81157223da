/* Noise and scale factors of bands: the kernels against their scalar twins and against the sums
   written down plainly. */
#include "lame/kernels/kernels.h"
#include "lame/quantize.h"
#include "tests/lame/granules.h"

void check_noise(unsigned cpu_flags, const char *tier, int bench);

enum { LINES = 576, GUARD = 16 };

static float powers[LINES + GUARD];
static int values[LINES];

/* Bands as a granule has them, with lines between some that are in none; some chosen. */
static uint64_t random_bands(mp3a_noise_bands *bands, int *count) {
  uint64_t chosen = 0;
  int const most = pick(90), is_growing = pick(4); /* as those of a granule mostly do */
  int const has_all = pick(2), first = pick(16);
  static int begin[MP3A_MOST_BANDS];
  *count = 0;
  memset(bands, 0, sizeof *bands);
  bands->begin = begin;
  for (int at = first; at < LINES && *count < SFBMAX; at += pick(3) ? 0 : pick(40)) {
    int const i = (*count)++, left = LINES - at;
    int const width = is_growing ? i * most / 20 : pick(most + 1);
    begin[i] = at, bands->count[i] = width < left ? width : left;
    bands->step[i] = check_random_float(0.01f, 100);
    chosen |= (uint64_t)(has_all || pick(2)) << i;
    at += bands->count[i];
  }
  return chosen;
}

/* What is near changes the sums only where that was told. */
static void check_doubts(const mp3a_quantize_kernels *kernels, const char *tier,
                         mp3a_band_noises *bands, int count) {
  mp3a_noise_sums sums, changed;
  kernels->ratios(bands, count, &sums);
  for (int i = 0; i < count; i++)
    if (!(sums.doubtful >> i & 1))
      bands->noise[i] *= 1 + check_random_float(-0.9f, 0.9f) * MP3A_NEAR_NOISE;
  kernels->ratios(bands, count, &changed);
  CHECK(sums.over_count == changed.over_count && sums.over_squares == changed.over_squares,
        "%s, %d ratios: %d over for %d, %d for %d", tier, count, changed.over_count,
        sums.over_count, changed.over_squares, sums.over_squares);
}

/* Against the sums over the logarithms of all. */
static void check_ratios(const mp3a_quantize_kernels *scalar, const mp3a_quantize_kernels *kernels,
                         const char *tier, const float *noises, int count, int round) {
  static mp3a_band_noises bands[2];
  mp3a_noise_sums sums[2], expected = {0};
  float const rise = round % 5 ? 1 : expf(check_random_float(-60, 30));
  memset(bands, 0, sizeof bands);
  for (int i = 0; i < count; i++) {
    float const most = round % 2 ? expf(check_random_float(-80, 80))
                                 : noises[i] * check_random_float(0.3f, 99) + 1e-9f;
    bands[0].noise[i] = noises[i];
    bands[0].inverse[i] = 1.0f / most * rise;
    float const ratio = bands[0].inverse[i] * noises[i];
    float const log = FAST_LOG10(ratio > 1e-20f ? ratio : 1e-20f);
    int const tenths = (int)(log * 10 + .5);
    if (log > 0) expected.over_count++, expected.over_squares += tenths > 1 ? tenths * tenths : 1;
    if (ratio > expected.most_ratio) expected.most_ratio = ratio;
  }
  bands[1] = bands[0];
  scalar->ratios(&bands[0], count, &sums[0]);
  kernels->ratios(&bands[1], count, &sums[1]);
  CHECK(memcmp(&bands[0], &bands[1], sizeof bands[0]) == 0, "%s, %d ratios", tier, count);
  for (int i = 0; i < 2; i++)
    CHECK(sums[i].over_count == expected.over_count && sums[i].most_ratio == expected.most_ratio &&
              sums[i].over_squares == expected.over_squares,
          "%s, %d ratios, up to %a: %d over for %d, %d for %d", tier, count,
          (double)expected.most_ratio, sums[i].over_count, expected.over_count,
          sums[i].over_squares, expected.over_squares);
  check_doubts(kernels, tier, &bands[1], count);
}

/* `large`: all bands that have to be, and some more. */
static void check_near(const mp3a_quantize_kernels *kernels, const char *tier,
                       const mp3a_noise_bands *bands, uint64_t chosen, const float *noises) {
  static float nearly[MP3A_MOST_BANDS], sums[MP3A_MOST_BANDS], squares[LINES];
  uint64_t large = pick(2) ? 0 : check_random();
  if (!kernels->near_noises) return;
  for (int i = 0; i < MP3A_MOST_BANDS; i++) {
    nearly[i] = noises[i];
    for (int k = 0; chosen >> i & 1 && k < bands->count[i]; k++)
      if (values[bands->begin[i] + k] > 31) large |= (uint64_t)1 << i;
  }
  kernels->near_noises(powers, values, bands, chosen, large, squares, nearly);
  mp3a_sum_squares(squares, bands, chosen, sums);
  for (int i = 0; i < MP3A_MOST_BANDS; i++) {
    if (chosen >> i & 1)
      CHECK(sums[i] == noises[i] && fabsf(nearly[i] - sums[i]) <= sums[i] * MP3A_NEAR_NOISE,
            "%s, band %d: %a and %a for %a", tier, i, (double)nearly[i], (double)sums[i],
            (double)noises[i]);
    else
      CHECK(nearly[i] == noises[i], "%s, band %d isn't chosen", tier, i);
  }
}

static void check_noises(const mp3a_quantize_kernels *scalar, const mp3a_quantize_kernels *kernels,
                         const char *tier, int round) {
  static mp3a_noise_bands bands;
  static float noises[2][MP3A_MOST_BANDS], squares[LINES];
  int count;
  uint64_t const chosen = random_bands(&bands, &count);
  for (int i = 0; i < MP3A_MOST_BANDS; i++) noises[0][i] = noises[1][i] = check_random_float(1, 2);
  scalar->noises(powers, values, &bands, chosen, squares, noises[0]);
  kernels->noises(powers, values, &bands, chosen, squares, noises[1]);
  for (int i = 0; i < count; i++) {
    float sum = 0;
    if (!(chosen >> i & 1)) noises[1][i] = noises[0][i]; /* random */
    for (int k = bands.begin[i]; k < bands.begin[i] + bands.count[i]; k++) {
      float const error = fabsf(powers[k]) - pow43[values[k]] * bands.step[i];
      sum += error * error;
    }
    if (!(chosen >> i & 1)) continue;
    CHECK(memcmp(&sum, &noises[0][i], sizeof sum) == 0, "band %d: %a for %a", i,
          (double)noises[0][i], (double)sum);
  }
  CHECK(memcmp(noises[0], noises[1], sizeof noises[0]) == 0, "%s, %d bands", tier, count);
  check_near(kernels, tier, &bands, chosen, noises[0]);
  check_ratios(scalar, kernels, tier, noises[0], count, round);
}

/* Every ratio near a border between tenths; 10 in 2^23 of the others. */
static void check_tenths(const mp3a_quantize_kernels *kernels, const char *tier) {
  static mp3a_band_noises bands;
  for (int round = 0; round < 40000; round++) {
    int expected = 0;
    mp3a_noise_sums sums;
    union { float f; int bits; } border = {powf(10, ((float)pick(100) + 0.5f) / 10)};
    for (int i = 0; i < MP3A_MOST_BANDS; i++) {
      union { float f; int bits; } x = {border.f};
      x.bits += pick(2) ? pick(200) - 100 : (int)(check_random() % 0x800000);
      bands.noise[i] = x.f, bands.inverse[i] = 1;
      float const log = FAST_LOG10(x.f);
      int const tenths = (int)(log * 10 + .5);
      expected += x.f > 1 ? tenths > 1 ? tenths * tenths : 1 : 0;
    }
    kernels->ratios(&bands, MP3A_MOST_BANDS, &sums);
    CHECK(sums.over_squares == expected, "%s, near %a: %d for %d", tier, (double)border.f,
          sums.over_squares, expected);
  }
}

/* Also against the square errors of the values of lines(). */
static void check_values_noise(const mp3a_quantize_kernels *scalar,
                               const mp3a_quantize_kernels *kernels, const char *tier,
                               int count) {
  static float raised[LINES + GUARD];
  static int quantized[LINES];
  float const scale = check_random_float(0.0001f, 1), step = powf(scale, -4 / 3.0f);
  double expected = 0;
  for (int i = 0; i < LINES; i++)
    raised[i] = fminf(powf(fabsf(powers[i]), 0.75f), IXMAX_VAL / scale * 0.99f);
  float const a = scalar->noise(powers, raised, scale, step, count);
  float const b = kernels->noise(powers, raised, scale, step, count);
  CHECK(memcmp(&a, &b, sizeof a) == 0, "%s, %d lines: %a for %a", tier, count, (double)b,
        (double)a);
  kernels->lines(raised, scale, count, quantized);
  for (int i = 0; i < count; i++) {
    float const error = fabsf(powers[i]) - pow43[quantized[i]] * step;
    expected += error * error;
  }
  CHECK(fabs(a - expected) <= expected * 0x1p-16, "%s, %d lines: %g for %g", tier, count,
        (double)a, expected);
}

/* ---- scale factors ---- */

/* As the standard has it (ISO/IEC 11172-3, 2.4.3.4), and 210 too high. */
static int step_of(const gr_info *granule, int sfb) {
  int const factor = granule->scalefac[sfb] + (granule->preflag ? pretab[sfb] : 0);
  int const is_short = granule->block_type == SHORT_TYPE;
  return granule->global_gain - (factor << (granule->scalefac_scale + 1)) -
         (is_short ? 8 * granule->subblock_gain[granule->window[sfb]] : 0);
}

static void check_steps(const mp3a_band_factors_kernels *kernels, const char *tier,
                        const lame_internal_flags *gfc) {
  static gr_info granule;
  float width[MP3A_MOST_BANDS], largest[MP3A_MOST_BANDS] = {0};
  int step[SFBMAX], expected[SFBMAX];
  mp3a_changed_bands bands;
  start_random_granule(gfc, &granule);
  granule.global_gain = 150 + pick(106), granule.scalefac_scale = pick(2);
  granule.preflag = granule.block_type != SHORT_TYPE && pick(2);
  for (int i = 0; i < 3; i++)
    granule.subblock_gain[i] = granule.block_type == SHORT_TYPE ? pick(8) : 0;
  for (int i = 0; i < SFBMAX; i++) granule.scalefac[i] = pick(12);
  for (int i = 0; i < granule.psymax; i++) expected[i] = step_of(&granule, i);
  float const one = 1 / ipow20[granule.global_gain];
  for (int i = 0; i < SFBMAX; i++) {
    step[i] = pick(3) && i < granule.psymax ? expected[i] : pick(300), width[i] = 99;
    largest[i] = one * (pick(2) ? check_random_float(0, 2) : check_random_float(0, 99));
  }
  uint64_t const asked = (uint64_t)check_random() << 20 | check_random(), zeros = check_random();
  int before[SFBMAX];
  memcpy(before, step, sizeof step);
  mp3a_gains const gains = mp3a_gains_of(&granule);
  kernels->steps(&gains, granule.psymax, asked, zeros, largest, one, step, width, &bands);
  for (int i = 0; i < SFBMAX; i++) {
    int const is_there = i < granule.psymax;
    int const is_zero = is_there && largest[i] < 0.5945f * one;
    int const is_asked = is_there && (asked >> i & 1) && !(is_zero && (zeros >> i & 1));
    int const is_changed = is_asked && before[i] != expected[i];
    CHECK(step[i] == (is_there ? expected[i] : before[i]), "%s, band %d: %d for %d", tier, i,
          step[i], expected[i]);
    CHECK(width[i] == (is_changed ? pow20[expected[i] + Q_MAX2] : 99), "%s, band %d: %g", tier, i,
          (double)width[i]);
    CHECK((int)(bands.changed >> i & 1) == is_changed, "%s, band %d of %d", tier, i,
          granule.psymax);
    if (!((asked | zeros) >> i & 1)) continue;
    CHECK((int)(bands.zeros >> i & 1) == is_zero &&
              (int)(bands.large >> i & 1) == (is_there && largest[i] >= 31 * one),
          "%s, band %d of %d: %g", tier, i, granule.psymax, (double)(largest[i] / one));
  }
}

static void check_raise(const mp3a_band_factors_kernels *kernels, const char *tier) {
  int factors[SFBMAX], window[SFBMAX], expected[SFBMAX], lower = 0, upper = 0, are_all_finer = 1;
  int const window_gain[4] = {pick(3), pick(3), pick(3), 0}, count = pick(SFBMAX + 1);
  int const divide = pick(count + 1), most = 1 + pick(9);
  uint64_t const bands = pick(3) ? (uint64_t)check_random() << 10 : ~(uint64_t)0;
  for (int i = 0; i < SFBMAX; i++) {
    factors[i] = pick(most), window[i] = pick(4);
    expected[i] = factors[i] + (i < count && bands >> i & 1);
    if (i >= count) continue;
    if (expected[i] + window_gain[window[i]] == 0) are_all_finer = 0;
    int *largest = i < divide ? &lower : &upper;
    if (*largest < expected[i]) *largest = expected[i];
  }
  mp3a_factor_limits const limits =
      kernels->raise(factors, window, window_gain, bands, divide, count);
  CHECK(memcmp(factors, expected, sizeof factors) == 0, "%s, %d factors", tier, count);
  CHECK(limits.lower == lower && limits.upper == upper && limits.are_all_finer == are_all_finer,
        "%s, %d factors: up to %d and %d for %d and %d", tier, count, limits.lower, limits.upper,
        lower, upper);
}

static void print_times(const mp3a_quantize_kernels *scalar, const mp3a_quantize_kernels *kernels,
                        const char *tier) {
  static mp3a_noise_bands bands;
  static float noises[MP3A_MOST_BANDS], squares[LINES];
  int count;
  uint64_t const chosen = random_bands(&bands, &count);
  TIME(tier, "noises", 40, , kernels->noises(powers, values, &bands, chosen, squares, noises),
       scalar->noises(powers, values, &bands, chosen, squares, noises), "scalar");
}

void check_noise(unsigned cpu_flags, const char *tier, int bench) {
  mp3a_quantize_kernels scalar, kernels;
  mp3a_band_factors_kernels factors;
  mp3a_quantize_select(&scalar, 0);
  mp3a_quantize_select(&kernels, cpu_flags);
  mp3a_band_factors_select(&factors, cpu_flags);
  lame_global_flags *encoder = random_encoder(); /* which fills the tables */
  if (bench) print_times(&scalar, &kernels, tier);
  if (!bench) check_tenths(&kernels, tier);
  for (int round = 0; !bench && round < 1000; round++) {
    random_lines(powers, check_random_float(0, 1e5f));
    random_values(values, LINES);
    check_noises(&scalar, &kernels, tier, round);
    check_values_noise(&scalar, &kernels, tier, pick(LINES + 1));
    check_steps(&factors, tier, encoder->internal_flags);
    check_raise(&factors, tier);
  }
  lame_close(encoder);
}
