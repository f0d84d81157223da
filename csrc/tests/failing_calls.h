/* What takes memory, threads and locks, defined here and so before the C library's: it fails when
   it shall, and how it is used is counted. For one file of a program, and the first include. */
#ifndef MP3A_FAILING_CALLS_H
#define MP3A_FAILING_CALLS_H

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *pointer, size_t size);
extern void __libc_free(void *pointer);

static atomic_long live_count;      /* blocks that were not freed */
static atomic_long calls_left = -1; /* until the last one that fails; below 0: none does */
static atomic_long in_a_row = 1;    /* how many fail */
static atomic_bool has_failed, lacks_threads;

/* Whether this call is one that fails. */
static bool fails_now(void) {
  if (atomic_load(&calls_left) < 0) return false;
  const long left = atomic_fetch_sub(&calls_left, 1);
  if (left < 0 || left >= atomic_load(&in_a_row)) return false;
  atomic_store(&has_failed, true);
  errno = ENOMEM; /* glibc itself relies on it */
  return true;
}

static void *count(void *pointer) {
  if (pointer) atomic_fetch_add(&live_count, 1);
  return pointer;
}

void *malloc(size_t size) { return fails_now() ? NULL : count(__libc_malloc(size)); }

void *calloc(size_t number, size_t size) {
  return fails_now() ? NULL : count(__libc_calloc(number, size));
}

void *realloc(void *pointer, size_t size) {
  if (fails_now()) return NULL;
  if (pointer) atomic_fetch_sub(&live_count, 1);
  return count(__libc_realloc(pointer, size));
}

void free(void *pointer) {
  if (pointer) atomic_fetch_sub(&live_count, 1);
  __libc_free(pointer);
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                   void *(*run)(void *), void *argument) {
  const bool fails = fails_now() || atomic_load(&lacks_threads);
  return fails ? EAGAIN : NEXT(pthread_create)(thread, attributes, run, argument);
}

static atomic_long lock_count; /* mutexes and the like that were not destroyed */

int pthread_mutex_init(pthread_mutex_t *mutex, const pthread_mutexattr_t *attributes) {
  if (fails_now()) return ENOMEM;
  atomic_fetch_add(&lock_count, 1);
  return NEXT(pthread_mutex_init)(mutex, attributes);
}

int pthread_cond_init(pthread_cond_t *condition, const pthread_condattr_t *attributes) {
  if (fails_now()) return ENOMEM;
  atomic_fetch_add(&lock_count, 1);
  return NEXT(pthread_cond_init)(condition, attributes);
}

int pthread_attr_init(pthread_attr_t *attributes) {
  if (fails_now()) return ENOMEM;
  atomic_fetch_add(&lock_count, 1);
  return NEXT(pthread_attr_init)(attributes);
}

int pthread_cond_destroy(pthread_cond_t *condition) {
  atomic_fetch_sub(&lock_count, 1);
  return NEXT(pthread_cond_destroy)(condition);
}

int pthread_attr_destroy(pthread_attr_t *attributes) {
  atomic_fetch_sub(&lock_count, 1);
  return NEXT(pthread_attr_destroy)(attributes);
}

/* Locks are taken by who hasn't got them, and given back by who has, before they go. */
enum { MOST_HELD = 8 };
static _Thread_local const void *held[MOST_HELD];
static atomic_uint taken_count, misused_count;

static const void **place_of(const void *mutex) {
  for (int i = 0; i < MOST_HELD; i++)
    if (held[i] == mutex) return &held[i];
  return NULL;
}

/* What this thread holds becomes something else. */
static void change_held(const void *from, const void *to) {
  const void **place = place_of(from);
  if (place && !(to && place_of(to))) *place = to;
  else atomic_fetch_add(&misused_count, 1);
}

int pthread_mutex_lock(pthread_mutex_t *mutex) {
  const int result = NEXT(pthread_mutex_lock)(mutex);
  change_held(NULL, mutex);
  atomic_fetch_add(&taken_count, 1);
  return result;
}

int pthread_mutex_unlock(pthread_mutex_t *mutex) {
  change_held(mutex, NULL);
  return NEXT(pthread_mutex_unlock)(mutex);
}

int pthread_mutex_destroy(pthread_mutex_t *mutex) {
  atomic_fetch_sub(&lock_count, 1);
  const int result = NEXT(pthread_mutex_destroy)(mutex);
  if (result != 0) atomic_fetch_add(&misused_count, 1); /* somebody holds it */
  return result;
}

#endif
