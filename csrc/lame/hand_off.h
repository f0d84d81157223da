/* The hand-off of coded frames, see common/coded_frame.h, as the bitstream's functions call it. */
#ifndef MP3A_HAND_OFF_H
#define MP3A_HAND_OFF_H

#include <stdint.h>

#include "lame/psy_constants.h"

static inline int mp3a_hands_off(const lame_internal_flags *gfc) {
  return gfc->cd_psy && ((const mp3a_psy_constants *)gfc->cd_psy)->hands_off;
}

/* In place of format_bitstream(): the bit reservoir's account alone. */
void mp3a_hand_off_account(lame_internal_flags *gfc);

/* In place of copy_buffer(): the frame just accounted for, which begins with `header`. Returns its
   size, 0 if there is none, or -1 if the room is too small. */
int mp3a_hand_off_write(lame_internal_flags *gfc, const uint8_t header[4],
                        unsigned char *buffer, int size);

/* Whether nothing but the MP3 data's size depends on this granule's Huffman codes. */
int mp3a_hand_off_ignores_size(const lame_internal_flags *gfc, const gr_info *granule);

#endif
