#include "lame/band_layouts.h"

#include "common/cpu.h"
#include "common/once.h"

enum { RATES = 9 }; /* as sfBandIndex has them */

static mp3a_band_layout layouts[RATES][2];

MP3A_SMALL static void add_band(mp3a_band_layout *layout, int band, int width) {
  int const begin = layout->begin[band], end = begin + width;
  int const first = begin / MP3A_COUNT_STEP, last = (end - 1) / MP3A_COUNT_STEP;
  layout->begin[band + 1] = end;
  layout->blocks_of[band] = width > 0 ? (2u << last) - (1u << first) : 0;
  for (int i = begin; i < end; i++) layout->bit_of[i] = band < 32 ? 1u << band : 0;
}

MP3A_SMALL static void fill_layouts(void) {
  static mp3a_once once;
  if (!mp3a_once_begin(&once)) return;
  for (int rate = 0; rate < RATES; rate++) {
    const int *edges = sfBandIndex[rate].l;
    for (int sfb = 0; sfb < SBMAX_l; sfb++)
      add_band(&layouts[rate][0], sfb, edges[sfb + 1] - edges[sfb]);
    edges = sfBandIndex[rate].s;
    for (int i = 0; i < 3 * SBMAX_s; i++)
      add_band(&layouts[rate][1], i, edges[i / 3 + 1] - edges[i / 3]);
  }
  mp3a_once_end(&once);
}

const mp3a_band_layout *mp3a_band_layout_of(const lame_internal_flags *gfc,
                                            const gr_info *granule) {
  SessionConfig_t const *cfg = &gfc->cfg;
  int const is_below_16khz = cfg->samplerate_out < 16000;
  fill_layouts();
  return &layouts[cfg->samplerate_index + 3 * cfg->version + 6 * is_below_16khz]
                 [granule->block_type == SHORT_TYPE];
}
