/* The values of a try of the noise shaping, and their bits. */
#ifndef MP3A_TRIED_VALUES_H
#define MP3A_TRIED_VALUES_H

#include "lame/internals.h"
#include "lame/kernels/huffman_lengths.h"
#include "lame/kernels/quantize.h"

enum { MP3A_VALUE_BLOCKS = MP3A_LINES / MP3A_COUNT_STEP };

typedef struct mp3a_tried_values {
  lame_internal_flags *gfc;
  const FLOAT *powers;             /* 0 past the last line to code */
  gr_info *granule;                /* holds the values */
  const mp3a_band_layout *layout;
  uint64_t changed;                /* bands with other powers than the values are of */
  uint64_t unmeasured;             /* bands whose powers changed since noise was measured last */
  uint64_t halves;                 /* bands whose pseudohalf is set */
  uint64_t dropped[2];             /* bands without small values, by scalefac_scale */
  int gain, pairs;                 /* that the values were made with; how many there are */
  int last_band, is_last_cut;      /* of the last line to code; whether that is left out */
  int doubt;                       /* as the kernel lines_in_doubt() says */
  int ones_from;                   /* the line above the last count's big values */
  int is_as_lame;                  /* from here on count_bits() makes them */
  uint8_t keys[MP3A_COUNT_KEYS];
} mp3a_tried_values;

/* Substep shaping: returns whether the band has it now. */
static inline int mp3a_turn_half(mp3a_tried_values *v, int sfb) {
  v->halves ^= (uint64_t)1 << sfb;
  return v->gfc->sv_qnt.pseudohalf[sfb] = v->halves >> sfb & 1;
}

void mp3a_clear_halves(mp3a_tried_values *v);

/* `granule` comes as count_bits() has left it, at its gain and with these powers. */
void mp3a_start_values(mp3a_tried_values *v, lame_internal_flags *gfc, const FLOAT *powers,
                       gr_info *granule);

/* The same bits and values as by count_bits(), while `changed` is told, powers change together with
   steps alone, steps get coarser with the gain only, and mp3a_note_measured() is called. */
int mp3a_count_values(mp3a_tried_values *v, calc_noise_data *known);

/* When noise has been measured, which sets `known`. */
static inline void mp3a_note_measured(mp3a_tried_values *v) {
  v->unmeasured = 0;
  if (v->is_as_lame) v->changed = 0;
}

/* Whether another call would find the same. */
int mp3a_are_values_settled(const mp3a_tried_values *v, const calc_noise_data *known);

#endif
