#include "common/clip.h"

#include <stddef.h>

#include "common/options.h"
#include "common/peak.h"

bool mp3a_is_float_pointer(const float *pointer) {
  return pointer && (uintptr_t)pointer % _Alignof(float) == 0;
}

bool mp3a_is_pcm16_pointer(const int16_t *pointer) {
  return pointer && (uintptr_t)pointer % _Alignof(int16_t) == 0;
}

bool mp3a_are_channels(const mp3a_options *options, const float *left, const float *right) {
  return mp3a_is_float_pointer(left) &&
         (options->channel_count == 1 ? right == NULL : mp3a_is_float_pointer(right));
}

int32_t mp3a_check_form(const mp3a_options *options, uint32_t frame_count) {
  const int32_t status = mp3a_check_options(options);
  if (status != MP3A_OK) return status;
  if (frame_count == 0) return MP3A_EMPTY_AUDIO;
  return frame_count > MP3A_MAX_FRAMES ? MP3A_INVALID_AUDIO : MP3A_OK;
}

int32_t mp3a_check_clip(const mp3a_options *options, const float *left, const float *right,
                        uint32_t frame_count) {
  const int32_t status = mp3a_check_form(options, frame_count);
  if (status != MP3A_OK) return status;
  return mp3a_are_channels(options, left, right) ? MP3A_OK : MP3A_INVALID_AUDIO;
}

int32_t mp3a_check_piece(const mp3a_options *options, float factor, const float *left,
                         const float *right, uint32_t frame_count) {
  if (frame_count == 0) return MP3A_EMPTY_AUDIO;
  if (frame_count > MP3A_MAX_STREAM_FRAMES) return MP3A_INVALID_AUDIO;
  if (!mp3a_are_channels(options, left, right)) return MP3A_INVALID_AUDIO;
  const float *const channels[2] = {left, right};
  return mp3a_check_level(channels, frame_count, factor);
}

int32_t mp3a_is_finite(const float *samples, uint32_t frame_count) {
  return mp3a_is_float_pointer(samples) &&
         mp3a_peak_bits(samples, frame_count) < MP3A_INFINITY_BITS;
}
