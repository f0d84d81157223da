/* LAME's sample rate conversion: it takes the place of fill_buffer() in util.c. */
#ifndef MP3A_LAME_RESAMPLE_H
#define MP3A_LAME_RESAMPLE_H

#include "lame/internals.h"

enum { MP3A_RESAMPLE_PAST = 33 };

/* What an encoder carries on: the same for both channels, but for their samples. All 0 at the
   begin. */
typedef struct mp3a_resample_state {
  double lead; /* how far the next output lies before the next sample, in samples; below 0 behind */
  int is_used;
  float past[2][MP3A_RESAMPLE_PAST]; /* the last samples, of which the filter's length counts */
} mp3a_resample_state;

#endif
