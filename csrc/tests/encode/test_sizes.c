/* How long an encoding is, told before it is made: LAME's own count of MP3 frames at the shortest
   lengths, and at those where one more begins, from each sample rate to each. */
#include "encode/sizes.h"

#include <stdlib.h>

#include "mp3augment.h"
#include "tests/check.h"
#include "tests/encode_at_once.h"
#include "tests/signals.h"

enum { MOST = 16000, RATES = 9, STEPS = 2, SHORTEST = 18 };
static const int32_t rates[RATES] = {8000,  11025, 12000, 16000, 22050,
                                     24000, 32000, 44100, 48000};
static float *input;

static void check_length(const mp3a_options *o, uint32_t count) {
  int byte_size;
  mp3a_mp3_info info = {0};
  const uint64_t from = (uint32_t)o->sample_rate_hz, to = (uint32_t)o->coded_sample_rate_hz;
  const uint32_t told = mp3a_output_frame_count(o, count);
  unsigned char *bytes = encode_at_once(o, input, NULL, count, &byte_size);
  CHECK(mp3a_probe(bytes, (uint32_t)byte_size, false, &info) == MP3A_OK, "probe");
  CHECK(told == (info.frame_count_low * from + to - 1) / to, "%d to %d Hz, %u frames: %u, not %u",
        o->sample_rate_hz, o->coded_sample_rate_hz, count, told, info.frame_count_low);
  CHECK(mp3a_max_encoded_byte_size(o, count) >= (uint32_t)byte_size, "%d bytes", byte_size);
  free(bytes);
}

static void check_lengths(int32_t from_hz, int32_t to_hz) {
  const mp3a_options o = {.struct_byte_size = sizeof o,
                          .sample_rate_hz = from_hz,
                          .bitrate_kbps = 64,
                          .quality = 9,
                          .channel_count = 1,
                          .flags = MP3A_NO_TAG | MP3A_PRESERVE_DELAY,
                          .coded_sample_rate_hz = to_hz};
  int steps = 0;
  for (uint32_t count = 2; count < MOST && steps < STEPS; count++) {
    const bool is_step =
        mp3a_output_frame_count(&o, count - 1) != mp3a_output_frame_count(&o, count);
    if (is_step || count == SHORTEST - 1) check_length(&o, count - 1);
    if (is_step || count == SHORTEST) check_length(&o, count);
    steps += is_step;
  }
  check_length(&o, 1);
  CHECK(steps == STEPS, "%d to %d Hz: %d steps", from_hz, to_hz, steps);
}

/* What has no length. */
static void check_none(void) {
  mp3a_options o = {.struct_byte_size = sizeof o, .sample_rate_hz = 44100, .bitrate_kbps = 128,
                    .quality = 7, .channel_count = 2};
  CHECK(mp3a_max_encoded_byte_size(&o, 0) == 0 && mp3a_output_frame_count(&o, 0) == 0, "nothing");
  CHECK(mp3a_output_frame_count(&o, MP3A_MAX_FRAMES) == MP3A_MAX_FRAMES, "the longest");
  CHECK(mp3a_output_frame_count(&o, MP3A_MAX_FRAMES + 1u) == 0, "too long");
  CHECK(mp3a_max_encoded_byte_size(&o, MP3A_MAX_FRAMES) > 0, "the longest");
  CHECK(mp3a_max_encoded_byte_size(&o, MP3A_MAX_FRAMES + 1u) == 0, "too long");
  CHECK(mp3a_max_encoded_byte_size(NULL, 1) == 0 && mp3a_output_frame_count(NULL, 1) == 0, "NULL");
  o.struct_byte_size--;
  CHECK(mp3a_max_grid_offset(&o) == -1 && mp3a_coded_sample_rate(&o) == 0, "another struct");
}

int main(void) {
  input = make_signal(MOST, 44100, 3, 0.8f);
  for (int from = 0; from < RATES; from++)
    for (int to = 0; to < RATES; to++) RUN(check_lengths(rates[from], rates[to]));
  RUN(check_none());
  free(input);
  return check_finish();
}
