/* The decoder stage: minimp3, its delay trimmed, into the caller's arrays. One
   thread at a time. */
#ifndef MP3A_BLOCK_DECODER_H
#define MP3A_BLOCK_DECODER_H

#include <stdbool.h>

#include "common/mpeg.h"
#include "common/resampler.h"
#include "common/samples.h"
#include "decode/minimp3_float.h"
#include "mp3augment.h"

typedef struct mp3a_block_decoder {
  mp3dec_t codec;
  int channel_count;
  bool takes_frames;   /* coded frames (coded_frame.h) in place of MP3 data */
  uint32_t skip_count; /* PCM frames still to be dropped at the front */
  uint32_t left_count; /* PCM frames still to be written */
  float gain;          /* what every sample is multiplied by */
  mp3a_resampler *resampler; /* from the coded rate to the output's, or NULL */
  mp3a_sink output;    /* where the next sample goes */
  float pcm[2][MP3A_LARGEST_MP3_FRAME]; /* what is decoded but not wanted as it is */
  uint32_t part_byte_size; /* how much there is yet of an MP3 frame that came in parts */
  unsigned char part[MP3A_LARGEST_MP3_FRAME_BYTES];
} mp3a_block_decoder;

/* Begins a clip, of MP3 data or of coded frames: the first `skip_count` decoded PCM frames are
   dropped, and what is written is multiplied by `gain`. */
void mp3a_block_decoder_begin(mp3a_block_decoder *decoder, int channel_count, bool takes_frames,
                        uint32_t skip_count, float gain);

/* Begins a round trip's clip, coded at `coded_rate_hz`: what its options say is dropped, and
   another rate is converted. OUT_OF_MEMORY; on MP3A_OK mp3a_block_decoder_end() is to be called. */
int32_t mp3a_block_decoder_begin_clip(mp3a_block_decoder *decoder, const mp3a_options *options,
                                      int32_t coded_rate_hz, bool takes_frames, float gain);
void mp3a_block_decoder_end(mp3a_block_decoder *decoder);

/* Where the next `frame_count` PCM frames go. */
void mp3a_block_decoder_give(mp3a_block_decoder *decoder, mp3a_sink output, uint32_t frame_count);

/* All was fed: writes what the conversion of the rate still holds. CORRUPT_MP3 where there is less
   than was wanted: a missing MP3 frame is a fault, not silence. */
int32_t mp3a_block_decoder_finish(mp3a_block_decoder *decoder);

/* Decodes MP3 frames; MP3 data may end within one, coded frames are whole and aligned to 4
   bytes. What comes after the last wanted PCM frame is ignored. */
int32_t mp3a_block_decoder_feed(mp3a_block_decoder *decoder, const unsigned char *bytes,
                          uint32_t byte_size);

#endif
