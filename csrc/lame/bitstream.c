/* The bits of a frame: side information, scale factors, Huffman codes and
   stuffing, in the layout of ISO/IEC 11172-3 2.4.1 and 13818-3. LAME keeps the
   headers of frames whose place in the stream is not reached yet in a ring
   (sv_enc.header), and main data flows past them. Here a frame's main data is
   written in one run and then cut where the headers go. */
#include "lame/bitstream.h"

#include <string.h>

#include "lame/hand_off.h"
#include "lame/internals.h"
#include "lame/kernels/kernels.h"

const char *get_lame_short_version(void);
int format_bitstream_lame(lame_internal_flags *gfc);
int copy_buffer_lame(lame_internal_flags *gfc, unsigned char *buffer, int size, int is_music);
void flush_bitstream_lame(lame_internal_flags *gfc);

/* ---- bits ---- */

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "words are stored byte-swapped");

/* Bits collect at the low end of `bits`. Every put stores them, the oldest first
   and zeros behind, and steps over the whole bytes: no branch to mispredict.
   Fewer than 8 bits wait between calls; 8 bytes from `next` on get written. */
typedef struct {
  uint64_t bits;
  unsigned waiting;
  uint8_t *next;
} bit_writer;

/* `length` is at most 56, and `value` has no bits above it. */
static inline void put(bit_writer *w, uint64_t value, unsigned length) {
  w->bits = w->bits << length | value;
  w->waiting += length;
  const uint64_t word = __builtin_bswap64(w->bits << 1 << (63 - w->waiting));
  memcpy(w->next, &word, sizeof word);
  w->next += w->waiting / 8;
  w->waiting %= 8;
}

static int bits_since(const bit_writer *w, const uint8_t *start) {
  return (int)(w->next - start) * 8 + (int)w->waiting;
}

/* Stuffing: "LAME", the version, then single bits. Those alternate, over the
   frames, when there is a reservoir. */
static void put_stuffing(bit_writer *w, lame_internal_flags *gfc, int bit_count) {
  EncStateVar_t *esv = &gfc->sv_enc;
  for (const char *name = "LAME"; *name && bit_count >= 8; bit_count -= 8) {
    put(w, (uint8_t)*name++, 8);
  }
  if (bit_count >= 32) {
    const char *version = get_lame_short_version();
    for (; *version && bit_count >= 8; bit_count -= 8) put(w, (uint8_t)*version++, 8);
  }
  const int alternate = !gfc->cfg.disable_reservoir;
  const uint32_t even = esv->ancillary_flag ? 0xaaaaaaaau : 0x55555555u;
  const uint32_t pattern = alternate ? even : esv->ancillary_flag ? 0xffffffffu : 0;
  for (; bit_count >= 32; bit_count -= 32) put(w, pattern, 32);
  if (bit_count > 0) put(w, pattern >> (32 - bit_count), (unsigned)bit_count);
  if (alternate && bit_count > 0) esv->ancillary_flag ^= bit_count & 1;
}

/* ---- main data ---- */

typedef struct {
  uint8_t values[MP3A_LINES / 2], signs[MP3A_LINES / 2];
} granule_keys;

/* Pairs of a table without escapes; the table's lengths count the signs. */
static void put_small_pairs(bit_writer *writer, const granule_keys *keys, int begin, int end,
                            const struct huffcodetab *table) {
  bit_writer w = *writer;
  const uint16_t *codes = table->table;
  const uint8_t *lengths = table->hlen;
  const unsigned skipped = 16 - table->xlen; /* values are in rows of 16 */
  for (int i = begin; i < end; i++) {
    const unsigned value = keys->values[i], sign = keys->signs[i];
    const unsigned at = value - (value >> 4) * skipped;
    put(&w, (uint32_t)codes[at] << (sign & 3) | sign >> 2, lengths[at]);
  }
  *writer = w;
}

/* A 15 stands for 15 and more: linbits follow, before each value's sign. */
static void put_escape_pairs(bit_writer *writer, const granule_keys *keys, int begin, int end,
                             const struct huffcodetab *table, const gr_info *gi) {
  bit_writer w = *writer;
  const uint16_t *codes = table->table;
  const uint8_t *lengths = table->hlen;
  const unsigned linbits = table->xlen;
  for (int i = begin; i < end; i++) {
    const unsigned at = keys->values[i], sign = keys->signs[i] >> 2;
    const int a = gi->l3_enc[2 * i], b = gi->l3_enc[2 * i + 1];
    const unsigned has_a = at > 15, has_b = (at & 15) != 0;
    const unsigned lin_a = a >= 15 ? linbits : 0, lin_b = b >= 15 ? linbits : 0;
    const uint64_t ext_a = (a > 15 ? (unsigned)(a - 15) * 2 : 0) | sign >> has_b;
    const uint64_t ext_b = (b > 15 ? (unsigned)(b - 15) * 2 : 0) | (sign & has_b);
    const uint64_t code_a = (uint64_t)codes[at] << (has_a + lin_a) | ext_a;
    put(&w, code_a << (has_b + lin_b) | ext_b, lengths[at] + lin_a + lin_b);
  }
  *writer = w;
}

static void put_region(bit_writer *w, const granule_keys *keys, int begin_line, int end_line,
                       int table_index, const gr_info *gi) {
  const struct huffcodetab *table = &ht[table_index];
  if (table_index == 0) return; /* all zeros */
  if (table_index > 15) {
    put_escape_pairs(w, keys, begin_line / 2, end_line / 2, table, gi);
  } else {
    put_small_pairs(w, keys, begin_line / 2, end_line / 2, table);
  }
}

/* Quadruples of 0 and 1. These tables' codes leave room for the signs. */
static void put_quads(bit_writer *w, const granule_keys *keys, const gr_info *gi) {
  const struct huffcodetab *table = &ht[gi->count1table_select + 32];
  const int begin = gi->big_values / 2, end = begin + (gi->count1 - gi->big_values) / 4 * 2;
  for (int i = begin; i < end; i += 2) {
    const unsigned a = keys->values[i], b = keys->values[i + 1];
    const unsigned sign_a = keys->signs[i], sign_b = keys->signs[i + 1];
    const unsigned at = (a >> 4) * 8 + (a & 1) * 4 + (b >> 4) * 2 + (b & 1);
    const unsigned sign_bits = (sign_a >> 2) << (sign_b & 3) | sign_b >> 2;
    put(w, table->table[at] + sign_bits, table->hlen[at]);
  }
}

static int at_most(int value, int limit) { return value < limit ? value : limit; }

static void put_huffman(bit_writer *w, const lame_internal_flags *gfc, const gr_info *gi) {
  granule_keys keys;
  const int end = gi->big_values;
  int region1, region2;
  mp3a_kernels()->pair_keys.pack(gi->l3_enc, gi->xr, gi->count1 / 2, keys.values, keys.signs);
  if (gi->block_type == SHORT_TYPE) {
    region1 = at_most(3 * gfc->scalefac_band.s[3], end);
    region2 = end;
  } else {
    const int *bands = gfc->scalefac_band.l;
    region1 = at_most(bands[gi->region0_count + 1], end);
    region2 = at_most(bands[gi->region0_count + gi->region1_count + 2], end);
  }
  put_region(w, &keys, 0, region1, gi->table_select[0], gi);
  put_region(w, &keys, region1, region2, gi->table_select[1], gi);
  if (region2 < end) put_region(w, &keys, region2, end, gi->table_select[2], gi);
  put_quads(w, &keys, gi);
}

/* -1 marks a factor that the second granule shares with the first. */
static void put_scalefactors(bit_writer *w, const gr_info *gi, int begin, int end, int length) {
  if (length == 0) return;
  for (int i = begin; i < end; i++) {
    if (gi->scalefac[i] != -1) put(w, (uint32_t)gi->scalefac[i], (unsigned)length);
  }
}

static void put_lsf_scalefactors(bit_writer *w, const gr_info *gi) {
  for (int part = 0, band = 0; part < 4; part++) {
    int count = gi->sfb_partition_table[part];
    if (gi->block_type == SHORT_TYPE) count = count / 3 * 3;
    for (const int end = band + count; band < end; band++) {
      const int factor = gi->scalefac[band];
      if (gi->slen[part]) put(w, factor > 0 ? (uint32_t)factor : 0, (unsigned)gi->slen[part]);
    }
  }
}

static void put_main_data(bit_writer *w, const lame_internal_flags *gfc) {
  const int is_mpeg1 = gfc->cfg.version == 1;
  for (int gr = 0; gr <= is_mpeg1; gr++) {
    for (int ch = 0; ch < gfc->cfg.channels_out; ch++) {
      const gr_info *gi = &gfc->l3_side.tt[gr][ch];
      if (is_mpeg1) {
        put_scalefactors(w, gi, 0, gi->sfbdivide, slen1_tab[gi->scalefac_compress]);
        put_scalefactors(w, gi, gi->sfbdivide, gi->sfbmax, slen2_tab[gi->scalefac_compress]);
      } else {
        put_lsf_scalefactors(w, gi);
      }
      put_huffman(w, gfc, gi);
    }
  }
}

/* ---- header and side information ---- */

static void put_header(bit_writer *w, const lame_internal_flags *gfc) {
  const SessionConfig_t *cfg = &gfc->cfg;
  const EncResult_t *eov = &gfc->ov_enc;
  put(w, cfg->samplerate_out < 16000 ? 0xffe : 0xfff, 12);
  put(w, (uint32_t)cfg->version, 1);
  put(w, 1, 2); /* layer III */
  put(w, !cfg->error_protection, 1);
  put(w, (uint32_t)eov->bitrate_index, 4);
  put(w, (uint32_t)cfg->samplerate_index, 2);
  put(w, (uint32_t)eov->padding, 1);
  put(w, (uint32_t)cfg->extension, 1);
  put(w, (uint32_t)cfg->mode, 2);
  put(w, (uint32_t)eov->mode_ext, 2);
  put(w, (uint32_t)cfg->copyright, 1);
  put(w, (uint32_t)cfg->original, 1);
  put(w, (uint32_t)cfg->emphasis, 2);
  if (cfg->error_protection) put(w, 0, 16); /* the CRC comes at the end */
}

static int hand_off(lame_internal_flags *gfc, unsigned char *buffer, int size) {
  uint8_t header[MAX_HEADER_LEN];
  bit_writer w = {0, 0, header};
  put_header(&w, gfc);
  return mp3a_hand_off_write(gfc, header, buffer, size);
}

/* Table 14 doesn't exist: LAME's choice of 14 means 16, here and in the codes. */
static void put_table_select(bit_writer *w, gr_info *gi, int count) {
  for (int i = 0; i < count; i++) {
    if (gi->table_select[i] == 14) gi->table_select[i] = 16;
    put(w, (uint32_t)gi->table_select[i], 5);
  }
}

static void put_granule_info(bit_writer *w, gr_info *gi, int is_mpeg1) {
  put(w, (uint32_t)(gi->part2_3_length + gi->part2_length), 12);
  put(w, (uint32_t)gi->big_values / 2, 9);
  put(w, (uint32_t)gi->global_gain, 8);
  put(w, (uint32_t)gi->scalefac_compress, is_mpeg1 ? 4 : 9);
  put(w, gi->block_type != NORM_TYPE, 1);
  if (gi->block_type != NORM_TYPE) {
    put(w, (uint32_t)gi->block_type, 2);
    put(w, (uint32_t)gi->mixed_block_flag, 1);
    put_table_select(w, gi, 2);
    for (int i = 0; i < 3; i++) put(w, (uint32_t)gi->subblock_gain[i], 3);
  } else {
    put_table_select(w, gi, 3);
    put(w, (uint32_t)gi->region0_count, 4);
    put(w, (uint32_t)gi->region1_count, 3);
  }
  if (is_mpeg1) put(w, (uint32_t)gi->preflag, 1);
  put(w, (uint32_t)gi->scalefac_scale, 1);
  put(w, (uint32_t)gi->count1table_select, 1);
}

static void put_side_info(bit_writer *w, lame_internal_flags *gfc) {
  III_side_info_t *side = &gfc->l3_side;
  const int channels = gfc->cfg.channels_out, is_mpeg1 = gfc->cfg.version == 1;
  put(w, (uint32_t)side->main_data_begin, is_mpeg1 ? 9 : 8);
  if (is_mpeg1) {
    put(w, (uint32_t)side->private_bits, channels == 2 ? 3 : 5);
    for (int ch = 0; ch < channels; ch++) {
      for (int band = 0; band < 4; band++) put(w, (uint32_t)side->scfsi[ch][band], 1);
    }
  } else {
    put(w, (uint32_t)side->private_bits, (unsigned)channels);
  }
  for (int gr = 0; gr <= is_mpeg1; gr++) {
    for (int ch = 0; ch < channels; ch++) put_granule_info(w, &side->tt[gr][ch], is_mpeg1);
  }
}

/* Puts this frame's header into the ring; the next one's place is then known. */
static void queue_header(lame_internal_flags *gfc, int frame_bits) {
  EncStateVar_t *esv = &gfc->sv_enc;
  const int size = gfc->cfg.sideinfo_len, next = (esv->h_ptr + 1) & (MAX_HEADER_BUF - 1);
  uint8_t bytes[MAX_HEADER_LEN + 8];
  bit_writer w = {0, 0, bytes};
  put_header(&w, gfc);
  put_side_info(&w, gfc);
  memcpy(esv->header[esv->h_ptr].buf, bytes, (size_t)size);
  if (gfc->cfg.error_protection) CRC_writeheader(gfc, esv->header[esv->h_ptr].buf);
  esv->header[esv->h_ptr].ptr = size * 8;
  esv->header[next].write_timing = esv->header[esv->h_ptr].write_timing + frame_bits;
  esv->h_ptr = next;
  if (next == esv->w_ptr) ERRORF(gfc, "mp3augment: too many headers wait\n");
}

/* ---- the stream ---- */

/* Appends main data or stuffing; a header goes in where its place is reached and
   more follows. LAME counts bits, whole bytes here but for the very last. */
static void append(lame_internal_flags *gfc, const uint8_t *bytes, int bit_count) {
  Bit_stream_struc *bs = &gfc->bs;
  EncStateVar_t *esv = &gfc->sv_enc;
  const int header_size = gfc->cfg.sideinfo_len, byte_count = (bit_count + 7) / 8;
  uint8_t *out = bs->buf + bs->buf_byte_idx + 1;
  for (int at = 0; at < byte_count;) {
    if (esv->header[esv->w_ptr].write_timing == bs->totbit) {
      memcpy(out, esv->header[esv->w_ptr].buf, (size_t)header_size);
      out += header_size;
      bs->totbit += header_size * 8;
      esv->w_ptr = (esv->w_ptr + 1) & (MAX_HEADER_BUF - 1);
    }
    const int room = (esv->header[esv->w_ptr].write_timing - bs->totbit) / 8;
    const int run = room > 0 ? at_most(byte_count - at, room) : byte_count - at;
    memcpy(out, bytes + at, (size_t)run);
    out += run, at += run;
    bs->totbit += run * 8;
  }
  bs->buf_byte_idx = (int)(out - bs->buf) - 1;
  bs->buf_bit_idx = byte_count * 8 - bit_count;
  bs->totbit -= bs->buf_bit_idx;
}

enum { SCRATCH_BYTES = 16384 };

/* Frames start on whole bytes, and are far smaller than the scratch. */
static int is_regular(const lame_internal_flags *gfc) {
  const III_side_info_t *side = &gfc->l3_side;
  const Bit_stream_struc *bs = &gfc->bs;
  int bits = side->resvDrain_post;
  for (int gr = 0; gr < gfc->cfg.mode_gr; gr++) {
    for (int ch = 0; ch < gfc->cfg.channels_out; ch++) {
      bits += side->tt[gr][ch].part2_3_length + side->tt[gr][ch].part2_length;
    }
  }
  const int limit = 8 * (SCRATCH_BYTES / 2);
  return bs->buf_bit_idx == 0 && bs->totbit % 8 == 0 && bits < limit &&
         side->resvDrain_pre % 8 == 0 && side->resvDrain_pre < limit;
}

static void check_reservoir(lame_internal_flags *gfc) {
  EncStateVar_t *esv = &gfc->sv_enc;
  int byte_count;
  const int begin_bits = gfc->l3_side.main_data_begin * 8;
  if (compute_flushbits(gfc, &byte_count) == esv->ResvSize && begin_bits == esv->ResvSize) return;
  ERRORF(gfc, "mp3augment: the bit reservoir's size is %d, not %d\n", begin_bits, esv->ResvSize);
  esv->ResvSize = begin_bits;
}

/* LAME's bit counter is an int: it starts again after 10^9 bits. */
static void rewind_counter(lame_internal_flags *gfc) {
  if (gfc->bs.totbit <= 1000000000) return;
  for (int i = 0; i < MAX_HEADER_BUF; i++) gfc->sv_enc.header[i].write_timing -= gfc->bs.totbit;
  gfc->bs.totbit = 0;
}

int format_bitstream(lame_internal_flags *gfc) {
  III_side_info_t *side = &gfc->l3_side;
  uint8_t scratch[SCRATCH_BYTES];
  if (mp3a_hands_off(gfc)) {
    mp3a_hand_off_account(gfc);
    return 0;
  }
  if (!is_regular(gfc)) return format_bitstream_lame(gfc);
  const int frame_bits = getframebits(gfc);
  if (side->resvDrain_pre > 0) {
    bit_writer w = {0, 0, scratch};
    put_stuffing(&w, gfc, side->resvDrain_pre);
    append(gfc, scratch, bits_since(&w, scratch));
  }
  queue_header(gfc, frame_bits);
  bit_writer w = {0, 0, scratch};
  put_main_data(&w, gfc);
  put_stuffing(&w, gfc, side->resvDrain_post);
  const int bit_count = bits_since(&w, scratch);
  append(gfc, scratch, bit_count);
  side->main_data_begin += (frame_bits - 8 * gfc->cfg.sideinfo_len - bit_count) / 8;
  check_reservoir(gfc);
  rewind_counter(gfc);
  return 0;
}

/* ---- output ---- */

/* CRC of one byte: the polynomial is (x + 1)(x^15 + x + 1), which leaves the
   byte twice, shifted, and its parity. */
static uint16_t music_crc_byte(uint16_t crc, uint8_t byte) {
  const unsigned low = (crc ^ byte) & 0xff;
  const unsigned odd = 0u - (unsigned)__builtin_parity(low);
  return (uint16_t)((crc >> 8) ^ (low << 6) ^ (low << 7) ^ (odd & 0xc001));
}

static uint64_t load_le64(const uint8_t *bytes) {
  uint64_t value;
  memcpy(&value, bytes, sizeof value);
  return value;
}

/* Modulo x^15 + x + 1, x^60 = x^4 + 1: eight bytes are folded onto the next
   eight by shifts (lowest bit first: a right shift multiplies by x). Modulo
   x + 1 only the parity counts, which the fold changes: it's put right after. */
uint16_t mp3a_music_crc(uint16_t crc, const uint8_t *bytes, size_t size) {
  if (size >= 16) {
    uint64_t folded = load_le64(bytes) ^ crc, sum = folded;
    for (bytes += 8, size -= 8; size >= 8; bytes += 8, size -= 8) {
      const uint64_t word = load_le64(bytes), over = folded << 56 ^ folded << 60;
      folded = folded >> 8 ^ folded >> 4 ^ over >> 8 ^ over >> 4 ^ word;
      sum ^= word;
    }
    crc = __builtin_parityll(folded ^ sum) ? 0xc001 : 0;
    uint16_t rest = 0;
    for (int i = 0; i < 64; i += 8) rest = music_crc_byte(rest, (uint8_t)(folded >> i));
    crc ^= rest;
  }
  for (; size > 0; size--) crc = music_crc_byte(crc, *bytes++);
  return crc;
}

/* The last frames' stuffing, which isn't handed off. */
void flush_bitstream(lame_internal_flags *gfc) {
  if (!mp3a_hands_off(gfc)) flush_bitstream_lame(gfc);
}

/* Only the LAME tag tells the music's CRC: without one it isn't computed. */
int copy_buffer(lame_internal_flags *gfc, unsigned char *buffer, int size, int is_music) {
  Bit_stream_struc *bs = &gfc->bs;
  const int byte_count = bs->buf_byte_idx + 1;
  if (mp3a_hands_off(gfc)) return hand_off(gfc, buffer, size);
  if (gfc->cfg.decode_on_the_fly) return copy_buffer_lame(gfc, buffer, size, is_music);
  if (byte_count <= 0) return 0;
  if (byte_count > size) return -1;
  memcpy(buffer, bs->buf, (size_t)byte_count);
  bs->buf_byte_idx = -1;
  bs->buf_bit_idx = 0;
  if (is_music) {
    gfc->VBR_seek_table.nBytesWritten += (unsigned long)byte_count;
    if (gfc->cfg.write_lame_tag) {
      gfc->nMusicCRC = mp3a_music_crc(gfc->nMusicCRC, buffer, (size_t)byte_count);
    }
  }
  return byte_count;
}
