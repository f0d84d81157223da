/* Window and fast Hartley transform of the psychoacoustic model. */
#ifndef MP3A_FHT_KERNELS_H
#define MP3A_FHT_KERNELS_H

enum { MP3A_FHT_LONG = 1024, MP3A_FHT_SHORT = 256 };

typedef struct mp3a_fht_kernels {
  /* spectrum = transform of samples[i] * window[i], i < size; `size` is
     MP3A_FHT_LONG or MP3A_FHT_SHORT. */
  void (*windowed_fht)(const float *samples, const float *window, float *spectrum, int size);
} mp3a_fht_kernels;

void mp3a_fht_select(mp3a_fht_kernels *kernels, unsigned cpu_flags);

#endif
