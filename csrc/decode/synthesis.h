/* The decoder's two transforms, from frequency lines to samples: the inverse
   MDCT of the subbands and the polyphase synthesis (ISO/IEC 11172-3, 2.4.3.4).
   Results are minimp3's, bit for bit, where it uses SIMD (x86-64 and arm64). */
#ifndef MP3A_SYNTHESIS_H
#define MP3A_SYNTHESIS_H

#include "common/mpeg.h"

/* Slots before a granule that its samples depend on. */
enum { MP3A_SYNTHESIS_HISTORY = 15 };

/* What a channel keeps from one granule to the next; zeros at first. */
typedef float mp3a_imdct_overlap[9][MP3A_SUBBANDS];
typedef float mp3a_synthesis_history[MP3A_SUBBANDS][MP3A_SYNTHESIS_HISTORY];

typedef struct mp3a_synthesis_kernels {
  /* lines[18 * band + line] become lines[18 * band + slot], in all bands; every
     other slot of the odd bands has changed its sign. */
  void (*imdct_long)(float *lines, mp3a_imdct_overlap overlap, int is_stop_type);
  void (*imdct_short)(float *lines, mp3a_imdct_overlap overlap);
  /* 576 samples, 1.0 being full scale, from lines[18 * band + slot]. */
  void (*synthesize)(const float *lines, mp3a_synthesis_history history, float *samples);
} mp3a_synthesis_kernels;

void mp3a_synthesis_select(mp3a_synthesis_kernels *kernels, unsigned cpu_flags);

/* Mixed blocks, of which there are hardly any: `long_bands` long ones, then
   short ones. One version for all machines. */
void mp3a_imdct_mixed(float *lines, mp3a_imdct_overlap overlap, int long_bands, int is_stop_type,
                      int is_short);

#endif
