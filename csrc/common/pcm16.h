/* 16-bit samples, as files have them, channels interleaved. One thread at a time. */
#ifndef MP3A_PCM16_H
#define MP3A_PCM16_H

#include <stdint.h>

/* Every `stride`th of the codes, over 32768. */
void mp3a_from_pcm16(const int16_t *codes, int stride, float *samples, uint32_t count);

/* The samples times `gain` as codes, by the rule of mp3a_to_int16(). */
void mp3a_to_pcm16(const float *samples, float gain, int16_t *codes, int stride, uint32_t count);

#endif
