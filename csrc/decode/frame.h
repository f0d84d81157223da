/* One Layer III frame to samples: minimp3 with our transforms in place of its
   own. Results are the same, bit for bit. */
#ifndef MP3A_FRAME_H
#define MP3A_FRAME_H

#include <stdint.h>

#include "decode/minimp3_float.h"

/* As mp3dec_decode_frame(), but for samples per channel and not interleaved:
   planes[channel] gets up to 1152 of them (planes[1] is unused for mono). The
   state of `codec` after it is of no use to mp3dec_decode_frame(), and the other
   way round; mp3dec_init() begins a stream for either. Returns the samples per
   channel, 0 if there are none. */
int mp3a_decode_frame(mp3dec_t *codec, const uint8_t *bytes, int byte_size,
                      float *const planes[2], mp3dec_frame_info_t *info);

/* The length of the MP3 frame that begins with these 4 bytes; 0 if none does, or
   its header doesn't tell (free format). */
int mp3a_frame_byte_size(const uint8_t *header);

#endif
