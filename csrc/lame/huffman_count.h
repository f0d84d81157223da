/* The bits of a granule's quantized values. */
#ifndef MP3A_HUFFMAN_COUNT_H
#define MP3A_HUFFMAN_COUNT_H

#include <stdint.h>

#include "lame/internals.h"

/* As noquant_count_bits() of values that are packed already, the first `pairs` pairs;
   with use_best_huffman below 2. */
int mp3a_count_keys(lame_internal_flags const *gfc, gr_info *granule, const uint8_t *keys,
                    int pairs);

#endif
