/* Clones and resets of encoders (lame/snapshot.h) against encoders made anew:
   the same bytes over settings x clips, with encodes interleaved, abandoned
   half-way and run on many threads.

     cc -O2 -std=gnu11 -I LAME/include check_snapshot.c check.c OURS -lm -lpthread

   OURS is libmp3lame built with the files in lame/. */
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "lame/snapshot.h"
#include "tests/check.h"

enum { FRAMES = 9000, CLIPS = 4, MAX_BYTES = 40000, THREADS = 8, ROUNDS = 60 };

typedef struct {
  int rate, out_rate, channels, mode, kbps, quality, vbr, tag, reservoir, replay_gain;
} settings;

static const settings all_settings[] = {
    {44100, 44100, 2, STEREO, 128, 7, vbr_off, 0, 0, 0},
    {44100, 44100, 2, STEREO, 320, 9, vbr_off, 0, 0, 0},
    {16000, 16000, 1, MONO, 64, 7, vbr_off, 0, 0, 0},
    {8000, 8000, 1, MONO, 8, 5, vbr_off, 0, 0, 0},
    {48000, 48000, 2, JOINT_STEREO, 96, 3, vbr_off, 0, 1, 0},
    {24000, 24000, 2, JOINT_STEREO, 56, 0, vbr_off, 1, 1, 1},
    {44100, 44100, 2, JOINT_STEREO, 0, 4, vbr_mtrh, 1, 1, 0},
    {32000, 32000, 2, STEREO, 0, 2, vbr_rh, 0, 1, 1},
    {22050, 22050, 1, MONO, 48, 7, vbr_abr, 1, 1, 0},
    {44100, 32000, 2, STEREO, 112, 7, vbr_off, 0, 0, 0}, /* resamples */
    {12000, 44100, 1, MONO, 64, 6, vbr_off, 1, 0, 1},
    {11025, 11025, 2, STEREO, 24, 8, vbr_off, 0, 0, 0},
};
enum { SETTINGS = sizeof all_settings / sizeof *all_settings };

static float clips[CLIPS][2][FRAMES];

typedef struct {
  int size, tag_size;
  unsigned char bytes[MAX_BYTES], tag[4096];
} encoded;

static encoded reference[SETTINGS][CLIPS];

static void make_clips(void) {
  check_seed(4);
  for (int clip = 0; clip < CLIPS; clip++) {
    float level = 0;
    for (int i = 0; i < FRAMES; i++) {
      if (check_random() % 1500 == 0) level = 1;
      level *= 0.997f;
      float noise = level * check_random_float(-0.9f, 0.9f);
      float tone = 0.3f * sinf((0.02f + 0.03f * clip) * i);
      clips[clip][0][i] = clip == 3 ? 0 : noise + tone;
      clips[clip][1][i] = clip == 2 ? tone : 0.5f * noise - tone;
    }
  }
}

static lame_global_flags *open_fresh(const settings *s) {
  lame_global_flags *encoder = lame_init();
  lame_set_in_samplerate(encoder, s->rate);
  lame_set_out_samplerate(encoder, s->out_rate);
  lame_set_num_channels(encoder, s->channels);
  lame_set_mode(encoder, s->mode);
  lame_set_quality(encoder, s->quality);
  lame_set_VBR(encoder, s->vbr);
  if (s->vbr == vbr_off) lame_set_brate(encoder, s->kbps);
  if (s->vbr == vbr_abr) lame_set_VBR_mean_bitrate_kbps(encoder, s->kbps);
  lame_set_bWriteVbrTag(encoder, s->tag);
  lame_set_disable_reservoir(encoder, !s->reservoir);
  lame_set_findReplayGain(encoder, s->replay_gain);
  if (lame_init_params(encoder) < 0) abort();
  return encoder;
}

/* Encodes up to `frames`; without `finish` the clip is left unfinished. */
static void encode_part(lame_global_flags *encoder, int clip, int from, int frames, int block,
                        encoded *out) {
  for (int i = from; i < from + frames; i += block) {
    int n = from + frames - i < block ? from + frames - i : block;
    int size = lame_encode_buffer_ieee_float(encoder, clips[clip][0] + i, clips[clip][1] + i, n,
                                             out->bytes + out->size, MAX_BYTES - out->size);
    if (size < 0) abort();
    out->size += size;
  }
}

static void finish(lame_global_flags *encoder, encoded *out) {
  out->size += lame_encode_flush(encoder, out->bytes + out->size, MAX_BYTES - out->size);
  out->tag_size = (int)lame_get_lametag_frame(encoder, out->tag, sizeof out->tag);
}

static void encode(lame_global_flags *encoder, int clip, int block, encoded *out) {
  out->size = 0;
  encode_part(encoder, clip, 0, FRAMES, block, out);
  finish(encoder, out);
}

static int is_equal(const encoded *a, const encoded *b) {
  return a->size == b->size && memcmp(a->bytes, b->bytes, a->size) == 0 &&
         a->tag_size == b->tag_size && memcmp(a->tag, b->tag, a->tag_size) == 0;
}

static void make_references(void) {
  for (int s = 0; s < SETTINGS; s++)
    for (int clip = 0; clip < CLIPS; clip++) {
      lame_global_flags *encoder = open_fresh(&all_settings[s]);
      encode(encoder, clip, 1152, &reference[s][clip]);
      lame_close(encoder);
    }
}

static void check_one_after_another(int s) {
  lame_global_flags *fresh = open_fresh(&all_settings[s]);
  lame_global_flags *used = mp3a_lame_clone(fresh);
  encoded out;
  CHECK(used != NULL, "setting %d", s);
  for (int round = 0; round < 3 * CLIPS; round++) {
    int clip = round * 3 % CLIPS;
    encode(used, clip, 1152, &out);
    CHECK(is_equal(&out, &reference[s][clip]), "setting %d clip %d round %d", s, clip, round);
    /* Abandoned at some point, with other block sizes, by the next reset. */
    if (round % 2) {
      CHECK(mp3a_lame_reset(used, fresh) == 0, "setting %d", s);
      encode_part(used, (clip + 1) % CLIPS, 0, 700 * round, 300 * round, &(encoded){0});
    }
    CHECK(mp3a_lame_reset(used, fresh) == 0, "setting %d", s);
  }
  lame_close(used);
  used = mp3a_lame_clone(fresh);
  lame_close(fresh);
  encode(used, 1, 1152, &out);
  CHECK(is_equal(&out, &reference[s][1]), "setting %d, original closed", s);
  lame_close(used);
}

static void check_interleaved(int s) {
  lame_global_flags *fresh = open_fresh(&all_settings[s]);
  lame_global_flags *clones[CLIPS];
  static encoded out[CLIPS];
  for (int clip = 0; clip < CLIPS; clip++) {
    clones[clip] = mp3a_lame_clone(fresh);
    out[clip].size = 0;
  }
  for (int from = 0; from < FRAMES; from += 1152)
    for (int clip = 0; clip < CLIPS; clip++) {
      int frames = FRAMES - from < 1152 ? FRAMES - from : 1152;
      encode_part(clones[clip], clip, from, frames, 1152, &out[clip]);
    }
  for (int clip = 0; clip < CLIPS; clip++) {
    finish(clones[clip], &out[clip]);
    CHECK(is_equal(&out[clip], &reference[s][clip]), "setting %d clip %d", s, clip);
    lame_close(clones[clip]);
  }
  lame_close(fresh);
}

/* One encoder through all settings in turn, also from the midst of a clip; each is trimmed. */
static void check_other_settings(void) {
  lame_global_flags *fresh[SETTINGS];
  for (int s = 0; s < SETTINGS; s++) fresh[s] = open_fresh(&all_settings[s]);
  lame_global_flags *used = mp3a_lame_clone(fresh[0]);
  for (int s = 0; s < SETTINGS; s++) mp3a_lame_trim(fresh[s]);
  encoded out;
  for (int step = 1; step < SETTINGS; step++)
    for (int i = 0; i < SETTINGS; i++) {
      const int s = i * step % SETTINGS, clip = (i + step) % CLIPS;
      CHECK(mp3a_lame_reset(used, fresh[s]) == 0, "setting %d", s);
      encode(used, clip, 1152, &out);
      CHECK(is_equal(&out, &reference[s][clip]), "setting %d clip %d step %d", s, clip, step);
      CHECK(mp3a_lame_reset(used, fresh[s]) == 0, "setting %d", s);
      encode_part(used, clip, 0, 400 * i, 500, &(encoded){0});
    }
  lame_close(used);
  for (int s = 0; s < SETTINGS; s++) {
    lame_global_flags *clone = mp3a_lame_clone(fresh[s]);
    encode(clone, 1, 1152, &out);
    CHECK(is_equal(&out, &reference[s][1]), "setting %d trimmed", s);
    lame_close(clone);
    lame_close(fresh[s]);
  }
}

static void check_refusals(void) {
  lame_global_flags *a = open_fresh(&all_settings[0]);
  lame_global_flags *b = open_fresh(&all_settings[1]);
  lame_global_flags *unready = lame_init();
  lame_global_flags *clone = mp3a_lame_clone(a);
  encoded out = {0};
  CHECK(mp3a_lame_reset(a, a) == -1, "itself");
  CHECK(mp3a_lame_clone(unready) == NULL, "before lame_init_params");
  CHECK(mp3a_lame_reset(unready, a) == -1, "before lame_init_params");
  CHECK(mp3a_lame_clone(NULL) == NULL, "no encoder");
  encode(clone, 0, 1152, &out);
  CHECK(is_equal(&out, &reference[0][0]), "untouched by a refused reset");
  CHECK(mp3a_lame_reset(a, clone) == -1, "to a used one");
  CHECK(mp3a_lame_clone(clone) == NULL, "already used");
  CHECK(mp3a_lame_reset(b, clone) == -1, "already used");
  id3tag_set_title(a, "title");
  CHECK(mp3a_lame_clone(a) == NULL, "with a title");
  lame_close(unready);
  lame_close(clone);
  lame_close(b);
  lame_close(a);
}

static lame_global_flags *shared[SETTINGS];
static atomic_int wrong, done;

/* Each thread keeps one encoder per setting, as a pool would; every eighth
   round also initialises one from nothing, to race with the others. */
static void *encode_on_thread(void *argument) {
  lame_global_flags *mine[SETTINGS] = {0};
  unsigned state = 1 + (unsigned)(size_t)argument;
  encoded *out = malloc(sizeof *out);
  for (int round = 0; round < ROUNDS; round++) {
    state = state * 1664525u + 1013904223u;
    int s = (state >> 8) % SETTINGS, clip = (state >> 20) % CLIPS;
    if (mine[s] && round % 8 == 0) lame_close(mine[s]), mine[s] = open_fresh(&all_settings[s]);
    else if (!mine[s]) mine[s] = mp3a_lame_clone(shared[s]);
    else if (mp3a_lame_reset(mine[s], shared[s]) != 0) atomic_fetch_add(&wrong, 1);
    if (round % 3 == 0) {
      out->size = 0;
      encode_part(mine[s], clip, 0, 3000, 500, out);
      if (mp3a_lame_reset(mine[s], shared[s]) != 0) atomic_fetch_add(&wrong, 1);
    }
    encode(mine[s], clip, 1152, out);
    if (!is_equal(out, &reference[s][clip])) atomic_fetch_add(&wrong, 1);
    atomic_fetch_add(&done, 1);
  }
  for (int s = 0; s < SETTINGS; s++)
    if (mine[s]) lame_close(mine[s]);
  free(out);
  return NULL;
}

static void check_threads(void) {
  pthread_t threads[THREADS];
  for (int s = 0; s < SETTINGS; s++) shared[s] = open_fresh(&all_settings[s]);
  for (size_t i = 0; i < THREADS; i++)
    pthread_create(&threads[i], NULL, encode_on_thread, (void *)i);
  for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
  for (int s = 0; s < SETTINGS; s++) lame_close(shared[s]);
  CHECK(wrong == 0 && done == THREADS * ROUNDS, "%d of %d differ", wrong, done);
}

int lame_encode_buffer_ieee_float_lame(lame_global_flags *encoder, const float left[],
                                       const float right[], int count, unsigned char *bytes,
                                       int byte_size);

/* An encoder that was flushed takes another clip, as with LAME's own function. */
static void check_flushed(int s) {
  lame_global_flags *ours = open_fresh(&all_settings[s]), *theirs = open_fresh(&all_settings[s]);
  encoded all = {0}, expected = {0};
  for (int clip = 0; clip < 2; clip++) {
    encode_part(ours, clip, 0, FRAMES, 1000, &all);
    finish(ours, &all);
    unsigned char *to = expected.bytes + expected.size;
    expected.size += lame_encode_buffer_ieee_float_lame(
        theirs, clips[clip][0], clips[clip][1], FRAMES, to, MAX_BYTES - expected.size);
    finish(theirs, &expected);
    CHECK(is_equal(&all, &expected), "setting %d, clip %d: %d bytes, not %d", s, clip, all.size,
          expected.size);
  }
  lame_close(ours);
  lame_close(theirs);
}

static void print_times(void) {
  enum { TIMES = 300 };
  lame_global_flags *fresh = open_fresh(&all_settings[0]), *used = mp3a_lame_clone(fresh);
  uint64_t start = check_now_ns();
  for (int i = 0; i < TIMES; i++) lame_close(open_fresh(&all_settings[0]));
  uint64_t opened = check_now_ns();
  for (int i = 0; i < TIMES; i++) lame_close(mp3a_lame_clone(fresh));
  uint64_t cloned = check_now_ns();
  for (int i = 0; i < TIMES; i++) mp3a_lame_reset(used, fresh);
  uint64_t reset = check_now_ns();
  printf("open %.1f us, clone %.1f us, reset %.2f us\n", (opened - start) / 1e3 / TIMES,
         (cloned - opened) / 1e3 / TIMES, (reset - cloned) / 1e3 / TIMES);
  lame_close(used);
  lame_close(fresh);
}

int main(int argc, char **argv) {
  make_clips();
  make_references();
  for (int s = 0; s < SETTINGS; s++) {
    RUN(check_one_after_another(s));
    RUN(check_interleaved(s));
    RUN(check_flushed(s));
  }
  RUN(check_other_settings());
  RUN(check_refusals());
  RUN(check_threads());
  if (argc > 1 && strcmp(argv[1], "--bench") == 0) print_times();
  return check_finish();
}
