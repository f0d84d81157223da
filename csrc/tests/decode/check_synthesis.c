/* The decoder's transforms against minimp3's own, and whole frames of coded
   noise and tones, sound and damaged, through both decoders. Bit for bit. */
#include <stdlib.h>

#define mp3dec_init mp3dec_init_stock
#define mp3dec_decode_frame mp3dec_decode_frame_stock
#define mp3dec_f32_to_s16 mp3dec_f32_to_s16_stock
#if defined(__GNUC__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
#endif
#define MINIMP3_IMPLEMENTATION
#include "decode/minimp3_float.h"
#if defined(__GNUC__)
#pragma GCC diagnostic pop
#endif

#include <math.h>

#include "decode/frame.h"
#include "decode/synthesis.h"
#include "lame/kernels/kernels.h"
#include "tests/check.h"
#include <lame.h>

void check_synthesis(unsigned cpu_flags, const char *tier, int bench);

enum { LINES = 576, BANDS = MP3A_SUBBANDS, HISTORY = MP3A_SYNTHESIS_HISTORY };

static int pick(int count) { return (int)(check_random() % (uint32_t)count); }

static float random_line(int kind) {
  static const float edges[] = {0.0f, -0.0f, 1e-38f, -1e-42f, 1e20f, -1e20f};
  if (kind == 1) return edges[pick(6)];
  return kind == 2 && pick(4) ? 0 : check_random_float(-1, 1);
}

/* ---- the kernels ---- */

static void minimp3_imdct(float *lines, float *overlap, int type, int long_bands) {
  L3_imdct_gr(lines, overlap, (unsigned)type, (unsigned)long_bands);
  L3_change_sign(lines);
}

static void our_imdct(const mp3a_synthesis_kernels *kernels, float *lines,
                      mp3a_imdct_overlap overlap, int type, int long_bands) {
  const int is_short = type == SHORT_BLOCK_TYPE, is_stop = type == STOP_BLOCK_TYPE;
  if (long_bands) mp3a_imdct_mixed(lines, overlap, long_bands, is_stop, is_short);
  else if (is_short) kernels->imdct_short(lines, overlap);
  else kernels->imdct_long(lines, overlap, is_stop);
}

static int same_overlap(const float *theirs, mp3a_imdct_overlap ours) {
  int is_same = 1;
  for (int band = 0; band < BANDS; band++)
    for (int i = 0; i < 9; i++)
      is_same &= !memcmp(&theirs[9 * band + i], &ours[i][band], sizeof(float));
  return is_same;
}

static void check_imdct(const mp3a_synthesis_kernels *kernels, const char *tier) {
  static const int long_bands[] = {0, 0, 0, 2, 4};
  float theirs[LINES], ours[LINES + 1], their_overlap[9 * BANDS] = {0};
  mp3a_imdct_overlap overlap = {{0}};
  for (int round = 0; round < 60; round++) {
    const int type = pick(4), mixed = long_bands[pick(5)], shift = round % 2, kind = pick(3);
    for (int i = 0; i < LINES; i++) theirs[i] = ours[shift + i] = random_line(kind);
    minimp3_imdct(theirs, their_overlap, type, mixed);
    our_imdct(kernels, ours + shift, overlap, type, mixed);
    CHECK(!memcmp(theirs, ours + shift, sizeof theirs) && same_overlap(their_overlap, overlap),
          "inverse MDCT %s, type %d, %d long bands", tier, type, mixed);
  }
}

/* Without SIMD minimp3 adds in an order of its own. There the scalar twin tells what is right,
   and check_library's hashes tell it of whole files. */
static void reference_synthesize(float *state, float *lines, int channels, float *pcm) {
#if HAVE_SIMD
  float scratch[33 * 64];
  mp3d_synth_granule(state, lines, 18, channels, pcm, scratch);
#else
  static mp3a_synthesis_history twin_history[2];
  if (state[0] == 0) memset(twin_history, 0, sizeof twin_history);
  state[0] = 1;
  mp3a_synthesis_kernels twin;
  mp3a_synthesis_select(&twin, 0);
  for (int ch = 0; ch < channels; ch++) {
    float samples[LINES];
    twin.synthesize(lines + LINES * ch, twin_history[ch], samples);
    for (int i = 0; i < LINES; i++) pcm[i * channels + ch] = samples[i];
  }
#endif
}

static void check_synthesize(const mp3a_synthesis_kernels *kernels, const char *tier) {
  float lines[2 * LINES + 8], theirs[2 * LINES], ours[2][LINES], state[15 * 64] = {0};
  mp3a_synthesis_history history[2] = {{{0}}};
  for (int round = 0; round < 60; round++) {
    const int channels = round < 20 ? 1 : round < 40 ? 2 : 1 + pick(2), kind = pick(3);
    for (int i = 0; i < 2 * LINES + 8; i++) lines[i] = random_line(kind);
    for (int ch = 0; ch < channels; ch++)
      kernels->synthesize(lines + LINES * ch, history[ch], ours[ch]);
    reference_synthesize(state, lines, channels, theirs);
    int is_same = 1;
    for (int i = 0; i < LINES * channels; i++)
      is_same &= !memcmp(&theirs[i], &ours[i % channels][i / channels], sizeof(float));
    CHECK(is_same, "synthesize %s, %d channels", tier, channels);
  }
}

/* ---- whole frames ---- */

static void fill_clip(float *left, float *right, int count) {
  const float pitch = check_random_float(0.01f, 0.5f), loud = check_random_float(0, 1);
  for (int i = 0; i < count; i++) {
    const float noise = i % 3000 < 400 ? check_random_float(-1, 1) : 0;
    left[i] = loud * (0.5f * sinf(pitch * (float)i) + 0.5f * noise);
    right[i] = 0.7f * left[i] + check_random_float(-0.05f, 0.05f);
  }
}

/* A short stream with settings at random; returns its size. */
static int encode_clip(unsigned char *bytes, int capacity) {
  enum { COUNT = 12000 };
  static const int rates[] = {8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000};
  static float left[COUNT], right[COUNT];
  static const MPEG_mode modes[] = {STEREO, JOINT_STEREO, MONO};
  lame_t lame = lame_init();
  const int rate = rates[pick(9)], mode = pick(3);
  lame_set_num_channels(lame, mode == 2 ? 1 : 2);
  lame_set_mode(lame, modes[mode]);
  lame_set_in_samplerate(lame, rate);
  lame_set_out_samplerate(lame, rate);
  lame_set_quality(lame, 5 + pick(5));
  lame_set_disable_reservoir(lame, pick(2));
  if (pick(3)) lame_set_brate(lame, 8 << pick(6));
  else lame_set_VBR(lame, vbr_mtrh);
  lame_init_params(lame);
  fill_clip(left, right, COUNT);
  int size = lame_encode_buffer_ieee_float(lame, left, right, COUNT, bytes, capacity);
  size += lame_encode_flush(lame, bytes + size, capacity - size);
  lame_close(lame);
  return size;
}

static int same_frame(const float *theirs, float (*ours)[1152], int channels, int count) {
  int is_same = 1;
  for (int i = 0; i < count * channels; i++)
    is_same &= !memcmp(&theirs[i], &ours[i % channels][i / channels], sizeof(float));
  return is_same;
}

static void check_sound(const unsigned char *bytes, int size) {
  static mp3dec_t theirs, ours;
  float interleaved[MINIMP3_MAX_SAMPLES_PER_FRAME], planes[2][1152];
  float *const pointers[2] = {planes[0], planes[1]};
  mp3dec_frame_info_t info[2];
  mp3dec_init(&theirs);
  mp3dec_init(&ours);
  for (int at = 0, frame = 0; at < size; at += info[0].frame_bytes, frame++) {
    memset(info, 0, sizeof info);
    const int count = mp3dec_decode_frame(&theirs, bytes + at, size - at, interleaved, &info[0]);
    const int our_count = mp3a_decode_frame(&ours, bytes + at, size - at, pointers, &info[1]);
    CHECK(count == our_count && !memcmp(&info[0], &info[1], sizeof *info) &&
              same_frame(interleaved, planes, info[0].channels, count),
          "frame %d of %d channels at %d Hz", frame, info[0].channels, info[0].hz);
    if (info[0].frame_bytes == 0) break;
  }
}

/* Leaves `value` where the next call's variables will be. */
static __attribute__((noinline)) void fill_stack(int value) {
  volatile unsigned char bytes[30000];
  for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (unsigned char)value;
}

/* minimp3 reads uninitialised memory when a stream is damaged, so there is
   nothing to compare with; but ours must give the same twice. */
static void check_damaged(const unsigned char *bytes, int size) {
  static mp3dec_t codecs[2];
  float planes[2][2][1152];
  mp3dec_frame_info_t info;
  mp3dec_init(&codecs[0]);
  mp3dec_init(&codecs[1]);
  for (int at = 0, frame = 0; at < size; at += info.frame_bytes, frame++) {
    int count[2];
    memset(planes, 0, sizeof planes);
    for (int i = 0; i < 2; i++) {
      float *const pointers[2] = {planes[i][0], planes[i][1]};
      fill_stack(i ? 0 : 0xff);
      count[i] = mp3a_decode_frame(&codecs[i], bytes + at, size - at, pointers, &info);
    }
    CHECK(count[0] == count[1] && !memcmp(planes[0], planes[1], sizeof planes[0]),
          "damaged frame %d", frame);
    if (info.frame_bytes == 0) break;
  }
}

static void check_streams(void) {
  enum { CAPACITY = 1 << 16 };
  unsigned char *bytes = malloc(CAPACITY);
  for (int round = 0; round < 30; round++) {
    const int size = encode_clip(bytes, CAPACITY);
    CHECK(size > 0, "encoding gave %d", size);
    if (HAVE_SIMD) check_sound(bytes, size);
    for (int i = 0; i < size / 300; i++) bytes[pick(size)] ^= (unsigned char)(1 << pick(8));
    check_damaged(bytes, size);
  }
  free(bytes);
}

/* ---- time ---- */

static void fill_timed(float lines[LINES]) {
  for (int i = 0; i < LINES; i++) lines[i] = (float)(i % 37) - 18;
}

static void time_synthesis(const mp3a_synthesis_kernels *kernels, const char *tier) {
  static float lines[LINES], samples[LINES], state[15 * 64], scratch[33 * 64];
  static mp3a_synthesis_history history;
  static mp3a_imdct_overlap overlap;
  TIME(tier, "imdct_long", 1, fill_timed(lines), kernels->imdct_long(lines, overlap, 0),
       minimp3_imdct(lines, overlap[0], 0, 0), "minimp3's");
  TIME(tier, "synthesize", 1, fill_timed(lines), kernels->synthesize(lines, history, samples),
       mp3d_synth_granule(state, lines, 18, 1, samples, scratch), "minimp3's (mono)");
}

void check_synthesis(unsigned cpu_flags, const char *tier, int bench) {
  mp3a_synthesis_kernels kernels;
  mp3a_synthesis_select(&kernels, cpu_flags);
  if (bench) {
    time_synthesis(&kernels, tier);
    return;
  }
  for (int i = 0; i < 10; i++) check_imdct(&kernels, tier);
  for (int i = 0; i < 10; i++) check_synthesize(&kernels, tier);
  if (cpu_flags == 0) check_streams(); /* always with the machine's best */
}
