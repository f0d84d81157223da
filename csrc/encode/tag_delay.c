/* LAME's tag begins behind the side information. Its layout, and the check sum at its end
   (CRC-16 of all before, polynomial 0x8005, the lowest bit first), are those that LAME's site
   documents. */
#include "encode/tag_delay.h"

#include "common/mpeg.h"

enum { DELAYS_OFFSET = 141, SUM_BYTES = 2, MOST_DELAY = 4095 };

static uint16_t sum_of(const uint8_t *bytes, uint32_t count) {
  uint16_t sum = 0;
  for (uint32_t i = 0; i < count; i++) {
    sum ^= bytes[i];
    for (int bit = 0; bit < 8; bit++) sum = (uint16_t)(sum >> 1 ^ (sum & 1 ? 0xa001 : 0));
  }
  return sum;
}

void mp3a_tag_delay(uint8_t *bytes, uint32_t byte_size, bool is_mpeg1, int32_t channel_count,
                    uint32_t more) {
  const uint32_t begin = mp3a_side_info_byte_size(is_mpeg1, channel_count);
  if (byte_size < begin + MP3A_TAG_CONTENT_BYTES) return;
  uint8_t *delays = bytes + begin + DELAYS_OFFSET;
  const uint32_t sum_at = begin + MP3A_TAG_CONTENT_BYTES - SUM_BYTES;
  uint32_t delay = ((uint32_t)delays[0] << 4 | delays[1] >> 4) + more;
  if (delay > MOST_DELAY) delay = MOST_DELAY;
  delays[0] = (uint8_t)(delay >> 4);
  delays[1] = (uint8_t)(delay << 4 | (delays[1] & 15));
  const uint16_t sum = sum_of(bytes, sum_at);
  bytes[sum_at] = (uint8_t)(sum >> 8);
  bytes[sum_at + 1] = (uint8_t)sum;
}
