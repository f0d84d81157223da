/* Encoding at once, on the pool and piece by piece: LAME's bytes. Round trips piece
   by piece: the samples of one call. */
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "mp3augment.h"
#include "tests/check.h"
#include "tests/encode_at_once.h"
#include "tests/signals.h"

enum { FRAMES = 50000, CAPACITY = 600000 };

static const mp3a_options modes[] = {
    {sizeof *modes, 44100, 128, 7, 2, 0, MP3A_CBR, 0, 0},
    {sizeof *modes, 44100, 128, 5, 2, MP3A_BIT_RESERVOIR | MP3A_JOINT_STEREO, MP3A_CBR, 0, 0},
    {sizeof *modes, 48000, 320, 9, 1, MP3A_NO_TAG, MP3A_CBR, 0, 0},
    {sizeof *modes, 32000, 320, 7, 2, MP3A_BIT_RESERVOIR, MP3A_CBR, 0, 0},
    {sizeof *modes, 8000, 8, 7, 1, 0, MP3A_CBR, 0, 0},
    {sizeof *modes, 8000, 64, 7, 2, MP3A_BIT_RESERVOIR, MP3A_CBR, 0, 0},
    {sizeof *modes, 22050, 40, 7, 2, MP3A_BIT_RESERVOIR | MP3A_JOINT_STEREO, MP3A_ABR, 0, 0},
    {sizeof *modes, 44100, 0, 7, 2, MP3A_BIT_RESERVOIR | MP3A_JOINT_STEREO, MP3A_VBR, 4.5f, 0},
    {sizeof *modes, 16000, 0, 3, 1, 0, MP3A_VBR, 0, 5000},
    {sizeof *modes, 11025, 0, 7, 2, MP3A_BIT_RESERVOIR, MP3A_VBR, 0, MP3A_LOWPASS_OFF},
    {sizeof *modes, 44100, 24, 7, 2, 0, MP3A_CBR, 0, 0, 22050},
    {sizeof *modes, 44100, 32, 3, 2, MP3A_BIT_RESERVOIR | MP3A_JOINT_STEREO, MP3A_CBR, 0, 0, -1},
    {sizeof *modes, 48000, 8, 7, 1, 0, MP3A_CBR, 0, 0, 8000},
    {sizeof *modes, 8000, 320, 7, 2, MP3A_BIT_RESERVOIR, MP3A_CBR, 0, 0, 48000},
    {sizeof *modes, 11025, 0, 7, 1, 0, MP3A_VBR, 2, 0, 32000},
    {sizeof *modes, 48000, 0, 7, 2, MP3A_BIT_RESERVOIR, MP3A_VBR, 8.2f, 0, -1},
};
enum { MODE_COUNT = sizeof modes / sizeof *modes };

static float *input[2], *output[2], *expected[2];
static uint8_t *bytes;

static const float *right_of(const mp3a_options *o) {
  return o->channel_count == 2 ? input[1] : NULL;
}

/* A piece of at most `left` PCM frames: mostly small, sometimes the largest. */
static uint32_t piece_of(uint32_t left) {
  const uint32_t wanted = 1 + check_random() % (check_random() % 3 ? 3000 : 65536);
  return wanted < left ? wanted : left;
}

static uint32_t encode_in_pieces(const mp3a_options *o, uint32_t count) {
  int32_t status;
  uint32_t total = 0, written = 0;
  mp3a_encode_stream *stream = mp3a_encode_stream_create(o, &status);
  CHECK(stream && status == MP3A_OK, "create: %d", status);
  for (uint32_t at = 0, piece; at < count; at += piece) {
    piece = piece_of(count - at);
    status = mp3a_encode_stream_write(stream, input[0] + at, right_of(o) ? input[1] + at : NULL,
                                      piece, bytes + total, CAPACITY - total, &written);
    CHECK(status == MP3A_OK, "write: %d", status);
    CHECK(written <= mp3a_encode_stream_capacity(stream, piece), "%u bytes for %u", written, piece);
    total += written;
  }
  CHECK(mp3a_encode_stream_finish(stream, bytes + total, CAPACITY - total, &written) == MP3A_OK,
        "finish");
  CHECK(written <= mp3a_encode_stream_capacity(stream, 0), "%u bytes at the end", written);
  total += written;
  CHECK(mp3a_encode_stream_tag(stream, bytes, CAPACITY, &written) == MP3A_OK, "tag");
  CHECK(!(o->flags & MP3A_NO_TAG) || written == 0, "%u bytes of a tag", written);
  CHECK(mp3a_encode_stream_finish(stream, bytes, CAPACITY, &written) == MP3A_INVALID_OPTION, "2");
  mp3a_encode_stream_destroy(stream);
  return total;
}

static uint32_t encode_as_job(const mp3a_options *o, uint32_t count) {
  int32_t status;
  mp3a_queue *queue = mp3a_queue_create(NULL);
  mp3a_job *job = mp3a_encode_job_start(queue, o, input[0], right_of(o), count, 5, &status);
  CHECK(job && mp3a_queue_wait(queue) == 5, "job: %d", status);
  const uint32_t byte_size = mp3a_encode_job_byte_size(job);
  CHECK(mp3a_roundtrip_job_end(job, output[0], NULL, FRAMES, NULL) == MP3A_INVALID_AUDIO,
        "not a round trip");
  CHECK(mp3a_encode_job_end(job, bytes, byte_size - 1) == MP3A_INVALID_AUDIO, "room");
  CHECK(mp3a_encode_job_end(job, bytes, byte_size) == MP3A_OK, "job end");
  mp3a_queue_destroy(queue);
  return byte_size;
}

static void check_encoding(const mp3a_options *o, uint32_t count) {
  int byte_size;
  uint32_t written = 0;
  unsigned char *wanted = encode_at_once(o, input[0], right_of(o), count, &byte_size);
  const uint32_t bound = mp3a_max_encoded_byte_size(o, count);
  CHECK((uint32_t)byte_size <= bound && bound <= CAPACITY, "%d bytes, at most %u", byte_size,
        bound);
  if (o->rate_control == MP3A_CBR) { /* the tag, an MP3 frame of a conversion, and paddings */
    const uint32_t most = (uint32_t)byte_size + 2880 + 1441 + count / 576 + 5;
    CHECK(bound <= most, "%d bytes, at most %u", byte_size, bound);
  }
  const int32_t status = mp3a_encode(o, input[0], right_of(o), count, bytes, bound, &written);
  CHECK(status == MP3A_OK && written == (uint32_t)byte_size, "%u bytes, not %d", written,
        byte_size);
  CHECK(memcmp(bytes, wanted, written) == 0, "%d Hz: the bytes differ", o->sample_rate_hz);
  CHECK(mp3a_encode(o, input[0], right_of(o), count, bytes, bound - 1, &written) ==
            MP3A_INVALID_AUDIO, "room");
  for (int i = 0; i < 2; i++) {
    memset(bytes, 0xff, CAPACITY);
    written = i ? encode_as_job(o, count) : encode_in_pieces(o, count);
    CHECK(written == (uint32_t)byte_size, "%u bytes, not %d", written, byte_size);
    CHECK(memcmp(bytes, wanted, written) == 0, "%s: the bytes differ", i ? "job" : "pieces");
  }
  free(wanted);
}

/* Puts `count` PCM frames through in pieces; returns how many came out. */
static uint32_t roundtrip_in_pieces(const mp3a_options *o, float peak, uint32_t count) {
  int32_t status;
  uint32_t total = 0, written;
  const bool stereo = o->channel_count == 2;
  mp3a_roundtrip_stream *stream = mp3a_roundtrip_stream_create(o, peak, &status);
  CHECK(stream && status == MP3A_OK, "create: %d", status);
  for (uint32_t at = 0, piece; at < count; at += piece) {
    piece = piece_of(count - at);
    const uint32_t room = mp3a_roundtrip_stream_capacity(stream, piece);
    CHECK(mp3a_roundtrip_stream_write(stream, input[0] + at, stereo ? input[1] + at : NULL, piece,
                                      output[0] + total, stereo ? output[1] + total : NULL,
                                      room - 1, &written) == MP3A_INVALID_AUDIO, "room");
    status = mp3a_roundtrip_stream_write(stream, input[0] + at, stereo ? input[1] + at : NULL,
                                         piece, output[0] + total,
                                         stereo ? output[1] + total : NULL, room, &written);
    CHECK(status == MP3A_OK && written <= room, "write: %d", status);
    total += written;
  }
  const uint32_t room = mp3a_roundtrip_stream_capacity(stream, 0);
  status = mp3a_roundtrip_stream_finish(stream, output[0] + total,
                                        stereo ? output[1] + total : NULL, room, &written);
  CHECK(status == MP3A_OK, "finish: %d", status);
  mp3a_roundtrip_stream_destroy(stream);
  return total + written;
}

static void check_roundtrip(mp3a_options o, uint32_t count, float level) {
  mp3a_stats stats;
  for (uint32_t i = 0; i < count; i++) input[0][i] *= level;
  const bool stereo = o.channel_count == 2;
  const uint32_t wanted = mp3a_output_frame_count(&o, count);
  CHECK(mp3a_roundtrip(&o, input[0], right_of(&o), count, expected[0],
                       stereo ? expected[1] : NULL, wanted, &stats) == MP3A_OK, "at once");
  CHECK(roundtrip_in_pieces(&o, stats.peak, count) == wanted, "%u frames wanted", wanted);
  for (int channel = 0; channel < o.channel_count; channel++) {
    CHECK(memcmp(output[channel], expected[channel], wanted * sizeof(float)) == 0,
          "%d Hz, flags %u, %u frames: the samples differ", o.sample_rate_hz, o.flags, count);
  }
  for (uint32_t i = 0; i < count; i++) input[0][i] /= level;
}

/* Divided by what LAME multiplies by, bit for bit, and about 1 in all. */
static void check_level(void) {
  mp3a_options o = {sizeof o, 44100, 128, 7, 1, 0, 0, 0, 0};
  mp3a_roundtrip(&o, input[0], NULL, FRAMES, expected[0], NULL, FRAMES, NULL);
  o.flags = MP3A_PRESERVE_LEVEL;
  mp3a_roundtrip(&o, input[0], NULL, FRAMES, output[0], NULL, FRAMES, NULL);
  const float gain = 32768.0f / (32767.0f * 0.95f);
  uint32_t wrong = 0;
  double in_out = 0, in_in = 0;
  for (uint32_t i = 0; i < FRAMES; i++) {
    wrong += output[0][i] != expected[0][i] * gain;
    in_out += (double)input[0][i] * output[0][i];
    in_in += (double)input[0][i] * input[0][i];
  }
  CHECK(wrong == 0, "%u samples differ", wrong);
  CHECK(in_out / in_in > 0.98 && in_out / in_in < 1.005, "gain %f", in_out / in_in);
}

/* Loud audio is coded as it is, to a limit; bytes and samples stay in bounds. */
static void check_loud(const mp3a_options *options) {
  float *quiet = input[0];
  input[0] = malloc(FRAMES * sizeof(float));
  for (float level = 4; level <= MP3A_MAX_LEVEL; level *= 4) {
    for (int i = 0; i < FRAMES; i++) input[0][i] = fmaxf(-1, fminf(1, 2 * quiet[i])) * level;
    uint32_t byte_size;
    CHECK(mp3a_encode(options, input[0], right_of(options), FRAMES, bytes, CAPACITY, &byte_size) ==
              MP3A_OK, "level %f", (double)level);
    mp3a_options o = *options;
    o.flags |= MP3A_PRESERVE_LEVEL;
    CHECK(roundtrip_in_pieces(&o, 0, FRAMES) == FRAMES, "level %f", (double)level);
    unsigned wrong = 0;
    for (int i = 0; i < FRAMES; i++) wrong += !(fabsf(output[0][i]) < 3 * level);
    CHECK(wrong == 0, "level %f: %u samples are wrong", (double)level, wrong);
  }
  for (int i = 0; i < FRAMES; i++) input[0][i] = quiet[i];
  input[0][FRAMES - 1] = MP3A_MAX_LEVEL * 1.001f;
  uint32_t byte_size;
  CHECK(mp3a_encode(options, input[0], right_of(options), FRAMES, bytes, CAPACITY, &byte_size) ==
            MP3A_INVALID_AUDIO, "too loud");
  free(input[0]);
  input[0] = quiet;
}

/* A clip amid an MP3 frame has the bytes of so many zeros and the clip, and its tag counts them. */
static void check_lead(mp3a_options o, uint32_t offset) {
  enum { COUNT = 20000 };
  uint32_t size = 0, wanted_size = 0;
  float *padded = calloc(COUNT + offset, sizeof *padded);
  memcpy(padded + offset, input[0], COUNT * sizeof *padded);
  uint8_t *wanted = malloc(CAPACITY);
  const float *right = o.channel_count == 2 ? padded : NULL;
  o.flags |= MP3A_NO_TAG;
  CHECK(mp3a_encode(&o, padded, right, COUNT + offset, wanted, CAPACITY, &wanted_size) == MP3A_OK,
        "zeros and the clip");
  o.grid_offset = (int32_t)offset;
  right = o.channel_count == 2 ? input[0] : NULL;
  CHECK(mp3a_encode(&o, input[0], right, COUNT, bytes, CAPACITY, &size) == MP3A_OK, "amid");
  CHECK(size == wanted_size && memcmp(bytes, wanted, size) == 0, "%d Hz, coded at %d, %u: %u bytes",
        o.sample_rate_hz, o.coded_sample_rate_hz, offset, size);
  o.flags &= ~(uint32_t)MP3A_NO_TAG;
  mp3a_mp3_info info = {0};
  CHECK(mp3a_encode(&o, input[0], right, COUNT, bytes, CAPACITY, &size) == MP3A_OK, "with a tag");
  CHECK(mp3a_probe(bytes, size, true, &info) == MP3A_OK, "probe");
  const double coded_hz = info.sample_rate_hz;
  const double delay = 576 + floor(offset * coded_hz / o.sample_rate_hz + 0.5);
  CHECK(info.encoder_delay == (int32_t)delay, "delay %d, not %f", info.encoder_delay, delay);
  free(padded), free(wanted);
}

/* The same in a stream that keeps its delay: as at once, of which the zeros are no part. */
static void check_delayed_lead(uint32_t offset) {
  enum { COUNT = 20000, ROOM = COUNT + 8 * 1152 };
  mp3a_options o = {sizeof o, 44100, 64, 7, 1, MP3A_PRESERVE_DELAY, MP3A_CBR};
  o.grid_offset = (int32_t)offset;
  float *wanted = calloc(ROOM, sizeof *wanted), *got = calloc(ROOM, sizeof *got);
  const uint32_t count = mp3a_output_frame_count(&o, COUNT);
  CHECK(mp3a_roundtrip(&o, input[0], NULL, COUNT, wanted, NULL, ROOM, NULL) == MP3A_OK, "at once");
  int32_t status;
  uint32_t written = 0, rest = 0;
  mp3a_roundtrip_stream *stream = mp3a_roundtrip_stream_create(&o, 1, &status);
  CHECK(mp3a_roundtrip_stream_write(stream, input[0], NULL, COUNT, got, NULL, ROOM, &written) ==
            MP3A_OK, "written");
  CHECK(mp3a_roundtrip_stream_finish(stream, got + written, NULL, ROOM - written, &rest) == MP3A_OK,
        "finished");
  CHECK(written + rest == count && memcmp(got, wanted, ROOM * sizeof *got) == 0,
        "%u after zeros: %u samples for %u", offset, written + rest, count);
  mp3a_roundtrip_stream_destroy(stream);
  free(wanted), free(got);
}

static void check_leads(void) {
  const uint32_t offsets[] = {1, 575, 1000, 1151};
  for (int channel_count = 1; channel_count <= 2; channel_count++) {
    for (int i = 0; i < 4; i++) {
      mp3a_options o = {sizeof o, 44100, 64, 7, channel_count, 0, MP3A_CBR, 0, 0, 0, 0, 0};
      RUN(check_lead(o, offsets[i]));
      o.coded_sample_rate_hz = 32000;
      RUN(check_lead(o, offsets[i]));
      o.coded_sample_rate_hz = 48000;
      if (offsets[i] < 1000) RUN(check_lead(o, offsets[i]));
    }
  }
  for (int i = 0; i < 4; i++) RUN(check_delayed_lead(offsets[i]));
}

static void check_bad_calls(void) {
  const mp3a_options *o = &modes[0];
  int32_t status;
  uint32_t written;
  CHECK(!mp3a_roundtrip_stream_create(o, NAN, &status) && status == MP3A_INVALID_OPTION, "NaN");
  CHECK(!mp3a_roundtrip_stream_create(o, INFINITY, &status), "infinite peak");
  CHECK(!mp3a_encode_stream_create(NULL, &status) && status == MP3A_INVALID_OPTION, "no options");
  mp3a_roundtrip_stream *stream = mp3a_roundtrip_stream_create(o, 1, &status);
  const float bad[2] = {0, NAN};
  CHECK(mp3a_roundtrip_stream_write(stream, bad, bad, 2, output[0], output[1], 2, &written) ==
            MP3A_NON_FINITE_AUDIO, "NaN");
  CHECK(mp3a_roundtrip_stream_write(stream, bad, NULL, 1, output[0], output[1], 1, &written) ==
            MP3A_INVALID_AUDIO, "one channel");
  CHECK(mp3a_roundtrip_stream_write(stream, bad, bad, 0, output[0], output[1], 1, &written) ==
            MP3A_EMPTY_AUDIO, "nothing");
  CHECK(mp3a_roundtrip_stream_write(stream, input[0], input[1], 65537, output[0], output[1],
                                    70000, &written) == MP3A_INVALID_AUDIO, "too much");
  CHECK(mp3a_roundtrip_stream_finish(stream, output[0], output[1], 0, &written) == MP3A_OK &&
            written == 0, "empty");
  CHECK(mp3a_roundtrip_stream_finish(stream, output[0], output[1], 0, &written) ==
            MP3A_INVALID_OPTION, "twice");
  mp3a_roundtrip_stream_destroy(stream);
  mp3a_roundtrip_stream_destroy(NULL);
  mp3a_encode_stream_destroy(NULL);
}

/* In pieces and at once; against the scalar twin by check_library's hashes and the specs. */
static void check_resampling(double from_hz, double to_hz) {
  enum { COUNT = 20000 };
  int32_t status;
  float *outputs[2] = {NULL, NULL};
  uint32_t totals[2] = {0, 0};
  for (int i = 0; i < 2; i++) {
    mp3a_resample_stream *stream = mp3a_resample_stream_create(from_hz, to_hz, &status);
    CHECK(stream && status == MP3A_OK, "create: %d", status);
    const uint32_t all = mp3a_resample_stream_capacity(stream, COUNT);
    outputs[i] = calloc(all, sizeof(float));
    float *room = calloc(all, sizeof(float));
    for (uint32_t at = 0, piece; at < COUNT; at += piece) {
      piece = i == 0 ? COUNT : piece_of(COUNT - at);
      const uint32_t capacity = mp3a_resample_stream_capacity(stream, piece);
      uint32_t written = 0;
      CHECK(mp3a_resample_stream_write(stream, input[0] + at, piece, room, capacity - 1,
                                       &written) == MP3A_INVALID_AUDIO, "room");
      status = mp3a_resample_stream_write(stream, input[0] + at, piece, room, capacity, &written);
      CHECK(status == MP3A_OK && totals[i] + written <= all, "write: %d", status);
      memcpy(outputs[i] + totals[i], room, written * sizeof(float));
      totals[i] += written;
    }
    uint32_t written;
    CHECK(mp3a_resample_stream_write(stream, NULL, 1, room, all, &written) == MP3A_INVALID_AUDIO,
          "no samples");
    CHECK(mp3a_resample_stream_write(stream, room, 0, room, all, &written) == MP3A_EMPTY_AUDIO,
          "nothing");
    mp3a_resample_stream_destroy(stream);
    free(room);
  }
  CHECK(totals[0] == totals[1] && totals[0] > 0, "%u outputs, not %u", totals[1], totals[0]);
  CHECK(memcmp(outputs[0], outputs[1], totals[0] * sizeof(float)) == 0, "%f to %f Hz", from_hz,
        to_hz);
  free(outputs[0]), free(outputs[1]);
}

static void check_resample_streams(void) {
  static const double rates[][2] = {{44100, 48000}, {48000, 11025},   {8000, 48000},
                                    {96000, 44100}, {44100.5, 48000}, {192000, 8000}};
  int32_t status;
  for (size_t i = 0; i < sizeof rates / sizeof *rates; i++)
    check_resampling(rates[i][0], rates[i][1]);
  CHECK(!mp3a_resample_stream_create(999, 44100, &status) &&
            status == MP3A_UNSUPPORTED_SAMPLE_RATE, "too low");
  CHECK(!mp3a_resample_stream_create(44100, NAN, &status) &&
            status == MP3A_UNSUPPORTED_SAMPLE_RATE, "no number");
  CHECK(mp3a_resample_stream_capacity(NULL, 1) == 0, "no stream");
  mp3a_resample_stream_destroy(NULL);
}

int main(void) {
  for (int i = 0; i < 2; i++) {
    input[i] = make_signal(FRAMES, 44100, 11 + (uint64_t)i, 0.8f);
    output[i] = calloc(FRAMES + 8 * 1152, sizeof(float));
    expected[i] = calloc(FRAMES + 8 * 1152, sizeof(float));
  }
  bytes = malloc(CAPACITY);
  for (int i = 0; i < MODE_COUNT; i++) {
    const uint32_t counts[] = {FRAMES, 1, 700, 4608};
    for (int k = 0; k < 4; k++) {
      mp3a_options o = modes[i];
      RUN(check_encoding(&o, counts[k]));
      RUN(check_roundtrip(o, counts[k], 1));
      o.flags |= MP3A_PRESERVE_DELAY | MP3A_PRESERVE_LEVEL;
      RUN(check_roundtrip(o, counts[k], 4));
    }
    RUN(check_loud(&modes[i]));
  }
  RUN(check_level());
  check_leads();
  RUN(check_bad_calls());
  RUN(check_resample_streams());
  for (int i = 0; i < 2; i++) free(input[i]), free(output[i]), free(expected[i]);
  free(bytes);
  return check_finish();
}
