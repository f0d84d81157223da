/* Where a clip's samples come from and go to: floats, one array per channel, or
   16-bit integers with channels interleaved, as WAV files have them. */
#ifndef MP3A_SAMPLES_H
#define MP3A_SAMPLES_H

#include <stdint.h>

typedef enum mp3a_sample_kind { MP3A_PLANAR_FLOAT, MP3A_INTERLEAVED_PCM16 } mp3a_sample_kind;

typedef struct mp3a_source {
  mp3a_sample_kind kind;
  int channel_count;
  union {
    const float *planes[2]; /* the second is NULL for mono */
    const int16_t *codes;
  };
} mp3a_source;

typedef struct mp3a_sink {
  mp3a_sample_kind kind;
  int channel_count;
  union {
    float *planes[2];
    int16_t *codes;
  };
} mp3a_sink;

/* `right` is NULL for mono. */
mp3a_source mp3a_float_source(const float *left, const float *right);
mp3a_sink mp3a_float_sink(float *left, float *right);

mp3a_source mp3a_pcm16_source(const int16_t *codes, int channel_count);
mp3a_sink mp3a_pcm16_sink(int16_t *codes, int channel_count);

/* The next `count` samples of one channel, floats times `factor`: where they are,
   or if they have to be made, in `scratch`. NULL for a channel that there isn't. */
const float *mp3a_source_read(const mp3a_source *source, int channel, uint32_t count, float factor,
                              float *scratch);
void mp3a_source_advance(mp3a_source *source, uint32_t count);

/* Writes the next `count` samples of one channel, times `gain`. */
void mp3a_sink_write(const mp3a_sink *sink, int channel, const float *samples, float gain,
                     uint32_t count);
void mp3a_sink_advance(mp3a_sink *sink, uint32_t count);

#endif
