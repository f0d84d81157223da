/* Fresh memory comes page by page, each at its first touch. */
#ifndef MP3A_PAGES_H
#define MP3A_PAGES_H

#include <stddef.h>

/* All from `begin` to `end` is about to be written: asks the system (Linux) for the whole pages in
   it at once, which takes a quarter less time than a fault for each. Changes nothing else.
   Thread-safe. */
void mp3a_expect_writes(void *begin, void *end);

/* memcpy(), by the same means where there is so much that the memory must be fresh. */
void mp3a_copy(void *to, const void *from, size_t byte_size);

#endif
