#define _POSIX_C_SOURCE 200809L
#include "serve.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double read_clock(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void free_clip(clip *c) {
  free(c->input[0]);
  free(c->output[0]);
  memset(c, 0, sizeof *c);
}

/* Input and output lie channel after channel in one block each. Returns 0 on success. */
static int load(clip *c, const char *path) {
  FILE *file = fopen(path, "rb");
  if (!file) return 1;
  fseek(file, 0, SEEK_END);
  const size_t byte_size = (size_t)ftell(file);
  rewind(file);
  c->frame_count = (uint32_t)(byte_size / sizeof(float) / (size_t)c->channel_count);
  c->input[0] = malloc(byte_size);
  c->output[0] = malloc(byte_size);
  const int failed =
      !c->input[0] || !c->output[0] || fread(c->input[0], 1, byte_size, file) != byte_size;
  fclose(file);
  if (failed) return 1;
  memset(c->output[0], 1, byte_size); /* so that its pages are there before a call */
  if (c->channel_count == 2) {
    c->input[1] = c->input[0] + c->frame_count;
    c->output[1] = c->output[0] + c->frame_count;
  }
  return 0;
}

static int save(const clip *c, const char *path) {
  FILE *file = fopen(path, "wb");
  if (!file) return 1;
  const size_t count = (size_t)c->frame_count * (size_t)c->channel_count;
  const int failed = fwrite(c->output[0], sizeof(float), count, file) != count;
  return fclose(file) != 0 || failed;
}

static void run(const clip *c, roundtrip_fn roundtrip, int bitrate_kbps, int quality, int count) {
  const double wall = read_clock(CLOCK_MONOTONIC);
  const double cpu = read_clock(CLOCK_PROCESS_CPUTIME_ID);
  int failed = 0;
  for (int i = 0; i < count && !failed; i++) failed = roundtrip(c, bitrate_kbps, quality);
  if (failed) {
    printf("{\"error\": \"the round trip failed\"}\n");
  } else {
    printf("{\"wallSeconds\": %.9f, \"cpuSeconds\": %.9f}\n", read_clock(CLOCK_MONOTONIC) - wall,
           read_clock(CLOCK_PROCESS_CPUTIME_ID) - cpu);
  }
}

int serve(int argc, char **argv, roundtrip_fn roundtrip) {
  static char line[8192];
  clip c = {0};
  while (fgets(line, sizeof line, stdin)) {
    int first = 0, second = 0, third = 0, path_at = 0;
    line[strcspn(line, "\n")] = '\0';
    if (sscanf(line, "load %d %d %n", &first, &second, &path_at) >= 2) {
      free_clip(&c);
      c.sample_rate = first;
      c.channel_count = second;
      if (load(&c, line + path_at) != 0) {
        printf("{\"error\": \"the clip can't be read\"}\n");
      } else {
        printf("{\"outputByteSize\": %zu}\n",
               (size_t)c.frame_count * (size_t)c.channel_count * sizeof(float));
      }
    } else if (sscanf(line, "run %d %d %d", &first, &second, &third) == 3) {
      run(&c, roundtrip, first, second, third);
    } else {
      const int failed = argc < 2 || save(&c, argv[argc - 1]) != 0;
      printf(failed ? "{\"error\": \"the output can't be written\"}\n" : "{}\n");
    }
    fflush(stdout);
  }
  free_clip(&c);
  return 0;
}
