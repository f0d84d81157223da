/* The noise of a quantization. */
#ifndef MP3A_NOISE_H
#define MP3A_NOISE_H

#include "lame/internals.h"
#include "lame/kernels/quantize.h"

/* The bands of a granule up to max_nonzero_coeff, without their steps. */
void mp3a_lay_out_bands(gr_info const *granule, mp3a_noise_band bands[SFBMAX]);

/* As calc_noise(), but without the sums of logarithms (tot_noise, over_noise), and each band must
   have been measured once before its step stays. `bands`: as mp3a_lay_out_bands() has them;
   `noises`: with 1 / what is allowed. `known` has the steps alone. */
void mp3a_measure_noise(gr_info const *granule, const mp3a_noise_band bands[SFBMAX],
                        mp3a_band_noises *noises, calc_noise_data *known, mp3a_noise_sums *sums);

#endif
