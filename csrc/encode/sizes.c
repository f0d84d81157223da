#include "encode/sizes.h"

#include "common/mpeg.h"
#include "common/options.h"
#include "encode/lame_cache.h"

int32_t mp3a_coded_sample_rate(const mp3a_options *options) {
  if (mp3a_check_options(options) != MP3A_OK) return 0;
  const int32_t rate_hz = options->coded_sample_rate_hz;
  if (rate_hz == 0) return options->sample_rate_hz;
  return rate_hz == MP3A_CODED_RATE_AUTO ? mp3a_lame_out_rate(options) : rate_hz;
}

bool mp3a_resamples(const mp3a_options *options) {
  return mp3a_coded_sample_rate(options) != options->sample_rate_hz;
}

int32_t mp3a_max_grid_offset(const mp3a_options *options) {
  if (!options || options->struct_byte_size != sizeof *options) return -1;
  mp3a_options others = *options;
  others.grid_offset = 0;
  const int32_t rate_hz = mp3a_coded_sample_rate(&others);
  return rate_hz == 0 ? -1 : mp3a_max_grid_offset_at(options->sample_rate_hz, rate_hz);
}

_Static_assert(MP3A_DELAY_FRAMES == MP3A_ENCODER_DELAY + MP3A_DECODER_DELAY, "the codec's delay");

/* How many samples LAME's conversion has given when it has got so many, and what it counts for
   those that it still holds: 16 of the input, which its filters look ahead. */
static uint64_t converted_count(uint64_t frame_count, int32_t from_hz, int32_t to_hz) {
  enum { HELD = 16 };
  const uint64_t from = (uint32_t)from_hz, to = (uint32_t)to_hz;
  const uint64_t given =
      frame_count <= HELD ? 0 : ((frame_count - HELD) * to + from - 1) / from;
  return given + (uint64_t)(HELD / ((double)from_hz / (double)to_hz));
}

/* LAME's frame count: what it flushes ends at least 576 PCM frames behind the
   delayed input, and at a whole MP3 frame. At the coded rate. */
static uint64_t coded_frame_count(const mp3a_options *options, int32_t rate_hz,
                                  uint64_t frame_count) {
  const uint64_t mp3_frame = mp3a_mp3_frame_size(mp3a_is_mpeg1(rate_hz));
  uint64_t delayed = frame_count + (uint32_t)options->grid_offset;
  if (rate_hz != options->sample_rate_hz)
    delayed = converted_count(delayed, options->sample_rate_hz, rate_hz);
  delayed += MP3A_ENCODER_DELAY;
  uint64_t padding = mp3_frame - delayed % mp3_frame;
  if (padding < MP3A_ENCODER_DELAY) padding += mp3_frame;
  return delayed + padding;
}

uint64_t mp3a_padded_frame_count(const mp3a_options *options, uint64_t frame_count) {
  const int32_t rate_hz = mp3a_coded_sample_rate(options);
  if (rate_hz == 0) return 0;
  const uint64_t from = (uint32_t)options->sample_rate_hz, to = (uint32_t)rate_hz;
  return (coded_frame_count(options, rate_hz, frame_count) * from + to - 1) / to;
}

uint32_t mp3a_output_frame_count(const mp3a_options *options, uint32_t frame_count) {
  if (mp3a_check_options(options) != MP3A_OK) return 0;
  if (frame_count == 0 || frame_count > MP3A_MAX_FRAMES) return 0;
  if (!(options->flags & MP3A_PRESERVE_DELAY)) return frame_count;
  uint64_t count = frame_count;
  for (uint32_t pass = 0; pass < mp3a_passes_of(options); pass++) {
    if (count > MP3A_MAX_FRAMES) return 0;
    count = mp3a_padded_frame_count(options, count);
    if (count == 0) return 0; /* no memory for an encoder */
    count -= (uint32_t)options->grid_offset;
  }
  return count > UINT32_MAX ? 0 : (uint32_t)count;
}

int32_t mp3a_has_tag(const mp3a_options *options) {
  const int32_t rate_hz = mp3a_coded_sample_rate(options);
  if (rate_hz == 0 || options->flags & MP3A_NO_TAG) return 0;
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
static uint64_t max_mp3_frame_byte_size(const mp3a_options *options, int32_t rate_hz) {
  const bool is_mpeg1 = mp3a_is_mpeg1(rate_hz);
  int32_t most_kbps = mp3a_bitrates_kbps[is_mpeg1][MP3A_BITRATE_COUNT - 1];
  if (options->rate_control == MP3A_CBR) {
    most_kbps = mp3a_nearest_bitrate_kbps(rate_hz, options->bitrate_kbps);
  }
  return mp3a_mp3_frame_byte_size(is_mpeg1, most_kbps, rate_hz) + 1; /* padded */
}

uint32_t mp3a_max_encoded_byte_size(const mp3a_options *options, uint32_t frame_count) {
  const int32_t rate_hz = mp3a_coded_sample_rate(options);
  if (rate_hz == 0 || frame_count == 0 || frame_count > MP3A_MAX_FRAMES) return 0;
  const uint32_t mp3_frame = mp3a_mp3_frame_size(mp3a_is_mpeg1(rate_hz));
  /* One more where a sample at a border may come sooner or later, by what rounding does. */
  const uint64_t mp3_frame_count = coded_frame_count(options, rate_hz, frame_count) / mp3_frame +
                                   (rate_hz != options->sample_rate_hz);
  /* One more for the tag, which may need a larger frame than the audio. */
  const uint64_t byte_size =
      mp3_frame_count * max_mp3_frame_byte_size(options, rate_hz) + MP3A_LARGEST_TAG_BYTES;
  return byte_size > UINT32_MAX ? 0 : (uint32_t)byte_size;
}
