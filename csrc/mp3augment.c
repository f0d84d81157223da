/* The public functions that need no thread: options, sizes, messages. */
#include "mp3augment.h"

#include <stddef.h>

#include "peak.h"
#include "pipeline.h"
#include "pool.h"

enum { ENCODER_DELAY = 576 };

static const int32_t sample_rates_hz[] = {8000,  11025, 12000, 16000, 22050,
                                          24000, 32000, 44100, 48000};
static const int32_t bitrates_kbps[] = {8,   16,  24,  32,  40,  48,  56,  64,  80,
                                        96,  112, 128, 144, 160, 192, 224, 256, 320};

/* Layer III's bitrates, ISO/IEC 11172-3 2.4.2.3 and 13818-3 2.4.2.3. */
static const int32_t mpeg1_kbps[] = {32,  40,  48,  56,  64,  80,  96,
                                     112, 128, 160, 192, 224, 256, 320};
static const int32_t mpeg2_kbps[] = {8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160};
/* LAME stops here below 16 kHz (MPEG-2.5). */
enum { MPEG1_COUNT = 14, MPEG2_COUNT = 14, MPEG25_COUNT = 8 };

static int contains(const int32_t *values, size_t count, int32_t value) {
  for (size_t i = 0; i < count; i++) {
    if (values[i] == value) return 1;
  }
  return 0;
}

static int is_sample_rate(int32_t sample_rate_hz) {
  return contains(sample_rates_hz, sizeof sample_rates_hz / sizeof *sample_rates_hz,
                  sample_rate_hz);
}

/* NULL counts as misaligned. */
static int is_float_pointer(const float *pointer) {
  return pointer && (uintptr_t)pointer % _Alignof(float) == 0;
}

int32_t mp3a_is_finite(const float *samples, uint32_t frame_count) {
  return is_float_pointer(samples) && mp3a_peak_bits(samples, frame_count) < MP3A_INFINITY_BITS;
}

uint32_t mp3a_thread_limit(void) { return mp3a_pool_thread_limit(); }

uint32_t mp3a_abi_version(void) { return MP3A_ABI_VERSION; }

const char *mp3a_status_message(int32_t status) {
  switch ((mp3a_status)status) {
    case MP3A_OK: return "no error";
    case MP3A_INVALID_AUDIO: return "the audio's pointers or sizes are not valid";
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

int32_t mp3a_nearest_bitrate_kbps(int32_t sample_rate_hz, int32_t bitrate_kbps) {
  if (!is_sample_rate(sample_rate_hz)) return 0;
  const int32_t *legal = sample_rate_hz >= 32000 ? mpeg1_kbps : mpeg2_kbps;
  const int count = sample_rate_hz >= 32000   ? MPEG1_COUNT
                    : sample_rate_hz >= 16000 ? MPEG2_COUNT
                                              : MPEG25_COUNT;
  /* Compared in 64 bits: any int32_t may be asked for. */
  int nearest = 0;
  for (int i = 1; i < count; i++) {
    const int64_t above = (int64_t)legal[i] - bitrate_kbps;
    const int64_t below = (int64_t)bitrate_kbps - legal[nearest];
    if (above < below) nearest = i;
  }
  return legal[nearest];
}

static int32_t check_options(const mp3a_options *options) {
  if (!options || options->struct_byte_size != sizeof *options) return MP3A_INVALID_OPTION;
  if (options->flags & ~(uint32_t)(MP3A_PRESERVE_DELAY | MP3A_ONE_THREAD)) {
    return MP3A_INVALID_OPTION;
  }
  if (!is_sample_rate(options->sample_rate_hz)) return MP3A_UNSUPPORTED_SAMPLE_RATE;
  if (!contains(bitrates_kbps, sizeof bitrates_kbps / sizeof *bitrates_kbps,
                options->bitrate_kbps)) {
    return MP3A_UNSUPPORTED_BITRATE;
  }
  if (options->quality < 0 || options->quality > 9) return MP3A_UNSUPPORTED_QUALITY;
  if (options->channel_count < 1 || options->channel_count > 2) {
    return MP3A_UNSUPPORTED_CHANNELS;
  }
  return MP3A_OK;
}

/* LAME's frame count: what it flushes ends at least 576 PCM frames behind the
   delayed input, and at a whole MP3 frame. 0 when that is too many. */
static uint32_t padded_frame_count(const mp3a_options *options, uint32_t frame_count) {
  const uint64_t mp3_frame = options->sample_rate_hz >= 32000 ? 1152 : 576;
  const uint64_t delayed = (uint64_t)frame_count + ENCODER_DELAY;
  uint64_t padding = mp3_frame - delayed % mp3_frame;
  if (padding < 576) padding += mp3_frame;
  const uint64_t padded = delayed + padding;
  return padded > UINT32_MAX ? 0 : (uint32_t)padded;
}

uint32_t mp3a_output_frame_count(const mp3a_options *options, uint32_t frame_count) {
  if (check_options(options) != MP3A_OK) return 0;
  if (frame_count == 0 || frame_count > MP3A_MAX_FRAMES) return 0;
  if (!(options->flags & MP3A_PRESERVE_DELAY)) return frame_count;
  return padded_frame_count(options, frame_count);
}

static int are_channels(const mp3a_options *options, const float *left, const float *right) {
  return is_float_pointer(left) &&
         (options->channel_count == 1 ? right == NULL : is_float_pointer(right));
}

int32_t mp3a_check_clip(const mp3a_options *options, const float *left, const float *right,
                        uint32_t frame_count) {
  const int32_t status = check_options(options);
  if (status != MP3A_OK) return status;
  if (frame_count == 0) return MP3A_EMPTY_AUDIO;
  if (frame_count > MP3A_MAX_FRAMES) return MP3A_INVALID_AUDIO;
  return are_channels(options, left, right) ? MP3A_OK : MP3A_INVALID_AUDIO;
}

int32_t mp3a_roundtrip(const mp3a_options *options, const float *left, const float *right,
                       uint32_t frame_count, float *out_left, float *out_right,
                       mp3a_stats *stats) {
  const int32_t status = mp3a_check_clip(options, left, right, frame_count);
  if (status != MP3A_OK) return status;
  if (!are_channels(options, out_left, out_right)) return MP3A_INVALID_AUDIO;
  const mp3a_clip clip = {.options = *options,
                          .input = {left, right},
                          .output = {out_left, out_right},
                          .frame_count = frame_count};
  return mp3a_pipeline_run(&clip, stats);
}
