/* Shared by the files that replace parts of LAME's quantization. */
#ifndef MP3A_QUANTIZE_STEPS_H
#define MP3A_QUANTIZE_STEPS_H

#include "libmp3lame/machine.h"
#include "libmp3lame/encoder.h"
#include "libmp3lame/util.h"

/* The exponents of the quantizer steps of the granule's first `bands` scale
   factor bands, in quarters of an octave, 210 too high. */
void mp3a_band_steps(gr_info const *granule, int bands, int step[SFBMAX]);

#endif
