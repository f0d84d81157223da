#define MINIMP3_IMPLEMENTATION
#include "decoder.h"

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

static void write_mono(mp3a_decoder *decoder, const float *pcm, uint32_t count) {
  const float gain = decoder->gain;
  float *output = decoder->output[0];
  for (uint32_t i = 0; i < count; i++) output[i] = pcm[i] * gain;
  decoder->output[0] += count;
}

static void write_stereo(mp3a_decoder *decoder, const float *pcm, uint32_t count) {
  const float gain = decoder->gain;
  float *left = decoder->output[0];
  float *right = decoder->output[1];
  for (uint32_t i = 0; i < count; i++) {
    left[i] = pcm[2 * i] * gain;
    right[i] = pcm[2 * i + 1] * gain;
  }
  decoder->output[0] += count;
  decoder->output[1] += count;
}

/* Writes the wanted part of one decoded MP3 frame. */
static void write_frame(mp3a_decoder *decoder, const float *pcm, uint32_t count) {
  const uint32_t skipped = decoder->skip_count < count ? decoder->skip_count : count;
  const uint32_t rest = count - skipped;
  const uint32_t written = decoder->left_count < rest ? decoder->left_count : rest;
  pcm += (size_t)skipped * (size_t)decoder->channel_count;
  if (decoder->channel_count == 1) {
    write_mono(decoder, pcm, written);
  } else {
    write_stereo(decoder, pcm, written);
  }
  decoder->skip_count -= skipped;
  decoder->left_count -= written;
}

/* A mono MP3 frame that is wanted whole and as it is needs no buffer between. */
static int decodes_in_place(const mp3a_decoder *decoder) {
  return decoder->channel_count == 1 && decoder->gain == 1.0f && decoder->skip_count == 0 &&
         decoder->left_count >= MINIMP3_MAX_SAMPLES_PER_FRAME;
}

int32_t mp3a_decoder_feed(mp3a_decoder *decoder, const unsigned char *bytes,
                          uint32_t byte_size) {
  while (byte_size > 0 && decoder->left_count > 0) {
    mp3dec_frame_info_t info;
    const int in_place = decodes_in_place(decoder);
    float *pcm = in_place ? decoder->output[0] : decoder->pcm;
    const int count =
        mp3dec_decode_frame(&decoder->codec, bytes, (int)byte_size, pcm, &info);
    if (count <= 0 || info.channels != decoder->channel_count) return MP3A_CORRUPT_MP3;
    if (in_place) {
      decoder->output[0] += count;
      decoder->left_count -= (uint32_t)count;
    } else {
      write_frame(decoder, pcm, (uint32_t)count);
    }
    bytes += info.frame_bytes;
    byte_size -= (uint32_t)info.frame_bytes;
  }
  return MP3A_OK;
}
