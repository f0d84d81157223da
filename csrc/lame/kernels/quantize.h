/* Quantization of a granule's lines. */
#ifndef MP3A_QUANTIZE_KERNELS_H
#define MP3A_QUANTIZE_KERNELS_H

#include <stdint.h>

#include "common/mpeg.h"

enum { MP3A_MOST_BANDS = 48 }; /* whole vectors */

/* Where scale factor bands begin, the last one's end too, and which band each line is in. */
typedef struct mp3a_band_layout {
  int begin[MP3A_MOST_BANDS + 1];
  uint8_t band_of[MP3A_LINES];
} mp3a_band_layout;

/* Scale factor bands whose noise may be asked for: their lines, and the widths of the quantizer's
   steps. Of all lines the band, and a step that is a number for each band that lies between. */
typedef struct mp3a_noise_bands {
  int begin[MP3A_MOST_BANDS], count[MP3A_MOST_BANDS];
  float step[MP3A_MOST_BANDS];
  uint8_t band_of[MP3A_LINES];
} mp3a_noise_bands;

/* What bands have of noise, 1 / what they are allowed, and the product; 0 past the last. */
typedef struct mp3a_band_noises {
  float noise[MP3A_MOST_BANDS], inverse[MP3A_MOST_BANDS], ratio[MP3A_MOST_BANDS];
} mp3a_band_noises;

/* Of the logarithms above 0, how many there are and the sum of the squares of their tenths, 1 at
   least each. */
typedef struct mp3a_noise_sums {
  int over_count, over_squares;
  float most_logarithm; /* from -20 on; 1 if one is above 0 */
  float most_ratio;     /* from 0 on */
} mp3a_noise_sums;

typedef struct mp3a_quantize_kernels {
  /* quantized[i] = powers[i] * scale rounded, for a reconstruction by the power
     4/3, to the nearer value; i < count. Products must be at most IXMAX_VAL. */
  void (*lines)(const float *powers, float scale, int count, int *quantized);
  /* The same; and returns the end of the last line whose product is so near to 0.5946 that LAME
     may round it up where it expects zeros and ones alone, or 0. */
  int (*lines_in_doubt)(const float *powers, float scale, int count, int *quantized);
  /* quantized[i] = 0 where powers[i] < limit, i < count. */
  void (*drop_small)(const float *powers, float limit, int count, int *quantized);
  /* The same where is_marked[i] is -1, not 0. */
  void (*drop_marked)(const float *powers, float limit, const int *is_marked, int count,
                      int *quantized);
  /* noises[b] = the sum of (|lines[k]| - quantized[k]^(4/3) * step[b])^2 over the lines k of band
     b, in their order, for each bit of `chosen`. Bands are in order and don't overlap; of lines
     and quantized there are MP3A_LINES. */
  void (*noises)(const float *lines, const int *quantized, const mp3a_noise_bands *bands,
                 uint64_t chosen, float *noises);
  /* powers[i] *= factor in the bands whose bits are set, and largest[band] *= factor; of powers
     there are MP3A_LINES. Returns the largest of theirs, or of all. */
  float (*amplify)(float *powers, const mp3a_band_layout *layout, uint64_t bands, float factor,
                   float largest[MP3A_MOST_BANDS]);
  /* One bit for each of the ratios, less than 64, that isn't below `limit`. */
  uint64_t (*at_least)(const float ratios[MP3A_MOST_BANDS], float limit, int count);
  /* Sets the ratios of `count` bands, and what their logarithms, by LAME's fast_log2(), come to. */
  void (*ratios)(mp3a_band_noises *bands, int count, mp3a_noise_sums *sums);
  /* The sum of (|lines[i]| - n^(4/3) * step)^2, i < count, with n as lines() has
     it of powers and scale: eight sums, of every eighth line, added up. */
  float (*noise)(const float *lines, const float *powers, float scale, float step, int count);
} mp3a_quantize_kernels;

void mp3a_quantize_select(mp3a_quantize_kernels *kernels, unsigned cpu_flags);

#endif
