/* Code lengths of the bands of a granule, and of regions made of them. */
#ifndef MP3A_HUFFMAN_SUMS_H
#define MP3A_HUFFMAN_SUMS_H

#include <stdint.h>

enum { MP3A_SUMMED_TABLES = 16, MP3A_LAST_BIT_SUM = 12, MP3A_LOW_SUM = 14, MP3A_HIGH_SUM = 15 };

/* Lengths by the tables 1, 2, 3, 5 to 16, and 24; modulo 2^16. */
typedef uint16_t mp3a_length_sums[MP3A_SUMMED_TABLES];

typedef struct mp3a_huffman_sums_kernels {
  /* after = before + the lengths of `pairs` pairs by each table. Returns the largest of their
     values, at most 15. */
  int (*add)(const mp3a_length_sums before, const uint8_t *keys, int pairs,
             mp3a_length_sums after);
  /* The regions between the sum `fixed` and each of `count` next to it, upwards if direction is 1,
     downwards if it is -1: the fewest bits by the tables that LAME tries. Band b, with the value
     largest[b], lies between the sums b and b + 1. */
  void (*grow)(const mp3a_length_sums *sums, const int *largest, int fixed, int direction,
               int count, unsigned *bits);
} mp3a_huffman_sums_kernels;

void mp3a_huffman_sums_select(mp3a_huffman_sums_kernels *kernels, unsigned cpu_flags);

/* The place of the table in the sums; of 16 and 24 by MP3A_LOW_SUM and MP3A_HIGH_SUM. */
int mp3a_sum_of_table(int table);

#endif
