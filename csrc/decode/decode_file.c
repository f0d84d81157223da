/* One MP3 file, at once or on the pool. */
#include <stddef.h>
#include <string.h>

#include "common/clip.h"
#include "common/job.h"
#include "common/memory.h"
#include "common/pages.h"
#include "decode/decode_stream.h"
#include "decode/mp3_reader.h"
#include "decode/mp3_track.h"

int32_t mp3a_probe(const uint8_t *bytes, uint32_t byte_size, uint32_t is_gapless,
                   mp3a_mp3_info *info) {
  if ((!bytes && byte_size > 0) || !info) return MP3A_INVALID_AUDIO;
  mp3a_reader reader = {0};
  mp3a_track track = {0};
  for (uint64_t at = 0, skipped = 0; at < byte_size;) {
    const uint32_t size =
        mp3a_reader_find(&reader, bytes + at, byte_size - at, true, &skipped);
    if (size == 0) break;
    mp3a_track_add(&track, bytes + at + skipped, size);
    at += skipped + size;
  }
  if (!track.has_format) return MP3A_CORRUPT_MP3;
  mp3a_track_describe(&track, is_gapless != 0, info);
  return MP3A_OK;
}

/* How many PCM frames a file decodes to; more than a clip may have is an error. */
static int32_t count_frames(const mp3a_mp3_info *info, uint32_t *frame_count) {
  *frame_count = info->frame_count_low;
  const bool fits = info->frame_count_high == 0 && *frame_count <= MP3A_MAX_FRAMES;
  return fits ? MP3A_OK : MP3A_INVALID_AUDIO;
}

int32_t mp3a_decode(const uint8_t *bytes, uint32_t byte_size, uint32_t is_gapless,
                    float *out_left, float *out_right, uint32_t capacity) {
  mp3a_mp3_info info;
  uint32_t frame_count, written_count;
  int32_t status = mp3a_probe(bytes, byte_size, is_gapless, &info);
  if (status == MP3A_OK) status = count_frames(&info, &frame_count);
  if (status != MP3A_OK) return status;
  const bool is_stereo = info.channel_count == 2;
  if (capacity < frame_count || !mp3a_is_float_pointer(out_left)) return MP3A_INVALID_AUDIO;
  if (is_stereo ? !mp3a_is_float_pointer(out_right) : out_right != NULL) return MP3A_INVALID_AUDIO;
  float *const planes[2] = {out_left, out_right};
  return mp3a_decode_all(bytes, byte_size, is_gapless != 0, &info, planes, frame_count, NULL,
                         &written_count);
}

typedef struct decode_job {
  mp3a_job job; /* first, so that a job is its decoding */
  bool is_gapless;
  mp3a_mp3_info info;
  float *audio; /* the result, channel by channel; owned */
  uint32_t byte_size;
  uint8_t bytes[];
} decode_job;

static int32_t run_decoding(mp3a_job *job) {
  decode_job *decoding = (decode_job *)job;
  mp3a_mp3_info *info = &decoding->info;
  uint32_t frame_count, written_count;
  int32_t status =
      mp3a_probe(decoding->bytes, decoding->byte_size, decoding->is_gapless, info);
  if (status == MP3A_OK) status = count_frames(info, &frame_count);
  if (status != MP3A_OK) return status;
  const uint64_t sample_count = (uint64_t)frame_count * (uint32_t)info->channel_count;
  const bool fits = sample_count <= PTRDIFF_MAX / sizeof(float);
  decoding->audio = fits ? mp3a_memory_allocate((size_t)sample_count * sizeof(float)) : NULL;
  if (!decoding->audio) return MP3A_OUT_OF_MEMORY;
  float *const planes[2] = {decoding->audio, decoding->audio + frame_count};
  return mp3a_decode_all(decoding->bytes, decoding->byte_size, decoding->is_gapless, info, planes,
                         frame_count, &job->cancelled, &written_count);
}

static void release(mp3a_job *job) { mp3a_memory_free(((decode_job *)job)->audio); }

mp3a_job *mp3a_decode_job_start(mp3a_queue *queue, const uint8_t *bytes, uint32_t byte_size,
                                uint32_t is_gapless, uint32_t tag, int32_t *status) {
  *status = bytes || byte_size == 0 ? mp3a_check_job(queue, tag) : MP3A_INVALID_AUDIO;
  if (*status != MP3A_OK) return NULL;
  const uint64_t needed = (uint64_t)byte_size + sizeof(decode_job);
  decode_job *decoding = needed > SIZE_MAX / 2 ? NULL : mp3a_memory_allocate((size_t)needed);
  if (!decoding) {
    *status = MP3A_OUT_OF_MEMORY;
    return NULL;
  }
  *decoding = (decode_job){.job = {.work = run_decoding, .release = release},
                           .is_gapless = is_gapless != 0,
                           .byte_size = byte_size};
  if (byte_size > 0) memcpy(decoding->bytes, bytes, byte_size);
  return mp3a_job_submit(&decoding->job, queue, tag, status);
}

int32_t mp3a_decode_job_info(const mp3a_job *job, mp3a_mp3_info *info) {
  if (!job || job->work != run_decoding || !info) return MP3A_INVALID_AUDIO;
  if (job->status == MP3A_OK) *info = ((const decode_job *)job)->info;
  return job->status;
}

int32_t mp3a_decode_job_end(mp3a_job *job, float *out_left, float *out_right,
                            uint32_t capacity) {
  if (!job || job->work != run_decoding) return MP3A_INVALID_AUDIO;
  const decode_job *decoding = (const decode_job *)job;
  const int32_t status = job->status;
  const size_t frame_count = decoding->info.frame_count_low;
  if (status == MP3A_OK && out_left && capacity < frame_count) return MP3A_INVALID_AUDIO;
  if (status == MP3A_OK && out_left) {
    mp3a_copy(out_left, decoding->audio, frame_count * sizeof(float));
  }
  if (status == MP3A_OK && out_right && decoding->info.channel_count == 2) {
    mp3a_copy(out_right, decoding->audio + frame_count, frame_count * sizeof(float));
  }
  mp3a_job_free(job);
  return status;
}
