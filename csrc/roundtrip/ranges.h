/* One clip on several threads: ranges of MP3 frames that are coded at once, each by an encoder
   and a decoder of its own. */
#ifndef MP3A_RANGES_H
#define MP3A_RANGES_H

#include "common/clip.h"

enum { MP3A_MAX_RANGES = 16 };

typedef struct mp3a_ranges_stats {
  mp3a_stats stats;
  uint32_t seam_count;   /* ranges that began amid the clip, on threads of their own */
  uint32_t redone_count; /* of these, what didn't fit the end of the one before */
  uint32_t lost_count;   /* of these, what didn't fit later either, and was redone to its end */
} mp3a_ranges_stats;

/* Into how many ranges a clip is best cut now; 1: better not at all. */
uint32_t mp3a_ranges_for(const mp3a_clip *clip);

/* The same if all threads were idle. */
uint32_t mp3a_ranges_at_most(const mp3a_options *options, uint32_t frame_count);

/* Runs the clip in `range_count` ranges, from 2 on; each but the first is encoded from
   `warm_up` granules before its first MP3 frame on, so that its encoder gets into the state
   that the one before ends with. Where it doesn't, the range is done again as far as need be:
   the output is always that of one encoder. False, with nothing done, where this can't be:
   then the pipeline is to run. `peak`: the clip's. */
bool mp3a_ranges_run(const mp3a_clip *clip, float peak, uint32_t range_count, uint32_t warm_up,
                     mp3a_ranges_stats *stats, int32_t *status);

/* A warm-up after which states are nearly always equal, or soon will be. */
uint32_t mp3a_ranges_warm_up(const mp3a_options *options);

#endif
