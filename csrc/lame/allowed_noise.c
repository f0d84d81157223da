/* The noise that each scale factor band may have: takes the place of LAME's
   calc_xmin (quantize_pvt.c is compiled with that name ending in _lame). Sums over
   a band's lines keep their order; four bands are summed side by side. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "lame/allowed_noise.h"

#include "common/mpeg.h"
#include "lame/internals.h"
#include "lame/psy_constants.h"

typedef float quad __attribute__((vector_size(16)));
typedef int quad_bits __attribute__((vector_size(16)));

/* What is known of all bands, a place each; some more up to a whole vector. */
typedef struct {
  int count, width[SFBMAX + 4], begin[SFBMAX + 4];
  FLOAT hearing[SFBMAX + 4]; /* the threshold of hearing */
  FLOAT each[SFBMAX + 4];    /* of it, what a line may have */
  FLOAT energy[SFBMAX + 4];
  FLOAT audible[SFBMAX + 4]; /* the energy of lines, none above its share */
} band_list;

/* ---- the threshold of hearing ---- */

/* It moves with loudness, which is that of a frame: most often that of the granule before. */
static const mp3a_hearing *hearing_of(const lame_internal_flags *gfc) {
  mp3a_hearing *hearing = &((mp3a_psy_constants *)gfc->cd_psy)->hearing;
  ATH_t const *ath = gfc->ATH;
  FLOAT const fixed = gfc->cfg.ATHfixpoint;
  if (hearing->is_known && hearing->adjust_factor == ath->adjust_factor) return hearing;
  for (int sfb = 0; sfb < SBMAX_l; sfb++)
    hearing->long_bands[sfb] = athAdjust(ath->adjust_factor, ath->l[sfb], ath->floor, fixed) *
                               gfc->sv_qnt.longfact[sfb];
  for (int sfb = 0; sfb < SBMAX_s; sfb++)
    hearing->short_bands[sfb] = athAdjust(ath->adjust_factor, ath->s[sfb], ath->floor, fixed) *
                                gfc->sv_qnt.shortfact[sfb];
  hearing->adjust_factor = ath->adjust_factor;
  hearing->is_known = 1;
  return hearing;
}

/* ---- lines ---- */

/* Where lines that aren't 0 end, in sixteens. */
static int end_of_lines(const FLOAT *lines) {
  int end = MP3A_LINES;
  for (; end > 0; end -= 16) {
    int bits[16], all = 0;
    memcpy(bits, lines + end - 16, sizeof bits);
    for (int i = 0; i < 16; i++) all |= bits[i];
    if (all & 0x7fffffff) break;
  }
  return end;
}

/* The last line above 1e-12, or 0. */
static int last_line(const FLOAT *lines) {
  int end = end_of_lines(lines);
  while (end > 1 && !(fabsf(lines[end - 1]) > 1e-12f)) end--;
  return end > 0 ? end - 1 : 0;
}

int mp3a_last_line_to_code(lame_internal_flags const *gfc, gr_info const *granule) {
  int const is_8khz = gfc->cfg.samplerate_out <= 8000;
  int const is_short = granule->block_type == SHORT_TYPE;
  int const last = last_line(granule->xr);
  int const whole = is_short ? last / 6 * 6 + 5 : last | 1;
  if (gfc->sv_qnt.sfb21_extra || gfc->cfg.samplerate_out >= 44000) return whole;
  int const limit = is_short ? 3 * gfc->scalefac_band.s[is_8khz ? 9 : 12] - 1
                             : gfc->scalefac_band.l[is_8khz ? 17 : 21] - 1;
  return whole < limit ? whole : limit;
}

/* ---- sums ---- */

/* Lines i to i + 3 of four bands, a band per lane, those behind a band's end 0; squared. */
static inline void load_squares(const FLOAT *const from[4], quad_bits left, int i,
                                quad squares[4]) {
  quad rows[4];
  for (int band = 0; band < 4; band++) memcpy(&rows[band], from[band] + i, sizeof(quad));
  quad a = __builtin_shufflevector(rows[0], rows[1], 0, 4, 1, 5);
  quad b = __builtin_shufflevector(rows[0], rows[1], 2, 6, 3, 7);
  quad c = __builtin_shufflevector(rows[2], rows[3], 0, 4, 1, 5);
  quad d = __builtin_shufflevector(rows[2], rows[3], 2, 6, 3, 7);
  squares[0] = __builtin_shufflevector(a, c, 0, 1, 4, 5);
  squares[1] = __builtin_shufflevector(a, c, 2, 3, 6, 7);
  squares[2] = __builtin_shufflevector(b, d, 0, 1, 4, 5);
  squares[3] = __builtin_shufflevector(b, d, 2, 3, 6, 7);
  for (int k = 0; k < 4; k++) {
    quad_bits const is_there = left > i + k;
    squares[k] = (quad)((quad_bits)(squares[k] * squares[k]) & is_there);
  }
}

/* A line's share is above 0, so that lines behind a band's end add nothing. */
static void sum_four(const FLOAT *lines, band_list *bands, int at, int most) {
  const FLOAT *from[4];
  quad_bits left;
  quad each, energy = {0}, audible = energy + (float)DBL_EPSILON;
  memcpy(&left, bands->width + at, sizeof left);
  memcpy(&each, bands->each + at, sizeof each);
  for (int band = 0; band < 4; band++) from[band] = lines + bands->begin[at + band];
  for (int i = 0; i < most; i += 4) {
    quad squares[4];
    load_squares(from, left, i, squares);
    for (int k = 0; k < 4; k++) {
      quad_bits const is_less = squares[k] < each;
      energy += squares[k];
      audible += (quad)(((quad_bits)squares[k] & is_less) | ((quad_bits)each & ~is_less));
    }
  }
  memcpy(bands->energy + at, &energy, sizeof energy);
  memcpy(bands->audible + at, &audible, sizeof audible);
}

static void sum_one(const FLOAT *lines, band_list *bands, int at) {
  FLOAT energy = 0, audible = DBL_EPSILON;
  for (int i = bands->begin[at]; i < bands->begin[at] + bands->width[at]; i++) {
    FLOAT const square = lines[i] * lines[i];
    energy += square;
    audible += square < bands->each[at] ? square : bands->each[at];
  }
  bands->energy[at] = energy;
  bands->audible[at] = audible;
}

/* The loads of the last bands may end behind the last line: those are summed by themselves. What
   is 0, as above the lowpass, adds nothing. */
static void sum_all(const FLOAT *lines, band_list *bands) {
  int const end_of_all = end_of_lines(lines);
  for (int at = 0; at < bands->count; at += 4) {
    int most = 0, end = 0;
    for (int k = at; k < at + 4; k++) {
      int const left = end_of_all - bands->begin[k];
      int const count = bands->width[k] < left ? bands->width[k] : left;
      most = most < count ? count : most;
    }
    most = (most + 3) & ~3;
    for (int k = at; k < at + 4; k++)
      end = end < bands->begin[k] + most ? bands->begin[k] + most : end;
    if (end <= MP3A_LINES) sum_four(lines, bands, at, most);
    for (int k = at; k < at + 4 && end > MP3A_LINES; k++) sum_one(lines, bands, k);
  }
}

/* ---- a granule ---- */

static void list_bands(const lame_internal_flags *gfc, gr_info const *granule, band_list *bands) {
  const mp3a_hearing *hearing = hearing_of(gfc);
  int begin = 0;
  bands->count = granule->psy_lmax > granule->psymax ? granule->psy_lmax : granule->psymax;
  for (int i = 0; i < bands->count; i++) {
    int const is_long = i < granule->psy_lmax, past_long = i - granule->psy_lmax;
    bands->hearing[i] = is_long ? hearing->long_bands[i]
                                : hearing->short_bands[granule->sfb_smin + past_long / 3];
    bands->width[i] = granule->width[i];
    bands->begin[i] = begin;
    bands->each[i] = bands->hearing[i] / granule->width[i];
    begin += granule->width[i];
  }
  for (int i = bands->count; i < bands->count + 4; i++)
    bands->width[i] = bands->begin[i] = 0, bands->each[i] = 0;
}

/* What hearing or masking allows, whichever is more. */
static FLOAT allowed_of(const band_list *bands, int i, FLOAT masker, FLOAT threshold,
                        FLOAT factor) {
  FLOAT const energy = bands->energy[i], hearing = bands->hearing[i];
  FLOAT allowed = bands->audible[i] < hearing ? hearing : bands->audible[i];
  if (energy < hearing) allowed = energy;
  if (masker > 1e-12f) {
    FLOAT masked = energy * threshold / masker;
    masked *= factor;
    if (allowed < masked) allowed = masked;
  }
  return allowed > (FLOAT)DBL_EPSILON ? allowed : (FLOAT)DBL_EPSILON;
}

/* A short block masks those after it. */
static void mask_forward(FLOAT allowed[3], FLOAT decay) {
  for (int k = 0; k < 2; k++)
    if (allowed[k] > allowed[k + 1]) allowed[k + 1] += (allowed[k] - allowed[k + 1]) * decay;
}

int mp3a_allow_noise(lame_internal_flags const *gfc, III_psy_ratio const *ratio,
                     gr_info *granule, FLOAT allowed[SFBMAX], FLOAT energy[SFBMAX]) {
  band_list bands;
  int over = 0, i = 0;
  list_bands(gfc, granule, &bands);
  sum_all(granule->xr, &bands);
  granule->max_nonzero_coeff = mp3a_last_line_to_code(gfc, granule);
  for (int sfb = granule->sfb_smin, window = 0; i < bands.count; i++) {
    int const is_long = i < granule->psy_lmax;
    allowed[i] = is_long ? allowed_of(&bands, i, ratio->en.l[i], ratio->thm.l[i],
                                      gfc->sv_qnt.longfact[i])
                         : allowed_of(&bands, i, ratio->en.s[sfb][window],
                                      ratio->thm.s[sfb][window], gfc->sv_qnt.shortfact[sfb]);
    over += bands.energy[i] > bands.hearing[i];
    granule->energy_above_cutoff[i] = bands.energy[i] > allowed[i] + 1e-14f;
    if (is_long || ++window < 3) continue;
    if (gfc->cfg.use_temporal_masking_effect) mask_forward(&allowed[i - 2], gfc->cd_psy->decay);
    sfb++, window = 0;
  }
  memcpy(energy, bands.energy, sizeof *energy * (size_t)bands.count);
  return over;
}

int calc_xmin(lame_internal_flags const *gfc, III_psy_ratio const *ratio, gr_info *granule,
              FLOAT *allowed) {
  FLOAT energy[SFBMAX];
  return mp3a_allow_noise(gfc, ratio, granule, allowed, energy);
}

/* Most often the first band tells. */
int mp3a_is_audible(lame_internal_flags const *gfc, gr_info const *granule) {
  band_list bands;
  list_bands(gfc, granule, &bands);
  for (int i = 0; i < bands.count; i++) {
    FLOAT energy = 0;
    for (int k = bands.begin[i]; k < bands.begin[i] + bands.width[i]; k++)
      energy += granule->xr[k] * granule->xr[k];
    if (energy > bands.hearing[i]) return 1;
  }
  return 0;
}
