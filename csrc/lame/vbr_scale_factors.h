/* Scale factors for the steps that a granule of variable bitrate is to have. */
#ifndef MP3A_VBR_SCALE_FACTORS_H
#define MP3A_VBR_SCALE_FACTORS_H

#include "lame/vbr_search.h"

/* Sets the granule's gains, flags and scale factors so that no band is coarser than `steps` says
   where they reach that far, and none finer than it may be. */
void mp3a_set_vbr_scale_factors(SessionConfig_t const *cfg, gr_info *granule,
                                const mp3a_vbr_steps *steps);

#endif
