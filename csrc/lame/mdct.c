/* Takes the place of LAME's mdct_sub48 (newmdct.c is compiled with
   -Dmdct_sub48=mdct_sub48_lame): the polyphase filterbank, the MDCT of its
   subbands and the alias reduction, bit for bit.

   Of LAME's state it uses sb_sample[channel][0] alone, for the subband samples
   of the last granule, and keeps them in the order of the bands; nothing else
   in LAME looks at them. */
#include <string.h>

#include "lame/internals.h"
#include "lame/kernels/kernels.h"

enum { LINES_PER_BAND = MP3A_SLOTS };

/* LAME's low-pass and high-pass act on whole subbands. */
#define IS_SILENCED(amplitude) ((amplitude) < 1e-12)

/* Every other sample of the odd bands changes its sign: in them the filterbank
   turns frequencies round. */
static void set_gains(const FLOAT *amp_filter, float gain[2][MP3A_SUBBANDS]) {
  for (int band = 0; band < MP3A_SUBBANDS; band++) {
    FLOAT amplitude = amp_filter[band];
    gain[0][band] = IS_SILENCED(amplitude) || amplitude >= 1 ? 1 : amplitude;
    gain[1][band] = band % 2 ? -gain[0][band] : gain[0][band];
  }
}

/* Bands up to the last one that isn't silenced. */
static int count_bands(const FLOAT *amp_filter) {
  int bands = MP3A_SUBBANDS;
  while (bands > 0 && IS_SILENCED(amp_filter[bands - 1])) bands--;
  return bands;
}

static void silence_bands(const FLOAT *amp_filter, FLOAT *lines) {
  for (int band = 0; band < MP3A_SUBBANDS; band++)
    if (IS_SILENCED(amp_filter[band]))
      memset(lines + LINES_PER_BAND * band, 0, LINES_PER_BAND * sizeof *lines);
}

/* Past the last band and its border butterflies turn zeros into zeros. */
static void transform_granule(const mp3a_mdct_kernels *mdct, gr_info *granule,
                              const FLOAT *amp_filter, int bands,
                              const float (*previous)[MP3A_SUBBANDS],
                              const float (*current)[MP3A_SUBBANDS]) {
  FLOAT *lines = granule->xr;
  int borders = bands < MP3A_SUBBANDS ? bands : MP3A_SUBBANDS - 1;
  if (granule->block_type != SHORT_TYPE)
    mdct->long_blocks(previous, current, granule->block_type, bands, lines);
  else
    mdct->short_blocks(previous, current, bands, lines);
  if (granule->block_type == SHORT_TYPE) borders = 0;
  if (granule->mixed_block_flag && granule->block_type != NORM_TYPE) {
    FLOAT scratch[MP3A_SUBBANDS * LINES_PER_BAND];
    mdct->long_blocks(previous, current, NORM_TYPE, 2, scratch);
    memcpy(lines, scratch, 2 * LINES_PER_BAND * sizeof *lines);
    if (granule->block_type == SHORT_TYPE) borders = 1;
  }
  silence_bands(amp_filter, lines);
  if (borders > 0) mdct->reduce_alias(lines, borders);
}

void mdct_sub48(lame_internal_flags *gfc, const sample_t *w0, const sample_t *w1) {
  const mp3a_kernel_table *kernels = mp3a_kernels();
  const int granules = gfc->cfg.mode_gr;
  const FLOAT *amp_filter = gfc->sv_enc.amp_filter;
  const int bands = count_bands(amp_filter);
  float gain[2][MP3A_SUBBANDS];
  set_gains(amp_filter, gain);

  for (int channel = 0; channel < gfc->cfg.channels_out; channel++) {
    float (*previous)[MP3A_SUBBANDS] = gfc->sv_enc.sb_sample[channel][0];
    float subbands[2 * MP3A_SLOTS][MP3A_SUBBANDS] __attribute__((aligned(64)));
    kernels->filterbank.analyse(channel ? w1 : w0, granules, gain, subbands);
    const float (*before)[MP3A_SUBBANDS] = previous;
    for (int i = 0; i < granules; i++, before = subbands + MP3A_SLOTS * (i - 1))
      transform_granule(&kernels->mdct, &gfc->l3_side.tt[i][channel], amp_filter, bands, before,
                        subbands + MP3A_SLOTS * i);
    memcpy(previous, before, sizeof(float[MP3A_SLOTS][MP3A_SUBBANDS]));
  }
}
