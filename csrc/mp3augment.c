/* The public functions that need no thread of their own: messages, checks, the round trip. */
#include "mp3augment.h"

#include "common/options.h"
#include "common/peak.h"
#include "roundtrip/pipeline.h"
#include "common/pool.h"

bool mp3a_is_float_pointer(const float *pointer) {
  return pointer && (uintptr_t)pointer % _Alignof(float) == 0;
}

int32_t mp3a_is_finite(const float *samples, uint32_t frame_count) {
  return mp3a_is_float_pointer(samples) && mp3a_peak_bits(samples, frame_count) < MP3A_INFINITY_BITS;
}

uint32_t mp3a_thread_limit(void) { return mp3a_pool_thread_limit(); }

uint32_t mp3a_abi_version(void) { return MP3A_ABI_VERSION; }

const char *mp3a_status_message(int32_t status) {
  switch ((mp3a_status)status) {
    case MP3A_OK: return "no error";
    case MP3A_INVALID_AUDIO: return "the audio's pointers or sizes are not valid, or it is too loud to be coded";
    case MP3A_EMPTY_AUDIO: return "the audio is empty";
    case MP3A_NON_FINITE_AUDIO: return "the audio holds NaN or infinite samples";
    case MP3A_UNSUPPORTED_CHANNELS: return "the audio has neither 1 nor 2 channels";
    case MP3A_UNSUPPORTED_SAMPLE_RATE: return "MP3 has no such sample rate";
    case MP3A_UNSUPPORTED_BITRATE: return "there is no such bitrate";
    case MP3A_UNSUPPORTED_QUALITY: return "quality is not an integer from 0 to 9";
    case MP3A_INVALID_OPTION: return "an option is not valid";
    case MP3A_CORRUPT_MP3: return "the decoder did not accept the MP3 data";
    case MP3A_OUT_OF_MEMORY: return "memory ran out";
    case MP3A_CANCELLED: return "the job was cancelled";
  }
  return "unknown status";
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

int32_t mp3a_roundtrip(const mp3a_options *options, const float *left, const float *right,
                       uint32_t frame_count, float *out_left, float *out_right,
                       uint32_t capacity, mp3a_stats *stats) {
  const int32_t status = mp3a_check_clip(options, left, right, frame_count);
  if (status != MP3A_OK) return status;
  if (!mp3a_are_channels(options, out_left, out_right)) return MP3A_INVALID_AUDIO;
  if (capacity < mp3a_output_frame_count(options, frame_count)) return MP3A_INVALID_AUDIO;
  const mp3a_clip clip = {.options = *options,
                          .input = {left, right},
                          .output = {out_left, out_right},
                          .frame_count = frame_count};
  return mp3a_pipeline_run(&clip, stats);
}
