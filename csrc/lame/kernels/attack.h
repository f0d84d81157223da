/* The signal part of attack detection (block switching). */
#ifndef MP3A_ATTACK_KERNELS_H
#define MP3A_ATTACK_KERNELS_H

enum {
  MP3A_ATTACK_PEAKS = 9,    /* per granule, one for each 64 samples */
  MP3A_ATTACK_SAMPLES = 597 /* what the high-pass reads for a granule of 576 */
};

typedef struct mp3a_attack_kernels {
  /* High-passes a granule (21 taps) and takes the largest magnitude of each 64
     results, at least 1. Reads samples[0 .. MP3A_ATTACK_SAMPLES - 1]. */
  void (*attack_peaks)(const float *samples, float peaks[MP3A_ATTACK_PEAKS]);
  /* The same for left, right, their sum and their difference, in that order. */
  void (*attack_peaks_joint)(const float *left, const float *right,
                             float peaks[4][MP3A_ATTACK_PEAKS]);
} mp3a_attack_kernels;

void mp3a_attack_select(mp3a_attack_kernels *kernels, unsigned cpu_flags);

#endif
