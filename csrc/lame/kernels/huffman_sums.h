/* Code lengths of the bands of a granule, and of regions made of them. */
#ifndef MP3A_HUFFMAN_SUMS_H
#define MP3A_HUFFMAN_SUMS_H

#include <stdint.h>

enum { MP3A_SUMMED_TABLES = 16, MP3A_LAST_BIT_SUM = 12, MP3A_LOW_SUM = 14, MP3A_HIGH_SUM = 15 };

/* Lengths by the tables 1, 2, 3, 5 to 16, and 24; modulo 2^16. */
typedef uint16_t mp3a_length_sums[MP3A_SUMMED_TABLES];

/* A region: which of the sums is that of all before it, and which that of its end too; and its
   largest value. */
typedef struct {
  uint8_t begin, end;
  uint16_t largest;
} mp3a_summed_region;

typedef struct mp3a_huffman_sums_kernels {
  /* after = before + the lengths of `pairs` pairs by each table. */
  void (*add)(const mp3a_length_sums before, const uint8_t *keys, int pairs,
              mp3a_length_sums after);
  /* The fewest bits by the tables that LAME tries for each region, where its largest value is at
     most 15. */
  void (*least)(const mp3a_length_sums *sums, const mp3a_summed_region *regions, int count,
                unsigned *bits);
} mp3a_huffman_sums_kernels;

void mp3a_huffman_sums_select(mp3a_huffman_sums_kernels *kernels, unsigned cpu_flags);

/* The place of the table in the sums; of 16 and 24 by MP3A_LOW_SUM and MP3A_HIGH_SUM. */
int mp3a_sum_of_table(int table);

#endif
