/* Quantization noise of one scale factor band, at many steps of the quantizer. */
#ifndef MP3A_NOISY_STEPS_H
#define MP3A_NOISY_STEPS_H

#include <stdint.h>

enum {
  MP3A_STEPS_AT_ONCE = 15,
  MP3A_ZEROS = 1 << MP3A_STEPS_AT_ONCE
};

/* What is known of all scale factor bands of a granule, a place each, and some to whole vectors.
   Steps are gains, quarters of an octave, 210 too high. */
enum { MP3A_STEP_PLACES = 48, MP3A_COARSEST_STEP = 255 };

typedef struct mp3a_step_table {
  float allowed[MP3A_STEP_PLACES]; /* noise */
  float count[MP3A_STEP_PLACES];   /* of lines */
  float largest_power[MP3A_STEP_PLACES];
  float roots[MP3A_STEP_PLACES]; /* of the lines' magnitudes: their sum, up to 1/500 more */
  int finest[MP3A_STEP_PLACES];  /* the finest step that no value is too large for */
  int quiet[MP3A_STEP_PLACES];   /* no step up to this one is too noisy */
  int found[MP3A_STEP_PLACES];   /* the step that halving leads to; -1: more must be known */
  /* Steps from quiet - 3 on have a bit each: whether they are known, and whether too noisy. */
  uint64_t known[MP3A_STEP_PLACES], noisy[MP3A_STEP_PLACES];
  int is_open_ended[MP3A_STEP_PLACES]; /* what the last bits say holds for all steps behind */
} mp3a_step_table;

enum { MP3A_STEPS_BEFORE = 4, MP3A_STEP_BITS = 64 };

/* A bit per step, the first one lowest; and MP3A_ZEROS for one so coarse that all values are 0. */
typedef struct mp3a_noisy_steps {
  unsigned noisy; /* the noise is above the allowed */
  unsigned doubt; /* it is so close that the order of additions may decide */
} mp3a_noisy_steps;

/* Two sums of up to 576 floats, in whatever order, differ by less than this part. */
#define MP3A_SUM_ERROR 0x1p-14f

/* All but the first are NULL where they bring nothing: below AVX-512.
   A step's noise is the sum of (|lines[i]| - n^(4/3) width)^2, i < count, with
   n = powers[i] * scale rounded as quantize.h's lines() has it. */
typedef struct mp3a_noisy_steps_kernels {
  /* Sets a place's count, largest_power and roots. */
  void (*band_sums)(const float *lines, const float *powers, int count, mp3a_step_table *table,
                    int place);
  /* Of 15 steps with their scales and widths. No n may be above MP3A_MOST_SMALL. */
  mp3a_noisy_steps (*noisy_steps)(const float *lines, const float *powers, int count,
                                  const float *scales, const float *widths, float allowed);
  /* Of one step, summed in any order. No n may be above MP3A_MOST_SMALL. */
  float (*noise)(const float *lines, const float *powers, int count, float scale, float width);
  /* finest[] and, if wanted, quiet[] of the first `bands` places, as vbr_search.c has them. */
  void (*find_limits)(mp3a_step_table *table, int bands, int has_quiet);
  /* found[], likewise. */
  void (*halve)(mp3a_step_table *table, int bands);
} mp3a_noisy_steps_kernels;

void mp3a_noisy_steps_select(mp3a_noisy_steps_kernels *kernels, unsigned cpu_flags);

#endif
