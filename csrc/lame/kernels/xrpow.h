/* The power law before quantization (ISO/IEC 11172-3, 2.4.3.4 turned round). */
#ifndef MP3A_XRPOW_KERNELS_H
#define MP3A_XRPOW_KERNELS_H

typedef struct mp3a_xrpow_kernels {
  /* powers[i] = |lines[i]|^(3/4), i < count. Returns the largest of them and
     `largest`. A NaN is never the largest. */
  float (*raise)(const float *lines, int count, float *powers, float largest);
} mp3a_xrpow_kernels;

void mp3a_xrpow_select(mp3a_xrpow_kernels *kernels, unsigned cpu_flags);

#endif
