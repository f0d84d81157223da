/* A clip coded in ranges: encoders that start amid it, and whether two of them go on alike.
   Exported from libmp3lame beside LAME's own API. */
#ifndef MP3A_SEAM_H
#define MP3A_SEAM_H

#include <stddef.h>
#include <stdint.h>

#include <lame.h>

enum {
  /* What mp3a_lame_state() writes at most. */
  MP3A_LAME_STATE_BYTES = 1 << 15,
  /* Zeros that LAME puts before a clip: MP3 frame n begins so many samples before the clip's
     sample n * (samples of an MP3 frame). */
  MP3A_LAME_LEAD = 528
};

/* Lets `lame`, which hands off coded frames, has no bit reservoir and has encoded nothing yet,
   begin with the MP3 frame `frame`: the first sample that it is to be given is `frame` *
   (samples of an MP3 frame) - MP3A_LAME_LEAD. What it makes of the first frames differs from
   what an encoder makes that comes from the clip's beginning; the longer it goes on, the less.
   Returns 0, or -1 where it can't. */
int mp3a_lame_start_amid(lame_global_flags *lame, uint32_t frame);

/* Writes all that the frames to come depend on, beside the settings and the samples to come,
   and returns its size, or 0 if `capacity` is too small. Of two encoders with the same settings
   that have been given the same samples last, equal states mean equal frames from now on. */
size_t mp3a_lame_state(const lame_global_flags *lame, void *state, size_t capacity);

#endif
