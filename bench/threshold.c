/* From which length on do two threads beat one? `threshold RECORDING` (32-bit floats, mono) prints
   a table; `npm run bench -- --threshold` builds and runs it. The answer is
   MIN_FRAMES_FOR_TWO_THREADS in csrc/roundtrip/pipeline.c, which is included here so that both ways
   can be taken at any length. */
#define _POSIX_C_SOURCE 200809L
#include "../csrc/roundtrip/pipeline.c"

#include <stdio.h>
#include <time.h>

enum { ROUNDS = 151, MAX_SAMPLES = 400000 };

typedef struct format {
  const char *name;
  int sample_rate_hz;
  int channel_count;
} format;

static const format formats[] = {{"mono 16 kHz", 16000, 1}, {"stereo 44.1 kHz", 44100, 2}};
static const double lengths_s[] = {0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.75, 1, 1.5, 2};

static float recording[MAX_SAMPLES];

static double now_us(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return 1e6 * (double)now.tv_sec + 1e-3 * (double)now.tv_nsec;
}

/* Between calls the pool's thread falls asleep, as it does in a program that does more. */
static void pause_a_little(void) {
  const struct timespec duration = {.tv_nsec = 300000};
  nanosleep(&duration, NULL);
}

/* mp3a_pipeline_run() with the choice made by the caller. */
static int32_t run_clip(const mp3a_clip *clip, bool on_two_threads) {
  session *s = malloc(sizeof *s);
  if (!s) return MP3A_OUT_OF_MEMORY;
  int32_t status = mp3a_block_encoder_open(&s->encoder, &clip->options);
  if (status == MP3A_OK) {
    mp3a_block_encoder_give_frames(&s->encoder);
    begin(s, clip, 1.0f);
    if (!on_two_threads) {
      status = run_on_one_thread(s, clip);
    } else if (mp3a_ring_open(&s->ring)) {
      const bool has_thread = mp3a_pool_assist(&s->decode_task);
      status = has_thread ? run_on_two_threads(s, clip) : MP3A_OUT_OF_MEMORY;
      mp3a_ring_free(&s->ring);
    }
    mp3a_block_encoder_close(&s->encoder);
  }
  free(s);
  return status;
}

static double time_call(const mp3a_clip *clip, bool on_two_threads) {
  pause_a_little();
  const double start = now_us();
  if (run_clip(clip, on_two_threads) != MP3A_OK) {
    fprintf(stderr, "error: a call failed\n");
    exit(1);
  }
  return now_us() - start;
}

static int compare(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static void measure(const format *f, double length_s) {
  static float output[2][MAX_SAMPLES];
  static double one[ROUNDS], two[ROUNDS], ratio[ROUNDS];
  const uint32_t frame_count = (uint32_t)(length_s * f->sample_rate_hz);
  const bool is_stereo = f->channel_count == 2;
  const mp3a_clip clip = {
      .options = {.struct_byte_size = sizeof(mp3a_options),
                  .sample_rate_hz = f->sample_rate_hz,
                  .bitrate_kbps = 64,
                  .quality = 7,
                  .channel_count = f->channel_count},
      .input = mp3a_float_source(recording, is_stereo ? recording + MAX_SAMPLES / 2 : NULL),
      .output = mp3a_float_sink(output[0], is_stereo ? output[1] : NULL),
      .frame_count = frame_count,
  };
  time_call(&clip, true);
  for (int i = 0; i < ROUNDS; i++) {
    one[i] = time_call(&clip, false);
    two[i] = time_call(&clip, true);
    ratio[i] = one[i] / two[i];
  }
  qsort(one, ROUNDS, sizeof *one, compare);
  qsort(two, ROUNDS, sizeof *two, compare);
  qsort(ratio, ROUNDS, sizeof *ratio, compare);
  printf("| %-15s | %6.2f | %6u | %9.0f | %9.0f | %4.2f (%4.2f-%4.2f)    |\n", f->name, length_s,
         (unsigned)frame_count, one[ROUNDS / 2], two[ROUNDS / 2], ratio[ROUNDS / 2],
         ratio[ROUNDS / 4], ratio[3 * ROUNDS / 4]);
  fflush(stdout);
}

int main(int argc, char **argv) {
  FILE *file = argc == 2 ? fopen(argv[1], "rb") : NULL;
  if (!file || fread(recording, sizeof *recording, MAX_SAMPLES, file) != MAX_SAMPLES) {
    fprintf(stderr, "usage: threshold RECORDING (at least %d floats)\n", MAX_SAMPLES);
    return 1;
  }
  fclose(file);
  printf("| clip            |      s | frames | 1 thr. us | 2 thr. us | x faster (quartiles) |\n");
  printf("| --------------- | -----: | -----: | --------: | --------: | -------------------- |\n");
  for (size_t f = 0; f < sizeof formats / sizeof *formats; f++) {
    for (size_t i = 0; i < sizeof lengths_s / sizeof *lengths_s; i++) {
      measure(&formats[f], lengths_s[i]);
    }
  }
  return 0;
}
