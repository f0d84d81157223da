/* Sample rate conversion by a windowed sinc, aligned: the filter of libsamplerate's medium sinc to
   -126 dB. By operations that IEEE 754 fixes, in one order: the same bits everywhere. One thread at
   a time. */
#ifndef MP3A_RESAMPLER_H
#define MP3A_RESAMPLER_H

#include <stdint.h>

enum {
  MP3A_RESAMPLER_PIECE = 1152, /* the most samples that go in at once */
  MP3A_RESAMPLER_LANES = 16    /* sums that are added up at the end, on every machine */
};

/* The sums of one channel or, unless the second is NULL, of two: `count` samples, a whole number
   of lanes, by their weights. */
typedef void (*mp3a_resampler_sum)(const float *const samples[2], const float *weights,
                                   uint32_t count, float totals[2]);

/* The one for a processor with these; without any the scalar twin. */
void mp3a_resampler_select(mp3a_resampler_sum *sum, unsigned cpu_flags);

typedef struct mp3a_resampler mp3a_resampler;

/* A converter of one or two channels, in which nothing was heard yet. Rates in Hz, which needn't
   be whole. The first output lies where input `first_input` does, and `first_output` outputs
   behind. NULL when memory ran out. */
mp3a_resampler *mp3a_resampler_create(double from_hz, double to_hz, int channel_count,
                                      uint32_t first_input, uint32_t first_output);
void mp3a_resampler_destroy(mp3a_resampler *resampler);

/* Takes `count` more samples of each channel, after all outputs that those before give were
   taken; NULL for a channel of zeros. */
void mp3a_resampler_push(mp3a_resampler *resampler, const float *const planes[2], uint32_t count);

/* Writes the next outputs for which enough was heard, at most `capacity`, and returns how many. */
uint32_t mp3a_resampler_pull(mp3a_resampler *resampler, float *const planes[2], uint32_t capacity);

/* How many samples behind its place an output needs. */
uint32_t mp3a_resampler_reach(const mp3a_resampler *resampler);

#endif
