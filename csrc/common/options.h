/* What options are valid. */
#ifndef MP3A_OPTIONS_H
#define MP3A_OPTIONS_H

#include "mp3augment.h"

int32_t mp3a_check_options(const mp3a_options *options);

/* MP3A_THREADS() of the flags, or 0. */
static inline uint32_t mp3a_thread_limit_of(const mp3a_options *options) {
  return options->flags >> 8 & 255;
}

/* How many times a clip goes through the codec. */
static inline uint32_t mp3a_passes_of(const mp3a_options *options) {
  return options->pass_count > 1 ? (uint32_t)options->pass_count : 1;
}

/* What a round trip drops at the front of what is decoded: the zeros of the grid's offset, and
   if it isn't kept the codec's delay. */
static inline uint32_t mp3a_skipped_frame_count(const mp3a_options *options) {
  const uint32_t delay = options->flags & MP3A_PRESERVE_DELAY ? 0 : MP3A_DELAY_FRAMES;
  return delay + (uint32_t)options->grid_offset;
}

/* How many PCM frames the decoder makes of a clip, with the grid's offset, delay and padding. */
uint64_t mp3a_padded_frame_count(const mp3a_options *options, uint64_t frame_count);

#endif
