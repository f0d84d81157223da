/* The scale factors of a granule's bands, and the quantizer's steps that follow from them. */
#ifndef MP3A_BAND_FACTORS_H
#define MP3A_BAND_FACTORS_H

#include <stdint.h>

/* All that makes steps of bands, in quarters of an octave. */
typedef struct mp3a_gains {
  int global_gain, shift; /* of factors */
  int has_preemphasis;    /* long blocks only */
  const int *factors;     /* of the bands */
  const int *window;      /* of each band, the number of its */
  const int *window_gain; /* four, in octaves times two */
} mp3a_gains;

/* The steps of the first `count` bands, at most 39, 210 too high. */
void mp3a_find_steps(const mp3a_gains *gains, int count, int *step);

/* The largest of the lower and of the upper factors, and whether all bands have a step finer than
   the global gain alone makes it. */
typedef struct mp3a_factor_limits {
  int lower, upper, are_all_finer;
} mp3a_factor_limits;

/* Of the bands that may have changed or had no values: `zeros` have none but 0 now, `large` may
   have some past MP3A_MOST_SMALL. */
typedef struct mp3a_changed_bands {
  uint64_t changed, zeros, large;
} mp3a_changed_bands;

typedef struct mp3a_band_factors_kernels {
  /* Sets the steps as mp3a_find_steps(). Tells which of `asked` had another, and sets their widths;
     `are_zeros` aren't asked while they are zeros. Those follow from the bands' largest powers and
     the power of 1, which LAME makes of what is 0.5946 of it and more, at least. */
  void (*steps)(const mp3a_gains *gains, int count, uint64_t asked, uint64_t are_zeros,
                const float *largest, float one, int *step, float *width,
                mp3a_changed_bands *bands);
  /* Adds 1 to the factors of the bands whose bits are set. Upper ones begin with `divide`. */
  mp3a_factor_limits (*raise)(int *factors, const int *window, const int *window_gain,
                              uint64_t bands, int divide, int count);
} mp3a_band_factors_kernels;

void mp3a_band_factors_select(mp3a_band_factors_kernels *kernels, unsigned cpu_flags);

#endif
