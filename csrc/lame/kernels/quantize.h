/* Quantization of a granule's lines. */
#ifndef MP3A_QUANTIZE_KERNELS_H
#define MP3A_QUANTIZE_KERNELS_H

#include <stdint.h>

#include "common/mpeg.h"
#include "lame/kernels/huffman_lengths.h"

enum { MP3A_MOST_BANDS = 48 }; /* whole vectors */

/* The smallest x of which LAME makes n + 1; it makes n, or less, of what is below (found by trying
   every float). It follows from adj43asm[n + 1], which is rounded so clearly that no libm makes it
   another. */
enum { MP3A_MOST_SMALL = 31 };
extern const float mp3a_smallest_above[MP3A_MOST_SMALL + 1];

/* Where scale factor bands begin, the last one's end too, and the bit of each line's band, 0 past
   the first 32 of them. */
typedef struct mp3a_band_layout {
  int begin[MP3A_MOST_BANDS + 1];
  uint32_t bit_of[MP3A_LINES];
  uint32_t blocks_of[MP3A_MOST_BANDS]; /* which blocks of MP3A_COUNT_STEP lines a band touches */
} mp3a_band_layout;

/* Scale factor bands whose noise may be asked for: where they begin, how many lines count, and the
   widths of the quantizer's steps. */
typedef struct mp3a_noise_bands {
  const int *begin;
  int count[MP3A_MOST_BANDS];
  float step[MP3A_MOST_BANDS];
} mp3a_noise_bands;

/* What bands have of noise, 1 / what they are allowed, and the product; 0 past the last. */
typedef struct mp3a_band_noises {
  float noise[MP3A_MOST_BANDS], inverse[MP3A_MOST_BANDS], ratio[MP3A_MOST_BANDS];
} mp3a_band_noises;

/* By what part of itself near noise may be another: 576 terms, each addition rounded, in two
   orders. */
#define MP3A_NEAR_NOISE 4e-5f

/* Of the logarithms above 0, how many there are and the sum of the squares of their tenths, 1 at
   least each. */
typedef struct mp3a_noise_sums {
  int over_count, over_squares;
  float most_ratio;  /* from 0 on */
  uint64_t doubtful; /* bands that may make all this different if their noise is near only */
} mp3a_noise_sums;

typedef struct mp3a_quantize_kernels {
  /* quantized[i] = powers[i] * scale rounded, for a reconstruction by the power
     4/3, to the nearer value; i < count. Products must be at most IXMAX_VAL. */
  void (*lines)(const float *powers, float scale, int count, int *quantized);
  /* The same of a multiple of MP3A_COUNT_STEP lines; and returns the end of the last line whose
     product is so near to 0.5946 that LAME may round it up where it expects zeros and ones alone,
     or 0. */
  int (*lines_in_doubt)(const float *powers, float scale, int count, int *quantized);
  /* quantized[i] = 0 where powers[i] < limit, i < count. */
  void (*drop_small)(const float *powers, float limit, int count, int *quantized);
  /* The same of a multiple of MP3A_COUNT_STEP lines, where marks[i] and `wanted` have a bit in
     common. */
  void (*drop_marked)(const float *powers, float limit, const uint32_t *marks, uint32_t wanted,
                      int count, int *quantized);
  /* noises[b] = the sum of (|lines[k]| - quantized[k]^(4/3) * step[b])^2 over the lines k of band
     b, in their order, for each bit of `chosen`. Bands are in order and don't overlap; of lines
     and quantized there are MP3A_LINES, and of squares, which are room for the terms. */
  void (*noises)(const float *lines, const int *quantized, const mp3a_noise_bands *bands,
                 uint64_t chosen, float *squares, float *noises);
  /* The same or near it, the terms of a band in any order: squares[k] are they. Bands that aren't
     `large` have no values past 31. Null where it would be no faster. */
  void (*near_noises)(const float *lines, const int *quantized, const mp3a_noise_bands *bands,
                      uint64_t chosen, uint64_t large, float *squares, float *noises);
  /* largest[b] = the largest of the powers, from 0 on, of band b < bands. */
  void (*largest_powers)(const float *powers, const mp3a_band_layout *layout, int bands,
                         float *largest);
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

/* noises[b] = the sum of the squares of the lines of band b, in their order. */
void mp3a_sum_squares(const float *squares, const mp3a_noise_bands *bands, uint64_t chosen,
                      float *noises);

void mp3a_quantize_select(mp3a_quantize_kernels *kernels, unsigned cpu_flags);

#endif
