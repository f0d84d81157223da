#include "encode/block_encoder.h"

#include <limits.h>
#include <string.h>

#include "common/coded_frame.h"
#include "encode/lame_cache.h"
#include "encode/tag_delay.h"

static uint32_t lesser(uint32_t a, uint32_t b) { return a < b ? a : b; }

/* So that a block gives no more than an MP3 frame of the longer kind. */
static uint32_t block_size_for(int32_t from_hz, int32_t to_hz) {
  if (to_hz <= from_hz) return MP3A_BLOCK_FRAMES;
  return MP3A_BLOCK_FRAMES * (uint32_t)from_hz / (uint32_t)to_hz;
}

int32_t mp3a_block_encoder_open(mp3a_block_encoder *encoder, const mp3a_options *options) {
  encoder->options = *options;
  encoder->lame = mp3a_lame_take(options);
  encoder->gives_frames = false;
  if (!encoder->lame) return MP3A_OUT_OF_MEMORY;
  encoder->coded_rate_hz = lame_get_out_samplerate(encoder->lame);
  encoder->block_size = block_size_for(options->sample_rate_hz, encoder->coded_rate_hz);
  return MP3A_OK;
}

void mp3a_block_encoder_close(mp3a_block_encoder *encoder) {
  mp3a_lame_give_back(encoder->lame, &encoder->options);
}

void mp3a_block_encoder_give_frames(mp3a_block_encoder *encoder) {
  encoder->gives_frames = mp3a_lame_give_frames(encoder->lame);
}

void mp3a_block_encoder_begin(mp3a_block_encoder *encoder, float peak) {
  encoder->lead_count = (uint32_t)encoder->options.grid_offset;
  encoder->left_count = encoder->held_count = 0;
  encoder->factor = peak > 1.0f ? 1.0f / peak : 1.0f;
  encoder->finished = false;
  encoder->mp3_byte_size = 0;
}

void mp3a_block_encoder_take(mp3a_block_encoder *encoder, mp3a_source input,
                             uint32_t frame_count) {
  encoder->input = input;
  encoder->left_count = frame_count;
}

float mp3a_block_encoder_gain(const mp3a_block_encoder *encoder, float peak) {
  const float gain = peak > 1.0f ? peak : 1.0f;
  if (!(encoder->options.flags & MP3A_PRESERVE_LEVEL)) return gain;
  return gain * (32768.0f / (32767.0f * lame_get_scale(encoder->lame)));
}

static int encode(mp3a_block_encoder *encoder, const float *left, const float *right,
                  uint32_t count, unsigned char *bytes, int capacity) {
  return lame_encode_buffer_ieee_float(encoder->lame, left, right, (int)count, bytes, capacity);
}

/* Less than a block. */
static int encode_lead(mp3a_block_encoder *encoder, unsigned char *bytes, int capacity) {
  const uint32_t count = encoder->lead_count;
  const float *zeros = memset(encoder->block[0], 0, count * sizeof(float));
  encoder->lead_count = 0;
  return encode(encoder, zeros, encoder->options.channel_count == 2 ? zeros : NULL, count, bytes,
                capacity);
}

/* What isn't encoded as it is goes through a buffer that stays in the first cache. */
static const float *read_block(mp3a_block_encoder *encoder, int channel, uint32_t count) {
  return mp3a_source_read(&encoder->input, channel, count, encoder->factor,
                          encoder->block[channel]);
}

static int encode_block(mp3a_block_encoder *encoder, unsigned char *bytes, int capacity) {
  const uint32_t count = lesser(encoder->left_count, encoder->block_size);
  const float *left = read_block(encoder, 0, count);
  const float *right = read_block(encoder, 1, count);
  const int byte_size = encode(encoder, left, right, count, bytes, capacity);
  mp3a_source_advance(&encoder->input, count);
  encoder->left_count -= count;
  return byte_size;
}

/* ---- another coded rate ---- */

static bool holds_blocks(const mp3a_block_encoder *encoder) {
  return encoder->coded_rate_hz != encoder->options.sample_rate_hz;
}

/* Adds to the held block: zeros of the lead, else the input. */
static void fill_block(mp3a_block_encoder *encoder) {
  const bool is_lead = encoder->lead_count > 0;
  const uint32_t room = encoder->block_size - encoder->held_count;
  const uint32_t count = lesser(is_lead ? encoder->lead_count : encoder->left_count, room);
  for (int channel = 0; channel < encoder->options.channel_count; channel++) {
    float *to = encoder->block[channel] + encoder->held_count;
    const float *samples =
        is_lead ? memset(to, 0, count * sizeof *to)
                : mp3a_source_read(&encoder->input, channel, count, encoder->factor, to);
    if (samples != to) memcpy(to, samples, count * sizeof *to);
  }
  encoder->held_count += count;
  if (is_lead) {
    encoder->lead_count -= count;
    return;
  }
  mp3a_source_advance(&encoder->input, count);
  encoder->left_count -= count;
}

static int encode_held(mp3a_block_encoder *encoder, unsigned char *bytes, int capacity) {
  const float *right = encoder->options.channel_count == 2 ? encoder->block[1] : NULL;
  const uint32_t count = encoder->held_count;
  encoder->held_count = 0;
  return encode(encoder, encoder->block[0], right, count, bytes, capacity);
}

/* ---- steps ---- */

/* How long what was encoded is, or would be, as MP3 data. */
static uint32_t mp3_byte_size_of(const mp3a_block_encoder *encoder, const unsigned char *bytes,
                                 uint32_t byte_size) {
  uint32_t sum = 0;
  if (!encoder->gives_frames) return byte_size;
  for (uint32_t at = 0; at < byte_size;) {
    const mp3a_coded_frame *frame = (const mp3a_coded_frame *)(const void *)(bytes + at);
    sum += frame->mp3_byte_size;
    at += frame->byte_size;
  }
  return sum;
}

static int run_step(mp3a_block_encoder *encoder, unsigned char *bytes, int room) {
  const bool has_input = mp3a_block_encoder_has_input(encoder);
  if (holds_blocks(encoder) && (has_input || encoder->held_count > 0)) {
    if (has_input) fill_block(encoder);
    if (has_input && encoder->held_count < encoder->block_size) return 0;
    return encode_held(encoder, bytes, room);
  }
  if (encoder->lead_count > 0) return encode_lead(encoder, bytes, room);
  if (encoder->left_count > 0) return encode_block(encoder, bytes, room);
  encoder->finished = true;
  return lame_encode_flush(encoder->lame, bytes, room);
}

int32_t mp3a_block_encoder_step(mp3a_block_encoder *encoder, unsigned char *bytes,
                                uint32_t capacity, uint32_t *byte_size) {
  /* To LAME 0 means that there is room for anything. */
  const int room = capacity > INT_MAX ? INT_MAX : (int)capacity;
  const int result = room > 0 ? run_step(encoder, bytes, room) : -1;
  if (result < 0) return MP3A_OUT_OF_MEMORY; /* -1, -2: no room; no other can happen here */
  *byte_size = (uint32_t)result;
  encoder->mp3_byte_size += mp3_byte_size_of(encoder, bytes, *byte_size);
  return MP3A_OK;
}

/* The zeros of the grid's offset, at the coded rate. */
static void add_tag_delay(const mp3a_block_encoder *encoder, unsigned char *bytes,
                          uint32_t byte_size) {
  const uint64_t to = (uint32_t)encoder->coded_rate_hz;
  const uint64_t from = (uint32_t)encoder->options.sample_rate_hz;
  const uint64_t count = ((uint32_t)encoder->options.grid_offset * to + from / 2) / from;
  mp3a_tag_delay(bytes, byte_size, mp3a_is_mpeg1(encoder->coded_rate_hz),
                 encoder->options.channel_count, (uint32_t)count);
}

int32_t mp3a_block_encoder_tag(const mp3a_block_encoder *encoder, unsigned char *bytes,
                               uint32_t capacity, uint32_t *byte_size) {
  const size_t needed = lame_get_lametag_frame(encoder->lame, bytes, 0);
  if (needed > capacity) return MP3A_INVALID_AUDIO;
  *byte_size = (uint32_t)lame_get_lametag_frame(encoder->lame, bytes, capacity);
  if (encoder->options.grid_offset > 0) add_tag_delay(encoder, bytes, *byte_size);
  return MP3A_OK;
}
