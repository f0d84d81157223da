/* Quantization: the kernels against their scalar twins, near every tie; count_bits() and
   calc_noise() against LAME's own, which are still there under another name, over sequences as the
   outer loop makes them, and with them what the noise shaping has in their place. */
#include "lame/kernels/kernels.h"
#include "lame/noise.h"
#include "lame/tried_values.h"
#include "tests/lame/granules.h"

int count_bits_lame(lame_internal_flags const *gfc, const FLOAT *powers, gr_info *granule,
                    calc_noise_data *before);
int calc_noise_lame(gr_info const *granule, FLOAT const *allowed, FLOAT *distort,
                    calc_noise_result *result, calc_noise_data *known);
int scale_bitcount_lame(const lame_internal_flags *gfc, gr_info *granule);
void check_quantize(unsigned cpu_flags, const char *tier, int bench);

enum { LINES = 576, GUARD = 16 };

/* ---- kernels ---- */

static float powers[LINES + GUARD];
static int values[2][LINES + GUARD];
static uint32_t marks[LINES];

static void compare_lines(const mp3a_quantize_kernels *scalar,
                          const mp3a_quantize_kernels *kernels, const char *tier, int shift,
                          int count, float scale) {
  memset(values, 0x5a, sizeof values);
  scalar->lines(powers + shift, scale, count, values[0] + shift);
  kernels->lines(powers + shift, scale, count, values[1] + shift);
  CHECK(memcmp(values[0], values[1], sizeof values[0]) == 0, "%s, %d lines from %a", tier, count,
        (double)powers[shift]);
  count -= count % MP3A_COUNT_STEP;
  int const a = scalar->lines_in_doubt(powers + shift, scale, count, values[0] + shift);
  int const b = kernels->lines_in_doubt(powers + shift, scale, count, values[1] + shift);
  CHECK(a == b && memcmp(values[0], values[1], sizeof values[0]) == 0,
        "%s, %d lines from %a, in doubt until %d for %d", tier, count, (double)powers[shift], b, a);
}

/* The floats next to the two values that may round down or up from n. */
static void check_ties(const mp3a_quantize_kernels *scalar, const mp3a_quantize_kernels *kernels,
                       const char *tier) {
  for (int n = 0; n <= IXMAX_VAL; n++) {
    float const below = (float)n - 0.5f - adj43asm[n], above = (float)n + 0.5f - adj43asm[n];
    for (int i = 0; i < LINES; i++) {
      union { float f; int bits; } x = {i < LINES / 2 ? below : above};
      x.bits += i % (LINES / 2) - LINES / 4;
      powers[i] = x.f > 0 && x.f < IXMAX_VAL ? x.f : 0;
    }
    compare_lines(scalar, kernels, tier, 0, LINES, 1);
    for (int i = 0; i < LINES; i++) powers[i] = (float)n + check_random_float(-0.51f, 0.51f);
    for (int i = 0; i < LINES; i++) powers[i] = powers[i] > 0 ? powers[i] : 0;
    if (n < IXMAX_VAL) compare_lines(scalar, kernels, tier, 0, LINES, 1);
  }
}

static void check_lines(const mp3a_quantize_kernels *scalar,
                        const mp3a_quantize_kernels *kernels, const char *tier) {
  for (int round = 0; round < 2000; round++) {
    float const most = round % 2 ? 20 : expf(check_random_float(0, 9));
    float const scale = round % 4 ? 1 : 0.3f;
    for (int i = 0; i < LINES + GUARD; i++)
      powers[i] = check_random_float(0, most) * (pick(4) ? 1 : check_random_float(0, 0.1f));
    compare_lines(scalar, kernels, tier, pick(GUARD), round % 3 ? LINES : pick(LINES + 1), scale);
  }
}

static void check_largest(const mp3a_quantize_kernels *scalar,
                          const mp3a_quantize_kernels *kernels, const char *tier,
                          const mp3a_band_layout *layout) {
  static float sizes[LINES], largest[2][MP3A_MOST_BANDS];
  int const bands = pick(MP3A_MOST_BANDS + 1);
  for (int i = 0; i < LINES; i++) sizes[i] = pick(9) ? fabsf(powers[i]) : 0;
  memset(largest, 0x5a, sizeof largest);
  scalar->largest_powers(sizes, layout, bands, largest[0]);
  kernels->largest_powers(sizes, layout, bands, largest[1]);
  CHECK(memcmp(largest[0], largest[1], sizeof largest[0]) == 0, "%s, %d bands", tier, bands);
  for (int band = 0; band < bands; band++) {
    float most = 0;
    for (int i = layout->begin[band]; i < layout->begin[band + 1]; i++)
      most = fmaxf(most, sizes[i]);
    CHECK(most == largest[0][band], "band %d: %a for %a", band, (double)largest[0][band],
          (double)most);
  }
}

/* Bands of all widths, up to MP3A_MOST_BANDS of them, some or all chosen. */
static void check_amplify(const mp3a_quantize_kernels *scalar,
                          const mp3a_quantize_kernels *kernels, const char *tier) {
  static float amplified[2][LINES + GUARD], largest[2][MP3A_MOST_BANDS], expected;
  static mp3a_band_layout layout;
  int const most = 1 + pick(60), has_all = pick(4) == 0;
  uint64_t bands = 0;
  for (int band = 0, at = 0; band < MP3A_MOST_BANDS; band++) {
    int const left = LINES - at, is_last = band == MP3A_MOST_BANDS - 1;
    int const width = is_last || left < most ? left : pick(most + 1);
    layout.begin[band] = at, layout.begin[band + 1] = at + width;
    for (int i = 0; i < width; i++) layout.bit_of[at++] = band < 32 ? 1u << band : 0;
    largest[0][band] = largest[1][band] = check_random_float(0, 1);
    bands |= (uint64_t)(has_all || pick(3) == 0) << band;
  }
  memcpy(amplified[0], powers, sizeof powers), memcpy(amplified[1], powers, sizeof powers);
  for (int tried = 0; tried < 2; tried++, bands = 0) {
    float const a = scalar->amplify(amplified[0], &layout, bands, 1.3f, largest[0]);
    float const b = kernels->amplify(amplified[1], &layout, bands, 1.3f, largest[1]);
    CHECK(memcmp(amplified[0], amplified[1], sizeof powers) == 0, "%s, up to %d lines", tier, most);
    CHECK(memcmp(largest[0], largest[1], sizeof largest[0]) == 0, "%s, up to %d lines", tier, most);
    expected = 0;
    for (int band = 0; band < MP3A_MOST_BANDS; band++) {
      float const x = largest[0][band];
      if ((bands >> band & 1) && x > expected) expected = x;
    }
    CHECK(a == expected && b >= expected, "%s, %a and %a for %a", tier, (double)a, (double)b,
          (double)expected);
    for (int band = 0; tried == 0 && band < MP3A_MOST_BANDS; band++) {
      for (int i = layout.begin[band]; i < layout.begin[band + 1]; i++) {
        float const x = bands >> band & 1 ? powers[i] * 1.3f : powers[i];
        CHECK(memcmp(&x, &amplified[0][i], sizeof x) == 0, "%s, line %d", tier, i);
      }
    }
  }
  check_largest(scalar, kernels, tier, &layout);
}

static void check_others(const mp3a_quantize_kernels *scalar,
                         const mp3a_quantize_kernels *kernels, const char *tier) {
  for (int round = 0; round < 1000; round++) {
    int const shift = pick(GUARD), count = pick(LINES + 1);
    random_lines(powers, check_random_float(0, 1e5f));
    random_values(values[0], LINES);
    memcpy(values[1], values[0], sizeof values[0]);
    for (int i = 0; i < LINES; i++) marks[i] = 1u << pick(32);
    uint32_t const wanted = check_random();
    int const steps = pick(LINES / MP3A_COUNT_STEP + 1);
    scalar->drop_marked(powers, 50, marks, wanted, steps * MP3A_COUNT_STEP, values[0]);
    kernels->drop_marked(powers, 50, marks, wanted, steps * MP3A_COUNT_STEP, values[1]);
    CHECK(memcmp(values[0], values[1], sizeof values[0]) == 0, "%s, %d steps", tier, steps);
    static float bands[MP3A_MOST_BANDS];
    int const band_count = pick(MP3A_MOST_BANDS + 1);
    for (int i = 0; i < MP3A_MOST_BANDS; i++) bands[i] = (float)pick(9);
    float const limit = (float)pick(9);
    uint64_t const a = scalar->at_least(bands, limit, band_count);
    CHECK(a == kernels->at_least(bands, limit, band_count), "%s, %d ratios", tier, band_count);
    check_amplify(scalar, kernels, tier);
    for (int i = 0; i < LINES + GUARD; i++) powers[i] = pick(9) ? fabsf(powers[i]) : 100;
    scalar->drop_small(powers + shift, 100, count, values[0] + shift);
    kernels->drop_small(powers + shift, 100, count, values[1] + shift);
    CHECK(memcmp(values[0], values[1], sizeof values[0]) == 0, "%s, %d lines", tier, count);
  }
}

/* ---- LAME's functions ---- */

typedef struct {
  gr_info granule;
  calc_noise_data noise;
  calc_noise_result result;
  FLOAT distort[SFBMAX];
  int bits;
} quantized_state;

static quantized_state ours, theirs;
static FLOAT allowed[SFBMAX];

/* Amplifies a few bands, or coarsens all, as the outer loop does. */
static void change(gr_info *granule, FLOAT *raised) {
  for (int sfb = 0, begin = 0; sfb < granule->sfbmax; begin += granule->width[sfb++]) {
    if (pick(8) || granule->scalefac[sfb] > 14) continue;
    granule->scalefac[sfb]++;
    for (int i = begin; i < begin + granule->width[sfb]; i++) {
      raised[i] *= granule->scalefac_scale ? 1.68179283050742922612f : 1.29683955465100964055f;
      if (raised[i] > granule->xrpow_max) granule->xrpow_max = raised[i];
    }
  }
  if (pick(3) == 0) granule->global_gain += 1 + pick(4);
  if (granule->global_gain > 254) granule->global_gain = 254;
  if (pick(20) == 0 && granule->block_type == SHORT_TYPE) granule->subblock_gain[pick(3)] = pick(8);
}

static void start_sequence(lame_internal_flags *gfc, FLOAT raised[LINES]) {
  gr_info *granule = &ours.granule;
  memset(&ours, 0, sizeof ours);
  start_random_granule(gfc, granule);
  random_lines(granule->xr, expf(check_random_float(-3, 12)));
  granule->global_gain = 150 + pick(70);
  granule->scalefac_scale = pick(2);
  granule->preflag = granule->block_type != SHORT_TYPE && pick(3) == 0;
  for (int i = 0; i < LINES; i++) {
    raised[i] = sqrtf(fabsf(granule->xr[i]) * sqrtf(fabsf(granule->xr[i])));
    if (raised[i] > granule->xrpow_max) granule->xrpow_max = raised[i];
  }
  for (int i = 0; i < SFBMAX; i++) {
    allowed[i] = expf(check_random_float(-10, 10));
    gfc->sv_qnt.pseudohalf[i] = pick(2);
  }
  gfc->sv_qnt.substep_shaping = 2 * pick(2);
}

static void check_sequence(lame_internal_flags *gfc, const char *tier) {
  FLOAT raised[LINES];
  start_sequence(gfc, raised);
  for (int step = 0; step < 25; step++) {
    int const keeps_noise = step == 0 || pick(9);
    if (step) change(&ours.granule, raised);
    memcpy(&theirs, &ours, sizeof ours);
    ours.bits = count_bits(gfc, raised, &ours.granule, step ? &ours.noise : 0);
    theirs.bits = count_bits_lame(gfc, raised, &theirs.granule, step ? &theirs.noise : 0);
    CHECK(memcmp(&ours, &theirs, sizeof ours) == 0, "%s, step %d: %d bits for %d", tier, step,
          ours.bits, theirs.bits);
    if (step && pick(4) == 0) continue;
    calc_noise(&ours.granule, allowed, ours.distort, &ours.result, keeps_noise ? &ours.noise : 0);
    calc_noise_lame(&theirs.granule, allowed, theirs.distort, &theirs.result,
                    keeps_noise ? &theirs.noise : 0);
    CHECK(memcmp(&ours, &theirs, sizeof ours) == 0, "%s, step %d: noise %g for %g", tier, step,
          (double)ours.result.tot_noise, (double)theirs.result.tot_noise);
  }
}

/* Amplifies a few bands, as the noise shaping does. */
static void amplify(mp3a_tried_values *v, gr_info *granule, FLOAT *raised) {
  FLOAT const factor = granule->scalefac_scale ? 1.68179283050742922612f : 1.29683955465100964055f;
  for (int sfb = 0; sfb < granule->sfbmax; sfb++) {
    if (pick(8) || granule->scalefac[sfb] > 14) continue;
    mp3a_turn_half(v, sfb);
    granule->scalefac[sfb]++;
    v->changed |= (uint64_t)1 << sfb;
    for (int i = v->layout->begin[sfb]; i < v->layout->begin[sfb] + granule->width[sfb]; i++) {
      raised[i] *= factor;
      if (raised[i] > granule->xrpow_max) granule->xrpow_max = raised[i];
    }
  }
}

/* What the noise shaping knows of noise beside calc_noise(). */
static mp3a_granule_noise noise;
static calc_noise_data known;

static void start_noise(const lame_internal_flags *gfc) {
  FLOAT energy[SFBMAX];
  for (int sfb = 0, i = 0; sfb < ours.granule.psymax; sfb++) {
    energy[sfb] = 0;
    for (int end = i + ours.granule.width[sfb]; i < end; i++)
      energy[sfb] += ours.granule.xr[i] * ours.granule.xr[i];
  }
  memset(&known, 0, sizeof known);
  mp3a_start_noise(gfc, &ours.granule, allowed, energy, &noise);
}

/* With what calc_noise_lame() has left: what decides at once, the rest when it is settled. */
static void compare_noise(const mp3a_tried_values *v, const FLOAT *raised, const char *tier,
                          int step) {
  const calc_noise_result *result = &theirs.result;
  float largest[MP3A_MOST_BANDS] = {0};
  mp3a_noise_sums sums;
  mp3a_kernels()->quantize.largest_powers(raised, v->layout, ours.granule.psymax, largest);
  mp3a_measure_noise(&ours.granule, &noise, v->unmeasured | v->changed, largest, &known, &sums);
  CHECK(sums.over_count == result->over_count && sums.over_squares == result->over_SSD,
        "%s, step %d: %d over for %d, %d for %d", tier, step, sums.over_count, result->over_count,
        sums.over_squares, result->over_SSD);
  if (sums.over_count == 0) {
    float const nearly = mp3a_most_logarithm(&ours.granule, &noise, IS_NEAR);
    float const most = mp3a_most_logarithm(&ours.granule, &noise, IS_LAMES);
    CHECK(most == result->max_noise && fabsf(nearly - most) < MP3A_NEAR_NOISE,
          "%s, step %d: %g for %g", tier, step, (double)most, (double)result->max_noise);
  }
  for (int sfb = 0; sfb < ours.granule.psymax; sfb++)
    CHECK(fabsf(noise.of.ratio[sfb] - theirs.distort[sfb]) <= theirs.distort[sfb] * MP3A_NEAR_NOISE,
          "%s, step %d: %g for %g", tier, step, (double)noise.of.ratio[sfb],
          (double)theirs.distort[sfb]);
  if (step % 3) return;
  mp3a_settle_noise(&noise, ~(uint64_t)0);
  for (int sfb = 0; sfb < ours.granule.psymax; sfb++)
    CHECK(noise.of.ratio[sfb] == theirs.distort[sfb], "%s, step %d, band %d", tier, step, sfb);
}

/* With some powers that come to lie where LAME rounds ones in another way. */
static void check_values(lame_internal_flags *gfc, const char *tier) {
  static mp3a_tried_values v;
  FLOAT raised[LINES];
  gr_info *granule = &ours.granule;
  start_sequence(gfc, raised);
  for (int i = 0; pick(2) && i < 3; i++)
    raised[pick(LINES)] =
        check_random_float(0.5946f, 0.594604f) / ipow20[granule->global_gain + pick(6)];
  granule->part2_3_length = count_bits(gfc, raised, granule, 0);
  if (granule->part2_3_length == LARGE_BITS) return;
  memset(raised + granule->max_nonzero_coeff + 1, 0,
         sizeof *raised * (size_t)(LINES - 1 - granule->max_nonzero_coeff));
  calc_noise(granule, allowed, ours.distort, &ours.result, &ours.noise);
  memcpy(&theirs, &ours, sizeof ours);
  mp3a_start_values(&v, gfc, raised, granule);
  start_noise(gfc);
  compare_noise(&v, raised, tier, 0);
  for (int step = 1; step < 25 && granule->global_gain < 250; step++) {
    amplify(&v, granule, raised);
    for (int tries = 1 + pick(3); tries > 0; tries--) {
      memcpy(theirs.granule.scalefac, granule->scalefac, sizeof granule->scalefac);
      theirs.granule.xrpow_max = granule->xrpow_max;
      theirs.granule.global_gain = granule->global_gain;
      ours.bits = mp3a_count_values(&v, &ours.noise);
      theirs.bits = count_bits_lame(gfc, raised, &theirs.granule, &theirs.noise);
      CHECK(ours.bits == theirs.bits && memcmp(granule, &theirs.granule, sizeof *granule) == 0,
            "%s, step %d: %d bits for %d", tier, step, ours.bits, theirs.bits);
      if (tries > 1) granule->global_gain += pick(3) > 0;
    }
    if (ours.bits == LARGE_BITS) return;
    calc_noise(granule, allowed, ours.distort, &ours.result, &ours.noise);
    calc_noise_lame(&theirs.granule, allowed, theirs.distort, &theirs.result, &theirs.noise);
    compare_noise(&v, raised, tier, step);
    mp3a_note_measured(&v);
  }
}

/* As large as the outer loop makes scale factors, and a little larger. */
static void check_scale_factors(lame_internal_flags *gfc) {
  gr_info *granule = &ours.granule;
  memset(&ours, 0, sizeof ours);
  start_random_granule(gfc, granule);
  gfc->cfg.mode_gr = 1 + (pick(4) > 0);
  granule->sfbdivide = granule->block_type == SHORT_TYPE ? 18 : 11;
  int const most = 1 + pick(18), least = pick(3) ? 0 : pick(most);
  for (int sfb = 0; sfb < granule->sfbmax; sfb++)
    granule->scalefac[sfb] = sfb < granule->sfbdivide || pick(9) ? least + pick(most - least) : 0;
  granule->preflag = granule->block_type != SHORT_TYPE && pick(3) == 0;
  memcpy(&theirs, &ours, sizeof ours);
  int const a = scale_bitcount(gfc, granule), b = scale_bitcount_lame(gfc, &theirs.granule);
  CHECK(a == b && memcmp(&ours, &theirs, sizeof ours) == 0, "%d for %d, %d bits for %d", a, b,
        granule->part2_length, theirs.granule.part2_length);
}

/* ---- time ---- */

static void print_times(const mp3a_quantize_kernels *scalar,
                        const mp3a_quantize_kernels *kernels, const char *tier) {
  for (int i = 0; i < LINES; i++) powers[i] = 30 * expf(-(float)i / 100) * check_random_float(0, 1);
  TIME(tier, "lines", 40, , kernels->lines(powers, 1, LINES, values[0]),
       scalar->lines(powers, 1, LINES, values[0]), "scalar");
}

void check_quantize(unsigned cpu_flags, const char *tier, int bench) {
  mp3a_quantize_kernels scalar, kernels;
  mp3a_quantize_select(&scalar, 0);
  mp3a_quantize_select(&kernels, cpu_flags);
  lame_close(random_encoder()); /* which has filled the tables */
  if (bench) {
    print_times(&scalar, &kernels, tier);
    return;
  }
  check_ties(&scalar, &kernels, tier);
  check_lines(&scalar, &kernels, tier);
  check_others(&scalar, &kernels, tier);
  mp3a_kernels_limit(cpu_flags);
  for (int i = 0; i < 60; i++) {
    lame_global_flags *encoder = random_encoder();
    for (int round = 0; round < 10; round++) {
      check_sequence(encoder->internal_flags, tier);
      check_values(encoder->internal_flags, tier);
      for (int k = 0; k < 9; k++) check_scale_factors(encoder->internal_flags);
    }
    lame_close(encoder);
  }
  mp3a_kernels_limit(MP3A_CPU_ALL);
}
