/* Copies of an initialised encoder. lame_init_params() takes longer than
   encoding a second of speech; a copy of what it made takes microseconds.
   Exported from libmp3lame beside LAME's own API. */
#ifndef MP3A_SNAPSHOT_H
#define MP3A_SNAPSHOT_H

#include <lame.h>

/* An encoder of its own, to be closed with lame_close(), that will write the
   bytes `fresh` would. `fresh` has been through lame_init_params() and has not
   encoded anything; it is only read, so several threads may copy it at once.
   Returns NULL when memory is short, or when `fresh` is not fresh or holds what
   isn't copied: ID3 strings, a frame analyser, a decoder. */
lame_global_flags *mp3a_lame_clone(const lame_global_flags *fresh);

/* Makes `used`, a clone of any fresh encoder, a clone of this one, whatever it has encoded since
   and however far it got. Keeps its memory; faster where the settings are the same. Returns 0,
   or -1 (and `used` encodes as before) when memory is short or `fresh` can't be cloned. */
int mp3a_lame_reset(lame_global_flags *used, const lame_global_flags *fresh);

/* Frees what a fresh encoder has no use for that is cloned from now on but encodes nothing itself:
   two thirds of it. */
void mp3a_lame_trim(lame_global_flags *fresh);

#endif
