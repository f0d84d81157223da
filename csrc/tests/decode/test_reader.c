/* Where the reader finds MP3 frames: streams put together from pieces whose places are known. */
#include "decode/mp3_reader.h"

#include <stdio.h>
#include <string.h>

#include "tests/check.h"

enum { MOST_BYTES = 300000, MOST_FRAMES = 64 };

/* Headers of MPEG-1 at 44.1 kHz, of which 128 kbps take 417 bytes, 160 kbps 522, and one more with
   padding; MPEG-2 at 22.05 kHz and MPEG-1 at 48 kHz for what doesn't belong. */
#define CBR_128 0xfffb9000u
#define CBR_128_PADDED 0xfffb9200u
#define CBR_160 0xfffba000u
#define CBR_128_MONO 0xfffb90c0u
#define OTHER_RATE 0xfffb9400u
#define OTHER_VERSION 0xfff39000u
#define FREE 0xfffb0000u
#define FREE_PADDED 0xfffb0200u

static uint8_t bytes[MOST_BYTES];
static uint32_t byte_size, wanted[MOST_FRAMES], sizes[MOST_FRAMES], wanted_count;

static void clear(void) { byte_size = wanted_count = 0; }

static void put(const void *from, uint32_t size) {
  memcpy(bytes + byte_size, from, size);
  byte_size += size;
}

static void put_zeros(uint32_t size) {
  memset(bytes + byte_size, 0, size);
  byte_size += size;
}

/* What looks like a frame. */
static void put_lure(uint32_t header, uint32_t size) {
  const uint8_t head[4] = {(uint8_t)(header >> 24), (uint8_t)(header >> 16), (uint8_t)(header >> 8),
                           (uint8_t)header};
  put(head, 4);
  put_zeros(size - 4);
}

/* One that is to be found. */
static void put_frame(uint32_t header, uint32_t size) {
  wanted[wanted_count] = byte_size;
  sizes[wanted_count++] = size;
  put_lure(header, size);
}

static void put_frames(uint32_t count) {
  for (uint32_t i = 0; i < count; i++) put_frame(CBR_128, 417);
}

/* An ID3v2 tag whose body is full of what looks like frames. */
static void put_id3(uint32_t body, bool has_footer) {
  const uint8_t head[10] = {'I', 'D', '3', 4, 0, has_footer ? 0x10 : 0, (uint8_t)(body >> 21 & 127),
                            (uint8_t)(body >> 14 & 127), (uint8_t)(body >> 7 & 127), body & 127};
  put(head, sizeof head);
  const uint32_t end = byte_size + body + (has_footer ? 10 : 0);
  while (byte_size + 417 <= end) put_lure(CBR_128, 417);
  put_zeros(end - byte_size);
}

static void put_ape(uint32_t body, bool has_header) {
  uint8_t block[32] = "APETAGEX";
  block[12] = (uint8_t)body, block[13] = (uint8_t)(body >> 8), block[14] = (uint8_t)(body >> 16);
  block[23] = has_header ? 0xa0 : 0x80;
  put(block, sizeof block);
  if (!has_header) return;
  const uint32_t end = byte_size + body;
  while (byte_size + 417 <= end) put_lure(CBR_128, 417);
  put_zeros(end - byte_size);
}

/* All frames by one view of the whole, or by a window that grows by `step` bytes when more is
   asked for. */
static void check(const char *what, uint32_t step) {
  mp3a_reader reader = {0};
  uint32_t count = 0, at = 0, end = step ? 0 : byte_size, wrong = 0;
  while (at < byte_size) {
    uint64_t skipped = 0;
    const bool at_end = end == byte_size;
    const uint32_t size = mp3a_reader_find(&reader, bytes + at, end - at, at_end, &skipped);
    wrong += skipped > end - at;
    at += (uint32_t)skipped;
    if (size == 0 && at_end) break;
    if (size == 0) {
      end = end + step < byte_size ? end + step : byte_size;
      continue;
    }
    if (count < wanted_count) wrong += at != wanted[count] || size != sizes[count];
    if (wrong == 1) fprintf(stderr, "%s: frame %u at %u of %u bytes\n", what, count, at, size);
    count++, at += size;
  }
  CHECK(wrong == 0 && count == wanted_count, "%s, by %u: %u frames, not %u, %u wrong", what, step,
        count, wanted_count, wrong);
}

static void check_all(const char *what) {
  const uint32_t steps[] = {0, 1, 3, 417, 5000};
  for (int i = 0; i < 5; i++) check(what, steps[i]);
}

static void check_plain(void) {
  for (uint32_t count = 2; count < 6; count++) {
    clear(), put_frames(count);
    check_all("frames alone");
    put_frame(CBR_160, 522), put_frame(CBR_128_PADDED, 418), put_frame(CBR_128_MONO, 417);
    check_all("frames of other sizes");
    put_zeros(300);
    check_all("zeros behind");
    byte_size -= 300 - 3;
    check_all("three bytes behind");
  }
  clear(), put_frames(1);
  check_all("one frame");
  put_lure(CBR_128, 416);
  check_all("a frame that is cut");
  clear(), put_frames(3), byte_size -= 1, wanted_count--;
  check_all("the last byte is missing");
  clear(), put_lure(CBR_128, 416);
  check_all("nothing but a cut frame");
  clear(), put_frames(1), put_zeros(3);
  wanted_count = 0; /* alone, and not at the end */
  check_all("a frame and three bytes");
}

static void check_garbage(void) {
  for (uint32_t garbage = 1; garbage < 900; garbage += 53) {
    clear(), put_zeros(garbage), put_frames(4);
    check_all("garbage before");
    put_zeros(garbage), put_frames(4);
    check_all("garbage between");
    clear(), put_lure(CBR_128, garbage + 4), put_frames(4);
    if (garbage + 4 != 417) check_all("what looks like a frame, and none follows it");
    clear(), put_frames(3), put_lure(OTHER_RATE, 384), put_lure(OTHER_VERSION, 417), put_frames(3);
    check_all("frames of another kind");
    clear(), put_zeros(garbage), put_frame(CBR_128, 417), put_frame(CBR_128, 417);
    put_lure(CBR_128, 4), wanted_count = 2;
    check_all("two frames and the beginning of a third");
  }
  clear(), put("IA\xff" "I", 4), put("A\xff", 2), put_frames(3);
  put("\xff\xff\xfb", 3), put_frames(3);
  check_all("bytes that begin something");
  clear(), put_lure(CBR_128, 417), put_lure(OTHER_RATE, 384), put_frames(4);
  check_all("a frame that only another kind follows");
  clear(), put_lure(CBR_128, 417), put_lure(CBR_128, 417), put_zeros(5), put_frames(4);
  check_all("two frames that garbage follows");
}

static void check_id3(void) {
  const uint32_t bodies[] = {0, 1, 127, 128, 500, 16383, 16384, 40000};
  for (int i = 0; i < 8; i++) {
    for (int has_footer = 0; has_footer < 2; has_footer++) {
      clear(), put_id3(bodies[i], has_footer), put_frames(3);
      check_all("ID3 before");
      put_id3(bodies[i], has_footer), put_id3(7, false), put_frames(3);
      check_all("ID3 between");
      put_id3(bodies[i], has_footer);
      check_all("ID3 behind");
    }
  }
  clear(), put("ID3\x04\0\0\1\0\0\5", 10); /* 2 MB are to come */
  put_lure(CBR_128, 417), put_lure(CBR_128, 417);
  check_all("an ID3 tag that goes on behind the end");
  for (int bad = 3; bad < 10; bad++) {
    clear(), put_id3(40, false), put_frames(3);
    if (bad == 5) continue; /* flags may be any */
    bytes[bad] = bad < 5 ? 0xff : 0x80;
    check_all("no ID3 tag: what comes is looked at");
  }
  clear(), put("ID4", 3), put_zeros(3), put("\0\0\x20\0", 4), put_frames(4);
  check_all("ID4");
  clear(), put("ID3\x04\0\0\0\0", 8);
  check_all("an ID3 header that is cut");
  clear(), put_frame(CBR_128, 417), put_id3(90, false), put_frames(3);
  check_all("a frame that a tag follows");
  clear(), put_lure(CBR_128, 417), put("IDLE", 4), put_zeros(20), put_frames(3);
  check_all("a frame that no tag follows, though it begins like one");
  /* Searched for, it would need another one behind it. */
  clear(), put_frames(3), put_id3(40, true), put_frame(CBR_128, 417), put("xx", 2);
  check_all("behind a tag's footer the stream goes on");
}

static void check_ape(void) {
  const uint32_t bodies[] = {0, 1, 300, 70000};
  for (int i = 0; i < 4; i++) {
    for (int has_header = 0; has_header < 2; has_header++) {
      clear(), put_ape(bodies[i], has_header), put_frames(3);
      check_all("APE before");
      put_ape(bodies[i], has_header), put_frames(3), put_ape(bodies[i], has_header);
      check_all("APE between and behind");
    }
  }
  clear(), put("APETAGEY", 8), put_zeros(23), put_frames(3);
  check_all("no APE tag");
  clear(), put_frames(3), put("APETAG", 6);
  check_all("an APE tag that is cut");
  clear(), put_frame(CBR_128, 417), put("TAG", 3), put_zeros(125);
  check_all("one frame and an ID3v1 tag");
}

static void check_free(uint32_t size) {
  for (uint32_t first = 0; first < 2; first++) {
    clear();
    for (uint32_t i = first; i < first + 5; i++)
      put_frame(i % 2 ? FREE_PADDED : FREE, size + i % 2);
    check_all("free format");
  }
  put_zeros(100), put_frame(FREE, size), put_frame(FREE, size), put_frame(FREE, size);
  check_all("free format, and garbage");
  clear(), put_lure(FREE, size), put_lure(FREE, size), put_zeros(7);
  check_all("free format by two headers alone");
}

static void check_free_limits(void) {
  const uint32_t found[] = {60, 417, 1044, 2303}, too_large[] = {2305, 3000};
  for (int i = 0; i < 4; i++) check_free(found[i]);
  for (int i = 0; i < 2; i++) {
    clear();
    for (int k = 0; k < 4; k++) put_lure(FREE, too_large[i]);
    check_all("free format with too large frames");
  }
  clear();
  for (int k = 0; k < 6; k++) put_lure(FREE, 30);
  check_all("free format without room for the side information");
}

int main(void) {
  RUN(check_plain());
  RUN(check_garbage());
  RUN(check_id3());
  RUN(check_ape());
  RUN(check_free_limits());
  return check_finish();
}
