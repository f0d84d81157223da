/* Quantization noise of one scale factor band, at many steps of the quantizer. */
#ifndef MP3A_NOISY_STEPS_H
#define MP3A_NOISY_STEPS_H

enum {
  MP3A_STEPS_AT_ONCE = 15,
  MP3A_ZEROS = 1 << MP3A_STEPS_AT_ONCE,
  MP3A_MOST_TABLED = 31 /* the largest value that these quantize to */
};

typedef struct mp3a_band_sums {
  float largest_power;
  float roots;  /* at least the sum of the roots of their magnitudes; 1/500 more at most */
} mp3a_band_sums;

/* A bit per step, the first one lowest; and MP3A_ZEROS for one so coarse that all values are 0. */
typedef struct mp3a_noisy_steps {
  unsigned noisy; /* the noise is above the allowed */
  unsigned doubt; /* it is so close that the order of additions may decide */
} mp3a_noisy_steps;

/* Two sums of up to 576 floats, in whatever order, differ by less than this part. */
#define MP3A_SUM_ERROR 0x1p-14f

/* The latter two are NULL where they bring nothing: below AVX-512.
   A step's noise is the sum of (|lines[i]| - n^(4/3) width)^2, i < count, with
   n = powers[i] * scale rounded as quantize.h's lines() has it. */
typedef struct mp3a_noisy_steps_kernels {
  void (*band_sums)(const float *lines, const float *powers, int count, mp3a_band_sums *sums);
  /* Of 15 steps with their scales and widths. No n may be above MP3A_MOST_TABLED. */
  mp3a_noisy_steps (*noisy_steps)(const float *lines, const float *powers, int count,
                                  const float *scales, const float *widths, float allowed);
  /* Of one step, summed in any order. No n may be above MP3A_MOST_TABLED. */
  float (*noise)(const float *lines, const float *powers, int count, float scale, float width);
} mp3a_noisy_steps_kernels;

void mp3a_noisy_steps_select(mp3a_noisy_steps_kernels *kernels, unsigned cpu_flags);

#endif
