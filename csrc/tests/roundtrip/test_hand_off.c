/* The hand-off of coded frames against the bitstream: the same samples from both.
   Whole clips in all modes; and random frames, through LAME's bit writer and minimp3. */
#include <math.h>
#include <string.h>

#include "encode/block_encoder.h"
#include "lame/hand_off.h"
#include "roundtrip/block_decoder.h"
#include "roundtrip/dequantize.h"
#include "roundtrip/ring.h"
#include "tests/lame/granules.h"

int format_bitstream_lame(lame_internal_flags *gfc);
int copy_buffer_lame(lame_internal_flags *gfc, unsigned char *buffer, int size, int is_music);

/* ---- what was seen: of these no kind may be missing ---- */

enum {
  BLOCK_TYPES, LARGE_LINES = BLOCK_TYPES + 4, SUBBLOCK_GAINS, SCALES, PREFLAGS, FACTORS, MID_SIDE,
  ALL_LINES, KINDS
};
static uint32_t seen[KINDS];

static void look_at(const mp3a_coded_frame *frame) {
  seen[MID_SIDE] += frame->is_mid_side;
  for (int i = 0; i < frame->granule_count * frame->channel_count; i++) {
    const mp3a_coded_granule *granule = &frame->granules[i];
    const uint8_t *gains = granule->subblock_gain;
    seen[BLOCK_TYPES + granule->block_type]++;
    seen[SUBBLOCK_GAINS] += granule->block_type == 2 && gains[0] + gains[1] + gains[2] > 0;
    seen[SCALES] += granule->scalefac_scale;
    seen[PREFLAGS] += granule->preflag;
    seen[ALL_LINES] += granule->line_count == MP3A_LINES;
    for (int k = 0; k < MP3A_CODED_BANDS; k++) seen[FACTORS] += granule->scalefactors[k] > 0;
    for (int k = 0; k < granule->line_count; k++) seen[LARGE_LINES] += abs(granule->lines[k]) > 128;
  }
}

static void check_seen(const char *what) {
  for (int i = 0; i < KINDS; i++) CHECK(seen[i] > 0, "%s: none of kind %d", what, i);
  memset(seen, 0, sizeof seen);
}

/* ---- whole clips ---- */

enum { MAX_FRAMES = 12000 };
static float input[2][MAX_FRAMES], output[2][2][MAX_FRAMES];

enum { NOISE, SQUARES, ATTACKS, SILENCE, TONES, IMPULSES, SIGNALS };

static float sample_of(int signal, int i) {
  switch (signal) {
    case NOISE: return check_random_float(-1, 1);
    case SQUARES: return i / 37 % 2 ? 1.0f : -1.0f;
    case ATTACKS:
      return i % 2000 < 300 ? check_random_float(-1, 1) : 1e-4f * check_random_float(-1, 1);
    case SILENCE: return i % 5000 < 4000 ? 0 : 1e-5f * check_random_float(-1, 1);
    case TONES:
      return 0.6f * sinf((float)i * 0.031f) + 0.4f * sinf((float)i * 0.0007f * (float)(i % 999));
    default: return i % 1777 == 0 ? 1.0f : 0;
  }
}

/* The second channel is now like the first, now another. */
static void make_clip(int signal) {
  const int kind = pick(3);
  for (int i = 0; i < MAX_FRAMES; i++) {
    input[0][i] = sample_of(signal, i);
    input[1][i] = kind == 0   ? 0.9f * input[0][i]
                  : kind == 1 ? sample_of((signal + 1) % SIGNALS, i)
                              : 0;
  }
}

/* Returns the status of the first step that fails. */
static int32_t run_clip(const mp3a_options *o, uint32_t count, int hands_off,
                        float output_of[2][MAX_FRAMES], uint32_t *mp3_byte_size) {
  const bool is_stereo = o->channel_count == 2;
  const uint32_t skipped = o->flags & MP3A_PRESERVE_DELAY ? 0 : MP3A_DELAY_FRAMES;
  static mp3a_block_encoder encoder;
  static mp3a_block_decoder decoder;
  unsigned char *bytes = malloc(MP3A_SLOT_BYTES);
  int32_t status = mp3a_block_encoder_open(&encoder, o);
  if (hands_off) mp3a_block_encoder_give_frames(&encoder);
  CHECK(encoder.gives_frames == (hands_off != 0), "%d", hands_off);
  mp3a_block_encoder_begin(&encoder, 1);
  mp3a_block_encoder_take(&encoder, mp3a_float_source(input[0], is_stereo ? input[1] : NULL),
                          count);
  mp3a_block_decoder_begin(&decoder, o->channel_count, encoder.gives_frames, skipped, 1);
  mp3a_block_decoder_give(&decoder, mp3a_float_sink(output_of[0], is_stereo ? output_of[1] : NULL),
                          count);
  while (status == MP3A_OK && !encoder.finished) {
    uint32_t byte_size = 0;
    status = mp3a_block_encoder_step(&encoder, bytes, MP3A_SLOT_BYTES, &byte_size);
    if (hands_off && byte_size > 0) look_at((const mp3a_coded_frame *)(const void *)bytes);
    if (status == MP3A_OK) status = mp3a_block_decoder_feed(&decoder, bytes, byte_size);
  }
  CHECK(status != MP3A_OK || decoder.left_count == 0, "%u missing", decoder.left_count);
  *mp3_byte_size = encoder.mp3_byte_size;
  mp3a_block_encoder_close(&encoder);
  free(bytes);
  return status;
}

static mp3a_options random_options(void) {
  static const int32_t rates[9] = {8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000};
  static const int32_t bitrates[8] = {8, 16, 32, 64, 96, 128, 192, 320};
  mp3a_options o = {
      .struct_byte_size = sizeof o, .sample_rate_hz = rates[pick(9)], .quality = pick(10)};
  o.channel_count = 1 + (pick(4) > 0);
  o.rate_control = pick(4) ? MP3A_CBR : 1 + pick(2);
  if (o.rate_control == MP3A_VBR) o.vbr_quality = (float)pick(10000) / 1000;
  else o.bitrate_kbps = bitrates[pick(8)];
  o.flags = MP3A_NO_TAG | (pick(2) ? MP3A_JOINT_STEREO : 0) | (pick(3) ? 0 : MP3A_BIT_RESERVOIR) |
            (pick(2) ? MP3A_PRESERVE_DELAY : 0);
  if (pick(4) == 0) o.lowpass_hz = MP3A_LOWPASS_OFF;
  return o;
}

static void check_clips(void) {
  enum { CLIPS = 600 };
  for (int i = 0; i < CLIPS; i++) {
    if (i % 4 == 0) make_clip(i / 4 % SIGNALS);
    const mp3a_options o = random_options();
    const uint32_t count = 1 + (uint32_t)pick(pick(3) ? MAX_FRAMES : 1200);
    uint32_t sizes[2];
    int32_t status[2];
    for (int k = 0; k < 2; k++) status[k] = run_clip(&o, count, k, output[k], &sizes[k]);
    CHECK(status[0] == status[1] && sizes[0] == sizes[1], "%d: status %d, %d, %u bytes, %u", i,
          status[0], status[1], sizes[0], sizes[1]);
    for (int ch = 0; ch < o.channel_count; ch++) {
      CHECK(!memcmp(output[0][ch], output[1][ch], count * sizeof(float)),
            "%d: %d Hz, %d kbps, quality %d, mode %d, flags %x: the samples differ", i,
            o.sample_rate_hz, o.bitrate_kbps, o.quality, o.rate_control, o.flags);
    }
  }
  check_seen("clips");
}

/* ---- random frames ---- */

static void fill_values(gr_info *gi) {
  static const int largest[] = {1, 2, 15, 130, 8206};
  const int most = largest[pick(5)], end = pick(4) ? 2 * pick(289) : MP3A_LINES;
  memset(gi->l3_enc, 0, sizeof gi->l3_enc);
  for (int i = 0; i < MP3A_LINES; i++) gi->xr[i] = check_random_float(-1, 1);
  for (int i = 0; i < end; i++) gi->l3_enc[i] = pick(i < end / 2 ? most + 1 : 2);
}

static int random_factors(gr_info *gi, int begin, int end, int length) {
  for (int i = begin; i < end; i++) gi->scalefac[i] = length ? pick(1 << length) : 0;
  return (end - begin) * length;
}

/* MPEG-1; the second granule may share what the first has. */
static void random_scalefactors(III_side_info_t *side, int gr, int ch) {
  static const int borders[5] = {0, 6, 11, 16, 21};
  gr_info *gi = &side->tt[gr][ch];
  const int is_short = gi->block_type == SHORT_TYPE;
  gi->scalefac_compress = pick(16), gi->preflag = !is_short && pick(2);
  gi->sfbdivide = is_short ? 18 : 11, gi->sfbmax = is_short ? 36 : 21;
  const int first = slen1_tab[gi->scalefac_compress], second = slen2_tab[gi->scalefac_compress];
  gi->part2_length = random_factors(gi, 0, gi->sfbdivide, first);
  gi->part2_length += random_factors(gi, gi->sfbdivide, gi->sfbmax, second);
  for (int part = 0; part < 4 && gr == 1; part++) {
    const int may_share = !is_short && side->tt[0][ch].block_type != SHORT_TYPE;
    const int width = borders[part + 1] - borders[part];
    side->scfsi[ch][part] = may_share && pick(2);
    if (!side->scfsi[ch][part]) continue;
    for (int i = 0; i < width; i++) gi->scalefac[borders[part] + i] = -1;
    gi->part2_length -= width * (part < 2 ? first : second);
  }
}

static void random_lsf_scalefactors(gr_info *gi) {
  static const int most[3][4] = {{4, 4, 3, 3}, {4, 4, 3, 0}, {3, 2, 0, 0}};
  const int is_short = gi->block_type == SHORT_TYPE, row = is_short ? pick(2) : pick(3);
  int *slen = gi->slen;
  for (int i = 0; i < 4; i++) slen[i] = pick(most[row][i] + 1);
  gi->preflag = row == 2;
  gi->sfb_partition_table = nr_of_sfb_block[row][is_short];
  gi->scalefac_compress = row == 0   ? ((slen[0] * 5 + slen[1]) << 4) + (slen[2] << 2) + slen[3]
                          : row == 1 ? 400 + ((slen[0] * 5 + slen[1]) << 2) + slen[2]
                                     : 500 + slen[0] * 3 + slen[1];
  gi->part2_length = 0;
  for (int part = 0, band = 0; part < 4; band += gi->sfb_partition_table[part++])
    gi->part2_length += random_factors(gi, band, band + gi->sfb_partition_table[part], slen[part]);
}

static void random_granule(lame_internal_flags *gfc, int gr, int ch, int *room) {
  III_side_info_t *side = &gfc->l3_side;
  gr_info *gi = &side->tt[gr][ch];
  start_random_granule(gfc, gi);
  fill_values(gi);
  gi->global_gain = pick(256), gi->scalefac_scale = pick(2);
  for (int i = 0; i < 3; i++) gi->subblock_gain[i] = pick(8);
  if (gfc->cfg.version == 1) random_scalefactors(side, gr, ch);
  else random_lsf_scalefactors(gi);
  gi->part2_3_length = noquant_count_bits(gfc, gi, NULL);
  for (int most = 1; gi->part2_3_length + gi->part2_length > *room || gi->part2_3_length > 3500;
       most++) {
    for (int i = MP3A_LINES / most; i < MP3A_LINES; i++) gi->l3_enc[i] = 0;
    gi->part2_3_length = noquant_count_bits(gfc, gi, NULL);
  }
  *room -= gi->part2_3_length + gi->part2_length;
}

/* All that the frame has room for is its own. */
static void random_frame(lame_internal_flags *gfc) {
  III_side_info_t *side = &gfc->l3_side;
  gfc->ov_enc.bitrate_index = gfc->cfg.samplerate_out < 16000 ? 8 : 14;
  gfc->ov_enc.padding = pick(2);
  gfc->ov_enc.mode_ext = gfc->cfg.mode == JOINT_STEREO && pick(2) ? MPG_MD_MS_LR : MPG_MD_LR_LR;
  int room = getframebits(gfc) - 8 * gfc->cfg.sideinfo_len;
  for (int gr = 0; gr < gfc->cfg.mode_gr; gr++) {
    for (int ch = 0; ch < gfc->cfg.channels_out; ch++) {
      int part = room - 200 * (gfc->cfg.mode_gr * gfc->cfg.channels_out -
                               gr * gfc->cfg.channels_out - ch - 1);
      const int before = part;
      random_granule(gfc, gr, ch, &part);
      room -= before - part;
    }
  }
  side->main_data_begin = side->resvDrain_pre = 0;
  side->resvDrain_post = room;
  gfc->sv_enc.ResvSize = 0;
}

static lame_global_flags *stereo_encoder(int rate) {
  lame_global_flags *lame = lame_init();
  lame_set_in_samplerate(lame, rate);
  lame_set_out_samplerate(lame, rate);
  const int channels = 1 + pick(2);
  lame_set_num_channels(lame, channels);
  lame_set_mode(lame, channels == 1 ? MONO : JOINT_STEREO);
  lame_set_bWriteVbrTag(lame, 0);
  lame_init_params(lame);
  return lame;
}

static void check_frame(lame_internal_flags *gfc, mp3dec_t *theirs, mp3dec_t *ours, int rate) {
  static unsigned char bytes[4096];
  static float expected[2 * 1152], actual[2][1152];
  static mp3a_coded_frame frame;
  int *hands_off = &((mp3a_psy_constants *)gfc->cd_psy)->hands_off;
  float *const planes[2] = {actual[0], actual[1]};
  const int channels = gfc->cfg.channels_out;
  mp3dec_frame_info_t info;
  random_frame(gfc);
  *hands_off = 1;
  format_bitstream(gfc);
  const int size = copy_buffer(gfc, (unsigned char *)&frame, sizeof frame, 1);
  CHECK(size > 0 && frame.byte_size == (uint32_t)size && frame.is_valid, "%d bytes", size);
  *hands_off = 0;
  gfc->l3_side.main_data_begin = 0;
  format_bitstream_lame(gfc);
  const int mp3_size = copy_buffer_lame(gfc, bytes, sizeof bytes, 1);
  CHECK((uint32_t)mp3_size == frame.mp3_byte_size, "%d bytes, not %u", mp3_size,
        frame.mp3_byte_size);
  look_at(&frame);
  const int count = mp3dec_decode_frame(theirs, bytes, mp3_size, expected, &info);
  CHECK(count == 576 * gfc->cfg.mode_gr && info.channels == channels, "%d samples", count);
  const int own = mp3a_decode_coded_frame(ours, &frame, frame.byte_size, channels, planes);
  CHECK(own == count, "%d samples, not %d", own, count);
  uint32_t wrong = 0;
  for (int i = 0; i < count * channels; i++)
    wrong += memcmp(&expected[i], &actual[i % channels][i / channels], sizeof *expected) != 0;
  CHECK(wrong == 0, "%d Hz, %d channels: %u samples differ", rate, channels, wrong);
}

static void check_frames(void) {
  static const int rates[9] = {8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000};
  enum { STREAMS = 90, FRAMES = 12 };
  static mp3dec_t theirs, ours;
  for (int i = 0; i < STREAMS; i++) {
    lame_global_flags *lame = stereo_encoder(rates[i % 9]);
    mp3dec_init(&theirs);
    memset(&ours, 0, sizeof ours);
    for (int frame = 0; frame < FRAMES; frame++)
      check_frame(lame->internal_flags, &theirs, &ours, rates[i % 9]);
    lame_close(lame);
  }
  check_seen("frames");
}

/* ---- what has to be refused ---- */

static void check_refusals(void) {
  static mp3a_coded_frame frame;
  static float pcm[2][1152];
  static mp3dec_t decoder;
  float *const planes[2] = {pcm[0], pcm[1]};
  mp3a_block_encoder encoder;
  mp3a_options o = {sizeof o, 44100, 128, 7, 2, 0, MP3A_CBR, 0, 0};
  CHECK(mp3a_block_encoder_open(&encoder, &o) == MP3A_OK, "open");
  CHECK(mp3a_lame_hand_off(encoder.lame, sizeof frame) == -1, "with a tag");
  mp3a_block_encoder_close(&encoder);
  o.flags = MP3A_NO_TAG;
  CHECK(mp3a_block_encoder_open(&encoder, &o) == MP3A_OK, "open");
  CHECK(mp3a_lame_hand_off(encoder.lame, sizeof frame - 1) == -1, "another record");
  CHECK(mp3a_lame_hand_off(encoder.lame, sizeof frame) == 0, "hand-off");
  mp3a_block_encoder_close(&encoder);
  CHECK(mp3a_block_encoder_open(&encoder, &o) == MP3A_OK, "open");
  CHECK(!mp3a_hands_off(encoder.lame->internal_flags), "a used encoder starts anew");
  mp3a_block_encoder_close(&encoder);

  frame = (mp3a_coded_frame){.byte_size = sizeof frame, .channel_count = 2, .granule_count = 2};
  frame.header[0] = 0xff, frame.header[1] = 0xfb, frame.header[2] = 0x90;
  mp3dec_init(&decoder);
  CHECK(mp3a_decode_coded_frame(&decoder, &frame, sizeof frame, 2, planes) == 0, "invalid");
  frame.is_valid = 1;
  CHECK(mp3a_decode_coded_frame(&decoder, &frame, sizeof frame, 2, planes) == 1152, "valid");
  CHECK(mp3a_decode_coded_frame(&decoder, &frame, sizeof frame, 1, planes) == 0, "channels");
  CHECK(mp3a_decode_coded_frame(&decoder, &frame, sizeof frame - 1, 2, planes) == 0, "too short");
  CHECK(mp3a_decode_coded_frame(&decoder, &frame, 3, 2, planes) == 0, "no record");
}

int main(void) {
  RUN(check_clips());
  RUN(check_frames());
  RUN(check_refusals());
  return check_finish();
}
