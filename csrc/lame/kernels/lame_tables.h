/* All that kernels know of LAME: its tables of the 4/3 power (pow43), of rounding
   (adj43asm) and of Huffman codes (ht, t32l, t33l). */
#ifndef MP3A_LAME_TABLES_H
#define MP3A_LAME_TABLES_H

#include <lame.h>
#include "libmp3lame/machine.h"
#include "libmp3lame/encoder.h"
#include "libmp3lame/util.h"
#include "libmp3lame/quantize_pvt.h"
#include "libmp3lame/tables.h"

#endif
