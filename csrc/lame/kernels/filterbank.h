/* The polyphase analysis filterbank (ISO/IEC 11172-3, C.1.3). */
#ifndef MP3A_FILTERBANK_KERNELS_H
#define MP3A_FILTERBANK_KERNELS_H

#include "common/mpeg.h"

enum { MP3A_WINDOW_BLOCKS = 16 }; /* the window's 512 samples in blocks of 32 */

/* Samples that `slots` slots are computed from. */
#define MP3A_FILTERBANK_SAMPLES(slots) (MP3A_SUBBANDS * ((slots) + MP3A_WINDOW_BLOCKS - 1))

typedef struct mp3a_filterbank_kernels {
  /* Splits 1 or 2 granules into subbands[slot][band], lowest band first. Slots
     of even number are multiplied by gain[0][band], odd ones by gain[1][band]. */
  void (*analyse)(const float *samples, int granules,
                  const float gain[2][MP3A_SUBBANDS],
                  float (*subbands)[MP3A_SUBBANDS]);
} mp3a_filterbank_kernels;

void mp3a_filterbank_select(mp3a_filterbank_kernels *kernels, unsigned cpu_flags);

#endif
