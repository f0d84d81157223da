#if defined(__linux__)
#define _GNU_SOURCE /* madvise */
#endif
#include "common/pages.h"

#include <string.h>

#if defined(__linux__)
#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23 /* from Linux 5.14 on; before, an error */
#endif

void mp3a_expect_writes(void *begin, void *end) {
  const uintptr_t page_size = (uintptr_t)sysconf(_SC_PAGESIZE);
  const uintptr_t from = ((uintptr_t)begin + page_size - 1) / page_size * page_size;
  const uintptr_t to = (uintptr_t)end / page_size * page_size;
  const int before = errno;
  if (from < to) (void)madvise((void *)from, to - from, MADV_POPULATE_WRITE);
  errno = before;
}
#else
void mp3a_expect_writes(void *begin, void *end) {
  (void)begin;
  (void)end;
}
#endif

enum {
  LARGE_BYTES = 32 << 20, /* from here on an allocator has it from the system each time */
  AT_ONCE = 1 << 18       /* what stays in the second cache between the two steps */
};

void mp3a_copy(void *to, const void *from, size_t byte_size) {
  const size_t step = byte_size < LARGE_BYTES ? byte_size : AT_ONCE;
  for (size_t at = 0; at < byte_size; at += step) {
    const size_t rest = byte_size - at, size = rest < step ? rest : step;
    if (step < byte_size) mp3a_expect_writes((char *)to + at, (char *)to + at + size);
    memcpy((char *)to + at, (const char *)from + at, size);
  }
}
