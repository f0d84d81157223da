#include "decoder.h"

#include <stdbool.h>

#include "kernels/frame.h"

void mp3a_decoder_begin(mp3a_decoder *decoder, int channel_count, uint32_t skip_count,
                        uint32_t frame_count, float peak, float *left, float *right) {
  mp3dec_init(&decoder->codec);
  decoder->channel_count = channel_count;
  decoder->skip_count = skip_count;
  decoder->left_count = frame_count;
  decoder->gain = peak > 1.0f ? peak : 1.0f;
  decoder->output[0] = left;
  decoder->output[1] = right;
}

/* Writes the wanted part of one decoded MP3 frame. */
static void write_frame(mp3a_decoder *decoder, uint32_t count) {
  const uint32_t skipped = decoder->skip_count < count ? decoder->skip_count : count;
  const uint32_t rest = count - skipped;
  const uint32_t written = decoder->left_count < rest ? decoder->left_count : rest;
  for (int channel = 0; channel < decoder->channel_count; channel++) {
    const float *pcm = decoder->pcm[channel] + skipped;
    float *output = decoder->output[channel];
    for (uint32_t i = 0; i < written; i++) output[i] = pcm[i] * decoder->gain;
    decoder->output[channel] += written;
  }
  decoder->skip_count -= skipped;
  decoder->left_count -= written;
}

/* An MP3 frame that is wanted whole and as it is needs no buffer between. */
static bool decodes_in_place(const mp3a_decoder *decoder) {
  return decoder->gain == 1.0f && decoder->skip_count == 0 &&
         decoder->left_count >= MP3A_MAX_MP3_FRAME;
}

int32_t mp3a_decoder_feed(mp3a_decoder *decoder, const unsigned char *bytes,
                          uint32_t byte_size) {
  while (byte_size > 0 && decoder->left_count > 0) {
    mp3dec_frame_info_t info;
    const bool in_place = decodes_in_place(decoder);
    float *const buffers[2] = {decoder->pcm[0], decoder->pcm[1]};
    float *const *planes = in_place ? decoder->output : buffers;
    const int count =
        mp3a_decode_frame(&decoder->codec, bytes, (int)byte_size, planes, &info);
    if (count <= 0 || info.channels != decoder->channel_count) return MP3A_CORRUPT_MP3;
    if (in_place) {
      for (int channel = 0; channel < info.channels; channel++) {
        decoder->output[channel] += count;
      }
      decoder->left_count -= (uint32_t)count;
    } else {
      write_frame(decoder, (uint32_t)count);
    }
    bytes += info.frame_bytes;
    byte_size -= (uint32_t)info.frame_bytes;
  }
  return MP3A_OK;
}
