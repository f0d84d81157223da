/* The threads of this library: one pool for the process, at most as many as
   cores, made when first needed, asleep when idle. */
#ifndef MP3A_POOL_H
#define MP3A_POOL_H

#include <stdbool.h>

/* A piece of work; lives in its owner's memory until `run` has returned. */
typedef struct mp3a_task {
  void (*run)(struct mp3a_task *task);
  struct mp3a_task *next;
} mp3a_task;

/* Queues a task behind the others. False when no thread at all could be made. */
bool mp3a_pool_submit(mp3a_task *task);

/* Runs a task beside the caller, if a thread has nothing else to do: then it
   starts at once, so the caller may wait for it. */
bool mp3a_pool_assist(mp3a_task *task);

/* Takes back a task that waits. False when it has started. */
bool mp3a_pool_remove(mp3a_task *task);

/* How many threads would take a task at once. */
unsigned mp3a_pool_idle_count(void);

/* Keeps this library in the process for good. */
bool mp3a_pool_stay_loaded(void);

#endif
