/* One clip to an MP3 file, at once or on the pool. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "common/clip.h"
#include "common/job.h"
#include "common/memory.h"
#include "common/peak.h"
#include "encode/block_encoder.h"

static int32_t encode_clip(mp3a_block_encoder *encoder, const mp3a_clip *clip, uint8_t *bytes,
                           uint32_t capacity, uint32_t *byte_size) {
  uint32_t total = 0;
  mp3a_block_encoder_begin(encoder, 1.0f);
  mp3a_block_encoder_take(encoder, clip->input, clip->frame_count);
  while (!encoder->finished) {
    uint32_t written = 0;
    if (mp3a_is_cancelled(clip->cancelled)) return MP3A_CANCELLED;
    const int32_t status =
        mp3a_block_encoder_step(encoder, bytes + total, capacity - total, &written);
    if (status != MP3A_OK) return status;
    total += written;
  }
  *byte_size = total;
  uint32_t tag_byte_size;
  return mp3a_block_encoder_tag(encoder, bytes, total, &tag_byte_size);
}

static int32_t encode(const mp3a_clip *clip, uint8_t *bytes, uint32_t capacity,
                      uint32_t *byte_size) {
  int32_t status = mp3a_check_level(clip->input.planes, clip->frame_count, 1.0f);
  if (status != MP3A_OK) return status;
  mp3a_block_encoder *encoder = malloc(sizeof *encoder);
  if (!encoder) return MP3A_OUT_OF_MEMORY;
  status = mp3a_block_encoder_open(encoder, &clip->options);
  if (status == MP3A_OK) {
    status = encode_clip(encoder, clip, bytes, capacity, byte_size);
    mp3a_block_encoder_close(encoder);
  }
  free(encoder);
  return status;
}

static int32_t check_encoding(const mp3a_options *options, const float *left,
                              const float *right, uint32_t frame_count) {
  const int32_t status = mp3a_check_clip(options, left, right, frame_count);
  if (status != MP3A_OK) return status;
  return options->pass_count > 1 ? MP3A_INVALID_OPTION : MP3A_OK;
}

int32_t mp3a_encode(const mp3a_options *options, const float *left, const float *right,
                    uint32_t frame_count, uint8_t *bytes, uint32_t capacity,
                    uint32_t *byte_size) {
  const int32_t status = check_encoding(options, left, right, frame_count);
  if (status != MP3A_OK) return status;
  const uint32_t needed = mp3a_max_encoded_byte_size(options, frame_count);
  if (needed == 0 || capacity < needed || !bytes || !byte_size) return MP3A_INVALID_AUDIO;
  const mp3a_clip clip = {
      .options = *options, .input = mp3a_float_source(left, right), .frame_count = frame_count};
  return encode(&clip, bytes, capacity, byte_size);
}

typedef struct encode_job {
  mp3a_job job; /* first, so that a job is its encoding */
  mp3a_clip clip;
  uint32_t capacity, byte_size;
  uint8_t *bytes; /* behind the audio: what isn't written is never touched */
  float audio[];  /* the input, channel by channel */
} encode_job;

static int32_t run_encoding(mp3a_job *job) {
  encode_job *encoding = (encode_job *)job;
  return encode(&encoding->clip, encoding->bytes, encoding->capacity, &encoding->byte_size);
}

static encode_job *allocate_job(const mp3a_options *options, uint32_t frame_count) {
  const uint64_t sample_count = (uint64_t)frame_count * (uint32_t)options->channel_count;
  const uint32_t capacity = mp3a_max_encoded_byte_size(options, frame_count);
  const uint64_t byte_size = sizeof(encode_job) + sample_count * sizeof(float) + capacity;
  encode_job *encoding =
      capacity == 0 || byte_size > PTRDIFF_MAX ? NULL : mp3a_memory_allocate((size_t)byte_size);
  if (!encoding) return NULL;
  *encoding = (encode_job){.job.work = run_encoding,
                           .clip = {.options = *options, .frame_count = frame_count},
                           .capacity = capacity};
  encoding->bytes = (uint8_t *)(encoding->audio + sample_count);
  encoding->clip.cancelled = &encoding->job.cancelled;
  return encoding;
}

mp3a_job *mp3a_encode_job_start(mp3a_queue *queue, const mp3a_options *options,
                                const float *left, const float *right, uint32_t frame_count,
                                uint32_t tag, int32_t *status) {
  *status = mp3a_check_job(queue, tag);
  if (*status == MP3A_OK) *status = check_encoding(options, left, right, frame_count);
  if (*status != MP3A_OK) return NULL;
  encode_job *encoding = allocate_job(options, frame_count);
  if (!encoding) {
    *status = MP3A_OUT_OF_MEMORY;
    return NULL;
  }
  float *const copies[2] = {encoding->audio, right ? encoding->audio + frame_count : NULL};
  memcpy(copies[0], left, (size_t)frame_count * sizeof(float));
  if (right) memcpy(copies[1], right, (size_t)frame_count * sizeof(float));
  encoding->clip.input = mp3a_float_source(copies[0], copies[1]);
  return mp3a_job_submit(&encoding->job, queue, tag, status);
}

uint32_t mp3a_encode_job_byte_size(const mp3a_job *job) {
  if (!job || job->work != run_encoding || job->status != MP3A_OK) return 0;
  return ((const encode_job *)job)->byte_size;
}

int32_t mp3a_encode_job_end(mp3a_job *job, uint8_t *bytes, uint32_t capacity) {
  if (!job || job->work != run_encoding) return MP3A_INVALID_AUDIO;
  const encode_job *encoding = (const encode_job *)job;
  const int32_t status = job->status;
  if (status == MP3A_OK && bytes && capacity < encoding->byte_size) return MP3A_INVALID_AUDIO;
  if (status == MP3A_OK && bytes) memcpy(bytes, encoding->bytes, encoding->byte_size);
  mp3a_job_free(job);
  return status;
}
