/* A piece of work on the pool, and the queue that tells when it is done. What
   the work is stands in a struct that begins with a job. */
#ifndef MP3A_JOB_H
#define MP3A_JOB_H

#include <stdatomic.h>

#include "common/pool.h"
#include "mp3augment.h"

struct mp3a_job {
  mp3a_task task; /* first, so that a task is its job */
  mp3a_queue *queue;
  mp3a_job *next; /* in the queue of finished jobs */
  uint32_t tag;
  int32_t status;        /* once it has finished */
  atomic_bool cancelled; /* the work looks at it now and then */
  int32_t (*work)(mp3a_job *job);
  void (*release)(mp3a_job *job); /* frees what belongs to it; NULL: nothing does */
};

/* What a job of any kind needs. */
int32_t mp3a_check_job(const mp3a_queue *queue, uint32_t tag);

/* Puts a zeroed job with its `work` on the pool; it lies in memory of common/memory.h. On failure
   it is freed, with the reason in `*status` and NULL as the result. */
mp3a_job *mp3a_job_submit(mp3a_job *job, mp3a_queue *queue, uint32_t tag, int32_t *status);

void mp3a_job_free(mp3a_job *job);

#endif
