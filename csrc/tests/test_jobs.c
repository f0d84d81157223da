/* Jobs on the pool: the same bits as a direct call, cancelled at any moment,
   many queues and threads at once. */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>

#include "check.h"
#include "mp3augment.h"
#include "signals.h"

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
    jobs[i] = mp3a_job_start(queue, &o, input, NULL, FRAMES, i + 1, &status);
    CHECK(jobs[i] && status == MP3A_OK, "start %u: %d", i, status);
  }
  for (uint32_t n = 0; n < JOB_COUNT; n++) {
    const uint32_t i = mp3a_queue_wait(queue) - 1;
    const mp3a_options o = options_of(i);
    mp3a_roundtrip(&o, input, NULL, FRAMES, expected, NULL, NULL);
    CHECK(mp3a_job_end(jobs[i], output, NULL, NULL) == MP3A_OK, "job %u", i);
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

static void check_cancel(void) {
  mp3a_queue *queue = mp3a_queue_create(NULL);
  mp3a_job *jobs[JOB_COUNT];
  float *input = make_signal(3 * FRAMES, 44100, 9, 0.8f);
  unsigned cancelled_count = 0;
  for (uint32_t i = 0; i < JOB_COUNT; i++) {
    int32_t status;
    const mp3a_options o = options_of(i);
    jobs[i] = mp3a_job_start(queue, &o, input, NULL, 3 * FRAMES, i + 1, &status);
    if (i % 3 == 0) mp3a_job_cancel(jobs[i / 2]);
  }
  for (uint32_t i = 0; i < JOB_COUNT; i += 2) mp3a_job_cancel(jobs[i]);
  for (uint32_t n = 0; n < JOB_COUNT; n++) {
    const uint32_t i = mp3a_queue_wait(queue) - 1;
    const int32_t status = mp3a_job_end(jobs[i], NULL, NULL, NULL);
    CHECK(status == MP3A_OK || status == MP3A_CANCELLED, "job %u: %d", i, status);
    cancelled_count += status == MP3A_CANCELLED;
  }
  /* How many jobs were through before their cancellation is the scheduler's affair. */
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
  mp3a_job *job = mp3a_job_start(queue, &o, bad, NULL, 2000, 7, &status);
  CHECK(job && mp3a_queue_wait(queue) == 7, "bad audio is found later");
  CHECK(mp3a_job_end(job, bad, NULL, NULL) == MP3A_NON_FINITE_AUDIO, "non-finite");
  CHECK(!mp3a_job_start(queue, &o, bad, NULL, 2000, 0, &status), "tag 0");
  CHECK(!mp3a_job_start(NULL, &o, bad, NULL, 2000, 1, &status), "no queue");
  CHECK(!mp3a_job_start(queue, &o, bad, NULL, 0, 1, &status) && status == MP3A_EMPTY_AUDIO,
        "empty");
  o.quality = 11;
  CHECK(!mp3a_job_start(queue, &o, bad, NULL, 9, 1, &status), "quality");
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
    mp3a_roundtrip(&o, c->input, NULL, FRAMES, c->output, NULL, NULL);
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
  check_all();
  check_cancel();
  check_bad_jobs();
  check_threads();
  return check_finish();
}
