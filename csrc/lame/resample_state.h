/* What the sample rate conversion of resample.c carries on. */
#ifndef MP3A_RESAMPLE_STATE_H
#define MP3A_RESAMPLE_STATE_H

enum { MP3A_RESAMPLE_PAST = 33 };

/* The same for both channels, but for their samples. All 0 at the begin. */
typedef struct mp3a_resample_state {
  double lead; /* how far the next output lies before the next sample, in samples; below 0 behind */
  int is_used;
  float past[2][MP3A_RESAMPLE_PAST]; /* the last samples, of which the filter's length counts */
} mp3a_resample_state;

#endif
