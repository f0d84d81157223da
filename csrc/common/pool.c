#if defined(__linux__)
#define _GNU_SOURCE /* sched_getaffinity, dladdr */
#endif
#include "common/pool.h"

#include <pthread.h>
#include <stddef.h>

#if defined(_WIN32)
#include <windows.h>
#else
#include <dlfcn.h>
#include <unistd.h>
#endif
#if defined(__linux__)
#include <sched.h>
#endif

#include "mp3augment.h"

enum {
  MAX_THREADS = 64,
  /* LAME and minimp3 keep their scratch on the stack, and musl's default is small. */
  STACK_BYTES = 1 << 20
};

static struct {
  pthread_mutex_t mutex;
  pthread_cond_t work;
  mp3a_task *first, *last;
  unsigned waiting_count; /* tasks in the list */
  unsigned idle_count;    /* threads that sleep, or are about to take a task */
  unsigned thread_count;
  unsigned thread_limit; /* 0 until the cores are counted */
} pool = {.mutex = PTHREAD_MUTEX_INITIALIZER, .work = PTHREAD_COND_INITIALIZER};

/* The cores that this process may use: a container often gets only some. */
static unsigned count_cores(void) {
#if defined(_WIN32)
  SYSTEM_INFO info;
  GetSystemInfo(&info);
  long count = (long)info.dwNumberOfProcessors;
#elif defined(__linux__)
  cpu_set_t usable;
  long count = sched_getaffinity(0, sizeof usable, &usable) == 0 ? CPU_COUNT(&usable)
                                                                 : sysconf(_SC_NPROCESSORS_ONLN);
#else
  long count = sysconf(_SC_NPROCESSORS_ONLN);
#endif
  if (count < 1) return 1;
  return count > MAX_THREADS ? MAX_THREADS : (unsigned)count;
}

/* A runtime that closes it (Deno does when a worker ends) would take the code away from under the
   sleeping threads. */
bool mp3a_pool_stay_loaded(void) {
#if defined(_WIN32)
  HMODULE module;
  return GetModuleHandleExA(
             GET_MODULE_HANDLE_EX_FLAG_PIN | GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS,
             (LPCSTR)&pool, &module) != 0;
#else
  Dl_info info;
  if (!dladdr(&pool, &info)) return true; /* linked statically: nobody can close it */
  /* Without a handle it is the program itself that holds this code. */
  (void)dlopen(info.dli_fname, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE);
  return true;
#endif
}

uint32_t mp3a_thread_limit(void) {
  pthread_mutex_lock(&pool.mutex);
  if (pool.thread_limit == 0) pool.thread_limit = count_cores();
  const unsigned limit = pool.thread_limit;
  pthread_mutex_unlock(&pool.mutex);
  return limit;
}

unsigned mp3a_pool_idle_count(void) {
  pthread_mutex_lock(&pool.mutex);
  if (pool.thread_limit == 0) pool.thread_limit = count_cores();
  const unsigned free_count = pool.idle_count + pool.thread_limit - pool.thread_count;
  const unsigned count = free_count > pool.waiting_count ? free_count - pool.waiting_count : 0;
  pthread_mutex_unlock(&pool.mutex);
  return count;
}

static mp3a_task *take_first(void) {
  mp3a_task *task = pool.first;
  pool.first = task->next;
  if (!pool.first) pool.last = NULL;
  pool.waiting_count--;
  return task;
}

static void *run_thread(void *unused) {
  (void)unused;
  pthread_mutex_lock(&pool.mutex);
  for (;;) {
    while (!pool.first) pthread_cond_wait(&pool.work, &pool.mutex);
    mp3a_task *task = take_first();
    pool.idle_count--;
    pthread_mutex_unlock(&pool.mutex);
    task->run(task);
    pthread_mutex_lock(&pool.mutex);
    pool.idle_count++;
  }
  return NULL;
}

/* Makes one more thread, idle from the start. Called under the mutex. */
static bool add_thread(void) {
  if (pool.thread_limit == 0) pool.thread_limit = count_cores();
  if (pool.thread_count == 0 && !mp3a_pool_stay_loaded()) return false;
  if (pool.thread_count >= pool.thread_limit) return false;
  pthread_attr_t attributes;
  pthread_t thread;
  if (pthread_attr_init(&attributes) != 0) return false;
  pthread_attr_setstacksize(&attributes, STACK_BYTES);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  const bool made = pthread_create(&thread, &attributes, run_thread, NULL) == 0;
  pthread_attr_destroy(&attributes);
  if (made) {
    pool.thread_count++;
    pool.idle_count++;
  }
  return made;
}

static void push_last(mp3a_task *task) {
  task->next = NULL;
  if (pool.last) {
    pool.last->next = task;
  } else {
    pool.first = task;
  }
  pool.last = task;
  pool.waiting_count++;
}

/* Queues the task if a thread will take it at once, or in any case when it
   `may_wait` and there is a thread at all. */
static bool push(mp3a_task *task, bool may_wait) {
  pthread_mutex_lock(&pool.mutex);
  bool accepted = pool.idle_count > pool.waiting_count || add_thread();
  if (!accepted && may_wait) accepted = pool.thread_count > 0;
  if (accepted) push_last(task);
  pthread_mutex_unlock(&pool.mutex);
  if (accepted) pthread_cond_signal(&pool.work);
  return accepted;
}

bool mp3a_pool_submit(mp3a_task *task) { return push(task, true); }

bool mp3a_pool_assist(mp3a_task *task) { return push(task, false); }

bool mp3a_pool_remove(mp3a_task *task) {
  pthread_mutex_lock(&pool.mutex);
  mp3a_task *before = NULL;
  mp3a_task *candidate = pool.first;
  while (candidate && candidate != task) {
    before = candidate;
    candidate = candidate->next;
  }
  if (candidate) {
    if (before) {
      before->next = task->next;
    } else {
      pool.first = task->next;
    }
    if (pool.last == task) pool.last = before;
    pool.waiting_count--;
  }
  pthread_mutex_unlock(&pool.mutex);
  return candidate != NULL;
}
