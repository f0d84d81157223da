/* The bits of scale factors. */
#ifndef MP3A_SCALEFACTORS_H
#define MP3A_SCALEFACTORS_H

#include "lame/internals.h"
#include "lame/kernels/band_factors.h"

/* As scale_bitcount(), where the largest factors are known. */
int mp3a_count_scale_factors(const lame_internal_flags *gfc, gr_info *granule,
                             mp3a_factor_limits limits);

#endif
