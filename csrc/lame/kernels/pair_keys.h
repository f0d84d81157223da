/* Writing a frame's bits (LAME's format_bitstream and copy_buffer): its kernels.
   The entry points keep LAME's names and signatures. */
#ifndef MP3A_BITSTREAM_H
#define MP3A_BITSTREAM_H

#include <stddef.h>
#include <stdint.h>

enum { MP3A_PAIR_STEP = 16, MP3A_LINES = 576 };

typedef struct mp3a_bitstream_kernels {
  /* What Huffman coding needs of each pair of neighbouring lines:
       values  the magnitudes, at most 15, the first in the upper four bits
       signs   how many of the two are not 0, plus 4 times their sign bits
               (1 for a line below zero, the last in the lowest bit).
     `quantized` and `lines` hold MP3A_LINES entries, quantized in 0 … 32767.
     Does `pair_count` rounded up to MP3A_PAIR_STEP. */
  void (*pair_keys)(const int *quantized, const float *lines, int pair_count, uint8_t *values,
                    uint8_t *signs);
} mp3a_bitstream_kernels;

void mp3a_bitstream_select(mp3a_bitstream_kernels *kernels, unsigned cpu_flags);

/* CRC-16 (x^16 + x^15 + x^2 + 1, lowest bit first) of `bytes` continued from
   `crc`: what the LAME tag says of the music. */
uint16_t mp3a_music_crc(uint16_t crc, const uint8_t *bytes, size_t size);

#endif
