/* Lengths of Huffman codes (ISO/IEC 11172-3, 2.4.1.7 and Annex B, table 3-B.7). */
#ifndef MP3A_HUFFMAN_LENGTHS_H
#define MP3A_HUFFMAN_LENGTHS_H

#include <stdint.h>

#include "common/mpeg.h"

enum {
  MP3A_COUNT_PAIRS = MP3A_LINES / 2,
  MP3A_COUNT_KEYS = MP3A_COUNT_PAIRS + 32, /* vectors read past the end */
  MP3A_COUNT_STEP = 32                     /* lines that are packed at once */
};

/* What a region's pairs come to. */
typedef struct {
  int largest; /* value, at most 15; 0 for no pairs */
  /* From 1 to 14: by the tables that it allows, in the standard's order; 15: by
     MP3A_LENGTHS_ESCAPED. */
  unsigned lengths[3];
} mp3a_region_lengths;

enum { MP3A_REGIONS = 3 };

typedef struct mp3a_huffman_lengths_kernels {
  /* keys[i] = the pair of values 2 i and 2 i + 1, each cut off at 15, the first
     in the upper four bits. Does `count` lines rounded up to MP3A_COUNT_STEP. */
  void (*pack)(const int *quantized, int count, uint8_t *keys);
  /* How many of the first `pairs` keys are left when those are dropped from the end that are
     0 (ends[0]), or of which neither value is above 1 (ends[1]). */
  void (*ends)(const uint8_t *keys, int pairs, int ends[2]);
  /* Region i: the pairs from ends[i] up to ends[i + 1]. */
  void (*regions)(const uint8_t *keys, const int ends[MP3A_REGIONS + 1],
                  mp3a_region_lengths found[MP3A_REGIONS]);
  /* Lengths of `pairs` pairs by a row of mp3a_pair_lengths. */
  void (*row)(int row, const uint8_t *keys, int pairs, unsigned lengths[3]);
  /* The largest of `count` values. */
  int (*largest)(const int *quantized, int count);
  /* Lengths of `quads` quadruples of values 0 and 1 by both tables. */
  void (*quads)(const uint8_t *keys, int quads, unsigned lengths[2]);
} mp3a_huffman_lengths_kernels;

void mp3a_huffman_lengths_select(mp3a_huffman_lengths_kernels *kernels, unsigned cpu_flags);

/* The tables for a largest value of 1 to 15: the first, and how many follow it. */
typedef struct {
  uint8_t table, count;
} mp3a_candidates;
extern const mp3a_candidates mp3a_candidate_tables[16];

/* The smallest tables with linbits, from 16 and from 24 on, for a largest value above 15, by the
   number of bits that what is above 15 takes, and one more. */
extern const uint8_t mp3a_escaped_tables[14][2];

/* Code length of a pair by table 1 to 16 or 24 (14 is 16 with its linbit), or 0
   if the table doesn't hold it. */
unsigned mp3a_code_length(int table, int x, int y);

enum { MP3A_LENGTHS_ESCAPED = 16, MP3A_LENGTH_ROWS };

/* Per largest value and key, 16 bits for each candidate's code length. The row
   for values past 15: tables 16 and 24 without linbits, and how many values
   need those. mp3a_huffman_lengths_select() fills it. */
extern uint64_t mp3a_pair_lengths[MP3A_LENGTH_ROWS][256];

/* 288 pairs of at most 21 bits fit into 16 bits. */
static inline void mp3a_sum_lengths(const uint64_t *row, const uint8_t *keys, int pairs,
                                    unsigned lengths[3]) {
  uint64_t even = 0, odd = 0;
  int i = 0;
  for (; i + 2 <= pairs; i += 2) even += row[keys[i]], odd += row[keys[i + 1]];
  if (i < pairs) even += row[keys[i]];
  even += odd;
  lengths[0] = even & 0xffff, lengths[1] = even >> 16 & 0xffff, lengths[2] = even >> 32 & 0xffff;
}

#endif
