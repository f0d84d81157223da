/* The pool and its jobs, with work that waits at a gate: what waits and what runs is known then,
   whatever the scheduler does. */
#include "common/pool.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "common/job.h"
#include "common/memory.h"
#include "common/once.h"
#include "tests/check.h"
#include "tests/signals.h"

enum { MOST_THREADS = 64, WAITING = 6 };

static atomic_uint running_count, done_count;
static atomic_bool gate_is_open;

/* Waits until something is so; false after some seconds, and soon once something never came. */
static atomic_ullong patience_ns = 8000000000u;
#define WAIT_FOR(condition)                                                              \
  __extension__({                                                                        \
    const uint64_t give_up_ns_ = check_now_ns() + atomic_load(&patience_ns);             \
    bool is_so_ = (condition);                                                           \
    while (!is_so_ && check_now_ns() < give_up_ns_) sched_yield(), is_so_ = (condition); \
    if (!is_so_) atomic_store(&patience_ns, 100000000u);                                 \
    is_so_;                                                                              \
  })

/* Runs until the gate opens or somebody cancels it. */
static int32_t wait_at_gate(mp3a_job *job) {
  atomic_fetch_add(&running_count, 1);
  const bool is_over = WAIT_FOR(atomic_load(&gate_is_open) || atomic_load(&job->cancelled));
  const int32_t status = atomic_load(&job->cancelled) ? MP3A_CANCELLED : MP3A_OK;
  atomic_fetch_add(&done_count, 1);
  return is_over ? status : MP3A_CORRUPT_MP3;
}

static mp3a_job *submit(mp3a_queue *queue, uint32_t tag) {
  int32_t status;
  mp3a_job *job = mp3a_memory_allocate(sizeof *job);
  memset(job, 0, sizeof *job);
  job->work = wait_at_gate;
  job = mp3a_job_submit(job, queue, tag, &status);
  CHECK(job != NULL, "job %u: %d", tag, status);
  return job;
}

/* The next finished job's tag; 0 when none comes. */
static uint32_t next_tag(mp3a_queue *queue) {
  uint32_t tag = 0;
  CHECK(WAIT_FOR((tag = mp3a_queue_poll(queue)) != 0), "no job ends");
  return tag;
}

/* As many jobs as there are threads run, and others wait behind them. */
static uint32_t occupy(mp3a_queue *queue, mp3a_job **jobs) {
  const uint32_t limit = mp3a_thread_limit();
  CHECK(WAIT_FOR(mp3a_pool_idle_count() == limit), "%u of %u threads would take a task",
        mp3a_pool_idle_count(), limit);
  atomic_store(&running_count, 0), atomic_store(&done_count, 0);
  atomic_store(&gate_is_open, false);
  for (uint32_t i = 0; i < limit; i++) {
    CHECK(mp3a_pool_idle_count() == limit - i, "%u running, %u idle", i, mp3a_pool_idle_count());
    jobs[i] = submit(queue, i + 1);
  }
  for (uint32_t i = 0; i < WAITING; i++) jobs[limit + i] = submit(queue, limit + i + 1);
  CHECK(mp3a_pool_idle_count() == 0, "%u idle", mp3a_pool_idle_count());
  CHECK(WAIT_FOR(atomic_load(&running_count) == limit), "%u run", atomic_load(&running_count));
  return limit;
}

static void never(mp3a_task *task) {
  (void)task;
  abort();
}

/* Those that wait end at once as cancelled, in the order of their cancelling; those that run, when
   they look. `which`: bits of those that wait. */
static void check_cancel(unsigned which) {
  mp3a_queue *queue = mp3a_queue_create(NULL);
  mp3a_job *jobs[MOST_THREADS + WAITING];
  const uint32_t limit = occupy(queue, jobs);
  mp3a_task task = {.run = never};
  CHECK(!mp3a_pool_assist(&task), "no thread would take it at once");
  CHECK(!mp3a_pool_remove(&task), "it isn't there");
  for (uint32_t i = WAITING; i-- > 0;) {
    if (!(which >> i & 1)) continue;
    mp3a_job_cancel(jobs[limit + i]);
    const uint32_t tag = mp3a_queue_poll(queue);
    CHECK(tag == limit + i + 1, "cancelled: %u, not %u", tag, limit + i + 1);
    CHECK(mp3a_job_end(jobs[limit + i]) == MP3A_CANCELLED, "waiting job %u", i);
  }
  CHECK(mp3a_queue_poll(queue) == 0, "nothing else has ended");
  mp3a_job *last = submit(queue, 1000);
  mp3a_job_cancel(jobs[0]);
  CHECK(next_tag(queue) == 1, "the running one that was cancelled");
  CHECK(mp3a_job_end(jobs[0]) == MP3A_CANCELLED, "a running job");
  CHECK(atomic_load(&done_count) == 1, "%u are through", atomic_load(&done_count));
  atomic_store(&gate_is_open, true);
  uint32_t ended_count = 0, sum = 0, wanted = 0;
  for (uint32_t i = 1; i < limit + WAITING; i++) {
    if (i < limit || !(which >> (i - limit) & 1)) wanted += i + 1, ended_count++;
  }
  for (uint32_t i = 0; i < ended_count + 1; i++) {
    const uint32_t tag = next_tag(queue);
    if (tag == 0) break;
    mp3a_job *job = tag == 1000 ? last : jobs[tag - 1];
    sum += tag;
    CHECK(mp3a_job_end(job) == MP3A_OK, "job %u", tag);
  }
  CHECK(sum == wanted + 1000, "others have ended");
  CHECK(mp3a_queue_poll(queue) == 0, "one too many has ended");
  CHECK(atomic_load(&running_count) == ended_count + 2, "%u ran", atomic_load(&running_count));
  CHECK(WAIT_FOR(mp3a_pool_idle_count() == limit), "%u threads are idle afterwards",
        mp3a_pool_idle_count());
  mp3a_queue_destroy(queue);
}

static void open_gate(mp3a_task *task) {
  (void)task;
  atomic_store(&gate_is_open, true);
}

/* A thread that has nothing to do takes a task at once. */
static void check_assist(void) {
  atomic_store(&gate_is_open, false);
  mp3a_task task = {.run = open_gate};
  CHECK(mp3a_pool_assist(&task), "an idle thread");
  CHECK(WAIT_FOR(atomic_load(&gate_is_open)), "it never ran");
}

/* What a thread has begun stops at its next look: of some seconds of work hardly any is done. */
static void check_running(mp3a_job *(*start)(mp3a_queue *, const float *, uint32_t)) {
  enum { LONG = 60 * 44100 };
  float *input = make_signal(LONG, 44100, 3, 0.8f);
  mp3a_queue *queue = mp3a_queue_create(NULL);
  const uint32_t limit = mp3a_thread_limit();
  CHECK(WAIT_FOR(mp3a_pool_idle_count() == limit), "threads that are idle");
  mp3a_job *job = start(queue, input, LONG);
  const uint64_t soon_ns = check_now_ns() + 20000000u; /* a thread will have begun */
  while (check_now_ns() < soon_ns) sched_yield();
  mp3a_job_cancel(job);
  CHECK(next_tag(queue) == 9, "the job");
  const int32_t status = mp3a_job_end(job);
  CHECK(status == MP3A_CANCELLED, "a running job that is cancelled: %d", status);
  mp3a_queue_destroy(queue);
  free(input);
}

/* Slow enough to be under way still. */
static const mp3a_options slow = {sizeof slow, 44100, 128, 0, 1, MP3A_BIT_RESERVOIR,
                                  0, 0, 0, 0, 0, 0};

static mp3a_job *start_roundtrip(mp3a_queue *queue, const float *input, uint32_t count) {
  int32_t status;
  return mp3a_roundtrip_job_start(queue, &slow, input, NULL, count, 9, &status);
}

static mp3a_job *start_encoding(mp3a_queue *queue, const float *input, uint32_t count) {
  int32_t status;
  return mp3a_encode_job_start(queue, &slow, input, NULL, count, 9, &status);
}

static mp3a_once once;
static atomic_uint worker_count, early_count;
static int made_once;

static void *make_once(void *unused) {
  (void)unused;
  WAIT_FOR(atomic_load(&gate_is_open));
  if (mp3a_once_begin(&once)) {
    atomic_fetch_add(&worker_count, 1);
    const uint64_t soon_ns = check_now_ns() + 3000000u;
    while (check_now_ns() < soon_ns) sched_yield();
    made_once = 7;
    mp3a_once_end(&once);
  }
  if (made_once != 7) atomic_fetch_add(&early_count, 1);
  return NULL;
}

/* One does the work, the others wait until it is done. */
static void check_once(void) {
  enum { THREADS = 4 };
  pthread_t threads[THREADS];
  atomic_store(&gate_is_open, false);
  for (int i = 0; i < THREADS; i++) {
    CHECK(pthread_create(&threads[i], NULL, make_once, NULL) == 0, "thread %d", i);
  }
  atomic_store(&gate_is_open, true);
  for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
  CHECK(atomic_load(&worker_count) == 1, "%u did the work", atomic_load(&worker_count));
  CHECK(atomic_load(&early_count) == 0, "%u didn't wait", atomic_load(&early_count));
  CHECK(!mp3a_once_begin(&once), "it is done");
}

int main(void) {
  for (unsigned which = 0; which < 1 << WAITING; which += which < 8 ? 1 : 11) {
    RUN(check_cancel(which));
  }
  RUN(check_cancel((1 << WAITING) - 1));
  RUN(check_assist());
  RUN(check_once());
  RUN(check_running(start_roundtrip));
  RUN(check_running(start_encoding));
  return check_finish();
}
