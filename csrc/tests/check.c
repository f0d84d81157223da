#include "tests/check.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#if !defined(_WIN32) && !defined(__wasm__)
#include <signal.h>
#include <unistd.h>
#define HAS_ALARM
#endif

#define MAX_CASES 64

/* One named test function, however often it is run. */
typedef struct {
  const char *call;
  unsigned passed, failed; /* its checks */
} test_case;

static test_case cases[MAX_CASES];
static unsigned case_count;
static test_case *current;
static unsigned stray_count; /* failed checks outside of any case */
static uint64_t random_state = 0x9e3779b97f4a7c15u;

/* "check_lengths(scan, tier)" is the case "check_lengths". */
static size_t name_length(const char *call) { return strcspn(call, "("); }

#if defined(HAS_ALARM)
/* What waits for something that never comes takes no time of a processor, however busy others keep
   the machine; what runs in a circle takes too much. */
enum { WATCH_S = 10, LEAST_MS = 10, MOST_MS = 600000 };
static _Atomic long long seen_ms, begin_ms; /* of the processors; a handler runs in any thread */

static long long processor_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

static void watch(int signal_number) {
  const long long now_ms = processor_ms();
  if (now_ms - seen_ms < LEAST_MS || now_ms - begin_ms > MOST_MS) {
    static const char message[] = "check: failed: it hangs\n";
    if (write(STDERR_FILENO, message, sizeof message - 1) < 0) _exit(3);
    _exit(2);
  }
  seen_ms = now_ms;
  signal(signal_number, watch);
  alarm(WATCH_S);
}

static void start_watch(void) {
  seen_ms = begin_ms = processor_ms();
  signal(SIGALRM, watch);
  alarm(WATCH_S);
}

void check_goes_on(void) { begin_ms = processor_ms(); }
#else
static void start_watch(void) {}

void check_goes_on(void) {}
#endif

void check_enter(const char *call) {
  start_watch();
  const size_t length = name_length(call);
  for (current = cases; current < cases + case_count; current++) {
    if (length == name_length(current->call) && !strncmp(call, current->call, length)) return;
  }
  if (case_count == MAX_CASES) abort();
  *current = (test_case){.call = call};
  case_count++;
}

void check_that(int ok, const char *file, int line, const char *what, const char *format, ...) {
  if (ok && current) current->passed++;
  if (ok) return;
  ++*(current ? &current->failed : &stray_count);
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

void check_print_time(const char *tier, const char *name, double ns, double other_ns,
                      const char *than) {
  printf("%-8s %-20s %8.1f ns, 1/%.2f of %s\n", tier, name, ns, other_ns / ns, than);
}

uint64_t check_now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

int check_finish(void) {
  unsigned failed_count = stray_count;
  for (const test_case *c = cases; c < cases + case_count; c++) {
    const char *verdict = c->failed ? "FAILED" : c->passed ? "ok" : "FAILED: it checks nothing";
    printf("  %.*s: %u checks, %s\n", (int)name_length(c->call), c->call, c->passed + c->failed,
           verdict);
    failed_count += c->failed || !c->passed;
  }
  const unsigned total = case_count + stray_count;
  printf("%u passed, %u failed\n", total - failed_count, failed_count);
  return failed_count != 0 || case_count == 0;
}
