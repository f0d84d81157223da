/* How the work of one clip is shared: which clips go to other threads, that they come out the same
   where no thread takes them, and for which memory the system is asked before it is written. */
#define mp3a_ranges_run ranges_run_again
#define mp3a_ranges_warm_up ranges_warm_up_again
#define mp3a_ranges_at_most ranges_at_most_again
#define mp3a_ranges_for ranges_for_again
#define mp3a_pipeline_run pipeline_run_again
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "common/memory.h"
#include "common/pages.h"
#include "common/pool.h"
#include "encode/block_encoder.h"
#include "tests/check.h"
#include "tests/signals.h"

static atomic_uint asked_count; /* how often a thread was to help */
static atomic_bool is_alone;

static bool assist(mp3a_task *task) {
  atomic_fetch_add(&asked_count, 1);
  return !atomic_load(&is_alone) && mp3a_pool_assist(task);
}

static _Thread_local uint32_t steps_left; /* until the one that fails, in this thread; 0: none */

static int32_t step(mp3a_block_encoder *encoder, unsigned char *bytes, uint32_t capacity,
                    uint32_t *byte_size) {
  if (steps_left > 0 && --steps_left == 0) return MP3A_OUT_OF_MEMORY;
  return mp3a_block_encoder_step(encoder, bytes, capacity, byte_size);
}

enum { MOST_NOTES = 4096 };
static struct { const float *begin, *end; } notes[MOST_NOTES];
static atomic_uint note_count;

static void note_writes(void *begin, void *end) {
  const uint32_t n = atomic_fetch_add(&note_count, 1);
  if (n < MOST_NOTES) notes[n].begin = begin, notes[n].end = end;
}

static bool has_no_memory;

static void *allocate(size_t byte_size) {
  return has_no_memory ? NULL : mp3a_memory_allocate(byte_size);
}

#define mp3a_memory_allocate allocate
#define mp3a_pool_assist assist
#define mp3a_block_encoder_step step
#define mp3a_expect_writes note_writes
#include "roundtrip/pipeline.c"
#include "roundtrip/ranges.c"

enum { FRAMES = 300000, TWO_FROM = 32 * 1152 };
static float *input[2], output[2][2][FRAMES];

static mp3a_clip clip_of(int32_t channel_count, uint32_t flags, uint32_t frame_count, int which) {
  const bool is_stereo = channel_count == 2;
  return (mp3a_clip){
      .options = {sizeof(mp3a_options), 44100, 64, 9, channel_count, flags, MP3A_CBR, 0, 0},
      .input = mp3a_float_source(input[0], is_stereo ? input[1] : NULL),
      .output = mp3a_float_sink(output[which][0], is_stereo ? output[which][1] : NULL),
      .frame_count = frame_count};
}

/* With the reservoir there are no ranges: a clip has two threads or one. */
static void check_two_threads(void) {
  static const struct { uint32_t flags, frame_count, asked; } ways[] = {
      {0, TWO_FROM, 1}, {0, TWO_FROM - 1, 0}, {0, TWO_FROM + 1, 1}, {MP3A_ONE_THREAD, TWO_FROM, 0},
      {MP3A_THREADS(1), FRAMES, 0}, {MP3A_THREADS(2), TWO_FROM, 1}, {MP3A_THREADS(3), 2000, 0}};
  for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
    const uint32_t count = ways[i].frame_count;
    const mp3a_clip clip = clip_of(1, ways[i].flags | MP3A_BIT_RESERVOIR, count, 0);
    const mp3a_clip alone = clip_of(1, MP3A_ONE_THREAD | MP3A_BIT_RESERVOIR, count, 1);
    CHECK(pipeline_run_again(&alone, NULL) == MP3A_OK, "alone");
    for (int refused = 0; refused < 2; refused++) {
      memset(output[0][0], 0x55, count * sizeof(float));
      atomic_store(&asked_count, 0);
      atomic_store(&is_alone, refused != 0);
      CHECK(pipeline_run_again(&clip, NULL) == MP3A_OK, "way %zu", i);
      CHECK(atomic_load(&asked_count) == ways[i].asked, "way %zu: %u were asked", i,
            atomic_load(&asked_count));
      CHECK(memcmp(output[0][0], output[1][0], count * sizeof(float)) == 0, "way %zu differs", i);
    }
  }
  atomic_store(&is_alone, false);
}

/* Every range but the caller's is offered once; none is lost that nobody takes. */
static void check_refused_ranges(int32_t channel_count) {
  const mp3a_clip clip = clip_of(channel_count, 0, FRAMES, 0);
  const mp3a_clip alone = clip_of(channel_count, MP3A_ONE_THREAD, FRAMES, 1);
  mp3a_stats wanted;
  mp3a_ranges_stats found;
  int32_t status;
  CHECK(pipeline_run_again(&alone, &wanted) == MP3A_OK, "alone");
  for (int refused = 0; refused < 2; refused++) {
    memset(output[0], 0x55, sizeof output[0]);
    atomic_store(&asked_count, 0);
    atomic_store(&is_alone, refused != 0);
    CHECK(ranges_run_again(&clip, wanted.peak, 5, 8, &found, &status) && status == MP3A_OK, "run");
    CHECK(atomic_load(&asked_count) == 4, "%u were asked", atomic_load(&asked_count));
    CHECK(!refused || found.seam_count + found.lost_count + found.redone_count == 0,
          "%u seams of what nobody has taken", found.seam_count);
    CHECK(found.stats.mp3_byte_size == wanted.mp3_byte_size, "%u bytes", found.stats.mp3_byte_size);
    for (int ch = 0; ch < channel_count; ch++)
      CHECK(!memcmp(output[0][ch], output[1][ch], sizeof output[0][ch]), "channel %d", ch);
  }
  atomic_store(&is_alone, false);
}

/* Wherever the caller's thread fails, in its range or when it goes on into the next one, that is
   told. */
static void check_failed_range(void) {
  enum { MOST_STEPS = 90 };
  const mp3a_clip clip = clip_of(1, 0, 100000, 0);
  mp3a_ranges_stats found;
  int32_t status;
  uint32_t redone = 0;
  for (uint32_t n = 0; n < MOST_STEPS; n += 6) {
    steps_left = n;
    CHECK(ranges_run_again(&clip, 1, 2, 0, &found, &status), "run");
    CHECK(status == (n > 0 && steps_left == 0 ? MP3A_OUT_OF_MEMORY : MP3A_OK), "%u steps: %d", n,
          status);
    redone += found.redone_count;
  }
  steps_left = 0;
  CHECK(redone > 0, "the caller never went on");
}

/* What is coded in its own place is copied first; where it can't be, nothing is touched. */
static void check_in_place(void) {
  mp3a_clip clip = clip_of(1, 0, 100000, 0);
  mp3a_ranges_stats found;
  int32_t status;
  memcpy(output[0][0], input[0], 100000 * sizeof(float));
  clip.input = mp3a_float_source(output[0][0], NULL);
  has_no_memory = true;
  CHECK(!ranges_run_again(&clip, 1, 2, 8, &found, &status), "without memory");
  has_no_memory = false;
  CHECK(memcmp(output[0][0], input[0], 100000 * sizeof(float)) == 0, "it was written");
  const mp3a_clip alone = clip_of(1, MP3A_ONE_THREAD, 100000, 1);
  CHECK(pipeline_run_again(&alone, NULL) == MP3A_OK, "alone");
  CHECK(ranges_run_again(&clip, 1, 2, 8, &found, &status) && status == MP3A_OK, "in place");
  CHECK(memcmp(output[0][0], output[1][0], 100000 * sizeof(float)) == 0, "in place differs");
}

/* A range goes on from another that is as it was at the seam, unless that has failed. */
static void check_join(void) {
  const mp3a_clip clip = clip_of(1, 0, 100000, 0);
  mp3a_ranges_stats stats = {0};
  uint32_t size = 0;
  crew *c = calloc(1, sizeof *c + 2 * sizeof *c->ranges);
  range *before = &c->ranges[0], *r = &c->ranges[1];
  plan(c, &clip, 1, 2, 8);
  CHECK(keep_input(c) && open_range(before), "open");
  run_to_end(before);
  r->is_taken = true, r->seam_count = 1;
  seam *s = &r->seams[0];
  s->frame = before->end, s->decoder = before->decoder.codec;
  s->state_size = mp3a_lame_copy_state(before->encoder.lame, s->state, sizeof s->state);
  CHECK(join(before, r, &size, &stats) == r && size == before->encoder.mp3_byte_size, "alike");
  before->status = MP3A_OUT_OF_MEMORY;
  CHECK(join(before, r, &size, &stats) == before, "failed");
  before->status = MP3A_OK;
  uint8_t *const parts[] = {s->state, (uint8_t *)s->decoder.mdct_overlap,
                            (uint8_t *)s->decoder.qmf_state};
  for (int i = 0; i < 3; i++) {
    parts[i][5] ^= 1;
    CHECK(!fits(before, s), "part %d is another", i);
    parts[i][5] ^= 1;
  }
  CHECK(fits(before, s), "all is as before");
  mp3a_block_encoder_close(&before->encoder);
  mp3a_memory_free(c->input_copy);
  free(c);
}

/* Pieces of 64 MP3 frames of each plane, within it, and together most of it. */
static void check_expected_writes(int32_t channel_count) {
  const mp3a_clip clip = clip_of(channel_count, 0, FRAMES, 0);
  mp3a_ranges_stats found;
  int32_t status;
  uint32_t counts[2] = {0, 0}, wrong = 0;
  atomic_store(&note_count, 0);
  CHECK(ranges_run_again(&clip, 1, 2, 8, &found, &status) && status == MP3A_OK, "run");
  const uint32_t noted = atomic_load(&note_count);
  CHECK(noted > 0 && noted < MOST_NOTES, "%u notes", noted);
  for (uint32_t n = 0; n < noted; n++) {
    const int ch = notes[n].begin >= output[0][1];
    const uint32_t count = (uint32_t)(notes[n].end - notes[n].begin);
    wrong += notes[n].begin < output[0][ch] || notes[n].end > output[0][ch] + FRAMES;
    wrong += count > 64 * 1152;
    counts[ch] += count;
  }
  CHECK(wrong == 0, "%u of %u are wrong", wrong, noted);
  for (int ch = 0; ch < channel_count; ch++)
    CHECK(counts[ch] > FRAMES / 4 * 3 && counts[ch] < 2 * FRAMES, "%u frames", counts[ch]);
}

int main(void) {
  for (int i = 0; i < 2; i++) input[i] = make_signal(FRAMES, 44100, 31 + (uint64_t)i, 0.8f);
  RUN(check_two_threads());
  RUN(check_failed_range());
  RUN(check_in_place());
  RUN(check_join());
  for (int32_t channel_count = 1; channel_count <= 2; channel_count++) {
    RUN(check_refused_ranges(channel_count));
    RUN(check_expected_writes(channel_count));
  }
  free(input[0]), free(input[1]);
  return check_finish();
}
