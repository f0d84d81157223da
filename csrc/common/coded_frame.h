/* What our libmp3lame hands over in place of an MP3 frame's bytes: all that a decoder would
   read in them, not yet in Huffman codes. A hand-off spares a round trip the writing and the
   reading of these. */
#ifndef MP3A_CODED_FRAME_H
#define MP3A_CODED_FRAME_H

#include <lame.h>
#include <stdint.h>

#include "common/mpeg.h"

enum {
  MP3A_CODED_BANDS = 39,    /* with scale factors: 13 of short blocks, three windows each */
  MP3A_LARGEST_LINE = 8206, /* 15 and 13 bits more */
  MP3A_MOST_GRANULES = 4    /* of an MP3 frame, over its channels */
};

/* One granule of one channel. Fields are those of the bitstream; what isn't stored there, as
   the second granule shares it, is here. */
typedef struct mp3a_coded_granule {
  uint8_t block_type; /* 0 to 3; mixed blocks aren't coded so */
  uint8_t global_gain;
  uint8_t subblock_gain[3];
  uint8_t scalefac_scale;
  uint8_t preflag;
  uint8_t scalefactors[MP3A_CODED_BANDS];
  uint16_t line_count; /* those below are given, the others 0 */
  int16_t lines[MP3A_LINES];
} mp3a_coded_granule;

typedef struct mp3a_coded_frame {
  uint32_t byte_size;     /* of this record, thus how far the next one is */
  uint32_t mp3_byte_size; /* of the MP3 frame */
  uint8_t header[4];      /* with which that begins */
  uint8_t channel_count;
  uint8_t granule_count; /* of each channel */
  uint8_t is_mid_side;
  uint8_t is_valid; /* 0: no decoder could read it as MP3 */
  mp3a_coded_granule granules[MP3A_MOST_GRANULES]; /* by time, then by channel; no more than
                                                      there are */
} mp3a_coded_frame;

/* From now on `lame`, which has encoded nothing yet, gives records as above, one after the
   other, where its functions would give MP3 data: into memory aligned to 4 bytes, with a
   frame's size whenever there is one. `frame_size` is the caller's sizeof(mp3a_coded_frame).
   Returns 0, or -1 where this can't be: with a LAME tag or decoding on the fly, or when caller
   and library don't mean the same record. mp3a_lame_reset() ends it. */
int mp3a_lame_hand_off(lame_global_flags *lame, size_t frame_size);

#endif
