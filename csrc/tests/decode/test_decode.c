/* Decoding: minimp3's samples, in whatever pieces the bytes come, with what isn't
   audio passed over and the gaps of the LAME tag left out. */
#include <stdbool.h>
#include <string.h>

#include "decode/minimp3_float.h"
#include "mp3augment.h"
#include "tests/check.h"
#include "tests/encode_at_once.h"
#include "tests/signals.h"

enum { FRAMES = 30000, CAPACITY = 90000, MAX_BYTES = 600000 };

static float *input[2], *whole[2], *pieces[2], *expected;
static uint8_t *bytes;

static const mp3a_options modes[] = {
    {sizeof *modes, 44100, 128, 7, 2, 0, MP3A_CBR, 0, 0},
    {sizeof *modes, 44100, 128, 5, 2, MP3A_BIT_RESERVOIR | MP3A_JOINT_STEREO, MP3A_CBR, 0, 0},
    {sizeof *modes, 48000, 320, 9, 1, MP3A_NO_TAG, MP3A_CBR, 0, 0},
    {sizeof *modes, 32000, 320, 7, 2, MP3A_BIT_RESERVOIR, MP3A_CBR, 0, 0},
    {sizeof *modes, 8000, 8, 7, 1, 0, MP3A_CBR, 0, 0},
    {sizeof *modes, 12000, 64, 7, 2, MP3A_BIT_RESERVOIR | MP3A_NO_TAG, MP3A_CBR, 0, 0},
    {sizeof *modes, 22050, 40, 7, 2, MP3A_BIT_RESERVOIR | MP3A_JOINT_STEREO, MP3A_ABR, 0, 0},
    {sizeof *modes, 24000, 0, 7, 2, MP3A_BIT_RESERVOIR | MP3A_JOINT_STEREO, MP3A_VBR, 4.5f, 0},
    {sizeof *modes, 16000, 0, 3, 1, 0, MP3A_VBR, 0, 5000},
    {sizeof *modes, 11025, 0, 7, 2, MP3A_BIT_RESERVOIR, MP3A_VBR, 9, MP3A_LOWPASS_OFF},
};
enum { MODE_COUNT = sizeof modes / sizeof *modes };

/* All that minimp3 decodes, interleaved; returns PCM frames. */
static uint32_t decode_by_minimp3(const uint8_t *mp3, int byte_size, int channel_count) {
  static mp3dec_t decoder;
  uint32_t count = 0;
  mp3dec_init(&decoder);
  while (byte_size > 0) {
    mp3dec_frame_info_t info;
    const int decoded = mp3dec_decode_frame(
        &decoder, mp3, byte_size, expected + (size_t)count * (size_t)channel_count, &info);
    if (info.frame_bytes == 0) break;
    count += (uint32_t)decoded;
    mp3 += info.frame_bytes;
    byte_size -= info.frame_bytes;
  }
  return count;
}

static uint32_t random_piece(uint32_t left, uint32_t most) {
  const uint32_t wanted = check_random() % most;
  return wanted < left ? wanted : left;
}

/* Feeds pieces of up to `most` bytes into arrays of odd sizes; returns PCM frames. */
static uint32_t decode_in_pieces(const uint8_t *mp3, uint32_t byte_size, bool is_gapless,
                                 uint32_t most, int32_t *status) {
  mp3a_decode_stream *stream = mp3a_decode_stream_create(is_gapless, status);
  uint32_t at = 0, total = 0, wrong = 0;
  for (;;) {
    const uint32_t piece = random_piece(byte_size - at, most);
    const bool at_end = at + piece == byte_size;
    const uint32_t capacity = 1152 + check_random() % 3000;
    uint32_t consumed = 0, written = 0;
    wrong += total + capacity > CAPACITY;
    *status = mp3a_decode_stream_run(stream, mp3 + at, piece, at_end, pieces[0] + total,
                                     pieces[1] + total, capacity, &consumed, &written);
    wrong += consumed > piece || written > capacity;
    at += consumed, total += written;
    if (*status != MP3A_OK || (at_end && consumed == piece && written < capacity)) break;
  }
  mp3a_mp3_info told = {0}, probed = {0};
  if (*status == MP3A_OK) *status = mp3a_decode_stream_info(stream, &told);
  mp3a_probe(mp3, byte_size, is_gapless, &probed);
  CHECK(memcmp(&told, &probed, sizeof told) == 0, "the stream tells other things than the probe");
  mp3a_decode_stream_destroy(stream);
  CHECK(wrong == 0, "%u calls went too far", wrong);
  return total;
}

/* In one call, on the pool and in pieces: the same. Returns PCM frames. */
static uint32_t check_forms(const uint8_t *mp3, uint32_t byte_size, bool is_gapless,
                            int32_t *channel_count) {
  mp3a_mp3_info info = {0};
  const int32_t probed = mp3a_probe(mp3, byte_size, is_gapless, &info);
  const uint32_t count = info.frame_count_low;
  *channel_count = info.channel_count;
  for (int round = 0; round < 3; round++) {
    int32_t status;
    const uint32_t most = round == 0 ? 30 : round == 1 ? 900 : 50000;
    const uint32_t found = decode_in_pieces(mp3, byte_size, is_gapless, most, &status);
    CHECK(status == probed, "%d, probed %d", status, probed);
    CHECK(found == count, "%u frames in pieces of %u, %u probed", found, most, count);
    if (probed != MP3A_OK || found != count) return 0;
    if (round == 0) {
      const bool is_stereo = info.channel_count == 2;
      CHECK(count <= CAPACITY, "%u frames", count);
      status =
          mp3a_decode(mp3, byte_size, is_gapless, whole[0], is_stereo ? whole[1] : NULL, count);
      CHECK(status == MP3A_OK, "decode: %d", status);
    }
    for (int ch = 0; ch < info.channel_count; ch++) {
      CHECK(memcmp(whole[ch], pieces[ch], count * sizeof(float)) == 0, "pieces of %u", most);
    }
  }
  return count;
}

static void check_job(const uint8_t *mp3, uint32_t byte_size, bool is_gapless) {
  int32_t status, channel_count;
  mp3a_mp3_info info;
  const uint32_t count = check_forms(mp3, byte_size, is_gapless, &channel_count);
  mp3a_queue *queue = mp3a_queue_create(NULL);
  mp3a_job *job = mp3a_decode_job_start(queue, mp3, byte_size, is_gapless, 9, &status);
  CHECK(job && mp3a_queue_wait(queue) == 9, "job: %d", status);
  CHECK(mp3a_decode_job_info(job, &info) == MP3A_OK && info.frame_count_low == count, "info");
  CHECK(mp3a_decode_job_end(job, pieces[0], pieces[1], count - 1) == MP3A_INVALID_AUDIO, "room");
  CHECK(mp3a_decode_job_end(job, pieces[0], pieces[1], count) == MP3A_OK, "end");
  for (int ch = 0; ch < channel_count; ch++) {
    CHECK(memcmp(whole[ch], pieces[ch], count * sizeof(float)) == 0, "job");
  }
  job = mp3a_decode_job_start(queue, mp3, byte_size, is_gapless, 9, &status);
  mp3a_queue_wait(queue);
  CHECK(mp3a_job_end(job) == MP3A_OK, "discarded");
  mp3a_queue_destroy(queue);
}

static int encode(const mp3a_options *o, uint8_t *to) {
  int byte_size;
  unsigned char *encoded =
      encode_at_once(o, input[0], o->channel_count == 2 ? input[1] : NULL, FRAMES, &byte_size);
  memcpy(to, encoded, (size_t)byte_size);
  free(encoded);
  return byte_size;
}

static void check_mode(const mp3a_options *o) {
  int32_t channel_count;
  const int byte_size = encode(o, bytes);
  const int channels = o->channel_count;
  const uint32_t frame = o->sample_rate_hz >= 32000 ? 1152 : 576;
  mp3a_mp3_info info;
  mp3a_probe(bytes, (uint32_t)byte_size, false, &info);
  const bool has_tag = info.tag_kind != 0;
  const uint32_t reference = decode_by_minimp3(bytes, byte_size, channels);
  const uint32_t count = check_forms(bytes, (uint32_t)byte_size, false, &channel_count);
  CHECK(count + (has_tag ? frame : 0) == reference, "%u frames, minimp3 %u", count, reference);
  uint32_t wrong = 0;
  const float *from = expected + (has_tag ? frame : 0) * (uint32_t)channels;
  for (uint32_t i = 0; i < count * (uint32_t)channels; i++) {
    wrong += whole[i % (uint32_t)channels][i / (uint32_t)channels] != from[i];
  }
  CHECK(wrong == 0, "%d Hz: %u samples differ", o->sample_rate_hz, wrong);
  CHECK(info.sample_rate_hz == o->sample_rate_hz && channel_count == channels, "format");
  CHECK(info.bitrate_mode == o->rate_control, "mode %d", info.bitrate_mode);
  CHECK(info.bitrate_kbps > 7 && info.bitrate_kbps < 325, "%f kbps", (double)info.bitrate_kbps);
  const uint32_t gapless = check_forms(bytes, (uint32_t)byte_size, true, &channel_count);
  CHECK(gapless == (has_tag ? FRAMES : count), "gapless: %u frames", gapless);
  CHECK(!has_tag || strcmp(info.encoder, "LAME3.100") == 0, "%s", info.encoder);
  check_job(bytes, (uint32_t)byte_size, true);
  check_job(bytes, (uint32_t)byte_size, false);
}

/* LAME with what mp3a_options doesn't offer. */
static int encode_specially(bool is_free, bool has_crc, int kbps) {
  lame_global_flags *lame = lame_init();
  lame_set_in_samplerate(lame, 44100), lame_set_num_channels(lame, 2), lame_set_brate(lame, kbps);
  lame_set_free_format(lame, is_free), lame_set_error_protection(lame, has_crc);
  lame_set_quality(lame, 7), lame_set_bWriteVbrTag(lame, !is_free);
  CHECK(lame_init_params(lame) >= 0, "lame_init_params");
  int size = lame_encode_buffer_ieee_float(lame, input[0], input[1], FRAMES, bytes, MAX_BYTES);
  size += lame_encode_flush(lame, bytes + size, MAX_BYTES - size);
  lame_get_lametag_frame(lame, bytes, (size_t)size);
  lame_close(lame);
  return size;
}

static void check_special(void) {
  int32_t channel_count;
  int size = encode_specially(true, false, 200);
  uint32_t reference = decode_by_minimp3(bytes, size, 2);
  uint32_t count = check_forms(bytes, (uint32_t)size, false, &channel_count);
  CHECK(count == reference && count > FRAMES, "free format: %u, minimp3 %u", count, reference);
  uint32_t wrong = 0;
  for (uint32_t i = 0; i < 2 * count; i++) wrong += whole[i % 2][i / 2] != expected[i];
  CHECK(wrong == 0, "free format: %u samples differ", wrong);
  size = encode_specially(false, true, 128);
  CHECK(check_forms(bytes, (uint32_t)size, true, &channel_count) == FRAMES, "with check sums");
}

/* A tag behind the check sum, where others than LAME put it. */
static void check_tag_behind_sum(void) {
  enum { HEADER = 4, SUM = 2, SIDE_INFO = 32, CONTENT = 156 };
  int32_t channel_count;
  mp3a_mp3_info plain = {0}, moved = {0};
  const uint32_t size = (uint32_t)encode(&modes[0], bytes), at = HEADER + SIDE_INFO;
  CHECK(memcmp(bytes + at, "Info", 4) == 0 && bytes[1] == 0xfb, "LAME's tag");
  mp3a_probe(bytes, size, true, &plain);
  memmove(bytes + at + SUM, bytes + at, CONTENT);
  memset(bytes + HEADER, 0, SUM + SIDE_INFO);
  bytes[1] = 0xfa;
  mp3a_probe(bytes, size, true, &moved);
  CHECK(memcmp(&plain, &moved, sizeof plain) == 0, "delay %d, tag %d", moved.encoder_delay,
        moved.tag_kind);
  CHECK(check_forms(bytes, size, true, &channel_count) == FRAMES, "its gaps");
}

static uint32_t put(uint32_t at, const void *from, uint32_t byte_size) {
  memcpy(bytes + at, from, byte_size);
  return at + byte_size;
}

/* An ID3v2 tag full of what looks like the beginning of MP3 frames. */
static uint32_t put_id3(uint32_t at, uint32_t body) {
  const uint8_t header[10] = {'I', 'D', '3', 4, 0, 0, 0, 0, (uint8_t)(body >> 7), body & 127};
  at = put(at, header, sizeof header);
  for (uint32_t i = 0; i < body; i++) bytes[at + i] = i % 4 ? 0x90 : 0xff;
  for (uint32_t i = 1; i < body; i += 4) bytes[at + i] = 0xfb;
  return at + body;
}

enum { APE_BYTES = 32 };

static uint32_t put_ape_end(uint32_t at, uint32_t body, bool is_header) {
  const uint32_t size = body + APE_BYTES;
  uint8_t block[APE_BYTES] = "APETAGEX";
  block[8] = 0xd0, block[9] = 7, block[12] = (uint8_t)size, block[13] = (uint8_t)(size >> 8);
  block[23] = is_header ? 0xa0 : 0x80;
  return put(at, block, sizeof block);
}

static uint32_t put_ape(uint32_t at, uint32_t body, bool has_header) {
  if (has_header) at = put_ape_end(at, body, true);
  memset(bytes + at, has_header ? 0xff : ' ', body);
  return put_ape_end(at + body, body, false);
}

static uint32_t put_garbage(uint32_t at, uint32_t byte_size) {
  for (uint32_t i = 0; i < byte_size; i++) bytes[at + i] = (uint8_t)check_random();
  return at + byte_size;
}

static void check_wrapped(void) {
  int32_t channel_count;
  uint8_t *plain = malloc(MAX_BYTES);
  for (int m = 0; m < 2; m++) {
    const mp3a_options *o = &modes[m];
    const uint32_t size = (uint32_t)encode(o, plain);
    uint32_t at = put_ape(put_id3(put_id3(0, 3000), 77), 500, true);
    at = put(at, plain, size);
    at = put_ape(at, 1234, true);
    bytes[at] = 'T', bytes[at + 1] = 'A', bytes[at + 2] = 'G';
    memset(bytes + at + 3, ' ', 125);
    CHECK(check_forms(bytes, at + 128, true, &channel_count) == FRAMES, "tags around");
    at = put_garbage(0, 5000);
    at = put(at, plain, size);
    CHECK(check_forms(bytes, at, true, &channel_count) == FRAMES, "garbage before");
    at = put(put_garbage(put(0, plain, size / 2), 3000), plain + size / 2, size - size / 2);
    const uint32_t count = check_forms(bytes, at, false, &channel_count);
    CHECK(count > FRAMES - 3 * 1152 && count <= FRAMES + 2 * 1152, "garbage within: %u", count);
    at = put(put_id3(put(0, plain, size), 40), plain, size);
    CHECK(check_forms(bytes, at, true, &channel_count) >= 2 * FRAMES, "one file after another");
    at = put(put_id3(put(0, plain, size), 40), plain, size);
    const uint32_t twice = check_forms(bytes, at, false, &channel_count);
    for (int has_header = 0; has_header < 2; has_header++) {
      at = put(put_ape(put(0, plain, size), 9000, has_header), plain, size);
      CHECK(check_forms(bytes, at, false, &channel_count) == twice, "APE between, %d", has_header);
    }
    for (uint32_t cut = 0; cut < size; cut += 1 + size / 37) {
      put(0, plain, cut);
      check_forms(bytes, cut, true, &channel_count);
    }
  }
  free(plain);
}

/* Damage of any kind: no crash, no hang, and the same result in every form. */
static void check_damaged(void) {
  int32_t channel_count;
  uint8_t *plain = malloc(MAX_BYTES);
  for (int i = 0; i < 60; i++) {
    const uint32_t size = (uint32_t)encode(&modes[i % MODE_COUNT], plain);
    put(0, plain, size);
    const uint32_t hits = 1 + check_random() % 60;
    for (uint32_t k = 0; k < hits; k++) bytes[check_random() % size] = (uint8_t)check_random();
    if (i % 3 == 0) bytes[check_random() % size] = 0xff;
    check_forms(bytes, size, i % 2, &channel_count);
  }
  free(plain);
}

/* Byte by byte. */
static void check_single_bytes(void) {
  int32_t status;
  const uint32_t size = (uint32_t)encode(&modes[1], bytes);
  const uint32_t found = decode_in_pieces(bytes, size, true, 2, &status);
  mp3a_decode(bytes, size, true, whole[0], whole[1], CAPACITY);
  CHECK(found == FRAMES && status == MP3A_OK, "%u frames", found);
  for (int ch = 0; ch < 2; ch++) {
    CHECK(memcmp(whole[ch], pieces[ch], FRAMES * sizeof(float)) == 0, "byte by byte");
  }
}

static void check_none(void) {
  int32_t channel_count, status;
  uint32_t consumed, written;
  mp3a_mp3_info info;
  put_garbage(0, 20000);
  for (uint32_t size = 0; size < 20000; size = 2 * size + 1) {
    CHECK(mp3a_probe(bytes, size, true, &info) == MP3A_CORRUPT_MP3, "%u bytes of garbage", size);
    check_forms(bytes, size, true, &channel_count);
  }
  CHECK(mp3a_probe(NULL, 1, true, &info) == MP3A_INVALID_AUDIO, "NULL");
  CHECK(mp3a_probe(NULL, 0, true, &info) == MP3A_CORRUPT_MP3, "nothing");
  mp3a_decode_stream *stream = mp3a_decode_stream_create(1, &status);
  CHECK(mp3a_decode_stream_info(stream, &info) == MP3A_CORRUPT_MP3, "no info yet");
  CHECK(mp3a_decode_stream_run(stream, bytes, 9, 0, whole[0], whole[1], 1151, &consumed,
                               &written) == MP3A_INVALID_AUDIO, "room");
  CHECK(mp3a_decode_stream_run(stream, bytes, 9, 0, whole[0], NULL, 1152, &consumed, &written) ==
            MP3A_INVALID_AUDIO, "planes");
  CHECK(mp3a_decode_stream_run(stream, NULL, 0, 1, whole[0], whole[1], 1152, &consumed,
                               &written) == MP3A_CORRUPT_MP3, "nothing");
  CHECK(mp3a_decode_stream_run(stream, NULL, 0, 1, whole[0], whole[1], 1152, &consumed,
                               &written) == MP3A_INVALID_OPTION, "after the end");
  mp3a_decode_stream_destroy(stream);
}

int main(void) {
  for (int i = 0; i < 2; i++) {
    input[i] = make_signal(FRAMES, 44100, 21 + (uint64_t)i, 0.8f);
    whole[i] = calloc(2 * CAPACITY, sizeof(float));
    pieces[i] = calloc(2 * CAPACITY, sizeof(float));
  }
  expected = calloc(4 * CAPACITY, sizeof(float));
  bytes = malloc(2 * MAX_BYTES);
  for (int i = 0; i < MODE_COUNT; i++) RUN(check_mode(&modes[i]));
  RUN(check_special());
  RUN(check_tag_behind_sum());
  RUN(check_single_bytes());
  RUN(check_wrapped());
  RUN(check_damaged());
  RUN(check_none());
  for (int i = 0; i < 2; i++) free(input[i]), free(whole[i]), free(pieces[i]);
  free(expected), free(bytes);
  return check_finish();
}
