/* MP3 frames made to lead minimp3 astray: what upstream has open reports of, and
   what its tables allow. A sanitizer watches the accesses; the samples must depend
   on the stream alone. */
#include <string.h>

#include "decode/frame.h"
#include "tests/check.h"

enum {
  LINES = 576,
  LARGEST_BYTES = 2304,
  RESERVOIR_BYTES = 511,
  MONO_BYTES = 4 + 17, /* header and side information of MPEG-1 mono */
  MOST_BITS = 4095     /* that a granule's bits can be said to take */
};

static uint8_t frame[LARGEST_BYTES];
static int position; /* in bits */
static float left[2 * LINES], right[2 * LINES], expected[2 * LINES];

static void put_bits(int count, uint32_t value) {
  for (int i = count - 1; i >= 0; i--, position++) {
    const uint8_t bit = (uint8_t)(128 >> position % 8);
    if (value >> i & 1) frame[position / 8] |= bit;
    else frame[position / 8] &= (uint8_t)~bit;
  }
}

typedef struct granule {
  uint32_t bit_count, pair_count, table;
  int is_mixed; /* short blocks over long ones */
} granule;

static void put_granule(granule g, int is_mpeg1) {
  put_bits(12, g.bit_count), put_bits(9, g.pair_count), put_bits(8, 180);
  put_bits(is_mpeg1 ? 4 : 9, 0), put_bits(1, g.is_mixed != 0);
  if (g.is_mixed) put_bits(3, 5), put_bits(5, g.table), put_bits(5, g.table), put_bits(9, 0);
  else put_bits(5, g.table), put_bits(5, g.table), put_bits(5, g.table), put_bits(7, 0x3f);
  put_bits(is_mpeg1 ? 3 : 2, 0);
}

static void fill_frame(int pattern) {
  for (int i = 0; i < LARGEST_BYTES; i++) {
    frame[i] = (uint8_t)(pattern < 256 ? (uint32_t)pattern : check_random());
  }
}

/* Free format, MPEG-1, mono: the data are a pattern. */
static void make_free_frame(uint32_t borrowed, granule first, granule second, int pattern) {
  fill_frame(pattern);
  position = 0;
  put_bits(32, 0xfffb00c0), put_bits(9, borrowed), put_bits(9, 0);
  put_granule(first, 1), put_granule(second, 1);
}

/* Leaves something where the decoder will have its variables. */
__attribute__((noinline)) static void dirty_stack(int dirt) {
  volatile uint8_t stack[65536];
  for (size_t i = 0; i < sizeof stack; i++) stack[i] = (uint8_t)dirt;
}

static int decode(mp3dec_t *codec, int byte_size, int dirt) {
  mp3dec_frame_info_t info;
  float *const planes[2] = {left, right};
  dirty_stack(dirt);
  return mp3a_decode_frame(codec, frame, byte_size, planes, &info);
}

static int decode_free(mp3dec_t *codec, int byte_size, int dirt) {
  memcpy(codec->header, frame, 4);
  codec->free_format_bytes = byte_size;
  return decode(codec, byte_size, dirt);
}

/* Free format, MPEG-1, stereo, with all the bits it can borrow: three granules of no
   lines come before the last one. From there on the data are a pattern, or the pair
   (15, 15) of table 23 again and again, which takes the most bits of all. */
static void make_longest_frame(uint32_t table, int pattern) {
  enum { PAIR_BITS = 8 + 2 * (13 + 1), BEGIN = 3 * MOST_BITS };
  const granule idle = {MOST_BITS, 0, 0, 0}, greedy = {MOST_BITS, 288, table, 0};
  fill_frame(pattern);
  position = 0;
  put_bits(32, 0xfffb0000), put_bits(9, RESERVOIR_BYTES), put_bits(11, 0);
  for (int i = 0; i < 3; i++) put_granule(idle, 1);
  put_granule(greedy, 1);
  if (pattern >= 0) return;
  for (int bit = RESERVOIR_BYTES * 8; position < LARGEST_BYTES * 8; bit++) {
    const int at = (bit + PAIR_BITS * BEGIN - BEGIN) % PAIR_BITS;
    put_bits(1, at == 6 || at == 7);
  }
}

/* lieff/minimp3 #145 and #141: pairs are read on behind the last bit, here over the
   end of the longest data there can be. */
static void check_read_past(uint32_t table, int pattern) {
  const granule none = {0, 0, 0, 0};
  for (int dirt = 0; dirt < 2; dirt++) {
    mp3dec_t codec = {0};
    check_seed(1);
    make_free_frame(0, none, none, pattern & 511);
    CHECK(decode_free(&codec, LARGEST_BYTES, 255 * dirt) == 2 * LINES, "first");
    CHECK(codec.reserv == RESERVOIR_BYTES, "%d bytes kept", codec.reserv);
    make_longest_frame(table, pattern);
    CHECK(decode_free(&codec, LARGEST_BYTES, 255 * dirt) == 2 * LINES, "longest");
    if (dirt == 0) memcpy(expected, right, sizeof right);
    else CHECK(memcmp(expected, right, sizeof right) == 0, "table %u, pattern %d", table, pattern);
  }
}

/* The same where the frame ends at once: what lies behind it must not be heard. */
static void check_read_past_frame(uint32_t table) {
  const granule none = {0, 0, 0, 0}, greedy = {16, 288, table, 0};
  for (int fill = 0; fill < 2; fill++) {
    mp3dec_t codec = {0};
    make_free_frame(0, none, greedy, 0x30);
    memset(frame + MONO_BYTES + 2, 255 * fill, sizeof frame - MONO_BYTES - 2);
    CHECK(decode_free(&codec, MONO_BYTES + 2, 255 * fill) == 2 * LINES, "shortest");
    if (fill == 0) memcpy(expected, left, sizeof left);
    else CHECK(memcmp(expected, left, sizeof left) == 0, "table %u", table);
  }
}

/* minimp3's bands of mixed blocks at 8 kHz end 24 lines behind their channel, in the
   next one. */
static void check_mixed(uint32_t table) {
  enum { BYTES = 1440 };
  float alone[LINES];
  for (int is_mixed = 0; is_mixed < 2; is_mixed++) {
    mp3dec_t codec = {0};
    check_seed(2);
    fill_frame(256);
    position = 0;
    put_bits(32, 0xffe3e800), put_bits(10, 0);
    put_granule((granule){MOST_BITS, 288, table, is_mixed}, 0);
    put_granule((granule){MOST_BITS, 288, table, 0}, 0);
    CHECK(decode(&codec, BYTES, 0) == LINES, "8 kHz");
    if (is_mixed == 0) memcpy(alone, right, sizeof alone);
    else CHECK(memcmp(alone, right, sizeof alone) == 0, "table %u: the other channel", table);
  }
}

/* Every side information there can be, and none that is asked for too much. */
static void check_random_frames(void) {
  static const uint32_t headers[] = {0xfffbe000, 0xfffbe040, 0xfffbe070, 0xfffbe4c0, 0xfffae850,
                                     0xfff3e460, 0xfff3e0c0, 0xffe3e870, 0xffe3e0c0, 0xffe2e430};
  uint32_t wrong = 0;
  mp3dec_t codec = {0};
  for (int i = 0; i < 5000; i++) {
    fill_frame(i % 3 == 0 ? (int)(check_random() & 255) : 256);
    position = 0;
    put_bits(32, headers[check_random() % (sizeof headers / sizeof *headers)]);
    if (i % 2) put_bits(9, 0);
    memcpy(codec.header, frame, 4);
    const int count = decode(&codec, mp3a_frame_byte_size(frame), i);
    for (int k = 0; k < count; k++) wrong += !(left[k] < 1e20f && left[k] > -1e20f);
    wrong += count < 0 || count > 2 * LINES || codec.reserv < 0 || codec.reserv > RESERVOIR_BYTES;
  }
  CHECK(wrong == 0, "%u", wrong);
}

int main(void) {
  for (uint32_t table = 1; table < 32; table++) {
    for (int pattern = 0; pattern <= 256; pattern += 32) RUN(check_read_past(table, pattern));
    RUN(check_read_past(table, -1));
    RUN(check_read_past_frame(table));
    RUN(check_mixed(table));
  }
  RUN(check_random_frames());
  return check_finish();
}
