/* What LAME's initialisation does to the process, made safe for threads and
   done once: tables of powers and logarithms that all encoders share. LAME
   fills the powers again for every encoder, while others may be reading them,
   and publishes the logarithms by a plain flag. Takes the place of
   iteration_init (quantize_pvt.c) and init_log_table (util.c), both compiled
   with -Dname=name_lame; the first encoder still goes through LAME's own code,
   the later ones through what is left when the tables exist. */
#include <math.h>
#include <string.h>

#include "common/mpeg.h"
#include "common/once.h"
#include "lame/internals.h"

void iteration_init_lame(lame_internal_flags *gfc);
void init_log_table_lame(void);

void init_log_table(void) {
  static mp3a_once once;
  if (!mp3a_once_begin(&once)) return;
  init_log_table_lame();
  mp3a_once_end(&once);
}

/* ---- what an encoder needs beside the tables ---- */

/* The threshold of hearing at `hz` as energy in LAME's spectrum, whose full
   scale is at 100 dB unless the settings name another level. */
static FLOAT hearing_threshold(SessionConfig_t const *cfg, FLOAT hz) {
  FLOAT level = ATHformula(cfg, hz);
  level -= cfg->ATHfixpoint > 0 ? cfg->ATHfixpoint : 100;
  level += cfg->ATH_offset_db;
  return powf(10.0f, level * 0.1f);
}

/* The lowest threshold in each of `bands` bands of a transform with `lines`
   lines. */
static void band_thresholds(SessionConfig_t const *cfg, int lines, int bands, const int *edges,
                            FLOAT *threshold) {
  FLOAT const rate = cfg->samplerate_out;
  for (int band = 0; band < bands; band++) {
    threshold[band] = FLOAT_MAX;
    for (int i = edges[band]; i < edges[band + 1]; i++) {
      FLOAT const hz = i * rate / (2 * lines);
      FLOAT const t = hearing_threshold(cfg, hz);
      if (t < threshold[band]) threshold[band] = t;
    }
    if (cfg->noATH) threshold[band] = 1E-20;
  }
}

static void init_hearing_thresholds(lame_internal_flags const *gfc) {
  SessionConfig_t const *cfg = &gfc->cfg;
  scalefac_struct const *edges = &gfc->scalefac_band;
  ATH_t *ath = gfc->ATH;
  band_thresholds(cfg, MP3A_LINES, SBMAX_l, edges->l, ath->l);
  band_thresholds(cfg, MP3A_LINES, PSFB21, edges->psfb21, ath->psfb21);
  band_thresholds(cfg, 192, SBMAX_s, edges->s, ath->s);
  band_thresholds(cfg, 192, PSFB12, edges->psfb12, ath->psfb12);
  if (!cfg->noATH) {
    for (int sfb = 0; sfb < SBMAX_s; sfb++) ath->s[sfb] *= edges->s[sfb + 1] - edges->s[sfb];
    for (int sfb = 0; sfb < PSFB12; sfb++) ath->psfb12[sfb] *= edges->s[13] - edges->s[12];
  }
  ath->floor = 10. * log10(hearing_threshold(cfg, -1.));
}

/* The user's and LAME's correction, in dB, of bass, middle, treble and what
   lies above the last scale factor band; each holds up to band[i]. */
static void init_masking_factors(FLOAT *factor, const int band[4], const FLOAT user[4],
                                 const float built_in[4]) {
  for (int i = 0, sfb = 0; i < 4; i++) {
    FLOAT const db = user[i] + built_in[i];
    FLOAT const ratio = powf(10.f, db * 0.1f);
    while (sfb <= band[i]) factor[sfb++] = ratio;
  }
}

static void init_encoder_part(lame_internal_flags *gfc) {
  SessionConfig_t const *cfg = &gfc->cfg;
  FLOAT const user[4] = {cfg->adjust_bass_db, cfg->adjust_alto_db, cfg->adjust_treble_db,
                         cfg->adjust_sfb21_db};
  gfc->l3_side.main_data_begin = 0;
  init_hearing_thresholds(gfc);
  huffman_init(gfc);
  init_xrpow_core_init(gfc);
  init_masking_factors(gfc->sv_qnt.longfact, (const int[4]){6, 13, 20, SBMAX_l - 1}, user,
                       (const float[4]){-0.5f, -0.25f, -0.025f, 0.5f});
  init_masking_factors(gfc->sv_qnt.shortfact, (const int[4]){2, 6, 11, SBMAX_s - 1}, user,
                       (const float[4]){-2.0f, -1.0f, -0.05f, 0.5f});
}

void iteration_init(lame_internal_flags *gfc) {
  static mp3a_once once;
  if (gfc->iteration_init_init) return;
  if (mp3a_once_begin(&once)) {
    iteration_init_lame(gfc);
    mp3a_once_end(&once);
    return;
  }
  gfc->iteration_init_init = 1;
  init_encoder_part(gfc);
}
