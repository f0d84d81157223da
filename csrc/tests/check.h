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

/* One case of many in a long function: it doesn't hang. */
void check_goes_on(void);

uint32_t check_random(void);              /* 32 uniform bits */
float check_random_float(float low, float high);
void check_seed(uint64_t seed);

/* Nanoseconds of a monotonic clock: for printed ratios and for giving up, never for a verdict
   about speed. */
uint64_t check_now_ns(void);

/* Prints ns per run of `run` and its ratio to those of `other`, which `than` names. Of each it
   is the fastest of many batches of `count` runs: what else the machine does doesn't count.
   `setup` comes before each batch and takes no time. All three are statements. */
#define TIME(tier, name, count, setup, run, other, than) \
  check_print_time(tier, name, CHECK_NS(count, setup, run), CHECK_NS(count, setup, other), than)

#define CHECK_NS(count, setup, run)                              \
  __extension__({                                                \
    uint64_t best_ = UINT64_MAX;                                 \
    for (int batch_ = 0; batch_ < 200; batch_++) {               \
      setup;                                                     \
      const uint64_t start_ = check_now_ns();                    \
      for (int run_ = 0; run_ < (count); run_++) {               \
        run;                                                     \
      }                                                          \
      const uint64_t ns_ = check_now_ns() - start_;              \
      best_ = ns_ < best_ ? ns_ : best_;                         \
    }                                                            \
    (double)best_ / (count);                                     \
  })

void check_print_time(const char *tier, const char *name, double ns, double other_ns,
                      const char *than);

/* Prints the closing line; returns the exit status of main. */
int check_finish(void);

#endif
