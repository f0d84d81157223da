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

/* mp3a_max_grid_offset() at a coded rate. */
int32_t mp3a_max_grid_offset_at(int32_t sample_rate_hz, int32_t coded_rate_hz);

#endif
