/* Choosing among the standard's code tables, as LAME does. */
#ifndef MP3A_HUFFMAN_CHOOSE_H
#define MP3A_HUFFMAN_CHOOSE_H

#include "lame/kernels/huffman_lengths.h"

/* The best tables for the regions, the pairs from ends[i] up to ends[i + 1], and their bits, which
   are added to *bits. `quantized` is what was packed. The table of a region without pairs stays. */
void mp3a_choose_tables(const int *quantized, const uint8_t *keys,
                        const int ends[MP3A_REGIONS + 1], int tables[MP3A_REGIONS], int *bits);

/* The same from sums of code lengths, for the largest value that they hold (more
   than 0): those by mp3a_candidate_tables[largest], or, past 15, by table 16, by table
   24 (both without linbits) and how many values are 15 and more. */
int mp3a_choose_by_lengths(int largest, const unsigned lengths[3], int *bits);

/* LAME's choice between the two tables for quadruples: returns 1 for the second. */
int mp3a_choose_quad_table(const uint8_t *keys, int quads, int *bits);

#endif
