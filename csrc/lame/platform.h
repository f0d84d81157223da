/* Included before each file of libmp3lame: what must not differ between platforms.
   All is compiled with hidden visibility; LAME's public functions are exported, and
   no more. */
#ifndef MP3A_PLATFORM_H
#define MP3A_PLATFORM_H

#if defined(__wasm__)
#pragma GCC visibility push(hidden) /* of one module nobody can replace a part */
#else
#pragma GCC visibility push(default)
#endif

/* A function that a kernel replaces is declared here by its own name. */
#pragma push_macro("lame_encode_buffer_ieee_float")
#undef lame_encode_buffer_ieee_float
#include <lame.h>
#pragma pop_macro("lame_encode_buffer_ieee_float")

/* What LAME still exports for old programs but lame.h no longer declares. */
#define OLD_OPTION(type, name)                           \
  int CDECL lame_set_##name(lame_global_flags *, type); \
  type CDECL lame_get_##name(const lame_global_flags *);
OLD_OPTION(int, ReplayGain_decode)
OLD_OPTION(int, ReplayGain_input)
OLD_OPTION(int, athaa_loudapprox)
OLD_OPTION(int, cwlimit)
OLD_OPTION(int, findPeakSample)
OLD_OPTION(int, mode_automs)
OLD_OPTION(int, ogg)
OLD_OPTION(Padding_type, padding_type)
#undef OLD_OPTION
int CDECL lame_set_preset_expopts(lame_global_flags *, int);
int CDECL lame_encode_finish(lame_global_flags *, unsigned char *, int);
const char *CDECL get_psy_version(void);
int id3tag_set_textinfo_ucs2(lame_t, char const *, unsigned short const *);
int id3tag_set_comment_ucs2(lame_t, char const *, unsigned short const *, unsigned short const *);
int id3tag_set_fieldvalue_ucs2(lame_t, const unsigned short *);

/* What is our own. */
#include "common/coded_frame.h"
#include "common/seam.h"
#include "lame/snapshot.h"

#pragma GCC visibility pop

/* LAME takes FLT_MAX on Windows, and this elsewhere. */
#include "libmp3lame/machine.h"
#undef FLOAT_MAX
#define FLOAT_MAX 1e37

#endif
