/* Ready LAME encoders. Setting one up takes longer than encoding a second of
   speech, so the process keeps a fresh one per setting and hands out copies. */
#ifndef MP3A_LAME_CACHE_H
#define MP3A_LAME_CACHE_H

#include <lame.h>
#include <stdbool.h>
#include <stddef.h>

#include "mp3augment.h"

/* An encoder for these (checked) options that has encoded nothing yet; NULL when
   memory ran out. To be given back. Thread-safe. */
lame_global_flags *mp3a_lame_take(const mp3a_options *options);

/* The rate that LAME codes at with these options: asked once, then known. 0 when memory ran out.
   Thread-safe. */
int32_t mp3a_lame_out_rate(const mp3a_options *options);

/* Gives an encoder back, in whatever state, with the options it was taken for. */
void mp3a_lame_give_back(lame_global_flags *lame, const mp3a_options *options);

/* Makes an encoder that has encoded nothing yet give coded frames (coded_frame.h) in place of
   MP3 data, until it is given back. False with a stock libmp3lame, and with a tag. */
bool mp3a_lame_give_frames(lame_global_flags *lame);

/* mp3a_lame_start_amid() and mp3a_lame_state() of common/seam.h, where there are such: else
   false, and 0. */
bool mp3a_lame_begin_amid(lame_global_flags *lame, uint32_t frame);
size_t mp3a_lame_copy_state(const lame_global_flags *lame, void *state, size_t capacity);

#endif
