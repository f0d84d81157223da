/* What the loops of constant and of average bitrate share. */
#ifndef MP3A_CBR_LOOP_H
#define MP3A_CBR_LOOP_H

#include "lame/internals.h"

/* Whether a frame is left to LAME's loop. */
int mp3a_is_unusual_frame(const lame_internal_flags *gfc);

void mp3a_convert_to_mid_side(gr_info pair[2]);

/* Codes a granule in `target` bits; in `silent_target` if no band is above the
   threshold in quiet, unless that is negative. */
void mp3a_encode_granule(lame_internal_flags *gfc, int gr, int ch, const III_psy_ratio *ratio,
                         int target, int silent_target);

/* After all granules of a frame. */
void mp3a_set_masking_lower(lame_internal_flags *gfc);

#endif
