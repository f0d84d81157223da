#include "encoder.h"

#include <stdarg.h>

#include "ring.h"

/* LAME prints to stderr by default. A library doesn't. */
static void say_nothing(const char *format, va_list arguments) {
  (void)format;
  (void)arguments;
}

/* The settings of fast-mp3-augment, but without the Info frame, which a decoder
   would play as a frame of silence. */
static bool configure(lame_global_flags *lame, const mp3a_options *options) {
  int failed = 0;
  failed |= lame_set_errorf(lame, say_nothing);
  failed |= lame_set_debugf(lame, say_nothing);
  failed |= lame_set_msgf(lame, say_nothing);
  failed |= lame_set_num_channels(lame, options->channel_count);
  failed |= lame_set_in_samplerate(lame, options->sample_rate_hz);
  failed |= lame_set_out_samplerate(lame, options->sample_rate_hz);
  failed |= lame_set_mode(lame, options->channel_count == 1 ? MONO : STEREO);
  failed |= lame_set_brate(lame, options->bitrate_kbps);
  failed |= lame_set_quality(lame, options->quality);
  failed |= lame_set_disable_reservoir(lame, 1);
  failed |= lame_set_bWriteVbrTag(lame, 0);
  return failed == 0 && lame_init_params(lame) >= 0;
}

int32_t mp3a_encoder_open(mp3a_encoder *encoder, const mp3a_options *options) {
  encoder->lame = lame_init();
  if (!encoder->lame) return MP3A_OUT_OF_MEMORY;
  if (!configure(encoder->lame, options)) {
    /* The options are checked before: what is left is memory. */
    lame_close(encoder->lame);
    return MP3A_OUT_OF_MEMORY;
  }
  return MP3A_OK;
}

void mp3a_encoder_close(mp3a_encoder *encoder) { lame_close(encoder->lame); }

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
