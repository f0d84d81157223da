/* What else reads of the psychoacoustic model. */
#ifndef MP3A_PSYMODEL_H
#define MP3A_PSYMODEL_H

#include "lame/internals.h"

/* Whether a masking threshold, or the loudness that moves it, can change what is coded. */
int mp3a_masking_reaches_output(SessionConfig_t const *cfg);

#endif
