#include "roundtrip/ring.h"

bool mp3a_ring_open(mp3a_ring *ring) {
  ring->written_count = ring->read_count = ring->reader_wake_at = 0;
  ring->reader_waits = ring->writer_waits = false;
  ring->closed = ring->stopped = ring->reader_left = false;
  if (pthread_mutex_init(&ring->mutex, NULL) != 0) return false;
  if (pthread_cond_init(&ring->changed, NULL) != 0) {
    pthread_mutex_destroy(&ring->mutex);
    return false;
  }
  return true;
}

void mp3a_ring_free(mp3a_ring *ring) {
  pthread_cond_destroy(&ring->changed);
  pthread_mutex_destroy(&ring->mutex);
}

unsigned char *mp3a_ring_begin_write(mp3a_ring *ring) {
  pthread_mutex_lock(&ring->mutex);
  while (ring->written_count - ring->read_count == MP3A_RING_SLOTS && !ring->stopped) {
    ring->writer_waits = true;
    pthread_cond_wait(&ring->changed, &ring->mutex);
  }
  ring->writer_waits = false;
  unsigned char *slot =
      ring->stopped ? NULL : ring->slots[ring->written_count % MP3A_RING_SLOTS];
  pthread_mutex_unlock(&ring->mutex);
  return slot;
}

void mp3a_ring_end_write(mp3a_ring *ring, uint32_t byte_size) {
  pthread_mutex_lock(&ring->mutex);
  ring->byte_sizes[ring->written_count % MP3A_RING_SLOTS] = byte_size;
  ring->written_count++;
  const bool wake = ring->reader_waits && ring->written_count == ring->reader_wake_at;
  pthread_mutex_unlock(&ring->mutex);
  if (wake) pthread_cond_broadcast(&ring->changed);
}

void mp3a_ring_close(mp3a_ring *ring) {
  pthread_mutex_lock(&ring->mutex);
  ring->closed = true;
  pthread_mutex_unlock(&ring->mutex);
  pthread_cond_broadcast(&ring->changed);
}

/* The reader sleeps until half the ring is full, so that it wakes once for many slots. */
static bool reader_may_go(const mp3a_ring *ring) {
  const uint32_t filled_count = ring->written_count - ring->read_count;
  if (ring->closed || ring->stopped) return true;
  return ring->reader_waits ? filled_count >= MP3A_RING_SLOTS / 2 : filled_count > 0;
}

const unsigned char *mp3a_ring_begin_read(mp3a_ring *ring, uint32_t *byte_size) {
  pthread_mutex_lock(&ring->mutex);
  while (!reader_may_go(ring)) {
    ring->reader_waits = true;
    ring->reader_wake_at = ring->read_count + MP3A_RING_SLOTS / 2;
    pthread_cond_wait(&ring->changed, &ring->mutex);
  }
  ring->reader_waits = false;
  const unsigned char *slot = NULL;
  if (!ring->stopped && ring->written_count != ring->read_count) {
    const uint32_t index = ring->read_count % MP3A_RING_SLOTS;
    slot = ring->slots[index];
    *byte_size = ring->byte_sizes[index];
  }
  pthread_mutex_unlock(&ring->mutex);
  return slot;
}

void mp3a_ring_end_read(mp3a_ring *ring) {
  pthread_mutex_lock(&ring->mutex);
  ring->read_count++;
  const bool wake = ring->writer_waits;
  pthread_mutex_unlock(&ring->mutex);
  if (wake) pthread_cond_broadcast(&ring->changed);
}

void mp3a_ring_stop(mp3a_ring *ring) {
  pthread_mutex_lock(&ring->mutex);
  ring->stopped = true;
  pthread_mutex_unlock(&ring->mutex);
  pthread_cond_broadcast(&ring->changed);
}

void mp3a_ring_leave(mp3a_ring *ring) {
  pthread_mutex_lock(&ring->mutex);
  ring->reader_left = true;
  /* Under the lock: as soon as it is released the writer may free the ring. */
  pthread_cond_broadcast(&ring->changed);
  pthread_mutex_unlock(&ring->mutex);
}

void mp3a_ring_join(mp3a_ring *ring) {
  pthread_mutex_lock(&ring->mutex);
  while (!ring->reader_left) pthread_cond_wait(&ring->changed, &ring->mutex);
  pthread_mutex_unlock(&ring->mutex);
}
