/* What options are valid, and the sizes that follow from them. */
#include "common/options.h"

#include <stddef.h>

enum {
  ENCODER_DELAY = 576,
  MAX_TAG_BYTES = 2880, /* LAME's own limit for the tag frame */
  ALL_FLAGS = MP3A_PRESERVE_DELAY | MP3A_JOINT_STEREO | MP3A_BIT_RESERVOIR |
              MP3A_PRESERVE_LEVEL | MP3A_NO_TAG | 255 << 8 /* MP3A_THREADS() */
};

static const float MAX_VBR_QUALITY = 9.999f; /* LAME's */

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

static int is_cbr_bitrate(int32_t bitrate_kbps) {
  return contains(bitrates_kbps, sizeof bitrates_kbps / sizeof *bitrates_kbps, bitrate_kbps);
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

static int32_t check_rate_control(const mp3a_options *options) {
  const int32_t bitrate_kbps = options->bitrate_kbps;
  const float vbr_quality = options->vbr_quality;
  switch (options->rate_control) {
    case MP3A_CBR:
      if (!is_cbr_bitrate(bitrate_kbps)) return MP3A_UNSUPPORTED_BITRATE;
      return vbr_quality == 0 ? MP3A_OK : MP3A_INVALID_OPTION;
    case MP3A_ABR:
      if (bitrate_kbps < 8 || bitrate_kbps > 320) return MP3A_UNSUPPORTED_BITRATE;
      return vbr_quality == 0 ? MP3A_OK : MP3A_INVALID_OPTION;
    case MP3A_VBR:
      if (!(vbr_quality >= 0 && vbr_quality <= MAX_VBR_QUALITY)) return MP3A_UNSUPPORTED_QUALITY;
      return bitrate_kbps == 0 ? MP3A_OK : MP3A_INVALID_OPTION;
    default: return MP3A_INVALID_OPTION;
  }
}

static int is_lowpass(const mp3a_options *options) {
  const int32_t lowpass_hz = options->lowpass_hz;
  return lowpass_hz == MP3A_LOWPASS_OFF ||
         (lowpass_hz >= 0 && lowpass_hz <= options->sample_rate_hz / 2);
}

int32_t mp3a_check_options(const mp3a_options *options) {
  if (!options || options->struct_byte_size != sizeof *options) return MP3A_INVALID_OPTION;
  if (options->flags & ~(uint32_t)ALL_FLAGS) return MP3A_INVALID_OPTION;
  if (!is_sample_rate(options->sample_rate_hz)) return MP3A_UNSUPPORTED_SAMPLE_RATE;
  const int32_t status = check_rate_control(options);
  if (status != MP3A_OK) return status;
  if (options->quality < 0 || options->quality > 9) return MP3A_UNSUPPORTED_QUALITY;
  if (options->channel_count < 1 || options->channel_count > 2) {
    return MP3A_UNSUPPORTED_CHANNELS;
  }
  return is_lowpass(options) ? MP3A_OK : MP3A_INVALID_OPTION;
}

/* LAME's frame count: what it flushes ends at least 576 PCM frames behind the
   delayed input, and at a whole MP3 frame. */
uint64_t mp3a_padded_frame_count(const mp3a_options *options, uint64_t frame_count) {
  const uint64_t mp3_frame = options->sample_rate_hz >= 32000 ? 1152 : 576;
  const uint64_t delayed = frame_count + ENCODER_DELAY;
  uint64_t padding = mp3_frame - delayed % mp3_frame;
  if (padding < 576) padding += mp3_frame;
  return delayed + padding;
}

uint32_t mp3a_output_frame_count(const mp3a_options *options, uint32_t frame_count) {
  if (mp3a_check_options(options) != MP3A_OK) return 0;
  if (frame_count == 0 || frame_count > MP3A_MAX_FRAMES) return 0;
  if (!(options->flags & MP3A_PRESERVE_DELAY)) return frame_count;
  const uint64_t padded = mp3a_padded_frame_count(options, frame_count);
  return padded > UINT32_MAX ? 0 : (uint32_t)padded;
}

/* The most bytes that one MP3 frame can have. */
static uint64_t max_mp3_frame_byte_size(const mp3a_options *options) {
  const int is_mpeg1 = options->sample_rate_hz >= 32000;
  const int32_t most_kbps = options->rate_control == MP3A_CBR
                                ? mp3a_nearest_bitrate_kbps(options->sample_rate_hz,
                                                            options->bitrate_kbps)
                                : is_mpeg1 ? 320 : 160;
  const int32_t frames_and_bits = (is_mpeg1 ? 1152 : 576) / 8 * 1000;
  return (uint64_t)(frames_and_bits * most_kbps / options->sample_rate_hz) + 1; /* padded */
}

uint32_t mp3a_max_encoded_byte_size(const mp3a_options *options, uint32_t frame_count) {
  if (mp3a_check_options(options) != MP3A_OK) return 0;
  if (frame_count == 0 || frame_count > MP3A_MAX_FRAMES) return 0;
  const uint32_t mp3_frame = options->sample_rate_hz >= 32000 ? 1152 : 576;
  const uint64_t mp3_frame_count = mp3a_padded_frame_count(options, frame_count) / mp3_frame;
  /* One more for the tag, which may need a larger frame than the audio. */
  const uint64_t byte_size = mp3_frame_count * max_mp3_frame_byte_size(options) + MAX_TAG_BYTES;
  return byte_size > UINT32_MAX ? 0 : (uint32_t)byte_size;
}
