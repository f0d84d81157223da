/* Stock LAME and minimp3 in one thread, as straightforward as it gets: every block of samples is
   encoded, decoded at once, and its delay trimmed. Same settings and same output as this library,
   for clips that are not louder than 1. */
#include <string.h>

#include "lame.h"
#include "serve.h"

#define MINIMP3_ONLY_MP3
#define MINIMP3_FLOAT_OUTPUT
#define MINIMP3_IMPLEMENTATION
#include "minimp3.h"

enum { BLOCK = 1152, DELAY = 1105, BYTES = 5 * BLOCK / 4 + 7200 };

typedef struct decoder {
  mp3dec_t codec;
  uint32_t skipped;
  uint32_t written;
} decoder;

static uint32_t smaller(uint32_t a, uint32_t b) { return a < b ? a : b; }

/* Decodes whole MP3 frames and writes what belongs into the outputs. */
static int decode(decoder *d, const clip *c, const unsigned char *bytes, int byte_size) {
  float pcm[MINIMP3_MAX_SAMPLES_PER_FRAME];
  mp3dec_frame_info_t info;
  while (byte_size > 0) {
    const uint32_t count = (uint32_t)mp3dec_decode_frame(&d->codec, bytes, byte_size, pcm, &info);
    if (info.frame_bytes == 0) return 1;
    const uint32_t skipped = smaller(DELAY - d->skipped, count);
    const uint32_t written = smaller(c->frame_count - d->written, count - skipped);
    const uint32_t channel_count = (uint32_t)c->channel_count;
    for (uint32_t channel = 0; channel < channel_count; channel++) {
      float *output = c->output[channel] + d->written;
      const float *from = pcm + skipped * channel_count + channel;
      for (uint32_t i = 0; i < written; i++) output[i] = from[i * channel_count];
    }
    d->skipped += skipped;
    d->written += written;
    bytes += info.frame_bytes;
    byte_size -= info.frame_bytes;
  }
  return 0;
}

static int configure(lame_global_flags *lame, const clip *c, int bitrate_kbps, int quality) {
  lame_set_num_channels(lame, c->channel_count);
  lame_set_in_samplerate(lame, c->sample_rate);
  lame_set_out_samplerate(lame, c->sample_rate);
  lame_set_mode(lame, c->channel_count == 1 ? MONO : STEREO);
  lame_set_brate(lame, bitrate_kbps);
  lame_set_quality(lame, quality);
  lame_set_disable_reservoir(lame, 1);
  lame_set_bWriteVbrTag(lame, 0);
  return lame_init_params(lame);
}

static int roundtrip(const clip *c, int bitrate_kbps, int quality) {
  static unsigned char bytes[BYTES];
  decoder d = {.written = 0};
  mp3dec_init(&d.codec);
  lame_global_flags *lame = lame_init();
  if (!lame) return 1;
  int byte_size = configure(lame, c, bitrate_kbps, quality);
  for (uint32_t at = 0; at < c->frame_count && byte_size >= 0; at += BLOCK) {
    const uint32_t left = c->frame_count - at;
    const float *right = c->input[1] ? c->input[1] + at : NULL;
    byte_size = lame_encode_buffer_ieee_float(lame, c->input[0] + at, right,
                                              left < BLOCK ? (int)left : BLOCK, bytes, BYTES);
    if (byte_size > 0 && decode(&d, c, bytes, byte_size) != 0) byte_size = -1;
  }
  if (byte_size >= 0) byte_size = lame_encode_flush(lame, bytes, BYTES);
  if (byte_size > 0 && decode(&d, c, bytes, byte_size) != 0) byte_size = -1;
  lame_close(lame);
  return byte_size < 0 || d.written < c->frame_count;
}

int main(int argc, char **argv) { return serve(argc, argv, roundtrip); }
