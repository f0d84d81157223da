/* Work that is done once in a process, by whoever comes first:

     static mp3a_once once;
     if (mp3a_once_begin(&once)) {
       fill_the_table();
       mp3a_once_end(&once);
     }

   Who comes meanwhile waits, for the microseconds that filling a table takes. */
#ifndef MP3A_ONCE_H
#define MP3A_ONCE_H

#include <stdatomic.h>
#include <stdbool.h>

enum { MP3A_ONCE_NEVER, MP3A_ONCE_RUNNING, MP3A_ONCE_DONE };

typedef atomic_int mp3a_once;

/* True for the one caller that must do the work and then call mp3a_once_end();
   the others return when it is done. */
static inline bool mp3a_once_begin(mp3a_once *once) {
  int expected = MP3A_ONCE_NEVER;
  if (atomic_load_explicit(once, memory_order_acquire) == MP3A_ONCE_DONE) return false;
  if (atomic_compare_exchange_strong(once, &expected, MP3A_ONCE_RUNNING)) return true;
  while (atomic_load_explicit(once, memory_order_acquire) != MP3A_ONCE_DONE) {
  }
  return false;
}

static inline void mp3a_once_end(mp3a_once *once) {
  atomic_store_explicit(once, MP3A_ONCE_DONE, memory_order_release);
}

#endif
