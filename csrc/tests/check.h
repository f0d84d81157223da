/* A small test harness: prints failures and ends with the one line `N passed, N failed`, which
   counts named test functions, not checks. Random numbers are seeded, so a failure repeats. */
#ifndef MP3A_CHECK_H
#define MP3A_CHECK_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Calls a test function, by whose name its checks are summed: a function that is run again, with
   other parameters, is the same case. One that checks nothing has failed. */
#define RUN(call) (check_enter(#call), (void)(call))

void check_enter(const char *call);

/* One check of the case that runs; on failure prints where, what and the message. */
#define CHECK(condition, ...) \
  check_that((condition) ? 1 : 0, __FILE__, __LINE__, #condition, __VA_ARGS__)

void check_that(int ok, const char *file, int line, const char *what, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

uint32_t check_random(void);              /* 32 uniform bits */
float check_random_float(float low, float high);
void check_seed(uint64_t seed);

/* Nanoseconds of a monotonic clock: for printed ratios and for giving up, never for a verdict
   about speed. */
uint64_t check_now_ns(void);

/* Prints the closing line; returns the exit status of main. */
int check_finish(void);

#endif
