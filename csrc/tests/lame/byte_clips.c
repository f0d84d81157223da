#include "tests/lame/byte_clips.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/check.h"

static const double two_pi = 6.283185307179586;
float clip[2][MAX_TIMED + MAX_BLOCK];
static int16_t *wav;
static size_t wav_frames;

const char *const clip_names[CLIP_COUNT] = {
  "attacks", "castanets", "bursts", "sines", "tiny", "clipped", "steps", "impulses", "noise",
  "silence", "real", "real+attacks"};

static float noise(void) { return check_random_float(-1, 1); }

/* Noise that starts at once and dies away: one in `spacing` samples. */
static void add_castanets(float *out, int frames, int spacing, float level) {
  float envelope = 0;
  for (int i = 0; i < frames; i++) {
    if (check_random() % (uint32_t)spacing == 0) envelope = level * check_random_float(0.2f, 1);
    out[i] += envelope * noise();
    envelope *= 0.995f;
  }
}

static void add_partials(float *out, int frames, int rate, double hertz, float level) {
  for (int i = 0; i < frames; i++) {
    double sum = 0;
    for (int k = 1; k <= 5; k++) sum += sin(two_pi * hertz * k * i / rate + k) / k;
    out[i] += level * (float)sum;
  }
}

static void add_wav(float *out, int frames) {
  if (!wav_frames) {
    add_partials(out, frames, 44100, check_random_float(80, 900), 0.3f);
    return;
  }
  size_t at = check_random() % wav_frames;
  for (int i = 0; i < frames; i++, at = (at + 1) % wav_frames) out[i] += (float)wav[at] / 32768.0f;
}

static void add_on_off(float *out, int frames, int rate, clip_kind kind) {
  int left = 0;
  float level = 0;
  for (int i = 0; i < frames; i++) {
    if (left-- == 0) {
      left = 100 + (int)(check_random() % 4000);
      level = check_random() % 2 ? check_random_float(0, 1) : 0;
    }
    out[i] += level * (kind == CLIP_BURSTS ? noise() : (float)sin(two_pi * 440 * i / rate));
  }
}

static void make_channel(float *out, int frames, int rate, clip_kind kind) {
  memset(out, 0, sizeof *out * (size_t)frames);
  switch (kind) {
    case CLIP_ATTACKS:
      add_partials(out, frames, rate, check_random_float(60, 1000), 0.2f);
      add_castanets(out, frames, rate / 12, 0.7f);
      break;
    case CLIP_CASTANETS: add_castanets(out, frames, rate / 8, 1); break;
    case CLIP_BURSTS:
    case CLIP_STEPS: add_on_off(out, frames, rate, kind); break;
    case CLIP_SINES: add_partials(out, frames, rate, check_random_float(20, 3000), 0.43f); break;
    case CLIP_TINY:
      add_partials(out, frames, rate, 300, 1e-6f);
      add_castanets(out, frames, rate / 4, 1e-5f);
      break;
    case CLIP_CLIPPED:
      add_partials(out, frames, rate, 200, 1.2f);
      add_castanets(out, frames, rate / 6, 2.5f);
      break;
    case CLIP_IMPULSES:
      for (int i = 0; i < frames; i++) out[i] = check_random() % 700 ? 0 : noise();
      break;
    case CLIP_NOISE:
      for (int i = 0; i < frames; i++) out[i] = noise();
      break;
    case CLIP_REAL_ATTACKS: add_castanets(out, frames, rate / 10, 0.6f); /* fall through */
    case CLIP_REAL: add_wav(out, frames); break;
    default: break;
  }
}

void make_clip(int frames, int rate, clip_kind kind) {
  make_channel(clip[0], frames, rate, kind);
  make_channel(clip[1], frames, rate, kind);
  const float side = check_random() % 2 ? 1 : check_random_float(0, 0.3f);
  for (int i = 0; i < frames; i++) clip[1][i] = side * clip[1][i] + (1 - side) * clip[0][i];
}

static uint32_t little_endian(const unsigned char *bytes, int count) {
  uint32_t value = 0;
  while (count--) value = value << 8 | bytes[count];
  return value;
}

void read_wav(const char *path) {
  FILE *file = fopen(path, "rb");
  unsigned char head[12], chunk[8];
  int ok = file && fread(head, 1, 12, file) == 12 && !memcmp(head, "RIFF", 4);
  while (ok && !wav && fread(chunk, 1, 8, file) == 8) {
    const uint32_t size = little_endian(chunk + 4, 4);
    if (memcmp(chunk, "data", 4)) {
      fseek(file, (long)(size + (size & 1)), SEEK_CUR);
      continue;
    }
    wav = malloc(size + 2);
    wav_frames = wav ? fread(wav, 2, size / 2, file) : 0;
  }
  if (!wav_frames) fprintf(stderr, "%s: no 16-bit PCM WAV\n", path), exit(2);
  fclose(file);
}
