#include "roundtrip/dequantize.h"

#include <stddef.h>
#include <string.h>

#include "common/once.h"
#include "decode/frame.h"

enum { SHORT_BLOCK = 2 };

/* Of every value that can be coded, by value; those below zero come before. */
static float powers[2 * MP3A_LARGEST_LINE + 1];

static void fill_powers(void) {
  for (int value = 0; value <= MP3A_LARGEST_LINE; value++) {
    const float power = mp3a_power_4_3(value);
    powers[MP3A_LARGEST_LINE - value] = -power;
    powers[MP3A_LARGEST_LINE + value] = power;
  }
}

static const float *powers_by_value(void) {
  static mp3a_once once;
  if (mp3a_once_begin(&once)) {
    fill_powers();
    mp3a_once_end(&once);
  }
  return powers + MP3A_LARGEST_LINE;
}

/* How many quarters of a power of 2 each band is below the granule's gain; whether any is. */
static int band_steps(const mp3a_coded_granule *granule, int steps[MP3A_CODED_BANDS]) {
  static const uint8_t preemphasis[10] = {1, 1, 1, 1, 2, 2, 3, 3, 3, 2};
  enum { FIRST_PREEMPHASIZED = 11 };
  const int shift = granule->scalefac_scale + 1;
  int any = 0;
  for (int band = 0; band < MP3A_CODED_BANDS; band++) {
    int factor = granule->scalefactors[band];
    const int raised = band - FIRST_PREEMPHASIZED;
    if (granule->block_type == SHORT_BLOCK)
      factor += granule->subblock_gain[band % 3] << (3 - shift);
    else if (granule->preflag && raised >= 0 && raised < 10) factor += preemphasis[raised];
    steps[band] = factor << shift;
    any |= factor;
  }
  return any;
}

static void scale(const int16_t *quantized, int begin, int end, float gain, float *lines) {
  const float *power = powers_by_value();
  for (int i = begin; i < end; i++) lines[i] = power[quantized[i]] * gain;
}

static void dequantize(const mp3a_coded_granule *granule, const uint8_t *header, int is_mid_side,
                       float lines[MP3A_LINES]) {
  int steps[MP3A_CODED_BANDS];
  const int count = granule->line_count;
  const float gain = mp3a_granule_gain(granule->global_gain, is_mid_side);
  if (!band_steps(granule, steps)) {
    scale(granule->lines, 0, count, mp3a_band_gain(gain, 0), lines);
  } else {
    const uint8_t *widths = mp3a_band_widths(header, granule->block_type == SHORT_BLOCK);
    for (int band = 0, begin = 0; begin < count; begin += widths[band++]) {
      const int end = begin + widths[band];
      scale(granule->lines, begin, end < count ? end : count, mp3a_band_gain(gain, steps[band]),
            lines);
    }
  }
  memset(lines + count, 0, (size_t)(MP3A_LINES - count) * sizeof *lines);
}

static void mid_side_to_stereo(float *left, float *right) {
  for (int i = 0; i < MP3A_LINES; i++) {
    const float mid = left[i], side = right[i];
    left[i] = mid + side;
    right[i] = mid - side;
  }
}

static void decode_granule(mp3dec_t *codec, const mp3a_coded_frame *frame, int granule,
                           float *const planes[2]) {
  float lines[2][MP3A_LINES] __attribute__((aligned(64)));
  const int channels = frame->channel_count, is_mid_side = frame->is_mid_side;
  const mp3a_coded_granule *granules = frame->granules + granule * channels;
  for (int ch = 0; ch < channels; ch++)
    dequantize(&granules[ch], frame->header, is_mid_side, lines[ch]);
  if (is_mid_side) mid_side_to_stereo(lines[0], lines[1]);
  for (int ch = 0; ch < channels; ch++) {
    const int type = granules[ch].block_type;
    const uint8_t *widths = type == SHORT_BLOCK ? mp3a_band_widths(frame->header, 1) : NULL;
    mp3a_lines_to_samples(codec, lines[ch], type, widths, ch, planes[ch] + granule * MP3A_LINES);
  }
}

int mp3a_decode_coded_frame(mp3dec_t *codec, const mp3a_coded_frame *frame, uint32_t byte_size,
                            int channel_count, float *const planes[2]) {
  if (byte_size < offsetof(mp3a_coded_frame, granules) || byte_size < frame->byte_size) return 0;
  if (frame->channel_count != channel_count || !frame->is_valid) return 0;
  for (int i = 0; i < frame->granule_count; i++) decode_granule(codec, frame, i, planes);
  return frame->granule_count * MP3A_LINES;
}
