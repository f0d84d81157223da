#include "roundtrip/block_decoder.h"

#include <string.h>

#include "decode/frame.h"
#include "roundtrip/dequantize.h"

enum { HEADER_BYTES = 4, CONVERTED_AT_ONCE = MP3A_RESAMPLER_PIECE };

_Static_assert((int)MP3A_RESAMPLER_PIECE >= MP3A_LARGEST_MP3_FRAME, "an MP3 frame is a piece");

void mp3a_block_decoder_begin(mp3a_block_decoder *decoder, int channel_count, bool takes_frames,
                        uint32_t skip_count, float gain) {
  memset(&decoder->codec, 0, sizeof decoder->codec);
  decoder->channel_count = channel_count;
  decoder->takes_frames = takes_frames;
  decoder->skip_count = skip_count;
  decoder->left_count = 0;
  decoder->gain = gain;
  decoder->resampler = NULL;
  decoder->part_byte_size = 0;
}

int32_t mp3a_block_decoder_begin_clip(mp3a_block_decoder *decoder, const mp3a_options *options,
                                      int32_t coded_rate_hz, bool takes_frames, float gain) {
  const int32_t rate_hz = options->sample_rate_hz, channel_count = options->channel_count;
  const uint32_t delay = options->flags & MP3A_PRESERVE_DELAY ? 0 : MP3A_DELAY_FRAMES;
  const uint32_t lead = (uint32_t)options->grid_offset;
  const bool is_direct = coded_rate_hz == rate_hz;
  mp3a_block_decoder_begin(decoder, channel_count, takes_frames, is_direct ? delay + lead : 0,
                           gain);
  if (is_direct) return MP3A_OK;
  decoder->resampler = mp3a_resampler_create(coded_rate_hz, rate_hz, channel_count, delay, lead);
  return decoder->resampler ? MP3A_OK : MP3A_OUT_OF_MEMORY;
}

void mp3a_block_decoder_end(mp3a_block_decoder *decoder) {
  mp3a_resampler_destroy(decoder->resampler);
  decoder->resampler = NULL;
}

void mp3a_block_decoder_give(mp3a_block_decoder *decoder, mp3a_sink output,
                             uint32_t frame_count) {
  decoder->output = output;
  decoder->left_count = frame_count;
}

static void write_block(mp3a_block_decoder *decoder, float *const planes[2], uint32_t count) {
  for (int channel = 0; channel < decoder->channel_count; channel++)
    mp3a_sink_write(&decoder->output, channel, planes[channel], decoder->gain, count);
  mp3a_sink_advance(&decoder->output, count);
  decoder->left_count -= count;
}

/* Sends decoded samples, or zeros for NULL, through the resampler. */
static void convert(mp3a_block_decoder *decoder, const float *const planes[2], uint32_t count) {
  float block[2][CONVERTED_AT_ONCE];
  float *const converted[2] = {block[0], block[1]};
  mp3a_resampler_push(decoder->resampler, planes, count);
  uint32_t written;
  do {
    const uint32_t room =
        decoder->left_count < CONVERTED_AT_ONCE ? decoder->left_count : CONVERTED_AT_ONCE;
    written = mp3a_resampler_pull(decoder->resampler, converted, room);
    write_block(decoder, converted, written);
  } while (written > 0);
}

int32_t mp3a_block_decoder_finish(mp3a_block_decoder *decoder) {
  const float *const zeros[2] = {NULL, NULL};
  if (decoder->resampler) {
    /* As far as the filter looks ahead, and as LAME's count may differ by one MP3 frame. */
    uint32_t left = mp3a_resampler_reach(decoder->resampler) + MP3A_LARGEST_MP3_FRAME;
    while (left > 0 && decoder->left_count > 0) {
      const uint32_t count = left < CONVERTED_AT_ONCE ? left : CONVERTED_AT_ONCE;
      convert(decoder, zeros, count);
      left -= count;
    }
  }
  return decoder->left_count > 0 ? MP3A_CORRUPT_MP3 : MP3A_OK;
}

/* Writes the wanted part of one decoded MP3 frame. */
static void write_frame(mp3a_block_decoder *decoder, uint32_t count) {
  if (decoder->resampler) {
    const float *const decoded[2] = {decoder->pcm[0], decoder->pcm[1]};
    convert(decoder, decoded, count);
    return;
  }
  const uint32_t skipped = decoder->skip_count < count ? decoder->skip_count : count;
  const uint32_t rest = count - skipped;
  const uint32_t written = decoder->left_count < rest ? decoder->left_count : rest;
  float *const wanted[2] = {decoder->pcm[0] + skipped, decoder->pcm[1] + skipped};
  write_block(decoder, wanted, written);
  decoder->skip_count -= skipped;
}

/* An MP3 frame that is wanted whole and as it is needs no buffer between. */
static bool decodes_in_place(const mp3a_block_decoder *decoder) {
  return decoder->output.kind == MP3A_PLANAR_FLOAT && decoder->gain == 1.0f &&
         !decoder->resampler && decoder->skip_count == 0 &&
         decoder->left_count >= MP3A_LARGEST_MP3_FRAME;
}

/* Decodes one MP3 frame in either form; `*taken`: its size. */
static int decode_into(mp3a_block_decoder *decoder, const unsigned char *bytes, uint32_t byte_size,
                       float *const planes[2], uint32_t *taken) {
  const mp3a_coded_frame *frame = (const mp3a_coded_frame *)(const void *)bytes;
  mp3dec_frame_info_t info = {0};
  if (decoder->takes_frames) {
    *taken = frame->byte_size;
    return mp3a_decode_coded_frame(&decoder->codec, frame, byte_size, decoder->channel_count,
                                   planes);
  }
  const int count = mp3a_decode_frame(&decoder->codec, bytes, (int)byte_size, planes, &info);
  *taken = byte_size;
  return info.channels == decoder->channel_count ? count : 0;
}

static int32_t decode_frame(mp3a_block_decoder *decoder, const unsigned char *bytes,
                            uint32_t byte_size, uint32_t *taken) {
  const bool in_place = decodes_in_place(decoder);
  float *const buffers[2] = {decoder->pcm[0], decoder->pcm[1]};
  float *const *planes = in_place ? decoder->output.planes : buffers;
  const int count = decode_into(decoder, bytes, byte_size, planes, taken);
  if (count <= 0) return MP3A_CORRUPT_MP3;
  if (!in_place) {
    write_frame(decoder, (uint32_t)count);
    return MP3A_OK;
  }
  mp3a_sink_advance(&decoder->output, (uint32_t)count);
  decoder->left_count -= (uint32_t)count;
  return MP3A_OK;
}

/* Adds bytes to the part until it has `wanted` of them, or none are left. */
static uint32_t fill_part(mp3a_block_decoder *decoder, const unsigned char *bytes,
                          uint32_t byte_size, uint32_t wanted) {
  const uint32_t missing = wanted - decoder->part_byte_size;
  const uint32_t taken = byte_size < missing ? byte_size : missing;
  memcpy(decoder->part + decoder->part_byte_size, bytes, taken);
  decoder->part_byte_size += taken;
  return taken;
}

/* How long the MP3 frame at `bytes` is; 0 when it can't be one of ours. */
static uint32_t frame_byte_size(const unsigned char *bytes) {
  const int byte_size = mp3a_frame_byte_size(bytes);
  return byte_size <= HEADER_BYTES || byte_size > MP3A_LARGEST_MP3_FRAME_BYTES ? 0
                                                                           : (uint32_t)byte_size;
}

/* Completes an MP3 frame that began in earlier data; `*taken`: the bytes of these. */
static int32_t feed_part(mp3a_block_decoder *decoder, const unsigned char *bytes,
                         uint32_t byte_size, uint32_t *taken) {
  *taken = 0;
  if (decoder->part_byte_size < HEADER_BYTES) {
    *taken = fill_part(decoder, bytes, byte_size, HEADER_BYTES);
    if (decoder->part_byte_size < HEADER_BYTES) return MP3A_OK;
  }
  const uint32_t wanted = frame_byte_size(decoder->part);
  if (wanted == 0) return MP3A_CORRUPT_MP3;
  *taken += fill_part(decoder, bytes + *taken, byte_size - *taken, wanted);
  if (decoder->part_byte_size < wanted) return MP3A_OK;
  decoder->part_byte_size = 0;
  uint32_t whole;
  return decode_frame(decoder, decoder->part, wanted, &whole);
}

/* Decodes the MP3 frame that begins in the data, or keeps what there is of it. */
static int32_t feed_mp3(mp3a_block_decoder *decoder, const unsigned char *bytes, uint32_t byte_size,
                        uint32_t *taken) {
  const uint32_t wanted = byte_size < HEADER_BYTES ? 0 : frame_byte_size(bytes);
  if (decoder->part_byte_size > 0 || byte_size < HEADER_BYTES || byte_size < wanted) {
    return feed_part(decoder, bytes, byte_size, taken);
  }
  return wanted == 0 ? MP3A_CORRUPT_MP3 : decode_frame(decoder, bytes, wanted, taken);
}

int32_t mp3a_block_decoder_feed(mp3a_block_decoder *decoder, const unsigned char *bytes,
                          uint32_t byte_size) {
  while (byte_size > 0 && decoder->left_count > 0) {
    uint32_t taken = 0;
    const int32_t status = decoder->takes_frames
                               ? decode_frame(decoder, bytes, byte_size, &taken)
                               : feed_mp3(decoder, bytes, byte_size, &taken);
    if (status != MP3A_OK) return status;
    bytes += taken;
    byte_size -= taken;
  }
  return MP3A_OK;
}
