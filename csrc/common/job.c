#include "common/job.h"

#include <pthread.h>
#include <stdlib.h>

#include "common/memory.h"

struct mp3a_queue {
  pthread_mutex_t mutex;
  pthread_cond_t finished;
  mp3a_job *first, *last; /* finished jobs, oldest first */
  mp3a_notify_fn notify;
};

mp3a_queue *mp3a_queue_create(mp3a_notify_fn notify) {
  mp3a_queue *queue = calloc(1, sizeof *queue);
  if (!queue) return NULL;
  if (pthread_mutex_init(&queue->mutex, NULL) != 0) {
    free(queue);
    return NULL;
  }
  if (pthread_cond_init(&queue->finished, NULL) != 0) {
    pthread_mutex_destroy(&queue->mutex);
    free(queue);
    return NULL;
  }
  queue->notify = notify;
  return queue;
}

void mp3a_queue_destroy(mp3a_queue *queue) {
  if (!queue) return;
  pthread_cond_destroy(&queue->finished);
  pthread_mutex_destroy(&queue->mutex);
  free(queue);
}

/* Puts a job among the finished ones. Its owner may end it from then on. */
static void finish(mp3a_job *job, int32_t status) {
  mp3a_queue *queue = job->queue;
  const mp3a_notify_fn notify = queue->notify;
  job->status = status;
  job->next = NULL;
  pthread_mutex_lock(&queue->mutex);
  if (queue->last) {
    queue->last->next = job;
  } else {
    queue->first = job;
  }
  queue->last = job;
  /* Under the lock: once it is released the owner may destroy the queue. */
  pthread_cond_signal(&queue->finished);
  pthread_mutex_unlock(&queue->mutex);
  if (notify) notify();
}

static void run_job(mp3a_task *task) {
  mp3a_job *job = (mp3a_job *)task;
  finish(job, job->work(job));
}

int32_t mp3a_check_job(const mp3a_queue *queue, uint32_t tag) {
  return queue && tag != 0 ? MP3A_OK : MP3A_INVALID_OPTION;
}

void mp3a_job_free(mp3a_job *job) {
  if (job->release) job->release(job);
  mp3a_memory_free(job);
}

mp3a_job *mp3a_job_submit(mp3a_job *job, mp3a_queue *queue, uint32_t tag, int32_t *status) {
  job->task.run = run_job;
  job->queue = queue;
  job->tag = tag;
  if (mp3a_pool_submit(&job->task)) return job;
  mp3a_job_free(job);
  *status = MP3A_OUT_OF_MEMORY;
  return NULL;
}

int32_t mp3a_job_end(mp3a_job *job) {
  if (!job) return MP3A_INVALID_AUDIO;
  const int32_t status = job->status;
  mp3a_job_free(job);
  return status;
}

void mp3a_job_cancel(mp3a_job *job) {
  if (!job) return;
  atomic_store_explicit(&job->cancelled, true, memory_order_relaxed);
  if (mp3a_pool_remove(&job->task)) finish(job, MP3A_CANCELLED);
}

/* The oldest finished job's tag. Called under the mutex. */
static uint32_t take_tag(mp3a_queue *queue) {
  mp3a_job *job = queue->first;
  if (!job) return 0;
  queue->first = job->next;
  if (!queue->first) queue->last = NULL;
  return job->tag;
}

uint32_t mp3a_queue_poll(mp3a_queue *queue) {
  if (!queue) return 0;
  pthread_mutex_lock(&queue->mutex);
  const uint32_t tag = take_tag(queue);
  pthread_mutex_unlock(&queue->mutex);
  return tag;
}

uint32_t mp3a_queue_wait(mp3a_queue *queue) {
  if (!queue) return 0;
  pthread_mutex_lock(&queue->mutex);
  while (!queue->first) pthread_cond_wait(&queue->finished, &queue->mutex);
  const uint32_t tag = take_tag(queue);
  pthread_mutex_unlock(&queue->mutex);
  return tag;
}
