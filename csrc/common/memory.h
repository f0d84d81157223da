/* Memory for audio that comes and goes: what is given back is kept for a while and used again,
   as fresh memory costs page by page as much as coding does. Thread-safe. */
#ifndef MP3A_MEMORY_H
#define MP3A_MEMORY_H

#include <stddef.h>

/* Like malloc() and free(). What is in it is undefined. */
void *mp3a_memory_allocate(size_t byte_size);
void mp3a_memory_free(void *memory);

/* Gives all that is kept to the system. */
void mp3a_memory_free_kept(void);

/* How much is kept now, and how much will be at most. */
size_t mp3a_memory_kept(void);
size_t mp3a_memory_kept_at_most(void);

#endif
