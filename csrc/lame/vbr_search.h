/* The search for the quantizer steps of a granule of variable bitrate. */
#ifndef MP3A_VBR_SEARCH_H
#define MP3A_VBR_SEARCH_H

#include "lame/internals.h"

/* Steps are gains: quarters of an octave, 210 too high. */
typedef struct mp3a_vbr_steps {
  int step[SFBMAX];   /* what each band is to have */
  int finest[SFBMAX]; /* the finest that no value of it is too large for; 0 behind the last line */
  int coarsest;       /* of all `step` */
  int finest_of_all, finest_of_window[3]; /* the finest that all bands bear */
  FLOAT largest_power[SFBMAX]; /* of bands up to the last line */
  int found[SFBMAX];  /* what the search came to, or -1 where there was none */
} mp3a_vbr_steps;

/* `is_searched`: by the noise of steps, else by LAME's formula, as quality 7 and above have it. */
void mp3a_search_vbr_steps(gr_info const *granule, const FLOAT powers[576],
                           const FLOAT allowed[SFBMAX], int is_searched, mp3a_vbr_steps *steps);

/* Lines of a granule's band that are not above the last one to code. */
int mp3a_band_lines(gr_info const *granule, int sfb, int begin);

#endif
