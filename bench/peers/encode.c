/* `encode IN.wav OUT.mp3 QUALITY [joint]`: 16-bit stereo as the bench writes it, at 128 kbps, by
   LAME's API: with our libmp3lame or with a stock one. `joint`: joint stereo and the reservoir. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lame.h>

enum { WAV_HEADER_BYTES = 44, RATE_OFFSET = 24, BLOCK_FRAMES = 1152, MP3_BYTES = 8192 };

static int32_t read_rate(FILE *input) {
  unsigned char header[WAV_HEADER_BYTES] = {0};
  if (fread(header, 1, sizeof header, input) != sizeof header) return 0;
  const unsigned char *at = header + RATE_OFFSET;
  return (int32_t)(at[0] | at[1] << 8 | at[2] << 16);
}

static lame_t open_encoder(int32_t rate, int quality, int is_joint) {
  lame_t lame = lame_init();
  if (!lame) return NULL;
  lame_set_in_samplerate(lame, rate);
  lame_set_out_samplerate(lame, rate);
  lame_set_num_channels(lame, 2);
  lame_set_mode(lame, is_joint ? JOINT_STEREO : STEREO);
  lame_set_disable_reservoir(lame, !is_joint);
  lame_set_brate(lame, 128);
  lame_set_quality(lame, quality);
  lame_set_bWriteVbrTag(lame, 0);
  return lame_init_params(lame) == 0 ? lame : NULL;
}

static int encode(lame_t lame, FILE *input, FILE *output) {
  static short samples[2 * BLOCK_FRAMES];
  static unsigned char mp3[MP3_BYTES];
  size_t count;
  while ((count = fread(samples, 2 * sizeof *samples, BLOCK_FRAMES, input)) > 0) {
    const int size = lame_encode_buffer_interleaved(lame, samples, (int)count, mp3, sizeof mp3);
    if (size < 0 || fwrite(mp3, 1, (size_t)size, output) != (size_t)size) return 1;
  }
  const int size = lame_encode_flush(lame, mp3, sizeof mp3);
  return size < 0 || fwrite(mp3, 1, (size_t)size, output) != (size_t)size;
}

int main(int argc, char **argv) {
  FILE *input = argc >= 4 ? fopen(argv[1], "rb") : NULL;
  FILE *output = input ? fopen(argv[2], "wb") : NULL;
  if (!output) {
    fprintf(stderr, "usage: encode IN.wav OUT.mp3 QUALITY [joint]\n");
    return 1;
  }
  const int is_joint = argc > 4 && strcmp(argv[4], "joint") == 0;
  lame_t lame = open_encoder(read_rate(input), atoi(argv[3]), is_joint);
  const int failed = !lame || encode(lame, input, output);
  if (lame) lame_close(lame);
  fclose(input);
  return fclose(output) != 0 || failed;
}
