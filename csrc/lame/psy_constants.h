/* LAME's constants of the psychoacoustic model with ours behind them: what
   lame_internal_flags.cd_psy points to, once psymodel_init() has run. */
#ifndef MP3A_PSY_CONSTANTS_H
#define MP3A_PSY_CONSTANTS_H

#include "lame/internals.h"
#include "lame/kernels/masking.h"
#include "lame/resample_state.h"

/* What calc_xmin() takes the threshold of hearing for: follows from the loudness alone. */
typedef struct mp3a_hearing {
  int is_known;
  FLOAT adjust_factor; /* the loudness it is known for */
  FLOAT long_bands[SBMAX_l], short_bands[SBMAX_s];
} mp3a_hearing;

typedef struct mp3a_psy_constants {
  PsyConst_t lame; /* stays first: LAME's code sees and frees it by this type */
  int hands_off;   /* not a constant: the encoder gives coded frames, see hand_off.h */
  mp3a_resample_state resample; /* not a constant either */
  mp3a_hearing hearing;         /* nor this */
  int is_usable;   /* 0: the partitions don't fit ours; LAME's own model runs */
  float window_short[BLKSIZE_s];
  /* Of a line's energy in the loudness of left and right, and in the energy of mid and side. */
  float line_weights[HBLKSIZE][4];
  mp3a_partitions long_block, short_block;
} mp3a_psy_constants;

#endif
