#include "decode/mp3_tag.h"

#include <string.h>

/* The layout of the Xing tag with LAME's extension, as LAME's site documents it. */
enum {
  HAS_FRAMES = 1,
  HAS_BYTES = 2,
  HAS_TOC = 4,
  HAS_QUALITY = 8,
  TOC_BYTES = 100,
  ENCODER_BYTES = 9,
  METHOD_OFFSET = 9,  /* in LAME's extension */
  DELAYS_OFFSET = 21, /* the same */
  DELAYS_BYTES = 3,
  VBRI_OFFSET = 32, /* behind the header, always */
  VBRI_FRAMES_OFFSET = 14
};

static uint32_t big_endian(const uint8_t *bytes) {
  return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static bool is_printable(uint8_t byte) { return byte >= 0x20 && byte < 0x7f; }

/* LAME's part, which other encoders write too under names of their own. */
static void read_extension(const uint8_t *bytes, uint32_t byte_size, mp3a_tag *tag) {
  if (byte_size < DELAYS_OFFSET + DELAYS_BYTES || !is_printable(bytes[0])) return;
  for (int i = 0; i < ENCODER_BYTES && is_printable(bytes[i]); i++)
    tag->encoder[i] = (char)bytes[i];
  tag->vbr_method = bytes[METHOD_OFFSET] & 15;
  const uint8_t *delays = bytes + DELAYS_OFFSET;
  tag->delay = delays[0] << 4 | delays[1] >> 4;
  tag->padding = (delays[1] & 15) << 8 | delays[2];
}

static bool read_xing(const uint8_t *bytes, uint32_t byte_size, mp3a_tag *tag) {
  if (byte_size < 8) return false;
  if (memcmp(bytes, "Xing", 4) == 0) tag->kind = MP3A_TAG_XING;
  else if (memcmp(bytes, "Info", 4) == 0) tag->kind = MP3A_TAG_INFO;
  else return false;
  const uint32_t flags = big_endian(bytes + 4);
  uint32_t at = 8;
  if (flags & HAS_FRAMES && at + 4 <= byte_size) tag->mp3_frame_count = big_endian(bytes + at);
  if (flags & HAS_FRAMES) at += 4;
  if (flags & HAS_BYTES) at += 4;
  if (flags & HAS_TOC) at += TOC_BYTES;
  if (flags & HAS_QUALITY) at += 4;
  if (at < byte_size) read_extension(bytes + at, byte_size - at, tag);
  return true;
}

static bool read_vbri(const uint8_t *bytes, uint32_t byte_size, mp3a_tag *tag) {
  if (byte_size < VBRI_FRAMES_OFFSET + 4 || memcmp(bytes, "VBRI", 4) != 0) return false;
  tag->kind = MP3A_TAG_VBRI;
  tag->mp3_frame_count = big_endian(bytes + VBRI_FRAMES_OFFSET);
  return true;
}

static bool read_at(const uint8_t *bytes, uint32_t byte_size, uint32_t offset,
                    bool (*read)(const uint8_t *, uint32_t, mp3a_tag *), mp3a_tag *tag) {
  return offset < byte_size && read(bytes + offset, byte_size - offset, tag);
}

bool mp3a_tag_read(const uint8_t *bytes, uint32_t byte_size, const mp3a_header *header,
                   mp3a_tag *tag) {
  *tag = (mp3a_tag){.delay = -1, .padding = -1};
  /* LAME leaves no room for the check sum before it, others do. */
  const uint32_t xing = MP3A_HEADER_BYTES + header->side_info_byte_size;
  const uint32_t behind_sum = header->side_info_offset + header->side_info_byte_size;
  return read_at(bytes, byte_size, xing, read_xing, tag) ||
         read_at(bytes, byte_size, behind_sum, read_xing, tag) ||
         read_at(bytes, byte_size, MP3A_HEADER_BYTES + VBRI_OFFSET, read_vbri, tag);
}
