/* The quantization of a frame at an average bitrate: takes the place of LAME's
   ABR_iteration_loop (quantize.c is compiled with that name ending in _lame). */
#include "lame/cbr_loop.h"

void ABR_iteration_loop_lame(lame_internal_flags *gfc, const FLOAT pe[2][2],
                             const FLOAT ms_ener_ratio[2], const III_psy_ratio ratio[2][2]);

static inline int at_most(int value, int limit) { return value < limit ? value : limit; }

/* The part of the average that is spent at once; the rest goes to the reservoir. */
static FLOAT share_to_spend(const SessionConfig_t *cfg) {
  FLOAT const share = (FLOAT)(.93 + .07 * (11.0 - cfg->compression_ratio) / (11.0 - 5.5));
  return share < .90 ? .90f : share > 1.00 ? 1 : share;
}

/* Up to 1.5 times the average more where perceptual entropy is high. */
static int target_of(FLOAT entropy, int is_short, int mean_bits, FLOAT share) {
  int target = (int)(share * (FLOAT)mean_bits);
  if (entropy > 700) {
    int more = (int)((entropy - 700) / 1.4);
    if (is_short && more < mean_bits / 2) more = mean_bits / 2;
    target += more < 0 ? 0 : at_most(more, mean_bits * 3 / 2);
  }
  return at_most(target, MAX_BITS_PER_CHANNEL);
}

/* Makes the targets of `count` channels as much smaller as their sum is above `most`. */
static void scale_targets(int *targets, int count, int sum, int most) {
  if (sum <= most || sum <= 0) return;
  for (int i = 0; i < count; i++) targets[i] = targets[i] * most / sum;
}

static void set_granule_targets(lame_internal_flags *gfc, const FLOAT pe[2], FLOAT ms_ratio,
                                int gr, int mean_bits, int targets[2]) {
  int const channels = gfc->cfg.channels_out;
  int sum = 0;
  for (int ch = 0; ch < channels; ch++) {
    int const is_short = gfc->l3_side.tt[gr][ch].block_type == SHORT_TYPE;
    targets[ch] = target_of(pe[ch], is_short, mean_bits, share_to_spend(&gfc->cfg));
    sum += targets[ch];
  }
  scale_targets(targets, channels, sum, MAX_BITS_PER_GRANULE);
  if (gfc->ov_enc.mode_ext == MPG_MD_MS_LR)
    reduce_side(targets, ms_ratio, mean_bits * channels, MAX_BITS_PER_GRANULE);
  for (int ch = 0; ch < channels; ch++) targets[ch] = at_most(targets[ch], MAX_BITS_PER_CHANNEL);
}

/* Returns the bits of a channel that is silent. */
static int set_targets(lame_internal_flags *gfc, const FLOAT pe[2][2], const FLOAT ms_ratio[2],
                       int targets[2][2]) {
  SessionConfig_t const *cfg = &gfc->cfg;
  int const parts = cfg->mode_gr * cfg->channels_out;
  int unused, sum = 0;
  gfc->ov_enc.bitrate_index = cfg->vbr_max_bitrate_index;
  int const most_bits = ResvFrameBegin(gfc, &unused);
  gfc->ov_enc.bitrate_index = 1;
  int const silent_bits = (getframebits(gfc) - cfg->sideinfo_len * 8) / parts;
  int const frame_bits =
      cfg->vbr_avg_bitrate_kbps * MP3A_LINES * cfg->mode_gr * 1000 / cfg->samplerate_out;
  int const mean_bits = (frame_bits - cfg->sideinfo_len * 8) / parts;
  for (int gr = 0; gr < cfg->mode_gr; gr++) {
    set_granule_targets(gfc, pe[gr], ms_ratio[gr], gr, mean_bits, targets[gr]);
    for (int ch = 0; ch < cfg->channels_out; ch++) sum += targets[gr][ch];
  }
  for (int gr = 0; gr < cfg->mode_gr; gr++)
    scale_targets(targets[gr], cfg->channels_out, sum, most_bits);
  return silent_bits;
}

void ABR_iteration_loop(lame_internal_flags *gfc, const FLOAT pe[2][2],
                        const FLOAT ms_ener_ratio[2], const III_psy_ratio ratio[2][2]) {
  SessionConfig_t const *cfg = &gfc->cfg;
  int *bitrate_index = &gfc->ov_enc.bitrate_index;
  int targets[2][2], mean_bits = 0;
  if (mp3a_is_unusual_frame(gfc)) {
    ABR_iteration_loop_lame(gfc, pe, ms_ener_ratio, ratio);
    return;
  }
  int const silent_bits = set_targets(gfc, pe, ms_ener_ratio, targets);
  for (int gr = 0; gr < cfg->mode_gr; gr++) {
    if (gfc->ov_enc.mode_ext == MPG_MD_MS_LR) mp3a_convert_to_mid_side(gfc->l3_side.tt[gr]);
    for (int ch = 0; ch < cfg->channels_out; ch++)
      mp3a_encode_granule(gfc, gr, ch, &ratio[gr][ch], targets[gr][ch], silent_bits);
  }
  mp3a_set_masking_lower(gfc);
  for (*bitrate_index = cfg->vbr_min_bitrate_index;
       *bitrate_index <= cfg->vbr_max_bitrate_index; ++*bitrate_index)
    if (ResvFrameBegin(gfc, &mean_bits) >= 0) break;
  ResvFrameEnd(gfc, mean_bits);
}
