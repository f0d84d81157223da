/* |x|^(3/4) of a granule's lines: takes the place of the function that LAME's
   init_xrpow_core_init() installs (quantize.c is compiled with that name ending
   in _lame). */
#include <math.h>

#include "lame/internals.h"
#include "lame/kernels/kernels.h"

/* LAME's caller compares the sum of |x| with 1e-20 and forgets it. A sum of
   floats, none below zero, is at least its largest term: where one power is
   above 1e-14, one |x| is above 2e-19, and the terms needn't be added. */
static void init_xrpow_core(gr_info *const granule, FLOAT powers[MP3A_LINES], int upper,
                            FLOAT *sum) {
  granule->xrpow_max =
      mp3a_kernels()->xrpow.raise(granule->xr, upper + 1, powers, granule->xrpow_max);
  *sum = granule->xrpow_max;
  if (granule->xrpow_max > 1e-14f) return;
  *sum = 0;
  for (int i = 0; i <= upper; i++) *sum += fabsf(granule->xr[i]);
}

void init_xrpow_core_init(lame_internal_flags *const gfc) {
  gfc->init_xrpow_core = init_xrpow_core;
}
