/* What options are valid, and the sizes that follow from them. */
#include "common/options.h"

#include <stdbool.h>

#include "common/mpeg.h"

enum {
  ALL_FLAGS = MP3A_PRESERVE_DELAY | MP3A_JOINT_STEREO | MP3A_BIT_RESERVOIR | MP3A_PRESERVE_LEVEL |
              MP3A_NO_TAG | 255 << 8, /* MP3A_THREADS() */
  MPEG25_COUNT = 9 /* LAME's bitrates stop at 64 kbps below 16 kHz */
};

static const float MAX_VBR_QUALITY = 9.999f; /* LAME's */

static bool is_sample_rate(int32_t sample_rate_hz) {
  for (int i = 0; i < MP3A_SAMPLE_RATE_COUNT; i++) {
    const int32_t rate_hz = mp3a_mpeg1_rates_hz[i];
    if (sample_rate_hz == rate_hz || sample_rate_hz == rate_hz / 2 ||
        sample_rate_hz == rate_hz / 4) {
      return true;
    }
  }
  return false;
}

/* One of MPEG-1 or of MPEG-2. */
static bool is_cbr_bitrate(int32_t bitrate_kbps) {
  for (int i = 1; i < MP3A_BITRATE_COUNT; i++) {
    if (bitrate_kbps == mp3a_bitrates_kbps[0][i]) return true;
    if (bitrate_kbps == mp3a_bitrates_kbps[1][i]) return true;
  }
  return false;
}

int32_t mp3a_nearest_bitrate_kbps(int32_t sample_rate_hz, int32_t bitrate_kbps) {
  if (!is_sample_rate(sample_rate_hz)) return 0;
  const int16_t *legal = mp3a_bitrates_kbps[mp3a_is_mpeg1(sample_rate_hz)];
  const int count = mp3a_is_mpeg25(sample_rate_hz) ? MPEG25_COUNT : MP3A_BITRATE_COUNT;
  /* Compared in 64 bits: any int32_t may be asked for. */
  int nearest = 1;
  for (int i = 2; i < count; i++) {
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

static bool is_lowpass(const mp3a_options *options) {
  const int32_t lowpass_hz = options->lowpass_hz;
  return lowpass_hz == MP3A_LOWPASS_OFF ||
         (lowpass_hz >= 0 && lowpass_hz <= options->sample_rate_hz / 2);
}

int32_t mp3a_max_grid_offset(const mp3a_options *options) {
  if (!options || options->struct_byte_size != sizeof *options) return -1;
  mp3a_options others = *options;
  others.grid_offset = 0;
  if (mp3a_check_options(&others) != MP3A_OK) return -1;
  return (int32_t)mp3a_mp3_frame_size(mp3a_is_mpeg1(options->sample_rate_hz)) - 1;
}

/* Looked at last: an offset is checked against the rest. */
static bool is_position(const mp3a_options *options) {
  if (options->pass_count < 0 || options->pass_count > MP3A_MAX_PASSES) return false;
  if (options->grid_offset == 0) return true;
  return options->grid_offset > 0 && options->grid_offset <= mp3a_max_grid_offset(options);
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
  return is_lowpass(options) && is_position(options) ? MP3A_OK : MP3A_INVALID_OPTION;
}

_Static_assert(MP3A_DELAY_FRAMES == MP3A_ENCODER_DELAY + MP3A_DECODER_DELAY, "the codec's delay");

/* LAME's frame count: what it flushes ends at least 576 PCM frames behind the
   delayed input, and at a whole MP3 frame. */
uint64_t mp3a_padded_frame_count(const mp3a_options *options, uint64_t frame_count) {
  const uint64_t mp3_frame = mp3a_mp3_frame_size(mp3a_is_mpeg1(options->sample_rate_hz));
  const uint64_t delayed = frame_count + (uint32_t)options->grid_offset + MP3A_ENCODER_DELAY;
  uint64_t padding = mp3_frame - delayed % mp3_frame;
  if (padding < MP3A_ENCODER_DELAY) padding += mp3_frame;
  return delayed + padding;
}

uint32_t mp3a_output_frame_count(const mp3a_options *options, uint32_t frame_count) {
  if (mp3a_check_options(options) != MP3A_OK) return 0;
  if (frame_count == 0 || frame_count > MP3A_MAX_FRAMES) return 0;
  if (!(options->flags & MP3A_PRESERVE_DELAY)) return frame_count;
  uint64_t count = frame_count;
  for (uint32_t pass = 0; pass < mp3a_passes_of(options); pass++) {
    if (count > MP3A_MAX_FRAMES) return 0;
    count = mp3a_padded_frame_count(options, count) - (uint32_t)options->grid_offset;
  }
  return count > UINT32_MAX ? 0 : (uint32_t)count;
}

int32_t mp3a_has_tag(const mp3a_options *options) {
  if (mp3a_check_options(options) != MP3A_OK || options->flags & MP3A_NO_TAG) return 0;
  const int32_t rate_hz = options->sample_rate_hz;
  const bool is_mpeg1 = mp3a_is_mpeg1(rate_hz);
  /* LAME's bitrate for the tag frame, but for CBR, where all MP3 frames are alike. */
  int32_t kbps = is_mpeg1 ? 128 : mp3a_is_mpeg25(rate_hz) ? 32 : 64;
  if (options->rate_control == MP3A_CBR) {
    kbps = mp3a_nearest_bitrate_kbps(rate_hz, options->bitrate_kbps);
  }
  const uint32_t needed =
      mp3a_side_info_byte_size(is_mpeg1, options->channel_count) + MP3A_TAG_CONTENT_BYTES;
  const uint32_t byte_size = mp3a_mp3_frame_byte_size(is_mpeg1, kbps, rate_hz);
  return byte_size >= needed && byte_size <= MP3A_LARGEST_TAG_BYTES;
}

/* The most bytes that one MP3 frame can have. */
static uint64_t max_mp3_frame_byte_size(const mp3a_options *options) {
  const bool is_mpeg1 = mp3a_is_mpeg1(options->sample_rate_hz);
  int32_t most_kbps = mp3a_bitrates_kbps[is_mpeg1][MP3A_BITRATE_COUNT - 1];
  if (options->rate_control == MP3A_CBR) {
    most_kbps = mp3a_nearest_bitrate_kbps(options->sample_rate_hz, options->bitrate_kbps);
  }
  return mp3a_mp3_frame_byte_size(is_mpeg1, most_kbps, options->sample_rate_hz) + 1; /* padded */
}

uint32_t mp3a_max_encoded_byte_size(const mp3a_options *options, uint32_t frame_count) {
  if (mp3a_check_options(options) != MP3A_OK) return 0;
  if (frame_count == 0 || frame_count > MP3A_MAX_FRAMES) return 0;
  const uint32_t mp3_frame = mp3a_mp3_frame_size(mp3a_is_mpeg1(options->sample_rate_hz));
  const uint64_t mp3_frame_count = mp3a_padded_frame_count(options, frame_count) / mp3_frame;
  /* One more for the tag, which may need a larger frame than the audio. */
  const uint64_t byte_size =
      mp3_frame_count * max_mp3_frame_byte_size(options) + MP3A_LARGEST_TAG_BYTES;
  return byte_size > UINT32_MAX ? 0 : (uint32_t)byte_size;
}
