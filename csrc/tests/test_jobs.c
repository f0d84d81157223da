/* Jobs on the pool: the same bits as a direct call, cancelled at any moment,
   many queues and threads at once. */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

#include "mp3augment.h"
#include "tests/check.h"
#include "tests/signals.h"

enum { JOB_COUNT = 60, FRAMES = 40000 };

static mp3a_options options_of(uint32_t index) {
  const int32_t rates[] = {16000, 44100, 48000};
  return (mp3a_options){sizeof(mp3a_options), rates[index % 3], 64, 7, 1, 0, 0, 0, 0};
}

static atomic_uint notified_count;

static void count_notification(void) { atomic_fetch_add(&notified_count, 1); }

static void check_all(void) {
  mp3a_queue *queue = mp3a_queue_create(count_notification);
  mp3a_job *jobs[JOB_COUNT];
  float *input = make_signal(FRAMES, 44100, 9, 0.8f);
  float *expected = malloc(FRAMES * sizeof *expected);
  float *output = malloc(FRAMES * sizeof *output);
  int32_t status;
  for (uint32_t i = 0; i < JOB_COUNT; i++) {
    const mp3a_options o = options_of(i);
    jobs[i] = mp3a_roundtrip_job_start(queue, &o, input, NULL, FRAMES, i + 1, &status);
    CHECK(jobs[i] && status == MP3A_OK, "start %u: %d", i, status);
  }
  for (uint32_t n = 0; n < JOB_COUNT; n++) {
    const uint32_t i = mp3a_queue_wait(queue) - 1;
    const mp3a_options o = options_of(i);
    mp3a_stats stats = {0}, told = {0};
    mp3a_roundtrip(&o, input, NULL, FRAMES, expected, NULL, FRAMES, &stats);
    CHECK(mp3a_roundtrip_job_end(jobs[i], output, NULL, FRAMES, n % 5 ? &told : NULL) == MP3A_OK,
          "job %u", i);
    CHECK(n % 5 == 0 || (told.mp3_byte_size == stats.mp3_byte_size && told.peak == stats.peak),
          "job %u tells of %u bytes, not %u", i, told.mp3_byte_size, stats.mp3_byte_size);
    CHECK(memcmp(output, expected, FRAMES * sizeof *output) == 0, "job %u differs", i);
  }
  CHECK(mp3a_queue_poll(queue) == 0, "queue not empty");
  /* A job is in the queue before its notification is out: wait for the last ones. */
  const uint64_t give_up_ns = check_now_ns() + 30000000000u;
  while (atomic_load(&notified_count) < JOB_COUNT && check_now_ns() < give_up_ns) sched_yield();
  CHECK(atomic_load(&notified_count) == JOB_COUNT, "%u notifications",
        atomic_load(&notified_count));
  mp3a_queue_destroy(queue);
  free(input), free(expected), free(output);
}

/* What the floats of 16-bit samples give, as 16-bit samples. */
static void expect_pcm16(const mp3a_options *o, const int16_t *codes, uint32_t frame_count,
                         int16_t *expected) {
  const uint32_t channel_count = (uint32_t)o->channel_count;
  const uint32_t out_count = mp3a_output_frame_count(o, frame_count);
  float *planes = malloc(2 * channel_count * out_count * sizeof *planes);
  float *in[2] = {NULL, NULL}, *out[2] = {NULL, NULL};
  int16_t *converted = malloc(out_count * sizeof *converted);
  for (uint32_t channel = 0; channel < channel_count; channel++) {
    in[channel] = planes + 2 * channel * out_count;
    out[channel] = in[channel] + out_count;
    for (uint32_t i = 0; i < frame_count; i++) {
      in[channel][i] = (float)codes[i * channel_count + channel] / 32768.0f;
    }
  }
  CHECK(mp3a_roundtrip(o, in[0], in[1], frame_count, out[0], out[1], out_count, NULL) == MP3A_OK,
        "floats");
  for (uint32_t channel = 0; channel < channel_count; channel++) {
    mp3a_to_int16(out[channel], converted, out_count);
    for (uint32_t i = 0; i < out_count; i++) expected[i * channel_count + channel] = converted[i];
  }
  free(planes), free(converted);
}

static void check_pcm16_with(mp3a_queue *queue, int32_t channel_count, int32_t flags,
                             uint32_t frame_count) {
  const mp3a_options o = {sizeof o, 44100, 64, 7, channel_count, flags, 0, 0, 0};
  const uint32_t in_count = frame_count * (uint32_t)channel_count;
  const uint32_t out_count = mp3a_output_frame_count(&o, frame_count) * (uint32_t)channel_count;
  float *signal = make_signal(in_count, 44100, 5, 0.99f);
  int16_t *codes = malloc(out_count * sizeof *codes);
  int16_t *expected = malloc(out_count * sizeof *expected);
  int16_t *output = malloc(out_count * sizeof *output);
  mp3a_to_int16(signal, codes, in_count);
  codes[in_count / 2] = INT16_MIN;
  expect_pcm16(&o, codes, frame_count, expected);
  CHECK(mp3a_roundtrip_pcm16(&o, codes, in_count, output, out_count - 1) == MP3A_INVALID_AUDIO,
        "room at once");
  CHECK(mp3a_roundtrip_pcm16(&o, codes, in_count, output, out_count) == MP3A_OK, "at once");
  CHECK(memcmp(output, expected, out_count * sizeof *expected) == 0,
        "at once: %d channels, flags %d, %u frames", channel_count, flags, frame_count);
  int32_t status;
  mp3a_job *job = mp3a_roundtrip_pcm16_job_start(queue, &o, codes, in_count, 3, &status);
  memset(codes, 0, in_count * sizeof *codes); /* which the job has copied */
  CHECK(job && mp3a_queue_wait(queue) == 3, "16-bit job: %d", status);
  CHECK(mp3a_roundtrip_job_end(job, signal, NULL, in_count, NULL) == MP3A_INVALID_AUDIO,
        "it has no floats");
  CHECK(mp3a_roundtrip_pcm16_job_end(job, output, out_count - 1) == MP3A_INVALID_AUDIO, "room");
  CHECK(mp3a_roundtrip_pcm16_job_end(job, NULL, out_count) == MP3A_INVALID_AUDIO, "no output");
  CHECK(mp3a_roundtrip_pcm16_job_end(job, output, out_count) == MP3A_OK, "16-bit job's end");
  CHECK(memcmp(output, expected, out_count * sizeof *expected) == 0,
        "%d channels, flags %d, %u frames", channel_count, flags, frame_count);
  if (!(flags & MP3A_PRESERVE_DELAY)) {
    mp3a_to_int16(signal, codes, in_count);
    codes[in_count / 2] = INT16_MIN;
    CHECK(mp3a_roundtrip_pcm16(&o, codes, in_count, codes, in_count) == MP3A_OK, "in place");
    CHECK(memcmp(codes, expected, out_count * sizeof *expected) == 0, "in place");
  }
  free(signal), free(codes), free(expected), free(output);
}

static void check_pcm16(void) {
  const int32_t flags[] = {0, MP3A_PRESERVE_DELAY, MP3A_PRESERVE_LEVEL,
                           MP3A_JOINT_STEREO | MP3A_BIT_RESERVOIR, MP3A_ONE_THREAD};
  const uint32_t frame_counts[] = {1, 577, 1153, 100001};
  mp3a_queue *queue = mp3a_queue_create(NULL);
  for (int32_t channel_count = 1; channel_count <= 2; channel_count++) {
    for (size_t f = 0; f < sizeof flags / sizeof *flags; f++) {
      for (size_t n = 0; n < sizeof frame_counts / sizeof *frame_counts; n++) {
        check_pcm16_with(queue, channel_count, flags[f], frame_counts[n]);
      }
    }
  }
  int32_t status;
  int16_t code = 0;
  const mp3a_options o = options_of(0);
  mp3a_options stereo = o;
  stereo.channel_count = 2;
  CHECK(!mp3a_roundtrip_pcm16_job_start(queue, &o, NULL, 9, 1, &status), "no samples");
  CHECK(!mp3a_roundtrip_pcm16_job_start(queue, &stereo, &code, 9, 1, &status), "half a frame");
  CHECK(!mp3a_roundtrip_pcm16_job_start(queue, NULL, &code, 9, 1, &status), "no options");
  CHECK(!mp3a_roundtrip_pcm16_job_start(queue, &o, &code, 0, 1, &status), "empty");
  CHECK(!mp3a_roundtrip_pcm16_job_start(queue, &o, &code, 9, 0, &status), "tag 0");
  CHECK(mp3a_roundtrip_pcm16(&o, NULL, 9, &code, 9) == MP3A_INVALID_AUDIO, "no samples");
  CHECK(mp3a_roundtrip_pcm16(&stereo, &code, 9, &code, 9) == MP3A_INVALID_AUDIO, "half a frame");
  CHECK(mp3a_roundtrip_pcm16(NULL, &code, 1, &code, 1) == MP3A_INVALID_OPTION, "no options");
  CHECK(mp3a_roundtrip_pcm16(&o, &code, 0, &code, 1) == MP3A_EMPTY_AUDIO, "empty");
  CHECK(mp3a_roundtrip_pcm16(&o, &code, 1, NULL, 1) == MP3A_INVALID_AUDIO, "no output");
  CHECK(mp3a_roundtrip_pcm16_job_end(NULL, &code, 1) == MP3A_INVALID_AUDIO, "no job");
  const int16_t codes[] = {5, -7, 6};
  CHECK(mp3a_pcm16_peak(codes, 3) == 7.0f / 32768.0f, "peak %f", mp3a_pcm16_peak(codes, 3));
  const int16_t lowest[] = {INT16_MIN, INT16_MAX};
  CHECK(mp3a_pcm16_peak(lowest, 2) == 1.0f && mp3a_pcm16_peak(lowest, 0) == 0.0f, "peak");
  mp3a_queue_destroy(queue);
}

/* Cancels more than half of the jobs. Returns how many it came in time for. */
static unsigned cancel_jobs(mp3a_queue *queue, const float *input) {
  mp3a_job *jobs[JOB_COUNT];
  bool is_cancelled[JOB_COUNT] = {false};
  unsigned cancelled_count = 0;
  for (uint32_t i = 0; i < JOB_COUNT; i++) {
    int32_t status;
    const mp3a_options o = options_of(i);
    jobs[i] = mp3a_roundtrip_job_start(queue, &o, input, NULL, 3 * FRAMES, i + 1, &status);
    if (i % 3 == 0) mp3a_job_cancel(jobs[i / 2]), is_cancelled[i / 2] = true;
  }
  for (uint32_t i = 0; i < JOB_COUNT; i += 2) mp3a_job_cancel(jobs[i]), is_cancelled[i] = true;
  for (uint32_t n = 0; n < JOB_COUNT; n++) {
    const uint32_t i = mp3a_queue_wait(queue) - 1;
    const int32_t status = mp3a_job_end(jobs[i]);
    CHECK(status == MP3A_OK || (is_cancelled[i] && status == MP3A_CANCELLED), "job %u: %d", i,
          status);
    cancelled_count += status == MP3A_CANCELLED;
  }
  return cancelled_count;
}

/* Whether a job was through before it was cancelled is the scheduler's affair, so that this is
   tried again; common/test_pool.c knows it. Who was not cancelled is through. */
static void check_cancel(void) {
  mp3a_queue *queue = mp3a_queue_create(NULL);
  float *input = make_signal(3 * FRAMES, 44100, 9, 0.8f);
  unsigned cancelled_count = 0;
  for (int round = 0; round < 100 && cancelled_count == 0; round++)
    cancelled_count = cancel_jobs(queue, input);
  CHECK(cancelled_count > 0, "none was cancelled");
  mp3a_queue_destroy(queue);
  free(input);
}

static void check_bad_jobs(void) {
  mp3a_queue *queue = mp3a_queue_create(NULL);
  float bad[2000] = {0};
  int32_t status;
  mp3a_options o = options_of(0);
  bad[1999] = NAN;
  mp3a_job *job = mp3a_roundtrip_job_start(queue, &o, bad, NULL, 2000, 7, &status);
  CHECK(job && mp3a_queue_wait(queue) == 7, "bad audio is found later");
  CHECK(mp3a_roundtrip_job_end(job, bad, NULL, 2000, NULL) == MP3A_NON_FINITE_AUDIO, "non-finite");
  CHECK(!mp3a_roundtrip_job_start(queue, &o, bad, NULL, 2000, 0, &status), "tag 0");
  CHECK(!mp3a_roundtrip_job_start(NULL, &o, bad, NULL, 2000, 1, &status), "no queue");
  CHECK(
      !mp3a_roundtrip_job_start(queue, &o, bad, NULL, 0, 1, &status) && status == MP3A_EMPTY_AUDIO,
      "empty");
  o.quality = 11;
  CHECK(!mp3a_roundtrip_job_start(queue, &o, bad, NULL, 9, 1, &status), "quality");
  CHECK(status == MP3A_UNSUPPORTED_QUALITY, "status %d", status);
  mp3a_queue_destroy(queue);
}

typedef struct caller {
  const float *input;
  float output[FRAMES];
} caller;

static void *call_repeatedly(void *argument) {
  caller *c = argument;
  const mp3a_options o = options_of(1);
  for (int i = 0; i < 10; i++) {
    mp3a_roundtrip(&o, c->input, NULL, FRAMES, c->output, NULL, FRAMES, NULL);
  }
  return NULL;
}

static void check_threads(void) {
  enum { THREADS = 4 };
  pthread_t threads[THREADS];
  caller *callers = calloc(THREADS, sizeof *callers);
  float *input = make_signal(FRAMES, 44100, 9, 0.8f);
  for (int i = 0; i < THREADS; i++) {
    callers[i].input = input;
    CHECK(pthread_create(&threads[i], NULL, call_repeatedly, &callers[i]) == 0, "thread %d", i);
  }
  for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
  for (int i = 1; i < THREADS; i++) {
    CHECK(memcmp(callers[i].output, callers[0].output, sizeof callers[0].output) == 0,
          "thread %d has other samples", i);
  }
  free(callers), free(input);
}

int main(void) {
  RUN(check_all());
  RUN(check_pcm16());
  RUN(check_cancel());
  RUN(check_bad_jobs());
  RUN(check_threads());
  return check_finish();
}
