/* The header of an MP3 frame: ISO/IEC 11172-3 2.4.1.3 and 13818-3, with the
   extension to lower rates that is called MPEG-2.5. Layer III only. */
#ifndef MP3A_MP3_HEADER_H
#define MP3A_MP3_HEADER_H

#include <stdbool.h>
#include <stdint.h>

enum { MP3A_HEADER_BYTES = 4 };

typedef enum mp3a_channel_mode {
  MP3A_MODE_STEREO = 0,
  MP3A_MODE_JOINT = 1,
  MP3A_MODE_DUAL = 2,
  MP3A_MODE_MONO = 3
} mp3a_channel_mode;

typedef struct mp3a_header {
  int32_t version_times_ten; /* 10, 20 or 25 */
  int32_t sample_rate_hz;
  int32_t channel_count;
  mp3a_channel_mode mode;
  int32_t bitrate_kbps;      /* 0: free format */
  uint32_t frame_count;      /* PCM frames: 1152, or 576 below 32 kHz */
  uint32_t byte_size;        /* of the whole MP3 frame; in free format of its padding alone */
  uint32_t side_info_offset; /* behind the header and its check sum */
  uint32_t side_info_byte_size;
} mp3a_header;

/* False when these 4 bytes don't begin a frame of Layer III. */
bool mp3a_header_read(const uint8_t *bytes, mp3a_header *header);

/* Whether two valid headers can be of one stream: the same version and sample
   rate, and both or neither of free format. */
bool mp3a_header_matches(const uint8_t *a, const uint8_t *b);

#endif
