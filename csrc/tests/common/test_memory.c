/* Memory that is kept to be used again: what comes back, how much is kept, and from many
   threads. */
#include "common/memory.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mp3augment.h"
#include "tests/check.h"

enum { SMALL = 1000, MIDDLE = 100000, THREADS = 8, ROUNDS = 400, HELD = 6 };

static void check_reuse(void) {
  const size_t before = mp3a_memory_kept();
  unsigned char *first = mp3a_memory_allocate(MIDDLE);
  CHECK(first != NULL && (uintptr_t)first % 16 == 0, "aligned");
  memset(first, 1, MIDDLE);
  mp3a_memory_free(first);
  CHECK(mp3a_memory_kept() >= before + MIDDLE, "kept");
  unsigned char *second = mp3a_memory_allocate(MIDDLE - 1000);
  CHECK(second == first, "used again for a little less");
  CHECK(mp3a_memory_kept() == before, "what is in use is not kept");
  unsigned char *other = mp3a_memory_allocate(MIDDLE);
  CHECK(other != NULL && other != second, "never twice at once");
  mp3a_memory_free(second);
  mp3a_memory_free(other);
  CHECK(mp3a_memory_allocate(MIDDLE) == other, "the last first");
  unsigned char *twice = mp3a_memory_allocate(2 * MIDDLE);
  CHECK(twice != first && twice != second, "no larger one of a smaller");
  mp3a_memory_free(other);
  mp3a_memory_free(twice);
}

/* Every size has room for all of it, and little more: an address sanitizer looks on. */
static void check_sizes(void) {
  for (size_t size = 0; size < (size_t)1 << 22; size += 1 + size / 7) {
    unsigned char *memory = mp3a_memory_allocate(size);
    CHECK(memory != NULL, "%zu bytes", size);
    memset(memory, 255, size);
    const size_t before = mp3a_memory_kept();
    mp3a_memory_free(memory);
    const size_t growth = mp3a_memory_kept() - before;
    CHECK(growth == 0 || (growth >= size && growth <= size + size / 8), "%zu bytes: %zu kept",
          size, growth);
  }
  const size_t before = mp3a_memory_kept();
  mp3a_memory_free(mp3a_memory_allocate(SMALL));
  CHECK(mp3a_memory_kept() == before, "small ones are not kept");
  mp3a_memory_free(mp3a_memory_allocate((1 << 14) - 1));
  CHECK(mp3a_memory_kept() == before, "up to 16 KiB");
  mp3a_memory_free(mp3a_memory_allocate(1 << 14));
  CHECK(mp3a_memory_kept() == before + (1 << 14), "from there on they are");
  mp3a_memory_free_kept();
  mp3a_memory_free(NULL);
  CHECK(mp3a_memory_allocate(SIZE_MAX) == NULL, "more than there is");
  CHECK(mp3a_memory_allocate(SIZE_MAX - 1000) == NULL, "more than there is");
}

/* None is written to, so that they take no memory but the pages of their heads. */
static void check_bound(void) {
  enum { COUNT = 24, LARGE = 30 << 20 };
  const size_t at_most = mp3a_memory_kept_at_most();
  void *blocks[COUNT];
  for (int i = 0; i < COUNT; i++) blocks[i] = mp3a_memory_allocate(LARGE);
  for (int i = 0; i < COUNT; i++) {
    mp3a_memory_free(blocks[i]);
    CHECK(mp3a_memory_kept() <= at_most, "%zu kept", mp3a_memory_kept());
  }
  CHECK(mp3a_memory_kept() > at_most - 2 * LARGE, "as much as may be: %zu", mp3a_memory_kept());
  CHECK(mp3a_memory_allocate(LARGE) == blocks[COUNT - 1], "the newest are kept");
  mp3a_memory_free(blocks[COUNT - 1]);
  void *small = mp3a_memory_allocate(MIDDLE);
  mp3a_memory_free(small);
  CHECK(mp3a_memory_allocate(MIDDLE) == small, "for what is new, old ones go");
  mp3a_memory_free(small);
  const size_t before = mp3a_memory_kept();
  mp3a_memory_free(mp3a_memory_allocate(at_most + LARGE));
  CHECK(mp3a_memory_kept() == before, "one that is too large by itself drives out no other");
}

/* Writes a pattern into blocks of changing sizes, and looks whether anybody else has. */
static void *use_memory(void *argument) {
  const unsigned seed = (unsigned)(uintptr_t)argument;
  unsigned char *held[HELD] = {NULL};
  size_t sizes[HELD] = {0}, wrong = 0;
  unsigned state = seed;
  for (int round = 0; round < ROUNDS; round++) {
    state = state * 1664525u + 1013904223u;
    const int i = (int)(state >> 8) % HELD;
    for (size_t k = 0; held[i] && k < sizes[i]; k += 97) wrong += held[i][k] != seed;
    mp3a_memory_free(held[i]);
    sizes[i] = 15000 + (state >> 12) % 60000;
    held[i] = mp3a_memory_allocate(sizes[i]);
    memset(held[i], (int)seed, sizes[i]);
  }
  for (int i = 0; i < HELD; i++) mp3a_memory_free(held[i]);
  return (void *)wrong;
}

static void check_freed(void) {
  mp3a_memory_free(mp3a_memory_allocate(MIDDLE));
  mp3a_memory_free(mp3a_memory_allocate(10 * MIDDLE));
  CHECK(mp3a_memory_kept() > 10 * MIDDLE, "kept");
  mp3a_memory_free_kept();
  CHECK(mp3a_memory_kept() == 0, "nothing is kept");
  mp3a_memory_free_kept();
}

static void check_threads(void) {
  pthread_t threads[THREADS];
  for (uintptr_t i = 0; i < THREADS; i++)
    pthread_create(&threads[i], NULL, use_memory, (void *)(i + 1));
  for (int i = 0; i < THREADS; i++) {
    void *wrong;
    pthread_join(threads[i], &wrong);
    CHECK(wrong == NULL, "thread %d: memory of its own", i);
  }
}

/* As a runtime uses it. */
static void check_results(void) {
  const mp3a_release_fn release = mp3a_memory_release();
  CHECK(release != NULL, "a function");
  mp3a_memory *memory = mp3a_memory_take(MIDDLE);
  CHECK(memory != NULL, "memory");
  memset((void *)memory, 7, MIDDLE);
  release(memory, NULL);
  CHECK(mp3a_memory_take(MIDDLE) == memory, "used again");
  release(memory, &memory);
  release(NULL, NULL);
}

int main(void) {
  RUN(check_reuse());
  RUN(check_sizes());
  RUN(check_bound());
  RUN(check_threads());
  RUN(check_results());
  RUN(check_freed());
  return check_finish();
}
