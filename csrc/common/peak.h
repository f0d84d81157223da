/* The peak scan: one pass that finds the largest magnitude and whether every
   sample is finite. */
#ifndef MP3A_PEAK_H
#define MP3A_PEAK_H

#include <stddef.h>
#include <stdint.h>

/* The largest of the samples' bits without their sign, 0 for none. For floats
   of IEEE 754 this integer order is the order of magnitudes, and infinities and
   NaN lie above every number: from MP3A_INFINITY_BITS on. */
typedef uint32_t (*mp3a_peak_fn)(const float *samples, size_t count);

#define MP3A_INFINITY_BITS 0x7f800000u

/* The fastest scan for `cpu_flags` (MP3A_CPU_*); the scalar one for 0. All give
   the same result. */
mp3a_peak_fn mp3a_peak_select(unsigned cpu_flags);

/* The scan for this machine. Thread-safe. */
uint32_t mp3a_peak_bits(const float *samples, size_t count);

/* The same over both channels of a clip; the second may be NULL. */
uint32_t mp3a_peak_bits_of(const float *const channels[2], size_t count);

/* Whether a clip can go into the encoder times `factor`: it is finite, and not
   beyond MP3A_MAX_LEVEL then. */
int32_t mp3a_check_level(const float *const channels[2], size_t count, float factor);

#endif
