#include "decode/mp3_reader.h"

#include <string.h>

enum {
  ID3_HEADER_BYTES = 10,
  APE_HEADER_BYTES = 32,
  CONFIRMING_COUNT = 2 /* frames that must follow one that is found by searching */
};

typedef enum verdict { IS_FRAME, IS_NONE, NEEDS_MORE } verdict;

/* A stretch of the stream from some place on. */
typedef struct view {
  const uint8_t *bytes;
  uint64_t byte_size;
  bool at_end;
} view;

static view advance(view v, uint64_t count) {
  return (view){v.bytes + count, v.byte_size - count, v.at_end};
}

/* ID3v2's sizes have 7 bits a byte. */
static verdict read_id3(view v, uint64_t *tag_size) {
  if (v.bytes[0] != 'I') return IS_NONE;
  if (v.byte_size < ID3_HEADER_BYTES) return v.at_end ? IS_NONE : NEEDS_MORE;
  const uint8_t *b = v.bytes;
  const bool is_tag = memcmp(b, "ID3", 3) == 0 && b[3] != 0xff && b[4] != 0xff &&
                      ((b[6] | b[7] | b[8] | b[9]) & 0x80) == 0;
  if (!is_tag) return IS_NONE;
  const uint32_t body = (uint32_t)b[6] << 21 | (uint32_t)b[7] << 14 | (uint32_t)b[8] << 7 | b[9];
  const uint32_t footer = b[5] & 0x10 ? ID3_HEADER_BYTES : 0;
  *tag_size = (uint64_t)ID3_HEADER_BYTES + body + footer;
  return IS_FRAME;
}

/* An APE tag's header or its footer, which look alike. The size counts what follows
   a header; what belongs to a footer has gone by. */
static verdict read_ape(view v, uint64_t *tag_size) {
  if (v.bytes[0] != 'A') return IS_NONE;
  const size_t magic = v.byte_size < 8 ? (size_t)v.byte_size : 8;
  if (memcmp(v.bytes, "APETAGEX", magic) != 0) return IS_NONE;
  if (v.byte_size < APE_HEADER_BYTES) return v.at_end ? IS_NONE : NEEDS_MORE;
  const uint8_t *b = v.bytes;
  const uint32_t size =
      b[12] | (uint32_t)b[13] << 8 | (uint32_t)b[14] << 16 | (uint32_t)b[15] << 24;
  const bool is_header = b[23] & 0x20;
  *tag_size = APE_HEADER_BYTES + (is_header ? (uint64_t)size : 0);
  return IS_FRAME;
}

static verdict read_tag(view v, uint64_t *tag_size) {
  const verdict id3 = read_id3(v, tag_size);
  return id3 == IS_NONE ? read_ape(v, tag_size) : id3;
}

/* Whether a tag, old or new, begins here: as good an end of a frame as another frame. */
static verdict begins_tag(view v) {
  uint64_t tag_size;
  if (v.byte_size >= 3 && memcmp(v.bytes, "TAG", 3) == 0) return IS_FRAME;
  return read_tag(v, &tag_size);
}

/* Free format doesn't tell its size: it is the distance of three headers that match. */
static verdict measure_free_format(view v, uint32_t *size) {
  const uint32_t padding = v.bytes[2] >> 1 & 1;
  const uint64_t last = 2 * MP3A_LARGEST_FREE_FORMAT_BYTES + MP3A_HEADER_BYTES;
  if (v.byte_size < last && !v.at_end) return NEEDS_MORE;
  for (uint32_t k = MP3A_HEADER_BYTES; k <= MP3A_LARGEST_FREE_FORMAT_BYTES; k++) {
    if (k + MP3A_HEADER_BYTES > v.byte_size) break;
    if (!mp3a_header_matches(v.bytes, v.bytes + k)) continue;
    const uint32_t next = k - padding + (v.bytes[k + 2] >> 1 & 1);
    if (k + next + MP3A_HEADER_BYTES > v.byte_size) break;
    if (!mp3a_header_matches(v.bytes, v.bytes + k + next)) continue;
    *size = k - padding;
    return IS_FRAME;
  }
  return IS_NONE;
}

/* The size of the frame that begins here, by its header. */
static verdict read_size(const mp3a_reader *reader, view v, uint32_t *free_size, uint32_t *size) {
  mp3a_header header;
  if (v.byte_size < MP3A_HEADER_BYTES) return v.at_end ? IS_NONE : NEEDS_MORE;
  if (!mp3a_header_read(v.bytes, &header)) return IS_NONE;
  if (reader->has_first && !mp3a_header_matches(reader->first, v.bytes)) return IS_NONE;
  *free_size = reader->free_format_size;
  if (header.bitrate_kbps == 0 && *free_size == 0) {
    const verdict measured = measure_free_format(v, free_size);
    if (measured != IS_FRAME) return measured;
  }
  *size = header.byte_size + (header.bitrate_kbps == 0 ? *free_size : 0);
  const bool has_room = *size >= header.side_info_offset + header.side_info_byte_size;
  return has_room && *size <= MP3A_LARGEST_FREE_FORMAT_BYTES ? IS_FRAME : IS_NONE;
}

/* Whether frames, a tag or the end follow this one: what looks like a frame may
   be by chance. */
static verdict confirm(view v, uint32_t free_size, uint32_t size) {
  const uint8_t *first = v.bytes;
  for (int i = 0; i < CONFIRMING_COUNT; i++) {
    if (v.byte_size < size) return v.at_end && i > 0 ? IS_FRAME : v.at_end ? IS_NONE : NEEDS_MORE;
    v = advance(v, size);
    if (v.byte_size == 0 && v.at_end) return IS_FRAME;
    if (v.byte_size < MP3A_HEADER_BYTES) return !v.at_end ? NEEDS_MORE : i > 0 ? IS_FRAME : IS_NONE;
    const verdict tag = begins_tag(v);
    if (tag != IS_NONE) return tag;
    mp3a_header header;
    if (!mp3a_header_matches(first, v.bytes)) return IS_NONE;
    mp3a_header_read(v.bytes, &header);
    size = header.byte_size + (header.bitrate_kbps == 0 ? free_size : 0);
  }
  return IS_FRAME;
}

static verdict read_frame(mp3a_reader *reader, view v, uint32_t *size) {
  uint32_t free_size;
  verdict found = read_size(reader, v, &free_size, size);
  if (found != IS_FRAME) return found;
  found = reader->in_sync ? IS_FRAME : confirm(v, free_size, *size);
  if (found != IS_FRAME) return found;
  if (v.byte_size < *size) return v.at_end ? IS_NONE : NEEDS_MORE;
  if (!reader->has_first) memcpy(reader->first, v.bytes, MP3A_HEADER_BYTES);
  reader->has_first = reader->in_sync = true;
  if (v.bytes[2] >> 4 == 0) reader->free_format_size = free_size;
  return IS_FRAME;
}

/* How many bytes it is to the next that may begin a frame or a tag: at least 1. */
static uint64_t next_candidate(view v) {
  uint64_t count = 1;
  while (count < v.byte_size && v.bytes[count] != 0xff && v.bytes[count] != 'I' &&
         v.bytes[count] != 'A') {
    count++;
  }
  return count;
}

uint32_t mp3a_reader_find(mp3a_reader *reader, const uint8_t *bytes, uint64_t byte_size,
                          bool at_end, uint64_t *skipped) {
  view v = {bytes, byte_size, at_end};
  uint32_t size = 0;
  verdict found = NEEDS_MORE;
  for (;;) {
    const uint64_t skip = reader->skip_count < v.byte_size ? reader->skip_count : v.byte_size;
    reader->skip_count -= skip;
    v = advance(v, skip);
    if (v.byte_size == 0) break;
    found = read_tag(v, &reader->skip_count);
    if (found == IS_FRAME) continue;
    if (found == IS_NONE) found = read_frame(reader, v, &size);
    if (found != IS_NONE) break;
    reader->in_sync = false;
    v = advance(v, next_candidate(v));
  }
  *skipped = byte_size - v.byte_size;
  return found == IS_FRAME && v.byte_size > 0 ? size : 0;
}
