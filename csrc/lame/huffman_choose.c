/* Which code tables are the best for a region, from the lengths by all that can be. */
#include "lame/huffman_choose.h"

#include "lame/internals.h"
#include "lame/kernels/kernels.h"

static int choose_escaped(int largest, const unsigned lengths[3], int *bits) {
  const uint8_t *tables = mp3a_escaped_tables[32 - __builtin_clz((unsigned)largest - 15)];
  int const low = tables[0], high = tables[1];
  unsigned const low_bits = lengths[0] + lengths[2] * ht[low].xlen;
  unsigned const high_bits = lengths[1] + lengths[2] * ht[high].xlen;
  *bits += (int)(low_bits > high_bits ? high_bits : low_bits);
  return low_bits > high_bits ? high : low;
}

int mp3a_choose_by_lengths(int largest, const unsigned lengths[3], int *bits) {
  if (largest > IXMAX_VAL) return *bits = LARGE_BITS, -1;
  if (largest > 15) return choose_escaped(largest, lengths, bits);
  int best = 0;
  for (int i = 1; i < mp3a_candidate_tables[largest].count; i++)
    if (lengths[i] < lengths[best]) best = i;
  *bits += (int)lengths[best];
  return mp3a_candidate_tables[largest].table + best;
}

void mp3a_choose_tables(const int *quantized, const uint8_t *keys,
                        const int ends[MP3A_REGIONS + 1], int tables[MP3A_REGIONS], int *bits) {
  mp3a_region_lengths found[MP3A_REGIONS];
  mp3a_kernels()->huffman.regions(keys, ends, found);
  for (int r = 0; r < MP3A_REGIONS; r++) {
    int const pairs = ends[r + 1] - ends[r];
    int largest = found[r].largest;
    if (pairs <= 0) continue;
    if (largest == 15) {
      largest = mp3a_kernels()->huffman.largest(quantized + 2 * ends[r], 2 * pairs);
      if (largest == 15)
        mp3a_kernels()->huffman.row(15, keys + ends[r], pairs, found[r].lengths);
    }
    tables[r] = largest ? mp3a_choose_by_lengths(largest, found[r].lengths, bits) : 0;
  }
}

int mp3a_choose_quad_table(const uint8_t *keys, int quads, int *bits) {
  unsigned lengths[2];
  mp3a_kernels()->huffman.quads(keys, quads, lengths);
  int const best = lengths[0] > lengths[1];
  *bits = (int)lengths[best];
  return best;
}
