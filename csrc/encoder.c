#include "encoder.h"

#include "lame_cache.h"
#include "ring.h"

int32_t mp3a_encoder_open(mp3a_encoder *encoder, const mp3a_options *options) {
  encoder->options = *options;
  encoder->lame = mp3a_lame_take(options);
  return encoder->lame ? MP3A_OK : MP3A_OUT_OF_MEMORY;
}

void mp3a_encoder_close(mp3a_encoder *encoder) {
  mp3a_lame_give_back(encoder->lame, &encoder->options);
}

void mp3a_encoder_begin(mp3a_encoder *encoder, const float *left, const float *right,
                        uint32_t frame_count, float peak) {
  encoder->input[0] = left;
  encoder->input[1] = right;
  encoder->left_count = frame_count;
  encoder->factor = peak > 1.0f ? 1.0f / peak : 1.0f;
  encoder->finished = false;
}

/* A loud clip's block goes through a buffer that stays in the first cache. */
static const float *scale_block(mp3a_encoder *encoder, int channel, uint32_t count) {
  const float *input = encoder->input[channel];
  if (encoder->factor == 1.0f || !input) return input;
  float *scaled = encoder->scaled[channel];
  for (uint32_t i = 0; i < count; i++) scaled[i] = input[i] * encoder->factor;
  return scaled;
}

static int encode_block(mp3a_encoder *encoder, unsigned char *bytes) {
  const uint32_t count =
      encoder->left_count < MP3A_BLOCK_FRAMES ? encoder->left_count : MP3A_BLOCK_FRAMES;
  const float *left = scale_block(encoder, 0, count);
  const float *right = scale_block(encoder, 1, count);
  const int byte_size = lame_encode_buffer_ieee_float(encoder->lame, left, right, (int)count,
                                                      bytes, MP3A_SLOT_BYTES);
  encoder->left_count -= count;
  encoder->input[0] += count;
  if (encoder->input[1]) encoder->input[1] += count;
  return byte_size;
}

int32_t mp3a_encoder_step(mp3a_encoder *encoder, unsigned char *bytes, uint32_t *byte_size) {
  int result;
  if (encoder->left_count > 0) {
    result = encode_block(encoder, bytes);
  } else {
    result = lame_encode_flush(encoder->lame, bytes, MP3A_SLOT_BYTES);
    encoder->finished = true;
  }
  if (result < 0) return MP3A_OUT_OF_MEMORY; /* -2; no other can happen here */
  *byte_size = (uint32_t)result;
  return MP3A_OK;
}
