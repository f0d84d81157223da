#include "encode/block_encoder.h"

#include <limits.h>
#include <string.h>

#include "common/coded_frame.h"
#include "encode/lame_cache.h"
#include "encode/tag_delay.h"

/* The options as LAME knows them. */
static mp3a_options lame_options(const mp3a_block_encoder *encoder) {
  mp3a_options options = encoder->options;
  options.flags &= MP3A_JOINT_STEREO | MP3A_BIT_RESERVOIR | MP3A_NO_TAG;
  options.grid_offset = options.pass_count = 0;
  return options;
}

int32_t mp3a_block_encoder_open(mp3a_block_encoder *encoder, const mp3a_options *options) {
  encoder->options = *options;
  const mp3a_options for_lame = lame_options(encoder);
  encoder->lame = mp3a_lame_take(&for_lame);
  encoder->gives_frames = false;
  return encoder->lame ? MP3A_OK : MP3A_OUT_OF_MEMORY;
}

void mp3a_block_encoder_close(mp3a_block_encoder *encoder) {
  const mp3a_options for_lame = lame_options(encoder);
  mp3a_lame_give_back(encoder->lame, &for_lame);
}

void mp3a_block_encoder_give_frames(mp3a_block_encoder *encoder) {
  encoder->gives_frames = mp3a_lame_give_frames(encoder->lame);
}

void mp3a_block_encoder_begin(mp3a_block_encoder *encoder, float peak) {
  encoder->lead_count = (uint32_t)encoder->options.grid_offset;
  encoder->left_count = 0;
  encoder->factor = peak > 1.0f ? 1.0f / peak : 1.0f;
  encoder->finished = false;
  encoder->mp3_byte_size = 0;
}

void mp3a_block_encoder_take(mp3a_block_encoder *encoder, mp3a_source input,
                             uint32_t frame_count) {
  encoder->input = input;
  encoder->left_count = frame_count;
}

float mp3a_block_encoder_gain(const mp3a_block_encoder *encoder, float peak) {
  const float gain = peak > 1.0f ? peak : 1.0f;
  if (!(encoder->options.flags & MP3A_PRESERVE_LEVEL)) return gain;
  return gain * (32768.0f / (32767.0f * lame_get_scale(encoder->lame)));
}

/* What isn't encoded as it is goes through a buffer that stays in the first cache. */
static const float *read_block(mp3a_block_encoder *encoder, int channel, uint32_t count) {
  return mp3a_source_read(&encoder->input, channel, count, encoder->factor,
                          encoder->block[channel]);
}

/* Less than a block. */
static int encode_lead(mp3a_block_encoder *encoder, unsigned char *bytes, int capacity) {
  const float *zeros = memset(encoder->block[0], 0, encoder->lead_count * sizeof(float));
  const float *right = encoder->options.channel_count == 2 ? zeros : NULL;
  const int count = (int)encoder->lead_count;
  encoder->lead_count = 0;
  return lame_encode_buffer_ieee_float(encoder->lame, zeros, right, count, bytes, capacity);
}

static int encode_block(mp3a_block_encoder *encoder, unsigned char *bytes, int capacity) {
  const uint32_t count =
      encoder->left_count < MP3A_BLOCK_FRAMES ? encoder->left_count : MP3A_BLOCK_FRAMES;
  const float *left = read_block(encoder, 0, count);
  const float *right = read_block(encoder, 1, count);
  const int byte_size = lame_encode_buffer_ieee_float(encoder->lame, left, right, (int)count,
                                                      bytes, capacity);
  mp3a_source_advance(&encoder->input, count);
  encoder->left_count -= count;
  return byte_size;
}

/* How long what was encoded is, or would be, as MP3 data. */
static uint32_t mp3_byte_size_of(const mp3a_block_encoder *encoder, const unsigned char *bytes,
                                 uint32_t byte_size) {
  uint32_t sum = 0;
  if (!encoder->gives_frames) return byte_size;
  for (uint32_t at = 0; at < byte_size;) {
    const mp3a_coded_frame *frame = (const mp3a_coded_frame *)(const void *)(bytes + at);
    sum += frame->mp3_byte_size;
    at += frame->byte_size;
  }
  return sum;
}

int32_t mp3a_block_encoder_step(mp3a_block_encoder *encoder, unsigned char *bytes,
                                uint32_t capacity, uint32_t *byte_size) {
  /* To LAME 0 means that there is room for anything. */
  const int room = capacity > INT_MAX ? INT_MAX : (int)capacity;
  int result = -1;
  if (room > 0 && encoder->lead_count > 0) {
    result = encode_lead(encoder, bytes, room);
  } else if (room > 0 && encoder->left_count > 0) {
    result = encode_block(encoder, bytes, room);
  } else if (room > 0) {
    result = lame_encode_flush(encoder->lame, bytes, room);
    encoder->finished = true;
  }
  if (result < 0) return MP3A_OUT_OF_MEMORY; /* -1, -2: no room; no other can happen here */
  *byte_size = (uint32_t)result;
  encoder->mp3_byte_size += mp3_byte_size_of(encoder, bytes, *byte_size);
  return MP3A_OK;
}

int32_t mp3a_block_encoder_tag(const mp3a_block_encoder *encoder, unsigned char *bytes,
                               uint32_t capacity, uint32_t *byte_size) {
  const size_t needed = lame_get_lametag_frame(encoder->lame, bytes, 0);
  if (needed > capacity) return MP3A_INVALID_AUDIO;
  *byte_size = (uint32_t)lame_get_lametag_frame(encoder->lame, bytes, capacity);
  if (encoder->options.grid_offset > 0)
    mp3a_tag_delay(bytes, *byte_size, &encoder->options, (uint32_t)encoder->options.grid_offset);
  return MP3A_OK;
}
