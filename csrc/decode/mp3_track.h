/* What is known of a stream of MP3 frames: its format, its tag, its length. */
#ifndef MP3A_MP3_TRACK_H
#define MP3A_MP3_TRACK_H

#include "decode/mp3_tag.h"
#include "mp3augment.h"

typedef struct mp3a_track {
  bool has_format; /* there was a frame */
  mp3a_header format;
  mp3a_tag tag;
  uint64_t mp3_frame_count; /* with audio */
  uint64_t byte_size;       /* of these */
  int32_t lowest_kbps, highest_kbps;
} mp3a_track;

/* Takes the next MP3 frame into account. False for a tag, which isn't audio. */
bool mp3a_track_add(mp3a_track *track, const uint8_t *bytes, uint32_t byte_size);

/* A stretch of the decoded PCM frames, counted from the first one. */
typedef struct mp3a_range {
  uint64_t begin, end;
} mp3a_range;

/* What gapless playing drops at the front and at the end of the encoder's audio. */
void mp3a_track_find_gaps(const mp3a_track *track, mp3a_range *front, mp3a_range *back);

/* Fills in all of `info`. `is_gapless`: the length without these gaps. */
void mp3a_track_describe(const mp3a_track *track, bool is_gapless, mp3a_mp3_info *info);

#endif
