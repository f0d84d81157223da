/* What Huffman coding needs of pairs of neighbouring lines. */
#ifndef MP3A_PAIR_KEYS_H
#define MP3A_PAIR_KEYS_H

#include <stdint.h>

#include "common/mpeg.h"

enum { MP3A_PAIR_STEP = 16 };

typedef struct mp3a_pair_keys_kernels {
  /* What Huffman coding needs of each pair of neighbouring lines:
       values  the magnitudes, at most 15, the first in the upper four bits
       signs   how many of the two are not 0, plus 4 times their sign bits
               (1 for a line below zero, the last in the lowest bit).
     `quantized` and `lines` hold MP3A_LINES entries, quantized in 0 … 32767.
     Does `pair_count` rounded up to MP3A_PAIR_STEP. */
  void (*pack)(const int *quantized, const float *lines, int pair_count, uint8_t *values,
               uint8_t *signs);
} mp3a_pair_keys_kernels;

void mp3a_pair_keys_select(mp3a_pair_keys_kernels *kernels, unsigned cpu_flags);

#endif
