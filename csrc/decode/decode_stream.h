/* A decoder that is fed MP3 data piece by piece, and one call for all of it. */
#ifndef MP3A_DECODE_STREAM_H
#define MP3A_DECODE_STREAM_H

#include <stdatomic.h>
#include <stdbool.h>

#include "mp3augment.h"

/* Decodes a file of which `info` is known, into arrays of `capacity` PCM frames.
   `cancelled`: looked at now and then; NULL: never. */
int32_t mp3a_decode_all(const uint8_t *bytes, uint32_t byte_size, bool is_gapless,
                        const mp3a_mp3_info *info, float *const planes[2], uint32_t capacity,
                        const atomic_bool *cancelled, uint32_t *written_count);

#endif
