/* Memory, threads and locks that run out, one after the other: every call ends
   with a status, nothing leaks, nothing hangs. */
#include "tests/failing_calls.h"

#include <lame.h>
#include <malloc.h>
#include <stdlib.h>

#include "common/memory.h"
#include "lame/snapshot.h"
#include "mp3augment.h"
#include "tests/check.h"
#include "tests/signals.h"

enum { FRAMES = 40000, MAX_CALLS = 2000 };

static float *input, *output;
static uint8_t bytes[200000], mp3[200000];
static uint32_t mp3_byte_size;

/* One setting, made ready before anything fails: LAME's own start doesn't look
   whether it got all its memory. */
static mp3a_options options = {sizeof(mp3a_options), 44100, 96, 7, 1, 0, 0, 0, 0};

static int32_t run_directly(void) {
  return mp3a_roundtrip(&options, input, NULL, FRAMES, output, NULL, FRAMES, NULL);
}

static int32_t run_on_one_thread(void) {
  mp3a_options on_one_thread = options;
  on_one_thread.flags = MP3A_ONE_THREAD;
  return mp3a_roundtrip(&on_one_thread, input, NULL, FRAMES, output, NULL, FRAMES, NULL);
}

static int32_t run_as_job(void) {
  mp3a_queue *queue = mp3a_queue_create(NULL);
  if (!queue) return MP3A_OUT_OF_MEMORY;
  int32_t status;
  mp3a_job *job = mp3a_roundtrip_job_start(queue, &options, input, NULL, FRAMES, 1, &status);
  if (job) {
    mp3a_queue_wait(queue);
    status = mp3a_roundtrip_job_end(job, output, NULL, FRAMES, NULL);
  }
  mp3a_queue_destroy(queue);
  return status;
}

static int32_t run_encoding(void) {
  uint32_t byte_size;
  mp3a_options tagged = options;
  return mp3a_encode(&tagged, input, NULL, FRAMES, bytes, sizeof bytes, &byte_size);
}

static int32_t run_encoding_job(void) {
  mp3a_queue *queue = mp3a_queue_create(NULL);
  if (!queue) return MP3A_OUT_OF_MEMORY;
  int32_t status;
  mp3a_job *job = mp3a_encode_job_start(queue, &options, input, NULL, FRAMES, 1, &status);
  if (job) {
    mp3a_queue_wait(queue);
    status = mp3a_encode_job_end(job, bytes, sizeof bytes);
  }
  mp3a_queue_destroy(queue);
  return status;
}

static int32_t run_encode_stream(void) {
  int32_t status;
  uint32_t byte_size;
  mp3a_encode_stream *stream = mp3a_encode_stream_create(&options, &status);
  if (!stream) return status;
  status = mp3a_encode_stream_write(stream, input, NULL, FRAMES, bytes, sizeof bytes, &byte_size);
  if (status == MP3A_OK) {
    status = mp3a_encode_stream_finish(stream, bytes, sizeof bytes, &byte_size);
  }
  mp3a_encode_stream_destroy(stream);
  return status;
}

static int32_t run_roundtrip_stream(void) {
  int32_t status;
  uint32_t count;
  mp3a_roundtrip_stream *stream = mp3a_roundtrip_stream_create(&options, 1, &status);
  if (!stream) return status;
  status = mp3a_roundtrip_stream_write(stream, input, NULL, FRAMES, output, NULL, FRAMES, &count);
  if (status == MP3A_OK) {
    status = mp3a_roundtrip_stream_finish(stream, output, NULL, FRAMES, &count);
  }
  mp3a_roundtrip_stream_destroy(stream);
  return status;
}

static int32_t run_decoding_job(void) {
  mp3a_queue *queue = mp3a_queue_create(NULL);
  if (!queue) return MP3A_OUT_OF_MEMORY;
  int32_t status = MP3A_OK;
  for (int is_wanted = 0; is_wanted < 2 && status == MP3A_OK; is_wanted++) {
    mp3a_job *job = mp3a_decode_job_start(queue, mp3, mp3_byte_size, true, 1, &status);
    if (!job) break;
    mp3a_queue_wait(queue);
    status = is_wanted ? mp3a_decode_job_end(job, output, NULL, FRAMES) : mp3a_job_end(job);
  }
  mp3a_queue_destroy(queue);
  return status;
}

static int32_t run_decode_stream(void) {
  int32_t status;
  uint32_t consumed, count;
  mp3a_decode_stream *stream = mp3a_decode_stream_create(true, &status);
  if (!stream) return status;
  status = mp3a_decode_stream_run(stream, mp3, mp3_byte_size, true, output, output, FRAMES,
                                  &consumed, &count);
  mp3a_decode_stream_destroy(stream);
  return status;
}

static int32_t run_resampling(void) {
  int32_t status;
  uint32_t count;
  mp3a_resample_stream *stream = mp3a_resample_stream_create(44100, 22050, &status);
  if (!stream) return status;
  status = mp3a_resample_stream_write(stream, input, FRAMES / 2, output, FRAMES, &count);
  mp3a_resample_stream_destroy(stream);
  return status;
}

/* More encoders at once than are kept to be used again. What was made works. */
static int32_t run_many_streams(void) {
  enum { MANY = 70 };
  mp3a_encode_stream *streams[MANY];
  int32_t result = MP3A_OK, status;
  uint32_t byte_size;
  for (int i = 0; i < MANY; i++) {
    streams[i] = mp3a_encode_stream_create(&options, &status);
    CHECK(!streams[i] == (status != MP3A_OK), "a stream and status %d", status);
    if (status != MP3A_OK) result = status;
  }
  const long left = atomic_exchange(&calls_left, -1);
  for (int i = 0; i < MANY; i++) {
    status = streams[i] ? mp3a_encode_stream_write(streams[i], input, NULL, 9, bytes, sizeof bytes,
                                                   &byte_size)
                        : MP3A_OK;
    CHECK(status == MP3A_OK, "stream %d was made, but: %d", i, status);
    mp3a_encode_stream_destroy(streams[i]);
  }
  atomic_store(&calls_left, left);
  return result;
}

/* More settings than are kept. */
static int32_t run_many_settings(void) {
  enum { MANY = 150 };
  int32_t result = MP3A_OK, status;
  for (int i = 0; i < MANY; i++) {
    mp3a_options other = options;
    other.lowpass_hz = 5000 + i;
    mp3a_encode_stream_destroy(mp3a_encode_stream_create(&other, &status));
    if (status != MP3A_OK) result = status;
  }
  return result;
}

/* Lets the 1st, 2nd, 3rd … call fail, until none is left to fail. `told`: how many of these
   failures are an error at least; where a clip can't be cut into ranges, it is coded at once. */
static void check_each_failure(const char *name, int32_t (*run)(void), unsigned least,
                               unsigned told) {
  unsigned failed_count = 0, error_count = 0;
  for (long n = 0; n < MAX_CALLS; n++) {
    mp3a_memory_free_kept();
    atomic_store(&has_failed, false);
    atomic_store(&calls_left, n + atomic_load(&in_a_row) - 1);
    const int32_t status = run();
    atomic_store(&calls_left, -1);
    CHECK(status == MP3A_OK || status == MP3A_OUT_OF_MEMORY, "%s, call %ld: %d", name, n, status);
    error_count += status != MP3A_OK;
    if (!atomic_load(&has_failed)) break;
    failed_count++;
  }
  CHECK(failed_count >= least, "%s: only %u calls can fail", name, failed_count);
  CHECK(error_count >= told, "%s: only %u failures were told", name, error_count);
  CHECK(failed_count < MAX_CALLS, "%s never came through", name);
}

/* Without what is kept to be used again. */
static long used_count(void) {
  mp3a_memory_free_kept();
  return atomic_load(&live_count);
}

static long settled_count(void) {
  for (int i = 0; i < 5; i++) {
    CHECK(run_directly() == MP3A_OK, "after a failure");
    CHECK(run_as_job() == MP3A_OK, "after a failure");
    CHECK(run_encoding() == MP3A_OK, "after a failure");
    CHECK(run_encode_stream() == MP3A_OK, "after a failure");
    CHECK(run_roundtrip_stream() == MP3A_OK, "after a failure");
    CHECK(run_decoding_job() == MP3A_OK, "after a failure");
    CHECK(run_decode_stream() == MP3A_OK, "after a failure");
    CHECK(run_resampling() == MP3A_OK, "after a failure");
    CHECK(run_many_streams() == MP3A_OK, "after a failure");
  }
  return used_count();
}

/* The encoder is ready then, but no thread was made yet. */
static void make_ready(void) {
  CHECK(run_on_one_thread() == MP3A_OK, "a round trip on one thread");
  CHECK(run_encoding() == MP3A_OK, "an encoding");
  CHECK(mp3a_encode(&options, input, NULL, FRAMES, mp3, sizeof mp3, &mp3_byte_size) == MP3A_OK,
        "an MP3 file");
}

/* What is done again and again takes no more memory than once. */
static void check_repeated(const char *name, int32_t (*run)(void)) {
  long before = 0;
  for (int i = 0; i < 6; i++) {
    CHECK(run() == MP3A_OK, "%s", name);
    if (i == 2) before = used_count();
  }
  const long after = used_count();
  CHECK(after == before, "%s: %ld blocks before, %ld after", name, before, after);
}

static void check_all_failures(void) {
  const long before = settled_count();
  RUN(check_each_failure("roundtrip", run_directly, 3, 0));
  RUN(check_each_failure("one thread", run_on_one_thread, 1, 1));
  RUN(check_each_failure("job", run_as_job, 3, 1));
  RUN(check_each_failure("encoding", run_encoding, 1, 1));
  RUN(check_each_failure("encoding job", run_encoding_job, 3, 1));
  RUN(check_each_failure("encode stream", run_encode_stream, 1, 1));
  RUN(check_each_failure("roundtrip stream", run_roundtrip_stream, 1, 1));
  RUN(check_each_failure("decoding job", run_decoding_job, 3, 1));
  RUN(check_each_failure("decode stream", run_decode_stream, 1, 1));
  RUN(check_each_failure("resampling", run_resampling, 5, 5));
  RUN(check_each_failure("many streams", run_many_streams, 5, 1));
  /* Where memory isn't there even after all that was kept has been given back. */
  atomic_store(&in_a_row, 2);
  RUN(check_each_failure("job, twice", run_as_job, 3, 2));
  RUN(check_each_failure("encoding job, twice", run_encoding_job, 3, 2));
  RUN(check_each_failure("decoding job, twice", run_decoding_job, 3, 2));
  atomic_store(&in_a_row, 1);
  const long after = settled_count();
  CHECK(after == before, "%ld blocks before, %ld after", before, after);
  RUN(check_repeated("roundtrip", run_directly));
  RUN(check_repeated("job", run_as_job));
  RUN(check_repeated("encoding job", run_encoding_job));
  RUN(check_repeated("decoding job", run_decoding_job));
  RUN(check_repeated("decode stream", run_decode_stream));
  RUN(check_repeated("encode stream", run_encode_stream));
  RUN(check_repeated("roundtrip stream", run_roundtrip_stream));
  RUN(check_repeated("resampling", run_resampling));
  RUN(check_repeated("many streams", run_many_streams));
  RUN(check_repeated("many settings", run_many_settings));
}

static void check_locks(void) {
  CHECK(atomic_load(&taken_count) > 100, "%u locks were taken", atomic_load(&taken_count));
  CHECK(atomic_load(&misused_count) == 0, "%u were misused", atomic_load(&misused_count));
  CHECK(atomic_load(&lock_count) == 0, "%ld were left", atomic_load(&lock_count));
}

/* A job for which not one thread can be made is freed, and that is told. */
static void check_no_thread(void) {
  const long before = used_count();
  atomic_store(&lacks_threads, true);
  CHECK(run_as_job() == MP3A_OUT_OF_MEMORY, "a round trip");
  CHECK(run_encoding_job() == MP3A_OUT_OF_MEMORY, "an encoding");
  CHECK(run_decoding_job() == MP3A_OUT_OF_MEMORY, "a decoding");
  CHECK(run_directly() == MP3A_OK, "without the pool");
  atomic_store(&lacks_threads, false);
  const long after = used_count();
  CHECK(after == before, "%ld blocks before, %ld after", before, after);
}

/* A setting whose first encoder can't be copied is not kept, as it may lack memory itself. */
static void check_failed_copy(void) {
  enum { HELD = 20, ENOUGH = 1 << 20 };
  mp3a_encode_stream *held[HELD + 1];
  mp3a_options other = options;
  int32_t status;
  for (int i = 0; i < HELD; i++) held[i] = mp3a_encode_stream_create(&options, &status);
  other.lowpass_hz = 4001;
  atomic_store(&calls_left, ENOUGH);
  held[HELD] = mp3a_encode_stream_create(&other, &status);
  const long call_count = ENOUGH - atomic_exchange(&calls_left, -1);
  CHECK(status == MP3A_OK && call_count > 5, "%ld calls for a new setting", call_count);
  other.lowpass_hz = 4002;
  const long before = used_count();
  atomic_store(&calls_left, call_count - 1);
  CHECK(!mp3a_encode_stream_create(&other, &status), "the last call fails");
  atomic_store(&calls_left, -1);
  const long after = used_count();
  CHECK(status == MP3A_OUT_OF_MEMORY, "%d", status);
  CHECK(after == before, "%ld blocks before, %ld after", before, after);
  for (int i = 0; i <= HELD; i++) mp3a_encode_stream_destroy(held[i]);
}

static lame_global_flags *open_lame(int in_hz, int out_hz) {
  lame_global_flags *lame = lame_init();
  lame_set_in_samplerate(lame, in_hz);
  lame_set_out_samplerate(lame, out_hz);
  CHECK(lame_init_params(lame) == 0, "LAME for %d to %d Hz", in_hz, out_hz);
  return lame;
}

/* An encoder that is used again has lost its tags. */
static void check_tagged(void) {
  lame_global_flags *fresh = open_lame(44100, 44100), *used = mp3a_lame_clone(fresh);
  const long before = used_count();
  for (int i = 0; i < 3; i++) {
    id3tag_set_title(used, "title");
    id3tag_set_comment(used, "comment");
    CHECK(used_count() > before, "tags take memory");
    CHECK(mp3a_lame_reset(used, fresh) == 0, "a reset");
    const long after = used_count();
    CHECK(after == before, "%ld blocks before, %ld after", before, after);
  }
  lame_close(used);
  lame_close(fresh);
}

/* A reset for which memory runs out leaves nothing behind. */
static void check_failed_reset(void) {
  lame_global_flags *fresh = lame_init();
  lame_set_findReplayGain(fresh, 1);
  lame_set_VBR(fresh, vbr_mtrh);
  CHECK(lame_init_params(fresh) == 0, "LAME with a tag");
  int failed_count = 0;
  for (int is_done = 0; !is_done && failed_count < MAX_CALLS; failed_count += !is_done) {
    const long before = used_count();
    lame_global_flags *used = lame_init();
    lame_set_bWriteVbrTag(used, 0);
    CHECK(lame_init_params(used) == 0, "LAME without a tag");
    atomic_store(&calls_left, failed_count);
    is_done = mp3a_lame_reset(used, fresh) == 0;
    atomic_store(&calls_left, -1);
    lame_close(used);
    const long after = used_count();
    CHECK(after == before, "call %d: %ld blocks before, %ld after", failed_count, before, after);
  }
  CHECK(failed_count >= 3, "only %d calls can fail", failed_count);
  lame_close(fresh);
}

/* Filters between two rates that there was no memory for are kept as soon as there is, however
   often there was none. */
static void check_kept_filters(void) {
  enum { BLOCK = 1152, BLOCKS = 200, MANY = 1000, ROOM = 2 }; /* LAME's own two blocks */
  lame_global_flags *lame = open_lame(32000, 22050);
  atomic_store(&in_a_row, MANY);
  atomic_store(&calls_left, MANY + ROOM - 1);
  for (int i = 0; i < BLOCKS; i++)
    CHECK(lame_encode_buffer_ieee_float(lame, input, input, BLOCK, bytes, sizeof bytes) >= 0,
          "block %d", i);
  const long left = atomic_exchange(&calls_left, -1);
  CHECK(left > 0 && left <= MANY - BLOCKS, "%ld failures left: each block tries", left);
  atomic_store(&in_a_row, 1);
  const long before = atomic_load(&live_count);
  for (int i = 0; i < 2; i++)
    CHECK(lame_encode_buffer_ieee_float(lame, input, input, BLOCK, bytes, sizeof bytes) >= 0,
          "there is memory again");
  const long after = atomic_load(&live_count);
  CHECK(after == before + 1, "%ld blocks before, %ld after", before, after);
  lame_close(lame);
}

int main(void) {
  mallopt(M_MMAP_THRESHOLD, 1 << 30); /* fresh pages take most of the time otherwise */
  mallopt(M_TRIM_THRESHOLD, -1);
  input = make_signal(FRAMES, 44100, 1, 0.8f);
  output = calloc(FRAMES, sizeof *output);
  RUN(make_ready());
  RUN(check_no_thread());
  RUN(check_tagged());
  RUN(check_failed_reset());
  RUN(check_kept_filters());
  RUN(check_failed_copy());
  RUN(check_each_failure("first thread", run_directly, 3, 0));
  check_all_failures();
  options.coded_sample_rate_hz = MP3A_CODED_RATE_AUTO, options.bitrate_kbps = 32;
  RUN(make_ready());
  check_all_failures();
  RUN(check_locks());
  free(input), free(output);
  return check_finish();
}
