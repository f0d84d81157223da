/* The pipeline against LAME and minimp3 called one after the other, as a user
   of theirs would: the same bytes, the same samples. */
#include <string.h>

#include "decode/minimp3_float.h"
#include "roundtrip/pipeline.h"
#include "tests/check.h"
#include "tests/encode_at_once.h"
#include "tests/signals.h"

typedef struct reference {
  uint32_t mp3_byte_size;
  uint32_t frame_count;
  float *pcm; /* interleaved, undelayed, at most `capacity` PCM frames */
} reference;

static reference make_reference(const mp3a_options *o, const float *left, const float *right,
                                uint32_t count) {
  static mp3dec_t decoder;
  int left_size = 0;
  mp3a_options without_tag = *o;
  without_tag.flags |= MP3A_NO_TAG;
  unsigned char *bytes = encode_at_once(&without_tag, left, right, count, &left_size);
  const unsigned char *next = bytes;
  reference r = {.mp3_byte_size = (uint32_t)left_size};
  r.pcm = calloc((size_t)count + 8 * 1152, (size_t)o->channel_count * sizeof(float));
  mp3dec_init(&decoder);
  while (left_size > 0) {
    mp3dec_frame_info_t info;
    const int decoded = mp3dec_decode_frame(
        &decoder, next, left_size, r.pcm + (size_t)r.frame_count * (size_t)o->channel_count,
        &info);
    if (info.frame_bytes == 0) break;
    r.frame_count += (uint32_t)decoded;
    next += info.frame_bytes;
    left_size -= info.frame_bytes;
  }
  free(bytes);
  return r;
}

/* How many samples of the output aren't the reference's, `delay` further on. */
static uint32_t count_differences(const reference *r, const mp3a_options *o,
                                  float *const output[2], uint32_t count, uint32_t delay) {
  uint32_t wrong = 0;
  for (int channel = 0; channel < o->channel_count; channel++) {
    for (uint32_t i = 0; i < count; i++) {
      const size_t at = (size_t)(i + delay) * (size_t)o->channel_count + (size_t)channel;
      wrong += output[channel][i] != r->pcm[at];
    }
  }
  return wrong;
}

static void check_clip(mp3a_options o, uint32_t count) {
  float *input[2] = {make_signal(count, o.sample_rate_hz, 3, 0.9f), NULL};
  if (o.channel_count == 2) input[1] = make_signal(count, o.sample_rate_hz, 4, 0.7f);
  const reference r = make_reference(&o, input[0], input[1], count);
  const uint32_t coding_flags = o.flags;
  for (unsigned preserve = 0; preserve < 2; preserve++) {
    mp3a_stats stats = {0};
    float *output[2] = {NULL, NULL};
    o.flags = coding_flags | (preserve ? MP3A_PRESERVE_DELAY : 0);
    const uint32_t out_count = mp3a_output_frame_count(&o, count);
    for (int channel = 0; channel < o.channel_count; channel++) {
      output[channel] = calloc(out_count, sizeof(float));
    }
    const int32_t status =
        mp3a_roundtrip(&o, input[0], input[1], count, output[0], output[1], out_count, &stats);
    const uint32_t wrong =
        count_differences(&r, &o, output, out_count, preserve ? 0 : MP3A_DELAY_FRAMES);
    CHECK(status == MP3A_OK, "%d Hz, %u frames: %d", o.sample_rate_hz, count, status);
    CHECK(!preserve || out_count == r.frame_count, "%u frames, not %u", out_count,
          r.frame_count);
    CHECK(stats.mp3_byte_size == r.mp3_byte_size, "%u bytes, not %u", stats.mp3_byte_size,
          r.mp3_byte_size);
    CHECK(wrong == 0, "%d Hz, %d kbps, quality %d, %u frames, preserve %u: %u samples differ",
          o.sample_rate_hz, o.bitrate_kbps, o.quality, count, preserve, wrong);
    /* On one thread: the same bits. */
    o.flags |= MP3A_ONE_THREAD;
    float *once_more[2] = {calloc(out_count, sizeof(float)), calloc(out_count, sizeof(float))};
    mp3a_roundtrip(&o, input[0], input[1], count, once_more[0],
                   o.channel_count == 2 ? once_more[1] : NULL, out_count, NULL);
    for (int channel = 0; channel < o.channel_count; channel++) {
      CHECK(memcmp(once_more[channel], output[channel], out_count * sizeof(float)) == 0,
            "one thread, %u", count);
    }
    free(once_more[0]), free(once_more[1]);
    /* The input as the output: the same bits, as the encoder is always ahead. */
    if (!preserve) {
      mp3a_roundtrip(&o, input[0], input[1], count, input[0], input[1], count, NULL);
      CHECK(memcmp(input[0], output[0], count * sizeof(float)) == 0, "in place, %u", count);
    }
    free(output[0]), free(output[1]);
    if (!preserve) {
      free(input[0]), free(input[1]);
      input[0] = make_signal(count, o.sample_rate_hz, 3, 0.9f);
      input[1] = o.channel_count == 2 ? make_signal(count, o.sample_rate_hz, 4, 0.7f) : NULL;
    }
  }
  free(input[0]), free(input[1]), free(r.pcm);
}

static void check_lengths(void) {
  const uint32_t counts[] = {1,    2,    47,   575,  576,  577,  1104, 1105,  1106,  1151,
                             1152, 1153, 1728, 2304, 3456, 4607, 9216, 36863, 36864, 50000, 90001};
  for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
    for (int32_t channels = 1; channels <= 2; channels++) {
      const mp3a_options high = {sizeof high, 44100, 128, 7, channels, 0, 0, 0, 0};
      const mp3a_options low = {sizeof low, 16000, 32, 7, channels, 0, 0, 0, 0};
      check_clip(high, counts[i]);
      check_clip(low, counts[i]);
    }
  }
}

static void check_settings(void) {
  const int32_t rates[] = {8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000};
  const int32_t bitrates[] = {8, 48, 144, 320};
  for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
    for (size_t k = 0; k < sizeof bitrates / sizeof *bitrates; k++) {
      const mp3a_options o = {sizeof o, rates[i], bitrates[k], 9, 1 + (int32_t)(i + k) % 2,
                              0,        0,        0,           0};
      check_clip(o, 15000);
    }
  }
  for (int32_t quality = 0; quality <= 9; quality++) {
    const mp3a_options o = {sizeof o, 44100, 96, quality, 2, 0, 0, 0, 0};
    check_clip(o, 15000);
  }
}

/* MP3 frames that borrow bits reach the decoder in parts. */
static void check_modes(void) {
  const int32_t rates[] = {8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000};
  for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
    const int32_t rate = rates[i], channels = 1 + (int32_t)i % 2;
    const uint32_t reservoir = MP3A_BIT_RESERVOIR, joint = MP3A_JOINT_STEREO;
    const mp3a_options modes[] = {
        {sizeof *modes, rate, 8, 7, channels, reservoir, MP3A_CBR, 0, 0},
        {sizeof *modes, rate, 64, 3, 2, reservoir | joint, MP3A_CBR, 0, 0},
        {sizeof *modes, rate, 320, 7, channels, reservoir, MP3A_CBR, 0, 0},
        {sizeof *modes, rate, 96, 7, 2, joint, MP3A_CBR, 0, 0},
        {sizeof *modes, rate, 77, 5, 2, reservoir | joint, MP3A_ABR, 0, 0},
        {sizeof *modes, rate, 300, 7, channels, 0, MP3A_ABR, 0, 0},
        {sizeof *modes, rate, 0, 7, 2, reservoir | joint, MP3A_VBR, 0, 0},
        {sizeof *modes, rate, 0, 4, channels, 0, MP3A_VBR, 9.999f, 0},
        {sizeof *modes, rate, 64, 7, channels, 0, MP3A_CBR, 0, 3000},
        {sizeof *modes, rate, 64, 7, channels, 0, MP3A_CBR, 0, 1},
        {sizeof *modes, rate, 64, 7, 2, reservoir, MP3A_CBR, 0, MP3A_LOWPASS_OFF},
    };
    for (size_t k = 0; k < sizeof modes / sizeof *modes; k++) check_clip(modes[k], 40000);
  }
}

/* A loud clip is the scaled one's output, times its peak. */
static void check_loud(void) {
  enum { COUNT = 60000 };
  const mp3a_options o = {sizeof o, 44100, 128, 7, 1, 0, 0, 0, 0};
  float *loud = make_signal(COUNT, 44100, 5, 30.0f);
  float *scaled = malloc(COUNT * sizeof *scaled);
  mp3a_stats stats;
  uint32_t wrong = 0;
  float peak = 0;
  for (int i = 0; i < COUNT; i++) peak = fmaxf(peak, fabsf(loud[i]));
  for (int i = 0; i < COUNT; i++) scaled[i] = loud[i] * (1.0f / peak);
  CHECK(mp3a_roundtrip(&o, loud, NULL, COUNT, loud, NULL, COUNT, &stats) == MP3A_OK, "loud");
  CHECK(stats.peak == peak, "peak %f, not %f", (double)stats.peak, (double)peak);
  CHECK(mp3a_roundtrip(&o, scaled, NULL, COUNT, scaled, NULL, COUNT, NULL) == MP3A_OK, "scaled");
  for (int i = 0; i < COUNT; i++) wrong += loud[i] != scaled[i] * peak;
  CHECK(wrong == 0, "%u samples differ", wrong);
  free(loud), free(scaled);
}

/* Several passes at once are as many calls, each with the one before's output; the sizes told are
   the last one's, the peak the first one's. */
static void check_passes(int channels, uint32_t flags) {
  enum { COUNT = 5000, PASSES = 3, MOST = COUNT + PASSES * 4 * 1152 };
  mp3a_options o = {sizeof o, 44100, 48, 7, channels, flags, 0, 0, 0, 0, 0, 1};
  float *left = make_signal(MOST, 44100, 6, 2.5f), *right = make_signal(MOST, 44100, 7, 0.5f);
  static float results[4][MOST];
  float *const once[2] = {results[0], channels == 2 ? results[1] : NULL};
  float *const at_once[2] = {results[2], channels == 2 ? results[3] : NULL};
  const float *input[2] = {left, channels == 2 ? right : NULL};
  mp3a_stats first = {0}, last = {0}, stats = {0};
  uint32_t count = COUNT;
  for (int i = 0; i < PASSES; i++) {
    const float *const from[2] = {i ? once[0] : input[0], i ? once[1] : input[1]};
    CHECK(mp3a_roundtrip(&o, from[0], from[1], count, once[0], once[1], MOST, &last) == MP3A_OK,
          "pass %d", i);
    count = mp3a_output_frame_count(&o, count);
    if (i == 0) first = last;
  }
  o.pass_count = PASSES;
  CHECK(mp3a_output_frame_count(&o, COUNT) == count, "%u samples", count);
  CHECK(mp3a_roundtrip(&o, input[0], input[1], COUNT, at_once[0], at_once[1], count, &stats) ==
            MP3A_OK, "all passes");
  for (int ch = 0; ch < channels; ch++)
    CHECK(memcmp(once[ch], at_once[ch], count * sizeof(float)) == 0, "channel %d differs", ch);
  CHECK(stats.peak == first.peak && stats.mp3_byte_size == last.mp3_byte_size,
        "peak %g, %u bytes", (double)stats.peak, stats.mp3_byte_size);
  CHECK(mp3a_roundtrip(&o, input[0], input[1], COUNT, at_once[0], at_once[1], count - 1, NULL) ==
            MP3A_INVALID_AUDIO, "too little room");
  free(left), free(right);
}

/* The same of 16-bit samples, which are rounded after each pass; on the pool, too. */
static void check_pcm16_passes(int channels, uint32_t flags) {
  enum { COUNT = 5000, PASSES = 3, MOST = 2 * (COUNT + PASSES * 4 * 1152) };
  mp3a_options o = {sizeof o, 44100, 48, 7, channels, flags, 0, 0, 0, 0, 0, 1};
  static int16_t codes[MOST], once[MOST], at_once[MOST];
  const uint32_t width = (uint32_t)channels, sample_count = COUNT * width;
  uint32_t count = sample_count;
  for (int i = 0; i < MOST; i++) codes[i] = (int16_t)((check_random() & 0x3fff) - 0x2000);
  for (int i = 0; i < PASSES; i++) {
    CHECK(mp3a_roundtrip_pcm16(&o, i ? once : codes, count, once, MOST) == MP3A_OK, "pass %d", i);
    count = mp3a_output_frame_count(&o, count / width) * width;
  }
  o.pass_count = PASSES;
  CHECK(mp3a_roundtrip_pcm16(&o, codes, sample_count, at_once, count) == MP3A_OK, "all passes");
  CHECK(memcmp(once, at_once, count * sizeof *once) == 0, "%d channels differ", channels);
  CHECK(mp3a_roundtrip_pcm16(&o, codes, sample_count, at_once, count - 1) == MP3A_INVALID_AUDIO,
        "too little room");
  int32_t status;
  mp3a_queue *queue = mp3a_queue_create(NULL);
  mp3a_job *job = mp3a_roundtrip_pcm16_job_start(queue, &o, codes, sample_count, 1, &status);
  memset(at_once, 0, sizeof at_once);
  CHECK(job && mp3a_queue_wait(queue) == 1, "a job");
  CHECK(mp3a_roundtrip_pcm16_job_end(job, at_once, count - 1) == MP3A_INVALID_AUDIO, "no room");
  CHECK(mp3a_roundtrip_pcm16_job_end(job, at_once, count) == MP3A_OK, "its end");
  CHECK(memcmp(once, at_once, count * sizeof *once) == 0, "%d channels differ on the pool",
        channels);
  mp3a_queue_destroy(queue);
}

/* The longest clip that keeps its delay is too long for a second pass. Nobody reads it. */
static void check_too_long(void) {
  enum { TOO_LONG = MP3A_MAX_FRAMES };
  const mp3a_options o = {sizeof o, 44100, 64, 7, 1, MP3A_PRESERVE_DELAY, .pass_count = 2};
  const float sample = 0;
  const int16_t code = 0;
  float out;
  int16_t out_code;
  int32_t status = MP3A_OK;
  CHECK(mp3a_output_frame_count(&o, TOO_LONG) == 0, "a length");
  CHECK(mp3a_roundtrip(&o, &sample, NULL, TOO_LONG, &out, NULL, UINT32_MAX, NULL) ==
            MP3A_INVALID_AUDIO, "floats");
  CHECK(mp3a_roundtrip_pcm16(&o, &code, TOO_LONG, &out_code, UINT32_MAX) == MP3A_INVALID_AUDIO,
        "16 bits");
  mp3a_queue *queue = mp3a_queue_create(NULL);
  CHECK(!mp3a_roundtrip_job_start(queue, &o, &sample, NULL, TOO_LONG, 1, &status) &&
            status == MP3A_INVALID_AUDIO, "a job: %d", status);
  status = MP3A_OK;
  CHECK(!mp3a_roundtrip_pcm16_job_start(queue, &o, &code, TOO_LONG, 1, &status) &&
            status == MP3A_INVALID_AUDIO, "a job of 16 bits: %d", status);
  mp3a_queue_destroy(queue);
}

int main(void) {
  RUN(check_too_long());
  for (int channels = 1; channels <= 2; channels++) {
    for (uint32_t flags = 0; flags <= MP3A_PRESERVE_DELAY; flags += MP3A_PRESERVE_DELAY) {
      RUN(check_passes(channels, flags));
      RUN(check_pcm16_passes(channels, flags));
    }
  }
  RUN(check_lengths());
  RUN(check_settings());
  RUN(check_modes());
  RUN(check_loud());
  return check_finish();
}
