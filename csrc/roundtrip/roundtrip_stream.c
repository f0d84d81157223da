/* A round trip that is fed piece by piece. */
#include <math.h>
#include <stdlib.h>

#include "common/clip.h"
#include "common/mpeg.h"
#include "common/options.h"
#include "encode/block_encoder.h"
#include "encode/sizes.h"
#include "roundtrip/block_decoder.h"
#include "roundtrip/ring.h"

struct mp3a_roundtrip_stream {
  mp3a_block_encoder encoder;
  mp3a_block_decoder decoder;
  uint64_t taken_count;   /* PCM frames that were put in */
  uint64_t written_count; /* PCM frames that came out */
  bool failed;
  _Alignas(8) unsigned char bytes[MP3A_SLOT_BYTES];
};

static bool keeps_delay(const mp3a_roundtrip_stream *stream) {
  return (stream->encoder.options.flags & MP3A_PRESERVE_DELAY) != 0;
}

mp3a_roundtrip_stream *mp3a_roundtrip_stream_create(const mp3a_options *options, float peak,
                                                    int32_t *status) {
  *status = mp3a_check_options(options);
  if (*status == MP3A_OK && options->pass_count > 1) *status = MP3A_INVALID_OPTION;
  if (*status == MP3A_OK && !(peak >= 0 && peak <= MP3A_MAX_PEAK)) *status = MP3A_INVALID_OPTION;
  if (*status != MP3A_OK) return NULL;
  mp3a_roundtrip_stream *stream = malloc(sizeof *stream);
  mp3a_options without_tag = *options;
  without_tag.flags |= MP3A_NO_TAG;
  *status = stream ? mp3a_block_encoder_open(&stream->encoder, &without_tag) : MP3A_OUT_OF_MEMORY;
  if (*status != MP3A_OK) {
    free(stream);
    return NULL;
  }
  mp3a_block_encoder_give_frames(&stream->encoder);
  mp3a_block_encoder_begin(&stream->encoder, peak);
  stream->taken_count = stream->written_count = 0;
  stream->failed = false;
  *status = mp3a_block_decoder_begin_clip(
      &stream->decoder, options, stream->encoder.coded_rate_hz, stream->encoder.gives_frames,
      mp3a_block_encoder_gain(&stream->encoder, peak));
  if (*status == MP3A_OK) return stream;
  mp3a_block_encoder_close(&stream->encoder);
  free(stream);
  return NULL;
}

void mp3a_roundtrip_stream_destroy(mp3a_roundtrip_stream *stream) {
  if (!stream) return;
  mp3a_block_decoder_end(&stream->decoder);
  mp3a_block_encoder_close(&stream->encoder);
  free(stream);
}

/* Nothing comes out before the input it belongs to has gone in. With the delay
   kept, a frame comes out up to one MP3 frame before, and the end is padded. */
uint32_t mp3a_roundtrip_stream_capacity(const mp3a_roundtrip_stream *stream,
                                        uint32_t frame_count) {
  if (!stream || frame_count > MP3A_MAX_STREAM_FRAMES) return 0;
  const uint64_t held = stream->taken_count - stream->written_count;
  if (!keeps_delay(stream)) return (uint32_t)(held + frame_count);
  const uint64_t from = (uint32_t)stream->encoder.options.sample_rate_hz;
  const uint64_t coded = (uint32_t)stream->encoder.coded_rate_hz;
  return (uint32_t)(held + frame_count + 4 * MP3A_LARGEST_MP3_FRAME * from / coded);
}

/* Encodes what was taken, and at the end all that is held, and decodes that. */
static int32_t run(mp3a_roundtrip_stream *stream, bool at_end) {
  mp3a_block_encoder *encoder = &stream->encoder;
  int32_t status = MP3A_OK;
  while (status == MP3A_OK &&
         (at_end ? !encoder->finished : mp3a_block_encoder_has_input(encoder))) {
    uint32_t byte_size = 0;
    status = mp3a_block_encoder_step(encoder, stream->bytes, MP3A_SLOT_BYTES, &byte_size);
    if (status == MP3A_OK)
      status = mp3a_block_decoder_feed(&stream->decoder, stream->bytes, byte_size);
  }
  return status;
}

static int32_t check_output(const mp3a_roundtrip_stream *stream, uint32_t frame_count,
                            const float *out_left, const float *out_right, uint32_t capacity,
                            const uint32_t *written_count) {
  if (!stream || !written_count) return MP3A_INVALID_AUDIO;
  if (stream->failed) return MP3A_CORRUPT_MP3;
  if (stream->encoder.finished) return MP3A_INVALID_OPTION;
  if (!mp3a_are_channels(&stream->encoder.options, out_left, out_right)) {
    return MP3A_INVALID_AUDIO;
  }
  return capacity >= mp3a_roundtrip_stream_capacity(stream, frame_count) ? MP3A_OK
                                                                         : MP3A_INVALID_AUDIO;
}

int32_t mp3a_roundtrip_stream_write(mp3a_roundtrip_stream *stream, const float *left,
                                    const float *right, uint32_t frame_count, float *out_left,
                                    float *out_right, uint32_t capacity,
                                    uint32_t *written_count) {
  int32_t status =
      check_output(stream, frame_count, out_left, out_right, capacity, written_count);
  if (status != MP3A_OK) return status;
  status = mp3a_check_piece(&stream->encoder.options, stream->encoder.factor, left, right,
                            frame_count);
  if (status != MP3A_OK) return status;
  mp3a_block_encoder_take(&stream->encoder, mp3a_float_source(left, right), frame_count);
  mp3a_block_decoder_give(&stream->decoder, mp3a_float_sink(out_left, out_right), capacity);
  stream->taken_count += frame_count;
  status = run(stream, false);
  stream->failed = status != MP3A_OK;
  *written_count = capacity - stream->decoder.left_count;
  stream->written_count += *written_count;
  return status;
}

/* How many PCM frames are to come out in all. */
static uint64_t total_count(const mp3a_roundtrip_stream *stream) {
  if (!keeps_delay(stream)) return stream->taken_count;
  const mp3a_options *options = &stream->encoder.options;
  return mp3a_padded_frame_count(options, stream->taken_count) - (uint32_t)options->grid_offset;
}

int32_t mp3a_roundtrip_stream_finish(mp3a_roundtrip_stream *stream, float *out_left,
                                     float *out_right, uint32_t capacity,
                                     uint32_t *written_count) {
  int32_t status = check_output(stream, 0, out_left, out_right, capacity, written_count);
  if (status != MP3A_OK) return status;
  *written_count = 0;
  stream->encoder.finished = stream->taken_count == 0;
  if (stream->encoder.finished) return MP3A_OK;
  const uint32_t left_count = (uint32_t)(total_count(stream) - stream->written_count);
  mp3a_block_decoder_give(&stream->decoder, mp3a_float_sink(out_left, out_right), left_count);
  status = run(stream, true);
  stream->encoder.finished = true; /* also where that has failed */
  if (status == MP3A_OK) status = mp3a_block_decoder_finish(&stream->decoder);
  *written_count = left_count - stream->decoder.left_count;
  stream->written_count += *written_count;
  return status;
}
