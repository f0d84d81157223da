/* Where the scale factor bands of granules lie. */
#ifndef MP3A_BAND_LAYOUTS_H
#define MP3A_BAND_LAYOUTS_H

#include "lame/internals.h"
#include "lame/kernels/quantize.h"

/* Of all its bands, which no two granules of a rate and a kind of block have otherwise; mixed
   blocks have none. Thread-safe. */
const mp3a_band_layout *mp3a_band_layout_of(const lame_internal_flags *gfc,
                                            const gr_info *granule);

#endif
