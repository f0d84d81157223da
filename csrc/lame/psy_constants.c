/* Our constants of the psychoacoustic model: takes the place of LAME's
   psymodel_init (psymodel.c is compiled with that name ending in _lame), which
   makes LAME's own. */
#include "lame/psy_constants.h"

#include <stdlib.h>

#include "lame/internals.h"

int psymodel_init_lame(lame_global_flags const *gfp);

/* The ratios at which the additive factor steps: where LAME's approximate
   logarithm, truncated to sixteenths of a decade, reaches 1 .. 9; at the last
   of them the table ends anyway. The logarithm never falls (checked over all
   floats of the range), so each step has one first ratio. */
static void init_steps(float step[MP3A_MASKING_STEPS]) {
  static const float end = 3.6517412725483771; /* 10^(9/16) */
  for (int i = 0; i < MP3A_MASKING_STEPS; i++) {
    union { float f; int bits; } low = {1.0f}, high = {end}, middle;
    while (high.bits - low.bits > 1) {
      middle.bits = low.bits + (high.bits - low.bits) / 2;
      if ((int)(FAST_LOG10_X(middle.f, 16.0f)) > i)
        high = middle;
      else
        low = middle;
    }
    step[i] = high.f;
  }
}

/* The place in the table of the last ratio before `end`. */
static int steps_before(const float step[MP3A_MASKING_STEPS], float end) {
  int count = 0;
  while (count < MP3A_MASKING_STEPS && step[count] < end) count++;
  return count;
}

static void init_places(mp3a_partitions *partitions) {
  for (int i = 0; i < 16; i++) {
    float const width = i < 8 ? 0.25f : 0.125f;
    float const begin = i < 8 ? 2 + width * (float)i : width * (float)i, end = begin + width;
    int const before = steps_before(partitions->step, begin);
    int const after = steps_before(partitions->step, end);
    partitions->step_in[i] = after > before ? partitions->step[before] : end;
    partitions->below[i] = mp3a_additive_factor[before];
    partitions->above[i] = mp3a_additive_factor[after];
  }
}

/* Returns 0 if masking reaches further than ours does. */
static int init_partitions(mp3a_partitions *partitions, const PsyConst_CB2SB_t *bands) {
  int count = partitions->count = bands->npart;
  const FLOAT *spread = bands->s3;
  for (int b = 0; b < count; b++) {
    int first = bands->s3ind[b][0], last = bands->s3ind[b][1];
    if (first > last || first < b - MP3A_REACH || last > b + MP3A_REACH) return 0;
    if (first - b < partitions->low) partitions->low = first - b;
    if (last - b > partitions->high) partitions->high = last - b;
  }
  for (int b = 0; b < count; b++) {
    int first = bands->s3ind[b][0], last = bands->s3ind[b][1];
    int left = b > 0, right = b + 1 < count;
    partitions->first[b] = first;
    partitions->last[b] = last;
    partitions->twice_maskers[b] = 2 * (last - first + 1);
    partitions->lines[b] = bands->numlines[b];
    partitions->inverse_lines[b] = bands->rnumlines[b];
    partitions->neighbours[b] = 1 + left + right;
    partitions->spare_lines[b] = (left ? bands->numlines[b - 1] : 0) + bands->numlines[b] +
                                 (right ? bands->numlines[b + 1] : 0) - 1;
    partitions->half[b] = 0.5f;
    for (int k = first; k <= last; k++) {
      partitions->spread[k - b - partitions->low][b] = *spread++;
      partitions->present[k - b - partitions->low][b] = 255;
    }
  }
  init_steps(partitions->step);
  init_places(partitions);
  return 1;
}

/* The loudness leaves out the last line, the energies of mid and side the first 11. */
static void init_line_weights(float weights[HBLKSIZE][4], const FLOAT *equal_loudness) {
  for (int i = 0; i < HBLKSIZE; i++) {
    weights[i][0] = weights[i][1] = i < BLKSIZE / 2 ? equal_loudness[i] : 0;
    weights[i][2] = weights[i][3] = i < 11 ? 0 : 1;
  }
}

/* Puts LAME's constants at the head of ours. */
int psymodel_init(lame_global_flags const *gfp) {
  lame_internal_flags *gfc = gfp->internal_flags;
  if (gfc->cd_psy) return 0;
  int result = psymodel_init_lame(gfp);
  if (result) return result;
  mp3a_psy_constants *constants = lame_calloc(mp3a_psy_constants, 1);
  if (!constants) {
    gfc->class_id = 0; /* lame_init_params() ignores the result; encoding will fail */
    return -1;
  }
  constants->lame = *gfc->cd_psy;
  free(gfc->cd_psy);
  gfc->cd_psy = &constants->lame;
  for (int i = 0; i < BLKSIZE_s; i++)
    constants->window_short[i] =
        constants->lame.window_s[i < BLKSIZE_s / 2 ? i : BLKSIZE_s - 1 - i];
  init_line_weights(constants->line_weights, gfc->ATH->eql_w);
  constants->is_usable = init_partitions(&constants->long_block, &constants->lame.l) &&
                         init_partitions(&constants->short_block, &constants->lame.s);
  return 0;
}
