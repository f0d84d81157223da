/* Random granules for the tests of quantization and counting, and the encoder
   state that LAME's functions want with them. */
#ifndef MP3A_TEST_GRANULES_H
#define MP3A_TEST_GRANULES_H

#include <math.h>
#include <string.h>

#include "lame/internals.h"
#include "tests/check.h"
#include "libmp3lame/lame_global_flags.h"

static inline int pick(int count) { return (int)(check_random() % (uint32_t)count); }

/* An encoder of any rate; to be closed with lame_close(). */
static inline lame_global_flags *random_encoder(void) {
  static const int rates[9] = {8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000};
  int const rate = rates[pick(9)];
  lame_global_flags *encoder = lame_init();
  lame_set_in_samplerate(encoder, rate);
  lame_set_out_samplerate(encoder, rate);
  lame_set_num_channels(encoder, 1);
  lame_set_mode(encoder, MONO);
  lame_set_quality(encoder, pick(10));
  lame_set_bWriteVbrTag(encoder, 0);
  lame_init_params(encoder);
  return encoder;
}

/* Bands and block type, as before the quantization; no values yet. */
static inline void start_random_granule(const lame_internal_flags *gfc, gr_info *granule) {
  const scalefac_struct *edges = &gfc->scalefac_band;
  memset(granule, 0, sizeof *granule);
  granule->block_type = pick(3) ? NORM_TYPE : 1 + pick(3);
  int const is_short = granule->block_type == SHORT_TYPE;
  for (int sfb = 0; sfb < SBMAX_l; sfb++) {
    granule->width[sfb] = edges->l[sfb + 1] - edges->l[sfb];
    granule->window[sfb] = 3;
  }
  for (int sfb = 0; is_short && sfb < SBMAX_s * 3; sfb++) {
    granule->width[sfb] = edges->s[sfb / 3 + 1] - edges->s[sfb / 3];
    granule->window[sfb] = sfb % 3;
  }
  granule->sfbmax = is_short ? 36 : 21;
  granule->psymax = granule->sfbmax + (is_short ? 3 : 1) * pick(2);
  granule->max_nonzero_coeff = pick(3) ? 575 : is_short ? 6 * pick(96) + 5 : 2 * pick(288) + 1;
}

/* Falling towards the high lines, up to `largest`, with zeros here and there. */
static inline void random_lines(float *lines, float largest) {
  float const fall = check_random_float(0, 12), floor = check_random_float(0, 1e-3f);
  int const spacing = 1 + pick(20);
  for (int i = 0; i < 576; i++) {
    float const x = largest * (expf(-fall * (float)i / 576) + floor) * check_random_float(-1, 1);
    lines[i] = pick(spacing) == 0 && spacing > 2 ? 0 : x;
  }
}

static inline void random_values(int *quantized, int limit) {
  static const int sizes[] = {1, 2, 3, 4, 8, 15, 16, 17, 100, 8206};
  int const largest = sizes[pick(10)], ones = pick(577), zeros = pick(577);
  for (int i = 0; i < 576; i++) {
    int const fall = 1 + largest * (576 - i) / 576;
    quantized[i] = i < limit ? pick(i > ones ? 2 : 1 + (fall < largest ? fall : largest)) : 0;
    if (i > zeros) quantized[i] = 0;
  }
}

#endif
