/* minimp3 is compiled here, and nowhere else. Of its stages ours are the last
   two: the inverse MDCT and the polyphase synthesis. */
#if defined(__GNUC__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
#endif
#define MINIMP3_IMPLEMENTATION
#include "decode/minimp3_float.h"
#if defined(__GNUC__)
#pragma GCC diagnostic pop
#endif

#include "decode/frame.h"

#include <string.h>

#include "common/cpu.h"
#include "common/mpeg.h"
#include "common/once.h"
#include "decode/synthesis.h"

/* Our transforms keep what they need in minimp3's state, in their own order. */
_Static_assert(sizeof(((mp3dec_t *)0)->mdct_overlap[0]) == sizeof(mp3a_imdct_overlap), "overlap");
_Static_assert(sizeof(((mp3dec_t *)0)->qmf_state) == 2 * sizeof(mp3a_synthesis_history), "history");

enum {
  MAX_DATA_BYTES = MAX_BITRESERVOIR_BYTES + MAX_L3_FRAME_PAYLOAD_BYTES,
  /* L3_huffman() looks for the end of its bits only behind the pairs: at most 288
     of 19 bits each and twice 13 more and a sign, and a word that it has begun. */
  PAST_DATA_BYTES = 288 * (19 + 2 * 14) / 8 + 8
};

/* What one MP3 frame is decoded in. minimp3's own place for the bits isn't used:
   behind it come pointers, which a damaged stream would be decoded from. */
typedef struct frame_scratch {
  mp3dec_scratch_t codec;
  uint8_t data[MAX_DATA_BYTES + PAST_DATA_BYTES];
} frame_scratch;

static const mp3a_synthesis_kernels *machine_kernels(void) {
  static mp3a_synthesis_kernels kernels;
  static mp3a_once once;
  if (mp3a_once_begin(&once)) {
    mp3a_synthesis_select(&kernels, mp3a_cpu_detect());
    mp3a_once_end(&once);
  }
  return &kernels;
}

static void read_lines(mp3dec_t *codec, mp3dec_scratch_t *scratch, L3_gr_info_t *granule,
                       int channels) {
  const uint8_t *header = codec->header;
  memset(scratch->grbuf, 0, sizeof scratch->grbuf);
  for (int ch = 0; ch < channels; ch++) {
    const int end = scratch->bs.pos + granule[ch].part_23_length;
    L3_decode_scalefactors(header, scratch->ist_pos[ch], &scratch->bs, granule + ch, scratch->scf,
                           ch);
    L3_huffman(scratch->grbuf[ch], &scratch->bs, granule + ch, scratch->scf, end);
  }
  if (HDR_TEST_I_STEREO(header))
    L3_intensity_stereo(scratch->grbuf[0], scratch->ist_pos[1], granule, header);
  else if (HDR_IS_MS_STEREO(header))
    L3_midside_stereo(scratch->grbuf[0], MP3A_LINES);
}

/* Short blocks: the three windows' lines of each band side by side. Not by
   L3_reorder(), as its bands of mixed blocks at 8 kHz end behind the channel. */
static void reorder_lines(float *lines, int count, const uint8_t *widths) {
  float ordered[MP3A_LINES];
  int done = 0;
  for (; *widths && done + 3 * *widths <= count; widths += 3) {
    const float *band = lines + done;
    for (int i = 0; i < *widths; i++) {
      for (int window = 0; window < 3; window++) ordered[done++] = band[i + window * *widths];
    }
  }
  memcpy(lines, ordered, (size_t)done * sizeof *lines);
}

/* One channel's lines to slots of subband samples, in place. */
static void transform_lines(const mp3a_synthesis_kernels *kernels, mp3dec_t *codec, float *lines,
                            const L3_gr_info_t *granule, int ch) {
  float (*overlap)[MP3A_SUBBANDS] =
      (float (*)[MP3A_SUBBANDS])(void *)codec->mdct_overlap[ch];
  const int is_8_khz_or_like = HDR_GET_MY_SAMPLE_RATE(codec->header) == 2;
  const int long_bands = granule->mixed_block_flag ? 2 << is_8_khz_or_like : 0;
  const int is_short = granule->block_type == SHORT_BLOCK_TYPE;
  const int is_stop = granule->block_type == STOP_BLOCK_TYPE;
  int borders = 31;
  if (granule->n_short_sfb) {
    borders = long_bands - 1;
    reorder_lines(lines + 18 * long_bands, MP3A_LINES - 18 * long_bands,
                  granule->sfbtab + granule->n_long_sfb);
  }
  L3_antialias(lines, borders);
  if (long_bands) mp3a_imdct_mixed(lines, overlap, long_bands, is_stop, is_short);
  else if (is_short) kernels->imdct_short(lines, overlap);
  else kernels->imdct_long(lines, overlap, is_stop);
}

static void lines_to_samples(mp3dec_t *codec, float *lines, const L3_gr_info_t *granule, int ch,
                             float *samples) {
  const mp3a_synthesis_kernels *kernels = machine_kernels();
  float (*history)[MP3A_SYNTHESIS_HISTORY] =
      (float (*)[MP3A_SYNTHESIS_HISTORY])(void *)(codec->qmf_state + MP3A_SUBBANDS *
                                                                         MP3A_SYNTHESIS_HISTORY *
                                                                         ch);
  transform_lines(kernels, codec, lines, granule, ch);
  kernels->synthesize(lines, history, samples);
}

static void decode_granule(mp3dec_t *codec, mp3dec_scratch_t *scratch, L3_gr_info_t *granule,
                           int channels, float *const planes[2], int offset) {
  read_lines(codec, scratch, granule, channels);
  for (int ch = 0; ch < channels; ch++)
    lines_to_samples(codec, scratch->grbuf[ch], granule + ch, ch, planes[ch] + offset);
}

/* The frame's size, or 0; `*skipped` bytes come before it. */
static int find_frame(mp3dec_t *codec, const uint8_t *bytes, int byte_size, int *skipped) {
  int size = 0;
  *skipped = 0;
  if (byte_size > HDR_SIZE && codec->header[0] == 0xff && hdr_compare(codec->header, bytes)) {
    size = hdr_frame_bytes(bytes, codec->free_format_bytes) + hdr_padding(bytes);
    const int is_last = size == byte_size;
    if (!is_last && (size + HDR_SIZE > byte_size || !hdr_compare(bytes, bytes + size))) size = 0;
  }
  if (size) return size;
  memset(codec, 0, sizeof *codec);
  *skipped = mp3d_find_frame(bytes, byte_size, &codec->free_format_bytes, &size);
  return *skipped + size <= byte_size ? size : 0;
}

/* What minimp3 leaves uninitialised it reads after all when a stream is damaged;
   here such a stream gives the same samples each time. */
static void clear_scratch(mp3dec_scratch_t *scratch) {
  memset(scratch->gr_info, 0, sizeof scratch->gr_info);
  memset(scratch->scf, 0, sizeof scratch->scf);
  memset(scratch->ist_pos, 0, sizeof scratch->ist_pos);
}

/* Puts the bits together that are borrowed from earlier MP3 frames and those of
   this one. False when the borrowed ones are missing. */
static int join_data(const mp3dec_t *codec, const bs_t *side_info, int main_data_begin,
                     frame_scratch *scratch) {
  const int borrowed = codec->reserv < main_data_begin ? codec->reserv : main_data_begin;
  const int own = (side_info->limit - side_info->pos) / 8;
  memcpy(scratch->data, codec->reserv_buf + codec->reserv - borrowed, (size_t)borrowed);
  memcpy(scratch->data + borrowed, side_info->buf + side_info->pos / 8, (size_t)own);
  memset(scratch->data + borrowed + own, 0, PAST_DATA_BYTES);
  bs_init(&scratch->codec.bs, scratch->data, borrowed + own);
  return borrowed == main_data_begin;
}

/* Keeps what later MP3 frames may borrow. */
static void keep_data(mp3dec_t *codec, const frame_scratch *scratch) {
  const bs_t *bits = &scratch->codec.bs;
  int begin = (bits->pos + 7) / 8;
  const int end = bits->limit / 8;
  if (end - begin > MAX_BITRESERVOIR_BYTES) begin = end - MAX_BITRESERVOIR_BYTES;
  codec->reserv = end > begin ? end - begin : 0;
  memcpy(codec->reserv_buf, scratch->data + begin, (size_t)codec->reserv);
}

static void describe_frame(const uint8_t *header, int skipped, int size,
                           mp3dec_frame_info_t *info) {
  info->frame_bytes = skipped + size;
  info->frame_offset = skipped;
  info->channels = HDR_IS_MONO(header) ? 1 : 2;
  info->hz = (int)hdr_sample_rate_hz(header);
  info->layer = 4 - HDR_GET_LAYER(header);
  info->bitrate_kbps = (int)hdr_bitrate_kbps(header);
}

int mp3a_decode_frame(mp3dec_t *codec, const uint8_t *bytes, int byte_size,
                      float *const planes[2], mp3dec_frame_info_t *info) {
  frame_scratch scratch;
  bs_t side_info;
  int skipped;
  const int size = find_frame(codec, bytes, byte_size, &skipped);
  if (!size) {
    info->frame_bytes = skipped;
    return 0;
  }
  const uint8_t *header = bytes + skipped;
  memcpy(codec->header, header, HDR_SIZE);
  describe_frame(header, skipped, size, info);
  if (info->layer != 3) return 0;

  bs_init(&side_info, header + HDR_SIZE, size - HDR_SIZE);
  if (HDR_IS_CRC(header)) get_bits(&side_info, 16);
  clear_scratch(&scratch.codec);
  const int main_data_begin = L3_read_side_info(&side_info, scratch.codec.gr_info, header);
  if (main_data_begin < 0 || side_info.pos > side_info.limit) {
    mp3dec_init(codec);
    return 0;
  }
  const int granules = HDR_TEST_MPEG1(header) ? 2 : 1;
  const int is_whole = join_data(codec, &side_info, main_data_begin, &scratch);
  for (int i = 0; is_whole && i < granules; i++)
    decode_granule(codec, &scratch.codec, scratch.codec.gr_info + i * info->channels,
                   info->channels, planes, MP3A_LINES * i);
  keep_data(codec, &scratch);
  return is_whole ? (int)hdr_frame_samples(codec->header) : 0;
}

int mp3a_frame_byte_size(const uint8_t *header) {
  if (!hdr_valid(header) || HDR_IS_FREE_FORMAT(header)) return 0;
  return hdr_frame_bytes(header, 0) + hdr_padding(header);
}

/* ---- for lines that come without bits ---- */

/* minimp3's table, as it reads it: from a side information that says nothing but the kind of
   block, of one channel. */
const uint8_t *mp3a_band_widths(const uint8_t *header, int is_short) {
  const uint8_t mono[HDR_SIZE] = {header[0], header[1], header[2], header[3] | 0xc0};
  uint8_t bytes[32] = {0};
  const int switching = HDR_TEST_MPEG1(header) ? 51 : 47; /* a bit, and two of the block's type */
  for (int bit = switching; is_short && bit < switching + 2; bit++)
    bytes[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
  L3_gr_info_t granules[4];
  bs_t bits;
  bs_init(&bits, bytes, sizeof bytes);
  L3_read_side_info(&bits, granules, mono);
  return granules[0].sfbtab;
}

float mp3a_granule_gain(int global_gain, int is_mid_side) {
  const int gain = global_gain + BITS_DEQUANTIZER_OUT * 4 - 210 - (is_mid_side ? 2 : 0);
  return L3_ldexp_q2(1 << (MAX_SCFI / 4), MAX_SCFI - gain);
}

float mp3a_band_gain(float granule_gain, int steps) { return L3_ldexp_q2(granule_gain, steps); }

float mp3a_power_4_3(int value) { return L3_pow_43(value); }

void mp3a_lines_to_samples(mp3dec_t *codec, float *lines, int block_type, const uint8_t *widths,
                           int ch, float *samples) {
  const int is_short = block_type == SHORT_BLOCK_TYPE;
  const L3_gr_info_t granule = {
      .sfbtab = widths, .block_type = (uint8_t)block_type, .n_short_sfb = is_short ? 39 : 0};
  lines_to_samples(codec, lines, &granule, ch, samples);
}
