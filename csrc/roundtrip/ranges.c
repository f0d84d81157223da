/* How a range is joined to the one before: what both encoders and decoders carry on at the
   seam is compared, byte by byte. Where it is equal, the range is as if the encoder before had
   gone on. Where not, that one does go on, until it comes to a later MP3 frame at which both
   are equal, or to the range's end. */
#include "roundtrip/ranges.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "common/mpeg.h"
#include "common/options.h"
#include "common/pages.h"
#include "common/pool.h"
#include "common/seam.h"
#include "encode/block_encoder.h"
#include "encode/lame_cache.h"
#include "encode/sizes.h"
#include "roundtrip/block_decoder.h"
#include "roundtrip/ring.h"

enum {
  DECODED_GRANULES = 2, /* a decoder's state comes from the last two */
  LEAST_WARM_UPS = 4,   /* that a range takes as long as; shorter ones don't pay a thread */
  LEAST_OF_SHAPED = 6,  /* the same with noise shaping, where more is done again */
  SHORT_WARM_UP = 8,    /* granules */
  LONG_WARM_UP = 48,
  LEAST_FRAMES = 6,     /* MP3 frames of a range beside its warm-up: more than LAME looks ahead */
  MAX_SEAMS = 10,       /* of a range: at its begin, and each twice as far from it as the last */
  FIRST_STEP = 8,       /* granules to the second */
  FRAMES_AHEAD = 64     /* MP3 frames whose output stays in the second cache until it is written */
};

struct crew;

/* What a range carries on before the MP3 frame `frame`. */
typedef struct seam {
  uint32_t frame;
  uint32_t mp3_byte_size; /* of the range's MP3 frames before */
  mp3dec_t decoder;
  size_t state_size;
  _Alignas(8) unsigned char state[MP3A_LAME_STATE_BYTES];
} seam;

typedef struct range {
  mp3a_task task; /* first, so that a task is its range */
  struct crew *crew;
  bool is_open, is_taken; /* by a thread */
  uint32_t begin, end; /* MP3 frames; the last range ends with the clip */
  uint32_t next;       /* the MP3 frame to come */
  uint32_t position;   /* the PCM frame to take, counted with the lead */
  int32_t status;
  mp3a_block_encoder encoder;
  mp3a_block_decoder decoder;
  uint32_t seam_count;
  seam seams[MAX_SEAMS];
  _Alignas(8) unsigned char frames[MP3A_SLOT_BYTES];
} range;

/* What all ranges of a clip have in common. */
typedef struct crew {
  const mp3a_clip *clip;
  mp3a_source input; /* not where the output goes */
  void *input_copy;
  float peak;
  uint32_t warm_up; /* MP3 frames */
  uint32_t frame_size, skipped, output_count;
  uint32_t lead, lead_and_clip; /* PCM frames: zeros of the grid's offset, and all */
  uint32_t range_count;
  pthread_mutex_t mutex;
  pthread_cond_t left;
  uint32_t busy_count;
  range ranges[];
} crew;

static uint32_t frame_size_of(const mp3a_clip *clip) {
  return mp3a_mp3_frame_size(mp3a_is_mpeg1(clip->options.sample_rate_hz));
}

/* ---- one range ---- */

/* Where the output of the MP3 frame `frame` begins. */
static uint32_t output_of(const crew *c, uint32_t frame) {
  const uint64_t at = (uint64_t)frame * c->frame_size;
  if (at < c->skipped) return 0;
  return at - c->skipped < c->output_count ? (uint32_t)(at - c->skipped) : c->output_count;
}

static void give_output(range *r, uint32_t begin, uint32_t end) {
  const uint32_t from = output_of(r->crew, begin), to = output_of(r->crew, end);
  mp3a_sink output = r->crew->clip->output;
  mp3a_sink_advance(&output, from);
  mp3a_block_decoder_give(&r->decoder, output, to - from);
}

static uint32_t lesser(uint32_t a, uint32_t b) { return a < b ? a : b; }

static uint32_t decoded_before(const range *r) {
  return lesser(lesser(r->begin, r->crew->warm_up),
                DECODED_GRANULES * MP3A_LINES / r->crew->frame_size);
}

/* Returns whether the range can be run. */
static bool open_range(range *r) {
  const crew *c = r->crew;
  mp3a_options options = c->clip->options;
  options.flags |= MP3A_NO_TAG;
  r->seam_count = 0;
  r->status = mp3a_block_encoder_open(&r->encoder, &options);
  r->is_open = r->status == MP3A_OK;
  if (!r->is_open) return false;
  mp3a_block_encoder_give_frames(&r->encoder);
  mp3a_block_encoder_begin(&r->encoder, c->peak);
  r->encoder.lead_count = 0; /* take_input() gives what a range has of it */
  r->next = r->begin - lesser(r->begin, c->warm_up);
  r->position = r->next > 0 ? r->next * c->frame_size - MP3A_LAME_LEAD : 0;
  const uint32_t skipped = r->begin > 0 ? decoded_before(r) * c->frame_size : c->skipped;
  mp3a_block_decoder_begin(&r->decoder, options.channel_count, true, skipped,
                     mp3a_block_encoder_gain(&r->encoder, c->peak));
  give_output(r, r->begin, r->end);
  return r->encoder.gives_frames &&
         (r->next == 0 || mp3a_lame_begin_amid(r->encoder.lame, r->next));
}

/* Lets the encoder take so much that it gives one MP3 frame, or the lead's or the clip's end. */
static void take_input(range *r) {
  const crew *c = r->crew;
  const uint32_t into = (uint32_t)(((uint64_t)r->position + MP3A_LAME_LEAD) % c->frame_size);
  const bool is_lead = r->position < c->lead;
  const uint32_t end = is_lead ? c->lead : c->lead_and_clip;
  const uint32_t count = lesser(c->frame_size - into, end - r->position);
  if (is_lead) {
    r->encoder.lead_count = count;
  } else {
    mp3a_source input = c->input;
    mp3a_source_advance(&input, r->position - c->lead);
    mp3a_block_encoder_take(&r->encoder, input, count);
  }
  r->position += count;
}

static uint32_t next_seam(const range *r) {
  const uint32_t step = FIRST_STEP * MP3A_LINES / r->crew->frame_size;
  return r->begin + (r->seam_count > 0 ? step << (r->seam_count - 1) : 0);
}

static void note_seam(range *r) {
  if (r->begin == 0 || r->seam_count == MAX_SEAMS || r->next != next_seam(r)) return;
  seam *s = &r->seams[r->seam_count++];
  if (r->next == r->begin) r->encoder.mp3_byte_size = 0; /* of the warm-up */
  s->frame = r->next;
  s->mp3_byte_size = r->encoder.mp3_byte_size;
  s->decoder = r->decoder.codec;
  s->state_size = mp3a_lame_copy_state(r->encoder.lame, s->state, sizeof s->state);
}

/* Memory for the MP3 frames to come, if this is the first of some. */
static void expect_output(const range *r) {
  const mp3a_sink *output = &r->decoder.output;
  const size_t count = lesser(FRAMES_AHEAD * r->crew->frame_size, r->decoder.left_count);
  if (r->next % FRAMES_AHEAD != 0) return;
  if (output->kind == MP3A_INTERLEAVED_PCM16) {
    mp3a_expect_writes(output->codes, output->codes + count * (size_t)output->channel_count);
    return;
  }
  for (int channel = 0; channel < output->channel_count; channel++)
    mp3a_expect_writes(output->planes[channel], output->planes[channel] + count);
}

static int32_t step_range(range *r) {
  uint32_t byte_size = 0;
  note_seam(r);
  expect_output(r);
  take_input(r);
  int32_t status = mp3a_block_encoder_step(&r->encoder, r->frames, sizeof r->frames, &byte_size);
  if (status != MP3A_OK || byte_size == 0) return status;
  if (r->next + decoded_before(r) >= r->begin)
    status = mp3a_block_decoder_feed(&r->decoder, r->frames, byte_size);
  r->next++; /* the last of a clip come at once */
  return status;
}

static void run_to_end(range *r) {
  while (r->status == MP3A_OK && r->next < r->end && !r->encoder.finished)
    r->status = mp3a_is_cancelled(r->crew->clip->cancelled) ? MP3A_CANCELLED : step_range(r);
  if (r->status == MP3A_OK && r->decoder.left_count > 0) r->status = MP3A_CORRUPT_MP3;
}

/* ---- all ranges ---- */

static void run_task(mp3a_task *task) {
  range *r = (range *)task;
  crew *c = r->crew;
  if (open_range(r)) run_to_end(r);
  pthread_mutex_lock(&c->mutex);
  c->busy_count--;
  /* Under the lock: as soon as it is released the caller may free the crew. */
  pthread_cond_signal(&c->left);
  pthread_mutex_unlock(&c->mutex);
}

/* The caller takes the first range. What no thread takes comes when the ranges are joined. */
static void run_all(crew *c) {
  for (uint32_t i = 1; i < c->range_count; i++) {
    range *r = &c->ranges[i];
    pthread_mutex_lock(&c->mutex);
    c->busy_count++;
    pthread_mutex_unlock(&c->mutex);
    r->is_taken = mp3a_pool_assist(&r->task);
    if (r->is_taken) continue;
    pthread_mutex_lock(&c->mutex);
    c->busy_count--;
    pthread_mutex_unlock(&c->mutex);
  }
  run_to_end(&c->ranges[0]);
  pthread_mutex_lock(&c->mutex);
  while (c->busy_count > 0) pthread_cond_wait(&c->left, &c->mutex);
  pthread_mutex_unlock(&c->mutex);
}

/* Whether a range, at its end, carries on what another did at `s`. */
static bool fits(const range *before, const seam *s) {
  static const size_t overlap_size = sizeof s->decoder.mdct_overlap;
  unsigned char state[MP3A_LAME_STATE_BYTES];
  const mp3dec_t *codec = &before->decoder.codec;
  const size_t size = mp3a_lame_copy_state(before->encoder.lame, state, sizeof state);
  return size > 0 && size == s->state_size && memcmp(state, s->state, size) == 0 &&
         memcmp(codec->mdct_overlap, s->decoder.mdct_overlap, overlap_size) == 0 &&
         memcmp(codec->qmf_state, s->decoder.qmf_state, sizeof codec->qmf_state) == 0;
}

/* Goes on with `r`, which is at its end, to another. */
static void run_on(range *r, uint32_t end) {
  give_output(r, r->end, end);
  r->end = end;
  run_to_end(r);
}

/* Goes on with `before` until `r` fits; returns the one that has got to the end of `r`. */
static range *join(range *before, range *r, uint32_t *mp3_byte_size, mp3a_ranges_stats *stats) {
  for (uint32_t i = 0; i < (r->is_taken ? r->seam_count : 0); i++) {
    const seam *s = &r->seams[i];
    if (s->frame > before->end) run_on(before, s->frame);
    if (before->status != MP3A_OK) return before;
    if (fits(before, s)) {
      *mp3_byte_size += before->encoder.mp3_byte_size - s->mp3_byte_size;
      return r;
    }
    stats->redone_count += i == 0;
  }
  stats->lost_count += r->is_taken;
  run_on(before, r->end);
  return before;
}

/* Every seam in turn: `last` is the range that has come from the beginning. */
static int32_t join_ranges(crew *c, mp3a_ranges_stats *stats) {
  range *last = &c->ranges[0];
  uint32_t mp3_byte_size = 0;
  *stats = (mp3a_ranges_stats){0};
  for (uint32_t i = 1; i < c->range_count && last->status == MP3A_OK; i++) {
    stats->seam_count += c->ranges[i].is_taken;
    last = join(last, &c->ranges[i], &mp3_byte_size, stats);
  }
  stats->stats = (mp3a_stats){.mp3_byte_size = mp3_byte_size + last->encoder.mp3_byte_size,
                              .peak = c->peak};
  return last->status;
}

/* ---- a crew ---- */

/* So that all take as long: the first one has no warm-up. */
static uint32_t begin_of(const crew *c, uint32_t index) {
  const uint64_t whole = c->lead_and_clip / c->frame_size;
  const uint64_t before = whole * index + (uint64_t)c->warm_up * (c->range_count - index);
  return (uint32_t)(before / c->range_count);
}

static void plan(crew *c, const mp3a_clip *clip, float peak, uint32_t range_count,
                 uint32_t warm_up) {
  c->clip = clip;
  c->input_copy = NULL;
  c->busy_count = 0;
  c->peak = peak;
  c->frame_size = frame_size_of(clip);
  c->warm_up = warm_up * MP3A_LINES / c->frame_size;
  c->lead = (uint32_t)clip->options.grid_offset;
  c->skipped = c->lead + (clip->options.flags & MP3A_PRESERVE_DELAY ? 0 : MP3A_DELAY_FRAMES);
  c->lead_and_clip = c->lead + clip->frame_count;
  c->output_count = mp3a_output_frame_count(&clip->options, clip->frame_count);
  c->range_count = range_count;
  for (uint32_t i = 0; i < range_count; i++) {
    range *r = &c->ranges[i];
    r->task.run = run_task;
    r->crew = c;
    r->is_open = r->is_taken = false;
    r->begin = i > 0 ? begin_of(c, i) : 0;
    r->end = i + 1 < range_count ? begin_of(c, i + 1) : UINT32_MAX;
  }
}

static bool is_within(const void *pointer, const void *begin, size_t size) {
  const uintptr_t at = (uintptr_t)pointer, from = (uintptr_t)begin;
  return at >= from && at - from < size;
}

static bool overlap(const void *a, size_t a_size, const void *b, size_t b_size) {
  return is_within(a, b, b_size) || is_within(b, a, a_size);
}

static bool overlaps_output(const mp3a_clip *clip, uint32_t output_count) {
  const size_t width = (size_t)clip->input.channel_count * sizeof(int16_t);
  if (clip->input.kind == MP3A_INTERLEAVED_PCM16)
    return overlap(clip->input.codes, clip->frame_count * width, clip->output.codes,
                   output_count * width);
  bool overlaps = false;
  for (int i = 0; i < clip->input.channel_count; i++)
    for (int k = 0; k < clip->output.channel_count; k++)
      overlaps |= overlap(clip->input.planes[i], clip->frame_count * sizeof(float),
                          clip->output.planes[k], output_count * sizeof(float));
  return overlaps;
}

/* A range reads before its begin, and maybe all of itself again: not what another has written. */
static bool keep_input(crew *c) {
  const mp3a_clip *clip = c->clip;
  const size_t count = clip->frame_count, channels = (size_t)clip->input.channel_count;
  const bool is_pcm16 = clip->input.kind == MP3A_INTERLEAVED_PCM16;
  c->input = clip->input;
  if (!overlaps_output(clip, c->output_count)) return true;
  const size_t plane_size = count * (is_pcm16 ? channels * sizeof(int16_t) : sizeof(float));
  c->input_copy = mp3a_memory_allocate(is_pcm16 ? plane_size : channels * plane_size);
  if (!c->input_copy) return false;
  if (is_pcm16) {
    c->input.codes = memcpy(c->input_copy, clip->input.codes, plane_size);
    return true;
  }
  for (size_t i = 0; i < channels; i++) {
    float *plane = (float *)c->input_copy + i * count;
    c->input.planes[i] = memcpy(plane, clip->input.planes[i], plane_size);
  }
  return true;
}

static bool open_latch(crew *c) {
  if (pthread_mutex_init(&c->mutex, NULL) != 0) return false;
  if (pthread_cond_init(&c->left, NULL) == 0) return true;
  pthread_mutex_destroy(&c->mutex);
  return false;
}

static bool run_crew(crew *c, mp3a_ranges_stats *stats, int32_t *status) {
  if (!keep_input(c) || !open_range(&c->ranges[0]) || !open_latch(c)) return false;
  run_all(c);
  *status = join_ranges(c, stats);
  pthread_cond_destroy(&c->left);
  pthread_mutex_destroy(&c->mutex);
  return true;
}

bool mp3a_ranges_run(const mp3a_clip *clip, float peak, uint32_t range_count, uint32_t warm_up,
                     mp3a_ranges_stats *stats, int32_t *status) {
  if (range_count < 2 || range_count > MP3A_MAX_RANGES) return false;
  if (mp3a_resamples(&clip->options)) return false; /* LAME can't start amid that */
  const uint32_t least = warm_up * MP3A_LINES / frame_size_of(clip) + LEAST_FRAMES;
  if (clip->frame_count / frame_size_of(clip) < range_count * least) return false;
  crew *c = malloc(sizeof *c + range_count * sizeof *c->ranges);
  if (!c) return false;
  plan(c, clip, peak, range_count, warm_up);
  const bool has_run = run_crew(c, stats, status);
  for (uint32_t i = 0; i < range_count; i++)
    if (c->ranges[i].is_open) mp3a_block_encoder_close(&c->ranges[i].encoder);
  mp3a_memory_free(c->input_copy);
  free(c);
  return has_run;
}

/* Where masking reaches what is coded, an encoder remembers longer. */
uint32_t mp3a_ranges_warm_up(const mp3a_options *o) {
  const bool is_joint = o->channel_count == 2 && (o->flags & MP3A_JOINT_STEREO);
  return o->rate_control == MP3A_CBR && o->quality >= 7 && !is_joint ? SHORT_WARM_UP : LONG_WARM_UP;
}

uint32_t mp3a_ranges_at_most(const mp3a_options *o, uint32_t frame_count) {
  uint32_t count = mp3a_thread_limit_of(o);
  if (count == 1 || (o->flags & MP3A_BIT_RESERVOIR) || mp3a_resamples(o)) return 1;
  if (count == 0 || count > mp3a_thread_limit()) count = mp3a_thread_limit();
  const uint32_t warm_up = mp3a_ranges_warm_up(o);
  const uint32_t least = (warm_up > SHORT_WARM_UP ? LEAST_OF_SHAPED : LEAST_WARM_UPS) * warm_up;
  count = lesser(count, frame_count / MP3A_LINES / least);
  return count < 1 ? 1 : lesser(count, MP3A_MAX_RANGES);
}

uint32_t mp3a_ranges_for(const mp3a_clip *clip) {
  const uint32_t most = mp3a_ranges_at_most(&clip->options, clip->frame_count);
  return most < 2 ? most : lesser(most, 1 + mp3a_pool_idle_count());
}
