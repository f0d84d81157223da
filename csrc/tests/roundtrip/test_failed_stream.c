/* Streams whose encoder or decoder says no, which none does of itself: what then comes. */
#define mp3a_roundtrip_stream_create create_roundtrip
#define mp3a_roundtrip_stream_destroy destroy_roundtrip
#define mp3a_roundtrip_stream_capacity roundtrip_capacity
#define mp3a_roundtrip_stream_write write_roundtrip
#define mp3a_roundtrip_stream_finish finish_roundtrip
#define mp3a_encode_stream_create create_encoding
#define mp3a_encode_stream_destroy destroy_encoding
#define mp3a_encode_stream_capacity encoding_capacity
#define mp3a_encode_stream_write write_encoding
#define mp3a_encode_stream_finish finish_encoding
#define mp3a_encode_stream_tag tag_encoding
#include "encode/block_encoder.h"
#include "roundtrip/block_decoder.h"
#include "tests/check.h"

static int32_t encoder_status, decoder_status;

static int32_t step(mp3a_block_encoder *encoder, unsigned char *bytes, uint32_t capacity,
                    uint32_t *byte_size) {
  const int32_t status = mp3a_block_encoder_step(encoder, bytes, capacity, byte_size);
  return encoder_status != MP3A_OK ? encoder_status : status;
}

static int32_t feed(mp3a_block_decoder *decoder, const unsigned char *bytes, uint32_t byte_size) {
  const int32_t status = mp3a_block_decoder_feed(decoder, bytes, byte_size);
  return decoder_status != MP3A_OK ? decoder_status : status;
}

#define mp3a_block_encoder_step step
#define mp3a_block_decoder_feed feed
#include "encode/encode_stream.c"
#include "roundtrip/roundtrip_stream.c"

enum { COUNT = 5000, ROOM = 60000 };

static const mp3a_options options = {sizeof options, 44100, 96, 7, 1, 0, 0, 0, 0, 0, 0, 0};
static float input[COUNT], output[ROOM];
static uint8_t bytes[ROOM];

/* A stream that has failed once goes on failing, with what it says to that. */
static void check_roundtrip(int32_t *cause, int32_t status) {
  int32_t created;
  uint32_t count;
  mp3a_roundtrip_stream *stream = create_roundtrip(&options, 1, &created);
  CHECK(write_roundtrip(stream, input, NULL, COUNT, output, NULL, ROOM, &count) == MP3A_OK, "fine");
  *cause = status;
  CHECK(write_roundtrip(stream, input, NULL, COUNT, output, NULL, ROOM, &count) == status, "fails");
  *cause = MP3A_OK;
  CHECK(write_roundtrip(stream, input, NULL, COUNT, output, NULL, ROOM, &count) ==
            MP3A_CORRUPT_MP3, "a failed stream takes no more");
  CHECK(finish_roundtrip(stream, output, NULL, ROOM, &count) == MP3A_CORRUPT_MP3, "nor an end");
  destroy_roundtrip(stream);
  stream = create_roundtrip(&options, 1, &created);
  CHECK(write_roundtrip(stream, input, NULL, COUNT, output, NULL, ROOM, &count) == MP3A_OK, "fine");
  *cause = status;
  CHECK(finish_roundtrip(stream, output, NULL, ROOM, &count) == status, "the end fails");
  *cause = MP3A_OK;
  destroy_roundtrip(stream);
}

static void check_encoding(void) {
  int32_t created;
  uint32_t size;
  mp3a_encode_stream *stream = create_encoding(&options, &created);
  CHECK(write_encoding(stream, input, NULL, COUNT, bytes, ROOM, &size) == MP3A_OK, "fine");
  encoder_status = MP3A_INVALID_AUDIO;
  CHECK(write_encoding(stream, input, NULL, COUNT, bytes, ROOM, &size) == MP3A_INVALID_AUDIO,
        "fails");
  encoder_status = MP3A_OK;
  CHECK(write_encoding(stream, input, NULL, COUNT, bytes, ROOM, &size) == MP3A_OUT_OF_MEMORY,
        "a failed stream takes no more");
  CHECK(finish_encoding(stream, bytes, ROOM, &size) == MP3A_OUT_OF_MEMORY, "nor an end");
  destroy_encoding(stream);
}

int main(void) {
  RUN(check_roundtrip(&encoder_status, MP3A_OUT_OF_MEMORY));
  RUN(check_roundtrip(&decoder_status, MP3A_INVALID_AUDIO));
  RUN(check_encoding());
  return check_finish();
}
