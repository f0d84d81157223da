/* The encoder stage: LAME, block by block. One thread at a time. */
#ifndef MP3A_BLOCK_ENCODER_H
#define MP3A_BLOCK_ENCODER_H

#include <lame.h>
#include <stdbool.h>

#include "common/mpeg.h"
#include "common/samples.h"
#include "mp3augment.h"

enum { MP3A_BLOCK_FRAMES = MP3A_LARGEST_MP3_FRAME }; /* PCM frames that one step encodes */

typedef struct mp3a_block_encoder {
  lame_global_flags *lame;
  mp3a_options options;
  int32_t coded_rate_hz;
  uint32_t lead_count;    /* zeros that come before the input: of the grid's offset */
  mp3a_source input;      /* what is left to encode */
  uint32_t left_count;    /* PCM frames of it */
  float factor;           /* 1, or what brings a loud clip to a peak of 1 */
  bool gives_frames;      /* coded frames (coded_frame.h) in place of MP3 data */
  bool finished;          /* the last MP3 frame is written */
  uint32_t mp3_byte_size; /* of what was encoded, as MP3; may wrap */
  uint32_t block_size;    /* PCM frames that LAME gets at once */
  uint32_t held_count;    /* with another coded rate: those that wait in `block` for more */
  float block[2][MP3A_BLOCK_FRAMES]; /* the block of a loud clip, or of 16-bit samples */
} mp3a_block_encoder;

/* Takes a fresh LAME. On MP3A_OK the caller closes the encoder. For a round trip
   NO_TAG is to be set: a decoder would play the tag as a frame of silence. */
int32_t mp3a_block_encoder_open(mp3a_block_encoder *encoder, const mp3a_options *options);
void mp3a_block_encoder_close(mp3a_block_encoder *encoder);

/* Before a clip begins: makes the encoder give coded frames, which a decoder takes without
   parsing, where libmp3lame can; see `gives_frames`. */
void mp3a_block_encoder_give_frames(mp3a_block_encoder *encoder);

/* Begins a clip, with the zeros of the grid's offset as its lead. What is louder than 1 is
   brought to it, as `peak` says. */
void mp3a_block_encoder_begin(mp3a_block_encoder *encoder, float peak);

/* What to encode next; it must stay until it is encoded. 16-bit samples go with a
   peak up to 1. */
void mp3a_block_encoder_take(mp3a_block_encoder *encoder, mp3a_source input,
                             uint32_t frame_count);

/* Encodes the lead, then the next block of what was taken into `bytes`, or when nothing
   is left of it what is still held, in the last step by LAME; then `finished` is set. At
   another coded rate what LAME's sums give depends in their last bits on the sizes of blocks:
   so all but the last are full, however pieces are taken. With the bit reservoir
   MP3 data may end within an MP3 frame; coded frames are whole, and `bytes` is
   aligned to 4 for them. */
int32_t mp3a_block_encoder_step(mp3a_block_encoder *encoder, unsigned char *bytes,
                                uint32_t capacity, uint32_t *byte_size);

/* Whether a step will take something of the lead or the input. */
static inline bool mp3a_block_encoder_has_input(const mp3a_block_encoder *encoder) {
  return encoder->lead_count > 0 || encoder->left_count > 0;
}

/* What the decoder's samples have to be multiplied by to be as loud as the input. */
float mp3a_block_encoder_gain(const mp3a_block_encoder *encoder, float peak);

/* After the end: the tag frame that belongs over the first `*byte_size` bytes. */
int32_t mp3a_block_encoder_tag(const mp3a_block_encoder *encoder, unsigned char *bytes,
                               uint32_t capacity, uint32_t *byte_size);

#endif
