/* Sample rate conversion against what it is for: tones stay what they are where they are, what the
   lower rate can't hold is gone, and pieces of any size give the same. */
#include "common/resampler.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/cpu.h"
#include "tests/check.h"

enum { COUNT = 6000, MOST_OUT = 40000 };

static float input[2][COUNT], output[2][MOST_OUT], again[2][MOST_OUT];

typedef struct conversion {
  double from_hz, to_hz;
  uint32_t first_input, first_output;
} conversion;

/* All outputs of the input, pushed in pieces of at most `most` and pulled likewise. */
static uint32_t convert(const conversion *c, int channel_count, uint32_t most, bool is_silent,
                        float (*to)[MOST_OUT]) {
  mp3a_resampler *r = mp3a_resampler_create(c->from_hz, c->to_hz, channel_count, c->first_input,
                                            c->first_output);
  CHECK(r != NULL, "create");
  uint32_t written = 0;
  for (uint32_t at = 0, count; at < COUNT; at += count) {
    count = 1 + check_random() % most;
    if (count > COUNT - at) count = COUNT - at;
    const float *const planes[2] = {input[0] + at, is_silent ? NULL : input[1] + at};
    mp3a_resampler_push(r, planes, count);
    for (uint32_t got = 1; got > 0; written += got) {
      float *const planes_out[2] = {to[0] + written, to[1] + written};
      const uint32_t room = 1 + check_random() % most;
      got = mp3a_resampler_pull(r, planes_out, room < MOST_OUT - written ? room : 1);
    }
  }
  const uint32_t reach = mp3a_resampler_reach(r);
  /* The last one lies before the sample from which on the filter would reach behind the end. */
  const double end = (double)(COUNT - reach) - c->first_input;
  const double expected = ceil(end * c->to_hz / c->from_hz - 1e-9) - c->first_output;
  CHECK(written == expected, "%u outputs, not %f", written, expected);
  mp3a_resampler_destroy(r);
  return written;
}

/* Two tones, the second channel's other ones. */
static double tone(int channel, double hz, double seconds) {
  const double phase = 6.283185307179586 * hz * seconds;
  return channel ? 0.4 * cos(phase) + 0.25 : 0.5 * sin(phase);
}

static void check_tones(const conversion *c, double share, int channel_count) {
  const double lower_hz = c->from_hz < c->to_hz ? c->from_hz : c->to_hz;
  const double hz = share * lower_hz / 2;
  for (int ch = 0; ch < 2; ch++) {
    for (int i = 0; i < COUNT; i++) input[ch][i] = (float)tone(ch, hz, i / c->from_hz);
  }
  const uint32_t count = convert(c, channel_count, MP3A_RESAMPLER_PIECE, false, output);
  const uint32_t reach = (uint32_t)ceil(46 * (c->to_hz < c->from_hz ? 1 : c->to_hz / c->from_hz));
  double worst = 0;
  for (int ch = 0; ch < channel_count; ch++) {
    for (uint32_t i = reach; i < count; i++) {
      const double place = c->first_input / c->from_hz + (i + c->first_output) / c->to_hz;
      const double expected =
          share < 1 ? tone(ch, hz, place) : channel_count == 2 && ch ? 0.25 : 0;
      worst = fmax(worst, fabs(output[ch][i] - expected));
    }
  }
  CHECK(count > 100 && worst < 4e-6, "%g to %g Hz, tone at %g: off by %g", c->from_hz, c->to_hz,
        share, worst);
}

static void check_pieces(const conversion *c) {
  for (int ch = 0; ch < 2; ch++) {
    for (int i = 0; i < COUNT; i++) input[ch][i] = check_random_float(-1, 1);
  }
  const uint32_t count = convert(c, 2, MP3A_RESAMPLER_PIECE, false, output);
  const uint32_t most[] = {1, 7, 500};
  for (int i = 0; i < 3; i++) {
    CHECK(convert(c, 2, most[i], false, again) == count, "pieces of %u", most[i]);
    for (int ch = 0; ch < 2; ch++) {
      CHECK(memcmp(output[ch], again[ch], count * sizeof(float)) == 0, "pieces of %u", most[i]);
    }
  }
  CHECK(convert(c, 1, 100, false, again) == count, "mono");
  CHECK(memcmp(output[0], again[0], count * sizeof(float)) == 0, "mono");
  CHECK(convert(c, 2, 100, true, again) == count, "a silent channel");
  unsigned wrong = 0;
  for (uint32_t i = 0; i < count; i++) wrong += again[1][i] != 0 || again[0][i] != output[0][i];
  CHECK(wrong == 0, "a silent channel: %u samples", wrong);
}

/* Every tier gives the bits of the scalar twin, wherever samples lie. */
static void check_tiers(void) {
  mp3a_resampler_sum scalar, sum;
  const unsigned tiers[] = {MP3A_CPU_VECTORS_128, MP3A_CPU_AVX2}, here = mp3a_cpu_detect();
  mp3a_resampler_select(&scalar, 0);
  for (int i = 0; i < COUNT; i++) {
    input[0][i] = check_random_float(-1, 1), input[1][i] = check_random_float(-1, 1);
  }
  for (int tier = 0; tier < 2; tier++) {
    if (!(here & tiers[tier])) continue;
    mp3a_resampler_select(&sum, here & tiers[tier]);
    for (uint32_t at = 0; at < 40; at++) {
      const uint32_t count = MP3A_RESAMPLER_LANES * (1 + at % 20);
      for (int channel_count = 1; channel_count <= 2; channel_count++) {
        const float *const samples[2] = {input[0] + at, channel_count == 2 ? input[1] + at : NULL};
        float expected[2] = {0, 7}, totals[2] = {0, 7};
        scalar(samples, input[1] + 1000 + 3 * at, count, expected);
        sum(samples, input[1] + 1000 + 3 * at, count, totals);
        CHECK(memcmp(totals, expected, sizeof totals) == 0, "tier %d, %u samples from %u", tier,
              count, at);
      }
    }
    double exact = 0;
    const float *const samples[2] = {input[0], NULL};
    float total;
    sum(samples, input[1], 320, &total);
    for (int i = 0; i < 320; i++) exact += (double)input[0][i] * input[1][i];
    CHECK(fabs(total - exact) < 1e-4, "tier %d: %f, not %f", tier, (double)total, exact);
  }
}

int main(void) {
  RUN(check_tiers());
  const conversion conversions[] = {
      {44100, 48000, 0, 0},   {48000, 44100, 1105, 0}, {48000, 8000, 0, 3}, {8000, 48000, 529, 700},
      {44100, 8000, 1105, 1}, {11025, 16000, 7, 1151}, {44100.5, 48000, 3, 2},
      {32000, 16000.25, 0, 0}, {24000, 24000, 5, 0},
  };
  for (size_t i = 0; i < sizeof conversions / sizeof *conversions; i++) {
    const conversion *c = &conversions[i];
    for (int channel_count = 1; channel_count <= 2; channel_count++) {
      const double shares[] = {0, 0.013, 0.3, 0.6, 0.83};
      for (int k = 0; k < 5; k++) RUN(check_tones(c, shares[k], channel_count));
      if (c->from_hz > 1.5 * c->to_hz) RUN(check_tones(c, 1.02, channel_count));
    }
    RUN(check_pieces(c));
  }
  mp3a_resampler_destroy(NULL);
  return check_finish();
}
