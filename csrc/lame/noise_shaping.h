/* The scale factors of a granule at a given number of bits. */
#ifndef MP3A_NOISE_SHAPING_H
#define MP3A_NOISE_SHAPING_H

#include "lame/internals.h"

/* The granule comes quantized without scale factors in at most `target` bits;
   powers[MP3A_LINES] are its lines to the power 3/4, which are changed; energy[] are the
   bands' energies. It leaves with the scale factors whose noise suits `allowed` best, as
   LAME's outer_loop() finds them without substep shaping at the end. */
void mp3a_shape_noise(lame_internal_flags *gfc, gr_info *granule, const FLOAT allowed[SFBMAX],
                      const FLOAT energy[SFBMAX], FLOAT powers[MP3A_LINES], int target);

#endif
