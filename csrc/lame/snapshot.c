/* Cloning and resetting encoders. What an encoder owns, and how it is treated:
   - lame_global_flags and lame_internal_flags: copied whole. The largest parts
     are scratch, but all 89 kB take under 2 µs, and nothing can be forgotten.
   - ATH (changes with loudness): copied whole.
   - cd_psy and its two spreading tables (constant): copied, because lame_close()
     frees them; by a reset only where the settings differ.
   - bs.buf: only bytes already written (a tag frame) matter; LAME clears each
     byte when it reaches it.
   - VBR_seek_table.bag: copied; present only with a tag frame.
   - sv_rpg.rgdata: has pointers into itself, so it is initialised anew, as
     lame_init_params() does; left out without replay gain, as nothing else reads it.
   - in_buffer_0 and _1: a call's input, written before it is read. A reset
     encoder keeps them.
   - inbuf_old, blackfilt: of LAME's resampler, which ours replaces: never there.
   All other pointers lead to constant tables, code or ID3 strings. */
#include "lame/snapshot.h"

#include <string.h>

#include "lame/internals.h"
#include "lame/psy_constants.h"
#include "libmp3lame/gain_analysis.h"

static int is_fresh(const lame_global_flags *gfp) {
  if (!is_lame_global_flags_valid(gfp)) return 0;
  lame_internal_flags const *gfc = gfp->internal_flags;
  if (!is_lame_internal_flags_valid(gfc)) return 0;
  id3tag_spec const *tag = &gfc->tag_spec;
  int has_tag = tag->title || tag->artist || tag->album || tag->comment || tag->albumart ||
                tag->v2_head;
  /* LAME doesn't look whether it got the bytes' memory. */
  return !has_tag && gfc->bs.buf && !gfc->hip && !gfc->pinfo && !gfc->lame_encode_frame_init &&
         !((const mp3a_psy_constants *)gfc->cd_psy)->resample.is_used &&
         gfc->sv_enc.mf_size == ENCDELAY - MDCTDELAY &&
         gfc->sv_enc.mf_samples_to_encode == ENCDELAY + POSTDELAY;
}

/* The constants of cd_psy follow from the configuration and these settings. */
static int have_same_settings(const lame_global_flags *a, const lame_global_flags *b) {
  return a->experimentalZ == b->experimentalZ && a->VBR_q == b->VBR_q &&
         a->VBR_q_frac == b->VBR_q_frac && a->attackthre == b->attackthre &&
         a->attackthre_s == b->attackthre_s &&
         memcmp(&a->internal_flags->cfg, &b->internal_flags->cfg, sizeof(SessionConfig_t)) == 0;
}

/* The memory an encoder holds on to: what a copy of the struct must not take
   over from its original. */
typedef struct {
  unsigned char *bits;
  int *bag;
  replaygain_t *replay_gain;
  ATH_t *ath;
  mp3a_psy_constants *psy;
  sample_t *input[2];
  int input_samples;
} owned_memory;

static owned_memory memory_of(const lame_internal_flags *gfc) {
  EncStateVar_t const *enc = &gfc->sv_enc;
  return (owned_memory){gfc->bs.buf,
                        gfc->VBR_seek_table.bag,
                        gfc->sv_rpg.rgdata,
                        gfc->ATH,
                        (mp3a_psy_constants *)gfc->cd_psy,
                        {enc->in_buffer_0, enc->in_buffer_1},
                        enc->in_buffer_nsamples};
}

/* Adds what an encoder with the settings of `from` needs and `own` doesn't have yet. Returns 0
   when memory ran out; what was added by then stays in `own`. */
static int add_memory(owned_memory *own, const lame_internal_flags *from) {
  if (from->cfg.findReplayGain && !own->replay_gain)
    own->replay_gain = lame_calloc(replaygain_t, 1);
  if (from->VBR_seek_table.bag && !own->bag)
    own->bag = lame_calloc(int, from->VBR_seek_table.size);
  return (own->replay_gain || !from->cfg.findReplayGain) &&
         (own->bag || !from->VBR_seek_table.bag);
}

static void take_memory(lame_internal_flags *gfc, const owned_memory *own) {
  gfc->bs.buf = own->bits;
  gfc->VBR_seek_table.bag = own->bag;
  gfc->sv_rpg.rgdata = own->replay_gain;
  gfc->ATH = own->ath;
  gfc->cd_psy = own->psy ? &own->psy->lame : NULL;
  gfc->sv_enc.in_buffer_0 = own->input[0];
  gfc->sv_enc.in_buffer_1 = own->input[1];
  gfc->sv_enc.in_buffer_nsamples = own->input_samples;
}

/* Makes `to` a copy of the fresh `from`, with `own` as its memory. */
static void copy_state(lame_internal_flags *to, const lame_internal_flags *from,
                       const owned_memory *own) {
  const int *bag = from->VBR_seek_table.bag;
  *to = *from;
  take_memory(to, own);
  own->psy->hands_off = 0;
  own->psy->resample = (mp3a_resample_state){0};
  own->psy->hearing.is_known = 0;

  memcpy(own->bits, from->bs.buf, from->bs.buf_byte_idx + 1);
  *own->ath = *from->ATH;
  if (bag) memcpy(own->bag, bag, from->VBR_seek_table.size * sizeof(int));
  if (to->cfg.findReplayGain) {
    memset(own->replay_gain, 0, sizeof(replaygain_t));
    InitGainAnalysis(own->replay_gain, to->cfg.samplerate_out);
  }
}

static void copy_settings(lame_global_flags *to, const lame_global_flags *from) {
  lame_internal_flags *internal_flags = to->internal_flags;
  int allocated = to->lame_allocated_gfp;
  *to = *from;
  to->internal_flags = internal_flags;
  to->lame_allocated_gfp = allocated;
}

static size_t spread_values(const PsyConst_CB2SB_t *bands) {
  size_t count = 0;
  for (int b = 0; b < bands->npart; b++) count += bands->s3ind[b][1] - bands->s3ind[b][0] + 1;
  return count;
}

static FLOAT *copy_spread(const PsyConst_CB2SB_t *bands) {
  size_t count = spread_values(bands);
  FLOAT *copy = lame_calloc(FLOAT, count);
  if (copy) memcpy(copy, bands->s3, count * sizeof(FLOAT));
  return copy;
}

/* Copies constants into `to`. Returns 0, with `to` as it was, when memory ran out. */
static int copy_psy(mp3a_psy_constants *to, const PsyConst_t *from) {
  FLOAT *long_spread = copy_spread(&from->l), *short_spread = copy_spread(&from->s);
  if (!long_spread || !short_spread) {
    free(long_spread);
    free(short_spread);
    return 0;
  }
  free(to->lame.l.s3);
  free(to->lame.s.s3);
  *to = *(const mp3a_psy_constants *)from;
  to->lame.l.s3 = to->lame.l_to_s.s3 = long_spread;
  to->lame.s.s3 = short_spread;
  return 1;
}

static lame_internal_flags *clone_internal(const lame_internal_flags *from) {
  lame_internal_flags *to = lame_calloc(lame_internal_flags, 1);
  if (!to) return NULL;
  owned_memory own = {.bits = lame_calloc(unsigned char, from->bs.buf_size),
                      .ath = lame_calloc(ATH_t, 1),
                      .psy = lame_calloc(mp3a_psy_constants, 1)};
  if (own.bits && own.ath && own.psy && add_memory(&own, from) &&
      copy_psy(own.psy, from->cd_psy)) {
    copy_state(to, from, &own);
    return to;
  }
  take_memory(to, &own);
  freegfc(to);
  return NULL;
}

lame_global_flags *mp3a_lame_clone(const lame_global_flags *fresh) {
  if (!is_fresh(fresh)) return NULL;
  lame_global_flags *clone = lame_calloc(lame_global_flags, 1);
  if (!clone) return NULL;
  clone->lame_allocated_gfp = 1;
  clone->internal_flags = clone_internal(fresh->internal_flags);
  if (!clone->internal_flags) {
    free(clone);
    return NULL;
  }
  copy_settings(clone, fresh);
  return clone;
}

int mp3a_lame_reset(lame_global_flags *used, const lame_global_flags *fresh) {
  if (used == fresh || !is_fresh(fresh) || !is_lame_global_flags_valid(used)) return -1;
  lame_internal_flags *gfc = used->internal_flags;
  if (!is_lame_internal_flags_valid(gfc) || gfc->hip) return -1;
  const lame_internal_flags *from = fresh->internal_flags;
  owned_memory own = memory_of(gfc);
  const int has_all = add_memory(&own, from) &&
                      (have_same_settings(used, fresh) || copy_psy(own.psy, from->cd_psy));
  if (!has_all) {
    gfc->sv_rpg.rgdata = own.replay_gain;
    gfc->VBR_seek_table.bag = own.bag;
    return -1;
  }
  free_id3tag(gfc);
  copy_state(gfc, from, &own);
  copy_settings(used, fresh);
  return 0;
}

void mp3a_lame_trim(lame_global_flags *fresh) {
  if (!is_fresh(fresh)) return;
  lame_internal_flags *gfc = fresh->internal_flags;
  /* -1 before the first byte; where less memory can't be had, the old one serves. */
  unsigned char *bits = realloc(gfc->bs.buf, gfc->bs.buf_byte_idx + 2);
  if (bits) gfc->bs.buf = bits;
  if (gfc->cfg.findReplayGain) return;
  free(gfc->sv_rpg.rgdata);
  gfc->sv_rpg.rgdata = NULL;
}
