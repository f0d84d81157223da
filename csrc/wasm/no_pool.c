/* The pool where there are no threads: nobody takes a task, so the caller does all by itself. */
#include "common/pool.h"
#include "mp3augment.h"

bool mp3a_pool_submit(mp3a_task *task) {
  (void)task;
  return false;
}

bool mp3a_pool_assist(mp3a_task *task) {
  (void)task;
  return false;
}

bool mp3a_pool_remove(mp3a_task *task) {
  (void)task;
  return false;
}

uint32_t mp3a_thread_limit(void) { return 1; }

bool mp3a_pool_stay_loaded(void) { return true; }

unsigned mp3a_pool_idle_count(void) { return 0; }
