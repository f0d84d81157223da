/* What MP3 frames' headers and tags say: every header against ISO 11172-3's and 13818-3's tables,
   and tags with any of their parts, cut at any place. */
#include "decode/mp3_header.h"

#include <stdlib.h>
#include <string.h>

#include "decode/mp3_tag.h"
#include "decode/mp3_track.h"
#include "tests/check.h"

/* By version as it is coded: 2.5, reserved, 2, 1. */
static const int32_t rates_hz[4][4] = {
    {11025, 12000, 8000, 0}, {0}, {22050, 24000, 16000, 0}, {44100, 48000, 32000, 0}};
static const int32_t bitrates_kbps[2][16] = {
    {0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, -1},
    {0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, -1}};

static bool says_right(const uint8_t *b) {
  const int version = b[1] >> 3 & 3, layer = b[1] >> 1 & 3;
  const bool is_mpeg1 = version == 3, is_mono = b[3] >> 6 == 3;
  const int32_t rate_hz = rates_hz[version][b[2] >> 2 & 3];
  const int32_t kbps = bitrates_kbps[is_mpeg1][b[2] >> 4];
  const bool is_header = b[0] == 255 && b[1] >= 0xe0 && layer == 1 && rate_hz > 0 && kbps >= 0;
  mp3a_header h = {0};
  if (mp3a_header_read(b, &h) != is_header) return false;
  if (!is_header) return true;
  const int32_t size = (is_mpeg1 ? 144000 : 72000) * kbps / rate_hz + (b[2] >> 1 & 1);
  return h.version_times_ten == (is_mpeg1 ? 10 : version == 2 ? 20 : 25) &&
         h.sample_rate_hz == rate_hz && h.bitrate_kbps == kbps && (int)h.mode == b[3] >> 6 &&
         h.channel_count == (is_mono ? 1 : 2) && h.frame_count == (is_mpeg1 ? 1152 : 576) &&
         h.byte_size == (uint32_t)size && h.side_info_offset == (b[1] & 1 ? 4 : 6) &&
         h.side_info_byte_size == (is_mpeg1 ? (is_mono ? 17 : 32) : is_mono ? 9 : 17);
}

/* Two of one stream: version, layer, sample rate are the same, and both are in free format or
   neither. */
static bool matches_right(const uint8_t *a, const uint8_t *b) {
  mp3a_header h;
  const bool is_alike = (a[1] & 0xfe) == (b[1] & 0xfe) && (a[2] >> 2 & 3) == (b[2] >> 2 & 3) &&
                        (a[2] < 16) == (b[2] < 16);
  return mp3a_header_matches(a, b) == (mp3a_header_read(b, &h) && is_alike);
}

static void check_headers(void) {
  uint32_t wrong = 0, unmatched = 0;
  for (uint32_t i = 0; i < 1 << 18; i++) {
    uint8_t b[4] = {255, (uint8_t)(i >> 10), (uint8_t)(i >> 2), (uint8_t)(i << 6)};
    b[3] |= check_random() & 63;
    wrong += !says_right(b);
    const uint32_t any = check_random(); /* a check sum or none, a bitrate or none, what else */
    const uint8_t a[4] = {255, 0xfa | (any & 1), (uint8_t)((any >> 8) % 15 << 4 | (any & 7)), 0};
    unmatched += !matches_right(a, b);
    b[0] = 254;
    wrong += !says_right(b);
  }
  CHECK(wrong == 0, "%u headers", wrong);
  CHECK(unmatched == 0, "%u pairs", unmatched);
}

enum { HEADER = 4, SIDE_INFO = 32, FRAME = 417, EXTENSION = 24 };

/* A first frame of stereo MPEG-1 with a tag of these parts; returns where LAME's begins. */
static uint32_t put_tag(uint8_t *b, const char *name, uint32_t flags, int method) {
  uint32_t at = HEADER + SIDE_INFO;
  memset(b, 0, FRAME);
  memcpy(b, (const uint8_t[4]){0xff, 0xfb, 0x90, 0}, HEADER);
  memcpy(b + at, name, 4);
  b[at + 7] = (uint8_t)flags;
  at += 8;
  if (flags & 1) memcpy(b + at, (const uint8_t[4]){1, 2, 3, 4}, 4), at += 4;
  at += (flags & 2 ? 4 : 0) + (flags & 4 ? 100 : 0) + (flags & 8 ? 4 : 0);
  memcpy(b + at, "Maker1.23", 9);
  b[at + 9] = (uint8_t)(0xa0 | method);
  memcpy(b + at + 21, (const uint8_t[3]){0x24, 0x15, 0x67}, 3);
  return at;
}

static void check_parts(const char *name, uint32_t flags) {
  uint8_t whole[FRAME];
  const uint32_t lame_at = put_tag(whole, name, flags, 4);
  mp3a_header header;
  CHECK(mp3a_header_read(whole, &header), "a header");
  for (uint32_t size = HEADER; size <= FRAME; size++) {
    mp3a_tag tag;
    uint8_t *cut = malloc(size); /* nothing behind is read */
    memcpy(cut, whole, size);
    const bool is_tag = mp3a_tag_read(cut, size, &header, &tag);
    const uint32_t frames_at = HEADER + SIDE_INFO + 8;
    const bool has_lame = size >= lame_at + EXTENSION, has_count = size >= frames_at + 4;
    CHECK(is_tag == (size >= frames_at), "%s %u in %u bytes", name, flags, size);
    CHECK(tag.mp3_frame_count == (flags & 1 && has_count ? 0x01020304u : 0), "%u", size);
    CHECK(tag.delay == (has_lame ? 0x241 : -1) && tag.padding == (has_lame ? 0x567 : -1),
          "%s %u in %u bytes: %d, %d", name, flags, size, tag.delay, tag.padding);
    CHECK(tag.vbr_method == (has_lame ? 4 : 0), "method %d", tag.vbr_method);
    CHECK(strcmp(tag.encoder, has_lame ? "Maker1.23" : "") == 0, "%s", tag.encoder);
    CHECK(!is_tag || tag.kind == (*name == 'X' ? MP3A_TAG_XING : MP3A_TAG_INFO), "its kind");
    free(cut);
  }
}

static void check_encoder_names(void) {
  uint8_t b[FRAME];
  mp3a_header header;
  mp3a_tag tag;
  const uint32_t at = put_tag(b, "Info", 15, 1);
  CHECK(mp3a_header_read(b, &header), "a header");
  for (int byte = 0; byte < 256; byte++) {
    const bool is_printable = byte >= 0x20 && byte <= 0x7e;
    b[at + 3] = (uint8_t)byte;
    CHECK(mp3a_tag_read(b, FRAME, &header, &tag) && tag.delay == 0x241, "byte %d", byte);
    CHECK(strlen(tag.encoder) == (is_printable ? 9 : 3), "byte %d: %s", byte, tag.encoder);
  }
  b[at] = 0;
  CHECK(mp3a_tag_read(b, FRAME, &header, &tag) && tag.delay == -1 && !tag.encoder[0], "no LAME");
}

/* LAME's numbers for what makes the bitrate; of others the MP3 frames themselves tell. */
static void check_methods(void) {
  static const int modes[16] = {-1, 0, 1, 2, 2, 2, 2, -1, 0, 1, -1, -1, -1, -1, -1, -1};
  for (int method = 0; method < 16; method++) {
    for (int is_even = 0; is_even < 2; is_even++) {
      uint8_t b[2 * FRAME];
      mp3a_track track = {0};
      mp3a_mp3_info info;
      put_tag(b, "Xing", 0, method);
      CHECK(!mp3a_track_add(&track, b, FRAME) && track.mp3_frame_count == 0, "a tag");
      memset(b + HEADER, 0, FRAME);
      CHECK(mp3a_track_add(&track, b, FRAME), "a frame");
      b[2] = is_even ? 0x90 : 0xa0; /* 160 kbps */
      CHECK(mp3a_track_add(&track, b, is_even ? FRAME : 522), "a frame");
      mp3a_track_describe(&track, false, &info);
      const int wanted = modes[method] >= 0 ? modes[method] : is_even ? 0 : 2;
      CHECK(info.bitrate_mode == wanted, "method %d: %d", method, info.bitrate_mode);
      CHECK(track.lowest_kbps == 128 && track.highest_kbps == (is_even ? 128 : 160), "bitrates");
      const float kbps = (is_even ? 2 * FRAME : FRAME + 522) * 8 * 44.1f / (2 * 1152);
      CHECK(info.bitrate_kbps > kbps - 0.01f && info.bitrate_kbps < kbps + 0.01f, "%f kbps",
            (double)info.bitrate_kbps);
    }
  }
}

/* What nobody tells is -1, or what the MP3 frames themselves show. */
static void check_untagged(void) {
  uint8_t b[FRAME] = {0xff, 0xfb, 0x90, 0xc0};
  mp3a_track track = {0};
  mp3a_mp3_info info;
  for (int i = 0; i < 3; i++) CHECK(mp3a_track_add(&track, b, FRAME), "a frame");
  for (int is_gapless = 0; is_gapless < 2; is_gapless++) {
    memset(&info, 0x55, sizeof info);
    mp3a_track_describe(&track, is_gapless != 0, &info);
    CHECK(info.tag_kind == MP3A_TAG_NONE && info.encoder[0] == 0, "no tag");
    CHECK(info.encoder_delay == -1 && info.encoder_padding == -1, "delay %d, padding %d",
          info.encoder_delay, info.encoder_padding);
    CHECK(info.mp3_frame_count == 3 && info.frame_count_low == 3 * 1152 && !info.frame_count_high,
          "%u frames", info.frame_count_low);
    CHECK(info.sample_rate_hz == 44100 && info.channel_count == 1 && info.channel_mode == 3 &&
              info.version_times_ten == 10 && info.bitrate_mode == MP3A_CBR, "the format");
  }
  track.mp3_frame_count = (UINT64_C(5) << 32) + 7; /* longer than a file can be */
  mp3a_track_describe(&track, true, &info);
  CHECK(info.frame_count_high == 5 * 1152 && info.frame_count_low == 7 * 1152, "%u, %u",
        info.frame_count_high, info.frame_count_low);
}

int main(void) {
  RUN(check_untagged());
  RUN(check_headers());
  for (uint32_t flags = 0; flags < 16; flags++) {
    RUN(check_parts("Xing", flags));
    RUN(check_parts("Info", flags));
  }
  RUN(check_encoder_names());
  RUN(check_methods());
  return check_finish();
}
