/* How a granule of variable bitrate stores its scale factors: what LAME's best_scalefac_store
   makes of them, without a look at the lines, as it is known which bands have values. */
#include "lame/vbr_store.h"

#include "common/cpu.h"

enum { ANY = -2, SHARED = -1, SHARED_PARTS = 4, LOW_BANDS = 11 };

/* Even ones can be stored by half, with twice the scale. */
static int halve(gr_info *granule) {
  int bits = 0;
  for (int sfb = 0; sfb < granule->sfbmax; sfb++)
    bits |= granule->scalefac[sfb] > 0 ? granule->scalefac[sfb] : 0;
  if (bits == 0 || bits & 1) return 0;
  for (int sfb = 0; sfb < granule->sfbmax; sfb++)
    if (granule->scalefac[sfb] > 0) granule->scalefac[sfb] >>= 1;
  granule->scalefac_scale = 1;
  return 1;
}

static int take_out_pretab(gr_info *granule) {
  for (int sfb = LOW_BANDS; sfb < SBPSY_l; sfb++)
    if (granule->scalefac[sfb] < pretab[sfb] && granule->scalefac[sfb] != ANY) return 0;
  for (int sfb = LOW_BANDS; sfb < SBPSY_l; sfb++)
    if (granule->scalefac[sfb] > 0) granule->scalefac[sfb] -= pretab[sfb];
  granule->preflag = 1;
  return 1;
}

/* The second granule's parts that are the first one's aren't stored again. */
static void share_parts(gr_info const *first, gr_info *second, int shares[SHARED_PARTS]) {
  for (int part = 0; part < SHARED_PARTS; part++) {
    int differs = 0;
    for (int sfb = scfsi_band[part]; sfb < scfsi_band[part + 1]; sfb++)
      differs |= second->scalefac[sfb] >= 0 && second->scalefac[sfb] != first->scalefac[sfb];
    shares[part] = !differs;
    for (int sfb = scfsi_band[part]; sfb < scfsi_band[part + 1] && !differs; sfb++)
      second->scalefac[sfb] = SHARED;
  }
}

typedef struct {
  int count, largest;
} stored_bands;

static stored_bands count_stored(gr_info const *granule, int begin, int end) {
  stored_bands stored = {0, 0};
  for (int sfb = begin; sfb < end; sfb++) {
    int const factor = granule->scalefac[sfb];
    stored.count += factor != SHARED;
    stored.largest = stored.largest < factor ? factor : stored.largest;
  }
  return stored;
}

/* The lengths of low and high bands that take the fewest bits, if fewer than now. */
static void choose_lengths(gr_info *granule) {
  stored_bands const low = count_stored(granule, 0, LOW_BANDS);
  stored_bands const high = count_stored(granule, LOW_BANDS, SBPSY_l);
  for (int i = 0; i < 16; i++) {
    int const bits = slen1_tab[i] * low.count + slen2_tab[i] * high.count;
    if (low.largest >> slen1_tab[i] || high.largest >> slen2_tab[i]) continue;
    if (granule->part2_length <= bits) continue;
    granule->part2_length = bits;
    granule->scalefac_compress = i;
  }
}

MP3A_SMALL
void mp3a_store_vbr_scale_factors(lame_internal_flags *gfc, int gr, int ch,
                                  const char has_values[SFBMAX]) {
  gr_info *granule = &gfc->l3_side.tt[gr][ch];
  gr_info const *first = &gfc->l3_side.tt[0][ch];
  int const is_short = granule->block_type == SHORT_TYPE, is_mpeg1 = gfc->cfg.mode_gr == 2;
  int *shares = gfc->l3_side.scfsi[ch], is_changed = 0;
  for (int sfb = 0; sfb < granule->sfbmax; sfb++)
    if (!has_values[sfb]) granule->scalefac[sfb] = ANY, is_changed = 1;
  if (!granule->scalefac_scale && !granule->preflag) is_changed |= halve(granule);
  if (!granule->preflag && !is_short && is_mpeg1) is_changed |= take_out_pretab(granule);
  for (int part = 0; part < SHARED_PARTS; part++) shares[part] = 0;
  if (is_mpeg1 && gr == 1 && !is_short && first->block_type != SHORT_TYPE) {
    share_parts(first, granule, shares);
    choose_lengths(granule);
    is_changed = 0;
  }
  for (int sfb = 0; sfb < granule->sfbmax; sfb++)
    if (granule->scalefac[sfb] == ANY) granule->scalefac[sfb] = 0;
  if (is_changed) scale_bitcount(gfc, granule);
}
