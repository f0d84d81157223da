/* MPEG's numbers: ISO/IEC 11172-3 (MPEG-1, 32 kHz and above) and 13818-3 (MPEG-2,
   below), with the extension to lower rates that is called MPEG-2.5. Layer III. */
#ifndef MP3A_MPEG_H
#define MP3A_MPEG_H

#include <stdbool.h>
#include <stdint.h>

enum {
  MP3A_SUBBANDS = 32,
  MP3A_SLOTS = 18,                           /* of the filterbank in a granule */
  MP3A_LINES = MP3A_SUBBANDS * MP3A_SLOTS,   /* of a granule, and its PCM frames */
  MP3A_SMALLEST_MP3_FRAME = MP3A_LINES,      /* PCM frames in an MP3 frame of MPEG-2 */
  MP3A_LARGEST_MP3_FRAME = 2 * MP3A_LINES,   /* and of MPEG-1 */
  MP3A_LARGEST_MP3_FRAME_BYTES = 1441,       /* 320 kbps at 32 kHz, or 160 at 16, and padding */
  MP3A_LARGEST_FREE_FORMAT_BYTES = 2304,     /* of other encoders: minimp3's limit */
  MP3A_LARGEST_TAG_BYTES = 2880,             /* LAME's own limit for the tag frame */
  MP3A_TAG_CONTENT_BYTES = 156,              /* Xing's part and LAME's, of the tag */
  MP3A_ENCODER_DELAY = 576,                  /* LAME's, in PCM frames */
  MP3A_DECODER_DELAY = 528 + 1               /* its synthesis filterbank and overlap */
};

/* By [is MPEG-1][index]: 0 is free format; 15 is forbidden. */
enum { MP3A_BITRATE_COUNT = 15 };
extern const int16_t mp3a_bitrates_kbps[2][MP3A_BITRATE_COUNT];

/* By index, of MPEG-1: half of them are those of MPEG-2, a quarter those of MPEG-2.5. */
enum { MP3A_SAMPLE_RATE_COUNT = 3 };
extern const int32_t mp3a_mpeg1_rates_hz[MP3A_SAMPLE_RATE_COUNT];

static inline bool mp3a_is_mpeg1(int32_t sample_rate_hz) { return sample_rate_hz >= 32000; }

static inline bool mp3a_is_mpeg25(int32_t sample_rate_hz) { return sample_rate_hz < 16000; }

/* PCM frames in an MP3 frame. */
static inline uint32_t mp3a_mp3_frame_size(bool is_mpeg1) {
  return is_mpeg1 ? MP3A_LARGEST_MP3_FRAME : MP3A_SMALLEST_MP3_FRAME;
}

/* Bytes of an MP3 frame's header and side information, without a checksum. */
static inline uint32_t mp3a_side_info_byte_size(bool is_mpeg1, int32_t channel_count) {
  const uint32_t side = is_mpeg1 ? (channel_count == 1 ? 17 : 32) : (channel_count == 1 ? 9 : 17);
  return 4 + side;
}

/* Bytes of an MP3 frame without its padding. */
static inline uint32_t mp3a_mp3_frame_byte_size(bool is_mpeg1, int32_t bitrate_kbps,
                                                int32_t sample_rate_hz) {
  return mp3a_mp3_frame_size(is_mpeg1) / 8 * 1000 * (uint32_t)bitrate_kbps /
         (uint32_t)sample_rate_hz;
}

#endif
