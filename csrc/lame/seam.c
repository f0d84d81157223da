/* What an encoder carries from one MP3 frame to the next. Without the reservoir that is little,
   and all of it forgets: the filterbank's and the model's last granules, the loudness that the
   threshold of hearing follows, the gains that the search for a gain starts from. Everything
   else in LAME's structs is constant after lame_init_params(), is set in each frame before it
   is read, or only counts. test_ranges.c overwrites all that isn't named here. */
#include "common/seam.h"

#include <string.h>

#include "lame/hand_off.h"
#include "lame/internals.h"
#include "lame/psymodel.h"
#include "libmp3lame/lame_global_flags.h"

_Static_assert(MP3A_LAME_LEAD == ENCDELAY - MDCTDELAY, "lead");

static lame_internal_flags *internals_of(const lame_global_flags *lame) {
  if (!is_lame_global_flags_valid(lame)) return NULL;
  lame_internal_flags *gfc = lame->internal_flags;
  return is_lame_internal_flags_valid(gfc) && mp3a_hands_off(gfc) ? gfc : NULL;
}

/* The padding of frame after frame is that of a line with a slope, in whole slots. */
static int slot_lag_at(const lame_internal_flags *gfc, uint32_t frame) {
  const int64_t rate = gfc->cfg.samplerate_out;
  const int64_t lag =
      (gfc->sv_enc.slot_lag - (int64_t)gfc->sv_enc.frac_SpF * (int64_t)frame) % rate;
  return (int)(lag < 0 ? lag + rate : lag);
}

int mp3a_lame_start_amid(lame_global_flags *lame, uint32_t frame) {
  lame_internal_flags *gfc = internals_of(lame);
  if (!gfc || gfc->lame_encode_frame_init || gfc->sv_enc.mf_size != MP3A_LAME_LEAD) return -1;
  if (!gfc->cfg.disable_reservoir || gfc->cfg.samplerate_in != gfc->cfg.samplerate_out) return -1;
  gfc->sv_enc.slot_lag = slot_lag_at(gfc, frame);
  gfc->sv_enc.mf_size = 0;
  gfc->sv_enc.mf_samples_to_encode -= MP3A_LAME_LEAD;
  gfc->ov_enc.frame_number = (int)frame;
  return 0;
}

typedef struct {
  unsigned char *next;
  size_t left, written;
} writer;

static void add(writer *w, const void *bytes, size_t size) {
  if (size > w->left) {
    w->left = w->written = 0;
    w->next = NULL;
  }
  if (!w->next) return;
  memcpy(w->next, bytes, size);
  w->next += size, w->left -= size, w->written += size;
}

size_t mp3a_lame_state(const lame_global_flags *lame, void *state, size_t capacity) {
  const lame_internal_flags *gfc = internals_of(lame);
  if (!gfc) return 0;
  const EncStateVar_t *enc = &gfc->sv_enc;
  writer w = {state, capacity, 0};
  add(&w, &gfc->lame_encode_frame_init, sizeof gfc->lame_encode_frame_init);
  add(&w, &gfc->sv_psy, sizeof gfc->sv_psy);
  add(&w, &gfc->ov_psy, sizeof gfc->ov_psy);
  add(&w, &gfc->sv_qnt, sizeof gfc->sv_qnt);
  if (mp3a_masking_reaches_output(&gfc->cfg)) {
    add(&w, &gfc->ATH->adjust_factor, sizeof gfc->ATH->adjust_factor);
    add(&w, &gfc->ATH->adjust_limit, sizeof gfc->ATH->adjust_limit);
  }
  add(&w, enc->sb_sample, sizeof enc->sb_sample);
  add(&w, enc->pefirbuf, sizeof enc->pefirbuf);
  add(&w, &gfc->ov_enc.bitrate_index, sizeof gfc->ov_enc.bitrate_index);
  add(&w, &enc->slot_lag, sizeof enc->slot_lag);
  add(&w, &enc->ResvSize, sizeof enc->ResvSize);
  add(&w, &gfc->l3_side.main_data_begin, sizeof gfc->l3_side.main_data_begin);
  add(&w, &enc->mf_size, sizeof enc->mf_size);
  add(&w, &enc->mf_samples_to_encode, sizeof enc->mf_samples_to_encode);
  for (int ch = 0; ch < gfc->cfg.channels_out; ch++)
    add(&w, enc->mfbuf[ch], (size_t)enc->mf_size * sizeof enc->mfbuf[ch][0]);
  return w.written;
}
