/* The decoder stage: minimp3, its delay trimmed, into the caller's arrays. One
   thread at a time. */
#ifndef MP3A_DECODER_H
#define MP3A_DECODER_H

#include "minimp3_float.h"
#include "mp3augment.h"

enum { MP3A_MAX_MP3_FRAME = 1152 }; /* PCM frames in an MP3 frame of MPEG-1 */

typedef struct mp3a_decoder {
  mp3dec_t codec;
  int channel_count;
  uint32_t skip_count; /* PCM frames still to be dropped at the front */
  uint32_t left_count; /* PCM frames still to be written */
  float gain;          /* 1, or a loud clip's peak */
  float *output[2];    /* where the next sample goes; the second is NULL for mono */
  float pcm[2][MP3A_MAX_MP3_FRAME]; /* what is decoded but not wanted as it is */
} mp3a_decoder;

/* Begins a clip: the first `skip_count` decoded PCM frames are dropped, the
   next `frame_count` are written times max(peak, 1). */
void mp3a_decoder_begin(mp3a_decoder *decoder, int channel_count, uint32_t skip_count,
                        uint32_t frame_count, float peak, float *left, float *right);

/* Decodes whole MP3 frames. What comes after the last wanted PCM frame is ignored. */
int32_t mp3a_decoder_feed(mp3a_decoder *decoder, const unsigned char *bytes,
                          uint32_t byte_size);

#endif
