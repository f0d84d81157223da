/* An encoder that is fed piece by piece. */
#include <stdlib.h>

#include "common/clip.h"
#include "common/mpeg.h"
#include "common/options.h"
#include "encode/block_encoder.h"

struct mp3a_encode_stream {
  mp3a_block_encoder encoder;
  bool failed;    /* LAME has said no, and can't go on */
  bool has_audio; /* of nothing LAME would make a file of silence */
};

mp3a_encode_stream *mp3a_encode_stream_create(const mp3a_options *options, int32_t *status) {
  *status = mp3a_check_options(options);
  if (*status == MP3A_OK && options->pass_count > 1) *status = MP3A_INVALID_OPTION;
  if (*status != MP3A_OK) return NULL;
  mp3a_encode_stream *stream = malloc(sizeof *stream);
  *status = stream ? mp3a_block_encoder_open(&stream->encoder, options) : MP3A_OUT_OF_MEMORY;
  if (*status != MP3A_OK) {
    free(stream);
    return NULL;
  }
  mp3a_block_encoder_begin(&stream->encoder, 1.0f);
  stream->failed = stream->has_audio = false;
  return stream;
}

void mp3a_encode_stream_destroy(mp3a_encode_stream *stream) {
  if (!stream) return;
  mp3a_block_encoder_close(&stream->encoder);
  free(stream);
}

uint32_t mp3a_encode_stream_capacity(const mp3a_encode_stream *stream, uint32_t frame_count) {
  /* What LAME still holds are less than 5 MP3 frames, the lead and what waits for a whole block 3
     each; the tag comes first of all. */
  enum { HELD = 11 };
  if (!stream || frame_count > MP3A_MAX_STREAM_FRAMES) return 0;
  const uint64_t from = (uint32_t)stream->encoder.options.sample_rate_hz;
  const int32_t coded_hz = stream->encoder.coded_rate_hz;
  const uint64_t coded_count = frame_count * (uint64_t)coded_hz / from;
  const uint32_t mp3_frame = mp3a_mp3_frame_size(mp3a_is_mpeg1(coded_hz));
  const uint64_t mp3_frame_count = coded_count / mp3_frame + HELD;
  return (uint32_t)mp3_frame_count * MP3A_LARGEST_MP3_FRAME_BYTES + MP3A_LARGEST_TAG_BYTES;
}

static int32_t check_room(const mp3a_encode_stream *stream, uint32_t frame_count,
                          const uint8_t *bytes, uint32_t capacity, const uint32_t *byte_size) {
  if (!stream || !bytes || !byte_size) return MP3A_INVALID_AUDIO;
  if (stream->failed) return MP3A_OUT_OF_MEMORY;
  if (stream->encoder.finished) return MP3A_INVALID_OPTION;
  const uint32_t needed = mp3a_encode_stream_capacity(stream, frame_count);
  return capacity >= needed ? MP3A_OK : MP3A_INVALID_AUDIO;
}

int32_t mp3a_encode_stream_write(mp3a_encode_stream *stream, const float *left,
                                 const float *right, uint32_t frame_count, uint8_t *bytes,
                                 uint32_t capacity, uint32_t *byte_size) {
  int32_t status = check_room(stream, frame_count, bytes, capacity, byte_size);
  if (status != MP3A_OK) return status;
  mp3a_block_encoder *encoder = &stream->encoder;
  status = mp3a_check_piece(&encoder->options, encoder->factor, left, right, frame_count);
  if (status != MP3A_OK) return status;
  mp3a_block_encoder_take(encoder, mp3a_float_source(left, right), frame_count);
  stream->has_audio = true;
  *byte_size = 0;
  while (mp3a_block_encoder_has_input(encoder)) {
    uint32_t written = 0;
    status =
        mp3a_block_encoder_step(encoder, bytes + *byte_size, capacity - *byte_size, &written);
    stream->failed = status != MP3A_OK;
    if (stream->failed) return status;
    *byte_size += written;
  }
  return MP3A_OK;
}

int32_t mp3a_encode_stream_finish(mp3a_encode_stream *stream, uint8_t *bytes, uint32_t capacity,
                                  uint32_t *byte_size) {
  int32_t status = check_room(stream, 0, bytes, capacity, byte_size);
  if (status != MP3A_OK) return status;
  *byte_size = 0;
  stream->encoder.finished = !stream->has_audio;
  while (status == MP3A_OK && !stream->encoder.finished) {
    uint32_t written = 0;
    status = mp3a_block_encoder_step(&stream->encoder, bytes + *byte_size, capacity - *byte_size,
                                     &written);
    *byte_size += written;
  }
  stream->encoder.finished = true; /* also where that has failed */
  return status;
}

int32_t mp3a_encode_stream_tag(mp3a_encode_stream *stream, uint8_t *bytes, uint32_t capacity,
                               uint32_t *byte_size) {
  if (!stream || !bytes || !byte_size) return MP3A_INVALID_AUDIO;
  if (!stream->encoder.finished) return MP3A_INVALID_OPTION;
  return mp3a_block_encoder_tag(&stream->encoder, bytes, capacity, byte_size);
}
