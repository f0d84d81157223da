/* One clip through both stages, on as many threads as are idle. */
#ifndef MP3A_PIPELINE_H
#define MP3A_PIPELINE_H

#include <stdatomic.h>
#include <stdbool.h>

#include "mp3augment.h"

typedef struct mp3a_clip {
  mp3a_options options; /* checked by mp3a_check_clip() */
  const float *input[2];
  float *output[2];
  const int16_t *pcm16_input; /* or 16-bit samples instead: both of these */
  int16_t *pcm16_output;
  uint32_t frame_count;
  const atomic_bool *cancelled; /* looked at before each block; NULL: never */
} mp3a_clip;

/* Whether its owner wants no more of it. */
static inline bool mp3a_is_cancelled(const mp3a_clip *clip) {
  return clip->cancelled && atomic_load_explicit(clip->cancelled, memory_order_relaxed);
}

/* Whether options and size are valid. */
int32_t mp3a_check_form(const mp3a_options *options, uint32_t frame_count);

/* The same with the input's pointers, without looking at samples or outputs. */
int32_t mp3a_check_clip(const mp3a_options *options, const float *left, const float *right,
                        uint32_t frame_count);

/* NULL counts as misaligned. */
bool mp3a_is_float_pointer(const float *pointer);

/* Whether there is a usable pointer for each channel and for no other. */
bool mp3a_are_channels(const mp3a_options *options, const float *left, const float *right);

/* Runs the clip; blocks until all is done. */
int32_t mp3a_pipeline_run(const mp3a_clip *clip, mp3a_stats *stats);

#endif
