/* What more threads cost and bring: `threads RATE CHANNELS CLIP QUALITY` prints a table of one clip
   (32-bit floats, channel after channel); `npm run bench` builds and runs it.

   A clip cut into k ranges is coded by k threads, and each range but the first warms up: it takes
   more CPU time than on one. That is measured for k to 16 whatever the machine has, and with it
   comes a bound: n ranges on as many cores can't be faster than n x CPU(1) / CPU(n) times one. A
   short clip is cut into fewer ranges than there are threads. What this machine shows is printed
   beside, as far as it has cores. The pool is included here, so that it can be told that there
   are 16. */
#if defined(__linux__)
#define _GNU_SOURCE
#else
#define _POSIX_C_SOURCE 200809L
#endif
#include "../csrc/common/pool.c"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/peak.h"
#include "common/options.h"
#include "roundtrip/pipeline.h"
#include "roundtrip/ranges.h"

enum { MAX_ROUNDS = 31, MIN_ROUNDS = 5, COUNTS = 5 };

static const unsigned counts[COUNTS] = {1, 2, 4, 8, 16};

typedef struct times {
  double wall_s[MAX_ROUNDS], cpu_s[MAX_ROUNDS];
  unsigned round_count;
  unsigned range_count;
  mp3a_ranges_stats stats; /* of all rounds */
} times;

static times of_calls[COUNTS]; /* mp3a_roundtrip's way, with the threads of this machine */
static times of_ranges[COUNTS];

static double read_clock(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void fail(const char *what) {
  fprintf(stderr, "error: %s\n", what);
  exit(1);
}

/* One call with `threads: count`. */
static void run_call(const mp3a_clip *clip, float peak, unsigned count, times *t) {
  mp3a_clip limited = *clip;
  (void)peak, (void)t;
  limited.options.flags |= MP3A_THREADS(count);
  if (mp3a_pipeline_run(&limited, NULL) != MP3A_OK) fail("a call failed");
}

/* The ranges for so many threads, whether or not there are cores for them. */
static void run_ranges(const mp3a_clip *clip, float peak, unsigned count, times *t) {
  mp3a_ranges_stats stats = {0};
  int32_t status = MP3A_OK;
  const uint32_t warm_up = mp3a_ranges_warm_up(&clip->options);
  const uint32_t most = mp3a_ranges_at_most(&clip->options, clip->frame_count);
  t->range_count = count < most ? count : most;
  if (t->range_count < 2) {
    run_call(clip, peak, 1, t);
  } else if (!mp3a_ranges_run(clip, peak, t->range_count, warm_up, &stats, &status) || status) {
    fail("a call failed");
  }
  t->stats.seam_count += stats.seam_count;
  t->stats.redone_count += stats.redone_count;
  t->stats.lost_count += stats.lost_count;
}

typedef void run_fn(const mp3a_clip *clip, float peak, unsigned count, times *t);

static void take_time(run_fn *run, const mp3a_clip *clip, float peak, unsigned count, times *t) {
  const double wall = read_clock(CLOCK_MONOTONIC), cpu = read_clock(CLOCK_PROCESS_CPUTIME_ID);
  run(clip, peak, count, t);
  t->wall_s[t->round_count] = read_clock(CLOCK_MONOTONIC) - wall;
  t->cpu_s[t->round_count++] = read_clock(CLOCK_PROCESS_CPUTIME_ID) - cpu;
}

static int compare(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* The median over the rounds of numerator / denominator. */
static double median_ratio(const double *numerators, const double *denominators, unsigned count) {
  double ratios[MAX_ROUNDS];
  for (unsigned i = 0; i < count; i++) ratios[i] = numerators[i] / denominators[i];
  qsort(ratios, count, sizeof *ratios, compare);
  return ratios[count / 2];
}

/* All take turns. */
static void measure(run_fn *run, const mp3a_clip *clip, float peak, unsigned most, times *all) {
  const double start = read_clock(CLOCK_MONOTONIC);
  for (unsigned round = 0; round < MAX_ROUNDS; round++) {
    if (round >= MIN_ROUNDS && read_clock(CLOCK_MONOTONIC) - start > 4) break;
    for (int i = 0; i < COUNTS && counts[i] <= most; i++)
      take_time(run, clip, peak, counts[i], &all[i]);
  }
}

static void print_row(int i, unsigned core_count) {
  const times *one = &of_ranges[0], *t = &of_ranges[i], *call = &of_calls[i];
  const double cost = median_ratio(t->cpu_s, one->cpu_s, t->round_count);
  const double most = t->range_count / (cost > 1 ? cost : 1);
  printf("| %7u | %6u | %13.1f | %9.2f | ", counts[i], t->range_count, 100 * (cost - 1), most);
  if (counts[i] <= core_count) {
    printf("%12.2f | ", median_ratio(of_calls[0].wall_s, call->wall_s, call->round_count));
  } else {
    printf("%12s | ", "-");
  }
  if (t->stats.seam_count == 0) {
    printf("%17s |\n", "-");
  } else {
    printf("%8u of %5u |\n", t->stats.redone_count, t->stats.seam_count);
  }
}

static float *read_clip(const char *path, int channel_count, uint32_t *frame_count) {
  FILE *file = fopen(path, "rb");
  if (!file || fseek(file, 0, SEEK_END) != 0) fail("the clip can't be read");
  const size_t byte_size = (size_t)ftell(file);
  rewind(file);
  float *samples = malloc(2 * byte_size); /* and the output behind */
  if (!samples || fread(samples, 1, byte_size, file) != byte_size) fail("the clip can't be read");
  fclose(file);
  *frame_count = (uint32_t)(byte_size / sizeof *samples / (size_t)channel_count);
  return samples;
}

int main(int argc, char **argv) {
  if (argc != 5) fail("usage: threads RATE CHANNELS CLIP QUALITY");
  uint32_t n = 0;
  const int channel_count = atoi(argv[2]);
  const bool is_stereo = channel_count == 2;
  float *samples = read_clip(argv[3], channel_count, &n);
  float *output = samples + n * (size_t)channel_count;
  const mp3a_clip clip = {.options = {.struct_byte_size = sizeof(mp3a_options),
                                      .sample_rate_hz = atoi(argv[1]),
                                      .bitrate_kbps = 128,
                                      .quality = atoi(argv[4]),
                                      .channel_count = channel_count},
                          .input = mp3a_float_source(samples, is_stereo ? samples + n : NULL),
                          .output = mp3a_float_sink(output, is_stereo ? output + n : NULL),
                          .frame_count = n};
  const uint32_t bits = mp3a_peak_bits_of(clip.input.planes, n);
  float peak;
  memcpy(&peak, &bits, sizeof peak);
  const unsigned core_count = mp3a_thread_limit();
  run_call(&clip, peak, 1, &of_calls[0]);
  measure(run_call, &clip, peak, core_count, of_calls);
  pool.thread_limit = counts[COUNTS - 1];
  measure(run_ranges, &clip, peak, counts[COUNTS - 1], of_ranges);
  printf("| threads | ranges | %% of CPU more | at most x | x on %2u cores | ranges done again |\n",
         core_count);
  printf("| ------: | -----: | ------------: | --------: | -----------: | ----------------: |\n");
  for (int i = 0; i < COUNTS; i++) print_row(i, core_count);
  free(samples);
  return 0;
}
