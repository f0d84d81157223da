/* The built shared libraries as a program meets them: loads both, encodes synthetic
   clips by LAME's API and sends them through round trips, and compares hashes that
   are the same on every platform. Stock LAME passes too, built by `zig build stock`.

     check_library LIBMP3LAME LIBMP3AUGMENT */
#include <stdlib.h>
#include <string.h>

#if defined(_WIN32)
#include <windows.h>
#elif !defined(__wasm__)
#include <dlfcn.h>
#endif

#include "roundtrip/block_decoder.h"
#include "tests/check.h"
#include "tests/hash.h"
#include <lame.h>
#include "mp3augment.h"

static const uint64_t expected_mp3 = 0x512e50b631b0dba4, expected_decoded = 0x6ef4e50f439786e4,
                      expected_roundtrip = 0x2f8d0c6dafd70e84;

#define LAME_FUNCTIONS(X)                                                                   \
  X(lame_init) X(lame_init_params) X(lame_close) X(lame_set_num_channels)                   \
  X(lame_set_in_samplerate) X(lame_set_out_samplerate) X(lame_set_mode) X(lame_set_quality) \
  X(lame_set_brate) X(lame_set_disable_reservoir) X(lame_set_bWriteVbrTag) X(lame_set_VBR)  \
  X(lame_set_VBR_quality) X(lame_set_VBR_mean_bitrate_kbps) X(lame_set_findReplayGain)      \
  X(lame_encode_buffer_ieee_float) X(lame_encode_flush) X(lame_get_RadioGain)
#define SHIM_FUNCTIONS(X) X(mp3a_abi_version) X(mp3a_roundtrip)

static struct {
#define MEMBER(name) __typeof__(&name) name;
  LAME_FUNCTIONS(MEMBER)
  SHIM_FUNCTIONS(MEMBER)
} api;

#if defined(__wasm__)
/* Both are inside the program. */
static void *load(const char *path) { return (void *)path; }
static void *find(void *library, const char *name) {
  (void)library;
#define FIND_INSIDE(function) \
  if (strcmp(name, #function) == 0) return (void *)function;
  LAME_FUNCTIONS(FIND_INSIDE)
  SHIM_FUNCTIONS(FIND_INSIDE)
  return NULL;
}
static const char *reason(void) { return "missing"; }
#elif defined(_WIN32)
static void *load(const char *path) { return (void *)LoadLibraryA(path); }
static void *find(void *library, const char *name) {
  return (void *)GetProcAddress((HMODULE)library, name);
}
static const char *reason(void) {
  static char text[32];
  snprintf(text, sizeof text, "error %lu", GetLastError());
  return text;
}
#else
static void *load(const char *path) { return dlopen(path, RTLD_NOW | RTLD_GLOBAL); }
static void *find(void *library, const char *name) { return dlsym(library, name); }
static const char *reason(void) { return dlerror(); }
#endif

static void *load_or_exit(const char *path) {
  void *library = load(path);
  if (library) return library;
  printf("%s: %s\n", path, reason());
  exit(1);
}

static void *find_or_exit(void *library, const char *name) {
  void *function = find(library, name);
  if (function) return function;
  printf("%s is missing\n", name);
  exit(1);
}

static void open_libraries(char **paths) {
  void *lame = load_or_exit(paths[0]);
  void *shim = load_or_exit(paths[1]);
#define FIND_LAME(name) api.name = (__typeof__(&name))find_or_exit(lame, #name);
#define FIND_SHIM(name) api.name = (__typeof__(&name))find_or_exit(shim, #name);
  LAME_FUNCTIONS(FIND_LAME)
  SHIM_FUNCTIONS(FIND_SHIM)
}

/* ---- clips: no function of the C library, and so the same everywhere ---- */

enum { MAX_FRAMES = 16000, MAX_BYTES = 60000 };
static float clip[2][MAX_FRAMES];
static unsigned char bytes[MAX_BYTES];

/* A sine's likeness made of parabolas, of period 1. */
static double wave(double turns) {
  const double t = turns - (double)(int64_t)turns;
  return t < 0.5 ? 16 * t * (0.5 - t) : -16 * (t - 0.5) * (1 - t);
}

/* Tones that glide apart, and noise that starts at once and dies away. */
static void make_clip(uint64_t seed, int rate, float level) {
  float envelope = 0;
  double low = 0, high = 0;
  check_seed(seed);
  for (int i = 0; i < MAX_FRAMES; i++) {
    low += (150 + 0.02 * i) / rate;
    high += (2700 - 0.1 * i) / rate;
    if (check_random() % 3000 == 0) envelope = 0.8f;
    envelope *= 0.996f;
    const float tone = (float)(0.4 * wave(low) + 0.15 * wave(high) + 0.08 * wave(7 * low));
    const float noise = envelope * check_random_float(-1, 1);
    clip[0][i] = level * (tone + noise);
    clip[1][i] = level * (i < MAX_FRAMES / 2 ? 0.8f * tone + noise : 0.7f * noise - tone);
  }
}

/* ---- LAME's own API ---- */

typedef struct {
  int rate_in, rate, kbps, quality;
  MPEG_mode mode;
  vbr_mode vbr;
  int reservoir;
} encoding;

static const encoding encodings[] = {
    {44100, 44100, 128, 7, STEREO, vbr_off, 0},
    {44100, 44100, 128, 3, JOINT_STEREO, vbr_off, 1},
    {48000, 48000, 320, 9, STEREO, vbr_off, 0},
    {48000, 48000, 96, 0, JOINT_STEREO, vbr_off, 1},
    {32000, 32000, 64, 5, JOINT_STEREO, vbr_off, 0},
    {24000, 24000, 48, 2, JOINT_STEREO, vbr_off, 1},
    {22050, 22050, 32, 7, MONO, vbr_off, 1},
    {16000, 16000, 24, 6, MONO, vbr_off, 0},
    {12000, 12000, 16, 4, JOINT_STEREO, vbr_off, 1},
    {8000, 8000, 8, 8, MONO, vbr_off, 1},
    {44100, 44100, 130, 5, JOINT_STEREO, vbr_abr, 1},
    {22050, 22050, 60, 2, STEREO, vbr_abr, 1},
    {44100, 44100, 2, 3, JOINT_STEREO, vbr_mtrh, 1},
    {48000, 48000, 6, 5, STEREO, vbr_mtrh, 1},
    {32000, 32000, 0, 1, JOINT_STEREO, vbr_rh, 1},
    {24000, 24000, 9, 4, MONO, vbr_rh, 1},
    {11025, 11025, 5, 2, JOINT_STEREO, vbr_mtrh, 1},
    {44100, 32000, 112, 5, JOINT_STEREO, vbr_off, 1},
    {48000, 22050, 4, 2, JOINT_STEREO, vbr_mtrh, 1},
    {16000, 44100, 64, 7, MONO, vbr_off, 0},
};

/* Returns the number of MP3 bytes in `bytes`. */
static int encode(const encoding *e) {
  const int channels = e->mode == MONO ? 1 : 2;
  lame_t lame = api.lame_init();
  api.lame_set_num_channels(lame, channels);
  api.lame_set_in_samplerate(lame, e->rate_in);
  api.lame_set_out_samplerate(lame, e->rate);
  api.lame_set_mode(lame, e->mode);
  api.lame_set_quality(lame, e->quality);
  api.lame_set_disable_reservoir(lame, !e->reservoir);
  api.lame_set_bWriteVbrTag(lame, 0);
  api.lame_set_findReplayGain(lame, 1);
  api.lame_set_VBR(lame, e->vbr);
  if (e->vbr == vbr_off) api.lame_set_brate(lame, e->kbps);
  else if (e->vbr == vbr_abr) api.lame_set_VBR_mean_bitrate_kbps(lame, e->kbps);
  else api.lame_set_VBR_quality(lame, (float)e->kbps);
  CHECK(api.lame_init_params(lame) == 0, "rate %d, quality %d", e->rate, e->quality);
  int size =
      api.lame_encode_buffer_ieee_float(lame, clip[0], clip[1], MAX_FRAMES, bytes, MAX_BYTES);
  size += api.lame_encode_flush(lame, bytes + size, MAX_BYTES - size);
  const int gain = api.lame_get_RadioGain(lame);
  memcpy(bytes + size, &gain, sizeof gain);
  api.lame_close(lame);
  return size;
}

/* The decoder inside this program: the shim's, compiled for this platform. */
static uint64_t decode(uint64_t hash, int channels, uint32_t byte_size) {
  static mp3a_block_decoder decoder;
  static float pcm[2][4 * MAX_FRAMES];
  memset(pcm, 0, sizeof pcm);
  mp3a_block_decoder_begin(&decoder, channels, false, 0, 1);
  mp3a_block_decoder_give(&decoder, mp3a_float_sink(pcm[0], channels == 2 ? pcm[1] : NULL),
                          4 * MAX_FRAMES);
  CHECK(mp3a_block_decoder_feed(&decoder, bytes, byte_size) == MP3A_OK, "%u bytes", byte_size);
  return hash_bytes(hash, pcm, sizeof pcm);
}

static void check_encodings(void) {
  uint64_t mp3 = HASH_START, decoded = HASH_START;
  for (size_t i = 0; i < sizeof encodings / sizeof *encodings; i++) {
    const encoding *e = &encodings[i];
    make_clip(i + 1, e->rate_in, i % 5 == 4 ? 1.6f : 1);
    const int size = encode(e);
    mp3 = hash_bytes(mp3, bytes, (size_t)size + sizeof(int));
    decoded = decode(decoded, e->mode == MONO ? 1 : 2, (uint32_t)size);
  }
  CHECK(mp3 == expected_mp3, "MP3 bytes: 0x%016llx", (unsigned long long)mp3);
  CHECK(decoded == expected_decoded, "decoded: 0x%016llx", (unsigned long long)decoded);
}

/* ---- round trips ---- */

static uint64_t roundtrip(uint64_t hash, const mp3a_options *options) {
  static float output[2][MAX_FRAMES];
  const int stereo = options->channel_count == 2;
  mp3a_stats stats;
  make_clip((uint64_t)(options->bitrate_kbps + options->quality), options->sample_rate_hz,
            options->quality == 9 ? 2.5f : 1);
  const int32_t status =
      api.mp3a_roundtrip(options, clip[0], stereo ? clip[1] : NULL, MAX_FRAMES / 4, output[0],
                         stereo ? output[1] : NULL, MAX_FRAMES / 4, &stats);
  CHECK(status == MP3A_OK, "%d Hz, %d kbps, quality %d: status %d", options->sample_rate_hz,
        options->bitrate_kbps, options->quality, status);
  hash = hash_bytes(hash, &stats, sizeof stats);
  for (int i = 0; i <= stereo; i++)
    hash = hash_bytes(hash, output[i], MAX_FRAMES / 4 * sizeof(float));
  return hash;
}

static void check_roundtrips(void) {
  static const int rates[] = {8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000};
  static const int kbps[] = {8, 40, 64, 128, 320};
  uint64_t hash = HASH_START;
  int quality = 0;
  for (size_t r = 0; r < sizeof rates / sizeof *rates; r++) {
    for (size_t k = 0; k < sizeof kbps / sizeof *kbps; k++, quality = (quality + 3) % 10) {
      const mp3a_options options = {.struct_byte_size = sizeof options, .sample_rate_hz = rates[r],
                                    .bitrate_kbps = kbps[k], .quality = quality,
                                    .channel_count = 1 + (int)((r + k) % 2)};
      hash = roundtrip(hash, &options);
    }
  }
  CHECK(hash == expected_roundtrip, "round trips: 0x%016llx", (unsigned long long)hash);
}

static void check_version(void) {
  CHECK(api.mp3a_abi_version() == MP3A_ABI_VERSION, "ABI version %u", api.mp3a_abi_version());
}

int main(int argc, char **argv) {
  if (argc != 3) {
    puts("usage: check_library LIBMP3LAME LIBMP3AUGMENT");
    return 2;
  }
  open_libraries(argv + 1);
  RUN(check_version());
  RUN(check_encodings());
  RUN(check_roundtrips());
  return check_finish();
}
