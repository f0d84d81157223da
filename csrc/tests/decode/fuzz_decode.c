/* Hostile MP3 data through the prober, the decoder and the decoder's stream, all of
   which must agree to the bit. Runs under the address and undefined-behaviour
   sanitizers: as a libFuzzer target, or with a mutator of its own:

     fuzz_decode [--runs N] [--seconds N] [--seed N] */
#include <stdlib.h>
#include <string.h>

#include "mp3augment.h"
#include "tests/check.h"
#include "tests/encode_at_once.h"
#include "tests/signals.h"

enum { MAX_INPUT = 1 << 14, MAX_FRAMES = 1 << 20, SEED_COUNT = 16, SEED_FRAMES = 6000 };

typedef struct stream {
  uint8_t bytes[MAX_INPUT];
  size_t byte_size;
} stream;

static stream seeds[SEED_COUNT];
static float *whole[2], *pieces[2];
static uint8_t *copy;

static void fail(const char *what) {
  fprintf(stderr, "failed: %s\n", what);
  abort();
}

/* ---- one input ---- */

/* Cuts that depend on the data alone, so that a crash repeats. */
static uint32_t next_cut(uint32_t *state) {
  *state = *state * 1664525u + 1013904223u;
  const uint32_t most = *state >> 30 ? 700 : 7000;
  return (*state >> 8) % most;
}

static uint32_t decode_in_pieces(const uint8_t *bytes, uint32_t byte_size, uint32_t is_gapless,
                                 int32_t *status) {
  mp3a_decode_stream *decoder = mp3a_decode_stream_create(is_gapless, status);
  uint32_t at = 0, total = 0,
           state = byte_size * 2654435761u + (byte_size ? bytes[byte_size / 2] : 0);
  for (;;) {
    const uint32_t cut = next_cut(&state), left = byte_size - at;
    const uint32_t piece = cut < left ? cut : left;
    const uint32_t room = MAX_FRAMES - total, wanted = 1152 + next_cut(&state);
    const uint32_t capacity = wanted < room ? wanted : room;
    uint32_t consumed = 0, written = 0;
    *status = mp3a_decode_stream_run(decoder, bytes + at, piece, at + piece == byte_size,
                                     pieces[0] + total, pieces[1] + total, capacity, &consumed,
                                     &written);
    if (consumed > piece || written > capacity) fail("the stream goes too far");
    total += written;
    at += consumed;
    if (*status != MP3A_OK) break;
    if (at == byte_size && consumed == piece && written < capacity) break;
  }
  mp3a_decode_stream_destroy(decoder);
  return total;
}

static void check_input(const uint8_t *bytes, uint32_t byte_size, uint32_t is_gapless) {
  mp3a_mp3_info info;
  int32_t status;
  const int32_t probed = mp3a_probe(bytes, byte_size, is_gapless, &info);
  const uint32_t total = decode_in_pieces(bytes, byte_size, is_gapless, &status);
  if (status != probed) fail("prober and stream disagree whether it is an MP3 file");
  if (probed != MP3A_OK) return;
  if (info.frame_count_high || total != info.frame_count_low) fail("the counts differ");
  const int is_stereo = info.channel_count == 2;
  if (total > 0 && mp3a_decode(bytes, byte_size, is_gapless, whole[0], is_stereo ? whole[1] : NULL,
                               total) != MP3A_OK) {
    fail("decoding what was probed");
  }
  for (int ch = 0; ch < info.channel_count; ch++) {
    if (memcmp(whole[ch], pieces[ch], total * sizeof(float)) != 0) fail("the samples differ");
  }
}

static void make_buffers(void) {
  for (int i = 0; i < 2; i++) {
    whole[i] = malloc(MAX_FRAMES * sizeof(float));
    pieces[i] = malloc(MAX_FRAMES * sizeof(float));
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (!whole[0]) make_buffers();
  if (size > MAX_INPUT) return 0;
  /* A block of its own, so that the address sanitizer sees its very end. */
  copy = malloc(size + !size);
  memcpy(copy, data, size);
  check_input(copy, (uint32_t)size, size & 1);
  free(copy);
  return 0;
}

/* ---- seeds ---- */

static void add_seed(int index, const uint8_t *bytes, size_t byte_size) {
  seeds[index].byte_size = byte_size < MAX_INPUT ? byte_size : MAX_INPUT;
  memcpy(seeds[index].bytes, bytes, seeds[index].byte_size);
}

/* LAME with what mp3a_options doesn't offer. */
static void add_special_seed(int index, const float *left, int is_free, int has_crc) {
  static uint8_t bytes[100000];
  lame_global_flags *lame = lame_init();
  lame_set_in_samplerate(lame, 32000), lame_set_num_channels(lame, 2), lame_set_brate(lame, 64);
  lame_set_free_format(lame, is_free), lame_set_error_protection(lame, has_crc);
  lame_set_quality(lame, 7), lame_set_bWriteVbrTag(lame, !is_free);
  lame_init_params(lame);
  int size = lame_encode_buffer_ieee_float(lame, left, left, SEED_FRAMES, bytes, sizeof bytes);
  size += lame_encode_flush(lame, bytes + size, (int)sizeof bytes - size);
  lame_close(lame);
  add_seed(index, bytes, (size_t)size);
}

static void make_seeds(void) {
  static const mp3a_options modes[SEED_COUNT - 2] = {
      {sizeof *modes, 44100, 64, 7, 2, MP3A_BIT_RESERVOIR | MP3A_JOINT_STEREO, MP3A_CBR, 0, 0},
      {sizeof *modes, 44100, 128, 9, 2, 0, MP3A_CBR, 0, 0},
      {sizeof *modes, 48000, 32, 7, 1, MP3A_BIT_RESERVOIR, MP3A_CBR, 0, 0},
      {sizeof *modes, 32000, 320, 7, 2, MP3A_BIT_RESERVOIR, MP3A_CBR, 0, 0},
      {sizeof *modes, 24000, 40, 7, 2, MP3A_BIT_RESERVOIR | MP3A_JOINT_STEREO, MP3A_CBR, 0, 0},
      {sizeof *modes, 22050, 0, 7, 2, MP3A_BIT_RESERVOIR | MP3A_JOINT_STEREO, MP3A_VBR, 5, 0},
      {sizeof *modes, 16000, 8, 7, 1, MP3A_BIT_RESERVOIR, MP3A_CBR, 0, 0},
      {sizeof *modes, 12000, 30, 7, 2, MP3A_BIT_RESERVOIR, MP3A_ABR, 0, 0},
      {sizeof *modes, 11025, 16, 7, 1, 0, MP3A_CBR, 0, 0},
      {sizeof *modes, 8000, 8, 7, 1, MP3A_BIT_RESERVOIR, MP3A_CBR, 0, 0},
      {sizeof *modes, 8000, 64, 7, 2, MP3A_BIT_RESERVOIR | MP3A_JOINT_STEREO, MP3A_CBR, 0, 0},
      {sizeof *modes, 44100, 0, 3, 2, MP3A_BIT_RESERVOIR | MP3A_JOINT_STEREO, MP3A_VBR, 2, 0},
      {sizeof *modes, 44100, 0, 7, 1, 0, MP3A_VBR, 9, 0},
      {sizeof *modes, 48000, 96, 7, 2, MP3A_BIT_RESERVOIR | MP3A_NO_TAG, MP3A_ABR, 0, 0},
  };
  float *left = make_signal(SEED_FRAMES, 44100, 1, 0.9f);
  float *right = make_signal(SEED_FRAMES, 44100, 2, 0.9f);
  for (int i = SEED_FRAMES / 2; i < SEED_FRAMES / 2 + 300; i++) left[i] = right[i] = i & 8 ? 1 : -1;
  for (int i = 0; i < SEED_COUNT - 2; i++) {
    int size;
    unsigned char *bytes = encode_at_once(
        &modes[i], left, modes[i].channel_count == 2 ? right : NULL, SEED_FRAMES, &size);
    add_seed(i, bytes, (size_t)size);
    free(bytes);
  }
  add_special_seed(SEED_COUNT - 2, left, 1, 0);
  add_special_seed(SEED_COUNT - 1, left, 0, 1);
  free(left), free(right);
}

/* ---- mutations that keep a stream an MP3 stream ---- */

static size_t insert(uint8_t *data, size_t size, size_t at, const void *what, size_t count) {
  if (size + count > MAX_INPUT) return size;
  memmove(data + at + count, data + at, size - at);
  memcpy(data + at, what, count);
  return size + count;
}

static size_t insert_tag(uint8_t *data, size_t size, size_t at) {
  uint8_t id3[10] = {
      'I', 'D', '3', 4, 0, (uint8_t)check_random(), 0, 0, 0, (uint8_t)(check_random() & 127)};
  uint8_t ape[32] = "APETAGEX";
  ape[12] = (uint8_t)check_random();
  switch (check_random() % 4) {
    case 0: return insert(data, size, at, id3, sizeof id3);
    case 1: return insert(data, size, at, ape, sizeof ape);
    case 2: return insert(data, size, at, "TAG", 3);
    default: return insert(data, size, at, seeds[check_random() % SEED_COUNT].bytes, 200);
  }
}

/* Where some header begins, or anywhere. */
static size_t find_header(const uint8_t *data, size_t size) {
  size_t at = check_random() % size;
  for (size_t i = at; i + 40 < size && i < at + 3000; i++) {
    if (data[i] == 0xff && data[i + 1] >> 5 == 7) return i;
  }
  return at;
}

static size_t mutate_once(uint8_t *data, size_t size) {
  const size_t at = check_random() % size, header = find_header(data, size);
  const size_t in_frame = header + check_random() % 40;
  switch (check_random() % 8) {
    case 0: data[at] = (uint8_t)check_random(); return size;
    case 1: data[at] ^= (uint8_t)(1u << (check_random() & 7)); return size;
    /* Side information decides most. */
    case 2:
    case 3:
    case 4:
      if (in_frame < size) data[in_frame] ^= (uint8_t)(1u << (check_random() & 7));
      return size;
    case 5: return insert_tag(data, size, header);
    case 6: return size > 64 ? size - check_random() % (size / 2) : size;
    default: {
      const size_t count = check_random() % 300;
      if (at + count >= size) return size;
      memmove(data + at, data + at + count, size - at - count);
      return size - count;
    }
  }
}

static size_t mutate(uint8_t *data, size_t size) {
  if (size < 64 || check_random() % 16 == 0) {
    const stream *seed = &seeds[check_random() % SEED_COUNT];
    memcpy(data, seed->bytes, seed->byte_size);
    size = seed->byte_size;
  }
  for (uint32_t count = 1 + check_random() % 6; count > 0 && size > 0; count--) {
    size = mutate_once(data, size);
  }
  return size;
}

#if defined(MP3A_LIBFUZZER)

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed) {
  static uint8_t work[MAX_INPUT];
  if (!seeds[0].byte_size) make_seeds();
  check_seed(seed);
  if (check_random() % 4 == 0) return LLVMFuzzerMutate(data, size, max_size);
  memcpy(work, data, size < MAX_INPUT ? size : MAX_INPUT);
  size = mutate(work, size < MAX_INPUT ? size : MAX_INPUT);
  if (size > max_size) size = max_size;
  memcpy(data, work, size);
  return size;
}

#else

static unsigned long long number_after(int argc, char **argv, const char *name,
                                       unsigned long long otherwise) {
  for (int i = 1; i + 1 < argc; i++) {
    if (strcmp(argv[i], name) == 0) return strtoull(argv[i + 1], NULL, 10);
  }
  return otherwise;
}

static void decode_damaged(const stream *work) {
  LLVMFuzzerTestOneInput(work->bytes, work->byte_size);
  CHECK(1, "survived");
}

int main(int argc, char **argv) {
  static stream work;
  const unsigned long long runs = number_after(argc, argv, "--runs", ~0ull);
  const unsigned long long seconds = number_after(argc, argv, "--seconds", 60);
  const unsigned long long seed = number_after(argc, argv, "--seed", 1);
  const uint64_t end_ns = check_now_ns() + seconds * 1000000000u;
  make_seeds();
  unsigned long long run = 0;
  for (; run < runs && check_now_ns() < end_ns; run++) {
    /* Each run depends on the seed and its number alone. */
    check_seed(seed * 1000003u + run / 20 * 7919u);
    if (run % 20 == 0) work.byte_size = 0;
    for (unsigned long long i = 0; i <= run % 20; i++) (void)check_random();
    work.byte_size = mutate(work.bytes, work.byte_size);
    RUN(decode_damaged(&work));
  }
  printf("%llu inputs, seed %llu\n", run, seed);
  return check_finish();
}

#endif
