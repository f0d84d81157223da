/* Streams with gaps, cuts, damage and changing channels, sample by sample against minimp3 itself,
   fed one MP3 frame at a time; and what a tag's numbers leave out, against their definition. */
#include <stdbool.h>
#include <string.h>

#include "common/mpeg.h"
#include "decode/decode_stream.h"
#include "decode/minimp3_float.h"
#include "tests/check.h"
#include "tests/encode_at_once.h"
#include "tests/signals.h"

enum { FRAMES = 20000, CAPACITY = 60000, MAX_BYTES = 100000, MAX_MP3_FRAMES = 80 };

static float *input[2], *found[2], *expected[2];
static uint8_t bytes[2 * MAX_BYTES];

/* Where MP3 frames are. */
typedef struct layout {
  uint32_t count;
  uint32_t at[MAX_MP3_FRAMES + 1]; /* the last one: the end */
} layout;

/* LAME's, without a tag: with the reservoir every MP3 frame borrows bits of the one before. */
static layout encode(uint8_t *to, uint32_t at, int32_t channel_count, int32_t flags) {
  const mp3a_options o = {sizeof o, 44100, channel_count * 64, 5, channel_count,
                          flags | MP3A_NO_TAG, MP3A_CBR, 0, 0, 0, 0, 0};
  int size;
  unsigned char *encoded =
      encode_at_once(&o, input[0], channel_count == 2 ? input[1] : NULL, FRAMES, &size);
  memcpy(to + at, encoded, (size_t)size);
  free(encoded);
  layout l = {0};
  for (uint32_t i = 0; i < (uint32_t)size; l.count++) {
    l.at[l.count] = at + i;
    i += 1152 / 8 * (uint32_t)(o.bitrate_kbps * 1000) / 44100 + (to[at + i + 2] >> 1 & 1);
    l.at[l.count + 1] = at + i;
  }
  CHECK(l.count > 15 && l.at[l.count] == at + (uint32_t)size, "%u MP3 frames", l.count);
  return l;
}

/* Decodes one MP3 frame behind those before it, into as many channels as the file has. Returns
   false when it is silent. */
static bool expect_frame(mp3dec_t *decoder, const uint8_t *mp3, uint32_t size, int channel_count,
                         uint32_t index) {
  static float samples[MINIMP3_MAX_SAMPLES_PER_FRAME];
  mp3dec_frame_info_t info;
  memset(samples, 0, sizeof samples);
  memcpy(decoder->header, mp3, 4); /* it knows the stream, and takes this for what it is */
  const int count = mp3dec_decode_frame(decoder, mp3, (int)size, samples, &info);
  const int channels = (mp3[3] & 0xc0) == 0xc0 ? 1 : 2;
  for (int i = 0; i < 1152; i++) {
    const float left = samples[i * channels], right = samples[(i + 1) * channels - 1];
    expected[0][index * 1152 + (uint32_t)i] = channel_count == 1 ? 0.5f * (left + right) : left;
    expected[1][index * 1152 + (uint32_t)i] = right;
  }
  return count > 0;
}

/* Decodes in one call and compares `count` MP3 frames. */
static void check_against_expected(uint32_t byte_size, int channel_count, uint32_t count,
                                   const char *what) {
  mp3a_mp3_info info;
  CHECK(mp3a_probe(bytes, byte_size, false, &info) == MP3A_OK, "%s", what);
  CHECK(info.channel_count == channel_count && info.frame_count_low == count * 1152,
        "%s: %u frames of %d channels", what, info.frame_count_low, info.channel_count);
  CHECK(mp3a_decode(bytes, byte_size, false, found[0], channel_count == 2 ? found[1] : NULL,
                    CAPACITY) == MP3A_OK, "%s", what);
  for (int ch = 0; ch < channel_count; ch++) {
    unsigned wrong = 0;
    for (uint32_t i = 0; i < count * 1152; i++) wrong += found[ch][i] != expected[ch][i];
    CHECK(wrong == 0, "%s: %u samples of channel %d differ", what, wrong, ch);
  }
}

/* What can't begin an MP3 frame. */
static void put_garbage(uint32_t at, uint32_t byte_size) {
  for (uint32_t i = 0; i < byte_size; i++) bytes[at + i] = (uint8_t)(check_random() % 255);
}

/* Garbage, or nothing where frames were cut out, before the `gap`th MP3 frame: what borrows across
   is silent, though the bits are there. */
static void check_gap(uint32_t gap, uint32_t garbage_size, int32_t channel_count) {
  static uint8_t plain[MAX_BYTES];
  const layout l = encode(plain, 0, channel_count, MP3A_BIT_RESERVOIR);
  mp3dec_t decoder = {0};
  unsigned silent_count = 0, borrowing_count = 0;
  for (uint32_t i = 0; i < l.count; i++) {
    if (i == gap) decoder.reserv = 0;
    const bool is_heard =
        expect_frame(&decoder, plain + l.at[i], l.at[i + 1] - l.at[i], channel_count, i);
    silent_count += !is_heard;
    borrowing_count += i >= gap && (plain[l.at[i] + 4] || plain[l.at[i] + 5] & 0x80);
  }
  CHECK(silent_count > 0 && silent_count < 10 && borrowing_count > 5, "%u silent, %u borrow",
        silent_count, borrowing_count);
  memcpy(bytes, plain, l.at[gap]);
  put_garbage(l.at[gap], garbage_size);
  memcpy(bytes + l.at[gap] + garbage_size, plain + l.at[gap], l.at[l.count] - l.at[gap]);
  check_against_expected(l.at[l.count] + garbage_size, channel_count, l.count, "garbage");
}

/* A file that begins amid a stream: the first frames borrow what nobody has. */
static void check_cut(uint32_t first, int32_t channel_count) {
  static uint8_t plain[MAX_BYTES];
  const layout l = encode(plain, 0, channel_count, MP3A_BIT_RESERVOIR);
  mp3dec_t decoder = {0};
  unsigned silent_count = 0;
  for (uint32_t i = first; i < l.count; i++) {
    silent_count += !expect_frame(&decoder, plain + l.at[i], l.at[i + 1] - l.at[i], channel_count,
                                  i - first);
  }
  CHECK(silent_count > 0, "nothing is silent");
  memcpy(bytes, plain + l.at[first], l.at[l.count] - l.at[first]);
  check_against_expected(l.at[l.count] - l.at[first], channel_count, l.count - first, "cut");
}

/* The first MP3 frame says how many channels there are: two become one by their mean, one is both
   of two. */
static void check_channels(int32_t first) {
  const layout a = encode(bytes, 0, first, 0);
  const layout b = encode(bytes, a.at[a.count], 3 - first, 0);
  mp3dec_t decoder = {0};
  for (uint32_t i = 0; i < a.count; i++)
    expect_frame(&decoder, bytes + a.at[i], a.at[i + 1] - a.at[i], first, i);
  for (uint32_t i = 0; i < b.count; i++)
    expect_frame(&decoder, bytes + b.at[i], b.at[i + 1] - b.at[i], first, a.count + i);
  check_against_expected(b.at[b.count], first, a.count + b.count, "channels");
}

/* Damage in one MP3 frame of its own bits is heard there and, as MP3 frames overlap, in the next,
   and nowhere else. */
static void check_damage(uint32_t hit) {
  const layout l = encode(bytes, 0, 2, 0);
  mp3dec_t decoder = {0};
  for (uint32_t i = 0; i < l.count; i++)
    expect_frame(&decoder, bytes + l.at[i], l.at[i + 1] - l.at[i], 2, i);
  put_garbage(l.at[hit] + 4, l.at[hit + 1] - l.at[hit] - 4);
  CHECK(mp3a_decode(bytes, l.at[l.count], false, found[0], found[1], CAPACITY) == MP3A_OK,
        "damage");
  for (int ch = 0; ch < 2; ch++) {
    unsigned wrong_count = 0, hit_count = 0;
    for (uint32_t i = 0; i < l.count * 1152; i++) {
      const bool differs = found[ch][i] != expected[ch][i];
      const bool is_hit = i / 1152 == hit || i / 1152 == hit + 1;
      wrong_count += differs && !is_hit;
      hit_count += differs && is_hit;
    }
    CHECK(wrong_count == 0, "frame %u is damaged: %u samples elsewhere differ", hit, wrong_count);
    CHECK(hit_count > 500, "frame %u is damaged: only %u samples differ", hit, hit_count);
  }
}

/* Any numbers in the tag: what is kept is what lies neither in the delay nor in the padding. */
static void check_tag(uint32_t delay, uint32_t padding, uint32_t mp3_frame_count) {
  const mp3a_options o = {sizeof o, 44100, 64, 7, 1, 0, MP3A_CBR, 0, 0, 0, 0, 0};
  int size;
  unsigned char *encoded = encode_at_once(&o, input[0], NULL, FRAMES, &size);
  enum { TAG_AT = 4 + 17 }; /* behind the side information of MPEG-1 mono */
  uint8_t *tag = encoded + TAG_AT;
  CHECK(memcmp(tag, "Info", 4) == 0 && memcmp(tag + 120, "LAME", 4) == 0, "LAME's tag");
  for (int i = 0; i < 4; i++) tag[8 + i] = (uint8_t)(mp3_frame_count >> (24 - 8 * i));
  tag[141] = (uint8_t)(delay >> 4);
  tag[142] = (uint8_t)(delay << 4 | padding >> 8);
  tag[143] = (uint8_t)padding;
  mp3a_mp3_info all, info;
  CHECK(mp3a_probe(encoded, (uint32_t)size, false, &all) == MP3A_OK, "probe");
  CHECK(mp3a_probe(encoded, (uint32_t)size, true, &info) == MP3A_OK, "probe");
  CHECK(info.encoder_delay == (int32_t)delay && info.encoder_padding == (int32_t)padding,
        "delay %d, padding %d", info.encoder_delay, info.encoder_padding);
  mp3a_decode(encoded, (uint32_t)size, false, expected[0], NULL, CAPACITY);
  const int64_t tagged = mp3_frame_count * INT64_C(1152);
  const bool has_end = padding > 529 && mp3_frame_count > 0;
  const int64_t end = has_end ? tagged - ((int64_t)padding - 529) : INT64_MAX;
  uint32_t count = 0;
  for (int64_t i = 0; i < all.frame_count_low; i++) {
    const bool is_kept = i >= (int64_t)delay + 529 && (i < end || i >= tagged);
    if (is_kept) expected[1][count++] = expected[0][i];
  }
  CHECK(info.frame_count_low == count && info.frame_count_high == 0, "%u + %u of %u: %u, not %u",
        delay, padding, mp3_frame_count, info.frame_count_low, count);
  CHECK(mp3a_decode(encoded, (uint32_t)size, true, found[0], NULL, CAPACITY) == MP3A_OK, "decode");
  CHECK(memcmp(found[0], expected[1], count * sizeof(float)) == 0, "%u + %u", delay, padding);
  free(encoded);
}

/* Fraunhofer's tag, always 32 bytes behind the header: a frame of its own, without audio. */
static void check_vbri(int32_t channel_count) {
  enum { AT = 4 + 32, FRAMES_AT = AT + 14 };
  static uint8_t plain[MAX_BYTES];
  const layout l = encode(plain, 0, channel_count, 0);
  const uint32_t first = l.at[1], size = l.at[l.count];
  memset(bytes, 0, first);
  memcpy(bytes, plain, 4);
  memcpy(bytes + AT, "VBRI", 4);
  bytes[FRAMES_AT + 2] = 1, bytes[FRAMES_AT + 3] = 44; /* says something */
  memcpy(bytes + first, plain, size);
  mp3a_mp3_info info;
  for (int is_gapless = 0; is_gapless < 2; is_gapless++) {
    CHECK(mp3a_probe(bytes, first + size, (uint32_t)is_gapless, &info) == MP3A_OK, "probe");
    CHECK(info.tag_kind == 3 && info.encoder_delay == -1 && info.encoder_padding == -1,
          "kind %d, delay %d", info.tag_kind, info.encoder_delay);
    CHECK(info.mp3_frame_count == l.count && info.frame_count_low == l.count * 1152,
          "%u MP3 frames, not %u", info.mp3_frame_count, l.count);
  }
  memcpy(bytes + AT, "VBRJ", 4);
  CHECK(mp3a_probe(bytes, first + size, true, &info) == MP3A_OK, "probe");
  CHECK(info.tag_kind == 0 && info.mp3_frame_count == l.count + 1, "no tag");
}

/* Before the first MP3 frame both planes are needed, afterwards one is enough for mono. */
static void check_planes(int32_t channel_count) {
  const layout l = encode(bytes, 0, channel_count, 0);
  const uint32_t half = l.at[10], size = l.at[l.count];
  uint32_t consumed = 0, first = 0, second = 0;
  int32_t status;
  mp3a_decode_stream *stream = mp3a_decode_stream_create(false, &status);
  float *misaligned = (float *)(void *)((char *)found[1] + 1);
  float *right = channel_count == 2 ? found[1] : NULL;
  CHECK(mp3a_decode_stream_run(stream, bytes, half, false, found[0], NULL, CAPACITY, &consumed,
                               &first) == MP3A_INVALID_AUDIO, "it may be stereo");
  CHECK(mp3a_decode_stream_run(stream, bytes, half, false, found[0], found[1], CAPACITY, &consumed,
                               &first) == MP3A_OK && consumed == half, "both planes");
  CHECK(mp3a_decode_stream_run(stream, bytes + half, size - half, true, found[0] + first,
                               misaligned, CAPACITY, &consumed, &second) == MP3A_INVALID_AUDIO,
        "a misaligned plane");
  CHECK(mp3a_decode_stream_run(stream, bytes + half, size - half, true, found[0] + first,
                               channel_count == 2 ? NULL : found[1], CAPACITY, &consumed,
                               &second) == (channel_count == 2 ? MP3A_INVALID_AUDIO : MP3A_OK),
        "%d channels", channel_count);
  if (channel_count == 2) {
    CHECK(mp3a_decode_stream_run(stream, bytes + half, size - half, true, found[0] + first,
                                 right + first, CAPACITY, &consumed, &second) == MP3A_OK, "both");
  }
  mp3a_decode_stream_destroy(stream);
  CHECK(mp3a_decode(bytes, size, false, expected[0], right ? expected[1] : NULL, CAPACITY) ==
            MP3A_OK, "at once");
  CHECK(memcmp(found[0], expected[0], (first + second) * sizeof(float)) == 0, "left");
  stream = mp3a_decode_stream_create(false, &status);
  mp3a_decode_stream_run(stream, bytes, half, false, found[0], found[1], CAPACITY, &consumed,
                         &first);
  if (channel_count == 1) {
    CHECK(mp3a_decode_stream_run(stream, bytes + half, size - half, true, found[0] + first, NULL,
                                 CAPACITY, &consumed, &second) == MP3A_OK, "one plane");
    CHECK(memcmp(found[0], expected[0], (first + second) * sizeof(float)) == 0, "one plane");
  }
  mp3a_decode_stream_destroy(stream);
}

/* Nobody wants it any more: of a long file a stretch is decoded. */
static void check_cancelled(void) {
  enum { COPIES = 80 };
  const layout l = encode(bytes, 0, 1, 0);
  const uint32_t size = l.at[l.count], count = l.count * 1152;
  uint8_t *copies = malloc(COPIES * size);
  for (uint32_t i = 0; i < COPIES; i++) memcpy(copies + i * size, bytes, size);
  float *planes[2] = {malloc(COPIES * count * sizeof(float)), NULL};
  const mp3a_mp3_info info = {.channel_count = 1};
  for (int is_cancelled = 0; is_cancelled < 2; is_cancelled++) {
    const atomic_bool cancelled = is_cancelled;
    uint32_t written = 0;
    const int32_t status = mp3a_decode_all(copies, COPIES * size, false, &info, planes,
                                           COPIES * count, &cancelled, &written);
    CHECK(status == (is_cancelled ? MP3A_CANCELLED : MP3A_OK), "status %d", status);
    const uint32_t most = is_cancelled ? COPIES / 2 * count : COPIES * count;
    CHECK(written > 0 && written <= most && (is_cancelled || written == most), "%u", written);
  }
  free(copies), free(planes[0]);
}

int main(void) {
  for (int i = 0; i < 2; i++) {
    input[i] = make_signal(FRAMES, 44100, 31 + (uint64_t)i, 0.8f);
    found[i] = calloc(2 * CAPACITY, sizeof(float));
    expected[i] = calloc(2 * CAPACITY, sizeof(float));
  }
  for (int32_t channel_count = 1; channel_count <= 2; channel_count++) {
    RUN(check_gap(7, 1, channel_count));
    RUN(check_gap(11, 3000, channel_count));
    RUN(check_cut(6, channel_count));
    RUN(check_channels(channel_count));
    RUN(check_planes(channel_count));
    RUN(check_vbri(channel_count));
  }
  for (uint32_t hit = 1; hit < 14; hit += 3) RUN(check_damage(hit));
  const uint32_t numbers[] = {0, 1, 529, 530, 576, 1105, 2047, 2048, 3071, 4095};
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
    for (size_t k = 0; k < sizeof numbers / sizeof *numbers; k++) {
      RUN(check_tag(numbers[i], numbers[k], (uint32_t)(k % 4 == 3 ? 0 : 1 + 5 * (k % 4))));
    }
    RUN(check_tag(numbers[i], 3000, 18));
  }
  RUN(check_cancelled());
  for (int i = 0; i < 2; i++) free(input[i]), free(found[i]), free(expected[i]);
  return check_finish();
}
