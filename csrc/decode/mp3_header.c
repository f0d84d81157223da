#include "decode/mp3_header.h"

#include "common/mpeg.h"

/* Sync of 11 bits, a version, Layer III, and no forbidden bitrate or rate. */
static bool is_valid(const uint8_t *bytes) {
  return bytes[0] == 0xff && (bytes[1] & 0xe0) == 0xe0 && (bytes[1] & 0x18) != 0x08 &&
         (bytes[1] & 0x06) == 0x02 && bytes[2] >> 4 != 15 && (bytes[2] >> 2 & 3) != 3;
}

bool mp3a_header_read(const uint8_t *bytes, mp3a_header *header) {
  if (!is_valid(bytes)) return false;
  const int version = bytes[1] >> 3 & 3; /* 3: 1, 2: 2, 0: 2.5 */
  const bool is_mpeg1 = version == 3;
  const int divisor = is_mpeg1 ? 1 : version == 2 ? 2 : 4;
  header->version_times_ten = is_mpeg1 ? 10 : version == 2 ? 20 : 25;
  header->sample_rate_hz = mp3a_mpeg1_rates_hz[bytes[2] >> 2 & 3] / divisor;
  header->bitrate_kbps = mp3a_bitrates_kbps[is_mpeg1][bytes[2] >> 4];
  header->mode = (mp3a_channel_mode)(bytes[3] >> 6);
  header->channel_count = header->mode == MP3A_MODE_MONO ? 1 : 2;
  header->frame_count = mp3a_mp3_frame_size(is_mpeg1);
  const uint32_t padding = bytes[2] >> 1 & 1;
  header->byte_size =
      mp3a_mp3_frame_byte_size(is_mpeg1, header->bitrate_kbps, header->sample_rate_hz) + padding;
  header->side_info_offset = MP3A_HEADER_BYTES + (bytes[1] & 1 ? 0 : 2);
  header->side_info_byte_size =
      is_mpeg1 ? (header->channel_count == 1 ? 17 : 32) : (header->channel_count == 1 ? 9 : 17);
  return true;
}

bool mp3a_header_matches(const uint8_t *a, const uint8_t *b) {
  const bool a_is_free = a[2] >> 4 == 0, b_is_free = b[2] >> 4 == 0;
  return is_valid(b) && (a[1] & 0xfe) == (b[1] & 0xfe) && (a[2] & 0x0c) == (b[2] & 0x0c) &&
         a_is_free == b_is_free;
}
