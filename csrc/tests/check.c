#include "tests/check.h"

#include <stdarg.h>
#include <time.h>

static unsigned passed_count, failed_count;
static uint64_t random_state = 0x9e3779b97f4a7c15u;

void check_that(int ok, const char *file, int line, const char *what, const char *format, ...) {
  if (ok) {
    passed_count++;
    return;
  }
  failed_count++;
  va_list arguments;
  va_start(arguments, format);
  fprintf(stderr, "%s:%d: failed: %s: ", file, line, what);
  vfprintf(stderr, format, arguments);
  fputc('\n', stderr);
  va_end(arguments);
}

void check_seed(uint64_t seed) { random_state = seed * 2 + 1; }

/* xorshift64*, Vigna 2016. */
uint32_t check_random(void) {
  random_state ^= random_state >> 12;
  random_state ^= random_state << 25;
  random_state ^= random_state >> 27;
  return (uint32_t)((random_state * 0x2545f4914f6cdd1du) >> 32);
}

float check_random_float(float low, float high) {
  return low + (high - low) * ((float)(check_random() >> 8) * 0x1p-24f);
}

uint64_t check_now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

int check_finish(void) {
  printf("%u passed, %u failed\n", passed_count, failed_count);
  return failed_count != 0 || passed_count == 0;
}
