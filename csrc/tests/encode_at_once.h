/* LAME's public API as a user of it calls it. */
#ifndef MP3A_ENCODE_AT_ONCE_H
#define MP3A_ENCODE_AT_ONCE_H

#include <lame.h>
#include <stdlib.h>

#include "mp3augment.h"
#include "tests/check.h"

/* To LAME 0 means that it chooses. */
static inline int out_rate_of(const mp3a_options *o) {
  if (o->coded_sample_rate_hz == MP3A_CODED_RATE_AUTO) return 0;
  return o->coded_sample_rate_hz == 0 ? o->sample_rate_hz : o->coded_sample_rate_hz;
}

/* The clip goes in by one call; where LAME converts the rate, in blocks of 1152 PCM frames, or of
   what makes so many. */
static inline int encode_all(lame_global_flags *lame, const float *left, const float *right,
                             uint32_t count, unsigned char *bytes, int capacity) {
  const uint32_t from = (uint32_t)lame_get_in_samplerate(lame);
  const uint32_t to = (uint32_t)lame_get_out_samplerate(lame);
  const uint32_t block = from == to ? count : to > from ? 1152 * from / to : 1152;
  int total = 0;
  for (uint32_t at = 0; at < count; at += block) {
    const uint32_t piece = count - at < block ? count - at : block;
    total += lame_encode_buffer_ieee_float(lame, left + at, right ? right + at : NULL, (int)piece,
                                           bytes + total, capacity - total);
  }
  return total;
}

/* The whole clip, into a large buffer. */
static inline unsigned char *encode_at_once(const mp3a_options *o, const float *left,
                                     const float *right, uint32_t count, int *byte_size) {
  const int capacity = (int)(count * 6) + 20000;
  unsigned char *bytes = calloc(1, (size_t)capacity);
  lame_global_flags *lame = lame_init();
  lame_set_num_channels(lame, o->channel_count);
  lame_set_in_samplerate(lame, o->sample_rate_hz);
  lame_set_out_samplerate(lame, out_rate_of(o));
  const MPEG_mode stereo = o->flags & MP3A_JOINT_STEREO ? JOINT_STEREO : STEREO;
  lame_set_mode(lame, o->channel_count == 1 ? MONO : stereo);
  if (o->rate_control == MP3A_CBR) lame_set_brate(lame, o->bitrate_kbps);
  if (o->rate_control == MP3A_ABR) lame_set_VBR(lame, vbr_abr);
  if (o->rate_control == MP3A_ABR) lame_set_VBR_mean_bitrate_kbps(lame, o->bitrate_kbps);
  if (o->rate_control == MP3A_VBR) lame_set_VBR(lame, vbr_default);
  if (o->rate_control == MP3A_VBR) lame_set_VBR_quality(lame, o->vbr_quality);
  if (o->lowpass_hz != 0) lame_set_lowpassfreq(lame, o->lowpass_hz);
  lame_set_quality(lame, o->quality);
  lame_set_disable_reservoir(lame, !(o->flags & MP3A_BIT_RESERVOIR));
  lame_set_bWriteVbrTag(lame, !(o->flags & MP3A_NO_TAG));
  CHECK(lame_init_params(lame) == 0, "lame_init_params");
  const int body = encode_all(lame, left, right, count, bytes, capacity);
  const int end = lame_encode_flush(lame, bytes + body, capacity - body);
  lame_get_lametag_frame(lame, bytes, (size_t)(body + end));
  lame_close(lame);
  *byte_size = body + end;
  return bytes;
}

#endif
