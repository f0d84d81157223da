#include "encode/lame_cache.h"

#include <pthread.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#if defined(_WIN32)
#include <windows.h>
#endif

#include "common/coded_frame.h"
#include "common/seam.h"

/* Used encoders that are kept, 270 kB each; another is a new copy. */
#if defined(__wasm__)
enum { SPARE_COUNT = 2 }; /* one thread, and memory that never shrinks */
#else
enum { SPARE_COUNT = 16 };
#endif

enum {
  TEMPLATE_COUNT = 128, /* settings that are kept, about 120 kB each */
  ANSWER_COUNT = 512, /* 26 kB */
  FASTEST_QUALITY = 9
};

/* What our libmp3lame adds to LAME's API, see csrc/lame/snapshot.h, common/coded_frame.h and
   seam.h. Missing in a stock libmp3lame, which works too, only slower. */
typedef lame_global_flags *(*clone_fn)(const lame_global_flags *fresh);
typedef int (*reset_fn)(lame_global_flags *used, const lame_global_flags *fresh);
typedef void (*trim_fn)(lame_global_flags *fresh);
typedef int (*hand_off_fn)(lame_global_flags *lame, size_t frame_size);
typedef int (*start_amid_fn)(lame_global_flags *lame, uint32_t frame);
typedef size_t (*state_fn)(const lame_global_flags *lame, void *state, size_t capacity);

/* MP3A_LAME_IS_INSIDE: in a test, which is one program. */
#if defined(_WIN32) && !defined(MP3A_LAME_IS_INSIDE)
#define FIND(name) \
  ((name##_fn)(void *)GetProcAddress(GetModuleHandleA("mp3lame.dll"), "mp3a_lame_" #name))
#else
#if defined(_WIN32)
#define MAY_BE_MISSING
#else
#define MAY_BE_MISSING __attribute__((weak))
#endif
MAY_BE_MISSING lame_global_flags *mp3a_lame_clone(const lame_global_flags *fresh);
MAY_BE_MISSING int mp3a_lame_reset(lame_global_flags *used, const lame_global_flags *fresh);
MAY_BE_MISSING void mp3a_lame_trim(lame_global_flags *fresh);
MAY_BE_MISSING int mp3a_lame_hand_off(lame_global_flags *lame, size_t frame_size);
MAY_BE_MISSING int mp3a_lame_start_amid(lame_global_flags *lame, uint32_t frame);
MAY_BE_MISSING size_t mp3a_lame_state(const lame_global_flags *lame, void *state, size_t capacity);
#define FIND(name) mp3a_lame_##name
#endif

/* One setting: a fresh encoder that is only copied. */
typedef struct template {
  mp3a_options options;
  lame_global_flags *fresh; /* NULL: an empty place */
  uint64_t last_use;
} template;

/* A used encoder. Any can be made a copy of any fresh one; of its own setting's, faster. */
typedef struct spare {
  mp3a_options options;
  lame_global_flags *lame;
} spare;

static struct {
  pthread_mutex_t mutex;
  template templates[TEMPLATE_COUNT];
  spare spares[SPARE_COUNT]; /* the last given back at the end */
  unsigned spare_count;
  uint64_t use_count;
} cache = {.mutex = PTHREAD_MUTEX_INITIALIZER};

/* LAME prints to stderr by default. A library doesn't. */
static void say_nothing(const char *format, va_list arguments) {
  (void)format;
  (void)arguments;
}

static int configure_rate(lame_global_flags *lame, const mp3a_options *options) {
  switch (options->rate_control) {
    case MP3A_ABR:
      return lame_set_VBR(lame, vbr_abr) |
             lame_set_VBR_mean_bitrate_kbps(lame, options->bitrate_kbps);
    case MP3A_VBR:
      return lame_set_VBR(lame, vbr_mtrh) | lame_set_VBR_quality(lame, options->vbr_quality);
    default: return lame_set_brate(lame, options->bitrate_kbps);
  }
}

/* Of two channels: one is mono to LAME, whatever is said. */
static MPEG_mode mode_of(const mp3a_options *options) {
  return options->flags & MP3A_JOINT_STEREO ? JOINT_STEREO : STEREO;
}

/* To LAME 0 means that it chooses. */
static int out_rate_for(const mp3a_options *options) {
  const int32_t rate_hz = options->coded_sample_rate_hz;
  if (rate_hz == MP3A_CODED_RATE_AUTO) return 0;
  return rate_hz == 0 ? options->sample_rate_hz : rate_hz;
}

static bool configure(lame_global_flags *lame, const mp3a_options *options) {
  int failed = 0;
  failed |= lame_set_errorf(lame, say_nothing);
  failed |= lame_set_debugf(lame, say_nothing);
  failed |= lame_set_msgf(lame, say_nothing);
  failed |= lame_set_num_channels(lame, options->channel_count);
  failed |= lame_set_in_samplerate(lame, options->sample_rate_hz);
  failed |= lame_set_out_samplerate(lame, out_rate_for(options));
  failed |= lame_set_mode(lame, mode_of(options));
  failed |= configure_rate(lame, options);
  failed |= lame_set_quality(lame, options->quality);
  failed |= lame_set_disable_reservoir(lame, !(options->flags & MP3A_BIT_RESERVOIR));
  failed |= lame_set_bWriteVbrTag(lame, !(options->flags & MP3A_NO_TAG));
  if (options->lowpass_hz != 0) failed |= lame_set_lowpassfreq(lame, options->lowpass_hz);
  return failed == 0 && lame_init_params(lame) >= 0;
}

/* Called under the mutex: a stock LAME fills tables of the whole process here. */
static lame_global_flags *make(const mp3a_options *options) {
  lame_global_flags *lame = lame_init();
  if (!lame) return NULL;
  if (configure(lame, options)) return lame;
  lame_close(lame);
  return NULL;
}

/* What of the options LAME knows, by which encoders are kept. */
static mp3a_options lame_options(const mp3a_options *given) {
  mp3a_options options = *given;
  options.flags &= MP3A_JOINT_STEREO | MP3A_BIT_RESERVOIR | MP3A_NO_TAG;
  options.grid_offset = options.pass_count = 0;
  if (options.coded_sample_rate_hz == options.sample_rate_hz) options.coded_sample_rate_hz = 0;
  return options;
}

/* All fields have 32 bits and no padding between them. */
static bool are_same(const mp3a_options *a, const mp3a_options *b) {
  return memcmp(a, b, sizeof *a) == 0;
}

static template *find(const mp3a_options *options) {
  for (int i = 0; i < TEMPLATE_COUNT; i++) {
    template *t = &cache.templates[i];
    if (t->fresh && are_same(&t->options, options)) return t;
  }
  return NULL;
}

static void empty(template *t) {
  if (t->fresh) lame_close(t->fresh);
  t->fresh = NULL;
}

/* The place that was not used for longest, emptied. */
static template *make_room(void) {
  template *oldest = &cache.templates[0];
  for (int i = 1; i < TEMPLATE_COUNT; i++) {
    if (cache.templates[i].last_use < oldest->last_use) oldest = &cache.templates[i];
  }
  empty(oldest);
  return oldest;
}

/* Keeps a used encoder; false where there are enough. */
static bool add_spare(lame_global_flags *lame, const mp3a_options *options) {
  if (cache.spare_count == SPARE_COUNT) return false;
  cache.spares[cache.spare_count++] = (spare){.options = *options, .lame = lame};
  return true;
}

/* One of the same setting, if there is one, else the last; NULL when there is none. */
static lame_global_flags *take_spare(const mp3a_options *options) {
  if (cache.spare_count == 0) return NULL;
  unsigned i = cache.spare_count - 1;
  while (i > 0 && !are_same(&cache.spares[i].options, options)) i--;
  if (!are_same(&cache.spares[i].options, options)) i = cache.spare_count - 1;
  lame_global_flags *lame = cache.spares[i].lame;
  cache.spares[i] = cache.spares[--cache.spare_count];
  return lame;
}

/* The setting's template, made if need be; NULL when memory ran out. */
static template *find_or_make(const mp3a_options *options) {
  template *t = find(options);
  if (t) return t;
  t = make_room();
  t->fresh = make(options);
  if (!t->fresh) return NULL;
  t->options = *options;
  t->last_use = 0;
  FIND(trim)(t->fresh);
  return t;
}

/* A copy takes microseconds, which the lock covers. A template that never could be copied isn't
   kept: memory ran out when it was made. */
static lame_global_flags *take_copy(const mp3a_options *options) {
  template *t = find_or_make(options);
  if (!t) return NULL;
  lame_global_flags *lame = take_spare(options);
  if (lame && FIND(reset)(lame, t->fresh) != 0) {
    lame_close(lame);
    lame = NULL;
  }
  if (!lame) lame = FIND(clone)(t->fresh);
  if (lame) t->last_use = ++cache.use_count;
  if (t->last_use == 0) empty(t);
  return lame;
}

static bool can_copy(void) { return FIND(clone) && FIND(reset) && FIND(trim); }

lame_global_flags *mp3a_lame_take(const mp3a_options *given) {
  const mp3a_options options = lame_options(given);
  pthread_mutex_lock(&cache.mutex);
  lame_global_flags *lame = can_copy() ? take_copy(&options) : make(&options);
  pthread_mutex_unlock(&cache.mutex);
  return lame;
}

void mp3a_lame_give_back(lame_global_flags *lame, const mp3a_options *given) {
  const mp3a_options options = lame_options(given);
  pthread_mutex_lock(&cache.mutex);
  const bool is_kept = can_copy() && add_spare(lame, &options);
  pthread_mutex_unlock(&cache.mutex);
  if (!is_kept) lame_close(lame);
}

/* What LAME has chosen: by the options that matter to it there, as asking takes a millisecond. */
static struct {
  mp3a_options options[ANSWER_COUNT];
  int32_t rates_hz[ANSWER_COUNT];
  uint32_t given_count;
} answers;

static int32_t known_out_rate(const mp3a_options *options) {
  const uint32_t count = answers.given_count < ANSWER_COUNT ? answers.given_count : ANSWER_COUNT;
  for (uint32_t i = 0; i < count; i++)
    if (memcmp(&answers.options[i], options, sizeof *options) == 0) return answers.rates_hz[i];
  return 0;
}

static int32_t ask_out_rate(const mp3a_options *options) {
  lame_global_flags *lame = make(options);
  if (!lame) return 0;
  const uint32_t place = answers.given_count++ % ANSWER_COUNT;
  answers.options[place] = *options;
  answers.rates_hz[place] = lame_get_out_samplerate(lame);
  lame_close(lame);
  return answers.rates_hz[place];
}

int32_t mp3a_lame_out_rate(const mp3a_options *given) {
  mp3a_options options = lame_options(given);
  options.flags = MP3A_NO_TAG;
  options.quality = FASTEST_QUALITY;
  pthread_mutex_lock(&cache.mutex);
  int32_t rate_hz = known_out_rate(&options);
  if (rate_hz == 0) rate_hz = ask_out_rate(&options);
  pthread_mutex_unlock(&cache.mutex);
  return rate_hz;
}

bool mp3a_lame_give_frames(lame_global_flags *lame) {
  const hand_off_fn hand_off = FIND(hand_off);
  return hand_off && hand_off(lame, sizeof(mp3a_coded_frame)) == 0;
}

bool mp3a_lame_begin_amid(lame_global_flags *lame, uint32_t frame) {
  const start_amid_fn start_amid = FIND(start_amid);
  return start_amid && start_amid(lame, frame) == 0;
}

size_t mp3a_lame_copy_state(const lame_global_flags *lame, void *state, size_t capacity) {
  const state_fn copy = FIND(state);
  return copy ? copy(lame, state, capacity) : 0;
}
