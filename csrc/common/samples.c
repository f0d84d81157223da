#include "common/samples.h"

#include <stddef.h>

#include "common/pcm16.h"

mp3a_source mp3a_float_source(const float *left, const float *right) {
  return (mp3a_source){MP3A_PLANAR_FLOAT, right ? 2 : 1, .planes = {left, right}};
}

mp3a_sink mp3a_float_sink(float *left, float *right) {
  return (mp3a_sink){MP3A_PLANAR_FLOAT, right ? 2 : 1, .planes = {left, right}};
}

mp3a_source mp3a_pcm16_source(const int16_t *codes, int channel_count) {
  return (mp3a_source){MP3A_INTERLEAVED_PCM16, channel_count, .codes = codes};
}

mp3a_sink mp3a_pcm16_sink(int16_t *codes, int channel_count) {
  return (mp3a_sink){MP3A_INTERLEAVED_PCM16, channel_count, .codes = codes};
}

const float *mp3a_source_read(const mp3a_source *source, int channel, uint32_t count, float factor,
                              float *scratch) {
  if (channel >= source->channel_count) return NULL;
  if (source->kind == MP3A_INTERLEAVED_PCM16) {
    mp3a_from_pcm16(source->codes + channel, source->channel_count, scratch, count);
    return scratch;
  }
  const float *samples = source->planes[channel];
  if (factor == 1.0f) return samples;
  for (uint32_t i = 0; i < count; i++) scratch[i] = samples[i] * factor;
  return scratch;
}

void mp3a_source_advance(mp3a_source *source, uint32_t count) {
  if (source->kind == MP3A_INTERLEAVED_PCM16) {
    source->codes += (size_t)count * (size_t)source->channel_count;
    return;
  }
  for (int channel = 0; channel < source->channel_count; channel++) {
    source->planes[channel] += count;
  }
}

void mp3a_sink_write(const mp3a_sink *sink, int channel, const float *samples, float gain,
                     uint32_t count) {
  if (sink->kind == MP3A_INTERLEAVED_PCM16) {
    mp3a_to_pcm16(samples, gain, sink->codes + channel, sink->channel_count, count);
    return;
  }
  float *out = sink->planes[channel];
  for (uint32_t i = 0; i < count; i++) out[i] = samples[i] * gain;
}

void mp3a_sink_advance(mp3a_sink *sink, uint32_t count) {
  if (sink->kind == MP3A_INTERLEAVED_PCM16) {
    sink->codes += (size_t)count * (size_t)sink->channel_count;
    return;
  }
  for (int channel = 0; channel < sink->channel_count; channel++) sink->planes[channel] += count;
}
