/* The encoder delay that LAME's tag tells. */
#ifndef MP3A_TAG_DELAY_H
#define MP3A_TAG_DELAY_H

#include <stdbool.h>
#include <stdint.h>

/* Adds `more` PCM frames to the delay in a tag that LAME has written; without effect where there
   is none. */
void mp3a_tag_delay(uint8_t *bytes, uint32_t byte_size, bool is_mpeg1, int32_t channel_count,
                    uint32_t more);

#endif
