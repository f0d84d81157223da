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

/* ---- for lines that come without bits: minimp3's steps, one by one ---- */

/* The widths of the scale factor bands of long or short blocks (three windows each), ended by
   a 0; of the rate that these 4 bytes of a valid header tell. */
const uint8_t *mp3a_band_widths(const uint8_t *header, int is_short);

/* What a granule's lines are multiplied by: 2^(global_gain / 4) and constants. In a band it is
   2^(steps / 4) times smaller; not the same bits as one power of 2. */
float mp3a_granule_gain(int global_gain, int is_mid_side);
float mp3a_band_gain(float granule_gain, int steps);

/* A quantized value, from 0 to 8206, to the power of 4/3. */
float mp3a_power_4_3(int value);

/* One granule of one channel: 576 dequantized lines, which are overwritten, to 576 samples.
   `widths`: of short blocks' bands, needed for these alone. */
void mp3a_lines_to_samples(mp3dec_t *codec, float *lines, int block_type, const uint8_t *widths,
                           int ch, float *samples);

#endif
