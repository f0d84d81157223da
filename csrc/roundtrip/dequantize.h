/* The round trip's decoder of coded frames (common/coded_frame.h): minimp3's samples, bit for bit,
   without the bits. */
#ifndef MP3A_DEQUANTIZE_H
#define MP3A_DEQUANTIZE_H

#include "common/coded_frame.h"
#include "decode/minimp3_float.h"

/* As mp3a_decode_frame(), of decode/frame.h, for a frame that was not made into bytes; one
   stream keeps to either, and begins with `codec` all 0. Returns the samples per channel; 0 for
   what is no valid frame of `channel_count` channels within `byte_size` bytes. */
int mp3a_decode_coded_frame(mp3dec_t *codec, const mp3a_coded_frame *frame, uint32_t byte_size,
                            int channel_count, float *const planes[2]);

#endif
