/* Blocks come in sizes of which eight are between n and 2n, each with a list of those that are
   kept. When there is too much, what was given back first goes. */
#if defined(__linux__)
#define _GNU_SOURCE /* madvise */
#endif
#include "common/memory.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "common/pool.h"
#include "mp3augment.h"

#if defined(__linux__)
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>
#endif

/* An address sanitizer takes what is kept for freed. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define IS_WATCHED
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define IS_WATCHED
#endif
#if defined(IS_WATCHED)
#include <sanitizer/asan_interface.h>
#define FORBID(memory, byte_size) ASAN_POISON_MEMORY_REGION(memory, byte_size)
#define ALLOW(memory, byte_size) ASAN_UNPOISON_MEMORY_REGION(memory, byte_size)
#else
#define FORBID(memory, byte_size) (void)0
#define ALLOW(memory, byte_size) (void)0
#endif

enum {
  LEAST_EXPONENT = 14, /* smaller blocks are not kept */
  MOST_EXPONENT = 40,  /* nor larger ones */
  STEPS = 8,
  SIZE_COUNT = (MOST_EXPONENT - LEAST_EXPONENT) * STEPS,
  NOT_KEPT = -1
};

#if defined(__linux__) && !defined(MADV_FREE)
#define MADV_FREE 8
#endif

/* On Linux what is kept is the system's to take back, whenever it is short of memory. */
#if defined(MADV_FREE) && defined(__linux__)
static const size_t kept_at_most = (size_t)512 << 20;
#else
static const size_t kept_at_most = (size_t)64 << 20;
#endif

/* What stands before the memory. */
typedef struct block {
  size_t byte_size; /* of the memory */
  int size_index;   /* which list it belongs to, or NOT_KEPT */
  uint64_t given_back; /* when; of a kept one */
  struct block *older, *newer;
} block;

enum { HEADER_BYTES = 64 }; /* as aligned as malloc()'s memory */
_Static_assert(sizeof(block) <= HEADER_BYTES, "a block's head has room");

static struct {
  pthread_mutex_t mutex;
  struct { block *oldest, *newest; } lists[SIZE_COUNT];
  size_t byte_size; /* of all that is kept */
  uint64_t given_count;
} kept = {.mutex = PTHREAD_MUTEX_INITIALIZER};

/* The next size upwards, and its list. */
static size_t round_up(size_t byte_size, int *size_index) {
  const size_t least = (size_t)1 << LEAST_EXPONENT;
  *size_index = NOT_KEPT;
  if (byte_size < least || (uint64_t)byte_size >> (MOST_EXPONENT - 1) != 0) return byte_size;
  int exponent = LEAST_EXPONENT;
  while (byte_size >> (exponent + 1) != 0) exponent++;
  const size_t step = ((size_t)1 << exponent) / STEPS;
  const size_t steps = (byte_size + step - 1) / step; /* STEPS to 2 * STEPS */
  *size_index = (exponent - LEAST_EXPONENT) * STEPS + (int)(steps - STEPS);
  return steps * step;
}

static block *block_of(void *memory) { return (block *)(void *)((char *)memory - HEADER_BYTES); }

static void *memory_of(block *b) { return (char *)b + HEADER_BYTES; }

/* Called under the mutex, as are the next ones. */
static void take_out(block *b) {
  if (b->older) b->older->newer = b->newer;
  else kept.lists[b->size_index].oldest = b->newer;
  if (b->newer) b->newer->older = b->older;
  else kept.lists[b->size_index].newest = b->older;
  kept.byte_size -= b->byte_size;
}

static void put_in(block *b) {
  block *newest = kept.lists[b->size_index].newest;
  b->given_back = ++kept.given_count;
  b->older = newest;
  b->newer = NULL;
  if (newest) newest->newer = b;
  else kept.lists[b->size_index].oldest = b;
  kept.lists[b->size_index].newest = b;
  kept.byte_size += b->byte_size;
}

static block *find_oldest(void) {
  block *oldest = NULL;
  for (int i = 0; i < SIZE_COUNT; i++) {
    block *b = kept.lists[i].oldest;
    if (b && (!oldest || b->given_back < oldest->given_back)) oldest = b;
  }
  return oldest;
}

/* Frees the oldest blocks until no more than so much is kept. */
static void free_beyond(size_t byte_size) {
  block *freed = NULL;
  pthread_mutex_lock(&kept.mutex);
  while (kept.byte_size > byte_size) {
    block *b = find_oldest();
    take_out(b);
    b->newer = freed;
    freed = b;
  }
  pthread_mutex_unlock(&kept.mutex);
  while (freed) {
    block *next = freed->newer;
    ALLOW(memory_of(freed), freed->byte_size);
    free(freed);
    freed = next;
  }
}

static block *take_kept(int size_index) {
  if (size_index == NOT_KEPT) return NULL;
  pthread_mutex_lock(&kept.mutex);
  block *b = kept.lists[size_index].newest; /* the likeliest to be in the caches */
  if (b) take_out(b);
  pthread_mutex_unlock(&kept.mutex);
  return b;
}

void mp3a_memory_free_kept(void) { free_beyond(0); }

void *mp3a_memory_allocate(size_t byte_size) {
  if (byte_size > PTRDIFF_MAX / 2) return NULL;
  int size_index;
  byte_size = round_up(byte_size, &size_index);
  block *b = take_kept(size_index);
  if (b) {
    ALLOW(memory_of(b), b->byte_size);
    return memory_of(b);
  }
  b = malloc(HEADER_BYTES + byte_size);
  if (!b) {
    mp3a_memory_free_kept();
    b = malloc(HEADER_BYTES + byte_size);
  }
  if (!b) return NULL;
  *b = (block){.byte_size = byte_size, .size_index = size_index};
  return memory_of(b);
}

/* Lets the system take the memory back when it is short of it, and until then leave it where it
   is. False where it can't. */
static bool lend(block *b) {
#if defined(MADV_FREE) && defined(__linux__)
  const uintptr_t page_size = (uintptr_t)sysconf(_SC_PAGESIZE);
  const uintptr_t begin = ((uintptr_t)memory_of(b) + page_size - 1) / page_size * page_size;
  const uintptr_t end = ((uintptr_t)memory_of(b) + b->byte_size) / page_size * page_size;
  const int before = errno;
  const bool is_lent = begin >= end || madvise((void *)begin, end - begin, MADV_FREE) == 0;
  errno = before;
  return is_lent;
#else
  (void)b;
  return true;
#endif
}

void mp3a_memory_free(void *memory) {
  if (!memory) return;
  block *b = block_of(memory);
  if (b->size_index == NOT_KEPT || b->byte_size > kept_at_most || !lend(b)) {
    free(b);
    return;
  }
  FORBID(memory, b->byte_size);
  pthread_mutex_lock(&kept.mutex);
  put_in(b);
  const bool is_too_much = kept.byte_size > kept_at_most;
  pthread_mutex_unlock(&kept.mutex);
  if (is_too_much) free_beyond(kept_at_most);
}

size_t mp3a_memory_kept(void) {
  pthread_mutex_lock(&kept.mutex);
  const size_t byte_size = kept.byte_size;
  pthread_mutex_unlock(&kept.mutex);
  return byte_size;
}

size_t mp3a_memory_kept_at_most(void) { return kept_at_most; }

/* ---- for runtimes that can use such memory as an array ---- */

mp3a_memory *mp3a_memory_take(uint32_t byte_size) { return mp3a_memory_allocate(byte_size); }

static void release(void *memory, void *unused) {
  (void)unused;
  mp3a_memory_free(memory);
}

/* A garbage collector may call it long after who has loaded this library is gone. */
mp3a_release_fn mp3a_memory_release(void) { return mp3a_pool_stay_loaded() ? release : NULL; }
