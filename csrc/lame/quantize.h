/* The quantizer's steps. */
#ifndef MP3A_QUANTIZE_H
#define MP3A_QUANTIZE_H

#include "lame/internals.h"
#include "lame/kernels/band_factors.h"

/* Points into the granule. */
mp3a_gains mp3a_gains_of(gr_info const *granule);

/* The exponents of the quantizer steps of the granule's first `bands` scale
   factor bands, in quarters of an octave, 210 too high. */
void mp3a_band_steps(gr_info const *granule, int bands, int step[SFBMAX]);

#endif
