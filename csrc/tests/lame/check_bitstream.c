/* The bit writer against LAME's own, which is still there under another name:
   random frames of every table, layout and amount of stuffing. */
#include <stdlib.h>
#include <string.h>

#include "lame/bitstream.h"
#include "lame/internals.h"
#include "lame/kernels/kernels.h"
#include "tests/check.h"

int format_bitstream_lame(lame_internal_flags *gfc);
int copy_buffer_lame(lame_internal_flags *gfc, unsigned char *buffer, int size, int is_music);
void check_bitstream(unsigned cpu_flags, const char *tier, int bench);

enum { GUARD = 16, PAIRS = MP3A_LINES / 2 };

static int pick(int count) { return (int)(check_random() % (uint32_t)count); }

static float random_line(void) {
  static const float edges[] = {0.0f, -0.0f, 1e-42f, -1e-42f, 3e38f, -3e38f};
  return pick(4) ? check_random_float(-1, 1) : edges[pick(6)];
}

static void check_pair_keys(const mp3a_pair_keys_kernels *tier, const char *name) {
  static int quantized[MP3A_LINES + 1];
  static float lines[MP3A_LINES + 1];
  uint8_t expected[2][PAIRS + GUARD], actual[2][PAIRS + GUARD];
  mp3a_pair_keys_kernels scalar;
  mp3a_pair_keys_select(&scalar, 0);
  for (int round = 0; round < 400; round++) {
    const int most = 1 + pick(round % 2 ? 3 : 8207), shift = round & 1, count = pick(PAIRS + 1);
    for (int i = 0; i <= MP3A_LINES; i++) quantized[i] = pick(most), lines[i] = random_line();
    memset(expected, 0xa5, sizeof expected);
    memset(actual, 0xa5, sizeof actual);
    scalar.pack(quantized + shift, lines + shift, count, expected[0], expected[1]);
    tier->pack(quantized + shift, lines + shift, count, actual[0], actual[1]);
    CHECK(!memcmp(expected, actual, sizeof expected), "pair_keys %s, %d pairs", name, count);
  }
}

static void check_music_crc(void) {
  uint8_t bytes[300];
  for (int round = 0; round < 600; round++) {
    const size_t size = (size_t)pick(sizeof bytes);
    const uint16_t start = (uint16_t)check_random();
    uint16_t crc = start;
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)check_random();
    for (size_t i = 0; i < size * 8; i++) {
      const int bit = (crc ^ bytes[i / 8] >> i % 8) & 1;
      crc = (uint16_t)(crc >> 1 ^ (bit ? 0xa001 : 0));
    }
    CHECK(mp3a_music_crc(start, bytes, size) == crc, "music CRC of %zu bytes", size);
  }
}

/* ---- whole frames ---- */

static int lesser(int a, int b) { return a < b ? a : b; }

static void fill_region(gr_info *gi, int begin, int end, int table) {
  int most = 0;
  if (table > 15) most = 15 + lesser((int)ht[table].linmax, pick(3) ? 5 : 8191);
  else if (table > 0) most = (int)ht[table].xlen - 1;
  for (int i = begin; i < end; i++) gi->l3_enc[i] = pick(most + 1);
}

static int random_table(void) {
  const int table = pick(32);
  return table == 4 || table == 14 ? 0 : table;
}

static void random_granule(const lame_internal_flags *gfc, gr_info *gi) {
  static const int partitions[3][4] = {{6, 5, 5, 5}, {9, 9, 9, 9}, {12, 9, 9, 6}};
  const int is_mpeg1 = gfc->cfg.version == 1;
  gi->block_type = pick(4);
  gi->big_values = 2 * pick(pick(2) ? 289 : 60);
  gi->count1 = gi->big_values + 4 * pick((MP3A_LINES - gi->big_values) / 4 + 1);
  gi->region0_count = pick(16);
  gi->region1_count = lesser(pick(8), 20 - gi->region0_count);
  const int *bands = gfc->scalefac_band.l, end = gi->big_values, both = gi->region0_count + 1;
  const int is_short = gi->block_type == SHORT_TYPE;
  const int region1 = lesser(end, is_short ? 3 * gfc->scalefac_band.s[3] : bands[both]);
  const int region2 = is_short ? end : lesser(end, bands[both + gi->region1_count + 1]);
  const int borders[4] = {0, region1, region2, end};
  for (int i = 0; i < 3; i++) {
    gi->table_select[i] = random_table();
    fill_region(gi, borders[i], borders[i + 1], gi->table_select[i]);
    /* LAME's alias, where the side information holds a third table. */
    if (gi->table_select[i] == 16 && gi->block_type == NORM_TYPE) gi->table_select[i] = 14;
  }
  for (int i = end; i < MP3A_LINES; i++) gi->l3_enc[i] = i < gi->count1 ? pick(2) : pick(9000);
  for (int i = 0; i < MP3A_LINES; i++) gi->xr[i] = random_line();
  gi->global_gain = pick(256), gi->mixed_block_flag = 0, gi->count1table_select = pick(2);
  for (int i = 0; i < 3; i++) gi->subblock_gain[i] = pick(8);
  gi->preflag = pick(2), gi->scalefac_scale = pick(2);
  gi->scalefac_compress = pick(is_mpeg1 ? 16 : 512);
  gi->sfbdivide = is_short ? 18 : 11, gi->sfbmax = is_short ? 36 : 21;
  for (int i = 0; i < 4; i++) gi->slen[i] = pick(5);
  gi->sfb_partition_table = partitions[is_short ? 1 + pick(2) : 0];
  for (int i = 0, part = 0, left = gi->sfb_partition_table[0]; i < SFBMAX; i++, left--) {
    const int first = i < gi->sfbdivide;
    int length = (first ? slen1_tab : slen2_tab)[gi->scalefac_compress & 15];
    if (!is_mpeg1) {
      while (left == 0 && part < 3) left = gi->sfb_partition_table[++part];
      length = gi->slen[part];
    }
    gi->scalefac[i] = pick(12) ? pick(1 << length) : -1;
  }
  gi->part2_3_length = pick(3500), gi->part2_length = pick(500);
}

static void random_frame(lame_internal_flags *gfc) {
  III_side_info_t *side = &gfc->l3_side;
  const int is_mpeg1 = gfc->cfg.version == 1;
  side->main_data_begin = pick(is_mpeg1 ? 512 : 256);
  side->private_bits = pick(gfc->cfg.channels_out == 2 ? 4 : 2);
  for (int i = 0; i < 8; i++) side->scfsi[i / 4][i % 4] = pick(2);
  side->resvDrain_pre = pick(3) ? 0 : 8 * pick(100);
  for (int i = 0; i < 4; i++) random_granule(gfc, &side->tt[i / 2][i % 2]);
  gfc->ov_enc.bitrate_index = 1 + pick(14);
  gfc->ov_enc.padding = pick(2), gfc->ov_enc.mode_ext = pick(4);
}

static void random_stream(lame_internal_flags *gfc) {
  SessionConfig_t *cfg = &gfc->cfg;
  static const int sample_rates[9] = {22050, 24000, 16000, 44100, 48000, 32000, 11025, 12000, 8000};
  const int rate = pick(9);
  unsigned char *buffer = gfc->bs.buf;
  memset(gfc, 0, sizeof *gfc);
  gfc->bs.buf = buffer, gfc->bs.buf_byte_idx = -1;
  cfg->version = rate / 3 == 1, cfg->mode_gr = 1 + cfg->version;
  cfg->samplerate_out = sample_rates[rate], cfg->samplerate_index = rate % 3;
  cfg->channels_out = 1 + pick(2), cfg->error_protection = pick(2);
  cfg->disable_reservoir = pick(2), cfg->write_lame_tag = pick(2);
  cfg->mode = cfg->channels_out == 1 ? MONO : pick(2), cfg->copyright = pick(2);
  cfg->original = pick(2), cfg->extension = pick(2), cfg->emphasis = pick(4);
  cfg->sideinfo_len = 4 + (cfg->version ? (cfg->channels_out == 1 ? 17 : 32)
                                        : (cfg->channels_out == 1 ? 9 : 17));
  if (cfg->error_protection) cfg->sideinfo_len += 2;
  gfc->scalefac_band = sfBandIndex[rate];
  gfc->nMusicCRC = (uint16_t)check_random();
  if (!pick(8)) gfc->bs.totbit = gfc->sv_enc.header[0].write_timing = 999999992;
}

static lame_internal_flags *new_flags(void) {
  lame_internal_flags *gfc = calloc(1, sizeof *gfc);
  gfc->bs.buf = calloc(1, BUFFER_SIZE);
  return gfc;
}

static void free_flags(lame_internal_flags *gfc) {
  free(gfc->bs.buf);
  free(gfc);
}

static void copy_flags(lame_internal_flags *to, const lame_internal_flags *from) {
  unsigned char *buffer = to->bs.buf;
  *to = *from;
  to->bs.buf = buffer;
  memcpy(buffer, from->bs.buf, (size_t)from->bs.buf_byte_idx + 2);
}

static int same_flags(lame_internal_flags *a, const lame_internal_flags *b) {
  unsigned char *buffer = a->bs.buf;
  const int same_bytes = !memcmp(buffer, b->bs.buf, (size_t)b->bs.buf_byte_idx + 1);
  a->bs.buf = b->bs.buf;
  const int same_rest = !memcmp(a, b, sizeof *a);
  a->bs.buf = buffer;
  return same_bytes && same_rest;
}

/* Stuffing that ends the frame on a whole byte: at its end, or anywhere. */
static void choose_stuffing(lame_internal_flags *gfc, lame_internal_flags *trial) {
  int byte_count;
  gfc->l3_side.resvDrain_post = 0;
  copy_flags(trial, gfc);
  format_bitstream_lame(trial);
  const int to_end = compute_flushbits(trial, &byte_count);
  const int to_byte = trial->bs.buf_bit_idx;
  if (to_end >= 0 && to_end < 20000 && pick(4)) gfc->l3_side.resvDrain_post = to_end;
  else gfc->l3_side.resvDrain_post = to_byte + 8 * pick(40);
  if (!pick(50)) gfc->l3_side.resvDrain_post++; /* then LAME's own code goes on */
}

static void check_stream(lame_internal_flags *gfc, lame_internal_flags *expected,
                         lame_internal_flags *actual, const char *tier) {
  static unsigned char bytes[2][BUFFER_SIZE];
  random_stream(gfc);
  for (int frame = 0; frame < 12; frame++) {
    random_frame(gfc);
    choose_stuffing(gfc, expected);
    gfc->sv_enc.ResvSize = pick(4000);
    copy_flags(expected, gfc);
    copy_flags(actual, gfc);
    format_bitstream_lame(expected);
    format_bitstream(actual);
    CHECK(same_flags(actual, expected), "format_bitstream, %s, frame %d", tier, frame);
    copy_flags(gfc, expected);
    const int room = pick(5) ? BUFFER_SIZE : 10, is_music = pick(2);
    const int size = copy_buffer_lame(expected, bytes[0], room, is_music);
    CHECK(copy_buffer(actual, bytes[1], room, is_music) == size, "copy_buffer, %s", tier);
    if (size > 0) CHECK(!memcmp(bytes[0], bytes[1], (size_t)size), "copy_buffer's bytes, %s", tier);
    if (!gfc->cfg.write_lame_tag) actual->nMusicCRC = expected->nMusicCRC;
    CHECK(same_flags(actual, expected), "copy_buffer's state, %s", tier);
    if (size > 0) copy_flags(gfc, expected);
  }
}

/* ---- time ---- */

static void time_bitstream(const mp3a_pair_keys_kernels *tier, const char *name,
                           lame_internal_flags *gfc, lame_internal_flags *other) {
  uint8_t values[PAIRS], signs[PAIRS];
  mp3a_pair_keys_kernels scalar;
  mp3a_pair_keys_select(&scalar, 0);
  random_stream(gfc);
  random_frame(gfc);
  choose_stuffing(gfc, other);
  const gr_info *gi = &gfc->l3_side.tt[0][0];
  TIME(name, "pair_keys", 100, , tier->pack(gi->l3_enc, gi->xr, PAIRS, values, signs),
       scalar.pack(gi->l3_enc, gi->xr, PAIRS, values, signs), "scalar");
  TIME(name, "format_bitstream", 1, copy_flags(other, gfc), format_bitstream(other),
       format_bitstream_lame(other), "LAME's");
}

void check_bitstream(unsigned cpu_flags, const char *tier, int bench) {
  mp3a_pair_keys_kernels kernels;
  lame_internal_flags *flags[3] = {new_flags(), new_flags(), new_flags()};
  mp3a_pair_keys_select(&kernels, cpu_flags);
  mp3a_kernels_limit(cpu_flags);
  if (bench) {
    time_bitstream(&kernels, tier, flags[0], flags[1]);
  } else {
    check_pair_keys(&kernels, tier);
    check_music_crc();
    for (int i = 0; i < 150; i++) check_stream(flags[0], flags[1], flags[2], tier);
  }
  mp3a_kernels_limit(MP3A_CPU_ALL);
  for (int i = 0; i < 3; i++) free_flags(flags[i]);
}
