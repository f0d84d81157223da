/* The hybrid half of the analysis: MDCT of each subband and alias reduction
   (ISO/IEC 11172-3, 2.4.3.4.10 and C.1.5.3.3). */
#ifndef MP3A_MDCT_KERNELS_H
#define MP3A_MDCT_KERNELS_H

#include "lame/kernels/filterbank.h"

typedef struct mp3a_mdct_kernels {
  /* lines[18 * band + line] of bands 0 to bands - 1, from the subband samples of
     two granules in succession. May write the lines of the other bands, too.
     `type` is a long one: 0 (normal), 1 (start) or 3 (stop). */
  void (*long_blocks)(const float (*previous)[MP3A_SUBBANDS],
                      const float (*current)[MP3A_SUBBANDS], int type, int bands, float *lines);
  /* The same in three short blocks: lines[18 * band + 3 * line + block]. */
  void (*short_blocks)(const float (*previous)[MP3A_SUBBANDS],
                       const float (*current)[MP3A_SUBBANDS], int bands, float *lines);
  /* Butterflies over the borders before bands 1 to `borders`. */
  void (*reduce_alias)(float *lines, int borders);
} mp3a_mdct_kernels;

void mp3a_mdct_select(mp3a_mdct_kernels *kernels, unsigned cpu_flags);

#endif
