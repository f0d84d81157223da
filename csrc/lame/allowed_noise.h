/* The threshold of hearing. */
#ifndef MP3A_ALLOWED_NOISE_H
#define MP3A_ALLOWED_NOISE_H

#include "lame/internals.h"

/* Whether calc_xmin() would return anything but 0. */
int mp3a_is_audible(lame_internal_flags const *gfc, gr_info const *granule);

#endif
