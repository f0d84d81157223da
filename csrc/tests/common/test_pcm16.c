/* 16-bit samples: each value at each place of each length, against double precision. */
#include "common/pcm16.h"

#include <math.h>
#include <string.h>

#include "mp3augment.h"
#include "tests/check.h"

enum { MOST = 40 };

static const float special[] = {
    0, -0.0f, 1, -1, 2, -2, 0.5f, -0.5f, 1e30f, -1e30f, 1e-30f, INFINITY, -INFINITY, NAN,
    1.5f / 32768, -1.5f / 32768, 0.5f / 32768, -0.5f / 32768, 0.49f / 32768, -0.49f / 32768,
    2.5f / 32768, 32766.5f / 32768, 32767.0f / 32768, 32767.4f / 32768, -32767.0f / 32768,
    -32767.5f / 32768, -32768.0f / 32768, -32768.5f / 32768, -32769.0f / 32768, 40000.0f / 32768,
    -40000.0f / 32768, -65536.0f / 32768, -65537.0f / 32768};
enum { SPECIAL_COUNT = sizeof special / sizeof *special };

/* To the nearest, halves away from 0, within the limits; what is no number is the highest. */
static int16_t code_of(float sample) {
  if (!(sample < 1)) return INT16_MAX;
  const double code = round((double)sample * 32768);
  return code < INT16_MIN ? INT16_MIN : code > INT16_MAX ? INT16_MAX : (int16_t)code;
}

static void check_codes(uint32_t length, uint32_t at, float value) {
  float samples[MOST];
  int16_t codes[2 * MOST + 2];
  unsigned wrong = 0;
  for (uint32_t i = 0; i < length; i++) samples[i] = check_random_float(-1.2f, 1.2f);
  samples[at] = value;
  codes[length] = 77;
  mp3a_to_int16(samples, codes, length);
  for (uint32_t i = 0; i < length; i++) wrong += codes[i] != code_of(samples[i]);
  CHECK(wrong == 0 && codes[length] == 77, "%f at %u of %u", (double)value, at, length);
  for (int stride = 1; stride <= 2; stride++) {
    memset(codes, 1, sizeof codes);
    mp3a_to_pcm16(samples, -0.5f, codes, stride, length);
    for (uint32_t i = 0; i < length; i++) {
      wrong += codes[i * (uint32_t)stride] != code_of(samples[i] * -0.5f);
      if (stride == 2) wrong += codes[2 * i + 1] != 0x101;
    }
    wrong += codes[length * (uint32_t)stride] != 0x101;
  }
  CHECK(wrong == 0, "%f at %u of %u: %u wrong", (double)value, at, length, wrong);
}

static void check_special(void) {
  for (uint32_t length = 1; length <= MOST; length++) {
    for (uint32_t at = 0; at < length; at++) {
      for (int i = 0; i < SPECIAL_COUNT; i++) check_codes(length, at, special[i]);
    }
  }
}

static void check_floats(void) {
  int16_t codes[2 * MOST];
  float samples[MOST + 1];
  for (uint32_t length = 0; length <= MOST; length++) {
    for (int stride = 1; stride <= 2; stride++) {
      unsigned wrong = 0;
      for (uint32_t i = 0; i < 2 * MOST; i++) codes[i] = (int16_t)check_random();
      if (length > 0) codes[0] = length % 2 ? INT16_MIN : INT16_MAX;
      samples[length] = 5;
      mp3a_from_pcm16(codes, stride, samples, length);
      for (uint32_t i = 0; i < length; i++) {
        wrong += (double)samples[i] != codes[i * (uint32_t)stride] / 32768.0;
      }
      CHECK(wrong == 0 && samples[length] == 5, "every %dth of %u", stride, length);
    }
  }
}

/* The one sample that is not within +-9 is at each place once. */
static void check_peak(int16_t code) {
  int16_t codes[MOST];
  for (uint32_t length = 1; length <= MOST; length++) {
    for (uint32_t at = 0; at < length; at++) {
      for (uint32_t i = 0; i < length; i++) codes[i] = (int16_t)((int)(check_random() % 19) - 9);
      codes[at] = code;
      const float peak = mp3a_pcm16_peak(codes, length);
      CHECK(peak == fabsf(code / 32768.0f), "%d at %u of %u: %f", code, at, length, (double)peak);
    }
  }
}

int main(void) {
  RUN(check_special());
  RUN(check_floats());
  const int16_t peaks[] = {INT16_MIN, INT16_MAX, -10, 10, -32767};
  for (size_t i = 0; i < sizeof peaks / sizeof *peaks; i++) RUN(check_peak(peaks[i]));
  CHECK(mp3a_pcm16_peak(NULL, 0) == 0, "nothing");
  return check_finish();
}
