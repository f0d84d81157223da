/* What all streams have in common. */
#ifndef MP3A_STREAM_H
#define MP3A_STREAM_H

#include "encode/block_encoder.h"

/* Whether a piece of audio may go into a stream. */
int32_t mp3a_check_piece(const mp3a_encoder *encoder, const float *left, const float *right,
                         uint32_t frame_count);

#endif
