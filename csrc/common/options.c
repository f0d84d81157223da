/* What options are valid. */
#include "common/options.h"

#include <stdbool.h>

#include "common/mpeg.h"

enum {
  ALL_FLAGS = MP3A_PRESERVE_DELAY | MP3A_JOINT_STEREO | MP3A_BIT_RESERVOIR | MP3A_PRESERVE_LEVEL |
              MP3A_NO_TAG | 255 << 8, /* MP3A_THREADS() */
  LOWEST_RATE_HZ = 8000,
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

static bool is_coded_rate(int32_t rate_hz) {
  return rate_hz == 0 || rate_hz == MP3A_CODED_RATE_AUTO || is_sample_rate(rate_hz);
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
  const int32_t lowpass_hz = options->lowpass_hz, coded_hz = options->coded_sample_rate_hz;
  int32_t rate_hz = options->sample_rate_hz;
  if (coded_hz > 0 && coded_hz < rate_hz) rate_hz = coded_hz;
  return lowpass_hz == MP3A_LOWPASS_OFF || (lowpass_hz >= 0 && lowpass_hz <= rate_hz / 2);
}

int32_t mp3a_max_grid_offset_at(int32_t sample_rate_hz, int32_t coded_rate_hz) {
  const int64_t mp3_frame = mp3a_mp3_frame_size(mp3a_is_mpeg1(coded_rate_hz));
  /* Rounded up: less than an MP3 frame. */
  return (int32_t)((mp3_frame * sample_rate_hz + coded_rate_hz - 1) / coded_rate_hz) - 1;
}

/* What LAME chooses is not known here; the lowest rate has the longest MP3 frames. */
static int32_t most_grid_offset(const mp3a_options *options) {
  const int32_t rate_hz = options->coded_sample_rate_hz;
  const int32_t coded_hz = rate_hz == MP3A_CODED_RATE_AUTO ? LOWEST_RATE_HZ
                           : rate_hz == 0                  ? options->sample_rate_hz
                                                           : rate_hz;
  return mp3a_max_grid_offset_at(options->sample_rate_hz, coded_hz);
}

static bool is_position(const mp3a_options *options) {
  if (options->pass_count < 0 || options->pass_count > MP3A_MAX_PASSES) return false;
  return options->grid_offset >= 0 && options->grid_offset <= most_grid_offset(options);
}

int32_t mp3a_check_options(const mp3a_options *options) {
  if (!options || options->struct_byte_size != sizeof *options) return MP3A_INVALID_OPTION;
  if (options->flags & ~(uint32_t)ALL_FLAGS) return MP3A_INVALID_OPTION;
  if (!is_sample_rate(options->sample_rate_hz)) return MP3A_UNSUPPORTED_SAMPLE_RATE;
  if (!is_coded_rate(options->coded_sample_rate_hz)) return MP3A_UNSUPPORTED_SAMPLE_RATE;
  const int32_t status = check_rate_control(options);
  if (status != MP3A_OK) return status;
  if (options->quality < 0 || options->quality > 9) return MP3A_UNSUPPORTED_QUALITY;
  if (options->channel_count < 1 || options->channel_count > 2) {
    return MP3A_UNSUPPORTED_CHANNELS;
  }
  return is_lowpass(options) && is_position(options) ? MP3A_OK : MP3A_INVALID_OPTION;
}
