/* The ring: every byte arrives in order, and either side can end it. */
#include "roundtrip/ring.h"

#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "tests/check.h"

enum { SLOT_TOTAL = 5000 };

typedef struct transfer {
  mp3a_ring ring;
  unsigned stop_after; /* slots after which the reader stops; 0: never */
  unsigned read_count;
  unsigned wrong_count;
} transfer;

static uint32_t size_of_slot(unsigned index) { return 1 + index * 31 % MP3A_SLOT_BYTES; }

static int slot_is_right(const unsigned char *slot, uint32_t byte_size, unsigned index) {
  if (byte_size != size_of_slot(index)) return 0;
  for (uint32_t i = 0; i < byte_size; i++) {
    if (slot[i] != (unsigned char)(index + i)) return 0;
  }
  return 1;
}

static void *read_all(void *argument) {
  transfer *t = argument;
  const unsigned char *slot;
  uint32_t byte_size = 0;
  while ((slot = mp3a_ring_begin_read(&t->ring, &byte_size)) != NULL) {
    if (!slot_is_right(slot, byte_size, t->read_count)) t->wrong_count++;
    t->read_count++;
    if (t->read_count == t->stop_after) {
      mp3a_ring_stop(&t->ring);
      break;
    }
    mp3a_ring_end_read(&t->ring);
  }
  mp3a_ring_leave(&t->ring);
  return NULL;
}

static void fill_slot(unsigned char *slot, unsigned index) {
  const uint32_t byte_size = size_of_slot(index);
  for (uint32_t i = 0; i < byte_size; i++) slot[i] = (unsigned char)(index + i);
}

static unsigned write_slots(transfer *t, unsigned count) {
  for (unsigned index = 0; index < count; index++) {
    unsigned char *slot = mp3a_ring_begin_write(&t->ring);
    if (!slot) return index;
    fill_slot(slot, index);
    mp3a_ring_end_write(&t->ring, size_of_slot(index));
  }
  return count;
}

static void check_order(unsigned count, unsigned stop_after, int writer_stops) {
  transfer *t = calloc(1, sizeof *t);
  pthread_t reader;
  t->stop_after = stop_after;
  CHECK(mp3a_ring_open(&t->ring), "open");
  CHECK(pthread_create(&reader, NULL, read_all, t) == 0, "thread");
  const unsigned written = write_slots(t, count);
  if (writer_stops) {
    mp3a_ring_stop(&t->ring);
  } else {
    mp3a_ring_close(&t->ring);
  }
  mp3a_ring_join(&t->ring);
  CHECK(t->wrong_count == 0, "%u of %u slots are wrong", t->wrong_count, t->read_count);
  if (stop_after) {
    CHECK(t->read_count == stop_after, "read %u, not %u", t->read_count, stop_after);
    CHECK(written <= stop_after + MP3A_RING_SLOTS, "wrote %u after a stop", written);
  } else if (!writer_stops) {
    CHECK(t->read_count == count, "read %u of %u", t->read_count, count);
  }
  pthread_join(reader, NULL);
  mp3a_ring_free(&t->ring);
  free(t);
}

static uint32_t read_count_of(mp3a_ring *ring, bool *is_waiting) {
  pthread_mutex_lock(&ring->mutex);
  const uint32_t count = ring->read_count;
  *is_waiting = ring->reader_waits;
  pthread_mutex_unlock(&ring->mutex);
  return count;
}

/* Whether the reader gets so far, and sleeps then. */
static bool comes_to(mp3a_ring *ring, uint32_t count) {
  const uint64_t give_up_ns = check_now_ns() + 8000000000u;
  bool is_waiting = false;
  while (read_count_of(ring, &is_waiting) != count || !is_waiting) {
    if (check_now_ns() > give_up_ns) return false;
    sched_yield();
  }
  return true;
}

static void write_slot(mp3a_ring *ring, unsigned index) {
  fill_slot(mp3a_ring_begin_write(ring), index);
  mp3a_ring_end_write(ring, size_of_slot(index));
}

/* A reader takes what is there when it comes. Once it sleeps, it wakes when half the ring is full,
   and reads then what there is. */
static void check_half(void) {
  enum { HALF = MP3A_RING_SLOTS / 2 };
  transfer *t = calloc(1, sizeof *t);
  pthread_t reader;
  bool is_waiting;
  CHECK(mp3a_ring_open(&t->ring), "open");
  write_slot(&t->ring, 0);
  CHECK(pthread_create(&reader, NULL, read_all, t) == 0, "thread");
  for (unsigned round = 0; round < 3; round++) {
    const uint32_t before = 1 + round * HALF;
    CHECK(comes_to(&t->ring, before), "round %u: it sleeps", round);
    for (unsigned i = 0; i < HALF; i++) {
      CHECK(read_count_of(&t->ring, &is_waiting) == before && is_waiting, "%u woke it", i);
      write_slot(&t->ring, before + i);
    }
  }
  CHECK(comes_to(&t->ring, 1 + 3 * HALF), "all is read before the end");
  mp3a_ring_close(&t->ring);
  mp3a_ring_join(&t->ring);
  CHECK(t->wrong_count == 0, "%u slots are wrong", t->wrong_count);
  pthread_join(reader, NULL);
  mp3a_ring_free(&t->ring);
  free(t);
}

int main(void) {
  RUN(check_half());
  RUN(check_order(0, 0, 0));
  for (unsigned count = 1; count < 3 * MP3A_RING_SLOTS; count++) RUN(check_order(count, 0, 0));
  RUN(check_order(SLOT_TOTAL, 0, 0));
  RUN(check_order(SLOT_TOTAL, 100, 0));
  RUN(check_order(SLOT_TOTAL, 1, 0));
  RUN(check_order(500, 0, 1));
  return check_finish();
}
