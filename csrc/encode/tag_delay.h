/* The encoder delay that LAME's tag tells. */
#ifndef MP3A_TAG_DELAY_H
#define MP3A_TAG_DELAY_H

#include <stdint.h>

#include "mp3augment.h"

/* Adds `more` PCM frames to the delay in a tag that LAME has written for these options; without
   effect where there is none. */
void mp3a_tag_delay(uint8_t *bytes, uint32_t byte_size, const mp3a_options *options,
                    uint32_t more);

#endif
