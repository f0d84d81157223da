/* What options are valid. */
#ifndef MP3A_OPTIONS_H
#define MP3A_OPTIONS_H

#include "mp3augment.h"

int32_t mp3a_check_options(const mp3a_options *options);

/* How many PCM frames the decoder makes of a clip, with delay and padding. */
uint64_t mp3a_padded_frame_count(const mp3a_options *options, uint64_t frame_count);

#endif
