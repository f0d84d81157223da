/* Ready LAME encoders. Setting one up takes longer than encoding a second of
   speech, so the process keeps a fresh one per setting and hands out copies. */
#ifndef MP3A_LAME_CACHE_H
#define MP3A_LAME_CACHE_H

#include <lame.h>

#include "mp3augment.h"

/* An encoder for these (checked) options that has encoded nothing yet; NULL when
   memory ran out. Flags that don't concern LAME are to be 0: encoders are kept
   by their options. To be given back. Thread-safe. */
lame_global_flags *mp3a_lame_take(const mp3a_options *options);

/* Gives an encoder back, in whatever state, with the options it was taken for. */
void mp3a_lame_give_back(lame_global_flags *lame, const mp3a_options *options);

#endif
