/* LAME's own headers, in the order in which they need one another. */
#ifndef MP3A_INTERNALS_H
#define MP3A_INTERNALS_H

#include <lame.h>
#include "libmp3lame/machine.h"
#include "libmp3lame/encoder.h"
#include "libmp3lame/util.h"
#include "libmp3lame/bitstream.h"
#include "libmp3lame/newmdct.h"
#include "libmp3lame/psymodel.h"
#include "libmp3lame/quantize.h"
#include "libmp3lame/quantize_pvt.h"
#include "libmp3lame/reservoir.h"
#include "libmp3lame/tables.h"

#endif
