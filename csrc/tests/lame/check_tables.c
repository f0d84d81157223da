/* Every table that LAME computes when an encoder starts, and the mathematical
   functions behind them: hashes that are the same on every platform. They were
   taken from a LAME that calls glibc's functions on x86-64. */
#include <float.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "lame/internals.h"
#include "lame/math/portable_math.h"
#include "tests/check.h"
#include "tests/hash.h"

typedef enum {
  TABLE_POW43, TABLE_ADJ43, TABLE_POW20, TABLE_IPOW20, TABLE_LOG2, TABLE_WINDOWS, TABLE_HEARING,
  TABLE_BANDS, TABLE_SPREADING, TABLE_DECAY, TABLE_FACTORS, TABLE_FILTERBANK, TABLE_COUNT
} table;

static const struct { const char *name; uint64_t hash; } expected[TABLE_COUNT] = {
    [TABLE_POW43] = {"pow43", 0xb5fafb42e8cbaa68},
    [TABLE_ADJ43] = {"adj43asm", 0x59468e01a7adf83a},
    [TABLE_POW20] = {"pow20", 0x10094436fe4e5064},
    [TABLE_IPOW20] = {"ipow20", 0x4ee47775ec12d9a4},
    [TABLE_LOG2] = {"fast_log2", 0xa6fa345f3482ba36},
    [TABLE_WINDOWS] = {"FFT windows", 0x6d8bad17b11b4d3d},
    [TABLE_HEARING] = {"thresholds of hearing", 0x94c9b4b26f06f7c7},
    [TABLE_BANDS] = {"bands of the psychoacoustic model", 0x7e21a2fbf2004a69},
    [TABLE_SPREADING] = {"spreading function", 0x2798f2973980dc25},
    [TABLE_DECAY] = {"decay of masking", 0x12effb3a733557b2},
    [TABLE_FACTORS] = {"masking factors", 0x9cfd6b2fb7ed65d1},
    [TABLE_FILTERBANK] = {"lowpass and highpass", 0x62daf3adb65eab30},
};

static uint64_t hashes[TABLE_COUNT];

static void add(table t, const void *data, size_t byte_size) {
  hashes[t] = hash_bytes(hashes[t], data, byte_size);
}

static void add_process_tables(void) {
  add(TABLE_POW43, pow43, sizeof pow43);
  add(TABLE_ADJ43, adj43asm, sizeof adj43asm);
  add(TABLE_POW20, pow20, sizeof pow20);
  add(TABLE_IPOW20, ipow20, sizeof ipow20);
  for (int i = 0; i < 5000; i++) {
    const float y = fast_log2(1.0f + (float)i / 5000);
    add(TABLE_LOG2, &y, sizeof y);
  }
}

static void add_bands(const PsyConst_CB2SB_t *bands) {
  add(TABLE_BANDS, bands, offsetof(PsyConst_CB2SB_t, s3));
  if (!bands->s3) return;
  size_t count = 0;
  for (int i = 0; i < bands->npart; i++) {
    count += (size_t)(bands->s3ind[i][1] - bands->s3ind[i][0] + 1);
  }
  add(TABLE_SPREADING, bands->s3, count * sizeof *bands->s3);
}

static void add_encoder_tables(const lame_internal_flags *gfc) {
  const PsyConst_t *psy = gfc->cd_psy;
  add(TABLE_WINDOWS, psy->window, sizeof psy->window);
  add(TABLE_WINDOWS, psy->window_s, sizeof psy->window_s);
  add_bands(&psy->l);
  add_bands(&psy->s);
  add_bands(&psy->l_to_s);
  add(TABLE_DECAY, psy->attack_threshold, sizeof psy->attack_threshold);
  add(TABLE_DECAY, &psy->decay, sizeof psy->decay);
  add(TABLE_HEARING, &gfc->ATH->aa_sensitivity_p, sizeof(FLOAT));
  add(TABLE_HEARING, &gfc->ATH->decay, sizeof(ATH_t) - offsetof(ATH_t, decay));
  add(TABLE_FACTORS, gfc->sv_qnt.longfact, sizeof gfc->sv_qnt.longfact);
  add(TABLE_FACTORS, gfc->sv_qnt.shortfact, sizeof gfc->sv_qnt.shortfact);
  add(TABLE_FILTERBANK, gfc->sv_enc.amp_filter, sizeof gfc->sv_enc.amp_filter);
}

static void add_settings(int rate, int quality, vbr_mode vbr, int kbps) {
  lame_global_flags *encoder = lame_init();
  lame_set_in_samplerate(encoder, rate);
  lame_set_out_samplerate(encoder, rate);
  lame_set_num_channels(encoder, 2);
  lame_set_quality(encoder, quality);
  lame_set_VBR(encoder, vbr);
  if (vbr == vbr_off) lame_set_brate(encoder, kbps);
  if (vbr == vbr_abr) lame_set_VBR_mean_bitrate_kbps(encoder, kbps);
  if (lame_init_params(encoder) < 0) abort();
  add_encoder_tables(encoder->internal_flags);
  lame_close(encoder);
}

static void check_hashes(void) {
  for (int t = 0; t < TABLE_COUNT; t++) {
    CHECK(hashes[t] == expected[t].hash, "%s: 0x%016llx", expected[t].name,
          (unsigned long long)hashes[t]);
  }
}

#if LDBL_MANT_DIG == 64
/* How far a result is from the exact one, in units of the last place of the latter. */
static double ulps(double ours, long double exact) {
  const double nearest = (double)exact;
  const double next = nextafter(fabs(nearest), INFINITY) - fabs(nearest);
  return (double)(fabsl((long double)ours - exact) / (long double)next);
}

typedef double (*function)(double x);
typedef long double (*exact_function)(long double x);

/* The largest error at points between two limits, evenly or by factors. */
static double worst(function ours, exact_function exact, double low, double high, int by_factors) {
  enum { POINTS = 20000 };
  double most = 0;
  for (int i = 0; i <= POINTS; i++) {
    const double part = (double)i / POINTS;
    const double x = by_factors ? low * exp2(part * log2(high / low)) : low + (high - low) * part;
    const double error = ulps(ours(x), exact(x));
    if (!(error <= most)) most = error;
  }
  return most;
}

/* Against the C library's own of 80 bits. A program may be linked to ones that are no better than
   a double's, which are off themselves by half a unit of the last place and more. */
static void check_functions(void) {
  const volatile long double three = 3; /* or the compiler computes it */
  const int is_exact = logl(three) != (long double)(double)logl(three);
  static const struct {
    const char *name;
    function ours;
    exact_function exact;
    double low, high;
    int by_factors;
    double most;
  } cases[] = {
      {"log near 1", mp3a_log, logl, 0.5, 2, 0, 0.78},
      {"log", mp3a_log, logl, 0x1p-500, 0x1p500, 1, 0.8},
      {"log of subnormal numbers", mp3a_log, logl, 0x1p-1060, 0x1p-1020, 1, 0.51},
      {"log10", mp3a_log10, log10l, 1e-20, 1e20, 1, 1.9},
      {"sin near 0", mp3a_sin, sinl, -1.6, 1.6, 0, 1.03},
      {"cos near 0", mp3a_cos, cosl, -1.6, 1.6, 0, 1.36},
      {"sin", mp3a_sin, sinl, -3000, 3000, 0, 1.27},
      {"cos", mp3a_cos, cosl, -3000, 3000, 0, 1.47},
      {"atan near 0", mp3a_atan, atanl, -3, 3, 0, 0.94},
      {"atan", mp3a_atan, atanl, 1e-5, 1e9, 1, 1.9},
  };
  for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
    const double most =
        worst(cases[c].ours, cases[c].exact, cases[c].low, cases[c].high, cases[c].by_factors);
    CHECK(most <= cases[c].most + (is_exact ? 0 : 1), "%s: %.3f units of the last place",
          cases[c].name, most);
  }
}
#else
static void check_functions(void) { CHECK(1, "there is nothing more exact here"); }
#endif

static void check_special_values(void) {
  CHECK(mp3a_log(0) == -INFINITY && mp3a_log(-0.0) == -INFINITY, "log 0: %g", mp3a_log(0));
  CHECK(mp3a_log(-1) != mp3a_log(-1), "log -1: %g", mp3a_log(-1));
  CHECK(mp3a_log(INFINITY) == INFINITY, "log of infinity: %g", mp3a_log(INFINITY));
  CHECK(mp3a_log(NAN) != mp3a_log(NAN), "log of NaN: %g", mp3a_log(NAN));
  CHECK(mp3a_log(1) == 0 && mp3a_sin(0) == 0 && mp3a_cos(0) == 1 && mp3a_atan(0) == 0, "0 and 1");
  /* Where one interval ends, at the roots of 2 and its powers, this one tells of which it is. */
  const double root = 0x1.6a09e667f3bcdp+31;
  CHECK(mp3a_log(root) == 0x1.5d589f2fe5108p+4, "log of 2^31.5: %a", mp3a_log(root));
  CHECK(mp3a_log10f(0.1f) == (float)log10l(0.1f), "log10f: %g", mp3a_log10f(0.1f));
}

int main(void) {
  static const int rates[] = {8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000};
  static const vbr_mode modes[] = {vbr_off, vbr_abr, vbr_rh, vbr_mtrh};
  for (int t = 0; t < TABLE_COUNT; t++) hashes[t] = HASH_START;
  for (size_t r = 0; r < sizeof rates / sizeof *rates; r++) {
    for (size_t m = 0; m < sizeof modes / sizeof *modes; m++) {
      for (int kbps = 24; kbps <= 160; kbps += 68)
        add_settings(rates[r], (int)m * 2, modes[m], kbps);
    }
  }
  add_process_tables();
  RUN(check_hashes());
  RUN(check_functions());
  RUN(check_special_values());
  return check_finish();
}
