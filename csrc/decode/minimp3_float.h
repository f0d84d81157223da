/* minimp3 as this project uses it: Layer III only, samples as float. */
#ifndef MP3A_MINIMP3_FLOAT_H
#define MP3A_MINIMP3_FLOAT_H

#define MINIMP3_ONLY_MP3
#define MINIMP3_FLOAT_OUTPUT
#include <minimp3.h>

#endif
