/* What an encoder says of a whole file in a first MP3 frame without audio: the tags
   of Xing (called Info for constant bitrate) with LAME's extension, and VBRI. */
#ifndef MP3A_MP3_TAG_H
#define MP3A_MP3_TAG_H

#include "decode/mp3_header.h"

typedef enum mp3a_tag_kind {
  MP3A_TAG_NONE,
  MP3A_TAG_XING,
  MP3A_TAG_INFO,
  MP3A_TAG_VBRI
} mp3a_tag_kind;

typedef struct mp3a_tag {
  mp3a_tag_kind kind;
  uint32_t mp3_frame_count; /* those with audio; 0: not told */
  int32_t delay, padding;   /* PCM frames that the encoder has added; -1: not told */
  int32_t vbr_method;       /* LAME's number; 0: not told */
  char encoder[10];         /* "LAME3.100" and the like; empty: not told */
} mp3a_tag;

/* Whether this MP3 frame is a tag, and what it says. */
bool mp3a_tag_read(const uint8_t *bytes, uint32_t byte_size, const mp3a_header *header,
                   mp3a_tag *tag);

#endif
