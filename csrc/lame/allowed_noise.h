/* The noise that bands may have, and the lines that there are. */
#ifndef MP3A_ALLOWED_NOISE_H
#define MP3A_ALLOWED_NOISE_H

#include "lame/internals.h"

/* LAME's calc_xmin(), which also tells the bands' energies: the sums of their lines' squares. */
int mp3a_allow_noise(lame_internal_flags const *gfc, III_psy_ratio const *ratio,
                     gr_info *granule, FLOAT allowed[SFBMAX], FLOAT energy[SFBMAX]);

/* Whether calc_xmin() would return anything but 0. */
int mp3a_is_audible(lame_internal_flags const *gfc, gr_info const *granule);

/* Whole pairs, or whole pairs of all three windows; below 44 kHz nothing above
   the last band with a scale factor, unless the encoder shapes noise there. */
int mp3a_last_line_to_code(lame_internal_flags const *gfc, gr_info const *granule);

#endif
