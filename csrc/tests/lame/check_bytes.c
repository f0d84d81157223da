/* Compares whole encodes: stock LAME against the library with our kernels, MP3
   byte for byte, with LAME's return codes and statistics. Both are shared
   libraries with LAME's public API, opened side by side:

     check_bytes STOCK.so OURS.so [--full] [--seed N] [--wav FILE] [--only N]
       [--known FILE] [--time [--clip FILE]]

   STOCK.so  every .c of LAME's libmp3lame/ and libmp3lame/vector/ but
             mpglib_interface.c, unchanged, with the flags of zig/sources.zig, as in
               zig cc -target x86_64-linux-gnu -shared -fPIC -O3 -std=gnu11 \
                 -fno-sanitize=all -ffp-contract=off (the -D flags) \
                 -I include -I libmp3lame ...
             (without -target, zig cc compiles for this very processor, which
             makes --time compare something else than what is shipped)
   OURS.so   the same files with the replaced entry points renamed
             (-Dname=name_lame), and csrc/common/cpu.c and csrc/lame/<all>.c.
   This program: cc -O2 -std=gnu11 -I LAME/include check_bytes.c byte_clips.c check.c -ldl -lm

   Without --full it draws a sample (under a minute on one core); with it, every
   rate x bitrate x channels x quality 7, 8, 9 on three clips full of attacks,
   quality 0 to 6 on one, every pair of sample rates, LAME's own choice of a rate, and
   many draws of the other modes. --only N repeats
   the case that a failure names; --known FILE takes stock LAME's results from there, or keeps
   them there for the next run with the same cases; --time prints a table of CPU times in all
   modes instead, of noise or of a clip: 32-bit floats, left, then right. */
#include <dlfcn.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/check.h"
#include "tests/hash.h"
#include "tests/lame/byte_clips.h"
#include <lame.h>

/* The part of LAME's API in use, opened once per library. */
#define LAME_FUNCTIONS(X)                                                                    \
  X(lame_init) X(lame_init_params) X(lame_close) X(lame_set_num_channels)                    \
  X(lame_set_in_samplerate) X(lame_set_out_samplerate) X(lame_set_mode) X(lame_set_quality)  \
  X(lame_set_brate) X(lame_set_disable_reservoir) X(lame_set_bWriteVbrTag) X(lame_set_VBR)   \
  X(lame_set_VBR_quality) X(lame_set_VBR_mean_bitrate_kbps) X(lame_set_VBR_min_bitrate_kbps) \
  X(lame_set_error_protection) X(lame_set_free_format) X(lame_set_strict_ISO)                \
  X(lame_set_force_ms) X(lame_set_findReplayGain) X(lame_set_scale) X(lame_set_scale_left)   \
  X(lame_set_lowpassfreq) X(lame_set_highpassfreq) X(lame_set_no_short_blocks)               \
  X(lame_set_force_short_blocks) X(lame_set_allow_diff_short) X(lame_set_noATH)              \
  X(lame_set_ATHonly) X(lame_set_useTemporal) X(lame_set_msfix) X(lame_set_copyright)        \
  X(lame_set_quant_comp) X(lame_set_quant_comp_short)                                        \
  X(lame_set_extension) X(lame_set_emphasis) X(lame_set_compression_ratio)                   \
  X(lame_set_VBR_hard_min) X(lame_set_errorf) X(lame_set_debugf) X(lame_set_msgf)            \
  X(lame_encode_buffer) X(lame_encode_buffer_interleaved)                                    \
  X(lame_encode_buffer_interleaved_ieee_float) X(lame_encode_buffer_ieee_float)              \
  X(lame_encode_flush) X(lame_encode_flush_nogap) X(lame_init_bitstream)                     \
  X(lame_get_lametag_frame) X(lame_get_frameNum) X(lame_get_framesize)                       \
  X(lame_get_encoder_delay) X(lame_get_encoder_padding) X(lame_get_size_mp3buffer)           \
  X(lame_get_mf_samples_to_encode) X(lame_get_RadioGain) X(lame_get_brate)                   \
  X(lame_get_out_samplerate) X(lame_bitrate_hist) X(lame_bitrate_kbps)                       \
  X(lame_bitrate_stereo_mode_hist) X(lame_bitrate_block_type_hist) X(id3tag_init)            \
  X(id3tag_add_v2) X(id3tag_set_title)

typedef struct {
#define MEMBER(name) __typeof__(&name) name;
  LAME_FUNCTIONS(MEMBER)
} lame_api;

static void open_library(lame_api *api, const char *path) {
  void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    fprintf(stderr, "%s\n", dlerror());
    exit(2);
  }
#define LOAD(name)                                               \
  api->name = (__typeof__(&name))dlsym(library, #name);          \
  if (!api->name) fprintf(stderr, "%s lacks " #name "\n", path), exit(2);
  LAME_FUNCTIONS(LOAD)
}

/* ---- one encode ---- */

enum { MAX_BYTES = 1 << 19 };

enum { FLAG_RESERVOIR = 1, FLAG_TAG = 2, FLAG_CRC = 4, FLAG_FREE_FORMAT = 8, FLAG_STRICT = 16,
       FLAG_FORCE_MS = 32, FLAG_REPLAY_GAIN = 64, FLAG_SCALE = 128, FLAG_BANDPASS = 256,
       FLAG_NO_SHORT = 512, FLAG_ONLY_SHORT = 1024, FLAG_DIFF_SHORT = 2048, FLAG_ATH_ONLY = 4096,
       FLAG_ID3 = 8192, FLAG_NO_GAP = 16384, FLAG_TIGHT = 32768, FLAG_HARD_MIN = 65536,
       FLAG_HEADER_BITS = 131072, FLAG_NO_ATH = 262144, FLAG_NO_TEMPORAL = 524288,
       FLAG_COMPARISON = 1048576 };

typedef enum {
  API_FLOAT, API_INT16, API_INT16_INTERLEAVED, API_FLOAT_INTERLEAVED, API_COUNT
} api_kind;

typedef struct {
  clip_kind clip;
  int frames, rate_in, rate, channels_in, quality, bitrate, block;
  MPEG_mode mode;
  vbr_mode vbr;
  float vbr_quality;
  api_kind api;
  unsigned flags;
} encode_case;

typedef struct {
  size_t size;
  int codes[16], code_count;
  unsigned code_hash;
  int numbers[16], histogram[14], kbps[14], modes[14][4], blocks[14][6];
  unsigned char bytes[MAX_BYTES];
} encode_result;

static void configure(const lame_api *api, lame_t lame, const encode_case *c) {
  const unsigned f = c->flags;
  api->lame_set_errorf(lame, 0), api->lame_set_debugf(lame, 0), api->lame_set_msgf(lame, 0);
  api->lame_set_num_channels(lame, c->channels_in);
  api->lame_set_in_samplerate(lame, c->rate_in);
  api->lame_set_out_samplerate(lame, c->rate);
  api->lame_set_mode(lame, c->mode);
  api->lame_set_quality(lame, c->quality);
  api->lame_set_disable_reservoir(lame, !(f & FLAG_RESERVOIR));
  api->lame_set_bWriteVbrTag(lame, (f & FLAG_TAG) != 0);
  api->lame_set_VBR(lame, c->vbr);
  if (c->vbr == vbr_off) api->lame_set_brate(lame, c->bitrate);
  else if (c->vbr == vbr_abr) api->lame_set_VBR_mean_bitrate_kbps(lame, c->bitrate);
  else api->lame_set_VBR_quality(lame, c->vbr_quality);
  if (f & FLAG_HARD_MIN) {
    api->lame_set_VBR_hard_min(lame, 1);
    api->lame_set_VBR_min_bitrate_kbps(lame, c->bitrate);
  }
  api->lame_set_error_protection(lame, (f & FLAG_CRC) != 0);
  if (f & FLAG_FREE_FORMAT) api->lame_set_free_format(lame, 1);
  if (f & FLAG_STRICT) api->lame_set_strict_ISO(lame, 1);
  if (f & FLAG_FORCE_MS) api->lame_set_force_ms(lame, 1);
  if (f & FLAG_REPLAY_GAIN) api->lame_set_findReplayGain(lame, 1);
  if (f & FLAG_SCALE) api->lame_set_scale(lame, 0.7f), api->lame_set_scale_left(lame, 1.3f);
  if (f & FLAG_BANDPASS) {
    api->lame_set_lowpassfreq(lame, c->rate / 4);
    api->lame_set_highpassfreq(lame, 150);
  }
  if (f & FLAG_NO_SHORT) api->lame_set_no_short_blocks(lame, 1);
  if (f & FLAG_ONLY_SHORT) api->lame_set_force_short_blocks(lame, 1);
  if (f & FLAG_DIFF_SHORT) api->lame_set_allow_diff_short(lame, 1);
  if (f & FLAG_ATH_ONLY) api->lame_set_ATHonly(lame, 1);
  if (f & FLAG_NO_ATH) api->lame_set_noATH(lame, 1);
  if (f & FLAG_NO_TEMPORAL) api->lame_set_useTemporal(lame, 0);
  if (f & FLAG_COMPARISON) {
    api->lame_set_quant_comp(lame, c->frames % 10);
    api->lame_set_quant_comp_short(lame, c->frames / 10 % 10);
  }
  if (f & FLAG_HEADER_BITS) {
    api->lame_set_copyright(lame, 1), api->lame_set_extension(lame, 1);
    api->lame_set_emphasis(lame, 1);
  }
  if (f & FLAG_ID3) {
    api->id3tag_init(lame), api->id3tag_add_v2(lame);
    api->id3tag_set_title(lame, "check_bytes");
  }
}

/* Keeps a return code (the last few to read, all in a hash). */
static int note(encode_result *r, int code) {
  r->codes[r->code_count++ % 16] = code;
  r->code_hash = r->code_hash * 31u + (unsigned)code;
  if (code > 0) r->size += (size_t)code;
  return code;
}

static int encode_block(const lame_api *api, lame_t lame, const encode_case *c, int at, int count,
                        unsigned char *out, int room) {
  static float both[2 * MAX_BLOCK];
  static int16_t samples[3][2 * MAX_BLOCK];
  const float *left = clip[0] + at, *right = clip[1] + at;
  if (c->api == API_FLOAT) {
    return api->lame_encode_buffer_ieee_float(lame, left, c->channels_in == 2 ? right : 0, count,
                                              out, room);
  }
  for (int i = 0; i < count; i++) {
    both[2 * i] = left[i], both[2 * i + 1] = right[i];
    for (int ch = 0; ch < 2; ch++) {
      const float x = fminf(fmaxf(both[2 * i + ch], -1), 1) * 32767;
      samples[ch][i] = samples[2][2 * i + ch] = (int16_t)x;
    }
  }
  if (c->api == API_INT16) {
    return api->lame_encode_buffer(lame, samples[0], samples[1], count, out, room);
  }
  if (c->api == API_INT16_INTERLEAVED) {
    return api->lame_encode_buffer_interleaved(lame, samples[2], count, out, room);
  }
  return api->lame_encode_buffer_interleaved_ieee_float(lame, both, count, out, room);
}

static void read_statistics(const lame_api *api, lame_t lame, encode_result *r) {
  int *n = r->numbers;
  *n++ = api->lame_get_frameNum(lame), *n++ = api->lame_get_framesize(lame);
  *n++ = api->lame_get_encoder_delay(lame), *n++ = api->lame_get_encoder_padding(lame);
  *n++ = api->lame_get_size_mp3buffer(lame), *n++ = api->lame_get_mf_samples_to_encode(lame);
  *n++ = api->lame_get_RadioGain(lame), *n++ = api->lame_get_brate(lame);
  *n++ = api->lame_get_out_samplerate(lame);
  api->lame_bitrate_hist(lame, r->histogram);
  api->lame_bitrate_kbps(lame, r->kbps);
  api->lame_bitrate_stereo_mode_hist(lame, r->modes);
  api->lame_bitrate_block_type_hist(lame, r->blocks);
}

static void encode(const lame_api *api, const encode_case *c, encode_result *r) {
  memset(r, 0, offsetof(encode_result, bytes));
  lame_t lame = api->lame_init();
  configure(api, lame, c);
  int ready = api->lame_init_params(lame);
  if (note(r, ready) == 0) {
    for (int at = 0, step = 0; at < c->frames; step++) {
      int count = c->block;
      if (count == 0) count = 1 + (step * 977 + 13) % MAX_BLOCK; /* uneven blocks */
      if (count > c->frames - at) count = c->frames - at;
      /* Too little room: an error, after which LAME's state is not to be used. */
      const int tight = (c->flags & FLAG_TIGHT) && step == 6;
      const int room = tight ? 50 : MAX_BYTES - (int)r->size;
      if (note(r, encode_block(api, lame, c, at, count, r->bytes + r->size, room)) < 0) break;
      at += count;
      if ((c->flags & FLAG_NO_GAP) && step == 9) {
        note(r, api->lame_encode_flush_nogap(lame, r->bytes + r->size, room));
        api->lame_init_bitstream(lame);
      }
    }
    if (r->codes[(r->code_count - 1) % 16] >= 0) {
      note(r, api->lame_encode_flush(lame, r->bytes + r->size, MAX_BYTES - (int)r->size));
      note(r, (int)api->lame_get_lametag_frame(lame, r->bytes + r->size, MAX_BYTES - r->size));
    }
    read_statistics(api, lame, r);
  }
  api->lame_close(lame);
}

/* ---- cases ---- */

static lame_api stock, ours;
static encode_result expected, actual;
static long case_number, only_case = -1;
static uint64_t seed = 1;

static const int rates[9] = {8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000};
static const int bitrates[18] = {8,  16,  24,  32,  40,  48,  56,  64,  80,
                                 96, 112, 128, 144, 160, 192, 224, 256, 320};

static unsigned pick(unsigned count) { return check_random() % count; }

/* Hashes of what stock LAME gives, for runs that compare many libraries with it. */
enum { MAX_KNOWN = 1 << 15 };
static uint64_t known[MAX_KNOWN];
static size_t known_count;
static const char *known_path;

static uint64_t hash_of(const encode_result *r) {
  return hash_bytes(hash_bytes(HASH_START, r, offsetof(encode_result, bytes)), r->bytes, r->size);
}

static void read_known(const char *path) {
  FILE *file = fopen(known_path = path, "rb");
  if (!file) return;
  known_count = fread(known, sizeof *known, MAX_KNOWN, file);
  fclose(file);
}

static void write_known(void) {
  FILE *file = fopen(known_path, "wb");
  const size_t count = case_number < MAX_KNOWN ? (size_t)case_number : MAX_KNOWN;
  if (!file || fwrite(known, sizeof *known, count, file) != count || fclose(file))
    fprintf(stderr, "can't write %s\n", known_path), exit(2);
}

static void compare(const encode_case *c) {
  const long number = case_number++;
  if (only_case >= 0 && number != only_case) return;
  check_goes_on();
  check_seed(seed * 1000003u + (uint64_t)number); /* the same clip when run alone */
  make_clip(c->frames, c->rate_in, c->clip);
  encode(&ours, c, &actual);
  if ((size_t)number < known_count) {
    CHECK(hash_of(&actual) == known[number], "case %ld: not stock LAME's", number);
    return;
  }
  encode(&stock, c, &expected);
  if (number < MAX_KNOWN) known[number] = hash_of(&expected);
  size_t at = 0;
  const size_t least = expected.size < actual.size ? expected.size : actual.size;
  while (at < least && expected.bytes[at] == actual.bytes[at]) at++;
  const int same_bytes = at == expected.size && at == actual.size;
  const int same_rest = !memcmp(&expected, &actual, offsetof(encode_result, bytes));
  CHECK(same_bytes && same_rest,
        "case %ld (seed %llu): clip %s, %d frames, rate %d to %d, %d channels, mode %d, "
        "quality %d, bitrate %d, vbr %d V%.1f, api %d, block %d, flags 0x%x: %s at byte %zu, "
        "%zu bytes for %zu",
        number, (unsigned long long)seed, clip_names[c->clip], c->frames, c->rate_in, c->rate,
        c->channels_in, c->mode, c->quality, c->bitrate, c->vbr, c->vbr_quality, c->api, c->block,
        c->flags, same_bytes ? "statistics differ" : "differs", at, actual.size, expected.size);
}

/* What the round trip uses unless told otherwise. */
static encode_case plain_case(clip_kind kind, int rate, int bitrate, int channels, int quality) {
  const int least = 8 * 1152, tenths = rate * 6 / 10;
  return (encode_case){.clip = kind, .frames = tenths < least ? least : tenths, .rate_in = rate,
                       .rate = rate, .channels_in = channels, .quality = quality,
                       .bitrate = bitrate, .block = 1152, .mode = channels == 2 ? STEREO : MONO,
                       .vbr = vbr_off};
}

static encode_case random_plain_case(void) {
  encode_case c = plain_case(pick(CLIP_COUNT), rates[pick(9)], bitrates[pick(18)],
                             1 + (int)pick(2), (int)pick(10));
  c.frames -= (int)pick(2000);
  return c;
}

/* Any mode: each unusual setting with its own small chance. */
static encode_case random_case(void) {
  encode_case c = random_plain_case();
  static const vbr_mode modes[8] = {vbr_off, vbr_off, vbr_off,  vbr_abr,
                                    vbr_rh,  vbr_mtrh, vbr_mtrh, vbr_mt};
  if (c.channels_in == 2 && pick(3)) c.mode = pick(5) ? JOINT_STEREO : MONO;
  c.vbr = modes[pick(8)];
  c.vbr_quality = (float)pick(100) / 10;
  if (!pick(6)) c.rate_in = rates[pick(9)];
  if (!pick(10)) c.frames = 1 + (int)pick(3000);
  if (!pick(3)) c.block = pick(2) ? 0 : 1 + (int)pick(MAX_BLOCK);
  if (!pick(4)) c.api = (api_kind)pick(API_COUNT);
  if (c.channels_in == 1 && c.api > API_INT16) c.api = API_FLOAT;
  if (pick(3)) c.flags |= FLAG_RESERVOIR;
  if (pick(2)) c.flags |= FLAG_TAG;
  for (unsigned flag = FLAG_CRC; flag <= FLAG_COMPARISON; flag <<= 1) {
    if (!pick(8)) c.flags |= flag;
  }
  if (c.vbr != vbr_off) c.flags &= ~(unsigned)FLAG_FREE_FORMAT;
  if (c.flags & FLAG_NO_SHORT) c.flags &= ~(unsigned)FLAG_ONLY_SHORT;
  return c;
}

/* Any mode at another coded rate, or at the one that LAME chooses. */
static encode_case random_resampled_case(void) {
  encode_case c = pick(3) ? random_case() : random_plain_case();
  c.rate_in = rates[pick(9)];
  c.rate = pick(3) ? rates[pick(9)] : 0;
  return c;
}

/* Every pair of rates and LAME's choice for each bitrate, in the ways that files are made. */
static void compare_resampled(void) {
  static const struct {
    vbr_mode vbr;
    int quality;
    unsigned flags;
  } ways[4] = {{vbr_off, 7, 0},
               {vbr_off, 3, FLAG_RESERVOIR | FLAG_TAG},
               {vbr_abr, 5, FLAG_RESERVOIR | FLAG_TAG},
               {vbr_mtrh, 3, FLAG_RESERVOIR | FLAG_TAG}};
  for (int from = 0; from < 9; from++) {
    for (int to = -18; to < 9; to++) {
      for (int way = 0; way < 4; way++) {
        const int channels = 1 + (from + to + way + 18) % 2;
        encode_case c = plain_case(CLIP_REAL_ATTACKS, rates[from], to < 0 ? bitrates[-to - 1] : 48,
                                   channels, ways[way].quality);
        c.rate = to < 0 ? 0 : rates[to];
        c.vbr = ways[way].vbr, c.vbr_quality = (float)((from + to + 18) % 19) / 2;
        c.flags = ways[way].flags;
        if (channels == 2 && c.flags) c.mode = JOINT_STEREO;
        compare(&c);
      }
    }
  }
}

static void compare_grid(const clip_kind *kinds, int kind_count, int low, int high) {
  for (int r = 0; r < 9; r++) {
    for (int b = 0; b < 18; b++) {
      for (int channels = 1; channels <= 2; channels++) {
        for (int quality = low; quality <= high; quality++) {
          for (int k = 0; k < kind_count; k++) {
            const encode_case c = plain_case(kinds[k], rates[r], bitrates[b], channels, quality);
            compare(&c);
          }
        }
      }
    }
  }
}

/* The draws of case N depend on the seed and N alone. */
static void compare_random(int count, encode_case (*draw)(void)) {
  while (count--) {
    check_seed(seed * 7919u + (uint64_t)case_number);
    const encode_case c = draw();
    compare(&c);
  }
}

static void compare_full(void) {
  static const clip_kind attacks[3] = {CLIP_ATTACKS, CLIP_CASTANETS, CLIP_REAL_ATTACKS};
  compare_grid(attacks, 3, 7, 9);
  compare_grid(attacks + 2, 1, 0, 6);
  compare_random(3000, random_plain_case);
  compare_random(6000, random_case);
  compare_resampled();
  compare_random(4000, random_resampled_case);
}

/* ---- time ---- */

static double cpu_ms(const lame_api *api, const encode_case *c) {
  struct timespec from, to;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &from);
  encode(api, c, &actual);
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &to);
  return (double)(to.tv_sec - from.tv_sec) * 1e3 + (double)(to.tv_nsec - from.tv_nsec) / 1e6;
}

static int by_value(const void *a, const void *b) {
  return (*(const double *)a > *(const double *)b) - (*(const double *)a < *(const double *)b);
}

static const char *clip_path;

static void read_floats(FILE *file, long at, float *out, int count) {
  fseek(file, at * (long)sizeof *out, SEEK_SET);
  if (fread(out, sizeof *out, (size_t)count, file) != (size_t)count)
    fprintf(stderr, "%s ends early\n", clip_path), exit(2);
}

/* Returns how many PCM frames there are to encode. */
static int make_timed_clip(void) {
  if (!clip_path) {
    make_clip(MAX_FRAMES, 44100, CLIP_REAL_ATTACKS);
    return MAX_FRAMES;
  }
  FILE *file = fopen(clip_path, "rb");
  if (!file || fseek(file, 0, SEEK_END)) fprintf(stderr, "can't read %s\n", clip_path), exit(2);
  const long there = ftell(file) / (long)sizeof(float) / 2;
  const int frames = there < MAX_TIMED ? (int)there : MAX_TIMED;
  for (int ch = 0; ch < 2; ch++) read_floats(file, ch * there, clip[ch], frames);
  fclose(file);
  return frames;
}

/* The medians of encodes in turns; both must give the same bytes. */
static void print_time(const encode_case *c, const char *mode) {
  enum { REPEATS = 7 };
  double times[2][REPEATS];
  for (int i = 0; i < REPEATS; i++) {
    times[0][i] = cpu_ms(&stock, c);
    memcpy(&expected, &actual, sizeof actual);
    times[1][i] = cpu_ms(&ours, c);
    CHECK(expected.size == actual.size && !memcmp(expected.bytes, actual.bytes, actual.size),
          "%s, quality %d: other bytes", mode, c->quality);
  }
  qsort(times[0], REPEATS, sizeof(double), by_value);
  qsort(times[1], REPEATS, sizeof(double), by_value);
  const double seconds = (double)c->frames / c->rate;
  const double a = times[0][REPEATS / 2], b = times[1][REPEATS / 2];
  printf("| %-34s | %7d | %4.0f | %14.2f | %13.2f | %5.2f |\n", mode, c->quality,
         (double)expected.size * 8e-3 / seconds, a / seconds, b / seconds, a / b);
  fflush(stdout);
}

enum { PLAIN, JOINT = 1, WITH_RESERVOIR = 2 };

static void print_times(void) {
  static const struct {
    const char *name;
    int bitrate, flags, qualities; /* qualities: a bit each */
    vbr_mode vbr;
    float vbr_quality;
  } modes[] = {{"128 kbps", 128, PLAIN, 0x3ff, vbr_off, 0},
               {"128 kbps, joint", 128, JOINT, 0x088, vbr_off, 0},
               {"128 kbps, joint, reservoir", 128, JOINT | WITH_RESERVOIR, 0x0ad, vbr_off, 0},
               {"64 kbps, joint, reservoir", 64, JOINT | WITH_RESERVOIR, 0x008, vbr_off, 0},
               {"320 kbps, joint, reservoir", 320, JOINT | WITH_RESERVOIR, 0x008, vbr_off, 0},
               {"128 kbps ABR, joint, reservoir", 128, JOINT | WITH_RESERVOIR, 0x088, vbr_abr, 0},
               {"VBR 0, joint, reservoir", 0, JOINT | WITH_RESERVOIR, 0x008, vbr_mtrh, 0},
               {"VBR 2, joint, reservoir", 0, JOINT | WITH_RESERVOIR, 0x009, vbr_mtrh, 2},
               {"VBR 4, joint, reservoir", 0, JOINT | WITH_RESERVOIR, 0x088, vbr_mtrh, 4},
               {"VBR 6, joint, reservoir", 0, JOINT | WITH_RESERVOIR, 0x008, vbr_mtrh, 6},
               {"VBR 9, joint, reservoir", 0, JOINT | WITH_RESERVOIR, 0x008, vbr_mtrh, 9}};
  encode_case c = plain_case(CLIP_REAL_ATTACKS, 44100, 128, 2, 0);
  c.frames = make_timed_clip();
  printf("| stereo, 44.1 kHz                   | quality | kbps | stock, ms of CPU "
         "| ours, ms of CPU | ratio |\n| --- | --- | --- | --- | --- | --- |\n");
  for (size_t m = 0; m < sizeof modes / sizeof *modes; m++) {
    c.bitrate = modes[m].bitrate, c.vbr = modes[m].vbr, c.vbr_quality = modes[m].vbr_quality;
    c.mode = modes[m].flags & JOINT ? JOINT_STEREO : STEREO;
    c.flags = modes[m].flags & WITH_RESERVOIR ? FLAG_RESERVOIR : 0;
    for (c.quality = 0; c.quality < 10; c.quality++)
      if (modes[m].qualities >> c.quality & 1) print_time(&c, modes[m].name);
  }
}

int main(int argc, char **argv) {
  int full = 0, timing = 0;
  if (argc < 3) {
    fprintf(stderr, "usage: %s STOCK.so OURS.so [--full] [--seed N] [--wav FILE] [--only N] "
                    "[--known FILE] [--time [--clip FILE]]\n", argv[0]);
    return 2;
  }
  for (int i = 3; i < argc; i++) {
    const char *value = i + 1 < argc ? argv[i + 1] : "";
    if (!strcmp(argv[i], "--full")) full = 1;
    else if (!strcmp(argv[i], "--time")) timing = 1;
    else if (!strcmp(argv[i], "--seed")) seed = strtoull(value, 0, 10), i++;
    else if (!strcmp(argv[i], "--wav")) read_wav(value), i++;
    else if (!strcmp(argv[i], "--clip")) clip_path = value, i++;
    else if (!strcmp(argv[i], "--known")) read_known(value), i++;
    else if (!strcmp(argv[i], "--only")) only_case = strtol(value, 0, 10), i++;
    else return fprintf(stderr, "unknown option %s\n", argv[i]), 2;
  }
  open_library(&stock, argv[1]);
  open_library(&ours, argv[2]);
  if (timing) {
    RUN(print_times());
    return check_finish();
  }
  if (full) {
    RUN(compare_full());
  } else {
    RUN(compare_random(1500, random_plain_case));
    RUN(compare_random(1500, random_case));
    RUN(compare_random(400, random_resampled_case));
  }
  if (known_path && known_count == 0) write_known();
  return check_finish();
}
