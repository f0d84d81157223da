/* Clips cut into ranges: the samples and the size are those of one encoder, whatever the cuts,
   with warm-ups that are too short as well. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/coded_frame.h"
#include "common/seam.h"
#include "encode/block_encoder.h"
#include "lame/internals.h"
#include "lame/psy_constants.h"
#include "lame/psymodel.h"
#include "roundtrip/pipeline.h"
#include "roundtrip/ranges.h"
#include "roundtrip/ring.h"
#include "tests/check.h"
#include "libmp3lame/lame_global_flags.h"

enum { MAX_FRAMES = 200000, MAX_OUTPUT = MAX_FRAMES + 8 * 1152 };

static float input[2][MAX_FRAMES], expected[2][MAX_OUTPUT], actual[2][MAX_OUTPUT];
static uint32_t ranges_run, ranges_redone, ranges_lost;

static int pick(int count) { return (int)(check_random() % (uint32_t)count); }

enum { MUSIC, NOISE, SQUARES, ATTACKS, SILENCE, DRIFT, SIGNALS };

static float sample_of(int signal, int i) {
  const float t = (float)i, noise = check_random_float(-1, 1);
  switch (signal) {
    case MUSIC:
      return 0.3f * sinf(t * 0.031f + 4 * sinf(t * 0.0001f)) + 0.2f * sinf(t * 0.11f) +
             (i % 7000 < 900 ? 0.3f * noise * expf(-(float)(i % 7000) / 200) : 0.01f * noise);
    case NOISE: return noise;
    case SQUARES: return i / 37 % 2 ? 1.0f : -1.0f;
    case ATTACKS: return i % 1152 < 40 ? noise : 1e-4f * noise;
    case SILENCE: return i % 60000 < 5000 ? 0.2f * noise : 0;
    default: return noise * expf(-8 * (float)(i % 50000) / 50000);
  }
}

static void make_clip(int signal, float level) {
  for (int i = 0; i < MAX_FRAMES; i++) {
    input[0][i] = level * sample_of(signal, i);
    input[1][i] = 0.6f * input[0][i] + 0.2f * level * sample_of((signal + 1) % SIGNALS, i);
  }
}

static float peak_of(uint32_t count, int channels) {
  float peak = 0;
  for (int ch = 0; ch < channels; ch++)
    for (uint32_t i = 0; i < count; i++) peak = fmaxf(peak, fabsf(input[ch][i]));
  return peak;
}

static mp3a_clip clip_of(const mp3a_options *o, uint32_t count, float output[2][MAX_OUTPUT]) {
  const bool is_stereo = o->channel_count == 2;
  return (mp3a_clip){.options = *o,
                     .input = mp3a_float_source(input[0], is_stereo ? input[1] : NULL),
                     .output = mp3a_float_sink(output[0], is_stereo ? output[1] : NULL),
                     .frame_count = count};
}

static void check_ranges(mp3a_options o, uint32_t count, uint32_t range_count, uint32_t warm_up) {
  mp3a_stats stats = {0};
  mp3a_ranges_stats ranges = {0};
  int32_t status = -1;
  o.flags |= MP3A_ONE_THREAD;
  const mp3a_clip one = clip_of(&o, count, expected), cut = clip_of(&o, count, actual);
  CHECK(mp3a_pipeline_run(&one, &stats) == MP3A_OK, "one thread");
  const float peak = peak_of(count, o.channel_count);
  CHECK(mp3a_ranges_run(&cut, peak, range_count, warm_up, &ranges, &status), "ranges");
  CHECK(status == MP3A_OK, "status %d", status);
  CHECK(ranges.stats.mp3_byte_size == stats.mp3_byte_size, "%u bytes, not %u",
        ranges.stats.mp3_byte_size, stats.mp3_byte_size);
  const uint32_t output_count = mp3a_output_frame_count(&o, count);
  for (int ch = 0; ch < o.channel_count; ch++)
    CHECK(!memcmp(expected[ch], actual[ch], output_count * sizeof(float)),
          "%d Hz, %d kbps, quality %d, %u frames, %u ranges, warm-up %u", o.sample_rate_hz,
          o.bitrate_kbps, o.quality, count, range_count, warm_up);
  ranges_run += ranges.seam_count, ranges_redone += ranges.redone_count;
  ranges_lost += ranges.lost_count;
}

static mp3a_options random_options(void) {
  static const int32_t rates[9] = {8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000};
  static const int32_t bitrates[6] = {8, 32, 64, 128, 192, 320};
  mp3a_options o = {.struct_byte_size = sizeof o, .sample_rate_hz = rates[pick(9)],
                    .bitrate_kbps = bitrates[pick(6)], .quality = 7 + pick(3)};
  o.channel_count = 1 + pick(2);
  o.flags = pick(4) ? 0 : MP3A_PRESERVE_DELAY;
  if (pick(4) == 0) o.lowpass_hz = MP3A_LOWPASS_OFF;
  if (pick(2)) o.grid_offset = pick(mp3a_max_grid_offset(&o) + 1);
  return o;
}

/* Warm-ups of none to enough, on what makes guesses wrong: attacks at seams, levels that drift,
   silence, in which the search for a gain keeps what it found long before. */
static void check_warm_ups(void) {
  enum { ENOUGH = 8 };
  static const uint32_t warm_ups[] = {0, 1, 2, 3, 4, 6, ENOUGH, 16};
  for (size_t w = 0; w < sizeof warm_ups / sizeof *warm_ups; w++) {
    uint32_t run = 0, redone = 0;
    for (int signal = 0; signal < SIGNALS; signal++) {
      make_clip(signal, signal == NOISE ? 2 : 1);
      ranges_run = ranges_redone = 0;
      for (int i = 0; i < 10; i++) {
        const uint32_t count = 28 * 1152 + (uint32_t)pick(80000);
        const int most = (int)(count / 1152 / (warm_ups[w] / 2 + 6));
        const int range_count = 2 + pick(most < 7 ? most - 1 : 6);
        check_ranges(random_options(), count, (uint32_t)range_count, warm_ups[w]);
      }
      if (signal != SILENCE) run += ranges_run, redone += ranges_redone;
      if (signal == SILENCE) CHECK(ranges_redone > 0, "silence: none of %u done again", ranges_run);
    }
    CHECK(warm_ups[w] >= 2 || redone == run, "warm-up %u: %u of %u done again", warm_ups[w], redone,
          run);
    CHECK(warm_ups[w] < ENOUGH || redone * 20 <= run, "warm-up %u: %u of %u done again",
          warm_ups[w], redone, run);
  }
}

static mp3a_options any_options(void) {
  mp3a_options o = random_options();
  o.quality = pick(10), o.flags |= pick(2) ? MP3A_JOINT_STEREO : 0;
  o.rate_control = pick(3);
  if (o.rate_control == MP3A_VBR) o.bitrate_kbps = 0, o.vbr_quality = (float)pick(10);
  return o;
}

/* Where masking matters states meet late, and often only behind the seam. */
static void check_modes(void) {
  ranges_run = ranges_redone = ranges_lost = 0;
  for (int i = 0; i < 48; i++) {
    if (i % 8 == 0) make_clip(i / 8 % SIGNALS, 1);
    const mp3a_options o = any_options();
    check_ranges(o, 60 * 1152, 2 + (uint32_t)pick(2), (uint32_t)pick(24));
  }
  CHECK(ranges_redone > ranges_lost, "%u redone, %u of them to the end", ranges_redone,
        ranges_lost);
}

/* The calls that users make: cut or not, the same. */
static void check_calls(void) {
  static int16_t codes[2 * MAX_FRAMES], wanted[2 * MAX_FRAMES];
  enum { COUNT = 100000 };
  make_clip(MUSIC, 3);
  for (int32_t channels = 1; channels <= 2; channels++) {
    mp3a_options o = {sizeof o, 44100, 128, 7, channels, MP3A_ONE_THREAD, MP3A_CBR, 0, 0};
    mp3a_clip clip = clip_of(&o, COUNT, expected);
    CHECK(mp3a_pipeline_run(&clip, NULL) == MP3A_OK, "one thread");
    clip.options.flags = 0;
    for (int ch = 0; ch < channels; ch++) {
      memcpy(actual[ch], input[ch], COUNT * sizeof(float));
      clip.input.planes[ch] = clip.output.planes[ch] = actual[ch];
    }
    CHECK(mp3a_pipeline_run(&clip, NULL) == MP3A_OK, "in place");
    for (int ch = 0; ch < channels; ch++)
      CHECK(!memcmp(actual[ch], expected[ch], COUNT * sizeof(float)), "in place");

    for (int i = 0; i < COUNT * channels; i++) codes[i] = wanted[i] = (int16_t)check_random();
    mp3a_clip pcm16 = {.options = o,
                       .input = mp3a_pcm16_source(wanted, channels),
                       .output = mp3a_pcm16_sink(wanted, channels),
                       .frame_count = COUNT};
    CHECK(mp3a_pipeline_run(&pcm16, NULL) == MP3A_OK, "16 bits, one thread");
    pcm16.input.codes = pcm16.output.codes = codes, pcm16.options.flags = 0;
    CHECK(mp3a_pipeline_run(&pcm16, NULL) == MP3A_OK, "16 bits");
    CHECK(!memcmp(codes, wanted, (size_t)channels * COUNT * sizeof *codes), "16 bits");

    for (uint32_t threads = 2; threads <= 16; threads++) {
      clip = clip_of(&o, COUNT, actual), clip.options.flags = MP3A_THREADS(threads);
      CHECK(mp3a_pipeline_run(&clip, NULL) == MP3A_OK, "%u threads", threads);
      for (int ch = 0; ch < channels; ch++)
        CHECK(!memcmp(actual[ch], expected[ch], COUNT * sizeof(float)), "%u threads", threads);
    }

    atomic_bool cancelled = true;
    clip.cancelled = &cancelled;
    CHECK(mp3a_pipeline_run(&clip, NULL) == MP3A_CANCELLED, "cancelled");
  }
}

/* ---- what a state leaves out ---- */

static void fill(void *bytes, size_t size) {
  for (size_t i = 0; i < size; i++) ((unsigned char *)bytes)[i] = (unsigned char)check_random();
}

/* Overwrites all in an encoder that changes with its frames and isn't part of a state. */
static void spoil(lame_internal_flags *gfc) {
  EncStateVar_t *enc = &gfc->sv_enc;
  EncResult_t *result = &gfc->ov_enc;
  const int begin = gfc->l3_side.main_data_begin;
  fill(&gfc->l3_side, sizeof gfc->l3_side);
  gfc->l3_side.main_data_begin = begin;
  fill(enc->header, sizeof enc->header);
  fill(&enc->h_ptr, sizeof enc->h_ptr);
  fill(&enc->w_ptr, sizeof enc->w_ptr);
  fill(&enc->ancillary_flag, sizeof enc->ancillary_flag);
  fill(&enc->ResvMax, sizeof enc->ResvMax);
  for (int ch = 0; ch < 2; ch++)
    fill(enc->mfbuf[ch] + enc->mf_size, (size_t)(MFSIZE - enc->mf_size) * sizeof enc->mfbuf[ch][0]);
  memset(result->bitrate_channelmode_hist, 0, sizeof result->bitrate_channelmode_hist);
  memset(result->bitrate_blocktype_hist, 0, sizeof result->bitrate_blocktype_hist);
  result->frame_number = pick(1000);
  fill(&result->padding, sizeof result->padding);
  fill(&result->mode_ext, sizeof result->mode_ext);
  fill(&gfc->bs.totbit, sizeof gfc->bs.totbit);
  if (mp3a_masking_reaches_output(&gfc->cfg)) return;
  fill(&gfc->ATH->adjust_factor, sizeof gfc->ATH->adjust_factor);
  fill(&gfc->ATH->adjust_limit, sizeof gfc->ATH->adjust_limit);
}

static uint32_t encode_block(mp3a_block_encoder *encoder, int block, unsigned char *frames) {
  uint32_t byte_size = 0;
  const float *right = encoder->options.channel_count == 2 ? input[1] + block * 1152 : NULL;
  mp3a_block_encoder_take(encoder, mp3a_float_source(input[0] + block * 1152, right), 1152);
  CHECK(mp3a_block_encoder_step(encoder, frames, MP3A_SLOT_BYTES, &byte_size) == MP3A_OK, "%d",
        block);
  return byte_size;
}

/* Fields alone: the padding between them, and lines that aren't there, may differ. */
static int same_frame(const mp3a_coded_frame *a, const mp3a_coded_frame *b) {
  int same = a->byte_size == b->byte_size && a->mp3_byte_size == b->mp3_byte_size &&
             !memcmp(a->header, b->header, 4) && a->is_mid_side == b->is_mid_side;
  for (int i = 0; same && i < a->granule_count * a->channel_count; i++) {
    const mp3a_coded_granule *x = &a->granules[i], *y = &b->granules[i];
    same = !memcmp(x, y, offsetof(mp3a_coded_granule, lines)) &&
           !memcmp(x->lines, y->lines, x->line_count * sizeof x->lines[0]);
  }
  return same;
}

static void check_state(int spoiled_block) {
  enum { BLOCKS = 24 };
  static unsigned char states[2][MP3A_LAME_STATE_BYTES];
  static _Alignas(8) unsigned char frames[2][MP3A_SLOT_BYTES];
  mp3a_block_encoder encoders[2];
  mp3a_options o = any_options();
  o.flags |= MP3A_NO_TAG;
  for (int i = 0; i < 2; i++) {
    CHECK(mp3a_block_encoder_open(&encoders[i], &o) == MP3A_OK, "open");
    mp3a_block_encoder_give_frames(&encoders[i]);
    mp3a_block_encoder_begin(&encoders[i], 1);
  }
  for (int block = 0; block < BLOCKS; block++) {
    uint32_t sizes[2], at = 0;
    if (block == spoiled_block) spoil(encoders[1].lame->internal_flags);
    for (int i = 0; i < 2; i++) sizes[i] = encode_block(&encoders[i], block, frames[i]);
    CHECK(sizes[0] == sizes[1], "%u bytes, %u", sizes[0], sizes[1]);
    for (; at < sizes[0]; at += ((mp3a_coded_frame *)(void *)(frames[0] + at))->byte_size)
      CHECK(same_frame((void *)(frames[0] + at), (void *)(frames[1] + at)),
            "%d Hz, quality %d, mode %d, flags %x, block %d", o.sample_rate_hz, o.quality,
            o.rate_control, o.flags, block);
    const size_t size = mp3a_lame_state(encoders[0].lame, states[0], sizeof states[0]);
    CHECK(size > 0 && size == mp3a_lame_state(encoders[1].lame, states[1], sizeof states[1]),
          "size");
    CHECK(!memcmp(states[0], states[1], size), "the states differ, block %d", block);
  }
  CHECK(mp3a_lame_state(encoders[0].lame, states[0], 100) == 0, "room");
  CHECK(mp3a_lame_start_amid(encoders[0].lame, 3) == -1, "not fresh");
  for (int i = 0; i < 2; i++) mp3a_block_encoder_close(&encoders[i]);
}

static void check_states(void) {
  for (int i = 0; i < 120; i++) {
    if (i % 10 == 0) make_clip(i / 10 % SIGNALS, 1);
    check_state(4 + pick(8));
  }
}

static void check_refusals(void) {
  const mp3a_options o = {sizeof o, 44100, 128, 7, 1, MP3A_NO_TAG | MP3A_BIT_RESERVOIR,
                          MP3A_CBR, 0,     0};
  mp3a_ranges_stats stats;
  int32_t status;
  mp3a_block_encoder encoder;
  CHECK(mp3a_block_encoder_open(&encoder, &o) == MP3A_OK, "open");
  CHECK(mp3a_lame_start_amid(encoder.lame, 3) == -1, "without a hand-off");
  mp3a_block_encoder_give_frames(&encoder);
  CHECK(mp3a_lame_start_amid(encoder.lame, 3) == -1, "with the reservoir");
  mp3a_block_encoder_close(&encoder);
  mp3a_clip clip = clip_of(&o, 20000, actual);
  CHECK(mp3a_ranges_for(&clip) == 1, "with the reservoir");
  clip.options.flags = MP3A_ONE_THREAD;
  CHECK(mp3a_ranges_for(&clip) == 1, "one thread");
  CHECK(!mp3a_ranges_run(&clip, 1, 1, 8, &stats, &status), "one range");
  CHECK(!mp3a_ranges_run(&clip, 1, MP3A_MAX_RANGES + 1, 8, &stats, &status), "too many");
  for (uint32_t threads = 1; threads <= 4; threads++) {
    clip.options.flags = MP3A_THREADS(threads);
    clip.frame_count = MAX_FRAMES;
    const uint32_t count = mp3a_ranges_for(&clip);
    CHECK(count >= 1 && count <= threads, "%u ranges for %u threads", count, threads);
  }
  clip.frame_count = 6000;
  CHECK(!mp3a_ranges_run(&clip, 1, 2, 8, &stats, &status), "too short");
}

/* As many as there are cores, where nothing is said of threads; and each as long as it pays. */
static void check_counts(void) {
  enum { SHORT = 4 * 8 * 576, LONG = 6 * 48 * 576 };
  static const struct {
    int32_t quality, channel_count, rate_control;
    uint32_t flags, least;
  } ways[] = {{7, 1, MP3A_CBR, 0, SHORT}, {9, 2, MP3A_CBR, 0, SHORT},
              {7, 1, MP3A_CBR, MP3A_JOINT_STEREO, SHORT}, {6, 1, MP3A_CBR, 0, LONG},
              {7, 2, MP3A_CBR, MP3A_JOINT_STEREO, LONG}, {7, 1, MP3A_ABR, 0, LONG}};
  static const uint32_t threads[] = {0, 1, 2, 3, 255};
  const uint32_t cores = mp3a_thread_limit();
  for (size_t w = 0; w < sizeof ways / sizeof *ways; w++) {
    for (int t = 0; t < 5; t++) {
      const uint32_t flags = ways[w].flags | MP3A_THREADS(threads[t]), least = ways[w].least;
      const mp3a_options o = {sizeof o, 44100, 64, ways[w].quality, ways[w].channel_count, flags,
                              ways[w].rate_control, 0, 0, 0, 0, 1};
      uint32_t most = threads[t] == 0 || threads[t] > cores ? cores : threads[t];
      if (most > MP3A_MAX_RANGES) most = MP3A_MAX_RANGES;
      for (uint32_t n = 1; n <= most + 1; n++) {
        const uint32_t wanted = n < most ? n : most, before = n - 1 < most ? n - 1 : most;
        CHECK(mp3a_ranges_at_most(&o, n * least) == wanted, "way %zu, %u ranges", w, n);
        CHECK(mp3a_ranges_at_most(&o, n * least - 1) == (before ? before : 1), "less, %u", n);
      }
    }
  }
}

int main(void) {
  RUN(check_counts());
  RUN(check_warm_ups());
  RUN(check_modes());
  RUN(check_calls());
  RUN(check_states());
  RUN(check_refusals());
  return check_finish();
}
