/* One clip of audio, and the checks that every call makes before it touches one. */
#ifndef MP3A_CLIP_H
#define MP3A_CLIP_H

#include <stdatomic.h>
#include <stdbool.h>

#include "common/samples.h"
#include "mp3augment.h"

typedef struct mp3a_clip {
  mp3a_options options; /* checked by mp3a_check_clip() */
  mp3a_source input;
  mp3a_sink output;
  uint32_t frame_count;         /* of the input */
  const atomic_bool *cancelled; /* looked at before each block; NULL: never */
} mp3a_clip;

/* Whether the owner of the work wants no more of it. `cancelled` may be NULL. */
static inline bool mp3a_is_cancelled(const atomic_bool *cancelled) {
  return cancelled && atomic_load_explicit(cancelled, memory_order_relaxed);
}

/* Whether options and size are valid. */
int32_t mp3a_check_form(const mp3a_options *options, uint32_t frame_count);

/* The same with the input's pointers, without looking at samples or outputs. */
int32_t mp3a_check_clip(const mp3a_options *options, const float *left, const float *right,
                        uint32_t frame_count);

/* Whether a piece of audio, which is multiplied by `factor`, may go into a stream. */
int32_t mp3a_check_piece(const mp3a_options *options, float factor, const float *left,
                         const float *right, uint32_t frame_count);

/* Whether there is a usable pointer for each channel and for no other. */
bool mp3a_are_channels(const mp3a_options *options, const float *left, const float *right);

/* NULL counts as misaligned. */
bool mp3a_is_float_pointer(const float *pointer);
bool mp3a_is_pcm16_pointer(const int16_t *pointer);

#endif
