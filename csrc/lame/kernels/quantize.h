/* Quantization of a granule's lines. */
#ifndef MP3A_QUANTIZE_KERNELS_H
#define MP3A_QUANTIZE_KERNELS_H

typedef struct mp3a_quantize_kernels {
  /* quantized[i] = powers[i] * scale rounded, for a reconstruction by the power
     4/3, to the nearer value; i < count. Products must be at most IXMAX_VAL. */
  void (*lines)(const float *powers, float scale, int count, int *quantized);
  /* quantized[i] = 0 where powers[i] < limit, i < count. */
  void (*drop_small)(const float *powers, float limit, int count, int *quantized);
  /* squares[i] = (|lines[i]| - quantized[i]^(4/3) * step)^2, i < count. Where
     `room`, at least `count`, allows, also up to a vector beyond. */
  void (*square_errors)(const float *lines, const int *quantized, float step, int count, int room,
                        float *squares);
  /* The sum of (|lines[i]| - n^(4/3) * step)^2, i < count, with n as lines() has
     it of powers and scale: eight sums, of every eighth line, added up. */
  float (*noise)(const float *lines, const float *powers, float scale, float step, int count);
} mp3a_quantize_kernels;

void mp3a_quantize_select(mp3a_quantize_kernels *kernels, unsigned cpu_flags);

#endif
