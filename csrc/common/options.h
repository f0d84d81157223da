/* What options are valid. */
#ifndef MP3A_OPTIONS_H
#define MP3A_OPTIONS_H

#include "mp3augment.h"

int32_t mp3a_check_options(const mp3a_options *options);

/* MP3A_THREADS() of the flags, or 0. */
static inline uint32_t mp3a_thread_limit_of(const mp3a_options *options) {
  return options->flags >> 8 & 255;
}

/* How many PCM frames the decoder makes of a clip, with delay and padding. */
uint64_t mp3a_padded_frame_count(const mp3a_options *options, uint64_t frame_count);

#endif
