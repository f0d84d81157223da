/* A user of the public C API who knows nothing but the header. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "mp3augment.h"
#include "tests/check.h"
#include "tests/signals.h"

enum { COUNT = 20000 };

static mp3a_options some_options(int32_t channel_count) {
  return (mp3a_options){.struct_byte_size = sizeof(mp3a_options),
                        .sample_rate_hz = 44100,
                        .bitrate_kbps = 128,
                        .quality = 7,
                        .channel_count = channel_count};
}

static void check_mono_and_stereo(void) {
  float *left = make_signal(COUNT, 44100, 1, 0.8f);
  float *right = make_signal(COUNT, 44100, 2, 0.5f);
  float *out_left = calloc(COUNT, sizeof(float));
  float *out_right = calloc(COUNT, sizeof(float));
  mp3a_stats stats;
  mp3a_options options = some_options(2);
  CHECK(mp3a_roundtrip(&options, left, right, COUNT, out_left, out_right, COUNT, &stats) == MP3A_OK,
        "stereo");
  CHECK(correlation_at(left, out_left, COUNT) > 0.98, "left %f",
        correlation_at(left, out_left, COUNT));
  CHECK(correlation_at(right, out_right, COUNT) > 0.98, "right %f",
        correlation_at(right, out_right, COUNT));
  CHECK(find_offset(left, out_left, COUNT, 40) == 0, "offset");
  CHECK(stats.mp3_byte_size > 6000 && stats.mp3_byte_size < 9000, "%u bytes",
        stats.mp3_byte_size);
  CHECK(stats.peak > 0.5f && stats.peak <= 1.0f, "peak %f", (double)stats.peak);
  options = some_options(1);
  CHECK(mp3a_roundtrip(&options, left, NULL, COUNT, left, NULL, COUNT, NULL) == MP3A_OK,
        "in place");
  CHECK(correlation_at(left, out_left, COUNT) > 0.95, "in place differs");
  free(left), free(right), free(out_left), free(out_right);
}

/* Whoever takes a clip says the same of a bad one. */
static void check_refused(const char *name, const mp3a_options *o, const float *left,
                          const float *right, uint32_t count, int32_t expected) {
  static uint8_t bytes[50000];
  float out[2][100];
  mp3a_queue *queue = mp3a_queue_create(NULL);
  int32_t status = MP3A_OK;
  uint32_t size;
  CHECK(!mp3a_roundtrip_job_start(queue, o, left, right, count, 1, &status), "%s, a job", name);
  CHECK(status == expected, "%s, a job: %d", name, status);
  CHECK(!mp3a_encode_job_start(queue, o, left, right, count, 1, &status), "%s, encoding", name);
  CHECK(status == expected, "%s, an encoding job: %d", name, status);
  status = mp3a_encode(o, left, right, count, bytes, sizeof bytes, &size);
  CHECK(status == expected, "%s, encoding: %d", name, status);
  status = mp3a_roundtrip(o, left, right, count, out[0], right ? out[1] : NULL, 100, NULL);
  CHECK(status == expected, "%s: %d (%s)", name, status, mp3a_status_message(status));
  mp3a_queue_destroy(queue);
}

static void check_refused_options(const char *name, const mp3a_options *o, int32_t expected) {
  const float samples[100] = {0};
  int32_t status = MP3A_OK;
  check_refused(name, o, samples, NULL, 100, expected);
  CHECK(!mp3a_encode_stream_create(o, &status) && status == expected, "%s: %d", name, status);
  status = MP3A_OK;
  CHECK(!mp3a_roundtrip_stream_create(o, 1, &status) && status == expected, "%s: %d", name, status);
}

typedef struct bad_call {
  const char *name;
  int32_t expected;
  mp3a_options options;
} bad_call;

static void check_bad_options(void) {
  const bad_call calls[] = {
      {"no struct size", MP3A_INVALID_OPTION, {0, 44100, 128, 7, 1, 0, 0, 0, 0}},
      {"unknown flag", MP3A_INVALID_OPTION, {sizeof(mp3a_options), 44100, 128, 7, 1, 64, 0, 0, 0}},
      {"rate", MP3A_UNSUPPORTED_SAMPLE_RATE, {sizeof(mp3a_options), 44099, 128, 7, 1, 0, 0, 0, 0}},
      {"rate 0", MP3A_UNSUPPORTED_SAMPLE_RATE, {sizeof(mp3a_options), 0, 128, 7, 1, 0, 0, 0, 0}},
      {"bitrate", MP3A_UNSUPPORTED_BITRATE, {sizeof(mp3a_options), 44100, 129, 7, 1, 0, 0, 0, 0}},
      {"quality -1",
       MP3A_UNSUPPORTED_QUALITY,
       {sizeof(mp3a_options), 44100, 128, -1, 1, 0, 0, 0, 0}},
      {"quality 10",
       MP3A_UNSUPPORTED_QUALITY,
       {sizeof(mp3a_options), 44100, 128, 10, 1, 0, 0, 0, 0}},
      {"no channel",
       MP3A_UNSUPPORTED_CHANNELS,
       {sizeof(mp3a_options), 44100, 128, 7, 0, 0, 0, 0, 0}},
      {"rate control", MP3A_INVALID_OPTION, {sizeof(mp3a_options), 44100, 128, 7, 1, 0, 3, 0, 0}},
      {"CBR, V", MP3A_INVALID_OPTION, {sizeof(mp3a_options), 44100, 128, 7, 1, 0, MP3A_CBR, 2, 0}},
      {"ABR 7",
       MP3A_UNSUPPORTED_BITRATE,
       {sizeof(mp3a_options), 44100, 7, 7, 1, 0, MP3A_ABR, 0, 0}},
      {"ABR 321",
       MP3A_UNSUPPORTED_BITRATE,
       {sizeof(mp3a_options), 44100, 321, 7, 1, 0, MP3A_ABR, 0, 0}},
      {"ABR, V", MP3A_INVALID_OPTION, {sizeof(mp3a_options), 44100, 99, 7, 1, 0, MP3A_ABR, 2, 0}},
      {"V -1",
       MP3A_UNSUPPORTED_QUALITY,
       {sizeof(mp3a_options), 44100, 0, 7, 1, 0, MP3A_VBR, -1, 0}},
      {"V 10",
       MP3A_UNSUPPORTED_QUALITY,
       {sizeof(mp3a_options), 44100, 0, 7, 1, 0, MP3A_VBR, 10, 0}},
      {"V NaN",
       MP3A_UNSUPPORTED_QUALITY,
       {sizeof(mp3a_options), 44100, 0, 7, 1, 0, MP3A_VBR, NAN, 0}},
      {"V, kbps", MP3A_INVALID_OPTION, {sizeof(mp3a_options), 44100, 8, 7, 1, 0, MP3A_VBR, 1, 0}},
      {"lowpass -2", MP3A_INVALID_OPTION, {sizeof(mp3a_options), 44100, 128, 7, 1, 0, 0, 0, -2}},
      {"lowpass", MP3A_INVALID_OPTION, {sizeof(mp3a_options), 44100, 128, 7, 1, 0, 0, 0, 22051}},
      {"3 channels",
       MP3A_UNSUPPORTED_CHANNELS,
       {sizeof(mp3a_options), 44100, 128, 7, 3, 0, 0, 0, 0}},
      {"offset -1",
       MP3A_INVALID_OPTION,
       {sizeof(mp3a_options), 44100, 128, 7, 1, .grid_offset = -1}},
      {"a whole frame",
       MP3A_INVALID_OPTION,
       {sizeof(mp3a_options), 24000, 128, 7, 1, .grid_offset = 576}},
      {"passes -1",
       MP3A_INVALID_OPTION,
       {sizeof(mp3a_options), 44100, 128, 7, 1, .pass_count = -1}},
      {"11 passes",
       MP3A_INVALID_OPTION,
       {sizeof(mp3a_options), 44100, 128, 7, 1, .pass_count = 11}},
      {"coded rate",
       MP3A_UNSUPPORTED_SAMPLE_RATE,
       {sizeof(mp3a_options), 44100, 128, 7, 1, .coded_sample_rate_hz = 22051}},
      {"lowpass above the coded rate's half",
       MP3A_INVALID_OPTION,
       {sizeof(mp3a_options), 44100, 64, 7, 1, .lowpass_hz = 4001, .coded_sample_rate_hz = 8000}},
      {"an offset of more than a coded MP3 frame",
       MP3A_INVALID_OPTION,
       {sizeof(mp3a_options), 44100, 64, 7, 1, .coded_sample_rate_hz = 8000, .grid_offset = 3176}},
  };
  for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
    check_refused_options(calls[i].name, &calls[i].options, calls[i].expected);
    CHECK(mp3a_output_frame_count(&calls[i].options, 100) == 0, "%s", calls[i].name);
  }
  check_refused_options("no options", NULL, MP3A_INVALID_OPTION);
}

static int32_t call(const float *left, const float *right, uint32_t count, float *out_left,
                    float *out_right, int32_t channel_count) {
  const mp3a_options options = some_options(channel_count);
  return mp3a_roundtrip(&options, left, right, count, out_left, out_right, count, NULL);
}

static void check_bad_audio(void) {
  float a[100] = {0}, b[100] = {0};
  const float *odd = (const float *)((const char *)a + 1);
  const mp3a_options mono = some_options(1), stereo = some_options(2);
  check_refused("no input", &mono, NULL, NULL, 100, MP3A_INVALID_AUDIO);
  check_refused("right for mono", &mono, a, b, 100, MP3A_INVALID_AUDIO);
  check_refused("no right", &stereo, a, NULL, 100, MP3A_INVALID_AUDIO);
  check_refused("no left", &stereo, NULL, b, 100, MP3A_INVALID_AUDIO);
  check_refused("misaligned", &mono, odd, NULL, 50, MP3A_INVALID_AUDIO);
  check_refused("misaligned left", &stereo, odd, b, 50, MP3A_INVALID_AUDIO);
  check_refused("misaligned right", &stereo, b, odd, 50, MP3A_INVALID_AUDIO);
  check_refused("empty", &mono, a, NULL, 0, MP3A_EMPTY_AUDIO);
  check_refused("too long", &mono, a, NULL, MP3A_MAX_FRAMES + 1u, MP3A_INVALID_AUDIO);
  CHECK(call(a, NULL, 100, NULL, NULL, 1) == MP3A_INVALID_AUDIO, "no output");
  CHECK(call(a, b, 100, a, NULL, 2) == MP3A_INVALID_AUDIO, "no right output");
  CHECK(mp3a_roundtrip(&mono, a, NULL, 100, b, NULL, 99, NULL) == MP3A_INVALID_AUDIO, "room");
  a[3] = 2e33f; /* above MP3A_MAX_PEAK */
  CHECK(call(a, NULL, 100, b, NULL, 1) == MP3A_INVALID_AUDIO, "too loud");
  const float bad[] = {NAN, INFINITY, -INFINITY};
  for (size_t i = 0; i < 3; i++) {
    memset(a, 0, sizeof a);
    b[7] = 0.5f;
    a[99] = bad[i];
    CHECK(call(a, NULL, 100, b, NULL, 1) == MP3A_NON_FINITE_AUDIO, "%f", (double)bad[i]);
    CHECK(b[7] == 0.5f, "output touched");
    CHECK(!mp3a_is_finite(a, 100) && mp3a_is_finite(a, 99), "%f", (double)bad[i]);
  }
}

/* Where nothing can be written, nothing is, and what was right before is so still. */
static void check_bad_encoding(void) {
  enum { ROOM = 20000 };
  const float samples[100] = {0};
  static uint8_t bytes[ROOM];
  const mp3a_options o = some_options(1);
  uint32_t size = 7;
  int32_t status;
  CHECK(mp3a_encode(&o, samples, NULL, 100, NULL, ROOM, &size) == MP3A_INVALID_AUDIO, "no bytes");
  CHECK(mp3a_encode(&o, samples, NULL, 100, bytes, ROOM, NULL) == MP3A_INVALID_AUDIO, "no size");
  CHECK(size == 7, "nothing was written");
  mp3a_encode_stream *s = mp3a_encode_stream_create(&o, &status);
  CHECK(mp3a_encode_stream_write(NULL, samples, NULL, 9, bytes, ROOM, &size) == MP3A_INVALID_AUDIO,
        "no stream");
  CHECK(mp3a_encode_stream_write(s, samples, NULL, 9, NULL, ROOM, &size) == MP3A_INVALID_AUDIO,
        "no bytes");
  CHECK(mp3a_encode_stream_write(s, samples, NULL, 9, bytes, ROOM, NULL) == MP3A_INVALID_AUDIO,
        "no size");
  CHECK(mp3a_encode_stream_finish(NULL, bytes, ROOM, &size) == MP3A_INVALID_AUDIO, "no stream");
  CHECK(mp3a_encode_stream_finish(s, NULL, ROOM, &size) == MP3A_INVALID_AUDIO, "no bytes");
  CHECK(mp3a_encode_stream_tag(s, bytes, ROOM, &size) == MP3A_INVALID_OPTION, "a tag too early");
  CHECK(mp3a_encode_stream_finish(s, bytes, ROOM, &size) == MP3A_OK && size == 0, "of nothing");
  CHECK(mp3a_encode_stream_write(s, samples, NULL, 9, bytes, ROOM, &size) == MP3A_INVALID_OPTION,
        "after the end");
  CHECK(mp3a_encode_stream_tag(NULL, bytes, ROOM, &size) == MP3A_INVALID_AUDIO, "no stream");
  CHECK(mp3a_encode_stream_tag(s, NULL, ROOM, &size) == MP3A_INVALID_AUDIO, "no bytes");
  CHECK(mp3a_encode_stream_tag(s, bytes, ROOM, NULL) == MP3A_INVALID_AUDIO, "no size");
  CHECK(mp3a_encode_stream_tag(s, bytes, 0, &size) == MP3A_OK && size == 0, "nothing has no tag");
  mp3a_encode_stream_destroy(s);
  s = mp3a_encode_stream_create(&o, &status);
  CHECK(mp3a_encode_stream_write(s, samples, NULL, 9, bytes, ROOM, &size) == MP3A_OK, "written");
  CHECK(mp3a_encode_stream_finish(s, bytes, ROOM, &size) == MP3A_OK, "finished");
  CHECK(mp3a_encode_stream_tag(s, bytes, ROOM, &size) == MP3A_OK && size == 417, "%u", size);
  CHECK(mp3a_encode_stream_tag(s, bytes, size - 1, &size) == MP3A_INVALID_AUDIO, "no room for it");
  CHECK(mp3a_encode_stream_tag(s, bytes, size, &size) == MP3A_OK, "just enough room");
  mp3a_encode_stream_destroy(s);
  CHECK(mp3a_encode_stream_capacity(NULL, 1) == 0, "no stream");
  CHECK(mp3a_encode_job_byte_size(NULL) == 0, "no job");
  CHECK(mp3a_encode_job_end(NULL, bytes, ROOM) == MP3A_INVALID_AUDIO, "no job");
}

static void check_bad_pcm16(void) {
  int16_t a[100] = {0}, b[100] = {0};
  const int16_t *odd = (const int16_t *)((const char *)a + 1);
  int16_t *odd_out = (int16_t *)((char *)b + 1);
  int32_t status;
  mp3a_options o = some_options(2);
  CHECK(mp3a_roundtrip_pcm16(&o, a, 100, b, 100) == MP3A_OK, "whole frames");
  CHECK(mp3a_roundtrip_pcm16(&o, a, 99, b, 100) == MP3A_INVALID_AUDIO, "half a frame");
  CHECK(mp3a_roundtrip_pcm16(&o, a, 0, b, 100) == MP3A_EMPTY_AUDIO, "empty");
  CHECK(mp3a_roundtrip_pcm16(&o, NULL, 100, b, 100) == MP3A_INVALID_AUDIO, "no input");
  CHECK(mp3a_roundtrip_pcm16(&o, a, 100, NULL, 100) == MP3A_INVALID_AUDIO, "no output");
  CHECK(mp3a_roundtrip_pcm16(&o, a, 100, b, 99) == MP3A_INVALID_AUDIO, "room");
  CHECK(mp3a_roundtrip_pcm16(&o, odd, 98, b, 100) == MP3A_INVALID_AUDIO, "misaligned");
  CHECK(mp3a_roundtrip_pcm16(&o, a, 98, odd_out, 98) == MP3A_INVALID_AUDIO, "misaligned output");
  mp3a_queue *queue = mp3a_queue_create(NULL);
  CHECK(!mp3a_roundtrip_pcm16_job_start(queue, &o, odd, 98, 1, &status), "a job");
  CHECK(status == MP3A_INVALID_AUDIO, "misaligned in a job: %d", status);
  CHECK(!mp3a_roundtrip_pcm16_job_start(queue, &o, a, 99, 1, &status), "half a frame");
  CHECK(status == MP3A_INVALID_AUDIO, "half a frame in a job: %d", status);
  mp3a_job *job = mp3a_roundtrip_pcm16_job_start(queue, &o, a, 100, 1, &status);
  CHECK(job && mp3a_queue_wait(queue) == 1, "a good job: %d", status);
  CHECK(mp3a_roundtrip_pcm16_job_end(job, odd_out, 100) == MP3A_INVALID_AUDIO, "misaligned end");
  CHECK(mp3a_roundtrip_pcm16_job_end(job, b, 100) == MP3A_OK, "its end");
  mp3a_queue_destroy(queue);
}

/* A piece of a stream may have so many PCM frames, and a stream's room is told for those. */
static void check_longest_piece(void) {
  enum { MOST = MP3A_MAX_STREAM_FRAMES, ROOM = 1 << 18 };
  static float samples[MOST + 1], out[MOST];
  static uint8_t bytes[ROOM];
  const mp3a_options o = some_options(1);
  int32_t status;
  uint32_t size;
  mp3a_encode_stream *encoder = mp3a_encode_stream_create(&o, &status);
  const uint32_t room = mp3a_encode_stream_capacity(encoder, MOST);
  CHECK(room > 0 && room <= ROOM && !mp3a_encode_stream_capacity(encoder, MOST + 1), "%u", room);
  CHECK(mp3a_encode_stream_write(encoder, samples, NULL, MOST + 1, bytes, ROOM, &size) ==
            MP3A_INVALID_AUDIO, "a longer piece");
  CHECK(mp3a_encode_stream_write(encoder, samples, NULL, MOST, bytes, room - 1, &size) ==
            MP3A_INVALID_AUDIO, "less room");
  CHECK(mp3a_encode_stream_write(encoder, samples, NULL, MOST, bytes, room, &size) == MP3A_OK,
        "the longest piece");
  mp3a_encode_stream_destroy(encoder);
  mp3a_roundtrip_stream *both = mp3a_roundtrip_stream_create(&o, 1, &status);
  CHECK(mp3a_roundtrip_stream_capacity(both, MOST) == MOST, "as many as went in");
  CHECK(!mp3a_roundtrip_stream_capacity(both, MOST + 1), "a longer piece");
  CHECK(mp3a_roundtrip_stream_write(both, samples, NULL, MOST + 1, out, NULL, MOST, &size) ==
            MP3A_INVALID_AUDIO, "a longer piece");
  CHECK(mp3a_roundtrip_stream_write(both, samples, NULL, MOST, out, NULL, MOST - 1, &size) ==
            MP3A_INVALID_AUDIO, "less room");
  CHECK(mp3a_roundtrip_stream_write(both, samples, NULL, MOST, out, NULL, MOST, &size) == MP3A_OK,
        "the longest piece");
  mp3a_roundtrip_stream_destroy(both);
  mp3a_resample_stream *resampler = mp3a_resample_stream_create(48000, 48000, &status);
  CHECK(mp3a_resample_stream_capacity(resampler, MOST) >= MOST, "of another rate");
  CHECK(!mp3a_resample_stream_capacity(resampler, MOST + 1), "a longer piece");
  mp3a_resample_stream_destroy(resampler);
}

/* What codes once takes one pass; passes that make a clip longer stay within the counts. */
static void check_passes(void) {
  float samples[100] = {0};
  uint8_t bytes[20000];
  uint32_t size;
  int32_t status;
  mp3a_options options = some_options(1);
  options.pass_count = 2;
  CHECK(mp3a_encode(&options, samples, NULL, 100, bytes, sizeof bytes, &size) ==
            MP3A_INVALID_OPTION,
        "encoding twice");
  mp3a_queue *queue = mp3a_queue_create(NULL);
  status = MP3A_OK;
  CHECK(!mp3a_encode_job_start(queue, &options, samples, NULL, 100, 1, &status), "a job");
  CHECK(status == MP3A_INVALID_OPTION, "encoding twice in a job: %d", status);
  mp3a_queue_destroy(queue);
  CHECK(!mp3a_encode_stream_create(&options, &status) && status == MP3A_INVALID_OPTION, "stream");
  CHECK(!mp3a_roundtrip_stream_create(&options, 1, &status) && status == MP3A_INVALID_OPTION,
        "round trips");
  CHECK(mp3a_output_frame_count(&options, 100) == 100, "length");
  options.flags = MP3A_PRESERVE_DELAY;
  CHECK(mp3a_output_frame_count(&options, 1) == 2304 + 1152, "the delay, twice");
  CHECK(mp3a_output_frame_count(&options, MP3A_MAX_FRAMES) == 0, "too long for a second pass");
  CHECK(mp3a_roundtrip(&options, samples, NULL, MP3A_MAX_FRAMES, samples, NULL, 0, NULL) ==
            MP3A_INVALID_AUDIO,
        "too long");
  CHECK(mp3a_max_grid_offset(&options) == 1151 && mp3a_max_grid_offset(NULL) == -1, "offsets");
  options.quality = 10;
  CHECK(mp3a_max_grid_offset(&options) == -1, "offsets of invalid options");
}

static void check_coded_rate(void) {
  mp3a_options options = some_options(2);
  CHECK(mp3a_coded_sample_rate(&options) == 44100 && mp3a_coded_sample_rate(NULL) == 0, "own");
  options.coded_sample_rate_hz = 8000;
  CHECK(mp3a_coded_sample_rate(&options) == 8000, "8 kHz");
  CHECK(mp3a_max_grid_offset(&options) == 3175, "%d", mp3a_max_grid_offset(&options));
  options.coded_sample_rate_hz = MP3A_CODED_RATE_AUTO;
  CHECK(mp3a_coded_sample_rate(&options) == 44100, "128 kbps");
  options.bitrate_kbps = 32;
  CHECK(mp3a_coded_sample_rate(&options) == 16000, "32 kbps");
  options.channel_count = 1;
  CHECK(mp3a_coded_sample_rate(&options) == 22050, "mono");
}

static void check_tag(void) {
  mp3a_options options = some_options(1);
  CHECK(mp3a_has_tag(&options) == 1 && mp3a_has_tag(NULL) == 0, "tag");
  options.flags = MP3A_NO_TAG;
  CHECK(mp3a_has_tag(&options) == 0, "no tag wanted");
  options.flags = 0, options.sample_rate_hz = 44100, options.bitrate_kbps = 48;
  CHECK(mp3a_has_tag(&options) == 0, "it doesn't fit");
}

static void check_messages(void) {
  for (int32_t status = MP3A_OK; status <= MP3A_CANCELLED; status++) {
    CHECK(strcmp(mp3a_status_message(status), "unknown status") != 0, "status %d", status);
  }
  CHECK(strcmp(mp3a_status_message(-1), "unknown status") == 0, "-1");
  CHECK(strcmp(mp3a_status_message(1000), "unknown status") == 0, "1000");
  CHECK(mp3a_thread_limit() >= 1, "threads");
  CHECK(mp3a_abi_version() == MP3A_ABI_VERSION, "ABI");
}

/* LAME's choices are kept for so many settings; the first ones make room for later ones. */
static void check_kept_answers(void) {
  enum { ASKED = 513, AGAIN = 20 };
  int32_t first[AGAIN];
  for (int i = 0; i < ASKED + AGAIN; i++) {
    const int n = i % ASKED;
    const mp3a_options o = {sizeof o, n < 300 ? 44100 : 32000, 8 + n % 300, 9, 1, 0, MP3A_ABR, 0, 0,
                            MP3A_CODED_RATE_AUTO, 0, 1};
    const int32_t rate_hz = mp3a_coded_sample_rate(&o);
    if (i < AGAIN) first[i] = rate_hz;
    CHECK(rate_hz >= 8000 && rate_hz <= 48000, "%d Hz", rate_hz);
    if (i >= ASKED) CHECK(rate_hz == first[n], "%d kbps: %d Hz, then %d", 8 + n, first[n], rate_hz);
  }
}

int main(void) {
  RUN(check_kept_answers());
  RUN(check_mono_and_stereo());
  RUN(check_bad_options());
  RUN(check_bad_audio());
  RUN(check_bad_encoding());
  RUN(check_bad_pcm16());
  RUN(check_longest_piece());
  RUN(check_passes());
  RUN(check_coded_rate());
  RUN(check_tag());
  RUN(check_messages());
  return check_finish();
}
