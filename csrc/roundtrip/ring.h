/* The bounded ring between the encoder and the decoder: slots that the encoder
   fills in place with MP3 data and the decoder reads in place.

   It is guarded by a mutex. A lock-free ring was not chosen because a slot
   holds a thousand samples' worth of coding, next to which an uncontended lock
   costs nothing, and because the sides must sleep anyway. What does cost is
   waking a sleeper, so a waiting reader is woken only once for half a ring. */
#ifndef MP3A_RING_H
#define MP3A_RING_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

enum {
  MP3A_RING_SLOTS = 16,
  /* What one call may give: LAME's bound is 1.25 * samples + 7200 bytes, for 1152 samples; of
     coded frames (coded_frame.h) the last call gives the most, up to three of 1152 samples. */
  MP3A_SLOT_BYTES = 15360
};

typedef struct mp3a_ring {
  pthread_mutex_t mutex;
  pthread_cond_t changed;
  uint32_t written_count;  /* slots ever written; these counts may wrap */
  uint32_t read_count;     /* slots ever read */
  uint32_t reader_wake_at; /* the written_count that a waiting reader waits for */
  bool reader_waits;
  bool writer_waits;
  bool closed;      /* the writer has written all */
  bool stopped;     /* one side has failed: nobody waits any more */
  bool reader_left; /* the reader's thread no longer touches anything */
  uint32_t byte_sizes[MP3A_RING_SLOTS];
  _Alignas(8) unsigned char slots[MP3A_RING_SLOTS][MP3A_SLOT_BYTES];
} mp3a_ring;

/* False when the system has no mutex or condition variable left. */
bool mp3a_ring_open(mp3a_ring *ring);
void mp3a_ring_free(mp3a_ring *ring);

/* Writer: the next slot of MP3A_SLOT_BYTES, waiting for a free one; NULL when
   the ring was stopped. Then the number of bytes written into it. */
unsigned char *mp3a_ring_begin_write(mp3a_ring *ring);
void mp3a_ring_end_write(mp3a_ring *ring, uint32_t byte_size);
void mp3a_ring_close(mp3a_ring *ring);

/* Reader: the next slot, waiting for one; NULL when the ring is closed and
   empty, or stopped. */
const unsigned char *mp3a_ring_begin_read(mp3a_ring *ring, uint32_t *byte_size);
void mp3a_ring_end_read(mp3a_ring *ring);

/* Either side, on failure: lets the other one go. */
void mp3a_ring_stop(mp3a_ring *ring);

/* Reader: its very last call. Writer: waits for it. */
void mp3a_ring_leave(mp3a_ring *ring);
void mp3a_ring_join(mp3a_ring *ring);

#endif
