/* Counting the bits of Huffman-coded lines (ISO/IEC 11172-3, 2.4.1.7 and
   Annex B, table 3-B.7) and choosing the code tables. */
#ifndef MP3A_HUFFMAN_COUNT_KERNELS_H
#define MP3A_HUFFMAN_COUNT_KERNELS_H

#include <stdint.h>

enum {
  MP3A_COUNT_PAIRS = 288,
  MP3A_COUNT_KEYS = MP3A_COUNT_PAIRS + 32, /* vectors read past the end */
  MP3A_COUNT_STEP = 32                     /* lines that are packed at once */
};

typedef struct mp3a_huffman_count_kernels {
  /* keys[i] = the pair of values 2 i and 2 i + 1, each cut off at 15, the first
     in the upper four bits. Does `count` lines rounded up to MP3A_COUNT_STEP. */
  void (*pack)(const int *quantized, int count, uint8_t *keys);
  /* The largest value in `pairs` pairs, at least one. When it is 1 to 14, also
     the lengths by the tables that it allows, in the standard's order. */
  int (*region)(const uint8_t *keys, int pairs, unsigned lengths[3]);
  /* Lengths of `quads` quadruples of values 0 and 1 by both tables. */
  void (*quads)(const uint8_t *keys, int quads, unsigned lengths[2]);
} mp3a_huffman_count_kernels;

void mp3a_huffman_count_select(mp3a_huffman_count_kernels *kernels, unsigned cpu_flags);

/* The best table for the pairs from `begin` up to `end`, which must be further,
   and its bits, which are added to *bits. `quantized` is what was packed. */
int mp3a_choose_table(const int *quantized, const uint8_t *keys, int begin, int end, int *bits);

/* The same from sums of code lengths, for the largest value that they hold (more
   than 0): those by mp3a_candidate_tables[largest], or, past 15, by table 16, by table
   24 (both without linbits) and how many values are 15 and more. */
int mp3a_choose_by_lengths(int largest, const unsigned lengths[3], int *bits);

/* The tables for a largest value of 1 to 15: the first, and how many follow it. */
typedef struct {
  uint8_t table, count;
} mp3a_candidates;
extern const mp3a_candidates mp3a_candidate_tables[16];

/* Code length of a pair by table 1 to 16 or 24 (14 is 16 with its linbit), or 0
   if the table doesn't hold it. */
unsigned mp3a_code_length(int table, int x, int y);

/* Makes the tables of huffman_divide.c; mp3a_huffman_count_select() does it. */
void mp3a_huffman_divide_init(void);

/* LAME's choice between the two tables for quadruples: returns 1 for the second. */
int mp3a_choose_quad_table(const uint8_t *keys, int quads, int *bits);

#endif
