#include "decode/mp3_track.h"

#include <string.h>

#include "common/mpeg.h"

bool mp3a_track_add(mp3a_track *track, const uint8_t *bytes, uint32_t byte_size) {
  mp3a_header header;
  mp3a_header_read(bytes, &header);
  if (!track->has_format) {
    track->has_format = true;
    track->format = header;
    if (mp3a_tag_read(bytes, byte_size, &header, &track->tag)) return false;
  }
  const int32_t kbps = header.bitrate_kbps;
  if (track->mp3_frame_count == 0 || kbps < track->lowest_kbps) track->lowest_kbps = kbps;
  if (track->mp3_frame_count == 0 || kbps > track->highest_kbps) track->highest_kbps = kbps;
  track->mp3_frame_count++;
  track->byte_size += byte_size;
  return true;
}

/* The tag tells the encoder's delay, to which the decoder adds its own: what is
   dropped at the front is missing at the back. Nothing is dropped behind the
   tagged frames, where a player may have appended others. */
void mp3a_track_find_gaps(const mp3a_track *track, mp3a_range *front, mp3a_range *back) {
  const mp3a_tag *tag = &track->tag;
  *front = *back = (mp3a_range){0, 0};
  if (!track->has_format || tag->delay < 0) return;
  front->end = (uint64_t)tag->delay + MP3A_DECODER_DELAY;
  if (tag->mp3_frame_count == 0 || tag->padding <= MP3A_DECODER_DELAY) return;
  const uint64_t total = (uint64_t)tag->mp3_frame_count * track->format.frame_count;
  const uint64_t dropped = (uint64_t)tag->padding - MP3A_DECODER_DELAY;
  back->end = total;
  back->begin = dropped < total ? total - dropped : 0;
  if (back->begin < front->end) back->begin = front->end < total ? front->end : total;
}

static uint64_t overlap(mp3a_range range, uint64_t count) {
  const uint64_t end = range.end < count ? range.end : count;
  return range.begin < end ? end - range.begin : 0;
}

static uint64_t frame_count_of(const mp3a_track *track, bool is_gapless) {
  const uint64_t count = track->mp3_frame_count * track->format.frame_count;
  mp3a_range front, back;
  mp3a_track_find_gaps(track, &front, &back);
  return is_gapless ? count - overlap(front, count) - overlap(back, count) : count;
}

/* LAME's numbers: 1 and 8 are constant, 2 and 9 average, 3 to 6 variable bitrate. */
static int32_t bitrate_mode_of(const mp3a_track *track) {
  const int32_t method = track->tag.vbr_method;
  if (method == 1 || method == 8) return MP3A_CBR;
  if (method == 2 || method == 9) return MP3A_ABR;
  if (method >= 3 && method <= 6) return MP3A_VBR;
  return track->lowest_kbps == track->highest_kbps ? MP3A_CBR : MP3A_VBR;
}

static float mean_kbps(const mp3a_track *track) {
  const double frame_count = (double)track->mp3_frame_count * track->format.frame_count;
  if (frame_count == 0) return 0;
  return (float)((double)track->byte_size * 8 * track->format.sample_rate_hz / frame_count / 1000);
}

void mp3a_track_describe(const mp3a_track *track, bool is_gapless, mp3a_mp3_info *info) {
  const uint64_t frame_count = frame_count_of(track, is_gapless);
  *info = (mp3a_mp3_info){
      .sample_rate_hz = track->format.sample_rate_hz,
      .channel_count = track->format.channel_count,
      .version_times_ten = track->format.version_times_ten,
      .channel_mode = (int32_t)track->format.mode,
      .bitrate_mode = bitrate_mode_of(track),
      .bitrate_kbps = mean_kbps(track),
      .mp3_frame_count = (uint32_t)track->mp3_frame_count,
      .frame_count_low = (uint32_t)frame_count,
      .frame_count_high = (uint32_t)(frame_count >> 32),
      .tag_kind = (int32_t)track->tag.kind,
      .encoder_delay = track->tag.kind == MP3A_TAG_NONE ? -1 : track->tag.delay,
      .encoder_padding = track->tag.kind == MP3A_TAG_NONE ? -1 : track->tag.padding,
  };
  memcpy(info->encoder, track->tag.encoder, sizeof track->tag.encoder);
}
