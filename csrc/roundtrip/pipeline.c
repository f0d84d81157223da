#include "roundtrip/pipeline.h"

#include <stdlib.h>
#include <string.h>

#include "common/options.h"
#include "common/peak.h"
#include "common/pool.h"
#include "encode/block_encoder.h"
#include "roundtrip/block_decoder.h"
#include "roundtrip/ranges.h"
#include "roundtrip/ring.h"

/* Shorter clips stay on one thread: waking another costs more than it saves, by
   `npm run bench -- --threshold` on a machine with 2 cores. */
enum { MIN_FRAMES_FOR_TWO_THREADS = 32 * MP3A_BLOCK_FRAMES };

/* Everything one clip needs, in one allocation. */
typedef struct session {
  mp3a_task decode_task; /* first, so that a task is its session */
  mp3a_block_encoder encoder;
  mp3a_block_decoder decoder;
  mp3a_ring ring;
  int32_t decode_status;
} session;

static int32_t run_on_one_thread(session *s, const mp3a_clip *clip) {
  unsigned char *bytes = s->ring.slots[0];
  while (!s->encoder.finished) {
    uint32_t byte_size = 0;
    if (mp3a_is_cancelled(clip->cancelled)) return MP3A_CANCELLED;
    int32_t status = mp3a_block_encoder_step(&s->encoder, bytes, MP3A_SLOT_BYTES, &byte_size);
    if (status == MP3A_OK) status = mp3a_block_decoder_feed(&s->decoder, bytes, byte_size);
    if (status != MP3A_OK) return status;
  }
  return MP3A_OK;
}

/* The decoder's thread. */
static void decode_all(mp3a_task *task) {
  session *s = (session *)task;
  const unsigned char *bytes;
  uint32_t byte_size = 0;
  while ((bytes = mp3a_ring_begin_read(&s->ring, &byte_size)) != NULL) {
    s->decode_status = mp3a_block_decoder_feed(&s->decoder, bytes, byte_size);
    if (s->decode_status != MP3A_OK) {
      mp3a_ring_stop(&s->ring);
      break;
    }
    mp3a_ring_end_read(&s->ring);
  }
  mp3a_ring_leave(&s->ring);
}

/* The encoder's side of two threads. */
static int32_t encode_all(session *s, const mp3a_clip *clip) {
  while (!s->encoder.finished) {
    uint32_t byte_size = 0;
    if (mp3a_is_cancelled(clip->cancelled)) return MP3A_CANCELLED;
    unsigned char *bytes = mp3a_ring_begin_write(&s->ring);
    if (!bytes) return MP3A_OK; /* the decoder has failed and tells why */
    const int32_t status = mp3a_block_encoder_step(&s->encoder, bytes, MP3A_SLOT_BYTES, &byte_size);
    if (status != MP3A_OK) return status;
    mp3a_ring_end_write(&s->ring, byte_size);
  }
  return MP3A_OK;
}

static int32_t run_on_two_threads(session *s, const mp3a_clip *clip) {
  const int32_t status = encode_all(s, clip);
  if (status == MP3A_OK) {
    mp3a_ring_close(&s->ring);
  } else {
    mp3a_ring_stop(&s->ring);
  }
  mp3a_ring_join(&s->ring);
  return status != MP3A_OK ? status : s->decode_status;
}

static bool pays_two_threads(const mp3a_clip *clip) {
  return mp3a_thread_limit_of(&clip->options) != 1 &&
         clip->frame_count >= MIN_FRAMES_FOR_TWO_THREADS;
}

static int32_t run_stages(session *s, const mp3a_clip *clip) {
  if (pays_two_threads(clip) && mp3a_ring_open(&s->ring)) {
    if (mp3a_pool_assist(&s->decode_task)) {
      const int32_t status = run_on_two_threads(s, clip);
      mp3a_ring_free(&s->ring);
      return status;
    }
    mp3a_ring_free(&s->ring);
  }
  return run_on_one_thread(s, clip);
}

static int32_t begin(session *s, const mp3a_clip *clip, float peak) {
  s->decode_task.run = decode_all;
  s->decode_status = MP3A_OK;
  const uint32_t output_count = mp3a_output_frame_count(&clip->options, clip->frame_count);
  mp3a_block_encoder_begin(&s->encoder, peak);
  const int32_t status = mp3a_block_decoder_begin_clip(
      &s->decoder, &clip->options, s->encoder.coded_rate_hz, s->encoder.gives_frames,
      mp3a_block_encoder_gain(&s->encoder, peak));
  mp3a_block_encoder_take(&s->encoder, clip->input, clip->frame_count);
  mp3a_block_decoder_give(&s->decoder, clip->output, output_count);
  return status;
}

/* The clip's peak; false where a sample is not finite. 16-bit samples don't go beyond 1, and
   what is below is coded alike. */
static bool find_peak(const mp3a_clip *clip, float *peak) {
  *peak = 1.0f;
  if (clip->input.kind == MP3A_INTERLEAVED_PCM16) return true;
  const uint32_t bits = mp3a_peak_bits_of(clip->input.planes, clip->frame_count);
  memcpy(peak, &bits, sizeof *peak);
  return bits < MP3A_INFINITY_BITS;
}

static int32_t run_pipeline(const mp3a_clip *clip, float peak, mp3a_stats *stats) {
  session *s = malloc(sizeof *s);
  if (!s) return MP3A_OUT_OF_MEMORY;
  mp3a_options options = clip->options;
  options.flags |= MP3A_NO_TAG;
  int32_t status = mp3a_block_encoder_open(&s->encoder, &options);
  if (status == MP3A_OK) {
    mp3a_block_encoder_give_frames(&s->encoder);
    status = begin(s, clip, peak);
    if (status == MP3A_OK) status = run_stages(s, clip);
    if (status == MP3A_OK) status = mp3a_block_decoder_finish(&s->decoder);
    mp3a_block_decoder_end(&s->decoder);
    mp3a_block_encoder_close(&s->encoder);
  }
  *stats = (mp3a_stats){.mp3_byte_size = s->encoder.mp3_byte_size, .peak = peak};
  free(s);
  return status;
}

/* Once through the codec. */
static int32_t run_pass(const mp3a_clip *clip, mp3a_stats *stats) {
  float peak;
  int32_t status;
  mp3a_ranges_stats done;
  if (!find_peak(clip, &peak)) return MP3A_NON_FINITE_AUDIO;
  if (peak > MP3A_MAX_PEAK) return MP3A_INVALID_AUDIO;
  const uint32_t range_count = mp3a_ranges_for(clip);
  const uint32_t warm_up = mp3a_ranges_warm_up(&clip->options);
  if (!mp3a_ranges_run(clip, peak, range_count, warm_up, &done, &status)) {
    status = run_pipeline(clip, peak, &done.stats);
  }
  if (status == MP3A_OK) *stats = done.stats;
  return status;
}

static mp3a_source as_source(const mp3a_sink *sink) {
  return sink->kind == MP3A_INTERLEAVED_PCM16
             ? mp3a_pcm16_source(sink->codes, sink->channel_count)
             : mp3a_float_source(sink->planes[0], sink->planes[1]);
}

/* From the second pass on, in place: the encoder is always ahead of what is written, also where
   the delay is kept, as the decoder is later by as much. */
int32_t mp3a_pipeline_run(const mp3a_clip *clip, mp3a_stats *stats) {
  mp3a_clip pass = *clip;
  mp3a_stats done, of_pass;
  pass.options.pass_count = 1;
  int32_t status = run_pass(&pass, &done);
  for (uint32_t i = 1; status == MP3A_OK && i < mp3a_passes_of(&clip->options); i++) {
    pass.input = as_source(&clip->output);
    pass.frame_count = mp3a_output_frame_count(&pass.options, pass.frame_count);
    status = run_pass(&pass, &of_pass);
    done.mp3_byte_size = of_pass.mp3_byte_size;
  }
  if (status == MP3A_OK && stats) *stats = done;
  return status;
}
