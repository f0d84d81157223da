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
  int first_of_zeros; /* as it was measured last */
} mp3a_granule_noise;

/* Nothing is measured yet, but the energies of whole bands. */
void mp3a_start_noise(gr_info const *granule, FLOAT const *allowed, FLOAT const *energy,
                      mp3a_granule_noise *noise);

/* As calc_noise(), but without the sums of logarithms (tot_noise, over_noise), and each band must
   have been measured once before its step stays. `changed`: the bands that may have another step
   than before. `known` has the steps alone. */
void mp3a_measure_noise(gr_info const *granule, mp3a_granule_noise *noise, uint64_t changed,
                        calc_noise_data *known, mp3a_noise_sums *sums);

#endif
