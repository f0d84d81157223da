/* Finds the MP3 frames of a stream, and passes over what is none: ID3 and APE
   tags, and garbage. What it decides depends on the bytes alone, not on how they
   are cut into pieces. */
#ifndef MP3A_MP3_READER_H
#define MP3A_MP3_READER_H

#include "common/mpeg.h"
#include "decode/mp3_header.h"

enum {
  /* The most that has to be seen to decide on a frame: itself and two more. */
  MP3A_LOOKAHEAD_BYTES = 3 * MP3A_LARGEST_FREE_FORMAT_BYTES + MP3A_HEADER_BYTES
};

typedef struct mp3a_reader {
  uint8_t first[MP3A_HEADER_BYTES]; /* what all frames have to match, once there was one */
  bool has_first;
  bool in_sync;              /* a frame has just ended here */
  uint32_t free_format_size; /* a free-format frame's bytes without padding, once known */
  uint64_t skip_count;       /* bytes of a tag that are still to come */
} mp3a_reader;

/* Looks for the next frame. `*skipped`: the bytes before it, which are of no use.
   Returns the frame's size; 0 when more bytes are needed to tell, or at the end
   when there is none. `at_end`: nothing comes after these bytes. */
uint32_t mp3a_reader_find(mp3a_reader *reader, const uint8_t *bytes, uint64_t byte_size,
                          bool at_end, uint64_t *skipped);

#endif
