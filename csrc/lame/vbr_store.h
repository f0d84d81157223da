/* How a granule of variable bitrate stores its scale factors. */
#ifndef MP3A_VBR_STORE_H
#define MP3A_VBR_STORE_H

#include "lame/internals.h"

/* Makes the scale factors of a granule, the frame's first or second, shorter where that changes
   nothing; `has_values`: whether any line of a band is other than 0. */
void mp3a_store_vbr_scale_factors(lame_internal_flags *gfc, int gr, int ch,
                                  const char has_values[SFBMAX]);

#endif
