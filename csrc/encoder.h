/* The encoder stage: LAME, block by block. One thread at a time. */
#ifndef MP3A_ENCODER_H
#define MP3A_ENCODER_H

#include <lame.h>
#include <stdbool.h>

#include "mp3augment.h"

enum { MP3A_BLOCK_FRAMES = 1152 }; /* PCM frames that one step encodes */

typedef struct mp3a_encoder {
  lame_global_flags *lame;
  mp3a_options options;
  const float *input[2]; /* what is left to encode; the second is NULL for mono */
  uint32_t left_count;   /* PCM frames left */
  float factor;          /* 1, or what brings a loud clip to a peak of 1 */
  bool finished;         /* the last MP3 frame is written */
  float scaled[2][MP3A_BLOCK_FRAMES]; /* the block of a loud clip */
} mp3a_encoder;

/* Takes a fresh LAME. On MP3A_OK the caller closes the encoder. */
int32_t mp3a_encoder_open(mp3a_encoder *encoder, const mp3a_options *options);
void mp3a_encoder_close(mp3a_encoder *encoder);

/* Begins a clip; the arrays must stay until it is encoded. `peak` is its
   largest magnitude. */
void mp3a_encoder_begin(mp3a_encoder *encoder, const float *left, const float *right,
                        uint32_t frame_count, float peak);

/* Encodes the next block into `bytes` (MP3A_SLOT_BYTES), or after the last one
   what LAME still holds; then `finished` is set. The data are whole MP3 frames,
   as the bit reservoir is off. */
int32_t mp3a_encoder_step(mp3a_encoder *encoder, unsigned char *bytes, uint32_t *byte_size);

#endif
