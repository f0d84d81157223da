/* A frame's bits: format_bitstream(), flush_bitstream() and copy_buffer() keep LAME's names
   and signatures. */
#ifndef MP3A_BITSTREAM_H
#define MP3A_BITSTREAM_H

#include <stddef.h>
#include <stdint.h>

#include "lame/internals.h"

/* CRC-16 (x^16 + x^15 + x^2 + 1, lowest bit first) of `bytes` continued from
   `crc`: what the LAME tag says of the music. */
uint16_t mp3a_music_crc(uint16_t crc, const uint8_t *bytes, size_t size);

#endif
