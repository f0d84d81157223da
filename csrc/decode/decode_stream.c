#include "decode/decode_stream.h"

#include <stdlib.h>
#include <string.h>

#include "common/clip.h"
#include "common/mpeg.h"
#include "decode/frame.h"
#include "decode/mp3_reader.h"
#include "decode/mp3_track.h"

enum {
  CARRY_BYTES = 2 * MP3A_LOOKAHEAD_BYTES,
  SLACK_BYTES = 64 /* minimp3 may look a few bytes ahead */
};

struct mp3a_decode_stream {
  mp3dec_t codec;
  mp3a_reader reader;
  mp3a_track track;
  bool is_gapless;
  bool has_ended;
  mp3a_range front, back;      /* of the decoded PCM frames: what is dropped */
  uint64_t position;           /* decoded PCM frames, dropped ones included */
  uint32_t pcm_at, pcm_count;  /* what of `pcm` is still to be written */
  uint32_t carried_byte_size;  /* bytes of earlier pieces that are still needed */
  float pcm[2][MP3A_LARGEST_MP3_FRAME]; /* one decoded MP3 frame */
  uint8_t carry[CARRY_BYTES + SLACK_BYTES];
  uint8_t frame[MP3A_LARGEST_FREE_FORMAT_BYTES + SLACK_BYTES];
};

/* Where PCM frames go, and how many have gone there. */
typedef struct sink {
  float *planes[2];
  uint32_t capacity, count;
} sink;

mp3a_decode_stream *mp3a_decode_stream_create(uint32_t is_gapless, int32_t *status) {
  mp3a_decode_stream *stream = calloc(1, sizeof *stream);
  *status = stream ? MP3A_OK : MP3A_OUT_OF_MEMORY;
  if (stream) stream->is_gapless = is_gapless != 0;
  return stream;
}

void mp3a_decode_stream_destroy(mp3a_decode_stream *stream) { free(stream); }

/* How many of `count` PCM frames from `position` on are alike: all dropped or all kept. */
static uint32_t alike(const mp3a_decode_stream *stream, uint64_t position, uint32_t count,
                      bool *is_dropped) {
  const mp3a_range *ranges[2] = {&stream->front, &stream->back};
  *is_dropped = false;
  for (int i = 0; i < 2; i++) {
    const uint64_t begin = ranges[i]->begin, end = ranges[i]->end;
    if (position >= end) continue;
    *is_dropped = position >= begin;
    const uint64_t left = (*is_dropped ? end : begin) - position;
    return left < count ? (uint32_t)left : count;
  }
  return count;
}

/* Writes what is decoded, as far as there is room. */
static void write_pcm(mp3a_decode_stream *stream, sink *out) {
  while (stream->pcm_count > 0) {
    bool is_dropped;
    uint32_t count = alike(stream, stream->position, stream->pcm_count, &is_dropped);
    const uint32_t room = out->capacity - out->count;
    if (!is_dropped && count > room) count = room;
    if (count == 0) return;
    for (int ch = 0; !is_dropped && ch < stream->track.format.channel_count; ch++) {
      memcpy(out->planes[ch] + out->count, stream->pcm[ch] + stream->pcm_at,
             count * sizeof(float));
    }
    if (!is_dropped) out->count += count;
    stream->position += count;
    stream->pcm_at += count;
    stream->pcm_count -= count;
  }
}

/* Whether the next MP3 frame is wanted whole and can be decoded where it goes. */
static bool decodes_in_place(const mp3a_decode_stream *stream, const mp3a_header *header,
                             const sink *out) {
  bool is_dropped;
  const uint32_t count = header->frame_count;
  return header->channel_count == stream->track.format.channel_count &&
         out->capacity - out->count >= count &&
         alike(stream, stream->position, count, &is_dropped) == count && !is_dropped;
}

/* A file has as many channels as its first MP3 frame. */
static void convert_channels(mp3a_decode_stream *stream, int32_t from, uint32_t count) {
  const int32_t to = stream->track.format.channel_count;
  if (from == 1 && to == 2) memcpy(stream->pcm[1], stream->pcm[0], count * sizeof(float));
  if (from == 2 && to == 1) {
    for (uint32_t i = 0; i < count; i++) {
      stream->pcm[0][i] = 0.5f * (stream->pcm[0][i] + stream->pcm[1][i]);
    }
  }
}

/* Decodes one MP3 frame. One that can't be decoded, because what it borrows bits
   from is missing or it is damaged, is silent: the others stay in their place. */
static void decode_frame(mp3a_decode_stream *stream, const uint8_t *bytes, uint32_t byte_size,
                         sink *out) {
  mp3a_header header;
  mp3dec_frame_info_t info;
  mp3a_header_read(bytes, &header);
  const bool in_place = decodes_in_place(stream, &header, out);
  float *planes[2] = {stream->pcm[0], stream->pcm[1]};
  for (int ch = 0; in_place && ch < header.channel_count; ch++) {
    planes[ch] = out->planes[ch] + out->count;
  }
  /* minimp3 takes exactly one frame for what it is if it knows the stream. */
  memcpy(stream->codec.header, bytes, MP3A_HEADER_BYTES);
  stream->codec.free_format_bytes = (int)stream->reader.free_format_size;
  if (mp3a_decode_frame(&stream->codec, bytes, (int)byte_size, planes, &info) <= 0) {
    for (int ch = 0; ch < header.channel_count; ch++) {
      memset(planes[ch], 0, header.frame_count * sizeof(float));
    }
  }
  if (in_place) {
    out->count += header.frame_count;
    stream->position += header.frame_count;
    return;
  }
  convert_channels(stream, header.channel_count, header.frame_count);
  stream->pcm_at = 0;
  stream->pcm_count = header.frame_count;
  write_pcm(stream, out);
}

static void take_frame(mp3a_decode_stream *stream, const uint8_t *bytes, uint32_t byte_size,
                       bool has_slack, sink *out) {
  const bool is_first = !stream->track.has_format;
  const bool is_audio = mp3a_track_add(&stream->track, bytes, byte_size);
  if (is_first && stream->is_gapless) {
    mp3a_track_find_gaps(&stream->track, &stream->front, &stream->back);
  }
  if (!is_audio) return;
  if (!has_slack) bytes = memcpy(stream->frame, bytes, byte_size);
  decode_frame(stream, bytes, byte_size, out);
}

/* Decodes from one run of bytes until these, or the room, are used up. Returns how
   many bytes are done with. */
static uint64_t run_over(mp3a_decode_stream *stream, const uint8_t *bytes, uint64_t byte_size,
                         uint64_t stop_at, bool at_end, sink *out) {
  uint64_t done = 0;
  while (stream->pcm_count == 0 && out->count < out->capacity && done < stop_at) {
    uint64_t skipped;
    const uint32_t size =
        mp3a_reader_find(&stream->reader, bytes + done, byte_size - done, at_end, &skipped);
    done += skipped;
    /* Bits that were borrowed across a gap would be others. */
    if (skipped > 0) stream->codec.reserv = 0;
    if (size == 0) break;
    take_frame(stream, bytes + done, size, byte_size - done >= size + SLACK_BYTES, out);
    done += size;
  }
  return done;
}

/* Fills up the carried bytes and decodes from them, until all that comes from
   earlier pieces is used. Returns how many bytes of the new piece are done with. */
static uint32_t run_over_carry(mp3a_decode_stream *stream, const uint8_t *bytes,
                               uint32_t byte_size, bool at_end, sink *out) {
  const uint32_t old = stream->carried_byte_size;
  const uint32_t room = CARRY_BYTES - old;
  const uint32_t added = byte_size < room ? byte_size : room;
  if (added > 0) memcpy(stream->carry + old, bytes, added);
  const uint64_t done = run_over(stream, stream->carry, old + added, old,
                                 at_end && added == byte_size, out);
  if (done >= old) {
    stream->carried_byte_size = 0;
    return (uint32_t)(done - old);
  }
  /* Too little yet to decide, or no room: the rest waits. */
  const bool waits_for_room = stream->pcm_count > 0 || out->count == out->capacity;
  const uint32_t kept = waits_for_room ? old : old + added;
  stream->carried_byte_size = kept - (uint32_t)done;
  memmove(stream->carry, stream->carry + done, stream->carried_byte_size);
  return kept - old;
}

static uint32_t run(mp3a_decode_stream *stream, const uint8_t *bytes, uint32_t byte_size,
                    bool at_end, sink *out) {
  uint32_t consumed = 0;
  write_pcm(stream, out);
  if (stream->carried_byte_size > 0) {
    consumed = run_over_carry(stream, bytes, byte_size, at_end, out);
    if (stream->carried_byte_size > 0) return consumed;
  }
  const uint32_t left = byte_size - consumed;
  const uint64_t done = run_over(stream, bytes + consumed, left, left, at_end, out);
  consumed += (uint32_t)done;
  if (stream->pcm_count > 0 || out->count == out->capacity) return consumed;
  /* What is left is too little to decide: less than the lookahead. */
  stream->carried_byte_size = byte_size - consumed;
  memcpy(stream->carry, bytes + consumed, stream->carried_byte_size);
  return byte_size;
}

static int32_t check_run(const mp3a_decode_stream *stream, const uint8_t *bytes,
                         uint32_t byte_size, const float *out_left, const float *out_right) {
  if (!stream || (!bytes && byte_size > 0)) return MP3A_INVALID_AUDIO;
  if (stream->has_ended) return MP3A_INVALID_OPTION;
  const bool is_known_mono = stream->track.has_format && stream->track.format.channel_count == 1;
  const bool has_planes = mp3a_is_float_pointer(out_left) &&
                          (mp3a_is_float_pointer(out_right) || (is_known_mono && !out_right));
  return has_planes ? MP3A_OK : MP3A_INVALID_AUDIO;
}

int32_t mp3a_decode_stream_run(mp3a_decode_stream *stream, const uint8_t *bytes,
                               uint32_t byte_size, uint32_t at_end, float *out_left,
                               float *out_right, uint32_t capacity, uint32_t *consumed,
                               uint32_t *written_count) {
  const uint8_t nothing = 0;
  const int32_t status = check_run(stream, bytes, byte_size, out_left, out_right);
  if (status != MP3A_OK) return status;
  if (!consumed || !written_count || capacity < MP3A_LARGEST_MP3_FRAME) return MP3A_INVALID_AUDIO;
  sink out = {{out_left, out_right}, capacity, 0};
  *consumed = run(stream, bytes ? bytes : &nothing, byte_size, at_end != 0, &out);
  *written_count = out.count;
  if (at_end && *consumed == byte_size && out.count < capacity && stream->pcm_count == 0) {
    stream->has_ended = true;
    if (!stream->track.has_format) return MP3A_CORRUPT_MP3;
  }
  return MP3A_OK;
}

int32_t mp3a_decode_stream_info(const mp3a_decode_stream *stream, mp3a_mp3_info *info) {
  if (!stream || !info) return MP3A_INVALID_AUDIO;
  if (!stream->track.has_format) return MP3A_CORRUPT_MP3;
  mp3a_track_describe(&stream->track, stream->is_gapless, info);
  return MP3A_OK;
}

int32_t mp3a_decode_all(const uint8_t *bytes, uint32_t byte_size, bool is_gapless,
                        const mp3a_mp3_info *info, float *const planes[2], uint32_t capacity,
                        const atomic_bool *cancelled, uint32_t *written_count) {
  int32_t status;
  mp3a_decode_stream *stream = mp3a_decode_stream_create(is_gapless, &status);
  if (!stream) return status;
  sink out = {{planes[0], info->channel_count == 2 ? planes[1] : NULL}, capacity, 0};
  uint64_t at = 0;
  while (at < byte_size && out.count < capacity && status == MP3A_OK) {
    /* A stretch between looks at whether anybody still wants it. */
    enum { STRETCH_BYTES = 1 << 16 };
    at += run_over(stream, bytes + at, byte_size - at, STRETCH_BYTES, true, &out);
    if (mp3a_is_cancelled(cancelled)) status = MP3A_CANCELLED;
  }
  /* What a stream's end leaves out is silence, whatever the memory held. */
  for (int channel = 0; status == MP3A_OK && channel < info->channel_count; channel++)
    memset(planes[channel] + out.count, 0, (size_t)(capacity - out.count) * sizeof(float));
  *written_count = out.count;
  mp3a_decode_stream_destroy(stream);
  return status;
}
