/* Energies and simultaneous masking of the psychoacoustic model. */
#ifndef MP3A_MASKING_KERNELS_H
#define MP3A_MASKING_KERNELS_H

enum {
  MP3A_PARTITIONS = 64,  /* at most; LAME's CBANDS */
  MP3A_REACH = 12,       /* how many partitions masking reaches, each way */
  MP3A_MASKING_STEPS = 9 /* steps of the additive masking table */
};

/* Constants of one block length, laid out for lanes of neighbouring partitions. */
typedef struct mp3a_partitions {
  int count, low, high; /* maskers of partition b lie in b + low .. b + high */
  int first[MP3A_PARTITIONS], last[MP3A_PARTITIONS]; /* its own first and last */
  int lines[MP3A_PARTITIONS];
  float inverse_lines[MP3A_PARTITIONS];
  float twice_maskers[MP3A_PARTITIONS];
  float neighbours[MP3A_PARTITIONS]; /* 3, or 2 at both ends */
  float spare_lines[MP3A_PARTITIONS]; /* lines of the neighbours, less one */
  float spread[2 * MP3A_REACH + 1][MP3A_PARTITIONS]; /* [masker - b - low][b] */
  float step[MP3A_MASKING_STEPS]; /* energy ratios at which the table steps */
} mp3a_partitions;

/* What the partitions hold; all arrays are padded with zeros to whole vectors. */
typedef struct mp3a_masking {
  float energy[MP3A_PARTITIONS], peak[MP3A_PARTITIONS];
  float threshold[MP3A_PARTITIONS]; /* spread energy, after tonality */
  float tonality[MP3A_PARTITIONS];  /* half the mean tonality factor of its maskers */
} mp3a_masking;

typedef struct mp3a_masking_kernels {
  /* energy[k] of the Hartley transform's k-th line, k = 0 .. size / 2. */
  void (*line_energies)(const float *spectrum, int size, float *energy);
  /* Fills `masking` from line energies. */
  void (*mask)(const mp3a_partitions *partitions, const float *line_energy,
               mp3a_masking *masking);
} mp3a_masking_kernels;

void mp3a_masking_select(mp3a_masking_kernels *kernels, unsigned cpu_flags);

#endif
