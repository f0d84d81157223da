/* Memory that is asked for before it is written: nothing in it changes, whatever is asked. */
#include "common/pages.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tests/check.h"

enum { SIZE = 300000, LARGE = (40 << 20) + 12345 };

static void check_contents(void) {
  unsigned char *memory = malloc(SIZE);
  for (int i = 0; i < SIZE; i++) memory[i] = (unsigned char)(i * 7);
  errno = 5;
  for (int from = 0; from < SIZE; from += 40961)
    for (int to = from; to < SIZE; to += 7777) mp3a_expect_writes(memory + from, memory + to);
  mp3a_expect_writes(memory + SIZE, memory); /* nothing */
  mp3a_expect_writes(NULL, NULL);
  CHECK(errno == 5, "the caller's error stays");
  int wrong = 0;
  for (int i = 0; i < SIZE; i++) wrong += memory[i] != (unsigned char)(i * 7);
  CHECK(wrong == 0, "%d bytes have changed", wrong);
  free(memory);
}

/* Around the copy there is something else on both sides. */
static void check_copy(size_t byte_size) {
  unsigned char *from = malloc(byte_size + 1), *to = malloc(byte_size + 2);
  for (size_t i = 0; i < byte_size; i++) from[i] = (unsigned char)(i ^ i >> 8 ^ i >> 16);
  to[0] = to[byte_size + 1] = 99;
  mp3a_copy(to + 1, from, byte_size);
  CHECK(memcmp(to + 1, from, byte_size) == 0, "%zu bytes", byte_size);
  CHECK(to[0] == 99 && to[byte_size + 1] == 99, "%zu bytes and no more", byte_size);
  free(from), free(to);
}

int main(void) {
  RUN(check_contents());
  RUN(check_copy(0));
  RUN(check_copy(1));
  RUN(check_copy(SIZE));
  RUN(check_copy((size_t)32 << 20));
  RUN(check_copy(LARGE));
  return check_finish();
}
