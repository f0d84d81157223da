/* The noise of a quantization. */
#ifndef MP3A_NOISE_H
#define MP3A_NOISE_H

#include "lame/internals.h"
#include "lame/kernels/quantize.h"

/* What is known of a granule's noise. */
typedef struct mp3a_granule_noise {
  mp3a_noise_bands bands; /* up to the last line to code */
  mp3a_band_noises of;    /* with 1 / what is allowed */
  FLOAT energy[SFBMAX];   /* the noise of zeros, of bands where it is known */
  uint64_t known_energies;
  uint64_t are_zeros; /* bands whose noise is that of zeros */
  uint64_t are_near;  /* bands whose noise is near what LAME has, by MP3A_NEAR_NOISE */
  FLOAT squares[MP3A_LINES]; /* the terms of those */
} mp3a_granule_noise;

/* Nothing is measured yet, but the energies of whole bands. */
void mp3a_start_noise(lame_internal_flags const *gfc, gr_info const *granule, FLOAT const *allowed,
                      FLOAT const *energy, mp3a_granule_noise *noise);

/* Makes noise and ratio of these bands LAME's, to the bit. Returns 0 where they were. */
int mp3a_settle_noise(mp3a_granule_noise *noise, uint64_t bands);

typedef enum { IS_NEAR, IS_LAMES } mp3a_noise_kind;

/* The logarithm of the largest ratio, where none is above 1. */
FLOAT mp3a_most_logarithm(gr_info const *granule, mp3a_granule_noise *noise, mp3a_noise_kind kind);

/* As calc_noise(), but ratios are near where noises are, and without logarithms, and each band must
   have been measured once before its step stays. `asked`: the bands that may have another step
   than before; `largest`: their powers; `known` has the steps alone. */
void mp3a_measure_noise(gr_info const *granule, mp3a_granule_noise *noise, uint64_t asked,
                        FLOAT const *largest, calc_noise_data *known, mp3a_noise_sums *sums);

#endif
