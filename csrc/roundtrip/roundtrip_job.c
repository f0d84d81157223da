/* A round trip on the pool. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "common/job.h"
#include "roundtrip/pipeline.h"

typedef struct roundtrip_job {
  mp3a_job job; /* first, so that a job is its round trip */
  uint32_t output_frame_count;
  mp3a_clip clip;
  mp3a_stats stats;
  float audio[]; /* the input, then in the same place the output: channel by channel; none for 16 bits */
} roundtrip_job;

static int32_t run_roundtrip(mp3a_job *job) {
  roundtrip_job *roundtrip = (roundtrip_job *)job;
  return mp3a_pipeline_run(&roundtrip->clip, &roundtrip->stats);
}

/* A job with room for `output_frame_count` PCM frames, its clip not yet set. */
static roundtrip_job *allocate_job(int32_t channel_count, uint32_t output_frame_count) {
  const uint64_t sample_count = (uint64_t)output_frame_count * (uint32_t)channel_count;
  const uint64_t byte_size = sizeof(roundtrip_job) + sample_count * sizeof(float);
  return byte_size > PTRDIFF_MAX ? NULL : malloc((size_t)byte_size);
}

static bool is_pcm16_pointer(const int16_t *pointer) {
  return pointer && (uintptr_t)pointer % _Alignof(int16_t) == 0;
}

mp3a_job *mp3a_job_start(mp3a_queue *queue, const mp3a_options *options, const float *left,
                         const float *right, uint32_t frame_count, uint32_t tag,
                         int32_t *status) {
  *status = mp3a_check_job(queue, tag);
  if (*status == MP3A_OK) *status = mp3a_check_clip(options, left, right, frame_count);
  if (*status != MP3A_OK) return NULL;
  const uint32_t output_frame_count = mp3a_output_frame_count(options, frame_count);
  roundtrip_job *roundtrip = allocate_job(options->channel_count, output_frame_count);
  if (!roundtrip) {
    *status = MP3A_OUT_OF_MEMORY;
    return NULL;
  }
  *roundtrip = (roundtrip_job){.job.work = run_roundtrip,
                               .output_frame_count = output_frame_count,
                               .clip = {.options = *options, .frame_count = frame_count}};
  const float *input[2] = {left, right};
  for (int channel = 0; channel < options->channel_count; channel++) {
    float *audio = roundtrip->audio + (size_t)output_frame_count * (size_t)channel;
    memcpy(audio, input[channel], (size_t)frame_count * sizeof *audio);
    roundtrip->clip.input[channel] = roundtrip->clip.output[channel] = audio;
  }
  roundtrip->clip.cancelled = &roundtrip->job.cancelled;
  return mp3a_job_submit(&roundtrip->job, queue, tag, status);
}

int32_t mp3a_job_end(mp3a_job *job, float *out_left, float *out_right, mp3a_stats *stats) {
  const roundtrip_job *roundtrip = (const roundtrip_job *)job;
  if (!job) return MP3A_INVALID_AUDIO;
  if (out_left && (job->work != run_roundtrip || roundtrip->clip.pcm16_input)) return MP3A_INVALID_AUDIO;
  const int32_t status = job->status;
  if (status == MP3A_OK && out_left) {
    const size_t byte_size = (size_t)roundtrip->output_frame_count * sizeof(float);
    memcpy(out_left, roundtrip->clip.output[0], byte_size);
    if (out_right) memcpy(out_right, roundtrip->clip.output[1], byte_size);
  }
  if (status == MP3A_OK && out_left && stats) *stats = roundtrip->stats;
  mp3a_job_free(job);
  return status;
}

mp3a_job *mp3a_pcm16_job_start(mp3a_queue *queue, const mp3a_options *options,
                               const int16_t *samples, uint32_t frame_count, int16_t *out,
                               uint32_t tag, int32_t *status) {
  *status = mp3a_check_job(queue, tag);
  if (*status == MP3A_OK) *status = mp3a_check_form(options, frame_count);
  if (*status == MP3A_OK && !(is_pcm16_pointer(samples) && is_pcm16_pointer(out))) {
    *status = MP3A_INVALID_AUDIO;
  }
  if (*status != MP3A_OK) return NULL;
  roundtrip_job *roundtrip = allocate_job(options->channel_count, 0);
  if (!roundtrip) {
    *status = MP3A_OUT_OF_MEMORY;
    return NULL;
  }
  *roundtrip = (roundtrip_job){.job.work = run_roundtrip,
                               .clip = {.options = *options,
                                        .pcm16_input = samples,
                                        .pcm16_output = out,
                                        .frame_count = frame_count,
                                        .cancelled = &roundtrip->job.cancelled}};
  return mp3a_job_submit(&roundtrip->job, queue, tag, status);
}
