/* Round trips on the pool, and the queues that tell when they are done. */
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "mp3augment.h"
#include "pipeline.h"
#include "pool.h"

struct mp3a_queue {
  pthread_mutex_t mutex;
  pthread_cond_t finished;
  mp3a_job *first, *last; /* finished jobs, oldest first */
  mp3a_notify_fn notify;
};

struct mp3a_job {
  mp3a_task task; /* first, so that a task is its job */
  mp3a_queue *queue;
  mp3a_job *next; /* in the queue of finished jobs */
  uint32_t tag;
  int32_t status;
  uint32_t output_frame_count;
  atomic_bool cancelled;
  mp3a_clip clip;
  mp3a_stats stats;
  float audio[]; /* the input, then in the same place the output: channel by channel */
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
  finish(job, mp3a_pipeline_run(&job->clip, &job->stats));
}

/* A job with room for `output_frame_count` PCM frames, its clip not yet set. */
static mp3a_job *allocate_job(int32_t channel_count, uint32_t output_frame_count) {
  const uint64_t sample_count = (uint64_t)output_frame_count * (uint32_t)channel_count;
  const uint64_t byte_size = sizeof(mp3a_job) + sample_count * sizeof(float);
  return byte_size > PTRDIFF_MAX ? NULL : malloc((size_t)byte_size);
}

mp3a_job *mp3a_job_start(mp3a_queue *queue, const mp3a_options *options, const float *left,
                         const float *right, uint32_t frame_count, uint32_t tag,
                         int32_t *status) {
  *status = mp3a_check_clip(options, left, right, frame_count);
  if (*status != MP3A_OK) return NULL;
  if (!queue || tag == 0) {
    *status = MP3A_INVALID_OPTION;
    return NULL;
  }
  const uint32_t output_frame_count = mp3a_output_frame_count(options, frame_count);
  mp3a_job *job = allocate_job(options->channel_count, output_frame_count);
  if (!job) {
    *status = MP3A_OUT_OF_MEMORY;
    return NULL;
  }
  *job = (mp3a_job){.task.run = run_job,
                    .queue = queue,
                    .tag = tag,
                    .output_frame_count = output_frame_count,
                    .clip = {.options = *options, .frame_count = frame_count}};
  const float *input[2] = {left, right};
  for (int channel = 0; channel < options->channel_count; channel++) {
    float *audio = job->audio + (size_t)output_frame_count * (size_t)channel;
    memcpy(audio, input[channel], (size_t)frame_count * sizeof *audio);
    job->clip.input[channel] = job->clip.output[channel] = audio;
  }
  job->clip.cancelled = &job->cancelled;
  if (!mp3a_pool_submit(&job->task)) {
    free(job);
    *status = MP3A_OUT_OF_MEMORY;
    return NULL;
  }
  return job;
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

int32_t mp3a_job_end(mp3a_job *job, float *out_left, float *out_right, mp3a_stats *stats) {
  if (!job) return MP3A_INVALID_AUDIO;
  const int32_t status = job->status;
  if (status == MP3A_OK && out_left) {
    const size_t byte_size = (size_t)job->output_frame_count * sizeof(float);
    memcpy(out_left, job->clip.output[0], byte_size);
    if (out_right) memcpy(out_right, job->clip.output[1], byte_size);
  }
  if (status == MP3A_OK && stats) *stats = job->stats;
  free(job);
  return status;
}
