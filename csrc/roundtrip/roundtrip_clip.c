/* One clip through encoder and decoder, at once or on the pool. */
#include <stddef.h>

#include "common/clip.h"
#include "common/job.h"
#include "common/memory.h"
#include "common/options.h"
#include "common/pages.h"
#include "roundtrip/pipeline.h"
#include "roundtrip/ranges.h"

int32_t mp3a_roundtrip(const mp3a_options *options, const float *left, const float *right,
                       uint32_t frame_count, float *out_left, float *out_right,
                       uint32_t capacity, mp3a_stats *stats) {
  const int32_t status = mp3a_check_clip(options, left, right, frame_count);
  if (status != MP3A_OK) return status;
  if (!mp3a_are_channels(options, out_left, out_right)) return MP3A_INVALID_AUDIO;
  const uint32_t output_count = mp3a_output_frame_count(options, frame_count);
  if (output_count == 0 || capacity < output_count) return MP3A_INVALID_AUDIO;
  const mp3a_clip clip = {.options = *options,
                          .input = mp3a_float_source(left, right),
                          .output = mp3a_float_sink(out_left, out_right),
                          .frame_count = frame_count};
  return mp3a_pipeline_run(&clip, stats);
}

/* Whether these are whole frames of such samples, as `options` has channels. */
static int32_t check_pcm16(const mp3a_options *options, const int16_t *samples,
                           uint32_t sample_count) {
  int32_t status = mp3a_check_options(options);
  if (status != MP3A_OK) return status;
  const uint32_t channel_count = (uint32_t)options->channel_count;
  status = mp3a_check_form(options, sample_count / channel_count);
  if (status != MP3A_OK) return status;
  const bool is_whole = sample_count % channel_count == 0;
  return mp3a_is_pcm16_pointer(samples) && is_whole ? MP3A_OK : MP3A_INVALID_AUDIO;
}

int32_t mp3a_roundtrip_pcm16(const mp3a_options *options, const int16_t *samples,
                             uint32_t sample_count, int16_t *out, uint32_t capacity) {
  const int32_t status = check_pcm16(options, samples, sample_count);
  if (status != MP3A_OK) return status;
  const uint32_t channel_count = (uint32_t)options->channel_count;
  const uint32_t frame_count = sample_count / channel_count;
  const uint64_t output_count =
      (uint64_t)mp3a_output_frame_count(options, frame_count) * channel_count;
  if (output_count == 0 || capacity < output_count) return MP3A_INVALID_AUDIO;
  if (!mp3a_is_pcm16_pointer(out)) return MP3A_INVALID_AUDIO;
  const mp3a_clip clip = {.options = *options,
                          .input = mp3a_pcm16_source(samples, options->channel_count),
                          .output = mp3a_pcm16_sink(out, options->channel_count),
                          .frame_count = frame_count};
  return mp3a_pipeline_run(&clip, NULL);
}

typedef struct roundtrip_job {
  mp3a_job job; /* first, so that a job is its round trip */
  uint32_t output_frame_count;
  mp3a_clip clip;
  mp3a_stats stats;
  size_t output_at; /* where in `audio` ranges have their output, in bytes; 0: there are none */
  float audio[];    /* the input, by channel or 16 bits, and in its place the output */
} roundtrip_job;

static mp3a_sink sink_at(const roundtrip_job *roundtrip, void *audio) {
  const int channel_count = roundtrip->clip.options.channel_count;
  float *const first = audio;
  if (roundtrip->clip.input.kind == MP3A_INTERLEAVED_PCM16)
    return mp3a_pcm16_sink(audio, channel_count);
  return mp3a_float_sink(first, channel_count == 2 ? first + roundtrip->output_frame_count : NULL);
}

/* Ranges may read what another has coded, so their output doesn't go where the input is. */
static int32_t run_roundtrip(mp3a_job *job) {
  roundtrip_job *roundtrip = (roundtrip_job *)job;
  if (roundtrip->output_at > 0 && mp3a_ranges_for(&roundtrip->clip) > 1)
    roundtrip->clip.output = sink_at(roundtrip, (char *)roundtrip->audio + roundtrip->output_at);
  return mp3a_pipeline_run(&roundtrip->clip, &roundtrip->stats);
}

/* A job for a checked clip, with room for its output in `sample_size` bytes each; twice where it
   may be cut, which takes no memory until it is written. */
static roundtrip_job *allocate_job(const mp3a_options *options, uint32_t frame_count,
                                   size_t sample_size, int32_t *status) {
  const uint32_t output_frame_count = mp3a_output_frame_count(options, frame_count);
  if (output_frame_count == 0) { /* passes that keep the delay have made it too long */
    *status = MP3A_INVALID_AUDIO;
    return NULL;
  }
  const uint64_t sample_count = (uint64_t)output_frame_count * (uint32_t)options->channel_count;
  const uint64_t audio_size = (sample_count * sample_size + 63) / 64 * 64;
  const bool may_be_cut = mp3a_ranges_at_most(options, frame_count) > 1;
  const uint64_t byte_size = sizeof(roundtrip_job) + (may_be_cut ? 2 : 1) * audio_size;
  roundtrip_job *roundtrip =
      byte_size > PTRDIFF_MAX ? NULL : mp3a_memory_allocate((size_t)byte_size);
  if (!roundtrip) {
    *status = MP3A_OUT_OF_MEMORY;
    return NULL;
  }
  *roundtrip = (roundtrip_job){.job.work = run_roundtrip,
                               .output_frame_count = output_frame_count,
                               .output_at = may_be_cut ? (size_t)audio_size : 0,
                               .clip = {.options = *options,
                                        .frame_count = frame_count,
                                        .cancelled = &roundtrip->job.cancelled}};
  return roundtrip;
}

mp3a_job *mp3a_roundtrip_job_start(mp3a_queue *queue, const mp3a_options *options,
                                   const float *left, const float *right, uint32_t frame_count,
                                   uint32_t tag, int32_t *status) {
  *status = mp3a_check_job(queue, tag);
  if (*status == MP3A_OK) *status = mp3a_check_clip(options, left, right, frame_count);
  if (*status != MP3A_OK) return NULL;
  roundtrip_job *roundtrip = allocate_job(options, frame_count, sizeof *left, status);
  if (!roundtrip) return NULL;
  float *const first = roundtrip->audio;
  float *const second = right ? first + roundtrip->output_frame_count : NULL;
  mp3a_copy(first, left, (size_t)frame_count * sizeof *first);
  if (right) mp3a_copy(second, right, (size_t)frame_count * sizeof *second);
  roundtrip->clip.input = mp3a_float_source(first, second);
  roundtrip->clip.output = sink_at(roundtrip, first);
  return mp3a_job_submit(&roundtrip->job, queue, tag, status);
}

mp3a_job *mp3a_roundtrip_pcm16_job_start(mp3a_queue *queue, const mp3a_options *options,
                                         const int16_t *samples, uint32_t sample_count,
                                         uint32_t tag, int32_t *status) {
  *status = mp3a_check_job(queue, tag);
  if (*status == MP3A_OK) *status = check_pcm16(options, samples, sample_count);
  if (*status != MP3A_OK) return NULL;
  const uint32_t frame_count = sample_count / (uint32_t)options->channel_count;
  roundtrip_job *roundtrip = allocate_job(options, frame_count, sizeof *samples, status);
  if (!roundtrip) return NULL;
  int16_t *const codes = (int16_t *)roundtrip->audio;
  mp3a_copy(codes, samples, (size_t)sample_count * sizeof *codes);
  roundtrip->clip.input = mp3a_pcm16_source(codes, options->channel_count);
  roundtrip->clip.output = sink_at(roundtrip, codes);
  return mp3a_job_submit(&roundtrip->job, queue, tag, status);
}

/* The job as a round trip of such samples that has so much room for its result, or NULL. */
static const roundtrip_job *as_roundtrip(const mp3a_job *job, mp3a_sample_kind kind,
                                         uint32_t capacity) {
  const roundtrip_job *roundtrip = (const roundtrip_job *)job;
  if (!job || job->work != run_roundtrip || roundtrip->clip.output.kind != kind) return NULL;
  const bool is_interleaved = kind == MP3A_INTERLEAVED_PCM16;
  const uint64_t width = is_interleaved ? (uint64_t)roundtrip->clip.options.channel_count : 1;
  const bool fits = capacity >= roundtrip->output_frame_count * width;
  return job->status != MP3A_OK || fits ? roundtrip : NULL;
}

int32_t mp3a_roundtrip_job_end(mp3a_job *job, float *out_left, float *out_right,
                               uint32_t capacity, mp3a_stats *stats) {
  const roundtrip_job *roundtrip = as_roundtrip(job, MP3A_PLANAR_FLOAT, capacity);
  if (!roundtrip || !mp3a_is_float_pointer(out_left)) return MP3A_INVALID_AUDIO;
  const int32_t status = job->status;
  if (status == MP3A_OK) {
    float *const *audio = roundtrip->clip.output.planes;
    const size_t byte_size = (size_t)roundtrip->output_frame_count * sizeof(float);
    mp3a_copy(out_left, audio[0], byte_size);
    if (out_right && audio[1]) mp3a_copy(out_right, audio[1], byte_size);
    if (stats) *stats = roundtrip->stats;
  }
  mp3a_job_free(job);
  return status;
}

int32_t mp3a_roundtrip_pcm16_job_end(mp3a_job *job, int16_t *out, uint32_t capacity) {
  const roundtrip_job *roundtrip = as_roundtrip(job, MP3A_INTERLEAVED_PCM16, capacity);
  if (!roundtrip || !mp3a_is_pcm16_pointer(out)) return MP3A_INVALID_AUDIO;
  const mp3a_clip *clip = &roundtrip->clip;
  const int32_t status = job->status;
  if (status == MP3A_OK) {
    const size_t sample_size = sizeof *out * (size_t)clip->options.channel_count;
    mp3a_copy(out, clip->output.codes, roundtrip->output_frame_count * sample_size);
  }
  mp3a_job_free(job);
  return status;
}
