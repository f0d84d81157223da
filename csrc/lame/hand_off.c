/* Coded frames in place of bytes. What a decoder reads from a granule's bits is worked out
   from LAME's granule as put_main_data() in bitstream.c writes it and ISO/IEC 11172-3 and
   13818-3 read it. */
#include "lame/hand_off.h"

#include <stddef.h>
#include <string.h>

#include "lame/internals.h"

enum { MOST_GRANULE_BITS = 4095, FRAME_ALIGNMENT = 4 };

_Static_assert(_Alignof(mp3a_coded_frame) <= FRAME_ALIGNMENT, "alignment");
_Static_assert(sizeof(mp3a_coded_granule) % FRAME_ALIGNMENT == 0, "frames follow one another");

int mp3a_lame_hand_off(lame_global_flags *lame, size_t frame_size) {
  if (frame_size != sizeof(mp3a_coded_frame) || !is_lame_global_flags_valid(lame)) return -1;
  lame_internal_flags *gfc = lame->internal_flags;
  if (!is_lame_internal_flags_valid(gfc) || !gfc->cd_psy) return -1;
  const SessionConfig_t *cfg = &gfc->cfg;
  if (cfg->write_lame_tag || cfg->decode_on_the_fly || cfg->analysis) return -1;
  if (gfc->bs.buf_byte_idx >= 0 || gfc->lame_encode_frame_init) return -1;
  ((mp3a_psy_constants *)gfc->cd_psy)->hands_off = 1;
  return 0;
}

/* ---- sizes ---- */

static int granule_bits(const gr_info *gi) { return gi->part2_3_length + gi->part2_length; }

/* A waiting frame is marked by a first byte, which no one has written. */
void mp3a_hand_off_account(lame_internal_flags *gfc) {
  III_side_info_t *side = &gfc->l3_side;
  int bits = 8 * gfc->cfg.sideinfo_len + side->resvDrain_post;
  for (int gr = 0; gr < gfc->cfg.mode_gr; gr++)
    for (int ch = 0; ch < gfc->cfg.channels_out; ch++) bits += granule_bits(&side->tt[gr][ch]);
  side->main_data_begin += (getframebits(gfc) - bits) / 8;
  gfc->bs.buf_byte_idx = 0;
}

/* With a constant bitrate and no reservoir, the bits that the last granule leaves become
   stuffing, however many. Only with the largest gain they may be more than there are. */
int mp3a_hand_off_ignores_size(const lame_internal_flags *gfc, const gr_info *granule) {
  const SessionConfig_t *cfg = &gfc->cfg;
  const gr_info *last = gfc->l3_side.tt[cfg->mode_gr - 1];
  return mp3a_hands_off(gfc) && cfg->vbr == vbr_off && cfg->disable_reservoir &&
         cfg->use_best_huffman == 1 && (granule == last || granule == last + 1) &&
         granule->global_gain < 255;
}

/* ---- granules ---- */

static void take_lines(const gr_info *gi, mp3a_coded_granule *granule) {
  const int count = gi->big_values + (gi->count1 - gi->big_values) / 4 * 4;
  const int *quantized = gi->l3_enc;
  const FLOAT *lines = gi->xr;
  granule->line_count = (uint16_t)count;
  for (int i = 0; i < count; i++) {
    const int value = quantized[i];
    granule->lines[i] = (int16_t)(lines[i] < 0 ? -value : value);
  }
}

/* Factors without bits are 0; what the second granule doesn't store is the first one's. */
static void take_scalefactors(const lame_internal_flags *gfc, int gr, int ch,
                              const mp3a_coded_granule *first, mp3a_coded_granule *granule) {
  static const int sizes[2][4] = {{6, 5, 5, 5}, {9, 9, 6, 12}};
  const III_side_info_t *side = &gfc->l3_side;
  const gr_info *gi = &side->tt[gr][ch];
  const int is_short = gi->block_type == SHORT_TYPE;
  const int may_share = gr == 1 && !is_short && side->tt[0][ch].block_type != SHORT_TYPE;
  for (int part = 0, band = 0; part < 4; part++) {
    const int *lengths = part < 2 ? slen1_tab : slen2_tab;
    const int is_stored = lengths[gi->scalefac_compress] != 0;
    const int is_shared = may_share && side->scfsi[ch][part];
    for (const int end = band + sizes[is_short][part]; band < end; band++) {
      const int own = is_stored && gi->scalefac[band] > 0 ? gi->scalefac[band] : 0;
      granule->scalefactors[band] = is_shared ? first->scalefactors[band] : (uint8_t)own;
    }
  }
}

static void take_lsf_scalefactors(const gr_info *gi, mp3a_coded_granule *granule) {
  for (int part = 0, band = 0; part < 4; part++) {
    const int count = gi->sfb_partition_table[part];
    const int whole = gi->block_type == SHORT_TYPE ? count / 3 * 3 : count;
    for (const int end = band + whole; band < end; band++) {
      const int factor = gi->scalefac[band];
      granule->scalefactors[band] = gi->slen[part] && factor > 0 ? (uint8_t)factor : 0;
    }
  }
}

static void take_granule(const lame_internal_flags *gfc, int gr, int ch,
                         const mp3a_coded_granule *first, mp3a_coded_granule *granule) {
  enum { LSF_PREFLAG = 500 };
  const gr_info *gi = &gfc->l3_side.tt[gr][ch];
  const int is_mpeg1 = gfc->cfg.version == 1;
  granule->block_type = (uint8_t)gi->block_type;
  granule->global_gain = (uint8_t)gi->global_gain;
  for (int i = 0; i < 3; i++) granule->subblock_gain[i] = (uint8_t)gi->subblock_gain[i];
  granule->scalefac_scale = (uint8_t)gi->scalefac_scale;
  granule->preflag = is_mpeg1 ? gi->preflag != 0 : gi->scalefac_compress >= LSF_PREFLAG;
  memset(granule->scalefactors, 0, sizeof granule->scalefactors);
  if (is_mpeg1) take_scalefactors(gfc, gr, ch, first, granule);
  else take_lsf_scalefactors(gi, granule);
  take_lines(gi, granule);
}

/* ---- frames ---- */

static int is_valid(const lame_internal_flags *gfc) {
  int valid = gfc->l3_side.main_data_begin >= 0;
  for (int gr = 0; gr < gfc->cfg.mode_gr; gr++) {
    for (int ch = 0; ch < gfc->cfg.channels_out; ch++) {
      const gr_info *gi = &gfc->l3_side.tt[gr][ch];
      valid &= granule_bits(gi) <= MOST_GRANULE_BITS && !gi->mixed_block_flag;
    }
  }
  return valid;
}

static void describe(const lame_internal_flags *gfc, mp3a_coded_frame *frame) {
  frame->mp3_byte_size = (uint32_t)getframebits(gfc) / 8;
  frame->channel_count = (uint8_t)gfc->cfg.channels_out;
  frame->granule_count = (uint8_t)gfc->cfg.mode_gr;
  frame->is_mid_side = gfc->ov_enc.mode_ext == MPG_MD_MS_LR;
  frame->is_valid = (uint8_t)is_valid(gfc);
}

int mp3a_hand_off_write(lame_internal_flags *gfc, const uint8_t header[4],
                        unsigned char *buffer, int size) {
  const int channels = gfc->cfg.channels_out, count = gfc->cfg.mode_gr * channels;
  const size_t needed =
      offsetof(mp3a_coded_frame, granules) + (size_t)count * sizeof(mp3a_coded_granule);
  if (gfc->bs.buf_byte_idx < 0) return 0;
  if (size < (int)needed || (uintptr_t)buffer % FRAME_ALIGNMENT) return -1;
  mp3a_coded_frame *frame = (mp3a_coded_frame *)(void *)buffer;
  memcpy(frame->header, header, sizeof frame->header);
  frame->byte_size = (uint32_t)needed;
  describe(gfc, frame);
  for (int i = 0; i < count; i++) {
    const int ch = i % channels;
    take_granule(gfc, i / channels, ch, &frame->granules[ch], &frame->granules[i]);
  }
  gfc->bs.buf_byte_idx = -1;
  return (int)needed;
}
