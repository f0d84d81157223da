/* What follows from options and the rate that LAME codes at: sizes. */
#ifndef MP3A_SIZES_H
#define MP3A_SIZES_H

#include <stdbool.h>

#include "mp3augment.h"

/* Whether LAME converts the sample rate, of checked options. */
bool mp3a_resamples(const mp3a_options *options);

/* How many PCM frames come out of the decoder for a clip in all, with the grid's offset, delay
   and padding, at the input's rate. */
uint64_t mp3a_padded_frame_count(const mp3a_options *options, uint64_t frame_count);

#endif
