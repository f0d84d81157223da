/* The tag's delay, changed: LAME's own check sum stays right, and all else as it was. */
#include "encode/tag_delay.h"

#include <string.h>

#include "common/mpeg.h"
#include "mp3augment.h"
#include "tests/check.h"
#include "tests/encode_at_once.h"
#include "tests/signals.h"

enum { FRAMES = 5000, CONTENT = 156 };

/* CRC-16 as its definition says it, bit by bit, over a message with its bits reversed. */
static uint16_t crc_of(const uint8_t *bytes, uint32_t count) {
  uint32_t sum = 0;
  for (uint32_t i = 0; i < count * 8; i++) {
    const uint32_t bit = bytes[i / 8] >> i % 8 & 1;
    const uint32_t top = sum >> 15 & 1;
    sum = (sum << 1 & 0xffff) ^ (top != bit ? 0x8005 : 0);
  }
  uint16_t reversed = 0;
  for (int i = 0; i < 16; i++) reversed |= (uint16_t)((sum >> i & 1) << (15 - i));
  return reversed;
}

static void check_delay(int32_t rate_hz, int32_t channel_count, uint32_t more) {
  const mp3a_options o = {sizeof o, rate_hz, 64, 7, channel_count, 0, MP3A_CBR, 0, 0, 0, 0, 0};
  float *samples = make_signal(FRAMES, rate_hz, 5, 0.7f);
  int size;
  uint8_t *bytes =
      encode_at_once(&o, samples, channel_count == 2 ? samples : NULL, FRAMES, &size);
  uint8_t *before = malloc((size_t)size);
  memcpy(before, bytes, (size_t)size);
  const uint32_t begin =
      4 + (rate_hz >= 32000 ? (channel_count == 2 ? 32 : 17) : channel_count == 2 ? 17 : 9);
  const uint32_t sum_at = begin + CONTENT - 2;
  CHECK(memcmp(bytes + begin, "Info", 4) == 0, "LAME's tag");
  CHECK((bytes[sum_at] << 8 | bytes[sum_at + 1]) == crc_of(bytes, sum_at), "LAME's sum");
  mp3a_tag_delay(bytes, begin + CONTENT - 1, rate_hz >= 32000, channel_count, more);
  CHECK(memcmp(bytes, before, (size_t)size) == 0, "a tag that was cut off is left alone");
  mp3a_tag_delay(bytes, begin + CONTENT, rate_hz >= 32000, channel_count, more);
  CHECK((bytes[sum_at] << 8 | bytes[sum_at + 1]) == crc_of(bytes, sum_at), "the sum");
  mp3a_mp3_info old, new;
  CHECK(mp3a_probe(before, (uint32_t)size, 0, &old) == MP3A_OK, "probe");
  CHECK(mp3a_probe(bytes, (uint32_t)size, 0, &new) == MP3A_OK, "probe");
  const int32_t delay = old.encoder_delay + (int32_t)more;
  CHECK(new.encoder_delay == (delay < 4095 ? delay : 4095), "delay %d", new.encoder_delay);
  CHECK(new.encoder_padding == old.encoder_padding, "padding %d", new.encoder_padding);
  unsigned others = 0;
  for (uint32_t i = 0; i < (uint32_t)size; i++) {
    const bool is_delay = i == begin + 141 || i == begin + 142;
    const bool is_sum = i == sum_at || i == sum_at + 1;
    others += bytes[i] != before[i] && !is_delay && !is_sum;
  }
  CHECK(others == 0, "%u other bytes differ", others);
  CHECK(more > 0 || memcmp(bytes, before, (size_t)size) == 0, "nothing more");
  free(samples), free(bytes), free(before);
}

int main(void) {
  const uint32_t more[] = {0, 1, 15, 16, 575, 1151, 3518, 3519, 3520, 6911};
  for (size_t i = 0; i < sizeof more / sizeof *more; i++) {
    for (int32_t channel_count = 1; channel_count <= 2; channel_count++) {
      RUN(check_delay(44100, channel_count, more[i]));
      RUN(check_delay(22050, channel_count, more[i]));
    }
  }
  return check_finish();
}
